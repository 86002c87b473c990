"""A FHIR R4 server as a destination: staged aside, published by conditional creates, read back (decision 0006).

FHIR has no staging tables and no transaction over a whole migration. Staged rows wait on the server itself, in
``Basic`` resources that no clinical query finds; publication turns them into resources, in bundles whose every entry is
a create on condition that no resource has its UUID. So a publication killed at any instant goes on, and creates nothing
twice.
"""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ecluse.adapters.destinations._fhir_keys import check_keys
from ecluse.adapters.destinations._fhir_server import GROUP, ORDER_SYSTEM, Addresses, Basic, FhirServer
from ecluse.adapters.destinations._fhir_staging import (
    BUNDLE_SYSTEM,
    OF_REQUEST,
    check_entities,
    documents_of,
    packed,
    patients_of,
    pieces,
    provenance,
    unpacked,
)
from ecluse.adapters.destinations._reading import with_control
from ecluse.adapters.fhir._ids import UUID_SYSTEM
from ecluse.adapters.fhir._json import quoted
from ecluse.adapters.fhir._templates import TEMPLATES
from ecluse.adapters.fhir.reader import read_request_dates, read_rows
from ecluse.adapters.fhir.writer import Naming, write_rows
from ecluse.domain.catalogue import KEY
from ecluse.domain.errors import DestinationError
from ecluse.domain.profile import FhirTarget
from ecluse.migration.ports import StagedBatch

__all__ = ["FhirDestination"]

_PUBLICATION = "publication"
_BATCH = "batch"
_ROWS = "rows-"
_STAGED_ROWS = 500


