"""HPRIM Médecin as a source: every report read or set aside by its place, every byte accounted for."""

import os
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecluse.adapters.sources import SourceSpec, open_source
from ecluse.domain.errors import MalformedError, ProfileError
from ecluse.domain.files import FileFormat, FileIntake, SourceFile
from ecluse.domain.profile import Engine

FIELDS = (*(f"HDR-{n}" for n in range(1, 13)), "TXT-1", "TEX-2", *(f"RES-{n}" for n in range(2, 15)))
HEAD = ["P1", "ÉTÉ", "Hélène", "1 rue", "", "35000 RENNES", "29/02/1968", "2680235000000 12", "D1", "01/03/2019", "C LABO", "M MEDECIN"]
LAB = ["****LAB****", "TEX|  SODIUM", "TEX", "RES|Sodium|NA|N|140|mmol/L|135|145|N|F|0,14|mol/L|0,135|0,145"]


def report(*lines: str, head: list[str] = HEAD, end: str = "\r\n") -> bytes:
    return "".join(line + end for line in (*head, *lines, "****FIN****")).encode("latin-1")


def read(folder: Path, *fields: str, encoding: str = "latin-1") -> tuple[dict[str, list[dict[str, Any]]], FileIntake]:
    file = SourceFile("*.hpm", encoding, format=FileFormat.HPRIM_MEDECIN, fields=fields or FIELDS)
    with closing(open_source(SourceSpec(Engine.FILES, f"files://{quote(str(folder))}", {"m": file}))) as source:
        source.adopt_snapshot(source.export_snapshot())
        [intake] = source.facts().files
        assert intake.size == sum(path.stat().st_size for path in folder.glob("*.hpm"))
        return {name: source.query(f"SELECT * FROM {name} ORDER BY ALL").to_pylist() for name in source.tables()}, intake  # type: ignore[attr-defined]


def test_header_text_and_results(tmp_path: Path) -> None:
    (tmp_path / "a.hpm").write_bytes(report("", "  SODIUM 140", *LAB) + b"****FINFICHIER****\r\n\x1a")
    (tmp_path / "b.hpm").write_bytes(report("Texte seul", end="\n") + b"\n" + report("Encore", end="\n"))
    tables, intake = read(tmp_path)
    assert [tuple(row.values())[:5] for row in tables["m_hdr"]] == [
        (1, 1, 1, "P1", "ÉTÉ"), (2, 2, 1, "P1", "ÉTÉ"), (2, 3, 1, "P1", "ÉTÉ"),
    ]  # fmt: skip
    assert [row["txt_1"] for row in tables["m_txt"]] == ["\n  SODIUM 140", "Texte seul", "Encore"]
    assert [row["tex_2"] for row in tables["m_tex"]] == ["  SODIUM", None]
    assert [list(row.values())[3:] for row in tables["m_res"]] == [LAB[3].split("|")[1:]]
    assert tables["m_res"][0]["_line"] == 18
    assert (intake.files, intake.records, intake.unmapped, intake.set_aside) == (2, 3, 0, ())


def test_blank_lines_before_a_report_and_a_blank_first_line(tmp_path: Path) -> None:
    head = ["", *HEAD[1:]]
    (tmp_path / "a.hpm").write_bytes(report("un", head=head) + b"\r\n\r\n" + report("deux", head=head) + b"\r\n****FINFICHIER****\r\n")
    tables, intake = read(tmp_path)
    assert [(row["hdr_1"], row["hdr_2"], row["hdr_10"]) for row in tables["m_hdr"]] == [("", "ÉTÉ", "01/03/2019")] * 2
    assert (intake.records, intake.set_aside) == (2, ())


def test_a_byte_order_mark_is_no_part_of_the_patients_code(tmp_path: Path) -> None:
    text = report("un", *LAB).decode("latin-1").encode()
    (tmp_path / "a.hpm").write_bytes(b"\xef\xbb\xbf" + text)
    tables, intake = read(tmp_path, encoding="utf-8")
    assert [row["hdr_1"] for row in tables["m_hdr"]] == ["P1"]
    assert (intake.records, intake.set_aside) == (1, ())
    with pytest.raises(MalformedError, match="begins as UTF-8 does"):
        read(tmp_path)


