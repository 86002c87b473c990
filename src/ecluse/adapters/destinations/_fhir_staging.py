"""What both FHIR destinations, server and files, hold of an order between staging and publication."""

import datetime as dt
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ecluse.adapters.destinations._fhir_keys import RequestTexts, pieces_of
from ecluse.adapters.destinations._fhir_server import ORDER_SYSTEM
from ecluse.adapters.fhir._templates import TEMPLATES
from ecluse.adapters.fhir.documents import write_documents
from ecluse.adapters.fhir.writer import Linked, Naming, Written
from ecluse.domain.catalogue import KEY
from ecluse.domain.errors import DestinationError

__all__ = [
    "BUNDLE_SYSTEM",
    "LOADING_ORDER",
    "OF_REQUEST",
    "check_entities",
    "documents_of",
    "packed",
    "patients_of",
    "pieces",
    "provenance",
    "unpacked",
]

_PIECE_BYTES = 2 << 20
BUNDLE_SYSTEM = "urn:ecluse:bundle"
LOADING_ORDER = ("site", "practitioner", "patient", "payer", "request", "specimen", "observation", "report", "comment")
"""What is referred to comes first, as far as no resource refers to its own kind."""
OF_REQUEST = frozenset({"specimen", "observation", "report", "comment"})


def check_entities(entities: dict[str, pa.Schema]) -> tuple[str, ...]:
    """The entities in order of loading. Raises DestinationError for one that cannot be loaded."""
    for entity, schema in entities.items():
        if entity not in TEMPLATES or KEY not in schema.names:
            raise DestinationError(f"{entity} cannot be loaded: it needs its {KEY}")
    return tuple(name for name in LOADING_ORDER if name in entities)


def pieces(rows: pa.Table, most: int) -> Iterator[pa.Table]:
    """Rows in slices of at most ``most``, fewer where they are large: a report may be megabytes."""
    step = max(1, min(most, _PIECE_BYTES * rows.num_rows // max(1, rows.nbytes)))
    for start in range(0, rows.num_rows, step):
        yield rows.slice(start, step).combine_chunks()


def packed(rows: pa.Table) -> bytes:
    """Rows as an Arrow stream."""
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, rows.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as stream:
        stream.write_table(rows)
    return sink.getvalue()


def unpacked(data: bytes | None) -> pa.Table:
    """What ``packed`` was given. Raises DestinationError."""
    try:
        with pa.ipc.open_stream(data or b"") as stream:
            return stream.read_all()
    except (pa.ArrowException, OSError):
        pass
    raise DestinationError("staged rows are not as they were left")


def patients_of(naming: Naming, requests: Iterable[pa.Table]) -> Callable[[str, pa.Table], Any]:
    """From rows' requests to those requests' patients. None where nothing tells them."""
    known = RequestTexts(naming.engine, pieces_of(requests, "patient"))

    def subjects(entity: str, rows: pa.Table) -> Any:
        if not known.told or entity not in OF_REQUEST or "request" not in rows.column_names:
            return None
        return known.of(rows.column("request").combine_chunks())[0]

    return subjects


def documents_of(
    entity: str, rows: pa.Table, naming: Naming, *, linked: Linked | None, subjects: Any,
    tags: Sequence[tuple[str, str]],
) -> Written | None:  # fmt: skip
    """Reports that have a content are listed as documents too; None where there is none."""
    if entity != "report" or "content" not in rows.column_names:
        return None
    with_content = pc.is_valid(rows.column("content")).combine_chunks()
    rows = rows.filter(with_content)
    if not rows.num_rows:
        return None
    subjects = None if subjects is None else subjects.filter(with_content)
    return write_documents(rows, naming, linked=linked, subjects=subjects, tags=tags)


def provenance(order: str, bundle: str, targets: Sequence[str], recorded: dt.datetime) -> str:
    """One Provenance: which resources came of which order, by what and when."""
    told = ",".join(f'{{"reference":"{address}"}}' for address in targets)
    moment = recorded.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    what = f'{{"identifier":{{"system":"{ORDER_SYSTEM}","value":"{order}"}}}}'
    return (
        f'{{"resourceType":"Provenance","meta":{{"tag":[{{"system":"{ORDER_SYSTEM}","code":"{order}"}},'
        f'{{"system":"{BUNDLE_SYSTEM}","code":"{bundle}"}}]}},"target":[{told}],"recorded":"{moment}",'
        f'"agent":[{{"who":{{"display":"Écluse"}}}}],"entity":[{{"role":"source","what":{what}}}]}}'
    )
