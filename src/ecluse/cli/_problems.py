"""A document's problems on stderr, each with file, line and field; under ``--json``, on stdout."""

import sys
from collections.abc import Callable, Sequence

from ecluse.cli import _output
from ecluse.cli._messages import translated
from ecluse.cli._text import tr
from ecluse.domain.errors import EcluseError, Location
from ecluse.wire.artefacts import Problem
from ecluse.wire.documents import Document


def refuse(
    document: Document,
    problems: Sequence[Problem],
    error: type[EcluseError],
    answers: Callable[[str], str] | None = None,
) -> None:
    """List the problems and raise ``error``; nothing where there are none. ``answers`` says what a path is part of."""
    if not problems:
        return
    placed = sorted(((document.location(p.path), p) for p in problems), key=lambda each: each[0].line or 0)
    listed = []
    for place, problem in placed:
        part = answers(problem.path) if answers else None
        tail = f" [{part}]" if part else ""
        sys.stderr.write(f"{place}: {translated(problem.message)}{tail}\n")
        listed.append({"line": place.line, "field": problem.path, "message": problem.message, "part": part})
    _output.emit({"file": document.file, "problems": listed})
    count = len(problems)
    words = tr(f"{count} problem{'s' if count > 1 else ''}", f"{count} problème{'s' if count > 1 else ''}")
    raise error(words, location=Location(file=document.file))
