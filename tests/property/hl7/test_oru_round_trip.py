"""Rows → ORU^R01 → Écluse's reader → the same rows, whatever texts they hold; and python-hl7 reads the same structure."""

import datetime as dt
from collections import Counter
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any

import hl7
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecluse.adapters.hl7.grammar import HL7
from ecluse.adapters.hl7.reading import read
from ecluse.adapters.hl7.writer import write
from ecluse.adapters.messages.grammar import Places, places_of
from ecluse.adapters.messages.model import Heading, Message
from ecluse.domain.errors import DestinationError
from ecluse.domain.profile import DestinationProfile
from ecluse.wire.documents import read as read_document

PROFILE = read_document(Path(str(files("ecluse.profiles"))) / "hl7-oru.yaml").to(DestinationProfile)
HEADING = Heading("sha256:" + "0" * 64, "20260102030405", "DXCARE", "CHU|1")
NUMBER = pa.decimal128(28, 10)
SCHEMAS = {
    "patient": pa.schema([("source_id", pa.string()), ("family_name", pa.string()), ("birth_date", pa.string()),
                          ("birth_date_raw", pa.string()), ("sex", pa.string()), ("address", pa.string())]),
    "practitioner": pa.schema([("source_id", pa.string()), ("family_name", pa.string())]),
    "site": pa.schema([("source_id", pa.string()), ("name", pa.string())]),
    "request": pa.schema([("source_id", pa.string()), ("patient", pa.string()), ("registered_on", pa.timestamp("us")),
                          ("prescribed_on", pa.date32()), ("prescriber", pa.string()), ("collector", pa.string()),
                          ("site", pa.string()), ("comment", pa.string())]),
    "specimen": pa.schema([("source_id", pa.string()), ("request", pa.string()), ("type", pa.string())]),
    "observation": pa.schema([("source_id", pa.string()), ("request", pa.string()), ("rank", pa.int64()),
                              ("code", pa.string()), ("label", pa.string()), ("loinc", pa.string()),
                              ("raw_value", pa.string()), ("value", NUMBER), ("comparator", pa.string()),
                              ("unit", pa.string()), ("ucum", pa.string()), ("status", pa.string()),
                              ("observed_on", pa.timestamp("us"))]),
    "comment": pa.schema([("source_id", pa.string()), ("request", pa.string()), ("observation", pa.string()),
                          ("text", pa.string())]),
}  # fmt: skip
PLACES = places_of(HL7, PROFILE, SCHEMAS)
Rows = dict[str, pa.Table]

