"""CDA CR-BIO reports through the shipped profile: what an order gets, what stays; the ANS's own examples, whole."""

import contextlib
import datetime as dt
import os
import shutil
import sqlite3
import xml.etree.ElementTree as ET
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from demo import papers
from hypothesis import given, settings
from hypothesis import strategies as st
from shipped import Extracted, everything, extract, order_for, source_profile

from cda_documents import Report, element, observation, quantity, told
from ecluse.adapters.sources.spec import SourceSpec
from ecluse.domain.profile import Engine
from migrating import Desk, W
from servers import PostgresqlServer

SITE = "1.2.250.1.71.4.2.2/1350005179"
DATES = ("2020-01-01", "2026-12-31")


def migrated(folder: Path, *reports: Report, sites: tuple[str, ...] = (SITE,), dates: tuple[str, str] = DATES) -> Extracted:
    for number, report in enumerate(reports):
        (folder / f"{number:02}.xml").write_text(report.xml(), "utf-8")
    profile = source_profile("cda-cr-bio")
    spec = SourceSpec(Engine.FILES, f"files://{folder}", files=profile.files)
    return extract(spec, profile, order_for(profile, everything(profile), dates, sites, unclassifiable=True))


def results(found: Extracted, request: str) -> dict[str, dict[str, Any]]:
    """A request's, by code."""
    return {row["code"]: row for row in found.rows["observation"].to_pylist() if row["request"] == f"1.2.3.9/{request}"}


def report(name: str, **changes: Any) -> Report:
    """A report of its own, of a request and a patient of its own."""
    return replace(Report(f"1.1.{name}", ("1.2.3.9", f"R{name}"), (("1.2.3.8", f"P{name}"),)), **changes)


VALUES = {
    "pq": (quantity("1.950"), "1.950", Decimal("1.95"), None),
    "below": ("<value xsi:type='IVL_PQ'><high value='0.5' unit='g/L' inclusive='false'/></value>", "<0.5", Decimal("0.5"), "<"),
    "at most": ("<value xsi:type='IVL_PQ'><high value='0.5' unit='g/L'/></value>", "<=0.5", Decimal("0.5"), "<="),
    "above": ("<value xsi:type='IVL_PQ'><low value='5' inclusive='false'/><high nullFlavor='PINF'/></value>", ">5", Decimal(5), ">"),
    "at least": ("<value xsi:type='IVL_PQ'><low value='5' inclusive='true'/></value>", ">=5", Decimal(5), ">="),
    "between": ("<value xsi:type='IVL_PQ'><low value='3.9'/><high value='6.0'/></value>", "3.9 - 6.0", None, None),
    "titre": ("<value xsi:type='RTO'><numerator value='1'/><denominator value='80'/></value>", "1/80", None, None),
    "coded": ("<value xsi:type='CD' code='260385009' displayName='négatif'/>", "négatif", None, None),
    "only a code": ("<value xsi:type='CE' code='POS'/>", "POS", None, None),
    "original": ("<value xsi:type='CD' code='1' displayName='n'><originalText><reference value='#w'/></originalText></value>", "vu", None, None),
    "text": ("<value xsi:type='ST'>Absence de germe </value>", "Absence de germe ", None, None),
    "text with a sign": ("<value xsi:type='ST'>&lt;0.5</value>", "<0.5", Decimal("0.5"), "<"),
    "empty": ("<value xsi:type='ST'></value>", "", None, None),
    "referred": ("<value xsi:type='ED'><reference value='#w'/></value>", "vu", None, None),
    "null": ("<value xsi:type='PQ' nullFlavor='NASK'/>", "nullFlavor=NASK", None, None),
    "coded null": ("<value xsi:type='CD' nullFlavor='OTH'/>", "nullFlavor=OTH", None, None),
    "missing": ("", None, None, None),
    "integer": ("<value xsi:type='INT' value='12'/>", "12", Decimal(12), None),
    "boolean": ("<value xsi:type='BL' value='true'/>", "true", None, None),
}
INS = ("1.2.250.1.213.1.4.8", "279035121518989")
DRAWN = (
    "<entryRelationship typeCode='COMP'><procedure><effectiveTime><high value='202401040735+0100'/></effectiveTime>"
    "<participant typeCode='PRD'><participantRole classCode='SPEC'><id root='1.5' extension='T1'/><playingEntity>"
    "<code code='UR' displayName='Urine'/></playingEntity></participantRole></participant>"
    "<entryRelationship><act><code code='SPRECEIVE'/><effectiveTime value='202401040752+0100'/></act></entryRelationship>"
    "</procedure></entryRelationship>"
)
ISOLATE = (
    "<entryRelationship typeCode='COMP'><organizer><specimen><specimenRole><id root='1.6'/><specimenPlayingEntity>"
    "<code displayName='E. coli'/></specimenPlayingEntity></specimenRole></specimen><component><organizer>"
    f"{observation('28-1', quantity('1')).replace('entryRelationship', 'component')}</organizer></component></organizer></entryRelationship>"
)
COMMENT = "<entryRelationship typeCode='SUBJ'><act><code code='48767-8'/><text><reference value='#c'/></text></act></entryRelationship>"
EARLIER = observation("a", quantity("0.5"), relation="REFR", time="20200912081500+0200")


