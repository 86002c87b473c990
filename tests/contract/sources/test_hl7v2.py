"""HL7 v2 messages: against a slow reading of the same, by faults that are named, and against python-hl7."""

import tempfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import hl7v2_oracle as oracle
from ecluse.adapters.sources import SourceSpec, _hl7v2, _hl7v2_blocks, _hl7v2_marks, open_source
from ecluse.adapters.sources._hl7v2 import Hl7v2Reader
from ecluse.adapters.sources._reading import Declared
from ecluse.domain.errors import MalformedError, ProfileError
from ecluse.domain.files import FileFormat, FileIntake, SourceFile
from ecluse.domain.profile import Engine

FIELDS = (
    "MSH-1", "MSH-2", "MSH-9.1", "MSH-10", "PID-3.1", "PID-3[2].1", "PID-3[*].1", "PID-3[2]", "PID-5", "PID-5.1",
    "OBR-3", "OBR-4.2", "OBX-2", "OBX-3.1", "OBX-5", "OBX-5.1", "OBX-5.2", "OBX-5[*].2", "OBX-5.1.2", "NTE-3", "ZZZ-1",
)  # fmt: skip
HEAD = "MSH|^~\\&|LAB|SITE|EHR|HOSP|20260101||ORU^R01|1|P|2.5||||||{charset}"
WHOLE = b"\r".join(
    [
        HEAD.format(charset="UNICODE UTF-8").encode(),
        b"PID|1||P1^^^A~P2^^^B||DUPONT^Anne",
        b"OBR|1||R1|NFS^Numeration",
        b"NTE|1||of the request",
        "OBX|1|ST|HB^Hémoglobine||13,5|g/dL".encode(),
        b"NTE|1||of the result",
        b"",
    ]
)


def reader(files: list[bytes], folder: str, fields: tuple[str, ...] = FIELDS, encoding: str = "") -> Hl7v2Reader:
    paths = []
    for number, data in enumerate(files):
        paths.append(Path(folder) / f"{number:04}.hl7")
        paths[-1].write_bytes(data)
    file = SourceFile("*.hl7", encoding, format=FileFormat.HL7V2, fields=fields)
    return Hl7v2Reader(Declared("m", file, tuple(paths)))


def rows_of(made: Hl7v2Reader) -> dict[str, list[dict[str, object]]]:
    found: dict[str, list[dict[str, object]]] = {}
    for table, batch in made.passing(made.tables):
        batch.validate(full=True)
        found.setdefault(table, []).extend(batch.to_pylist())
    return {table: sorted(rows, key=lambda row: (row["_message"], row["_line"])) for table, rows in found.items()}


def asides(intake: FileIntake) -> list[tuple[int, int, int, int]]:
    return sorted((each.file, each.line, each.byte, each.length) for each in intake.set_aside)


def check(files: list[bytes], block: int, encoding: str = "", fields: tuple[str, ...] = FIELDS) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(_hl7v2_blocks, "BLOCK", block)
        made = reader(files, folder, fields, encoding)
        expected = oracle.read(files, list(fields), encoding)
        intake = made.intake()
        assert asides(intake) == sorted(expected.aside)
        assert intake.records == expected.messages
        names = {path: name for table in made._segments.values() for path, name in _columns(table, fields)}
        wanted = {
            f"m_{segment.lower()}": [{names.get(key, key): value for key, value in row.items()} for row in rows]
            for segment, rows in expected.rows.items()
        }
        assert rows_of(made) == wanted


def _columns(segment: "_hl7v2._Segment", fields: tuple[str, ...]) -> list[tuple[str, str]]:
    mine = [path for path in fields if path.startswith(f"{segment.name}-")]
    return list(zip(mine, (path.column for path in segment.paths), strict=True))


