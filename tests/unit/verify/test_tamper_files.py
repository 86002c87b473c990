"""Somebody without keys changes a bundle's files, and makes the manifest fit: the failing step is named every time."""

import random
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ecluse.domain.records import Receipt
from ecluse.journal.keys import LogKey
from ecluse.verify import verify_bundle
from ecluse.wire.artefacts import KINDS, decode
from ecluse.wire.canonical import canonical, digest, parse
from evidence_tools import (
    Genuine,
    Members,
    audit,
    entries_of,
    find,
    first_failure,
    flipped,
    pack,
    rewritten,
    signatures_of,
    unpack,
)
from synthetic_evidence import NOW, changed, sshsig

KINDS_SIGNED = {
    "agreement": "agreement.signed",
    "order": "order.signed",
    "plan": "plan.signed",
    "receipt": "receipts.signed",
    "reconciliation": "reconciliation",
    "acceptance": "acceptance",
    "erasure": "erasure.{place}",
}
KINDS_PARSED = {
    "agreement": "agreement",
    "order": "order",
    "plan": "plan",
    "receipt": "receipts",
    "reconciliation": "reconciliation",
    "acceptance": "acceptance",
    "erasure": "erasure.{place}",
}
PLACES = ("source", "destination")
EVERY = [(place, kind) for place in PLACES for kind in KINDS_SIGNED]


@pytest.fixture
def members(genuine: Genuine) -> Members:
    return unpack(genuine.bundles["erased"])


@pytest.mark.parametrize(("place", "kind"), EVERY)
@pytest.mark.parametrize("how", ["flip", "truncate", "empty", "swap", "lengthen"])
def test_an_artefacts_bytes(members: Members, tmp_path: Path, place: str, kind: str, how: str) -> None:
    name = find(members, place, kind)
    other = max(n for n in members if n.startswith(f"{place}/artefacts/") and n.endswith(".json") and n != name)
    data = members[name]
    if how == "swap":
        members[name], members[other] = members[other], data
    else:
        tampered = {"flip": flipped(data), "truncate": data[:-1], "empty": b"", "lengthen": data + b"\n"}
        members[name] = tampered[how]
    assert first_failure(audit(members, tmp_path)) == "addresses"
    assert first_failure(audit(members, tmp_path, manifest=False)) == "manifest"


@pytest.mark.parametrize(("place", "kind"), EVERY)
def test_an_artefact_dropped_whole(members: Members, tmp_path: Path, place: str, kind: str) -> None:
    name = find(members, place, kind)
    for each in (name, *signatures_of(members, name)):
        del members[each]
    assert first_failure(audit(members, tmp_path)) == f"journal.{place}.pins"
    assert first_failure(audit(members, tmp_path, manifest=False)) == "manifest"


@pytest.mark.parametrize(("place", "kind"), EVERY)
def test_an_artefact_dropped_without_its_signatures(members: Members, tmp_path: Path, place: str, kind: str) -> None:
    del members[find(members, place, kind)]
    assert first_failure(audit(members, tmp_path)) == "addresses"


@pytest.mark.parametrize(("place", "kind"), EVERY)
def test_its_signatures_dropped(members: Members, tmp_path: Path, place: str, kind: str) -> None:
    name = find(members, place, kind)
    for each in PLACES:
        for signature in signatures_of(members, name.replace(place, each, 1)):
            del members[signature]
    assert first_failure(audit(members, tmp_path)) == KINDS_SIGNED[kind].format(place=place)


@pytest.mark.parametrize(("place", "kind"), EVERY)
@pytest.mark.parametrize("how", ["flip", "truncate", "empty", "foreign", "wrong key", "wrong namespace", "older"])
def test_one_of_its_signatures(
    members: Members, genuine: Genuine, tmp_path: Path, place: str, kind: str, how: str
) -> None:
    """Although the same artefact is signed rightly in the other place: a wrong signature is never passed over."""
    name = find(members, place, kind)
    signature = signatures_of(members, name)[0]
    signer = signature.removesuffix(".sig").split(".", 1)[1]
    other = next(n for n in members if n.endswith(".sig") and f"/{kind}/" not in n)
    keys = genuine.keys
    members[signature] = {
        "flip": lambda: flipped(members[signature]),
        "truncate": lambda: members[signature][:-40],
        "empty": lambda: b"",
        "foreign": lambda: members[other],
        "wrong key": lambda: sshsig(members[name], keys.private("stranger"), f"ecluse.{kind}"),
        "wrong namespace": lambda: sshsig(members[name], keys.private(signer), "ecluse.other"),
        "older": lambda: sshsig(members[name] + b" ", keys.private(signer), f"ecluse.{kind}"),
    }[how]()
    assert first_failure(audit(members, tmp_path)) == KINDS_SIGNED[kind].format(place=place)