def media(content: str, code: str = "55107-7") -> str:
    return (
        f"<entryRelationship><organizer><code code='{code}'/><component><observationMedia ID='m'><value mediaType='application/pdf'"
        f" representation='B64'>{content}</value></observationMedia></component></organizer></entryRelationship>"
    )


REPORTS = (
    report("sodium", entries=observation("2951-2", quantity("140.10", "mmol/L"))),
    report("elsewhere", laboratory=("1.2.250.1.71.4.2.2", "1750100125", "Autre")),
    report("early", received="20191231235900+0100"),
    report("values", entries="".join(observation(name, value) for name, (value, *_) in VALUES.items()), text="<content ID='w'>vu</content>"),
    report("old", number="1.1.new", version=("1.7.0", "10"), entries=observation("a", quantity("2"), EARLIER) + observation("69764-9", "")),
    report("old", version=("1.7.0", "9"), entries=observation("a", quantity("1"))),
    report("ins", patient=(INS, ("1.2.3.8", "Pins"))),
    report("only", patient=(INS,)),
    report("unasked", request=None, patient=(INS,), version=("1.7", "1")),
    report("two", entries=observation("a", quantity("1"))),
    report("two", number="1.1.three", patient=(("1.2.3.8", "Pother"),), entries=observation("a", quantity("1"))),
    report("isolate", entries=DRAWN + observation("5778-6", quantity("2"), COMMENT) + ISOLATE, text="<content ID='c'>Trouble</content>"),
    report("copy", entries=media("JVBE\n Ri0=") + media("aGk=", "x")),
    report("again", entries=media("YQ==") + observation("a", quantity("1"))),
    report("again", entries=media("YQ==") + observation("a", quantity("1"))),
    report("", number="", entries=observation("a", quantity("1"))),
    report("none", number="", entries=observation("a", quantity("1"))),
    report("broken", entries=media("<!-- -->pas du base64")),
)  # fmt: skip


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Extracted:
    """What one order gets of all of them."""
    return migrated(tmp_path_factory.mktemp("cda"), *REPORTS)


def test_a_report_by_its_date_and_laboratory(found: Extracted) -> None:
    requests = found.by_key("request")
    assert not {"1.2.3.9/Relsewhere", "1.2.3.9/Rearly"} & set(requests)
    assert set(found.by_key("site")) == {SITE}
    assert not {"1.1.elsewhere", "1.1.early"} & set(found.by_key("report"))
    row = results(found, "Rsodium")["2951-2"]
    assert (row["raw_value"], row["value"], row["unit"], row["ucum"]) == ("140.10", Decimal("140.1"), "mmol/L", "mmol/L")
    request = requests["1.2.3.9/Rsodium"]
    assert (request["registered_on"], request["patient"], request["site"]) == (
        dt.datetime.fromisoformat("2024-01-04 09:22"), "1.2.3.8/Psodium", SITE,
    )  # fmt: skip
    assert found.by_key("site")[SITE]["finess"] == "350005179"


def test_values_of_each_type(found: Extracted) -> None:
    rows = results(found, "Rvalues")
    assert {name: (row["raw_value"], row["value"], row["comparator"]) for name, row in rows.items()} == {
        name: tuple(expected) for name, (_, *expected) in VALUES.items()
    }


