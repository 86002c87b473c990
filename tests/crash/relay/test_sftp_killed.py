"""Law 4 at the relay: killed at any fsync, rename, unlink, mkdir or write while a sender sends all of a migration by SFTP, or its
recipient takes it away; sent, or taken, again at another relay, it ends as if none had ever been killed: nothing lost,
nothing twice, nothing in the clear.

The sender's requests go to a session in a process of its own, which is killed at its n-th such call, before the call
has its effect or after it. What the recipient has is kept outside the relay, as a recipient's disk would.
"""

import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from ecluse.domain.access import Access, AccessEntry
from ecluse.journal import Journal, LogKey
from ecluse.journal.fsck import fsck
from ecluse.journal.store import FolderStore
from ecluse.relay.sftp_files import Budget
from ecluse.relay.sftp_session import Session
from ecluse.relay.sftp_wire import Verb
from ecluse.wire.artefacts import decode
from killing import killed_at
from migrating import OUT, holding
from relays import DESTINATION, SOURCE, Sent
from sftp_packets import RESUME, Talk, text

CALLS = ("fsync", "replace", "unlink", "mkdir", "pwrite", "ftruncate")
STRIDE = 1 if os.environ.get("ECLUSE_HYPOTHESIS") == "nightly" else 17


@pytest.fixture(scope="module")
def memory() -> Iterator[Path]:
    room = Path("/dev/shm")
    with tempfile.TemporaryDirectory(prefix="ecluse-relay-", dir=room if room.is_dir() else None) as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def before(memory: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Sent]:
    """A relay that has seen nothing, and one where all has been sent."""
    made = Sent.made(tmp_path_factory.mktemp("killed"), patients=20)
    nothing, all_ = memory / "nothing", memory / "all"
    sent = made.copied(all_)
    send(sent, all_)
    return {"send": made.copied(nothing), "take": sent}


def at(sent: Sent, root: Path) -> Sent:
    return replace(sent, home=replace(sent.home, root=root / "relay"))


def talk(sent: Sent, who: str) -> Talk:
    desk = sent.desk()
    return Talk(Session(desk, sent.visitor(desk, who), Budget()))


def send(sent: Sent, _root: Path) -> None:
    """As a sender's script does: look what is there, go on, close. Refusals end it."""
    one = talk(sent, SOURCE)
    for name, data in sent.papers().items():
        assert one.put(f"/{sent.box}/out/{name}", data).is_ok, name
    for name, path in sent.parcels().items():
        data, come = path.read_bytes(), one.size(f"/{sent.box}/out/{name}") or 0
        if come < len(data):
            answer = one.put(f"/{sent.box}/out/{name}", data, flags=RESUME, start=come, piece=2000)
            assert answer.is_ok, (name, answer)
    one.session.close()


def take(sent: Sent, root: Path) -> None:
    """As a recipient's script does: what is whole on its own disk, it takes away."""
    one, mine = talk(sent, DESTINATION), root / "mine"
    mine.mkdir(exist_ok=True)
    for name in one.names(f"/{sent.box}/in"):
        data = one.get(f"/{sent.box}/in/{name}")
        (mine / f"{name}.part").write_bytes(data)
        (mine / f"{name}.part").rename(mine / name)
        assert one.ask(Verb.REMOVE, text(f"/{sent.box}/in/{name}")).is_ok, name
    one.session.close()


STEPS: dict[str, Callable[[Sent, Path], None]] = {"send": send, "take": take}


def _done(step: str, sent: Sent, root: Path) -> int:
    STEPS[step](sent, root)
    return 0


def check(step: str, sent: Sent, root: Path, at_: int) -> None:
    home, box = sent.home, sent.home.boxes / sent.box
    report = fsck(FolderStore(home.journal), LogKey.load(home.log_key).vkey)
    assert report.problems == (), at_
    journal = Journal.open(FolderStore(home.journal), LogKey.load(home.log_key))
    told = [decode(AccessEntry, data) for data in journal.entries()]
    parcels = {name: path.read_bytes() for name, path in sent.parcels().items()}
    assert len({each.subject for each in told if each.event is Access.PARCEL_STORED}) == len(parcels), at_
    assert not [each for each in told if each.event is Access.PARCEL_REFUSED], at_
    assert not [path for path in (box / "coming").glob("*") if path.is_file()], at_
    if step == "send":
        assert {path.name: path.read_bytes() for path in (box / "parcels").iterdir()} == parcels, at_
        one = talk(sent, DESTINATION)
        assert set(one.names(f"/{sent.box}/in")) == parcels.keys() | sent.papers().keys(), at_
    else:
        assert not any((box / "parcels").iterdir()), at_
        have = {path.name: path.read_bytes() for path in (root / "mine").iterdir() if path.suffix != ".part"}
        assert have == parcels | sent.papers(), at_
    assert holding(OUT, home.root) == [], at_


@pytest.mark.parametrize("after", [False, True], ids=["before the call", "after the call"])
@pytest.mark.parametrize("step", ["send", "take"])
def test_killed_anywhere_and_done_again_at_another(
    before: dict[str, Sent], memory: Path, step: str, after: bool
) -> None:
    at_, hits, start = 1 + after, 0, before[step].home.root.parent
    while True:
        root = memory / "run"
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(start, root)
        sent = at(before[step], root)
        status = killed_at(CALLS, partial(_done, step, sent, root), at_, after=after)
        if os.WIFEXITED(status):
            assert os.WEXITSTATUS(status) == 0
            break
        assert os.WTERMSIG(status) == signal.SIGKILL
        hits += 1
        STEPS[step](sent, root)
        check(step, sent, root, at_)
        at_ += STRIDE
    assert hits * STRIDE > 60, "the calls of a whole migration"


def test_killed_again_and_again(before: dict[str, Sent], memory: Path) -> None:
    """Each relay dies a little later than the one before, on what that one left."""
    root = memory / "again"
    shutil.copytree(before["send"].home.root.parent, root)
    sent = at(before["send"], root)
    for step in ("send", "take"):
        for at_ in range(7, 1200, 61):
            status = killed_at(CALLS, partial(_done, step, sent, root), at_, after=bool(at_ % 2))
            if os.WIFEXITED(status):
                assert os.WEXITSTATUS(status) == 0
                break
        STEPS[step](sent, root)
    check("take", sent, root, 0)
