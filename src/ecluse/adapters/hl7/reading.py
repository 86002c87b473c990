"""ORU^R01 messages that Écluse wrote, read back by its HL7 reader."""

from collections.abc import Mapping

import pyarrow as pa

from ecluse.adapters.messages.grammar import Places
from ecluse.adapters.messages.readback import rows_of, wanted
from ecluse.adapters.sources._hl7v2 import segment_rows
from ecluse.domain.errors import DestinationError

__all__ = ["read"]


def read(data: bytes, places: Places, schemas: Mapping[str, pa.Schema]) -> dict[str, pa.Table]:
    """Rows by entity, as often as messages hold them. Raises DestinationError where a message cannot be read."""
    found = segment_rows(data, wanted(places))
    if found is None:
        raise DestinationError("a message that was written cannot be read")
    return rows_of(found, places, schemas)
