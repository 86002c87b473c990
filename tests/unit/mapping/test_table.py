"""The LOINC table that ships, what its licence asks, and the user's own table in the official columns."""

import csv
from importlib.resources import files
from pathlib import Path

import pytest
from code_parts import OFFICIAL, code, official, row

from ecluse.domain.categories import is_loinc
from ecluse.domain.errors import MalformedError
from ecluse.mapping.rank import Ranker
from ecluse.mapping.suggest import wanted
from ecluse.mapping.table import Wanted, drifted, read_official, shipped

ASKED = ("LOINC_NUM", "COMPONENT", "PROPERTY", "TIME_ASPCT", "SYSTEM", "SCALE_TYP", "METHOD_TYP", "STATUS", "SHORTNAME")
ROWS = list(csv.DictReader((files("ecluse.mapping") / "loinc.tsv").read_text(encoding="utf-8").splitlines(), delimiter="\t",
                           quoting=csv.QUOTE_NONE))  # fmt: skip
NOTHING = Wanted.of(())


@pytest.mark.parametrize("given", ROWS, ids=lambda given: given["LOINC_NUM"])
def test_a_row_holds_what_the_licence_asks(given: dict[str, str]) -> None:
    assert is_loinc(given["LOINC_NUM"])
    assert all(given[name] for name in ASKED if name != "METHOD_TYP")
    assert given["LABELS_FR"]
    assert given["READ"] in {"2.82", "top", "general"}
    assert given["STATUS"] in {"ACTIVE", "DISCOURAGED"}
    if given["LOW"]:
        assert float(given["LOW"]) <= float(given["HIGH"])
        assert given["SCALE_TYP"] == "Qn"


def test_no_code_twice_and_the_notice_lies_beside() -> None:
    codes = [given["LOINC_NUM"] for given in ROWS]
    assert len(set(codes)) == len(codes) == len(shipped().terms) >= 300
    notice = (files("ecluse.mapping") / "LOINC_short_license.txt").read_text(encoding="utf-8")
    for words in ("This material contains content from LOINC", "http://loinc.org/license", 'PROVIDED "AS IS."'):
        assert words in notice


def test_the_users_table_is_ranked_over_with_its_french_names(tmp_path: Path) -> None:
    loinc = official(tmp_path / "Loinc.csv", [
        row("14933-6", "Urate", PROPERTY="SCnc", SHORTNAME="Urate SerPl-sCnc", COMMON_TEST_RANK="200"),
        row("13834-7", "Chromium", SHORTNAME="Chromium Ser-mCnc", EXAMPLE_UCUM_UNITS="ug/L"),
        row("99999-9", "Chromium", CLASSTYPE="2"),
        row("5589-7", "Zinc", RELATEDNAMES2="Zn; zincemia"),
        row("1-8", "Old chromium", STATUS="DEPRECATED"),
    ])  # fmt: skip
    columns = ("LOINC_NUM", "COMPONENT", "LinguisticVariantDisplayName")
    french = official(tmp_path / "frFR18LinguisticVariant.csv", [
        {"LOINC_NUM": "13834-7", "COMPONENT": "Chrome"}, {"LOINC_NUM": "5589-7", "COMPONENT": "Zinc"},
    ], columns)  # fmt: skip
    asked = [code("CR", "Chrome sérique", "µg/L"), code("77", "Dosage du chromium")]
    table = read_official(loinc, french, wanted(asked))
    assert set(table.terms) == {"14933-6", "13834-7", "1-8"}
    assert table.complete
    ranker = Ranker(table)
    assert [r.term.loinc for r in ranker.rank(asked[0])] == ["13834-7"]
    assert [r.term.loinc for r in ranker.rank(asked[1])] == ["13834-7"]
    without = read_official(loinc, None, wanted(asked[:1]))
    assert not [r for r in Ranker(without).rank(asked[0]) if r.term.loinc == "1-8"]


def test_a_known_code_is_kept_whatever_its_name(tmp_path: Path) -> None:
    loinc = official(tmp_path / "Loinc.csv", [row("5589-7", "Zinc", CLASSTYPE="2"), row("13834-7", "Chromium")])
    table = read_official(loinc, None, NOTHING, frozenset({"5589-7"}))
    assert set(table.terms) == {"5589-7"}


def test_where_the_shipped_table_differs_from_the_official_is_said(tmp_path: Path) -> None:
    ours = shipped().terms
    fields = {"PROPERTY": "prop", "TIME_ASPCT": "time", "SYSTEM": "system", "SCALE_TYP": "scale", "METHOD_TYP": "method",
              "STATUS": "status", "SHORTNAME": "short"}  # fmt: skip
    same = [row(c, t.component, **{name: getattr(t, field) for name, field in fields.items()}) for c, t in ours.items()]
    assert drifted(read_official(official(tmp_path / "a.csv", same), None, NOTHING)) == ()
    changed = [
        r | {"STATUS": "DEPRECATED"} if r["LOINC_NUM"] == "2345-7" else r for r in same if r["LOINC_NUM"] != "718-7"
    ]
    told = drifted(read_official(official(tmp_path / "b.csv", changed), None, NOTHING))
    assert set(told) == {("2345-7", "status"), ("718-7", "loinc")}


@pytest.mark.parametrize(
    ("data", "told", "line"),
    [
        (b"", "no column", 1),
        (b"a;b\n1;2\n", "no column", 1),
        (",".join(OFFICIAL).encode() + b"\n" + b"x," * 40 + b"\n", "more fields than columns", 2),
        (b"\xff\xfe\x00", "not a CSV file in UTF-8", None),
    ],
)
def test_another_file_is_refused_with_its_place(tmp_path: Path, data: bytes, told: str, line: int | None) -> None:
    path = tmp_path / "Loinc.csv"
    path.write_bytes(data)
    with pytest.raises(MalformedError, match=told) as caught:
        read_official(path, None, NOTHING)
    assert caught.value.location
    assert caught.value.location.file == str(path)
    assert caught.value.location.line == line
    with pytest.raises(MalformedError, match="cannot be read"):
        read_official(tmp_path / "absent.csv", None, NOTHING)
