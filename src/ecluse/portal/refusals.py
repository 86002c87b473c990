"""Errors in the reader's language."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ecluse.control.messages import french
from ecluse.domain.errors import EcluseError
from ecluse.domain.permissions import MAY, Action, Role, Side
from ecluse.portal.labels import ROLES, SIDES
from ecluse.portal.words import speaks_french, tr
from ecluse.wire.artefacts import Problem


@dataclass(frozen=True, slots=True)
class Said:
    """What, where, and what to do."""

    message: str
    place: str
    hint: str


def said(error: EcluseError) -> Said:
    """An error's parts, for a page."""
    lacking = _LACKING.fullmatch(error.message)
    if lacking and lacking[1] in set(Action):
        return _who_may(Action(lacking[1]))
    return Said(_here(error.message), str(error.location or ""), _here(error.hint or ""))


def in_words(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Problems of a draft, in the reader's language."""
    return tuple(Problem(each.path, _here(each.message)) for each in problems)


_LACKING = re.compile(r"your role does not allow (\S+)")


def _who_may(action: Action) -> Said:
    """Who may do it, in the words that the room has for roles: the heading says the rest."""
    allowed = MAY[action]
    named = []
    for role in Role:
        sides = [side for side in Side if (side, role) in allowed]
        if sides:
            where = "" if len(sides) == len(Side) else f" ({SIDES[sides[0]]})"
            named.append(f"{ROLES[role]}{where}")
    return Said("", "", tr(f"Who may: {', '.join(named)}.", f"Qui le peut : {', '.join(named)}."))


def _here(text: str) -> str:
    return (french(text) or text) if speaks_french() else text
