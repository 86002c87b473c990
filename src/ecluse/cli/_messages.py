"""Errors in French. Layers below speak English, the language of logs; here, at the edge, the reader's.

Patterns are tried in order; what none matches stays English rather than being guessed at.
"""

import re
from functools import cache

from ecluse.cli._messages_fr import FRENCH
from ecluse.cli._messages_fr_run import FRENCH_RUN
from ecluse.cli._text import language


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(pattern, re.DOTALL), french) for pattern, french in (*FRENCH, *FRENCH_RUN))


def translated(message: str) -> str:
    """A message or a hint in the reader's language."""
    if language() != "fr":
        return message
    for pattern, french in _patterns():
        match = pattern.fullmatch(message)
        if match:
            return match.expand(french).replace(" or ", " ou ")
    return message
