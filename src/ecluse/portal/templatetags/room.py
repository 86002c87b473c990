"""The tags of the room's templates: texts in two languages, and the parts of which pages are made (parts/README.md)."""

import datetime as dt
from typing import Any

from django import template
from django.core.paginator import Page
from django.utils import timezone
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

from ecluse.domain.errors import MalformedError
from ecluse.domain.lifecycle import State
from ecluse.portal.clocks import clock as clock_of
from ecluse.portal.events import EVENTS, PLACE_EVENTS, RELAY_EVENTS
from ecluse.portal.labels import ALERT_STATES, OWNERS, ROLES, SEVERITIES, SIDES, SIGNS, Tone, label_of
from ecluse.portal.lock import lock_of
from ecluse.portal.navigation import entries
from ecluse.portal.words import tr
from ecluse.seal.signing import fingerprint as fingerprint_of
from ecluse.store.watching import SILENT, position

register = template.Library()


@register.simple_tag
def say(en: str, fr: str, **values: Any) -> SafeString:
    """One of two texts; ``{name}`` in them is replaced by a value, escaped."""
    text = tr(en, fr)
    return format_html(text, **values) if values else conditional_escape(text)


@register.inclusion_tag("parts/navigation.html", takes_context=True)
def navigation(context: dict[str, Any]) -> dict[str, Any]:
    """The bar's entries for whoever asks."""
    return {"entries": entries(context["request"])}


@register.inclusion_tag("parts/watch.html")
def watch_banner() -> dict[str, str]:
    """In red where nobody watches, or where the journal is not what was signed: one query a page."""
    watch, now = position(), timezone.now()
    if watch is None:
        return {"words": tr("nobody watches this room: its watch was never started.",
                            "personne ne veille sur cette salle : la veille n'a jamais été lancée.")}  # fmt: skip
    if watch.broken:
        return {"words": tr("this room's journal is not what was signed, or cannot be written. Nothing is done here "
                            "until that is mended.",
                            "le journal de cette salle n'est pas celui qui a été signé, ou ne peut être écrit. Rien ne "
                            "se fait ici tant que ce n'est pas réparé.")}  # fmt: skip
    if now - watch.beat_at > SILENT:
        since = timezone.localtime(watch.beat_at).strftime("%d/%m/%Y %H:%M")
        return {"words": tr(f"nobody watches this room since {since}: its watch is silent, no alert will be raised.",
                            f"personne ne veille sur cette salle depuis le {since} : la veille se tait, aucune alerte "
                            "ne sera levée.")}  # fmt: skip
    return {"words": ""}


@register.simple_block_tag
def table(content: str, en: str, fr: str, *, rows: Any = True, empty: str = "", kind: str = "") -> SafeString:
    """A table with its caption, in a frame that scrolls; without ``rows``, what ``empty`` says."""
    caption = tr(en, fr)
    if not rows:
        return format_html('<p class="empty">{}</p>', empty or tr("There is nothing yet.", "Il n'y a encore rien."))
    return format_html(
        '<div class="scroll" role="region" aria-label="{}" tabindex="0"><table class="{}"><caption>{}</caption>{}'
        "</table></div>",
        caption, kind, caption, content,
    )  # fmt: skip


@register.inclusion_tag("parts/badge.html")
def badge(state: Any, words: str = "", tone: str = "") -> dict[str, Any]:
    """A state: its sign, its words, its tone."""
    label = label_of(str(state))
    chosen = Tone(tone) if tone else label.tone
    return {"words": words or label.words, "tone": chosen, "sign": SIGNS[chosen]}


@register.inclusion_tag("parts/badge.html")
def severity(held: Any) -> dict[str, Any]:
    """How urgent an alert is."""
    label = SEVERITIES[held]
    return {"words": label.words, "tone": label.tone, "sign": SIGNS[label.tone]}


