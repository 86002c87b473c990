r"""HPRIM Santé 2.x ORU, one message a request: ``H P OBR {C} {OBX {C}} L``, made by columns.

Positions, counted with the segment's name as field 1: domain.md section 4 (H16 to H18, D7); the official specification
was not at hand. Not verified: escape sequences (``\F\`` is the field's delimiter, as in HL7), ``""`` for an empty text,
lines of 220 characters, fields behind a segment's last, which hold what HPRIM has no field for.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

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
from ecluse.adapters.messages.grammar import Grammar, Places, wrong
from ecluse.adapters.messages.model import ENCODING, UNWRITABLE, Heading, Message, Rows
from ecluse.adapters.messages.readback import rows_of, wanted
from ecluse.adapters.messages.texts import UNTOLD, Style, to_text
from ecluse.adapters.sources._field_paths import FieldPath
from ecluse.adapters.sources._hl7v2_marks import Marks
from ecluse.adapters.sources._segments import segment_rows
from ecluse.domain.catalogue import KEY
from ecluse.domain.errors import DestinationError
from ecluse.domain.files import FileFormat

__all__ = ["COMPARATORS", "SANTE", "STATUSES", "SanteLayout"]

STATUSES = frozenset("RPFCIDXU")
"""What OBX-12 may say (domain.md section 4)."""
COMPARATORS = ("<", "<=", ">", ">=")
_LINE = 220
_FOLD = re.compile(rf"([^\r\n]{{{_LINE - 2}}})(?=[^\r\n])")
_END = 50
_SENDER = 5
_VALUE = FieldPath("OBX", 6)


def _check(observation: Mapping[str, FieldPath]) -> None:
    """OBX-6 shows the number with its comparator, or the original text; both have places of their own besides."""
    for name, path in observation.items():
        if name == "value" and path != _VALUE:
            raise wrong("observation", name, "must be OBX-6")
        if name != "value" and (path.segment, path.field) == (_VALUE.segment, _VALUE.field):
            raise wrong("observation", name, "needs a place of its own, such as OBX-32: OBX-6 shows the number")
    if "comparator" in observation and "value" not in observation:
        raise DestinationError("observation.comparator is ordered without observation.value")


def _result(name: str, main: pa.Table, places: Places) -> pa.Array:
    """Value and comparator: NM is a number, ST with a comparator one that follows it."""
    path = places.entities["observation"].get("comparator")
    empty = pa.array([""] * main.num_rows, pa.string())
    comparator = pc.fill_null(main.column(path.column).combine_chunks(), "") if path else empty
    if name == "comparator":
        return comparator
    kind, shown = main.column("obx_3").combine_chunks(), main.column("obx_6").combine_chunks()
    compared = pc.and_(pc.equal(kind, "ST"), pc.not_equal(comparator, ""))
    number = pc.if_else(compared, pc.utf8_ltrim(shown, characters="<>="), "")
    return pc.if_else(pc.equal(kind, "NM"), shown, number)


SANTE = Grammar(
    segments={
        "patient": ("P",),
        "request": ("H", "P", "OBR"),
        "observation": ("OBX",),
        "comment": ("C",),
        "practitioner": ("MED",),
        "site": ("SND",),
    },
    main={"patient": "P", "request": "OBR", "observation": "OBX", "comment": "C"},
    parts={"practitioner": "MED", "site": "SND"},
    head="H",
    needed={"request": ("patient",), "observation": ("request", "code", "status"), "comment": ("request",)},
    ours=frozenset(
        {("P", 2), ("OBR", 2), ("OBX", 2), ("OBX", 3), ("C", 2)}
        | {("H", field) for field in range(1, 30) if field != _SENDER}
    ),
    first=2,
    style=Style(
        marks=Marks(ord("|"), ord("~"), ord("^"), ord("\\"), ord("&")),
        escapes={
            "\\": "\\E\\",
            "|": "\\F\\",
            "~": "\\S\\",
            "^": "\\R\\",
            "&": "\\T\\",
            "\n": "\\.br\\",
            "\r": "\\X0D\\",
            "\x1a": "\\X1A\\",
        },
        literal=UNTOLD,
        lenient=True,
    ),
    check=_check,
    result=_result,
    looked_at={"OBX": (FieldPath("OBX", 3), _VALUE)},
)
"""HPRIM Santé 2.x, as parsers of it have it."""


@dataclass(frozen=True, slots=True)
class SanteLayout:
    """HPRIM Santé messages by one profile; ``encoding``: of their bytes."""

    places: Places
    schemas: Mapping[str, pa.Schema]
    encoding: str
    suffix: str = ".hpr"

    def write(self, rows: Rows, heading: Heading) -> list[Message]:
        """See the protocol. A message with a character that the encoding lacks, or a text untold, is refused."""
        requests = sorted_by(rows["request"], [KEY])
        if not requests.num_rows:
            return []
        keys = check_requests(requests).to_pylist()
        controls = [heading.control(key) for key in keys]
        texts = _texts(rows, requests, self.places, heading, controls)
        return [self._message(*each) for each in zip(keys, controls, texts, strict=True)]

    def joined(self, messages: list[Message]) -> bytes:
        """See the protocol."""
        return b"".join(message.text for message in messages)

    def read(self, data: bytes) -> dict[str, pa.Table]:
        """See the protocol."""
        found = segment_rows(data, wanted(self.places), FileFormat.HPRIM_SANTE, self.encoding)
        if found is None:
            raise DestinationError("a message that was written cannot be read")
        return rows_of(found, self.places, self.schemas)

    def _message(self, request: str, control: str, text: str) -> Message:
        if UNTOLD in text:
            return Message(request, control, b"", UNWRITABLE)
        try:
            return Message(request, control, f"{_FOLD.sub(_continued, text)}\r\n".encode(self.encoding))
        except UnicodeEncodeError:
            return Message(request, control, b"", ENCODING)


def _continued(found: re.Match[str]) -> str:
    """A line goes on behind ``A|``, wherever it was cut."""
    return f"{found[1]}\r\nA|"


def _texts(rows: Rows, requests: pa.Table, places: Places, heading: Heading, controls: list[str]) -> list[str]:
    """Each request's message, its lines whole."""
    lines, count = Lines(), requests.num_rows
    each = np.arange(count, dtype=np.int64)
    parts = heads_of(places, rows, requests)
    _fill(parts, heading, controls, count)
    for place, name in enumerate(("H", "P", "OBR")):
        lines.add(_segments(name, parts[name], count), each, place)
    known = requests.column(KEY).combine_chunks()
    results = of_requests(rows.get("observation"), known, ["rank", KEY])
    if results is not None:
        table, at = results
        own = columns_of(places, "observation", table, rows)["OBX"]
        within = ranks(at)
        own[2, 0, 0] = pa.array(within + 1).cast(pa.string())
        _fill_result(own, table, places)
        lines.add(_segments("OBX", own, table.num_rows), at, RESULTS, within)
    remarks = of_requests(rows.get("comment"), known, [KEY])
    if remarks is not None:
        add_remarks(lines, places, rows, remarks, results)
    lines.add(pa.array(["L|1"] * count, pa.string()), each, _END)
    return lines.joined(count, "\r\n")


