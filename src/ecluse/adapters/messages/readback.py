"""Messages that Écluse wrote, cut into columns by its readers, back into the rows that they were written from."""

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from ecluse.adapters.messages.grammar import Places
from ecluse.adapters.messages.model import distinct
from ecluse.adapters.messages.texts import from_text
from ecluse.adapters.sources._field_paths import FieldPath
from ecluse.domain.catalogue import CATALOGUE, KEY, FieldType

__all__ = ["rows_of", "wanted"]

Found = Mapping[str, pa.Table]
"""Segments by name, as readers give them: their places as columns, escapes and all."""


def rows_of(found: Found, places: Places, schemas: Mapping[str, pa.Schema]) -> dict[str, pa.Table]:
    """Rows by entity, as often as messages hold them: a patient, practitioner or site once a message that names it."""
    main = places.grammar.main
    made = {entity: _entity(entity, places, found, schemas[entity]) for entity in schemas if entity in main}
    for to in ("practitioner", "site"):
        if to in schemas:
            made[to] = _named(to, places, found, schemas[to])
    return made


def wanted(places: Places) -> dict[str, tuple[FieldPath, ...]]:
    """Every place that is read, by segment."""
    found: dict[str, dict[FieldPath, None]] = {name: {} for name in places.grammar.main.values()}
    found |= {name: dict.fromkeys(each) for name, each in places.grammar.looked_at.items()}
    for entity, fields in places.entities.items():
        if entity in places.grammar.parts:
            continue
        for name, path in fields.items():
            refers = CATALOGUE.column(entity, name).refers
            if refers is not None and refers in places.grammar.parts:
                for part in places.parts_of(refers).values():
                    found.setdefault(path.segment, {})[_within(path, part)] = None
            else:
                found.setdefault(path.segment, {})[path] = None
    used = {path.segment for fields in places.entities.values() for path in fields.values()}
    kept = used | set(places.grammar.main.values())
    return {segment: tuple(paths) for segment, paths in found.items() if segment in kept}


def _within(path: FieldPath, part: FieldPath) -> FieldPath:
    return FieldPath(path.segment, path.field, 0, part.field, part.component)


def _entity(entity: str, places: Places, found: Found, schema: pa.Schema) -> pa.Table:
    grammar = places.grammar
    main = found[grammar.main[entity]]
    columns = []
    for name in schema.names:
        path = places.entities[entity][name]
        kept = CATALOGUE.column(entity, name)
        if kept.refers is not None and kept.refers in grammar.parts:
            path = _within(path, places.parts_of(kept.refers)[KEY])
        raw = _structural(entity, name, path, main, places=places, found=found)
        if raw is None:
            raw = _column(entity, name, path, main, places=places, found=found)
        codes = places.values.get(entity, {}).get(name)
        partial = kept.type is FieldType.PARTIAL_DATE
        columns.append(from_text(raw, schema.field(name).type, grammar.style.marks, codes, partial=partial))
    return pa.table(columns, schema=schema)


def _structural(
    entity: str, name: str, path: FieldPath, main: pa.Table, *, places: Places, found: Found
) -> pa.Array | None:
    """A link that the message's structure says: the key of the segment that this one belongs to."""
    if (entity, name) == ("request", "patient"):
        return _once(path, main, found[path.segment])
    if name == "request" and entity in {"observation", "comment", "specimen"}:
        return _once(path, main, found[path.segment])
    if (entity, name) == ("comment", "observation"):
        behind = pc.add(main.column("_obx"), 0 if path.segment == places.grammar.main["observation"] else 1)
        return _joined(path, (main.column("_message"), behind), found[path.segment])
    return None


def _column(entity: str, name: str, path: FieldPath, main: pa.Table, *, places: Places, found: Found) -> pa.Array:
    if entity == "observation" and name in {"value", "comparator"}:
        return places.grammar.result(name, main, places)
    if path.segment == places.grammar.main[entity]:
        return main.column(path.column).combine_chunks()
    if path.segment in places.grammar.behind:
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


def _named(to: str, places: Places, found: Found, schema: pa.Schema) -> pa.Table:
    """Practitioners or sites that messages name, each once."""
    tables = []
    for _, _, path in places.links(to):
        if path.segment not in found:
            continue
        columns = [found[path.segment].column(_within(path, places.entities[to][name]).column) for name in schema.names]
        texts = [
            from_text(
                column.combine_chunks(),
                schema.field(name).type,
                places.grammar.style.marks,
                places.values.get(to, {}).get(name),
            )
            for name, column in zip(schema.names, columns, strict=True)
        ]
        rows = pa.table(texts, schema=schema)
        tables.append(rows.filter(pc.is_valid(rows.column(KEY))))
    if not tables:
        return schema.empty_table()
    return distinct(pa.concat_tables(tables))
