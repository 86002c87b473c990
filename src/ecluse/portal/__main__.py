"""``python -m ecluse.portal``: the process that listens. ``ecluse serve`` becomes this one, and takes nothing along."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import django
from django.core.management import call_command

from ecluse.domain.errors import UsageError
from ecluse.domain.permissions import Role, Side
from ecluse.domain.room import RoomEvent


def ready() -> None:
    """Ready Django; the room is as it was."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ecluse.portal.settings")
    django.setup()


def set_up() -> None:
    """Ready Django, and bring the room's tables up to date."""
    ready()
    from ecluse.store import recording  # noqa: PLC0415 - models are ready only now

    with recording.schema_change():
        call_command("migrate", verbosity=0, interactive=False)
        call_command("createcachetable", verbosity=0)


def first_link(name: str | None, side: Side, administrator: str | None, email: str | None) -> str | None:
    """Open a new room and give the one-time link of its first administrator; None where somebody can sign in already.

    The link stands in for nobody: it lets one person enrol an authenticator of their own (law 6). While nobody has
    enrolled one, each start gives a new link and spends the former.

    Raises:
        UsageError: nobody has been named, now or before.
    """
    from allauth.mfa.models import Authenticator  # noqa: PLC0415 - models are ready only now
    from django.conf import settings  # noqa: PLC0415

    from ecluse.store.acts import access, people  # noqa: PLC0415
    from ecluse.store.models import Invitation, Organisation, Person  # noqa: PLC0415
    from ecluse.store.recording import SYSTEM, acting  # noqa: PLC0415

    if Authenticator.objects.exists() or Person.objects.filter(enrolled_at__isnull=False).exists():
        return None
    earlier = Invitation.objects.order_by("-made_at").select_related("organisation").first()
    if earlier is not None:
        name, administrator = name or earlier.organisation.name, administrator or earlier.name
        email = email or earlier.email
    if not (name and administrator and email):
        raise UsageError("a new room needs its first administrator", hint="--organisation --administrator --email")
    with acting(SYSTEM) as act:
        slug = people.free_slug(name)
        organisation = Organisation.objects.filter(name=name).first()
        if organisation is None:
            act.record(RoomEvent.OPENED, subject="control-room")
            organisation = people.add_organisation(SYSTEM, slug, name, side)
        for waiting in Invitation.objects.filter(accepted_at__isnull=True, withdrawn_at__isnull=True):
            people.withdraw_invitation(SYSTEM, waiting)
        # Whoever followed a former link and enrolled nothing was perhaps the wrong person: they go no further.
        for person in Person.objects.all():
            access.end_all_sessions(person)
        secret = people.invite(SYSTEM, organisation, Role.ADMINISTRATOR, email, administrator)
    return f"{settings.ECLUSE_ORIGIN}/join/{secret}/"


def serve(address: str, port: int, *, certificate: str | None, key: str | None, workers: int) -> None:
    """Listen until told to stop."""
    from pathlib import Path  # noqa: PLC0415 - only here

    from granian.constants import Interfaces  # noqa: PLC0415
    from granian.server import Server  # noqa: PLC0415

    Server(
        "ecluse.portal.wsgi:application",
        address=address,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=4,
        log_access=False,
        ssl_cert=Path(certificate) if certificate else None,
        ssl_key=Path(key) if key else None,
    ).serve()


@contextmanager
def watched(*, alone: bool = False) -> Iterator[None]:
    """Keep a watch running beside, as a child of its own, as long as the block runs. ``alone``: another host has it."""
    if alone:
        yield
        return
    from ecluse.portal.watch.keeper import Keeper  # noqa: PLC0415 - models are ready only now

    keeper = Keeper()
    keeper.start()
    try:
        yield
    finally:
        keeper.stop()


def main() -> int:
    """Set up, print the first link where there is nobody yet, listen. Arguments come from ``ecluse serve``."""
    import json  # noqa: PLC0415

    told = json.loads(sys.argv[1])
    set_up()
    link = first_link(told["organisation"], Side(told["side"]), told["administrator"], told["email"])
    if link:
        sys.stdout.write(f"{link}\n")
        sys.stdout.flush()
    with watched(alone=bool(told.get("watch_elsewhere"))):
        serve(told["address"], told["port"], certificate=told["certificate"], key=told["key"], workers=told["workers"])
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
