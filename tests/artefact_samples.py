"""Good artefacts of every kind, as plain JSON values; nothing here asks the code under test how one looks."""

import base64
import copy
import hashlib
import re
from collections.abc import Iterator
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

RECIPIENT = "age1lggyhqrw2nlhcxprm67z43rta597azn8gknawjehu9d9dl0jq3yqqvfafg"
_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


def digest(name: str) -> str:
    return f"sha256:{hashlib.sha256(name.encode()).hexdigest()}"


def row_digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:32]


def key_line(name: str) -> str:
    """A public key that is always the same for a name; its private half is no secret."""
    key = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest()).public_key()
    return f"{key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()} {name}"


def log_key(name: str) -> str:
    """A log's public key (C2SP signed-note) that is always the same for a name."""
    private = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())
    public = b"\x01" + private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    id_ = hashlib.sha256(name.encode() + b"\n" + public).hexdigest()[:8]
    return f"{name}+{id_}+{base64.b64encode(public).decode()}"


def _steps(path: str) -> list[str | int]:
    return [name or int(place) for name, place in _STEP.findall(path)]


def put(value: Any, path: str, new: Any) -> Any:
    """A copy with ``new`` at a dotted path."""
    made = copy.deepcopy(value)
    *way, last = _steps(path)
    at = made
    for step in way:
        at = at[step]
    at[last] = new
    return made


def without(value: Any, path: str) -> Any:
    """A copy without what stands at a dotted path."""
    made = copy.deepcopy(value)
    *way, last = _steps(path)
    at = made
    for step in way:
        at = at[step]
    del at[last]
    return made


def paths(value: Any, path: str = "") -> Iterator[str]:
    """The path of every field, objects and leaves; of list items, only what is in them."""
    if isinstance(value, dict):
        for name, part in value.items():
            here = f"{path}.{name}".removeprefix(".")
            yield here
            yield from paths(part, here)
    elif isinstance(value, list):
        for place, part in enumerate(value):
            yield from paths(part, f"{path}[{place}]")


def _contact(name: str) -> dict[str, Any]:
    return {"name": name, "role": "responsable", "details": f"{name.lower().replace(' ', '.')}@example.org"}


def _party(name: str, **signers: str) -> dict[str, Any]:
    return {
        "name": name,
        "address": "1 quai du Canal, 35000 Rennes",
        "contact": _contact("Alix Durand"),
        "dpo": _contact("Camille Petit"),
        "signers": [
            {"id": id_.replace("_", "."), "name": id_.title(), "role": role, "key": key_line(id_)}
            for id_, role in signers.items()
        ],
    }


