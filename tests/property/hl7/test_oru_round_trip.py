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
from message_rows import SCHEMAS as ALL
from message_rows import Rows, listed, of_requests, one, rows, shuffled

PROFILE = read_document(Path(str(files("ecluse.profiles"))) / "hl7-oru.yaml").to(DestinationProfile)
HEADING = Heading("sha256:" + "0" * 64, "20260102030405", "DXCARE", "CHU|1")
SCHEMAS = ALL | {"specimen": pa.schema([("source_id", pa.string()), ("request", pa.string()), ("type", pa.string())])}
PLACES = places_of(HL7, PROFILE, SCHEMAS)

TEXT = st.one_of(
    st.none(),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12),
    st.sampled_from(["", '""', "|^~\\&", "\\F\\", "\\.br\\", "a\r\nb", "\x0b\x1c\r", "’“€œ", "🧪𝄞", "\\X22\\", "^^^", "&", "  ",
                     "\ufdd0x\ufdd1", "224.000", "<0,5", "MSH|^~\\&|", "x" * 300, "\\", "\\E", "~~"]),
)  # fmt: skip
KEYED = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=0, max_size=6)
ROWS = rows(SCHEMAS, (TEXT, KEYED))


def joined(messages: list[Message]) -> bytes:
    return b"".join(message.text for message in messages)


@given(ROWS)
def test_rows_come_back_as_they_went(given_rows: Rows) -> None:
    messages = write(given_rows, PLACES, HEADING)
    back = read(joined(messages), PLACES, SCHEMAS)
    for entity, table in of_requests(given_rows, set(given_rows["request"]["source_id"].to_pylist())).items():
        once = entity in {"patient", "practitioner", "site"}
        assert listed(back[entity], once=once) == listed(table), entity


@given(ROWS, st.randoms(use_true_random=False))
def test_the_same_rows_give_the_same_bytes_in_any_order(given_rows: Rows, chance: Any) -> None:
    assert write(shuffled(given_rows, chance), PLACES, HEADING) == write(given_rows, PLACES, HEADING)


@given(ROWS)
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
        one(SCHEMAS, observation__value=number, observation__comparator=comparator, observation__raw_value=raw),
        PLACES,
        HEADING,
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
        write(one(SCHEMAS, **changes), PLACES, HEADING)
    for value in changes.values():
        assert not isinstance(value, str) or len(value) < 4 or value not in caught.value.message


def test_a_comment_on_a_result_of_another_request_is_refused() -> None:
    found = one(SCHEMAS) | {
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
    found = one(SCHEMAS, observation__status="validé")
    messages = write(found, places, HEADING)
    assert b"|F\r" in messages[0].text
    assert read(joined(messages), places, SCHEMAS)["observation"]["status"].to_pylist() == ["validé"]
