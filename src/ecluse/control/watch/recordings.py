"""Recorded events: one JSON object a line, as rules are tried on (``ecluse rules test``)."""

import datetime as dt
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ecluse.domain.errors import Location, MalformedError
from ecluse.domain.observed import Observed

MAX_LINE = 64 * 2**10
_FIELDS = frozenset({"at", "place", "event", "actor", "mark", "subject", "origin", "concerns", "detail"})
_NEEDED = ("at", "place", "event", "actor")
_OFTEN = 500


def read_events(path: Path) -> Iterator[Observed]:
    """The events of a file, one after another.

    Raises:
        MalformedError: unreadable, or a line that is no event; names file and line, never a value.
    """
    try:
        with path.open("rb") as file:
            number = 0
            while line := file.readline(MAX_LINE + 1):
                number += 1
                if line.strip():
                    yield parse_event(line, file=str(path), number=number)
    except OSError as error:
        why = error.strerror or "not a file's name"
        raise MalformedError(f"cannot be read: {why}", location=Location(file=str(path))) from None


def parse_event(line: bytes, *, file: str | None = None, number: int | None = None) -> Observed:
    """One line. Raises MalformedError as :func:`read_events` does."""

    def refuse(message: str, field: str | None = None) -> MalformedError:
        return MalformedError(message, location=Location(file=file, line=number, field=field))

    if len(line) > MAX_LINE:
        raise refuse(f"a line longer than {MAX_LINE} bytes")
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        raise refuse("not a line of JSON") from None
    if not isinstance(value, dict) or set(value) - _FIELDS:
        raise refuse(f"an event is an object with the fields {', '.join(sorted(_FIELDS))}")
    for name in ("place", "event", "actor", "mark", "subject"):
        if (name in value or name in _NEEDED) and not _is_text(value.get(name)):
            raise refuse("a short text is needed here", name)
    if not _is_text(value.get("origin") or ""):
        raise refuse("a short text is needed here", "origin")
    mark = value.get("mark") or f"{file or ''}:{number or 0}"
    return Observed(
        _instant(value.get("at"), refuse), value["place"], value["event"], value["actor"], mark,
        value.get("subject", ""), value.get("origin") or None, _concerns(value.get("concerns", []), refuse),
        _detail(value.get("detail", {}), refuse),
    )  # fmt: skip


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= _OFTEN


def _instant(value: Any, refuse: Any) -> dt.datetime:
    try:
        read = dt.datetime.fromisoformat(value)
        at = read.astimezone(dt.UTC) if read.tzinfo is not None else None
    except (TypeError, ValueError, OverflowError):
        at = None
    if at is None or not 1970 <= at.year <= 9000:  # noqa: PLR2004 - windows reckon around it
        raise refuse("an instant with its zone is needed here: 2026-01-31T08:00:00Z", "at")
    return at


def _concerns(value: Any, refuse: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(_is_text(each) for each in value):
        raise refuse("a list of texts is needed here", "concerns")
    return tuple(value)


def _detail(value: Any, refuse: Any) -> dict[str, int | str]:
    fits = isinstance(value, dict) and all(
        _is_text(name) and (_is_text(each) or type(each) is int) for name, each in value.items()
    )
    if not fits:
        raise refuse("names with short texts or whole numbers are needed here", "detail")
    return dict(value)


def lines(events: Iterable[Observed]) -> Iterator[str]:
    """Events as lines, for a recording."""
    for event in events:
        value = {
            "at": event.at.astimezone(dt.UTC).isoformat().replace("+00:00", "Z"), "place": event.place,
            "event": event.event, "actor": event.actor, "mark": event.mark, "subject": event.subject,
            "origin": event.origin, "concerns": list(event.concerns), "detail": dict(event.detail),
        }  # fmt: skip
        yield json.dumps({name: each for name, each in value.items() if each not in ("", None, [], {})},
                         ensure_ascii=False)  # fmt: skip
