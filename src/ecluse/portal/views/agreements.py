"""Agreements: drafted letter by letter, frozen, signed by both parties, amended, ended; what is handed out of them."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from ecluse.control.agreement_document import agreement_document
from ecluse.control.compare import agreement_changes
from ecluse.control.forms import agreement_problems
from ecluse.domain.agreement import Agreement, SubProcessing
from ecluse.domain.errors import EcluseError, SignatureError
from ecluse.domain.permissions import Action, Parties, Side, check_may, may
from ecluse.portal.access import grants_of, guarded, person_of
from ecluse.portal.approval import offer, signature
from ecluse.portal.downloads import asked, handed, rendered, shown, signed_zip
from ecluse.portal.forms.agreements import AgreementForm, NewAgreement, blank
from ecluse.portal.forms.notices import NoticeForm, ObjectionForm
from ecluse.portal.parties import of_agreement
from ecluse.portal.refusals import in_words, said
from ecluse.portal.words import language, tr
from ecluse.store.acts import agreements as acts
from ecluse.store.acts.agreements import artefact_of, parties_of
from ecluse.store.models import AgreementVersion, Organisation
from ecluse.store.reads import agreements as reading
from ecluse.store.reads.papers import verified
from ecluse.store.reads.signers import candidates
from ecluse.wire.artefacts import Problem
from ecluse.wire.documents import Document

PAGE = 50


@guarded(Action.SEE_AGREEMENT)
@require_GET
def agreements(request: HttpRequest) -> HttpResponse:
    """Every agreement that somebody may see."""
    grants = grants_of(request)
    today = timezone.localdate()
    page = Paginator(reading.agreements_of(grants), PAGE).get_page(request.GET.get("page"))
    rows = [(each, reading.state_of(each, today)) for each in page]
    begins = bool(reading.allowed_in(grants, Action.DRAFT_AGREEMENT))
    return render(request, "agreements/list.html", {"page": page, "rows": rows, "begins": begins})


@guarded(Action.DRAFT_AGREEMENT)
@require_http_methods(["GET", "POST"])
def agreement_new(request: HttpRequest) -> HttpResponse:
    """Begin an agreement between one's own organisation and another of the other side."""
    person, grants = person_of(request), grants_of(request)
    own = reading.allowed_in(grants, Action.DRAFT_AGREEMENT)
    found = {side: list(_choices(side, own)) for side in Side}
    form = NewAgreement(found[Side.CONTROLLER], found[Side.PROCESSOR], request.POST or None)
    if request.method == "POST" and form.is_valid():
        by_slug = {each.slug: each for side in Side for each in found[side]}
        controller, processor = (by_slug[form.cleaned_data[name]] for name in ("controller", "processor"))
        check_may(grants, Action.DRAFT_AGREEMENT, Parties.of(controller.slug, processor.slug))
        text, number = blank(controller, processor), form.cleaned_data["number"]
        try:
            made = acts.draft(person.handle, number, controller, processor, text, by=person)
        except EcluseError as error:
            form.add_error("number", said(error).message)
        else:
            return redirect("agreement_draft", agreement=made.pk)
    return render(request, "agreements/new.html", {"form": form})


def _choices(side: Side, own: list[str]) -> list[Organisation]:
    """One's own organisations of a side; where one has none there, all: laboratories do not see each other."""
    here = list(Organisation.objects.filter(side=side, slug__in=own))
    return here or list(Organisation.objects.filter(side=side))


@guarded(Action.SEE_AGREEMENT, of_agreement)
@require_GET
def agreement(request: HttpRequest, agreement: int) -> HttpResponse:
    """One version: where it stands, its text, its signers, its former versions, its sub-processors."""
    version = reading.agreement_of(agreement)
    today, grants = timezone.localdate(), grants_of(request)
    parties = Parties.of(*parties_of(version))
    told: dict[str, Any] = {
        "version": version,
        "state": reading.state_of(version, today),
        "versions": [(each, reading.state_of(each, today)) for each in reading.versions_of(version)],
        "notices": reading.notices_of(version, today),
        "drafts": may(grants, Action.DRAFT_AGREEMENT, parties),
        "ends": may(grants, Action.END_AGREEMENT, parties),
        "announces": may(grants, Action.ANNOUNCE_SUB_PROCESSOR, parties),
        "objects": may(grants, Action.OBJECT_TO_SUB_PROCESSOR, parties),
    }
    signs = may(grants, Action.SIGN_AGREEMENT, parties)
    told |= _frozen(request, version, signs=signs) if version.artefact else {"problems": _problems(version)}
    told["amends"] = told["drafts"] and bool(version.artefact) and told["versions"][0][0].pk == version.pk
    return render(request, "agreements/one.html", told)


def _frozen(request: HttpRequest, version: AgreementVersion, *, signs: bool) -> dict[str, Any]:
    text = artefact_of(version)
    signers = reading.signer_states(text, version.digest)
    mine = [each for each in signers if each.signer.id == person_of(request).handle and each.signed_at is None]
    general = text.clauses.d_sub_processing is SubProcessing.GENERAL
    signed = frozenset(each.signer.id for each in signers if each.signed_at)
    return {
        "text": text,
        "signers": signers,
        "signs": bool(mine) and signs and version.ended_at is None,
        "body": shown(agreement_document(text, language(), signed_by=signed)),
        "changes": _changes(version, text),
        "notice": NoticeForm() if general else None,
    }


def _changes(version: AgreementVersion, text: Agreement) -> Any:
    former = [each for each in reading.versions_of(version) if each.version < version.version and each.artefact]
    return agreement_changes(artefact_of(former[0]), text, language()) if former else None


