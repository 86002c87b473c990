"""Members in a loop: their first refusal is told at once, the others are counted, and none is forgotten."""

from pathlib import Path

import pytest

from ecluse.domain.access import Access, AccessEntry
from ecluse.domain.errors import EcluseError, ForbiddenError, UnseenError
from ecluse.relay.desk import Desk, Visitor
from ecluse.relay.repeats import WINDOW_S
from relays import DESTINATION, SOURCE, Sent


@pytest.fixture
def sent(delivered: Sent, tmp_path: Path) -> Sent:
    return delivered.copied(tmp_path)


@pytest.fixture
def now() -> list[float]:
    return [1000.0]


@pytest.fixture
def desk(sent: Sent, now: list[float]) -> Desk:
    made = sent.desk()
    made.repeats.now = lambda: now[0]
    return made


def told(desk: Desk, event: Access) -> list[AccessEntry]:
    return [each for each in desk.log.entries() if each.event is event]


def times(desk: Desk, event: Access) -> list[int | str]:
    return [each.detail["times"] for each in told(desk, event)]


def asked(desk: Desk, visitor: Visitor) -> None:
    """For a box of somebody else's."""
    with pytest.raises(UnseenError):
        desk.out(visitor, "ab" * 8)


def test_a_loop_is_told_as_it_adds_up(sent: Sent, desk: Desk, now: list[float]) -> None:
    source = sent.visitor(desk, SOURCE)
    asked(desk, source)
    assert times(desk, Access.PATH_REFUSED) == [1], "at once"
    for _ in range(9):
        asked(desk, source)
    assert times(desk, Access.PATH_REFUSED) == [1, 9], "ten are enough for an alert: not a minute later"
    for _ in range(1990):
        asked(desk, source)
    assert times(desk, Access.PATH_REFUSED) == [1, 9, 90, 900]
    desk.flush()
    assert sum(map(int, times(desk, Access.PATH_REFUSED))) == 1000
    now[0] += WINDOW_S
    desk.flush()
    assert times(desk, Access.PATH_REFUSED) == [1, 9, 90, 900, 1000]
    asked(desk, source)
    assert times(desk, Access.PATH_REFUSED)[-1] == 1, "another minute"


def test_others_and_other_things_are_told_at_once_too(sent: Sent, desk: Desk) -> None:
    source, recipient = sent.visitor(desk, SOURCE), sent.visitor(desk, DESTINATION)
    for _ in range(5):
        asked(desk, source)
    asked(desk, recipient)
    assert isinstance(desk.refuse(source, "list"), ForbiddenError)
    assert isinstance(desk.refuse(source, "rename"), ForbiddenError)
    found = [(each.actor, each.detail["verb"]) for each in told(desk, Access.PATH_REFUSED)]
    assert found == [(SOURCE, "box"), (DESTINATION, "box"), (SOURCE, "list"), (SOURCE, "rename")]
    desk.flush()
    assert len(told(desk, Access.PATH_REFUSED)) == 4
    desk.flush(whole=True)
    assert [(each.actor, each.detail["times"]) for each in told(desk, Access.PATH_REFUSED)][4:] == [(SOURCE, 4)]


def test_parcels_are_named_and_a_thousand_of_them_gathered(sent: Sent, desk: Desk, now: list[float]) -> None:
    source = sent.visitor(desk, SOURCE)
    for name, data in sent.papers().items():
        desk.put_paper(source, sent.box, name, data)
    before = len(list(desk.log.entries()))
    for number in range(1000):
        with pytest.raises(EcluseError):
            desk.begin(source, sent.box, f"{number:064x}.age")
    now[0] += WINDOW_S
    desk.flush()
    entries = list(desk.log.entries())[before:]
    assert len(entries) < 30
    assert {each.event for each in entries} == {Access.PARCEL_REFUSED}
    assert sum(int(each.detail["times"]) for each in entries) == 1000
    assert len({each.subject for each in entries} - {""}) == 20, "some of them by name"
    assert {(each.box, each.detail["reason"]) for each in entries} == {(sent.box, "UnannouncedError")}


def test_nothing_that_was_counted_is_lost_with_a_new_minute(sent: Sent, desk: Desk, now: list[float]) -> None:
    """Nobody flushed in between."""
    source = sent.visitor(desk, SOURCE)
    for _ in range(5):
        asked(desk, source)
    now[0] += WINDOW_S
    asked(desk, source)
    assert times(desk, Access.PATH_REFUSED) == [1, 5]
