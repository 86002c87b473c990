"""The demo's legacy LIS: reference and rows agree, markers stand where a leak would show, the dirt is there."""

import datetime as dt
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from demo.legacy_lis import EXCLUDED_PATIENTS, Built, Scope, build, main
from demo.lis.analyses import BY_CODE
from demo.lis.schema import TABLES, columns
from stdnum import luhn
from stdnum.fr import nir

DEMO = Path(__file__).resolve().parents[3] / "demo"
OUT, IN = "HORS-ORDRE-", "DANS-ORDRE-"
NEVER = (
    "SITES", "UTILISATEURS", "MEDECINS", "PRELEVEURS", "MUTUELLES", "ANALYSES", "PORTAIL", "TUBES", "COMMENTAIRES",
    "COMPTES_RENDUS",
)  # fmt: skip


def _rows(path, sql, *parameters):
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(sql, parameters)]


def _column(path, table, column):
    return [row[column] for row in _rows(path, f"SELECT {column} FROM {table}")]


def _dump(path):
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


def _marked(row, marker=OUT):
    return any(isinstance(value, str) and marker in value for value in row.values())


@pytest.fixture(scope="module")
def base(tmp_path_factory) -> Built:
    return build(tmp_path_factory.mktemp("lis") / "base.sqlite", patients=400, seed=7)


@pytest.fixture(scope="module")
def marked_inside(tmp_path_factory) -> Built:
    path = tmp_path_factory.mktemp("lis") / "inside.sqlite"
    return build(path, patients=120, scope=Scope(mark_in_scope=True, mark_raw_value=True))


def test_default_size(tmp_path):
    built = build(tmp_path / "default.sqlite")
    assert built.rows["PATIENTS"] == 2000
    assert built.rows["DOSSIERS"] == 12000
    assert 85_000 < built.rows["RESULTATS"] < 95_000
    for table, rows in built.rows.items():
        assert _rows(built.path, f"SELECT count(*) AS n FROM {table}")[0]["n"] == rows


def test_same_seed_same_content_other_seed_other_content(tmp_path):
    first, again, other = (
        build(tmp_path / f"{name}.sqlite", patients=30, seed=seed).path for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )
    assert _dump(first) == _dump(again)
    assert _dump(first) != _dump(other)


@pytest.mark.parametrize("patients", [1, 2, 50])
def test_small_bases_agree_with_themselves(tmp_path, patients):
    built = build(tmp_path / "small.sqlite", patients=patients)
    assert set(built.expected["request"]) | set(built.out_of_scope["request"]) == set(
        map(str, _column(built.path, "DOSSIERS", "ID_DOSSIER"))
    )


def _is_day(text):
    try:
        dt.datetime.strptime(text, "%Y%m%d")  # noqa: DTZ007
    except (TypeError, ValueError):
        return False
    return len(text) == 8


def test_reference_equals_a_second_reading_of_the_file(base):
    """Written apart from the generator: the file alone, joined in plain Python."""
    dossiers = {
        row["ID_DOSSIER"]: row
        for row in _rows(base.path, "SELECT * FROM DOSSIERS")
        if _is_day(row["DATE_ENR"])
        and dt.date(2018, 1, 1) <= dt.datetime.strptime(row["DATE_ENR"], "%Y%m%d").date() <= dt.date(2019, 12, 31)  # noqa: DTZ007
        and row["CODE_SITE"] in {"RENNES-CENTRE", "RENNES-SUD"}
        and row["NUMPAT"] not in {100007, 100008, 100019, 100023}
    }
    unmapped = {code for code, analysis in BY_CODE.items() if analysis.loinc is None}
    results = [
        row
        for row in _rows(base.path, "SELECT * FROM RESULTATS")
        if row["ID_DOSSIER"] in dossiers and row["CODE_ANA"] in set(BY_CODE) - unmapped - {"VIH", "VIHCV", "FVL", "HFE"}
    ]
    owners = {row["NUMPAT"] for row in dossiers.values()}
    patients = [row for row in _rows(base.path, "SELECT * FROM PATIENTS") if row["NUMPAT"] in owners]
    assert set(base.expected["request"]) == set(map(str, dossiers))
    assert set(base.expected["patient"]) == set(map(str, owners))
    assert set(base.expected["observation"]) == {str(row["ID_RESULTAT"]) for row in results}
    for row in results:
        expected = base.expected["observation"][str(row["ID_RESULTAT"])]
        stored = (str(row["ID_DOSSIER"]), *(row[name] for name in ("CODE_ANA", "VALEUR", "UNITE", "NORMES", "STATUT")))
        names = ("request", "code", "raw_value", "unit", "reference_range", "status")
        assert stored == tuple(expected[name] for name in names)
    for row in patients:
        expected = base.expected["patient"][str(row["NUMPAT"])]
        assert [row[name] for name in ("NOM", "PRENOM", "DATE_NAISS", "TITRE", "NUM_SS")] == list(expected.values())[1:]


