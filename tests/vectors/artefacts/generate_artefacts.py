"""Write the published vectors of every artefact, and their index: ``python generate_artefacts.py [--check]``.

Canonical bytes are made here with the standard library (keys sorted, no spaces, UTF-8): all names in artefacts are
ASCII, for which that is RFC 8785. What a bad one must be refused for is written down here, by hand.
"""

import hashlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[2]))

from artefact_samples import (
    DESTINATION_LOG,
    INTAKE,
    RECIPIENT,
    SAMPLES,
    SOURCE_LOG,
    TRACE,
    digest,
    key_line,
    put,
    row_digest,
    source_file,
    without,
)

HERE = Path(__file__).parent
Change = Callable[[Any], Any]


class Bad(NamedTuple):
    """A broken artefact: the bytes, the path that must be named (None: not one field's fault), why it is bad."""

    name: str
    data: bytes
    field: str | None
    because: str


def canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def set_(path: str, new: Any) -> Change:
    return lambda value: put(value, path, new)


def drop(path: str) -> Change:
    return lambda value: without(value, path)


def also(*changes: Change) -> Change:
    def all_of(value: Any) -> Any:
        for change in changes:
            value = change(value)
        return value

    return all_of


GOOD: dict[str, dict[str, Change]] = {
    "agreement": {
        "full": lambda value: value,
        "sub-processors": also(
            set_("clauses.d_sub_processing", "specific"),
            set_("sub_processors", [{
                "name": "Stockage SA", "address": "2 quai du Canal", "processing": "Keeps sealed parcels.",
                "contact": {"name": "Sacha Roux", "role": "DPO", "details": "dpo@example.org"},
            }]),
        ),
        "certified-host": also(
            set_("hosting.where", "certified_host"), set_("hosting.certificate", "HDS 2026-1"),
            set_("second_approver", False),
        ),
    },
    "order": {
        "full": lambda value: value,
        "nobody-excluded": also(set_("scope.exclude_persons", None), set_("scope.exclude_categories", [])),
        "one-day-one-field": also(
            set_("scope.dates.until", "2018-01-01"), set_("scope.fields", {"request": ["source_id"]}),
            set_("retention.erase_after_acceptance", "12h"),
        ),
        "free-text-ordered": also(
            set_("scope.fields.comment", ["source_id", "text"]), set_("scope.include_unclassifiable", True),
        ),
        "traced": set_("trace", TRACE),
        "traced-no-longer-than-anything": set_("trace", TRACE | {"keep_until": "2026-12-31"}),
    },
    "plan": {
        "full": lambda value: value,
        "draft": set_("log", None),
        "nothing-in-scope": also(
            set_("entities[0].rows", 0), set_("entities[1].rows", 0), set_("batches", []), set_("tallies", []),
            set_("repeated", []),
        ),
        "files": also(
            set_("source.snapshot", "files"), set_("source.workers", 1), set_("left_out", []),
            set_("source.files", [INTAKE]),
        ),
    },
    "receipt": {
        "full": lambda value: value,
        "nothing-in-quarantine": also(set_("quarantined", []), set_("quarantine_parcel", None)),
        "empty": also(
            set_("rows", 0), set_("groups", []), set_("min_date", None), set_("max_date", None),
            set_("quarantined", []), set_("quarantine_parcel", None),
        ),
    },
    "reconciliation": {
        "full": lambda value: value,
        "clean": set_("differences", []),
        "nothing": also(set_("receipts", []), set_("flows", []), set_("differences", [])),
    },
    "acceptance": {
        "full": lambda value: value,
        "accepted": also(set_("decision", "accepted"), set_("differences", 0), set_("remarks", "")),
        "refused": also(set_("decision", "refused"), set_("remarks", "Résultats à revoir : « µmol/L » ≠ « mmol/L »")),
    },
    "instruction": {
        "full": lambda value: value,
        "resume": set_("action", "resume"),
        "abort": also(set_("action", "abort"), set_("reason", "Le laboratoire renonce :\nvoir le courrier du 3 mars.")),
    },
    "erasure": {
        "full": lambda value: value,
        "destination": also(
            set_("place", "destination"), set_("recipient_key", "destroyed"), set_("agent", "agent-b"),
            set_("log", DESTINATION_LOG),
        ),
        "identity-stated-destroyed": also(
            set_("place", "destination"), set_("recipient_key", "stated_destroyed"), set_("agent", "agent-b"),
            set_("statement", "Token cut in two by S. Roux on 3 March 2026."), set_("log", DESTINATION_LOG),
        ),
        "overdue": also(set_("reason", "erase_by"), set_("acceptance", None)),
        "something-found": set_("found", ["desk/x.age: age ciphertext"]),
        "trace-kept": set_("trace", {"digest": digest("trace"), "size": 6144, "keep_until": "2031-12-31"}),
    },
    "entry": {
        "full": lambda value: value,
        "opened": also(set_("event", "workspace.opened"), set_("order", None), set_("detail", {})),
        "largest-number": set_("detail", {"rows": 2**53 - 1, "least": 1 - 2**53}),
    },
    "room-entry": {
        "full": lambda value: value,
        "a-person": also(
            set_("event", "person.joined"), set_("concerns", ["trois-rivieres"]), set_("subject", "camille.durand"),
            set_("detail", {"role": "dpo"}),
        ),
        "of-nobody": also(set_("event", "room.opened"), set_("concerns", []), set_("detail", {})),
    },
    "relay-entry": {
        "full": lambda value: value,
        "nobody-knocks": also(
            set_("actor", "anonymous"), set_("event", "access.failed"), set_("box", None), set_("subject", ""),
            set_("origin", "2001:db8::17"), set_("detail", {"reason": "no key", "times": 499}),
        ),
        "of-itself": also(
            set_("actor", "relay"), set_("event", "relay.started"), set_("origin", None), set_("box", None),
            set_("detail", {}),
        ),
    },
    "source-profile": {
        "full": lambda value: value,
        "csv": also(
            set_("engine", "csv"),
            set_("files", {"patients": source_file("p.csv", encoding="cp1252", delimiter=";", quote="")}),
        ),
        "request-alone": also(
            drop("entities.patient"), set_("analyses", {}), set_("units", {}),
        ),
    },
    "destination-profile": {
        "full": lambda value: value,
        "swap": also(
            set_("entities.patient", {
                "table": "lis.patient", "columns": {"source_id": "legacy_id"}, "mode": "swap", "values": {},
                "constants": {}, "copies": {}, "parts": [],
            }),
        ),
        "zone": also(set_("engine", "mysql"), set_("zone", "+00:00"), set_("entities.patient.parts[0].first", True)),
        "test-target": also(set_("production", False), set_("engine", "sqlite")),
        "fhir": also(
            set_("engine", "fhir"), set_("entities", {}),
            set_("fhir", {"source": "dxlab", "zone": "Europe/Paris", "entries": 50, "bundle": "transaction"}),
        ),
        "hprim": also(
            set_("engine", "hprim"), set_("entities", {}), set_("hprim", {"format": "sante", "encoding": "iso8859-1"}),
        ),
    },
}  # fmt: skip

