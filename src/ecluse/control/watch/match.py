"""Sigma's detections, exactly: fields, lists, modifiers, conditions. Whatever is not here is refused by the loader.

Texts match as Sigma says: regardless of case, unless ``cased``. A field that is missing matches nothing but ``null``
and ``exists: false``. Every test takes time linear in the event.
"""

import ipaddress
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from ecluse.control.watch.fields import Fields, Value

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Test = Callable[[Fields], bool]


class Node(Protocol):
    """A part of a condition."""

    def holds(self, fields: Fields) -> bool:
        """Whether an event has it."""
        ...

    def events(self) -> frozenset[str] | None:
        """The only ``event`` values with which it can hold, in lower case; None: any."""
        ...


@dataclass(frozen=True, slots=True)
class Item:
    """One field's test."""

    field: str
    test: Test
    names: frozenset[str] | None = None

    def holds(self, fields: Fields) -> bool:
        """Whether an event has it."""
        return self.test(fields)

    def events(self) -> frozenset[str] | None:
        """The values that ``event`` must have, where this item is about it."""
        return self.names


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds."""

    parts: tuple[Node, ...]

    def holds(self, fields: Fields) -> bool:
        """Whether an event has all of them."""
        return all(part.holds(fields) for part in self.parts)

    def events(self) -> frozenset[str] | None:
        """What all of them allow."""
        known = [names for part in self.parts if (names := part.events()) is not None]
        return frozenset.intersection(*known) if known else None


@dataclass(frozen=True, slots=True)
class Some:
    """At least one part holds."""

    parts: tuple[Node, ...]

    def holds(self, fields: Fields) -> bool:
        """Whether an event has one of them."""
        return any(part.holds(fields) for part in self.parts)

    def events(self) -> frozenset[str] | None:
        """What any of them allows."""
        allowed: frozenset[str] = frozenset()
        for part in self.parts:
            names = part.events()
            if names is None:
                return None
            allowed |= names
        return allowed


@dataclass(frozen=True, slots=True)
class Not:
    """A part does not hold."""

    part: Node

    def holds(self, fields: Fields) -> bool:
        """Whether an event lacks it."""
        return not self.part.holds(fields)

    def events(self) -> frozenset[str] | None:
        """Any."""
        return None


TEXTS: Mapping[str, Callable[[str, str], bool]] = {
    "contains": lambda have, want: want in have,
    "startswith": str.startswith,
    "endswith": str.endswith,
}
NUMBERS: Mapping[str, Callable[[int, int], bool]] = {
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}


def texts(field: str, wanted: tuple[str, ...], how: str | None, *, cased: bool, every: bool) -> Item:
    """A text field against texts: equal, or as ``how`` (of :data:`TEXTS`) says; ``every``: all of them."""
    compare = TEXTS[how] if how else operator.eq
    folded = wanted if cased else tuple(text.casefold() for text in wanted)
    need = all if every else any

    def one(have: str) -> bool:
        have = have if cased else have.casefold()
        return need(compare(have, text) for text in folded)

    def test(fields: Fields) -> bool:
        value = fields.get(field)
        if isinstance(value, str):
            return one(value)
        return isinstance(value, tuple) and any(one(each) for each in value)

    names = frozenset(text.casefold() for text in wanted) if field == "event" and how is None and not every else None
    return Item(field, test, names)


def equals(field: str, wanted: tuple[int | bool | None, ...]) -> Item:
    """A field against numbers, truths and null (missing)."""

    def test(fields: Fields) -> bool:
        value = fields.get(field)
        return any(_same(value, each) for each in wanted)

    return Item(field, test)


def _same(value: Value | None, wanted: int | bool | None) -> bool:  # noqa: FBT001 - a value of an event
    if isinstance(value, bool) or isinstance(wanted, bool):
        return value is wanted
    return value is None if wanted is None else isinstance(value, int) and value == wanted


def numbers(field: str, wanted: tuple[int, ...], how: str) -> Item:
    """A number field against bounds, as ``how`` (of :data:`NUMBERS`) says; a text is no number."""
    compare = NUMBERS[how]

    def test(fields: Fields) -> bool:
        value = fields.get(field)
        return isinstance(value, int) and not isinstance(value, bool) and any(compare(value, bound) for bound in wanted)

    return Item(field, test)


def networks(field: str, wanted: tuple[Network, ...]) -> Item:
    """A field that holds an address of one of some networks."""

    def test(fields: Fields) -> bool:
        value = fields.get(field)
        if not isinstance(value, str):
            return False
        try:
            address = ipaddress.ip_address(value)
        except ValueError:
            return False
        mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
        return any((mapped or address) in network for network in wanted)

    return Item(field, test)


def exists(field: str, *, wanted: bool) -> Item:
    """Whether the event has a field."""
    return Item(field, lambda fields: (field in fields) is wanted)


def same_as(field: str, others: tuple[str, ...]) -> Item:
    """A field whose value is that of another field, regardless of case (``fieldref``)."""

    def test(fields: Fields) -> bool:
        value = fields.get(field)
        return isinstance(value, str) and any(
            isinstance(other := fields.get(name), str) and other.casefold() == value.casefold() for name in others
        )

    return Item(field, test)