@pytest.mark.parametrize(("place", "kind"), EVERY)
def test_signed_by_a_stranger_too(members: Members, genuine: Genuine, tmp_path: Path, place: str, kind: str) -> None:
    name = find(members, place, kind)
    signed = sshsig(members[name], genuine.keys.private("stranger"), f"ecluse.{kind}")
    members[f"{name.removesuffix('json')}stranger.sig"] = signed
    assert first_failure(audit(members, tmp_path)) == KINDS_SIGNED[kind].format(place=place)


@pytest.mark.parametrize(("place", "kind"), EVERY)
def test_a_second_one_beside_it(members: Members, genuine: Genuine, tmp_path: Path, place: str, kind: str) -> None:
    """Another artefact of the kind, genuinely signed, that the journal does not name: an older one, say."""
    name = find(members, place, kind)
    second = canonical(_other(kind, parse(members[name])))
    stem = f"{place}/artefacts/{kind}/{digest(second).removeprefix('sha256:')}"
    members[f"{stem}.json"] = second
    for signature in signatures_of(members, name):
        signer = signature.removesuffix(".sig").split(".", 1)[1]
        members[f"{stem}.{signer}.sig"] = sshsig(second, genuine.keys.private(signer), f"ecluse.{kind}")
    pinned = f"journal.{place}.pins"
    expected = {"agreement": "agreement", "order": "order"}.get(kind, pinned)
    assert first_failure(audit(members, tmp_path)) == expected


def _other(kind: str, value: dict[str, object]) -> dict[str, object]:
    """The same, dated a second earlier or numbered differently."""
    dated = {"plan": "made_at", "receipt": "sealed_at", "reconciliation": "made_at", "acceptance": "decided_at",
             "erasure": "erased_at"}  # fmt: skip
    if kind in dated:
        return value | {dated[kind]: "2026-03-02T07:59:59Z"}
    return value | ({"version": 2} if kind == "order" else {"agreement": "DPA-2026-008"})


@pytest.mark.parametrize("everywhere", [True, False])
def test_an_older_receipt_replayed(members: Members, genuine: Genuine, tmp_path: Path, everywhere: bool) -> None:
    """A killed attempt left a receipt, signed by everybody who should; it takes the counted one's place."""
    name = find(members, "source", "receipt")
    old = canonical(_other("receipt", parse(members[name])))
    for place in PLACES if everywhere else PLACES[1:]:
        here = name.replace("source", place, 1)
        stem = f"{place}/artefacts/receipt/{digest(old).removeprefix('sha256:')}"
        for signature in signatures_of(members, here):
            signer = signature.removesuffix(".sig").split(".", 1)[1]
            members[f"{stem}.{signer}.sig"] = sshsig(old, genuine.keys.private(signer), "ecluse.receipt")
            del members[signature]
        del members[here]
        members[f"{stem}.json"] = old
    expected = "journal.source.pins" if everywhere else "journal.destination.pins"
    assert first_failure(audit(members, tmp_path)) == expected


@pytest.mark.parametrize("kind", list(KINDS_PARSED))
@pytest.mark.parametrize("how", ["spaced", "unknown field", "not json", "missing field"])
def test_a_foreign_spelling_under_its_own_digest(members: Members, tmp_path: Path, kind: str, how: str) -> None:
    name = find(members, "source", kind)
    value = parse(members[name])
    data = {
        "spaced": members[name] + b"\n",
        "unknown field": canonical(value | {"zzz": 1}),
        "not json": b"\xff{",
        "missing field": canonical({k: v for k, v in value.items() if k != "format"}),
    }[how]
    for place in PLACES:
        if (here := name.replace("source", place, 1)) in members:
            for each in (here, *signatures_of(members, here)):
                del members[each]
            members[f"{place}/artefacts/{kind}/{digest(data).removeprefix('sha256:')}.json"] = data
    failed = [step.name for step in audit(members, tmp_path).failed]
    assert "journal.source.pins" in failed
    assert KINDS_PARSED[kind].format(place="source") in failed


