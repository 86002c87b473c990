"""Alerts: the answer from the mail."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from ecluse.domain.errors import UnseenError
from ecluse.portal.access import public
from ecluse.portal.answers import answering
from ecluse.portal.words import tr
from ecluse.store.acts import alerts, telling
from ecluse.store.models import Person
from ecluse.store.reads.alerts import history


@public
@require_http_methods(["GET", "POST"])
def answer(request: HttpRequest, secret: str) -> HttpResponse:
    """Follow the link of a mail: a page that asks; its button takes the alert in hand.

    Raises:
        UnseenError: no such link, or expired.
        ForbiddenError: used, somebody else's, or the person may answer it no longer.
    """
    reader = request.user if isinstance(request.user, Person) else None
    row = answering(secret, reader)
    person, alert = row.person, row.alert
    if person is None:
        raise UnseenError("there is no such link")
    shown = {"alert": alert, "person": person, "title": tr(alert.title_en, alert.title_fr)}
    if request.method != "POST":
        return render(request, "alerts/answer.html", shown | {"history": history(alert, timezone.now())})
    first = alerts.acknowledge(person.handle, alert, by=person, through="mail")
    telling.link_used(person.handle, row)
    if reader is not None:
        messages.success(request, _thanks(first=first))
        return redirect("home")
    return render(request, "alerts/answered.html", shown | {"thanks": _thanks(first=first)})


def _thanks(*, first: bool) -> str:
    if first:
        return tr("The alert is in your hands: it waits for what you find, until its clock to resolve runs out.",
                  "L'alerte est entre vos mains : elle attend votre réponse, jusqu'au terme de son délai.")  # fmt: skip
    return tr("Somebody had taken this alert in hand before you; your answer is noted.",
              "Quelqu'un s'en occupait avant vous ; votre réponse est notée.")  # fmt: skip
