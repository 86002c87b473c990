"""Every verb of SFTP, on every kind of path, by everybody who may not: zero successes, each told, nothing changed.

The matrix is made of the verbs that the wire knows, so that a verb that is added is tried by everybody at once.
"""

import datetime as dt
import itertools
import random
import struct
import tempfile
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from ecluse.domain.access import Access
from ecluse.domain.errors import EcluseError
from ecluse.relay.accounts import Account, Kind
from ecluse.relay.desk import Desk
from ecluse.relay.sftp_files import Budget
from ecluse.relay.sftp_session import Session, Spot, final_name, spot
from ecluse.relay.sftp_wire import MAX_DATA, Frames, Open, Status, Verb, WireError
from relay_process import told
from relays import DESTINATION, HERE, SOURCE, Sent
from sftp_packets import NO_ATTRS, READ, RESUME, WRITE, Talk, long, number, text

STRANGER_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ1hfYs5JkHGVGxyTBmTjyOc8IpQdFnhZjKVGi8tH0aB"
STRANGER = "m.curieux"
SIZE_ATTRS = struct.pack(">IQ", 1, 0)
OPENS = {
    "read": READ, "write": WRITE, "resume": RESUME, "append": int(Open.WRITE | Open.APPEND | Open.CREATE),
    "read and write": int(Open.READ | Open.WRITE | Open.CREATE), "new": WRITE | int(Open.EXCLUSIVE), "nothing": 0,
}  # fmt: skip
EXTENDED = ("posix-rename@openssh.com", "hardlink@openssh.com", "lsetstat@openssh.com", "statvfs@openssh.com",
            "copy-data", "expand-path@openssh.com", "users-groups-by-id@openssh.com", "made-up@example")  # fmt: skip
UNOPENED = f"/{'0' * 16}"
"""A source may open a box that is not there: it sees an empty one."""
LOOKS = {"STAT", "LSTAT", "OPENDIR"}


def talk_of(desk: Desk, sent: Sent, who: str) -> Talk:
    mark = STRANGER_KEY if who == STRANGER else " ".join(sent.key(who).split(" ")[:2])
    return Talk(Session(desk, desk.enter(who, mark, HERE, "sftp"), Budget()))


@pytest.fixture
def fresh(delivered: Sent) -> Iterator[Sent]:
    """In memory: thousands of refusals are journalled here, each on disk before it is answered."""
    room = Path("/dev/shm")
    with tempfile.TemporaryDirectory(prefix="ecluse-relay-", dir=room if room.is_dir() else None) as folder:
        yield delivered.copied(Path(folder))


@pytest.fixture
def desk(fresh: Sent) -> Desk:
    desk = fresh.desk()
    fresh.sent_all(desk)
    account = Account(STRANGER, Kind.PERSON, STRANGER, "agent-autre", dt.date(2099, 1, 1), keys=(STRANGER_KEY,))
    desk.accounts.add(account, desk.log, "adm.roux")
    return desk


def image(root: Path) -> dict[str, bytes]:
    """All that lies in the boxes, by path."""
    return {str(p.relative_to(root)): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()}


def paths(sent: Sent, where: str) -> list[str]:
    """What nobody in that place may touch."""
    box, parcel = sent.box, next(iter(sent.parcels()))
    paper = next(name for name in sent.papers() if name.startswith("order.") and name.endswith(".json"))
    outside = ["/etc/passwd", "/../../etc/passwd", f"/{box}/../../relay.yaml", f"/{box}/parcels/{parcel}", f"/{box}/box.json",
               f"/{box}/desk/forth/{paper}", "/accounts", f"/{'0' * 16}", f"/{'0' * 16}/in/{parcel}", f"/{box}/in/../../x/y/z",
               f"/{box}/in/{parcel}/x", "/\0", f"/{box}/in/\udcff", "/keys/log.key", "/" + "a" * 5000]  # fmt: skip
    return (
        outside
        + {
            "out": [f"/{box}/out/{parcel}", f"/{box}/out/{paper}", f"/{box}/out/{'1' * 64}.age", f"/{box}/out/x.csv"],
            "in": [f"/{box}/in/{parcel}", f"/{box}/in/{paper}", f"/{box}/in/{'1' * 64}.age", f"/{box}/in/x.csv"],
            "both": [
                f"/{box}",
                f"/{box}/in",
                f"/{box}/out",
                f"/{box}/in/{parcel}",
                f"/{box}/out/{parcel}",
                f"/{box}/in/{paper}",
            ],
        }[where]
    )


def raw(path: str) -> bytes:
    return text(path.encode("utf-8", "surrogateescape"))


