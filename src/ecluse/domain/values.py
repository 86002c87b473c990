"""Constraints that the domain's text fields carry, readable by any parser without importing one.

A :class:`Text` stands in ``Annotated[str, Text(...)]``. Parsers that know pydantic's protocol (``wire``) call
the two duck-typed hooks below; nothing here imports them.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar


def _wire_name(field: str) -> str:
    """``from_`` is Python's spelling of the wire's ``from``."""
    return field.removesuffix("_")


class FieldError(ValueError):
    """A value that refuses itself, at one of its fields: ``path`` is relative to it, ``message`` says what is wrong."""

    def __init__(self, path: str, message: str) -> None:
        self.path = path
        self.message = message
        super().__init__(f"{path}: {message}")


class Strict:
    """A frozen value whose parser refuses unknown fields and lossy conversions."""

    __slots__ = ()
    __pydantic_config__: ClassVar[dict[str, Any]] = {
        "extra": "forbid",
        "strict": True,
        "alias_generator": _wire_name,
    }


@dataclass(frozen=True, slots=True)
class Text:
    """A text of a given shape: ``pattern`` is a regular expression, ``what`` says it in words."""

    what: str
    pattern: str | None = None
    min_length: int = 1
    max_length: int = 4000

    def __get_pydantic_core_schema__(self, source: Any, handler: Callable[[Any], Any]) -> Any:
        """Give the constraint to a parser of pydantic's protocol."""
        schema = handler(source)
        schema |= {"min_length": self.min_length, "max_length": self.max_length}
        if self.pattern is not None:
            schema["pattern"] = self.pattern
        return schema

    def __get_pydantic_json_schema__(self, schema: Any, handler: Callable[[Any], Any]) -> Any:
        """Describe the constraint in a JSON Schema."""
        return handler(schema) | {"description": self.what}


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number between two bounds, both included. See :class:`Text` for the hooks."""

    what: str
    low: int
    high: int

    def __get_pydantic_core_schema__(self, source: Any, handler: Callable[[Any], Any]) -> Any:
        """Give the constraint to a parser of pydantic's protocol."""
        return handler(source) | {"ge": self.low, "le": self.high}

    def __get_pydantic_json_schema__(self, schema: Any, handler: Callable[[Any], Any]) -> Any:
        """Describe the constraint in a JSON Schema."""
        return handler(schema) | {"description": self.what}


@dataclass(frozen=True, slots=True)
class WholeSecondUtc:
    """An instant in UTC and whole seconds: every instant then has one spelling, and any two can be compared."""

    what: str

    def __get_pydantic_core_schema__(self, source: Any, handler: Callable[[Any], Any]) -> Any:
        """Give the constraint to a parser of pydantic's protocol."""
        function = {"type": "no-info", "function": self.check}
        return {"type": "function-after", "function": function, "schema": handler(source)}

    def __get_pydantic_json_schema__(self, schema: Any, handler: Callable[[Any], Any]) -> Any:
        """Describe the constraint in a JSON Schema."""
        return handler(schema) | {"description": self.what, "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"}

    def check(self, value: dt.datetime) -> dt.datetime:
        """The instant itself.

        Raises:
            ValueError: without time zone, in another than UTC, or with a fraction of a second.
        """
        if value.utcoffset() != dt.timedelta() or value.microsecond:
            raise ValueError(f"must be {self.what}")
        return value


def check_log(log: str, place: str, agent: str) -> None:
    """An agent names the log of its own place.

    Raises:
        FieldError: it is another's.
    """
    if not log.startswith(f"ecluse/{place}/{agent}+"):
        raise FieldError("log", "not the log of the agent's own place")


MAX_WHOLE = 2**53 - 1
"""The largest whole number that every JSON reader keeps exactly (RFC 8785, appendix D; RFC 7493)."""

Count = Annotated[int, Whole("a whole number, 0 or more", 0, MAX_WHOLE)]
Year = Annotated[int, Whole("a year", 1, 9999)]
Instant = Annotated[dt.datetime, WholeSecondUtc("an instant in UTC, whole seconds, as 2026-12-31T23:59:59Z")]
Digest = Annotated[str, Text("SHA-256 as sha256:<64 hex digits>", r"^sha256:[0-9a-f]{64}$")]
RowDigest = Annotated[str, Text("keyed 128-bit digest, 32 hex digits", r"^[0-9a-f]{32}$")]
Identifier = Annotated[str, Text("letters, digits, '.', '_', '-'", r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)]
Name = Annotated[str, Text("a text that is not blank", r"\S", max_length=300)]
_UNSEEN = r"\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"
Line = Annotated[
    str,
    Text(
        "one line of text that is not blank, without control or direction characters",
        rf"^[^{_UNSEEN}]*[^\s{_UNSEEN}][^{_UNSEEN}]*$",
        max_length=300,
    ),
]
Prose = Annotated[str, Text("a text that is not blank, on one or more lines", r"\S", max_length=8000)]
Verbatim = Annotated[str, Text("a text as the source has it, perhaps empty", min_length=0)]
FilePath = Annotated[str, Text("a path or the name of a place", max_length=4096)]
Sql = Annotated[str, Text("SQL in the source's dialect", max_length=1_000_000)]
SigningKey = Annotated[
    str, Text("an OpenSSH public key line", r"^(sk-)?(ssh|ecdsa)-[a-z0-9@.-]+ [A-Za-z0-9+/=]+( [^\n]*)?$")
]
LogVerifier = Annotated[
    str,
    Text(
        "a log's public key, ecluse/<place>/<agent>+<hex id>+<base64> (C2SP signed-note)",
        r"^ecluse/(source|destination|relay)/[A-Za-z0-9][A-Za-z0-9._-]*\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}$",
        max_length=250,
    ),
]
Recipient = Annotated[str, Text("an age X25519 recipient", r"^age1[02-9ac-hj-np-z]{58}$")]
