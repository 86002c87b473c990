"""Write the recordings of attacks, and of what only looks like one: ``python tests/vectors/watch/generate_watch.py``.

For every rule that raises alerts: ``fires/<rule>.jsonl`` makes it fire, ``near/<rule>.jsonl`` is the nearest to it that
must not. Real runs are beside them (``quiet-day.jsonl``, see ``record_watch.py``).
"""

import datetime as dt
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ecluse.control.watch import Tick, ticked
from ecluse.control.watch.recordings import lines
from ecluse.domain.access import Access
from ecluse.domain.entry import Event
from ecluse.domain.observed import Observed
from ecluse.domain.room import RoomEvent

HERE = Path(__file__).parent
DAY = dt.datetime(2026, 1, 12, 9, tzinfo=dt.UTC)  # a Monday, ten in Paris
NIGHT = dt.datetime(2026, 1, 13, 1, 30, tzinfo=dt.UTC)
SUNDAY = dt.datetime(2026, 1, 18, 12, tzinfo=dt.UTC)
PARTIES = ("trois-rivieres", "vendeur")
A, B, OFFICE = "198.51.100.7", "203.0.113.9", "192.0.2.10"
RELAY, SOURCE, DESTINATION = "relay/r1", "source/agent-a", "destination/agent-b"
HEX = "ab" * 32

Events = Sequence[Observed]


def at(event: str, after: float = 0, *, place: str = "room", actor: str = "a.petit", subject: str = "a.petit",
       origin: str | None = None, start: dt.datetime = DAY, concerns: tuple[str, ...] = PARTIES,
       **detail: int | str) -> Observed:  # fmt: skip
    """One event, ``after`` seconds from ``start``."""
    when = start + dt.timedelta(seconds=after)
    mark = f"{place}/{event}/{subject}/{when.isoformat()}/{origin}"
    return Observed(when, place, str(event), actor, mark, subject, origin, concerns, detail)


def relay(event: Access, after: float = 0, *, origin: str | None = A, actor: str = "agent-a", subject: str = "",
          start: dt.datetime = DAY, **detail: int | str) -> Observed:  # fmt: skip
    return at(event, after, place=RELAY, origin=origin, actor=actor, subject=subject, start=start, **detail)


def source(
    event: Event, after: float = 0, *, subject: str = "0001", start: dt.datetime = DAY, **detail: int | str
) -> Observed:
    return at(event, after, place=SOURCE, actor="agent-a", subject=subject, start=start, **detail)


def many(count: int, every: float, make: object, **rest: object) -> list[Observed]:
    return [make(after=n * every, **rest) for n in range(count)]  # type: ignore[operator]


def failed(after: float = 0, *, subject: str = "a.petit", origin: str = A) -> Observed:
    return at(RoomEvent.SIGN_IN_FAILED, after, actor="system", subject=subject, origin=origin)


def refused(
    reason: str, after: float = 0, *, actor: str = "anonymous", subject: str = "", times: int = 1, origin: str = A
) -> Observed:
    return at(RoomEvent.ACCESS_REFUSED, after, actor=actor, subject=subject, origin=origin, reason=reason, times=times)


def report_refused(kind: str) -> Observed:
    made = at(RoomEvent.REPORT_REFUSED, actor="agent-a", subject=HEX, kind=kind)
    return replace(made, detail={"kind": kind, "place": "source"})