VALUES = st.lists(
    st.sampled_from(
        ["a", "é", "😀", "^", "~", "&", "\\", "\\F\\", "\\S\\", "\\E\\", "\\.br\\", "\\XC3A9\\", "\\XE9\\", "\\X00\\", "\\H\\",
         '""', "", "\ufdd0", "\ufdd1", "\\X0D\\", "\\X4\\", "<0,5", "224.000", "1|2", "\\R\\\\T\\", " ", "œ", "€"]
    ), max_size=6,
).map("".join)  # fmt: skip
LINES = st.one_of(
    st.builds("PID|1||{}~{}||{}".format, VALUES, VALUES, VALUES),
    st.builds("OBX|1|ST|{}||{}".format, VALUES, VALUES),
    st.builds("NTE|1||{}".format, VALUES),
    st.builds("ZZZ|{}".format, VALUES),
    st.sampled_from(["OBR|1||R^1|A^B", "ORC|RE", "SPM|1", "PV1|1|I", "OBX", "PID|", "OBX|1", "AL1|1|x"]),
)
BAD = st.sampled_from(
    ["junk", "obx|1|", "OBXX|1", "O", "OBX^1", "MSHX|a", "ADD|more", "DSC|1", "DSC", "a\0b", "NTE|\0", "MSH"]
)
HEADS = st.sampled_from(
    [HEAD.format(charset=name) for name in ("", "ASCII", "UNICODE UTF-8", "8859/1", "8859/15", "unicode  utf-8~ASCII", "EBCDIC")]
    + ["MSH|^~\\&", "MSH|^", "MSH|^~", "MSH#*!%$#x#y", "MSH|^^\\&|x", "MSH|", "MSH|^~\\&#9|x", "MSH|^~\\&||||||||||||||||"]
)  # fmt: skip
ENDS = st.sampled_from(["\r", "\n", "\r\n", "\r", "\r\r", "\n\n"])
OTHERS = st.sampled_from(
    [
        "FHS|^~\\&|x\r",
        "BHS|^~\\&\r",
        "BTS|3\r",
        "FTS",
        "\x0b",
        "\x1c\r",
        "\x1c",
        "\n",
        "stray\r",
        "\xef\xbb\xbf",
        "FHSX\r",
    ]
)
MESSAGES = st.builds(
    lambda head, lines, end, last: end.join([head, *lines]) + last,
    HEADS, st.lists(st.one_of(LINES, LINES, LINES, LINES, BAD), max_size=6), ENDS, ENDS,
)  # fmt: skip
FRAMED = MESSAGES.map("\x0b{}\x1c\r".format)
FILES = st.lists(st.one_of(MESSAGES, MESSAGES, FRAMED, OTHERS), max_size=7).map("".join)
CODECS = st.sampled_from(["utf-8", "iso8859-15", "cp1252"])


def _encoded(text: str, codec: str) -> bytes:
    return text.encode(codec, "replace")


@given(
    st.lists(st.builds(_encoded, FILES, CODECS), min_size=1, max_size=3),
    st.sampled_from([1, 7, 60, 4 << 20]),
    st.sampled_from(["", "utf-8", "iso8859-15"]),
)
@example([WHOLE + WHOLE, b"", WHOLE], 4 << 20, "")
@example([b"\x0b" + WHOLE, b"\x0b" + WHOLE + b"\x1c\r"], 7, "")
@example([b"x\n", b"\nMSH|^~\\&\rjunk\r\n", b"\r\n\r\nMSH|^~\\&\r\n\r\njunk"], 4 << 20, "")
@example([b"\xef\xbb\xbf" + WHOLE + b"\xef\xbb\xbf" + WHOLE], 1, "")
def test_fuzz_rows_faults_and_bytes_are_the_oracles(files: list[bytes], block: int, encoding: str) -> None:
    check(files, block, encoding)


@given(st.lists(st.binary(max_size=120), min_size=1, max_size=3), st.sampled_from([3, 4 << 20]))
def test_fuzz_any_bytes_are_accounted_for(files: list[bytes], block: int) -> None:
    check(files, block)


@given(
    st.lists(st.one_of(FILES.map(str.encode), st.binary(max_size=20)), min_size=1, max_size=2), st.sampled_from([8, 50])
)
@example([b"MSH|^~\\&\rNTE|1||" + b"x" * 90 + b"\r\nNTE\r\nMSH|^~\\&\rjunk"], 8)
@example([b"MSH|^~\\&\rNTE|1||" + b"x" * 90 + b"\r\n\x0bMSH|^~\\&\rjunk"], 8)
def test_fuzz_what_is_too_long_is_set_aside_and_counted(files: list[bytes], longest: int) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(_hl7v2_blocks, "BLOCK", 6)
        patch.setattr(_hl7v2_blocks, "LONGEST", longest)
        made = reader(files, folder)
        intake = made.intake()  # raises where the sums do not add up
        found = rows_of(made)
        assert len({row["_message"] for row in found.get("m_msh", [])}) == intake.records
        for each in intake.set_aside:
            data = files[each.file - 1]
            assert each.byte + each.length <= len(data)
            begun = data[: each.byte]
            if each.reason.startswith("no message ends"):
                ends = begun.count(b"\r") + begun.count(b"\n") - begun.count(b"\r\n")
                assert each.line == ends + 1


