"""Which units can belong to a LOINC property (its PROPERTY and SCALE_TYP; LOINC Users' Guide, kinds of property).

From general knowledge of the property abbreviations, not reviewed by a biologist.
"""

from enum import IntEnum

from ecluse.mapping.ucum import Measure, measure


class Fit(IntEnum):
    """Whether a unit can belong to a property."""

    NO = 0
    UNKNOWN = 1
    YES = 2


_VOLUME = frozenset({"volume"})
_NONE = frozenset({""})
_SHARES = frozenset({"share", "ratio"})
#: Property → (what may be measured, per what).
_ALLOWED: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "MCnc": (frozenset({"mass"}), _VOLUME),
    "SCnc": (frozenset({"amount"}), _VOLUME),
    "CCnc": (frozenset({"catalytic", "arbitrary"}), _VOLUME),
    "ACnc": (frozenset({"arbitrary", "catalytic", "ratio", "number"}), _VOLUME | _NONE),
    "NCnc": (frozenset({"number"}), _VOLUME),
    "MFr": (_SHARES, _NONE), "NFr": (_SHARES, _NONE), "RelCCnc": (_SHARES, _NONE), "Ratio": (_SHARES, _NONE),
    "RelTime": (_SHARES | {"number"}, _NONE),
    "SFr": (frozenset({"share", "amount"}), frozenset({"", "amount"})),
    "VFr": (frozenset({"share", "volume"}), frozenset({"", "volume"})),
    "MRto": (frozenset({"mass"}), frozenset({"mass"})),
    "MCnt": (frozenset({"mass"}), frozenset({"mass"})),
    "MRat": (frozenset({"mass"}), frozenset({"time"})),
    "SRat": (frozenset({"amount"}), frozenset({"time"})),
    "VRat": (frozenset({"volume"}), frozenset({"time"})),
    "ArVRat": (frozenset({"volume"}), frozenset({"time+area", "time"})),
    "EntVol": (frozenset({"volume"}), _NONE),
    "EntMass": (frozenset({"mass"}), _NONE),
    "Vol": (frozenset({"volume"}), _NONE),
    "Time": (frozenset({"time"}), _NONE),
    "Vel": (frozenset({"length"}), frozenset({"", "time"})),
    "PPres": (frozenset({"pressure"}), _NONE),
    "Osmol": (frozenset({"osmoles"}), frozenset({"mass", "volume"})),
    "LsCnc": (frozenset({"ph", "number"}), _NONE),
    "Rden": (frozenset({"number", "mass"}), frozenset({"", "volume"})),
}  # fmt: skip
_UNITLESS = frozenset({"RelTime", "LsCnc", "Rden", "Ratio"})
_WORDS = frozenset({"Ord", "Nom", "Nar"})


def fit(prop: str, scale: str, units: tuple[str, ...], *, given: bool) -> tuple[Fit, str]:
    """Whether the best reading of a unit text can belong to a property, and which reading that is.

    Args:
        prop: LOINC's PROPERTY.
        scale: LOINC's SCALE_TYP.
        units: UCUM units that the text may mean; empty where it says nothing to us.
        given: whether there is a unit text at all.
    """
    if not given:
        return (Fit.YES if scale in _WORDS or prop in _UNITLESS else Fit.UNKNOWN), ""
    if scale in _WORDS:
        return Fit.NO, ""
    if prop not in _ALLOWED:
        return Fit.UNKNOWN, ""
    best, reading = (Fit.UNKNOWN, "") if not units else (Fit.NO, units[0])
    for unit in units:
        found = measure(unit)
        one = Fit.UNKNOWN if found is None else _allows(prop, found)
        if one > best:
            best, reading = one, unit
    return best, reading


def _allows(prop: str, unit: Measure) -> Fit:
    of, per = _ALLOWED[prop]
    if unit.of in of and unit.per in per:
        return Fit.YES
    # MCHC is often printed in %, meaning g/100 mL.
    return Fit.UNKNOWN if prop == "MCnc" and unit.of == "share" else Fit.NO
