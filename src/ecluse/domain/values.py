"""Constraints that the domain's text fields carry, readable by any parser without importing one.

A :class:`Text` stands in ``Annotated[str, Text(...)]``. Parsers that know pydantic's protocol (``wire``) call
the two duck-typed hooks below; nothing here imports them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar


def _wire_name(field: str) -> str:
    """``from_`` is Python's spelling of the wire's ``from``."""
    return field.removesuffix("_")


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


Digest = Annotated[str, Text("SHA-256 as sha256:<64 hex digits>", r"^sha256:[0-9a-f]{64}$")]
RowDigest = Annotated[str, Text("keyed 128-bit digest, 32 hex digits", r"^[0-9a-f]{32}$")]
Identifier = Annotated[str, Text("letters, digits, '.', '_', '-'", r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)]
Name = Annotated[str, Text("a non-empty text", max_length=300)]
Prose = Annotated[str, Text("a non-empty text", max_length=8000)]
Sql = Annotated[str, Text("SQL in the source's dialect", max_length=1_000_000)]
SigningKey = Annotated[
    str, Text("an OpenSSH public key line", r"^(sk-)?(ssh|ecdsa)-[a-z0-9@.-]+ [A-Za-z0-9+/=]+( [^\n]*)?$")
]
Recipient = Annotated[str, Text("an age X25519 recipient", r"^age1[02-9ac-hj-np-z]{58}$")]
