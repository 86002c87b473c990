"""Every kind of event of every place is valid OCSF, of the class that it should be."""

import datetime as dt
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecluse.control.ocsf import security_event, to_ocsf
from ecluse.control.ocsf_table import ACTIVITIES, CAPTIONS, OTHER, ROWS, VERSION, Class, Level, mapped
from ecluse.control.watch.ticks import Tick
from ecluse.domain.access import Access
from ecluse.domain.entry import Event
from ecluse.domain.observed import Observed
from ecluse.domain.room import RoomEvent
from ocsf_schema import captions, problems

AT = dt.datetime(2026, 11, 22, 12, 34, 56, tzinfo=dt.UTC)
KINDS = [
    *(("room", str(each)) for each in RoomEvent),
    *(("relay/north", str(each)) for each in Access),
    *(("source/agent-1", str(each)) for each in Event),
    *(("destination/agent-2", str(each)) for each in Event),
    *(("watch", str(each)) for each in Tick),
    ("room", "something.nobody_has_thought_of"),
]


def _event(place: str, name: str, **given: object) -> Observed:
    values = {"at": AT, "actor": "dr-martin", "mark": f"{place}/17", "subject": "alert-7"} | given
    return Observed(place=place, event=name, **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(("place", "name"), KINDS, ids=lambda each: each)
def test_every_event_is_valid(place: str, name: str) -> None:
    for event in (
        _event(place, name),
        _event(place, name, subject="", actor="anonymous"),
        _event(place, name, origin="2001:db8::7", concerns=("lab",), detail={"role": "dpo", "rows": 3}),
        _event(place, name, origin="192.0.2.7", detail={"rule": "key-claimed", "severity": "critical"}),
        _event(place, name, origin="unix socket"),
    ):
        if name.startswith("alert.") and not event.subject:
            continue  # an alert has its name
        made = to_ocsf(event)
        assert not problems(made), made
        assert made["metadata"]["uid"] == event.mark
        assert made["type_uid"] == made["class_uid"] * 100 + made["activity_id"]
        assert made["activity_id"] != OTHER or made["activity_name"] == name


@pytest.mark.parametrize(
    ("place", "name", "cls", "activity", "failed"),
    [
        ("room", RoomEvent.SIGNED_IN, Class.AUTHENTICATION, "Logon", False),
        ("room", RoomEvent.SIGN_IN_FAILED, Class.AUTHENTICATION, "Logon", True),
        ("room", RoomEvent.LEFT, Class.ACCOUNT_CHANGE, "Disable", False),
        ("room", RoomEvent.GRANTED, Class.USER_ACCESS, "Assign Privileges", False),
        ("room", RoomEvent.ALERT_RAISED, Class.DETECTION_FINDING, "Create", False),
        ("room", RoomEvent.ALERT_RESOLVED, Class.DETECTION_FINDING, "Close", False),
        ("room", RoomEvent.ALERT_CLOCKS_SET, Class.API_ACTIVITY, "Update", False),
        ("room", RoomEvent.ORDER_DRAFTED, Class.API_ACTIVITY, "Create", False),
        ("relay/a", Access.ENTRY_FAILED, Class.AUTHENTICATION, "Logon", True),
        ("relay/a", Access.PARCEL_STORED, Class.FILE_HOSTING, "Upload", False),
        ("relay/a", Access.PARCEL_REFUSED, Class.FILE_HOSTING, "Upload", True),
        ("destination/a", Event.PARCEL_REFUSED, Class.FILE_HOSTING, "Download", True),
        ("source/a", Event.PARCEL_DELIVERING, Class.FILE_HOSTING, "Upload", False),
    ],
)
def test_each_is_of_its_class(place: str, name: str, cls: Class, activity: str, failed: bool) -> None:
    row = mapped(place, name)
    assert (row.cls, row.activity_name, row.failed) == (cls, activity, failed)


def test_the_names_are_the_framework_s() -> None:
    for cls in Class:
        caption, activities = captions(VERSION, cls)
        assert CAPTIONS[cls] == caption
        assert ACTIVITIES[cls].items() <= activities.items()
    assert all(row.activity in {*ACTIVITIES[row.cls], OTHER} for _, _, row in ROWS)


def test_no_row_stands_behind_one_that_hides_it() -> None:
    reached = {id(mapped(place, name)) for place, name in KINDS}
    known = {name for _, name in KINDS}
    for kind, name, row in ROWS:
        if name in known and kind != "*":
            assert id(row) in reached, (kind, name)


def test_an_alert_says_how_grave_it_is() -> None:
    found = security_event(_event("room", "alert.raised", detail={"rule": "scope", "severity": "critical"}))
    assert found.level is Level.CRITICAL
    told = json.loads(found.text)
    assert told["finding_info"]["analytic"]["name"] == "scope"
    assert told["finding_info"]["uid"] == "alert-7"
    assert told["is_alert"] is True


def test_whoever_failed_to_sign_in_is_named_where_known() -> None:
    assert (
        to_ocsf(_event("room", "person.sign_in_failed", actor="anonymous", subject="camille"))["user"]["uid"]
        == "camille"
    )


_TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=60)


@given(
    subject=_TEXT,
    actor=_TEXT.filter(bool),
    origin=st.none() | _TEXT,
    key=_TEXT,
    value=_TEXT | st.integers(-(2**53), 2**53),
)
def test_any_text_stays_one_valid_ascii_line(
    subject: str, actor: str, origin: str | None, key: str, value: str | int
) -> None:
    for place, name in (("room", "order.drafted"), ("relay/a", "access.failed"), ("source/a", "batch.loaded")):
        event = _event(place, name, subject=subject, actor=actor, origin=origin, detail={key: value})
        found = security_event(event)
        assert found.text.isascii()
        assert "\n" not in found.text
        assert not problems(json.loads(found.text))
        assert json.loads(found.text)["unmapped"]["subject"] == subject
