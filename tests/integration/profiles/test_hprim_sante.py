"""HPRIM Santé messages, written by plain Python from known rows, whole into a PostgreSQL: every value against those rows."""

import contextlib
import datetime as dt
import random
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml
from demo import papers
from shipped import everything, extract, order_for, source_profile

from ecluse.adapters.sources.spec import SourceSpec
from ecluse.domain.profile import Engine
from migrating import Desk, W
from servers import Database, PostgresqlServer

TARGET = """
CREATE TABLE lab (code text PRIMARY KEY, name text);
CREATE TABLE person (id text PRIMARY KEY, ext text, name text, given text, birth_name text, born text, born_raw text,
  sex text, sex_raw text, street text, postcode text, city text, phone text, merged text);
CREATE TABLE request (id text PRIMARY KEY, person text REFERENCES person (id), ext text, registered timestamp,
  lab text REFERENCES lab (code), tests text);
CREATE TABLE result (id text PRIMARY KEY, request text NOT NULL REFERENCES request (id), rank integer, code text,
  label text, loinc text, raw text, value numeric(28, 10), comparator text, unit text, range text, status text);
CREATE TABLE remark (id text PRIMARY KEY, request text NOT NULL REFERENCES request (id),
  result text REFERENCES result (id), text text);
"""
COLUMNS = {
    "site": ("lab", "source_id code, name name"),
    "patient": (
        "person",
        "source_id id, external_id ext, family_name name, given_names given, birth_name birth_name, birth_date born, "
        "birth_date_raw born_raw, sex sex, sex_raw sex_raw, address street, postcode postcode, city city, phone phone, "
        "merged_into merged",
    ),
    "request": ("request", "source_id id, patient person, external_id ext, registered_on registered, site lab, ordered_tests tests"),
    "observation": (
        "result",
        "source_id id, request request, rank rank, code code, label label, loinc loinc, raw_value raw, value value, "
        "comparator comparator, unit unit, reference_range range, status status",
    ),
    "comment": ("remark", "source_id id, request request, observation result, text text"),
}  # fmt: skip
OUT = "HORS-HPRIM"


@dataclass(frozen=True)
class Message:
    text: str
    patient: tuple[str, str]
    request: str
    day: dt.date
    site: str
    results: dict[str, tuple[str, str, str]]
    comments: dict[str, str]


def messages(count: int) -> list[Message]:
    """Requests of 2018 to 2020 at three sites; those outside the order carry a mark."""
    dice, made = random.Random(11), []
    for number in range(count):
        day = dt.date(2018, 1, 1) + dt.timedelta(days=dice.randrange(1000))
        site = dice.choice(["NORD", "SUD", "OUEST"])
        inside = day.year == 2019 and site != "OUEST"
        mark = "" if inside else OUT
        patient = (f"B{number % 40}{'x' if not inside else ''}", dice.choice(["ÉTÉ", "GAULLE", "Noël-Zoé"]))
        lines = [rf"H|~^\&|F{number}|secret-{OUT}|{site}~Labo {site}||ORU|||HPRIM||P|H2.1~C|{day:%Y%m%d}1200",
                 f"P|1|N{patient[0]}|{patient[0]}||{patient[1]}~Léa|NÉE|19680229|F||1 RUE~~PARIS~~75000||0102030405"]  # fmt: skip
        lines.append(f"OBR|1|E{number}~|~D{number}|NA~Sodium~L^K~Potassium~L|S||{day:%Y%m%d}0830||||{mark}||||{day:%Y%m%d}0915||~")
        results, comments = {}, {}
        for rank in range(dice.randrange(1, 4)):
            code, raw = dice.choice([("NA", "140"), ("K", "<4.1"), ("NA", "absence")])
            lines.append(f"OBX|{rank}|NM|{code}~{code.lower()}~L||{raw}|mmol/L|1 - 2|N|||F")
            results[f"D{number}/{len(lines)}"] = (code, raw, "F")
            if dice.random() < 0.3:
                text = f"remarque{mark} " + "très longue " * 3
                lines += [f"C|1|L|{text[:20]}", f"A|{text[20:]}"]
                comments[f"D{number}/{len(lines) - 1}"] = text
                lines.append(f"Z|{rank}")
        lines += ["L|1", ""]
        # positions count segments, not lines: a continuation is none
        shift, place, ranks = 0, 0, {}
        for place, line in enumerate(lines, 1):
            shift += line.startswith("A|")
            ranks[place] = place - shift
        results = {f"D{number}/{ranks[int(key.split('/')[1])]}": value for key, value in results.items()}
        comments = {f"D{number}/{ranks[int(key.split('/')[1])]}": value for key, value in comments.items()}
        made.append(Message("\r\n".join(lines), patient, f"D{number}", day, site, results, comments))
    return made


