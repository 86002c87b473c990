"""Reports' contents as DocumentReference: what a document is, of whom and how to tell it is unchanged.

The content itself stands once, in ``DiagnosticReport.presentedForm``; the document names it by size and SHA-1 (FHIR R4,
datatypes, Attachment.hash) and points at the report.
"""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ecluse.adapters.fhir._json import array, literal, object_, quoted, unquoted
from ecluse.adapters.fhir._leaves import Kind, Leaf, write
from ecluse.adapters.fhir._values import cleaned
from ecluse.adapters.fhir.writer import Linked, Naming, Written
from ecluse.domain.catalogue import KEY

__all__ = ["write_documents"]

_SQL = """
    SELECT to_base64(unhex(sha1(content))) AS hash, octet_length(content)::VARCHAR AS size FROM contents ORDER BY row
"""


def write_documents(
    rows: pa.Table, naming: Naming, *, linked: Linked | None = None, subjects: Any = None,
    tags: Sequence[tuple[str, str]] = (),
) -> Written:  # fmt: skip
    """Reports that have a content → their documents. Arguments as of ``write_rows``."""
    keys = rows.column(KEY).combine_chunks()
    ids = naming.ids("document", keys)
    address = linked or naming.addresses
    codings = ",".join(f'{{"system":{literal(system)},"code":{literal(code)}}}' for system, code in tags)
    constants = {"resourceType": '"DocumentReference"', "status": '"current"'}
    if codings:
        constants["meta"] = f'{{"tag":[{codings}]}}'
    uuid = object_([("value", unquoted(pc.binary_join_element_wise("urn:uuid:", ids, "")))], _UUID)
    members = [("identifier", array([uuid]))]
    if "kind" in rows.column_names:
        members.append(("type", object_([("text", quoted(cleaned(rows.column("kind").combine_chunks())))])))
    if subjects is not None:
        members.append(("subject", _reference(address("patient", subjects))))
    members.append(("content", array([object_([("attachment", _attachment(rows, naming))])])))
    report = _reference(address("report", keys))
    members.append(("context", object_([("related", array([report]))])))
    return Written(ids, object_(members, constants))


_UUID = {"system": literal("urn:ietf:rfc:3986")}


def _attachment(rows: pa.Table, naming: Naming) -> Any:
    contents = rows.column("content").combine_chunks()
    naming.engine.register("contents", pa.table({"content": contents, "row": pa.array(range(len(contents)))}))
    try:
        told = naming.engine.execute(_SQL).to_arrow_table()
    finally:
        naming.engine.unregister("contents")
    members = [("hash", unquoted(_whole(told.column("hash")))), ("size", _whole(told.column("size")))]
    for leaf, name in ((Leaf("media_type", Kind.CODE), "contentType"), (Leaf("title"), "title")):
        if leaf.column in rows.column_names:
            members.append((name, write(leaf, rows.column(leaf.column).combine_chunks(), naming.zone).json))
    return object_(members)


def _whole(column: Any) -> Any:
    return column.combine_chunks().cast(pa.string())


def _reference(addresses: Any) -> Any:
    return object_([("reference", quoted(addresses))])
