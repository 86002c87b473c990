r"""Values as messages of segments write them, and back; exact both ways, or refused.

A value that is missing leaves its field empty; an empty text is the explicit null ``""`` (HL7 v2.5 2.5.3; that it
is HPRIM's too was not verified). Line ends become ``\.br\`` (LF) and ``\X0D\`` (CR).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from ecluse.adapters.destinations._columns import plain_text
from ecluse.adapters.sources._hl7v2_marks import Marks, unescaped
from ecluse.domain.errors import DestinationError

__all__ = ["UNTOLD", "Style", "date_text", "from_text", "plain", "to_text"]

_NULL = '""'
UNTOLD = "\0"
"""What a text becomes that a format cannot tell; its message is not written."""


@dataclass(frozen=True, slots=True)
class Style:
    """How a format writes text. ``literal``: how it writes the text ``""``, which else means an empty one."""

    marks: Marks
    escapes: Mapping[str, str]
    literal: str
    empty: str = _NULL
    """How it writes an empty text."""
    lenient: bool = False
    """NUL is not refused here: whoever writes the message looks for it."""


_ISO_DATE = r"^([0-9]{4})(?:-([0-9]{2}))?(?:-([0-9]{2}))?$"
_TIME = r"^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,4})?$"


def to_text(
    array: pa.ChunkedArray, name: str, style: Style, codes: Mapping[str, str] | None = None, *, partial: bool = False
) -> pa.Array:
    """A column's values, escaped, '' where there is none. Raises DestinationError naming the column, never a value."""
    kind = array.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        text = array.cast(pa.string())
        if codes:
            text = _coded(text, codes, name)
        elif partial:
            text = _undashed(text, name)
        return _escaped(text.combine_chunks(), name, style)
    text = plain(array, name)
    return pc.fill_null(text.combine_chunks(), "")


def plain(array: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    """Values of a typed column, as text; null where there is none."""
    kind = array.type
    if pa.types.is_decimal(kind):
        return plain_text(array)
    if pa.types.is_integer(kind):
        return array.cast(pa.string())
    if pa.types.is_boolean(kind):
        return pc.if_else(array, "Y", "N")
    if pa.types.is_date32(kind):
        text = array.cast(pa.string())
        _refuse(text, r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", name, "dates outside the years 0 to 9999")
        return pc.replace_substring(text, "-", "")
    if pa.types.is_timestamp(kind) and kind.tz is None:
        return date_text(array, name)
    raise DestinationError(f"{name}: a message has no way to write {kind}")


def date_text(array: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    """Times as ``YYYYMMDDHHMMSS[.SSSS]``, without an offset: whose clock it was is not known."""
    whole = array.cast(pa.timestamp("us")).cast(pa.string())
    seconds = pc.utf8_slice_codeunits(whole, 0, 19)
    fraction = pc.utf8_rtrim(pc.utf8_slice_codeunits(whole, 19), characters="0")
    text = pc.binary_join_element_wise(seconds, pc.if_else(pc.equal(fraction, "."), "", fraction), "")
    _refuse(text, _TIME, name, "times outside the years 0 to 9999, or finer than a tenth of a millisecond")
    return pc.replace_substring_regex(text, r"[- :]", "")


def from_text(
    raw: pa.Array, kind: pa.DataType, marks: Marks, codes: Mapping[str, str] | None = None, *, partial: bool = False
) -> pa.Array:
    """Escaped text of a message → a column of type ``kind``; the reverse of :func:`to_text`."""
    empty = pc.fill_null(pc.equal(raw, _NULL), fill_value=False)
    nothing = pc.fill_null(pc.equal(raw, ""), fill_value=True)
    text = pc.if_else(nothing, pa.scalar(None, pa.string()), pc.if_else(empty, "", unescaped(raw, marks)))
    if pa.types.is_string(kind):
        if codes:
            known = {code: value for value, code in codes.items()}
            at = pc.index_in(text, value_set=pa.array(list(known), pa.string()))
            text = pa.array(list(known.values()), pa.string()).take(at)
        if partial:
            text = pc.replace_substring_regex(text, r"^([0-9]{4})([0-9]{2})([0-9]{2})$", r"\1-\2-\3")
            text = pc.replace_substring_regex(text, r"^([0-9]{4})([0-9]{2})$", r"\1-\2")
        return text
    if pa.types.is_boolean(kind):
        return pc.equal(text, "Y")
    if pa.types.is_date32(kind):
        text = pc.replace_substring_regex(text, r"^([0-9]{4})([0-9]{2})([0-9]{2})$", r"\1-\2-\3")
    if pa.types.is_timestamp(kind):
        times = r"^([0-9]{4})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})"
        text = pc.replace_substring_regex(text, times, r"\1-\2-\3 \4:\5:\6")
        whole = pc.utf8_slice_codeunits(text, 0, 19)
        padded = pc.utf8_rpad(pc.utf8_slice_codeunits(text, 20), 6, "0")
        return pc.binary_join_element_wise(whole, padded, ".").cast(pa.timestamp("us")).cast(kind)
    return text.cast(kind)


def _escaped(text: pa.Array, name: str, style: Style) -> pa.Array:
    if not style.lenient:
        _refuse(text, r"^[^\x00]*$", name, "a NUL character")
    empty, literal = pc.equal(text, ""), pc.equal(text, _NULL)
    for mark, escape in style.escapes.items():
        if pc.any(pc.match_substring(text, mark)).as_py():
            text = pc.replace_substring(text, mark, escape)
    text = pc.if_else(empty, style.empty, pc.if_else(literal, style.literal, text))
    return pc.fill_null(text, "")


def _coded(text: pa.ChunkedArray, codes: Mapping[str, str], name: str) -> pa.ChunkedArray:
    at = pc.index_in(text, value_set=pa.array(list(codes), pa.string()))
    unknown = (pc.sum(pc.and_(pc.is_null(at), pc.is_valid(text))).as_py()) or 0
    if unknown:
        raise DestinationError(f"{name}: {unknown} rows have a value that the profile's values do not know")
    return pa.chunked_array([pa.array(list(codes.values()), pa.string())]).take(at)


def _undashed(text: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    """``1950-07`` → ``195007``; what is no reduced date stays, unless it could then be taken for one."""
    bare = pc.match_substring_regex(text, r"^[0-9]{6}$|^[0-9]{8}$")
    if pc.any(bare).as_py():
        raise DestinationError(f"{name}: {pc.sum(bare).as_py()} rows have no date of the form YYYY-MM-DD")
    dated = pc.match_substring_regex(text, _ISO_DATE)
    return pc.if_else(dated, pc.replace_substring(text, "-", ""), text)


def _refuse(text: pa.Array | pa.ChunkedArray, pattern: str, name: str, why: str) -> None:
    bad = pc.sum(pc.invert(pc.match_substring_regex(text, pattern))).as_py() or 0
    if bad:
        raise DestinationError(f"{name}: {bad} rows cannot be written in a message: {why}")