def test_what_no_column_takes_is_unmapped(tmp_path: Path) -> None:
    (tmp_path / "a.hpm").write_bytes(report("Texte", *LAB))
    tables, intake = read(tmp_path, "RES-3", "RES-5", "HDR-9")
    assert set(tables) == {"m_res", "m_hdr"}
    assert intake.mapped == len("NA") + len("140") + len("D1")
    assert intake.unmapped > intake.mapped


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (report("x", head=[*HEAD[:2], "2e prénom", *HEAD[2:]]), "a header whose dates are not in their places"),
        (report("y", head=["", *["x"] * 5, "", "", "x", "", "", "x"]), "a header that may begin at several lines"),
        (report(head=HEAD[:6]), "a report with fewer than twelve header lines"),
        (report("x")[:-13], "a report without its end"),
        (report("x")[:-13] + b"****FINFICHIER****\r\n", "a report without its end"),
        (report("****LAB****", "RES;Sodium"), "a line after LAB that is neither TEX nor RES"),
        (report("****LAB****", "suite de la ligne"), "a line after LAB that is neither TEX nor RES"),
        (report("x" * (17 << 20)), "a report that does not end within 16 MiB"),
    ],
)
def test_a_bad_report_is_set_aside_whole(tmp_path: Path, bad: bytes, reason: str) -> None:
    (tmp_path / "a.hpm").write_bytes(report("avant"))
    (tmp_path / "b.hpm").write_bytes(report("un", end="\n") + bad)
    (tmp_path / "c.hpm").write_bytes(report("après"))
    tables, intake = read(tmp_path)
    assert [row["txt_1"] for row in tables["m_txt"]] == ["avant", "un", "après"]
    [aside] = intake.set_aside
    assert (aside.file, aside.byte, aside.reason) == (2, len(report("un", end="\n")), reason)
    assert aside.line == 15
    assert aside.length == len(bad)


@pytest.mark.parametrize("more", [1, 4, (1 << 20) + 3])
def test_a_line_above_a_mebibyte_is_never_cut_in_two(tmp_path: Path, more: int) -> None:
    long = "RES|" + "x" * ((1 << 20) - 4) + "RES|fake|FK|N|1"[:more].ljust(more, "y")
    bad = report("Texte", *LAB, long)
    (tmp_path / "a.hpm").write_bytes(report("un", *LAB) + bad + b"****FINFICHIER****\r\n")
    (tmp_path / "b.hpm").write_bytes(bad.removesuffix(b"****FIN****\r\n") + b"****FINFICHIER****\r\n")
    (tmp_path / "c.hpm").write_bytes(report("deux", *LAB))
    tables, intake = read(tmp_path)
    assert [row["txt_1"] for row in tables["m_txt"]] == ["un", "deux"]
    assert [row["res_3"] for row in tables["m_res"]] == ["NA", "NA"]
    assert [(aside.file, aside.line, aside.reason) for aside in intake.set_aside] == [
        (1, 19, "a line of more than 1 MiB"), (2, 1, "a line of more than 1 MiB"),
    ]  # fmt: skip
    assert intake.set_aside[0].length == len(bad)


def test_bytes_outside_the_encoding(tmp_path: Path) -> None:
    (tmp_path / "a.hpm").write_bytes(report("Été"))
    tables, intake = read(tmp_path, encoding="utf-8")
    assert tables["m_hdr"] == []
    assert intake.set_aside[0].reason == "bytes outside the declared encoding"


@pytest.mark.parametrize("field", ["HDR-13", "RES-1", "TXT-2", "OBX-5", "RES-3.1", "hdr-1"])
def test_a_field_that_is_none_is_refused(tmp_path: Path, field: str) -> None:
    (tmp_path / "a.hpm").write_bytes(report())
    with pytest.raises(ProfileError) as caught:
        read(tmp_path, field)
    assert "fields" in str(caught.value)


@given(st.lists(st.one_of(
    st.sampled_from([b"****LAB****", b"****FIN****", b"****FINFICHIER****", b"RES|a|b", b"TEX", b"", *(h.encode("latin-1") for h in HEAD)]),
    st.binary(max_size=20),
    st.just(report("x", *LAB)),
), max_size=30), st.sampled_from([b"\n", b"\r\n", b"\r"]))  # fmt: skip
def test_fuzz_every_byte_is_accounted_for(tmp_path_factory: pytest.TempPathFactory, parts: list[bytes], end: bytes) -> None:
    folder = tmp_path_factory.mktemp("fuzz")
    (folder / "a.hpm").write_bytes(end.join(parts))
    tables, intake = read(folder)
    assert intake.records == len(tables["m_hdr"]) == len(tables["m_txt"])


@pytest.mark.real_data
def test_a_real_file(tmp_path: Path) -> None:
    real = Path(os.environ["ECLUSE_REAL_DATA"]) / "hprim" / "fmf_hprim_medecin_1.hpm"
    (tmp_path / "a.hpm").write_bytes(real.read_bytes())
    tables, intake = read(tmp_path)
    assert (intake.records, intake.unmapped, intake.set_aside) == (1, 0, ())
    assert len(tables["m_tex"]) == 10
    assert [(row["res_3"], row["res_4"], row["res_5"], row["res_6"]) for row in tables["m_res"]] == [
        ("IGET 000", "N", "164", "UI/ml"), ("IGET 005", "A", None, None),
    ]  # fmt: skip
