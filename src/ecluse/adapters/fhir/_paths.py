"""Places in FHIR resources, and what finds them there: a small, documented part of FHIRPath.

``Patient.name.where(use='official').family``, ``Observation.code.coding.where(system='http://loinc.org').code``,
``Patient.identifier[0].value``, ``Observation.extension.where(url='urn:x').value`` (any ``value…`` that is there is
written out: ``valueString``). A step into an array means each of its items. What one place gives is its text, numbers
with their digits; what several give is their JSON array, so that none is silently left out: ``[0]`` takes one.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ecluse.adapters.sources._strict_json import json_text, text_of

__all__ = ["At", "Field", "Getter", "Path", "Step", "Where", "getter", "parse"]

_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_STEP = re.compile(
    rf"(?P<name>{_NAME})"
    rf"|\[(?P<at>[0-9]{{1,4}})\]"
    rf"|where\((?P<inner>{_NAME}(?:\.{_NAME})*)\s*=\s*'(?P<value>(?:[^'\\]|\\.)*)'\)"
)


@dataclass(frozen=True, slots=True)
class Field:
    """Into a member; of an array, into that of each item."""

    name: str


@dataclass(frozen=True, slots=True)
class Where:
    """Only those whose member at ``inner`` has this text."""

    inner: tuple[str, ...]
    value: str


@dataclass(frozen=True, slots=True)
class At:
    """Only one, counted from 0."""

    index: int


Step = Field | Where | At


@dataclass(frozen=True, slots=True)
class Path:
    """A resource type and the steps from it; the first is a member."""

    resource: str
    steps: tuple[Step, ...]

    @property
    def column(self) -> str:
        """The column where no other name is given: ``value_quantity_unit`` of ``Observation.valueQuantity.unit``."""
        parts = []
        for step in self.steps:
            match step:
                case Field():
                    parts.append(step.name)
                case At():
                    parts.append(str(step.index))
                case Where():
                    parts.append(re.sub(r"[^A-Za-z0-9]+", "_", step.value).strip("_"))
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", "_".join(parts)).lower()


def parse(text: str) -> Path | None:
    """The place that a text names; None where it names none."""
    resource, dot, rest = text.partition(".")
    if not dot or not re.fullmatch(r"[A-Z][A-Za-z]+", resource):
        return None
    steps: list[Step] = []
    place = 0
    while place < len(rest):
        if place and rest[place] == ".":
            place += 1
        elif place and rest[place] != "[":
            return None
        where = rest.startswith("where(", place)
        found = re.compile(_STEP.pattern.split("|", 2)[2]).match(rest, place) if where else _STEP.match(rest, place)
        if found is None:
            return None
        steps.append(_step(found, where=where))
        place = found.end()
    return Path(resource, tuple(steps)) if steps and isinstance(steps[0], Field) and not rest.endswith(".") else None


def _step(found: re.Match[str], *, where: bool) -> Step:
    if where:
        return Where(tuple(found["inner"].split(".")), re.sub(r"\\(.)", r"\1", found["value"]))
    return Field(found["name"]) if found["name"] is not None else At(int(found["at"]))


Getter = Callable[[Any], str | None]


def getter(path: Path) -> Getter:
    """What finds a place's text in a resource as ``parsed`` gives it: compiled once, then a few steps a resource."""
    one: Getter = text_of
    many: _Many = json_text
    for step in reversed(path.steps):
        match step:
            case Field():
                one, many = _field(step.name, one, many)
            case Where():
                one, many = _where(step, one, many)
            case At():
                one, many = _at(step.index, one)
    return one


_Many = Callable[[list[Any]], str | None]
_Step = tuple[Getter, _Many]
"""What goes on from one item, as there mostly is, and from several, which need a list."""


def _field(name: str, one: Getter, many: _Many) -> _Step:
    last = one is text_of

    def of_one(item: Any) -> str | None:
        value = item.get(name) if type(item) is dict else None
        kind = type(value)
        if last and kind is str:
            return value
        if value is None:
            return None
        return several(value) if kind is list else one(value)

    def of_many(items: list[Any]) -> str | None:
        found: list[Any] = []
        for item in items:
            value = item.get(name) if type(item) is dict else None
            if type(value) is list:
                found += value
            elif value is not None:
                found.append(value)
        return several(found)

    def several(items: list[Any]) -> str | None:
        return one(items[0]) if len(items) == 1 else many(items) if items else None

    return of_one, of_many


def _where(step: Where, one: Getter, many: _Many) -> _Step:
    inner, wanted = _inner(step.inner), step.value

    def of_one(item: Any) -> str | None:
        return one(item) if wanted in inner(item) else None

    def of_many(items: list[Any]) -> str | None:
        found = [item for item in items if wanted in inner(item)]
        return one(found[0]) if len(found) == 1 else many(found) if found else None

    return of_one, of_many


def _inner(names: Sequence[str]) -> Callable[[Any], Sequence[str | None]]:
    """The texts of a member, or of one that lies deeper."""
    first, *rest = names

    def member(item: Any) -> Sequence[str | None]:
        value = item.get(first) if type(item) is dict else None
        if type(value) is str and not rest:
            return (value,)
        items = value if type(value) is list else () if value is None else (value,)
        return [text for each in items for text in deeper(each)]

    deeper = _inner(rest) if rest else lambda item: (text_of(item),)
    return member


def _at(index: int, one: Getter) -> _Step:
    def of_one(item: Any) -> str | None:
        return None if index else one(item)

    def of_many(items: list[Any]) -> str | None:
        return one(items[index]) if index < len(items) else None

    return of_one, of_many
