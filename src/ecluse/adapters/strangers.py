"""The control room as somebody without an account sees it: two calls, no name (R10)."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ecluse.adapters.room import Room
from ecluse.domain.errors import MalformedError, TamperError
from ecluse.seal.letters import Attachment


@dataclass(frozen=True, slots=True)
class Stranger:
    """Somebody who calls a room at ``url``; ``ca``: certificates to trust instead of the system's."""

    url: str
    ca: Path | None = None

    def __post_init__(self) -> None:
        """Refuse an address that is not https, before anybody writes; raises UsageError."""
        Room(self.url)

    def warn(self, text: str, attachments: Sequence[Attachment], more: Mapping[str, Any]) -> Mapping[str, Any]:
        """Hand a warning in; gives ``receipt``, ``secret``, ``acknowledge_by``, ``answer_by``.

        Raises:
            MalformedError: the room refuses it, and says why.
            ConnectionLostError: the room cannot be reached, or is asked too often.
        """
        return self._ask("report/warnings", {"text": text, "attachments": _sent(attachments), **more})

    def follow(
        self, receipt: str, secret: str, text: str = "", attachments: Sequence[Attachment] = ()
    ) -> Mapping[str, Any]:
        """What became of a warning; ``text`` is one more message.

        Raises:
            UnseenError: receipt and secret do not belong together.
            MalformedError, ConnectionLostError: as for :meth:`warn`.
        """
        body = {"receipt": receipt, "secret": secret, "text": text, "attachments": _sent(attachments)}
        return self._ask("report/follow", body)

    def _ask(self, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            return Room(self.url, ca=self.ca).ask(path, body)
        except TamperError as error:  # to an agent, a refusal means that what it tells is not believed
            raise MalformedError(error.message, location=error.location, hint=error.hint) from None


def _sent(attachments: Sequence[Attachment]) -> list[dict[str, str]]:
    return [{"name": each.name, "content": base64.b64encode(each.data).decode("ascii")} for each in attachments]
