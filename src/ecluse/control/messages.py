"""Errors in French, for the command line and the control room. The layers speak English, the language of logs.

Patterns are tried in order, then templates, the wordiest first; what none matches stays English rather than being
guessed at. A test finds every text that an error of ours can say, and refuses one that has no French.
"""

import re
from functools import cache

from ecluse.control.messages_fr import FRENCH
from ecluse.control.messages_fr_access import FRENCH_ACCESS
from ecluse.control.messages_fr_affected import FRENCH_AFFECTED
from ecluse.control.messages_fr_agents import FRENCH_AGENTS
from ecluse.control.messages_fr_alerts import FRENCH_ALERTS
from ecluse.control.messages_fr_carried import FRENCH_CARRIED
from ecluse.control.messages_fr_fhir import FRENCH_FHIR
from ecluse.control.messages_fr_formats import FRENCH_FORMATS
from ecluse.control.messages_fr_incidents import FRENCH_INCIDENTS
from ecluse.control.messages_fr_inspect import FRENCH_INSPECT
from ecluse.control.messages_fr_odbc import FRENCH_ODBC
from ecluse.control.messages_fr_papers import FRENCH_PAPERS
from ecluse.control.messages_fr_passkeys import FRENCH_PASSKEYS
from ecluse.control.messages_fr_people import FRENCH_PEOPLE
from ecluse.control.messages_fr_proofs import FRENCH_PROOFS
from ecluse.control.messages_fr_relay import FRENCH_RELAY
from ecluse.control.messages_fr_room import FRENCH_ROOM
from ecluse.control.messages_fr_rows import FRENCH_ROWS
from ecluse.control.messages_fr_rules import FRENCH_RULES
from ecluse.control.messages_fr_run import FRENCH_RUN
from ecluse.control.messages_fr_supervision import FRENCH_SUPERVISION
from ecluse.control.messages_fr_systems import FRENCH_SYSTEMS
from ecluse.control.messages_fr_tracing import FRENCH_TRACING
from ecluse.control.messages_fr_warnings import FRENCH_WARNINGS
from ecluse.control.messages_fr_watch import FRENCH_WATCH
from ecluse.control.phrases import Phrases

TEMPLATES = (
    FRENCH_RULES | FRENCH_ROWS | FRENCH_SYSTEMS | FRENCH_ODBC | FRENCH_FORMATS | FRENCH_PROOFS | FRENCH_PASSKEYS
    | FRENCH_PAPERS | FRENCH_ACCESS | FRENCH_FHIR | FRENCH_PEOPLE | FRENCH_ROOM | FRENCH_AGENTS
    | FRENCH_SUPERVISION | FRENCH_WARNINGS | FRENCH_WATCH
    | FRENCH_INCIDENTS | FRENCH_ALERTS | FRENCH_RELAY | FRENCH_CARRIED | FRENCH_INSPECT
    | FRENCH_TRACING | FRENCH_AFFECTED
)  # fmt: skip
_TEMPLATES = Phrases(TEMPLATES)
_HEAD = re.compile(r"([\w.+/-]+): (.+)", re.DOTALL)


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(pattern, re.DOTALL), french) for pattern, french in (*FRENCH, *FRENCH_RUN))


def french(message: str) -> str | None:
    """A message's or a hint's French; None where it has none."""
    for pattern, words in _patterns():
        match = pattern.fullmatch(message)
        if match:
            return match.expand(words).replace(" or ", " ou ")
    found = _TEMPLATES.of(message, french)
    if found is not None:
        return found.replace(" or ", " ou ")
    head = _HEAD.fullmatch(message)
    rest = french(head[2]) if head else None
    return f"{head[1]} : {rest}" if head and rest else None
