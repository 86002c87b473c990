"""What control needs of the outside world."""

from pathlib import Path
from typing import Protocol


class Mailbox(Protocol):
    """A way for sealed parcels from the source's place to the destination's."""

    def deliver(self, name: str, parcel: Path) -> None:
        """Put a parcel there, whole or not at all."""
        ...

    def waiting(self) -> tuple[str, ...]:
        """Names of what lies there."""
        ...

    def collect(self, name: str, into: Path) -> None:
        """Fetch one, whole or not at all."""
        ...

    def discard(self, name: str) -> None:
        """Erase one."""
        ...
