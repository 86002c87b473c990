"""What must hold of a reader whatever its bytes are; anything else is a finding."""

import contextlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any

import ecluse
from ecluse.domain.errors import EcluseError, FatalError

_WORD = re.compile(r"[^\W\d_]{4,}")
_NUMBER = re.compile(r"\d{4,}")


class BrokenError(AssertionError):
    """A reader broke its word."""


@dataclass(frozen=True, slots=True)
class Target:
    """One reader. ``run`` takes the bytes of one input, and raises anything but errors of ours where it breaks."""

    name: str
    run: Callable[[bytes], str]
    """Gives the outcome in a word or two: an error's text, or what was read."""
    shape: str = "lines"
    """How its bytes are mutated: ``lines``, ``json``, ``bytes``, ``zip``, or ``packed`` (kept compressed)."""
    words: tuple[bytes, ...] = ()
    """What its format is made of."""
    longest: int = 1 << 11


@cache
def _vocabulary() -> frozenset[str]:
    """Every word and number of our own source: what a message may be made of."""
    found: set[str] = set()
    for path in Path(ecluse.__file__).parent.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        found.update(word.lower() for word in _WORD.findall(text))
        found.update(_NUMBER.findall(text))
    return frozenset(found)


def check_error(error: EcluseError, data: bytes, *, given: str = "", chain: bool = True) -> str:
    """An error's text, when no word of it can have come from ``data``.

    ``given`` is what the message may repeat (the declaration); ``chain``: whether the errors that it came from are
    looked at too, for a log prints them.
    """
    if isinstance(error, FatalError):
        raise BrokenError(f"a fault of ours: {error}") from error
    heard = data.decode("latin-1").lower()
    known = _vocabulary() | {word.lower() for word in _WORD.findall(given)}
    following: BaseException | None = error
    while following is not None:
        said = str(following) if following is error else f"{following} {following.args}"
        for word in _WORD.findall(said):
            if word.lower() not in known and word.lower() in heard:
                raise BrokenError("a message repeats what was read") from error
        for number in _NUMBER.findall(said):
            if number not in _vocabulary() and number not in given and int(number) > len(data) + 1:
                raise BrokenError("a message tells a number that was read") from error
        following = (following.__cause__ or following.__context__) if chain else None
    return f"{type(error).__name__}: {error}"


@contextlib.contextmanager
def patched(changes: Mapping[tuple[str, str], Any]) -> Iterator[None]:
    """Constants of modules, changed for a while: blocks of a few bytes cut where blocks of megabytes would not."""
    modules = {(module, name): import_module(module) for module, name in changes}
    before = {key: getattr(module, key[1]) for key, module in modules.items()}
    for key, module in modules.items():
        setattr(module, key[1], changes[key])
    try:
        yield
    finally:
        for key, module in modules.items():
            setattr(module, key[1], before[key])


@dataclass
class Outcomes:
    """The outcomes seen, by how often: says whether a target gets anywhere."""

    counts: dict[str, int] = field(default_factory=dict)

    def add(self, outcome: str) -> None:
        """One more; numbers in it do not tell outcomes apart."""
        key = re.sub(r"\d+", "0", outcome)[:160]
        if key in self.counts or len(self.counts) < 400:
            self.counts[key] = self.counts.get(key, 0) + 1


NOTHING: Mapping[tuple[str, str], Any] = MappingProxyType({})
