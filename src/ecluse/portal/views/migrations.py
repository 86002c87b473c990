"""Migrations: where each stands, whose move it is, what arrived; instructions and decisions signed by passkey."""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from ecluse.control.agency import short
from ecluse.control.report import reconciliation_html
from ecluse.control.report_words import Reader
from ecluse.domain import instruction as instructions
from ecluse.domain.errors import EcluseError, UnseenError
from ecluse.domain.lifecycle import TURNS, State
from ecluse.domain.order import Order
from ecluse.domain.permissions import Action, may
from ecluse.domain.records import Acceptance, Decision
from ecluse.portal import approval
from ecluse.portal.access import grants_of, guarded, person_of
from ecluse.portal.downloads import handed
from ecluse.portal.forms.migrations import DecisionForm, ReasonForm
from ecluse.portal.parties import of_migration
from ecluse.portal.refusals import said
from ecluse.portal.signing import listed_key, remembered, signing_page
from ecluse.portal.words import Text, language
from ecluse.store.acts import decisions
from ecluse.store.acts.orders import artefact_of as order_artefact
from ecluse.store.models import Migration
from ecluse.store.reads import migrations as reads
from ecluse.store.reads.agreements import allowed_in
from ecluse.store.reads.samples import samples
from ecluse.wire.canonical import digest

_A_PAGE = 50
# The report pins its own style by digest, and holds no script.
_REPORT_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

_ACTIONS = {
    instructions.Action.SUSPEND: (
        Text("Stop this migration", "Arrêter cette migration"),
        Text(
            "Both agents stop at once, whatever they do. Nothing is lost; the laboratory's director lets it go on.",
            "Les deux agents s'arrêtent aussitôt, quoi qu'ils fassent. Rien n'est perdu ; la direction du laboratoire "
            "la laisse reprendre.",
        ),
        Text("Sign the stop", "Signer l'arrêt"),
    ),
    instructions.Action.RESUME: (
        Text("Let this migration go on", "Laisser reprendre cette migration"),
        Text("Both agents go on where they stopped.", "Les deux agents reprennent où ils se sont arrêtés."),
        Text("Sign the permission", "Signer la reprise"),
    ),
    instructions.Action.ABORT: (
        Text("Give this migration up", "Abandonner cette migration"),
        Text(
            "For good. Whatever was made for the way is erased at both places; what the new system holds already is "
            "the laboratory's to remove.",
            "Définitivement. Tout ce qui a été fait pour la route est effacé aux deux endroits ; ce que le nouveau "
            "système contient déjà reste au laboratoire, qui l'enlève.",
        ),
        Text("Sign the end", "Signer l'abandon"),
    ),
}


@guarded(Action.SEE_MIGRATION)
@require_GET
def migrations(request: HttpRequest) -> HttpResponse:
    """All that one may see, the overdue first."""
    slugs = allowed_in(grants_of(request), Action.SEE_MIGRATION)
    page = Paginator(reads.visible(slugs), _A_PAGE).get_page(request.GET.get("page"))
    rows = [(each, TURNS[State(each.state)].owner) for each in page]
    return render(request, "migrations/list.html", {"page": page, "rows": rows})


@guarded(Action.SEE_MIGRATION, of_migration)
@require_GET
def migration(request: HttpRequest, migration: int) -> HttpResponse:
    """The walk, the lock, the numbers, the papers, what happened."""
    found = reads.one(migration)
    counted, papers = reads.counts(found), reads.account(found)
    parties, grants = of_migration(request, migration), grants_of(request)
    state = State(found.state)
    shown = {
        "migration": found,
        "order": papers.order,
        "turn": TURNS[state],
        "walk": reads.walk(found, counted.before_suspension),
        "counts": counted,
        "account": papers,
        "kinds": _kinds(papers),
        "story": reads.story(found),
        "samples": samples(found),
        "sampled": _sampled(found, papers.order),
        "places": list(found.places.select_related("agent").order_by("place")),
        "instructions": sorted(decisions.instructions(found), key=lambda each: each.given_at, reverse=True),
        "over": state in {State.ERASED, State.ACCEPTED, State.REFUSED, State.ABORTED},
        "may": {
            action.value.partition(".")[2]: may(grants, action, parties)
            for action in (Action.SUSPEND, Action.RESUME, Action.ABORT, Action.DECIDE, Action.TAKE_EVIDENCE)
        },
    }
    return render(request, "migrations/one.html", shown | {"level": counted.level})


def _sampled(migration: Migration, order: Order) -> str:
    """The command that shows a sample of prior results, while there is something to compare."""
    if State(migration.state) not in {State.LOADED, State.RECONCILED}:
        return ""
    return f"ecluse compare -w orders/{short(migration.order.digest)} --by {order.controller.signatory}"


@guarded(Action.SEE_MIGRATION, of_migration)
@require_GET
def lock(request: HttpRequest, migration: int) -> HttpResponse:
    """The picture alone, for the page to draw it anew."""
    found = reads.one(migration)
    counted = reads.counts(found)
    shown = {"migration": found, "level": counted.level, "counts": counted, "again": True}
    response = render(request, "migrations/lock.html", shown)
    if request.GET.get("state", found.state) != found.state:
        response["HX-Refresh"] = "true"  # the walk, the turn and what one can do have changed with it
    return response


