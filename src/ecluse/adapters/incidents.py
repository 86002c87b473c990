"""The control room's incidents, as a person's own program tells them something."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from ecluse.adapters.room import Room
from ecluse.domain.conclusions import Conclusion
from ecluse.domain.errors import Location, MalformedError, TamperError, UsageError
from ecluse.wire.artefacts import encode

_NUMBER = re.compile(r"INC-[0-9A-Z]{4}-[0-9A-Z]{4}")


@dataclass(frozen=True, slots=True)
class IncidentDesk:
    """One incident of a room at ``url``, by a person's token; ``ca``: certificates to trust instead of the system's."""

    url: str
    number: str
    token: str = field(repr=False)
    ca: Path | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be before anything is asked; raises UsageError."""
        Room(self.url)
        if not _NUMBER.fullmatch(self.number):
            raise UsageError("an incident's number is as INC-7K3Q-9X2M", location=Location(field="--incident"))

    def tell(self, conclusion: Conclusion, replaces: int | None = None) -> int:
        """Tell what tracing concluded; gives its number within the incident.

        ``replaces``: the number of an earlier conclusion of that incident that this one takes back.

        Raises:
            ForbiddenError, UnseenError: the room does not let this token tell it, or knows no such incident.
            MalformedError: the room refuses it, and says why.
            ConnectionLostError: the room cannot be reached.
        """
        said: dict[str, str | int] = {"text": encode(conclusion).decode()}
        if replaces is not None:
            said["replaces"] = replaces
        try:
            answer = Room(self.url, self.token, self.ca).ask(f"incidents/{self.number}/traces", said)
        except TamperError as error:  # to an agent, a refusal means that what it tells is not believed
            raise MalformedError(error.message, location=error.location, hint=error.hint) from None
        number = answer.get("number")
        if not isinstance(number, int) or isinstance(number, bool) or number < 1:
            raise MalformedError("not an answer of a control room: number")
        return number
