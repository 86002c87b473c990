"""The SFTP door with the clients that people have: OpenSSH's sftp and scp, lftp, paramiko; and what each shows of a refusal."""

import io
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import paramiko
import pytest

from ecluse.domain.access import Access
from migrating import holding
from relay_process import Running, told
from relays import DESTINATION, SOURCE, Sent


@pytest.fixture
def relay(fresh: Sent) -> Iterator[Running]:
    with Running(fresh.home) as one:
        yield one


@pytest.fixture
def folder(fresh: Sent, tmp_path: Path) -> Path:
    """What the sender has, under the names that it has at the relay."""
    made = tmp_path / "send"
    made.mkdir()
    for name, data in fresh.papers().items():
        (made / name).write_bytes(data)
    for name, path in fresh.parcels().items():
        (made / name).write_bytes(path.read_bytes())
    return made


ORDERED = ("agreement.*", "order.*", "plan.*", "receipt.*", "*.age")


def sent_by_sftp(fresh: Sent, relay: Running, folder: Path, patterns: tuple[str, ...] = ORDERED) -> None:
    puts = [f"put {pattern} /{fresh.box}/out/" for pattern in patterns]
    done = relay.sftp(fresh.private_key(SOURCE), SOURCE, *puts, cwd=folder)
    assert done.returncode == 0, done.stderr


def assert_same(one: Path, other: Path) -> None:
    assert {p.name: p.read_bytes() for p in one.iterdir()} == {p.name: p.read_bytes() for p in other.iterdir()}


def biggest(fresh: Sent) -> tuple[str, bytes]:
    name, path = max(fresh.parcels().items(), key=lambda each: each[1].stat().st_size)
    return name, path.read_bytes()


class Library:
    """paramiko, as programs use it."""

    def __init__(self, fresh: Sent, relay: Running, user: str) -> None:
        self.transport = paramiko.Transport((relay.address, relay.port))
        key = paramiko.Ed25519Key.from_private_key_file(str(fresh.private_key(user)))
        self.transport.connect(username=user, pkey=key)
        found = paramiko.SFTPClient.from_transport(self.transport)
        assert found
        self.sftp: Any = found

    def __enter__(self) -> Any:
        return self.sftp

    def __exit__(self, *_: object) -> None:
        self.transport.close()


def cut_off(fresh: Sent, relay: Running, name: str, data: bytes) -> None:
    """Send some, and go away without a word."""
    before = len(told(fresh.home, Access.LEFT))
    with Library(fresh, relay, SOURCE) as sftp:
        file = sftp.open(f"/{fresh.box}/out/{name}", "wb")
        file.write(data)
        assert file.stat().st_size == len(data)
        sftp.get_channel().get_transport().sock.close()
        wait_for(lambda: len(told(fresh.home, Access.LEFT)) > before)


def wait_for(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.05)