TEXT = st.one_of(
    st.none(),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12),
    st.sampled_from(["", '""', "|^~\\&", "\\F\\", "\\.br\\", "a\r\nb", "\x0b\x1c\r", "’“€œ", "🧪𝄞", "\\X22\\", "^^^", "&", "  ",
                     "\ufdd0x\ufdd1", "224.000", "<0,5", "MSH|^~\\&|", "x" * 300, "\\", "\\E", "~~"]),
)  # fmt: skip
KEYED = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=0, max_size=6)
TIMES = st.one_of(st.none(), st.datetimes(dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31)).map(  # noqa: DTZ001
    lambda moment: moment.replace(microsecond=moment.microsecond // 100 * 100)))  # fmt: skip
DATES = st.one_of(st.none(), st.dates())
PARTIAL = st.one_of(
    st.none(), st.sampled_from(["1950", "1950-07", "1950-07-31", "", "00/00/1950", "1950-", "19500731x"])
)
NUMBERS = st.one_of(st.none(), st.decimals(-(10**17), 10**17, places=10), st.sampled_from([Decimal("0.0000000001")]))


@st.composite
def rows(draw: st.DrawFn) -> Rows:
    patients = draw(st.lists(KEYED, min_size=1, max_size=3, unique=True))
    doctors = draw(st.lists(KEYED, max_size=3, unique=True))
    sites = draw(st.lists(KEYED, max_size=2, unique=True))
    requests = draw(st.lists(KEYED, min_size=1, max_size=4, unique=True))
    results = draw(st.lists(st.tuples(KEYED, st.sampled_from(requests)), max_size=6, unique_by=lambda pair: pair[0]))
    made: dict[str, list[dict[str, Any]]] = {entity: [] for entity in SCHEMAS}
    by_request: dict[str, list[str]] = {}
    for key, request in results:
        by_request.setdefault(request, []).append(key)
        made["observation"].append(
            {"source_id": key, "request": request, "rank": draw(st.one_of(st.none(), st.integers(-5, 5))),
             "value": draw(NUMBERS), "status": draw(st.sampled_from("FPCX")), "observed_on": draw(TIMES),
             "comparator": draw(st.sampled_from([None, None, "<", ">=", "<="])),
             **{name: draw(TEXT) for name in ("label", "loinc", "raw_value", "unit", "ucum", "code")}}
        )  # fmt: skip
    for key in patients:
        made["patient"].append({"source_id": key, "birth_date": draw(PARTIAL), "sex": draw(st.sampled_from([None, "male", "unknown"])),
                                **{name: draw(TEXT) for name in ("family_name", "birth_date_raw", "address")}})  # fmt: skip
    made["practitioner"] = [{"source_id": key, "family_name": draw(TEXT)} for key in doctors]
    made["site"] = [{"source_id": key, "name": draw(TEXT)} for key in sites]
    for key in requests:
        someone = st.one_of(st.none(), st.sampled_from(doctors)) if doctors else st.none()
        made["request"].append(
            {"source_id": key, "patient": draw(st.sampled_from(patients)), "registered_on": draw(TIMES),
             "prescribed_on": draw(DATES), "prescriber": draw(someone), "collector": draw(someone),
             "site": draw(st.one_of(st.none(), st.sampled_from(sites)) if sites else st.none()), "comment": draw(TEXT)}
        )  # fmt: skip
    for number in range(draw(st.integers(0, 3))):
        made["specimen"].append(
            {"source_id": f"S{number}", "request": draw(st.sampled_from(requests)), "type": draw(TEXT)}
        )
        request = draw(st.sampled_from(requests))
        result = draw(st.sampled_from([None, *by_request.get(request, [])]))
        made["comment"].append(
            {"source_id": f"N{number}", "request": request, "observation": result, "text": draw(TEXT)}
        )
    return {entity: pa.Table.from_pylist(each, SCHEMAS[entity]) for entity, each in made.items()}


def named(found: Rows) -> Rows:
    """Patients, practitioners and sites stand in messages only where a request names them."""
    requests = found["request"]
    used = {
        "patient": set(requests["patient"].to_pylist()),
        "practitioner": {*requests["prescriber"].to_pylist(), *requests["collector"].to_pylist()},
        "site": set(requests["site"].to_pylist()),
    }
    return {
        entity: pa.Table.from_pylist([row for row in table.to_pylist() if row["source_id"] in used.get(entity, {row["source_id"]})],
                                     table.schema)
        for entity, table in found.items()
    }  # fmt: skip


def listed(table: pa.Table, *, once: bool = False) -> list[tuple[object, ...]]:
    every = [tuple(row.values()) for row in table.to_pylist()]
    return sorted(set(every) if once else every, key=repr)


def joined(messages: list[Message]) -> bytes:
    return b"".join(message.text for message in messages)


@given(rows())
def test_rows_come_back_as_they_went(given_rows: Rows) -> None:
    messages = write(given_rows, PLACES, HEADING)
    back = read(joined(messages), PLACES, SCHEMAS)
    for entity, table in named(given_rows).items():
        once = entity in {"patient", "practitioner", "site"}
        assert listed(back[entity], once=once) == listed(table), entity


@given(rows(), st.randoms(use_true_random=False))
def test_the_same_rows_give_the_same_bytes_in_any_order(given_rows: Rows, chance: Any) -> None:
    shuffled = {}
    for entity, table in given_rows.items():
        order = list(range(table.num_rows))
        chance.shuffle(order)
        shuffled[entity] = table.take(pa.array(order, pa.int64()))
    assert write(shuffled, PLACES, HEADING) == write(given_rows, PLACES, HEADING)


@given(rows())
def test_another_reader_finds_each_result_in_its_place(given_rows: Rows) -> None:
    messages = write(given_rows, PLACES, HEADING)
    results = given_rows["observation"].to_pylist()
    for message in messages:
        found = hl7.parse(message.text.decode())
        mine = [row for row in results if row["request"] == message.request]
        shown = [segment for segment in found if str(segment[0]) == "OBX"]
        assert Counter(str(segment[11]) for segment in shown) == Counter(row["status"] for row in mine)
        numbers = Counter(str(segment[5]) for segment in shown if str(segment[2]) == "NM")
        assert numbers == Counter(
            _plain(row["value"]) for row in mine if row["value"] is not None and not row["comparator"]
        )
        assert [str(segment[1]) for segment in shown] == [str(number + 1) for number in range(len(mine))]
        assert str(found[0][10]) == message.control == HEADING.control(message.request)
        assert len(message.control) == 20


def _plain(number: Decimal) -> str:
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def one(**changes: Any) -> Rows:
    """One request with one result, changed."""
    made: dict[str, dict[str, Any]] = {
        "patient": {"source_id": "P", "family_name": "MARTIN"},
        "request": {"source_id": "R", "patient": "P"},
        "observation": {"source_id": "O", "request": "R", "code": "CRP", "status": "F"},
    }
    for name, value in changes.items():
        entity, column = name.split("__")
        made[entity][column] = value
    return {
        entity: pa.Table.from_pylist([made[entity]] if entity in made else [], SCHEMAS[entity]) for entity in SCHEMAS
    }


@pytest.mark.parametrize(
    ("value", "comparator", "raw", "shown"),
    [
        ("0.5", "<", "<0,5", "|SN|CRP||<^0.5|"),
        ("224000", None, "224.000", "|NM|CRP||224000|"),
        (None, None, "positif", "|ST|CRP||positif|"),
        (None, None, "a\nb", "|TX|CRP||a\\.br\\b|"),
        (None, None, None, "||CRP||||"),
    ],
)
def test_a_result_is_written_by_its_kind(
    value: str | None, comparator: str | None, raw: str | None, shown: str
) -> None:
    number = None if value is None else Decimal(value)
    (message,) = write(
        one(observation__value=number, observation__comparator=comparator, observation__raw_value=raw), PLACES, HEADING
    )
    (line,) = [line for line in message.text.decode().split("\r") if line.startswith("OBX")]
    assert line.startswith(f"OBX|1{shown}")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"observation__status": "validé"}, "observation.status: 1 rows"),
        ({"observation__status": None}, "observation.status: 1 rows"),
        ({"patient__sex": "F"}, "patient.sex: 1 rows"),
        ({"patient__family_name": "a\0b"}, "NUL"),
        ({"patient__birth_date": "19500731"}, "patient.birth_date: 1 rows"),
        ({"request__patient": None}, "name no patient"),
        ({"observation__observed_on": dt.datetime(2026, 1, 1, 0, 0, 0, 12)}, "tenth of a millisecond"),  # noqa: DTZ001
    ],
)
def test_what_a_message_cannot_say_is_refused_and_not_shown(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(DestinationError, match=words) as caught:
        write(one(**changes), PLACES, HEADING)
    for value in changes.values():
        assert not isinstance(value, str) or len(value) < 4 or value not in caught.value.message


def test_a_comment_on_a_result_of_another_request_is_refused() -> None:
    found = one() | {
        "comment": pa.Table.from_pylist([{"source_id": "N", "request": "R", "observation": "?"}], SCHEMAS["comment"])
    }
    with pytest.raises(DestinationError, match="1 rows name a result"):
        write(found, PLACES, HEADING)


@pytest.mark.parametrize(
    ("entity", "name", "column", "words"),
    [
        ("patient", "family_name", "OBX-3.1", "in no segment"),
        ("patient", "family_name", "PID-1", "filled by the writer"),
        ("patient", "family_name", "name", "no place"),
        ("patient", "family_name", None, "no place"),
        ("request", "prescriber", "OBR-16.1", "whole field"),
        ("request", "patient", "PID-2", "must be where"),
        ("observation", "raw_value", "OBX-5", "column"),
        ("observation", "raw_value", "OBX-5.4", "place of its own"),
        ("observation", "value", "OBX-6", "must be OBX-5"),
    ],
)
def test_a_place_that_cannot_be_is_refused_before_anything_is_written(
    entity: str, name: str, column: str | None, words: str
) -> None:
    from dataclasses import replace  # noqa: PLC0415

    target = PROFILE.entities[entity]
    columns = {key: value for key, value in target.columns.items() if key != name} | ({name: column} if column else {})
    with pytest.raises((DestinationError, ValueError), match=words):
        changed: Places = places_of(
            HL7, replace(PROFILE, entities={**PROFILE.entities, entity: replace(target, columns=columns)}), SCHEMAS
        )
        assert not changed


def test_codes_are_those_of_the_profile() -> None:
    from dataclasses import replace  # noqa: PLC0415

    target = PROFILE.entities["observation"]
    coded = replace(
        PROFILE, entities={**PROFILE.entities, "observation": replace(target, values={"status": {"validé": "F"}})}
    )
    places = places_of(HL7, coded, SCHEMAS)
    found = one(observation__status="validé")
    messages = write(found, places, HEADING)
    assert b"|F\r" in messages[0].text
    assert read(joined(messages), places, SCHEMAS)["observation"]["status"].to_pylist() == ["validé"]
