"""Everything dies on time at a relay: whoever sleeps, whatever the clock does, and what cannot be erased is said."""

import datetime as dt
import fcntl
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from ecluse.control.signatures import sign_artefact
from ecluse.domain.access import Access, AccessEntry
from ecluse.domain.errors import StorageError, UnseenError
from ecluse.domain.instruction import Action, Instruction
from ecluse.domain.records import ErasureCertificate
from ecluse.relay import erasing
from ecluse.relay.boxes import Box
from ecluse.relay.erasing import Sweeper, signing_key
from ecluse.relay.log import Log, system_clock
from ecluse.wire.artefacts import decode, digest_of, encode, utc
from relays import DESTINATION, SOURCE, Sent, relay_home


@dataclass
class Clock:
    """A clock that the test sets, and the ticks that go with it."""

    at: dt.datetime
    ticks: float = 1000.0

    def __call__(self) -> dt.datetime:
        return self.at

    def monotonic(self) -> float:
        return self.ticks

    def passes(self, time: dt.timedelta) -> None:
        self.at += time
        self.ticks += time.total_seconds()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Sent:
    sent = Sent.made(tmp_path_factory.mktemp("erasing"))
    sent.sent_all(sent.desk())
    return sent


@pytest.fixture
def sent(made: Sent, tmp_path: Path) -> Sent:
    return made.copied(tmp_path)


@pytest.fixture
def clock() -> Clock:
    return Clock(system_clock())


def sweeper(sent: Sent, clock: Clock) -> Sweeper:
    return Sweeper(sent.home, Log(sent.home, clock=clock), clock.monotonic)


def box(sent: Sent) -> Box:
    return Box(sent.home.boxes / sent.box)


def to_the_day(sent: Sent, clock: Clock, sweep: Sweeper) -> None:
    """Time passes to the erase-by day, watched by a sweep a day."""
    day = dt.datetime.combine(box(sent).facts().erase_by, dt.time.min, dt.UTC)
    sweep.once()
    clock.passes(day - clock.at - dt.timedelta(minutes=1))
    sweep.once()
    clock.passes(dt.timedelta(minutes=1))


def told(sent: Sent, event: Access) -> list[AccessEntry]:
    return [each for each in Log(sent.home).entries() if each.event is event]


def certificate(sent: Sent) -> ErasureCertificate:
    return decode(ErasureCertificate, (sent.home.root / "certificates" / f"{sent.box}.json").read_bytes())


def aborted(sent: Sent, at: dt.datetime) -> tuple[dict[str, bytes], str]:
    """The controller's signed instruction to give up, as it travels."""
    made = Instruction("ecluse.instruction/1", box(sent).facts().order, Action.ABORT, "arrêt", utc(at), "dr.martin")
    stem = f"instruction.{digest_of(made).removeprefix('sha256:')}"
    signature = sign_artefact(made, sent.migration.path("keys", "dr.martin"))
    return {f"{stem}.dr.martin.sig": signature, f"{stem}.json": encode(made)}, digest_of(made)


def parcels(sent: Sent) -> list[str]:
    return sorted(path.name for path in sent.home.root.rglob("*.age") if path.parent.name != "taken")


def test_nothing_goes_before_its_time_and_everything_on_the_day(sent: Sent, clock: Clock) -> None:
    sweep = sweeper(sent, clock)
    assert sweep.once() == 0
    assert len(parcels(sent)) == len(sent.parcels())
    to_the_day(sent, clock, sweep)
    assert sweep.once() == 0
    assert parcels(sent) == []
    assert not box(sent).root.exists()
    found = certificate(sent)
    assert (found.reason, found.found, found.place) == ("erase_by", (), "relay")
    assert {each.digest.removeprefix("sha256:") + ".age" for each in found.erased} == set(sent.parcels())
    assert all(each.size == sent.parcels()[each.path.rpartition("/")[2]].stat().st_size for each in found.erased)


def test_the_certificate_s_signature_verifies_with_stock_tools(sent: Sent, clock: Clock, tmp_path: Path) -> None:
    sweep = sweeper(sent, clock)
    to_the_day(sent, clock, sweep)
    sweep.once()
    path = sent.home.root / "certificates" / f"{sent.box}.json"
    public = signing_key(sent.home).with_name("relay_ed25519.pub").read_text()
    (tmp_path / "signers").write_text(f"relais {public}")
    command = [
        "ssh-keygen",
        "-Y",
        "verify",
        "-f",
        tmp_path / "signers",
        "-I",
        "relais",
        "-n",
        "ecluse.erasure",
        "-s",
        path.with_suffix(".json.sig"),
    ]
    subprocess.run(command, input=path.read_bytes(), check=True, capture_output=True)


