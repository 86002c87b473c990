"""Catalogue values as exact texts and back, and the texts that a FHIR string can hold.

A FHIR string is never empty, and servers may trim it, so a text that has no letter, is blank at an end or holds
control characters travels as its own JSON text, quotes included: ``"DUPONT "``. A text that begins with a quote
does too, so that the two forms never meet.
"""

import json
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from ecluse.adapters.destinations._columns import plain_text
from ecluse.domain.errors import DestinationError

__all__ = ["as_text", "cleaned", "from_text", "plain", "unwired", "wired"]

MOST_CHARACTERS = 1 << 20
"""FHIR R4, datatypes, string: no more than 1,048,576 characters."""
_CONTROLS = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"
_BLANK_TO_SOME = r"^\x{FEFF}|\x{FEFF}$"
"""JavaScript's white space has one character that Unicode's has not."""
_FALSE = pa.scalar(value=False)


def as_text(values: Any) -> Any:
    """Any column of the wire as exact texts: decimals without trailing zeros, bytes in base64."""
    kind = values.type
    if pa.types.is_string(kind):
        return values
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return pl.Series(values).bin.encode("base64").to_arrow().cast(pa.string())
    if pa.types.is_decimal(kind):
        return _whole(plain_text(pa.chunked_array([values])))
    return values.cast(pa.string())


def from_text(texts: Any, kind: pa.DataType, name: str) -> Any:
    """The column that ``as_text`` made these texts of. Raises DestinationError naming the column."""
    try:
        if pa.types.is_string(kind):
            return texts
        if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
            return pl.Series(texts).str.decode("base64").to_arrow().cast(kind)
        if pa.types.is_boolean(kind):
            known = pc.is_in(texts, value_set=pa.array(["true", "false", None]))
            if pc.all(known).as_py() is not False:
                return pc.equal(texts, "true")
        else:
            return texts.cast(kind)
    except (pa.ArrowException, pl.exceptions.PolarsError):
        pass
    raise DestinationError(f"column {name} of the target holds values that cannot have been loaded")


def plain(texts: Any) -> Any:
    """Which texts a FHIR string holds as they are; null for null."""
    trimmed = pc.utf8_trim_whitespace(texts)
    good = pc.and_(pc.equal(trimmed, texts), pc.greater(pc.binary_length(texts), 0))
    odd = pc.or_(pc.match_substring_regex(texts, f"{_CONTROLS}|{_BLANK_TO_SOME}"), pc.starts_with(texts, '"'))
    return pc.and_not(good, odd)


def wired(texts: Any, name: str) -> Any:
    """Texts as FHIR strings, exactly. Raises DestinationError for one too long, naming the column."""
    keep = pc.fill_null(plain(texts), pa.scalar(value=True))
    if not pc.all(keep).as_py():
        texts = _mended(texts, pc.invert(keep), json.dumps)
    longest = pc.max(pc.binary_length(texts)).as_py() or 0
    if longest > MOST_CHARACTERS:
        rows = pc.sum(pc.greater(pc.utf8_length(texts), MOST_CHARACTERS)).as_py()
        if rows:
            raise DestinationError(f"column {name}: {rows} texts are longer than FHIR's 1,048,576 characters")
    return texts


def unwired(texts: Any) -> Any:
    """What ``wired`` was given; a text that it cannot have made stays as it is."""
    odd = pc.fill_null(pc.starts_with(texts, '"'), _FALSE)
    return _mended(texts, odd, _loaded) if pc.any(odd).as_py() else texts


def cleaned(texts: Any) -> Any:
    """Texts for people to read where the exact one is no FHIR string: controls and blanks at the ends left out."""
    shown = pc.utf8_trim_whitespace(pc.replace_substring_regex(texts, f"{_CONTROLS}|\ufeff", " "))
    shown = pc.utf8_slice_codeunits(shown, 0, MOST_CHARACTERS)
    return pc.if_else(pc.equal(pc.binary_length(shown), 0), pa.scalar(None, pa.string()), shown)


def _mended(texts: Any, where: Any, mend: Any) -> Any:
    # Too few for the loop to matter: only texts that no FHIR string holds.
    some = pa.array([mend(text) for text in texts.filter(where).to_pylist()], pa.string())
    return pc.replace_with_mask(texts, where, some)


def _loaded(text: str) -> str:
    try:
        made = json.loads(text)
    except ValueError:
        return text
    return made if isinstance(made, str) else text


def _whole(texts: Any) -> Any:
    return texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