Change = Callable[[dict[str, Any]], object]

CONTRADICTIONS: list[tuple[str, str, Change]] = [
    ("plan", "plan", lambda v: v["entities"][0]["columns"].append(v["entities"][0]["columns"][0])),
    ("plan", "plan", lambda v: v["batches"].append(v["batches"][0])),
    ("plan", "plan", lambda v: v["batches"][0].update(rows=5)),
    ("plan", "plan", lambda v: v["tallies"][0].update(rows=5)),
    ("receipt", "receipts", lambda v: v.update(sealed_at="2026-03-02T08:00:12")),
    ("receipt", "receipts", lambda v: v.update(sealed_at="2026-03-02T10:00:12+02:00")),
    ("receipt", "receipts", lambda v: v.update(min_date="2018-12-30", max_date="2018-01-03")),
    ("receipt", "receipts", lambda v: v["groups"].append({**v["groups"][0], "rows": 0})),
    (
        "receipt",
        "receipts",
        lambda v: v["groups"].extend([{**v["groups"][0], "year": None, "rows": n} for n in (1, -1)]),
    ),
    ("receipt", "receipts", lambda v: v.update(rows=v["rows"] + 1)),
    ("receipt", "receipts", lambda v: v.update(quarantine_parcel="sha256:" + "0" * 64, quarantined=[])),
    ("reconciliation", "reconciliation", lambda v: v["receipts"].append(v["receipts"][0])),
    ("reconciliation", "reconciliation", lambda v: v["flows"].append(v["flows"][0])),
    ("erasure", "erasure.source", lambda v: v.update(acceptance=None)),
    ("erasure", "erasure.source", lambda v: v.update(reason="tired")),
    ("agreement", "agreement", lambda v: v["clauses"].pop("h_audits")),
    ("agreement", "agreement", lambda v: v["clauses"].update(h_audits="")),
    ("agreement", "agreement", lambda v: v.update(measures=[])),
    ("agreement", "agreement", lambda v: v["processor"]["signers"][0].update(key=v["controller"]["signers"][0]["key"])),
    ("order", "order", lambda v: v["scope"]["dates"].update(until="2017-12-31")),
    ("order", "order", lambda v: v["scope"]["sites"].clear()),
    ("order", "order", lambda v: v["scope"]["fields"]["patient"].remove("source_id")),
    ("order", "order", lambda v: v["scope"]["fields"].update(weather=["source_id"])),
]


@pytest.mark.parametrize(("kind", "step", "change"), CONTRADICTIONS)
def test_an_artefact_that_contradicts_itself(
    members: Members, genuine: Genuine, tmp_path: Path, kind: str, step: str, change: Change
) -> None:
    """Signed by all who should, under its own digest, in both places: caught by the codec or by a step of its chain."""
    name = find(members, "source", kind)
    value = parse(members[name])
    change(value)
    data = canonical(value)
    for here in [n for n in (name.replace("source", place, 1) for place in PLACES) if n in members]:
        stem = f"{here.rpartition('/')[0]}/{digest(data).removeprefix('sha256:')}"
        members[f"{stem}.json"] = data
        for signature in signatures_of(members, here):
            signer = signature.removesuffix(".sig").split(".", 1)[1]
            members[f"{stem}.{signer}.sig"] = sshsig(data, genuine.keys.private(signer), f"ecluse.{kind}")
            del members[signature]
        del members[here]
    failed = [each.name for each in audit(members, tmp_path).failed]
    assert any(each == step or each.startswith(f"{step}.") for each in failed), failed


