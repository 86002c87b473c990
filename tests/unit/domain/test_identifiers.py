"""French identifiers against published examples, python-stdnum as oracle, and the national test identities."""

import csv
import json
import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import luhn as oracle_luhn
from stdnum.fr import nir as oracle_nir

from ecluse.domain.identifiers import (
    NIR_PATTERN,
    InsOid,
    NationalKind,
    NirNote,
    Verdict,
    check_adeli,
    check_finess,
    check_ins,
    check_nir,
    check_rpps,
    compact,
    from_national_form,
    ins_oid,
    is_test_identity,
    luhn,
    nir_key,
)

VECTORS = Path(__file__).parents[2] / "vectors" / "identifiers"
NIRS = json.loads((VECTORS / "nir.json").read_text(encoding="utf-8"))
NUMBERS = json.loads((VECTORS / "numbers.json").read_text(encoding="utf-8"))
CHECKS = {"finess": check_finess, "rpps": check_rpps, "adeli": check_adeli}
BODIES = st.from_regex(r"[1-8][0-9]{4}([0-9]{2}|2A|2B)[0-9]{6}", fullmatch=True).filter(str.isascii)


@pytest.mark.parametrize("vector", NIRS, ids=lambda vector: vector["why"])
def test_nir_vectors(vector):
    finding = check_nir(vector["text"], vector.get("key"))
    assert (finding.verdict, finding.notes) == (vector["verdict"], frozenset(vector["notes"]))


@pytest.mark.parametrize("vector", NUMBERS, ids=lambda vector: f"{vector['kind']} {vector['text']}")
def test_number_vectors(vector):
    assert CHECKS[vector["kind"]](vector["text"]) == vector["verdict"]


@given(BODIES)
def test_key_is_stdnums(body):
    assert nir_key(body) == oracle_nir.calc_check_digits(body)
    assert check_nir(body + nir_key(body)).verdict is Verdict.RIGHT


@given(BODIES, st.integers(0, 99))
def test_only_one_key_is_right(body, key):
    number = f"{body}{key:02d}"
    assert (check_nir(number).verdict is Verdict.RIGHT) == oracle_nir.is_valid(number)


@given(st.text(max_size=20))
def test_nothing_raises_on_data(text):
    assert check_nir(text).verdict in Verdict
    assert all(check(text) in Verdict for check in CHECKS.values())
    assert check_ins(text, text).authority is None
    assert from_national_form(text) is None or len(compact(text)) in {10, 12}


@given(st.text("0123456789", min_size=2, max_size=15))
def test_luhn_is_stdnums(digits):
    assert luhn(digits) == oracle_luhn.is_valid(digits)


@given(BODIES)
def test_findings_hold_no_value(body):
    finding = check_nir(body + nir_key(body))
    assert body not in repr(finding)
    assert body[5:] not in repr(finding)


@pytest.mark.parametrize("body", ["", "295109912611193", "2951099X26111", "295109912611", "9951099126111"])
def test_key_of_something_else(body):
    with pytest.raises(ValueError, match="not the 13 characters"):
        nir_key(body)


def test_what_warns():
    assert not check_nir("253072A07300443").warns
    assert check_nir("170017510112313").warns
    assert check_nir("895019912611137").warns
    assert check_nir("2951099126111").warns
    assert NirNote.UNUSUAL_FIRST_DIGIT in check_nir("595019912611137").notes


@pytest.mark.parametrize("vector", NIRS, ids=lambda vector: vector["why"])
def test_pattern_finds_the_shape(vector):
    shaped = re.fullmatch(NIR_PATTERN, vector["text"]) is not None
    assert shaped == (vector["verdict"] != "malformed")


def test_pattern_has_no_look_around():
    assert not re.search(r"\(\?[=!<]", NIR_PATTERN)


@pytest.mark.parametrize(
    ("oid", "authority", "test"),
    [
        ("1.2.250.1.213.1.4.8", InsOid.NIR, False),
        ("urn:oid:1.2.250.1.213.1.4.9", InsOid.NIA, False),
        ("1.2.250.1.213.1.4.10", InsOid.TEST, True),
        (" URN:OID:1.2.250.1.213.1.4.11 ", InsOid.DEMO, True),
        ("1.2.250.1.213.1.4.1", None, False),
        ("1.2.250.1.213.1.4.100", None, False),
        ("", None, False),
    ],
)
def test_ins_authority(oid, authority, test):
    assert ins_oid(oid) is authority
    assert is_test_identity(oid) is test


def test_a_number_without_authority_is_no_ins():
    assert check_ins("295109912611193", InsOid.TEST).acceptable
    assert not check_ins("295109912611193", "").acceptable
    assert not check_ins("295109912611194", InsOid.NIR).acceptable


def test_national_forms():
    assert from_national_form("810001234565") == (NationalKind.RPPS, "10001234565")
    assert from_national_form("1750100125") == (NationalKind.FINESS, "750100125")
    assert from_national_form("12A0000014") == (NationalKind.FINESS, "2A0000014")
    assert from_national_form("10001234565") is None


@pytest.mark.real_data
def test_national_test_identities():
    path = Path(os.environ["ECLUSE_REAL_DATA"]) / "ans-ins" / "ins_test_patients.csv"
    with path.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == 62
    findings = [check_ins(row["ins_nir"], InsOid.TEST) for row in rows]
    assert all(finding.acceptable for finding in findings)
    assert sum(NirNote.CORSICA in finding.number.notes for finding in findings) == 1
