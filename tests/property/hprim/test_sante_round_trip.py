"""Rows → HPRIM Santé → Écluse's reader → the same rows, whatever texts they hold; what cannot be written is refused."""

import datetime as dt
import re
from dataclasses import replace
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecluse.adapters.hprim.sante import SANTE, SanteLayout
from ecluse.adapters.messages.grammar import places_of
from ecluse.adapters.messages.model import ENCODING, UNWRITABLE, Heading
from ecluse.domain.errors import DestinationError
from ecluse.domain.profile import DestinationProfile
from ecluse.wire.documents import read as read_document
from message_rows import SCHEMAS, Rows, fits, listed, of_requests, one, rows, shuffled, texts_of

PROFILE = read_document(Path(str(files("ecluse.profiles"))) / "hprim-sante-oru.yaml").to(DestinationProfile)
HEADING = Heading("sha256:" + "0" * 64, "20260102030405", "CHU", "Hôpital|1")
LAYOUT = SanteLayout(places_of(SANTE, PROFILE, SCHEMAS), SCHEMAS, "iso8859-1")
ENCODINGS = ("iso8859-1", "iso8859-15", "cp1252")


@given(rows(), st.sampled_from(ENCODINGS))
def test_rows_come_back_as_they_went_or_their_request_is_refused(given_rows: Rows, encoding: str) -> None:
    layout = replace(LAYOUT, encoding=encoding)
    messages = layout.write(given_rows, HEADING)
    kept = {message.request for message in messages if not message.refused}
    back = layout.read(layout.joined([message for message in messages if not message.refused]))
    for entity, table in of_requests(given_rows, kept).items():
        once = entity in {"patient", "practitioner", "site"}
        assert listed(back[entity], once=once) == listed(table), entity
    for message in messages:
        mine = texts_of(of_requests(given_rows, {message.request}))
        untold = any("\0" in text or text == '""' for text in mine)
        strange = any(not fits(text, encoding) for text in mine)
        assert message.refused == (UNWRITABLE if untold else ENCODING if strange else "")
        assert not (message.refused and message.text)
        assert b"?" not in message.text or any("?" in text for text in mine)


@given(rows(), st.randoms(use_true_random=False))
def test_the_same_rows_give_the_same_bytes_in_any_order(given_rows: Rows, chance: Any) -> None:
    assert LAYOUT.write(shuffled(given_rows, chance), HEADING) == LAYOUT.write(given_rows, HEADING)


@given(rows())
def test_messages_are_of_their_grammar_whatever_stands_in_them(given_rows: Rows) -> None:
    for message in LAYOUT.write(given_rows, HEADING):
        if message.refused:
            continue
        text = message.text.decode("iso8859-1")
        assert text.endswith("\r\n")
        lines = text[:-2].split("\r\n")
        assert all(len(line) <= 220 and "\r" not in line and "\n" not in line for line in lines)
        whole = text[:-2].replace("\r\nA|", "").split("\r\n")
        assert re.fullmatch("HP(OBR)(C)*(OBXC*)*L", "".join(line.split("|")[0] for line in whole))
        assert whole[0].startswith(f"H|~^\\&|{message.control}.HPR||")
        mine = [row for row in given_rows["observation"].to_pylist() if row["request"] == message.request]
        shown = [line.split("|") for line in whole if line.startswith("OBX|")]
        assert [line[1] for line in shown] == [str(number + 1) for number in range(len(mine))]
        assert sorted(line[11] for line in shown) == sorted(row["status"] for row in mine)


@pytest.mark.parametrize(
    ("value", "comparator", "raw", "shown"),
    [
        ("0.5", "<", "<0,5", "|ST|CRP~~L||<0.5|"),
        ("224000", None, "224.000", "|NM|CRP~~L||224000|"),
        (None, None, "positif", "|ST|CRP~~L||positif|"),
        (None, None, "a\nb", "|TX|CRP~~L||a\\.br\\b|"),
        (None, "<", "<seuil", "|TX|CRP~~L||<seuil|"),
        (None, None, None, "||CRP~~L|||"),
    ],
)
def test_a_result_is_written_by_its_kind(
    value: str | None, comparator: str | None, raw: str | None, shown: str
) -> None:
    number = None if value is None else Decimal(value)
    made = one(observation__value=number, observation__comparator=comparator, observation__raw_value=raw)
    (message,) = LAYOUT.write(made, HEADING)
    (line,) = [line for line in message.text.decode("latin-1").split("\r\n") if line.startswith("OBX")]
    assert line.startswith(f"OBX|1{shown}")
    assert LAYOUT.read(message.text)["observation"].equals(made["observation"])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"observation__status": "validé"}, "observation.status: 1 rows"),
        ({"observation__status": None}, "observation.status: 1 rows"),
        ({"observation__comparator": "~", "observation__value": Decimal(1)}, "comparator: 1 rows"),
        ({"patient__sex": "other"}, "patient.sex: 1 rows"),
        ({"patient__birth_date": "19500731"}, "patient.birth_date: 1 rows"),
        ({"request__patient": None}, "name no patient"),
        ({"observation__observed_on": dt.datetime(2026, 1, 1, 0, 0, 0, 12)}, "tenth of a millisecond"),  # noqa: DTZ001
    ],
)
def test_what_no_message_can_say_is_refused_and_not_shown(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(DestinationError, match=words) as caught:
        LAYOUT.write(one(**changes), HEADING)
    for value in changes.values():
        assert not isinstance(value, str) or len(value) < 4 or value not in caught.value.message


@pytest.mark.parametrize(
    ("entity", "name", "column", "words"),
    [
        ("patient", "family_name", "OBX-41", "in no segment"),
        ("patient", "family_name", "P-2", "filled by the writer"),
        ("patient", "family_name", "H-4", "in no segment"),
        ("request", "comment", "H-4", "filled by the writer"),
        ("patient", "family_name", None, "no place"),
        ("request", "prescriber", "OBR-17.1", "whole field"),
        ("request", "patient", "P-3", "must be where"),
        ("observation", "raw_value", "OBX-6.2", "place of its own"),
        ("observation", "value", "OBX-43", "must be OBX-6"),
    ],
)
def test_a_place_that_cannot_be_is_refused_before_anything_is_written(
    entity: str, name: str, column: str | None, words: str
) -> None:
    target = PROFILE.entities[entity]
    columns = {key: value for key, value in target.columns.items() if key != name} | ({name: column} if column else {})
    changed = replace(PROFILE, entities={**PROFILE.entities, entity: replace(target, columns=columns)})
    with pytest.raises((DestinationError, ValueError), match=words):
        places_of(SANTE, changed, SCHEMAS)


@pytest.mark.parametrize("entity", ["specimen", "report", "payer"])
def test_what_hprim_has_no_segment_for_is_refused_by_name(entity: str) -> None:
    with pytest.raises(DestinationError, match=f"{entity} is ordered, and has no place"):
        places_of(SANTE, PROFILE, SCHEMAS | {entity: pa.schema([("source_id", pa.string())])})
