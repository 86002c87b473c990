"""HL7 messages as a destination: files and MLLP, exactly once whatever dies, against other people's receivers."""

import contextlib
import datetime as dt
import socket
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any

import hl7
import pyarrow as pa
import pytest

from ecluse.adapters.destinations import DestinationSpec, _messages, _mllp, open_destination
from ecluse.adapters.destinations._hl7_address import Hl7Address
from ecluse.adapters.destinations.hl7 import Hl7Destination
from ecluse.adapters.messages.model import Heading
from ecluse.domain.errors import ConnectionLostError, DestinationError, UsageError
from ecluse.domain.profile import DestinationProfile, Engine
from ecluse.migration.ports import Receiver, StagedBatch
from ecluse.wire.documents import read as read_document
from mllp_servers import Inbox, certificate, hl7apy_server, python_hl7

PROFILE = read_document(Path(str(files("ecluse.profiles"))) / "hl7-oru.yaml").to(DestinationProfile)
ORDER = "sha256:" + "ab" * 32
REQUESTS = 243
SECRET = "CANARI-Durand"


@pytest.fixture(autouse=True)
def _small_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_messages, "_MESSAGES", 100)
    monkeypatch.setattr(_mllp, "_PAUSE", 0.01)


def rows() -> dict[str, pa.Table]:
    numbers = list(range(REQUESTS))
    keys = [f"R{n:05}" for n in numbers]
    stamp = [dt.datetime(2025 + n % 2, 3, 1, 8, n % 60) for n in numbers]  # noqa: DTZ001
    return {
        "patient": pa.table({"source_id": [f"P{n}" for n in range(50)], "family_name": [f"{SECRET}-{n}" for n in range(50)]}),
        "practitioner": pa.table({"source_id": ["D0", "D1"], "family_name": ["Été", ""]}),
        "request": pa.table({
            "source_id": keys, "patient": [f"P{n % 50}" for n in numbers],
            "registered_on": pa.array(stamp, pa.timestamp("us")), "prescriber": [f"D{n % 3}" for n in numbers],
            "site": [f"S{n % 2}" for n in numbers],
        }),
        "observation": pa.table({
            "source_id": [f"O{n:05}" for n in numbers], "request": keys, "code": ["CRP"] * REQUESTS,
            "raw_value": ["<0,5" if n % 7 == 0 else f"{n}.50" for n in numbers],
            "value": pa.array([Decimal("0.5") if n % 7 == 0 else Decimal(n) + Decimal("0.5") for n in numbers], pa.decimal128(28, 10)),
            "comparator": ["<" if n % 7 == 0 else None for n in numbers], "status": ["F"] * REQUESTS,
        }),
    }  # fmt: skip


ROWS = rows()


def batches() -> list[StagedBatch]:
    found = []
    for entity, table in ROWS.items():
        half = table.num_rows // 2
        for number, part in enumerate((table.slice(0, half), table.slice(half))):
            found.append(StagedBatch(f"{entity}-{number}", entity, f"sha256:{number}{entity}", part))
    return found


@dataclass
class Place:
    """A workspace's folder and where messages go; ``open`` is a process of its own, as far as memory goes."""

    root: Path
    url: str

    def open(self) -> Hl7Destination:
        found = open_destination(DestinationSpec(Engine.HL7, self.url, PROFILE, self.root / "messages.sqlite"))
        assert isinstance(found, Hl7Destination)
        assert isinstance(found, Receiver)
        return found

    def stage(self, destination: Hl7Destination) -> None:
        destination.prepare(ORDER, {entity: table.schema for entity, table in ROWS.items()})
        for batch in batches():
            destination.stage(ORDER, batch)

    def published(self) -> None:
        destination = self.open()
        try:
            self.stage(destination)
            destination.publish(ORDER)
        finally:
            destination.close()

    def back(self) -> dict[str, list[dict[str, Any]]]:
        destination = self.open()
        try:
            for batch in batches():
                destination.stage(ORDER, batch)
            found = {}
            for entity, table in ROWS.items():
                read = pa.Table.from_batches(list(destination.read_back(ORDER, entity, table.schema)))
                found[entity] = sorted(read.to_pylist(), key=lambda row: row["source_id"])
            return found
        finally:
            destination.close()


