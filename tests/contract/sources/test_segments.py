"""HPRIM Santé and ASTM as sources: fields, continuations, parents; a bad message set aside; every byte accounted for."""

import os
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecluse.adapters.sources import SourceSpec, open_source
from ecluse.domain.errors import ProfileError
from ecluse.domain.files import FileFormat, FileIntake, SourceFile
from ecluse.domain.profile import Engine

SANTE = (
    r"H|~^\&|F1.HPR||PO~LABM||ORU|||HPRIM||P|H2.1~C|201903011200" "\r\n"
    "P|1|398|B1||ÉTÉ~Hélène|NÉE|19680229|F||28 RUE~~PARIS\r\n"
    r"OBR|1|e1~|~D9|TGO~TGO ADVI~L^NA~Sodium~L|S||201903010830||||||||SG|PILO~DR \F\ PITO" "\r\n"
    "A|LIV~L|0468\r\n"
    "OBX|1|NM|NA~Sodium~L||140|mmol/L|135 - 145|N|||F\r\n"
    "C|1|L|sans garrot\r\n"
    "OBX|2|ST|TGO~TGO~L||Voir\r\n"
    "A| suite\r\n"
    "OBR|2|e2|~D10|CRP\r\n"
    "C|1|L|de l'examen\r\n"
    "P|2|399|B2||DUPONT\r\n"
    "OBX|1|NM|K~K~L||4,1\r\n"
    "ZZZ|inconnu\r\n"
    "L|1\r\n"
)
FIELDS = ("H-5.1", "P-3", "P-6.1", "P-6.2", "P-8", "OBR-4.2", "OBR-5[*].1", "OBR-5[2].2", "OBR-17.2", "OBX-4.1", "OBX-6", "OBX-8", "C-4")


def read(
    folder: Path, *fields: str, kind: FileFormat = FileFormat.HPRIM_SANTE, encoding: str = "latin-1", memory_mb: int = 512
) -> tuple[dict[str, list[dict[str, Any]]], FileIntake]:
    file = SourceFile("*.hpr", encoding, format=kind, fields=fields or FIELDS)
    spec = SourceSpec(Engine.FILES, f"files://{quote(str(folder))}", {"m": file}, memory_mb=memory_mb)
    with closing(open_source(spec)) as source:
        source.adopt_snapshot(source.export_snapshot())
        [intake] = source.facts().files
        assert intake.size == sum(path.stat().st_size for path in folder.glob("*.hpr"))
        tables = {name: source.query(f"SELECT * FROM {name} ORDER BY _message, _line").to_pylist() for name in source.tables()}  # type: ignore[attr-defined]
        return tables, intake


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_fields_count_the_name_and_continuations_join_mid_word(tmp_path: Path, end: str) -> None:
    (tmp_path / "a.hpr").write_bytes(SANTE.replace("\r\n", end).encode("latin-1"))
    (tmp_path / "b.hpr").write_bytes((SANTE * 2).encode("latin-1") + b"\x1a")
    tables, intake = read(tmp_path)
    assert [tuple(row.values()) for row in tables["m_p"]][:2] == [
        (1, 1, 2, "398", "ÉTÉ", "Hélène", "19680229"), (1, 1, 9, "399", "DUPONT", None, None),
    ]  # fmt: skip
    assert [(r["_file"], r["_message"]) for r in tables["m_h"]] == [(1, 1), (2, 2), (2, 3)]
    first, second = tables["m_obr"][:2]
    assert (first["obr_4_2"], first["obr_5_all_1"], first["obr_5_r2_2"]) == ("D9", "TGO^NA", "Sodium")
    assert first["obr_17_2"] == "DR | PITOLIV"
    assert (second["obr_4_2"], second["obr_5_all_1"], second["obr_17_2"]) == ("D10", "CRP", None)
    assert [(r["_p"], r["_obr"], r["obx_4_1"], r["obx_6"], r["obx_8"]) for r in tables["m_obx"][:3]] == [
        (2, 3, "NA", "140", "135 - 145"), (2, 3, "TGO", "Voir suite", None), (9, None, "K", "4,1", None),
    ]  # fmt: skip
    assert [(r["_p"], r["_obr"], r["_obx"], r["c_4"]) for r in tables["m_c"][:2]] == [
        (2, 3, 4, "sans garrot"), (2, 7, None, "de l'examen"),
    ]  # fmt: skip
    assert (intake.files, intake.records, intake.set_aside) == (2, 3, ())
    assert intake.unmapped > 0


