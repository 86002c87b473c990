"""A whole migration whose destination takes messages: into files, over MLLP, killed between, with a refusal."""

import datetime as dt
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import hl7
import pytest
import yaml
from demo.legacy_lis import Scope

from migrating import IN, OUT, Desk, W, expected_rows, holding
from migrating_engines import PROFILES
from mllp_servers import Inbox, certificate, python_hl7

STATUSES = {"V": "F", "C": "C", "T": "P", "N": "R"}


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    desk = Desk.made(tmp_path_factory.mktemp("hl7") / "desk", patients=20, scope=Scope(mark_in_scope=True))
    profile = yaml.safe_load((PROFILES / "hl7-oru.yaml").read_text(encoding="utf-8"))
    profile["entities"]["observation"]["values"] = {"status": STATUSES}
    desk.path("target.yaml").write_text(yaml.safe_dump(profile, sort_keys=False))
    return desk


@pytest.fixture
def desk(signed: Desk, tmp_path: Path) -> Desk:
    return signed.copy(tmp_path / "desk")


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[tuple[Inbox, str]]:
    cert, context = certificate(tmp_path)
    with python_hl7(Inbox(), context) as inbox:
        yield inbox, f"mllp://127.0.0.1:{inbox.port}?ca={cert}&application=DXCARE"


def messages(texts: list[str]) -> dict[str, dict[str, Any]]:
    """Requests by key, as python-hl7 reads them: patient's name, results by key."""
    found = {}
    for text in texts:
        message = hl7.parse(text)
        results, shown = {}, None
        for segment in message:
            if str(segment[0]) == "OBX":
                shown = (str(segment[3]).split("^")[0], str(segment[11]))
            if str(segment[0]) == "ZOX":
                results[str(segment[1])] = shown
        order = message.segment("OBR")
        found[str(order[3])] = {"patient": str(message.segment("PID")[3]), "results": results}
    return found


def wanted(desk: Desk) -> dict[str, dict[str, Any]]:
    rows = expected_rows(desk.built)
    found: dict[str, dict[str, Any]] = {
        key: {"patient": row["patient_source"], "results": {}} for key, row in rows["request"].items()
    }
    for key, row in rows["observation"].items():
        found[row["demande_source"]]["results"][key] = (row["code"], STATUSES[row["statut"]])
    return found


def test_into_files(desk: Desk) -> None:
    desk.path("inbox").mkdir()
    desk = replace(desk, target=(f"hl7://{desk.path('inbox')}", "target.yaml"))
    desk.plan()
    done = desk.ecluse("run", *W)
    assert "Differences\n  None." in done.out
    texts = [
        "MSH" + part
        for path in sorted(desk.path("inbox").iterdir())
        for part in path.read_bytes().decode().split("MSH")[1:]
    ]
    assert messages(texts) == wanted(desk)
    assert not holding(OUT, desk.root, but={"legacy.sqlite"})
    desk.finish()


def test_over_mllp_with_tls(desk: Desk, receiver: tuple[Inbox, str]) -> None:
    inbox, url = receiver
    desk = replace(desk, target=(url, "target.yaml"))
    desk.plan()
    done = desk.ecluse("run", *W)
    assert "Differences\n  None." in done.out
    assert "acknowledged" in done.out
    assert all(IN.decode() in text for text in inbox.messages)
    assert not holding(IN, desk.root, but={"legacy.sqlite"})  # law 2: staged rows were in memory alone
    assert messages(inbox.messages) == wanted(desk)
    desk.finish()
    assert len(inbox.messages) == len(wanted(desk))


def test_a_receiver_that_is_away_is_met_by_resume(desk: Desk, receiver: tuple[Inbox, str]) -> None:
    inbox, url = receiver
    inbox.answer = lambda _control: None if len(inbox.messages) > 7 else "AA"
    desk = replace(desk, target=(f"{url}&timeout=2", "target.yaml"))
    desk.plan()
    away = desk.ecluse("run", *W, code=None)
    assert away.code != 0
    assert "does not acknowledge" in away.err
    inbox.answer = lambda _control: "AA"
    done = desk.spawn("resume", *W)  # another process: staged rows are made again from the parcels
    assert "Differences\n  None." in done.out
    assert messages(inbox.messages) == wanted(desk)
    assert len(set(inbox.messages)) == len(wanted(desk))
    desk.finish()


def test_a_refused_message_is_a_difference_with_its_code(desk: Desk, receiver: tuple[Inbox, str]) -> None:
    inbox, url = receiver
    inbox.answer = lambda _control: "AE" if len(inbox.messages) == 3 else "AA"
    desk = replace(desk, target=(url, "target.yaml"))
    desk.plan()
    done = desk.ecluse("run", *W)
    assert "Differences\n  None." not in done.out
    [refused] = set(messages(inbox.messages[2:3]))
    assert "refused by the receiver (AE)" in " ".join(done.out.split())
    assert refused in done.out
    assert f"{dt.datetime.now(dt.UTC):%Y}" in inbox.messages[0]


@pytest.mark.parametrize("deadly", [1, 6])
def test_killed_while_it_sends_nothing_is_lost_or_sent_under_another_id(
    desk: Desk, receiver: tuple[Inbox, str], deadly: int
) -> None:
    inbox, url = receiver
    desk = replace(desk, target=(url, "target.yaml"))
    desk.plan()
    process = subprocess.Popen(
        desk.command("run", *W), cwd=desk.root, env=desk.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )

    def answer(_control: str) -> str | None:
        if len(inbox.messages) == deadly:
            process.send_signal(signal.SIGKILL)
            process.wait(30)
        return "AA"

    inbox.answer = answer
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    assert len(inbox.messages) == deadly
    assert not holding(IN, desk.root, but={"legacy.sqlite"})
    inbox.answer = lambda _control: "AA"
    done = desk.ecluse("resume", *W)
    assert "Differences\n  None." in done.out
    assert messages(inbox.messages) == wanted(desk)
    # the one whose answer the killed process never got comes twice, byte for byte the same
    assert len(inbox.messages) == len(set(inbox.messages)) + 1
    assert len(set(inbox.messages)) == len(wanted(desk))