@register.inclusion_tag("parts/badge.html")
def alert_state(held: Any) -> dict[str, Any]:
    """Where an alert stands."""
    label = ALERT_STATES[held]
    return {"words": label.words, "tone": label.tone, "sign": SIGNS[label.tone]}


@register.inclusion_tag("parts/clock.html")
def clock(due: dt.datetime | dt.date | None, *, hours: bool = False) -> dict[str, Any]:
    """A deadline in words: ``3 days left``, ``overdue by 2 days``, or in hours alone; nothing where there is none."""
    return {"clock": clock_of(due, timezone.localtime(), hours=hours) if due else None}


@register.inclusion_tag("parts/owner.html")
def owner(whose: Any) -> dict[str, Any]:
    """Whose move it is: a lifecycle's owner, a person or an organisation."""
    return {"words": OWNERS.get(whose, str(whose))}


@register.simple_tag
def role(held: Any) -> str:
    """A role in the reader's words."""
    return str(ROLES[held])


@register.simple_tag
def event(name: Any) -> str:
    """A journal event in the reader's words; its own name where it has none."""
    return str(EVENTS.get(name) or PLACE_EVENTS.get(name) or RELAY_EVENTS.get(name, name))


@register.simple_tag
def side(party: Any) -> str:
    """A side in the reader's words."""
    return str(SIDES[party])


@register.inclusion_tag("parts/fingerprint.html")
def fingerprint(key: str) -> dict[str, Any]:
    """A key's fingerprint, as ``ssh-keygen -l`` prints it."""
    try:
        return {"fingerprint": fingerprint_of(key)}
    except MalformedError:
        return {"fingerprint": ""}


@register.inclusion_tag("parts/digest.html")
def digest(value: str, short: bool = False) -> dict[str, Any]:  # noqa: FBT001, FBT002 - a tag's argument
    """A digest, whole or its first twelve figures."""
    return {"digest": value, "start": value.removeprefix("sha256:")[:12] if short else ""}


@register.inclusion_tag("parts/pages.html", takes_context=True)
def pages(context: dict[str, Any], page: Page[Any]) -> dict[str, Any]:
    """Earlier and later pages of a list; nothing where it has one."""
    return {"page": page, "request": context["request"]}


@register.inclusion_tag("parts/differences.html")
def differences(changes: Any, en: str, fr: str) -> dict[str, Any]:
    """What changed between two versions (``control.compare.Change``), side by side."""
    return {"changes": changes, "caption": tr(en, fr)}


@register.simple_block_tag(takes_context=True)
def danger(context: dict[str, Any], content: str, en: str, fr: str, *, action: str, button: str = "") -> SafeString:
    """What cannot be taken back: closed at first; opened, it says what happens, then asks."""
    title = tr(en, fr)
    return format_html(
        '<details class="danger"><summary>{}</summary><form method="post" action="{}">'
        '<input type="hidden" name="csrfmiddlewaretoken" value="{}">{}<p><button class="bad">{}</button></p>'
        "</form></details>",
        title, action, context["csrf_token"], content, button or title,
    )  # fmt: skip


@register.inclusion_tag("parts/lock.html")
def lock(
    state: Any, level: float = 0.0, *, url: str = "", upstream: Any = "", within: Any = "", downstream: Any = ""
) -> dict[str, Any]:
    """The picture of a migration; ``url`` gives it anew every five seconds until it ends."""
    drawn = lock_of(State(state), level)
    places = [24 * place - 60 for place in range(drawn.parcels)]
    counted = {"upstream": upstream, "within": within, "downstream": downstream}
    return {"lock": drawn, "parcels": places, "url": url} | counted


@register.simple_tag
def icon(name: str) -> SafeString:
    """A small sign that stands beside words, hidden from screen readers."""
    return mark_safe(f'<svg class="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false">{_ICONS[name]}</svg>')  # noqa: S308 - ours


_ICONS = {
    "lock": '<path d="M1 6h5v8H1zM14 10h5v4h-5z" class="water"/><path d="M6 2h2v14H6zM12 2h2v14h-2z" class="gate"/>',
}
