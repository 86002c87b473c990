"""People and access: who is here, invited, leaving; reviews, recoveries, training."""

from typing import TypeVar

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from ecluse.domain.errors import EcluseError, UnseenError
from ecluse.domain.permissions import Action, Parties, Role, may
from ecluse.portal.access import grants_of, guarded, organisation_named, person_of
from ecluse.portal.forms.people import BringInForm, GrantForm, InviteForm, LeaveForm, ReviewForm, TrainingForm
from ecluse.portal.mail import mail_link
from ecluse.portal.refusals import said
from ecluse.portal.words import tr
from ecluse.store.acts import access
from ecluse.store.acts import people as acts
from ecluse.store.models import Invitation, Membership, Organisation, Person
from ecluse.store.reads import people as reads
from ecluse.store.reads.agreements import allowed_in
from ecluse.store.session_events import at_two_places, live_sessions

_A_PAGE = 50
M = TypeVar("M")


def member_named(request: HttpRequest, organisation: str, person: str, **_: object) -> Parties:
    """The organisation that the address names, where the person holds or held a role."""
    if not Membership.objects.filter(organisation__slug=organisation, person__handle=person).exists():
        raise UnseenError("there is no such person")
    return organisation_named(request, organisation)


def _place(slug: str) -> Organisation:
    return Organisation.objects.get(slug=slug)


def _may(request: HttpRequest, action: Action, slug: str) -> bool:
    return may(grants_of(request), action, Parties.of(slug))


@guarded(Action.SEE_PEOPLE)
@require_GET
def people(request: HttpRequest) -> HttpResponse:
    """The organisations whose people one may see; straight on where there is one."""
    slugs = allowed_in(grants_of(request), Action.SEE_PEOPLE)
    if len(slugs) == 1:
        return redirect("people_of", slugs[0])
    return render(request, "people/organisations.html", {"organisations": Organisation.objects.filter(slug__in=slugs)})


@guarded(Action.SEE_PEOPLE, organisation_named)
@require_GET
def people_of(request: HttpRequest, organisation: str) -> HttpResponse:
    """Everybody of an organisation, the invitations and recoveries that are open, when access was last looked at."""
    place = _place(organisation)
    page = Paginator(reads.members(place), _A_PAGE).get_page(request.GET.get("page"))
    last = reads.last_reviews([organisation])[organisation]
    shown = {
        "organisation": place,
        "page": page,
        "invitations": reads.open_invitations(place),
        "recoveries": reads.open_recoveries([organisation]),
        "last_review": last,
        "review_due": reads.review_due(place, last),
        "may_invite": _may(request, Action.INVITE, organisation),
        "may_bring_in": _may(request, Action.BRING_IN, organisation),
        "may_review": _may(request, Action.REVIEW_ACCESS, organisation),
        "may_recover": _may(request, Action.RECOVER, organisation),
    }
    return render(request, "people/list.html", shown)


@guarded(Action.INVITE, organisation_named)
@require_http_methods(["GET", "POST"])
def invite(request: HttpRequest, organisation: str) -> HttpResponse:
    """Invite one person; the link is shown once, and mailed where the room can."""
    place, by = _place(organisation), person_of(request)
    form = InviteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        name, email, role = form.cleaned_data["name"], form.cleaned_data["email"], Role(form.cleaned_data["role"])
        try:
            secret = acts.invite(by.handle, place, role, email, name, by=by)
        except EcluseError as error:
            _tell(form, error)
        else:
            what = tr(
                f"{by} invites you to the control room of {place}:", f"{by} vous invite dans la salle de {place} :"
            )
            return _invited(request, place, name, email, secret=secret, what=what)
    return render(request, "people/invite.html", {"organisation": place, "form": form})


