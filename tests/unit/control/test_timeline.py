"""Gaps are found where they are and nowhere else; records are woven in time; foreign logs are read strictly."""

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path

import pytest

from ecluse.control.document import texts
from ecluse.control.timeline import (
    Gap,
    Held,
    Missing,
    Moment,
    Record,
    Source,
    gaps_of,
    holdings_of_accounts,
    holdings_of_room,
    woven,
)
from ecluse.control.timeline_document import plain_timeline, timeline_bytes, timeline_document
from ecluse.control.timeline_sources import system_record
from ecluse.domain.access import Access
from ecluse.domain.entry import Event
from ecluse.domain.errors import MalformedError
from ecluse.domain.room import RoomEvent

START = dt.datetime(2026, 11, 20, 8, 0, tzinfo=dt.UTC)


def at(minute: float) -> dt.datetime:
    return START + dt.timedelta(minutes=minute)


def record(source: Source, *events: tuple[float, str], name: str = "r") -> Record:
    return Record(name, source, tuple(Moment(at(when), name, n, "a", event) for n, (when, event) in enumerate(events)))


def missing(
    found: Record, from_: float | None = None, until: float | None = None
) -> list[tuple[Missing, object, object]]:
    gaps = gaps_of(found, None if from_ is None else at(from_), None if until is None else at(until))
    return [(g.missing, g.from_, g.until) for g in gaps if g.missing is not Missing.UNWITNESSED]


class TestGaps:
    def test_a_whole_record_has_none(self) -> None:
        ran = record(Source.RELAY, (0, Access.OPENED), (1, Access.STARTED), (5, Access.ENTERED), (6, Access.LEFT))
        assert missing(ran) == []

    def test_before_and_after(self) -> None:
        found = record(Source.PLACE, (5, Event.OPENED), (9, Event.ERASED))
        assert missing(found, 0, 20) == [(Missing.BEFORE, at(0), at(5)), (Missing.AFTER, at(9), at(20))]
        assert missing(found, 5, 9) == []

    def test_an_empty_record_says_nothing_of_the_whole_period(self) -> None:
        assert missing(record(Source.PLACE), 0, 9) == [(Missing.BEFORE, at(0), at(9))]

    def test_stopped_and_died(self) -> None:
        run = record(Source.RELAY, (0, Access.STARTED), (3, Access.ENTERED), (7, Access.STARTED), (9, Access.STOPPED),
                     (20, Access.STARTED), (30, Access.STOPPED))  # fmt: skip
        # It died after 3; the second run's stop ends one of two that may run: nothing is claimed while one may be up.
        assert (Missing.DIED, at(3), at(7)) in missing(run)
        clean = record(
            Source.RELAY, (0, Access.STARTED), (9, Access.STOPPED), (20, Access.STARTED), (30, Access.STOPPED)
        )
        assert missing(clean) == [(Missing.STOPPED, at(9), at(20)), (Missing.STOPPED, at(30), None)]

    def test_a_room_s_watch_that_died(self) -> None:
        room = record(
            Source.ROOM, (0, RoomEvent.WATCH_STARTED), (4, RoomEvent.WATCH_DIED), (9, RoomEvent.WATCH_STARTED)
        )
        assert missing(room) == [(Missing.STOPPED, at(4), at(9))]

    def test_a_clock_set_back(self) -> None:
        found = record(Source.PLACE, (5, Event.OPENED), (2, Event.PLAN_SIGNED), (2.01, Event.ERASED))
        assert missing(found) == [(Missing.BACKWARDS, at(2), at(5))]
        assert missing(record(Source.PLACE, (5, Event.OPENED), (4.99, Event.ERASED))) == []  # two processes

    def test_a_clock_that_leapt(self) -> None:
        assert missing(record(Source.RELAY, (0, Access.STARTED), (2, Access.CLOCK_JUMPED))) == [
            (Missing.LEAPT, None, at(2))
        ]

    def test_entries_since_the_last_witness(self) -> None:
        found = record(
            Source.PLACE, (0, Event.OPENED), (1, Event.CHECKPOINT_COSIGNED), (2, Event.LOADED), (3, Event.ERASED)
        )
        assert list(gaps_of(found, None, None)) == [
            Gap("r", Missing.UNWITNESSED, at(2), at(3), 2)
        ]
        assert list(gaps_of(record(Source.PLACE, (1, Event.CHECKPOINT_COSIGNED)), None, None)) == []

    def test_a_record_that_was_changed_is_one_gap(self) -> None:
        assert missing(Record("r", Source.RELAY, problem="changed"), 0, 9) == [(Missing.UNREADABLE, at(0), at(9))]

    def test_a_foreign_log_is_vouched_for_by_nobody(self) -> None:
        assert missing(record(Source.SYSTEM, (0, "x"))) == [(Missing.UNVOUCHED, None, None)]