def _problems(version: AgreementVersion) -> tuple[Problem, ...]:
    return in_words(agreement_problems(Document(version.draft, {}, None), timezone.localdate()))


@guarded(Action.DRAFT_AGREEMENT, of_agreement)
@require_http_methods(["GET", "POST"])
def agreement_draft(request: HttpRequest, agreement: int) -> HttpResponse:
    """The draft, letter by letter, and what each letter lacks still."""
    version = reading.agreement_of(agreement)
    if version.artefact:
        return redirect("agreement", agreement=version.pk)
    signers = {"controller": candidates(version.controller), "processor": candidates(version.processor)}
    form = AgreementForm(version.draft, signers, request.POST or None)
    if request.method == "POST" and form.is_valid():
        acts.redraft(person_of(request).handle, version, form.text())
        messages.success(request, tr("The draft is kept.", "Le brouillon est enregistré."))
        return redirect("agreement_draft", agreement=version.pk)
    problems = _problems(version)
    told = {"version": version, "form": form, "parts": form.parts(problems), "problems": problems}
    return render(request, "agreements/draft.html", told)


@guarded(Action.DRAFT_AGREEMENT, of_agreement)
@require_POST
def agreement_freeze(request: HttpRequest, agreement: int) -> HttpResponse:
    """Fix the text."""
    acts.freeze(person_of(request).handle, reading.agreement_of(agreement))
    return redirect("agreement", agreement=agreement)


@guarded(Action.SIGN_AGREEMENT, of_agreement)
@require_http_methods(["GET", "POST"])
def agreement_sign(request: HttpRequest, agreement: int) -> HttpResponse:
    """Read the whole text, and sign it with a passkey.

    Raises:
        SignatureError: the agreement does not name whoever asks.
    """
    version, person = reading.agreement_of(agreement), person_of(request)
    text = artefact_of(version)
    mine = text.controller.signer(person.handle) or text.processor.signer(person.handle)
    if mine is None:
        raise SignatureError("this agreement does not name you as a signer")
    if request.method == "POST":
        signed = signature(request, text, mine.key)
        in_force = acts.sign(person.handle, version, signed.signer, signed.armour)
        messages.success(
            request,
            tr("Signed.", "Signé.")
            if not in_force
            else tr("Signed: the agreement is in force.", "Signé : le contrat est en vigueur."),
        )
        return redirect("agreement", agreement=version.pk)
    signers = reading.signer_states(text, version.digest)
    body = shown(agreement_document(text, language(), signed_by=verified(text, text)))
    done = any(each.signer.id == person.handle and each.signed_at for each in signers)
    told = {"version": version, "body": body, "signers": signers, "changes": _changes(version, text), "done": done}
    return render(request, "agreements/sign.html", told | {"approval": offer(request, text, mine.key)})


@guarded(Action.DRAFT_AGREEMENT, of_agreement)
@require_POST
def agreement_amend(request: HttpRequest, agreement: int) -> HttpResponse:
    """Begin the next version, with the present text."""
    version, person = reading.agreement_of(agreement), person_of(request)
    made = acts.draft(person.handle, version.number, version.controller, version.processor, version.draft, by=person)
    return redirect("agreement_draft", agreement=made.pk)


@guarded(Action.END_AGREEMENT, of_agreement)
@require_POST
def agreement_end(request: HttpRequest, agreement: int) -> HttpResponse:
    """End it before its day."""
    acts.end(person_of(request).handle, reading.agreement_of(agreement))
    return redirect("agreement", agreement=agreement)


@guarded(Action.SEE_AGREEMENT, of_agreement)
@require_GET
def agreement_document_file(request: HttpRequest, agreement: int) -> HttpResponse:
    """The document for people: PDF, DOCX or HTML, in French or English."""
    version = reading.agreement_of(agreement)
    form, lang = asked(request, "pdf", "docx", "html")
    text = artefact_of(version)
    made = agreement_document(text, lang, signed_by=verified(text, text))
    return handed(rendered(made, form), f"{version.number}-v{version.version}.{lang}", form)


@guarded(Action.SEE_AGREEMENT, of_agreement)
@require_GET
def agreement_signed_file(_request: HttpRequest, agreement: int) -> HttpResponse:
    """The artefact with its signatures, for ``ecluse agreement show`` and ``ssh-keygen -Y verify``."""
    version = reading.agreement_of(agreement)
    text = artefact_of(version)
    return handed(signed_zip([(version.number, text)], text), f"{version.number}-v{version.version}", "zip")


@guarded(Action.ANNOUNCE_SUB_PROCESSOR, of_agreement)
@require_POST
def sub_processor_announce(request: HttpRequest, agreement: int) -> HttpResponse:
    """Announce a sub-processor to the controller."""
    version, person = reading.agreement_of(agreement), person_of(request)
    form = NoticeForm(request.POST)
    if not form.is_valid():
        told = {"version": version, "form": form}
        return render(request, "agreements/announce.html", told, status=422)
    text = {name: str(form.cleaned_data[name]) for name in ("name", "address", "contact", "processing")}
    acts.announce(person.handle, version, text, form.cleaned_data["notice_days"], by=person)
    return redirect("agreement", agreement=version.pk)


@guarded(Action.OBJECT_TO_SUB_PROCESSOR, of_agreement)
@require_POST
def sub_processor_object(request: HttpRequest, agreement: int) -> HttpResponse:
    """Object to one, within the period of notice."""
    version, person = reading.agreement_of(agreement), person_of(request)
    form = ObjectionForm(request.POST)
    notice = form.notice_of(version)
    acts.object_to(person.handle, notice, form.reason(), by=person)
    return redirect("agreement", agreement=version.pk)