AGREEMENT: dict[str, Any] = {
    "format": "ecluse.agreement/1",
    "agreement": "DPA-2026-007",
    "in_force_from": "2026-01-01",
    "in_force_until": "2026-12-31",
    "controller": _party("Laboratoire des Trois Rivières", dr_martin="director", a_second="approver"),
    "processor": _party("Migrations SA", m_gerant="management", agent_a="source_agent", agent_b="destination_agent"),
    "processing": {
        "subject_matter": "Migration of the laboratory's records from dxlab to kalisil.",
        "nature": "Extraction, sealing, transfer, loading, erasure.",
        "purpose": "migration",
        "categories_of_persons": ["patients", "prescribers"],
        "categories_of_data": ["identity", "examinations"],
        "sensitive_data_safeguards": "Sealed to the recipient's key; categories excluded by the order.",
        "controller_obligations": "Orders in writing; keeps the legacy database.",
    },
    "clauses": {
        "a_documented_instructions": "Only on signed orders.",
        "a_transfers": "None outside the Union.",
        "b_confidentiality": "Every person is bound.",
        "c_security": "Annex III.",
        "d_sub_processing": "none",
        "d_sub_processing_terms": "None without a new agreement.",
        "e_data_subject_rights": "Requests are passed on within two days.",
        "f_assistance": "With Articles 32 to 36.",
        "f_breach_notice": "Within 24 hours.",
        "g_end_of_service": "delete",
        "g_copies": "No copy is kept; a certificate is given.",
        "h_audits": "At any time, on two days' notice.",
        "h_unlawful_instruction_notice": "At once, and in writing.",
    },
    "measures": [{"heading": "Encryption", "description": "Parcels are age files."}],
    "sub_processors": [],
    "hosting": {"where": "controller_premises", "certificate": "none", "expires": "2027-01-01"},
    "second_approver": True,
}
ORDER: dict[str, Any] = {
    "format": "ecluse.order/1",
    "order": "BIO-2026-0042",
    "version": 1,
    "agreement": {"id": "DPA-2026-007", "digest": digest("agreement")},
    "controller": {"name": "Laboratoire des Trois Rivières", "finess": "750100125", "signatory": "dr.martin"},
    "source": {"system": "dxlab", "site": "RENNES", "profile": "profiles/dxlab.yaml"},
    "destination": {"system": "kalisil", "recipient": RECIPIENT},
    "purpose": "migration",
    "scope": {
        "dates": {"field": "request.registered_on", "from": "2018-01-01", "until": "2019-12-31"},
        "sites": ["RENNES-CENTRE", "RENNES-SUD"],
        "fields": {
            "patient": ["source_id", "family_name", "birth_date", "sex", "nir"],
            "request": ["source_id", "registered_on", "prescriber"],
            "observation": ["source_id", "code", "raw_value", "value", "unit"],
        },
        "exclude_categories": ["genetics", "hiv"],
        "include_unclassifiable": False,
        "exclude_persons": {"digest": digest("persons"), "basis": "patient.nir", "persons": 12},
    },
    "retention": {"erase_after_acceptance": "0d", "erase_by": "2026-12-31", "source_disposition": "controller"},
    "trace": None,
}
TRACE = {"recipient": "age1vmsw3ek65yncyl5r9jfrxlme6pxzlzy3pc0xvml73uaqxdyw2atqw8umgj", "keep_until": "2031-12-31"}
SOURCE_LOG = log_key("ecluse/source/agent-a")
DESTINATION_LOG = log_key("ecluse/destination/agent-b")
PLAN: dict[str, Any] = {
    "format": "ecluse.plan/1",
    "order": digest("order"),
    "agreement": digest("agreement"),
    "profile": digest("profile"),
    "made_at": "2026-03-02T08:00:00Z",
    "agent": "agent-a",
    "source": {"engine": "postgresql", "version": "15.4", "snapshot": "shared", "workers": 2, "files": []},
    "entities": [
        {
            "entity": "patient",
            "sql": "SELECT id AS source_id FROM patients\nWHERE :lower <= id AND id < :upper",
            "columns": [{"name": "source_id", "type": "text", "because": "ordered"}],
            "rows": 6,
        },
        {
            "entity": "request",
            "sql": "SELECT id AS source_id, patient FROM requests",
            "columns": [
                {"name": "source_id", "type": "text", "because": "ordered"},
                {"name": "patient", "type": "text", "because": "link"},
            ],
            "rows": 9,
        },
    ],
    "batches": [
        {"id": "patient-0001", "entity": "patient", "lower": None, "upper": None, "rows": 6},
        {"id": "request-2018-0001", "entity": "request", "lower": "2018-01-01", "upper": "2019-01-01", "rows": 4},
        {"id": "request-2019-0001", "entity": "request", "lower": "2019-01-01", "upper": None, "rows": 5},
    ],
    "tallies": [
        {"entity": "patient", "year": None, "site": None, "rows": 6},
        {"entity": "request", "year": 2018, "site": "RENNES-SUD", "rows": 4},
        {"entity": "request", "year": 2019, "site": "RENNES-SUD", "rows": 5},
    ],
    "left_out": [
        {"entity": "request", "reason": "outside_dates", "subject": "2017", "rows": 12},
        {"entity": "observation", "reason": "unclassifiable", "subject": "", "rows": 1},
        {"entity": "patient", "reason": "field_not_ordered", "subject": "phone", "rows": None},
    ],
    "repeated": [{"entity": "request", "key": "D-00017", "rows": 2}],
    "analyses": {"GLY": "2345-7", "ZDIV": ""},
    "log": SOURCE_LOG,
}
RECEIPT: dict[str, Any] = {
    "format": "ecluse.receipt/1",
    "order": digest("order"),
    "plan": digest("plan"),
    "batch": "request-2018-0001",
    "entity": "request",
    "parcel": digest("parcel"),
    "size": 4096,
    "columns": ["source_id", "patient"],
    "rows": 4,
    "canaries": 3,
    "min_date": "2018-01-03",
    "max_date": "2018-12-29",
    "groups": [
        {"year": 2018, "site": "RENNES-CENTRE", "rows": 1, "digest": row_digest("one")},
        {"year": 2018, "site": "RENNES-SUD", "rows": 3, "digest": row_digest("three")},
    ],
    "quarantined": [{"reason": "unreadable_date", "year": 2018, "site": None, "rows": 2}],
    "quarantine_parcel": digest("quarantine"),
    "sealed_at": "2026-03-02T08:01:00Z",
    "agent": "agent-a",
}