class TestWeaving:
    def test_in_time_and_within_the_period(self) -> None:
        one = record(Source.PLACE, (0, Event.OPENED), (4, Event.ERASED), name="one")
        two = record(Source.RELAY, (2, Access.ENTERED), (4, Access.LEFT), (9, Access.STOPPED), name="two")
        made = woven([one, two], [], at(1), at(5))
        assert [(m.record, m.event) for m in made.moments] == [("two", Access.ENTERED), ("one", Event.ERASED),
                                                              ("two", Access.LEFT)]  # fmt: skip

    def test_a_copy_in_a_system_s_log_is_left_out_and_the_rest_is_not(self) -> None:
        journal = record(Source.RELAY, (0, Access.ENTERED), name="relay")
        log = record(Source.SYSTEM, (0, Access.ENTERED), (0, "Logon"), (1, Access.ENTERED), name="siem")
        made = woven([journal, log], [], None, None)
        assert [(m.record, m.index) for m in made.moments] == [("relay", 0), ("siem", 1), ("siem", 2)]
        alone = woven([Record("relay", Source.RELAY, problem="gone"), log], [], None, None)
        assert len(alone.moments) == 3

    def test_the_same_records_give_the_same_bytes(self) -> None:
        one = record(Source.PLACE, (0, Event.OPENED), name="one")
        two = record(Source.RELAY, (0, Access.OPENED), name="two")
        assert timeline_bytes(woven([one, two], [], None, None)) == timeline_bytes(woven([one, two], [], None, None))
        assert json.loads(timeline_bytes(woven([one], [], None, None)))["format"] == "ecluse.timeline/1"

    def test_no_line_and_no_gap_is_left_out_of_a_document(self) -> None:
        every = [record(Source.PLACE, *((n, event) for n, event in enumerate(Event)), name="place"),
                 record(Source.RELAY, *((n, event) for n, event in enumerate(Access)), name="relay"),
                 Record("lost", Source.ROOM, problem="gone")]  # fmt: skip
        made = woven(every, [], None, None, [Gap("place", each) for each in Missing])
        for lang in ("en", "fr"):
            document = timeline_document(made, lang, START.date(), {})
            rows = [block.rows for block in document.blocks if hasattr(block, "rows")]
            assert len(rows[-1]) == len(Event) + len(Access)
            assert len(plain_timeline(made)["gaps"]) >= len(Missing)
            assert not any("place.opened" in text or "workspace.opened" in text for text in texts(document))


