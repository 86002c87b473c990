"""French and English unit texts → UCUM: every reading stands before a full UCUM library, and no text is overread."""

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ucumvert import PintUcumRegistry, get_ucum_parser

from ecluse.mapping.properties import Fit, fit
from ecluse.mapping.table import shipped
from ecluse.mapping.ucum import measure
from ecluse.mapping.units import readings

PRINTED = {
    "g/L": "g/L", "g/l": "g/L", "mmol/L": "mmol/L", "µmol/L": "umol/L", "μmol/l": "umol/L", "umol/L": "umol/L",
    "UMOL/L": "umol/L", "MMOL/L": "mmol/L", "MG/L": "mg/L", "nmol/L": "nmol/L", "pmol/L": "pmol/L",
    "T/L": "10*12/L", "T/l": "10*12/L", "10^9/L": "10*9/L", "10*3/uL": "10*3/uL", "10e9/L": "10*9/L", "x10^9/L": "10*9/L",
    "10³/µL": "10*3/uL", "10⁹/L": "10*9/L", "Giga/L": "10*9/L", "M/mm3": "10*6/mm3", "/mm3": "/mm3", "/mm³": "/mm3",
    "UI/l": "[IU]/L", "UI/L": "[IU]/L", "mUI/L": "m[IU]/L", "µUI/mL": "u[IU]/mL", "kUI/L": "k[IU]/L", "U/L": "U/L",
    "U/ml": "U/mL", "IU/L": "[IU]/L", "%": "%", "‰": "[ppth]", "fL": "fL", "fl": "fL", "pg": "pg", "ng/dL": "ng/dL",
    "mg/24h": "mg/(24.h)", "mg/24 h": "mg/(24.h)", "mmol/24h": "mmol/(24.h)", "g/24 heures": "g/(24.h)", "mm/h": "mm/h",
    "mm": "mm", "mL/min": "mL/min", "mL/min/1,73m²": "mL/min/{1.73_m2}", "ml/mn/1.73 m2": "mL/min/{1.73_m2}",
    "mmHg": "mm[Hg]", "kPa": "kPa", "mosm/kg": "mosm/kg", "mOsm/kg": "mosm/kg", "mEq/L": "meq/L", "sec": "s",
    "secondes": "s", "INR": "{INR}", "ratio": "{ratio}", "copies/mL": "{copies}/mL", "UFC/mL": "[CFU]/mL",
    "mg/mmol": "mg/mmol", "mg/L FEU": "mg{FEU}/L", "µg/mL (FEU)": "ug{FEU}/mL", "g/100 mL": "g/dL", "µg/g": "ug/g",
    "cellules/µL": "{cells}/uL", "mcg/L": "ug/L", "{INR}": "{INR}", "[pH]": "[pH]", "m[IU]/L": "m[IU]/L",
}  # fmt: skip


@cache
def parser() -> object:
    return get_ucum_parser()


def valid(unit: str) -> bool:
    try:
        parser().parse(unit)  # type: ignore[attr-defined]
    except Exception:  # noqa: BLE001 - the library has several kinds of refusal
        return False
    return True


@pytest.mark.parametrize(("text", "ucum"), PRINTED.items())
def test_a_printed_unit_is_read_and_is_ucum(text: str, ucum: str) -> None:
    assert readings(text)[0] == ucum
    assert all(valid(unit) for unit in readings(text))


def test_the_library_itself_refuses_what_french_laboratories_print() -> None:
    assert not valid("UI/l")
    assert valid("[IU]/L")


def test_giga_and_gram_are_one_letter_in_capitals() -> None:
    assert readings("G/L") == ("10*9/L", "g/L")
    assert readings("g/L") == ("g/L",)
    assert fit("MCnc", "Qn", readings("G/L"), given=True) == (Fit.YES, "g/L")
    assert fit("NCnc", "Qn", readings("G/L"), given=True) == (Fit.YES, "10*9/L")


@pytest.mark.parametrize(
    "text", ["", " ", "foo", "voir courrier", "g/L/s/x", "%/x", "mg par L", "Négatif", "12,5", "x" * 99]
)
def test_a_text_that_says_nothing_reads_as_nothing(text: str) -> None:
    assert readings(text) == ()


@given(st.text(max_size=12) | st.text("gmµuLl/UIk%d0123456789.*^ ", max_size=10))
def test_whatever_is_read_is_ucum(text: str) -> None:
    for unit in readings(text):
        assert valid(unit), unit
        assert unit.isascii()
        assert not any(c.isspace() for c in unit)


@cache
def registry() -> PintUcumRegistry:
    return PintUcumRegistry()


def amount(unit: str) -> tuple[str, float]:
    """Dimension and size by the library, annotations left out."""
    found = registry().from_ucum(unit).to_base_units()
    return str(found.dimensionality), float(found.magnitude)


@pytest.mark.parametrize(
    "units",
    [
        ("g/L", "mg/L", "mg/dL", "ug/mL", "ng/mL", "ug/L", "kg/L", "g/dL"),
        ("mmol/L", "umol/L", "nmol/mL", "pmol/L", "mol/L"),
        ("/L", "10*9/L", "10*3/uL", "/mm3", "10*12/L", "10*6/mm3", "/mL"),
        ("g/(24.h)", "mg/(24.h)", "ug/min", "g/d"),
        ("fL", "L", "mL", "uL"),
        ("s", "min", "h"),
        ("mm[Hg]", "kPa"),
        ("mm/h", "cm/h"),
        ("mg/g", "ug/g"),
        ("%", "[ppth]"),
        ("[IU]/L", "m[IU]/mL", "k[IU]/L", "u[IU]/mL"),
    ],
)
def test_sizes_are_those_of_the_library(units: tuple[str, ...]) -> None:
    first = units[0]
    ours, theirs = measure(first), amount(first)
    assert ours is not None
    for unit in units[1:]:
        other = measure(unit)
        assert other is not None
        assert (other.of, other.per) == (ours.of, ours.per)
        dimension, size = amount(unit)
        assert dimension == theirs[0]
        assert other.size / ours.size == pytest.approx(size / theirs[1], rel=1e-4)


def test_units_that_differ_in_kind_are_told_apart() -> None:
    kinds = [
        (m.of, m.per) for m in map(measure, ("g/L", "mol/L", "/L", "U/L", "[IU]/L", "%", "g/g", "g/h", "g", "L/h")) if m
    ]
    assert len(set(kinds)) == len(kinds) == 10
    assert measure("furlong/L") is None
    assert measure("g/L/s") is None
    assert measure("mL/min/{1.73_m2}") != measure("mL/min")


def test_every_unit_of_the_table_is_ucum_and_fits_its_property() -> None:
    for term in shipped().terms.values():
        for unit in term.ucum:
            assert valid(unit), (term.loinc, unit)
            assert fit(term.prop, term.scale, (unit,), given=True)[0] is not Fit.NO, (term.loinc, unit)
        if term.low is not None:
            assert term.ucum, term.loinc
