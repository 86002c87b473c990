"""French and English: every text is written as a pair where it is used, as in the command line; none can be missing."""

from dataclasses import dataclass

from django.utils.functional import lazy
from django.utils.translation import get_language

from ecluse.control.report_words import Lang


def speaks_french() -> bool:
    """Whether the reader of the present request reads French."""
    return (get_language() or "fr").startswith("fr")


def tr(en: str, fr: str) -> str:
    """The one of two texts that the reader understands."""
    return fr if speaks_french() else en


def language() -> Lang:
    """The language that the reader of the present request reads."""
    return "fr" if speaks_french() else "en"


later = lazy(tr, str)
"""The same for what is made once and shown to many: a form's labels and helps."""


@dataclass(frozen=True, slots=True)
class Text:
    """One text in both languages; ``str`` is the reader's."""

    en: str
    fr: str

    def __str__(self) -> str:
        """In the language of the present request."""
        return tr(self.en, self.fr)