def room_cases() -> dict[str, tuple[Events, Events]]:
    ev = RoomEvent
    elsewhere = lambda how: at(ev.SESSION_ELSEWHERE, how=how)  # noqa: E731
    ended = lambda n, **rest: at(ev.WITHDRAWN, n * 60, subject=f"p{n}", role="engineer", **rest)  # noqa: E731
    signed = lambda after, origin: at(ev.SIGNED_IN, after, origin=origin)  # noqa: E731
    trained = lambda after=0: ticked(Tick.TRAINING_EXPIRED, DAY + dt.timedelta(seconds=after), "a.petit")  # noqa: E731
    ended_then = lambda after, parties=PARTIES: at(  # noqa: E731
        Event.BATCH_EXTRACTING, after, place=SOURCE, actor="agent-a", subject="0002", concerns=parties
    )
    agreement = at(ev.AGREEMENT_ENDED, subject="DPA-1", version=1)
    return {
        "room_account_tried": ([failed(n * 50) for n in range(10)], [failed(n * 70) for n in range(15)]),
        "room_sign_in_storm": (
            [failed(n * 10, subject="anonymous", origin=f"198.51.{n}.1") for n in range(50)],
            [failed(n * 13, subject="anonymous", origin=f"198.51.{n}.1") for n in range(80)],
        ),
        "room_password_spraying": (
            [failed(n * 600, subject=f"p{n}", origin=f"198.51.100.{n + 1}") for n in range(5)],
            [*(failed(n * 600, subject=f"p{n % 4}") for n in range(9)), failed(100, subject="p9", origin=B)],
        ),
        "room_account_enumeration": (
            [failed(n * 20, subject="anonymous") for n in range(20)],
            [failed(n * 20, subject="anonymous", origin=A if n % 2 else B) for n in range(30)],
        ),
        "room_two_places": ([elsewhere("signed_in")], [elsewhere("moved")]),
        "room_session_moved": ([elsewhere("moved")], [elsewhere("signed_in")]),
        "room_new_network": (
            [signed(0, OFFICE), signed(86400 * 20, B)],
            [signed(0, OFFICE), signed(86400 * 10, "192.0.2.99"), signed(86400 * 41, B)],
        ),
        "room_recovery_asked": ([at(ev.RECOVERY_ASKED, actor="admin")], [at(ev.RECOVERY_REFUSED, actor="admin")]),
        "room_recovered_then_used": (
            [at(ev.RECOVERED, actor="anonymous"), at(ev.EVIDENCE_TAKEN, 3600, subject=HEX)],
            [at(ev.EVIDENCE_TAKEN, -10, subject=HEX), at(ev.RECOVERED, actor="anonymous"),
             at(ev.EVIDENCE_TAKEN, 86500, subject=HEX), at(ev.EVIDENCE_TAKEN, 60, subject=HEX, actor="somebody.else")],
        ),
        "room_grants_oneself": (
            [at(ev.GRANTED, role="engineer")], [at(ev.GRANTED, actor="admin", role="engineer")],
        ),
        "room_administrator_made": (
            [at(ev.GRANTED, actor="admin", role="administrator")], [at(ev.JOINED, role="administrator")],
        ),
        "room_access_ended_in_bulk": (
            [ended(n, actor="admin") for n in range(5)],
            [*(ended(n, actor="admin") for n in range(4)), ended(5, actor="other.admin")],
        ),
        "room_rights_off_hours": (
            [at(ev.GRANTED, actor="admin", role="engineer", start=NIGHT)],
            [at(ev.GRANTED, actor="admin", role="engineer", start=DAY), at(ev.SIGNED_IN, start=NIGHT)],
        ),
        "room_evidence_in_bulk": (
            [at(ev.EVIDENCE_TAKEN, n * 600, subject=f"{n}{HEX}") for n in range(5)],
            [at(ev.EVIDENCE_TAKEN, n * 901, subject=f"{n}{HEX}") for n in range(8)],
        ),
        "room_evidence_off_hours": (
            [at(ev.EVIDENCE_TAKEN, start=SUNDAY, subject=HEX)], [at(ev.EVIDENCE_TAKEN, start=DAY, subject=HEX)],
        ),
        "room_tokens_in_number": (
            [at(ev.TOKEN_MADE, n * 3600, subject=f"token-{n}", days=30) for n in range(3)],
            [at(ev.TOKEN_MADE, n * 43300, subject=f"token-{n}", days=30) for n in range(4)],
        ),
        "room_token_elsewhere": (
            [at(ev.TOKEN_ELSEWHERE, subject="token-4", origin=B)], [at(ev.TOKEN_REVOKED, subject="token-4")],
        ),
        "room_authenticator_replaced": (
            [at(ev.AUTHENTICATOR_ADDED, kind="webauthn"), at(ev.AUTHENTICATOR_REMOVED, 600, kind="totp")],
            [at(ev.AUTHENTICATOR_ADDED, kind="webauthn"), at(ev.AUTHENTICATOR_ADDED, 60, kind="totp"),
             at(ev.AUTHENTICATOR_REMOVED, 3700, kind="totp"), at(ev.AUTHENTICATOR_REMOVED, 60, subject="other", kind="totp")],
        ),
        "room_invited_in_number": (
            [at(ev.INVITED, n * 60, subject=f"invitation-{n}") for n in range(20)],
            [at(ev.INVITED, n * 190, subject=f"invitation-{n}") for n in range(30)],
        ),
        "room_wrong_role": (
            [refused("role", actor="a.petit"), refused("role", 60, actor="a.petit", times=9)],
            [refused("role", actor="a.petit"), refused("role", 60, actor="b.grand", times=9)],
        ),
        "room_anonymous_probe": (
            [refused("anonymous", n * 10, times=10) for n in range(3)],
            [refused("anonymous", n * 301, times=14) for n in range(5)],
        ),
        "room_revoked_seen": ([refused("revoked", subject="agent-a")], [refused("bearer")]),
        "room_journal_set_back": ([report_refused("set_back")], [report_refused("paper")]),
        "room_journal_rewritten": ([report_refused("rewritten")], [report_refused("set_back")]),
        "room_journal_foreign_key": ([report_refused("key")], [report_refused("rewritten")]),
        "room_paper_lies": ([report_refused("paper")], [report_refused("key")]),
        "room_untrained_acts": (
            [trained(), at(ev.ORDER_FROZEN, 600, subject="ORD-1")],
            [trained(), at(ev.ORDER_FROZEN, 600, subject="ORD-1", actor="b.grand"), at(ev.SIGNED_IN, 60),
             at(ev.ORDER_FROZEN, 86500, subject="ORD-1")],
        ),
        "room_agreement_ended_work_goes_on": (
            [agreement, ended_then(86400)],
            [ended_then(-10), agreement, ended_then(86400, ("autre-labo", "vendeur"))],
        ),
        "room_clocks_changed": ([at(ev.ALERT_CLOCKS_SET)], [at(ev.ALERT_WAYS_SET)]),
        "room_watch_died": ([at(ev.WATCH_DIED, actor="system")], [at(ev.WATCH_STOPPED, actor="system")]),
    }  # fmt: skip


