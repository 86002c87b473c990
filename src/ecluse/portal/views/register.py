"""The register of processing activities (GDPR Art. 30(2)): on the screen, as CSV, as PDF."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from ecluse.control.register import Register, register_csv
from ecluse.control.register import register as made_of
from ecluse.control.register_document import register_document
from ecluse.domain.errors import UsageError
from ecluse.domain.permissions import Action
from ecluse.portal.access import grants_of, guarded
from ecluse.portal.downloads import asked, handed, rendered, shown
from ecluse.portal.words import language
from ecluse.store.reads.agreements import activities_of


def _register(request: HttpRequest) -> tuple[Register | None, list[str]]:
    """The register that is asked for, and the processors of which there is one."""
    activities = activities_of(grants_of(request))
    names = sorted({each.agreement.processor.name for each in activities})
    if not names:
        return None, []
    asked_for = request.GET.get("processor")
    if asked_for is not None and asked_for not in names:
        raise UsageError("there is no register of that processor here")
    return made_of(activities, timezone.localdate(), asked_for or names[0]), names


@guarded(Action.SEE_REGISTER)
@require_GET
def register(request: HttpRequest) -> HttpResponse:
    """The register, as somebody may see it: a laboratory sees its own agreements alone."""
    made, names = _register(request)
    body = shown(register_document(made, language())) if made else None
    chosen = made.processor.name if made else ""
    return render(request, "register.html", {"body": body, "names": names, "chosen": chosen})


@guarded(Action.SEE_REGISTER)
@require_GET
def register_file(request: HttpRequest) -> HttpResponse:
    """The same as a file.

    Raises:
        UsageError: there is nothing to register yet.
    """
    form, lang = asked(request, "csv", "pdf", "docx", "html")
    made, _ = _register(request)
    if made is None:
        raise UsageError("no agreement was found for the register")
    if form == "csv":
        return handed(register_csv(made, lang, excel="excel" in request.GET), f"register.{lang}", "csv")
    return handed(rendered(register_document(made, lang), form), f"register.{lang}", form)
