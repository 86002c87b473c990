"""Rows → HPRIM Médecin mails → Écluse's reader → the same rows; what the format has no way to write is refused."""

from dataclasses import replace
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecluse.adapters.hprim.medecin import MEDECIN, MedecinLayout
from ecluse.adapters.messages.grammar import places_of
from ecluse.adapters.messages.model import ENCODING, UNWRITABLE, Heading
from ecluse.domain.errors import DestinationError
from ecluse.domain.profile import DestinationProfile
from ecluse.wire.documents import read as read_document
from message_rows import SCHEMAS as ALL
from message_rows import Rows, fits, listed, of_requests, rows, texts_of

PROFILE = read_document(Path(str(files("ecluse.profiles"))) / "hprim-medecin-mail.yaml").to(DestinationProfile)
HEADING = Heading("sha256:" + "0" * 64, "20260102030405")
WITHOUT = {"request": {"collector", "comment"}}


def narrowed(entity: str, schema: pa.Schema) -> pa.Schema:
    return pa.schema([field for field in schema if field.name not in WITHOUT.get(entity, ())])


SCHEMAS = {entity: narrowed(entity, schema) for entity, schema in ALL.items() if entity != "comment"}
LAYOUT = MedecinLayout(places_of(MEDECIN, PROFILE, SCHEMAS), SCHEMAS, "iso8859-1")
PARTIAL = ("1950", "1950-07", "1950-07-31", None)


def plain(found: Rows) -> Rows:
    """Drawn rows as HPRIM Médecin's order has them: without comments, states and dates of its own."""
    made = {}
    for entity, schema in SCHEMAS.items():
        table = found[entity].to_pylist()
        for row in table:
            if entity == "observation":
                row["status"] = {"F": "F", "P": "R", "C": "C", "X": "R"}[row["status"]]
        made[entity] = pa.Table.from_pylist([{name: row[name] for name in schema.names} for row in table], schema)
    return made


def can_be_told(found: Rows) -> bool:
    texts = texts_of(found)
    if any(not text or text == '""' or any(bad in text for bad in "|\n\r\x1a\0") or "****" in text for text in texts):
        return False
    parted = [row["source_id"] for entity in ("site", "practitioner") for row in found[entity].to_pylist()]
    parted += [row[name] or "" for row in found["request"].to_pylist() for name in ("site", "prescriber")]
    results = found["observation"].to_pylist()
    return (
        not any(" " in key for key in parted)
        and all(row["source_id"].strip() for row in found["patient"].to_pylist())
        and all(row["birth_date"] in PARTIAL for row in found["patient"].to_pylist())
        and not any(row["comparator"] and row["value"] is None for row in results)
    )


@given(rows(), st.sampled_from(["iso8859-1", "cp1252"]))
def test_rows_come_back_as_they_went_or_their_request_is_refused(drawn: Rows, encoding: str) -> None:
    given_rows = plain(drawn)
    given_rows["patient"] = reduced(given_rows["patient"])
    layout = replace(LAYOUT, encoding=encoding)
    messages = layout.write(given_rows, HEADING)
    kept = {message.request for message in messages if not message.refused}
    data = layout.joined([message for message in messages if not message.refused])
    back = layout.read(data) if data else {entity: schema.empty_table() for entity, schema in SCHEMAS.items()}
    for entity, table in of_requests(given_rows, kept).items():
        once = entity in {"patient", "practitioner", "site"}
        assert listed(back[entity], once=once) == listed(table), entity
    for message in messages:
        mine = of_requests(given_rows, {message.request})
        strange = any(not fits(text, encoding) for text in texts_of(mine))
        assert message.refused == (UNWRITABLE if not can_be_told(mine) else ENCODING if strange else "")


def reduced(patients: pa.Table) -> pa.Table:
    """Birth dates that the order's parser could have made."""
    every = [
        row | {"birth_date": row["birth_date"] if row["birth_date"] != "19500731x" else None}
        for row in patients.to_pylist()
    ]
    return pa.Table.from_pylist(every, patients.schema)


def one(**changes: Any) -> Rows:
    made: dict[str, dict[str, Any]] = {
        "patient": {"source_id": "P1", "family_name": "ÉTÉ", "birth_date": "1968-02-29", "address": "1 rue du Four"},
        "practitioner": {"source_id": "D1", "family_name": "LE GALL Anne"},
        "site": {"source_id": "S1", "name": "LABO CENTRE"},
        "request": {"source_id": "R1", "patient": "P1", "prescriber": "D1", "site": "S1"},
        "observation": {"source_id": "O1", "request": "R1", "code": "NA", "label": "Sodium", "status": "F", "unit": "mmol/L"},
    }  # fmt: skip
    for name, value in changes.items():
        entity, column = name.split("__")
        made[entity][column] = value
    return {entity: pa.Table.from_pylist([made[entity]], SCHEMAS[entity]) for entity in SCHEMAS}


