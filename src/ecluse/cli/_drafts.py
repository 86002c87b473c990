"""Commented drafts, one file a language, that people fill in."""

from importlib.resources import files

from ecluse.cli._text import language


def draft(name: str) -> str:
    """The draft of that name in the current language."""
    return (files("ecluse.cli") / "drafts" / f"{name}.{language()}.yaml").read_text(encoding="utf-8")