def test_an_order_of_a_secret(members: Members, tmp_path: Path) -> None:
    name = find(members, "source", "order")
    value = parse(members[name])
    value["scope"]["fields"]["patient"].append("portal_password")
    data = canonical(value)
    for place in PLACES:
        del members[name.replace("source", place, 1)]
        for signature in signatures_of(members, name.replace("source", place, 1)):
            del members[signature]
        members[f"{place}/artefacts/order/{digest(data).removeprefix('sha256:')}.json"] = data
    report = audit(members, tmp_path)
    assert first_failure(report) == "order"
    assert "portal_password is a secret" in str(report.failed[0].detail)


def test_an_artefact_in_another_kinds_folder(members: Members, tmp_path: Path) -> None:
    name = find(members, "source", "acceptance")
    members[name.replace("acceptance", "order")] = members[name]
    assert first_failure(audit(members, tmp_path)) == "order"


def test_kinds_are_all_there() -> None:
    # Instructions are in the bundles of test_instructions.py; the control room's entries in none.
    unsigned = {"instruction", "entry", "room-entry", "relay-entry", "source-profile", "destination-profile"}
    assert KINDS_SIGNED.keys() | unsigned == KINDS.keys()


JOURNAL = {"checkpoint": "checkpoint", "vkey": "key", "tile/entries/000.p/": "root", "tile/0/000.p/": "tiles"}
"""Beginnings of names, and the step that fails; a tile's name ends in its size."""


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("file", "step"), JOURNAL.items())
@pytest.mark.parametrize("how", ["flip", "flip first", "flip last", "drop", "truncate", "empty", "swap", "repeat"])
def test_a_journals_files(members: Members, tmp_path: Path, place: str, file: str, step: str, how: str) -> None:
    name, other = (_journal_file(members, each, file) for each in (place, *(p for p in PLACES if p != place)))
    data = members[name]
    members[name] = {
        "flip": flipped(data),
        "flip first": flipped(data, 0),
        "flip last": flipped(data, len(data) - 2),
        "drop": b"",
        "truncate": data[:-3],
        "empty": b"",
        "swap": members[other],
        "repeat": data + data,
    }[how]
    if how == "drop":
        del members[name]
    assert first_failure(audit(members, tmp_path)) == f"journal.{place}.{step}"
    assert first_failure(audit(members, tmp_path, manifest=False)) == "manifest"


def _journal_file(members: Members, place: str, begins: str) -> str:
    [name] = [name for name in members if name.startswith(f"{place}/journal/{begins}")]
    return name


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("file", ["tile/1/000.p/1", "tile/0/000.p/27", "notes"])
def test_a_journals_surplus(members: Members, tmp_path: Path, place: str, file: str) -> None:
    members[f"{place}/journal/{file}"] = bytes(32)
    assert first_failure(audit(members, tmp_path)) == f"journal.{place}.root"


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("stage", ["delivered", "accepted"])
def test_a_journal_set_back(members: Members, genuine: Genuine, tmp_path: Path, place: str, stage: str) -> None:
    earlier = unpack(genuine.bundles[stage])
    prefix = f"{place}/journal/"
    members = {name: data for name, data in members.items() if not name.startswith(prefix)}
    members |= {name: data for name, data in earlier.items() if name.startswith(prefix)}
    assert first_failure(audit(members, tmp_path)) == f"journal.{place}.pins"


def _sealed_first(entries: list[bytes]) -> list[bytes]:
    """The first batch is sealed before it is announced; times stay in order."""
    first = next(i for i, data in enumerate(entries) if b"batch.extracting" in data)
    one, two = parse(entries[first]), parse(entries[first + 1])
    one["at"], two["at"] = two["at"], one["at"]
    return [*entries[:first], canonical(two), canonical(one), *entries[first + 2 :]]


def _reversed(entries: list[bytes]) -> list[bytes]:
    return [entries[0], *reversed(entries[1:])]


