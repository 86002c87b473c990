"""Errors in French. Layers below speak English, the language of logs; here, at the edge, the reader's.

Patterns are tried in order, then templates, the wordiest first; what none matches stays English rather than being
guessed at. A test finds every text that an error of ours can say, and refuses one that has no French.
"""

import re
from functools import cache

from ecluse.cli._messages_fr import FRENCH
from ecluse.cli._messages_fr_access import FRENCH_ACCESS
from ecluse.cli._messages_fr_fhir import FRENCH_FHIR
from ecluse.cli._messages_fr_formats import FRENCH_FORMATS
from ecluse.cli._messages_fr_odbc import FRENCH_ODBC
from ecluse.cli._messages_fr_passkeys import FRENCH_PASSKEYS
from ecluse.cli._messages_fr_proofs import FRENCH_PROOFS
from ecluse.cli._messages_fr_rows import FRENCH_ROWS
from ecluse.cli._messages_fr_rules import FRENCH_RULES
from ecluse.cli._messages_fr_run import FRENCH_RUN
from ecluse.cli._messages_fr_systems import FRENCH_SYSTEMS
from ecluse.cli._text import language
from ecluse.control.phrases import Phrases

TEMPLATES = (
    FRENCH_RULES | FRENCH_ROWS | FRENCH_SYSTEMS | FRENCH_ODBC | FRENCH_FORMATS | FRENCH_PROOFS | FRENCH_PASSKEYS
    | FRENCH_ACCESS | FRENCH_FHIR
)  # fmt: skip
_TEMPLATES = Phrases(TEMPLATES)
_HEAD = re.compile(r"([\w.+/-]+): (.+)", re.DOTALL)


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(pattern, re.DOTALL), french) for pattern, french in (*FRENCH, *FRENCH_RUN))


def translated(message: str) -> str:
    """A message or a hint in the reader's language."""
    if language() != "fr":
        return message
    return _french(message) or message


def _french(message: str) -> str | None:
    for pattern, french in _patterns():
        match = pattern.fullmatch(message)
        if match:
            return match.expand(french).replace(" or ", " ou ")
    found = _TEMPLATES.of(message, _french)
    if found is not None:
        return found.replace(" or ", " ou ")
    head = _HEAD.fullmatch(message)
    rest = _french(head[2]) if head else None
    return f"{head[1]} : {rest}" if head and rest else None
