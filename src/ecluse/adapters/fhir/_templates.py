"""Which FHIR R4 element each catalogue column stands in: one template a resource, for writing and for reading.

A mapping is an object, a list an array, a text a constant, a ``Leaf`` a column, a ``Link`` a reference. An object or
array with nothing but constants is left out. Items of an array are told apart by their constants. Columns that stand
nowhere here go into an extension ``urn:ecluse:fhir:<entity>-<column>``.

Sources: FHIR R4 (4.0.1); OIDs of domain.md section 3. A legacy NIR is never labelled INS. ``urn:ecluse:nabm`` is ours:
the OID of the billing codes was not verified. LOINC 11502-2 (laboratory report) and 48767-8 (annotation comment) are
general knowledge. Coverage has no status "unknown"; "active" is what its value set has for a coverage on file.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ecluse.adapters.fhir._leaves import Kind, Leaf

__all__ = ["LOINC", "TEMPLATES", "Else", "Link", "Made", "Node", "Own", "Template", "constant"]

LOINC = "http://loinc.org"
_V2_0203 = "http://terminology.hl7.org/CodeSystem/v2-0203"
_FLAGS = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
_ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
_UNKNOWN = f'{{"extension":[{{"url":"{_ABSENT}","valueCode":"unknown"}}]}}'
_RPPS = "urn:oid:1.2.250.1.71.4.2.1"
_FINESS = "urn:oid:1.2.250.1.71.4.2.2"


@dataclass(frozen=True, slots=True)
class Link:
    """A column that holds another entity's key: a reference by identifier, and by address where that is known."""

    column: str
    entity: str


@dataclass(frozen=True, slots=True)
class Own:
    """A system of ours: ``urn:ecluse:<source system>:<name>``."""

    name: str


@dataclass(frozen=True, slots=True)
class Made:
    """What the writer makes of a whole row: ``uuid``, ``subject``, ``absent``."""

    name: str


@dataclass(frozen=True, slots=True)
class Else:
    """A node, or this JSON where it is not there: FHIR asks for the element."""

    node: "Node"
    json: str


Node: TypeAlias = "Mapping[str, Node] | Sequence[Node] | str | int | Leaf | Link | Own | Made | Else"


@dataclass(frozen=True, slots=True)
class Template:
    """One entity's resource."""

    resource: str
    body: Mapping[str, Node]


def constant(node: Node) -> bool:
    """Whether a node holds no column and nothing that the writer makes."""
    match node:
        case str() | int() | Own():
            return True
        case Leaf() | Link() | Made() | Else():
            return False
        case Mapping():
            return all(map(constant, node.values()))
    return all(map(constant, node))


def _identifiers(entity: str, *more: Node) -> list[Node]:
    return [
        {"use": "usual", "system": Own(entity), "value": Leaf("source_id", Kind.KEY)},
        {"system": "urn:ietf:rfc:3986", "value": Made("uuid")},
        *more,
    ]


def _coded(code: str, system: str = _V2_0203) -> Node:
    return {"coding": [{"system": system, "code": code}]}


def _same(*codes: str) -> dict[str, str]:
    return {code: code for code in codes}


_LETTERS = {"F": "final", "P": "preliminary", "R": "preliminary", "S": "preliminary", "I": "registered",
            "O": "registered", "C": "corrected", "X": "cancelled", "D": "entered-in-error",
            "W": "entered-in-error"}  # fmt: skip
_RESULT = _LETTERS | _same(
    "registered", "preliminary", "final", "amended", "corrected", "cancelled", "entered-in-error"
)  # fmt: skip
_REPORT = _RESULT | _same("partial", "appended")
_ORDER = _same("draft", "active", "on-hold", "revoked", "completed", "entered-in-error") | {
    "CM": "completed", "CA": "revoked", "DC": "revoked", "IP": "active", "SC": "active", "HD": "on-hold",
    "ER": "entered-in-error"}  # fmt: skip
_ABNORMAL = _same("H", "HH", "L", "LL", "N", "A", "AA", "<", ">", "S", "R", "I", "POS", "NEG", "IND")

