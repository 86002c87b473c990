"""Telling a control room's incident what ``ecluse trace`` concluded, and never the sample (R11)."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from ecluse.adapters.incidents import IncidentDesk
from ecluse.adapters.tokens import read_token
from ecluse.cli import _letters, _output
from ecluse.cli._app import FILE, option
from ecluse.cli._text import Text, tr
from ecluse.domain.errors import EcluseError, UsageError
from ecluse.migration.trace_asking import Answer
from ecluse.migration.trace_told import conclusion_of

room_option = option("--room", default=None, metavar="URL",
                     text=Text("Tell this control room what is concluded: https. Exports and counts, never a line.",
                               "Dire à cette salle de contrôle ce qui en ressort : https. Des exports et des nombres, "
                               "jamais une ligne."))  # fmt: skip
incident_option = option("--incident", default=None, metavar="NUMBER",
                         text=Text("The incident there that is told.", "L'incident auquel le dire."))  # fmt: skip
replaces_option = option("--replaces", type=click.IntRange(1), default=None, metavar="N",
                         text=Text("Take back conclusion N of that incident: what is concluded now stands instead.",
                                   "Retirer la conclusion N de cet incident : ce qui est conclu maintenant en prend la "
                                   "place."))  # fmt: skip
token_option = option("--token", type=FILE, default=None,
                      text=Text("File of your own token for that room, mode 0600.",
                                "Fichier de votre propre jeton pour cette salle, mode 0600."))  # fmt: skip
ca_option = _letters.ca_option


@dataclass(frozen=True, slots=True)
class Told:
    """What came of it: the conclusion's number in the incident, and of the one it replaces; or why there is none."""

    incident: str
    number: int | None = None
    replaces: int | None = None
    error: EcluseError | None = None

    def plain(self) -> dict[str, Any]:
        """For programs."""
        return {"told": {"incident": self.incident, "conclusion": self.number, "replaces": self.replaces}}

    def show(self) -> None:
        """For people, where it was told. Raises what went wrong: after the answer, which is never lost."""
        if self.error is not None:
            raise self.error
        number, incident = self.number, self.incident
        _output.say()
        _output.say(tr(f"told to incident {incident}: conclusion {number}",
                       f"dit à l'incident {incident} : conclusion {number}"), style="bold")  # fmt: skip
        if (gone := self.replaces) is not None:
            _output.say(
                tr(f"  instead of conclusion {gone}; a fact that was written from that one stays: correct it",
                   f"  à la place de la conclusion {gone} ; un fait qui en fut tiré reste : corrigez-le")
            )  # fmt: skip


def desk(
    room: str | None, incident: str | None, token: Path | None, ca: Path | None, replaces: int | None
) -> IncidentDesk | None:
    """The incident that is to be told; None where none is. Before the sample is read.

    Raises:
        UsageError: one of the options without the others, or one that cannot be.
        StorageError, MalformedError: the token's file cannot be read, or is none.
    """
    given = {"--room": room, "--incident": incident, "--token": token}
    if not any((*given.values(), ca, replaces)):
        return None
    if room is None or incident is None or token is None:
        missing = next(name for name, value in given.items() if value is None)
        raise UsageError(tr(f"an option is missing: {missing}", f"il manque une option : {missing}"),
                         hint="--room --incident --token")  # fmt: skip
    return IncidentDesk(room, incident, read_token(token), ca)


def tell(to: IncidentDesk, answer: Answer, replaces: int | None, *, more: bool, cut: int) -> Told:
    """Tell it; an error is kept, for the answer comes first."""
    try:
        return Told(to.number, to.tell(conclusion_of(answer, more=more, cut=cut), replaces), replaces)
    except EcluseError as error:
        return Told(to.number, error=error)