def _flow(entity: str, year: int | None, site: str | None, rows: int) -> dict[str, Any]:
    stages = ("planned", "extracted", "sealed", "opened", "loaded", "read_back")
    total = {f"{stage}_digest": row_digest(entity) for stage in ("sealed", "opened", "read_back")}
    return {"entity": entity, "year": year, "site": site, "quarantined": 0, **dict.fromkeys(stages, rows), **total}


RECONCILIATION: dict[str, Any] = {
    "format": "ecluse.reconciliation/1",
    "order": digest("order"),
    "plan": digest("plan"),
    "receipts": sorted([digest("receipt 1"), digest("receipt 2")]),
    "made_at": "2026-03-02T09:00:00Z",
    "agent": "agent-b",
    "log": DESTINATION_LOG,
    "flows": [_flow("patient", None, None, 6), _flow("request", 2018, "RENNES-SUD", 4)],
    "differences": [
        {"kind": "quarantined", "entity": "request", "source_key": "R-17", "detail": "unreadable_date"},
        {"kind": "changed_in_target", "entity": "patient", "source_key": "", "detail": "family_name, sex"},
    ],
}
ACCEPTANCE: dict[str, Any] = {
    "format": "ecluse.acceptance/1",
    "order": digest("order"),
    "reconciliation": digest("reconciliation"),
    "decision": "accepted_with_differences",
    "differences": 2,
    "remarks": "Both seen; the patient was corrected by hand.",
    "decided_at": "2026-03-03T10:00:00Z",
    "signatory": "dr.martin",
}
INSTRUCTION: dict[str, Any] = {
    "format": "ecluse.instruction/1",
    "order": digest("order"),
    "action": "suspend",
    "reason": "The source was restored from a backup this morning: look first.",
    "given_at": "2026-03-02T08:30:00Z",
    "signatory": "dr.martin",
}
ERASURE: dict[str, Any] = {
    "format": "ecluse.erasure/1",
    "order": digest("order"),
    "acceptance": digest("acceptance"),
    "place": "source",
    "reason": "accepted",
    "erased": [
        {"kind": "parcel", "path": "parcels/delivered/request-2018-0001.age", "digest": digest("parcel"), "size": 4096},
        {"kind": "key", "path": "keys/digest.secret", "digest": digest("keys/digest.secret"), "size": 32},
    ],
    "scanned": [{"tree": "workspace", "files": 30, "size": 30000}],
    "looked_for": ["age ciphertext", "3 planted markers"],
    "found": [],
    "recipient_key": "not_here",
    "statement": "",
    "erased_at": "2026-03-03T10:00:05Z",
    "agent": "agent-a",
    "log": SOURCE_LOG,
    "trace": None,
}
ENTRY: dict[str, Any] = {
    "format": "ecluse.entry/1",
    "at": "2026-03-02T08:01:00Z",
    "actor": "agent-a",
    "event": "batch.sealed",
    "order": digest("order"),
    "subject": "request-2018-0001",
    "detail": {"rows": 4, "receipt": digest("receipt 1")},
}
ROOM_ENTRY: dict[str, Any] = {
    "format": "ecluse.room-entry/1",
    "at": "2026-03-02T08:01:00Z",
    "actor": "dr.martin",
    "event": "order.approved",
    "concerns": ["trois-rivieres", "logiciel-labo"],
    "subject": digest("order"),
    "detail": {"signer": "dr.martin", "version": 1},
}
RELAY_ENTRY: dict[str, Any] = {
    "format": "ecluse.relay-entry/1",
    "at": "2026-03-02T08:01:00Z",
    "actor": "agent-source",
    "event": "parcel.stored",
    "origin": "192.0.2.17",
    "box": "3eeb7e96e59ce40f",
    "subject": "9f" * 32,
    "detail": {"size": 7309},
}
SOURCE_PROFILE: dict[str, Any] = {
    "format": "ecluse.source-profile/1",
    "profile": "dxlab",
    "system": "dxlab",
    "engine": "postgresql",
    "entities": {
        "patient": {
            "select": "SELECT numpat AS source_id, nom AS family_name, sexe AS sex, ddn AS birth_date FROM patients",
            "scope": None,
            "parse": {
                "birth_date": {
                    "date": ["%d/%m/%y"], "two_digit_pivot": 30, "number": False, "values": {}, "repair": "",
                },
                "sex": {
                    "date": [], "two_digit_pivot": None, "number": False,
                    "values": {"1": "male", "2": "female"}, "repair": "",
                },
            },
        },
        "request": {
            "select": "SELECT numdos AS source_id, numpat AS patient, dat_enr AS registered_on, labo AS site FROM dossiers",
            "scope": {"dates": {"registered_on": "text_yyyymmdd"}, "site": "site"},
            "parse": {},
        },
    },
    "number": {"decimal": ",", "group": "", "strip_unit": False},
    "analyses": {
        "NA": {"loinc": "2951-2", "number": None},
        "PLT": {"loinc": "777-3", "number": {"decimal": "", "group": ".", "strip_unit": True}},
        "ZZ": {"loinc": "", "number": None},
    },
    "units": {"mmol/l": "mmol/L"},
    "files": {},
}  # fmt: skip
DESTINATION_PROFILE: dict[str, Any] = {
    "format": "ecluse.destination-profile/1",
    "profile": "kalisil",
    "system": "kalisil",
    "engine": "postgresql",
    "production": True,
    "entities": {
        "patient": {
            "table": "lis.patient",
            "columns": {"source_id": "legacy_id", "family_name": "last_name"},
            "mode": "merge",
            "values": {"sex": {"female": "F", "male": "M"}},
            "constants": {"created_by": 1, "active": True, "origin": "legacy", "merged_by": None},
            "copies": {"number": "source_id"},
            "parts": [
                {
                    "table": "lis.address",
                    "key": "person",
                    "columns": {"sex": "sex"},
                    "constants": {"kind": "home"},
                    "copies": {"label": "sex"},
                    "first": False,
                },
            ],
        },
    },
    "fhir": None,
    "hprim": None,
    "zone": None,
}


