"""Canonical JSON bytes (RFC 8785) and content addresses."""

import hashlib
import json
from typing import Any

import rfc8785

from ecluse.domain.errors import InternalError, MalformedError


def canonical(value: Any) -> bytes:
    """The RFC 8785 bytes of a JSON value without floats.

    Raises:
        InternalError: the value has no canonical form; a fault of the caller.
    """
    try:
        return rfc8785.dumps(value)
    except rfc8785.CanonicalizationError as error:
        raise InternalError(f"no canonical JSON: {type(error).__name__}") from error


def digest(data: bytes) -> str:
    """``sha256:<hex>`` of the bytes."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def parse(data: bytes) -> Any:
    """A JSON value from outside: UTF-8, no duplicate names, no floats, no NaN, bounded depth.

    Raises:
        MalformedError: with line and column, never with content.
    """
    try:
        return json.loads(data.decode("utf-8"), object_pairs_hook=_unique, parse_float=_refuse, parse_constant=_refuse)
    except UnicodeDecodeError as error:
        raise MalformedError(f"not UTF-8 at byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise MalformedError(f"not JSON at line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise MalformedError("JSON nested too deeply") from None
    except ValueError as error:
        raise MalformedError(f"not acceptable JSON: {error}") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a name is given twice in one object")
    return made


def _refuse(_text: str) -> Any:
    raise ValueError("artefacts hold no floating-point numbers")