class TestTheWayThrough:
    def test_openssh_sftp(self, fresh: Sent, relay: Running, folder: Path, tmp_path: Path) -> None:
        sent_by_sftp(fresh, relay, folder)
        back = tmp_path / "back"
        back.mkdir()
        key = fresh.private_key(DESTINATION)
        done = relay.sftp(key, DESTINATION, "pwd", "ls -la /", f"cd {fresh.box}/in", "ls -la", "get -p * .",
                          "rm *.age", cwd=back)  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert_same(folder, back)
        assert len(told(fresh.home, Access.PARCEL_TAKEN)) == len(fresh.parcels())
        shown = relay.sftp(fresh.private_key(SOURCE), SOURCE, f"ls -l /{fresh.box}/out").stdout
        assert all(name in shown for name in fresh.parcels())

    def test_scp(self, fresh: Sent, relay: Running, folder: Path, tmp_path: Path) -> None:
        there = f"{SOURCE}@127.0.0.1:/{fresh.box}/out/"
        for pattern in ORDERED:
            done = relay.scp(fresh.private_key(SOURCE), *map(str, sorted(folder.glob(pattern))), there)
            assert done.returncode == 0, done.stderr
        back = tmp_path / "back"
        done = relay.scp(fresh.private_key(DESTINATION), "-r", f"{DESTINATION}@127.0.0.1:/{fresh.box}/in", str(back))
        assert done.returncode == 0, done.stderr
        assert_same(folder, back)

    def test_lftp_mirrors_both_ways(self, fresh: Sent, relay: Running, folder: Path, tmp_path: Path) -> None:
        done = relay.lftp(fresh.private_key(SOURCE), SOURCE, *(f"mirror -R -I '{p}' . /{fresh.box}/out" for p in ORDERED),
                          cwd=folder)  # fmt: skip
        assert done.returncode == 0, done.stderr
        again = relay.lftp(fresh.private_key(SOURCE), SOURCE, f"mirror -R --ignore-time . /{fresh.box}/out", cwd=folder)
        assert again.returncode == 0, again.stderr
        back = tmp_path / "back"
        done = relay.lftp(fresh.private_key(DESTINATION), DESTINATION, f"mirror /{fresh.box}/in {back}")
        assert done.returncode == 0, done.stderr
        assert_same(folder, back)
        done = relay.lftp(fresh.private_key(DESTINATION), DESTINATION, f"mrm /{fresh.box}/in/*.age")
        assert done.returncode == 0, done.stderr
        assert len(told(fresh.home, Access.PARCEL_TAKEN)) == len(fresh.parcels())

    def test_paramiko(self, fresh: Sent, relay: Running, folder: Path) -> None:
        with Library(fresh, relay, SOURCE) as sftp:
            for name in (*fresh.papers(), *fresh.parcels()):
                assert sftp.put(str(folder / name), f"/{fresh.box}/out/{name}", confirm=True).st_size
        with Library(fresh, relay, DESTINATION) as sftp:
            sftp.chdir(f"/{fresh.box}/in")
            assert sorted(sftp.listdir()) == sorted(each.name for each in folder.iterdir())
            for name in fresh.parcels():
                data = io.BytesIO()
                sftp.getfo(name, data)
                assert data.getvalue() == (folder / name).read_bytes()
                sftp.remove(name)

    def test_habits_of_graphical_clients(self, fresh: Sent, relay: Running, folder: Path) -> None:
        """WinSCP's name until whole, FileZilla's questions around an upload, times and modes set by either."""
        sent_by_sftp(fresh, relay, folder, ORDERED[:-1])
        with Library(fresh, relay, SOURCE) as sftp:
            assert sftp.normalize(".") == "/"
            for number, (name, path) in enumerate(fresh.parcels().items()):
                final = f"/{fresh.box}/out/{name}"
                other = f"{final}{('.filepart', '.part', '.tmp')[number % 3]}"
                with pytest.raises(FileNotFoundError):
                    sftp.stat(final)
                with sftp.open(other, "wb") as file:
                    file.write(path.read_bytes())
                if number % 2:
                    sftp.rename(other, final)
                else:
                    sftp.posix_rename(other, final)
                sftp.utime(final, (1_700_000_000, 1_700_000_000))
                sftp.chmod(final, 0o644)
                assert sftp.stat(final).st_size == path.stat().st_size
            with pytest.raises(OSError, match="there already"):
                sftp.mkdir(f"/{fresh.box}/out")
        assert len(told(fresh.home, Access.BOX_COMPLETE)) == 1
        assert not told(fresh.home, Access.PATH_REFUSED)


class TestGoingOn:
    @pytest.mark.parametrize("verb", ["reput", "put -a"])
    @pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
    def test_a_parcel_cut_off_is_gone_on_with(
        self, fresh: Sent, relay: Running, folder: Path, share: float, verb: str
    ) -> None:
        sent_by_sftp(fresh, relay, folder, ORDERED[:-1])
        name, data = biggest(fresh)
        cut_off(fresh, relay, name, data[: int(len(data) * share)])
        done = relay.sftp(fresh.private_key(SOURCE), SOURCE, f"{verb} {name} /{fresh.box}/out/{name}", cwd=folder)
        assert done.returncode == 0, done.stderr
        assert len(told(fresh.home, Access.PARCEL_STORED)) == 1
        wait_for(lambda: told(fresh.home, Access.LEFT)[-1].detail["sent"] == len(data) - int(len(data) * share))

    def test_all_of_it_came_and_its_last_word_did_not(self, fresh: Sent, relay: Running, folder: Path) -> None:
        sent_by_sftp(fresh, relay, folder, ORDERED[:-1])
        name, data = biggest(fresh)
        cut_off(fresh, relay, name, data)
        box = fresh.home.boxes / fresh.box
        wait_for((box / "parcels" / name).is_file)
        # The same where the relay was killed in between: whoever looks next has it judged.
        (box / "parcels" / name).rename(box / "coming" / name)
        shown = relay.sftp(fresh.private_key(SOURCE), SOURCE, f"ls -l /{fresh.box}/out/{name}").stdout
        assert "-r--------" in shown
        assert len(told(fresh.home, Access.PARCEL_STORED)) == 2

    def test_reget(self, fresh: Sent, relay: Running, folder: Path, tmp_path: Path) -> None:
        sent_by_sftp(fresh, relay, folder)
        name, data = biggest(fresh)
        (tmp_path / name).write_bytes(data[:5000])
        done = relay.sftp(
            fresh.private_key(DESTINATION), DESTINATION, f"reget /{fresh.box}/in/{name} {tmp_path}/{name}"
        )
        assert done.returncode == 0, done.stderr
        assert (tmp_path / name).read_bytes() == data

    def test_one_relay_is_killed_and_another_goes_on(self, fresh: Sent, relay: Running, folder: Path) -> None:
        sent_by_sftp(fresh, relay, folder, ORDERED[:-1])
        name, data = biggest(fresh)
        with Running(fresh.home) as other:
            library = Library(fresh, relay, SOURCE)
            file = library.sftp.open(f"/{fresh.box}/out/{name}", "wb")
            file.write(data[:6000])
            assert file.stat().st_size == 6000
            relay.kill()
            library.transport.close()
            size = other.sftp(fresh.private_key(SOURCE), SOURCE, f"ls -l /{fresh.box}/out/{name}").stdout
            assert " 6000 " in size
            done = other.sftp(fresh.private_key(SOURCE), SOURCE, f"reput {name} /{fresh.box}/out/{name}", cwd=folder)
            assert done.returncode == 0, done.stderr
            for each in fresh.parcels():
                done = other.sftp(fresh.private_key(SOURCE), SOURCE, f"put {each} /{fresh.box}/out/", cwd=folder)
                assert done.returncode == (each == name), "what has come is not taken twice"
            seen = other.sftp(fresh.private_key(DESTINATION), DESTINATION, f"ls -1 /{fresh.box}/in").stdout
            assert sum(line.endswith(".age") for line in seen.splitlines()) == len(fresh.parcels())
        stored = [each.subject for each in told(fresh.home, Access.PARCEL_STORED)]
        assert sorted(stored) == sorted(each.removesuffix(".age") for each in fresh.parcels())


