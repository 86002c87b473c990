"""The parts of which pages are made: what they say, and that colour is never alone to say it."""

import datetime as dt
import re
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.paginator import Paginator
from django.template import engines
from django.test import Client, RequestFactory
from django.utils import timezone, translation

from ecluse.control.compare import Change, Effect
from ecluse.domain.lifecycle import Owner, State
from ecluse.domain.permissions import Role
from ecluse.domain.room import RoomEvent
from ecluse.portal.clocks import clock
from ecluse.portal.events import EVENTS
from ecluse.portal.labels import OWNERS, ROLE_MEANS, ROLES, STATES, Tone
from ecluse.portal.lock import Gate, lock_of
from ecluse.store.acts import people
from ecluse.store.models import Organisation
from ecluse.store.recording import SYSTEM
from rooms import LAB, Room

NOW = dt.datetime(2026, 3, 10, 12, 0, tzinfo=dt.UTC)


def shown(source: str, lang: str = "en", **context: Any) -> str:
    with translation.override(lang):
        request = context.pop("request", None)
        return str(engines["django"].from_string("{% load room %}" + source).render(context, request))


@pytest.mark.parametrize(
    ("left", "en", "fr", "tone"),
    [
        (dt.timedelta(days=3, hours=1), "3 days left", "encore 3 jours", Tone.WAIT),
        (dt.timedelta(days=30), "30 days left", "encore 30 jours", Tone.PLAIN),
        (dt.timedelta(hours=5, minutes=1), "5 h left", "encore 5 h", Tone.WAIT),
        (dt.timedelta(minutes=3), "3 min left", "encore 3 min", Tone.WAIT),
        (dt.timedelta(seconds=30), "less than a minute left", "encore moins d'une minute", Tone.WAIT),
        (-dt.timedelta(minutes=3), "overdue by 3 min", "en retard de 3 min", Tone.BAD),
        (-dt.timedelta(days=2, hours=1), "overdue by 2 days", "en retard de 2 jours", Tone.BAD),
    ],
)
def test_a_clock_speaks(left: dt.timedelta, en: str, fr: str, tone: Tone) -> None:
    for lang, words in (("en", en), ("fr", fr)):
        with translation.override(lang):
            made = clock(NOW + left, NOW)
        assert (made.words, made.tone) == (words, tone)


def test_a_clock_of_hours_speaks_of_no_days() -> None:
    with translation.override("fr"):
        assert clock(NOW + dt.timedelta(hours=71, minutes=59), NOW, hours=True).words == "encore 71 h"
        assert clock(NOW - dt.timedelta(hours=80), NOW, hours=True).words == "en retard de 80 h"


@pytest.mark.parametrize(
    ("days", "en"), [(0, "due today"), (1, "1 day left"), (-1, "overdue by 1 day"), (8, "8 days left")]
)
def test_a_day_is_good_to_its_end(days: int, en: str) -> None:
    with translation.override("en"):
        assert clock(NOW.date() + dt.timedelta(days=days), NOW).words == en


def test_every_state_role_owner_and_event_has_words() -> None:
    assert {str(state) for state in State} <= set(STATES)
    assert set(Role) == set(ROLES) == set(ROLE_MEANS)
    assert set(Owner) == set(OWNERS)
    assert set(RoomEvent) == set(EVENTS)
    for words in (*ROLES.values(), *OWNERS.values(), *EVENTS.values(), *(each.words for each in STATES.values())):
        assert words.en
        assert words.fr


@pytest.mark.parametrize("state", [*map(str, State), "draft", "unheard-of"])
def test_a_badge_has_a_sign_beside_its_colour(state: str) -> None:
    page = shown("{% badge state %}", state=state)
    assert re.search(r'class="badge (good|wait|bad|plain)"', page)
    assert re.search(r'aria-hidden="true">[✓◷!·] </span>\w', page)


def test_a_table_has_a_caption_or_says_that_it_is_empty() -> None:
    source = '{% table "Orders" "Ordres" rows=rows empty=none %}<tbody><tr><td>1</td></tr></tbody>{% endtable %}'
    assert "<caption>Orders</caption>" in shown(source, rows=[1])
    assert 'tabindex="0"' in shown(source, rows=[1])
    assert "None at all." in shown(source, rows=[], none="None at all.")
    assert "Il n&#x27;y a encore rien." in shown(source, "fr", rows=[], none="")