def test_astm_has_its_own_delimiters(tmp_path: Path) -> None:
    (tmp_path / "a.hpr").write_bytes(
        b"H|\\^&|||ANALYSER\rP|1|PAT1\rO|1|S1||^^^NA\\^^^K|R\rR|1|^^^NA|140|mmol/L|135^145|N\rC|1|I|h&F&molys&E&\rR|2|^^^K|4.1\rL|1|N\r"
    )
    tables, intake = read(tmp_path, "O-3", "O-5[*].4", "R-3.4", "R-4", "C-4", kind=FileFormat.ASTM)
    assert tables["m_o"][0]["o_5_all_4"] == "NA\\K"
    assert [(r["_p"], r["_o"], r["r_3_4"], r["r_4"]) for r in tables["m_r"]] == [(2, 3, "NA", "140"), (2, 3, "K", "4.1")]
    assert [(r["_r"], r["c_4"]) for r in tables["m_c"]] == [(4, "h|molys&")]
    assert intake.records == 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda m: m.replace(b"L|1\r\n", b""), "a message without its end (L)"),
        (lambda m: m[: len(m) // 2], "a message without its end (L)"),
        (lambda m: m.replace(rb"H|~^\&|", b"H||||"), "a message whose H declares no delimiters"),
        (lambda m: m.replace(rb"H|~^\&|", b"H|~~|"), "a message whose H declares no delimiters"),
        (lambda m: m.replace(b"C|1|L", b"ligne coup\xe9e |1|L", 1), "a line that is no segment"),
        (lambda m: m.replace(b"C|1|L", b"C;1;L", 1), "a line that is no segment"),
        (lambda m: m.replace(b"sans", b"s\x00ns", 1), "a line that is no segment"),
    ],
)
def test_a_bad_message_is_set_aside_whole(tmp_path: Path, change: Any, reason: str) -> None:
    good = SANTE.encode("latin-1")
    bad = change(good)
    (tmp_path / "a.hpr").write_bytes(good)
    (tmp_path / "b.hpr").write_bytes(good + bad + (b"" if bad.endswith(b"\n") else b"\r\n") + good)
    tables, intake = read(tmp_path)
    assert len(tables["m_h"]) == intake.records == 3
    [aside] = intake.set_aside
    assert (aside.file, aside.line, aside.byte, aside.reason) == (2, 15, len(good), reason)


def test_a_byte_order_mark_sets_no_message_aside(tmp_path: Path) -> None:
    (tmp_path / "a.hpr").write_bytes(b"\xef\xbb\xbf" + SANTE.encode())
    tables, intake = read(tmp_path, encoding="utf-8")
    assert len(tables["m_p"]) == 2
    assert (intake.records, intake.set_aside) == (1, ())


def test_bytes_outside_the_encoding_and_what_stands_before(tmp_path: Path) -> None:
    (tmp_path / "a.hpr").write_bytes(b"\r\nPatient perdu\r\n" + SANTE.encode("latin-1") + SANTE.replace("É", "E").encode("utf-8"))
    tables, intake = read(tmp_path, encoding="utf-8")
    assert [row["p_6_2"] for row in tables["m_p"]] == ["Hélène", None]
    assert [aside.reason for aside in intake.set_aside] == [
        "a message whose H declares no delimiters", "bytes outside the declared encoding",
    ]  # fmt: skip


@pytest.mark.parametrize("field", ["H-4", "H-4.1", "P-1", "PATIENT-3", "P6", "P-6"])
def test_a_field_that_may_not_be_is_refused(tmp_path: Path, field: str) -> None:
    (tmp_path / "a.hpr").write_bytes(SANTE.encode("latin-1"))
    with pytest.raises(ProfileError, match="password" if field.startswith("H-4") else "fields"):
        read(tmp_path, "P-6", field)


def test_many_messages_in_bounded_passes(tmp_path: Path) -> None:
    (tmp_path / "a.hpr").write_bytes(SANTE.encode("latin-1") * 30_000)
    tables, intake = read(tmp_path, "OBX-6", memory_mb=96)
    assert len(tables["m_obx"]) == 90_000
    assert tables["m_obx"][-1]["_message"] == intake.records == 30_000


PIECES = st.sampled_from([*SANTE.encode("latin-1").splitlines(keepends=True), b"L|1\r\n", b"H|~^\\&|\r\n", b"\x1a", b"A|x\r\n"])


@given(st.lists(st.one_of(PIECES, st.binary(max_size=12), st.just(SANTE.encode("latin-1"))), max_size=25))
def test_fuzz_every_byte_is_accounted_for(tmp_path_factory: pytest.TempPathFactory, parts: list[bytes]) -> None:
    folder = tmp_path_factory.mktemp("fuzz")
    (folder / "a.hpr").write_bytes(b"".join(parts))
    tables, intake = read(folder)
    assert intake.records == len(tables["m_h"])


@given(st.lists(st.tuples(*[st.text(st.characters(codec="cp1252", exclude_characters="|~^\\&\r\n\x1a\x00"), max_size=8)] * 3), min_size=1, max_size=8))
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, str]]) -> None:
    folder = tmp_path_factory.mktemp("round")
    lines = [r"H|~^\&|F", "P|1|N", *(f"OBX|{n}|ST|{a}~{b}~L||{c}" for n, (a, b, c) in enumerate(rows)), "L|1", ""]
    try:
        data = "\r\n".join(lines).encode("cp1252")
    except UnicodeEncodeError:
        return
    (folder / "a.hpr").write_bytes(data)
    tables, intake = read(folder, "OBX-4.1", "OBX-4.2", "OBX-6", encoding="cp1252")
    assert not intake.set_aside
    assert [tuple(row.values())[5:] for row in tables["m_obx"]] == rows


@pytest.mark.real_data
def test_a_real_file(tmp_path: Path) -> None:
    (tmp_path / "a.hpr").write_bytes((Path(os.environ["ECLUSE_REAL_DATA"]) / "hprim" / "libhprim_1.hpr").read_bytes())
    tables, intake = read(tmp_path, "P-3", "OBR-4.2", "OBR-17.4", "OBX-3", "OBX-4.1", "OBX-6", "C-4")
    assert (intake.records, intake.set_aside) == (1, ())
    assert [(row["obx_3"], row["obx_6"]) for row in tables["m_obx"]][:2] == [("NM", "16"), ("NM", "38.2")]
    assert len(tables["m_obx"]) == 3
    assert tables["m_c"][0]["_obx"] == tables["m_obx"][0]["_line"]
    assert tables["m_obr"][0]["obr_4_2"] == "20428E9575"