def base64_of(data: bytes) -> str:
    return base64.b64encode(data).decode()


SAMPLES: dict[str, dict[str, Any]] = {
    "agreement": AGREEMENT,
    "order": ORDER,
    "plan": PLAN,
    "receipt": RECEIPT,
    "reconciliation": RECONCILIATION,
    "acceptance": ACCEPTANCE,
    "instruction": INSTRUCTION,
    "erasure": ERASURE,
    "entry": ENTRY,
    "room-entry": ROOM_ENTRY,
    "relay-entry": RELAY_ENTRY,
    "source-profile": SOURCE_PROFILE,
    "destination-profile": DESTINATION_PROFILE,
}
"""One full sample a kind: every optional field is there."""

INTAKE: dict[str, object] = {
    "name": "*.hl7", "files": 2, "size": 1000, "digest": digest("intake"), "records": 9, "mapped": 700,
    "unmapped": 150, "structure": 130,
    "set_aside": [{"file": 2, "line": 7, "byte": 480, "length": 20, "reason": "a segment before any MSH"}],
}  # fmt: skip


def source_file(path: str, **given: object) -> dict[str, object]:
    """A file's declaration in canonical form, all fields told."""
    told = {"encoding": "", "delimiter": ",", "quote": '"', "format": "delimited", "part": "", "columns": {}, "fields": []}
    return {"path": path, **told, **given}
