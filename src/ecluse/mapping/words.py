"""Labels of analyses as words: folded, split, with the specimen and the time taken out of them.

``Glucose urinaire 24h`` names the analyte glucose, the system urine, and a day's collection. French and English.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache

__all__ = ["Label", "fold", "read_label", "same_system", "system_of"]

_LETTERS = str.maketrans({"œ": "oe", "æ": "ae", "ß": "ss", "β": "beta ", "α": "alpha ", "γ": "gamma ", "µ": "u",
                          "μ": "u", "Β": "beta ", "Α": "alpha ", "Γ": "gamma "})  # fmt: skip
_WORD = re.compile(r"[a-z0-9%+]+")
_STOP = frozenset((
    "de", "des", "du", "la", "le", "les", "l", "d", "en", "et", "au", "aux", "a", "of", "in", "the", "and", "ou", "sur",
    "par", "dosage", "mesure", "recherche", "test", "avec",
))  # fmt: skip
#: Word → LOINC's SYSTEM, as far as a word tells it.
_SYSTEMS = {
    **dict.fromkeys(("urine", "urines", "urinaire", "urinaires", "ur", "urin"), "Urine"),
    **dict.fromkeys(("lcr", "csf", "cerebrospinal", "cephalorachidien"), "CSF"),
    **dict.fromkeys(("selles", "selle", "stool", "fecal", "fecale", "feces", "faeces"), "Stool"),
    **dict.fromkeys(("sang", "blood", "sanguin", "sanguine", "sanguins", "whole"), "Bld"),
    **dict.fromkeys(("serum", "serique", "seriques", "plasma", "plasmatique", "plasmatiques", "srm"), "Ser/Plas"),
    **dict.fromkeys(("arteriel", "arterielle", "arteriels", "arterial"), "BldA"),
    **dict.fromkeys(("veineux", "veineuse", "venous"), "BldV"),
    **dict.fromkeys(("capillaire", "capillary"), "BldC"),
}
_DAY = re.compile(r"\b(?:des? )?24 ?(?:h|hr|hrs|heures?|hours?)\b")
_BLOOD = frozenset({"Bld", "Ser/Plas", "Ser", "Plas", "PPP", "BldA", "BldV", "BldC", "RBC", "Ser/Plas/Bld", "Bld/Tiss"})


@dataclass(frozen=True, slots=True)
class Label:
    """One label: its words about the analyte, all of them run together, the system and whether it is of a whole day."""

    words: tuple[str, ...]
    run: str
    system: str = ""
    day: bool = False


def fold(text: str) -> str:
    """Without accents, case and Greek."""
    flat = unicodedata.normalize("NFKD", text.translate(_LETTERS).casefold().translate(_LETTERS))
    return "".join(c for c in flat if not unicodedata.combining(c))


@cache
def read_label(text: str) -> Label:
    """A label's parts; words of the specimen stay in it where there would be nothing else."""
    flat = fold(text)
    day = _DAY.search(flat) is not None
    words = [word for word in _WORD.findall(_DAY.sub(" ", flat)) if word not in _STOP]
    systems = [_SYSTEMS[word] for word in words if word in _SYSTEMS]
    rest = tuple(word for word in words if word not in _SYSTEMS) or tuple(words)
    # "sang artériel" says artery; "BldA" is the better of the two.
    system = next((s for s in systems if s in {"BldA", "BldV", "BldC"}), systems[0] if systems else "")
    return Label(rest, "".join(rest), system, day)


def system_of(specimen: str) -> str:
    """The LOINC system that the text of a specimen's kind names; empty where it says nothing to us."""
    label = read_label(specimen)
    return label.system


def same_system(told: str, system: str) -> bool | None:
    """Whether a told system can be LOINC's: None where nothing is told. Serum is told as blood more often than not."""
    if not told or not system or system in {"XXX", "^Patient"}:
        return None
    if told == system:
        return True
    if told in {"Bld", "Ser/Plas"}:
        return system in _BLOOD - {"BldA", "BldV", "BldC"}
    return False