def place_cases() -> dict[str, tuple[Events, Events]]:
    ev = Event
    return {
        "place_scope_violation": ([source(ev.SCOPE_VIOLATION, rule="site")], [source(ev.SUSPENDED)]),
        "place_parcel_refused": (
            [at(ev.PARCEL_REFUSED, place=DESTINATION, actor="agent-b", subject="0001")],
            [at(ev.PARCEL_RECEIVED, place=DESTINATION, actor="agent-b", subject="0001"),
             relay(Access.PARCEL_REFUSED, subject=HEX, reason="StorageError")],
        ),
        "place_erased_not_all": ([source(ev.ERASED, found=1)], [source(ev.ERASED, found=0)]),
        "place_erasure_by_word": (
            [source(ev.ERASING, statement="destroyed in the module")], [source(ev.ERASING, kind="parcel", size=1)],
        ),
        "place_differences": ([source(ev.RECONCILED, differences=3)], [source(ev.RECONCILED, differences=0)]),
        "place_off_hours_bulk": (
            [source(ev.BATCH_SEALED, n * 600, subject=f"{n:04}", rows=100_000, start=NIGHT) for n in range(10)],
            [*(source(ev.BATCH_SEALED, n * 600, subject=f"{n:04}", rows=100_000, start=NIGHT) for n in range(9)),
             *(source(ev.BATCH_SEALED, n * 600, subject=f"{n:04}", rows=900_000) for n in range(9))],
        ),
        "place_extracted_again": (
            many(4, 3600, lambda after: source(ev.BATCH_EXTRACTING, after)),
            [source(ev.BATCH_EXTRACTING, n * 3600, subject=f"{n // 3:04}") for n in range(9)],
        ),
        "place_stops_and_goes": (
            [source(ev.RESUMED, n * 3600) for n in range(5)], [source(ev.RESUMED, n * 22000) for n in range(8)],
        ),
        "place_given_up_by_clock": (
            [source(ev.ABORTED, subject="erase_by has passed")], [source(ev.ABORTED, subject=HEX)],
        ),
    }  # fmt: skip


