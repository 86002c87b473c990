"""Files of records of one length: fixed width, dBase and FoxPro; the latter against a third party's writer."""

import datetime as dt
import struct
import warnings
from collections.abc import Mapping
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from source_kinds import everything_said

from ecluse.adapters.sources import SourceSpec, open_source
from ecluse.domain.errors import EcluseError, MalformedError, ProfileError
from ecluse.domain.files import FileFormat, FileIntake, SourceFile
from ecluse.domain.profile import Engine

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import dbf

CANARY = "CANARY-2880575123456"


def fixed(path: Path, columns: Mapping[str, str], encoding: str = "cp850") -> SourceFile:
    return SourceFile(path.name, encoding, format=FileFormat.FIXED, columns=columns)


def dbase(path: Path, encoding: str = "cp850") -> SourceFile:
    return SourceFile(path.name, encoding, format=FileFormat.DBASE)


def read(path: Path, file: SourceFile, memory_mb: int = 512) -> tuple[list[dict[str, Any]], FileIntake]:
    """The rows and the account; the account's sums are checked by its own class."""
    source = open_source(SourceSpec(Engine.FILES, f"files://{quote(str(path.parent))}", {"t": file}, memory_mb=memory_mb))
    try:
        source.adopt_snapshot(source.export_snapshot())
        rows = source.query("SELECT * FROM t ORDER BY 1 NULLS LAST").to_pylist()
        [intake] = source.facts().files
        assert intake.size == path.stat().st_size
        return rows, intake
    finally:
        source.close()


