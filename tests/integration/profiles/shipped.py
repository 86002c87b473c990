"""The shipped profiles, and what an order gets through one of them: plan, queries, gate and normaliser, unsealed."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import pyarrow as pa

from ecluse.adapters.sources.opening import open_source
from ecluse.adapters.sources.spec import SourceSpec
from ecluse.domain.catalogue import CATALOGUE
from ecluse.domain.order import (
    AgreementRef,
    DateRange,
    Order,
    OrderDestination,
    OrderingController,
    OrderSource,
    Retention,
    Scope,
    SourceDisposition,
)
from ecluse.domain.plan import Plan
from ecluse.domain.profile import DestinationProfile, SourceProfile
from ecluse.domain.sensitive import SensitiveCategory
from ecluse.migration.compile import bind
from ecluse.migration.gate import Gate
from ecluse.migration.normalise import Normaliser
from ecluse.migration.planning import make_plan
from ecluse.migration.selects import read_selects
from ecluse.wire.documents import read

DIGEST = "sha256:" + "0" * 64
_FOLDER = Path(str(files("ecluse.profiles")))
ALL = sorted(path.name for path in _FOLDER.glob("*.yaml"))


def source_profile(name: str) -> SourceProfile:
    return read(_FOLDER / f"{name}.yaml").to(SourceProfile)


def destination_profile(name: str) -> DestinationProfile:
    return read(_FOLDER / f"{name}.yaml").to(DestinationProfile)


def kind(name: str) -> type:
    value = read(_FOLDER / name).value
    return SourceProfile if value["format"] == "ecluse.source-profile/1" else DestinationProfile


def everything(profile: SourceProfile) -> dict[str, tuple[str, ...]]:
    """Every field that the profile serves, and that may be ordered."""
    selects = read_selects(profile)
    made = {}
    for entity in CATALOGUE:
        if entity.name in selects:
            names = set(selects[entity.name].names) | set(profile.entities[entity.name].parse)
            names |= {"loinc", "ucum"} if entity.name == "observation" else set()
            made[entity.name] = tuple(
                f.name for f in entity.fields if f.orderable and f.name in names and not f.name.endswith("_raw")
            )
    return made


def order_for(
    profile: SourceProfile,
    fields: Mapping[str, Sequence[str]],
    dates: tuple[str, str],
    sites: Sequence[str],
    *,
    exclude: Sequence[SensitiveCategory] = (),
    unclassifiable: bool = False,
    date_field: str = "request.registered_on",
) -> Order:
    return Order(
        format="ecluse.order/1",
        order="BIO-2026-0001",
        version=1,
        agreement=AgreementRef("DPA-2026-001", DIGEST),
        controller=OrderingController("Laboratoire des Trois Rivières", "750100125", "dr.martin"),
        source=OrderSource(profile.system, "RENNES", profile.profile),
        destination=OrderDestination("new", "age1" + "q" * 58),
        purpose="migration",
        scope=Scope(
            DateRange(date_field, *map(dt.date.fromisoformat, dates)),  # type: ignore[arg-type]
            tuple(sites),
            {entity: tuple(names) for entity, names in fields.items()},
            tuple(exclude),
            unclassifiable,
        ),
        retention=Retention("0d", dt.date(2026, 12, 31), SourceDisposition.CONTROLLER),
    )


@dataclass(frozen=True)
class Extracted:
    plan: Plan
    rows: dict[str, pa.Table]
    quarantined: dict[str, int]

    def by_key(self, entity: str) -> dict[str, dict[str, object]]:
        return {row["source_id"]: row for row in self.rows[entity].to_pylist()}


def extract(spec: SourceSpec, profile: SourceProfile, order: Order) -> Extracted:
    """Everything that the order yields, each batch through the gate."""
    source = open_source(spec)
    try:
        source.adopt_snapshot(None)
        now = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)
        plan = make_plan(source, order, DIGEST, DIGEST, profile, now, "agent").plan
        rows: dict[str, pa.Table] = {}
        quarantined: dict[str, int] = {}
        for planned in plan.entities:
            gate, normalise = Gate(order, profile, planned, frozenset()), Normaliser(profile, planned)
            for batch in (b for b in plan.batches if b.entity == planned.entity):
                sql = bind(planned.sql, source.dialect, lower=batch.lower, upper=batch.upper, excluded=None)
                raw = pa.Table.from_batches(list(source.stream(sql, batch.rows + 1)))
                gate.check_raw(raw, batch)
                clean = normalise(raw)
                gate.check_columns(clean.rows)
                known = rows.get(planned.entity)
                rows[planned.entity] = clean.rows if known is None else pa.concat_tables([known, clean.rows])
                for reason in clean.reasons:
                    name = f"{planned.entity}:{reason.reason}"
                    quarantined[name] = quarantined.get(name, 0) + reason.rows
        return Extracted(plan, rows, quarantined)
    finally:
        source.close()
