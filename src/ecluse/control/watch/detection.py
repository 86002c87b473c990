"""Sigma's ``detection`` read strictly: every search, field and modifier is known, or named with its line."""

import ipaddress
import re
from collections.abc import Callable, Sequence
from typing import Any

from ecluse.control.watch import match
from ecluse.control.watch.condition import parse
from ecluse.control.watch.fields import DETAIL, PLAIN
from ecluse.control.watch.match import All, Item, Node, Some
from ecluse.domain.errors import MalformedError
from ecluse.wire.artefacts import Problem
from ecluse.wire.documents import Document

MODIFIERS = frozenset({*match.TEXTS, *match.NUMBERS, "cidr", "exists", "all", "cased", "fieldref"})
MAX_VALUES = 1000
_DETAIL = re.compile(re.escape(DETAIL) + r"[a-z][a-z0-9_]{0,63}")
_NAME = re.compile(r"[a-z_][a-z0-9_]{0,63}")
_WILD = re.compile(r"[*?\\]")

Refuse = Callable[[str, str], MalformedError]


def known_field(name: str) -> bool:
    """Whether events have a field of this name: one of :data:`PLAIN`, or ``detail.<name>``."""
    return name in PLAIN or bool(_DETAIL.fullmatch(name))


def read_detection(document: Document) -> Node:
    """The ``detection`` of a document.

    Raises:
        MalformedError: naming file, line and field.
    """

    def refuse(path: str, message: str) -> MalformedError:
        return document.refuse(Problem(path, message))

    detection = document.value.get("detection")
    if not isinstance(detection, dict):
        raise refuse("detection", "a detection is searches by name, and a condition")
    condition = detection.get("condition")
    if not isinstance(condition, str):
        raise refuse("detection.condition", "the condition is one text")
    searches: dict[str, Node] = {}
    for name, given in detection.items():
        if name != "condition":
            if not _NAME.fullmatch(name):
                raise refuse(f"detection.{name}", "a search's name is of small letters, digits and _")
            searches[name] = _search(given, f"detection.{name}", refuse)
    if not searches:
        raise refuse("detection", "a detection has at least one search")
    try:
        return parse(condition, searches)
    except MalformedError as error:
        raise refuse("detection.condition", error.message) from None


def _search(given: Any, path: str, refuse: Refuse) -> Node:
    if isinstance(given, list) and given and all(isinstance(each, dict) for each in given):
        return Some(tuple(_search(each, f"{path}[{place}]", refuse) for place, each in enumerate(given)))
    if not isinstance(given, dict) or not given:
        raise refuse(path, "a search is fields with values, or a list of such; words alone are not searched for")
    return All(tuple(_item(key, value, f"{path}.{key}", refuse) for key, value in given.items()))


def _item(key: str, given: Any, path: str, refuse: Refuse) -> Item:
    field, *modifiers = key.split("|")
    if not known_field(field):
        raise refuse(path, f"no event has such a field; allowed: {', '.join(PLAIN)}, {DETAIL}…")
    unknown = [each for each in modifiers if each not in MODIFIERS]
    if unknown or len(set(modifiers)) != len(modifiers):
        raise refuse(path, f"an unknown modifier; allowed: {', '.join(sorted(MODIFIERS))}")
    values = given if isinstance(given, list) else [given]
    if not values or len(values) > MAX_VALUES or any(isinstance(each, list | dict) for each in values):
        raise refuse(path, f"a field is given one value, or a list of up to {MAX_VALUES}")
    return _tested(field, set(modifiers), values, path, refuse)


def _tested(field: str, modifiers: set[str], values: Sequence[Any], path: str, refuse: Refuse) -> Item:
    every, cased = "all" in modifiers, "cased" in modifiers
    how = modifiers - {"all", "cased"}
    if len(how) > 1 or (how - set(match.TEXTS) and (every or cased)) or (every and not how):
        raise refuse(path, "these modifiers do not go together")
    if not how and not cased and not any(isinstance(each, str) for each in values):
        return match.equals(field, tuple(values))
    name = next(iter(how), None)
    if name in match.NUMBERS:
        return match.numbers(field, _all(int, values, path, refuse, "compare with whole numbers"), str(name))
    if name == "exists":
        wanted, *more = _all(bool, values, path, refuse, "exists is true or false")
        if more:
            raise refuse(path, "exists is true or false")
        return match.exists(field, wanted=wanted)
    wanted_texts = _all(str, values, path, refuse, "texts here, in quotes where they look like numbers")
    if name == "cidr":
        return match.networks(field, tuple(_network(each, path, refuse) for each in wanted_texts))
    if name == "fieldref":
        if not all(known_field(each) for each in wanted_texts):
            raise refuse(path, f"no event has such a field; allowed: {', '.join(PLAIN)}, {DETAIL}…")
        return match.same_as(field, wanted_texts)
    if any(not each or _WILD.search(each) for each in wanted_texts):
        raise refuse(path, "no wildcards, backslashes or empty texts: use contains, startswith or endswith")
    return match.texts(field, wanted_texts, name, cased=cased, every=every)


def _all(kind: type, values: Sequence[Any], path: str, refuse: Refuse, message: str) -> tuple[Any, ...]:
    if not all(type(each) is kind for each in values):
        raise refuse(path, message)
    return tuple(values)


def _network(text: str, path: str, refuse: Refuse) -> match.Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        raise refuse(path, "not a network: write 192.0.2.0/24 or 2001:db8::/48") from None