class TestKeys:
    def test_keys_of_accounts_from_the_entry_that_names_them_to_that_which_does_not(self) -> None:
        def told(minute: float, event: str, account: str, keys: str = "", owner: str = "") -> Moment:
            detail = {"keys": keys, "owner": owner or account} if keys else {}
            return Moment(at(minute), "r", 0, "by", event, account, detail=detail)

        relay = Record("r", Source.RELAY, (
            told(0, Access.ACCOUNT_ADDED, "x", "one two"), told(1, Access.ACCOUNT_CHANGED, "x", "two three"),
            told(2, Access.ACCOUNT_ADDED, "y", "four", "ann"), told(3, Access.ACCOUNT_REVOKED, "x"),
            told(4, Access.ACCOUNT_ADDED, "x", "one")))  # fmt: skip
        made = sorted(holdings_of_accounts(relay), key=lambda each: (each.key, each.from_))
        assert [(each.key, each.holder, each.from_, each.until) for each in made] == [
            ("four", "y (ann)", at(2), None), ("one", "x", at(0), at(1)), ("one", "x", at(4), None),
            ("three", "x", at(1), at(3)), ("two", "x", at(0), at(3))]  # fmt: skip

    def test_tokens_end_with_their_holder(self) -> None:
        def told(minute: float, actor: str, event: str, subject: str) -> Moment:
            return Moment(at(minute), "room", 0, actor, event, subject)

        room = Record("room", Source.ROOM, (
            told(0, "ann", RoomEvent.TOKEN_MADE, "token-1"), told(1, "ann", RoomEvent.TOKEN_MADE, "token-2"),
            told(2, "ann", RoomEvent.TOKEN_REVOKED, "token-1"), told(9, "admin", RoomEvent.LEFT, "ann"),
            told(10, "bob", RoomEvent.AUTHENTICATOR_ADDED, "bob")))  # fmt: skip
        assert [(h.holder, h.held, h.key, h.from_, h.until) for h in holdings_of_room(room)] == [
            ("ann", Held.ENTERS, "token-1", at(0), at(2)), ("ann", Held.ENTERS, "token-2", at(1), at(9)),
            ("bob", Held.ENTERS, "bob", at(10), None)]  # fmt: skip


class TestForeignLogs:
    def test_events_of_any_product(self, tmp_path: Path) -> None:
        made = [
            {"time": 1_763_000_000_123, "class_uid": 3002, "activity_name": "Logon", "status": "Failure",
             "user": {"name": "ftp"}, "src_endpoint": {"ip": "198.51.100.7"}, "message": "ZWYKNEEDLE"},
            {"time": 1_763_000_001_000, "class_uid": 6003},
        ]  # fmt: skip
        path = tmp_path / "siem.jsonl"
        path.write_text("\n".join(map(json.dumps, made)) + "\n\n")
        first, second = system_record(path, "siem").moments
        assert (first.actor, first.event, first.subject, first.origin) == ("ftp", "Logon", "Failure", "198.51.100.7")
        assert (second.event, second.index) == ("class 6003", 2)
        assert "ZWYKNEEDLE" not in str(first)

    @pytest.mark.parametrize("line", [
        b"no", b"[1]", b"{}", b'{"time": 1}', b'{"time": "1", "class_uid": 1}', b'{"time": true, "class_uid": 1}',
        b'{"time": -1, "class_uid": 1}', b'{"time": 999999999999999999, "class_uid": 1}', b'{"time": 1.5, "class_uid": 1}',
        b"\xff", b"[" * 100_000,
    ])  # fmt: skip
    def test_what_is_no_event_is_refused_by_its_line(self, tmp_path: Path, line: bytes) -> None:
        path = tmp_path / "siem.jsonl"
        path.write_bytes(b'{"time": 1, "class_uid": 1}\n' + line + b"\n")
        with pytest.raises(MalformedError) as caught:
            system_record(path, "siem")
        assert (caught.value.location.file, caught.value.location.line) == ("siem", 2)

    def test_a_line_without_end(self, tmp_path: Path) -> None:
        path = tmp_path / "siem.jsonl"
        path.write_bytes(b" " * (1 << 21))
        with pytest.raises(MalformedError):
            system_record(path, "siem")

    def test_one_that_is_not_there_is_a_gap(self, tmp_path: Path) -> None:
        found = system_record(tmp_path / "none", "siem")
        assert [gap.missing for gap in gaps_of(replace(found), None, None)] == [Missing.UNREADABLE]
