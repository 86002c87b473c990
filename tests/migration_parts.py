"""Small orders, profiles, plans and batches for tests of the gate and the normaliser."""

import datetime as dt

import pyarrow as pa

from ecluse.domain.catalogue import CATALOGUE, FieldType
from ecluse.domain.order import (
    AgreementRef,
    DateRange,
    Order,
    OrderDestination,
    OrderingController,
    OrderSource,
    PersonBasis,
    PersonExclusion,
    Retention,
    Scope,
    SourceDisposition,
)
from ecluse.domain.plan import Batch, Because, Column, ColumnType, PlannedEntity
from ecluse.domain.profile import (
    Analysis,
    DateStorage,
    Engine,
    NumberRule,
    Parse,
    ScopeColumns,
    SourceEntity,
    SourceProfile,
)
from ecluse.domain.sensitive import SensitiveCategory

DIGEST = "sha256:" + "0" * 64
SITES = ("RENNES-CENTRE", "RENNES-SUD")
CANARY = "ZZCANARYZZ"
"""Stands in data; must never stand in a message."""

ANALYSES = {
    "NA": Analysis("2951-2"),
    "TSH": Analysis("3016-3", NumberRule(decimal=".")),
    "PLT": Analysis("777-3", NumberRule(decimal=",", group=".", strip_unit=True)),
    "HT": Analysis("4544-3", NumberRule(decimal=".", strip_unit=True)),
    "VIH": Analysis("56888-1"),
    "ENVOI": Analysis(),
}
_TYPES = {
    FieldType.DATE: ColumnType.DATE,
    FieldType.DATETIME: ColumnType.DATETIME,
    FieldType.DECIMAL: ColumnType.DECIMAL,
    FieldType.INTEGER: ColumnType.INTEGER,
    FieldType.BOOLEAN: ColumnType.BOOLEAN,
    FieldType.BINARY: ColumnType.BINARY,
}


def make_profile(storage=DateStorage.DATE, parse=None, **changes):
    entities = {entity.name: SourceEntity("SELECT 1") for entity in CATALOGUE}
    for name, parses in (parse or {}).items():
        entities[name] = SourceEntity("SELECT 1", parse={f: Parse(**p) for f, p in parses.items()})
    request = entities["request"]
    entities["request"] = SourceEntity(request.select, ScopeColumns({"registered_on": storage}), request.parse)
    fields = {"analyses": ANALYSES, "units": {"mmol/L": "mmol/L", "10^9/L": "10*9/L"}} | changes
    return SourceProfile("ecluse.source-profile/1", "dxlab", "dxlab", Engine.SQLITE, entities, **fields)


def make_order(fields=None, *, categories=(SensitiveCategory.HIV,), unclassifiable=False, persons=False, sites=SITES):
    fields = fields or {"patient": ("source_id",), "request": ("source_id",), "observation": ("source_id",)}
    scope = Scope(
        DateRange("request.registered_on", dt.date(2018, 1, 1), dt.date(2019, 12, 31)),
        sites,
        fields,
        categories,
        include_unclassifiable=unclassifiable,
        exclude_persons=PersonExclusion(DIGEST, PersonBasis.SOURCE_ID, 1) if persons else None,
    )
    return Order(
        "ecluse.order/1", "order-1", 1, AgreementRef("a", DIGEST),
        OrderingController("Laboratoire", "750100125", "directrice"), OrderSource("dxlab", "Rennes", "dxlab"),
        OrderDestination("neuf", "age1" + "q" * 58), "migration", scope,
        Retention("0d", dt.date(2030, 1, 1), SourceDisposition.CONTROLLER),
    )  # fmt: skip


def planned(entity, *names, rows=0):
    columns = []
    for name in names:
        kind = _TYPES.get(CATALOGUE.column(entity, name).type, ColumnType.TEXT)
        columns.append(Column(name, kind, Because.ORDERED))
    return PlannedEntity(entity, "SELECT 1", tuple(columns), rows)


def batch(entity="observation", rows=1, lower="2019-01-01", upper="2020-01-01"):
    return Batch("batch-1", entity, lower, upper, rows)


def raw(columns, *, date=dt.date(2019, 6, 1), site=SITES[0], **controls):
    """A raw batch: lists, or arrays; controls are repeated for every row unless they are lists."""
    arrays = {n: v if isinstance(v, pa.Array) else pa.array(v) for n, v in columns.items()}
    rows = len(next(iter(arrays.values())))
    for name, value in {"date": date, "site": site, **controls}.items():
        given = value if isinstance(value, list) else [value] * rows
        arrays[f"_{name}"] = value if isinstance(value, pa.Array) else pa.array(given)
    return pa.table(arrays)