def test_a_mail_has_twelve_lines_a_text_and_results() -> None:
    made = one(observation__value=Decimal("140.5"), observation__raw_value="140,5")
    (message,) = LAYOUT.write(made, HEADING)
    assert LAYOUT.joined([message]).decode("latin-1").split("\r\n") == [
        "P1", "ÉTÉ", "", "1 rue du Four", "", "", "29/02/1968", "", "R1", "", "S1 LABO CENTRE", "D1 LE GALL Anne",
        "  Sodium  140.5 mmol/L",
        "****LAB****",
        "TEX|  Sodium  140.5 mmol/L",
        "RES|Sodium|NA|N|140.5|mmol/L||||F|||||O1|140,5",
        "TEX|ECLUSE",
        "****FIN****", "****FINFICHIER****", "",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "comparator", "raw", "shown"),
    [
        ("0.5", "<", "<0,5", "|A|<0.5|"),
        ("224000", None, "224.000", "|N|224000|"),
        (None, None, "positif", "|A|positif|"),
        (None, None, None, "|A||"),
        (None, None, "<5", "|A|<5|"),
    ],
)
def test_a_result_is_written_by_its_kind(
    value: str | None, comparator: str | None, raw: str | None, shown: str
) -> None:
    number = None if value is None else Decimal(value)
    made = one(observation__value=number, observation__comparator=comparator, observation__raw_value=raw)
    (message,) = LAYOUT.write(made, HEADING)
    assert f"\r\nRES|Sodium|NA{shown}".encode() in message.text
    assert LAYOUT.read(LAYOUT.joined([message]))["observation"].equals(made["observation"])


@pytest.mark.parametrize(
    ("date", "line"), [("1950", "00/00/1950"), ("1950-07", "00/07/1950"), ("1950-07-31", "31/07/1950"), (None, "")]
)
def test_a_birth_date_keeps_what_is_known(date: str | None, line: str) -> None:
    made = one(patient__birth_date=date)
    (message,) = LAYOUT.write(made, HEADING)
    assert message.text.decode("latin-1").split("\r\n")[6] == line
    assert LAYOUT.read(LAYOUT.joined([message]))["patient"]["birth_date"].to_pylist() == [date]


@pytest.mark.parametrize("date", ["00/00/1950", "31/07/1950", "1950-7-31", "soon"])
def test_a_birth_date_that_is_none_of_the_catalogue_s_is_refused(date: str) -> None:
    (message,) = LAYOUT.write(one(patient__birth_date=date), HEADING)
    assert message.refused == UNWRITABLE


@pytest.mark.parametrize(
    ("entity", "name", "column", "words"),
    [
        ("patient", "family_name", "HDR-13", "twelve header lines"),
        ("patient", "family_name", "HDR-10", "filled by the writer"),
        ("patient", "family_name", "RES-20", "in no segment"),
        ("patient", "birth_date_raw", "HDR-7.1", "patient.birth_date"),
        ("patient", "address", "TEX-40.1", "no such part"),
        ("patient", "address", "HDR-4.3", "no such part"),
        ("request", "prescriber", "TEX-40", "takes a header line"),
        ("observation", "raw_value", "RES-5.1", "place of its own"),
        ("observation", "value", "RES-40", "must be RES-5"),
        ("patient", "sex", None, "no place"),
    ],
)
def test_a_place_that_cannot_be_is_refused_before_anything_is_written(
    entity: str, name: str, column: str | None, words: str
) -> None:
    target = PROFILE.entities[entity]
    columns = {key: value for key, value in target.columns.items() if key != name} | ({name: column} if column else {})
    changed = replace(PROFILE, entities={**PROFILE.entities, entity: replace(target, columns=columns)})
    with pytest.raises(DestinationError, match=words):
        MedecinLayout(places_of(MEDECIN, changed, SCHEMAS), SCHEMAS, "cp1252")


@pytest.mark.parametrize("entity", ["comment", "specimen", "report", "payer"])
def test_what_a_mail_has_no_line_for_is_refused_by_name(entity: str) -> None:
    with pytest.raises(DestinationError, match=f"{entity} is ordered, and has no place"):
        places_of(MEDECIN, PROFILE, SCHEMAS | {entity: pa.schema([("source_id", pa.string())])})
