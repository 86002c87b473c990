"""Errors in the reader's language."""

from dataclasses import dataclass

from ecluse.domain.errors import EcluseError


@dataclass(frozen=True, slots=True)
class Said:
    """What, where, and what to do."""

    message: str
    place: str
    hint: str


def said(error: EcluseError) -> Said:
    """An error's parts, for a page."""
    return Said(error.message, str(error.location or ""), error.hint or "")