def test_one_message_as_rows(tmp_path: Path) -> None:
    found = rows_of(reader([WHOLE], str(tmp_path)))
    (result,) = found["m_obx"]
    assert (result["obx_3_1"], result["obx_5"], result["_pid"], result["_obr"]) == ("HB", "13,5", 2, 3)
    assert [(row["nte_3"], row["_obr"], row["_obx"]) for row in found["m_nte"]] == [
        ("of the request", 3, None), ("of the result", 3, 5)
    ]  # fmt: skip
    (person,) = found["m_pid"]
    assert (person["pid_3_1"], person["pid_3_r2_1"], person["pid_3_all_1"]) == ("P1", "P2", "P1~P2")
    assert person["pid_5"] == "DUPONT^Anne"


@pytest.mark.parametrize(
    ("data", "line", "reason"),
    [
        (b"before\r\n" + WHOLE, 1, "text outside a message"),
        (b"FTS|1\rafter\r", 2, "text outside a message"),
        (b"MSH|^~\\&|\rOBX|1||\nbroken text\r", 3, "a line that is no segment"),
        (b"MSH|^~\\&|\rPID^1\r", 2, "a line that is no segment"),
        (b"MSH||x\r", 1, "MSH-1 and MSH-2 are no delimiters"),
        (b"MSH|^~\\^|x\r", 1, "MSH-1 and MSH-2 are no delimiters"),
        (HEAD.format(charset="GB 18030-2000").encode(), 1, "MSH-18 names a character set that is not read"),
        (HEAD.format(charset="ASCII").encode() + b"\rNTE|1||caf\xe9", 2, "bytes that are no ascii"),
        (HEAD.format(charset="UNICODE UTF-8").encode() + b"\r\nNTE|1||\xc3", 2, "bytes that are no utf-8"),
        (HEAD.format(charset="8859/3").encode() + b"\r\nNTE|1||\xa5", 2, "bytes that are no iso8859-3"),
        (b"MSH|^~\\&|\rNTE|1||a\0b", 2, "a NUL byte"),
        (b"MSH|^~\\&|\rOBX|1\rADD|more\r", 3, "a message in several parts"),
        (b"\x0bMSH|^~\\&|\rOBX|1\r", 1, "an MLLP frame that does not end"),
    ],
)
def test_a_fault_is_named_by_file_and_line_and_the_rest_migrates(
    tmp_path: Path, data: bytes, line: int, reason: str
) -> None:
    made = reader([WHOLE, data, WHOLE], str(tmp_path))
    (aside,) = made.intake().set_aside
    assert (aside.file, aside.line) == (2, line)
    assert aside.reason.startswith(reason)
    whole = rows_of(made)["m_obx"]
    assert {row["_file"] for row in whole} >= {1, 3}
    assert "caf" not in repr(aside)


def test_numbers_of_messages_run_over_those_set_aside(tmp_path: Path) -> None:
    found = rows_of(reader([WHOLE + b"MSH||\r" + WHOLE], str(tmp_path)))
    assert [row["_message"] for row in found["m_msh"]] == [1, 3]


def test_kinds_of_delimiters_without_end_are_set_aside(tmp_path: Path) -> None:
    marks = "|^~\\&#!$%*+,-./:;<=>?@[]_`{}"
    many = [f"MSH{a}{b}{c}\r" for a in marks[:8] for b in marks for c in marks if len({a, b, c}) == 3][:400]
    intake = reader(["".join(many).encode()], str(tmp_path)).intake()
    assert intake.records == 256
    assert {each.reason for each in intake.set_aside} == {"more than 256 kinds of delimiters within a block"}


def test_all_messages_unreadable_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_hl7v2, "_MOST_ASIDE", 3)
    made = reader([b"MSH||\r" * 4], str(tmp_path))
    with pytest.raises(MalformedError, match="cannot be read"):
        list(made.passing(made.tables))
    with pytest.raises(MalformedError, match="cannot be read") as caught:
        made.intake()
    assert caught.value.location is not None
    assert caught.value.location.file in {"*.hl7", "*.hl7#1"}


@pytest.mark.parametrize(
    "path", ["PID", "PID-0", "PID-3[*]", "PID-3.1.1.1", "pid-3", "P-3", "PIDX-3", "MSH-2.1", "MSH-1[1]"]
)
def test_a_field_that_cannot_be_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(ProfileError):
        reader([WHOLE], str(tmp_path), (path,))


def test_a_field_given_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="twice"):
        reader([WHOLE], str(tmp_path), ("PID-3.1", "PID-3.1"))


