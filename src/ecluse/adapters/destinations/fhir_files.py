"""A folder of FHIR NDJSON files as a destination (decision 0006): the folder is the new system's own, as tables are.

    <folder>/<order>/Patient-<batch>.ndjson …, manifest.json      what was published
    <folder>/.ecluse/<order>/                                     ledger, and staged rows until they are finished

A file is written whole or not at all, and the manifest last: files without a manifest are no publication.
"""

import datetime as dt
import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ecluse.adapters.destinations._fhir_keys import RequestTexts, check_keys
from ecluse.adapters.destinations._fhir_server import ORDER_SYSTEM
from ecluse.adapters.destinations._fhir_staging import (
    OF_REQUEST,
    check_entities,
    documents_of,
    packed,
    patients_of,
    provenance,
    unpacked,
)
from ecluse.adapters.destinations._reading import with_control
from ecluse.adapters.fhir._templates import TEMPLATES
from ecluse.adapters.fhir.reader import read_request_dates, read_rows
from ecluse.adapters.fhir.writer import Naming, write_rows
from ecluse.domain.catalogue import KEY
from ecluse.domain.errors import DestinationError
from ecluse.migration.ports import StagedBatch
from ecluse.workspace.files import erase, read, sweep_parts, write_atomic

__all__ = ["FhirFilesDestination"]

_READ_ROWS = 5_000
_PROVENANCE_TARGETS = 1_000


