"""Room for conclusions: the largest that ``ecluse trace`` makes is taken, and all of an incident's stay below 2 MiB."""

import datetime as dt
import json

import pytest
from django.test import Client
from django.utils import timezone
from tests.portal.breached import LAB_DPO, OFFICER, bound, opened, step
from tests.portal.traced import told

from ecluse.domain.conclusions import MOST_EXPORTS, MOST_PARCELS, Conclusion
from ecluse.domain.errors import UsageError
from ecluse.domain.incidents import Step
from ecluse.domain.permissions import Action
from ecluse.migration.trace_told import conclusion_of
from ecluse.store.acts import tokens
from ecluse.store.acts.traces import MOST, SPARE
from ecluse.store.models import IncidentRow, IncidentTrace
from ecluse.wire.artefacts import encode
from ecluse.wire.canonical import canonical
from room_traces import concluded
from rooms import Room
from traced_answers import largest


@pytest.fixture
def row(room: Room) -> IncidentRow:
    """The vendor's incident at LAB, told."""
    bound(room)
    (made,) = opened(room, timezone.now() - dt.timedelta(hours=1))
    return step(room, made, Step.NOTICE, OFFICER)


def largest_of(row: IncidentRow) -> Conclusion:
    """As the program makes it, of more exports and parcels than it lists; the name in the files fills its 200."""
    first, *rest = row.controller.name.split(" ")
    controller = f"{first}{' ' * (201 - len(row.controller.name))}{' '.join(rest)}"
    assert len(controller) == 200
    return conclusion_of(largest(controller, MOST_EXPORTS + 10, MOST_PARCELS + 10), more=True, cut=0)


def length(row: IncidentRow) -> int:
    return sum(len(canonical(each.conclusion)) for each in IncidentTrace.objects.filter(incident=row))


def test_the_largest_is_taken_and_shown(room: Room, row: IncidentRow) -> None:
    by, made = room.people[LAB_DPO], largest_of(row)
    assert 150_000 < len(encode(made)) < 200_000
    secret = tokens.make(by.handle, by, "trace", [Action.TELL_TRACE], 1)
    client = Client(headers={"host": "localhost", "authorization": f"Bearer {secret}"})
    body = json.dumps({"text": encode(made).decode()})
    answer = client.post(f"/api/v1/incidents/{row.number}/traces", body, content_type="application/json")
    assert answer.status_code == 200, answer.content[:500]
    assert answer.json()["text"] == encode(made).decode()
    shown = room.client(*LAB_DPO).get(f"/incidents/{row.number}/", headers={"accept-language": "en"})
    assert shown.status_code == 200
    assert f"{made.left_out} further exports know lines" in shown.text
    assert shown.text.count(made.exports[0].canaries[0]) == MOST_EXPORTS


def test_conclusions_stay_below_two_mebibytes_and_can_be_taken_back_at_the_end(room: Room, row: IncidentRow) -> None:
    made, count = largest_of(row), 0
    with pytest.raises(UsageError, match="as many lines") as caught:
        for count in range(MOST):  # noqa: B007 - how many were taken
            told(room, row, made)
    assert caught.value.hint == "open another; what proves wrong can still be replaced"
    assert count >= 8, "of the largest; of others many more"
    assert length(row) < 3 << 19
    told(room, row, concluded(), replaces=1)
    told(room, row, made, replaces=2)
    assert length(row) > 3 << 19, "it is of the room that is spare"
    with pytest.raises(UsageError, match="as many lines") as caught:
        for number in range(3, MOST):
            told(room, row, made, replaces=number)
    assert caught.value.hint == "open another"
    assert length(row) < 2 << 20


def test_small_ones_are_counted(room: Room, row: IncidentRow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ecluse.store.acts.traces.MOST", 2)
    monkeypatch.setattr("ecluse.store.acts.traces.SPARE", 1)
    told(room, row, concluded())
    told(room, row, concluded(), replaces=1)
    with pytest.raises(UsageError, match="as many lines"):
        told(room, row, concluded())
    told(room, row, concluded(), replaces=2)
    with pytest.raises(UsageError, match="as many lines"):
        told(room, row, concluded(), replaces=3)
    assert MOST + SPARE <= 100
