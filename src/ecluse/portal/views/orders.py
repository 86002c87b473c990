"""Orders: composed in the laboratory's words, counted by the source's agent, frozen, approved by passkey (R2, R14)."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from ecluse.control.compare import order_changes, order_in_words
from ecluse.control.forms import allowed_problem, order_problems
from ecluse.domain.agreement import Agreement, Signer, SignerRole
from ecluse.domain.errors import EcluseError, SignatureError, UnseenError
from ecluse.domain.order import Order
from ecluse.domain.permissions import Action, Parties, check_may, may
from ecluse.domain.policies import check_may_approve
from ecluse.domain.sensitive import SensitiveCategory
from ecluse.portal.access import grants_of, guarded, person_of
from ecluse.portal.approval import offer, signature
from ecluse.portal.downloads import handed, signed_zip
from ecluse.portal.forms.orders import NewOrder, OrderForm
from ecluse.portal.order_picture import blocks, counted
from ecluse.portal.parties import of_order
from ecluse.portal.refusals import in_words, said
from ecluse.portal.words import Text, language, tr
from ecluse.store.acts import orders as acts
from ecluse.store.acts.agreements import artefact_of as agreement_of
from ecluse.store.acts.agreements import parties_of
from ecluse.store.acts.orders import artefact_of
from ecluse.store.models import OrderVersion
from ecluse.store.reads import orders as reading
from ecluse.store.reads.agreements import agreement_of as agreement_version
from ecluse.store.reads.agreements import signer_states
from ecluse.wire.artefacts import Problem, validate
from ecluse.wire.documents import Document

PAGE = 50


@guarded(Action.SEE_ORDER)
@require_GET
def orders(request: HttpRequest) -> HttpResponse:
    """Every order that somebody may see."""
    grants = grants_of(request)
    page = Paginator(reading.orders_of(grants).defer("draft", "artefact"), PAGE).get_page(request.GET.get("page"))
    rows = [(each, reading.state_of(each)) for each in page]
    begins = bool(reading.orderable_under(grants, timezone.localdate()))
    return render(request, "orders/list.html", {"page": page, "rows": rows, "begins": begins})


@guarded(Action.DRAFT_ORDER)
@require_http_methods(["GET", "POST"])
def order_new(request: HttpRequest) -> HttpResponse:
    """Begin an order under an agreement in force."""
    person, grants = person_of(request), grants_of(request)
    under = {each.pk: each for each in reading.orderable_under(grants, timezone.localdate())}
    form = NewOrder(under.values(), request.POST or None)
    if request.method == "POST" and form.is_valid():
        agreement = under[int(form.cleaned_data["agreement"])]
        check_may(grants, Action.DRAFT_ORDER, Parties.of(*parties_of(agreement)))
        text = {"controller": {"finess": agreement.controller.finess}}
        try:
            made = acts.draft(person.handle, form.cleaned_data["number"], agreement, text, by=person)
        except EcluseError as error:
            form.add_error("number", said(error).message)
        else:
            return redirect("order_draft", order=made.pk)
    return render(request, "orders/new.html", {"form": form, "under": under})


@guarded(Action.SEE_ORDER, of_order)
@require_GET
def order(request: HttpRequest, order: int) -> HttpResponse:
    """One version: where it stands, the whole text, what stays, what was counted, who approved."""
    version = reading.order_version(order)
    person = person_of(request)
    grants, parties = grants_of(request), Parties.of(*parties_of(version.agreement))
    versions = [(each, reading.state_of(each)) for each in reading.versions_of(version)]
    told: dict[str, Any] = {
        "version": version,
        "state": reading.state_of(version),
        "versions": versions,
        "drafts": may(grants, Action.DRAFT_ORDER, parties),
        "migrates": may(grants, Action.SEE_MIGRATION, parties),
    }
    told |= _text(version, versions) | _counted(version)
    if version.artefact:
        text, agreement = artefact_of(version), agreement_of(version.agreement)
        told["signers"] = _approvers(text, agreement, version)
        open_ = [each for each in told["signers"] if each.signer.id == person.handle and each.signed_at is None]
        approves = may(grants, Action.APPROVE_ORDER, parties)
        told["approves"] = approves and bool(open_) and told["state"] == "frozen"
    told["amends"] = told["drafts"] and versions[0][0].pk == version.pk and told["state"] != "draft"
    return render(request, "orders/one.html", told)


def _text(version: OrderVersion, versions: list[tuple[OrderVersion, str]]) -> dict[str, Any]:
    """The order in words, with what it leaves and what it changes; for a draft, what it lacks still."""
    problems = () if version.artefact else _problems(version)
    if problems:
        return {"problems": problems}
    text = acts.text_of(version)
    former = next((each for each, _ in versions if each.version < version.version and each.artefact), None)
    changes = order_changes(artefact_of(former), text, language()) if former else None
    return {"words": order_in_words(text, language()), "blocks": blocks(text.scope.fields), "changes": changes}


def _problems(version: OrderVersion) -> tuple[Problem, ...]:
    document = Document(version.draft, {}, None)
    found = order_problems(document)
    if not found:
        agreement = agreement_of(version.agreement)
        against = allowed_problem(document, validate(Order, version.draft), agreement, timezone.localdate())
        found = (Problem("", against.message),) if against else ()
    return in_words(found)


def _counted(version: OrderVersion) -> dict[str, Any]:
    estimate = reading.estimate_of(version)
    return {"counted": counted(estimate) if estimate else None, "estimate": estimate}


def _approvers(text: Order, agreement: Agreement, version: OrderVersion) -> list[Any]:
    """Whoever can approve, and whether they did."""
    found = []
    for each in signer_states(agreement, version.digest, text):
        try:
            check_may_approve(text, agreement, each.signer.id)
        except SignatureError:
            continue
        found.append(each)
    return found


@guarded(Action.DRAFT_ORDER, of_order)
@require_http_methods(["GET", "POST"])
def order_draft(request: HttpRequest, order: int) -> HttpResponse:
    """Compose it: what is taken beside what is not."""
    version = reading.order_version(order)
    if version.artefact or version.withdrawn_at:
        return redirect("order", order=version.pk)
    agreement = agreement_of(version.agreement)
    form = OrderForm(version.draft, _directors(agreement), request.POST or None)
    if request.method == "POST" and form.is_valid():
        acts.redraft(person_of(request).handle, version, form.text())
        messages.success(request, tr("The draft is kept.", "Le brouillon est enregistré."))
        if "count" in request.POST:
            _ask_estimate(request, version)
        return redirect("order_draft", order=version.pk)
    told = {"version": version, "form": form, "lacks": form.lacks(_problems(version)), "agents": _agents(agreement)}
    return render(request, "orders/draft.html", told | _picture(form) | _counted(version))


def _ask_estimate(request: HttpRequest, version: OrderVersion) -> None:
    """Have the kept draft counted; what it lacks for that is said."""
    try:
        acts.ask_estimate(person_of(request).handle, version)
    except EcluseError as error:
        messages.error(request, said(error).message)


def _directors(agreement: Agreement) -> list[Signer]:
    return [each for each in agreement.controller.signers if each.role is SignerRole.DIRECTOR]


def _agents(agreement: Agreement) -> dict[str, list[Signer]]:
    """The agents that the agreement names, by their place: no other can carry the order out."""
    named = [*agreement.controller.signers, *agreement.processor.signers]
    roles = {"source": SignerRole.SOURCE_AGENT, "destination": SignerRole.DESTINATION_AGENT}
    return {place: [each for each in named if each.role is role] for place, role in roles.items()}


def _picture(form: OrderForm) -> dict[str, Any]:
    excluded = set(form.chosen("scope__exclude_categories"))
    categories = [(Text(each.en, each.fr), str(each) in excluded) for each in SensitiveCategory]
    return {
        "blocks": blocks(form.ordered()),
        "categories": categories,
        "unclassifiable": form.says("scope__include_unclassifiable"),
        "persons": form.says("scope__exclude_persons__persons"),
    }


@guarded(Action.DRAFT_ORDER, of_order)
@require_POST
def order_preview(request: HttpRequest, order: int) -> HttpResponse:
    """What the boxes ticked now take, and what they leave; nothing is kept."""
    version = reading.order_version(order)
    form = OrderForm(version.draft, (), request.POST)
    form.is_valid()
    return render(request, "orders/picture.html", _picture(form))


@guarded(Action.DRAFT_ORDER, of_order)
@require_POST
def order_estimate(request: HttpRequest, order: int) -> HttpResponse:
    """Ask the source's agent to count."""
    acts.ask_estimate(person_of(request).handle, reading.order_version(order))
    return redirect("order", order=order)


