"""ORU^R01 messages of HL7 v2.5, one a request, made by columns: every field of every row at once, then put in order.

``MSH PID [PD1] [ZPI] [PV1] ORC OBR [ZRQ] {NTE [ZNT]} {OBX [ZOX] {NTE [ZNT]}} {SPM [ZSP]}``. The same rows give the same
bytes, whatever order they come in: rows are sorted by rank and key, and no clock is asked.
"""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ecluse.adapters.hl7.grammar import HL7
from ecluse.adapters.messages.assembly import (
    RESULTS,
    Lines,
    Parts,
    add_remarks,
    check_requests,
    check_status,
    columns_of,
    heads_of,
    of_requests,
    ranks,
    result_texts,
    segments,
    sorted_by,
)
from ecluse.adapters.messages.grammar import Places
from ecluse.adapters.messages.model import Heading, Message, Rows
from ecluse.adapters.messages.texts import to_text
from ecluse.adapters.sources._arrow import Bounds
from ecluse.domain.catalogue import KEY

__all__ = ["STATUSES", "write"]

STATUSES = frozenset("CDFINOPRSUWX")
"""HL7 table 0085: what OBX-11 may say (v2.5; ``B`` and others came later)."""
_ONE_LINE = 199
"""Longest ST value (v2.5, 2.A.73); what is longer is TX."""
_ORDER = ("MSH", "PID", "PD1", "ZPI", "PV1", "ORC", "OBR", "ZRQ")
_SPECIMENS = 40


def write(rows: Rows, places: Places, heading: Heading) -> list[Message]:
    """One message for each row of ``rows["request"]``, in the order of their keys.

    ``rows``: tables by entity; children of requests that are not among ``rows["request"]`` are left out.
    Raises DestinationError: a value that HL7 has no way to write, a result's status that it does not know.
    """
    requests = sorted_by(rows["request"], [KEY])
    if not requests.num_rows:
        return []
    known = check_requests(requests)
    lines = Lines()
    count = len(known)
    each = np.arange(count, dtype=np.int64)
    written = heads_of(places, rows, requests)
    controls = [heading.control(key) for key in known.to_pylist()]
    _fill(written, heading, controls, count)
    for name, parts in written.items():
        lines.add(_segments(name, parts, count), each, _ORDER.index(name))
    _add_children(lines, places, rows, known)
    texts = lines.joined(count, "\r")
    return [
        Message(key, control, f"{text}\r".encode())
        for key, control, text in zip(known.to_pylist(), controls, texts, strict=True)
    ]


def _fill(written: dict[str, Parts], heading: Heading, controls: Sequence[str], count: int) -> None:
    """Fields that every message has."""

    def constant(text: str) -> pa.Array:
        return pa.array([text] * count, pa.string())

    head = written.setdefault("MSH", {})
    receiver = (heading.application, heading.facility)
    fixed = {3: "ECLUSE", 5: receiver[0], 6: receiver[1], 7: heading.moment, 12: "2.5", 18: "UNICODE UTF-8"}
    for number, text in fixed.items():
        head[number, 0, 0] = to_text(pa.chunked_array([constant(text)]), "MSH", HL7.style) if text else constant("")
    head[2, 0, 0] = constant("^~\\&")
    head[9, 1, 0], head[9, 2, 0], head[9, 3, 0] = constant("ORU"), constant("R01"), constant("ORU_R01")
    head[10, 0, 0] = pa.array(controls, pa.string())
    head[11, 0, 0] = constant("P" if heading.production else "T")
    for segment, text in (("PID", "1"), ("ORC", "RE"), ("OBR", "1")):
        written.setdefault(segment, {})[1, 0, 0] = constant(text)
    order = written["OBR"]
    if not any(place[:2] in {(4, 0), (4, 1)} for place in order):
        order[4, 1, 0] = constant("LAB")  # a required field: what was asked for is told by the results


def _add_children(lines: Lines, places: Places, rows: Rows, requests: pa.Array) -> None:
    results = of_requests(rows.get("observation"), requests, ["rank", KEY])
    if results is not None:
        table, at = results
        within = ranks(at)
        parts = columns_of(places, "observation", table, rows)
        _fill_result(parts, table, places, within)
        for place, (name, columns) in enumerate(sorted(parts.items())):
            lines.add(_segments(name, columns, table.num_rows), at, RESULTS, within, place)
    remarks = of_requests(rows.get("comment"), requests, [KEY])
    if remarks is not None:
        add_remarks(lines, places, rows, remarks, results)
    specimens = of_requests(rows.get("specimen"), requests, [KEY])
    if specimens is not None:
        table, at = specimens
        within = ranks(at)
        parts = columns_of(places, "specimen", table, rows)
        parts.setdefault("SPM", {})[1, 0, 0] = pa.array(within + 1).cast(pa.string())
        for place, (name, columns) in enumerate(sorted(parts.items())):
            lines.add(_segments(name, columns, table.num_rows), at, _SPECIMENS, within, place)


def _segments(name: str, parts: Parts, count: int) -> pa.Array:
    """MSH-1 is the separator itself."""
    return segments(name, parts, count, HL7.style.marks, 2 if name == "MSH" else 1)


def _fill_result(parts: dict[str, Parts], table: pa.Table, places: Places, within: Bounds) -> None:
    """OBX-1 and the value: SN with a comparator, NM for a number, else ST or TX with the original text."""
    own = parts.setdefault("OBX", {})
    own.setdefault((1, 0, 0), pa.array(within + 1).cast(pa.string()))
    for place in [place for place in own if place[0] == 5]:  # noqa: PLR2004
        del own[place]
    number, comparator, shown = result_texts(table, HL7.style)
    compared, numeric = pc.not_equal(comparator, ""), pc.not_equal(number, "")
    long = pc.or_(pc.greater(pc.utf8_length(shown), _ONE_LINE), pc.match_substring(shown, "\\.br\\"))
    kind = pc.if_else(compared, "SN", pc.if_else(numeric, "NM", pc.if_else(long, "TX", "ST")))
    own[2, 0, 0] = pc.if_else(pc.and_(pc.equal(kind, "ST"), pc.equal(shown, "")), "", kind)
    structured = pc.binary_join_element_wise(comparator, number, "^")
    own[5, 0, 0] = pc.if_else(compared, structured, pc.if_else(numeric, number, shown))
    check_status(table, places, STATUSES, "HL7's table 0085")
    for field_, name, system in ((3, "loinc", "LN"), (6, "ucum", "UCUM")):
        if own.get((field_, 4, 0)) is not None and name in table.column_names and (field_, 6, 0) not in own:
            own[field_, 6, 0] = pc.if_else(pc.is_valid(table.column(name).combine_chunks()), system, "")