@pytest.fixture
def folder(tmp_path: Path) -> Place:
    (tmp_path / "out").mkdir()
    (tmp_path / "work").mkdir()
    return Place(tmp_path / "work", f"hl7://{tmp_path / 'out'}?application=DXCARE")


def expected(keep: Callable[[str], bool] = lambda _request: True) -> dict[str, list[dict[str, Any]]]:
    requests = {row["source_id"]: row for row in ROWS["request"].to_pylist() if keep(row["source_id"])}
    found: dict[str, list[dict[str, Any]]] = {"request": [], "observation": []}
    for row in requests.values():
        found["request"].append(row | {"_date": row["registered_on"].date(), "_site": row["site"]})
    for row in ROWS["observation"].to_pylist():
        if row["request"] in requests:
            parent = requests[row["request"]]
            found["observation"].append(row | {"_date": parent["registered_on"].date(), "_site": parent["site"]})
    for entity in ("patient", "practitioner"):
        found[entity] = [row | {"_date": None, "_site": None} for row in ROWS[entity].to_pylist()]
    return {entity: sorted(each, key=lambda row: row["source_id"]) for entity, each in found.items()}


def test_files_are_read_back_by_another_process(folder: Place, tmp_path: Path) -> None:
    folder.published()
    assert folder.back() == expected()
    written = sorted((tmp_path / "out").iterdir())
    assert len(written) == 3
    messages = [hl7.parse("MSH|" + text) for path in written for text in path.read_bytes().decode().split("MSH|")[1:]]
    assert len(messages) == REQUESTS
    assert {str(message[0][5]) for message in messages} == {"DXCARE"}
    assert len({str(message[0][10]) for message in messages}) == REQUESTS


def test_publishing_again_changes_no_file(folder: Place, tmp_path: Path) -> None:
    folder.published()
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in (tmp_path / "out").iterdir()}
    folder.published()
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in (tmp_path / "out").iterdir()} == before


def test_the_ledger_and_the_workspace_hold_nothing_of_a_patient(folder: Place) -> None:
    folder.published()
    held = b"".join(path.read_bytes() for path in folder.root.iterdir())
    assert held
    for needle in (SECRET, "R00001", "P7", "<0,5"):
        assert needle.encode() not in held


def test_a_file_lost_or_changed_shows_in_what_is_read_back(folder: Place, tmp_path: Path) -> None:
    folder.published()
    first, second, _ = sorted((tmp_path / "out").iterdir())
    lost = {str(hl7.parse("MSH|" + text).segment("OBR")[3]) for text in first.read_bytes().decode().split("MSH|")[1:]}
    first.unlink()
    second.write_bytes(second.read_bytes().replace(b"CRP", b"CRQ", 1))
    found = folder.back()
    assert {row["source_id"] for row in found["request"]} == {row["source_id"] for row in expected()["request"]} - lost
    assert sum(row["code"] == "CRQ" for row in found["observation"]) == 1