@guarded(Action.SEE_ORDER, of_order)
@require_GET
def order_estimate_live(request: HttpRequest, order: int) -> HttpResponse:
    """What was counted, if it has come."""
    version = reading.order_version(order)
    return render(request, "orders/estimate.html", {"version": version} | _counted(version))


@guarded(Action.DRAFT_ORDER, of_order)
@require_POST
def order_freeze(request: HttpRequest, order: int) -> HttpResponse:
    """Fix the text."""
    acts.freeze(person_of(request).handle, reading.order_version(order))
    return redirect("order", order=order)


@guarded(Action.APPROVE_ORDER, of_order)
@require_http_methods(["GET", "POST"])
def order_approve(request: HttpRequest, order: int) -> HttpResponse:
    """Read the whole order, and approve it with a passkey: the approval is the signature.

    Raises:
        SignatureError: the order is not for whoever asks to sign.
    """
    version, person = reading.order_version(order), person_of(request)
    text, agreement = artefact_of(version), agreement_of(version.agreement)
    check_may_approve(text, agreement, person.handle)
    mine = agreement.controller.signer(person.handle)
    if mine is None:
        raise SignatureError("this agreement does not name you as a signer")
    if request.method == "POST":
        signed = signature(request, text, mine.key)
        begun = acts.approve(person.handle, version, signed.signer, signed.armour)
        messages.success(
            request,
            tr("Approved: the migration begins.", "Approuvé : la migration commence.")
            if begun
            else tr("Approved. Another approval is needed.", "Approuvé. Il faut une autre approbation."),
        )
        return redirect("order", order=version.pk)
    versions = [(each, reading.state_of(each)) for each in reading.versions_of(version)]
    signers = _approvers(text, agreement, version)
    done = any(each.signer.id == person.handle and each.signed_at for each in signers)
    told = {"version": version, "signers": signers, "done": done, "state": reading.state_of(version)}
    told |= _text(version, versions) | _counted(version)
    return render(request, "orders/approve.html", told | {"approval": offer(request, text, mine.key)})


