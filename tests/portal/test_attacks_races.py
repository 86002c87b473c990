"""Attacks by two at once, on a real PostgreSQL: of two who each take the last but one, one finds it the last."""

import os
import subprocess
import sys
from pathlib import Path

from servers import PostgresqlServer

RACE = """
import sys, threading
from pathlib import Path
from ecluse.portal.home import prepare
prepare(Path(sys.argv[1]))
from ecluse.portal.__main__ import set_up
set_up()
from allauth.mfa.models import Authenticator
from ecluse.domain.errors import UsageError
from ecluse.domain.permissions import Role, Side
from ecluse.domain.room import RoomEvent
from ecluse.store.acts import access, people
from ecluse.store.models import Membership
from ecluse.store.recording import SYSTEM, acting
from rooms import member
place = people.add_organisation(SYSTEM, "o", "O", Side.CONTROLLER)
one, other = member(place, Role.ADMINISTRATOR), member(place, Role.DPO)
people.grant(one.handle, place, other, Role.ADMINISTRATOR, by=one)
with acting(SYSTEM) as act:
    Authenticator.objects.create(user=one, type="webauthn", data={"name": "key"})
    act.record(RoomEvent.AUTHENTICATOR_ADDED, subject=one.handle)
def both(take, things):
    done, first = threading.Event(), threading.Event()
    def begin():
        with acting(SYSTEM):
            take(things[0])
            first.set()
            done.wait(1)  # the other waits for the lock meanwhile, or takes what is left
    def follow():
        first.wait()
        try:
            take(things[1])
        except UsageError:
            pass
        done.set()
    threads = [threading.Thread(target=each) for each in (begin, follow)]
    [each.start() for each in threads]
    [each.join() for each in threads]
administrators = Membership.objects.filter(role="administrator", until=None)
both(lambda each: people.withdraw(SYSTEM, each), list(administrators))
print(administrators.all().count())
keys = Authenticator.objects.filter(user=one)
both(lambda each: access.remove_authenticator(SYSTEM, one, each), list(keys.values_list("pk", flat=True)))
print(keys.all().count())
"""


def test_two_at_once_leave_one(postgresql: PostgresqlServer, tmp_path: Path) -> None:
    given = {
        "ECLUSE_HOME": str(tmp_path / "room"),
        "ECLUSE_ORIGIN": "http://localhost",
        "ECLUSE_DATABASE_URL": postgresql.database().url,
        "PYTHONPATH": str(Path(__file__).parents[1]),
    }
    done = subprocess.run(
        [sys.executable, "-c", RACE, given["ECLUSE_HOME"]],
        env=os.environ | given,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["1", "1"]