@pytest.mark.parametrize("change", [_sealed_first, _reversed, list], ids=["swapped", "reversed", "same entries"])
def test_a_journal_resigned_by_another_key(
    members: Members, genuine: Genuine, tmp_path: Path, change: Callable[[list[bytes]], list[bytes]]
) -> None:
    mine = LogKey.generate("ecluse/source/agent-a")
    trust = tmp_path / "trust"
    trust.write_bytes(members["allowed_signers"])
    kept = rewritten(members, "source", mine, change, vkey=False)
    assert first_failure(audit(kept, tmp_path)) == "journal.source.checkpoint"
    replaced = rewritten(members, "source", mine, change)
    assert first_failure(audit(replaced, tmp_path, trust=trust)) == "journal.source.key"
    assert "log.source" in [step.name for step in audit(replaced, tmp_path).failed]
    replaced["allowed_signers"] = members["allowed_signers"]
    assert "allowed_signers" in [step.name for step in audit(replaced, tmp_path).failed]


def _set(number: int, **fields: object) -> Callable[[list[bytes]], list[bytes]]:
    def change(entries: list[bytes]) -> list[bytes]:
        made = list(entries)
        made[number] = canonical(parse(made[number]) | fields)
        return made

    return change


def _without(event: str, which: int = 0) -> Callable[[list[bytes]], list[bytes]]:
    def change(entries: list[bytes]) -> list[bytes]:
        found = [i for i, data in enumerate(entries) if f'"{event}"'.encode() in data]
        return [data for i, data in enumerate(entries) if i != found[which]]

    return change


def _twice(event: str) -> Callable[[list[bytes]], list[bytes]]:
    def change(entries: list[bytes]) -> list[bytes]:
        return [data for each in entries for data in ([each, each] if f'"{event}"'.encode() in each else [each])]

    return change


def _announced_again(entries: list[bytes]) -> list[bytes]:
    """A batch is announced once more after it was sealed."""
    at = next(i for i, data in enumerate(entries) if b"batch.sealed" in data)
    again = parse(entries[at]) | {"event": "batch.extracting", "detail": {}}
    return [*entries[: at + 1], canonical(again), *entries[at + 1 :]]


REWRITINGS = [
    ("source", _announced_again, "laws"),
    ("source", _set(2, subject="sha256:" + "0" * 64), "entries"),
    ("source", _set(5, at="2026-03-02T07:00:00Z"), "time"),
    ("source", _set(-1, at="2026-03-20T13:00:00Z"), "time"),
    ("destination", _set(1, at="2026-03-02T10:00:00Z"), "time"),
    ("source", _set(5, at="2026-03-02T10:00:12+02:00"), "entries"),
    ("source", _set(5, at="2026-03-02T08:00:12"), "entries"),
    ("source", _set(5, actor="agent-b"), "entries"),
    ("source", _set(5, order="sha256:" + "0" * 64), "entries"),
    ("source", _set(5, order=None), "entries"),
    ("source", _set(5, event="batch.imagined"), "entries"),
    ("source", _set(5, patient="x"), "entries"),
    ("source", lambda entries: [*entries[:5], entries[5] + b"\n", *entries[6:]], "entries"),
    ("source", lambda entries: [*entries[:5], b"", *entries[6:]], "entries"),
    ("source", lambda entries: entries[1:], "entries"),
    ("source", lambda entries: [entries[0], *entries], "entries"),
    ("source", _set(0, subject="destination"), "entries"),
    ("source", lambda _entries: [], "entries"),
    ("source", _sealed_first, "laws"),
    ("source", _without("batch.extracting"), "laws"),
    ("source", _without("batch.sealed", 2), "laws"),
    ("source", _without("parcel.delivering"), "laws"),
    ("source", _without("erasure.started"), "laws"),
    ("source", _without("agreement.recorded"), "laws"),
    ("source", _twice("batch.sealed"), "laws"),
    ("source", _without("order.approved"), "transitions"),
    ("source", _without("plan.signed"), "transitions"),
    ("source", _without("extraction.started"), "transitions"),
    ("source", _without("extraction.sealed"), "transitions"),
    ("source", _without("migration.delivered"), "transitions"),
    ("source", _without("migration.accepted"), "transitions"),
    ("source", _twice("migration.accepted"), "transitions"),
    ("source", _without("erasure.certified"), "pins"),
    ("destination", _without("parcel.receiving"), "laws"),
    ("destination", _without("parcel.received"), "laws"),
    ("destination", _without("batch.loading", 1), "laws"),
    ("destination", _without("batch.loaded", 1), "laws"),
    ("destination", _without("target.publishing"), "laws"),
    ("destination", _twice("batch.loaded"), "laws"),
    ("destination", _without("migration.reconciled"), "transitions"),
    ("destination", _without("erasure.certified"), "pins"),
]