@guarded(Action.DRAFT_ORDER, of_order)
@require_POST
def order_withdraw(request: HttpRequest, order: int) -> HttpResponse:
    """Take it back before it is approved."""
    acts.withdraw(person_of(request).handle, reading.order_version(order))
    return redirect("order", order=order)


@guarded(Action.DRAFT_ORDER, of_order)
@require_POST
def order_amend(request: HttpRequest, order: int) -> HttpResponse:
    """Begin the next version, with the present text, under the agreement's version that is in force.

    Raises:
        UnseenError: no version of the agreement is in force.
    """
    version, person = reading.order_version(order), person_of(request)
    under = reading.orderable_under(grants_of(request), timezone.localdate())
    agreement = next((each for each in under if each.number == version.agreement.number), None)
    if agreement is None:
        raise UnseenError("no version of this order's agreement is in force")
    made = acts.draft(person.handle, version.number, agreement_version(agreement.pk), version.draft, by=person)
    return redirect("order_draft", order=made.pk)


@guarded(Action.SEE_ORDER, of_order)
@require_GET
def order_signed_file(_request: HttpRequest, order: int) -> HttpResponse:
    """Order and agreement with their signatures, for ``ecluse order show`` and ``ssh-keygen -Y verify``."""
    version = reading.order_version(order)
    text, agreement = artefact_of(version), agreement_of(version.agreement)
    papers = [(version.number, text), (version.agreement.number, agreement)]
    return handed(signed_zip(papers, agreement), f"{version.number}-v{version.version}", "zip")
