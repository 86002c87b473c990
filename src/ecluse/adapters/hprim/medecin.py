"""HPRIM Médecin 3.0, one mail a request: twelve header lines, the results as text, and behind LAB as TEX and RES.

Fields: domain.md section 4 (H13 to H15); the official specification was not at hand. The format has no escapes: a text
with ``|``, a line's end or ``****``, and an empty one, cannot be written, and its request's mail is not. What it has no
field for stands behind RES-14, and for header lines in one last TEX line that begins with ECLUSE; that receivers pass
over both was not verified. A line of two parts (postcode and city, code and name) is parted at its first blank.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ecluse.adapters.messages.assembly import (
    RESULTS,
    Lines,
    Parts,
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
from ecluse.adapters.messages.texts import UNTOLD, Style
from ecluse.adapters.sources._field_paths import FieldPath
from ecluse.adapters.sources._hl7v2_marks import Marks
from ecluse.adapters.sources._hprim_medecin import report_rows
from ecluse.domain.catalogue import KEY
from ecluse.domain.errors import DestinationError

__all__ = ["MEDECIN", "STATUSES", "MedecinLayout"]

STATUSES = frozenset("FRC")
"""What RES-10 may say: validated, not validated, corrected (domain.md section 4)."""
_HEADERS, _BIRTH, _DAY = 12, 7, 10
_TEXTS, _LAB, _OURS, _END = 5, 6, 40, 50
_OWN = "ECLUSE"
_LONGEST_LINE, _LONGEST = 1_000_000, 15_000_000
_VALUE = FieldPath("RES", 5)
_BIRTH_DATE = FieldPath("HDR", _BIRTH)
_DATED = ("registered_on", "received_on", "collected_on", "prescribed_on")
"""The first of these that is ordered is the request's date on line 10, where no time fits."""


def _check(observation: Mapping[str, FieldPath]) -> None:
    """RES-5 shows the number with its comparator, or the original text; both have places of their own besides."""
    for name, path in observation.items():
        if name == "value" and path != _VALUE:
            raise wrong("observation", name, "must be RES-5")
        if name != "value" and path.field == _VALUE.field and path.segment == _VALUE.segment:
            raise wrong("observation", name, "needs a place of its own, such as RES-16: RES-5 shows the number")
    if "comparator" in observation and "value" not in observation:
        raise DestinationError("observation.comparator is ordered without observation.value")


def _result(name: str, main: pa.Table, places: Places) -> pa.Array:
    """Value and comparator: what follows a comparator is a number."""
    path = places.entities["observation"].get("comparator")
    empty = pa.array([""] * main.num_rows, pa.string())
    comparator = pc.fill_null(main.column(path.column).combine_chunks(), "") if path else empty
    if name == "comparator":
        return comparator
    shown = main.column("res_5").combine_chunks()
    number = pc.if_else(pc.not_equal(comparator, ""), pc.utf8_ltrim(shown, characters="<>="), "")
    return pc.if_else(pc.equal(main.column("res_4").combine_chunks(), "N"), shown, number)


MEDECIN = Grammar(
    segments={
        "patient": ("HDR", "TEX"),
        "request": ("HDR", "TEX"),
        "observation": ("RES",),
        "practitioner": ("MED",),
        "site": ("SND",),
    },
    main={"patient": "HDR", "request": "HDR", "observation": "RES"},
    parts={"practitioner": "MED", "site": "SND"},
    head="",
    needed={"request": ("patient",), "observation": ("request", "code", "status")},
    ours=frozenset({("HDR", _DAY), ("RES", 4), ("TEX", 1), ("TEX", 2)}),
    first=2,
    style=Style(
        marks=Marks(ord("|"), -1),
        escapes=dict.fromkeys(("|", "\n", "\r", "\x1a", "****"), UNTOLD),
        literal=UNTOLD,
        empty=UNTOLD,
        lenient=True,
    ),
    check=_check,
    result=_result,
    looked_at={"RES": (FieldPath("RES", 4), _VALUE)},
)
"""HPRIM Médecin 3.0, as parsers of it have it."""


