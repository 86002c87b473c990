"""Errors in the language of whoever reads the terminal; the French is :mod:`ecluse.control.messages`'."""

from ecluse.cli._text import language
from ecluse.control.messages import TEMPLATES, french

__all__ = ["TEMPLATES", "translated"]


def translated(message: str) -> str:
    """A message or a hint in the reader's language."""
    return message if language() != "fr" else french(message) or message