def attempts(path: str) -> list[tuple[str, int, bytes]]:
    """Every verb on a path: (what, verb, fields)."""
    two = raw(path) + raw("/x")
    found = [(f"open to {how}", int(Verb.OPEN), raw(path) + number(flags) + NO_ATTRS) for how, flags in OPENS.items()]
    found += [
        (verb.name, int(verb), raw(path))
        for verb in (Verb.OPENDIR, Verb.REMOVE, Verb.RMDIR, Verb.READLINK, Verb.STAT, Verb.LSTAT)
    ]
    found += [("SETSTAT", int(Verb.SETSTAT), raw(path) + SIZE_ATTRS), ("MKDIR", int(Verb.MKDIR), raw(path) + NO_ATTRS)]
    found += [("RENAME", int(Verb.RENAME), two), ("RENAME to", int(Verb.RENAME), raw("/x") + raw(path))]
    found += [("SYMLINK", int(Verb.SYMLINK), two), ("SYMLINK to", int(Verb.SYMLINK), raw("/x") + raw(path))]
    found += [(name, int(Verb.EXTENDED), text(name) + two) for name in EXTENDED]
    found += [(f"verb {verb}", verb, two) for verb in (21, 22, 23, 99, 100, 202, 255)]
    return found


THEIRS = {
    # Who, where, what is theirs to do there.
    (SOURCE, "in"): set(),
    (SOURCE, "out"): {"STAT", "LSTAT"},
    (DESTINATION, "in"): {"STAT", "LSTAT", "open to read", "open to nothing", "REMOVE"},
    (DESTINATION, "out"): set(),
    (STRANGER, "both"): set(),
}


@pytest.mark.parametrize(("who", "where"), list(THEIRS))
def test_nobody_does_what_is_not_theirs(fresh: Sent, desk: Desk, who: str, where: str) -> None:
    allowed, before = THEIRS[who, where], image(fresh.home.boxes)
    tried = 0
    for path in paths(fresh, where):
        for what, verb, fields in attempts(path):
            if who == SOURCE and "/out/order." in path and what.startswith("open to "):
                continue  # to send it again is harmless
            if what in allowed or (who == SOURCE and path == UNOPENED and what in LOOKS):
                continue
            talk = talk_of(desk, fresh, who)
            with suppress(WireError):
                answer = talk.ask(verb, fields)
                # A handle for writing what is announced and not here yet would be no harm; all of it is here.
                assert not answer.is_ok, (who, path, what)
                assert answer.status in {Status.NO_SUCH_FILE, Status.PERMISSION_DENIED, Status.FAILURE, Status.OP_UNSUPPORTED,
                                         Status.BAD_MESSAGE}  # fmt: skip
            talk.session.close()
            tried += 1
    assert tried > 400
    assert image(fresh.home.boxes) == before
    assert told(fresh.home, Access.PATH_REFUSED)


def test_a_stranger_lists_an_empty_place(fresh: Sent, desk: Desk) -> None:
    assert talk_of(desk, fresh, STRANGER).names("/") == []
    assert talk_of(desk, fresh, SOURCE).names("/") == [fresh.box]


def test_what_is_theirs_they_do(fresh: Sent, desk: Desk) -> None:
    """So that the matrix can fail: the same talk succeeds for whom it should."""
    talk = talk_of(desk, fresh, DESTINATION)
    name, path = next(iter(fresh.parcels().items()))
    assert talk.names(f"/{fresh.box}") == ["in", "out"]
    assert talk.get(f"/{fresh.box}/in/{name}") == path.read_bytes()
    assert talk.ask(Verb.REMOVE, text(f"/{fresh.box}/in/{name}")).is_ok
    assert talk.size(f"/{fresh.box}/in/{name}") is None
    assert talk.extended("limits@openssh.com").verb == Verb.EXTENDED_REPLY


def test_refusals_are_told_by_verb_and_end_the_session(fresh: Sent, desk: Desk) -> None:
    talk = talk_of(desk, fresh, STRANGER)
    for verb in (Verb.SYMLINK, Verb.RMDIR, Verb.READLINK):
        talk.ask(verb, text("/x"), text("/y"))
    talk.extended("hardlink@openssh.com", text("/x"), text("/y"))
    verbs = [each.detail["verb"] for each in told(fresh.home, Access.PATH_REFUSED)]
    assert verbs[-4:] == ["symlink", "rmdir", "readlink", "hardlink@openssh.com"]
    for _ in range(300):
        if talk.session.over:
            break
        talk.ask_all([(int(Verb.RMDIR), text("/x"))])
    assert talk.session.over
    assert len(told(fresh.home, Access.PATH_REFUSED)) <= 205


def test_whoever_says_nothing_that_is_understood_goes_out(fresh: Sent, desk: Desk) -> None:
    """An hour of fuzzing: a mebibyte of such requests was answered one by one."""
    talk, answers = talk_of(desk, fresh, SOURCE), 0
    for _ in range(300):
        if talk.session.over:
            break
        talk.ask_all([(int(Verb.OPEN), b"\0\0\0\xff"), (int(Verb.WRITE), b"\0")])
        answers += 2
    assert talk.session.over
    assert answers <= 202