_PATIENT = Template("Patient", {
    "identifier": _identifiers(
        "patient",
        {"type": _coded("PI"), "system": Own("patient-external_id"), "value": Leaf("external_id")},
        {"type": {"text": "NIR (non qualifié)"}, "system": Own("nir"), "value": Leaf("nir")},
        {"use": "official", "system": Leaf("ins_oid", Kind.OID, needs="ins"), "value": Leaf("ins")},
    ),
    "name": [
        {"use": "official", "family": Leaf("birth_name"), "given": [Leaf("given_names")]},
        {"use": "usual", "family": Leaf("family_name"), "given": [Leaf("used_given_name")], "prefix": [Leaf("title")]},
    ],
    "telecom": [
        {"system": "phone", "use": "home", "value": Leaf("phone")},
        {"system": "phone", "use": "mobile", "value": Leaf("mobile")},
        {"system": "email", "value": Leaf("email")},
    ],
    "gender": Leaf("sex", Kind.MAPPED, codes=_same("male", "female", "other", "unknown")),
    "birthDate": Leaf("birth_date", Kind.PARTIAL),
    "deceasedDateTime": Leaf("death_date", Kind.PARTIAL),
    "deceasedBoolean": Leaf("deceased", Kind.BOOLEAN, unless="death_date"),
    "address": [{
        "use": "home", "line": [Leaf("address")], "city": Leaf("city"), "postalCode": Leaf("postcode"),
        "country": Leaf("country"),
    }],
    "generalPractitioner": [Link("general_practitioner", "practitioner")],
    "link": [{"other": Link("merged_into", "patient"), "type": "replaced-by"}],
    "extension": [{
        "url": "http://hl7.org/fhir/StructureDefinition/patient-birthPlace",
        "valueAddress": {"city": Leaf("birth_place")},
    }],
})  # fmt: skip

_PRACTITIONER = Template("Practitioner", {
    "identifier": _identifiers(
        "practitioner",
        {"system": _RPPS, "value": Leaf("rpps")},
        {"system": Own("adeli"), "value": Leaf("adeli")},
    ),
    "active": Leaf("active", Kind.BOOLEAN),
    "name": [
        {"use": "usual", "family": Leaf("family_name"), "given": [Leaf("given_names")], "prefix": [Leaf("title")]},
    ],
    "telecom": [
        {"system": "phone", "value": Leaf("phone")},
        {"system": "email", "rank": 1, "value": Leaf("secure_email")},
        {"system": "email", "rank": 2, "value": Leaf("email")},
    ],
    "address": [{"use": "work", "line": [Leaf("address")], "city": Leaf("city"), "postalCode": Leaf("postcode")}],
    "qualification": [{"code": {"text": Leaf("profession")}}],
})  # fmt: skip

_SITE = Template("Organization", {
    "identifier": _identifiers("site", {"system": _FINESS, "value": Leaf("finess")}),
    "active": Leaf("active", Kind.BOOLEAN),
    "type": [{"text": Leaf("kind")}],
    "name": Leaf("name"),
    "telecom": [{"system": "phone", "value": Leaf("phone")}],
    "address": [{"use": "work", "line": [Leaf("address")], "city": Leaf("city"), "postalCode": Leaf("postcode")}],
    "partOf": {"identifier": {"system": _FINESS, "value": Leaf("finess_legal")}},
})  # fmt: skip


def _reason(code: str, column: str) -> Node:
    return {"coding": [{"system": "urn:ecluse:reason", "code": code}], "text": Leaf(column)}


_REQUEST = Template("ServiceRequest", {
    "intent": "order",
    "identifier": _identifiers(
        "request", {"type": _coded("PLAC"), "system": Own("request-external_id"), "value": Leaf("external_id")}
    ),
    "status": Else(Leaf("status", Kind.MAPPED, codes=_ORDER, default="unknown"), '"unknown"'),
    "priority": Leaf("urgent", Kind.BOOLEAN, codes={"true": "urgent", "false": "routine"}),
    "code": {"text": Leaf("ordered_tests")},
    "subject": Else(Link("patient", "patient"), _UNKNOWN),
    "encounter": {"type": "Encounter", "identifier": {"system": Own("visit"), "value": Leaf("visit_number")}},
    "authoredOn": Leaf("registered_on", Kind.MOMENT),
    "requester": Link("prescriber", "practitioner"),
    "performer": [Link("site", "site")],
    "locationCode": [{"text": Leaf("ward")}],
    "reasonCode": [
        _reason("reason", "reason"), _reason("clinical-information", "clinical_information"),
        _reason("diagnosis", "diagnosis"),
    ],
    "note": [{"text": Leaf("comment")}],
})  # fmt: skip

_SPECIMEN = Template("Specimen", {
    "identifier": _identifiers("specimen"),
    "status": Leaf(
        "status", Kind.MAPPED, codes=_same("available", "unavailable", "unsatisfactory", "entered-in-error")
    ),
    "type": {"text": Leaf("type")},
    "subject": Made("subject"),
    "receivedTime": Leaf("received_on", Kind.MOMENT),
    "request": [Link("request", "request")],
    "collection": {
        "collector": Link("collector", "practitioner"),
        "collectedDateTime": Leaf("collected_on", Kind.MOMENT),
        "quantity": {
            "value": Leaf("quantity", Kind.DECIMAL), "unit": Leaf("quantity_unit", needs="quantity"),
        },
        "bodySite": {"text": Leaf("body_site")},
    },
    "container": [{
        "identifier": [{"system": Own("barcode"), "value": Leaf("barcode")}], "type": {"text": Leaf("container")},
    }],
    "condition": [{"text": Leaf("nonconformity")}],
    "note": [{"text": Leaf("comment")}],
})  # fmt: skip

