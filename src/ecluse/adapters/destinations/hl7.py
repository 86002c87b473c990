"""HL7 v2.5 ORU^R01 as a destination: a folder of message files, or a receiver over MLLP (decision 0007)."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pyarrow as pa

from ecluse.adapters.destinations._hl7_address import Hl7Address
from ecluse.adapters.destinations._messages import MessageDestination
from ecluse.adapters.destinations._mllp import Mllp
from ecluse.adapters.hl7.grammar import HL7
from ecluse.adapters.hl7.reading import read
from ecluse.adapters.hl7.writer import write
from ecluse.adapters.messages.grammar import Places, places_of
from ecluse.adapters.messages.model import Heading, Layout, Message, Rows
from ecluse.domain.profile import DestinationProfile

__all__ = ["Hl7Destination", "hl7_layout"]


@dataclass(frozen=True, slots=True)
class Hl7Layout:
    """ORU^R01 of HL7 v2.5."""

    places: Places
    schemas: Mapping[str, pa.Schema]
    suffix: str = ".hl7"

    def write(self, rows: Rows, heading: Heading) -> list[Message]:
        """See the protocol."""
        return write(rows, self.places, heading)

    def joined(self, messages: list[Message]) -> bytes:
        """See the protocol."""
        return b"".join(message.text for message in messages)

    def read(self, data: bytes) -> dict[str, pa.Table]:
        """See the protocol."""
        return read(data, self.places, self.schemas)


def hl7_layout(profile: DestinationProfile, entities: Mapping[str, pa.Schema]) -> Layout:
    """The layout of an order's entities. Raises DestinationError for a field that has no place."""
    return Hl7Layout(places_of(HL7, profile, entities), entities)


class Hl7Destination(MessageDestination):
    """One connection. ``ledger``: the file that says what was sent, in the destination's place of the workspace."""

    def __init__(
        self,
        address: Hl7Address,
        profile: DestinationProfile,
        ledger: Path,
        now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    ) -> None:
        """Raises DestinationError for a folder that is not there, UsageError for certificates that cannot be read."""
        options = address.options
        heading = Heading("", "", options.get("application", ""), options.get("facility", ""), profile.production)
        super().__init__(address.folder or Mllp(address), partial(hl7_layout, profile), heading, ledger, now)