def test_the_documented_sql_predicate_gives_the_same_dossiers(base):
    text = (DEMO / "SCHEMA.md").read_text(encoding="utf-8")
    predicate = re.search(r"`(strftime\(.*= DATE_ENR)`", text).group(1).replace("\\|", "|")
    rows = _rows(
        base.path,
        f"SELECT ID_DOSSIER FROM DOSSIERS WHERE {predicate} AND DATE_ENR BETWEEN '20180101' AND '20191231' "
        "AND CODE_SITE IN ('RENNES-CENTRE', 'RENNES-SUD') AND NUMPAT NOT IN (100007, 100008, 100019, 100023)",
    )
    assert {str(row["ID_DOSSIER"]) for row in rows} == set(base.expected["request"])


def test_counts_per_year_and_site_add_up(base):
    for entity in ("request", "observation"):
        assert sum(base.by_year_site[entity].values()) == base.counts()[entity] > 0
        assert {place for _, place in base.by_year_site[entity]} == {"RENNES-CENTRE", "RENNES-SUD"}
        assert {year for year, _ in base.by_year_site[entity]} == {2018, 2019}


@pytest.mark.parametrize(("patients", "seed"), [(50, 1), (50, 2), (50, 42), (2000, 42)])
def test_every_reason_to_stay_out_occurs(tmp_path, patients, seed):
    built = build(tmp_path / "base.sqlite", patients=patients, seed=seed)
    by_request = {"date", "site", "person", "date unreadable"}
    assert set(built.reasons("request")) == by_request
    assert set(built.reasons("observation")) == by_request | {
        "orphan", "unclassifiable", "category hiv", "category genetics",
    }  # fmt: skip
    assert set(built.reasons("patient")) == {"person", "no dossier in scope"}
    assert built.reasons("patient")["person"] == len(EXCLUDED_PATIENTS)


def test_excluded_persons_would_be_in_scope_but_for_the_exclusion(base):
    open_scope = Scope(exclude_patients=())
    for row in _rows(base.path, "SELECT * FROM PATIENTS WHERE NUMPAT IN (100007, 100008, 100019, 100023)"):
        dossiers = _rows(base.path, "SELECT * FROM DOSSIERS WHERE NUMPAT = ?", row["NUMPAT"])
        assert any(open_scope.refuses_request(d["DATE_ENR"], d["CODE_SITE"], row["NUMPAT"]) is None for d in dossiers)
        assert nir.is_valid(row["NUM_SS"])
        sharing = _rows(base.path, "SELECT NUMPAT FROM PATIENTS WHERE NUM_SS = ?", row["NUM_SS"])
        assert {r["NUMPAT"] for r in sharing} <= set(EXCLUDED_PATIENTS)


def test_every_row_out_of_scope_shows_in_an_ordered_column(base):
    for entity, table, key, column in (
        ("patient", "PATIENTS", "NUMPAT", "NOM"),
        ("request", "DOSSIERS", "ID_DOSSIER", "CODE_MED"),
        ("observation", "RESULTATS", "ID_RESULTAT", "NORMES"),
    ):
        for row in _rows(base.path, f"SELECT * FROM {table}"):
            out = str(row[key]) in base.out_of_scope[entity]
            assert (OUT in (row[column] or "")) is out
            assert out is not (str(row[key]) in base.expected[entity])
            assert _marked(row), table
    assert not any(_marked(row) for rows in base.expected.values() for row in rows.values())


def test_what_is_never_ordered_is_marked_everywhere(base):
    for table in NEVER:
        assert all(_marked(row) for row in _rows(base.path, f"SELECT * FROM {table}")), table
    for table, names in (
        ("PATIENTS", ("ADRESSE", "TEL", "COURRIEL", "NOTE", "NOM_JF")),
        ("DOSSIERS", ("RENSEIGNEMENTS",)),
        ("RESULTATS", ("LOT", "COMMENT_RES")),
        ("UTILISATEURS", ("MOT_PASSE",)),
        ("PORTAIL", ("MOT_PASSE", "REPONSE")),
    ):
        for name in names:
            assert all(OUT in value for value in _column(base.path, table, name) if value), name
    assert all(OUT.encode() in body for body in _column(base.path, "COMPTES_RENDUS", "CORPS"))


def test_prescribers_all_exist_so_that_a_join_hides_no_leak(base, marked_inside):
    for built in (base, marked_inside):
        assert set(_column(built.path, "DOSSIERS", "CODE_MED")) <= set(_column(built.path, "MEDECINS", "CODE_MED"))