@pytest.mark.parametrize("encoding", ["utf-16", "shift_jis", "gb18030", "base64", "klingon", "cp037", "utf-7", "unicode-escape"])
def test_an_encoding_whose_bytes_hide_delimiters_is_refused(tmp_path: Path, encoding: str) -> None:
    with pytest.raises(ProfileError):
        reader([WHOLE], str(tmp_path), encoding=encoding)


def test_as_a_source_with_a_pattern_over_many_files(tmp_path: Path) -> None:
    for number in range(300):
        (tmp_path / f"{number:03}.hl7").write_bytes(WHOLE.replace(b"R1", b"R%d" % number))
    file = SourceFile("*.hl7", format=FileFormat.HL7V2, fields=("OBR-3", "OBX-5", "NTE-3"))
    for memory in (512, 1):
        source = open_source(
            SourceSpec(Engine.FILES, f"files://{tmp_path}", {"lab": file}, memory_mb=memory if memory > 1 else 64)
        )
        try:
            rows = source.query(
                "SELECT r.obr_3, o.obx_5, n.nte_3 FROM lab_obr r JOIN lab_obx o ON o._message = r._message AND o._obr = r._line"
                " JOIN lab_nte n ON n._message = o._message AND n._obx = o._line ORDER BY r._file"
            ).to_pylist()
        finally:
            source.close()
        assert len(rows) == 300
        assert rows[7] == {"obr_3": "R7", "obx_5": "13,5", "nte_3": "of the result"}


@given(st.lists(VALUES, max_size=8))
def test_escapes_read_at_once_are_those_read_one_by_one(values: list[str]) -> None:
    import pyarrow as pa  # noqa: PLC0415

    for codec in ("utf-8", "latin-1", "ascii"):
        marks = _hl7v2_marks.Marks(*b"|^~\\&", codec)
        found = _hl7v2_marks.unescaped(pa.array([*values, None], pa.string()), marks).to_pylist()
        assert found == [*(oracle._unescaped(each, tuple("|^~\\&"), codec) for each in values), None]


@pytest.mark.real_data
def test_simhospital_equals_python_hl7() -> None:
    """Every field of every segment: 1,013 messages, of them 610 ORU^R01; 3,413 OBX, 2,311 NTE, 403 patients."""
    import os  # noqa: PLC0415

    import hl7  # noqa: PLC0415

    path = Path(os.environ["ECLUSE_REAL_DATA"]) / "simhospital" / "messages.hl7"
    text = path.read_text("ascii").replace("\n", "\r")
    theirs = [hl7.parse("MSH|" + each) for each in text.split("MSH|")[1:]]
    widths: Counter[str] = Counter()
    for segment in (segment for message in theirs for segment in message):
        name = str(segment[0])
        widths[name] = max(widths[name], len(segment) - 1)
    fields = tuple(f"{name}-{number}" for name, width in widths.items() for number in range(1, width + 1))
    parts = tuple(
        f"{path}.{n}" for path in ("PID-3", "PID-5", "OBX-3", "OBR-4", "PV1-7", "PID-11") for n in range(1, 8)
    )
    file = SourceFile("messages.hl7", format=FileFormat.HL7V2, fields=(*fields, *parts, "PID-3[2].1"))
    made = Hl7v2Reader(Declared("m", file, (path,)))
    found = rows_of(made)
    intake = made.intake()
    assert (intake.records, intake.set_aside, intake.unmapped) == (1013, (), 0)
    assert (len(found["m_obx"]), len(found["m_nte"])) == (3413, 2311)
    assert sum(row["msh_9"] == "ORU^R01" for row in found["m_msh"]) == 610
    assert len({row["pid_3_1"] for row in found["m_pid"]}) == 403
    ours = {(row["_message"], row["_line"]): (table[2:].upper(), row) for table, rows in found.items() for row in rows}
    compared = 0
    for number, message in enumerate(theirs, 1):
        for rank, segment in enumerate(message, 1):
            name, row = ours.pop((number, rank))
            assert name == str(segment[0])
            for place in range(1, widths[name] + 1):
                value = row[f"{name.lower()}_{place}"]
                theirs_value = str(segment[place]) if place < len(segment) else None
                assert value == theirs_value, (name, place)
                compared += 1
            for path_ in (each for each in parts if each.startswith(f"{name}-")):
                place, part = path_[4:].split(".")
                if int(place) < len(segment):
                    components = segment[int(place)][0]
                    theirs_part = str(components[int(part) - 1]) if int(part) <= len(components) else None
                    if not isinstance(components, str):
                        assert row[path_.lower().replace("-", "_").replace(".", "_")] == theirs_part
                        compared += 1
    assert not ours
    assert compared > 200_000