@guarded(Action.BRING_IN, organisation_named)
@require_http_methods(["GET", "POST"])
def bring_in(request: HttpRequest, organisation: str) -> HttpResponse:
    """Add an organisation of the other side; the link for its first administrator is shown once."""
    place, by = _place(organisation), person_of(request)
    form = BringInForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        name, email = given["administrator"], given["email"]
        try:
            made, secret = acts.bring_in(by.handle, given["name"], given["address"], email, name, of=place, by=by)
        except EcluseError as error:
            _tell(form, error)
        else:
            what = tr(f"{by} invites you to the control room, for {made}:",
                      f"{by} vous invite dans la salle de contrôle, pour {made} :")  # fmt: skip
            return _invited(request, place, name, email, secret=secret, what=what)
    return render(request, "people/bring_in.html", {"organisation": place, "form": form})


def _invited(
    request: HttpRequest, place: Organisation, name: str, email: str, *, secret: str, what: str
) -> HttpResponse:
    """The page that shows an invitation's link this once; ``what`` goes before it in the mail."""
    link = f"{settings.ECLUSE_ORIGIN}/join/{secret}/"
    mailed = mail_link(email, name, link, what)
    shown = {"organisation": place, "link": link, "name": name, "mailed": mailed, "days": acts.INVITATION_DAYS}
    return render(request, "people/link.html", shown)


def _tell(form: forms.Form, error: EcluseError) -> None:
    """A refusal of ours, at the form where it belongs."""
    words = said(error)
    form.add_error(None, f"{words.message}. {words.hint}".strip().removesuffix("."))


@guarded(Action.INVITE, organisation_named)
@require_POST
def withdraw_invitation(request: HttpRequest, organisation: str, invitation: int) -> HttpResponse:
    """A link works no longer."""
    found = Invitation.objects.filter(pk=invitation, organisation__slug=organisation).select_related("organisation")
    acts.withdraw_invitation(person_of(request).handle, _or_404(found.first(), "there is no such invitation"))
    messages.success(request, tr("The invitation is withdrawn.", "L'invitation est retirée."))
    return redirect("people_of", organisation)


def _or_404(found: M | None, message: str) -> M:
    if found is None:
        raise UnseenError(message)
    return found


@guarded(Action.SEE_PEOPLE, member_named)
@require_GET
def person(request: HttpRequest, organisation: str, person: str) -> HttpResponse:
    """One person: roles, authenticators, sessions, training, what happened."""
    return _person_page(request, organisation, person)


def _person_page(
    request: HttpRequest, organisation: str, handle: str, *, grant: GrantForm | None = None,
    training: TrainingForm | None = None,
) -> HttpResponse:  # fmt: skip
    place = _place(organisation)
    member = reads.members(place, handle)[0]
    # Whoever has left works elsewhere, which is nothing of theirs.
    sessions = [] if member.left else live_sessions(member.person)
    shown = {
        "organisation": place,
        "member": member,
        "sessions": sessions,
        "elsewhere": bool(sessions) and at_two_places(sessions),
        "trainings": reads.trainings(member.person),
        "lines": reads.comings_and_goings(member.person, place),
        "grant_form": grant or GrantForm(member=member),
        "training_form": training or TrainingForm(),
        "myself": member.person.pk == person_of(request).pk,
        "may_grant": _may(request, Action.INVITE, organisation),
        "may_remove": _may(request, Action.REMOVE, organisation),
        "may_recover": _may(request, Action.RECOVER, organisation),
        "may_train": _may(request, Action.RECORD_TRAINING, organisation),
    }
    return render(request, "people/person.html", shown)


def _somebody(handle: str) -> Person:
    return Person.objects.get(handle=handle)


@guarded(Action.INVITE, member_named)
@require_POST
def grant(request: HttpRequest, organisation: str, person: str) -> HttpResponse:
    """A further role for somebody who is here."""
    place, by = _place(organisation), person_of(request)
    member = reads.members(place, person)[0]
    form = GrantForm(request.POST, member=member)
    if form.is_valid():
        try:
            acts.grant(by.handle, place, member.person, Role(form.cleaned_data["role"]), by=by)
        except EcluseError as error:
            _tell(form, error)
        else:
            messages.success(request, tr("The role is given.", "Le rôle est donné."))
            return redirect("person", organisation, person)
    return _person_page(request, organisation, person, grant=form)


