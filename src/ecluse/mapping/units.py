"""Unit texts of French and English laboratories read as UCUM.

A text may have two readings: ``G/L`` is giga, or grams in a system that prints capitals. Nothing is converted: the text
always travels beside what is read into it.

The table is from general knowledge, not reviewed by a biologist; tests hold every reading against a UCUM library.
"""

import re
import unicodedata
from functools import cache
from itertools import product

__all__ = ["readings"]

_BASES = {"g": "g", "mol": "mol", "l": "L", "u": "U", "ui": "[IU]", "iu": "[IU]", "eq": "eq", "osm": "osm",
          "osmol": "osm", "kat": "kat", "pa": "Pa", "mmhg": "mm[Hg]"}  # fmt: skip
_PREFIXES = ("", "k", "d", "c", "m", "u", "n", "p", "f")
#: As printed, case and all; several readings, likelier first.
_EXACT: dict[str, tuple[str, ...]] = {
    "G": ("10*9", "g"), "T": ("10*12",), "M": ("10*6",), "K": ("10*3",), "Giga": ("10*9",), "Tera": ("10*12",),
    "mL": ("mL",), "ML": ("mL",), "H": ("h",), "S": ("s",),
}  # fmt: skip
#: In any case.
_WORDS: dict[str, tuple[str, ...]] = {
    "": ("",), "%": ("%",), "pourcent": ("%",), "‰": ("[ppth]",), "ratio": ("{ratio}",), "inr": ("{INR}",),
    "index": ("{index}",), "indice": ("{index}",), "ph": ("[pH]",), "[ph]": ("[pH]",), "log": ("{Log}",),
    # masses and volumes
    "mcg": ("ug",), "gamma": ("ug",), "litre": ("L",), "lit": ("L",), "mm3": ("mm3",), "mmc": ("mm3",),
    "cm3": ("cm3",), "cc": ("mL",), "100ml": ("dL",), "mm": ("mm",), "cm": ("cm",),
    # what is counted
    "giga": ("10*9",), "tera": ("10*12",), "milliers": ("10*3",), "mille": ("10*3",), "millions": ("10*6",),
    "copies": ("{copies}",), "cp": ("{copies}",), "cop": ("{copies}",), "cellules": ("{cells}",),
    "cells": ("{cells}",), "cell": ("{cells}",), "ufc": ("[CFU]",), "cfu": ("[CFU]",), "germes": ("[CFU]",),
    "hpf": ("[HPF]",), "champ": ("[HPF]",), "100wbc": ("100{WBCs}",), "100gb": ("100{WBCs}",),
    "uarb": ("[arb'U]",), "ua": ("[arb'U]",), "au": ("[arb'U]",),
    # times
    "h": ("h",), "heure": ("h",), "1h": ("h",), "1hre": ("h",), "1ereh": ("h",), "1ereheure": ("h",), "min": ("min",),
    "mn": ("min",), "s": ("s",), "sec": ("s",), "secs": ("s",), "seconde": ("s",), "secondes": ("s",),
    "seconds": ("s",), "j": ("d",), "jour": ("d",), "day": ("d",), "24h": ("(24.h)",), "24hr": ("(24.h)",),
    "24hrs": ("(24.h)",), "24heures": ("(24.h)",),
    # pressures
    "mmdehg": ("mm[Hg]",), "mm[hg]": ("mm[Hg]",),
    # of what, which UCUM leaves to the name
    "creat": ("",), "creatinine": ("",), "hb": ("",),
}  # fmt: skip
_WORDS |= {f"{prefix}{text}": (f"{prefix}{unit}",) for prefix, (text, unit) in product(_PREFIXES, _BASES.items())
           if not (prefix and unit == "mm[Hg]")}  # fmt: skip
_WORDS["dl"], _WORDS["pg"], _WORDS["d"] = ("dL",), ("pg",), ("d",)
_TEN = re.compile(r"(?:x|\*)?10(?:\^|\*\*?|e|exp)?([0-9]{1,2})", re.IGNORECASE)
_TEN_TIMES = re.compile(r"(?:x|\*)?10(?:\^|\*\*?|e|exp)([0-9]{1,2})(.+)", re.IGNORECASE)
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_POWERED = re.compile(r"10([⁰¹²³⁴⁵⁶⁷⁸⁹]+)")
_AREA = re.compile(r"/\(?1[.,]73\s*m?\s*[2²^]*2?\)?$", re.IGNORECASE)
_FIBRIN = re.compile(r"(.+?)\(?(FEU|DDU)\)?$", re.IGNORECASE)
_SIMPLE = re.compile(r"[!-~]+")
_MAX = 60


@cache
def readings(text: str) -> tuple[str, ...]:
    """What a unit text may mean in UCUM, likeliest first; empty where nobody would dare to say."""
    clean = _clean(text)
    if not clean or len(clean) > _MAX:
        return ()
    fibrin = _FIBRIN.fullmatch(clean)
    if fibrin and "{" not in clean:
        return tuple(_noted(unit, fibrin[2].upper()) for unit in readings(fibrin[1]))
    area = _AREA.search(clean)
    if area:
        clean = clean[: area.start()]
    parts = [_part(part) for part in clean.split("/")]
    if not all(parts):
        return ()
    found = dict.fromkeys(_joined(chosen) for chosen in product(*parts))
    return tuple(f"{unit}/{{1.73_m2}}" if area else unit for unit in found if unit)


def _clean(text: str) -> str:
    powers = _POWERED.sub(lambda m: f"10^{m[1].translate(_SUPERSCRIPTS)}", text.strip())
    flat = unicodedata.normalize("NFKC", powers).replace("μ", "u").replace("µ", "u")
    flat = unicodedata.normalize("NFKD", flat)
    return "".join(c for c in flat if not unicodedata.combining(c) and not c.isspace()).replace("×", "x")


def _part(text: str) -> tuple[str, ...]:
    if text in _EXACT:
        return _EXACT[text]
    ten = _TEN.fullmatch(text)
    if ten and int(ten[1]):
        return (f"10*{int(ten[1])}",)
    times = _TEN_TIMES.fullmatch(text)
    if times and _part(times[2]):
        return tuple(f"10*{int(times[1])}{'.' if unit[:1] != '{' else ''}{unit}" for unit in _part(times[2]))
    if text.startswith(("{", "[")) or text == "(24.h)":
        return (text,) if _SIMPLE.fullmatch(text) else ()
    bare = re.sub(r"\[iu\]", "ui", text.casefold()).removeprefix("(").removesuffix(")").rstrip(".")
    return _WORDS.get(bare, ())


def _joined(parts: tuple[str, ...]) -> str:
    first, *rest = parts
    rest = [part for part in rest if part]
    return "/".join([first, *rest]) if first or rest else ""


def _noted(unit: str, note: str) -> str:
    """Fibrinogen or D-dimer units: UCUM has no unit of theirs, an annotation says it."""
    over, slash, under = unit.partition("/")
    return f"{over}{{{note}}}{slash}{under}"
