"""Why a scan guesses what it guesses, in the reader's language; programs get it in English (``--json``)."""

from collections.abc import Mapping

from ecluse.cli._text import language
from ecluse.control.phrases import Phrases

_REASONS: Mapping[str, str] = {
    "its name": "son nom",
    "{} in {}": "{1} dans {2}",
    "leads to the patients": "mène aux patients",
    "results refer to it": "des résultats y renvoient",
    "requests refer to it": "des dossiers y renvoient",
    "a person said so": "quelqu'un l'a dit",
}
_FRENCH = Phrases(_REASONS)


def because(reasons: str) -> str:
    """The reasons of a guess, which stand one after the other between commas."""
    if language() != "fr":
        return reasons
    return ", ".join(_FRENCH.of(each) or each for each in reasons.split(", "))
