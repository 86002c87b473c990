"""The relay's rules as a door of its mailbox, without a network: for what a mailbox does, whatever the protocol."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ecluse.adapters.mailboxes.relay import Folder
from ecluse.domain.access import Lying
from ecluse.domain.errors import RefusedError
from ecluse.relay.desk import Desk, Visitor
from ecluse.relay.uploads import HereAlreadyError

PIECE = 5_000


@dataclass
class DeskDoor:
    """A ``mailboxes.relay.Door``. ``fault`` is called before every call and every piece with what is done."""

    desk: Desk
    visitor: Visitor
    fault: Callable[[str], None] = lambda _what: None
    asked: list[str] = field(default_factory=list)

    def boxes(self) -> list[str]:
        self._note("boxes")
        return self.desk.boxes(self.visitor)

    def listed(self, box: str, folder: Folder) -> list[Lying]:
        self._note(f"list {folder}")
        seen = self.desk.out(self.visitor, box) if folder is Folder.OUT else self.desk.inside(self.visitor, box)
        return [Lying(each.name, each.size, each.state) for each in seen]

    def put(self, box: str, name: str, data: bytes) -> None:
        self._note(f"put {name}")
        self.desk.put_paper(self.visitor, box, name, data)

    def send(self, box: str, name: str, parcel: Path) -> None:
        self._note(f"send {name}")
        try:
            upload = self.desk.begin(self.visitor, box, name)
        except HereAlreadyError:
            return
        try:
            with parcel.open("rb") as file:
                offset = file.seek(upload.length())
                while data := file.read(PIECE):
                    self._note(f"piece {offset}")
                    upload.write(offset, data)
                    offset += len(data)
        except RefusedError as error:
            raise self.desk.abandon(self.visitor, box, upload, error) from None
        except BaseException:
            upload.close()
            raise
        assert self.desk.finish(self.visitor, box, upload)

    def fetch(self, box: str, name: str, offset: int) -> Iterator[bytes]:
        self._note(f"fetch {name} {offset}")
        with self.desk.read(self.visitor, box, name).open("rb") as file:
            file.seek(offset)
            while data := file.read(PIECE):
                self._note("piece")
                yield data

    def take(self, box: str, name: str) -> None:
        self._note(f"take {name}")
        self.desk.take(self.visitor, box, name)

    def _note(self, what: str) -> None:
        self.asked.append(what)
        self.fault(what)