@guarded(Action.REMOVE, member_named)
@require_POST
def withdraw(request: HttpRequest, organisation: str, person: str, membership: int) -> HttpResponse:
    """A role ends."""
    found = Membership.objects.filter(pk=membership, organisation__slug=organisation, person__handle=person)
    held = _or_404(found.select_related("organisation", "person").first(), "there is no such person")
    acts.withdraw(person_of(request).handle, held)
    messages.success(request, tr("The role has ended.", "Le rôle a pris fin."))
    return redirect("person", organisation, person)


@guarded(Action.REMOVE, member_named)
@require_http_methods(["GET", "POST"])
def leave(request: HttpRequest, organisation: str, person: str) -> HttpResponse:
    """Somebody leaves: one click, after a page that says what goes and what stays."""
    place, by, leaver = _place(organisation), person_of(request), _somebody(person)
    agents = reads.agents_owned(leaver, place)
    form = LeaveForm(request.POST or None, organisation=place, leaver=leaver, needed=bool(agents))
    if request.method == "POST" and (form.is_valid() or not agents):
        access.leave(by.handle, place, leaver, by=by, heir=form.cleaned_data.get("heir") if agents else None)
        words = tr(
            f"{leaver} has left {place}: access is gone.", f"{leaver} a quitté {place} : ses accès ont pris fin."
        )
        messages.success(request, words)
        return redirect("people_of", organisation)
    elsewhere = [name for name in reads.places_of(leaver) if name != place.name]
    shown = {"organisation": place, "leaver": leaver, "agents": agents, "form": form, "elsewhere": bool(elsewhere)}
    return render(request, "people/leave.html", shown)


@guarded(Action.REMOVE, member_named)
@require_POST
def end_sessions(request: HttpRequest, organisation: str, person: str) -> HttpResponse:
    """Whatever sessions somebody has end now."""
    found = _somebody(person)
    if reads.members(_place(organisation), person)[0].left:
        raise UnseenError("this person has left")
    count = access.end_sessions(person_of(request).handle, found)
    messages.success(request, tr(f"Sessions ended: {count}.", f"Sessions fermées : {count}."))
    return redirect("person", organisation, person)


@guarded(Action.RECORD_TRAINING, member_named)
@require_POST
def train(request: HttpRequest, organisation: str, person: str) -> HttpResponse:
    """A training is recorded."""
    place, by, found = _place(organisation), person_of(request), _somebody(person)
    form = TrainingForm(request.POST)
    if form.is_valid():
        told = form.cleaned_data
        try:
            access.record_training(
                by.handle, place, found, told["subject"], done_on=told["done_on"], expires_on=told["expires_on"], by=by
            )
        except EcluseError as error:
            _tell(form, error)
        else:
            messages.success(request, tr("The training is recorded.", "La formation est enregistrée."))
            return redirect("person", organisation, person)
    return _person_page(request, organisation, person, training=form)


@guarded(Action.REVIEW_ACCESS, organisation_named)
@require_http_methods(["GET", "POST"])
def review(request: HttpRequest, organisation: str) -> HttpResponse:
    """Look at every role: keep or withdraw."""
    place, by = _place(organisation), person_of(request)
    roles = reads.roles_to_review(place)
    form = ReviewForm(request.POST or None, roles=roles)
    if request.method == "POST" and form.is_valid():
        try:
            made = access.review_access(by.handle, place, form.decisions(), by=by)
        except EcluseError as error:
            _tell(form, error)
        else:
            told = tr(f"Reviewed: {made.kept} kept, {made.withdrawn} withdrawn.",
                      f"Revue faite : {made.kept} gardés, {made.withdrawn} retirés.")  # fmt: skip
            messages.success(request, told)
            return redirect("people_of", organisation)
    rows = [(membership, form[f"role-{membership.pk}"]) for membership in roles]
    return render(request, "people/review.html", {"organisation": place, "form": form, "rows": rows})
