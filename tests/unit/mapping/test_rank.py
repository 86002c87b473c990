"""Ranking: figures on four sets of known truth, the unit before the name, reasons given, nothing left to chance."""

import os
import re
from collections.abc import Iterable
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest
from code_parts import code, numbers
from demo.lis.analyses import ANALYSES

from ecluse.domain.codemap import CodeFacts
from ecluse.domain.profile import SourceProfile
from ecluse.mapping.properties import Fit
from ecluse.mapping.rank import Ranker
from ecluse.mapping.table import Table, shipped
from ecluse.wire.documents import read

RANKER = Ranker(shipped())

#: Names, units and LOINC codes of the core set of French hospital data warehouses, from the profiles of
#: github.com/aphp/IG-fhir-dm (before commit 2f95ccb) and ANS's EDSLaboratory: nobody here made them up.
CORE = (
    ("Alanine aminotransférase (ALAT)", "UI/L", "1743-4"), ("Aspartate aminotransférase (ASAT)", "UI/L", "30239-8"),
    ("Bilirubine conjuguée", "µmol/L", "29760-6"), ("Bilirubine totale", "µmol/L", "14631-6"),
    ("Eosinophiles", "10*3/uL", "26449-9"), ("Erythrocytes", "10*6/uL", "789-8"),
    ("Gamma-glutamyl transférase (GGT)", "U/L", "2324-2"), ("Glycémie à jeun", "mmol/L", "14749-6"),
    ("Hémoglobine glyquée", "%", "4548-4"), ("Hématocrite", "%", "4544-3"), ("Hémoglobine", "g/dL", "718-7"),
    ("Leucocytes", "10*3/uL", "6690-2"), ("Lymphocytes", "10*3/uL", "26474-7"), ("Monocytes", "10*3/uL", "26484-6"),
    ("Neutrophiles", "10*3/uL", "26499-4"), ("Phosphatases alcaline", "U/L", "6768-6"),
    ("Plaquettes", "10*3/uL", "777-3"), ("Temps de céphaline activée (TCA)", "s", "14979-9"),
    ("Taux prothrombine (TP)", "%", "5894-1"), ("Urée", "mmol/L", "22664-7"), ("Volume globulaire moyen", "fL", "30428-7"),
)  # fmt: skip


def profile(name: str) -> SourceProfile:
    return read(Path(str(files("ecluse.profiles"))) / f"{name}.yaml").to(SourceProfile)


def measured(known: Iterable[tuple[CodeFacts, str | None]]) -> tuple[int, int, int]:
    """Codes with a truth, how many have it first, how many among the first five."""
    total = first = five = 0
    for facts, truth in known:
        if truth is not None:
            found = [each.term.loinc for each in RANKER.rank(facts, 5)]
            total, first, five = total + 1, first + (found[:1] == [truth]), five + (truth in found)
    return total, first, five


def test_figures_on_the_demo_system() -> None:
    assert measured((code(a.code, a.label, a.unit), a.loinc) for a in ANALYSES) == (36, 36, 36)


def test_figures_on_clinosim_s_names() -> None:
    """Bare English names; units of the half that its data hold. Truth: clinosim's own table, its slips included."""
    units = {
        "Creatinine": "mg/dL", "BUN": "mg/dL", "Na": "mmol/L", "K": "mmol/L", "Cl": "mmol/L", "Ca": "mg/dL", "Glucose": "mg/dL",
        "WBC": "10*3/uL", "Hb": "g/dL", "Plt": "10*3/uL", "CRP": "mg/L", "Hct": "%", "LDL": "mg/dL", "HDL": "mg/dL",
        "TG": "mg/dL", "TC": "mg/dL", "T_Bil": "mg/dL", "Albumin": "g/dL", "TP": "g/dL", "HbA1c": "%", "PT_INR": "{INR}",
    }  # fmt: skip
    clinosim = profile("clinosim")
    known = [(code(name, name, units.get(name, "")), clinosim.loinc_of(name)) for name in clinosim.analyses]
    total, first, five = measured(known)
    assert total == 66
    assert first >= 52
    assert five >= 63


def test_figures_on_the_french_core_set() -> None:
    total, first, five = measured((code(str(n), label, unit), truth) for n, (label, unit, truth) in enumerate(CORE))
    assert (total, five) == (21, 21)
    assert first >= 18


@pytest.mark.real_data
def test_figures_on_iblis() -> None:
    dump = (Path(os.environ["ECLUSE_REAL_DATA"]) / "iblis" / "iblis.sql").read_text(encoding="utf-8")
    body = dump[dump.index("INSERT INTO `measures`") :].partition(";\n")[0]
    rows = re.findall(r"\((\d+), \d+, '((?:[^'\\]|\\.)*)', '((?:[^'\\]|\\.)*)',", body)
    iblis = profile("iblis")
    assert measured((code(n, name, unit.strip()), iblis.loinc_of(n)) for n, name, unit in rows) == (16, 14, 16)