def test_earlier_results_and_old_versions_stay(found: Extracted) -> None:
    rows = [row for row in found.rows["observation"].to_pylist() if row["request"] == "1.2.3.9/Rold"]
    assert [(row["source_id"].split("/")[0], row["code"], row["raw_value"]) for row in rows] == [("1.1.new", "a", "2")]
    versions = {key: row["version"] for key, row in found.by_key("report").items()}
    assert (versions["1.1.old"], versions["1.1.new"]) == (9, 10)


def test_an_ins_is_no_key_and_what_it_alone_names_is_joined_to_nothing(found: Extracted) -> None:
    people = {key: row for key, row in found.by_key("patient").items() if row["ins"]}
    assert set(people) == {"1.2.3.8/Pins", "report 1.1.only", "report 1.7"}
    assert {(row["ins"], row["ins_oid"]) for row in people.values()} == {(INS[1], INS[0])}
    patients = {key: row["patient"] for key, row in found.by_key("request").items()}
    assert {key: patients[key] for key in ("1.2.3.9/Rins", "1.2.3.9/Ronly", "1.7")} == {
        "1.2.3.9/Rins": "1.2.3.8/Pins", "1.2.3.9/Ronly": "report 1.1.only", "1.7": "report 1.7",
    }  # fmt: skip


def test_a_request_of_two_patients_is_set_aside_with_its_results(found: Extracted) -> None:
    assert set(found.quarantined) == {f"{entity}:duplicate_key" for entity in ("request", "observation", "report")}
    assert "1.2.3.9/Rtwo" not in found.by_key("request")
    assert not [row for name in ("observation", "report") for row in found.rows[name].to_pylist() if row["request"] == "1.2.3.9/Rtwo"]


def test_an_isolate_is_what_its_antibiogram_is_of(found: Extracted) -> None:
    rows = results(found, "Risolate")
    specimens = {row["source_id"]: row["type"] for row in found.rows["specimen"].to_pylist()}
    assert {code: specimens[row["specimen"]] for code, row in rows.items()} == {"5778-6": "Urine", "28-1": "E. coli"}
    urine = next(row for row in found.rows["specimen"].to_pylist() if row["type"] == "Urine")
    assert (urine["barcode"], urine["collected_on"], urine["received_on"]) == (
        "T1", dt.datetime.fromisoformat("2024-01-04 07:35"), dt.datetime.fromisoformat("2024-01-04 07:52"),
    )  # fmt: skip
    [said] = found.rows["comment"].to_pylist()
    assert (said["text"], said["observation"]) == ("Trouble", rows["5778-6"]["source_id"])


def test_a_file_that_is_there_twice_and_documents_without_an_id(found: Extracted) -> None:
    keys = [key.split("/")[0] for key in found.by_key("observation")]
    assert keys.count("1.1.again") == 1
    files = {n for n, each in enumerate(REPORTS, 1) if not each.number}
    assert {key for key in keys if key.startswith("file")} == {f"file {n}" for n in files}
    assert {key for key in found.by_key("report") if not key.startswith("1.1")} == {f"file {n}" for n in files}


def test_the_copy_of_a_report_and_what_is_no_base64(found: Extracted) -> None:
    reports = found.by_key("report")
    contents = {key: reports[key]["content"] for key in ("1.1.copy", "1.1.broken", "1.1.sodium")}
    assert contents == {"1.1.copy": b"%PDF-", "1.1.broken": b"pas du base64", "1.1.sodium": None}
    [other] = [row for key, row in reports.items() if "/" in key]
    assert (other["kind"], other["content"], other["source_id"].split("/")[0]) == ("observationMedia", b"hi", "1.1.copy")


HOSTILE = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]).filter(lambda c: c not in "\ufffe\uffff"), max_size=10) | st.sampled_from(
    ["<0,5", "224.000", "’œ€", "𝄞", "", "|^~\\&", "]]>", "NA", "NULL", '["a"]']
)
DAYS = st.sampled_from(["19680231", "19681301", "1968", "196802", "00000000", "19680229", "", None])


