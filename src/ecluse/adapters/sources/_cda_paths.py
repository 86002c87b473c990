"""Places in CDA documents, in a small, documented part of XPath, from an element that is a row.

``observation/code/@code``, ``patient/id[@root='1.2.250.1.213.1.4.8']/@extension as ins``,
``observation/value/low/@value``, ``section/title``, ``observation/code/originalText/narrative()``. The first step is a
kind of row (:data:`KINDS`), the others are children. Names are HL7's (``urn:hl7-org:v3``) unless they have one of the
prefixes of :data:`PREFIXES`; the prefixes that a document uses do not matter.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["ELEMENTS", "HL7", "KINDS", "PREFIXES", "Final", "Place", "Step", "Where", "parse", "snake"]

HL7 = "urn:hl7-org:v3"
PREFIXES: Mapping[str, str] = {
    "lab": "urn:oid:1.3.6.1.4.1.19376.1.3.2",
    "sdtc": "urn:hl7-org:sdtc",
    "xsi": "http://www.w3.org/2001/XMLSchema-instance",
}
"""IHE's laboratory extension, HL7's own, and XML Schema's (``value/@xsi:type``)."""

_SAME = (
    "guardian", "author", "dataEnterer", "informant", "custodian", "informationRecipient", "legalAuthenticator",
    "authenticator", "participant", "order", "serviceEvent", "performer", "relatedDocument", "consent",
    "encompassingEncounter", "responsibleParty", "section", "text", "act", "organizer", "observation", "procedure",
    "specimen", "referenceRange", "substanceAdministration", "supply", "encounter", "id", "translation",
)  # fmt: skip
KINDS: Mapping[str, str] = {
    "document": "ClinicalDocument", "patient": "patientRole", "media": "observationMedia", **{n: n for n in _SAME}
}  # fmt: skip
"""Kinds of rows, by the elements that they are: CDA R2's own names but for the three longest."""
ELEMENTS: Mapping[str, str] = {element: kind for kind, element in KINDS.items()}

_NAME = r"(?:[A-Za-z]+:)?[A-Za-z_][A-Za-z0-9_.-]*"
_INNER = rf"(?:{_NAME}/)*@?{_NAME}"
_TEST = re.compile(
    rf"\[(?:(?P<at>[1-9][0-9]{{0,3}})|not\((?P<none>{_INNER})\)|(?P<inner>{_INNER})(?:\s*=\s*'(?P<value>[^']*)')?)\]"
)
_STEP = re.compile(rf"(?P<name>{_NAME})(?P<tests>(?:{re.sub(r'[?]P<[a-z]+>', '?:', _TEST.pattern)})*)")
_FINAL = re.compile(rf"@(?P<attribute>{_NAME})|(?P<function>text|narrative)\(\)")
_NAMED = re.compile(r"(?P<path>.*?)(?:\s+as\s+(?P<name>[a-z][a-z0-9_]*))?", re.DOTALL)


class Final(StrEnum):
    """What of the elements found becomes the column's value."""

    ATTRIBUTE = "@"
    TEXT = "text()"
    NARRATIVE = "narrative()"


@dataclass(frozen=True, slots=True)
class Where:
    """One predicate: the ``at``th, counted from 1; or those in which ``inner`` is there, is not, or has a value."""

    at: int = 0
    inner: tuple[str, ...] = ()
    attribute: str = ""
    value: str | None = None
    absent: bool = False

    @property
    def said(self) -> str:
        """What it adds to a column's name: ``2``, ``br``, ``no_qualifier``."""
        name = self.attribute or "_".join(self.inner)
        return str(self.at) if self.at else f"no_{name}" if self.absent else name if self.value is None else self.value


@dataclass(frozen=True, slots=True)
class Step:
    """Down to the children of one name."""

    name: str
    tests: tuple[Where, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Every name that it mentions."""
        return (self.name, *(name for test in self.tests for name in (*test.inner, test.attribute)))


@dataclass(frozen=True, slots=True)
class Place:
    """A kind of row, the steps down from it, and what is taken there; ``column`` is what it is called."""

    kind: str
    steps: tuple[Step, ...]
    final: Final
    attribute: str
    column: str


def parse(text: str) -> Place | None:
    """The place that a text names; None where it names none."""
    found = _NAMED.fullmatch(text)
    kind, slash, rest = found["path"].strip().partition("/") if found else ("", "", "")
    if found is None or kind not in KINDS or not slash:
        return None
    steps: list[Step] = []
    while step := None if _FINAL.match(rest) else _STEP.match(rest):
        steps.append(Step(step["name"], tuple(map(_test, _TEST.finditer(step["tests"])))))
        slash, rest = rest[step.end() :][:1], rest[step.end() + 1 :]
        if slash not in ("", "/") or (slash and not rest):
            return None
    last = _FINAL.fullmatch(rest)
    if (rest or not steps) and last is None:
        return None
    attribute = (last["attribute"] if last else "") or ""
    final = Final.ATTRIBUTE if attribute else Final(f"{last['function'] if last else 'text'}()")
    if not all(_known(name) for name in (*(name for step in steps for name in step.names), attribute)):
        return None
    return Place(kind, tuple(steps), final, attribute, found["name"] or _column(steps, final, attribute))


def snake(name: str) -> str:
    """A name as columns and tables have it: ``legalAuthenticator`` → ``legal_authenticator``."""
    return re.sub(r"[^A-Za-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)).strip("_").lower()


def _test(found: re.Match[str]) -> Where:
    if found["at"]:
        return Where(at=int(found["at"]))
    inner = (found["none"] or found["inner"]).split("/")
    attribute = inner.pop()[1:] if inner[-1].startswith("@") else ""
    return Where(inner=tuple(inner), attribute=attribute, value=found["value"], absent=bool(found["none"]))


def _known(name: str) -> bool:
    prefix, colon, _ = name.partition(":")
    return not colon or prefix in PREFIXES


def _column(steps: Sequence[Step], final: Final, attribute: str) -> str:
    """``value_low_value`` of ``value/low/@value``; what predicates say is part of it."""
    parts = [part for step in steps for part in (step.name, *(test.said for test in step.tests))]
    parts += [attribute] if attribute else [final.removesuffix("()")] if final is Final.NARRATIVE or not steps else []
    return "_".join(snake(part.rpartition(":")[2]) for part in parts)
