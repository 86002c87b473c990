"""What waits in the matter of people and access: training, reviews, recoveries, accounts at two places."""

import datetime as dt

from django.urls import reverse
from django.utils import timezone

from ecluse.domain import renewal
from ecluse.domain.permissions import Action, Grant
from ecluse.portal.waiting import SOURCES, Waiting
from ecluse.portal.words import Text
from ecluse.store.models import Organisation, Person
from ecluse.store.reads import people
from ecluse.store.reads.agreements import allowed_in
from ecluse.store.session_events import at_two_places, live_sessions

_NOTICE_DAYS = 7
_REVIEW_NOTICE = dt.timedelta(days=30)


def own(person: Person, grants: tuple[Grant, ...]) -> list[Waiting]:
    """One's own: training that runs out, an account at two places, a recovery one did not ask for."""
    account = reverse("account")
    found = [
        Waiting(
            Text(f"{each.asked_by} asks to replace your authenticators: refuse if you lost none",
                 f"{each.asked_by} demande à remplacer vos authentificateurs : refusez si vous n'en avez pas perdu"),
            account, each.expires_at, each.organisation.name,
        )
        for each in people.recoveries_of(person)
    ]  # fmt: skip
    sessions = live_sessions(person)
    if len(sessions) > 1 and at_two_places(sessions):
        words = Text("Your account is open at two places: is it you at both?",
                     "Votre compte est ouvert à deux endroits : est-ce bien vous aux deux ?")  # fmt: skip
        found.append(Waiting(words, account))
    training = people.training_of(person)
    if not grants:
        return found
    if training.latest is None:
        words = Text("No training is recorded for you", "Aucune formation n'est enregistrée pour vous")
        ask = Text("ask your administrator or data protection officer",
                   "voyez l'administrateur ou le délégué à la protection des données")  # fmt: skip
        found.append(Waiting(words, account, None, ask))
    elif renewal.due([renewal.of_training(person.handle, training.latest.expires_on)], training.today):
        found.append(Waiting(Text("Your training is to be renewed", "Votre formation est à renouveler"), account,
                             training.latest.expires_on, training.latest.subject))  # fmt: skip
    return found


def of_access(person: Person, grants: tuple[Grant, ...]) -> list[Waiting]:
    """For those who watch over access: recoveries, reviews, a lone administrator, accounts at two places."""
    recovering, reviewing = allowed_in(grants, Action.RECOVER), allowed_in(grants, Action.REVIEW_ACCESS)
    watching = sorted({*recovering, *reviewing})
    if not watching:
        return []
    places = {place.slug: place for place in Organisation.objects.filter(slug__in=watching)}
    found = [
        Waiting(
            Text(f"{each.person} asks for a new authenticator: a second administrator is needed",
                 f"{each.person} a besoin d'un nouvel authentificateur : il faut un second administrateur"),
            reverse("recovery", args=[each.organisation.slug, each.pk]), each.expires_at, each.organisation.name,
        )
        for each in people.open_recoveries(recovering)
        if each.approved_at is None and person.pk not in {each.asked_by_id, each.person_id}
    ]  # fmt: skip
    return [*found, *_reviews(reviewing, places), *_lone(recovering, places), *_elsewhere(person, reviewing, places)]


def _reviews(slugs: list[str], places: dict[str, Organisation]) -> list[Waiting]:
    last = people.last_reviews(slugs)
    due = {slug: people.review_due(places[slug], last[slug]) for slug in slugs}
    soon = timezone.localdate() + _REVIEW_NOTICE
    words = Text("Look at who has access", "Passer les accès en revue")
    return [Waiting(words, reverse("review", args=[slug]), due[slug], places[slug].name)
            for slug in slugs if due[slug] <= soon]  # fmt: skip


def _lone(slugs: list[str], places: dict[str, Organisation]) -> list[Waiting]:
    count = people.administrators(slugs)
    words = Text("Name a second administrator: a lost authenticator takes two",
                 "Nommer un second administrateur : un authentificateur perdu en demande deux")  # fmt: skip
    return [Waiting(words, reverse("people_of", args=[slug]), None, places[slug].name)
            for slug in slugs if count[slug] == 1]  # fmt: skip


def _elsewhere(me: Person, slugs: list[str], places: dict[str, Organisation]) -> list[Waiting]:
    since = timezone.now() - dt.timedelta(days=_NOTICE_DAYS)
    lines = [(slug, line) for slug in slugs for line in people.seen_elsewhere([slug], since)]
    names = people.names({line.subject for _slug, line in lines}) if lines else {}
    found = []
    for slug, line in lines:
        if line.subject == me.handle or line.subject not in names:
            continue
        name, day = names[line.subject], timezone.localtime(line.at).strftime("%d/%m/%Y %H:%M")
        words = Text(f"{name}: one account at two places", f"{name} : un compte à deux endroits")
        about = Text(f"{places[slug].name}, {day}", f"{places[slug].name}, le {day}")
        found.append(Waiting(words, reverse("person", args=[slug, line.subject]), None, about))
    return found


def of_training(_person: Person, grants: tuple[Grant, ...]) -> list[Waiting]:
    """For those who keep the training records: what is missing or runs out, one line an organisation."""
    found = []
    today = timezone.localdate()
    slugs = allowed_in(grants, Action.RECORD_TRAINING)
    for slug, states in people.latest_trainings(slugs).items():
        reminders = [renewal.of_training(handle, last) for handle, last in states if last is not None]
        due = renewal.due(reminders, today)
        missing = sum(last is None for _handle, last in states)
        count = len(due) + missing
        if count:
            s = "s" if count > 1 else ""
            words = Text(f"{count} training record{s} missing or running out",
                         f"{count} formation{s} manquante{s} ou à renouveler")  # fmt: skip
            day = min((each.reminder.due for each in due), default=None)
            found.append(Waiting(words, reverse("people_of", args=[slug]), day, people.name_of(slug)))
    return found


SOURCES.extend((own, of_access, of_training))