class FhirDestination:
    """One connection to a server."""

    def __init__(self, server: FhirServer, target: FhirTarget, now: Callable[[], dt.datetime] | None = None) -> None:
        self._server = server
        self._target = target
        self._now = now or (lambda: dt.datetime.now(dt.UTC))

    @property
    def _naming(self) -> Naming:
        return self._server.naming

    def prepare(self, order: str, entities: Mapping[str, pa.Schema]) -> None:
        """See the port. Raises DestinationError for a server that is none of R4, or lacks what publication needs."""
        self._server.check(self._target.bundle)
        names = ",".join(check_entities(dict(entities)))
        self._server.record(order, Basic(_PUBLICATION, order, {"state": "staging", "entities": names}))

    def loaded(self, order: str) -> dict[str, str]:
        """See the port."""
        return {basic.name: basic.values["parcel"] for basic in self._server.records(order, _BATCH)}

    def stage(self, order: str, batch: StagedBatch) -> None:
        """See the port. Rows first, then the ledger: a batch cut off before is staged again, over the same names."""
        state = self._state(order)
        if state is None:
            raise DestinationError("the destination is not prepared for this order")
        known = self._server.recorded(order, _BATCH, batch.batch)
        if known is None and state != "staging":
            raise DestinationError(f"batch {batch.batch} comes too late: this order is {state} here")
        if known is None:
            self._check_rows(batch)
            for number, rows in enumerate(pieces(batch.rows, _STAGED_ROWS)):
                named = f"{batch.batch}/{number:06}"
                self._server.record(order, Basic(_ROWS + batch.entity, named, {"batch": batch.batch}, packed(rows)))
            ledger = {"entity": batch.entity, "parcel": batch.parcel, "rows": str(batch.rows.num_rows)}
            self._server.record(order, Basic(_BATCH, batch.batch, ledger))
            known = self._server.recorded(order, _BATCH, batch.batch)
        if known is None:
            raise DestinationError("the FHIR server does not give back what it took")
        if known.values["parcel"] != batch.parcel:
            raise DestinationError(f"batch {batch.batch} was already loaded, from another parcel")

    def publish(self, order: str) -> None:
        """See the port. What stands on the server is looked at before the first resource is created."""
        publication = self._server.recorded(order, _PUBLICATION, order)
        state = publication.values["state"] if publication else None
        if publication is None or state not in {"staging", "publishing", "published", "finished"}:
            raise DestinationError(f"nothing to publish: this order is {state or 'unknown'} here")
        if state in {"published", "finished"}:
            return
        entities = _entities(publication)
        if state == "staging":
            self._check_staged(order, entities)
            self._server.change(order, replace(publication, values={**publication.values, "state": "publishing"}))
        self._create(order, entities)
        publication = self._server.recorded(order, _PUBLICATION, order) or publication
        self._server.change(order, replace(publication, values={**publication.values, "state": "published"}))

    def read_back(
        self, order: str, entity: str, schema: pa.Schema, scope_date: str = "registered_on"
    ) -> Iterator[pa.RecordBatch]:
        """See the port: the resources of the staged keys, found by their UUIDs."""
        if self._state(order) != "published":
            raise DestinationError("nothing to read back: this order is not published here, or finished")
        for table in self._staged(order, entity):
            for start in range(0, table.num_rows, GROUP):
                keys = pc.unique(table.slice(start, GROUP).column(KEY).combine_chunks())
                found = self._server.find(TEMPLATES[entity].resource, self._naming.ids(entity, keys))
                rows = read_rows(entity, found.resources, schema, self._naming)
                control = self._control(entity, rows, found.resources, scope_date)
                yield pa.RecordBatch.from_arrays([*rows.columns, *control], schema=with_control(schema))

    def finish(self, order: str) -> tuple[str, ...]:
        """See the port: staged rows are deleted, the ledger stays. Raises DestinationError within a publication."""
        publication = self._server.recorded(order, _PUBLICATION, order)
        if publication is None:
            return ()
        state = publication.values["state"]
        if state == "publishing":
            raise DestinationError("this order's publication was cut off: publish it to its end first")
        ended = {"staging": "abandoned", "published": "finished"}.get(state)
        if ended:
            self._server.change(order, replace(publication, values={**publication.values, "state": ended}))
        dropped = []
        for entity in _entities(publication):
            # Listed whole before the first is deleted, lest pages shift.
            left = [replace(basic, data=None) for basic in self._server.records(order, _ROWS + entity)]
            for basic in left:
                self._server.remove(basic)
            if ended or left:
                dropped.append(f"Basic staged for {entity}")
        return tuple(dropped)

    def close(self) -> None:
        """Let the connection go."""
        self._server.http.close()
        self._naming.engine.close()

    def _state(self, order: str) -> str | None:
        publication = self._server.recorded(order, _PUBLICATION, order)
        return publication.values["state"] if publication else None

    def _check_rows(self, batch: StagedBatch) -> None:
        """Refuse now what publication could not write: the rows are written once, to nowhere."""
        if batch.rows.num_rows:
            write_rows(batch.entity, batch.rows, self._naming)

    def _staged(self, order: str, entity: str) -> Iterator[pa.Table]:
        """What was staged of an entity, piece by piece."""
        batches = self.loaded(order)
        for basic in self._server.records(order, _ROWS + entity):
            if basic.values["batch"] in batches:  # else cut off before its ledger row: nobody was told that it is here
                yield unpacked(basic.data)

    def _check_staged(self, order: str, entities: tuple[str, ...]) -> None:
        """Nothing that is staged is lost, comes twice, or contradicts what stands. Raises DestinationError."""
        expected = dict.fromkeys(entities, 0)
        for basic in self._server.records(order, _BATCH):
            expected[basic.values["entity"]] += int(basic.values["rows"])
        for entity in entities:
            differing = Counter[str]()
            looking = iter([True])
            keys = partial(self._looked_at, order, entity, differing, looking)
            check_keys(self._naming.engine, entity, keys, expected[entity])
            columns = ", ".join(f"{name} ({rows})" for name, rows in differing.items() if rows)
            if columns:
                message = f"values of keys that already stand on the server differ: {entity}: {columns}"
                raise DestinationError(message)

    def _looked_at(
        self, order: str, entity: str, differing: Counter[str], looking: Iterator[bool]
    ) -> Iterator[Any]:  # fmt: skip
        """Staged keys; the first time, what stands under them is compared on the way."""
        comparing = next(looking, False)
        for table in self._staged(order, entity):
            yield table.column(KEY).combine_chunks()
            for name, rows in self._differing(entity, table) if comparing else ():
                differing[name] += rows

    def _differing(self, entity: str, table: pa.Table) -> Iterator[tuple[str, int]]:
        """How many rows, by column, stand on the server with another value."""
        for start in range(0, table.num_rows, GROUP):
            rows = table.slice(start, GROUP).combine_chunks()
            uuids = self._naming.ids(entity, rows.column(KEY).combine_chunks())
            found = self._server.find(TEMPLATES[entity].resource, uuids)
            if len(found.uuids):
                standing = read_rows(entity, found.resources, rows.schema, self._naming)
                mine = rows.take(pc.index_in(found.uuids, value_set=uuids))
                for name in rows.column_names:
                    yield name, _different(mine.column(name).combine_chunks(), standing.column(name))

    def _create(self, order: str, entities: tuple[str, ...]) -> None:
        addresses = Addresses(self._server)
        patients = patients_of(self._naming, self._staged(order, "request") if "request" in entities else ())
        tags = ((ORDER_SYSTEM, order),)
        for entity in entities:
            addresses.loading(entity)
            for table in self._staged(order, entity):
                for rows in pieces(table, self._target.entries):
                    subjects = patients(entity, rows)
                    made = write_rows(entity, rows, self._naming, linked=addresses, subjects=subjects, tags=tags)
                    done = self._post(TEMPLATES[entity].resource, made.text, made.ids)
                    listed = documents_of(entity, rows, self._naming, linked=addresses, subjects=subjects, tags=tags)
                    if listed is not None:
                        self._post("DocumentReference", listed.text, listed.ids)
                    self._account(order, TEMPLATES[entity].resource, done, made.ids)

    def _post(self, resource: str, texts: Any, ids: Any) -> list[str]:
        condition = pc.binary_join_element_wise(f"identifier={UUID_SYSTEM}|urn:uuid:", ids, "")
        request = f',"request":{{"method":"POST","url":"{resource}","ifNoneExist":'
        entries = pc.binary_join_element_wise('{"resource":', texts, request, quoted(condition), "}}", "")
        return self._server.post(self._target.bundle, entries.to_pylist())

    def _account(self, order: str, resource: str, done: list[str], ids: Any) -> None:
        """One Provenance for a bundle: which resources, of which order, by what and when."""
        if not all(address.startswith(f"{resource}/") for address in done):
            found = self._server.find(resource, pc.unique(ids))
            done = sorted(found.addresses.to_pylist())
        name = self._naming.ids("provenance", pa.array([f"{order}|{resource}|{ids[0].as_py()}"]))[0].as_py()
        text = provenance(order, name, done, self._now())
        request = f'"method":"POST","url":"Provenance","ifNoneExist":"_tag={BUNDLE_SYSTEM}|{name}"'
        self._server.post(self._target.bundle, [f'{{"resource":{text},"request":{{{request}}}}}'])

    def _control(self, entity: str, rows: pa.RecordBatch, resources: Any, scope_date: str) -> list[Any]:
        """Date and site of each row's request, as they stand on the server."""
        nothing = [pa.nulls(rows.num_rows, pa.date32()), pa.nulls(rows.num_rows, pa.string())]
        if entity == "request":
            _, days, sites = read_request_dates(resources, scope_date, self._naming)
            return [days, sites]
        if entity not in OF_REQUEST or "request" not in rows.schema.names:
            return nothing
        wanted = pc.unique(rows.column("request").drop_null())
        if not len(wanted):
            return nothing
        found = self._server.find(TEMPLATES["request"].resource, self._naming.ids("request", wanted))
        keys, days, sites = read_request_dates(found.resources, scope_date, self._naming)
        at = pc.index_in(rows.column("request"), value_set=keys)
        at = pc.if_else(pc.is_valid(rows.column("request")), at, pa.scalar(None, at.type))
        return [days.take(at), sites.take(at)]


def _different(mine: Any, standing: Any) -> int:
    same = pc.or_(
        pc.fill_null(pc.equal(mine, standing), pa.scalar(value=False)), pc.and_(pc.is_null(mine), pc.is_null(standing))
    )
    return len(mine) - (pc.sum(same).as_py() or 0)


def _entities(publication: Basic) -> tuple[str, ...]:
    return tuple(name for name in publication.values["entities"].split(",") if name)