def test_an_instruction_to_give_up_ends_it_at_once(sent: Sent, clock: Clock) -> None:
    desk = sent.desk()
    papers, _ = aborted(sent, clock.at)
    for name, data in papers.items():
        desk.put_paper(sent.visitor(desk, DESTINATION), sent.box, name, data)
    assert sweeper(sent, clock).once() == 0
    assert parcels(sent) == []
    assert certificate(sent).reason == "aborted"
    # The other place still finds the instruction here, and nothing else to read.
    names = [each.name for each in desk.inside(sent.visitor(desk, SOURCE), sent.box)]
    assert set(papers) <= set(names)
    assert sweeper(sent, clock).once() == 0
    assert len(told(sent, Access.ERASED)) == 1


def test_what_cannot_be_erased_is_overdue_and_said_at_once(
    sent: Sent, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep = sweeper(sent, clock)
    to_the_day(sent, clock, sweep)

    def busy(_: Path) -> None:
        raise StorageError("the file is busy")

    with monkeypatch.context() as patched:
        patched.setattr(erasing, "erase", busy)
        assert sweep.once() == 1
        assert sweep.once() == 1
        assert len(told(sent, Access.OVERDUE)) == 1
        clock.passes(dt.timedelta(hours=1))
        assert sweep.once() == 1
        assert len(told(sent, Access.OVERDUE)) == 2
    assert sweep.once() == 0
    assert parcels(sent) == []


def test_without_its_journal_nothing_is_erased_unseen(
    sent: Sent, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep = sweeper(sent, clock)
    to_the_day(sent, clock, sweep)

    def broken(*_: object, **__: object) -> int:
        raise StorageError("no space left")

    monkeypatch.setattr(sweep.log, "append", broken)
    with pytest.raises(StorageError):
        sweep.once()
    assert len(parcels(sent)) == len(sent.parcels())


def test_a_clock_set_back_postpones_nothing(sent: Sent, clock: Clock) -> None:
    sweep = sweeper(sent, clock)
    to_the_day(sent, clock, sweep)
    sweep.log.append(Access.STARTED, "relay")  # the day has been seen
    clock.at -= dt.timedelta(days=300)
    assert sweeper(sent, clock).once() == 0
    assert parcels(sent) == []


def test_a_clock_set_back_under_a_running_relay_postpones_nothing(sent: Sent, clock: Clock) -> None:
    sweep = sweeper(sent, clock)
    sweep.once()
    day = dt.datetime.combine(box(sent).facts().erase_by, dt.time.min, dt.UTC)
    clock.passes(day - clock.at - dt.timedelta(hours=1))
    assert sweep.once() == 0
    clock.at -= dt.timedelta(days=300)
    assert sweep.once() == 0
    assert parcels(sent)
    clock.passes(dt.timedelta(hours=1))
    assert sweep.once() == 0
    assert parcels(sent) == []


def test_a_leap_that_is_set_right_again_erases_nothing(sent: Sent, clock: Clock) -> None:
    sweep = sweeper(sent, clock)
    sweep.once()
    for leap in (400, -400, -400, 400):
        clock.at += dt.timedelta(days=leap)
        assert sweep.once() == 0
        clock.passes(dt.timedelta(minutes=1))
    clock.passes(dt.timedelta(hours=1))
    assert sweep.once() == 0
    assert len(parcels(sent)) == len(sent.parcels())


def test_of_two_relays_one_sweeps_at_a_time(sent: Sent, clock: Clock) -> None:
    sweep = sweeper(sent, clock)
    to_the_day(sent, clock, sweep)
    with (sent.home.root / "sweep.lock").open("ab") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        assert sweep.once() == 0
        assert parcels(sent)
    assert sweep.once() == 0
    assert parcels(sent) == []


def test_a_clock_that_leaps_forward_is_told_before_anything_goes(sent: Sent, clock: Clock) -> None:
    sweep = sweeper(sent, clock)
    sweep.once()
    clock.at += dt.timedelta(days=400)
    clock.ticks += 60
    assert sweep.once() == 0
    assert len(parcels(sent)) == len(sent.parcels())
    assert [each.detail["seconds"] > 0 for each in told(sent, Access.CLOCK_JUMPED)] == [True]
    clock.passes(dt.timedelta(minutes=16))
    assert sweep.once() == 0
    assert parcels(sent) == []


def test_a_stray_copy_is_found_and_overdue(sent: Sent, clock: Clock) -> None:
    sweep = sweeper(sent, clock)
    name, path = next(iter(sent.parcels().items()))
    (sent.home.root / "copies").mkdir()
    shutil.copy(path, sent.home.root / "copies" / f"{name}.bak")
    to_the_day(sent, clock, sweep)
    assert sweep.once() == 1
    assert certificate(sent).found == (f"copies/{name}.bak",)
    assert told(sent, Access.OVERDUE)
    before = len(list(Log(sent.home).entries()))
    assert sweep.once() == 1  # until it is gone
    assert len(list(Log(sent.home).entries())) == before
    (sent.home.root / "copies" / f"{name}.bak").unlink()
    assert sweep.once() == 0
    assert certificate(sent).clean()


def test_papers_that_never_opened_anything_go_within_a_day(sent: Sent, clock: Clock) -> None:
    other = sent.home.boxes / ("0" * 16)
    (other / "desk" / "forth").mkdir(parents=True)
    (other / "desk" / "forth" / ("order." + "0" * 64 + ".json")).write_bytes(b"{}")
    sweep = sweeper(sent, clock)
    assert sweep.once() == 0
    assert other.exists()
    clock.passes(dt.timedelta(hours=25))
    assert sweep.once() == 0
    assert not other.exists()


def test_a_piece_that_nobody_goes_on_with_goes_within_a_day(made: Sent, tmp_path: Path, clock: Clock) -> None:
    sent = replace(made, home=relay_home(tmp_path / "relay", made.migration))
    desk = sent.desk()
    source = sent.visitor(desk, SOURCE)
    for name, data in sent.papers().items():
        desk.put_paper(source, sent.box, name, data)
    name, path = next(iter(sent.parcels().items()))
    upload = desk.begin(source, sent.box, name)
    upload.write(0, path.read_bytes()[:2000])
    assert not desk.finish(source, sent.box, upload)
    sweep = sweeper(sent, clock)
    assert sweep.once() == 0
    assert upload.path.exists()
    clock.passes(dt.timedelta(hours=25))
    assert sweep.once() == 0
    assert not upload.path.exists()
    assert told(sent, Access.PARCEL_DROPPED)
    upload = sent.desk().begin(source, sent.box, name)
    upload.write(0, path.read_bytes())
    assert desk.finish(source, sent.box, upload)


def test_an_old_backup_brings_nothing_back(sent: Sent, clock: Clock, tmp_path: Path) -> None:
    """What a restored folder holds dies at the first sweep, before a door opens; its parcels open for nobody."""
    shutil.copytree(sent.home.root, tmp_path / "backup")
    sweep = sweeper(sent, clock)
    to_the_day(sent, clock, sweep)
    sweep.once()
    shutil.rmtree(sent.home.root)
    shutil.copytree(tmp_path / "backup", sent.home.root)
    assert parcels(sent)
    assert sweeper(sent, clock).once() == 0
    assert parcels(sent) == []
    desk = sent.desk()
    with pytest.raises(UnseenError):
        desk.inside(sent.visitor(desk, DESTINATION), sent.box)


_KILLED = """
import datetime as dt, os, signal, sys
from pathlib import Path
from ecluse.relay import erasing
from ecluse.relay.erasing import Sweeper
from ecluse.relay.home import Home
from ecluse.relay.log import Log
import ecluse.relay.boxes, ecluse.workspace.files as files
steps, most = 0, int(sys.argv[2])
def stepping(do):
    def step(*a, **k):
        global steps
        steps += 1
        if steps == most:
            os.kill(os.getpid(), signal.SIGKILL)
        return do(*a, **k)
    return step
erasing.erase, erasing.write_atomic = stepping(erasing.erase), stepping(erasing.write_atomic)
Log.append = stepping(Log.append)
at = dt.datetime.fromisoformat(sys.argv[3])
Sweeper(Home(Path(sys.argv[1])), Log(Home(Path(sys.argv[1])), clock=lambda: at)).once()
"""


def test_killed_at_any_step_the_next_sweep_ends_it_and_certifies_everything(
    sent: Sent, clock: Clock, tmp_path: Path
) -> None:
    day = dt.datetime.combine(box(sent).facts().erase_by, dt.time(1), dt.UTC)
    killed = 0
    for step in range(1, 200):
        home = replace(sent.home, root=tmp_path / f"killed-{step}")
        shutil.copytree(sent.home.root, home.root)
        done = subprocess.run([sys.executable, "-c", _KILLED, home.root, str(step), day.isoformat()], check=False)
        assert done.returncode in {0, -signal.SIGKILL}
        killed += done.returncode == -signal.SIGKILL
        late = replace(sent, home=home)
        assert Sweeper(home, Log(home, clock=lambda: day), lambda: 1e9).once() == 0
        assert parcels(late) == []
        assert {each.digest.removeprefix("sha256:") + ".age" for each in certificate(late).erased} == set(
            sent.parcels()
        )
        shutil.rmtree(home.root)
        if done.returncode == 0:
            break
    assert killed > 3 * len(sent.parcels())


def test_nobody_reads_what_ended(sent: Sent, clock: Clock) -> None:
    desk = sent.desk()
    papers, _ = aborted(sent, clock.at)
    for name, data in papers.items():
        desk.put_paper(sent.visitor(desk, SOURCE), sent.box, name, data)
    sweeper(sent, clock).once()
    recipient = sent.visitor(desk, DESTINATION)
    for name in sent.parcels():
        with pytest.raises(UnseenError):
            desk.read(recipient, sent.box, name)
    assert list((sent.home.boxes / sent.box / "parcels").iterdir()) == []
