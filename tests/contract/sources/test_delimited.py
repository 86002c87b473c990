"""Delimited files: strict, by line, and never showing what a line holds."""

import csv
import io
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from source_kinds import CANARY, csv_folder, everything_said

from ecluse.adapters.sources import SourceSpec, _delimited, open_source
from ecluse.adapters.sources._delimited import Delimited
from ecluse.adapters.sources.detect import detect
from ecluse.domain.errors import EcluseError, MalformedError, ProfileError, UsageError
from ecluse.domain.files import SourceFile
from ecluse.domain.profile import Engine


def rows(data: bytes, file: SourceFile, block: int = _delimited._BLOCK) -> list[tuple[str, ...]]:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(_delimited, "_BLOCK", block)
        path = Path(folder) / file.path
        path.write_bytes(data)
        found = []
        for batch in Delimited(path, file, file.path).batches():
            batch.validate(full=True)
            found += [tuple(row) for row in zip(*(column.to_pylist() for column in batch.columns), strict=True)]
        return found


PIECES = [
    "a",
    "é",
    '"',
    ",",
    "\n",
    "\r\n",
    '""',
    '"x"',
    ',"y"',
    "\r",
    "😀",
    "a,b\n",
    '"q,""r""\n",z\r\n',
    " ",
    "\0",
    "NA",
]


@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join), st.sampled_from([1, 2, 3, 7, 64, 4 << 20]))
@example('"', 1)
@example('a,"b\r', 2)
@example("a,b\n\n\n\n", 3)
@example("\n\na,b\n", 3)
def test_rows_are_the_oracles_or_the_file_is_refused(body: str, block: int) -> None:
    data = f"h,k\n{body}"
    try:
        found = rows(data.encode(), SourceFile("t.csv", "utf-8"), block)
    except MalformedError as error:
        refused = error.location
        found = None
    if found is None:
        assert refused is not None
        assert refused.line is not None
        return
    oracle = [tuple(row) for row in csv.reader(io.StringIO(data, newline=""), strict=True)][1:]
    while oracle and not oracle[-1]:
        oracle.pop()
    assert found == oracle


@given(st.binary(max_size=80), st.sampled_from(["utf-8", "utf-16", "cp1252", "cp850", "latin-1", "utf-8-sig"]))
def test_any_bytes_give_rows_or_our_error(body: bytes, encoding: str) -> None:
    try:
        found = rows("h\n".encode(encoding) + body, SourceFile("t.csv", encoding), 5)
    except MalformedError:
        return
    assert all(len(row) == 1 for row in found)


@given(
    st.lists(st.tuples(*[st.text(st.characters(exclude_categories=["Cs"]), max_size=9)] * 2), max_size=12),
    st.sampled_from([("utf-8", ","), ("utf-16", "\t"), ("utf-8-sig", ";"), ("utf-16-be", "|"), ("gb18030", ";")]),
    st.sampled_from(["\n", "\r\n"]),
)
def test_what_a_strict_writer_writes_is_read_back(
    table: list[tuple[str, str]], kind: tuple[str, str], end: str
) -> None:
    encoding, delimiter = kind
    target = io.StringIO(newline="")
    writer = csv.writer(target, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows([("h", "k"), *table])
    assert rows(target.getvalue().encode(encoding), SourceFile("t.csv", encoding, delimiter), 32) == table


@pytest.mark.parametrize(
    ("body", "line", "words"),
    [
        ("1,2\n3,{c},5\n", 3, "3 fields where the header has 2"),
        ("1,2\n{c}\n", 3, "1 fields where the header has 2"),
        ('"1\n1",2\n{c}\n', 4, "1 fields"),
        ("1,2\n\n{c},4\n", 3, "blank line"),
        ('1,2\n3,"{c}\n5,6\n', 3, "never closed"),
        ('1,2\n3,{c}"x\n4,"5\n', 3, "quote"),
        ('1,2\n3,"{c}"x\n', 3, "quote"),
        ('1,2\n3,x"{c}"\n', 3, "quote"),
        ("1,2\n3,{c}\r4\n", 3, "carriage return"),
        ("1,2\n3,{c}\udcff\n", 3, "no utf-8"),
    ],
)
@pytest.mark.parametrize("block", [5, 4 << 20])
def test_a_bad_line_is_named_and_not_shown(body: str, line: int, words: str, block: int) -> None:
    data = f"h,k\n{body.format(c=CANARY)}".encode(errors="surrogateescape")
    with pytest.raises(MalformedError, match=words) as caught:
        rows(data, SourceFile("t.csv", "utf-8"), block)
    assert caught.value.location is not None
    assert (caught.value.location.file, caught.value.location.line) == ("t.csv", line)
    assert CANARY not in everything_said(caught.value)


@pytest.mark.parametrize("header", ["a,a", "a,A", "a,", "a, ", "", "\n", '"a","a"'])
def test_a_header_that_does_not_tell_columns_apart_is_refused(header: str) -> None:
    with pytest.raises(MalformedError):
        rows(f"{header}\n1,2\n".encode() if header else b"", SourceFile("t.csv", "utf-8"))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "cp850", "cp1252", "latin-1"])
def test_bytes_outside_an_encoding_are_named_by_line(encoding: str) -> None:
    bad = {"cp1252": b"\x81"}.get(encoding, b"\x00\xd8\x00" if encoding.startswith("utf-16") else None)
    data = "h,k\né,b\n".encode(encoding)
    if bad is None:
        assert rows(data, SourceFile("t.csv", encoding)) == [("é", "b")]
        return
    with pytest.raises(MalformedError, match=encoding) as caught:
        rows(data + bad, SourceFile("t.csv", encoding), 6)
    assert caught.value.location is not None
    assert caught.value.location.line == 3


