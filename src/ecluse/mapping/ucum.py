"""UCUM units as laboratories use them: what is measured per what, and how much of it.

A small part of UCUM (prefixes, the atoms below, ``/``, ``.``, powers of ten, annotations), enough to tell whether a
unit can belong to a LOINC property and whether two units are of one kind. Factors serve to compare orders of magnitude
while ranking; no value is ever converted. Tests hold this reading against a full UCUM library.
"""

import re
from dataclasses import dataclass
from functools import cache

__all__ = ["Measure", "measure"]

_PREFIXES = {"": 1.0, "k": 1e3, "h": 1e2, "d": 1e-1, "c": 1e-2, "m": 1e-3, "u": 1e-6, "n": 1e-9, "p": 1e-12, "f": 1e-15}
#: Atom → (kind, size in the kind's base: g, mol, L, s, U, Pa, m). Arbitrary units are of one kind, whatever their name.
_METRIC = {
    "g": ("mass", 1.0), "mol": ("amount", 1.0), "L": ("volume", 1.0), "l": ("volume", 1.0), "s": ("time", 1.0),
    "kat": ("catalytic", 6e7), "U": ("catalytic", 1.0), "[IU]": ("arbitrary", 1.0), "eq": ("amount", 1.0),
    "osm": ("osmoles", 1.0), "Pa": ("pressure", 1.0), "m[Hg]": ("pressure", 133322.0), "m": ("length", 1.0),
}  # fmt: skip
_PLAIN = {
    "min": ("time", 60.0), "h": ("time", 3600.0), "d": ("time", 86400.0), "%": ("share", 1e-2),
    "[ppth]": ("share", 1e-3),
    "[pH]": ("ph", 1.0), "[arb'U]": ("arbitrary", 1.0), "[CFU]": ("number", 1.0), "[GPL'U]": ("arbitrary", 1.0),
    "[MPL'U]": ("arbitrary", 1.0), "mm3": ("volume", 1e-6), "cm3": ("volume", 1e-3), "m2": ("area", 1.0),
}  # fmt: skip
_ANNOTATION = re.compile(r"\{([^{}]*)\}")
_POWER = re.compile(r"10[*^](-?[0-9]{1,2})")
_RATIO = re.compile(r"ratio|inr|index|titer|s/co", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Measure:
    """What a unit measures, per what ("" for nothing), and its size in base units."""

    of: str
    per: str
    size: float


@cache
def measure(unit: str) -> Measure | None:
    """The measure of a UCUM unit; None where this small reading does not know it."""
    if "1.73_m2" in unit:
        unit, area = unit.replace("/{1.73_m2}", ""), True
    else:
        area = False
    numerator, *denominators = _sides(unit)
    of = _term(numerator)
    pers = [_term(each) for each in denominators]
    if of is None or None in pers or len(pers) > 1:
        return None
    per, size = ("", of[1]) if not pers or pers[0] is None else (pers[0][0], of[1] / pers[0][1])
    return Measure(of[0], f"{per}+area" if area else per, size)


def _sides(unit: str) -> list[str]:
    """Parts around the slashes, those in parentheses whole."""
    parts, depth, at = [""], 0, 0
    for character in unit:
        depth += (character == "(") - (character == ")")
        if character == "/" and not depth:
            parts.append("")
            at += 1
        else:
            parts[at] += character
    return parts


def _term(text: str) -> tuple[str, float] | None:
    """A product: one kind, and what multiplies it."""
    noted = _ANNOTATION.findall(text)
    text = _ANNOTATION.sub("", text).removeprefix("(").removesuffix(")")
    kind, size = "", 1.0
    for factor in text.split(".") if text else []:
        read = _factor(factor)
        if read is None or (kind and read[0]):
            return None
        kind, size = kind or read[0], size * read[1]
    if kind:
        return kind, size
    if noted and _RATIO.search(noted[0]):
        return "ratio", size
    return "number", size


def _factor(text: str) -> tuple[str, float] | None:
    power = _POWER.fullmatch(text)
    if power:
        return "", 10.0 ** int(power[1])
    if text.isascii() and text.isdigit():
        return "", float(text)
    if text in _PLAIN:
        return _PLAIN[text]
    for atom, (kind, size) in _METRIC.items():
        prefix = text.removesuffix(atom)
        if text.endswith(atom) and prefix in _PREFIXES:
            return kind, _PREFIXES[prefix] * size
    return None