@pytest.mark.parametrize(
    ("label", "unit", "loinc"),
    [
        ("Urée", "g/L", "3091-6"), ("Urée", "mmol/L", "22664-7"), ("Créatinine", "mg/L", "2160-0"),
        ("Créatinine", "µmol/L", "14682-9"), ("Glycémie", "g/L", "2345-7"), ("GLYCEMIE", "MMOL/L", "14749-6"),
        ("CALCIUM", "mmol/l", "2000-8"), ("calcium", "mg/L", "17861-6"), ("T4 libre", "pmol/L", "14920-3"),
        ("T4L", "ng/L", "3024-7"), ("Vitamine D", "nmol/L", "14635-7"), ("Neutrophiles", "%", "770-8"),
        ("γGT", "UI/L", "2324-2"), ("Hb A1c", "mmol/mol", "59261-8"), ("Hb A1c", "%", "4548-4"),
        ("Anti-HBs", "UI/L", "16935-9"), ("Anti HBs", "", "22322-2"),
    ],
)  # fmt: skip
def test_the_unit_tells_which_of_two_codes(label: str, unit: str, loinc: str) -> None:
    assert RANKER.rank(code("1", label, unit))[0].term.loinc == loinc


@pytest.mark.parametrize(
    ("label", "unit", "specimen", "loinc"),
    [
        ("Sodium urinaire", "mmol/L", "", "2955-3"), ("Sodium", "mmol/L", "Urines", "2955-3"), ("Sodium", "mmol/L", "Sérum", "2951-2"),
        ("Natriurèse des 24 heures", "mmol/24h", "", "2956-1"), ("Protéines", "g/L", "LCR", "2880-3"), ("Protéines urinaires", "g/24h", "", "2889-4"),
        ("pH", "", "Urine", "2756-5"), ("Lactates artériels", "mmol/L", "", "2518-9"), ("Glucose", "mmol/L", "LCR", "14744-7"),
    ],
)  # fmt: skip
def test_the_specimen_tells_which(label: str, unit: str, specimen: str, loinc: str) -> None:
    assert RANKER.rank(code("1", label, unit, specimen=specimen))[0].term.loinc == loinc


def test_a_unit_that_cannot_be_puts_a_perfect_name_last() -> None:
    found = RANKER.rank(code("GLY", "Glucose", "mmol/L"), 10)
    fits = [each.fit for each in found]
    assert fits.index(Fit.NO) >= 2
    assert all(fit is Fit.NO for fit in fits[fits.index(Fit.NO) :])
    assert "2345-7" in {each.term.loinc for each in found if each.fit is Fit.NO}


def test_numbers_far_from_the_usual_count_against() -> None:
    usual = code("1", "Urée", "g/L", numbers=100, spreads=numbers("g/L", 0.2, 0.35, 0.9))
    far = replace(usual, spreads=numbers("g/L", 20, 35, 90))
    assert RANKER.rank(usual)[0].score - RANKER.rank(far)[0].score == 30
    assert any("100 times what is usual" in why.en or "70 times" in why.en for why in RANKER.rank(far)[0].because)


def test_words_are_no_quantity_and_numbers_no_presence() -> None:
    words = code("1", "Anti-HBs", numbers=0)
    figures = code("1", "Anti-HBs", numbers=100, spreads=numbers("", 2, 80, 700))
    assert RANKER.rank(words)[0].term.scale == "Ord"
    assert RANKER.rank(figures)[0].term.scale == "Qn"


@pytest.mark.parametrize("label", ["Divers", "Commentaire libre", "Analyse transmise à un confrère", "", "zzz", "1234"])
def test_what_names_no_analysis_gets_no_candidate(label: str) -> None:
    assert RANKER.rank(code("99", label)) == ()


def test_every_candidate_says_why_in_both_languages() -> None:
    for each in RANKER.rank(
        code("CREA", "Créatinine", "µmol/L", numbers=100, spreads=numbers("µmol/L", 50, 80, 150)), 5
    ):
        assert each.because
        english, french = each.candidate("en").because, each.candidate("fr").because
        assert len(english) == len(french)
        assert all(a != b for a, b in zip(english, french, strict=True))
    first = RANKER.rank(code("CREA", "Créatinine", "µmol/L"))[0].candidate()
    assert first.because == ("'Créatinine' is 'créatinine'", "unit µmol/L read as umol/L fits SCnc",
                             "named by the French hospitals' core set")  # fmt: skip


def test_the_order_of_the_table_changes_nothing() -> None:
    table = shipped()
    turned = Ranker(Table(dict(reversed(table.terms.items())), table.name, complete=False))
    for label, unit, _truth in CORE:
        asked = code("1", label, unit)
        assert [r.term.loinc for r in RANKER.rank(asked, 9)] == [r.term.loinc for r in turned.rank(asked, 9)]


def test_deprecated_codes_are_never_proposed_and_discouraged_ones_come_behind() -> None:
    table = shipped()
    old = {**table.terms, "2345-7": replace(table.terms["2345-7"], status="DEPRECATED")}
    found = Ranker(Table(old, "x", complete=False)).rank(code("1", "Glycémie", "g/L"), 10)
    assert found
    assert "2345-7" not in {each.term.loinc for each in found}
    assert [each.term.loinc for each in RANKER.rank(code("1", "LDH", "UI/L"))] == ["14804-9", "2532-0"]
