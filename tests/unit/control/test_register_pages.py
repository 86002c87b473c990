"""The register of Art. 30(2): what the article asks, from papers and journals; and no formula in a spreadsheet."""

import csv
import datetime as dt
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artefact_samples import AGREEMENT, ORDER, put
from ecluse.control import register_words
from ecluse.control.document import texts
from ecluse.control.register import Activity, Migration, activities_of, register, register_csv, register_rows
from ecluse.control.register_document import register_document
from ecluse.control.report_words import LANGUAGES, Lang
from ecluse.domain.agreement import Agreement
from ecluse.domain.entry import Event
from ecluse.domain.errors import UsageError
from ecluse.domain.lifecycle import State
from ecluse.domain.order import Order
from ecluse.wire.artefacts import digest_of, validate
from ecluse.workspace.place import Place, Workspace

DAY = dt.date(2026, 3, 1)
SUB = {"name": "Transport SARL", "address": "3 rue du Port", "processing": "Carries sealed parcels.",
       "contact": {"name": "Lou Roy", "role": "gérante", "details": "lou@example.org"}}  # fmt: skip
HOSTED = put(put(put(AGREEMENT, "clauses.d_sub_processing", "specific"), "sub_processors", [SUB]),
             "hosting.where", "certified_host")  # fmt: skip


def agreement(value: Any = AGREEMENT, **changes: Any) -> Agreement:
    for path, new in changes.items():
        value = put(value, path.replace("__", "."), new)
    return validate(Agreement, value)


def order(**changes: Any) -> Order:
    value = ORDER
    for path, new in changes.items():
        value = put(value, path.replace("__", "."), new)
    return validate(Order, value)


def parsed(data: bytes, delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=delimiter))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_the_article_asks_is_there(lang: Lang) -> None:
    stands = Migration(order(), {"source": State.DELIVERED, "destination": State.LOADED})
    made = register([Activity(agreement(HOSTED), (stands,))], DAY)
    for found in (" ".join(register_rows(made, lang)[1]), " ".join(texts(register_document(made, lang)))):
        for party in (HOSTED["controller"], HOSTED["processor"]):
            assert party["name"] in found  # (a) the parties, and how to reach them
            assert party["dpo"]["details"] in found
            assert party["contact"]["details"] in found
        assert HOSTED["processing"]["nature"] in found  # (b) categories of processing
        assert HOSTED["clauses"]["a_transfers"] in found  # (c) transfers
        assert HOSTED["measures"][0]["description"] in found  # (d) security measures
        for word in ("Transport SARL", "BIO-2026-0042 v1", "RENNES-SUD", digest_of(agreement(HOSTED))):
            assert word in found
    row = register_rows(made, lang)[1]
    assert row[22] == (
        "source: delivered; destination: loaded" if lang == "en" else "source: remise; destination: chargée"
    )


def test_one_row_an_order_and_one_for_an_agreement_without() -> None:
    first = Activity(agreement(), (Migration(order()), Migration(order(version=2))))
    other = Activity(agreement(agreement="DPA-9", controller__name="Laboratoire B"))
    made = register([other, first, first, Activity(agreement(), (Migration(order(), {"source": State.SEALED}),))], DAY)
    assert len(made.activities) == 2
    rows = register_rows(made, "en")
    assert len(rows) == 1 + 2 + 1
    assert {len(row) for row in rows} == {len(register_words.COLUMNS)}
    assert made.activities[1].migrations[0].states == {"source": State.SEALED}


def test_a_register_is_one_processor_s() -> None:
    ours, theirs = Activity(agreement()), Activity(agreement(agreement="DPA-9", processor__name="Autre SA"))
    with pytest.raises(UsageError, match="several processors"):
        register([ours, theirs], DAY)
    assert register([ours, theirs], DAY, "Autre SA").activities == (theirs,)
    with pytest.raises(UsageError, match="no agreement names this processor"):
        register([ours], DAY, "Autre SA")
    with pytest.raises(UsageError, match="no agreement was found"):
        register([], DAY)


@pytest.mark.parametrize(
    "sign", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "＝1", '=HYPERLINK("http://x")']
)
def test_no_cell_begins_a_formula(sign: str) -> None:
    value = agreement(controller__name=sign, processing__nature=sign, clauses__a_transfers=sign)
    for row in parsed(register_csv(register([Activity(value)], DAY), "fr")):
        for cell in row:
            assert not cell.lstrip().startswith(("=", "+", "-", "@", "＝")), cell


@given(
    st.text(min_size=1, max_size=40).filter(
        lambda text: text.strip() and not any(0xD800 <= ord(c) < 0xE000 for c in text)
    )
)
def test_any_name_gives_whole_rows(name: str) -> None:
    try:
        value = agreement(controller__name=name, processing__categories_of_data=[name, "x"])
    except Exception:  # noqa: BLE001 - a name that no agreement takes is not the register's
        return
    for delimiter, excel in ((",", False), (";", True)):
        rows = parsed(register_csv(register([Activity(value)], DAY), "fr", excel=excel), delimiter)
        assert [len(row) for row in rows] == [len(register_words.COLUMNS)] * 2
        for cell in rows[1]:
            assert not cell.lstrip().startswith(("=", "+", "-", "@")), cell


def test_excel_is_told_the_encoding() -> None:
    made = register([Activity(agreement())], DAY)
    assert register_csv(made, "fr", excel=True).startswith(b"\xef\xbb\xbfSous-traitant;")
    assert register_csv(made, "en", excel=True).startswith(b"\xef\xbb\xbfProcessor,")
    assert register_csv(made, "fr").startswith(b"Sous-traitant,")
    assert register_csv(made, "fr") == register_csv(made, "fr")


def test_workspaces_are_read(tmp_path: Path) -> None:
    signed, ordered = agreement(), order()
    for place in Place:
        with Workspace.create(tmp_path / "w" / place, place, "agent") as made:
            made.log(Event.AGREEMENT_RECORDED, subject=made.put(signed, {}))
            if place is Place.SOURCE:
                address = made.put(ordered, {})
                made.log(Event.ORDER_APPROVED, order=address, subject=address)
    with Workspace.create(tmp_path / "empty", Place.SOURCE, "agent"):
        pass
    made = register(activities_of([tmp_path / "w", tmp_path / "empty"]), DAY)
    assert made.activities == (Activity(signed, (Migration(ordered, {"source": State.APPROVED}),)),)
    with pytest.raises(UsageError, match="no workspace"):
        activities_of([tmp_path])


def test_every_state_has_its_words() -> None:
    assert set(register_words.STATES) == set(State)
    assert set(register_words.PLACES) == set(Place)
