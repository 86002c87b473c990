"""Strict codec of every artefact: bytes that decode re-encode identically, or are refused.

Schemas are derived from the frozen values of ``domain``; ``schemas/`` holds the published copies, and a test
keeps them equal.
"""

import datetime as dt
from collections.abc import Iterator
from typing import Any, NamedTuple, TypeVar, get_args, get_type_hints

from pydantic import TypeAdapter, ValidationError

from ecluse.domain import values
from ecluse.domain.access import AccessEntry
from ecluse.domain.affected import Affected
from ecluse.domain.agreement import Agreement, letter_of
from ecluse.domain.codemap import CodeMap
from ecluse.domain.conclusions import Conclusion
from ecluse.domain.entry import Entry
from ecluse.domain.errors import InternalError, Location, MalformedError
from ecluse.domain.estimate import Estimate
from ecluse.domain.instruction import Instruction
from ecluse.domain.order import Order
from ecluse.domain.plan import Plan
from ecluse.domain.profile import DestinationProfile, SourceProfile
from ecluse.domain.records import Acceptance, ErasureCertificate, Receipt, Reconciliation
from ecluse.domain.room import RoomEntry
from ecluse.domain.values import FieldError, Text
from ecluse.wire.canonical import canonical, check_plain, digest, parse

KINDS: dict[str, type] = {
    "agreement": Agreement,
    "order": Order,
    "plan": Plan,
    "receipt": Receipt,
    "reconciliation": Reconciliation,
    "acceptance": Acceptance,
    "instruction": Instruction,
    "erasure": ErasureCertificate,
    "entry": Entry,
    "room-entry": RoomEntry,
    "relay-entry": AccessEntry,
    "source-profile": SourceProfile,
    "destination-profile": DestinationProfile,
}
"""Artefact kinds by the name that their ``format`` carries, ``ecluse.<kind>/1``."""

DOCUMENTS: dict[str, type] = {
    "code-map": CodeMap, "estimate": Estimate, "trace-conclusion": Conclusion, "affected": Affected,
}  # fmt: skip
"""Formats that no plan, journal or signature knows: same parser, no artefact."""

T = TypeVar("T")

MAX_BYTES = 64 * 2**20


class Problem(NamedTuple):
    """One thing wrong with a document: where (dotted path), and what is allowed."""

    path: str
    message: str


class InvalidError(MalformedError):
    """A document that parses but breaks its schema; ``problems`` lists every breach."""

    def __init__(self, kind: str, problems: tuple[Problem, ...], *, location: Location | None = None) -> None:
        self.problems = problems
        first = problems[0]
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        # R1: what an agreement lacks is named by the law's own letter.
        hint = letter_of(first.path) if kind == "agreement" and first.path else None
        super().__init__(f"{first.message}{more}", location=location or Location(field=first.path or kind), hint=hint)


_ADAPTERS: dict[type, TypeAdapter[Any]] = {}


def _adapter(cls: type) -> TypeAdapter[Any]:
    if cls not in _ADAPTERS:
        _ADAPTERS[cls] = TypeAdapter(cls)
    return _ADAPTERS[cls]


def kind_of(cls: type) -> str:
    """The kind that a class stands for.

    Raises:
        InternalError: not an artefact.
    """
    for kind, known in (KINDS | DOCUMENTS).items():
        if known is cls:
            return kind
    raise InternalError(f"{cls.__name__} is not an artefact")


def format_of(cls: type) -> str:
    """The ``format`` constant of an artefact class, as ``ecluse.order/1``."""
    return str(get_args(get_type_hints(cls)["format"])[0])


def namespace(kind: str) -> str:
    """The SSHSIG namespace under which an artefact of this kind is signed, as ``ecluse.order``."""
    return f"ecluse.{kind}"


def encode(value: Any) -> bytes:
    """Canonical bytes of an artefact."""
    return canonical(to_json(value))


def digest_of(value: Any) -> str:
    """Content address of an artefact."""
    return digest(encode(value))


def to_json(value: Any) -> Any:
    """An artefact as plain JSON values."""
    return _adapter(type(value)).dump_python(value, mode="json", by_alias=True)


def validate(cls: type[T], value: Any, *, location: Location | None = None) -> T:
    """An artefact from JSON values, for documents that people write.

    Raises:
        InvalidError: every breach, with its path and what is allowed; the given text is not repeated.
        MalformedError: the value is not JSON's.
    """
    check_plain(value)
    return _validated(cls, value, canonical(value), location)[0]


