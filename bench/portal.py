"""``python -m bench.portal``: the server's time for each page of a room with 200 migrations and 100,000 entries.

The room is a SQLite file in a folder that goes when the measuring ends. Each page is asked for five times by a
director who has signed in, in this process, without a network; the median is told, the slowest page last, with its
number of queries.
"""

import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from ecluse.portal.home import prepare

_ROOT = Path(__file__).resolve().parent.parent
_TIMES = 5


def main() -> int:
    """Furnish, measure, print; ``--json`` for programs."""
    with tempfile.TemporaryDirectory(prefix="bench-room-") as folder:
        home = Path(folder)
        prepare(home)
        os.environ |= {"ECLUSE_HOME": str(home), "ECLUSE_ORIGIN": "http://localhost"}
        sys.path[:0] = [str(_ROOT / "tests"), str(_ROOT)]
        measured = _measured()
    if "--json" in sys.argv[1:]:
        sys.stdout.write(json.dumps(measured, indent=2) + "\n")
        return 0
    for page, (milliseconds, queries) in sorted(measured.items(), key=lambda each: each[1]):
        sys.stdout.write(f"{milliseconds:8.1f} ms {queries:3} queries  {page}\n")
    return 0


def _measured() -> dict[str, tuple[float, int]]:
    """Median milliseconds and number of queries, by page."""
    from ecluse.portal.__main__ import set_up  # noqa: PLC0415 - the environment is set only now

    set_up()
    from django.db import connection, transaction  # noqa: PLC0415
    from django.test.utils import CaptureQueriesContext  # noqa: PLC0415

    from ecluse.domain.permissions import Role  # noqa: PLC0415
    from room_migrations import close_all  # noqa: PLC0415
    from room_scale import furnish, pages  # noqa: PLC0415
    from rooms import LAB, Room  # noqa: PLC0415

    with transaction.atomic():
        room = Room.furnished()
        made = furnish(room)
    client = room.client(LAB, Role.DIRECTOR)
    client.get("/me/")  # the first page of a session notes its beginning
    found: dict[str, tuple[float, int]] = {}
    for address in pages(made):
        with CaptureQueriesContext(connection) as queries:
            if client.get(address).status_code != 200:  # noqa: PLR2004 - pages that this role sees
                continue
        asked, taken = len(queries), []  # counted now: the next request begins the list anew
        for _ in range(_TIMES):
            start = time.perf_counter()
            client.get(address)
            taken.append(1000 * (time.perf_counter() - start))
        found[address] = (statistics.median(taken), asked)
    close_all()
    return found


if __name__ == "__main__":
    raise SystemExit(main())