def destination() -> str:
    entities = {
        entity: {"table": table, "columns": dict(pair.split() for pair in pairs.split(", "))}
        for entity, (table, pairs) in COLUMNS.items()
    }
    made = {"format": "ecluse.destination-profile/1", "profile": "ward-lis", "system": "ward", "engine": "postgresql",
            "production": True, "entities": entities}  # fmt: skip
    return yaml.safe_dump(made, sort_keys=False)


def table(database: Database, name: str) -> dict[str, dict[str, Any]]:
    with contextlib.closing(database.connect()) as connection, connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {name}")
        names = [column[0] for column in cursor.description]
        return {row[0]: dict(zip(names, row, strict=True)) for row in cursor.fetchall()}


def test_whole_into_postgresql(tmp_path: Path, postgresql: PostgresqlServer) -> None:
    folder = tmp_path / "messages"
    folder.mkdir()
    every = messages(300)
    for start in range(0, 300, 30):
        text = "".join(message.text for message in every[start : start + 30])
        (folder / f"DURAND{start:04}.hpr").write_bytes(text.encode("latin-1"))
    (folder / "zz.hpr").write_bytes(every[0].text.replace("L|1\r\n", "").replace("D0|", "D999|").encode("latin-1"))
    database = postgresql.database(TARGET)
    desk = Desk.made(tmp_path / "desk", patients=3)
    desk.path("target.yaml").write_text(destination())
    desk = replace(desk, source=(f"files://{folder}", "hprim-sante"), target=(f"{database.url}?sslmode=disable", "target.yaml"))
    shown = desk.ecluse("key", "show", "keys/kalisil.age", "--json").json()
    fields = {
        entity: tuple(f for f in names if f in COLUMNS[entity][1].replace(",", " ").split()[::2])
        for entity, names in everything(source_profile("hprim-sante")).items() if entity in COLUMNS
    }  # fmt: skip
    text = papers.real_order(
        shown["recipient"], dt.datetime.now(dt.UTC).date(), source=("hprim-sante", "hprim-sante"),
        dates=("2019-01-01", "2019-12-31"), sites=("NORD", "SUD"), fields=fields,
    )  # fmt: skip
    desk.path("order.yaml").write_text(text.replace("openlis", "ward"))
    for old in desk.root.glob("order.json*"):
        old.unlink()
    desk.ecluse("order", "sign", "order.yaml", "--agreement", "agreement.json", "--key", "keys/dr.martin")
    planned = desk.ecluse(
        "plan", *W, "--agreement", "agreement.json", "--order", "order.json", "--source", desk.source[0], "--profile",
        desk.source[1], "--agent-key", "keys/agent-source", "--destination", desk.target[0], "--destination-profile",
        desk.target[1], "--identity", "keys/kalisil.age", "--destination-agent-key", "keys/agent-destination", "--no-sql",
    )  # fmt: skip
    assert "What the files held" in planned.out
    assert "a message without its end (L)" in planned.out
    assert "DURAND" not in planned.out
    done = desk.ecluse("run", *W)
    assert "Differences\n  None." in done.out
    assert "a message without its end (L)" in done.out

    inside = [message for message in every if message.day.year == 2019 and message.site != "OUEST"]
    assert {key: (row["person"], row["lab"], row["registered"].date()) for key, row in table(database, "request").items()} == {
        m.request: (m.patient[0], m.site, m.day) for m in inside
    }
    assert {key: (row["code"], row["raw"], row["status"]) for key, row in table(database, "result").items()} == {
        key: value for m in inside for key, value in m.results.items()
    }
    assert {key: row["text"] for key, row in table(database, "remark").items()} == {
        key: value for m in inside for key, value in m.comments.items()
    }
    assert set(table(database, "person")) == {m.patient[0] for m in inside}
    desk.finish()
    for path in desk.root.rglob("*"):
        if path.is_file():
            assert OUT.encode() not in path.read_bytes(), path


def test_a_request_sent_again_and_a_merged_patient(tmp_path: Path) -> None:
    head = r"H|~^\&|F|||||ORU" "\r\n"
    first = head.replace("F|||||", "F||NORD~Labo||") + "P|1|7|B7||ÉTÉ~Léa||19680229|F\r\nOBR|1||~D1|NA|||20190301\r\nOBX|1|NM|NA~s~L||140\r\nL|1\r\n"
    again = first.replace("140", "141").replace("P|1|7|B7", "P|1|8~7~FU|B8")
    (tmp_path / "a.hpr").write_bytes((first + again).encode("latin-1"))
    profile = source_profile("hprim-sante")
    spec = SourceSpec(Engine.FILES, f"files://{tmp_path}", profile.files)
    fields = everything(profile)
    found = extract(spec, profile, order_for(profile, fields, ("2019-01-01", "2019-12-31"), ["NORD"], unclassifiable=True))
    assert {key: row["raw_value"] for key, row in found.by_key("observation").items()} == {"D1/4": "141"}
    assert found.by_key("request")["D1"]["patient"] == "B8"
    assert set(found.by_key("patient")) == {"B8"}  # B7 is reached by no request in scope any more
