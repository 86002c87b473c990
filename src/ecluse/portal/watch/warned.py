"""Warnings, as the watch takes care of them: silence takes them on, people are told by mail, deadlines alert (R10).

A mail says that a warning exists and until when; never a word of it, nor whom it names.
"""

import datetime as dt
import logging
import threading

from django.conf import settings
from django.db import DatabaseError, close_old_connections, connection
from django.urls import reverse
from django.utils import timezone, translation

from ecluse.control.ports import Notice
from ecluse.control.watch import Finding
from ecluse.domain.errors import EcluseError
from ecluse.domain.warnings import LAST, severity
from ecluse.portal.mail import can_mail
from ecluse.portal.watch.notices import Mail
from ecluse.portal.watch.outbox import WATCH
from ecluse.portal.watch.rounds import FINDERS, SWEEPS
from ecluse.portal.words import tr
from ecluse.store.acts import warnings as acts
from ecluse.store.models import Person, WarningNamed, WarningStation
from ecluse.store.reads.warning_clocks import clock_findings, finding

UNSENT = dt.timedelta(hours=1)
"""How long a mail about a warning may stay unsent before that is an alert of its own."""
_PAUSE, _LONGEST = dt.timedelta(seconds=30), dt.timedelta(minutes=10)
_LOG = logging.getLogger("ecluse.watch")


class Teller:
    """Mails what waits to be told; after a failure it pauses, longer each time."""

    def __init__(self) -> None:
        self._pause, self._next = _PAUSE, dt.datetime.min.replace(tzinfo=dt.UTC)
        self._at_work: threading.Thread | None = None

    def sweep(self, now: dt.datetime) -> None:
        """Take warnings on, then mail beside the watch: a slow server keeps no event waiting."""
        acts.escalate(WATCH)
        if now < self._next or not can_mail() or (self._at_work is not None and self._at_work.is_alive()):
            return
        if WarningStation.objects.exclude(waiting=[]).exists():
            self._at_work = threading.Thread(target=self._alone, args=(now,), daemon=True)
            self._at_work.start()

    def _alone(self, now: dt.datetime) -> None:
        close_old_connections()
        try:
            self.deliver(now)
        except DatabaseError as error:
            _LOG.warning("warnings: %s", type(error).__name__)
        finally:
            connection.close()

    def deliver(self, now: dt.datetime) -> int:
        """Mail to everybody who waits; gives how many were told. Whoever was named meanwhile is told nothing."""
        told, failed = 0, False
        waiting = WarningStation.objects.exclude(waiting=[]).select_related("warning")
        for station in waiting.defer("warning__sealed", "warning__lock"):
            named = set(
                WarningNamed.objects.filter(warning=station.warning_id).values_list("person__handle", flat=True)
            )
            people = list(Person.objects.filter(handle__in=station.waiting, is_active=True))
            # Whoever has left is told nothing, and waited for no longer.
            acts.told(WATCH, station, named | (set(station.waiting) - {person.handle for person in people}))
            for person in people:
                if person.handle in named:
                    continue
                try:
                    Mail().send(notice(station, person))
                except EcluseError as error:  # an address that is refused keeps nobody else from hearing
                    failed = True
                    _LOG.warning("warnings: mail: %s", type(error).__name__)
                    continue
                acts.told(WATCH, station, [person.handle])
                told += 1
        if failed:
            self._next, self._pause = now + self._pause, min(2 * self._pause, _LONGEST)
        else:
            self._pause = _PAUSE
        return told


def notice(station: WarningStation, person: Person) -> Notice:
    """What somebody is told: that it exists, and until when."""
    warning = station.warning
    due = timezone.localtime(warning.acknowledge_by if not warning.acknowledged_at else warning.answer_by)
    link = f"{settings.ECLUSE_ORIGIN}{reverse('warning', args=[warning.receipt])}"
    with translation.override(person.language):
        subject = tr(f"Écluse: a warning, {warning.receipt}", f"Écluse : un signalement, {warning.receipt}")
        come = (
            tr("Nobody at the firm has answered it.", "Personne dans l'entreprise n'y a répondu.")
            if station.station == LAST and not warning.shared
            else tr("It has come to you.", "Il vous est parvenu.")
        )
        body = tr(
            f"Somebody has warned of a danger to patients' data. {come}\nTo be seen to by {due:%d/%m/%Y %H:%M}.\n\n"
            f"{link}\n",
            f"Quelqu'un a signalé un danger pour des données de patients. {come}\nÀ traiter avant le "
            f"{due:%d/%m/%Y %H:%M}.\n\n{link}\n",
        )
    mark = f"warning-{station.pk}-{person.pk}"
    return Notice(subject, body, severity(exposed=warning.exposed), mark, station.at, link, (person.email,))


def found(now: dt.datetime) -> tuple[Finding, ...]:
    """Deadlines that passed, and mails that do not go out."""
    unsent = WarningStation.objects.exclude(waiting=[]).filter(at__lte=now - UNSENT)
    failing: tuple[Finding, ...] = ()
    if can_mail() and unsent.exists():
        failing = (finding("clock_channel_failing", None, "mail", now, (), (), f"warnings/mail/{now:%Y-%m-%d}"),)
    return (*clock_findings(now), *failing)


TELLER = Teller()
FINDERS.append(found)
SWEEPS.append(TELLER.sweep)