def _segments(name: str, parts: Parts, count: int) -> pa.Array:
    return segments(name, parts, count, SANTE.style.marks, SANTE.first)


def _fill(parts: dict[str, Parts], heading: Heading, controls: list[str], count: int) -> None:
    """Fields that every message has. H-3, the file's name, is made of the control id: the same in every resend."""

    def constant(text: str) -> pa.Array:
        return pa.array([text] * count, pa.string())

    head = parts.setdefault("H", {})
    head[2, 0, 0] = constant("~^\\&")
    head[3, 0, 0] = pa.array([f"{control}.HPR" for control in controls], pa.string())
    head[7, 0, 0] = constant("ORU")
    for component, text in enumerate((heading.application, heading.facility), 1):
        head[10, component, 0] = (
            to_text(pa.chunked_array([constant(text)]), "H-10", SANTE.style) if text else constant("")
        )
    head[12, 0, 0] = constant("P" if heading.production else "T")
    head[13, 1, 0], head[13, 2, 0] = constant("H2.1"), constant("C")
    head[14, 0, 0] = constant(heading.moment[:12])
    parts["P"][2, 0, 0] = parts["OBR"][2, 0, 0] = constant("1")
    if not any(place[:2] in {(5, 0), (5, 1)} for place in parts["OBR"]):
        parts["OBR"][5, 1, 0] = constant("LAB")  # what was asked for is told by the results


def _fill_result(own: Parts, table: pa.Table, places: Places) -> None:
    """OBX-3 and OBX-6: NM for a number, ST for one with a comparator, else ST or TX with the original text."""
    number, comparator, shown = result_texts(table, SANTE.style)
    known = pa.array(["", *COMPARATORS], pa.string())
    unknown = pc.sum(pc.invert(pc.is_in(comparator, value_set=known))).as_py() or 0
    if unknown:
        raise DestinationError(f"observation.comparator: {unknown} rows have none of {', '.join(COMPARATORS)}")
    numeric, compared = pc.not_equal(number, ""), pc.not_equal(comparator, "")
    kind = pc.if_else(pc.or_(compared, pc.match_substring(shown, "\\.br\\")), "TX", "ST")
    kind = pc.if_else(pc.equal(shown, ""), "", kind)
    own[3, 0, 0] = pc.if_else(numeric, pc.if_else(compared, "ST", "NM"), kind)
    together = pc.binary_join_element_wise(comparator, number, "")
    own[6, 0, 0] = pc.if_else(numeric, together, shown)
    check_status(table, places, STATUSES, "HPRIM's states of a result")
    for component, name, system in ((1, "code", "L"), (4, "loinc", "LN")):
        if (4, component, 0) in own and name in table.column_names and (4, component + 2, 0) not in own:
            own[4, component + 2, 0] = pc.if_else(pc.is_valid(table.column(name).combine_chunks()), system, "")
