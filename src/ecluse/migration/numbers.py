"""Numbers written as text, read exactly by their analysis's own rule, or not at all (domain.md section 3).

What is read: an optional comparator (``<``, ``<=``, ``≤``, ``inf. à``…), an optional minus, ASCII digits in the rule's
groups, the rule's decimal mark with one to ten decimals and, where the rule strips units, one trailing unit. Never an
exponent, a range, a plus sign, or a bare mark. Values go from text to decimal128(28,10) without passing through float.

A unit is ``%``, ``‰``, one that holds a slash (``g/dL``, ``/mm3``), or a key of the profile's ``units``; a unit that
starts with anything but a letter, ``/``, ``%``, ``‰``, ``°`` or ``µ`` needs a blank before it. Where the group mark is
a space, the no-break spaces U+00A0 and U+202F are one too.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ecluse.domain.profile import NumberRule

DECIMAL = pa.decimal128(28, 10)
"""Parsed numbers: 18 digits before the mark, 10 after."""

COMPARATORS: Mapping[str, str] = {
    "<": "<",
    ">": ">",
    "<=": "<=",
    ">=": ">=",
    "≤": "<=",
    "≥": ">=",
    "inf": "<",
    "sup": ">",
}
_BLANK = r"[ \t\x{00A0}\x{202F}]"
_COMPARATOR = rf"(?:<=|>=|<|>|≤|≥|(?i:inf|sup)\.?{_BLANK}?à)"
# An e before a digit would be an exponent; a digit right after a slash would be a titre or a date.
_ATOM = r"(?:[A-DF-Za-df-zµμ°][A-Za-zµμ]*[0-9]?|[Ee][A-Za-zµμ]+[0-9]?)"
_UNIT_SHAPE = rf"[%‰]|{_ATOM}?(?:/{_ATOM})+"
_PLAIN = r"^-?0*[0-9]{1,18}(?:\.[0-9]{1,10})?$"


@dataclass(frozen=True, slots=True)
class Numbers:
    """Texts read: a decimal128(28,10) and a comparator (``<``, ``<=``, ``>=``, ``>``) each, null where not a number."""

    value: pa.Array
    comparator: pa.Array


class NumberReader:
    """Reads one rule."""

    def __init__(self, rule: NumberRule, units: Collection[str] = ()) -> None:
        self._rule = rule
        self._pattern = _pattern(rule, units)

    def read(self, texts: pa.Array) -> Numbers:
        """Every text of a string array; each distinct text is read once."""
        encoded = pc.dictionary_encode(texts)
        found = self._distinct(encoded.dictionary)
        return Numbers(found.value.take(encoded.indices), found.comparator.take(encoded.indices))

    def _distinct(self, texts: pa.Array) -> Numbers:
        parts = pc.extract_regex(texts, self._pattern)
        number, sign = pc.struct_field(parts, "number"), pc.struct_field(parts, "comparator")
        if self._rule.group:
            marks = r"[ \x{00A0}\x{202F}]" if self._rule.group == " " else re.escape(self._rule.group)
            number = pc.replace_substring_regex(number, marks, "")
        if self._rule.decimal == ",":
            number = pc.replace_substring(number, ",", ".")
        value = decimals(number)
        return Numbers(value, pc.if_else(pc.is_valid(value), _comparators(sign), None))


def read_by_rule(
    texts: pa.Array, codes: pa.Array, readers: Mapping[str, NumberReader], default: NumberReader
) -> Numbers:
    """Texts, each by the reader of its code; by the default where the code has none."""
    encoded = pc.dictionary_encode(codes)
    chosen = [readers.get(code, default) for code in encoded.dictionary.to_pylist()]
    used = list({id(reader): reader for reader in (*chosen, default)}.values())
    places = {id(reader): place for place, reader in enumerate(used)}
    of_code = np.array([*(places[id(reader)] for reader in chosen), places[id(default)]], dtype=np.int64)
    of_row = of_code[pc.fill_null(encoded.indices, len(chosen)).to_numpy()]
    rows = [np.flatnonzero(of_row == place) for place in range(len(used))]
    if sum(len(r) > 0 for r in rows) <= 1:
        return next((used[i] for i, r in enumerate(rows) if len(r)), default).read(texts)
    found = [used[i].read(texts.take(pa.array(r))) for i, r in enumerate(rows) if len(r)]
    back = np.empty(len(texts), dtype=np.int64)
    back[np.concatenate(rows)] = np.arange(len(texts))
    return Numbers(
        pa.concat_arrays([f.value for f in found]).take(pa.array(back)),
        pa.concat_arrays([f.comparator for f in found]).take(pa.array(back)),
    )


def decimals(texts: pa.Array) -> pa.Array:
    """Plain decimals (``-12.50``) as decimal128(28,10); null for anything else, too many digits included."""
    plain = pc.if_else(pc.match_substring_regex(texts, _PLAIN), texts, None)
    return pc.replace_substring_regex(plain, r"^(-?)0+([0-9])", r"\1\2").cast(DECIMAL)


def shortest_decimals(floats: pa.Array) -> pa.Array:
    """Floats as the shortest decimal that reads back as the same float; null where that needs more digits than fit.

    ``0.1`` is 0.1, not 0.1000000000000000055…: what the source's own screen shows.
    """
    encoded = pc.dictionary_encode(floats)
    texts = encoded.dictionary.cast(pa.string())
    if pc.any(pc.match_substring(texts, "e")).as_py():
        spelt = [_spelt(text) for text in texts.to_pylist()]
        texts = pa.array(spelt, pa.string())
    return decimals(texts).take(encoded.indices)


def _spelt(text: str) -> str:
    """``1.5e-07`` written out, where it can fit at all."""
    match = re.fullmatch(r"(-?)([0-9])(?:\.([0-9]+))?e([+-]?[0-9]{1,2})", text)
    if match is None:
        return text
    sign, digits, power = match[1], match[2] + (match[3] or ""), int(match[4])
    point = 1 + power
    if point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    whole = digits.ljust(point, "0")
    return f"{sign}{whole[:point]}.{whole[point:]}" if whole[point:] else f"{sign}{whole}"


def _comparators(signs: pa.Array) -> pa.Array:
    word = pc.utf8_slice_codeunits(pc.utf8_lower(signs), 0, 3)
    at = pc.index_in(word, value_set=pa.array(list(COMPARATORS)))
    return pa.array(list(COMPARATORS.values())).take(at)


def _pattern(rule: NumberRule, units: Collection[str]) -> str:
    mark = r"[ \x{00A0}\x{202F}]" if rule.group == " " else re.escape(rule.group)
    whole = rf"(?:[0-9]{{1,3}}(?:{mark}[0-9]{{3}})+|[0-9]+)" if rule.group else "[0-9]+"
    fraction = rf"(?:{re.escape(rule.decimal)}[0-9]+)?" if rule.decimal else ""
    unit = f"(?:{_unit_pattern(units)})?" if rule.strip_unit else ""
    return rf"^\s*(?P<comparator>{_COMPARATOR})?{_BLANK}*(?P<number>-?{whole}{fraction}){unit}\s*$"


def _unit_pattern(units: Collection[str]) -> str:
    known = sorted(_escape(u) for u in units if re.match(r"[^\W\d_]|[/%‰°µμ]", u) and not re.match(r"[eE][0-9]", u))
    spaced = sorted(_escape(u) for u in units if u.strip())
    glued = "|".join((_UNIT_SHAPE, *known))
    return f"{_BLANK}*(?:{glued})" + (f"|{_BLANK}+(?:{'|'.join(spaced)})" if spaced else "")


def _escape(text: str) -> str:
    """As RE2 wants it: only ASCII punctuation is escaped."""
    return re.sub(r"([^\w\s])", lambda m: f"\\{m[1]}" if m[1].isascii() else m[1], text)