def relay_cases() -> dict[str, tuple[Events, Events]]:
    ev = Access
    lost = lambda reason, after=0, **rest: relay(  # noqa: E731
        ev.ENTRY_FAILED, after, actor="anonymous", **({"reason": reason, "times": 1} | rest)
    )
    network = lambda reason, origin=A, **rest: relay(  # noqa: E731
        ev.NETWORK_REFUSED, actor="anonymous", origin=origin, **({"reason": reason, "times": 1} | rest)
    )
    parcel = lambda reason: relay(ev.PARCEL_REFUSED, subject=HEX, box="box-1", reason=reason)  # noqa: E731
    enter = lambda after, origin: relay(ev.ENTERED, after, origin=origin, door="sftp")  # noqa: E731
    leave = lambda after, start, read: relay(ev.LEFT, after, door="sftp", sent=0, read=read, start=start)  # noqa: E731
    unlisted = "not a listed network"
    return {
        "relay_anonymous": ([lost("anonymous name")], [lost("unknown key")]),
        "relay_attempts": (
            [lost("unknown key"), lost("unknown key", 20, times=19)],
            [lost("unknown key"), lost("unknown key", 20, times=19, origin=B), lost("unknown key", 650, times=18)],
        ),
        "relay_attempts_spread": (
            [lost("unknown key", n * 60, origin=f"198.51.{n}.1") for n in range(10)],
            [lost("unknown key", n * 60, origin=f"198.51.{n % 9}.{n + 1}") for n in range(30)],
        ),
        "relay_unlisted_network": ([network(unlisted)], [network("a maintenance host")]),
        "relay_scanned": (
            [network(unlisted, f"198.51.{n}.1", subject=str(n)) for n in range(20)],
            [network(unlisted, f"198.51.{n % 19}.{n + 1}", subject=str(n)) for n in range(60)],
        ),
        "relay_key_from_elsewhere": (
            [network("not this account's network", subject="agent-a")], [network(unlisted)],
        ),
        "relay_maintenance_host": ([network("a maintenance host")], [network(unlisted)]),
        "relay_key_shared": (
            [relay(ev.KEY_CLAIMED, subject="agent-a", door="sftp")], [relay(ev.ACCOUNT_ADDED, subject="agent-a")],
        ),
        "relay_revoked_knocks": ([lost("revoked or expired", subject="agent-a")], [lost("unknown key")]),
        "relay_two_places": (
            [enter(0, A), enter(1800, B)], [enter(0, A), enter(900, "198.51.100.200"), enter(4600, B)],
        ),
        "relay_new_network": (
            [enter(0, A), enter(86400 * 29, B)], [enter(0, A), enter(86400 * 31, B)],
        ),
        "relay_not_theirs": (
            [relay(ev.PATH_REFUSED, verb="list")], [lost("unknown key")],
        ),
        "relay_probed": (
            [relay(ev.PATH_REFUSED, n * 30, verb="list", times=times) for n, times in enumerate((1, 1, 5, 3))],
            [relay(ev.PATH_REFUSED, n * 70, verb="list", times=1) for n in range(14)],
        ),
        "relay_plaintext": ([parcel("UnsealedError")], [parcel("TamperError")]),
        "relay_parcel_swapped": ([parcel("TamperError")], [parcel("UnsealedError")]),
        "relay_parcel_unannounced": ([parcel("UnannouncedError")], [parcel("TamperError")]),
        "relay_paper_refused": (
            [relay(ev.PAPER_REFUSED, subject="order", box="box-1", reason="SignatureError")],
            [relay(ev.PAPER_KEPT, subject="order", box="box-1")],
        ),
        "relay_quota": (
            [relay(ev.QUOTA_EXCEEDED, subject=HEX, box="box-1", reason="RefusedError")],
            [relay(ev.PARCEL_STORED, subject=HEX, box="box-1", size=10)],
        ),
        "relay_read_again": (
            [relay(ev.PARCEL_READ, n * 3600, subject=HEX) for n in range(5)],
            [relay(ev.PARCEL_READ, n * 60, subject=f"{n // 4:064x}") for n in range(20)],
        ),
        "relay_off_hours_bulk": (
            [leave(n * 600, SUNDAY, 250_000_000) for n in range(4)],
            [*(leave(n * 600, SUNDAY, 240_000_000) for n in range(4)), leave(0, DAY, 5_000_000_000)],
        ),
        "relay_account_off_hours": (
            [relay(ev.ACCOUNT_ADDED, actor="admin", subject="agent-z", start=NIGHT)],
            [relay(ev.ACCOUNT_ADDED, actor="admin", subject="agent-z")],
        ),
        "relay_overdue": ([relay(ev.OVERDUE, actor="relay", subject=HEX)], [relay(ev.ERASED, actor="relay", subject=HEX)]),
        "relay_room_silent": ([relay(ev.ROOM_SILENT, actor="relay")], [relay(ev.REPORTED, actor="relay")]),
        "relay_restarts": (
            [relay(ev.STARTED, n * 600, actor="relay") for n in range(4)],
            [relay(ev.STARTED, n * 1300, actor="relay") for n in range(6)],
        ),
    }  # fmt: skip