class TestFixed:
    COLUMNS: ClassVar = {"num": "1-4", "nom": "5-10", "annee": "11-14", "date": "11-18"}

    @pytest.mark.parametrize("memory_mb", [512, 64])
    def test_places_encodings_and_short_lines(self, tmp_path: Path, memory_mb: int) -> None:
        path = tmp_path / "p.txt"
        path.write_bytes("0001Hélène20190301\r\n0002  Él  20180228 de trop\r\n\r\n0003Du\r\n0004Zoë   2019".encode("cp850") + b"\x1a")
        rows, intake = read(path, fixed(path, self.COLUMNS), memory_mb)
        assert rows == [
            {"num": "0001", "nom": "Hélène", "annee": "2019", "date": "20190301"},
            {"num": "0002", "nom": "  Él", "annee": "2018", "date": "20180228"},
            {"num": "0003", "nom": "Du", "annee": "", "date": ""},
            {"num": "0004", "nom": "Zoë", "annee": "2019", "date": "2019"},
        ]
        assert (intake.records, intake.unmapped, intake.structure, intake.set_aside) == (4, 8, 9, ())

    def test_utf8_counts_characters(self, tmp_path: Path) -> None:
        path = tmp_path / "p.txt"
        path.write_text("0001Hélè🧪e20190301\n0002Durand20190302\n", encoding="utf-8")
        rows, intake = read(path, fixed(path, self.COLUMNS, "utf-8"))
        assert [row["nom"] for row in rows] == ["Hélè🧪e", "Durand"]
        assert (intake.mapped, intake.structure) == (path.stat().st_size - 2, 2)

    @pytest.mark.parametrize(("encoding", "bad"), [("cp1252", b"\x81"), ("utf-8", b"\xe9"), ("ascii", b"\xe9")])
    def test_a_line_that_does_not_decode_is_set_aside_by_line_and_byte(self, tmp_path: Path, encoding: str, bad: bytes) -> None:
        path = tmp_path / "p.txt"
        path.write_bytes(b"0001Durand20190301\n0002" + CANARY[:5].encode() + bad + b"20190302\n0003Petit 20190303\n")
        rows, intake = read(path, fixed(path, self.COLUMNS, encoding))
        assert [row["num"] for row in rows] == ["0001", "0003"]
        [aside] = intake.set_aside
        assert (aside.line, aside.byte, aside.length) == (2, 19, 19)
        assert CANARY[:5] not in aside.reason

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
    def test_a_byte_order_mark_is_no_character_of_the_first_record(self, tmp_path: Path, encoding: str) -> None:
        path = tmp_path / "p.txt"
        path.write_bytes(b"\xef\xbb\xbf0001Durand20190301\n0002Petit 2019\xff303\n")
        rows, intake = read(path, fixed(path, self.COLUMNS, encoding))
        assert [tuple(row.values()) for row in rows] == [("0001", "Durand", "2019", "20190301")]
        assert (intake.structure, intake.unmapped, [a.byte for a in intake.set_aside]) == (4, 0, [22])

    def test_a_byte_order_mark_contradicts_another_encoding(self, tmp_path: Path) -> None:
        path = tmp_path / "p.txt"
        path.write_bytes(b"\xef\xbb\xbf0001Durand20190301\n")
        with pytest.raises(MalformedError, match=r"^p\.txt:1: begins as UTF-8 does, and is declared as cp1252$"):
            read(path, fixed(path, self.COLUMNS, "cp1252"))

    @pytest.mark.parametrize("end", ["\r", "\r\r\n"])
    def test_lines_that_end_otherwise_are_set_aside_not_lost(self, tmp_path: Path, end: str) -> None:
        path = tmp_path / "p.txt"
        path.write_bytes(f"0001Durand20190301{end}0002Petit 20190302{end}".encode())
        rows, intake = read(path, fixed(path, self.COLUMNS))
        assert rows == []
        assert sum(aside.length for aside in intake.set_aside) == path.stat().st_size
        assert {aside.reason for aside in intake.set_aside} == {"a carriage return without a line feed"}

    def test_many_blocks(self, tmp_path: Path) -> None:
        path = tmp_path / "p.txt"
        path.write_bytes(b"".join(b"%04dNom%03d20190301\n" % (n % 10_000, n % 1000) for n in range(500_000)))
        source = open_source(SourceSpec(Engine.FILES, f"files://{tmp_path}", {"t": fixed(path, self.COLUMNS)}, memory_mb=64))
        try:
            [row] = source.query("SELECT count(*) AS n, count(DISTINCT nom) AS m, min(annee) AS a FROM t").to_pylist()
            assert row == {"n": 500_000, "m": 1000, "a": "2019"}
        finally:
            source.close()

    @pytest.mark.parametrize("encoding", ["utf-16", "shift_jis", "klingon", "utf-7"])
    def test_an_encoding_without_places_is_refused(self, tmp_path: Path, encoding: str) -> None:
        path = tmp_path / "p.txt"
        path.write_bytes(b"0001\n")
        with pytest.raises(ProfileError) as caught:
            read(path, fixed(path, self.COLUMNS, encoding))
        assert str(caught.value).startswith("p.txt: encoding")

    @given(
        st.lists(st.tuples(st.binary(max_size=30), st.sampled_from([b"\n", b"\r\n"])), max_size=12),
        st.sampled_from(["cp850", "cp1252", "utf-8", "latin-1"]),
    )
    def test_fuzz_every_byte_is_accounted_for(self, tmp_path_factory: pytest.TempPathFactory, lines: list[tuple[bytes, bytes]], encoding: str) -> None:
        path = tmp_path_factory.mktemp("fuzz") / "p.txt"
        path.write_bytes(b"x\n" + b"".join(line + end for line, end in lines))
        rows, intake = read(path, fixed(path, {"a": "1-3", "b": "2-9", "c": "20-25"}, encoding))
        assert intake.records == len(rows)


