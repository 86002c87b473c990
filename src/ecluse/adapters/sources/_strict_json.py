"""JSON that has one meaning only, or the reason why a text is none."""

import json
from typing import Any, NoReturn

_TWICE = "twice"


def parsed(text: bytes, *, digits: bool = False) -> tuple[Any, str]:
    """The value and ``""``, or None and why there is none; with ``digits``, numbers as the texts that they are."""
    number = str if digits else None
    try:
        made = json.loads(
            text.decode("utf-8"), parse_float=number, parse_int=number, parse_constant=_no_constant,
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
        return made, ""
    return None, reason


def _no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError(_TWICE)
    return made


def _no_constant(_: str) -> NoReturn:
    raise ValueError("NaN and Infinity are no JSON")
