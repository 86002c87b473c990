"""Erasure of real places: complete, certified, in time; and honest where something could not be done (law 7)."""

import datetime as dt
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ecluse.adapters.mailboxes.folder import FolderMailbox
from ecluse.control.erase import abort_overdue, due, empty_mailbox, erase_place, is_due
from ecluse.control.scan import AGE_HEADER, Tree
from ecluse.domain.entry import Event
from ecluse.domain.errors import StorageError, TransitionError
from ecluse.domain.lifecycle import State
from ecluse.domain.order import Retention
from ecluse.domain.records import Decision, Erased, ErasedKind, ErasureCertificate, Receipt
from ecluse.migration.marks import source_marks
from ecluse.seal.digests import sha256_digest
from ecluse.seal.sealing import seal
from ecluse.verify import verify_bundle
from ecluse.verify.report import Status
from ecluse.wire.artefacts import digest_of
from ecluse.workspace.parcels import QUARANTINE, SUFFIX, ParcelState
from ecluse.workspace.place import Place, Workspace
from erasing import accepted, erased, planted
from synthetic_evidence import BEGIN, NOW, Keys, Migration

MARKERS = planted()
ENDS = ("source", "destination")
CANARY = "canary-in-the-clear-7d0c"


@pytest.fixture(autouse=True)
def _own_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    monkeypatch.setattr(os, "fsync", lambda _handle: None)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return Keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture
def make(keys: Keys, tmp_path: Path) -> Iterator[Callable[..., Migration]]:
    made: list[Migration] = []

    def migration(until: str = "accepted", **bends: object) -> Migration:
        root = tmp_path / f"m{len(made)}"
        made.append(accepted(root, keys) if until == "accepted" and not bends else Migration(root, keys, **bends))  # type: ignore[arg-type]
        if until != "accepted" or bends:
            for _ in made[-1].run(until):
                pass
            keys.identity.save(root / "recipient.age")
        return made[-1]

    yield migration
    for each in made:
        each.close()


def certify(migration: Migration, end: str, markers: tuple[bytes, ...] = MARKERS, **more: object) -> ErasureCertificate:
    return erased(migration.root, migration.keys.folder, getattr(migration, end), markers, **more)


