"""A step that is killed by SIGKILL at one of its calls of the system, before the call has its effect or after."""

import os
import signal
from collections.abc import Callable, Iterable
from typing import Any


def killed_at(calls: Iterable[str], step: Callable[[], int], at: int, *, after: bool) -> int:
    """Run ``step`` in a process of its own that dies at its ``at``-th call of ``calls`` (names in ``os``).

    ``step`` gives the exit code; returned is the wait status. Forked, for imports take longer than most steps.
    """
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    code = 99
    try:
        _arm(calls, at, after=after)
        code = step()
    finally:
        os._exit(code)


def _arm(calls: Iterable[str], at: int, *, after: bool) -> None:
    left = at

    def armed(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            nonlocal left
            left -= 1
            if left == 0 and not after:
                os.kill(os.getpid(), signal.SIGKILL)
            try:
                return real(*given, **named)
            finally:
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        return call

    for name in calls:
        setattr(os, name, armed(getattr(os, name)))