def _kinds(papers: reads.Account) -> list[tuple[str, reads.Kind, list[tuple[str, int]]]]:
    """Each kind of rows by the name that the account gives it; what the gate set aside, with the reason in words."""
    reader = Reader(language())
    return [
        (reader.entity(each.entity), each, [(reader.detail(each.entity, reason), rows) for reason, rows in each.aside])
        for each in reads.kinds(papers)
    ]


@guarded(Action.SEE_MIGRATION, of_migration)
@require_GET
def batches(request: HttpRequest, migration: int) -> HttpResponse:
    """Every planned batch, and how far it is."""
    found = reads.one(migration)
    plan = reads.plan_of(found)
    page = Paginator(plan.batches if plan else (), _A_PAGE * 2).get_page(request.GET.get("page"))
    states = reads.states_of(found, [batch.id for batch in page])
    rows = [(batch, states.get(batch.id, "ready")) for batch in page]
    return render(request, "migrations/batches.html", {"migration": found, "page": page, "rows": rows})


@guarded(Action.SEE_MIGRATION, of_migration)
@require_GET
def report(_request: HttpRequest, migration: int) -> HttpResponse:
    """The reconciliation as a page of its own, as ``ecluse reconcile`` writes it.

    Raises:
        UnseenError: nothing has been reconciled yet.
    """
    held = reads.account(reads.one(migration))
    if held.plan is None or held.reconciliation is None:
        raise UnseenError("nothing has been reconciled yet")
    page = reconciliation_html(
        held.order, held.plan, held.receipts, held.reconciliation, held.acceptance, held.certificates,
        language(), signatures=held.signatures,
    )  # fmt: skip
    return HttpResponse(page, headers={"Content-Security-Policy": _REPORT_POLICY})


@guarded(Action.TAKE_EVIDENCE, of_migration)
@require_POST
def evidence(request: HttpRequest, migration: int) -> HttpResponse:
    """The bundle, for whoever checks it offline; that it was taken is journalled."""
    found = reads.one(migration)
    data = reads.evidence(found)
    decisions.note_evidence_taken(person_of(request).handle, found, digest(data))
    return handed(data, f"{found.order.number}-v{found.order.version}", "zip")


@guarded(Action.SUSPEND, of_migration)
@require_http_methods(["GET", "POST"])
def suspend(request: HttpRequest, migration: int) -> HttpResponse:
    """Stop the line."""
    return _instruct(request, migration, instructions.Action.SUSPEND)


@guarded(Action.RESUME, of_migration)
@require_http_methods(["GET", "POST"])
def resume(request: HttpRequest, migration: int) -> HttpResponse:
    """Let it go on."""
    return _instruct(request, migration, instructions.Action.RESUME)


@guarded(Action.ABORT, of_migration)
@require_http_methods(["GET", "POST"])
def abort(request: HttpRequest, migration: int) -> HttpResponse:
    """Give it up."""
    return _instruct(request, migration, instructions.Action.ABORT)


def _instruct(request: HttpRequest, migration: int, action: instructions.Action) -> HttpResponse:
    """Ask for the reason, show the instruction, have it signed."""
    found, by = reads.one(migration), person_of(request)
    title, means, verb = _ACTIONS[action]
    words = {"migration": found, "title": title, "means": means}
    if "signature" in request.POST:
        made = remembered(request, instructions.Instruction)
        signed = approval.signature(request, made, listed_key(found.order.agreement, by))
        decisions.instruct(by.handle, found, made, signed.armour)
        return redirect("migration", migration)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = decisions.instruction_of(found, action, form.cleaned_data["reason"], by, timezone.now())
        except EcluseError as error:
            form.add_error(None, said(error).message)
        else:
            shown = words | {"verb": verb, "instruction": made}
            return signing_page(request, "migrations/sign_instruction.html", shown, made, found.order.agreement)
    return render(request, "migrations/instruct.html", words | {"form": form})


@guarded(Action.DECIDE, of_migration)
@require_http_methods(["GET", "POST"])
def decide(request: HttpRequest, migration: int) -> HttpResponse:
    """Decide on the reconciliation: choose, read what is signed, sign."""
    found, by = reads.one(migration), person_of(request)
    if "signature" in request.POST:
        made = remembered(request, Acceptance)
        signed = approval.signature(request, made, listed_key(found.order.agreement, by))
        decisions.decide(by.handle, found, made, signed.armour)
        return redirect("migration", migration)
    held = decisions.reconciliation_of(found)
    words: dict[str, Any] = {"migration": found, "reconciliation": held, "clean": held is not None and held.clean()}
    words |= {"samples": samples(found), "sampled": _sampled(found, order_artefact(found.order))}
    form = DecisionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        chosen, remarks = Decision(form.cleaned_data["decision"]), form.cleaned_data["remarks"]
        try:
            made = decisions.acceptance_of(found, chosen, remarks, by, timezone.now())
        except EcluseError as error:
            form.add_error(None, said(error).message)
        else:
            shown = words | {"acceptance": made}
            return signing_page(request, "migrations/sign_decision.html", shown, made, found.order.agreement)
    return render(request, "migrations/decide.html", words | {"form": form})
