"""A warning that came to the laboratory's own people: its 72 hours run, whoever makes the incident of it (R17)."""

import datetime as dt

import pytest
from django.utils import timezone
from tests.portal.breached import LAB_DPO, OFFICER, again, bound, person, step
from tests.portal.warned import at, keyed, warned

from ecluse.domain.incidents import Basis, Step, authority_clock, awareness
from ecluse.store.acts import warnings
from ecluse.store.acts.incident_warnings import open_from_warning
from ecluse.store.reads import incidents as reads
from ecluse.store.reads.incident_clocks import clock_findings
from rooms import Room

HOUR = dt.timedelta(hours=1)


@pytest.fixture
def now(room: Room) -> dt.datetime:
    bound(room)
    return timezone.now()


def test_a_shared_warning_starts_the_laboratory_s_72_hours_though_its_vendor_opens(
    room: Room, now: dt.datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The laboratory's people were told at once; the vendor makes the incident a day later, and tells after two."""
    keyed(room)
    at(monkeypatch, now)
    warning, _ = warned(sample=True, shared=True)
    at(monkeypatch, now + 24 * HOUR)
    officer = person(room, OFFICER)
    (made,) = open_from_warning(officer.handle, warning, officer)
    for row in (again(made), step(room, made, Step.NOTICE, OFFICER, at=now + 24 * HOUR)):
        whole = reads.record_of(row)
        clock = authority_clock(whole)
        assert clock is not None
        assert clock.start == now
        began = awareness(whole)
        assert began is not None
        assert began.basis is Basis.WARNING
    late = {each.name for each in clock_findings(now + 72 * HOUR)}
    assert "clock_incident_authority_overdue" in late
    seen = room.client(*LAB_DPO).get(f"/incidents/{made.number}/", headers={"accept-language": "en"}).text
    assert "(by a warning)" in seen
    assert "(by a warning)" not in room.client(*OFFICER).get(f"/incidents/{made.number}/").text


def test_silence_that_brings_the_warning_to_the_laboratory_later_starts_its_72_hours(
    room: Room, now: dt.datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyed(room)
    at(monkeypatch, now)
    warning, _ = warned(sample=True)
    officer = person(room, OFFICER)
    (made,) = open_from_warning(officer.handle, warning, officer)
    assert again(made).controller_told_at is None, "nobody of the laboratory knows"
    for hours in (72, 90):
        at(monkeypatch, now + hours * HOUR)
        warnings.escalate("watch")
    clock = authority_clock(reads.record_of(again(made)))
    assert clock is not None
    assert clock.start == now + 72 * HOUR
