"""Canonical JSON bytes (RFC 8785) and content addresses."""

import hashlib
import json
from typing import Any

import rfc8785

from ecluse.domain.errors import InternalError, MalformedError
from ecluse.domain.values import MAX_WHOLE

MAX_DEPTH = 64
_MAX_DIGITS = len(str(MAX_WHOLE)) + 1


def canonical(value: Any) -> bytes:
    """The RFC 8785 bytes of a JSON value without floats.

    Raises:
        InternalError: the value has no canonical form; a fault of the caller. What comes from outside goes through
            :func:`parse` or :func:`check_plain` first.
    """
    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeError, RecursionError) as error:
        raise InternalError(f"no canonical JSON: {type(error).__name__}") from error


def digest(data: bytes) -> str:
    """``sha256:<hex>`` of the bytes."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def parse(data: bytes) -> Any:
    """A JSON value from outside: UTF-8, no duplicate names, no floats, no NaN, bounded depth and whole numbers.

    Raises:
        MalformedError: with line and column, never with content.
    """
    try:
        value = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_float=_refuse,
            parse_constant=_refuse,
            parse_int=_whole,
        )
    except UnicodeDecodeError as error:
        raise MalformedError(f"not UTF-8 at byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise MalformedError(f"not JSON at line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise MalformedError("JSON nested too deeply") from None
    except ValueError as error:
        raise MalformedError(f"not acceptable JSON: {error}") from None
    check_plain(value)
    return value


def check_plain(value: Any) -> None:
    """That a value from outside has a canonical form: JSON's own types, no floats, bounded depth, whole characters.

    Raises:
        MalformedError: says which rule, never what was given.
    """
    waiting = [(value, 0)]
    while waiting:
        found, depth = waiting.pop()
        if depth > MAX_DEPTH:
            raise MalformedError("JSON nested too deeply")
        if isinstance(found, dict):
            waiting += [(part, depth + 1) for pair in found.items() for part in pair]
        elif isinstance(found, list | tuple):
            waiting += [(part, depth + 1) for part in found]
        elif isinstance(found, str):
            if not _is_text(found):
                raise MalformedError("a text holds half a character (a lone surrogate)")
        elif not (found is None or isinstance(found, bool) or (isinstance(found, int) and abs(found) <= MAX_WHOLE)):
            raise MalformedError("a value that is neither text, whole number, true, false, null, list nor object")


def _is_text(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _whole(text: str) -> int:
    if len(text) > _MAX_DIGITS or abs(int(text)) > MAX_WHOLE:
        raise ValueError(f"a whole number beyond {MAX_WHOLE}, which not every JSON reader keeps")
    return int(text)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a name is given twice in one object")
    return made


def _refuse(_text: str) -> Any:
    raise ValueError("artefacts hold no floating-point numbers")