@pytest.mark.parametrize(("place", "change", "step"), REWRITINGS)
def test_a_journal_rewritten_with_its_own_key(
    members: Members,
    genuine: Genuine,
    tmp_path: Path,
    place: str,
    change: Callable[[list[bytes]], list[bytes]],
    step: str,
) -> None:
    """Even who holds the log's key cannot tell another story: the entries contradict themselves or the artefacts."""
    made = rewritten(members, place, genuine.log_keys[place], change)
    assert first_failure(audit(made, tmp_path)) == f"journal.{place}.{step}"


def test_places_that_do_not_agree(genuine: Genuine, tmp_path: Path) -> None:
    """The source's journal is cut off, with its own key, before anything was sent."""
    members = unpack(genuine.bundles["delivered"])

    def cut(entries: list[bytes]) -> list[bytes]:
        return entries[: next(i for i, data in enumerate(entries) if b"parcel.delivering" in data)]

    made = rewritten(members, "source", genuine.log_keys["source"], cut)
    assert first_failure(audit(made, tmp_path)) == "places"


def test_two_journals_of_two_orders(members: Members, genuine: Genuine, tmp_path: Path) -> None:
    order = find(members, "source", "order").rpartition("/")[2].removesuffix(".json").encode()

    def other(entries: list[bytes]) -> list[bytes]:
        return [entry.replace(order, b"0" * 64) for entry in entries]

    made = rewritten(members, "destination", genuine.log_keys["destination"], other)
    assert {"journal.destination.pins", "places"} <= {step.name for step in audit(made, tmp_path).failed}


def test_receipts_that_have_arrived_in_part(genuine: Genuine, tmp_path: Path) -> None:
    """A killed receiver: what has come so far is countersigned, and nothing is wrong."""
    members = unpack(genuine.bundles["delivered"])

    def cut(entries: list[bytes]) -> list[bytes]:
        return entries[: [i for i, data in enumerate(entries) if b"parcel.received" in data][2]]

    made = rewritten(members, "destination", genuine.log_keys["destination"], cut)
    named = b"".join(entries_of(made, "destination"))
    for name in [n for n in made if n.startswith("destination/artefacts/receipt/")]:
        if name.rpartition("/")[2].partition(".")[0].encode() not in named:
            del made[name]
    report = audit(made, tmp_path)
    assert report.consistent
    assert "2 of 5" in str(next(step.detail for step in report.steps if step.name == "receipts.countersigned"))


def test_a_profile_that_the_plan_does_not_name(members: Members, tmp_path: Path) -> None:
    members[f"source/artefacts/source-profile/{digest(b'{}').removeprefix('sha256:')}.json"] = b"{}"
    assert first_failure(audit(members, tmp_path)) == "plan"


def test_a_bundle_of_no_place(members: Members, tmp_path: Path) -> None:
    bare = {name: data for name, data in members.items() if "/" not in name}
    assert first_failure(audit(bare, tmp_path)) == "manifest"


def test_one_log_key_for_both_places(members: Members, genuine: Genuine, tmp_path: Path) -> None:
    shared = LogKey("ecluse/destination/agent-b", genuine.log_keys["source"].seed)
    made = rewritten(members, "destination", shared, list)
    assert first_failure(audit(made, tmp_path)) == "journal.destination.key"


@pytest.mark.parametrize("name", ["ecluse/destination/agent-a", "ecluse/source", "other/source/agent-a"])
def test_a_log_of_another_name(members: Members, tmp_path: Path, name: str) -> None:
    made = rewritten(members, "source", LogKey.generate(name), list)
    assert first_failure(audit(made, tmp_path)) == "journal.source.key"


