"""The pages of people without an account: hand a warning in, follow it up (R10). No cookie, no script, no address."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from ecluse.domain.errors import EcluseError, TransitionError, UnseenError
from ecluse.portal import strangers
from ecluse.portal.access import public
from ecluse.portal.forms.reporting import FollowForm, MessageForm, WarningForm
from ecluse.portal.refusals import said
from ecluse.portal.words import language
from ecluse.store.account_events import ANONYMOUS
from ecluse.store.acts import warnings as acts
from ecluse.store.models import ReportedWarning
from ecluse.store.reads import warnings as reads

# There is nobody to forge a request of: no cookie reaches these views (``strangers.Incognito``).


@csrf_exempt
@public
@require_http_methods(["GET", "POST"])
def report(request: HttpRequest) -> HttpResponse:
    """Hand a warning in; gives a receipt and a secret, once."""
    if not reads.can_receive():
        return render(request, "report/shut.html", status=200 if request.method == "GET" else 409)
    if request.method == "GET":
        return render(request, "report/new.html", {"form": WarningForm()})
    if (refused := _refused(request)) is not None:
        return refused
    form = WarningForm(request.POST, request.FILES)
    if not form.is_valid():
        return render(request, "report/new.html", {"form": form}, status=422)
    try:
        done = acts.receive(ANONYMOUS, form.given(language()))
    except TransitionError:
        return render(request, "report/shut.html", status=409)
    found = reads.warning_of(done.receipt)
    shown = {"receipt": done.receipt, "secret": done.secret, "warning": found}
    return render(request, "report/received.html", shown)


@csrf_exempt
@public
@require_http_methods(["GET", "POST"])
def report_follow(request: HttpRequest) -> HttpResponse:
    """See what became of a warning, and write again, by receipt and secret."""
    if request.method == "GET":
        return render(request, "report/follow.html", {"form": FollowForm()})
    if (refused := _refused(request)) is not None:
        return refused
    form = FollowForm(request.POST)
    if not form.is_valid():
        return render(request, "report/follow.html", {"form": form}, status=422)
    receipt, secret = form.cleaned_data["receipt"], form.cleaned_data["secret"]
    try:
        warning, shown = reads.followed(receipt, secret)
    except UnseenError as error:
        again = FollowForm(initial={"receipt": receipt})
        return render(request, "report/follow.html", {"form": again, "wrong": said(error).message}, status=404)
    message, sent = MessageForm(request.POST, request.FILES) if "text" in request.POST else MessageForm(), False
    if "text" in request.POST and message.is_valid():
        sent = _written(warning, message)
        if sent:
            _, shown = reads.followed(receipt, secret)
            message = MessageForm()
    told: dict[str, Any] = {"shown": shown, "secret": secret, "form": message, "sent": sent}
    return render(request, "report/one.html", told)


def _written(warning: ReportedWarning, form: MessageForm) -> bool:
    try:
        acts.write(ANONYMOUS, warning, form.cleaned_data["text"], form.cleaned_data["attachments"])
    except EcluseError as error:
        form.add_error(None, said(error).message)
        return False
    return True


def _refused(request: HttpRequest) -> HttpResponse | None:
    """What is answered to forms of other sites, and to whoever tries too often; None where it may go on."""
    if not strangers.from_here(request):
        return render(request, "report/slow.html", {"elsewhere": True}, status=403)
    if not strangers.allowed(request):
        response = render(request, "report/slow.html", status=429)
        response["Retry-After"] = "600"
        return response
    return None