class TestRefusalsAreShown:
    """A client that thinks all went well is a parcel lost: its exit code, or its exception, says otherwise."""

    @pytest.fixture
    def flipped(self, fresh: Sent, relay: Running, folder: Path, tmp_path: Path) -> Path:
        sent_by_sftp(fresh, relay, folder, ORDERED[:-1])
        name, data = biggest(fresh)
        wrong = bytearray(data)
        wrong[len(data) // 2] ^= 1
        (tmp_path / "wrong").mkdir()
        path = tmp_path / "wrong" / name
        path.write_bytes(wrong)
        return path

    def test_another_content(self, fresh: Sent, relay: Running, flipped: Path) -> None:
        there, key = f"/{fresh.box}/out/{flipped.name}", fresh.private_key(SOURCE)
        assert relay.sftp(key, SOURCE, f"put {flipped} {there}").returncode != 0
        assert relay.scp(key, str(flipped), f"{SOURCE}@127.0.0.1:{there}").returncode != 0
        assert relay.lftp(key, SOURCE, f"put {flipped} -o {there}").returncode != 0
        with (
            Library(fresh, relay, SOURCE) as sftp,
            pytest.raises(OSError, match="No such file|nothing of that name|not the parcel"),
        ):
            sftp.put(str(flipped), there, confirm=True)
        assert told(fresh.home, Access.PARCEL_REFUSED)
        assert not (fresh.home.boxes / fresh.box / "coming" / flipped.name).exists()

    @pytest.mark.parametrize("kind", ["clear", "unannounced", "short", "long"])
    def test_what_is_no_such_parcel(self, fresh: Sent, relay: Running, flipped: Path, kind: str) -> None:
        name, data = biggest(fresh)
        content = {
            "clear": b"NOM;ZWYKNEEDLE;1950\n" * 600,
            "unannounced": data,
            "short": data[:-1],
            "long": data + b"x",
        }
        flipped.write_bytes(content[kind])
        there = f"/{fresh.box}/out/{'0' * 64 + '.age' if kind == 'unannounced' else name}"
        key = fresh.private_key(SOURCE)
        assert relay.sftp(key, SOURCE, f"put {flipped} {there}").returncode != 0
        assert relay.lftp(key, SOURCE, f"put {flipped} -o {there}").returncode != 0
        assert not told(fresh.home, Access.PARCEL_STORED)
        assert holding(b"ZWYKNEEDLE", fresh.home.root) == []

    def test_a_paper_that_was_changed(self, fresh: Sent, relay: Running, folder: Path) -> None:
        path = next(folder.glob("order.*.json"))
        path.write_bytes(path.read_bytes().replace(b'"format"', b'"fOrmat"'))
        key = fresh.private_key(SOURCE)
        puts = [f"put {pattern} /{fresh.box}/out/" for pattern in ORDERED[:3]]
        assert relay.sftp(key, SOURCE, *puts, cwd=folder).returncode != 0
        assert not told(fresh.home, Access.BOX_OPENED)


class TestTheProcess:
    def test_told_to_stop_it_ends_what_runs_and_journals_it(self, fresh: Sent, relay: Running, folder: Path) -> None:
        sent_by_sftp(fresh, relay, folder, ORDERED[:-1])
        name, data = biggest(fresh)
        library = Library(fresh, relay, SOURCE)
        file = library.sftp.open(f"/{fresh.box}/out/{name}", "wb")
        file.write(data[:6000])
        assert file.stat().st_size == 6000
        relay.process.send_signal(signal.SIGTERM)
        assert relay.stop() == 0
        library.transport.close()
        events = [each.event for each in told(fresh.home, Access.LEFT)[-1:] + told(fresh.home, Access.STOPPED)]
        assert events == [Access.LEFT, Access.STOPPED]
        assert (fresh.home.boxes / fresh.box / "coming" / name).stat().st_size == 6000
