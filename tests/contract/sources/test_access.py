"""Access databases: every type and every damage, in the three formats; mdbtools reads the same where it reads truly."""

import csv
import datetime as dt
import random
import shutil
import subprocess
from collections.abc import Sequence
from contextlib import closing
from io import StringIO
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from source_kinds import everything_said

import access_files as af
from access_files import Col, Tab
from ecluse.adapters.scan import scan
from ecluse.adapters.sources import SourceSpec, _access, _access_rows, open_source
from ecluse.adapters.sources._access import AccessReader
from ecluse.adapters.sources._reading import Declared
from ecluse.domain.errors import EcluseError, MalformedError, ProfileError
from ecluse.domain.files import FileFormat, FileIntake, SourceFile
from ecluse.domain.profile import Engine

CANARY = "CANARY-2880575123456"
moment = dt.datetime.fromisoformat
FORMATS = tuple(af.VERSIONS)
HOSTILE = (
    'O"Brien; \'x\' | ^ & ~ \\', "line\nbreak\r\n\ttab", "  spaces  ", "NA", "NULL", "<0,5", "224.000", "20190230",
    "Hélène-Zoë Nœud", "“guillemets” ‘courbes’ … €", "é" * 255, "x" * 255, "",
)  # fmt: skip
HIGH, LOW = chr(0xD83D), chr(0xDE00)
ASTRAL = ("🧪 émoji 𝄞", "😀" * 127, "Ωmega ÿ Ā ā", "aĀbācȀd", "\ufeffmark", "ÿþ", "日本語 and Latin", "\uffff")


def spec_of(path: Path, part: str = "T", encoding: str = "", **options: Any) -> SourceSpec:
    file = SourceFile(path.name, encoding, format=FileFormat.ACCESS, part=part)
    return SourceSpec(Engine.FILES, f"files://{quote(str(path.parent))}", {"t": file}, **options)


def read(path: Path, part: str = "T", encoding: str = "", **options: Any) -> tuple[list[dict[str, Any]], FileIntake]:
    """The rows and the account; the account's sums are checked by its own class."""
    with closing(open_source(spec_of(path, part, encoding, **options))) as source:
        source.adopt_snapshot(source.export_snapshot())
        rows = sorted(source.query("SELECT * FROM t").to_pylist(), key=lambda row: int(row.get("n") or 0))
        [intake] = source.facts().files
    assert intake.size == path.stat().st_size
    return rows, intake


def encoding_of(version: str) -> str:
    return "cp1252" if version == "jet3" else ""


def values(path: Path, version: str, column: str = "v") -> list[Any]:
    return [row[column] for row in read(path, encoding=encoding_of(version))[0]]


def one(path: Path, version: str, column: Col, given: Sequence[Any]) -> Path:
    """A database with a table ``T`` of numbers and one column ``v``."""
    return af.write(path, {"T": Tab((Col("n", af.LONG), column), list(enumerate(given)))}, version)


def by_mdbtools(path: Path, table: str = "T") -> list[list[str]]:
    """What mdb-export says, without the names."""
    program = shutil.which("mdb-export")
    if program is None:
        pytest.fail("mdb-export is missing: apt-get install -y mdbtools")
    command = [program, "-b", "hex", "-T", "%Y-%m-%d %H:%M:%S", str(path), table]
    done = subprocess.run(command, check=True, capture_output=True, timeout=30)
    return list(csv.reader(StringIO(done.stdout.decode(), newline="")))[1:]


