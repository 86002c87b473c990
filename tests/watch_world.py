"""A room to be watched, as a process of its own: ``python tests/watch_world.py HOME COMMAND…``; answers in JSON.

found                a laboratory and a vendor with their people; an agreement is not needed
elsewhere N [START]  N people's accounts are used at two places, one entry each (subjects p-START …)
alerts               every alert, with who is to be told and what came of it
lines EVENT          how many lines of the room's journal say so
unwritable           the journal's table refuses every write, from now on
writable             it does not, any more
"""

# ruff: noqa: E402 - models are ready only once Django is

import json
import os
import sys
from pathlib import Path
from typing import Any

from ecluse.domain.permissions import Role, Side
from ecluse.domain.room import RoomEvent
from ecluse.portal.__main__ import set_up
from ecluse.portal.home import prepare

HOME = Path(sys.argv[1])
prepare(HOME)
os.environ |= {"ECLUSE_HOME": str(HOME)}
set_up()

from django.db import connection
from django.utils import timezone

from ecluse.store.acts import people
from ecluse.store.models import Alert, JournalLine, Organisation, Watch
from ecluse.store.recording import SYSTEM, acting, schema_change
from rooms import LAB, VENDOR, member


def found() -> Any:
    for slug, name, side in ((LAB, "Laboratoire", Side.CONTROLLER), (VENDOR, "Logiciel", Side.PROCESSOR)):
        organisation: Organisation = people.add_organisation(SYSTEM, slug, name, side)
        for role in Role:
            member(organisation, role)
    return {}


def elsewhere(count: str, start: str = "0") -> Any:
    at = []
    for number in range(int(start), int(start) + int(count)):
        with acting(SYSTEM) as act:
            act.record(RoomEvent.SESSION_ELSEWHERE, VENDOR, LAB, subject=f"p-{number}", how="signed_in")
        at.append(timezone.now().timestamp())
    return at


def alerts() -> Any:
    return [
        {
            "rule": each.rule,
            "group": each.group,
            "subject": each.subject,
            "count": each.count,
            "state": each.state,
            "severity": each.severity,
            "opened_at": each.opened_at.timestamp(),
            "told": [
                {"station": row.station, "person": row.person.email if row.person else "", "outcome": row.outcome,
                 "channel": row.channel, "tries": row.tries}
                for row in each.told.select_related("person")
            ],
        }
        for each in Alert.objects.order_by("pk")
    ]  # fmt: skip


def lines(event: str) -> Any:
    return JournalLine.objects.filter(event=event).count()


def watch() -> Any:
    row = Watch.objects.first()
    age = None if row is None else (timezone.now() - row.beat_at).total_seconds()
    return {"age": age, "broken": row.broken if row else None, "holder": row.holder if row else None}


def unwritable() -> Any:
    with schema_change(), connection.cursor() as cursor:
        for verb in ("INSERT", "UPDATE"):
            cursor.execute(
                f"CREATE TRIGGER no_{verb} BEFORE {verb} ON store_journalfile "
                "BEGIN SELECT RAISE(ABORT, 'read-only'); END"
            )
    return {}


def writable() -> Any:
    with schema_change(), connection.cursor() as cursor:
        for verb in ("INSERT", "UPDATE"):
            cursor.execute(f"DROP TRIGGER no_{verb}")
    return {}


COMMANDS = {
    each.__name__: each for each in (found, elsewhere, alerts, lines, watch, unwritable, writable)
}  # fmt: skip

if __name__ == "__main__":
    sys.stdout.write(json.dumps(COMMANDS[sys.argv[2]](*sys.argv[3:])))
