"""Many planted markers, looked for at once, fast, in any bytes: the inner loop of the re-scan after an erasure.

Canary rows' markers are long runs of digits or of capitals (``migration.canary``), so a window is thinned to every
third byte and folded to classes; only where that looks like a long run of one class are all its bytes folded, and
only real runs compared with the markers. Any other ASCII text can be a marker too, looked for one at a time.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ecluse.domain.errors import InternalError

_STRIDE = 3
_SAMPLES = 6
"""A run of 18 bytes has at least so many sampled ones, whatever the phase; in UTF-16 twice as many."""
_LEAST = _STRIDE * _SAMPLES
_CLASSES = {b"0": b"0123456789", b"A": b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
"""Classes of bytes, by the one that stands for them."""


def _folding() -> bytes:
    table = bytearray(b"." * 256)
    table[0] = 0
    for name, members in _CLASSES.items():
        for byte in members:
            table[byte] = name[0]
    return bytes(table)


_FOLD = _folding()


class Needles:
    """Markers, ready to be looked for in UTF-8 or Latin-1 (the same bytes) and UTF-16 of both byte orders."""

    def __init__(self, markers: Sequence[bytes]) -> None:
        """Sort markers by kind.

        Raises:
            InternalError: an empty marker, or one that is not ASCII.
        """
        if not all(marker and marker.isascii() for marker in markers):
            raise InternalError("a marker is ASCII text")
        kinds = {marker: _kind(marker) for marker in markers}
        self.number = len(kinds)
        self.longest = 2 * max(map(len, kinds), default=0)
        self._runs = [_Runs(name, {m for m, kind in kinds.items() if kind == name}) for name in _CLASSES]
        self._runs = [runs for runs in self._runs if runs.markers]
        self._plain = [form for marker, kind in kinds.items() if kind is None for form in _forms(marker)]

    def among(self, window: bytes) -> bool:
        """Whether any marker stands whole in these bytes."""
        if any(form in window for form in self._plain):
            return True
        if not self._runs:
            return False
        thin = window[::_STRIDE].translate(_FOLD)
        suspect = [(runs, form) for runs in self._runs for form in runs.forms if form.suspected(thin)]
        if not suspect:
            return False
        folded = window.translate(_FOLD)
        return any(runs.known(run) for runs, form in suspect for run in form.found(window, folded))


def _kind(marker: bytes) -> bytes | None:
    """The class that all its bytes are of, where it is long enough to be found by samples."""
    if len(marker) < _LEAST:
        return None
    return next((name for name, members in _CLASSES.items() if not marker.strip(members)), None)


def _forms(marker: bytes) -> tuple[bytes, bytes, bytes]:
    text = marker.decode("ascii")
    return marker, text.encode("utf-16-le"), text.encode("utf-16-be")


@dataclass(frozen=True, slots=True)
class _Form:
    """Runs of a class as one encoding writes them: ``width`` bytes a character, NUL between them where it is 2."""

    name: bytes
    width: int

    def suspected(self, thin: bytes) -> bool:
        """Whether every third byte, folded, looks as a run would. Often wrong, never when it says no."""
        sought = self.name * _SAMPLES if self.width == 1 else (self.name + b"\0") * (_SAMPLES - 1)
        return self.name in thin and sought in thin

    def found(self, window: bytes, folded: bytes) -> Iterator[bytes]:
        """Runs long enough to be a marker, each character one byte."""
        shape = b"\0".join([self.name] * _LEAST) if self.width == 2 else self.name * _LEAST  # noqa: PLR2004
        whole = re.compile(self.name + (b"(?:\0" + self.name + b")*" if self.width > 1 else b"*"))
        at = folded.find(shape)
        while at >= 0:
            match = whole.match(folded, at)
            end = match.end() if match else at + 1
            yield window[at : end : self.width]
            at = folded.find(shape, end)


class _Runs:
    """Markers of one class of bytes."""

    def __init__(self, name: bytes, markers: set[bytes]) -> None:
        self.markers = markers
        self.forms = (_Form(name, 1), _Form(name, 2))
        self._lengths = sorted({len(marker) for marker in markers})

    def known(self, run: bytes) -> bool:
        """Whether a marker stands in a run."""
        return any(
            run[start : start + length] in self.markers
            for length in self._lengths
            for start in range(len(run) - length + 1)
        )