class FhirFilesDestination:
    """One folder, which must be there."""

    def __init__(self, folder: Path, naming: Naming, now: Callable[[], dt.datetime] | None = None) -> None:
        """Raises DestinationError where there is no such folder."""
        if not folder.is_dir():
            raise DestinationError("the destination's folder is not there")
        self._folder = folder
        self._naming = naming
        self._now = now or (lambda: dt.datetime.now(dt.UTC))

    def prepare(self, order: str, entities: Mapping[str, pa.Schema]) -> None:
        """See the port."""
        names = check_entities(dict(entities))
        if self._state(order) is None:
            self._change(order, "staging", names)

    def loaded(self, order: str) -> dict[str, str]:
        """See the port."""
        return {name: each["parcel"] for name, each in self._ledger(order).items()}

    def stage(self, order: str, batch: StagedBatch) -> None:
        """See the port. Rows first, then the ledger's file."""
        state = self._state(order)
        if state is None:
            raise DestinationError("the destination is not prepared for this order")
        known = self._ledger(order).get(batch.batch)
        if known is None:
            if state != "staging":
                raise DestinationError(f"batch {batch.batch} comes too late: this order is {state} here")
            if batch.rows.num_rows:
                write_rows(batch.entity, batch.rows, self._naming)  # what publication could not write is refused now
            write_atomic(self._staged_file(order, batch.entity, batch.batch), packed(batch.rows))
            known = {"batch": batch.batch, "entity": batch.entity, "parcel": batch.parcel, "rows": batch.rows.num_rows}
            write_atomic(self._own(order, "ledger", _safe(batch.batch) + ".json"), json.dumps(known).encode())
        if known["parcel"] != batch.parcel:
            raise DestinationError(f"batch {batch.batch} was already loaded, from another parcel")

    def publish(self, order: str) -> None:
        """See the port. Files may be written again and are the same; the manifest makes them a publication."""
        state = self._state(order)
        if state in {"published", "finished"}:
            return
        if state != "staging":
            raise DestinationError(f"nothing to publish: this order is {state or 'unknown'} here")
        ledger = self._ledger(order)
        for entity in self._entities(order):
            expected = sum(each["rows"] for each in ledger.values() if each["entity"] == entity)
            check_keys(self._naming.engine, entity, partial(self._keys, order, entity), expected)
        output = self._write(order)
        manifest = {"transactionTime": self._now().astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
                    "request": f"{ORDER_SYSTEM}:{order}", "requiresAccessToken": False, "output": output,
                    "error": []}  # fmt: skip
        write_atomic(self._published(order) / "manifest.json", json.dumps(manifest, indent=1).encode())
        self._change(order, "published", self._entities(order))

    def read_back(
        self, order: str, entity: str, schema: pa.Schema, scope_date: str = "registered_on"
    ) -> Iterator[pa.RecordBatch]:
        """See the port: the files of the manifest."""
        if self._state(order) != "published":
            raise DestinationError("nothing to read back: this order is not published here, or finished")
        requests = self._request_dates(order, scope_date) if entity in OF_REQUEST or entity == "request" else None
        for texts in self._texts(order, entity):
            rows = read_rows(entity, texts, schema, self._naming)
            control = [pa.nulls(rows.num_rows, pa.date32()), pa.nulls(rows.num_rows, pa.string())]
            link = KEY if entity == "request" else "request"
            if requests is not None and link in schema.names:
                control = requests.of(rows.column(link)) if requests.told else control
            yield pa.RecordBatch.from_arrays([*rows.columns, *control], schema=with_control(schema))

    def finish(self, order: str) -> tuple[str, ...]:
        """See the port. What an abandoned order had begun to publish goes too."""
        state = self._state(order)
        if state is None:
            return ()
        sweep_parts(self._own(order))
        ended = {"staging": "abandoned", "published": "finished"}.get(state)
        if ended == "abandoned" and self._published(order).is_dir():
            for path in sorted(self._published(order).iterdir()):
                erase(path)
            self._published(order).rmdir()
        dropped = []
        for entity in self._entities(order):
            left = sorted(self._own(order, "staged", entity).glob("*.arrow"))
            for path in left:
                erase(path)
            if ended or left:
                dropped.append(f"files staged for {entity}")
        if ended:
            self._change(order, ended, self._entities(order))
        return tuple(dropped)

    def close(self) -> None:
        """Let the engine go."""
        self._naming.engine.close()

    def _write(self, order: str) -> list[dict[str, Any]]:
        """Every resource's file, one a staged batch; gives the manifest's list."""
        subjects_of = patients_of(self._naming, (table for _, table in self._staged(order, "request")))
        tags = ((ORDER_SYSTEM, order),)
        output: list[dict[str, Any]] = []
        for entity in self._entities(order):
            for name, rows in self._staged(order, entity):
                subjects = subjects_of(entity, rows)
                made = write_rows(entity, rows, self._naming, subjects=subjects, tags=tags)
                kind = TEMPLATES[entity].resource
                output.append(self._lines(order, kind, name, made.with_ids(), entity))
                listed = documents_of(entity, rows, self._naming, linked=None, subjects=subjects, tags=tags)
                if listed is not None:
                    output.append(self._lines(order, "DocumentReference", name, listed.with_ids(), "document"))
                texts = pa.array(self._provenances(order, kind, name, made.ids), pa.string())
                output.append(self._lines(order, "Provenance", f"{entity}-{name}", texts, "provenance"))
        return [each for each in output if each["count"]]

    def _provenances(self, order: str, kind: str, name: str, ids: Any) -> list[str]:
        made = []
        for number, start in enumerate(range(0, len(ids), _PROVENANCE_TARGETS)):
            targets = [f"{kind}/{each}" for each in ids.slice(start, _PROVENANCE_TARGETS).to_pylist()]
            uuid = self._naming.ids("provenance", pa.array([f"{order}|{kind}|{name}|{number}"]))[0].as_py()
            text = provenance(order, uuid, targets, self._now())
            made.append(f'{{"id":"{uuid}",{text[1:]}')
        return made

    def _lines(self, order: str, kind: str, name: str, texts: Any, entity: str) -> dict[str, Any]:
        file = f"{kind}-{_safe(name)}.ndjson"
        if len(texts):
            lines = pc.binary_join_element_wise(texts, "\n", "")
            write_atomic(self._published(order) / file, pa.concat_arrays([lines]).buffers()[2].to_pybytes())
        return {"type": kind, "url": file, "count": len(texts), "entity": entity}

    def _texts(self, order: str, entity: str) -> Iterator[Any]:
        """The published resources of an entity, some at a time. Raises DestinationError where some are missing."""
        manifest = json.loads(read(self._published(order) / "manifest.json"))
        for each in manifest["output"]:
            if each["entity"] != entity:
                continue
            count = 0
            for lines in self._lines_of(self._published(order) / each["url"]):
                count += len(lines)
                yield lines
            if count != each["count"]:
                raise DestinationError("a published file has not the resources that the manifest says")

    def _lines_of(self, path: Path) -> Iterator[Any]:
        """A file's lines, some at a time; none from where it is no UTF-8 on, or where it ends within one."""
        held: list[bytes] = []
        try:
            with path.open("rb") as file:
                for line in file:
                    if not line.endswith(b"\n"):
                        break
                    held.append(line[:-1])
                    if len(held) >= _READ_ROWS:
                        yield pa.array(held, pa.binary()).cast(pa.string())
                        held = []
                yield pa.array(held, pa.binary()).cast(pa.string())
        except (OSError, pa.ArrowInvalid):
            return

    def _request_dates(self, order: str, scope_date: str) -> RequestTexts:
        """Days and sites of requests."""
        parts = (read_request_dates(texts, scope_date, self._naming) for texts in self._texts(order, "request"))
        return RequestTexts(self._naming.engine, ((keys, [days, sites]) for keys, days, sites in parts))

    def _keys(self, order: str, entity: str) -> Iterator[Any]:
        for _, table in self._staged(order, entity):
            yield table.column(KEY).combine_chunks()

    def _staged(self, order: str, entity: str) -> Iterator[tuple[str, pa.Table]]:
        for name, each in sorted(self._ledger(order).items()):
            if each["entity"] == entity:
                yield name, unpacked(read(self._staged_file(order, entity, name)))

    def _ledger(self, order: str) -> dict[str, dict[str, Any]]:
        found = [json.loads(read(path)) for path in sorted(self._own(order, "ledger").glob("*.json"))]
        return {each["batch"]: each for each in found}

    def _state(self, order: str) -> str | None:
        path = self._own(order, "publication.json")
        return str(json.loads(read(path))["state"]) if path.is_file() else None

    def _entities(self, order: str) -> tuple[str, ...]:
        return tuple(json.loads(read(self._own(order, "publication.json")))["entities"])

    def _change(self, order: str, state: str, entities: tuple[str, ...]) -> None:
        told = {"order": order, "state": state, "entities": list(entities)}
        write_atomic(self._own(order, "publication.json"), json.dumps(told).encode())

    def _staged_file(self, order: str, entity: str, batch: str) -> Path:
        return self._own(order, "staged", entity, _safe(batch) + ".arrow")

    def _own(self, order: str, *parts: str) -> Path:
        return self._folder.joinpath(".ecluse", _safe(order), *parts)

    def _published(self, order: str) -> Path:
        return self._folder / _safe(order)


def _safe(name: str) -> str:
    """A name as one of a file: itself where it can be, else its hash."""
    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}", name):
        return name
    return hashlib.sha256(name.encode()).hexdigest()[:32]