_TOO_LARGE = 2**53
BAD: dict[str, dict[str, tuple[Change, str | None, str]]] = {
    "agreement": {
        "letter-missing": (drop("clauses.h_audits"), "clauses.h_audits", "Art. 28(3)(h) is not answered"),
        "letter-blank": (set_("clauses.c_security", " \n"), "clauses.c_security", "a blank is no answer"),
        "annex-missing": (drop("measures"), "measures", "annex III is missing"),
        "annex-empty": (set_("measures", []), "measures", "annex III names no measure"),
        "ends-before-start": (set_("in_force_until", "2025-12-31"), "in_force_until", "ends before it starts"),
        "nobody-signs": (set_("processor.signers", []), "processor.signers", "nobody could bind the processor"),
        "one-id-two-persons": (
            set_("processor.signers[0].id", "dr.martin"), "processor.signers[0].id", "law 6: one person, one account",
        ),
        "one-key-two-persons": (
            set_("processor.signers[1].key", key_line("dr_martin").replace(" dr_martin", " other")),
            "processor.signers[1].key", "law 6: the comment of a key is not the key",
        ),
        "role-unknown": (set_("controller.signers[0].role", "boss"), "controller.signers[0].role", "no such role"),
        "key-without-algorithm": (
            set_("controller.signers[0].key", "AAAAC3NzaC1lZDI1NTE5"), "controller.signers[0].key", "no key line",
        ),
        "annex-iv-missing": (
            set_("clauses.d_sub_processing", "specific"), "sub_processors", "specific authorisation names nobody",
        ),
        "day-with-time": (
            set_("hosting.expires", "2027-01-01T00:00:00"), "hosting.expires", "a day has one spelling",
        ),
    },
    "order": {
        "bound-missing": (drop("scope.dates.until"), "scope.dates.until", "R16: both bounds are mandatory"),
        "until-before-from": (set_("scope.dates.until", "2017-12-31"), "scope.dates.until", "no day is in scope"),
        "secret-ordered": (
            set_("scope.fields.patient[2]", "portal_password"), "scope.fields.patient[2]", "R13, R14: secrets stay",
        ),
        "field-unknown": (
            set_("scope.fields.patient[2]", "birthdate"), "scope.fields.patient[2]", "not in the catalogue",
        ),
        "entity-unknown": (
            set_("scope.fields.invoice", ["source_id"]), "scope.fields.invoice", "not in the catalogue",
        ),
        "link-ordered": (
            set_("scope.fields.request[2]", "patient"), "scope.fields.request[2]", "links follow from what is ordered",
        ),
        "field-twice": (set_("scope.fields.patient[4]", "sex"), "scope.fields.patient[4]", "ordered twice"),
        "key-not-ordered": (
            set_("scope.fields.observation", ["code", "value"]), "scope.fields.observation",
            "law 3: rows could not be accounted for",
        ),
        "field-of-excluded-category": (
            also(set_("scope.exclude_categories", ["blood_group"]), set_("scope.fields.patient[4]", "blood_group")),
            "scope.fields.patient[4]", "the order excludes what it orders",
        ),
        "category-unknown": (
            set_("scope.exclude_categories[1]", "psychiatry"), "scope.exclude_categories[1]", "no such category",
        ),
        "category-twice": (set_("scope.exclude_categories[1]", "genetics"), "scope.exclude_categories[1]", "twice"),
        "no-site": (set_("scope.sites", []), "scope.sites", "empty is nothing, never everything"),
        "site-blank": (set_("scope.sites[1]", "  "), "scope.sites[1]", "a blank names nothing"),
        "no-field": (set_("scope.fields", {}), "scope.fields", "empty is nothing, never everything"),
        "date-field-unknown": (set_("scope.dates.field", "request.date"), "scope.dates.field", "no such scope date"),
        "seconds-as-day": (set_("retention.erase_by", "1798675200"), "retention.erase_by", "seconds are no day"),
        "day-that-is-none": (set_("scope.dates.from", "2018-02-30"), "scope.dates.from", "no such day"),
        "version-zero": (set_("version", 0), "version", "versions start at 1"),
        "recipient-of-another-kind": (
            set_("destination.recipient", "ssh-ed25519 AAAA"), "destination.recipient", "not an age recipient",
        ),
        "delay-in-weeks": (
            set_("retention.erase_after_acceptance", "2w"), "retention.erase_after_acceptance", "days or hours",
        ),
        "number-as-text": (
            set_("scope.exclude_persons.persons", "12"), "scope.exclude_persons.persons", "a text is no number",
        ),
        "truth-as-number": (set_("scope.include_unclassifiable", 1), "scope.include_unclassifiable", "1 is not true"),
        "trace-not-told": (drop("trace"), None, "not canonical: every field is written"),
        "trace-under-the-destinations-key": (
            set_("trace", TRACE | {"recipient": RECIPIENT}), "trace.recipient", "fingerprints are the controller's alone",
        ),
        "trace-gone-too-soon": (
            set_("trace", TRACE | {"keep_until": "2026-12-30"}), "trace.keep_until", "before erase_by",
        ),
        "trace-kept-for-ever": (
            set_("trace", TRACE | {"keep_until": "2037-01-01"}), "trace.keep_until", "at most 3653 days after erase_by",
        ),
        "trace-without-end": (
            set_("trace", {"recipient": TRACE["recipient"]}), "trace.keep_until", "everything dies on time",
        ),
    },
    "plan": {
        "bytes-do-not-add-up": (
            set_("source.files", [INTAKE | {"mapped": 701}]), "source.files[0].size", "a byte counted twice",
        ),
        "rows-do-not-add-up": (set_("batches[0].rows", 7), "entities[0].rows", "batches and entity differ"),
        "year-does-not-add-up": (set_("tallies[1].rows", 3), "entities[1].rows", "tallies and entity differ"),
        "rows-below-zero": (
            also(set_("batches[1].rows", -1), set_("batches[2].rows", 10)), "batches[1].rows", "below zero",
        ),
        "batch-twice": (set_("batches[2].id", "request-2018-0001"), "batches[2]", "one name for two parcels"),
        "batch-named-as-quarantine": (
            set_("batches[2].id", "request-2018-0001.quarantine"), "batches[2].id", "two parcels in one file",
        ),
        "entity-twice": (
            lambda v: put(v, "entities[1]", v["entities"][0] | {"rows": 0}), "entities[1].rows", "one entity, two queries",
        ),
        "batch-of-nothing-planned": (
            lambda v: put(v, "batches", [*v["batches"], {**v["batches"][0], "id": "x", "entity": "report"}]),
            "batches[3].entity", "no such planned entity",
        ),
        "tallied-twice": (
            also(set_("tallies[2].year", 2018)), "tallies[2]", "one year and site, two counts",
        ),
        "instant-without-zone": (set_("made_at", "2026-03-02T08:00:00"), "made_at", "no time zone"),
        "instant-elsewhere": (set_("made_at", "2026-03-02T09:00:00+01:00"), "made_at", "an instant has one spelling"),
        "instant-with-fraction": (set_("made_at", "2026-03-02T08:00:00.500000Z"), "made_at", "whole seconds"),
        "column-twice": (set_("entities[1].columns[1].name", "source_id"), "entities[1].columns[1]", "twice"),
        "type-unknown": (set_("entities[0].columns[0].type", "float"), "entities[0].columns[0].type", "no such type"),
        "log-of-the-other-place": (set_("log", DESTINATION_LOG), "log", "the source's agent names the source's log"),
        "log-of-another-agent": (set_("agent", "agent-b"), "log", "an agent names its own place's log"),
        "log-without-key": (set_("log", SOURCE_LOG.rpartition("+")[0]), "log", "no key"),
        "batch-outside-its-folder": (set_("batches[0].id", "../x"), "batches[0].id", "a name, not a path"),
        "repeated-key-twice": (
            lambda v: put(v, "repeated", v["repeated"] * 2), "repeated[1]", "one key, two counts",
        ),
        "repeated-key-of-nothing-planned": (
            set_("repeated[0].entity", "report"), "repeated[0].entity", "no such planned entity",
        ),
        "repeated-beyond-the-plan": (set_("repeated[0].rows", 10), "repeated[0].rows", "nine rows are planned"),
    },
    "receipt": {
        "groups-do-not-add-up": (set_("groups[0].rows", 2), "rows", "1 + 3 = 4"),
        "group-twice": (set_("groups[1].site", "RENNES-CENTRE"), "groups[1]", "one year and site, two digests"),
        "quarantine-without-parcel": (set_("quarantine_parcel", None), "quarantine_parcel", "rows set aside nowhere"),
        "parcel-without-quarantine": (set_("quarantined", []), "quarantine_parcel", "a parcel of no rows"),
        "dates-reversed": (set_("max_date", "2018-01-02"), "max_date", "max before min"),
        "one-date": (set_("min_date", None), "max_date", "one bound without the other"),
        "digest-in-capitals": (set_("parcel", digest("parcel").upper()), "parcel", "a digest has one spelling"),
        "digest-too-short": (set_("order", digest("order")[:-1]), "order", "64 hex digits"),
        "row-digest-too-long": (set_("groups[0].digest", row_digest("x") + "0"), "groups[0].digest", "32 hex digits"),
        "rows-below-zero": (set_("canaries", -1), "canaries", "below zero"),
        "number-too-large": (set_("size", _TOO_LARGE), None, "beyond what every JSON reader keeps"),
        "year-zero": (set_("groups[0].year", 0), "groups[0].year", "there is no year 0"),
    },
    "reconciliation": {
        "receipt-twice": (set_("receipts", [digest("a"), digest("a")]), "receipts[1]", "a parcel counted twice"),
        "flow-twice": (lambda v: put(v, "flows[1]", v["flows"][0]), "flows[1]", "rows counted twice"),
        "kind-unknown": (set_("differences[0].kind", "fine"), "differences[0].kind", "no such difference"),
        "stage-missing": (drop("flows[0].loaded"), "flows[0].loaded", "every stage is counted"),
        "rows-as-text": (set_("flows[0].planned", "6"), "flows[0].planned", "a text is no number"),
        "rows-below-zero": (set_("flows[0].loaded", -6), "flows[0].loaded", "below zero"),
        "detail-missing": (set_("differences[0].detail", ""), "differences[0].detail", "a difference says what differs"),
        "log-missing": (drop("log"), "log", "the account pins the journal"),
        "log-of-the-other-place": (set_("log", SOURCE_LOG), "log", "the destination's agent names its own log"),
        "value-shown": (
            set_("differences[1].value", "MARTIN"), "differences[1].value", "law 5: no patient's value in a record",
        ),
    },
    "acceptance": {
        "decision-unknown": (set_("decision", "maybe"), "decision", "accepted, with differences, or refused"),
        "decision-missing": (drop("decision"), "decision", "silence accepts nothing"),
        "differences-below-zero": (set_("differences", -1), "differences", "below zero"),
        "differences-uncounted": (set_("differences", None), "differences", "to accept is to count"),
        "instant-elsewhere": (set_("decided_at", "2026-03-03T11:00:00+01:00"), "decided_at", "UTC"),
        "nobody": (set_("signatory", ""), "signatory", "somebody decides"),
        "two-persons": (set_("signatory", "dr.martin, a.second"), "signatory", "one person"),
        "reconciliation-by-name": (set_("reconciliation", "the last one"), "reconciliation", "named by digest"),
    },
    "instruction": {
        "action-unknown": (set_("action", "hurry"), "action", "suspend, resume or abort"),
        "reason-missing": (drop("reason"), "reason", "an instruction has its reason"),
        "reason-blank": (set_("reason", " \n"), "reason", "a blank is no reason"),
        "order-missing": (drop("order"), "order", "about which order?"),
        "order-by-number": (set_("order", "BIO-2026-0042"), "order", "named by digest"),
        "nobody": (set_("signatory", ""), "signatory", "somebody instructs"),
        "two-persons": (set_("signatory", "dr.martin, a.second"), "signatory", "one person"),
        "instant-elsewhere": (set_("given_at", "2026-03-02T09:30:00+01:00"), "given_at", "UTC"),
    },
    "erasure": {
        "log-missing": (drop("log"), "log", "the certificate pins the journal"),
        "log-of-the-other-place": (set_("log", DESTINATION_LOG), "log", "an agent names its own place's log"),
        "identity-not-told": (
            also(set_("place", "destination"), set_("agent", "agent-b"), set_("log", DESTINATION_LOG)),
            "recipient_key", "the destination's certificate says what became of the identity",
        ),
        "identity-at-the-source": (set_("recipient_key", "destroyed"), "recipient_key", "it was never there"),
        "identity-stated-in-no-words": (
            also(
                set_("place", "destination"), set_("recipient_key", "stated_destroyed"), set_("agent", "agent-b"),
                set_("log", DESTINATION_LOG),
            ),
            "statement", "how, and by whom?",
        ),
        "statement-of-nothing": (set_("statement", "All gone."), "statement", "nothing is only stated here"),
        "decision-not-named": (set_("acceptance", None), "acceptance", "accepted, by which acceptance?"),
        "reason-unknown": (set_("reason", "tidy"), "reason", "no such reason"),
        "kind-unknown": (set_("erased[0].kind", "copy"), "erased[0].kind", "no such kind"),
        "digest-missing": (drop("erased[1].digest"), "erased[1].digest", "what was erased is named"),
        "size-below-zero": (set_("erased[1].size", -32), "erased[1].size", "below zero"),
        "scan-missing": (drop("scanned"), "scanned", "an erasure that nobody looked for"),
        "trace-at-the-destination": (
            also(
                set_("place", "destination"), set_("recipient_key", "destroyed"), set_("agent", "agent-b"),
                set_("log", DESTINATION_LOG),
                set_("trace", {"digest": digest("trace"), "size": 6144, "keep_until": "2031-12-31"}),
            ),
            "trace", "fingerprints are kept at the source alone",
        ),
        "found-blank": (set_("found", [""]), "found[0]", "what was found is named"),
        "files-as-truth": (set_("scanned[0].files", True), "scanned[0].files", "true is no number"),
    },
    "entry": {
        "event-unknown": (set_("event", "patient.read"), "event", "no such event"),
        "detail-in-depth": (set_("detail.rows", {"a": 1}), "detail.rows", "numbers and texts only"),
        "detail-truth": (set_("detail.rows", True), "detail.rows", "numbers and texts only"),
        "detail-number-too-large": (set_("detail.rows", -_TOO_LARGE), None, "beyond what every JSON reader keeps"),
        "order-by-name": (set_("order", "BIO-2026-0042"), "order", "named by digest"),
        "instant-with-fraction": (set_("at", "2026-03-02T08:01:00.000001Z"), "at", "whole seconds"),
        "day-as-instant": (set_("at", "2026-03-02"), "at", "an instant, not a day"),
        "actor-missing": (drop("actor"), "actor", "law 6: somebody acts"),
    },
    "room-entry": {
        "event-unknown": (set_("event", "patient.read"), "event", "no such event"),
        "detail-in-depth": (set_("detail.version", [1]), "detail.version", "numbers and texts only"),
        "concerns-missing": (drop("concerns"), "concerns", "who may read it is said"),
        "concerns-by-name": (set_("concerns[0]", "Trois Rivières"), "concerns[0]", "an organisation's id"),
        "actor-missing": (drop("actor"), "actor", "law 6: somebody acts"),
        "day-as-instant": (set_("at", "2026-03-02"), "at", "an instant, not a day"),
    },
    "relay-entry": {
        "event-unknown": (set_("event", "patient.read"), "event", "no such event"),
        "detail-in-depth": (set_("detail.size", [1]), "detail.size", "numbers and texts only"),
        "actor-missing": (drop("actor"), "actor", "law 6: somebody acts"),
        "actor-with-spaces": (set_("actor", "agent source"), "actor", "an account's id"),
        "origin-missing": (drop("origin"), "origin", "where from is said, or that it is not known"),
        "day-as-instant": (set_("at", "2026-03-02"), "at", "an instant, not a day"),
    },
    "source-profile": {
        "entity-unknown": (set_("entities.invoice", {"select": "SELECT 1"}), "entities.invoice", "not in the catalogue"),
        "request-missing": (drop("entities.request"), "entities.request", "scope hangs on the request"),
        "scope-missing": (set_("entities.request.scope", None), "entities.request", "scope hangs on the request"),
        "parse-unknown": (
            set_("entities.request.parse", {"dates": {"number": True}}), "entities.request.parse.dates",
            "not in the catalogue",
        ),
        "parse-two-ways": (
            set_("entities.patient.parse.sex.number", True), "entities.patient.parse.sex", "one parse, one meaning",
        ),
        "files-of-a-database": (
            set_("files", {"a": source_file("a.csv", encoding="utf-8", quote="")}), "files",
            "files are a csv source's",
        ),
        "two-delimiters": (
            also(set_("engine", "csv"),
                 set_("files", {"a": source_file("a.csv", encoding="utf-8", delimiter="||", quote="")})),
            "files.a.delimiter", "one character",
        ),
        "encoding-untold": (
            also(set_("engine", "csv"), set_("files", {"a": source_file("a.csv")})), "files.a.encoding",
            "an encoding is declared, never assumed",
        ),
        "pattern-of-one-file": (
            also(set_("engine", "csv"), set_("files", {"a": source_file("*.csv", encoding="utf-8")})), "files.a.path",
            "delimited files are declared one by one",
        ),
        "one-mark-two-meanings": (set_("number.group", ","), "number.group", "decimal and group are the same"),
        "loinc-malformed": (set_("analyses.NA.loinc", "2951"), "analyses.NA.loinc", "a LOINC code has a check digit"),
        "storage-unknown": (
            set_("entities.request.scope.dates.registered_on", "julian"),
            "entities.request.scope.dates.registered_on", "no such storage",
        ),
        "repair-unknown": (
            set_("entities.patient.parse.sex.repair", "rot13"), "entities.patient.parse.sex.repair", "no such repair",
        ),
    },
    "destination-profile": {
        "csv": (set_("engine", "csv"), "engine", "a destination is a database"),
        "hprim-untold": (
            also(set_("engine", "hprim"), set_("entities", {})), "hprim", "its format and encoding are told",
        ),
        "hprim-encoding": (
            also(
                set_("engine", "hprim"), set_("entities", {}),
                set_("hprim", {"format": "sante", "encoding": "utf-8"}),
            ),
            "hprim.encoding", "parsers of HPRIM read single bytes",
        ),
        "fhir-untold": (also(set_("engine", "fhir"), set_("entities", {})), "fhir", "its key spaces and zone are told"),
        "fhir-of-a-database": (
            set_("fhir", {"source": "dxlab", "zone": "Europe/Paris", "entries": 50, "bundle": "transaction"}), "fhir",
            "a database has tables",
        ),
        "constants-of-messages": (
            set_("engine", "hl7"), "entities.patient.constants", "a message has no columns to fill",
        ),
        "constant-for-a-field": (
            set_("entities.patient.constants.last_name", "x"), "entities.patient.constants.last_name",
            "law 3: a constant would overwrite the field",
        ),
        "constant-for-a-parts-key": (
            set_("entities.patient.parts[0].constants.person", 1), "entities.patient.parts[0].constants.person",
            "law 4: the key ties the part to its row",
        ),
        "constant-a-list": (
            set_("entities.patient.constants.created_by", [1]), "entities.patient.constants.created_by",
            "one value a column",
        ),
        "constant-over-a-copy": (
            set_("entities.patient.constants.number", 1), "entities.patient.constants.number", "one writer a column",
        ),
        "copy-for-a-field": (
            set_("entities.patient.copies.last_name", "source_id"), "entities.patient.copies.last_name",
            "one writer a column",
        ),
        "copy-of-nothing": (
            set_("entities.patient.copies.number", "nir"), "entities.patient.copies.number", "the field has no column",
        ),
        "constants-swapped": (
            set_("entities.patient.mode", "swap"), "entities.patient.mode", "a swap is read back as a whole table",
        ),
        "two-tables-one-name": (
            set_("entities.patient.parts[0].table", "lis.patient"), "entities.patient.parts[0].table",
            "a row's parts lie in different tables",
        ),
        "field-in-two-tables": (
            set_("entities.patient.parts[0].columns.family_name", "name"),
            "entities.patient.parts[0].columns.family_name", "a field is read back from one place",
        ),
        "key-of-a-part-twice": (
            set_("entities.patient.parts[0].columns.source_id", "name"),
            "entities.patient.parts[0].columns.source_id", "the part's key has its own place",
        ),
        "field-unknown-in-a-part": (
            set_("entities.patient.parts[0].columns.surname", "surname"),
            "entities.patient.parts[0].columns.surname", "not in the catalogue",
        ),
        "part-of-two-entities": (
            set_("entities.site", {
                "table": "lis.address", "columns": {"source_id": "id"}, "mode": "merge", "values": {},
                "constants": {}, "copies": {}, "parts": [],
            }),
            "entities.patient.parts[0].table", "its keys would be those of two entities",
        ),
        "zone-of-postgresql": (set_("zone", "+00:00"), "zone", "its timestamps have no zone"),
        "zone-with-a-quote": (also(set_("engine", "mysql"), set_("zone", "+00:00'")), "zone", "no zone's name"),
        "key-missing": (
            drop("entities.patient.columns.source_id"), "entities.patient.columns.source_id", "law 4: rows have a key",
        ),
        "two-fields-one-column": (
            set_("entities.patient.columns.family_name", "legacy_id"), "entities.patient.columns",
            "one would overwrite the other",
        ),
        "field-unknown": (
            set_("entities.patient.columns.surname", "surname"), "entities.patient.columns.surname",
            "not in the catalogue",
        ),
        "secret-mapped-to-nothing": (
            set_("entities.patient.columns.family_name", ""), "entities.patient.columns.family_name", "no column",
        ),
        "mode-unknown": (set_("entities.patient.mode", "append"), "entities.patient.mode", "swap or merge"),
        "production-missing": (drop("production"), "production", "said, never assumed"),
        "table-blank": (set_("entities.patient.table", " "), "entities.patient.table", "a blank names nothing"),
    },
}  # fmt: skip


