"""JSON text built column by column: a fragment is an Arrow string array, null where the member is absent.

No Python object stands for a row or a value: a resource's text is joined out of its columns' texts in C++.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["array", "literal", "object_", "quoted", "unquoted"]

_SHORT = {"\b": r"\b", "\f": r"\f", "\n": r"\n", "\r": r"\r", "\t": r"\t"}
_CONTROLS = [chr(code) for code in range(0x20)]


def literal(text: str) -> str:
    """A constant text as JSON."""
    return quoted(pa.array([text]))[0].as_py()  # type: ignore[no-any-return]


def quoted(texts: Any) -> Any:
    """Texts → JSON strings, null for null; RFC 8259 section 7, everything but quotes and controls as it is."""
    special = pc.match_substring_regex(texts, r'["\\\x00-\x1f]')
    if pc.any(special).as_py():
        texts = pc.replace_substring(texts, "\\", "\\\\")
        texts = pc.replace_substring(texts, '"', '\\"')
        if pc.any(pc.match_substring_regex(texts, r"[\x00-\x1f]")).as_py():
            for control in _CONTROLS:
                texts = pc.replace_substring(texts, control, _SHORT.get(control, f"\\u{ord(control):04x}"))
    return pc.binary_join_element_wise('"', texts, '"', "")


def unquoted(texts: Any) -> Any:
    """What stands between the quotes of JSON strings that need no escape; for texts known to be plain."""
    return pc.binary_join_element_wise('"', texts, '"', "")


def object_(members: Iterable[tuple[str, Any]], constants: Mapping[str, str] | None = None) -> Any:
    """An object of the members that are there, after the constants; null where none is but constants.

    ``constants`` are JSON texts by name.
    """
    parts = [pc.binary_join_element_wise(f',"{name}":', value, "") for name, value in members]
    return _enclosed("{", parts, "}", ",".join(f'"{name}":{value}' for name, value in (constants or {}).items()))


def array(items: Iterable[Any]) -> Any:
    """An array of the items that are there; null where there is none."""
    return _enclosed("[", [pc.binary_join_element_wise(",", item, "") for item in items], "]", "")


def _enclosed(opening: str, parts: list[Any], closing: str, before: str) -> Any:
    # Arrow's null_handling="skip" drops the rows where all parts are null (pyarrow 26); so each part brings its comma.
    joined = parts[0]
    if len(parts) > 1:
        joined = pc.binary_join_element_wise(*parts, "", null_handling="replace", null_replacement="")
        joined = pc.if_else(pc.equal(pc.binary_length(joined), 0), pa.scalar(None, pa.string()), joined)
    if not before:
        joined = pc.binary_replace_slice(joined.cast(pa.binary()), 0, 1, b"").cast(pa.string())
    return pc.binary_join_element_wise(opening + before, joined, closing, "")
