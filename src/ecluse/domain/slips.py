"""Typing slips: what somebody may have meant who wrote something else by one key (R11)."""

from collections.abc import Iterator

from ecluse.domain.identifiers import nir_key
from ecluse.domain.tracing import FAMILY_LETTERS, NIR_BODY, is_day

_CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_DIGITS = "0123456789"
_DAY = 8


def of_name(name: str) -> tuple[str, ...]:
    """Names at one letter changed, left out, added or swapped with its neighbour; at most about 450."""
    made = dict.fromkeys(_edits(name, _CAPITALS))
    made.pop(name, None)
    return tuple(each for each in made if len(each) > 1)


def of_day(day: str) -> tuple[str, ...]:
    """Days at one digit, two digits swapped, or day and month the wrong way round; whole dates alone."""
    if len(day) != _DAY:
        return ()
    made = dict.fromkeys(each for each in _same_length(day, _DIGITS) if _exists(each))
    swapped = day[:4] + day[6:] + day[4:6]
    if _exists(swapped):
        made[swapped] = None
    made.pop(day, None)
    return tuple(made)


def of_nir(keyed: str) -> tuple[str, ...]:
    """Of a NIR whose key of two digits is wrong: those at one digit or swap that have that key. Its 13 characters."""
    body, key = keyed[:NIR_BODY], keyed[NIR_BODY:]
    if _key(body) == key:
        return ()
    return tuple(dict.fromkeys(each for each in _same_length(body, _DIGITS) if each != body and _key(each) == key))


def _key(body: str) -> str | None:
    try:
        return nir_key(body)
    except ValueError:
        return None


def _exists(day: str) -> bool:
    return is_day(int(day[:4]), int(day[4:6]), int(day[6:])) if day[:4] != "0000" else False


def _same_length(text: str, alphabet: str) -> Iterator[str]:
    for at, held in enumerate(text):
        yield from (text[:at] + other + text[at + 1 :] for other in alphabet if other != held)
    for at in range(len(text) - 1):
        yield text[:at] + text[at + 1] + text[at] + text[at + 2 :]


def _edits(text: str, alphabet: str) -> Iterator[str]:
    yield from _same_length(text, alphabet)
    for at in range(len(text)):
        yield text[:at] + text[at + 1 :]
    for at in range(len(text) + 1):
        # What a longer name loses at its end, a normal form has lost too.
        yield from ((text[:at] + other + text[at:])[:FAMILY_LETTERS] for other in alphabet)