@settings(max_examples=2)
@given(
    names=st.lists(st.tuples(HOSTILE, HOSTILE, DAYS), min_size=5, max_size=12),
    values=st.lists(st.tuples(HOSTILE, st.none() | HOSTILE), min_size=6, max_size=16),
)
def test_rows_to_documents_to_rows(
    tmp_path_factory: pytest.TempPathFactory, names: list[tuple[str, str, str | None]], values: list[tuple[str, str | None]]
) -> None:
    """Every text of the catalogue's is the text that was written, empty and missing apart, impossible dates beside their reading."""
    entries = "".join(
        observation(f"c{n}", f"<value xsi:type='ST'>{told(text)}</value>" if number is None else element("value", xsi__type="PQ", value=number, unit=text))
        for n, (text, number) in enumerate(values)
    )
    reports = [
        Report(f"1.{n}", ("1.9", f"R{n}"), (("1.8", f"P{n}"),), born=born, entries=entries,
               person=f"<name><family qualifier='BR'>{told(family)}</family><given>{told(given)}</given></name>")
        for n, (family, given, born) in enumerate(names)
    ]  # fmt: skip
    found = migrated(tmp_path_factory.mktemp("c"), *reports)
    assert found.quarantined == {}
    people = found.by_key("patient")
    assert {key: (row["birth_name"], row["family_name"], row["given_names"], row["birth_date_raw"]) for key, row in people.items()} == {
        f"1.8/P{n}": (family, family, given, born) for n, (family, given, born) in enumerate(names)
    }
    assert Counter((row["request"], row["code"], row["raw_value"], row["unit"]) for row in found.rows["observation"].to_pylist()) == Counter(
        (f"1.9/R{m}", f"c{n}", text if number is None else number, None if number is None else text)
        for m in range(len(names)) for n, (text, number) in enumerate(values)
    )  # fmt: skip


TARGET = """
CREATE TABLE lab (code text PRIMARY KEY, name text, finess text);
CREATE TABLE doctor (code text PRIMARY KEY, rpps text, name text, given text, title text);
CREATE TABLE person (id text PRIMARY KEY, name text, birth_name text, given text, born text, born_raw text, sex text,
  sex_raw text, ins text, ins_oid text, city text);
CREATE TABLE request (id text PRIMARY KEY, person text REFERENCES person (id), orders text, registered timestamp,
  prescriber text REFERENCES doctor (code), collector text REFERENCES doctor (code), lab text REFERENCES lab (code), status text);
CREATE TABLE tube (id text PRIMARY KEY, request text NOT NULL REFERENCES request (id), label text, kind text,
  collected timestamp, collected_raw text);
CREATE TABLE result (id text PRIMARY KEY, request text NOT NULL REFERENCES request (id), tube text REFERENCES tube (id),
  code text, label text, loinc text, raw text, value numeric(28, 10), comparator text, unit text, ucum text, range text,
  low numeric(28, 10), high numeric(28, 10), flag text, status text, method text, observed timestamp, observed_raw text);
CREATE TABLE report (id text PRIMARY KEY, request text NOT NULL REFERENCES request (id), kind text, title text,
  version integer, issued timestamp, issued_raw text, media text, content BYTES);
CREATE TABLE remark (id text PRIMARY KEY, request text NOT NULL REFERENCES request (id),
  result text REFERENCES result (id), text text);
"""
COLUMNS = {
    "site": ("lab", "source_id code, name name, finess finess"),
    "practitioner": ("doctor", "source_id code, rpps rpps, family_name name, given_names given, title title"),
    "patient": (
        "person",
        "source_id id, family_name name, birth_name birth_name, given_names given, birth_date born, birth_date_raw born_raw, "
        "sex sex, sex_raw sex_raw, ins ins, ins_oid ins_oid, city city",
    ),
    "request": (
        "request",
        "source_id id, patient person, external_id orders, registered_on registered, prescriber prescriber, collector collector, site lab, status status",
    ),
    "specimen": (
        "tube", "source_id id, request request, barcode label, type kind, collected_on collected, collected_on_raw collected_raw"
    ),
    "observation": (
        "result",
        "source_id id, request request, specimen tube, code code, label label, loinc loinc, raw_value raw, value value, comparator "
        "comparator, unit unit, ucum ucum, reference_range range, low low, high high, abnormal_flag flag, status status, method method, "
        "observed_on observed, observed_on_raw observed_raw",
    ),
    "report": (
        "report",
        "source_id id, request request, kind kind, title title, version version, issued_on issued, issued_on_raw issued_raw, "
        "media_type media, content content",
    ),
    "comment": ("remark", "source_id id, request request, observation result, text text"),
}  # fmt: skip
SITES = ("1.2.250.1.71.4.2.2/1120459876", "1.2.250.1.71.4.2.2/2801234567")


