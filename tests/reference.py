"""What an order lets out of a source, said in plain Python: loops, no SQL, nothing shared with the compiler.

Rows are dicts by the profile's own output columns (catalogue names); ``Legacy`` holds them by entity. Scope dates are
ISO or compact texts, as stored, or dates.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ecluse.domain.categories import Answer, classify
from ecluse.domain.order import Order

Row = dict[str, Any]
Legacy = Mapping[str, list[Row]]


def day(value: object) -> dt.date | None:
    """The day that a stored scope date names, or None where it names none."""
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    if not isinstance(value, str):
        return None
    text = value
    if len(text) > 10 and text[10] in "T ":
        text = text[:10]
    elif len(text) == 8:
        text = f"{text[:4]}-{text[4:6]}-{text[6:]}"
    if len(text) != 10 or text[4] != "-" or text[7] != "-":
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


@dataclass(frozen=True)
class Reference:
    """One order over one source; ``loincs`` is LOINC by local code, ``excluded`` the excluded persons' keys."""

    order: Order
    legacy: Legacy
    loincs: Mapping[str, str]
    excluded: frozenset[str] = frozenset()

    def refused(self, request: Row) -> str | None:
        """Why a request stays; the first reason counts."""
        scope = self.order.scope
        on = day(request[scope.dates.field.removeprefix("request.")])
        if on is None:
            return "no date"
        if not scope.dates.from_ <= on <= scope.dates.until:
            return "date"
        if request["site"] not in scope.sites:
            return "site"
        return "person" if request["patient"] is not None and str(request["patient"]) in self.excluded else None

    @cached_property
    def in_scope(self) -> list[Row]:
        """Requests that are in scope."""
        return [request for request in self.legacy["request"] if self.refused(request) is None]

    @cached_property
    def _requests(self) -> set[Any]:
        return {request["source_id"] for request in self.in_scope}

    @cached_property
    def _codes(self) -> dict[Any, str | None]:
        return {o["source_id"]: o["code"] for o in self.legacy["observation"]}

    def code(self, entity: str, row: Row, missing: str) -> str | None:
        """The code of a result, or of the result that a row hangs on (``missing`` where that has none)."""
        if entity == "observation":
            return row["code"]  # type: ignore[no-any-return]
        code = self._codes.get(row["observation"])
        return None if row["observation"] is None else missing if code is None else code

    def code_leaves(self, code: str | None) -> bool:
        """Whether a result of that code leaves."""
        scope, loinc = self.order.scope, self.loincs.get(code or "")
        answers = [classify(category, loinc or None) for category in scope.exclude_categories]
        if Answer.MATCH in answers:
            return False
        if not loinc or Answer.UNCLASSIFIABLE in answers:
            return scope.include_unclassifiable
        return True

    def expected(self, entity: str) -> list[Row]:
        """The rows of an entity that leave, whole: cut them to the ordered columns with :func:`cut`."""
        if entity == "request":
            return self.in_scope
        return [row for row in self.legacy[entity] if self._leaves(entity, row)]

    def _leaves(self, entity: str, row: Row) -> bool:
        if entity in {"specimen", "observation", "report", "comment"}:
            if row["request"] not in self._requests:
                return False
            if entity == "observation":
                return self.code_leaves(row["code"])
            if entity == "comment" and row.get("observation") is not None:
                return self.code_leaves(self._codes.get(row["observation"]))
            return True
        key = row["patient"] if entity == "payer" else row["source_id"]
        return key is not None and key in {value for r in self.in_scope for value in self._routes(entity, r)}

    def _routes(self, entity: str, request: Row) -> Iterator[Any]:
        if entity in {"patient", "payer"}:
            yield request["patient"]
        elif entity == "site":
            yield request["site"]
        else:
            ordered = self.order.scope.fields.get("request", ())
            yield from (request[name] for name in ("prescriber", "collector") if name in ordered)

    def reaching_days(self, entity: str, row: Row) -> set[dt.date | None]:
        """Days of the in-scope requests that lead to a row."""
        field = self.order.scope.dates.field.removeprefix("request.")
        if entity == "request":
            return {day(row[field])}
        children = {"specimen", "observation", "report", "comment"}
        key = row["request"] if entity in children else row["patient"] if entity == "payer" else row["source_id"]
        return {
            day(request[field])
            for request in self.in_scope
            if key in ([request["source_id"]] if entity in children else list(self._routes(entity, request)))
        }


def cut(rows: list[Row], columns: tuple[str, ...]) -> list[tuple[Any, ...]]:
    """These columns of rows, as a sorted list that compares as a multiset does."""
    return sorted((tuple(text(row[name]) for name in columns) for row in rows), key=repr)


def text(value: object) -> str | None:
    """A value as text, so that engines that keep numbers as texts compare."""
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, dt.datetime):
        return value.isoformat(" ")
    return None if value is None else str(value)
