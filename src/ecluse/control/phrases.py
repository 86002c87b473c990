"""Sentences in French by their English templates: ``{}`` stands for what varies, and ``{1}``, ``{2}`` for it in French.

``{1t}`` is itself a sentence to be translated. The wordiest template that fits is taken.
"""

import re
from collections.abc import Callable, Mapping
from functools import cached_property

_PLACE = re.compile(r"\{(\d)(t?)\}")


class Phrases:
    """Templates of one kind of text."""

    def __init__(self, templates: Mapping[str, str]) -> None:
        """Nothing is compiled before it is needed."""
        self._given = templates

    @cached_property
    def _templates(self) -> tuple[tuple[re.Pattern[str], str], ...]:
        wordiest = sorted(self._given.items(), key=lambda each: -len(each[0].replace("{}", "")))
        return tuple(
            (re.compile("(.*?)".join(map(re.escape, english.split("{}"))), re.DOTALL), french)
            for english, french in wordiest
        )

    def of(self, text: str, within: Callable[[str], str | None] | None = None) -> str | None:
        """The French of an English text; None where no template fits. ``within`` translates ``{1t}``."""
        inner = within or self.of
        for pattern, french in self._templates:
            if match := pattern.fullmatch(text):
                return _filled(french, match.groups(), inner)
        return None


def _filled(french: str, values: tuple[str, ...], inner: Callable[[str], str | None]) -> str:
    def value(place: re.Match[str]) -> str:
        found = values[int(place[1]) - 1]
        return (inner(found) or found) if place[2] else found

    return _PLACE.sub(value, french)