def destination(engine: str) -> str:
    entities = {
        entity: {"table": table, "columns": dict(pair.split() for pair in pairs.split(", "))}
        for entity, (table, pairs) in COLUMNS.items()
    }
    made = {"format": "ecluse.destination-profile/1", "profile": "ward-lis", "system": "ward", "engine": engine,
            "production": False, "entities": entities}  # fmt: skip
    return yaml.safe_dump(made, sort_keys=False)


def whole(root: Path, target: str, engine: str) -> None:
    """The ANS's documents, all of them, into a target; no difference."""
    (root / "documents").mkdir()
    for path in (Path(os.environ["ECLUSE_REAL_DATA"]) / "ans-cda").glob("*.xml"):
        shutil.copyfile(path, root / "documents" / path.name)
    desk = Desk.made(root / "desk", patients=3)
    desk.path("target.yaml").write_text(destination(engine))
    profile = source_profile("cda-cr-bio")
    known = everything(profile)
    fields = {
        entity: [name for name in known[entity] if name in {pair.split()[0] for pair in pairs.split(", ")}]
        for entity, (_, pairs) in COLUMNS.items()
    }
    shown = desk.ecluse("key", "show", "keys/kalisil.age", "--json").json()
    text = papers.real_order(
        shown["recipient"], dt.datetime.now(dt.UTC).date(), source=("cda", "cda-cr-bio"), dates=DATES, sites=SITES, fields=fields
    )  # fmt: skip
    desk.path("order.yaml").write_text(text.replace("openlis", "ward"))
    for old in desk.root.glob("order.json*"):
        old.unlink()
    desk.ecluse("order", "sign", "order.yaml", "--agreement", "agreement.json", "--key", "keys/dr.martin")
    desk.ecluse(
        "plan", *W, "--agreement", "agreement.json", "--order", "order.json", "--source", f"files://{root / 'documents'}", "--profile",
        "cda-cr-bio", "--agent-key", "keys/agent-source", "--destination", target, "--destination-profile", "target.yaml",
        "--identity", "keys/kalisil.age", "--destination-agent-key", "keys/agent-destination", "--no-sql",
    )  # fmt: skip
    done = desk.ecluse("run", *W)
    assert "Differences\n  None." in done.out
    assert "92 planned, 92 read back" in " ".join(done.out.split())
    desk.finish()


def truth(folder: Path) -> Counter[tuple[Any, ...]]:
    """Results with plain values, by the standard library's trees: document, code, value, bounds, unit, flag, time."""
    name = {"h": "urn:hl7-org:v3"}
    made: Counter[tuple[Any, ...]] = Counter()

    def at(node: ET.Element, path: str, key: str) -> str | None:
        found = node.find(path, name)
        return found.get(key) if found is not None else None

    for path in folder.glob("*.xml"):
        root = ET.parse(path).getroot()  # noqa: S314 - the ANS's own
        repeated = {id(n) for r in root.iterfind(".//h:entryRelationship[@typeCode='REFR']", name) for n in r.iter()}
        for node in root.iterfind(".//h:observation", name):
            code = at(node, "h:code", "code") or at(node, "h:code/h:translation", "code")
            if id(node) in repeated or code == "69764-9":
                continue
            low, high = at(node, "h:value/h:low", "value"), at(node, "h:value/h:high", "value")
            unit = at(node, "h:value", "unit") or at(node, "h:value/*", "unit")
            made[
                at(root, "h:id", "root"), code, at(node, "h:value", "value") or low or high, unit,
                at(node, "h:interpretationCode", "code"), (at(node, "h:effectiveTime", "value") or "")[:-5],
            ] += 1  # fmt: skip
    return made


