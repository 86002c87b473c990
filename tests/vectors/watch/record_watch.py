"""Record a quiet day: ``PYTHONPATH=tests:. python tests/vectors/watch/record_watch.py``, from the project's root.

A real room (``ecluse serve``), two real agents, one migration from the first invitation to erasure, everybody signing
in; what the watch reads of it (``store.reads.observed``), with its times moved to a Monday morning and each of the
room's minutes as it was. Nothing is made up but the days' date.
"""

import datetime as dt
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
QUIET = HERE / "quiet-day.jsonl"
MONDAY = dt.datetime(2026, 1, 12, 8, 30, tzinfo=dt.UTC)


def record() -> None:
    """The day itself."""
    from agents_at_work import a_room  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder, a_room(Path(folder)) as world:
        _read(world.home, "enter")
        world.seed("ask")
        world.source()
        world.seed("approve")
        world.source()
        world.destination()
        world.seed("instruct", "suspend")
        world.destination(code=None)
        world.seed("instruct", "resume")
        world.destination()
        world.seed("decide")
        world.destination()
        world.source()
        assert world.state() == "erased"
        world.seed("evidence", str(world.desk.path("evidence.zip")))
        text = _read(world.home, "read")
    lines = [json.loads(line) for line in text.splitlines()]
    lines.sort(key=lambda line: line["at"])
    moved = MONDAY - dt.datetime.fromisoformat(lines[0]["at"])
    for line in lines:
        line["at"] = (dt.datetime.fromisoformat(line["at"]) + moved).isoformat().replace("+00:00", "Z")
    QUIET.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")


def _read(home: Path, what: str) -> str:
    command = [sys.executable, __file__, what, str(home)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=os.environ | {"ECLUSE_HOME": str(home)})
    return done.stdout.decode()


def inside(what: str, home: Path) -> None:
    """In a process of its own: Django knows one room."""
    from ecluse.portal.__main__ import set_up  # noqa: PLC0415
    from ecluse.portal.home import prepare  # noqa: PLC0415

    prepare(home)
    set_up()
    from django.conf import settings  # noqa: PLC0415
    from django.contrib.auth import login  # noqa: PLC0415
    from django.contrib.sessions.backends.db import SessionStore  # noqa: PLC0415
    from django.test import RequestFactory  # noqa: PLC0415

    from ecluse.control.watch.recordings import lines  # noqa: PLC0415
    from ecluse.store.models import Person  # noqa: PLC0415
    from ecluse.store.reads.observed import SOURCES  # noqa: PLC0415
    from ecluse.store.recording import acting  # noqa: PLC0415

    if what == "enter":
        for person in Person.objects.order_by("pk"):
            request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.10")
            request.session = SessionStore()
            with acting(person.handle):
                login(request, person, settings.AUTHENTICATION_BACKENDS[0])
                request.session.save()
        return
    for source in SOURCES:
        cursor, more = None, True
        while more:
            seen = source.since(cursor)
            cursor, more = seen.cursor, seen.more
            sys.stdout.write("".join(f"{line}\n" for line in lines(seen.events)))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        inside(sys.argv[1], Path(sys.argv[2]))
    else:
        record()