def test_texts_are_escaped() -> None:
    assert "&lt;b&gt;" in shown('{% say "a {x}" "b {x}" x=x %}', x="<b>")
    assert "<b>" not in shown('{% badge "x" words=x %}{% digest x %}{% fingerprint x %}{% owner x %}', x="<b>")
    change = Change("p", "<b>", "<i>", "<u>", Effect.WIDENS)
    page = shown('{% differences changes "A" "B" %}', changes=[change])
    assert not re.search(r"<[biu]>", page)
    assert "lets more leave" in page


def test_pages_keep_what_was_searched(room: Room) -> None:
    page = Paginator(range(30), 10).page(2)
    request = RequestFactory().get("/x/?actor=dr.martin&page=2")
    request.user = AnonymousUser()
    request.session = {}  # type: ignore[assignment]
    found = shown("{% pages page %}", page=page, request=request)
    assert "actor=dr.martin&amp;page=1" in found
    assert "actor=dr.martin&amp;page=3" in found


@pytest.mark.parametrize("state", list(State))
def test_the_lock_stands_where_the_migration_does(state: State) -> None:
    drawn = lock_of(state, 0.5)
    opened = {State.EXTRACTING: Gate.UPSTREAM, State.DELIVERED: Gate.DOWNSTREAM}
    assert drawn.gate is opened.get(state, Gate.NONE)
    page = shown('{% lock state level=0.5 url="/live/" upstream="1" within="2" downstream="3" %}', state=str(state))
    assert ('hx-trigger="every 5s"' in page) == (state is not State.ERASED)
    assert "style=" not in page
    for part in ('role="img"', "<title", "<desc", "<figcaption>"):
        assert part in page


def test_the_water_rises_with_what_has_passed() -> None:
    depths = [lock_of(State.EXTRACTING, share).depth for share in (0, 0.25, 0.5, 1, 7, -1)]
    assert depths == [*sorted(depths[:4]), depths[3], depths[0]]
    assert depths[0] == lock_of(State.ERASED, 1).depth == 0
    assert lock_of(State.DELIVERED, 0.9).depth < lock_of(State.SEALED, 1).depth
    assert lock_of(State.EXTRACTING, 0.999).percent == 99


def test_a_refusal_says_who_may_in_words(room: Room) -> None:
    client = room.client(LAB, Role.ENGINEER)
    page = client.get(f"/people/{LAB}/", headers={"accept-language": "fr"}).text
    assert "Qui le peut" in page
    assert "délégué à la protection des données" in page
    assert "people.see" not in page
    missing = client.get("/nothing/", headers={"accept-language": "fr"})
    assert (missing.status_code, "Il n'y a rien ici" in missing.text.replace("&#x27;", "'")) == (404, True)


def test_both_languages_by_the_button_and_by_the_browser(room: Room) -> None:
    client = Client(headers={"host": "localhost"})
    english = {"accept-language": "en"}
    assert "Sign in to the control room" in client.get("/account/login/", headers=english).text
    assert "Entrer dans la salle" in client.get("/account/login/", headers={"accept-language": "fr"}).text
    client.post("/language/", {"language": "fr", "next": "/account/login/"})
    page = client.get("/account/login/", headers=english).text
    assert 'lang="fr"' in page
    assert "Entrer dans la salle" in page


def test_english_dates_name_their_month(room: Room) -> None:
    with translation.override("en"):
        assert shown('{{ day|date:"SHORT_DATE_FORMAT" }}', day=dt.date(2026, 3, 4)) == "4 Mar 2026"
    assert timezone.get_current_timezone_name() == "Europe/Paris"


def test_nobody_sees_rooms_before_an_authenticator_is_enrolled(room: Room) -> None:
    secret = people.invite(SYSTEM, Organisation.objects.get(slug=LAB), Role.DIRECTOR, "zoe@x.example", "Zoé")
    client = Client(headers={"host": "localhost"})
    client.post(f"/join/{secret}/", {"name": "Zoé", "email": "zoe@x.example"})
    assert 'class="rooms"' not in client.get("/enrol/").text
    assert 'class="rooms"' in room.client(LAB, Role.DIRECTOR).get("/").text
