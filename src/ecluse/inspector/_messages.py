"""Messages and documents of laboratories in bytes, by the marks that their formats demand (domain.md, section 4).

A mark alone is not a message: a person's name or number must stand in the place where the format has it.
"""

import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from ecluse.inspector.kinds import Kind


@dataclass(frozen=True, slots=True)
class Form:
    """A format.

    Attributes:
        kind: What it is.
        mark: Without it (lower case) there is none.
        record: Matches one person's record.
        then: Must follow the record within a few thousand bytes.
    """

    kind: Kind
    mark: bytes
    record: re.Pattern[bytes]
    then: re.Pattern[bytes] | None = None


_PID = (
    rb"PID\|(?:[^\r\n|]{0,200}\|){2}(?:[^\r\n|]{0,200}[0-9A-Za-z][^\r\n|]{0,200}\|[^\r\n|]{0,200}\|[^\r\n|]{0,200}\|"
    rb"|[^\r\n|]{0,200}\|[^\r\n|]{0,200}\|[^\r\n|]{0,200}[A-Za-z]{2}[^\r\n|]{0,200}\|)"
)
_SANTE = rb"P\|\d{1,6}\|(?:[^\r\n|]{0,200}\|){3}[^\r\n|]{0,80}[A-Za-z\x80-\xff]{2}[^\r\n|]{0,80}\|"
_RES = rb"RES\|[^\r\n|]{0,200}\|[^\r\n|]{0,60}\|[ANC]?\|[^\r\n|]{1,200}\|[^\r\n|]{0,40}\|[^\r\n]{0,400}"
_RESOURCE = (
    rb"\"resourceType\"\s{0,4}:\s{0,4}\"(?:Patient|Observation|DiagnosticReport|Condition|Encounter|Specimen|ServiceRequest"
    rb"|MedicationRequest|MedicationAdministration|Procedure|Immunization|AllergyIntolerance|DocumentReference|Composition)\""
)
_SOMEBODY = rb"\"(?:birthDate|family|given)\"\s{0,4}:|\"(?:subject|patient)\"\s{0,4}:\s{0,9}\{"
_XML_PATIENT = rb"<Patient\s[^>]{0,200}xmlns=\"http://hl7\.org/fhir\"[^>]{0,200}>"
_CDA_NAMED = rb"<(?:\w{1,20}:)?(?:birthTime\s[^>]{0,80}value=\"\d{4}|family[ >]|given[ >])"
_FORMS = tuple(
    Form(kind, mark, re.compile(record), re.compile(then) if then else None)
    for kind, mark, record, then in (
        (Kind.HL7, b"pid|", _PID, b""),
        (Kind.HPRIM, b"|~^\\&", _SANTE, b""),
        (Kind.HPRIM, b"****lab", rb"\*\*\*\*LAB\*\*\*\*\s", b""),
        (Kind.HPRIM, b"res|", _RES, b""),
        (Kind.ASTM, b"|\\^&", rb"P\|\d+\|[^\r\n]{0,300}?[0-9A-Za-z]{2}[^\r\n]{0,400}", b""),
        (Kind.FHIR, b"resourcetype", _RESOURCE, _SOMEBODY),
        (Kind.FHIR, b"hl7", _XML_PATIENT, rb"<(?:birthDate|family|given)\s"),
        (Kind.CDA, b"hl7", rb"<(?:\w{1,20}:)?patientRole\b", _CDA_NAMED),
    )
)
MARKS = frozenset(form.mark for form in _FORMS)
"""What says that there may be a message, in lower case."""
_LINED = frozenset({Kind.HL7, Kind.HPRIM, Kind.ASTM})
_BEFORE = b"\r\n\x0b\x02\"'`>"
_BLANK = re.compile(rb"<(?!CR>|LF>)[^<>|]{1,60}>|\{\{|\$\{")
"""A place to be filled in: what describes a message, and is none."""
_MOST = 10_000
_NEAR = 6000
_VAIN = 500
"""Records without anybody, after which a window is given up."""


def messages(text: bytes, hits: AbstractSet[bytes]) -> Iterator[tuple[Kind, int]]:
    """Kinds of message in a window, with the number of records that hold somebody (at most 10,000 a window)."""
    for form in _FORMS:
        if form.mark not in hits:
            continue
        number = vain = 0
        for match in form.record.finditer(text):
            if form.kind in _LINED and not _begins(text, match.start()):
                continue
            if form.kind in _LINED and _BLANK.search(match[0]):
                continue
            if form.then is not None and form.then.search(text, match.end(), match.end() + _NEAR) is None:
                vain += 1
                if vain == _VAIN:
                    break
                continue
            number += 1
            if number == _MOST:
                break
        if number:
            yield form.kind, number


def _begins(text: bytes, at: int) -> bool:
    """Whether a line begins there, or what a log writes for one."""
    before = text[at - 1 : at]
    return before in _BEFORE or before.isdigit() or text[max(0, at - 2) : at] in {b"\\r", b"\\n"}


__all__ = ["MARKS", "messages"]