def _everywhere(kind: str, value: dict[str, Any]) -> Iterator[Bad]:
    """What is bad whatever the kind."""
    data = canonical(value)
    yield Bad("format-missing", canonical(without(value, "format")), "format", "a field is missing")
    yield Bad("format-of-another", canonical(put(value, "format", f"ecluse.{kind}/2")), "format", "another format")
    yield Bad("field-too-many", canonical(put(value, "priority", 1)), "priority", "an unknown field")
    yield Bad("list", canonical([value]), None, "not an object")
    yield Bad("empty", b"", None, "nothing there")
    yield Bad("cut-off", data[:-1], None, "not JSON")
    yield Bad("followed", data + b"\n", None, "not canonical: a line end")
    yield Bad("spaced", json.dumps(value, sort_keys=True, ensure_ascii=False).encode(), None, "not canonical: spaces")
    backwards = dict(sorted(value.items(), reverse=True))
    text = json.dumps(backwards, separators=(",", ":"), ensure_ascii=False).encode()
    yield Bad("unsorted", text, None, "not canonical: order of names")
    escaped = data.replace(b'"format"', b'"\\u0066ormat"')
    yield Bad("escaped", escaped, None, "not canonical: a needless escape")
    yield Bad("name-twice", data[:-1] + b',"format":"x"}', None, "a name given twice")
    yield Bad("float", canonical({**value, "version": 1.0}), None, "a floating-point number")
    yield Bad("not-a-number", data[:-1] + b',"z":NaN}', None, "not JSON")
    yield Bad("half-a-character", data[:-1] + b',"z":"\\ud800"}', None, "a lone surrogate")
    yield Bad("latin-1", data[:-1] + b',"z":"\xe9"}', None, "not UTF-8")
    yield Bad("byte-order-mark", b"\xef\xbb\xbf" + data, None, "a byte order mark")
    yield Bad("too-deep", data[:-1] + b',"z":' + b"[" * 200 + b"]" * 200 + b"}", None, "nested too deeply")


