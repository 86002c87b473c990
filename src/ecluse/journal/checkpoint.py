"""C2SP tlog-checkpoint: the text of a signed tree head, and reading one that its log has signed."""

import re
from dataclasses import dataclass

from ecluse.domain.errors import MalformedError, SignatureError
from ecluse.journal.merkle import EMPTY_ROOT, HASH_SIZE
from ecluse.journal.note import Note, VerifierKey, decode_base64, encode_base64

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_MAX_SIZE = (1 << 63) - 1
_FIXED_LINES = 3


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree head: the log's ``origin``, its ``size`` in entries, its ``root`` (32 bytes), and extension lines."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The note text: one line each, every line ending in a newline."""
        lines = (self.origin, str(self.size), encode_base64(self.root), *self.extensions)
        return "".join(f"{line}\n" for line in lines)

    @classmethod
    def parse(cls, text: str) -> "Checkpoint":
        """Read a note's text.

        Raises:
            MalformedError: not a checkpoint (C2SP tlog-checkpoint, section Note text).
        """
        lines = text.split("\n")
        if lines.pop() != "" or len(lines) < _FIXED_LINES or not all(lines):
            raise MalformedError("a checkpoint has three or more lines, none empty: origin, size, root")
        origin, size, root, *extensions = lines
        if _SIZE.fullmatch(size) is None or int(size) > _MAX_SIZE:
            raise MalformedError("the checkpoint's size is not a decimal below 2^63")
        value = decode_base64(root, "the checkpoint's root")
        if len(value) != HASH_SIZE:
            raise MalformedError("the checkpoint's root is not a SHA-256 hash")
        if int(size) == 0 and value != EMPTY_ROOT:
            raise MalformedError("the checkpoint's root is not that of an empty tree")
        return cls(origin, int(size), value, tuple(extensions))


def read_checkpoint(data: bytes, log: VerifierKey) -> tuple[Note, Checkpoint]:
    """Read a checkpoint that ``log`` has signed and whose origin is that key's name.

    Raises:
        MalformedError: not a signed note, or its text is not a checkpoint.
        SignatureError: not signed by this log, or of another origin.
    """
    note = Note.parse(data)
    log.verify(note)
    checkpoint = Checkpoint.parse(note.text)
    if checkpoint.origin != log.name:
        raise SignatureError(f"the checkpoint is of another log than {log.name}")
    return note, checkpoint
