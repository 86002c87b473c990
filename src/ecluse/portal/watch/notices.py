"""What a person, or one of the room's channels, is told of an alert; and mail, the channel that every room has."""

import smtplib
from collections.abc import Mapping, Sequence
from dataclasses import replace

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils import timezone, translation

from ecluse.control.ports import Notice
from ecluse.control.watch import Rule
from ecluse.domain.alerts import CHAIN, Severity
from ecluse.domain.errors import ConnectionLostError
from ecluse.portal.answers import answer_link
from ecluse.portal.labels import ROLES, SEVERITIES, SIDES
from ecluse.portal.mail import can_mail
from ecluse.portal.words import tr
from ecluse.store.models import Alert, AlertTold
from ecluse.store.reads.alert_ways import Reader, ways
from ecluse.store.reads.alerts import concerned


class Mail:
    """See :class:`ecluse.control.ports.Notifier`. The room's own SMTP; to the addresses of the notice."""

    name = "mail"
    least = Severity.LOW

    def send(self, notice: Notice) -> None:
        """Hand it to the server. Its Message-ID is the notice's mark, so that a repetition is known as one."""
        if not can_mail():
            raise ConnectionLostError("this room has no way to send mail", hint="ECLUSE_SMTP_URL")
        host = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2]
        headers = {"Message-ID": f"<{notice.mark}@{host}>", "Auto-Submitted": "auto-generated"}
        try:
            EmailMessage(notice.subject, notice.body, None, list(notice.to), headers=headers).send()
        except (OSError, ValueError, smtplib.SMTPException) as error:  # ValueError: an address or a title of two lines
            raise ConnectionLostError(f"the mail server cannot be reached: {type(error).__name__}") from None


def notice_of(row: AlertTold, rules: Mapping[str, Rule]) -> Notice:
    """What is said: to a person in their language and with their link, to a channel of the room in both languages."""
    alert, person = row.alert, row.person
    mark = f"alert-{alert.pk}-{alert.round}-{row.station}-{row.pk}"
    if person is None:
        said = [_said(alert, rules, language, concerned(alert)) for language in ("fr", "en")]
        subject, body = said[0][0], "\n\n".join(text for _, text in said)
        link = f"{settings.ECLUSE_ORIGIN}/alerts/{alert.pk}/"
        return Notice(subject, body, Severity(alert.severity), mark, row.made_at, link)
    link = answer_link(row)
    reader = Reader.of(person.grants())
    concerns = alert.concerned.select_related("organisation").order_by("organisation__slug")
    known = [each.organisation.slug for each in concerns if reader.knows(each.organisation)]
    subject, body = _said(alert, rules, person.language, known)
    with translation.override(person.language):
        ask = tr("To say that you take it in hand (for you alone; a page asks you to confirm):",
                 "Pour dire que vous vous en occupez (pour vous seul ; une page demande confirmation) :")  # fmt: skip
    made = Notice(subject, body, Severity(alert.severity), mark, row.made_at, link, (person.email,))
    return replace(made, body=f"{body}\n\n{ask}\n{link}\n")


def _said(alert: Alert, rules: Mapping[str, Rule], language: str, slugs: Sequence[str]) -> tuple[str, str]:
    with translation.override(language):
        title, severity = tr(alert.title_en, alert.title_fr), SEVERITIES[Severity(alert.severity)].words
        rule = rules.get(alert.rule)
        latest = timezone.localtime(alert.latest_at).strftime("%d/%m/%Y %H:%M")
        lines = [
            title,
            tr(f"Severity: {severity}. Seen {alert.count} time(s), last on {latest}.",
               f"Gravité : {severity}. Constatée {alert.count} fois, la dernière le {latest}."),
            tr(f"About: {alert.subject or '–'}. Organisations: {', '.join(slugs)}.",
               f"Objet : {alert.subject or '–'}. Organisations : {', '.join(slugs)}."),
        ]  # fmt: skip
        if rule is not None:
            lines.append(tr(f"What to do: {rule.en.mend}", f"Que faire : {rule.fr.mend}"))
        lines.append(_goes_on(alert))
        see = f"{settings.ECLUSE_ORIGIN}/alerts/{alert.pk}/"
        lines.append(tr(f"In the control room: {see}", f"Dans la salle de contrôle : {see}"))
        return f"Écluse [{severity}] {title}", "\n".join(line for line in lines if line)


def _goes_on(alert: Alert) -> str:
    (way,) = ways([alert], timezone.now())
    following = next((place for place in range(alert.reached + 1, len(CHAIN)) if way.stations[place]), None)
    if way.next_at is None or following is None:
        return ""
    station, at = CHAIN[following], timezone.localtime(way.next_at).strftime("%d/%m/%Y %H:%M")
    whom = f"{', '.join(str(ROLES[role]) for role in sorted(station.roles))}, {SIDES[station.side]}"
    return tr(f"If nobody answers, on {at} it goes on to: {whom}.",
              f"Sans réponse, le {at} elle ira à : {whom}.")  # fmt: skip
