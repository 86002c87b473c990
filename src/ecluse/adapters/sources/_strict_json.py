"""JSON that has one meaning only, or the reason why a text is none; numbers keep the digits that they are written with.

A fast parser (orjson) is believed where writing its result again gives the text back, blanks apart: then no name stood
twice in an object, for one of the two would be gone, and every number's text is known from its value. Where numbers
are written otherwise (``1.10``, twenty digits), they are put between quotes and the rest is proved in the same way.
What is left, and all that does not parse, goes to Python's own parser, which tells why.
"""

import codecs
import json
import re
from json.encoder import encode_basestring_ascii
from typing import Any, NoReturn

import orjson

__all__ = ["json_text", "parsed", "text_of"]

_DEEPEST = 254  # as deep as orjson writes
_TWICE = "twice"
_ESCAPING = "ecluse.json"
_BLANK = b" \t\r\n"
_NUMBER = re.compile(rb"([:\[,][ \t\r\n]*)(-?[0-9][0-9.eE+-]*)(?=[ \t\r\n]*[,\]}])")
_NAME = re.compile(rb'"[ \t\r\n]*:')
_ESCAPE = re.compile(rb"\\.")
_ASCII_ESCAPED = re.compile(rb"\\u00[0-7]")


def parsed(text: bytes) -> tuple[Any, str]:
    """The value and ``""``, or None and why there is none. ``text`` has no blanks around it.

    A number is an int or a float whose own JSON text stands there, or else that text: ``text_of`` tells either.
    """
    made = _fast(text)
    return (made, "") if made is not None else _slowly(text)


def text_of(value: Any) -> str | None:
    """A value's text: a string's own, a number's digits, ``true``; an object or array as JSON; None of null."""
    kind = type(value)
    if kind is str:
        return value  # type: ignore[no-any-return]
    if value is None:
        return None
    if kind is int:
        return str(value)
    if kind is dict or kind is list:
        return json_text(value)
    return orjson.dumps(value).decode()


def json_text(value: Any) -> str:
    """JSON without blanks, numbers in it as texts."""
    return orjson.dumps(_quoted(value)).decode()


def _quoted(value: Any) -> Any:
    match value:
        case dict():
            return {name: _quoted(part) for name, part in value.items()}
        case list():
            return [_quoted(part) for part in value]
        case None | bool():
            return value
    return text_of(value)


def _fast(text: bytes) -> Any:
    """An object or array where it is proved, else None; also of a text that is none."""
    if text[:1] not in {b"{", b"["}:
        return None
    try:
        made = orjson.loads(text)
        again = orjson.dumps(made)
        if again == text or _same(again, text):
            return made
        # A match within a string would end it before a digit, which does not parse.
        quoted = _NUMBER.sub(rb'\1"\2"', text)
        made = orjson.loads(quoted)
        again = orjson.dumps(made)
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return None
    # Where strings are written otherwise still (``\/``), names are counted.
    return made if _same(again, quoted) or _all_named(again, quoted) else None


def _same(again: bytes, text: bytes) -> bool:
    """Blanks apart, within strings too: those are taken from the value, and without them tokens stay what they are."""
    if text.isascii() and not again.isascii():
        again = again.decode().encode("ascii", _ESCAPING)
    return again.translate(None, _BLANK) == text.translate(None, _BLANK)


def _all_named(again: bytes, text: bytes) -> bool:
    """Whether there are as many names, told by quotes before colons, as strings may begin with colons too.

    Of those ``again`` has no more than the text, where no ASCII character hides in an escape there.
    """
    count = len(_NAME.findall(_ESCAPE.sub(b"", again)))
    return _ASCII_ESCAPED.search(text) is None and count == len(_NAME.findall(_ESCAPE.sub(b"", text)))


def _escaped(error: UnicodeError) -> tuple[str, int]:
    """Letters as Python's and others' writers of plain ASCII have them: ``\u00e9``."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return encode_basestring_ascii(error.object[error.start : error.end])[1:-1], error.end


codecs.register_error(_ESCAPING, _escaped)


def _slowly(text: bytes) -> tuple[Any, str]:
    try:
        made = json.loads(
            text.decode("utf-8"), parse_float=str, parse_int=str, parse_constant=_no_constant,
            object_pairs_hook=_no_repeats,
        )  # fmt: skip
        if b"\\ud" in text.lower():
            json.dumps(made, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        reason = "half a character"
    except UnicodeDecodeError:
        reason = "bytes that are no UTF-8"
    except RecursionError:
        reason = "nested too deeply"
    except ValueError as error:
        reason = "a name that stands twice in one object" if error.args == (_TWICE,) else "no JSON"
    else:
        reason = "nested too deeply" if _depth(made) > _DEEPEST else ""
    return (None, reason) if reason else (made, "")


def _depth(value: Any) -> int:
    deepest, level = 0, [value]
    while level:
        deepest += 1
        level = [
            each for part in level
            for each in (part.values() if isinstance(part, dict) else part if isinstance(part, list) else ())
        ]  # fmt: skip
    return deepest


def _no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError(_TWICE)
    return made


def _no_constant(_: str) -> NoReturn:
    raise ValueError("NaN and Infinity are no JSON")
