"""BEGIN, COMMIT and ROLLBACK around a block, for the drivers that have no such block of their own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ecluse.domain.errors import EcluseError

__all__ = ["Bracket"]


@dataclass(slots=True)
class Bracket:
    """A connection's transaction; a block inside another is part of it.

    ``errors`` are the driver's, which ``translated`` makes ours: theirs, whose text holds values, is not even the
    context of what is raised.
    """

    begin: Callable[[], Any]
    commit: Callable[[], Any]
    undo: Callable[[], Any]
    errors: tuple[type[Exception], ...]
    translated: Callable[[Exception], EcluseError]
    _depth: int = 0

    @contextmanager
    def block(self) -> Iterator[None]:
        """Commit at its end, roll back on any error."""
        if self._depth:
            yield
            return
        self._depth += 1
        failure: EcluseError
        try:
            self.begin()
            yield
            self.commit()
        except self.errors as error:
            self.undo()
            failure = self.translated(error)
        except BaseException:
            self.undo()
            raise
        else:
            return
        finally:
            self._depth -= 1
        raise failure
