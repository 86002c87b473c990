"""Messages that Écluse wrote, read back by its HL7 reader into the rows that they were written from."""

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from ecluse.adapters.hl7.places import Places
from ecluse.adapters.hl7.texts import from_text
from ecluse.adapters.messages.model import distinct
from ecluse.adapters.sources._field_paths import FieldPath
from ecluse.adapters.sources._hl7v2 import segment_rows
from ecluse.domain.catalogue import CATALOGUE, KEY, FieldType
from ecluse.domain.errors import DestinationError

__all__ = ["read"]

_MAIN = {"patient": "PID", "request": "OBR", "specimen": "SPM", "observation": "OBX", "comment": "NTE"}
_VALUE = 5
_BEHIND = ("ZOX", "ZNT", "ZSP")
"""Segments that stand right behind the one that they belong to; all others come once a message."""


def read(data: bytes, places: Places, schemas: Mapping[str, pa.Schema]) -> dict[str, pa.Table]:
    """Rows by entity, as often as messages hold them: a patient, practitioner or site once a message that names it.

    Raises DestinationError where a message cannot be read.
    """
    found = segment_rows(data, _wanted(places))
    if found is None:
        raise DestinationError("a message that was written cannot be read")
    made = {entity: _entity(entity, places, found, schemas[entity]) for entity in schemas if entity in _MAIN}
    for to in ("practitioner", "site"):
        if to in schemas:
            made[to] = _named(to, places, found, schemas[to])
    return made


def _wanted(places: Places) -> dict[str, tuple[FieldPath, ...]]:
    """Every place that is read, by segment."""
    found: dict[str, dict[FieldPath, None]] = {"OBR": {}, "OBX": {FieldPath("OBX", 2): None, FieldPath("OBX", 5): None}}
    for entity, fields in places.entities.items():
        if entity in ("practitioner", "site"):
            continue
        for name, path in fields.items():
            refers = CATALOGUE.column(entity, name).refers
            if refers in {"practitioner", "site"}:
                for part in _parts(places, refers).values():
                    found.setdefault(path.segment, {})[_within(path, part)] = None
            else:
                found.setdefault(path.segment, {})[path] = None
    found["OBX"] |= {FieldPath("OBX", 5, component=1): None, FieldPath("OBX", 5, component=2): None}
    return {segment: tuple(paths) for segment, paths in found.items()}


def _parts(places: Places, to: str) -> Mapping[str, FieldPath]:
    return places.entities.get(to) or {KEY: FieldPath("XCN", 1)}


def _within(path: FieldPath, part: FieldPath) -> FieldPath:
    return FieldPath(path.segment, path.field, 0, part.field, part.component)


def _entity(entity: str, places: Places, found: Mapping[str, pa.Table], schema: pa.Schema) -> pa.Table:
    main = found[_MAIN[entity]]
    columns = []
    for name in schema.names:
        path = places.entities[entity][name]
        kept = CATALOGUE.column(entity, name)
        if kept.refers in {"practitioner", "site"}:
            path = _within(path, _parts(places, kept.refers)[KEY])
        raw = _structural(entity, name, path, main, found)
        if raw is None:
            raw = _column(entity, path, main, found)
        codes = places.values.get(entity, {}).get(name)
        partial = kept.type is FieldType.PARTIAL_DATE
        columns.append(from_text(raw, schema.field(name).type, codes, partial=partial))
    return pa.table(columns, schema=schema)


def _structural(
    entity: str, name: str, path: FieldPath, main: pa.Table, found: Mapping[str, pa.Table]
) -> pa.Array | None:
    """A link that the message's structure says: the key of the segment that this one belongs to."""
    if (entity, name) == ("request", "patient"):
        return _once(path, main, found[path.segment])
    if name == "request" and entity in {"observation", "comment", "specimen"}:
        return _once(path, main, found[path.segment])
    if (entity, name) == ("comment", "observation"):
        behind = pc.add(main.column("_obx"), 0 if path.segment == "OBX" else 1)
        return _joined(path, (main.column("_message"), behind), found[path.segment])
    return None


def _result(name: str, main: pa.Table) -> pa.Array:
    """Value and comparator, where OBX-2 says that there is a number."""
    kind = main.column("obx_2").combine_chunks()
    if name == "comparator":
        return pc.if_else(pc.equal(kind, "SN"), main.column("obx_5_1").combine_chunks(), "")
    number = pc.if_else(pc.equal(kind, "SN"), main.column("obx_5_2").combine_chunks(), "")
    return pc.if_else(pc.equal(kind, "NM"), main.column("obx_5").combine_chunks(), number)


def _column(entity: str, path: FieldPath, main: pa.Table, found: Mapping[str, pa.Table]) -> pa.Array:
    if entity == "observation" and (path.segment, path.field) == ("OBX", _VALUE):
        return _result("comparator" if path.component else "value", main)
    if path.segment == _MAIN[entity]:
        return main.column(path.column).combine_chunks()
    if path.segment in _BEHIND:
        return _joined(path, (main.column("_message"), pc.add(main.column("_line"), 1)), found[path.segment])
    return _once(path, main, found[path.segment])


def _once(path: FieldPath, main: pa.Table, other: pa.Table) -> pa.Array:
    """A column of a segment that a message has once."""
    at = pc.index_in(main.column("_message"), value_set=other.column("_message").combine_chunks())
    return other.column(path.column).take(at).combine_chunks()


def _joined(path: FieldPath, keys: tuple[pa.ChunkedArray, pa.ChunkedArray], other: pa.Table) -> pa.Array:
    """A column of the segment at a place in the same message."""

    def together(message: pa.ChunkedArray, line: pa.ChunkedArray) -> pa.ChunkedArray:
        return pc.add(pc.multiply(message, 1 << 32), line)

    known = together(other.column("_message"), other.column("_line")).combine_chunks()
    at = pc.index_in(together(*keys), value_set=known, skip_nulls=True)
    return other.column(path.column).take(at).combine_chunks()


def _named(to: str, places: Places, found: Mapping[str, pa.Table], schema: pa.Schema) -> pa.Table:
    """Practitioners or sites that messages name, each once."""
    tables = []
    for _, _, path in places.links(to):
        if path.segment not in found:
            continue
        columns = [found[path.segment].column(_within(path, places.entities[to][name]).column) for name in schema.names]
        texts = [
            from_text(column.combine_chunks(), schema.field(name).type, places.values.get(to, {}).get(name))
            for name, column in zip(schema.names, columns, strict=True)
        ]
        rows = pa.table(texts, schema=schema)
        tables.append(rows.filter(pc.is_valid(rows.column(KEY))))
    if not tables:
        return schema.empty_table()
    return distinct(pa.concat_tables(tables))