@pytest.mark.parametrize("kill_at", [0, 1, 2])
def test_killed_between_files_it_goes_on(
    folder: Place, tmp_path: Path, kill_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = _messages.write_atomic
    written: list[Path] = []

    def dying(path: Path, data: bytes) -> None:
        if len(written) == kill_at:
            raise KeyboardInterrupt
        written.append(path)
        real(path, data)

    monkeypatch.setattr(_messages, "write_atomic", dying)
    with pytest.raises(KeyboardInterrupt):
        folder.published()
    monkeypatch.setattr(_messages, "write_atomic", real)
    folder.published()
    assert folder.back() == expected()
    assert len(list((tmp_path / "out").iterdir())) == 3


def test_what_was_staged_before_a_kill_must_be_staged_again(folder: Place) -> None:
    destination = folder.open()
    folder.stage(destination)
    destination.close()
    again = folder.open()
    try:
        assert set(again.loaded(ORDER)) == {batch.batch for batch in batches()}
        assert again.held(ORDER) == frozenset()
        with pytest.raises(DestinationError, match="not in memory"):
            again.publish(ORDER)
    finally:
        again.close()


def test_a_batch_of_another_parcel_or_too_late_is_refused(folder: Place) -> None:
    folder.published()
    destination = folder.open()
    first = batches()[0]
    try:
        with pytest.raises(DestinationError, match="another parcel"):
            destination.stage(ORDER, replace(first, parcel="sha256:other"))
        with pytest.raises(DestinationError, match="too late"):
            destination.stage(ORDER, replace(first, batch="new"))
        assert destination.finish(ORDER) == ()
        with pytest.raises(DestinationError, match="finished"):
            next(destination.read_back(ORDER, "patient", ROWS["patient"].schema))
    finally:
        destination.close()


@pytest.fixture
def work(tmp_path: Path) -> Path:
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


def test_over_tls_to_python_hl7(work: Path, tmp_path: Path) -> None:
    cert, context = certificate(tmp_path)
    with python_hl7(Inbox(), context) as inbox:
        place = Place(work, f"mllp://127.0.0.1:{inbox.port}?ca={cert}&facility=CHU")
        place.published()
        assert len(inbox.messages) == len(set(inbox.controls)) == REQUESTS
        assert place.back() == expected()
        place.published()
        assert len(inbox.messages) == REQUESTS
    assert any("<^0.5" in text and f"{SECRET}-" in text for text in inbox.messages)


def test_to_hl7apy_which_hangs_up_after_each_message(work: Path) -> None:
    with hl7apy_server(Inbox()) as inbox:
        place = Place(work, f"mllp://127.0.0.1:{inbox.port}?tls=off")
        place.published()
        assert set(inbox.controls) == set(inbox.controls)
        assert len(set(inbox.controls)) == REQUESTS
        assert place.back() == expected()


def test_refusals_are_listed_by_request_and_code_and_not_sent_again(work: Path) -> None:
    codes = {3: "AE", 170: "AR"}
    known: dict[str, str] = {}

    with python_hl7(Inbox()) as inbox:
        place = Place(work, f"mllp://127.0.0.1:{inbox.port}?tls=off")
        heading = Heading(ORDER, "")
        refused = {f"R{number:05}": code for number, code in codes.items()}
        known |= {heading.control(key): code for key, code in refused.items()}
        inbox.answer = lambda control: known.get(control, "AA")
        place.published()
        place.published()
        assert len(inbox.messages) == REQUESTS
        found = place.back()
        assert found["request"] == expected(lambda key: key not in refused)["request"]
        destination = place.open()
        try:
            for batch in batches():
                destination.stage(ORDER, batch)
            assert destination.refused(ORDER) == refused
        finally:
            destination.close()


def test_a_lost_answer_is_asked_for_again_under_the_same_control_id(work: Path) -> None:
    met: dict[str, int] = {}

    def answer(control: str) -> str | None:
        met[control] = met.get(control, 0) + 1
        return None if len(met) % 20 == 0 and met[control] == 1 else "AA"

    with python_hl7(Inbox(answer)) as inbox:
        place = Place(work, f"mllp://127.0.0.1:{inbox.port}?tls=off")
        place.published()
        assert len(inbox.messages) == REQUESTS + REQUESTS // 20
        assert len(set(inbox.messages)) == len(set(inbox.controls)) == REQUESTS
        assert place.back() == expected()


def test_a_receiver_that_goes_away_is_met_again_where_it_left(work: Path) -> None:
    with python_hl7(Inbox()) as inbox:
        inbox.answer = lambda _control: None if len(inbox.messages) > 80 else "AA"
        place = Place(work, f"mllp://127.0.0.1:{inbox.port}?tls=off")
        with pytest.raises(ConnectionLostError, match="does not acknowledge"):
            place.published()
        inbox.answer = lambda _control: "AA"
        inbox.messages.clear()
        place.published()
        assert len(inbox.messages) == REQUESTS - 80
        assert place.back() == expected()


def test_a_resend_of_other_bytes_is_refused(work: Path) -> None:
    with python_hl7(Inbox()) as inbox:
        inbox.answer = lambda _control: None if len(inbox.messages) > 5 else "AA"
        place = Place(work, f"mllp://127.0.0.1:{inbox.port}?tls=off")
        with pytest.raises(ConnectionLostError):
            place.published()
        inbox.answer = lambda _control: "AA"
        place.url += "&facility=OTHER"
        with pytest.raises(DestinationError, match="differs from the one that was sent"):
            place.published()


def one_answer(reply: bytes) -> tuple[int, threading.Thread]:
    """A receiver that gives the same answer to whatever comes."""
    listening = socket.create_server(("127.0.0.1", 0))
    listening.settimeout(10)

    def serve() -> None:
        with listening:
            connection, _ = listening.accept()
            with connection, contextlib.suppress(OSError):
                while not connection.recv(65_536).endswith(b"\x1c\r"):
                    pass
                connection.sendall(reply)
                connection.shutdown(socket.SHUT_WR)
                connection.recv(65_536)

    thread = threading.Thread(target=serve)
    thread.start()
    return listening.getsockname()[1], thread


@pytest.mark.parametrize(
    "reply",
    [
        b"\x0bHTTP/1.1 200 OK\x1c\r",
        b"\x0bMSH|^~\\&|x\r\x1c\r",
        b"\x0bMSH|^~\\&|x\rMSA|OK|1\r\x1c\r",
        b"\x0bMSH\x1c\r",
        b"\x0b" + b"x" * (2 << 20),
    ],
)
def test_an_answer_that_is_none_is_an_error_without_its_words(work: Path, reply: bytes) -> None:
    port, thread = one_answer(reply)
    place = Place(work, f"mllp://127.0.0.1:{port}?tls=off")
    with pytest.raises(DestinationError, match="receiver answers") as caught:
        place.published()
    thread.join(10)
    assert "HTTP" not in str(caught.value)


def test_a_certificate_that_nobody_vouches_for_is_refused(work: Path, tmp_path: Path) -> None:
    _, context = certificate(tmp_path)
    with python_hl7(Inbox(), context) as inbox:
        place = Place(work, f"mllp://127.0.0.1:{inbox.port}")
        with pytest.raises(DestinationError, match="not trusted"):
            place.published()
        assert not inbox.messages


@pytest.mark.parametrize(
    "url",
    [
        "mllp://lab.example:2575?tls=off", "mllp://127.0.0.1", "mllp://user:pw@127.0.0.1:1", "hl7://host/x", "hl7:///",
        "mllp://127.0.0.1:1?timeout=0", "mllp://127.0.0.1:1?timeout=x", "mllp://127.0.0.1:1?x=1", "http://127.0.0.1:1",
        "mllp://127.0.0.1:99999", "hl7:///x?tls=off",
    ],
)  # fmt: skip
def test_an_address_that_cannot_be_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        Hl7Address.of(url)
    assert "pw" not in str(caught.value)


def test_what_cannot_be_written_is_refused_before_anything_is_sent(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with python_hl7(Inbox()) as inbox:
        place = Place(work, f"mllp://127.0.0.1:{inbox.port}?tls=off")
        bad = ROWS["observation"].set_column(6, "status", pa.array(["F"] * (REQUESTS - 1) + ["validé"]))
        monkeypatch.setitem(ROWS, "observation", bad)
        with pytest.raises(DestinationError, match="status: 1 rows"):
            place.published()
        assert not inbox.messages
    with sqlite3.connect(work / "messages.sqlite") as ledger:
        assert ledger.execute("SELECT count(*) FROM message").fetchone() == (0,)
    ledger.close()
