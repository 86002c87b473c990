"""French and English: every text a person reads is written as a pair, where it is used.

``tr("two words", "deux mots")`` gives the one of the current language; :class:`Text` is the pair itself, for help
that is rendered later. A test reads the source of every command and refuses a pair that lacks a half.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

LANGUAGES = ("en", "fr")
_VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")


@dataclass(frozen=True, slots=True)
class Text:
    """One text in both languages."""

    en: str
    fr: str

    def __str__(self) -> str:
        """In the current language."""
        return tr(self.en, self.fr)


class _Current:
    language = "en"


def use(language: str) -> None:
    """Speak this language from now on."""
    _Current.language = language


def language() -> str:
    """The language spoken: ``en`` or ``fr``."""
    return _Current.language


def tr(en: str, fr: str) -> str:
    """The one of two texts that the reader understands."""
    return fr if _Current.language == "fr" else en


def preferred(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> str:
    """The language that ``--lang`` asks for, anywhere on the command line, else that of the locale, else English."""
    for place, argument in enumerate(arguments):
        if argument == "--":
            break
        wanted = argument.removeprefix("--lang=") if argument.startswith("--lang=") else None
        if argument == "--lang" and place + 1 < len(arguments):
            wanted = arguments[place + 1]
        if wanted in LANGUAGES:
            return wanted
    locale = next((environment[name] for name in _VARIABLES if environment.get(name)), "")
    return "fr" if locale.lower().startswith("fr") else "en"
