"""What a trace file says of its export, in the clear: whose, to whom, of when; never of whom (R11)."""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

from ecluse.domain.errors import InternalError, Location, MalformedError
from ecluse.domain.tracing import FORMAT, Kind
from ecluse.wire.canonical import canonical, parse

MAX_HEADER: Final = 8 << 20
MAX_PARCELS: Final = 200_000
_MAX_COUNT = 1 << 40
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_NAME = re.compile(r"[^\x00-\x1f\x7f]{1,200}")
_KEY_TEXT = re.compile(r"[\x20-\x7e\n]{1,10000}")
_TEXTS = {
    "order": _NAME, "order_digest": _DIGEST, "plan_digest": _DIGEST, "controller": _NAME, "finess": _NAME,
    "source": _NAME, "destination": _NAME, "recipient": _NAME, "sealed_key": _KEY_TEXT,
}  # fmt: skip
_FORM = "not a text of the form that it has in a trace file"
_DATES = ("period_from", "period_until", "keep_until")


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceHeader:
    """``order`` is the order's own name, ``recipient`` the destination's public key, both as in the order.

    ``persons`` counts the patient rows sealed. ``sealed_key`` is the trace key as an armoured age file to the
    controller. ``marks``, ``parcels`` (those with canaries) and ``body`` are filled in by ``write_filter``.
    """

    order: str
    order_digest: str
    plan_digest: str
    controller: str
    finess: str
    source: str
    destination: str
    recipient: str
    period_from: dt.date
    period_until: dt.date
    persons: int
    keep_until: dt.date
    sealed_key: str
    marks: Mapping[Kind, int] = field(default_factory=dict)
    parcels: tuple[str, ...] = ()
    body: str = ""

    @property
    def total(self) -> int:
        """Marks of all kinds."""
        return sum(self.marks.values())


def written(header: TraceHeader, *, marks: Mapping[Kind, int], parcels: tuple[str, ...], body: str) -> bytes:
    """The header as it stands in the file, with these three filled in.

    Raises:
        InternalError: a value that :func:`parsed` would refuse.
    """
    fields: dict[str, Any] = {name: getattr(header, name) for name in _TEXTS}
    fields |= {name: getattr(header, name).isoformat() for name in _DATES}
    fields |= {"format": FORMAT, "persons": header.persons, "body": body, "parcels": list(parcels)}
    fields["marks"] = {str(kind): count for kind, count in sorted(marks.items())}
    data = canonical(fields)
    try:
        parsed(data)
    except MalformedError as error:
        raise InternalError(f"a trace header that none may be: {error.message}", location=error.location) from None
    return data


def parsed(data: bytes) -> TraceHeader:
    """A header from outside.

    Raises:
        MalformedError: names the field; never its content.
    """
    value = parse(data)
    if not isinstance(value, dict) or len(data) > MAX_HEADER or canonical(value) != data:
        raise MalformedError("not in canonical form (RFC 8785)")
    wanted = {*_TEXTS, *_DATES, "format", "persons", "marks", "parcels", "body"}
    for name in sorted(wanted ^ set(value)):
        raise _wrong(name if name in wanted else None, "this field is missing" if name in wanted else "unknown field")
    if value["format"] != FORMAT:
        raise _wrong("format", f"must be one of {FORMAT}")
    for name, pattern in (*_TEXTS.items(), ("body", _DIGEST)):
        if not isinstance(value[name], str) or pattern.fullmatch(value[name]) is None:
            raise _wrong(name, _FORM)
    texts: dict[str, Any] = {name: value[name] for name in _TEXTS}
    return TraceHeader(
        **texts,
        period_from=_date("period_from", value["period_from"]),
        period_until=_date("period_until", value["period_until"]),
        keep_until=_date("keep_until", value["keep_until"]),
        persons=_count("persons", value["persons"]),
        marks=_marks(value["marks"]),
        parcels=_parcels(value["parcels"]),
        body=value["body"],
    )


def _marks(value: object) -> Mapping[Kind, int]:
    kinds = {str(kind) for kind in Kind} - {str(Kind.CANARY)}
    if not isinstance(value, dict) or not set(value) <= kinds:
        raise _wrong("marks", "unknown field")
    return {Kind(name): _count(f"marks.{name}", count) for name, count in value.items()}


def _parcels(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > MAX_PARCELS:
        raise _wrong("parcels", _FORM)
    if not all(isinstance(name, str) and _NAME.fullmatch(name) for name in value):
        raise _wrong("parcels", _FORM)
    if any(left >= right for left, right in pairwise(value)):
        raise _wrong("parcels", "a name is given twice")
    return tuple(value)


def _count(name: str, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < _MAX_COUNT:
        raise _wrong(name, "not a number that counts anything")
    return value


def _date(name: str, value: object) -> dt.date:
    try:
        found = dt.date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        found = None
    if found is None or found.isoformat() != value:
        raise _wrong(name, "Input should be a valid date")
    return found


def _wrong(name: str | None, message: str) -> MalformedError:
    return MalformedError(message, location=Location(field=name))