_OBSERVATION = Template("Observation", {
    "identifier": _identifiers("observation"),
    "basedOn": [Link("request", "request")],
    "status": Else(Leaf("status", Kind.MAPPED, codes=_RESULT, default="unknown"), '"unknown"'),
    "category": [Made("laboratory")],
    "code": Else({
        "coding": [
            {"system": Own("analysis"), "code": Leaf("code", Kind.CODE)},
            {"system": LOINC, "code": Leaf("loinc", Kind.LOINC)},
            {"system": "urn:ecluse:nabm", "code": Leaf("nabm", Kind.CODE)},
        ],
        "text": Leaf("label"),
    }, _UNKNOWN),
    "subject": Made("subject"),
    "effectiveDateTime": Leaf("observed_on", Kind.MOMENT),
    "issued": Leaf("validated_on", Kind.INSTANT),
    "performer": [Link("performer", "site"), Link("validated_by", "practitioner")],
    "valueQuantity": {
        "value": Leaf("value", Kind.DECIMAL),
        "comparator": Leaf("comparator", Kind.MAPPED, needs="value", codes=_same("<", "<=", ">=", ">")),
        "unit": Leaf("unit", needs="value"),
        "system": Made("ucum"),
        "code": Leaf("ucum", Kind.CODE, needs="value"),
    },
    "valueString": Leaf("raw_value", unless="value"),
    "dataAbsentReason": Made("absent"),
    "interpretation": [{
        "coding": [{"system": _FLAGS, "code": Leaf("abnormal_flag", Kind.MAPPED, codes=_ABNORMAL, echo=True)}],
        "text": Leaf("abnormal_flag"),
    }],
    "note": [{"text": Leaf("comment")}],
    "method": {"text": Leaf("method")},
    "specimen": Link("specimen", "specimen"),
    "device": {"display": Leaf("device")},
    "referenceRange": [{
        "low": {"value": Leaf("low", Kind.DECIMAL)}, "high": {"value": Leaf("high", Kind.DECIMAL)},
        "text": Leaf("reference_range"),
    }],
})  # fmt: skip

_DIAGNOSTIC_REPORT = Template("DiagnosticReport", {
    "identifier": _identifiers("report"),
    "basedOn": [Link("request", "request")],
    "status": Else(Leaf("status", Kind.MAPPED, codes=_REPORT, default="unknown"), '"unknown"'),
    "category": [Made("laboratory_service")],
    "code": Else({"text": Leaf("kind")}, f'{{"coding":[{{"system":"{LOINC}","code":"11502-2"}}]}}'),
    "subject": Made("subject"),
    "issued": Leaf("issued_on", Kind.INSTANT),
    "resultsInterpreter": [Link("signed_by", "practitioner")],
    "conclusion": Leaf("conclusion"),
    "presentedForm": [{
        "contentType": Leaf("media_type", Kind.CODE), "data": Leaf("content", Kind.BASE64), "title": Leaf("title"),
    }],
})  # fmt: skip

_COMMENT = Template("Observation", {
    "identifier": _identifiers("comment"),
    "basedOn": [Link("request", "request")],
    "status": Made("unknown"),
    "code": Else({"text": Leaf("kind")}, f'{{"coding":[{{"system":"{LOINC}","code":"48767-8"}}]}}'),
    "subject": Made("subject"),
    "focus": [Link("observation", "observation")],
    "issued": Leaf("written_on", Kind.INSTANT),
    "performer": [{"display": Leaf("author")}],
    "valueString": Leaf("text"),
})  # fmt: skip

_PAYER = Template("Coverage", {
    "status": "active",
    "identifier": _identifiers("payer"),
    "type": {"text": Leaf("kind")},
    "subscriber": {"display": Leaf("insured_name")},
    "subscriberId": Leaf("number"),
    "beneficiary": Else(Link("patient", "patient"), _UNKNOWN),
    "relationship": {"text": Leaf("insured_relation")},
    "period": {"start": Leaf("valid_from", Kind.PARTIAL), "end": Leaf("valid_until", Kind.PARTIAL)},
    "payor": Else([{
        "identifier": {"system": Own("insurer"), "value": Leaf("insurer_code")}, "display": Leaf("insurer"),
    }], f"[{_UNKNOWN}]"),
    "class": [{
        "type": _coded("plan", "http://terminology.hl7.org/CodeSystem/coverage-class"), "value": Leaf("scheme"),
    }],
    "order": Leaf("rank", Kind.POSITIVE),
})  # fmt: skip

TEMPLATES: Mapping[str, Template] = {
    "patient": _PATIENT,
    "practitioner": _PRACTITIONER,
    "site": _SITE,
    "request": _REQUEST,
    "specimen": _SPECIMEN,
    "observation": _OBSERVATION,
    "report": _DIAGNOSTIC_REPORT,
    "comment": _COMMENT,
    "payer": _PAYER,
}
"""By catalogue entity."""