def _validated(cls: type[T], value: Any, data: bytes, location: Location | None = None) -> tuple[T, Any]:
    """An artefact from plain JSON values and their bytes; and the values that it is written as."""
    try:
        made: T = _adapter(cls).validate_json(data, by_alias=True)
    except ValidationError as error:
        problems = tuple(dict.fromkeys(_problem(e, value) for e in error.errors(include_url=False)))
        raise InvalidError(kind_of(cls), problems, location=location) from None
    written = to_json(made)
    if lossy := tuple(_lossy(value, written, "")):
        raise InvalidError(kind_of(cls), lossy, location=location)
    return made, written


def decode(cls: type[T], data: bytes, *, file: str | None = None) -> T:
    """An artefact from outside bytes, which must be its canonical form.

    Raises:
        MalformedError: too long, not JSON, not the schema, or not canonical; names the file and field.
    """
    place = Location(file=file)
    if len(data) > MAX_BYTES:
        raise MalformedError(f"longer than {MAX_BYTES} bytes", location=place)
    try:
        made, written = _validated(cls, parse(data), data)
    except InvalidError as error:
        raise InvalidError(
            kind_of(cls), error.problems, location=Location(file=file, field=error.problems[0].path)
        ) from None
    except MalformedError as error:
        raise MalformedError(error.message, location=place) from None
    if canonical(written) != data:
        raise MalformedError("not in canonical form (RFC 8785)", location=place)
    return made


def schema(kind: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a kind: necessary, not sufficient; what no single field shows is checked besides."""
    made = _adapter((KINDS | DOCUMENTS)[kind]).json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"ecluse:{kind}:1", **made}


def utc(at: dt.datetime) -> dt.datetime:
    """An instant as artefacts carry it: UTC, whole seconds."""
    return at.astimezone(dt.UTC).replace(microsecond=0)


def _problem(error: Any, value: Any) -> Problem:
    path = _path(error["loc"], value, missing=error["type"] == "missing")
    cause = error.get("ctx", {}).get("error")
    if error["type"] == "value_error" and isinstance(cause, FieldError):
        return Problem(f"{path}.{cause.path}".removeprefix("."), cause.message)
    return Problem(path, _message(error))


def _path(loc: tuple[int | str, ...], value: Any, *, missing: bool) -> str:
    """Dotted; without the names that the validator adds for the choices of a union, which stand in no document."""
    path = ""
    for part in loc:
        if isinstance(part, int) and isinstance(value, list):
            path, value = f"{path}[{part}]", value[part]
        elif isinstance(part, str) and isinstance(value, dict) and (part in value or missing):
            path, value = f"{path}.{part}", value.get(part)
        else:
            break
    return path.removeprefix(".")


def _lossy(given: Any, kept: Any, path: str) -> Iterator[Problem]:
    """Where what was understood is not what was given, as a date written as a number of seconds."""
    if isinstance(given, dict) and isinstance(kept, dict):
        for name, part in given.items():
            yield from _lossy(part, kept.get(name), f"{path}.{name}".removeprefix("."))
    elif isinstance(given, list) and isinstance(kept, list) and len(given) == len(kept):
        for place, (part, other) in enumerate(zip(given, kept, strict=True)):
            yield from _lossy(part, other, f"{path}[{place}]")
    elif given != kept or isinstance(given, bool) != isinstance(kept, bool):
        yield Problem(path, "must be in its plain form: a date as 2026-12-31, an instant as 2026-12-31T23:59:59Z")


_SHAPES = {
    text.pattern: text.what
    for alias in vars(values).values()
    for text in getattr(alias, "__metadata__", ())
    if isinstance(text, Text) and text.pattern
}
"""What the patterns of common texts mean, in words."""

_WORDS = {
    "missing": "this field is missing",
    "unexpected_keyword_argument": "unknown field",
    "extra_forbidden": "unknown field",
}


def _message(error: Any) -> str:
    """Say what is allowed, without repeating what was given (it could be a patient's)."""
    kind: str = error["type"]
    if kind in _WORDS:
        return _WORDS[kind]
    context = error.get("ctx", {})
    if kind == "value_error":
        return str(context["error"])
    if kind in {"literal_error", "enum"}:
        return f"must be one of {context['expected']}"
    if kind == "string_pattern_mismatch":
        pattern = context["pattern"]
        return f"must be {_SHAPES[pattern]}" if pattern in _SHAPES else f"must match {pattern}"
    return str(error["msg"])
