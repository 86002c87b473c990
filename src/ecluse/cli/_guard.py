"""The edge of the program: nothing of a patient's leaves it in a core dump, a file mode or an error's text."""

import ctypes
import os
import resource
import sys
import threading
import traceback
from pathlib import Path
from types import TracebackType

from ecluse.cli._text import tr

DEBUG = "ECLUSE_DEBUG"
_PR_SET_DUMPABLE = 4
_PACKAGE = str(Path(__file__).resolve().parent.parent)


def harden() -> None:
    """No core dump; files of ours are their owner's alone; a thread that dies says its error's type and no more."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        # The limit binds core files alone: a core that is piped to a handler (core_pattern "|…") ignores it, core(5).
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    os.umask(0o077)
    threading.excepthook = lambda failure: sys.stderr.write(f"{scrubbed(failure.exc_value)}\n")


def scrubbed(error: BaseException | None) -> str:
    """An unexpected exception as it may be shown: its type and our own innermost frame; never its text or values."""
    what = tr("unexpected error", "erreur inattendue")
    ask = tr("a fault of ours: please report this line", "une faute de notre part : signalez cette ligne")
    return f"{what}: {type(error).__name__}{_frame(error.__traceback__ if error else None)} ({ask})"


def _frame(trace: TracebackType | None) -> str:
    walked = traceback.walk_tb(trace)
    frames = [(frame, line) for frame, line in walked if frame.f_code.co_filename.startswith(_PACKAGE)]
    if not frames:
        return ""
    frame, line = frames[-1]
    name = Path(frame.f_code.co_filename).relative_to(_PACKAGE).as_posix()
    return f" {tr('at', 'à')} ecluse/{name}:{line} {frame.f_code.co_name}"


def trace(error: BaseException) -> None:
    """With ``ECLUSE_DEBUG`` set, the frames, as file, line, function and source; no local, no exception's text."""
    if not os.environ.get(DEBUG):
        return
    seen: BaseException | None = error
    while seen is not None:
        sys.stderr.write(f"-- {type(seen).__name__}\n")
        sys.stderr.writelines(traceback.format_tb(seen.__traceback__))
        seen = seen.__cause__ or seen.__context__