def bad_ones(kind: str) -> Iterator[Bad]:
    value = SAMPLES[kind]
    yield from _everywhere(kind, value)
    for name, (change, field, because) in BAD[kind].items():
        yield Bad(name, canonical(change(value)), field, because)


def files() -> dict[str, bytes]:
    made: dict[str, bytes] = {}
    index: list[dict[str, Any]] = []
    for kind in SAMPLES:
        for name, change in GOOD[kind].items():
            file, data = f"{kind}/good-{name}.json", canonical(change(SAMPLES[kind]))
            made[file] = data
            address = f"sha256:{hashlib.sha256(data).hexdigest()}"
            index.append({"file": file, "kind": kind, "expect": "good", "digest": address})
        for bad in bad_ones(kind):
            file = f"{kind}/bad-{bad.name}.json"
            assert file not in made, file
            made[file] = bad.data
            index.append({
                "file": file, "kind": kind, "expect": "bad", "error": "MalformedError", "exit_code": 10,
                "field": bad.field, "because": bad.because,
            })  # fmt: skip
    made["index.json"] = json.dumps(index, indent=1, ensure_ascii=False).encode() + b"\n"
    return made


def main(arguments: list[str]) -> int:
    wanted = files()
    there = {str(path.relative_to(HERE)) for path in HERE.rglob("*.json")}
    stale = there ^ set(wanted) | {
        name for name, data in wanted.items() if name in there and (HERE / name).read_bytes() != data
    }
    if "--check" in arguments:
        print("\n".join(f"not as generated: {name}" for name in sorted(stale)))  # noqa: T201
        return bool(stale)
    for name in there - set(wanted):
        (HERE / name).unlink()
    for name, data in wanted.items():
        (HERE / name).parent.mkdir(exist_ok=True)
        (HERE / name).write_bytes(data)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