def test_marks_inside_stand_in_every_row_in_scope_and_nowhere_else(marked_inside):
    for entity, column in (("patient", "given_names"), ("request", "prescriber"), ("observation", "reference_range")):
        marks = [row[column] for row in marked_inside.expected[entity].values()]
        assert all(IN in mark for mark in marks)
        assert len(set(marks)) == len(marks)
    for table, key, entity in (
        ("PATIENTS", "NUMPAT", "patient"),
        ("DOSSIERS", "ID_DOSSIER", "request"),
        ("RESULTATS", "ID_RESULTAT", "observation"),
    ):
        for row in _rows(marked_inside.path, f"SELECT * FROM {table}"):
            assert _marked(row, IN) is (str(row[key]) in marked_inside.expected[entity])


def test_raw_values_are_marked_when_asked(marked_inside):
    for row in _rows(marked_inside.path, "SELECT ID_RESULTAT, VALEUR FROM RESULTATS"):
        assert (OUT in (row["VALEUR"] or "")) is (str(row["ID_RESULTAT"]) in marked_inside.out_of_scope["observation"])


def test_without_marks_the_file_holds_none(tmp_path):
    built = build(tmp_path / "plain.sqlite", patients=30, scope=Scope(mark_out_of_scope=False))
    content = built.path.read_bytes()
    assert OUT.encode() not in content
    assert IN.encode() not in content
    assert (built.out_marks, built.in_marks) == (0, 0)


def _read(code, raw):
    """A reader written from SCHEMA.md's table alone."""
    if raw is None or not raw:
        return None, None
    raw = raw.replace("inf. à ", "< ").replace("sup. à ", "> ")
    match = re.fullmatch(r"([<>])? ?([0-9][0-9.,]*)(?: [^0-9]+)?", raw)
    if match is None:
        return None, None
    if code in {"PLT", "GB"}:
        number = match[2].replace(".", "").replace(",", ".")
    elif code in {"TSH", "PSA", "ETHA", "HT"}:
        assert "," not in match[2]
        number = match[2]
    else:
        assert "." not in match[2]
        number = match[2].replace(",", ".")
    return number, match[1]


def test_the_documented_number_rules_read_every_result(base):
    seen = set()
    for row in base.expected["observation"].values():
        assert _read(row["code"], row["raw_value"]) == (row["value"], row["comparator"])
        seen.add((row["code"], row["unit"]))
    assert {("PLT", "/mm3"), ("PLT", "G/L"), ("GB", "/mm3"), ("CREA", "mg/L"), ("CREA", "µmol/L"), ("HT", "")} <= seen


@pytest.mark.parametrize(
    "pattern",
    [r"\d+,\d", r"54\.\d %|\d\d\.\d %", r"\d{3}\.\d{3}", r"< \d+\.\d+", r"<\d+,\d", r"> \d+(,\d+)?", r"inf\. à \d+,\d+",
     r"0", r"", r"Négatif", r"Présence de .*", r"Hémolysé"],
)  # fmt: skip
def test_dirty_values_occur_in_scope(tmp_path_factory, base, pattern):
    assert any(re.fullmatch(pattern, row["raw_value"] or "") for row in base.expected["observation"].values())


def test_dirty_rows_occur(base):
    observations = base.expected["observation"].values()
    assert {row["status"] for row in observations} == {"V", "T", "C", "N"}
    assert any(row["raw_value"] is None for row in observations)
    assert any(row["code"] == "NA" for row in observations)
    births = _column(base.path, "PATIENTS", "DATE_NAISS")
    for pattern in (r"\d\d/\d\d/\d\d", r"00/00/\d{4}", r"31/02/\d{4}|15/13/\d{4}", r""):
        assert any(birth is not None and re.fullmatch(pattern, birth) for birth in births), pattern
    assert None in births
    assert {"M", "F", "MME", "ENFANT", "BEBE", "SOEUR", "", None} <= set(_column(base.path, "PATIENTS", "TITRE"))
    assert {"vih", "VIH ", "", None} <= set(_column(base.path, "RESULTATS", "CODE_ANA"))
    assert {"20190230", "20181301", "", None} <= set(_column(base.path, "DOSSIERS", "DATE_ENR"))


def test_both_edges_of_the_order_are_crossed(base):
    inside = {row["registered_on"] for row in base.expected["request"].values()}
    assert {min(inside), max(inside)} == {"20180101", "20191231"}
    assert {"20171231", "20200101"} <= set(_column(base.path, "DOSSIERS", "DATE_ENR"))


def test_corrections_name_the_result_they_correct(base):
    former = {row["ID_RESULTAT"]: row for row in _rows(base.path, "SELECT * FROM RESULTATS")}
    corrections = [row for row in former.values() if row["STATUT"] == "C"]
    assert corrections
    for row in corrections:
        corrected = former[row["ID_PRECEDENT"]]
        assert (corrected["ID_DOSSIER"], corrected["CODE_ANA"]) == (row["ID_DOSSIER"], row["CODE_ANA"])
        assert (corrected["VERSION"], row["VERSION"], corrected["STATUT"]) == (1, 2, "V")