@dataclass(frozen=True, slots=True)
class MedecinLayout:
    """HPRIM Médecin mails by one profile; ``encoding``: of their bytes."""

    places: Places
    schemas: Mapping[str, pa.Schema]
    encoding: str
    suffix: str = ".hpm"

    def __post_init__(self) -> None:
        """Raises DestinationError: parts of fields that have none, a birth date's line that holds something else."""
        for to in MEDECIN.parts:
            for entity, name, path in self.places.links(to):
                if path.segment != "HDR":
                    raise wrong(entity, name, f"a {to} takes a header line")
        for entity, fields in self.places.entities.items():
            for name, path in fields.items():
                if entity not in MEDECIN.parts and path.component and (path.segment != "HDR" or path.component > 2):  # noqa: PLR2004
                    raise wrong(entity, name, f"{path.segment}-{path.field} has no such part")
                if (path.segment, path.field) == ("HDR", _BIRTH) and (name != "birth_date" or path.component):
                    raise wrong(entity, name, "HDR-7 is that of patient.birth_date")
                if path.segment == "HDR" and path.field > _HEADERS:
                    raise wrong(entity, name, "a mail has twelve header lines")

    def write(self, rows: Rows, heading: Heading) -> list[Message]:
        """See the protocol. A mail with a character that the encoding lacks, or a text untold, is refused."""
        requests = sorted_by(rows["request"], [KEY])
        if not requests.num_rows:
            return []
        keys = check_requests(requests).to_pylist()
        texts = _texts(rows, requests, self.places)
        return [self._message(key, heading.control(key), text) for key, text in zip(keys, texts, strict=True)]

    def joined(self, messages: list[Message]) -> bytes:
        """See the protocol."""
        return b"".join(message.text for message in messages) + b"****FINFICHIER****\r\n" if messages else b""

    def read(self, data: bytes) -> dict[str, pa.Table]:
        """See the protocol."""
        paths = wanted(self.places)
        lines: dict[str, tuple[FieldPath, ...]] = {
            "HDR": tuple(FieldPath("HDR", number) for number in range(1, _HEADERS + 1)),
            "TEX": (FieldPath("TEX", 2),),
            "RES": tuple(path for path in paths["RES"]),
        }
        found = report_rows(data, lines, self.encoding)
        if found is None:
            raise DestinationError("a message that was written cannot be read")
        found["HDR"] = _parted(found["HDR"], paths["HDR"])
        found["TEX"] = _own_fields(found["TEX"], paths.get("TEX", ()))
        return rows_of(found, self.places, self.schemas)

    def _message(self, request: str, control: str, text: str) -> Message:
        lines = text.split("\r\n")
        if UNTOLD in text or not lines[0].strip() or len(text) > _LONGEST or max(map(len, lines)) > _LONGEST_LINE:
            return Message(request, control, b"", UNWRITABLE)
        try:
            return Message(request, control, f"{text}\r\n".encode(self.encoding))
        except UnicodeEncodeError:
            return Message(request, control, b"", ENCODING)


def _texts(rows: Rows, requests: pa.Table, places: Places) -> list[str]:
    """Each request's mail."""
    lines, count = Lines(), requests.num_rows
    each = np.arange(count, dtype=np.int64)
    parts = heads_of(places, rows, requests)
    lines.add(_header(parts.get("HDR", {}), requests), each, 0)
    results = of_requests(rows.get("observation"), requests.column(KEY).combine_chunks(), ["rank", KEY])
    lines.add(pa.array(["****LAB****"] * count, pa.string()), each, _LAB)
    if results is not None:
        table, at = results
        own, within = columns_of(places, "observation", table, rows)["RES"], ranks(at)
        _fill_result(own, table, places)
        shown = _shown(own, table.num_rows)
        lines.add(shown, at, _TEXTS, within)
        lines.add(pc.binary_join_element_wise("TEX", shown, "|"), at, RESULTS, within, 0)
        lines.add(_segments("RES", own, table.num_rows), at, RESULTS, within, 1)
    if "TEX" in parts:
        parts["TEX"][2, 0, 0] = pa.array([_OWN] * count, pa.string())
        lines.add(_segments("TEX", parts["TEX"], count), each, _OURS)
    lines.add(pa.array(["****FIN****"] * count, pa.string()), each, _END)
    return lines.joined(count, "\r\n")


def _segments(name: str, parts: Parts, count: int) -> pa.Array:
    return segments(name, parts, count, MEDECIN.style.marks, MEDECIN.first)


def _header(parts: Parts, requests: pa.Table) -> pa.Array:
    """The twelve lines of each request, as one text."""
    empty = pa.array([""] * requests.num_rows, pa.string())
    made = []
    for number in range(1, _HEADERS + 1):
        whole, first, second = (parts.get((number, part, 0)) for part in range(3))
        if whole is None and second is not None:
            first = empty if first is None else first
            first = pc.if_else(pc.match_substring(first, " "), UNTOLD, first)
            whole = pc.if_else(pc.equal(second, ""), first, pc.binary_join_element_wise(first, second, " "))
        made.append(whole if whole is not None else first if first is not None else empty)
    made[_BIRTH - 1] = _slashed(made[_BIRTH - 1])
    day = next((name for name in _DATED if name in requests.column_names), None)
    if day is not None:
        text = pc.utf8_slice_codeunits(requests.column(day).combine_chunks().cast(pa.date32()).cast(pa.string()), 0, 10)
        dated = pc.replace_substring_regex(text, r"^([0-9]{4})-([0-9]{2})-([0-9]{2})$", r"\3/\2/\1")
        made[_DAY - 1] = pc.fill_null(pc.if_else(pc.match_substring(dated, "/"), dated, ""), "")
    return pc.binary_join_element_wise(*made, "\r\n")


