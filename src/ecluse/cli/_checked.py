"""What every command says that rebuilt a journal and compared it."""

from collections.abc import Sequence
from pathlib import Path

from ecluse.cli import _output
from ecluse.cli._text import tr
from ecluse.domain.errors import Location, TamperError


def say_sound(where: Path, size: int, root: bytes) -> None:
    """A journal of ``size`` entries is what its checkpoint says."""
    _output.say(
        tr(
            f"{where}: sound, {size} entries, root {root.hex()}",
            f"{where} : intact, {size} écritures, racine {root.hex()}",
        )
    )


def conclude(where: Path, size: int, root: bytes, problems: Sequence[str]) -> None:
    """Tell the whole outcome, for people and for programs.

    Raises:
        TamperError: the first problem; the others have been said.
    """
    _output.emit({"size": size, "root": root.hex(), "problems": list(problems)})
    place = Location(file=str(where))
    for problem in problems[1:]:
        _output.complain(TamperError(problem, location=place))
    if problems:
        raise TamperError(problems[0], location=place)
    say_sound(where, size, root)