def left(migration: Migration, end: str) -> list[str]:
    """Files of a place that are neither evidence nor its bones."""
    root = migration.root / end
    files = (path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
    return sorted(f for f in files if not f.startswith(("artefacts/", "journal/")))


def parcels(migration: Migration) -> set[str]:
    receipts = migration.receipts
    return {r.parcel for r in receipts} | {r.quarantine_parcel for r in receipts if r.quarantine_parcel}


def test_both_places_end_clean_and_the_auditor_agrees(make: Callable[..., Migration]) -> None:
    migration = make()
    for end in ENDS:
        certificate = certify(migration, end)
        assert certificate.clean()
        assert parcels(migration) <= {thing.digest for thing in certificate.erased}
        assert left(migration, end) == ["keys/log.key", "lock", "workspace.json"]
        assert [each.tree for each in certificate.scanned] == [end, "mailbox", "temporary folder"]
        assert certificate.looked_for[1].startswith("12 planted markers")
        assert getattr(migration, end).progress().state is State.ERASED
        assert certify(migration, end) == certificate  # asked again, it is the same
    assert not (migration.root / "recipient.age").exists()
    report = verify_bundle(migration.bundle(), trust=None, now=NOW)
    assert {s.name: s.status for s in report.steps if s.name.startswith("erasure")} == dict.fromkeys(
        ("erasure.source", "erasure.destination"), Status.OK
    )
    assert report.complete


def test_kinds_are_told_apart(make: Callable[..., Migration]) -> None:
    migration = make()
    desk = migration.source.root / "desk"
    desk.mkdir(exist_ok=True)
    (desk / "paper.json").write_text("{}")
    kinds = {thing.path: thing.kind for thing in certify(migration, "source").erased}
    assert kinds["desk/paper.json"] is ErasedKind.TEMPORARY
    assert kinds["keys/canary.secret"] is kinds["keys/digest.secret"] is ErasedKind.KEY
    assert kinds[f"parcels/delivered/observation-2019-0001{QUARANTINE}{SUFFIX}"] is ErasedKind.QUARANTINE
    assert kinds["parcels/delivered/patient-0001.age"] is ErasedKind.PARCEL


def test_a_keys_digest_is_that_of_its_name(make: Callable[..., Migration]) -> None:
    migration = make()
    content = (migration.source.root / "keys" / "digest.secret").read_bytes()
    things = {thing.path: thing.digest for thing in certify(migration, "source").erased}
    assert things["keys/digest.secret"] == sha256_digest(b"keys/digest.secret") != sha256_digest(content)


@pytest.mark.parametrize(
    ("where", "encoding"),
    [
        ("workspace", "ascii"),
        ("artefacts", "utf-16-le"),
        ("journal", "utf-16-be"),
        ("temporary", "utf-16"),
        ("mailbox", "latin-1"),
    ],
)
def test_a_marker_left_anywhere_is_found_and_certified_as_found(
    make: Callable[..., Migration], tmp_path: Path, where: str, encoding: str
) -> None:
    migration = make()
    folders = {
        "workspace": migration.source.root,
        "artefacts": migration.source.root / "artefacts",
        "journal": migration.source.root / "journal",
        "temporary": tmp_path / "temporary" / "deep",
        "mailbox": migration.root / "mailbox",
    }
    folders[where].mkdir(exist_ok=True)
    (folders[where] / "service.log").write_bytes(b"GET /" + MARKERS[3].decode().encode(encoding) + b"\n")
    certificate = certify(migration, "source")
    assert not certificate.clean()
    assert len(certificate.found) == 1
    assert certificate.found[0].endswith("service.log: a planted marker in the clear")
    assert migration.source.progress().state is State.ERASED
    if where == "workspace":
        report = verify_bundle(migration.bundle(places=[migration.source]), trust=None, now=NOW)
        assert [step.name for step in report.failed] == ["erasure.source"]


def test_ciphertext_left_in_the_place_or_the_mailbox_is_found(make: Callable[..., Migration]) -> None:
    migration = make()
    (migration.source.root / "copy.bak").write_bytes(b"PK" + AGE_HEADER)
    (migration.root / "mailbox" / "stray.age").write_bytes(seal(b"rows", [migration.keys.identity.recipient]))
    assert certify(migration, "source").found == (
        "source/copy.bak: age ciphertext",
        "mailbox/stray.age: age ciphertext",
    )


def test_a_parcel_that_is_a_link_is_not_thought_erased(make: Callable[..., Migration], tmp_path: Path) -> None:
    migration = make()
    parcel = migration.source.parcels.path(ParcelState.DELIVERED, "patient-0001")
    (tmp_path / "disk").mkdir()
    moved = parcel.rename(tmp_path / "disk" / "patient.age")
    parcel.symlink_to(moved)
    assert certify(migration, "source").found == ("source/parcels/delivered/patient-0001.age: age ciphertext",)


def test_many_findings_fit_the_journal_and_the_rest_is_counted(make: Callable[..., Migration]) -> None:
    migration = make()
    folder = migration.source.root / "é" / ("é" * 100) / ('"\\' * 60)
    folder.mkdir(parents=True)
    for number in range(300):
        (folder / f"{number}.log").write_bytes(MARKERS[0])
    found = certify(migration, "source").found
    assert found[-1] == f"and {300 - len(found) + 1} more"
    assert len(found) > 10


def test_without_markers_the_certificate_does_not_claim_them(make: Callable[..., Migration]) -> None:
    assert len(certify(make(), "source", ()).looked_for) == 1


class FailsOnceError(Exception):
    """What a signing token that was not plugged in stands for."""


def test_markers_are_remembered_when_keys_and_parcels_are_gone(make: Callable[..., Migration], tmp_path: Path) -> None:
    """The destination has no canary key: after a failure nobody could work the markers out again."""
    migration = make()
    place = migration.destination
    (tmp_path / "temporary" / "spill").write_bytes(MARKERS[0])

    def absent(_certificate: ErasureCertificate) -> dict[str, bytes]:
        raise FailsOnceError

    with pytest.raises(FailsOnceError):
        erase_place(place, absent, MARKERS, identity=migration.root / "recipient.age")
    assert not (migration.root / "recipient.age").exists()
    certificate = certify(migration, "destination", ())
    assert certificate.looked_for[1].startswith("12 planted markers")
    assert certificate.found == ("temporary folder/spill: a planted marker in the clear",)
    assert left(migration, "destination") == ["keys/log.key", "lock", "workspace.json"]


def test_a_failure_before_the_scan_forgets_no_marker(make: Callable[..., Migration], tmp_path: Path) -> None:
    migration = make()
    (tmp_path / "temporary" / "spill").write_bytes(MARKERS[-1].decode().encode("utf-16"))

    def away() -> tuple[str, ...]:
        raise FailsOnceError

    with pytest.raises(FailsOnceError):
        certify(migration, "destination", drop_staging=away)
    kept = (migration.destination.root / "keys" / "markers.secret").stat()
    assert stat.S_IMODE(kept.st_mode) == 0o600
    certificate = certify(migration, "destination", (), drop_staging=lambda: ("new_lis.ecluse_stage_patient",))
    assert certificate.found == ("temporary folder/spill: a planted marker in the clear",)
    assert parcels(migration) <= {thing.digest for thing in certificate.erased}


def test_staging_is_journalled_before_it_goes(make: Callable[..., Migration]) -> None:
    migration = make()
    seen: list[str] = []

    def drop() -> tuple[str, ...]:
        seen.extend(entry.subject for entry in migration.destination.entries() if entry.event is Event.ERASING)
        return ("ecluse_stage_1",)

    staging = [
        t.path for t in certify(migration, "destination", drop_staging=drop).erased if t.kind is ErasedKind.STAGING
    ]
    assert seen[-1] == "staging tables"
    assert staging == ["ecluse_stage_1", "staging tables"]


def test_a_file_met_half_overwritten_keeps_its_first_digest(make: Callable[..., Migration]) -> None:
    """As a kill leaves it: journalled, then zeros over some of it."""
    migration = make()
    receipt = next(r for r in migration.receipts if r.batch == "patient-0001")
    path = migration.source.parcels.path(ParcelState.DELIVERED, receipt.batch)
    thing = Erased(ErasedKind.PARCEL, path.relative_to(migration.source.root).as_posix(), receipt.parcel, receipt.size)
    migration.source.log(Event.ERASING, subject=thing.path, kind=thing.kind, digest=thing.digest, size=thing.size)
    with path.open("r+b") as file:
        file.write(bytes(50))
    assert thing in certify(migration, "source").erased


def test_a_read_only_key_is_erased(make: Callable[..., Migration]) -> None:
    """Keys are kept as ssh wants them. As root nothing is read-only, so another user does it."""
    migration = make()
    path = migration.root / "key"
    path.write_text("AGE-SECRET-KEY-…")
    for folder in (migration.root, *migration.root.parents[:3]):
        folder.chmod(folder.stat().st_mode | 0o011)
    os.chown(migration.root, 65534, 65534)
    os.chown(path, 65534, 65534)
    path.chmod(0o400)
    pid = os.fork()
    if pid == 0:
        os._exit(_erase_as_nobody(path))
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert not path.exists()


def _erase_as_nobody(path: Path) -> int:
    from ecluse.workspace.files import erase  # noqa: PLC0415

    os.setuid(65534)
    try:
        erase(path)
    except StorageError:
        return 1
    return 0


def test_the_identity_that_is_not_there_stops_the_certificate(make: Callable[..., Migration], tmp_path: Path) -> None:
    """A key on a stick in a drawer is not destroyed; nothing else waits for it."""
    migration = make()
    identity = migration.root / "recipient.age"
    drawer = identity.rename(tmp_path / "drawer.age")
    for _ in range(2):
        with pytest.raises(StorageError, match="not here"):
            certify(migration, "destination")
    assert not list(migration.destination.parcels.everything())
    assert migration.destination.progress().state is State.ACCEPTED
    drawer.rename(identity)
    assert certify(migration, "destination").clean()
    assert not identity.exists()


def test_what_a_killed_writer_of_keys_left_beside_the_identity_goes_too(make: Callable[..., Migration]) -> None:
    migration = make()
    identity = migration.root / "recipient.age"
    cut_off = migration.root / ".ecluse-abc.part"
    cut_off.write_text("AGE-SECRET-KEY-1CUT")
    (migration.root / ".ecluse-def.part").hardlink_to(identity)
    other = migration.root / "other.age"
    other.write_text("AGE-SECRET-KEY-OF-ANOTHER-MIGRATION")
    (migration.root / ".ecluse-ghi.part").hardlink_to(other)
    things = {t.path for t in certify(migration, "destination").erased if t.kind is ErasedKind.TEMPORARY}
    assert things == {"keys/.ecluse-abc.part (kept outside)", "keys/.ecluse-def.part (kept outside)"}
    assert not cut_off.exists()
    assert not identity.exists()
    assert other.read_text() == "AGE-SECRET-KEY-OF-ANOTHER-MIGRATION"


def test_another_name_of_the_identity_holds_zeros(make: Callable[..., Migration], tmp_path: Path) -> None:
    migration = make()
    (tmp_path / "second name").hardlink_to(migration.root / "recipient.age")
    certify(migration, "destination")
    assert not (tmp_path / "second name").read_bytes().strip(b"\0")


def test_a_parcel_that_cannot_be_unlinked_is_an_error_and_nothing_is_certified(
    make: Callable[..., Migration], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system call itself refuses; tests/crash/erase does it by strace."""
    migration = make()
    stuck = migration.source.parcels.path(ParcelState.DELIVERED, "request-2018-0001")
    unlink = Path.unlink

    def refuse(path: Path, **given: bool) -> None:
        if path == stuck:
            raise PermissionError(1, "Operation not permitted")
        unlink(path, **given)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", refuse)
        with pytest.raises(StorageError, match=r"request-2018-0001\.age: Operation not permitted"):
            certify(migration, "source")
    assert migration.source.progress().state is State.ACCEPTED
    assert not list((migration.source.root / "artefacts").glob("erasure/*"))
    certificate = certify(migration, "source")
    assert certificate.clean()
    assert parcels(migration) <= {thing.digest for thing in certificate.erased}


def test_the_mailbox_is_emptied_of_this_migrations_parcels_alone(make: Callable[..., Migration]) -> None:
    migration = make("sealed")
    box = FolderMailbox(migration.root / "mailbox")
    with pytest.raises(TransitionError):
        empty_mailbox(migration.source, box)
    for name in migration.source.parcels.names(ParcelState.SEALED):
        box.deliver(f"{name}{SUFFIX}", migration.source.parcels.path(ParcelState.SEALED, name))
    foreign = migration.root / "mailbox" / "request-2018-0001.age"
    foreign.write_bytes(seal(b"another migration's", [migration.keys.identity.recipient]))
    (migration.root / "mailbox" / "patient-0001.age.part").write_bytes(AGE_HEADER)
    (migration.root / "mailbox" / "request-2019-0001.age").rename(
        migration.root / "mailbox" / "request-2019-0001.age.part"
    )
    migration.source.log(Event.ABORTED)
    for _ in range(2):
        empty_mailbox(migration.source, box)
        assert [p.name for p in (migration.root / "mailbox").glob("[!.]*")] == ["request-2018-0001.age"]
    assert foreign.read_bytes().startswith(AGE_HEADER)
    things = {thing.path for thing in certify(migration, "source", trees=()).erased}
    assert {"mailbox/patient-0001.age", f"mailbox/observation-2019-0001{QUARANTINE}.age"} <= things
    assert "mailbox/request-2018-0001.age" not in things


# When.


def late(migration: Migration, end: str, now: dt.datetime) -> Workspace:
    place: Workspace = getattr(migration, end)
    place.clock = lambda: now
    return place


BY = dt.date(2026, 6, 30)
BEGINS = dt.datetime(2026, 6, 30, tzinfo=dt.UTC)


@pytest.mark.parametrize("until", ["planned", "extracting", "sealed", "delivered", "loaded", "reconciled"])
@pytest.mark.parametrize("suspended", [False, True])
@pytest.mark.parametrize("end", ENDS)
def test_whatever_its_state_it_is_gone_on_its_last_day(
    make: Callable[..., Migration], until: str, end: str, suspended: bool
) -> None:
    migration = make(until)
    place: Workspace = getattr(migration, end)
    if place.progress().state is State.ORDERED:
        assert due(place) is None  # nothing has been ordered here yet
        assert not abort_overdue(place)
        return
    if end == "source":
        place.secret("digest")  # whoever extracts has one
    if suspended:
        place.log(Event.SUSPENDED)
    late(migration, end, BEGINS - dt.timedelta(seconds=1))
    assert not abort_overdue(place)
    with pytest.raises(TransitionError):
        certify(migration, end)
    late(migration, end, BEGINS)
    when = due(place)
    assert when is not None
    assert (when.at, when.reason) == (BEGINS, "erase_by")
    assert not is_due(place)
    assert abort_overdue(place)
    assert place.progress().state is State.ABORTED
    assert is_due(place)
    assert not abort_overdue(place)
    empty_mailbox(place, migration.mailbox)
    certificate = certify(migration, end)
    assert (certificate.reason, certificate.erased_at.date()) == ("erase_by", BY)
    assert certificate.clean()
    assert due(place) is None
    if not suspended:
        report = verify_bundle(migration.bundle(places=[place]), trust=None, now=BEGINS)
        assert [s.status for s in report.steps if s.name == f"erasure.{end}"] == [Status.OK], report.steps


def test_after_acceptance_and_the_delay_that_the_order_sets(make: Callable[..., Migration]) -> None:
    def two_days(value: object) -> object:
        retention = getattr(value, "retention", None)
        return replace(value, retention=replace(retention, erase_after_acceptance="2d")) if retention else value  # type: ignore[type-var]

    migration = make("accepted", bend=two_days)
    place = migration.source
    decided = migration.acceptance.decided_at
    when = due(place)
    assert when is not None
    assert (when.at, when.reason) == (decided + dt.timedelta(days=2), "accepted")
    assert not is_due(place)
    late(migration, "source", when.at)
    assert is_due(place)
    assert not abort_overdue(place)


@pytest.mark.parametrize("decision", [Decision.REFUSED, Decision.ACCEPTED])
def test_no_delay_goes_past_the_last_day_and_refusal_knows_none(
    make: Callable[..., Migration], decision: Decision
) -> None:
    def bent(value: object) -> object:
        if isinstance(getattr(value, "retention", None), Retention):
            return replace(value, retention=replace(value.retention, erase_after_acceptance="9999d"))  # type: ignore[type-var, attr-defined]
        return replace(value, decision=decision) if hasattr(value, "decided_at") else value  # type: ignore[type-var]

    def bent_log(_place: str, event: Event, given: dict[str, object]) -> list[tuple[Event, dict[str, object]]]:
        refused = event is Event.ACCEPTED and decision is Decision.REFUSED
        return [(Event.REFUSED if refused else event, given)]

    migration = make("accepted", bend=bent, bend_log=bent_log)
    when = due(migration.source)
    assert when is not None
    assert when.at == (migration.acceptance.decided_at if decision is Decision.REFUSED else BEGINS)


@pytest.mark.parametrize("jump", [dt.timedelta(days=-400), dt.timedelta(days=-1), dt.timedelta(hours=-2)])
def test_a_clock_set_back_postpones_nothing_and_spoils_no_evidence(
    make: Callable[..., Migration], jump: dt.timedelta
) -> None:
    migration = make()
    assert is_due(migration.source)
    for end in ENDS:
        place = late(migration, end, NOW + jump)
        assert is_due(place) is True
        certificate = certify(migration, end)
        assert certificate.erased_at >= migration.acceptance.decided_at
        assert certificate.clean()
    report = verify_bundle(migration.bundle(), trust=None, now=NOW)
    assert [s.status for s in report.steps if s.name.startswith("erasure")] == [Status.OK, Status.OK]


def test_a_clock_set_back_after_the_last_day_began(make: Callable[..., Migration]) -> None:
    migration = make("delivered")
    late(migration, "source", BEGINS + dt.timedelta(minutes=1))
    migration.source.log(Event.SUSPENDED)
    late(migration, "source", BEGIN)
    assert abort_overdue(migration.source)
    assert is_due(migration.source)


def test_a_clock_set_back_hides_no_temporary_file(make: Callable[..., Migration], tmp_path: Path) -> None:
    """The place was made while the clock was ahead; entries since tell better."""
    migration = make("planned")
    spill = tmp_path / "temporary" / "spill"
    spill.write_bytes(MARKERS[0])
    written = spill.stat().st_ctime
    late(migration, "source", dt.datetime.fromtimestamp(written, dt.UTC) + dt.timedelta(days=30))
    migration.source.log(Event.EXTRACTION_STARTED)
    migration.source.log(Event.ABORTED)
    assert certify(migration, "source").found == ("temporary folder/spill: a planted marker in the clear",)


def test_temporary_files_of_long_before_are_not_read(
    make: Callable[..., Migration], tmp_path: Path, keys: Keys
) -> None:
    (tmp_path / "temporary" / "old").write_bytes(MARKERS[0])
    ahead = dt.datetime.now(dt.UTC) + dt.timedelta(days=2)
    order = make("planned").order
    with Workspace.create(tmp_path / "later", Place.SOURCE, "agent-a", clock=lambda: ahead) as place:
        place.log(Event.ORDER_APPROVED, order=place.put(order, {}), subject=digest_of(order))
        place.log(Event.ABORTED)
        certificate = erased(tmp_path, keys.folder, place, MARKERS, trees=())
    assert certificate.clean()
    assert certificate.scanned[-1].files == 0


@pytest.mark.parametrize("until", ["planned", "sealed", "loaded", "reconciled"])
def test_nothing_is_erased_before_the_end(make: Callable[..., Migration], until: str) -> None:
    migration = make(until)
    before = sorted(p for p in migration.root.rglob("*") if p.is_file())
    with pytest.raises(TransitionError, match="cannot erase"):
        certify(migration, "source")
    assert sorted(p for p in migration.root.rglob("*") if p.is_file()) == before


def test_receipts_name_what_must_be_gone(make: Callable[..., Migration]) -> None:
    """An empty certificate would not do: the auditor asks for every parcel."""
    migration = make()
    assert all(isinstance(r, Receipt) for r in migration.receipts)
    (migration.source.parcels.path(ParcelState.DELIVERED, "patient-0001")).unlink()
    certificate = certify(migration, "source")
    certify(migration, "destination")
    assert certificate.clean()
    report = verify_bundle(migration.bundle(), trust=None, now=NOW)
    assert [s.name for s in report.failed] == ["erasure.source"]


def test_trees_are_scanned_once_each_by_the_names_given(make: Callable[..., Migration], tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "server.log").write_text(CANARY)
    certificate = certify(make(), "source", (*MARKERS, CANARY.encode()), trees=(Tree("logs", logs),))
    assert certificate.found == ("logs/server.log: a planted marker in the clear",)


@pytest.mark.parametrize("zeros", [3, 20, 10_000])
def test_a_list_of_markers_half_overwritten_is_on_its_way_out(make: Callable[..., Migration], zeros: int) -> None:
    migration = make()

    def unplugged(_certificate: ErasureCertificate) -> dict[str, bytes]:
        raise FailsOnceError

    with pytest.raises(FailsOnceError):
        erase_place(migration.source, unplugged, MARKERS)
    path = migration.source.root / "keys" / "markers.secret"
    path.write_bytes(bytes(zeros) + MARKERS[1].hex().encode()[zeros:] + b"\n")
    certificate = certify(migration, "source", ())
    assert certificate.clean()
    assert certificate.looked_for[1].startswith("12 planted markers")
    assert left(migration, "source") == ["keys/log.key", "lock", "workspace.json"]


def test_a_canary_key_that_was_overwritten_makes_no_marker(make: Callable[..., Migration]) -> None:
    migration = make()
    assert source_marks(migration.source)
    (migration.source.root / "keys" / "canary.secret").write_bytes(bytes(32))
    assert source_marks(migration.source) == ()
    (migration.source.root / "keys" / "canary.secret").unlink()
    assert source_marks(migration.source) == ()
    assert not (migration.source.root / "keys" / "canary.secret").exists()
