"""FHIR R4 resources that ``writer`` made, as they come back from a server or a file → catalogue rows."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ecluse.adapters.fhir._leaves import Kind, Leaf, read
from ecluse.adapters.fhir._paths import Field, Path, Step, Where
from ecluse.adapters.fhir._templates import TEMPLATES, Else, Link, Made, Node, Own, constant
from ecluse.adapters.fhir._texts import texts_at
from ecluse.adapters.fhir._times import wall_clock
from ecluse.adapters.fhir._values import from_text, unwired
from ecluse.adapters.fhir.writer import Naming, extension_url, own
from ecluse.domain.errors import DestinationError

__all__ = ["read_request_dates", "read_rows", "texts_of"]


def read_rows(entity: str, resources: Any, schema: pa.Schema, naming: Naming) -> pa.RecordBatch:
    """Resources' JSON texts → rows in ``schema``, an order's columns of the entity.

    Raises:
        DestinationError: what stands there is no FHIR of ours, or holds values that cannot have been loaded.
    """
    template = TEMPLATES[entity]
    homes = {leaf.column: (leaf, Path(template.resource, steps)) for leaf, steps in _places(template.body, (), naming)}
    wanted = [name for name in schema.names if name in homes]
    paths = [homes[name][1] for name in wanted]
    for name in schema.names:
        url = Where(("url",), extension_url(entity, name))
        paths.append(Path(template.resource, (Field("extension"), url, Field("valueString"))))
    texts = texts_of(resources, paths)
    arrays = []
    for number, column in enumerate(schema):
        exact = from_text(unwired(texts[len(wanted) + number]), column.type, column.name)
        if column.name in homes:
            leaf = homes[column.name][0]
            home = texts[wanted.index(column.name)]
            home = read(leaf, unwired(home) if leaf.kind is Kind.KEY else home, column.type, naming.zone)
            exact = pc.coalesce(exact, home)
        arrays.append(exact)
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def read_request_dates(resources: Any, scope_date: str, naming: Naming) -> tuple[Any, Any, Any]:
    """Of ServiceRequests: their keys, the days of their ``scope_date`` and their sites; null where there is none."""
    schema = pa.schema([("source_id", pa.string()), ("site", pa.string())])
    rows = read_rows("request", resources, schema, naming)
    places = {leaf.column: steps for leaf, steps in _places(TEMPLATES["request"].body, (), naming)}
    url = Where(("url",), extension_url("request", scope_date))
    paths = [Path("ServiceRequest", (Field("extension"), url, Field("valueString")))]
    if scope_date in places:
        paths.append(Path("ServiceRequest", places[scope_date]))
    days = pa.nulls(len(resources), pa.date32())
    for texts in texts_of(resources, paths):
        moment = wall_clock(texts, naming.zone).cast(pa.timestamp("s"))
        day = pc.utf8_slice_codeunits(texts, 0, 10)
        plain = pc.strptime(day, format="%Y-%m-%d", unit="s", error_is_null=True)
        days = pc.coalesce(days, pc.coalesce(moment, plain).cast(pa.date32()))
    return rows.column(0), days, rows.column(1)


def texts_of(resources: Any, paths: Sequence[Path]) -> list[Any]:
    """What stands at each path in each resource. Raises DestinationError where one is no JSON."""
    found = texts_at(resources, paths)
    if found is None:
        raise DestinationError("the destination holds what is no FHIR resource")
    return found


def _places(node: Node, steps: tuple[Step, ...], naming: Naming) -> Iterator[tuple[Leaf, tuple[Step, ...]]]:
    match node:
        case Leaf():
            if node.told:
                yield node, steps
        case Link():
            system = Where(("system",), own(naming, node.entity))
            key = Leaf(node.column, Kind.KEY)
            yield key, (*steps, Field("identifier"), system, Field("value"))
        case Else():
            yield from _places(node.node, steps, naming)
        case str() | int() | Own() | Made():
            return
        case Mapping():
            for name, each in node.items():
                yield from _places(each, (*steps, Field(name)), naming)
        case Sequence():
            for each in node:
                told = _told_apart(each, naming)
                yield from _places(each, (*steps, *((told,) if told else ())), naming)


def _told_apart(item: Node, naming: Naming) -> Where | None:
    """By which constant an array's item is known: its last own one, or one within."""
    if not isinstance(item, Mapping):
        return None
    constants = [(name, each) for name, each in item.items() if isinstance(each, str | int | Own)]
    if constants:
        name, value = constants[-1]
        return Where((name,), own(naming, value.name) if isinstance(value, Own) else str(value))
    for name, each in item.items():
        inner = each[0] if isinstance(each, Sequence) and not isinstance(each, str) else each
        found = _told_apart(inner, naming) if constant(each) else None
        if found is not None:
            return Where((name, *found.inner), found.value)
    return None