def _slashed(text: pa.Array) -> pa.Array:
    """``19500731`` → ``31/07/1950``; what is not known of a date is ``00``."""
    made = text
    for pattern, written in (("^([0-9]{4})$", r"00/00/\1"), ("^([0-9]{4})([0-9]{2})$", r"00/\2/\1"),
                             ("^([0-9]{4})([0-9]{2})([0-9]{2})$", r"\3/\2/\1")):  # fmt: skip
        made = pc.replace_substring_regex(made, pattern, written)
    # Looked at as it was: what has slashes already is no date of the catalogue, and would come back as another text.
    return pc.if_else(pc.match_substring_regex(text, "^([0-9]{4}([0-9]{2}){0,2})?$"), made, UNTOLD)


def _unslashed(text: pa.Array) -> pa.Array:
    for pattern, read in (("^00/00/([0-9]{4})$", r"\1"), ("^00/([0-9]{2})/([0-9]{4})$", r"\2\1"),
                          ("^([0-9]{2})/([0-9]{2})/([0-9]{4})$", r"\3\2\1")):  # fmt: skip
        text = pc.replace_substring_regex(text, pattern, read)
    return text


def _fill_result(own: Parts, table: pa.Table, places: Places) -> None:
    """RES-4 and RES-5: a number is N; with a comparator, or none at all, A."""
    number, comparator, shown = result_texts(table, MEDECIN.style)
    numeric, compared = pc.not_equal(number, ""), pc.not_equal(comparator, "")
    # a comparator without its number could not be told from one with it
    unclear = pc.or_(pc.and_(compared, pc.invert(numeric)), pc.invert(pc.match_substring_regex(comparator, "^[<>=]*$")))
    own[4, 0, 0] = pc.if_else(pc.and_(numeric, pc.invert(compared)), "N", "A")
    together = pc.binary_join_element_wise(comparator, number, "")
    own[5, 0, 0] = pc.if_else(unclear, UNTOLD, pc.if_else(numeric, together, shown))
    if places.entities["observation"]["status"] == FieldPath("RES", 10):  # else RES-10 says nothing
        check_status(table, places, STATUSES, "HPRIM's states of a result")


def _shown(own: Parts, count: int) -> pa.Array:
    """A result as a line to be read: label or code, value, unit, range."""
    empty = pa.array([""] * count, pa.string())
    label, code, value, unit, low, high = (own.get((number, 0, 0), empty) for number in (2, 3, 5, 6, 7, 8))
    name = pc.if_else(pc.equal(label, ""), code, label)
    bounded = pc.or_(pc.not_equal(low, ""), pc.not_equal(high, ""))
    bounds = pc.if_else(bounded, pc.binary_join_element_wise("  (", low, " - ", high, ")", ""), "")
    return pc.binary_join_element_wise("  ", name, "  ", value, " ", unit, bounds, "")


def _parted(header: pa.Table, paths: tuple[FieldPath, ...]) -> pa.Table:
    """Header lines as the places that are read, those of two parts parted."""
    two = {path.field for path in paths if path.component == 2}  # noqa: PLR2004
    columns = {name: header.column(name) for name in ("_message", "_line")}
    for path in paths:
        line = header.column(f"hdr_{path.field}").combine_chunks()
        if path == _BIRTH_DATE:
            line = _unslashed(line)
        elif path.component and path.field in two:
            first = pc.replace_substring_regex(line, r"(?s) .*", "")
            rest = pc.replace_substring_regex(line, r"(?s)^[^ ]* ?", "")
            line = first if path.component == 1 else rest
        columns[path.column] = line
    return pa.table(columns)


def _own_fields(lines: pa.Table, paths: tuple[FieldPath, ...]) -> pa.Table:
    """The fields of Écluse's own TEX line of each mail, the last."""
    own = lines.filter(
        pc.fill_null(pc.match_substring_regex(lines.column("tex_2"), f"^{_OWN}([|]|$)"), fill_value=False)
    )
    most = max((path.field for path in paths), default=2)
    padded = pc.binary_join_element_wise(own.column("tex_2"), "|" * most, "")
    fields = pc.split_pattern(padded, "|").combine_chunks()
    columns = {name: own.column(name) for name in ("_message", "_line")}
    for path in paths:
        columns[path.column] = pc.list_element(fields, path.field - 2)
    return pa.table(columns)