@pytest.mark.parametrize("how", ["drop", "add", "swap names", "other format", "spaced", "none", "list"])
def test_the_manifest(members: Members, tmp_path: Path, how: str) -> None:
    value = parse(members["manifest.json"])
    listed = value["members"]
    first, second, *_ = listed
    data = {
        "drop": lambda: canonical(value | {"members": {k: v for k, v in listed.items() if k != first}}),
        "add": lambda: canonical(value | {"members": listed | {"x": digest(b"")}}),
        "swap names": lambda: canonical(value | {"members": listed | {first: listed[second], second: listed[first]}}),
        "other format": lambda: canonical(value | {"format": "ecluse.manifest/2"}),
        "spaced": lambda: members["manifest.json"] + b" ",
        "none": lambda: b"null",
        "list": lambda: canonical(value | {"members": sorted(listed)}),
    }[how]()
    assert first_failure(audit(members | {"manifest.json": data}, tmp_path, manifest=False)) == "manifest"


@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("extra.txt", "manifest"),
        ("source/notes.txt", "manifest"),
        ("relay/journal/checkpoint", "manifest"),
        ("source/artefacts/secret/x.json", "manifest"),
        ("source/parcels/x.age", "manifest"),
    ],
)
def test_a_member_that_does_not_belong(members: Members, tmp_path: Path, name: str, step: str) -> None:
    assert first_failure(audit(members | {name: b"x"}, tmp_path)) == step


@pytest.mark.parametrize("name", ["README.txt", "LISEZMOI.txt", "allowed_signers", "manifest.json"])
def test_a_member_that_is_missing(members: Members, tmp_path: Path, name: str) -> None:
    del members[name]
    assert first_failure(audit(members, tmp_path, manifest=name != "manifest.json")) == "manifest"


def test_allowed_signers_with_another_key(members: Members, genuine: Genuine, tmp_path: Path) -> None:
    stranger, martin = (" ".join(genuine.keys.line(id_).split(" ")[:2]).encode() for id_ in ("stranger", "dr.martin"))
    original = members["allowed_signers"]
    for tampered in (
        original.replace(martin, stranger),
        original + b'mallory namespaces="ecluse.*" ' + stranger + b"\n",
        original + b'dr.martin namespaces="ecluse.*" ' + stranger + b"\n",
        original.split(b"\n", 1)[1],
        b"# nothing\n",
    ):
        report = audit(members | {"allowed_signers": tampered}, tmp_path)
        assert [step.name for step in report.failed] == ["allowed_signers"]


def test_any_flipped_bit_of_the_file_is_found(genuine: Genuine, tmp_path: Path) -> None:
    data = genuine.bundles["erased"].read_bytes()
    path, chance = tmp_path / "x.zip", random.Random(7)
    for _ in range(300):
        at, bit = chance.randrange(len(data)), 1 << chance.randrange(8)
        path.write_bytes(data[:at] + bytes([data[at] ^ bit]) + data[at + 1 :])
        assert first_failure(verify_bundle(path, trust=None, now=NOW)) in {"container", "manifest"}


def _headers(data: bytes) -> list[int]:
    """Where the headers of a small container and its end record lie."""
    end = len(data) - 22
    start = struct.unpack_from("<L", data, end + 16)[0]
    return [*range(30), *range(start, start + 46), *range(end, len(data))]


def test_every_bit_of_every_header_counts(tmp_path: Path) -> None:
    data = pack({"a": b"1", "b": b"22"})
    path = tmp_path / "x.zip"
    for at in _headers(data):
        for bit in range(8):
            path.write_bytes(data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :])
            assert first_failure(verify_bundle(path, trust=None, now=NOW)) == "container", (at, bit)


def test_receipts_swapped_between_batches(members: Members, genuine: Genuine, tmp_path: Path) -> None:
    """The source's agent signs a receipt of one batch under another's name."""
    name = find(members, "source", "receipt")
    receipt = decode(Receipt, members[name])
    other = next(
        decode(Receipt, members[n])
        for n in members
        if n.startswith("source/artefacts/receipt/") and n.endswith(".json") and n != name
    )
    data = canonical(parse(members[name]) | {"batch": other.batch, "entity": other.entity})
    assert changed(receipt, batch=other.batch) != receipt
    members[f"source/artefacts/receipt/{digest(data).removeprefix('sha256:')}.json"] = data
    assert {"journal.source.pins", "receipts"} <= {step.name for step in audit(members, tmp_path).failed}
