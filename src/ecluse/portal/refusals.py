"""Errors in the reader's language."""

from dataclasses import dataclass

from ecluse.control.messages import french
from ecluse.domain.errors import EcluseError
from ecluse.portal.words import speaks_french


@dataclass(frozen=True, slots=True)
class Said:
    """What, where, and what to do."""

    message: str
    place: str
    hint: str


def said(error: EcluseError) -> Said:
    """An error's parts, for a page."""
    return Said(_here(error.message), str(error.location or ""), _here(error.hint or ""))


def _here(text: str) -> str:
    return (french(text) or text) if speaks_french() else text
