"""Where a source's place keeps fingerprints (R11): ``trace/<order>.v<version>.trace``, and its pieces until then.

What was announced in the journal counts, and nothing else: a file of another digest is no file of ours.
"""

from pathlib import Path
from typing import Final

from ecluse.domain.entry import Event
from ecluse.domain.order import Order
from ecluse.seal.digests import sha256_file
from ecluse.workspace.files import erase
from ecluse.workspace.place import Workspace

FOLDER: Final = "trace"
SUFFIX: Final = ".trace"
PIECE: Final = ".marks"
SECRET: Final = "trace.secret"  # noqa: S105 - a file's name


def pieces_of(place: Workspace) -> Path:
    """The folder of the pieces, one a batch."""
    return place.root / FOLDER / "pieces"


def trace_file(place: Workspace) -> Path:
    """The file that the order asks for, there or not.

    Raises:
        TransitionError: there is no order yet.
    """
    return trace_path(place.root, place.pinned(Order))


def trace_path(root: Path, order: Order) -> Path:
    """The same, of a place that nobody has opened."""
    return root / FOLDER / f"{order.order}.v{order.version}{SUFFIX}"


def is_kept(place: Workspace) -> bool:
    """Whether the file that the journal names stands, whole and unchanged."""
    digest = place.progress().traced
    if digest is None:
        return False
    path = trace_file(place)
    return path.is_file() and sha256_file(path) == digest


def erase_kept(place: Workspace) -> bool:
    """Journal that the file goes, then erase it; tells whether there was one. Repeating it is harmless."""
    digest, path = place.progress().traced, trace_file(place)
    if digest is None or not path.exists():
        return False
    if all(entry.event is not Event.TRACE_ERASING for entry in place.entries()):
        place.log(Event.TRACE_ERASING, subject=digest)
    erase(path)
    return True
