r"""A dump's text fed to the stock client, which may do nothing but SQL; what it could not do is judged, never skipped.

A dump is a program. Its client runs with file and shell commands off (``\restrict``, ``--sandbox``), and its role has
no rights on files or programs. An error on the way would leave rows out silently, so only those that can concern no row
are let pass: owners, grants, extensions, views and routines of accounts that are not here. The client's words, which
may quote a patient, are read for their numbers alone.
"""

import gzip
import re
import subprocess
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from ecluse.adapters.sources._throwaway import Place
from ecluse.domain.errors import MalformedError, ProfileError, UsageError

_BLOCK = 1 << 20
_MOST_ERRORS = 10_000
_GZIP, _CUSTOM, _TAR = b"\x1f\x8b", b"PGDMP", b"toc.dat"
_LONGEST = 1 << 16
_KEPT = 400  # characters of a line that tell what its statement is

Judge = Callable[[str, str], bool]
"""Whether an error (number, beginning of the line that it is told of) can concern no row."""


@dataclass(frozen=True)
class Client:
    """A stock client: how it is called, what it is told first, how its errors are found and judged."""

    command: list[str]
    before: bytes
    after: bytes
    error: re.Pattern[bytes]
    harmless: Judge
    warning: re.Pattern[bytes] | None = None
    """How a warning that a value was changed is found on standard output."""


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """A dump's bytes, unzipped where they are zipped. Raises UsageError."""
    try:
        source: IO[bytes] = path.open("rb")
    except OSError:
        source = None  # type: ignore[assignment]
    if source is None:
        raise UsageError("the dump cannot be read: it must be one file")
    with source:
        head = source.read(len(_CUSTOM))
        source.seek(0)
        yield gzip.GzipFile(fileobj=source) if head.startswith(_GZIP) else source  # type: ignore[misc]


def is_zipped(path: Path) -> bool:
    """Whether the dump is gzipped."""
    with path.open("rb") as source:
        return source.read(len(_GZIP)) == _GZIP


def is_archive(path: Path) -> bool:
    """Whether the dump is pg_dump's own format, custom or tar."""
    with opened(path) as source:
        head = _read(source, 512)
    return head.startswith((_CUSTOM, _TAR))


def feed(place: Place, client: Client, text: Callable[[], Iterator[bytes]]) -> None:
    """Let the client read a text, then judge its errors.

    Raises:
        ProfileError: an error that may have left rows out, by its number and line.
    """
    found: list[tuple[str, int]] = []
    changed: list[tuple[str, int]] = []
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with place.start(client.command, **pipes) as process:
        heard = ((process.stderr, client.error, found), (process.stdout, client.warning, changed))
        listeners = [threading.Thread(target=_listen, args=each, daemon=True) for each in heard]
        for listener in listeners:
            listener.start()
        complete = _write(process, client, text)
        code = process.wait()
        for listener in listeners:
            listener.join()
    for number, _ in changed:
        raise ProfileError(
            f"the dump does not load unchanged: the server alters values (warning {number})",
            hint="if it does not name its character set, name it: ?encoding=latin1 in the source's URL",
        )
    if len(found) >= _MOST_ERRORS:
        raise ProfileError(f"the dump does not load: more than {_MOST_ERRORS} errors")
    beginnings = _beginnings(client.before, text, {line for _, line in found}) if found else {}
    for number, line in sorted(found, key=lambda error: error[1]):
        if not client.harmless(number, beginnings.get(line, "")):
            at = line - client.before.count(b"\n")
            raise ProfileError(
                f"the dump does not load: error {number} at line {at}", hint="load it by hand to see the server's words"
            )
    if not complete or code:
        raise ProfileError(f"the dump does not load: its client ended with {code}", hint="is it whole?")


def _write(process: "subprocess.Popen[bytes]", client: Client, text: Callable[[], Iterator[bytes]]) -> bool:
    if process.stdin is None:
        return False
    try:
        with process.stdin as target:
            target.write(client.before)
            for block in text():
                target.write(block)
            target.write(client.after)
    except OSError:
        return False
    return True


def _listen(said: IO[bytes], pattern: re.Pattern[bytes] | None, found: list[tuple[str, int]]) -> None:
    while line := said.readline(_LONGEST):
        error = pattern.search(line) if pattern is not None else None
        if error and len(found) < _MOST_ERRORS:
            number = (error["number"] or b"of the client").decode("ascii", "replace")
            found.append((number, int(error.groupdict().get("line") or 0)))


def _beginnings(before: bytes, text: Callable[[], Iterator[bytes]], wanted: set[int]) -> Mapping[int, str]:
    """The beginnings of some lines, and of the nearest that opens a statement before each."""
    made, last, opening = {}, max(wanted), b""
    for number, line in enumerate(lines(text()), before.count(b"\n") + 1):
        if _OPENS.match(line):
            opening = line
        if number in wanted:
            made[number] = b"\n".join((opening, line)).decode("utf-8", "replace")
        if number >= last:
            break
    return made


def lines(text: Iterator[bytes]) -> Iterator[bytes]:
    """The beginnings of a text's lines; lines may be longer than memory."""
    pending = b""
    for block in text:
        *lines, rest = block.split(b"\n")
        if lines:
            yield pending + lines[0][: _KEPT - len(pending)]
            yield from (line[:_KEPT] for line in lines[1:])
            pending = rest[:_KEPT]
        else:
            pending += rest[: _KEPT - len(pending)]
    yield pending


_OPENS = re.compile(rb"(?:/\*!\d+ *)?[A-Z\\]")


def blocks(source: IO[bytes]) -> Iterator[bytes]:
    """A file by blocks. Raises MalformedError where its compression is broken."""
    while block := _read(source, _BLOCK):
        yield block


def _read(source: IO[bytes], size: int) -> bytes:
    with suppress(OSError, EOFError, zlib.error):
        return source.read(size)
    raise MalformedError("the dump's compression is broken: the file is not whole")


def tried(work: Callable[[], Any], errors: type[Exception]) -> bool:
    """Whether some work was done without such an error."""
    try:
        work()
    except errors:
        return False
    return True


def check_whole(path: Path, head: bytes, end: bytes) -> None:
    """A dump that says what made it says when it is complete, too."""
    if is_archive(path):
        return
    with opened(path) as source:
        first, last = _read(source, 1000), b""
        if not re.search(rb"^-- " + head, first, re.MULTILINE):
            return
        for block in blocks(source):
            last = (last + block)[-1000:]
    if end not in first + last:
        raise cut_off()


def cut_off() -> ProfileError:
    """The error of a dump whose end did not come."""
    return ProfileError("the dump is cut off: its end did not reach the server")
