"""simhospital's HL7 v2 messages, whole, into a PostgreSQL: every value against python-hl7's reading of the file."""

import contextlib
import datetime as dt
import os
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import hl7
import pytest
import yaml
from demo import papers
from shipped import everything, extract, order_for, source_profile

from ecluse.adapters.sources.spec import SourceSpec
from ecluse.domain.profile import Engine
from migrating import Desk, W
from servers import Database, PostgresqlServer

TARGET = """
CREATE TABLE lab (code text PRIMARY KEY, name text);
CREATE TABLE doctor (code text PRIMARY KEY, name text, given text, title text);
CREATE TABLE person (mrn text PRIMARY KEY, name text, given text, born text, born_raw text, sex text, sex_raw text,
  title text, street text, city text, postcode text, country text, phone text, merged text);
CREATE TABLE request (filler text PRIMARY KEY, person text REFERENCES person (mrn), placer text, visit text,
  registered timestamp, collected timestamp, collected_raw text, received timestamp, received_raw text,
  doctor text REFERENCES doctor (code), lab text REFERENCES lab (code), ward text, status text, ordered text);
CREATE TABLE result (id text PRIMARY KEY, request text NOT NULL REFERENCES request (filler), rank integer, code text,
  label text, loinc text, raw text, value numeric(28, 10), comparator text, unit text, ucum text, range text, flag text,
  status text, observed timestamp, observed_raw text, validated timestamp, validated_raw text);
CREATE TABLE remark (id text PRIMARY KEY, request text NOT NULL REFERENCES request (filler),
  result text REFERENCES result (id), text text);
"""
COLUMNS = {
    "site": ("lab", "source_id code, name name"),
    "practitioner": ("doctor", "source_id code, family_name name, given_names given, title title"),
    "patient": (
        "person",
        "source_id mrn, family_name name, given_names given, birth_date born, birth_date_raw born_raw, sex sex, "
        "sex_raw sex_raw, title title, address street, city city, postcode postcode, country country, phone phone, "
        "merged_into merged",
    ),
    "request": (
        "request",
        "source_id filler, patient person, external_id placer, visit_number visit, registered_on registered, "
        "collected_on collected, collected_on_raw collected_raw, received_on received, received_on_raw received_raw, "
        "prescriber doctor, site lab, ward ward, status status, ordered_tests ordered",
    ),
    "observation": (
        "result",
        "source_id id, request request, rank rank, code code, label label, loinc loinc, raw_value raw, value value, "
        "comparator comparator, unit unit, ucum ucum, reference_range range, abnormal_flag flag, status status, "
        "observed_on observed, observed_on_raw observed_raw, validated_on validated, validated_on_raw validated_raw",
    ),
    "comment": ("remark", "source_id id, request request, observation result, text text"),
}
DATES = ("2019-01-01", "2020-12-31")


def destination() -> str:
    entities = {
        entity: {"table": table, "columns": dict(pair.split() for pair in pairs.split(", "))}
        for entity, (table, pairs) in COLUMNS.items()
    }
    made = {"format": "ecluse.destination-profile/1", "profile": "ward-lis", "system": "ward", "engine": "postgresql",
            "production": True, "entities": entities}  # fmt: skip
    return yaml.safe_dump(made, sort_keys=False)


def order(desk: Desk) -> None:
    profile = source_profile("simhospital")
    shown = desk.ecluse("key", "show", "keys/kalisil.age", "--json").json()
    text = papers.real_order(
        shown["recipient"], dt.datetime.now(dt.UTC).date(), source=("simhospital", "simhospital"), dates=DATES,
        sites=("SFAC",), fields=everything(profile),
    )  # fmt: skip
    desk.path("order.yaml").write_text(text.replace("openlis", "ward"))
    for old in desk.root.glob("order.json*"):
        old.unlink()
    desk.ecluse("order", "sign", "order.yaml", "--agreement", "agreement.json", "--key", "keys/dr.martin")


def table(database: Database, name: str) -> dict[str, dict[str, Any]]:
    with contextlib.closing(database.connect()) as connection, connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {name}")
        names = [column[0] for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return {row[names[0]]: row for row in rows}


def oracle(path: Path) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any], dict[str, str]]:
    """Requests, results, comments and patients' names, by python-hl7."""
    text = path.read_text("ascii").replace("\n", "\r")
    requests, results, comments, people = {}, {}, {}, {}
    for each in text.split("MSH|")[1:]:
        message = hl7.parse("MSH|" + each)
        pid = message.segment("PID")
        if "ORU^R01" not in str(message.segment("MSH")[9]):
            continue
        patient = str(pid[3][0][0])
        people[patient] = str(pid[5][0][0])
        filler = result = ""
        for rank, segment in enumerate(message, 1):
            match str(segment[0]):
                case "OBR":
                    filler = str(segment[3])
                    requests[filler] = (patient, str(segment[2]), str(segment[7]), str(segment[25]))
                case "OBX":
                    result = f"{filler}/{segment[1]}"
                    results[result] = (
                        filler,
                        str(segment[3][0][0]),
                        str(segment[5]),
                        str(segment[7]),
                        str(segment[11]),
                    )
                case "NTE":
                    comments[f"{filler}/{rank}"] = (filler, result, str(segment[3]))
    return requests, results, comments, people