@pytest.mark.parametrize("version", FORMATS)
class TestValues:
    @pytest.mark.parametrize("packed", [True, False])
    @pytest.mark.parametrize("kind", [af.TEXT, af.MEMO])
    def test_text(self, tmp_path: Path, version: str, kind: int, packed: bool) -> None:
        texts = [None, *HOSTILE, *(() if version == "jet3" else ASTRAL)]
        path = one(tmp_path / "lab é.accdb", version, Col("v", kind, packed=packed), texts)
        assert values(path, version) == texts

    @pytest.mark.parametrize("kind", [af.TEXT, af.MEMO])
    def test_mdbtools_reads_the_same_text(self, tmp_path: Path, version: str, kind: int) -> None:
        path = one(tmp_path / "a.mdb", version, Col("v", kind, packed=True), [text for text in HOSTILE if text])
        assert [row[1] for row in by_mdbtools(path)] == values(path, version)

    @pytest.mark.parametrize(
        ("kind", "given", "wanted"),
        [
            (af.BYTE, (0, 255), ("0", "255")),
            (af.INTEGER, (-32768, 32767), ("-32768", "32767")),
            (af.LONG, (-(2**31), 2**31 - 1), ("-2147483648", "2147483647")),
            (af.SINGLE, (0.1, -1e20), ("0.1", "-1e+20")),
            (af.DOUBLE, (0.1, 224.0, 1 / 3), ("0.1", "224", "0.3333333333333333")),
            (af.MONEY, ("12.5", "-922337203685477.5808"), ("12.5000", "-922337203685477.5808")),
            (af.GUID, ("0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9",), ("{0A1B2C3D-4E5F-6071-8293-A4B5C6D7E8F9}",)),
        ],
    )
    def test_numbers(
        self, tmp_path: Path, version: str, kind: int, given: Sequence[Any], wanted: Sequence[str]
    ) -> None:
        path = one(tmp_path / "a.mdb", version, Col("v", kind), (*given, None))
        assert values(path, version) == [*wanted, None]
        if kind in (af.BYTE, af.INTEGER, af.LONG, af.MONEY):
            assert [row[1] for row in by_mdbtools(path)] == [*wanted, ""]

    def test_truths_are_never_null(self, tmp_path: Path, version: str) -> None:
        path = one(tmp_path / "a.mdb", version, Col("v", af.BOOLEAN), (True, False, None))
        assert values(path, version) == ["true", "false", "false"]
        assert [row[1] for row in by_mdbtools(path)] == ["1", "0", "0"]

    def test_moments(self, tmp_path: Path, version: str) -> None:
        given = [
            moment("2019-03-01 08:30:00"), moment("1899-12-30 08:30:00"), moment("1899-12-29 06:00:00"),
            moment("1850-06-01 23:59:59"), moment("0100-01-01 00:00:00"), moment("9999-12-31 23:59:59"),
        ]  # fmt: skip
        path = one(tmp_path / "a.mdb", version, Col("v", af.MOMENT), [*given, None])
        assert values(path, version) == [*(f"{each.isoformat(' ')}.000" for each in given), None]

    @pytest.mark.parametrize("days", [float("nan"), float("inf"), 2_958_466.0, -657_435.0])
    def test_a_moment_that_is_none_is_set_aside(self, tmp_path: Path, version: str, days: float) -> None:
        path = one(tmp_path / "a.mdb", version, Col("v", af.MOMENT), [1.0, days, 2.0])
        rows, intake = read(path, encoding=encoding_of(version))
        assert [row["n"] for row in rows] == ["0", "2"]
        assert [(each.line, each.reason) for each in intake.set_aside] == [
            (2, "a value that is none of its column's type")
        ]

    def test_bytes_stay_bytes(self, tmp_path: Path, version: str) -> None:
        given = [b"", b"\0\xff" * 20, bytes(range(256)) * 30, None]
        path = one(tmp_path / "a.mdb", version, Col("v", af.OLE), given)
        assert values(path, version) == given
        path = one(tmp_path / "b.mdb", version, Col("v", af.BINARY), [b"", b"\1\2", None])
        assert values(path, version) == [b"", b"\1\2", None]

    @pytest.mark.parametrize("size", [0, 1, 64, 65, 1015, 1016, 2020, 2021, 4075, 4076, 4077, 50_000, 3_000_000])
    def test_long_values_of_every_length(self, tmp_path: Path, version: str, size: int) -> None:
        text = ("0123456789é" * (size // 11 + 1))[:size]
        path = one(tmp_path / "a.mdb", version, Col("v", af.MEMO), [text, "next", text[::-1]])
        assert values(path, version) == [text, "next", text[::-1]]

    def test_rows_deleted_or_moved(self, tmp_path: Path, version: str) -> None:
        rows = [(number, f"row {number}") for number in range(200)]
        table = Tab((Col("n", af.LONG), Col("v", af.TEXT)), rows, frozenset({0, 7, 199}), frozenset({1, 50, 150}))
        path = af.write(tmp_path / "a.mdb", {"T": table}, version)
        wanted = [f"row {number}" for number in range(200) if number not in {0, 7, 199}]
        assert values(path, version) == wanted
        assert sorted(row[1] for row in by_mdbtools(path)) == sorted(wanted)

    def test_pages_far_apart(self, tmp_path: Path, version: str) -> None:
        rows = [(number, "x" * 200) for number in range(300)]
        path = af.write(tmp_path / "a.mdb", {"T": Tab((Col("n", af.LONG), Col("v", af.TEXT)), rows, far=1200)}, version)
        assert [row["n"] for row in read(path, encoding=encoding_of(version))[0]] == [str(n) for n in range(300)]
        assert len(by_mdbtools(path)) == 300

    def test_many_columns_over_many_bytes(self, tmp_path: Path, version: str) -> None:
        """A definition over several pages; in Jet 3 rows whose offsets need more than a byte."""
        columns = [Col(f"colonne n° {number} du résultat", af.TEXT) for number in range(120)]
        rows = [tuple(f"{row}.{number}"[: row * 3] for number in range(120)) for row in range(5)]
        rows.append(tuple(None if number % 3 else "é" * 15 for number in range(120)))
        path = af.write(tmp_path / "a.mdb", {"T": Tab(columns, rows)}, version)
        found = [tuple(row.values()) for row in read(path, encoding=encoding_of(version))[0]]
        assert found == rows
        assert [tuple(row) for row in by_mdbtools(path)] == [tuple(value or "" for value in row) for row in rows]

    def test_columns_that_came_later_are_null_in_older_rows(self, tmp_path: Path, version: str) -> None:
        columns = (Col("n", af.LONG), Col("v", af.TEXT), Col("later", af.MEMO), Col("flag", af.BOOLEAN))
        rows = [(1, "old"), (2, "new", "memo", True)]
        path = af.write(tmp_path / "a.mdb", {"T": Tab(columns, rows)}, version)
        assert [tuple(row.values()) for row in read(path, encoding=encoding_of(version))[0]] == [
            ("1", "old", None, "false"), ("2", "new", "memo", "true"),
        ]  # fmt: skip

    def test_every_byte_is_accounted_for(self, tmp_path: Path, version: str) -> None:
        tables = {
            "T": Tab((Col("n", af.LONG), Col("v", af.TEXT)), [(1, "abc"), (2, "de"), (3, None)], frozenset({1})),
            "Other": Tab((Col("n", af.LONG),), [(1,)]),
        }
        path = af.write(tmp_path / "a.mdb", tables, version)
        wide = 1 if version == "jet3" else 2
        _, one_table = read(path, encoding=encoding_of(version))
        assert (one_table.records, one_table.mapped) == (2, 4 + 4 + 3 * wide)
        with closing(open_source(spec_of(path, "", encoding_of(version)))) as source:
            assert source.tables() == ("t_T", "t_Other")
            [all_tables] = source.facts().files
        assert (all_tables.records, all_tables.mapped) == (3, one_table.mapped + 4)
        pages = path.read_bytes()[:: 2048 * wide]
        assert all_tables.mapped + all_tables.unmapped == pages.count(b"\1") * 2048 * wide

    def test_a_streamed_pass_gives_the_same(
        self, tmp_path: Path, version: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("ecluse.adapters.sources.files._RESIDENT_SHARE", 1 << 40)
        monkeypatch.setattr(_access, "_PAGES", 2)
        monkeypatch.setattr(_access, "_LONG_AT_ONCE", 3000)
        texts = [f"{number}-" + "é" * (number * 37 % 2500) for number in range(120)]
        path = one(tmp_path / "a.mdb", version, Col("v", af.MEMO), texts)
        assert values(path, version) == texts


class TestText:
    @pytest.mark.parametrize("unit", [HIGH, LOW, f"a{HIGH}b", LOW + HIGH])
    def test_half_a_pair_is_set_aside_and_its_neighbours_are_not(self, tmp_path: Path, unit: str) -> None:
        path = one(tmp_path / "a.accdb", "ace", Col("v", af.TEXT), ["𝄞", unit, "𝄞", ""])
        rows, intake = read(path)
        assert [row["v"] for row in rows] == ["𝄞", "𝄞", ""]
        [aside] = intake.set_aside
        assert path.read_bytes()[aside.byte : aside.byte + aside.length].count(
            unit.encode("utf-16-le", "surrogatepass")
        )
        assert (aside.file, aside.line) == (1, 2)

    def test_halves_of_two_values_are_no_pair(self, tmp_path: Path) -> None:
        path = one(tmp_path / "a.accdb", "ace", Col("v", af.TEXT), ["a\ud83d", "\ude00b", "c"])
        rows, intake = read(path)
        assert ([row["v"] for row in rows], len(intake.set_aside)) == (["c"], 2)

    @pytest.mark.parametrize("data", [b"a\0b", b"\xff\xfea\0b", b"a\0\0\0", b"\xff\xfe\0A\xd8", b"\xff\xfeab\0c"])
    def test_bytes_that_are_no_text_are_set_aside(self, tmp_path: Path, data: bytes) -> None:
        path = one(tmp_path / "a.accdb", "ace", Col("v", af.TEXT), ["before", data, "after"])
        rows, intake = read(path)
        assert ([row["v"] for row in rows], len(intake.set_aside)) == (["before", "after"], 1)

    @pytest.mark.parametrize(("encoding", "text"), [("cp850", "Hélène ░"), ("cp1250", "Łódź"), ("cp1252", "€")])
    def test_the_oldest_are_of_the_declared_encoding(self, tmp_path: Path, encoding: str, text: str) -> None:
        table = Tab((Col("né", af.TEXT), Col("v", af.MEMO)), [(text, text * 50)])
        path = af.write(tmp_path / "a.mdb", {"Résultats": table}, "jet3", encoding)
        assert read(path, "Résultats", encoding)[0] == [{"né": text, "v": text * 50}]

    def test_bytes_outside_the_declared_encoding_are_set_aside(self, tmp_path: Path) -> None:
        path = one(tmp_path / "a.mdb", "jet3", Col("v", af.TEXT), ["one", b"\x81", "two"])
        rows, intake = read(path, encoding="cp1252")
        assert ([row["v"] for row in rows], len(intake.set_aside)) == (["one", "two"], 1)

    def test_the_oldest_need_an_encoding_and_the_others_have_none(self, tmp_path: Path) -> None:
        old = one(tmp_path / "a.mdb", "jet3", Col("v", af.TEXT), ["x"])
        new = one(tmp_path / "b.mdb", "jet4", Col("v", af.TEXT), ["x"])
        with pytest.raises(ProfileError, match="declare it") as error:
            read(old)
        assert error.value.location is not None
        assert error.value.location.field == "encoding"
        with pytest.raises(ProfileError, match="declare none"):
            read(new, encoding="cp1252")


class TestTypes:
    @pytest.mark.parametrize("scale", [0, 1, 4, 10, 28])
    def test_decimals_keep_all_digits(self, tmp_path: Path, scale: int) -> None:
        def written(number: int) -> str:
            digits = str(abs(number)).rjust(scale + 1, "0")
            return ("-" if number < 0 else "") + (f"{digits[:-scale]}.{digits[-scale:]}" if scale else digits)

        numbers = [0, 1, -1, 10**27 + 7, -(10**28 - 1), 12345678901234567890]
        path = one(tmp_path / "a.mdb", "jet4", Col("v", af.DECIMAL, scale), [*map(written, numbers), None])
        assert values(path, "jet4") == [*map(written, numbers), None]
        assert [row[1] for row in by_mdbtools(path)] == [*map(written, numbers), ""]

    def test_a_decimal_beyond_its_digits_is_set_aside(self, tmp_path: Path) -> None:
        path = one(tmp_path / "a.mdb", "jet4", Col("v", af.DECIMAL, 2), [b"\0" + b"\xff" * 16, "1.00"])
        rows, intake = read(path)
        assert ([row["v"] for row in rows], len(intake.set_aside)) == (["1.00"], 1)

    def test_types_of_the_newest(self, tmp_path: Path) -> None:
        path = one(tmp_path / "a.accdb", "ace", Col("v", af.BIG), [2**63 - 1, -(2**63), None])
        assert values(path, "ace") == ["9223372036854775807", "-9223372036854775808", None]
        moments = [
            f"{day:019d}:{second:012d}{rest:07d}:7\0".encode()
            for day, second, rest in ((0, 0, 0), (737_118, 30_600, 42))
        ]
        path = one(tmp_path / "b.accdb", "ace", Col("v", af.LONG_MOMENT), [*moments, b"x" * 42])
        rows, intake = read(path)
        assert [row["v"] for row in rows] == ["0001-01-01 00:00:00.0000000", "2019-03-01 08:30:00.0000042"]
        assert len(intake.set_aside) == 1

    def test_lists_and_computed_columns_are_left_and_count_as_unmapped(self, tmp_path: Path) -> None:
        columns = (Col("n", af.LONG), Col("list", af.LIST), Col("sum", af.LONG, calculated=True), Col("v", af.TEXT))
        path = af.write(tmp_path / "a.accdb", {"T": Tab(columns, [(1, 7, 9, "x")])})
        rows, intake = read(path)
        assert rows == [{"n": "1", "v": "x"}]
        assert intake.mapped == 4 + 2


class TestTables:
    T: ClassVar = Tab((Col("n", af.LONG),), [(1,)])

    def test_which_there_are(self, tmp_path: Path) -> None:
        hidden = Tab((Col("n", af.LONG),), [(2,)], flags=2)
        tables = {"Examens du jour": self.T, "MSysErrors": self.T, "~TMPCLP1": self.T, "f_hidden": hidden}
        path = af.write(tmp_path / "a.accdb", tables)
        with closing(open_source(spec_of(path, ""))) as source:
            assert source.tables() == ("t_Examens du jour",)
            assert source.query('SELECT n FROM "t_Examens du jour"').to_pylist() == [{"n": "1"}]
        assert read(path, "EXAMENS DU JOUR")[0] == [{"n": "1"}]

    def test_a_table_that_is_not_there_or_is_elsewhere(self, tmp_path: Path) -> None:
        path = af.write(tmp_path / "a.accdb", {"T": self.T, "L": Tab((Col("n", af.LONG),), [], kind=6)})
        with pytest.raises(ProfileError, match="no table of that name"):
            read(path, "nope")
        with pytest.raises(ProfileError, match="is linked"):
            read(path, "L")
        with pytest.raises(ProfileError, match="no table"):
            read(af.write(tmp_path / "b.accdb", {}), "")

    def test_fewer_rows_than_it_says_are_refused(self, tmp_path: Path) -> None:
        path = af.write(tmp_path / "a.accdb", {"T": Tab((Col("n", af.LONG),), [(1,), (2,)], claimed=3)})
        with pytest.raises(MalformedError, match="fewer rows than it says"):
            read(path)

    def test_a_scan_drafts_it(self, tmp_path: Path) -> None:
        patients = Tab(
            (Col("ID", af.LONG), Col("NOM", af.TEXT), Col("SCAN", af.OLE)), [(n, f"N{n}", b"\0") for n in range(9)]
        )
        af.write(tmp_path / "labo.mdb", {"Patients": patients}, "jet3")
        found = scan(SourceSpec(Engine.FILES, f"files://{quote(str(tmp_path))}"))
        assert found.files["labo"] == SourceFile("labo.mdb", "cp1252", format=FileFormat.ACCESS)
        assert [(table.name, table.rows) for table in found.tables] == [("labo_Patients", 9)]


class TestDamage:
    @pytest.mark.parametrize("version", FORMATS)
    @pytest.mark.parametrize(("lock", "what"), [("password", "protected by a password"), ("key", "is encrypted")])
    def test_locked_ones_are_refused_by_name(self, tmp_path: Path, version: str, lock: str, what: str) -> None:
        given: dict[str, Any] = {lock: b"geheim"[:4]}
        path = af.write(tmp_path / "a.mdb", {"T": TestTables.T}, version, **given)
        with pytest.raises(MalformedError, match=what) as error:
            read(path, encoding=encoding_of(version))
        assert "geheim"[:4] not in everything_said(error.value)
        assert error.value.hint

    @pytest.mark.parametrize(
        "data",
        [b"", b"\0\1\0\0Standard Jet DB\0", b"\0\1\0\0Standard Jet DB\0\x77" + bytes(4096), b"MSISAM Database" * 400],
    )
    def test_what_is_no_database(self, tmp_path: Path, data: bytes) -> None:
        path = tmp_path / "a.mdb"
        path.write_bytes(data)
        with pytest.raises(MalformedError, match="no Access database"):
            read(path)

    def test_one_cut_short(self, tmp_path: Path) -> None:
        path = one(tmp_path / "a.mdb", "jet4", Col("v", af.MEMO), ["x" * 9000])
        path.write_bytes(path.read_bytes()[:-4096])
        with pytest.raises(MalformedError, match="damaged"):
            read(path)

    @pytest.mark.parametrize(("at", "value"), [(63, 1), (63, 10), (63, 11), (45, 0), (45, 200)])
    def test_a_catalogue_that_is_none(self, tmp_path: Path, at: int, value: int) -> None:
        """Its columns' types, and how many it has. The first was found by mutation."""
        path = af.write(tmp_path / "a.mdb", {"T": TestTables.T}, "jet4")
        data = bytearray(path.read_bytes())
        data[2 * 4096 + at] = value
        path.write_bytes(data)
        with pytest.raises(MalformedError, match="damaged"):
            read(path)

    def test_a_chain_in_a_circle_is_set_aside(self, tmp_path: Path) -> None:
        path = one(tmp_path / "a.mdb", "jet4", Col("v", af.MEMO), ["x" * 20_000, "y"])
        data = bytearray(path.read_bytes())
        page = max(at for at in range(0, len(data), 4096) if data[at + 4 : at + 8] == b"LVAL")
        begin = int.from_bytes(data[page + 14 : page + 16], "little")
        data[page + begin : page + begin + 4] = (page // 4096 << 8).to_bytes(4, "little")
        path.write_bytes(data)
        rows, intake = read(path)
        assert ([row["v"] for row in rows], [each.line for each in intake.set_aside]) == (["y"], [1])

    def test_many_values_in_one_place_are_no_endless_read(self, tmp_path: Path) -> None:
        """A small file that says it holds gigabytes."""
        path = one(tmp_path / "a.mdb", "jet4", Col("v", af.MEMO), ["x" * 20_000, *["y" * 500] * 200])
        data = bytearray(path.read_bytes())
        heads = [at for at in range(len(data) - 12) if bytes(data[at : at + 4]) in {b"\x40\x9c\0\0", b"\xe8\x03\0\x40"}]
        assert len(heads) == 201
        [long] = [at for at in heads if data[at] == 0x40]
        for at in heads:
            data[at : at + 12] = data[long : long + 12]
        path.write_bytes(data)
        with pytest.raises(MalformedError, match="overlap"):
            read(path)

    def test_a_pointer_to_another_tables_row_is_not_followed(self, tmp_path: Path) -> None:
        """What an order did not name must not come in by a broken pointer."""
        columns = (Col("n", af.LONG), Col("v", af.TEXT))
        secret, moved = Tab(columns, [(1, CANARY)]), Tab(columns, [(2, "x")], moved=frozenset({0}))
        path = af.write(tmp_path / "a.accdb", {"Secret": secret, "T": moved})
        data = bytearray(path.read_bytes())
        marks = [at for at in range(14, len(data), 4096) if data[at - 14] == 1 and data[at + 1] & 0xC0 == 0x40]
        assert len(marks) == 1
        pointer = marks[0] - 14 + (int.from_bytes(data[marks[0] : marks[0] + 2], "little") & 0x1FFF)
        stored = data.index(CANARY.encode("utf-16-le"))
        data[pointer : pointer + 4] = (stored // 4096 << 8).to_bytes(4, "little")
        path.write_bytes(data)
        with pytest.raises(MalformedError, match="another table's") as error:
            read(path)
        assert CANARY not in everything_said(error.value)

    def test_a_value_longer_than_allowed_is_set_aside(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(_access_rows, "LONGEST", 5000)
        path = one(tmp_path / "a.mdb", "jet4", Col("v", af.OLE), [b"x" * 5000, b"x" * 5001])
        rows, intake = read(path)
        assert ([row["n"] for row in rows], [each.line for each in intake.set_aside]) == (["0"], [2])

    @pytest.mark.parametrize("version", FORMATS)
    def test_fuzz_mutated_databases_give_rows_or_our_errors(self, tmp_path: Path, version: str) -> None:
        columns = (
            Col("n", af.LONG), Col("b", af.BOOLEAN), Col("t", af.TEXT, packed=True), Col("m", af.MEMO),
            Col("d", af.MOMENT), Col("g", af.GUID), Col("o", af.OLE), Col("c", af.MONEY),
        )  # fmt: skip
        rows = [
            (
                n,
                n % 2,
                f"{CANARY} é",
                "m" * n * 90,
                moment("2019-03-01 00:00:00"),
                str(n) * 8 + "-0001-0002-0003-000000000004",
                b"o",
                "1",
            )
            for n in range(1, 10)
        ]
        path = af.write(tmp_path / "a.mdb", {"T": Tab(columns, rows, frozenset({3}), frozenset({4}))}, version)
        whole, chance = path.read_bytes(), random.Random(20190301)
        pages = range(0, len(whole), 2048 if version == "jet3" else 4096)
        for _ in range(settings.default.max_examples * 4):
            data = bytearray(whole)
            for _ in range(chance.choice((1, 1, 2, 8, 64))):
                # most bytes of a page are empty: heads and ends are where the structure stands
                at = chance.choice(pages) + chance.choice(
                    (chance.randrange(80), -1 - chance.randrange(300), chance.randrange(2048))
                )
                data[at % len(data)] = chance.choice((0, 1, 0x40, 0x80, 0xFF, chance.randrange(256)))
            path.write_bytes(data[: chance.choice((len(data), len(data), len(data) - chance.randrange(5000)))])
            if (error := failure(path, encoding_of(version))) is not None:
                assert CANARY not in everything_said(error)


def failure(path: Path, encoding: str) -> EcluseError | None:
    """Read all of it, with its account; the error that this gave, which is one of ours."""
    try:
        file = SourceFile(path.name, encoding, format=FileFormat.ACCESS)
        reader = AccessReader(Declared("t", file, (path,)))
        for _, batch in reader.passing(reader.tables):
            batch.validate(full=True)
        reader.intake()
    except EcluseError as error:
        return error
    return None


TEXTS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=40)


@given(
    st.lists(st.tuples(st.none() | TEXTS, st.none() | TEXTS, st.none() | st.binary(max_size=90)), max_size=20),
    st.booleans(),
)
def test_round_trip_of_any_text(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[Any, ...]], packed: bool
) -> None:
    columns = (Col("t", af.TEXT, packed=packed), Col("m", af.MEMO, packed=packed), Col("o", af.OLE))
    path = af.write(tmp_path_factory.mktemp("trip") / "a.accdb", {"T": Tab(columns, rows)})
    assert [tuple(row.values()) for row in read(path)[0]] == rows
