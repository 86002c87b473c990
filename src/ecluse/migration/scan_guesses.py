"""Which tables hold which entities, and how they hang together: guesses, each with its reasons."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ecluse.migration.scan_words import Role, entity_by_name, singular, words
from ecluse.migration.scanning import EntityGuess, Reference, TableScan

_NAMED, _LEAST = 0.4, 0.5
_ROLES: dict[str, dict[Role, float]] = {
    "patient": {
        Role.BIRTH_DATE: 0.25, Role.NIR: 0.25, Role.FAMILY_NAME: 0.15, Role.GIVEN_NAMES: 0.1, Role.SEX: 0.1,
        Role.VALUE: -0.5,
    },
    "practitioner": {Role.RPPS: 0.4, Role.FAMILY_NAME: 0.2, Role.BIRTH_DATE: -0.4, Role.NIR: -0.4, Role.VALUE: -0.4},
    "site": {Role.FINESS: 0.3, Role.ADDRESS: 0.1, Role.FAMILY_NAME: 0.1, Role.VALUE: -0.4, Role.BIRTH_DATE: -0.4},
    "request": {
        Role.REGISTERED_ON: 0.2, Role.COLLECTED_ON: 0.1, Role.DATE: 0.1, Role.PRESCRIBER: 0.1, Role.SITE: 0.1,
        Role.CLINICAL: 0.05, Role.VALUE: -0.5, Role.BIRTH_DATE: -0.4,
    },
    "specimen": {Role.COLLECTED_ON: 0.1, Role.VALUE: -0.4, Role.BIRTH_DATE: -0.4},
    "observation": {Role.VALUE: 0.3, Role.CODE: 0.2, Role.UNIT: 0.1, Role.RANGE: 0.1, Role.BIRTH_DATE: -0.4},
    "report": {Role.DOCUMENT: 0.3, Role.VALUE: -0.3},
    "comment": {Role.FREE_TEXT: 0.15, Role.COMMENT: 0.15, Role.VALUE: -0.4, Role.BIRTH_DATE: -0.4},
}  # fmt: skip
_FIRST = ("patient", "observation", "request")
_CHILDREN = ("request", "observation", "specimen", "report", "comment")
_REACH = 0.3


def refers_by_name(column: str, table: TableScan, *, own: bool) -> str | None:
    """Why a column's name seems to mean another table's key; None where it does not. ``own``: it is its table's key."""
    if table.key is None:
        return None
    name, key, target = words(column), words(table.key), singular(table.name)
    if name == key and name not in {"id", "code", "num", "name", "no"}:
        return "the same name as that table's key"
    stems = {f"{target}_{key}", f"id_{target}", f"{target}_id", f"code_{target}", f"num_{target}", f"{target}_no"}
    if not own and name in stems:
        return "named after that table"
    return None


def guess_entities(tables: Sequence[TableScan], references: Iterable[Reference]) -> tuple[EntityGuess, ...]:
    """The likely table of each entity, the scope's own first; requests and results should lead to the patients."""
    refs = tuple(references)
    made: dict[str, EntityGuess] = {}
    for entity in ("patient", "observation", "request", *(e for e in _ROLES if e not in _FIRST)):
        taken = {guess.table for guess in made.values()}
        free = [table for table in tables if table.rows and table.name not in taken]
        found = _Guesser(made, refs).best(entity, free)
        if found is not None:
            made[entity] = found
    return tuple(made.values())


@dataclass(frozen=True)
class _Guesser:
    made: Mapping[str, EntityGuess]
    references: tuple[Reference, ...]

    def best(self, entity: str, tables: Sequence[TableScan]) -> EntityGuess | None:
        """The surest table, if any is sure enough."""
        scored = [(self._score(entity, table), table) for table in tables]
        (score, why), table = max(scored, key=lambda each: each[0][0], default=((0.0, ""), None))
        if table is None or score < _LEAST:
            return None
        return EntityGuess(entity, table.name, round(min(score, 1.0), 2), why)

    def _score(self, entity: str, table: TableScan) -> tuple[float, str]:
        score, why = 0.0, []
        if entity_by_name(table.name) == entity:
            score, why = _NAMED, ["its name"]
        roles = {column.role: column.name for column in table.columns if column.role is not None}
        for role, weight in _ROLES[entity].items():
            if role in roles:
                score += weight
                why += [f"{role} in {roles[role]}"] if weight > 0 else []
        for reason, holds in self._relations(entity, table):
            if holds:
                score += _REACH
                why.append(reason)
        return score, ", ".join(why)

    def _relations(self, entity: str, table: TableScan) -> Iterator[tuple[str, bool]]:
        patient, result = self.made.get("patient"), self.made.get("observation")
        request = self.made.get("request")
        if entity in _CHILDREN and patient is not None:
            yield "leads to the patients", table.name in _leading_to(patient.table, self.references)
        if entity == "request" and result is not None:
            yield "results refer to it", self._refers(result.table, table.name)
        if entity == "specimen" and request is not None:
            yield "requests refer to it", self._refers(request.table, table.name)

    def _refers(self, child: str, parent: str) -> bool:
        return any(r.table == child and r.to_table == parent for r in self.references)


def _leading_to(target: str, references: Sequence[Reference]) -> set[str]:
    """Tables from which references lead to one."""
    found, waiting = {target}, deque([target])
    while waiting:
        at = waiting.popleft()
        for reference in references:
            if reference.to_table == at and reference.table not in found:
                found.add(reference.table)
                waiting.append(reference.table)
    return found - {target}


def path(start: str, end: str, references: Sequence[Reference]) -> tuple[Reference, ...] | None:
    """The shortest chain of references from one table to another; None where there is none."""
    waiting: deque[tuple[str, tuple[Reference, ...]]] = deque([(start, ())])
    seen = {start}
    while waiting:
        at, chain = waiting.popleft()
        if at == end:
            return chain
        for reference in references:
            if reference.table == at and reference.to_table not in seen:
                seen.add(reference.to_table)
                waiting.append((reference.to_table, (*chain, reference)))
    return None
