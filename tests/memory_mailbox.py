"""A mailbox in memory, under the same contract as those that reach a disk or a network."""

from pathlib import Path

from ecluse.domain.errors import Location, MalformedError, StorageError
from ecluse.workspace.files import read, write_atomic


class MemoryMailbox:
    """A ``control.ports.Mailbox``."""

    papers_first = False

    def __init__(self) -> None:
        self.held: dict[str, bytes] = {}

    def deliver(self, name: str, parcel: Path) -> None:
        self.held[_checked(name)] = read(parcel)

    def waiting(self) -> tuple[str, ...]:
        return tuple(sorted(self.held))

    def collect(self, name: str, into: Path) -> None:
        if _checked(name) not in self.held:
            raise StorageError("no such parcel", location=Location(file=name))
        write_atomic(into, self.held[name])

    def discard(self, name: str) -> None:
        self.held.pop(_checked(name), None)


def _checked(name: str) -> str:
    if not name or "/" in name or name.startswith(".") or name.endswith(".part"):
        raise MalformedError("not a name that a mailbox takes", location=Location(file=name))
    return name
