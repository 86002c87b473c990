"""JSON, Parquet and Excel as sources: what is kept, what is set aside, what is refused, and every byte's account."""

import datetime as dt
import io
import json
import zipfile
from collections.abc import Mapping
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlwt
from hypothesis import given
from hypothesis import strategies as st
from source_kinds import CANARY, ROWS, everything_said

from ecluse.adapters.sources import SourceSpec, open_source
from ecluse.domain.errors import EcluseError, MalformedError, ProfileError
from ecluse.domain.files import FileFormat, FileIntake, SourceFile
from ecluse.domain.profile import Engine

Tables = Mapping[str, list[dict[str, Any]]]


def read(path: Path, file: SourceFile, *tables: str, memory_mb: int = 512) -> tuple[Tables, FileIntake]:
    spec = SourceSpec(Engine.FILES, f"files://{quote(str(path.parent))}", {"t": file}, memory_mb=memory_mb)
    with closing(open_source(spec)) as source:
        source.adopt_snapshot(source.export_snapshot())
        rows = {name: source.query(f'SELECT * FROM "{name}" ORDER BY ALL').to_pylist() for name in tables or ("t",)}
        [intake] = source.facts().files
        assert intake.size == path.stat().st_size
        return rows, intake


class TestJson:
    @staticmethod
    def declared(path: Path, *fields: str) -> SourceFile:
        return SourceFile(path.name, format=FileFormat.JSON, fields=fields)

    @pytest.mark.parametrize("memory_mb", [512, 64])
    def test_lines_keep_digits_and_tell_absent_from_empty(self, tmp_path: Path, memory_mb: int) -> None:
        path = tmp_path / "r.ndjson"
        path.write_text(
            '{"id": 1, "nom": "Hélène 🧪", "p": {"v": 224.000, "u": ""}}\n\n{"id":2,"nom":null,"p":{"v":1E400,"ok":true}}\r\n'
            '{"id": 3, "p": [1], "nom": {"a": 1}}',
            encoding="utf-8",
        )
        rows, intake = read(path, self.declared(path, "id", "nom", "p.v", "p.u", "p.ok"), memory_mb=memory_mb)
        assert [tuple(row.values()) for row in rows["t"]] == [
            (1, "1", "Hélène 🧪", "224.000", "", None), (2, "2", None, "1E400", None, "true"), (3, "3", None, None, None, None),
        ]  # fmt: skip
        assert (intake.records, intake.set_aside) == (3, ())
        assert intake.unmapped == len('{"id": 3, "p": [1], "nom": {"a": 1}}')  # its values are in no column

    def test_lists_are_tables_of_their_own(self, tmp_path: Path) -> None:
        path = tmp_path / "r.json"
        path.write_text('[{"id": "a", "res": [{"c": "NA", "v": ["1.0", "2"]}, {"c": ""}]},\n {"id": "b", "res": []}]')
        fields = ("id", "res[].c", "res[].v[]")
        rows, intake = read(path, self.declared(path, *fields), "t", "t_res", "t_res_v")
        assert rows["t"] == [{"_record": 1, "id": "a"}, {"_record": 2, "id": "b"}]
        assert rows["t_res"] == [{"_record": 1, "_item": 1, "c": "NA"}, {"_record": 1, "_item": 2, "c": ""}]
        assert [row["value"] for row in rows["t_res_v"]] == ["1.0", "2"]
        assert (intake.records, intake.unmapped) == (2, 0)

    @pytest.mark.parametrize(
        ("line", "reason"),
        [
            ('{"id": ' + CANARY, "no JSON"),
            (f'{{"id": "{CANARY}", "id": 2}}', "a name that stands twice in one object"),
            ('{"id": NaN}', "no JSON"),
            (f'["{CANARY}"]', "a record that is no object"),
            ('{"a":' * 255 + "1" + "}" * 255, "nested too deeply"),
            ('{"a":' * 100_000, "nested too deeply"),
            ('{"id": "\\ud800"}', "half a character"),
        ],
    )
    def test_a_bad_line_is_set_aside_by_line_and_byte(self, tmp_path: Path, line: str, reason: str) -> None:
        path = tmp_path / "r.ndjson"
        path.write_bytes(b'{"id": 1}\n  ' + line.encode() + b'\n{"id": 3}\n')
        rows, intake = read(path, self.declared(path, "id"))
        assert [row["id"] for row in rows["t"]] == ["1", "3"]
        [aside] = intake.set_aside
        assert (aside.line, aside.byte, aside.length, aside.reason) == (2, 12, len(line.encode()), reason)

    def test_bytes_that_are_no_utf8(self, tmp_path: Path) -> None:
        path = tmp_path / "r.ndjson"
        path.write_bytes(b'{"id": "\xe9"}\n{"id": "\xc3\xa9"}\n')
        rows, intake = read(path, self.declared(path, "id"))
        assert [row["id"] for row in rows["t"]] == ["é"]
        assert intake.set_aside[0].reason == "bytes that are no UTF-8"

    @pytest.mark.parametrize("rest", ['[{"id": 2}]', '\n{"id": 2}', "]", "\n\n x"])
    def test_nothing_behind_a_list_is_lost(self, tmp_path: Path, rest: str) -> None:
        """Lines of lists, or two lists in one file: what stands behind the first would be read by nobody."""
        path = tmp_path / "r.json"
        path.write_text(f'[{{"id": 1}}]\n{rest}')
        with pytest.raises(MalformedError, match="the list ends before the file does") as caught:
            read(path, self.declared(path, "id"))
        assert caught.value.location.line == 2 + (len(rest) - len(rest.lstrip("\n")))  # type: ignore[union-attr]

    def test_a_broken_list_is_refused_by_its_line(self, tmp_path: Path) -> None:
        path = tmp_path / "r.json"
        path.write_text(f'[{{"id": 1}},\n{{"id": "{CANARY}"')
        with pytest.raises(MalformedError, match="does not parse from here on") as caught:
            read(path, self.declared(path, "id"))
        assert "r.json:2" in str(caught.value)
        assert CANARY not in everything_said(caught.value)

    @pytest.mark.parametrize("fields", [("id", "id"), ("a..b",), ("[].a",), ("a.b", "a_b")])
    def test_a_path_that_is_none_is_refused(self, tmp_path: Path, fields: tuple[str, ...]) -> None:
        path = tmp_path / "r.ndjson"
        path.write_text("{}\n")
        with pytest.raises(ProfileError, match=r"fields\["):
            read(path, self.declared(path, *fields))

    @given(st.lists(st.one_of(st.binary(max_size=40), st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda part: st.lists(part, max_size=3) | st.dictionaries(st.sampled_from(["id", "a", "b"]), part, max_size=3),
        max_leaves=6,
    ).map(lambda value: json.dumps(value).encode())), max_size=8))  # fmt: skip
    def test_fuzz_every_byte_is_accounted_for(self, tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]) -> None:
        path = tmp_path_factory.mktemp("fuzz") / "r.ndjson"
        path.write_bytes(b"{}\n" + b"\n".join(lines))
        rows, intake = read(path, self.declared(path, "id", "a.b", "b[].a"), "t", "t_b")
        assert intake.records == len(rows["t"])


