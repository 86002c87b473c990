"""Security events to each of their targets, from where each had got: a target that is down delays no other.

A target's position moves on after it took the events, and is kept by the tape: whatever is killed in between, nothing
is lost, and some events may come twice, under the same ``uid``.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from ecluse.control.ocsf import SecurityEvent, security_event
from ecluse.control.ports import Sink
from ecluse.domain.errors import EcluseError, RetryableError
from ecluse.domain.observed import Observed

_STRETCHES = 50
"""How many stretches a target takes in one go, so that the others have their turn."""
_SOONEST, _LATEST = 1.0, 60.0


class Tape(Protocol):
    """What happened, and how far each target has got; durable."""

    def following(self, target: str) -> Sequence[Observed]:
        """The next events for a target; none where it has them all."""
        ...

    def taken(self, target: str) -> None:
        """It took what followed: its position is on disk before this returns."""
        ...

    def failed(self, target: str) -> None:
        """It takes nothing now."""
        ...


@dataclass(frozen=True, slots=True)
class Exported:
    """What became of one target: how many events it took, and what it said against the rest."""

    target: str
    events: int
    refusal: EcluseError | None = None


@dataclass(slots=True)
class _Pause:
    seconds: float = 0.0
    until: float = 0.0


class Exporter:
    """One for each process that exports; not thread-safe."""

    def __init__(self, targets: Sequence[Sink], tape: Tape, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._targets = tuple(targets)
        self._tape = tape
        self._clock = clock
        self._pauses = {target.name: _Pause() for target in self._targets}

    def export(self) -> tuple[Exported, ...]:
        """Give every target what is new to it; one that failed is left alone for 1, 2, 4 … 60 seconds."""
        return tuple(self._to(each) for each in self._targets if self._clock() >= self._pauses[each.name].until)

    def _to(self, target: Sink) -> Exported:
        pause, count = self._pauses[target.name], 0
        for _ in range(_STRETCHES):
            events = self._tape.following(target.name)
            if not events:
                break
            try:
                target.put(_lines(events))
            except RetryableError as error:
                self._tape.failed(target.name)
                pause.seconds = min(_LATEST, pause.seconds * 2 or _SOONEST)
                pause.until = self._clock() + pause.seconds
                return Exported(target.name, count, error)
            self._tape.taken(target.name)
            pause.seconds = 0.0
            count += len(events)
        return Exported(target.name, count)


def _lines(events: Sequence[Observed]) -> list[SecurityEvent]:
    return [security_event(event) for event in events]