class TestHandles:
    def test_a_handle_of_one_session_is_none_of_another(self, fresh: Sent, desk: Desk) -> None:
        name = next(iter(fresh.parcels()))
        mine, other = talk_of(desk, fresh, DESTINATION), talk_of(desk, fresh, SOURCE)
        handle = mine.open(f"/{fresh.box}/in/{name}", READ).string
        assert mine.read(handle, 0, 10).verb == Verb.DATA
        for verb in (Verb.READ, Verb.WRITE, Verb.CLOSE, Verb.FSTAT, Verb.FSETSTAT, Verb.READDIR):
            assert not other.ask(verb, text(handle), long(0), number(10), number(0)).is_ok

    def test_as_many_as_that_and_no_more(self, fresh: Sent, desk: Desk) -> None:
        name, talk = next(iter(fresh.parcels())), talk_of(desk, fresh, DESTINATION)
        opened = [talk.open(f"/{fresh.box}/in/{name}", READ) for _ in range(100)]
        assert sum(each.is_ok for each in opened) == 64
        talk.session.close()

    def test_reads_are_bounded(self, fresh: Sent, desk: Desk) -> None:
        name, talk = next(iter(fresh.parcels())), talk_of(desk, fresh, DESTINATION)
        handle = talk.open(f"/{fresh.box}/in/{name}", READ).string
        assert len(talk.read(handle, 0, 2**32 - 1).string) <= MAX_DATA
        assert talk.read(handle, 2**64 - 1, 2**32 - 1).status is Status.EOF

    @pytest.mark.parametrize("offset", [2**63, 2**64 - 1, 2**40])
    def test_writes_far_away_are_refused(self, fresh: Sent, offset: int) -> None:
        desk = fresh.desk()
        source = talk_of(desk, fresh, SOURCE)
        for name, data in fresh.papers().items():
            assert source.put(f"/{fresh.box}/out/{name}", data).is_ok
        name = next(iter(fresh.parcels()))
        handle = source.open(f"/{fresh.box}/out/{name}", WRITE).string
        assert not source.write(handle, offset, b"x").is_ok
        paper = next(name for name in fresh.papers() if name.endswith(".sig"))
        handle = source.open(f"/{fresh.box}/out/{paper}", WRITE).string
        assert not source.write(handle, offset, b"x").is_ok

    def test_papers_in_memory_are_bounded(self, fresh: Sent) -> None:
        desk, budget = fresh.desk(), Budget(1000)
        paper = next(name for name in fresh.papers() if name.endswith(".json"))
        one = Talk(Session(desk, fresh.visitor(desk, SOURCE), budget))
        handle = one.open(f"/{fresh.box}/out/{paper}", WRITE).string
        assert one.write(handle, 0, b"x" * 400).is_ok
        assert not one.write(handle, 400, b"x" * 200).is_ok  # half is the most of one account
        budget.take("another", 500)
        one.session.close()
        budget.take(SOURCE, 500)  # all of it was given back


class TestPaths:
    @pytest.mark.parametrize(
        ("given", "found"),
        [
            (b"", Spot()), (b".", Spot()), (b"/../..", Spot()), (b"0123456789abcdef", Spot("0123456789abcdef")),
            (b"//a/./in//x", Spot("a", "in", "x")), (b"/a/b/../in/x", Spot("a", "in", "x")), (b"/a/coming/x", None),
            (b"/a/in/x/y", None), (b"/a/in/\xff", None), (b"/a/in/x\0", None),
        ],
    )  # fmt: skip
    def test_where_they_lead(self, given: bytes, found: Spot | None) -> None:
        assert spot(given) == found

    def test_names_until_whole(self) -> None:
        parcel = "0" * 64 + ".age"
        assert final_name(f"{parcel}.filepart") == final_name(f"{parcel}.tmp") == parcel
        assert final_name("x.csv.filepart") == "x.csv.filepart"
        assert final_name(f"{parcel}.part.part") == f"{parcel}.part.part"


def test_any_bytes_at_all_change_nothing_and_break_nothing(fresh: Sent, desk: Desk) -> None:
    """Requests cut, swapped and filled with noise: an answer, or the session's end; never an error of Python's."""
    before, chance = image(fresh.home.boxes), random.Random(5)
    session = talk_of(desk, fresh, STRANGER).session
    bodies = [
        bytes((verb,)) + number(1) + fields for path in paths(fresh, "both")[:6] for _, verb, fields in attempts(path)
    ]
    for body in itertools.islice(itertools.cycle(bodies), 1500):
        wild = bytearray(body)
        for _ in range(chance.randrange(1, 4)):
            wild[chance.randrange(len(wild))] = chance.randrange(256)
        wild = wild[: chance.randrange(1, len(wild) + 1)]
        if session.over:
            session.close()
            session = talk_of(desk, fresh, STRANGER).session
        with suppress(WireError):
            for answer in Frames().feed(b"".join(session.answer(deque([bytes(wild)])))):
                assert answer[0] in {Verb.STATUS, Verb.NAME, Verb.ATTRS, Verb.EXTENDED_REPLY, Verb.HANDLE}
    with suppress(EcluseError):
        session.close()
    assert image(fresh.home.boxes) == before