def check(rows: dict[str, list[dict[str, Any]]], folder: Path) -> None:
    """Documented numbers, and each result against another reading of the documents."""
    assert {name: len(each) for name, each in rows.items()} == {
        "person": 2, "doctor": 2, "lab": 2, "request": 3, "tube": 7, "result": 64, "report": 7, "remark": 5
    }  # fmt: skip
    found = Counter(
        (
            row["id"].split("/")[0], row["code"], None if row["value"] is None else row["raw"].lstrip("<>="), row["unit"], row["flag"],
            row["observed_raw"],
        )
        for row in rows["result"]
    )  # fmt: skip
    assert found == truth(folder)
    by_code = {(row["code"], row["id"].split("/")[0].rsplit(".", 2)[-2]): row for row in rows["result"]}
    assert {code: by_code[code, report]["raw"] for code, report in (("1234", "2"), ("3016-3", "9"), ("94558-4", "2"))} == {
        "1234": "<=1.0", "3016-3": "1.950", "94558-4": "négatif"
    }  # fmt: skip
    assert {(row["raw"], row["unit"]) for row in rows["result"] if row["code"] in {"40193-5", "53049-3"}} >= {
        ("4.89", "mmol/L"), ("0.88", "g/L")
    }  # fmt: skip
    kinds = {row["id"]: row["kind"] for row in rows["tube"]}
    resistant = {kinds[row["tube"]] for row in rows["result"] if row["flag"] == "R"}
    assert resistant == {"Escherichia coli (organism)"}
    contents = Counter((row["media"], bytes(row["content"] or b"")[:4]) for row in rows["report"])
    assert contents == {("application/pdf", b"%PDF"): 5, ("image/png", b"\x89PNG"): 1, (None, b""): 1}
    assert {row["ins_oid"] for row in rows["person"]} == {"1.2.250.1.213.1.4.10"}
    assert sorted(row["text"] for row in rows["remark"]) == [
        "(texte libre)", "Bisalbuminémie", "Interprétation : Anisocytose", "Traitement immédiat", "Traitement immédiat",
    ]  # fmt: skip


def fetched(connection: Any) -> dict[str, list[dict[str, Any]]]:
    made = {}
    for table, _ in COLUMNS.values():
        cursor = connection.cursor()
        cursor.execute(f"SELECT * FROM {table}")
        names = [column[0] for column in cursor.description]
        made[table] = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return made


@pytest.mark.real_data
def test_the_ans_s_reports_whole_into_sqlite(tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "ward.sqlite")) as target, target:
        target.executescript(TARGET.replace("BYTES", "blob"))
    whole(tmp_path, f"sqlite://{tmp_path / 'ward.sqlite'}", "sqlite")
    with contextlib.closing(sqlite3.connect(tmp_path / "ward.sqlite")) as connection:
        check(fetched(connection), tmp_path / "documents")


@pytest.mark.real_data
def test_the_ans_s_reports_whole_into_postgresql(tmp_path: Path, postgresql: PostgresqlServer) -> None:
    database = postgresql.database(TARGET.replace("BYTES", "bytea"))
    whole(tmp_path, f"{database.url}?sslmode=disable", "postgresql")
    with contextlib.closing(database.connect()) as connection:
        check(fetched(connection), tmp_path / "documents")


@pytest.mark.real_data
def test_the_ans_s_reports_every_byte(tmp_path: Path) -> None:
    """README of the data: reports of 2024.01. Documented numbers: docs/reference/cda.md."""
    profile = source_profile("cda-cr-bio")
    folder = Path(os.environ["ECLUSE_REAL_DATA"]) / "ans-cda"
    spec = SourceSpec(Engine.FILES, f"files://{folder}", files=profile.files)
    order = order_for(profile, everything(profile), DATES, SITES, unclassifiable=True)
    [intake] = extract(spec, profile, order).plan.source.files
    assert (intake.files, intake.records, intake.set_aside) == (6, 6, ())
    assert intake.size == sum(path.stat().st_size for path in folder.glob("*.xml"))
    assert (intake.size, intake.mapped, intake.unmapped, intake.structure) == (970574, 641870, 106801, 221903)
