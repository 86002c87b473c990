"""Who holds the watch, how far it has read, when it last beat. No records of the room: one row, unjournalled.

Several watches may run, on several hosts: one holds the lease, the others wait for it. Cursors move
on in the transaction that raises what was found (:func:`moved`): a watch that only believes to hold it does nothing.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q

from ecluse.domain.errors import BusyError
from ecluse.store.models import Watch

LEASE = dt.timedelta(seconds=15)
"""How long a watch that died keeps the others waiting. Hosts' clocks must agree to a few seconds."""
SILENT = dt.timedelta(seconds=60)
"""A watch whose last beat is older than this is dead, for everybody who asks."""
_ROW = 1


def position() -> Watch | None:
    """The row; None before any watch ran."""
    return Watch.objects.filter(pk=_ROW).first()


def hold(holder: str, now: dt.datetime) -> bool:
    """Take the lease or keep it, and beat; False while another holds it."""
    mine = Q(holder=holder) | Q(holder="") | Q(held_until__lt=now)
    taken = {"holder": holder, "held_until": now + LEASE, "beat_at": now}
    if Watch.objects.filter(mine, pk=_ROW).update(**taken):
        return True
    if Watch.objects.filter(pk=_ROW).exists():
        return False
    try:
        with transaction.atomic():
            Watch.objects.create(pk=_ROW, **taken)
    except IntegrityError:  # another was first
        return False
    return True


def holds(holder: str, now: dt.datetime) -> bool:
    """Whether it holds the lease still, without taking it."""
    return Watch.objects.filter(pk=_ROW, holder=holder, held_until__gt=now).exists()


def release(holder: str) -> None:
    """Let the others have it at once."""
    Watch.objects.filter(pk=_ROW, holder=holder).update(holder="")


def moved(holder: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Move what was read on, in the transaction that is open.

    Raises:
        BusyError: another watch has taken over, or has read on: what was found is not to be raised.
    """
    row = Watch.objects.select_for_update().filter(pk=_ROW).first()
    if row is None or row.holder != holder or row.cursors != dict(before):
        raise BusyError("another watch has taken over")
    row.cursors = dict(after)
    row.save(update_fields=["cursors"])


def verified(now: dt.datetime) -> None:
    """The room's journal was read whole."""
    Watch.objects.filter(pk=_ROW).update(verified_at=now)


def broken(why: str) -> None:
    """Why the room's journal cannot be trusted or written, empty while it can: the watch alone says so."""
    Watch.objects.filter(pk=_ROW).exclude(broken=why[:200]).update(broken=why[:200])


def age(now: dt.datetime) -> int | None:
    """Seconds since the last beat; None where no watch ever ran. One query."""
    beat = Watch.objects.filter(pk=_ROW).values_list("beat_at", flat=True).first()
    return None if beat is None else max(0, int((now - beat).total_seconds()))
