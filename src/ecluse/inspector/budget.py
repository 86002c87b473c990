"""How much a target may cost: requests at a pace, bytes, files and time; what a limit cuts off is told."""

import io
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from ecluse.inspector.findings import Limits


class SpentError(Exception):
    """A limit is reached; ``fact`` is the word that says which. Caught within the inspector."""

    def __init__(self, fact: str) -> None:
        self.fact = fact
        super().__init__(fact)


@dataclass
class Budget:
    """What one target has cost. ``clock`` in seconds, monotonic; ``sleep`` waits so many seconds."""

    limits: Limits
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    requests: int = 0
    files: int = 0
    bytes: int = 0
    _started: float = field(init=False)
    _next: float = field(init=False)

    def __post_init__(self) -> None:
        """The clock runs from here."""
        self._started = self._next = self.clock()

    def request(self) -> None:
        """Before each request: waits for its turn. Raises SpentError."""
        self.time()
        if self.requests >= self.limits.requests:
            raise SpentError("limit-requests")
        self.requests += 1
        wait = self._next - self.clock()
        if wait > 0:
            self.sleep(wait)
        self._next = max(self._next, self.clock()) + 1 / self.limits.per_second

    def file(self) -> None:
        """Before each file that is opened. Raises SpentError."""
        self.time()
        if self.files >= self.limits.files:
            raise SpentError("limit-files")
        self.files += 1

    def read(self, size: int) -> None:
        """After so many bytes. Raises SpentError once there were more than the target's share."""
        self.bytes += size
        if self.bytes > self.limits.bytes_all:
            raise SpentError("limit-bytes")

    def time(self) -> None:
        """Raises SpentError when time is up."""
        if self.left <= 0:
            raise SpentError("limit-time")

    @property
    def left(self) -> float:
        """Seconds left for the target."""
        return self.limits.seconds - (self.clock() - self._started)

    @property
    def patience(self) -> float:
        """Seconds to wait for one answer."""
        return max(0.1, min(10.0, self.left))


class _Paced(io.RawIOBase):
    """The bytes of a connection: each piece of them is waited for within the time of the budget only."""

    def __init__(self, connection: socket.socket, budget: Budget) -> None:
        self._source = connection.makefile("rb", buffering=0)
        self._connection, self._budget = connection, budget

    def readable(self) -> bool:
        return True

    def readinto(self, into: bytearray | memoryview, /) -> int | None:  # type: ignore[override]  # what io gives
        self._budget.time()
        self._connection.settimeout(self._budget.patience)
        return self._source.readinto(into)

    def close(self) -> None:
        self._source.close()
        super().close()


def paced(connection: socket.socket, budget: Budget) -> io.BufferedReader:
    """A connection's bytes, which a server cannot drip for longer than the budget has time.

    Reading raises SpentError besides OSError.
    """
    return io.BufferedReader(_Paced(connection, budget))