def clock_cases() -> dict[str, tuple[Events, Events]]:
    ticks = list(Tick)
    return {
        tick.value.replace(".", "_"): (
            [ticked(tick, DAY, "subject-1", concerns=PARTIES)],
            [ticked(ticks[place - 1], DAY, "subject-1", concerns=PARTIES)],
        )
        for place, tick in enumerate(ticks)
    }


def story() -> list[Observed]:
    """What 2020-21 would have looked like to this watch: an open zone, foreign networks, bulk at night, silence."""
    march, november = dt.datetime(2020, 3, 25, 8, tzinfo=dt.UTC), dt.datetime(2020, 11, 1, 2, tzinfo=dt.UTC)
    told = [relay(Access.ENTRY_FAILED, n * 30, actor="anonymous", origin=f"203.0.{n}.5", start=november,
                  reason="anonymous name", times=1 + n) for n in range(12)]  # fmt: skip
    told += [relay(Access.NETWORK_REFUSED, 900, actor="anonymous", origin=B, subject="agent-a", start=november,
                   reason="not this account's network", times=1)]  # fmt: skip
    told += [relay(Access.ENTERED, 1000, origin=OFFICE, start=november, door="sftp"),
             relay(Access.ENTERED, 1300, origin=A, start=november, door="sftp"),
             relay(Access.PARCEL_REFUSED, 1400, subject=HEX, start=november, box="box-1", reason="UnsealedError")]  # fmt: skip
    told += [relay(Access.LEFT, 2000 + n, start=november, door="sftp", sent=0, read=400_000_000) for n in range(3)]
    return [
        ticked(Tick.WARNING_UNACKNOWLEDGED, march + dt.timedelta(days=9), "warning-1", concerns=PARTIES),
        ticked(Tick.WARNING_UNANSWERED, march + dt.timedelta(days=92), "warning-1", concerns=PARTIES),
        *told,
        ticked(Tick.ERASURE_OVERDUE, november + dt.timedelta(days=2), "migration-1", concerns=PARTIES),
        ticked(Tick.WARNING_UNACKNOWLEDGED, november + dt.timedelta(days=4), "warning-2", concerns=PARTIES),
    ]


def files() -> dict[Path, str]:
    cases = room_cases() | place_cases() | relay_cases() | clock_cases()
    made = {}
    for name, (fires, near) in cases.items():
        made[HERE / "fires" / f"{name}.jsonl"] = "\n".join(lines(fires)) + "\n"
        made[HERE / "near" / f"{name}.jsonl"] = "\n".join(lines(near)) + "\n"
    made[HERE / "2020-21.jsonl"] = "\n".join(lines(story())) + "\n"
    return made


def main() -> int:
    for path, text in files().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