def test_nirs_are_fictional_and_dirty(base):
    numbers = [re.sub(r" ", "", number) for number in _column(base.path, "PATIENTS", "NUM_SS") if number]
    full = [number for number in numbers if len(number) == 15]
    assert all(number[7] == "9" for number in numbers if len(number) >= 13)
    assert {"0"} == {number for number in numbers if len(number) < 13}
    wrong_key = [number for number in full if number[0] in "12" and not _key_is_right(number)]
    assert 0 < len(wrong_key) < len(full) / 5
    assert any(number[5:7] in {"2A", "2B"} and _key_is_right(number) for number in full)
    assert any(number[0] == "8" for number in full)
    assert any(int(number[3:5]) > 12 for number in full)
    assert len(set(full)) < len(full)  # dependants under one insured's number
    assert any(" " in number for number in _column(base.path, "PATIENTS", "NUM_SS") if number)


def _key_is_right(number):
    return nir.calc_check_digits(number[:13]) == number[13:]


def test_professional_numbers_pass_luhn(base):
    for number in _column(base.path, "MEDECINS", "RPPS"):
        assert len(number) == 11
        assert luhn.is_valid(number)
    for number in _column(base.path, "SITES", "FINESS"):
        assert len(number) == 9
        assert luhn.is_valid(number)


def test_broken_encodings_can_be_undone(base):
    assert base.readable_names
    spoiled = {str(row["NUMPAT"]): row["NOM"] for row in _rows(base.path, "SELECT NUMPAT, NOM FROM PATIENTS")}
    for key, (family, _) in base.readable_names.items():
        stored = re.sub(rf" ?{OUT}\d+", "", spoiled[key])
        assert family in {stored, *_repairs(stored)}


def _repairs(text):
    try:
        yield text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        yield b"".join(_byte(character) for character in text).decode("cp850")


def _byte(character):
    try:
        return character.encode("cp1252")
    except UnicodeError:
        return character.encode("latin-1")


def test_merges_have_a_chain_and_a_cycle(base):
    merged = {row["NUMPAT"]: row["FUSION_VERS"] for row in _rows(base.path, "SELECT * FROM PATIENTS")}
    assert (merged[100031], merged[100032], merged[100033]) == (100032, 100033, None)
    assert (merged[100041], merged[100042]) == (100042, 100041)
    assert merged[100008] == 100007
    assert sum(target is not None for target in merged.values()) > 5


def test_numbers_are_shared_between_sites_and_nothing_is_in_date_order(base):
    rows = _rows(base.path, "SELECT * FROM DOSSIERS ORDER BY rowid")
    assert len({row["NUM_DOSSIER"] for row in rows}) < len(rows)
    pairs = {(row["CODE_SITE"], row["NUM_DOSSIER"]) for row in rows if row["DATE_ENR"]}
    assert len(pairs) == sum(bool(row["DATE_ENR"]) for row in rows)
    days = [row["DATE_ENR"] for row in rows if row["DATE_ENR"]]
    assert days != sorted(days)


def test_an_existing_file_is_left_alone(tmp_path):
    path = tmp_path / "precious.sqlite"
    path.write_bytes(b"precious")
    with pytest.raises(FileExistsError):
        build(path, patients=5)
    assert main([str(path)]) == 2
    assert path.read_bytes() == b"precious"


def test_no_patient_is_refused_without_a_file(tmp_path):
    with pytest.raises(ValueError, match="at least one"):
        build(tmp_path / "none.sqlite", patients=0)
    assert not list(tmp_path.iterdir())


def test_runs_as_a_script_from_anywhere(tmp_path):
    run = subprocess.run(
        [sys.executable, str(DEMO / "legacy_lis.py"), "out.sqlite", "--patients", "50", "--seed", "3"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (run.returncode, run.stderr) == (0, "")
    assert "DOSSIERS" in run.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["out.sqlite"]


def test_schema_reference_names_every_table_and_column():
    text = (DEMO / "SCHEMA.md").read_text(encoding="utf-8")
    for table in TABLES:
        assert table in text
        for column in columns(table):
            assert re.search(rf"\b{column}\b", text), f"{table}.{column}"
    for code in BY_CODE:
        assert f"`{code}`" in text


def test_new_lis_is_valid_sql_with_keys():
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript((DEMO / "new_lis.sql").read_text(encoding="utf-8"))
        for table, key in (("patient", "ipp_source"), ("demande", "numero_source"), ("resultat", "id_source")):
            keys = [row[1] for row in connection.execute(f"PRAGMA table_info({table})") if row[5]]
            assert keys == [key]