class TestParquet:
    @staticmethod
    def declared(path: Path) -> SourceFile:
        return SourceFile(path.name, format=FileFormat.PARQUET)

    def table(self, rows: int = 3) -> pa.Table:
        return pa.table({
            "id": pa.array(range(rows), pa.int32()),
            "v": pa.array([Decimal("224.000")] * rows, pa.decimal128(12, 3)),
            "d": pa.array([dt.date(1968, 2, 29)] * rows),
            "c": pa.array(["NA", None, ""] * (rows // 3)).dictionary_encode(),
            "l": pa.array([[1, 2]] * rows),
            "t": pa.array([dt.datetime(2019, 3, 1, 8, 30)] * rows, pa.timestamp("ms")),  # noqa: DTZ001
        })  # fmt: skip

    @pytest.mark.parametrize(("rows", "memory_mb"), [(3, 512), (300_000, 64)])
    def test_types_are_kept_and_nested_columns_left(self, tmp_path: Path, rows: int, memory_mb: int) -> None:
        path = tmp_path / "r.parquet"
        pq.write_table(self.table(rows), path, row_group_size=100_000)
        spec = SourceSpec(Engine.FILES, f"files://{tmp_path}", {"t": self.declared(path)}, memory_mb=memory_mb)
        with closing(open_source(spec)) as source:
            found = source.query("SELECT * FROM t ORDER BY id LIMIT 3")
            [counted] = source.query("SELECT count(*) AS n FROM t").to_pylist()
            [intake] = source.facts().files
        assert found.column("v").type == pa.decimal128(12, 3)
        assert found.drop_columns(["d", "t", "v"]).to_pylist() == [
            {"id": 0, "c": "NA"}, {"id": 1, "c": None}, {"id": 2, "c": ""},
        ]  # fmt: skip
        assert found.column("t").to_pylist()[0] == dt.datetime(2019, 3, 1, 8, 30)  # noqa: DTZ001
        assert counted["n"] == intake.records == rows
        assert intake.unmapped > 0
        assert intake.mapped > 0

    @pytest.mark.parametrize("damage", [b"", b"PAR1", b"PAR1" * 40, None])
    def test_damage_is_refused(self, tmp_path: Path, damage: bytes | None) -> None:
        path = tmp_path / "r.parquet"
        pq.write_table(self.table(), path, write_page_checksum=True, compression="none")
        whole = path.read_bytes()
        path.write_bytes(damage if damage is not None else whole.replace(b"NA", b"NB", 1))
        with pytest.raises(MalformedError) as caught:
            read(path, self.declared(path))
        assert "r.parquet" in str(caught.value)

    @given(st.data())
    def test_fuzz_mutated_bytes_are_refused_or_read(self, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
        path = tmp_path_factory.mktemp("fuzz") / "r.parquet"
        made = io.BytesIO()
        pq.write_table(self.table(), made, write_page_checksum=True)
        whole = bytearray(made.getvalue())
        for _ in range(data.draw(st.integers(1, 4))):
            whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
        path.write_bytes(whole)
        try:
            read(path, self.declared(path))
        except EcluseError as error:
            assert CANARY not in everything_said(error)  # noqa: PT017


class TestExcel:
    @staticmethod
    def declared(path: Path, part: str = "") -> SourceFile:
        return SourceFile(path.name, format=FileFormat.EXCEL, part=part)

    def book(self, path: Path) -> Path:
        made = openpyxl.Workbook()
        sheet = made.active
        assert sheet is not None
        sheet.title = "Malades"
        sheet.append(["id", "nom", "né le", "vu", "valeur", "actif"])
        sheet.append([1, "Hélène 🧪", dt.date(1968, 2, 29), dt.datetime(2019, 3, 1, 8, 30), 13.3, True])  # noqa: DTZ001
        sheet.append(["0007", "", None, None, 224, False])
        made.save(path)
        return path

    @pytest.mark.parametrize("part", ["", "Malades"])
    def test_cells_as_text(self, tmp_path: Path, part: str) -> None:
        path = self.book(tmp_path / "m.xlsx")
        rows, intake = read(path, self.declared(path, part))
        assert [tuple(row.values()) for row in rows["t"]] == [
            ("0007", "", "", "", "224", "false"),
            ("1", "Hélène 🧪", "1968-02-29", "2019-03-01 08:30:00", "13.3", "true"),
        ]
        assert (intake.records, intake.mapped) == (2, path.stat().st_size)

    def test_error_cells_come_as_they_show(self, tmp_path: Path) -> None:
        """Empty would be a value that nobody measured, where somebody's formula failed."""
        path = tmp_path / "m.xlsx"
        made = openpyxl.Workbook()
        made.create_sheet("Autre").append(["#REF!", "#REF!", "#REF!"])
        sheet = made.create_sheet("Malades")
        for place, cells in enumerate((("id", "valeur", "note"), (1, "#N/A", ""), (2, 5, "#DIV/0!"), (3, None, "#N/A")), 3):
            for column, cell in enumerate(cells, 28):
                sheet.cell(place, column, cell)
        sheet.cell(6, 30).data_type = "s"  # somebody typed it
        made.save(path)
        rows, _ = read(path, self.declared(path, "Malades"))
        assert [tuple(row.values()) for row in rows["t"]] == [
            ("1", "#N/A", ""), ("2", "5", "#DIV/0!"), ("3", "", "#N/A"),
        ]  # fmt: skip

    def test_error_cells_of_an_open_document_too(self, tmp_path: Path) -> None:
        cell = '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>'
        failed = (
            '<table:table-cell table:formula="of:=1/0" office:value-type="string" office:string-value="" '
            'calcext:value-type="error" table:number-columns-repeated="{}"><text:p>#DIV/0!</text:p></table:table-cell>'
        )
        names = "".join(map(cell.format, ("id", "a", "b")))
        spaces = " ".join(
            f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
        )
        content = (
            f'<office:document-content {spaces} xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0">'
            f'<office:body><office:spreadsheet><table:table table:name="A"><table:table-row>{names}</table:table-row>'
            f'<table:table-row>{cell.format(1)}{failed.format(2)}</table:table-row>'
            f'<table:table-row>{cell.format(2)}{cell.format("x")}{failed.format(1)}</table:table-row>'
            "</table:table></office:spreadsheet></office:body></office:document-content>"
        )
        path = tmp_path / "m.ods"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
            archive.writestr("content.xml", content)
            archive.writestr("META-INF/manifest.xml", '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>')
        rows, _ = read(path, self.declared(path))
        assert [tuple(row.values()) for row in rows["t"]] == [("1", "#DIV/0!", "#DIV/0!"), ("2", "x", "#DIV/0!")]

    def test_more_rows_than_a_batch(self, tmp_path: Path) -> None:
        path = tmp_path / "m.xlsx"
        made = openpyxl.Workbook(write_only=True)
        sheet = made.create_sheet("A")
        sheet.append(["n"])
        for number in range(20_003):
            sheet.append([number])
        made.save(path)
        rows, intake = read(path, self.declared(path))
        assert {row["n"] for row in rows["t"]} == {str(number) for number in range(20_003)}
        assert intake.records == len(rows["t"])

    def test_the_old_format_too(self, tmp_path: Path) -> None:
        path = tmp_path / "m.xls"
        made = xlwt.Workbook()
        sheet = made.add_sheet("A")
        for place, cells in enumerate((("id", "note"), ("1", "l'été"), (2.5, ""))):
            for column, cell in enumerate(cells):
                sheet.write(place, column, cell)
        made.save(str(path))
        rows, _ = read(path, self.declared(path))
        assert rows["t"] == [{"id": "1", "note": "l'été"}, {"id": "2.5", "note": ""}]

    def test_hostile_values_come_as_they_are(self, tmp_path: Path) -> None:
        path = tmp_path / "m.xlsx"
        made = openpyxl.Workbook(write_only=True)
        sheet = made.create_sheet("A")
        sheet.append(["id", "name", "note"])
        kept = [row for row in ROWS if len(row[1] or "") < 30_000]  # Excel's own limit of a cell
        for number, name, note, _ in kept:
            sheet.append([str(number), name, note])
        made.save(path)
        rows, _ = read(path, self.declared(path))
        # whether openpyxl keeps a carriage return depends on whether lxml is there; tests/format_writers.py writes them
        found = {row["id"]: (row["name"], row["note"].replace("\r\n", "\n")) for row in rows["t"]}
        assert found == {str(n): ((name or "").replace("\r\n", "\n"), (note or "").replace("\r\n", "\n")) for n, name, note, _ in kept}

    @pytest.mark.parametrize(
        ("change", "part", "words"),
        [
            (lambda _: b"", "", "no workbook"),
            (lambda d: d[: len(d) // 2], "", "damaged"),
            (lambda _: b"PK\x03\x04" + b"\0" * 100, "", "damaged"),
            (lambda _: CANARY.encode() * 100, "", "no workbook"),
            (lambda d: d, "Autre", "no sheet of that name"),
        ],
    )
    def test_what_is_no_workbook_is_refused(self, tmp_path: Path, change: Any, part: str, words: str) -> None:
        path = self.book(tmp_path / "m.xlsx")
        path.write_bytes(change(path.read_bytes()))
        with pytest.raises(MalformedError, match=words) as caught:
            read(path, self.declared(path, part))
        assert CANARY not in everything_said(caught.value)

    def test_an_archive_that_unpacks_to_gigabytes_is_not_opened(self, tmp_path: Path) -> None:
        path = self.book(tmp_path / "m.xlsx")
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr("xl/bomb.xml", b"x")
        data = bytearray(path.read_bytes())
        at = data.rindex(b"xl/bomb.xml") - 46  # its entry in the archive's directory
        data[at + 24 : at + 28] = (3 << 30).to_bytes(4, "little")
        path.write_bytes(data)
        with pytest.raises(MalformedError, match="more than 2 GiB"):
            read(path, self.declared(path))

    @pytest.mark.parametrize("names", [["id", "ID"], ["id", " "], []])
    def test_columns_need_names(self, tmp_path: Path, names: list[str]) -> None:
        path = tmp_path / "m.xlsx"
        made = openpyxl.Workbook(write_only=True)
        made.create_sheet("A").append(names)
        made.save(path)
        with pytest.raises(MalformedError):
            read(path, self.declared(path))
