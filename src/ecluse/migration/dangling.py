"""Rows that arrived although the row which they refer to was set aside: in the target they point at nothing (law 3)."""

from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from ecluse.domain.catalogue import CATALOGUE, KEY
from ecluse.domain.plan import PlannedEntity
from ecluse.domain.records import Difference, DifferenceKind, Receipt
from ecluse.migration.opening import open_parcel
from ecluse.seal.sealing import Identity
from ecluse.workspace.place import Workspace


def dangling(
    place: Workspace, identity: Identity, planned: PlannedEntity, receipts: Sequence[Receipt]
) -> Iterator[Difference]:
    """Every loaded row of an entity whose parent lies in a quarantine, by source key and link.

    ``receipts`` are those of all entities. Costs nothing where nothing was set aside.
    """
    links = [link for link in CATALOGUE.entity(planned.entity).links if link.field in planned.names()]
    for link in links:
        aside = _set_aside(place, identity, [receipt for receipt in receipts if receipt.entity == link.entity])
        if not len(aside):
            continue
        for receipt in (receipt for receipt in receipts if receipt.entity == planned.entity):
            rows = open_parcel(place, receipt, identity).rows
            lost = rows.filter(pc.is_in(rows.column(link.field), value_set=aside))
            for key in lost.column(KEY).to_pylist():
                yield Difference(DifferenceKind.DANGLING, planned.entity, key, link.field)


def _set_aside(place: Workspace, identity: Identity, receipts: Sequence[Receipt]) -> pa.Array:
    """Keys in the quarantines of these receipts that no sealed row has too."""
    aside: set[str] = set()
    for receipt in (receipt for receipt in receipts if receipt.quarantine_parcel):
        rows = open_parcel(place, receipt, identity, quarantine=True).rows
        if KEY in rows.column_names:
            aside |= {key for key in rows.column(KEY).to_pylist() if key}
    keys = pa.array(sorted(aside), pa.string())
    for receipt in receipts if aside else ():
        sealed = open_parcel(place, receipt, identity).rows.column(KEY)
        keys = keys.filter(pc.invert(pc.is_in(keys, value_set=sealed.combine_chunks())))
    return keys
