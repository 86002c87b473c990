"""Foreign errors become ours here, by class alone.

A database's message quotes the value that it choked on (``invalid input syntax for type integer: "…"``), a driver's
quotes the connection string. So no foreign text passes: only the SQLSTATE or errno, and words of our own.
"""

import re
from collections.abc import Callable
from typing import TypeVar

from ecluse.domain.errors import ConnectionLostError, EcluseError, MalformedError, ProfileError

T = TypeVar("T")

_LOST = re.compile(
    r"unable to connect|connection (to server|refused|reset|timed out)|could not connect|server closed the connection"
    r"|terminating connection|no connection to the server|ssl connection has been closed|could not receive data"
    r"|starting up|shutting down|too many (connections|clients)|lost connection|can't connect|gone away",
    re.IGNORECASE,
)
_PERMISSION = re.compile(r"permission denied|access denied|command denied|not authorized", re.IGNORECASE)
_MEMORY = re.compile(r"out of memory|failed to (allocate|pin)|could not allocate", re.IGNORECASE)
_READ_ONLY = re.compile(r"read-?\s?only", re.IGNORECASE)
_CLASSES = {
    "Binder": "it names a column or function that is not there",
    "Catalog": "it names a table or function that is not there",
    "Parser": "syntax error",
    "Conversion": "a value does not convert to the type that the query asks",
    "Out of Range": "a value is out of the range of its type",
}
_CLASS = re.compile(rf"({'|'.join(_CLASSES)}) Error: ")
_TEXT = re.compile(r"utf-?8|unicode|byte sequence", re.IGNORECASE)
_NAN = re.compile(r"\bNaN\b")


def lost(what: str = "the source cannot be reached, or went away") -> ConnectionLostError:
    """A connection that is no more; the URL is not named."""
    return ConnectionLostError(what, hint="see that the server runs, then give the same command again")


def refused(sqlstate: str | None = None, words: str = "") -> ProfileError:
    """A query that the source does not run."""
    code = f" (SQLSTATE {sqlstate})" if sqlstate else ""
    detail = f": {words}" if words else ""
    return ProfileError(
        f"the source refused the query{detail}{code}", hint="run it by hand; the server's words may hold patient data"
    )


def by_text(text: str) -> EcluseError:
    """Our error for a driver's message; nothing of the message passes."""
    for pattern, ours in _KNOWN:
        if pattern.search(text):
            return ours()
    known = _CLASS.match(text)
    return refused(None, _CLASSES[known[1]] if known else "")


_KNOWN: tuple[tuple[re.Pattern[str], Callable[[], EcluseError]], ...] = (
    (_PERMISSION, lambda: refused("42501", "permission denied")),
    (_LOST, lost),
    (_MEMORY, lambda: ProfileError("the query needs more memory than it may have", hint="raise memory_mb")),
    (_READ_ONLY, lambda: refused("25006", "it would write, and sources are read-only")),
    (_NAN, lambda: refused("22003", "a numeric column holds NaN; cast it to text in the profile")),
    (_TEXT, lambda: MalformedError("a text column holds bytes outside its declared encoding")),
)


def guarded(work: Callable[[], T], errors: tuple[type[BaseException], ...], ours: Callable[[str], EcluseError]) -> T:
    """Do ``work``; raise ``ours`` for ``errors``, outside the handler so that no context carries the foreign text."""
    failure: EcluseError
    try:
        return work()
    except EcluseError:
        raise
    except errors as error:
        failure = ours(str(error))
    raise failure
