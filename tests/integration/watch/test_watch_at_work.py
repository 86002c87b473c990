"""The watch as processes: quick enough, killed at any instant, two at once, and a journal that cannot be written."""

import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from agents_at_work import free_port, wait_for
from mail_sink import MailSink, mail_sink
from servers import PostgresqlServer

ROOT = Path(__file__).parents[3]
RULE = "room_two_places"
ENGINEER = "camille.engineer@logiciel-labo.example"


@dataclass
class Watched:
    """A room's home, its mail, and the processes that work on it."""

    home: Path
    mail: MailSink
    database: str = ""
    running: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    def environment(self) -> dict[str, str]:
        path = os.pathsep.join([str(ROOT / "src"), str(ROOT / "tests")])
        return os.environ | {
            "ECLUSE_SMTP_URL": self.mail.url, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", "ECLUSE_LANG": "en",
            **({"ECLUSE_DATABASE_URL": self.database} if self.database else {}),
        }  # fmt: skip

    def tell(self, *command: str) -> Any:
        done = subprocess.run(
            [sys.executable, str(ROOT / "tests" / "watch_world.py"), str(self.home), *command],
            env=self.environment(), capture_output=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr.decode()
        return json.loads(done.stdout)

    def ecluse(self, *arguments: str) -> "subprocess.Popen[bytes]":
        log = (self.home.parent / "processes.log").open("ab")
        with log:
            process = subprocess.Popen(
                [sys.executable, "-m", "ecluse", *arguments, "--home", str(self.home)],
                env=self.environment(), stdout=log, stderr=log,
            )  # fmt: skip
        self.running.append(process)
        return process

    def watch(self) -> "subprocess.Popen[bytes]":
        return self.ecluse("watch", "--origin", "http://localhost")

    def query(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Read beside the processes."""
        with closing(sqlite3.connect(f"file:{self.home / 'room.sqlite3'}?mode=ro", uri=True, timeout=10)) as read:
            return read.execute(sql, values).fetchall()

    def lines(self, event: str) -> int:
        return int(self.query("SELECT count(*) FROM store_journalline WHERE event = ?", event)[0][0])

    def rules(self) -> set[str]:
        return {rule for (rule,) in self.query("SELECT rule FROM store_alert")}

    def waiting(self) -> set[str]:
        return {outcome for (outcome,) in self.query("SELECT outcome FROM store_alerttold WHERE person_id IS NOT NULL")}

    def holder(self) -> str:
        return str(self.query("SELECT holder FROM store_watch")[0][0])

    def raised(self) -> dict[str, dict[str, Any]]:
        return {each["subject"]: each for each in self.tell("alerts") if each["rule"] == RULE}

    def end(self) -> None:
        for process in self.running:
            if process.poll() is None:
                process.kill()
            process.wait()

    def log(self) -> str:
        return (self.home.parent / "processes.log").read_text()

    def until(self, true: Callable[[], Any], seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < end, self.log()[-3000:]
            time.sleep(0.2)

    def beating(self) -> None:
        self.until(lambda: self.lines("watch.started") >= 1)


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A room's home with its people; each test takes a copy."""
    root = tmp_path_factory.mktemp("furnished")
    Watched(root / "room", MailSink()).tell("found")
    return root / "room"


@pytest.fixture
def world(tmp_path: Path, furnished: Path) -> Iterator[Watched]:
    with mail_sink() as mail:
        made = Watched(Path(shutil.copytree(furnished, tmp_path / "room")), mail)
        try:
            yield made
        finally:
            made.end()


def test_an_alert_and_its_mail_within_five_seconds(world: Watched) -> None:
    process = world.watch()
    world.beating()
    (at,) = world.tell("elsewhere", "1")
    world.until(lambda: world.mail.to(ENGINEER))
    mailed = time.time()
    alert = world.raised()["p-0"]
    assert alert["opened_at"] - at < 5
    assert mailed - at < 8, "the mail server was asked a moment later"
    (told,) = alert["told"]
    assert (told["station"], told["person"], told["outcome"], told["channel"]) == (0, ENGINEER, "told", "mail")
    body = world.mail.to(ENGINEER)[0].get_content()
    assert "p-0" in body
    assert "http://localhost/alerts/answer/" in body
    process.terminate()
    assert process.wait(timeout=30) == 0
    assert world.lines("watch.stopped") == 1


def test_killed_at_any_instant_nothing_is_missed_and_nothing_doubled(world: Watched) -> None:
    """Two watches at once, each killed again and again while events come; each event is one alert, seen once."""
    chance, count = random.Random(5), 60
    writer = subprocess.Popen(
        [sys.executable, str(ROOT / "tests" / "watch_world.py"), str(world.home), "elsewhere", str(count)],
        env=world.environment(), stdout=subprocess.DEVNULL,
    )  # fmt: skip
    watches = [world.watch(), world.watch()]
    for _ in range(7):
        time.sleep(chance.uniform(0.8, 3.0))
        victim = chance.randrange(2)
        watches[victim].send_signal(signal.SIGKILL)
        watches[victim].wait()
        watches[victim] = world.watch()
    assert writer.wait(timeout=60) == 0
    world.until(lambda: world.query("SELECT count(*) FROM store_alert WHERE rule = ?", RULE)[0][0] >= count, 90)
    raised = world.raised()
    assert set(raised) == {f"p-{number}" for number in range(count)}
    assert {each["count"] for each in raised.values()} == {1}
    assert Counter(each["subject"] for each in world.tell("alerts") if each["rule"] == RULE).most_common(1)[0][1] == 1
    world.until(lambda: world.waiting() == {"told"}, 120)
    marks = Counter(str(each["Message-ID"]) for each in world.mail.to(ENGINEER))
    assert len(marks) >= count, "everybody was told of everything; what came twice came under one mark"


def test_serve_starts_a_watch_and_starts_it_again(world: Watched) -> None:
    port = free_port()
    server = world.ecluse("serve", "--listen", f"127.0.0.1:{port}")
    wait_for(port, server, world.home.parent / "processes.log")
    world.beating()
    world.until(lambda: world.lines("watch.started") == 1)
    holder = world.holder()
    os.kill(int(holder.split("/")[1]), signal.SIGKILL)
    world.until(lambda: world.lines("watch.died") == 1)
    world.until(lambda: world.lines("watch.started") == 2)
    world.until(lambda: "room_watch_died" in world.rules())
    # Its parent killed, the watch does not stay behind.
    pid = int(world.holder().split("/")[1])
    server.kill()
    server.wait()
    world.until(lambda: not Path(f"/proc/{pid}").exists() or _is_zombie(pid))


def _is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_a_dead_mail_server_is_an_alert_and_everybody_hears_once_it_is_back(world: Watched) -> None:
    world.mail.refuses = True
    world.watch()
    world.beating()
    world.tell("elsewhere", "1")
    world.until(lambda: world.mail.refused)
    world.until(lambda: "clock_channel_failing" in world.rules())
    assert {row["outcome"] for row in world.raised()["p-0"]["told"]} == {"waiting"}
    world.mail.refuses = False
    world.until(lambda: world.waiting() == {"told"}, 90)
    assert world.lines("alert.not_told") >= 1


def test_a_journal_that_cannot_be_written_is_cried_to_everybody_who_answers_for_it(world: Watched) -> None:
    world.watch()
    world.beating()
    world.tell("unwritable")
    failed = subprocess.run(
        [sys.executable, str(ROOT / "tests" / "watch_world.py"), str(world.home), "elsewhere", "1"],
        env=world.environment(), capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert failed.returncode != 0
    assert b"journal cannot be written" in failed.stderr
    assert world.lines("person.session_elsewhere") == 0
    for role in ("security_officer", "director", "dpo"):
        for slug in ("logiciel-labo", "trois-rivieres"):
            world.until(lambda to=f"camille.{role}@{slug}.example": world.mail.to(to))
    assert "journal" in str(world.mail.messages[0]["Subject"])
    assert world.query("SELECT broken FROM store_watch") == [("UnwritableError",)], "shown in red on every page"
    world.tell("writable")
    world.until(lambda: world.query("SELECT broken FROM store_watch") == [("",)])
    world.tell("elsewhere", "1")
    world.until(lambda: RULE in world.rules())


def test_two_watches_on_postgresql(tmp_path: Path, postgresql: PostgresqlServer) -> None:
    """The same on PostgreSQL: one is killed, the other takes over; nothing is missed, nothing twice."""
    with mail_sink() as mail:
        world = Watched(tmp_path / "room", mail, postgresql.database().url)
        try:
            world.tell("found")
            watches = [world.watch(), world.watch()]
            world.until(lambda: world.tell("lines", "watch.started") >= 1)
            world.tell("elsewhere", "20")
            watches[0].kill()
            world.tell("elsewhere", "20", "20")
            world.until(lambda: len(world.raised()) == 40)
            watches.append(world.watch())
            watches[1].kill()
            world.tell("elsewhere", "20", "40")
            world.until(lambda: len(world.raised()) == 60)
            assert {each["count"] for each in world.raised().values()} == {1}
            assert len([each for each in world.tell("alerts") if each["rule"] == RULE]) == 60
        finally:
            world.end()