class TestDbase:
    @pytest.fixture
    def table(self, tmp_path: Path) -> Path:
        path = tmp_path / "malades.dbf"
        spec = "NUM N(8,0); NOM C(20); NE D; ACTIF L; POIDS N(7,2); NOTE M"
        made = dbf.Table(str(path), spec, codepage="cp850", dbf_type="db3")
        made.open(mode=dbf.READ_WRITE)
        made.append((1, "Hélène Ñ", dt.date(1968, 2, 29), True, Decimal("61.50"), "Allergie à l'iode\r\nsuite"))
        made.append((2, "Parti", dt.date(2001, 1, 1), False, Decimal("-0.05"), CANARY))
        made.append((None, "", None, None, None, ""))
        made.append((4, "x" * 20, dt.date(1899, 12, 31), False, Decimal("9999.99"), "é" * 3000))
        dbf.delete(made[1])
        made.close()
        return path

    def test_against_a_third_partys_writer(self, table: Path) -> None:
        rows, intake = read(table, dbase(table))
        kept = [{name.lower(): value for name, value in row.items()} for row in rows]
        assert kept[0] == {
            "num": "1", "nom": "Hélène Ñ", "ne": "19680229", "actif": "T", "poids": "61.50",
            "note": "Allergie à l'iode\r\nsuite",
        }  # fmt: skip
        assert [row["nom"] for row in kept] == ["Hélène Ñ", "x" * 20, ""]
        assert kept[1]["note"] == "é" * 3000
        assert kept[1]["ne"] == "18991231"
        assert kept[2]["num"] is None
        assert kept[2]["ne"] is None
        assert not kept[2]["note"]
        assert intake.records == 3
        assert intake.unmapped > 20  # the deleted record
        assert intake.set_aside == ()

    @pytest.mark.parametrize(
        ("kind", "spec", "value", "told"),
        [
            ("vfp", "A I", 2**31 - 2, "2147483646"),
            ("vfp", "A I", -(2**31) + 1, "-2147483647"),
            ("vfp", "A B", 0.1, "0.1"),
            ("vfp", "A Y", Decimal("-922337203685.5808"), "-922337203685.5808"),
            ("vfp", "A Y", Decimal("0.0001"), "0.0001"),
            ("vfp", "A T", dt.datetime(2019, 3, 1, 8, 30, 15), "2019-03-01 08:30:15.000"),  # noqa: DTZ001
            ("vfp", "A C(254)", "é" * 254, "é" * 254),
            ("vfp", "A M", "Texte œuvre €", "Texte œuvre €"),
            ("fp", "A M", "mémo FoxPro 2", "mémo FoxPro 2"),
            ("db3", "A N(19,4)", Decimal("224.0000"), "224.0000"),
        ],
    )
    def test_types_and_memos(self, tmp_path: Path, kind: str, spec: str, value: object, told: str) -> None:
        path = tmp_path / "t.dbf"
        made = dbf.Table(str(path), spec, codepage="cp1252", dbf_type=kind)
        made.open(mode=dbf.READ_WRITE)
        made.append((value,))
        made.close()
        rows, _ = read(path, dbase(path, "cp1252"))
        assert [list(row.values()) for row in rows] == [[told]]

    def test_foxpros_null_is_no_zero(self, tmp_path: Path) -> None:
        path = tmp_path / "t.dbf"
        spec = "K I; A I null; B B null; N N(5,1); C C(5) null; T T null; L L null; M M null; Y Y null"
        made = dbf.Table(str(path), spec, codepage="cp1252", dbf_type="vfp")
        made.open(mode=dbf.READ_WRITE)
        made.append((1, dbf.Null, dbf.Null, 2.5, *[dbf.Null] * 5))
        made.append((2, 0, 0.0, 0, "", dt.datetime(2019, 1, 1), False, "m", 0))  # noqa: DTZ001
        made.append((3, 0, dbf.Null, 0, "é", dbf.Null, True, dbf.Null, 1))
        made.close()
        rows, _ = read(path, dbase(path, "cp1252"))
        assert [tuple(row.values()) for row in rows] == [
            ("1", None, None, "2.5", None, None, None, None, None),
            ("2", "0", "0", "0.0", "", "2019-01-01 00:00:00.000", "F", "m", "0.0000"),
            ("3", "0", None, "0.0", "é", None, "T", None, "1.0000"),
        ]

    @pytest.mark.parametrize("memory_mb", [512, 64])
    def test_a_memo_file_that_changed_is_refused(self, table: Path, memory_mb: int) -> None:
        def opened() -> Any:
            return open_source(SourceSpec(Engine.FILES, f"files://{table.parent}", {"t": dbase(table)}, memory_mb=memory_mb))

        with closing(opened()) as source:
            token = source.export_snapshot()
        memo = table.with_suffix(".dbt")
        memo.write_bytes(memo.read_bytes().replace(b"Allergie", b"Tolere  "))
        with closing(opened()) as source, pytest.raises(MalformedError, match="not those that the plan was made on"):
            source.adopt_snapshot(token)

    @pytest.mark.parametrize("pointer", [b"9999999999", b"   -000001", b"     1e-05"])
    def test_another_memo_is_not_taken(self, table: Path, pointer: bytes) -> None:
        """A block number past the memo file's end, or that is no number: the record is set aside."""
        data = bytearray(table.read_bytes())
        head, width = struct.unpack_from("<HH", data, 8)
        at = head + width - 10
        assert data[at : at + 10].strip().isdigit()
        data[at : at + 10] = pointer
        table.write_bytes(data)
        rows, intake = read(table, dbase(table))
        assert len(rows) == 2
        [aside] = intake.set_aside
        assert (aside.line, aside.length) == (1, struct.unpack_from("<H", data, 10)[0])

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            (lambda d: b"\x99" + d[1:], "no dBase or FoxPro table"),
            (lambda _: b"", "no dBase or FoxPro table"),
            (lambda d: d[:100], "ends within its header"),
            (lambda d: d[:4] + struct.pack("<I", 2**31) + d[8:], "ends before the records"),
            (lambda d: d[:10] + struct.pack("<H", 3) + d[12:], "do not agree"),
            (lambda d: d[:15] + b"\x01" + d[16:], "encrypted"),
            (lambda d: d[:48] + b"\x00" + d[49:], "field 1 of its header"),
            (lambda d: d[:64] + d[32:64] + d[96:], "two have one name"),
            (lambda d: d[:-40], "ends before the records"),
        ],
    )
    def test_a_damaged_table_is_refused_and_says_nothing_of_it(self, table: Path, change: Any, words: str) -> None:
        table.write_bytes(change(table.read_bytes()))
        with pytest.raises(MalformedError) as caught:
            read(table, dbase(table))
        assert words in str(caught.value)
        assert CANARY not in everything_said(caught.value)

    def test_memos_without_their_file(self, table: Path) -> None:
        table.with_suffix(".dbt").unlink()
        with pytest.raises(MalformedError, match="no memo file beside it"):
            read(table, dbase(table))

    @given(st.data())
    def test_fuzz_mutated_bytes_are_refused_or_accounted_for(self, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
        path = tmp_path_factory.mktemp("fuzz") / "t.dbf"
        head = bytearray(b"\x03" + b"\0" * 3 + struct.pack("<IHH", 3, 97, 12) + b"\0" * 20)
        fields = b"".join(
            name.ljust(11, b"\0") + kind + b"\0" * 4 + bytes((size, 0)) + b"\0" * 14
            for name, kind, size in ((b"A", b"C", 5), (b"B", b"N", 6))
        )
        whole = head + fields + b"\r" + b" abcde 12.50" * 2 + b"*abcde 12.50" + b"\x1a"
        for _ in range(data.draw(st.integers(0, 4))):
            whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
        path.write_bytes(whole[: data.draw(st.integers(0, len(whole)))] if data.draw(st.booleans()) else whole)
        try:
            rows, intake = read(path, dbase(path))
        except EcluseError as error:
            assert isinstance(error, MalformedError)  # noqa: PT017
        else:
            assert intake.records == len(rows)