def test_nothing_is_taken_for_null() -> None:
    data = b'h,k\nNA,\n,""\nNULL,nan\n'
    assert rows(data, SourceFile("t.csv", "utf-8")) == [("NA", ""), ("", ""), ("NULL", "nan")]


def test_a_file_without_quoting_keeps_its_quotes() -> None:
    data = b'h;k\n5" pipe;"x\n'
    assert rows(data, SourceFile("t.csv", "utf-8", ";", "")) == [('5" pipe', '"x')]


@pytest.mark.parametrize(
    "file",
    [
        SourceFile("t.csv", "klingon"),
        SourceFile("t.csv", "unicode_escape"),
        SourceFile("t.csv", "base64"),
        SourceFile("t.csv", "utf-8", "§"),
        SourceFile("t.csv", "utf-8", "\n"),
        SourceFile("t.csv", "utf-8", '"', '"'),
    ],
)
def test_a_declaration_that_cannot_be_is_refused(file: SourceFile) -> None:
    with pytest.raises(ProfileError):
        rows(b"h\n1\n", file)


@pytest.mark.parametrize("path", ["../secret.csv", "/etc/passwd", "gone.csv", "."])
def test_a_file_outside_the_folder_or_missing_is_refused(tmp_path: Path, path: str) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "secret.csv").write_text("a\n1\n")
    with pytest.raises(EcluseError):
        open_source(SourceSpec(Engine.CSV, f"csv://{tmp_path}/in", {"t": SourceFile(path, "utf-8")}))


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "secret.csv").write_text("a\n1\n")
    (tmp_path / "in" / "t.csv").symlink_to(tmp_path / "secret.csv")
    with pytest.raises(ProfileError):
        open_source(SourceSpec(Engine.CSV, f"csv://{tmp_path}/in", {"t": SourceFile("t.csv", "utf-8")}))


def test_a_changed_file_is_not_the_snapshot(tmp_path: Path) -> None:
    kind = csv_folder(tmp_path)
    source = kind.open()
    token = source.export_snapshot()
    source.adopt_snapshot(token)
    (tmp_path / "person.csv").write_text("id;name;note;born\n")
    with pytest.raises(MalformedError):
        source.adopt_snapshot(token)
    source.close()
    fresh = kind.open()
    with pytest.raises(MalformedError):
        fresh.adopt_snapshot(token)
    fresh.close()


def test_a_bad_line_in_a_streamed_query_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ecluse.adapters.sources.files._RESIDENT_SHARE", 1 << 40)
    (tmp_path / "t.csv").write_text(f"a,b\n1,2\n3,{CANARY},5\n")
    source = open_source(SourceSpec(Engine.CSV, f"csv://{tmp_path}", {"t": SourceFile("t.csv", "utf-8")}))
    with pytest.raises(MalformedError) as caught:
        source.query("select * from t")
    assert str(caught.value.location) == "t.csv:3"
    assert CANARY not in everything_said(caught.value)
    source.close()


@pytest.mark.parametrize(
    "sql", ["select * from read_csv('{0}')", "select * from '{0}'", "select content from read_text('{0}')"]
)
def test_a_query_reaches_no_other_file(tmp_path: Path, sql: str) -> None:
    (tmp_path / "other.csv").write_text("a\n1\n")
    source = csv_folder(tmp_path).open()
    with pytest.raises(ProfileError):
        source.query(sql.format(tmp_path / "other.csv"))
    source.close()


SAMPLE = "identifiant;nom;naissance\n" + "".join(f"{i};Hélène Nœud-Façade à l’été;1968-02-0{i}\n" for i in range(1, 9))


@pytest.mark.parametrize(
    ("encoding", "delimiter", "quote"),
    [("utf-8", ";", '"'), ("utf-8-sig", ",", '"'), ("utf-16", "\t", '"'), ("cp1252", ";", "'"), ("cp850", "|", '"')],
)
def test_a_guess_reads_the_file_as_it_was_written(tmp_path: Path, encoding: str, delimiter: str, quote: str) -> None:
    text = SAMPLE.replace("œ", "oe").replace("’", " ") if encoding == "cp850" else SAMPLE
    target = io.StringIO(newline="")
    table = [line.split(";") for line in text.splitlines()]
    csv.writer(target, delimiter=delimiter, quotechar=quote, quoting=csv.QUOTE_ALL).writerows(table)
    (tmp_path / "t.csv").write_bytes(target.getvalue().encode(encoding))
    guess = detect(tmp_path / "t.csv")
    assert (guess.file.encoding, guess.file.delimiter, guess.file.quote) == (encoding, delimiter, quote)
    assert guess.confidence > 0.5
    found = rows((tmp_path / "t.csv").read_bytes(), guess.file)
    assert [list(row) for row in found] == table[1:]


def test_a_guess_of_nothing_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.csv").touch()
    for name in ("t.csv", "gone.csv"):
        with pytest.raises(MalformedError):
            detect(tmp_path / name)


@pytest.mark.parametrize(
    "url", ["csv://", "csv:///", "sqlite:///x?mode=rw", "sqlite:///x?encoding", "http://x", "", "\0"]
)
def test_an_address_that_says_nothing_is_refused(url: str) -> None:
    engine = Engine.CSV if url.startswith("csv") else Engine.SQLITE
    with pytest.raises(EcluseError) as caught:
        open_source(SourceSpec(engine, url, {"t": SourceFile("t", "utf-8")}))
    assert isinstance(caught.value, (UsageError, ProfileError))
