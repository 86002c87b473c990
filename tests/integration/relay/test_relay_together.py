"""Several relays over one folder: a batch has one receipt, whichever of them judges it."""

import multiprocessing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ecluse.control.signatures import sign_artefact
from ecluse.domain.access import Access
from ecluse.domain.errors import TamperError
from ecluse.domain.records import Receipt
from ecluse.relay.boxes import Box
from ecluse.relay.desk import Desk
from ecluse.wire.artefacts import decode, digest_of, encode
from relays import SOURCE, Sent

_BATCHES = 150


@pytest.fixture
def sent(delivered: Sent, tmp_path: Path) -> Sent:
    return delivered.copied(tmp_path)


def two_receipts(sent: Sent) -> list[dict[str, bytes]]:
    """A real receipt and another one of the same batch, each with its agent's signature before it."""
    name = next(each for each in sent.papers() if each.startswith("receipt.") and each.endswith(".json"))
    real = decode(Receipt, sent.papers()[name])
    found = []
    for receipt in (real, replace(real, parcel="sha256:" + "0" * 64)):
        stem = f"receipt.{digest_of(receipt).removeprefix('sha256:')}"
        signature = sign_artefact(receipt, sent.migration.path("keys", SOURCE))
        found.append({f"{stem}.{SOURCE}.sig": signature, f"{stem}.json": encode(receipt)})
    return found


def opened_without_receipts(sent: Sent, desk: Desk) -> None:
    source = sent.visitor(desk, SOURCE)
    for name, data in sent.papers().items():
        if not name.startswith("receipt."):
            desk.put_paper(source, sent.box, name, data)


def put(sent: Sent, desk: Desk, papers: dict[str, bytes]) -> None:
    source = sent.visitor(desk, SOURCE)
    for name, data in papers.items():
        desk.put_paper(source, sent.box, name, data)


def test_a_receipt_judged_while_another_relay_judges_its_rival(sent: Sent, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rival comes at the worst instant: after the first was found to be the only one, before it is kept."""
    first, second = sent.desk(), sent.desk()
    opened_without_receipts(sent, first)
    real, rival = two_receipts(sent)
    append, outcome = first.log.append, []

    def in_between(event: Access, actor: str, **given: Any) -> int:
        if event is Access.PAPER_KEPT and not outcome:
            outcome.append("asked")
            with pytest.raises(TamperError, match="another receipt"):
                put(sent, second, rival)
            outcome.append("refused")
        return append(event, actor, **given)

    monkeypatch.setattr(first.log, "append", in_between)
    put(sent, first, real)
    assert outcome == ["asked", "refused"]
    announced = {path.name for path in (sent.home.boxes / sent.box / "announced").iterdir()}
    assert "0" * 64 not in announced
    put(sent, second, real)  # again, at the other one: harmless
    with pytest.raises(TamperError):
        put(sent, first, rival)


def claims(root: Path, receipt: str, start: Any, won: Any) -> None:
    box = Box(root)
    for number in range(_BATCHES):
        start.wait(60)
        if box.claim_batch(f"b{number:04d}", receipt):
            won.put((number, receipt))


def test_of_two_processes_one_names_a_batch_s_receipt(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    start, won = context.Barrier(2), context.Queue()
    digests = ["a" * 64, "b" * 64]
    running = [context.Process(target=claims, args=(tmp_path, each, start, won)) for each in digests]
    for each in running:
        each.start()
    found = dict([won.get(timeout=60) for _ in range(_BATCHES)])
    for each in running:
        each.join(60)
        assert each.exitcode == 0
    assert won.empty()
    assert sorted(found) == list(range(_BATCHES))
    kept = {path.name: path.read_text() for path in (tmp_path / "batches").iterdir()}
    assert kept == {f"b{number:04d}": receipt for number, receipt in found.items()}
