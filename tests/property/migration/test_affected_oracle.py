"""R17: for any source and any order, persons are counted as plain loops over the ordered rows count them."""

import contextlib
import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from ecluse.domain.affected import By, Fact
from ecluse.domain.catalogue import CATALOGUE
from ecluse.domain.categories import categories_of
from ecluse.domain.order import Order, PersonBasis
from ecluse.domain.profile import Engine
from ecluse.migration.affected import UNCLASSIFIABLE, mark
from ecluse.migration.affected_list import Wording, pieces
from ecluse.migration.affected_rows import Reading
from ecluse.migration.codes import NO_CODE
from ecluse.migration.persons import make_list, resolve
from legacy import LOINCS, OUT, DbSource, excluding, fill, four_sources, legacies, profile, run, scopes
from reference import Legacy, Reference, Row, day
from servers import MariadbServer, PostgresqlServer

KEY = b"k" * 32
TODAY = dt.date(2026, 11, 22)
OTHERS = {"practitioner", "site"}
WORDING = Wording({}, {by: str(by) for by in By}, "en")


@pytest.fixture(scope="module")
def sources(postgresql: PostgresqlServer, mariadb: MariadbServer) -> Iterator[dict[Engine, DbSource]]:
    with contextlib.ExitStack() as stack:
        yield four_sources(stack, postgresql, mariadb)


@pytest.mark.parametrize("engine", [Engine.POSTGRESQL, Engine.MYSQL, Engine.SQLITE, Engine.CSV])
@settings(phases=[Phase.explicit, Phase.generate])
@given(data=st.data())
def test_persons_are_counted_as_the_oracle_counts(
    sources: dict[Engine, DbSource], engine: Engine, data: st.DataObject
) -> None:
    source, served = sources[engine], profile(engine)
    legacy, scope = data.draw(legacies(engine)), data.draw(scopes())
    run(source.connection, fill(legacy))
    excluded, ordered = frozenset[str](), excluding(scope, None)
    if data.draw(st.booleans()):
        chosen = data.draw(st.sets(st.sampled_from(["1", "2", "3", "4", "5"]), max_size=3))
        persons = make_list(KEY, PersonBasis.SOURCE_ID, chosen)
        ordered = excluding(scope, persons.exclusion())
        excluded = frozenset(resolve(source, served, persons, KEY))
    flagged = data.draw(st.sets(st.sampled_from(["1", "2", "3", "9"])))
    oracle = Oracle(ordered, legacy, excluded)
    reading = Reading(source, ordered, served, excluded)
    everybody = reading.persons()
    marks = mark(reading, everybody, {"group": sorted(flagged)}, TODAY)
    counted = marks.counted()
    assert sorted(everybody.keys.to_pylist()) == sorted(oracle.persons)
    assert counted.persons == len(oracle.persons)
    assert counted.nameless == sum(request["patient"] is None for request in oracle.reference.in_scope)
    practitioners = oracle.reference.expected("practitioner") if "practitioner" in ordered.scope.fields else []
    assert counted.practitioners == len(practitioners)
    assert {(c.by, c.name): c.persons for c in counted.cells if c.persons} == oracle.numbers(flagged)
    listed = b"".join(pieces(reading, marks, marks.everybody(), WORDING)).decode("utf-8-sig")
    keys = [line.split(",")[0].strip('"') for line in listed.splitlines()[1:]]
    assert sorted(keys) == sorted(oracle.persons)
    assert OUT not in listed.replace(f"{OUT}-patient", "")  # an address is no field of the order, and a letter's need


class Oracle:
    """Loops over the rows that the reference lets out."""

    def __init__(self, ordered: Order, legacy: Legacy, excluded: frozenset[str]) -> None:
        self.order, self.reference = ordered, Reference(ordered, legacy, LOINCS, excluded)
        self.persons = {str(r["patient"]) for r in self.reference.in_scope if r["patient"] is not None}
        self._requests = {r["source_id"]: r["patient"] for r in self.reference.in_scope}

    def numbers(self, flagged: set[str]) -> dict[tuple[By, str], int]:
        found: dict[tuple[By, str], set[str]] = {}

        def note(by: By, name: object, person: Any) -> None:
            if person is not None:
                found.setdefault((by, str(name)), set()).add(str(person))

        for entity, names in self.order.scope.fields.items():
            for row in self.reference.expected(entity) if entity not in OTHERS else []:
                person = self._person(entity, row)
                for name in names:
                    if str(row[name] or "").strip():
                        note(By.CLASS, CATALOGUE.field(entity, name).kind, person)
                for category in self._categories(entity, row):
                    note(By.CATEGORY, category, person)
        field = self.order.scope.dates.field.removeprefix("request.")
        for request in self.reference.in_scope:
            on = day(request[field])
            assert on is not None
            note(By.YEAR, f"{on.year:04}", request["patient"])
            note(By.SITE, request["site"], request["patient"])
        known = {str(row["source_id"]) for row in self.reference.legacy["patient"]}
        found |= {(By.FLAG, "group"): flagged & self.persons, (By.FACT, str(Fact.NO_RECORD)): self.persons - known}
        return {thing: len(persons) for thing, persons in found.items() if persons}

    def _person(self, entity: str, row: Row) -> Any:
        if entity in {"request", "payer"}:
            return row["patient"]
        return row["source_id"] if entity == "patient" else self._requests[row["request"]]

    def _categories(self, entity: str, row: Row) -> list[object]:
        if entity not in {"observation", "comment"}:
            return []
        code = self.reference.code(entity, row, NO_CODE)
        if code is None and entity == "comment":
            return []
        loinc = LOINCS.get(code or "")
        if loinc:
            return list(categories_of(loinc))
        return [UNCLASSIFIABLE] if self.order.scope.include_unclassifiable else []