def migrated(root: Path, target: tuple[str, str]) -> Desk:
    """simhospital's messages, all of them, into a target; no difference."""
    path = Path(os.environ["ECLUSE_REAL_DATA"]) / "simhospital"
    desk = Desk.made(root / "desk", patients=3)
    desk.path("target.yaml").write_text(destination())
    desk = replace(desk, source=(f"files://{path}", "simhospital"), target=target)
    order(desk)
    planned = desk.ecluse(
        "plan", *W, "--agreement", "agreement.json", "--order", "order.json", "--source", desk.source[0], "--profile",
        desk.source[1], "--agent-key", "keys/agent-source", "--destination", desk.target[0], "--destination-profile",
        desk.target[1], "--identity", "keys/kalisil.age", "--destination-agent-key", "keys/agent-destination", "--no-sql",
    )  # fmt: skip
    assert "3,323" in planned.out
    done = desk.ecluse("run", *W)
    assert "Differences\n  None." in done.out
    assert "6,652 planned, 6,652 read back" in " ".join(done.out.split())
    desk.finish()
    return desk


@pytest.mark.real_data
def test_simhospital_whole_into_messages_again(tmp_path: Path) -> None:
    (tmp_path / "inbox").mkdir()
    migrated(tmp_path, (f"hl7://{tmp_path / 'inbox'}", "hl7-oru"))
    texts = [
        text for path in sorted((tmp_path / "inbox").iterdir()) for text in path.read_bytes().decode().split("MSH|")[1:]
    ]
    found = [hl7.parse("MSH|" + text) for text in texts]
    kinds = Counter(str(segment[0]) for message in found for segment in message)
    assert (kinds["OBR"], kinds["OBX"], kinds["NTE"]) == (610, 3323, 2311)
    assert len({str(message.segment("PID")[3]) for message in found}) == 400
    _, results, _, _ = oracle(Path(os.environ["ECLUSE_REAL_DATA"]) / "simhospital" / "messages.hl7")
    shown = {}
    for message in found:
        for number, segment in enumerate(message):
            if str(segment[0]) == "OBX":
                behind = message[number + 1]
                shown[str(behind[1])] = (
                    str(message.segment("OBR")[3]),
                    str(segment[3][0][0]),
                    str(behind[4]),
                    str(segment[11]),
                )
    # an empty text is written as HL7's explicit null
    assert shown == {key: (of, code, raw or '""', status) for key, (of, code, raw, _, status) in results.items()}


@pytest.mark.real_data
def test_simhospital_whole_into_postgresql(tmp_path: Path, postgresql: PostgresqlServer) -> None:
    path = Path(os.environ["ECLUSE_REAL_DATA"]) / "simhospital" / "messages.hl7"
    database = postgresql.database(TARGET)
    migrated(tmp_path, (f"{database.url}?sslmode=disable", "target.yaml"))
    requests, results, comments, people = oracle(path)
    assert (len(requests), len(results), len(comments), len(people)) == (610, 3323, 2311, 400)
    stamp = "%Y%m%d%H%M%S"
    found = table(database, "request")
    assert {
        key: (row["person"], row["placer"], f"{row['registered']:{stamp}}", row["status"]) for key, row in found.items()
    } == requests
    assert all(f"{row['collected']:{stamp}}" == row["collected_raw"] for row in found.values())
    found = table(database, "result")
    assert {
        key: (row["request"], row["code"], row["raw"], row["range"], row["status"]) for key, row in found.items()
    } == results
    numbers = {row["raw"]: (row["comparator"], row["value"]) for row in found.values()}
    assert numbers["<15"] == ("<", Decimal(15))
    assert numbers["Yes"] == (None, None)
    assert numbers["98.00"] == (None, Decimal(98))
    found = table(database, "remark")
    assert {key: (row["request"], row["result"], row["text"]) for key, row in found.items()} == comments
    assert {key: row["name"] for key, row in table(database, "person").items()} == people
    assert set(table(database, "doctor")) == {f"C00{n}" for n in range(1, 8)}


MESSAGES = (
    "MSH|^~\\&|SIM|NORD|||20260102||ORU^R01|1|T|2.3||||||ASCII\rPID|1||P1^^^A||OLD^Ann^B^^Ms||19800101|F\r"
    "PV1|1|I|W1||||D1^Doc^Tor^^^Dr\rOBR|1|O1|F1|c^Panel|||20260102030405|||||||20260102030405||||||||20260102030405|||P\r"
    "OBX|1|NM|tt-0003-02^Potassium||<2.5|MMOLL|3.5 - 5.3|L|||P|||20260102030405\rNTE|1||of the result\r"
    'OBX|2|NM|tt-0003-03^Sodium||140|""|||||F\r',
    "MSH#*~!&#SIM#SUD###20260103##ORU*R01#2#T#2.3######8859/1\rPID#1##P1***A##NEW*Zo\xeb##00000000#U\r"
    "OBR#1#O2#F2#c*Panel###20260103\rNTE#1##of the request !F! here\r",
)  # fmt: skip


def test_each_entity_from_messages_of_two_senders(tmp_path: Path) -> None:
    for number, text in enumerate(MESSAGES):
        (tmp_path / f"{number}.hl7").write_bytes(text.encode("latin-1"))
    profile = source_profile("simhospital")
    spec = SourceSpec(Engine.FILES, f"files://{tmp_path}", profile.files)
    fields = everything(profile)
    found = extract(
        spec, profile, order_for(profile, fields, ("2026-01-01", "2026-12-31"), ["NORD"], unclassifiable=True)
    )
    assert {name: rows.num_rows for name, rows in found.rows.items() if rows.num_rows} == {
        "patient": 1, "practitioner": 1, "site": 1, "request": 1, "observation": 2, "comment": 1
    }  # fmt: skip
    # F2's time has no hour: its scope date is not read, and its request is counted as left out
    person = found.by_key("patient")["P1"]
    assert (person["family_name"], person["given_names"], person["birth_date"], person["sex"]) == (
        "NEW",
        "Zoë",
        None,
        "unknown",
    )
