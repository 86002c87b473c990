"""The room's journal on the screens: search, proofs that others check, witnesses, and the rebuild check."""

import base64
import datetime as dt
import json
import re
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from ecluse.domain.permissions import Role
from ecluse.domain.room import RoomEvent
from ecluse.journal import (
    Journal,
    VerifierKey,
    WitnessKey,
    leaf_hash,
    read_checkpoint,
    verify_consistency,
    verify_inclusion,
)
from ecluse.journal import cosign as witness_signs
from ecluse.store import recording
from ecluse.store.journal_files import STORE, log_key
from ecluse.store.models import JournalConcern, JournalFile, JournalLine, WitnessedCheckpoint
from ecluse.store.reads.check import check
from ecluse.store.reads.journal import witnessed
from ecluse.store.recording import SYSTEM, acting
from rooms import LAB, OTHER_LAB, VENDOR, Room

WHO = (LAB, Role.AUDITOR)


def write(number: int, *concerns: str, subject: str = "thing") -> None:
    """So many entries of one act."""
    with acting(SYSTEM) as act:
        for each in range(number):
            act.record(RoomEvent.REPORTED, *concerns, subject=f"{subject}-{each:04}")


def indexes(text: str) -> list[int]:
    """The numbers of the lines on a page."""
    return [int(each) for each in re.findall(r'<a href="/journal/(\d+)/">', text)]


def test_pages_follow_each_other_without_gap_or_repetition(room: Room) -> None:
    write(230, LAB)
    write(5, OTHER_LAB, subject="theirs")
    client, seen, query = room.client(*WHO), [], {"subject": "thing-"}
    while True:
        text = client.get("/journal/", query).content.decode()
        seen += indexes(text)
        if 'rel="next"' not in text:
            break
        query |= {"below": str(seen[-1])}
    assert len(seen) == 230
    assert seen == sorted(seen, reverse=True)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"actor": "system", "subject": "thing"}, 3), ({"actor": "nobody"}, 0), ({"event": "migration.reported"}, 3),
        ({"subject": "thing-0001"}, 1), ({"subject": "x' OR 1=1 --"}, 0), ({"organisation": LAB, "subject": "thing"}, 3),
        ({"organisation": OTHER_LAB}, None), ({"event": "nonsense"}, None), ({"below": "-1"}, None),
        ({"below": "9" * 40}, None), ({"since": "2999-01-01"}, 0), ({"until": "2000-01-01"}, 0),
        ({"since": "nonsense"}, None),
    ],
)  # fmt: skip
def test_search(room: Room, query: dict[str, str], found: int | None) -> None:
    write(3, LAB)
    write(2, OTHER_LAB, subject="theirs")
    response = room.client(*WHO).get("/journal/", query)
    assert response.status_code == 200
    assert "theirs-" not in response.content.decode()
    assert found is None or len(indexes(response.content.decode())) == found


def test_a_day_is_searched_whole(room: Room) -> None:
    write(1, LAB)
    today = timezone.localdate().isoformat()
    text = room.client(*WHO).get("/journal/", {"since": today, "until": today, "subject": "thing"}).content.decode()
    assert len(indexes(text)) == 1


def test_an_entrys_proof_holds_for_whoever_has_the_key(room: Room) -> None:
    write(3, LAB)
    index = JournalLine.objects.filter(subject="thing-0001").get().index
    given = json.loads(room.client(*WHO).get(f"/journal/{index}/proof/").content)
    _, head = read_checkpoint(given["checkpoint"].encode(), VerifierKey.parse(given["vkey"]))
    entry, proof = base64.b64decode(given["entry"]), [base64.b64decode(each) for each in given["proof"]]
    verify_inclusion(leaf_hash(entry), index, head.size, proof, head.root)
    with pytest.raises(Exception, match=r".+"):
        verify_inclusion(leaf_hash(entry + b" "), index, head.size, proof, head.root)


def test_others_entries_have_no_page_and_no_proof(room: Room) -> None:
    write(1, OTHER_LAB)
    index = JournalLine.objects.latest("index").index
    for path in (f"/journal/{index}/", f"/journal/{index}/proof/", "/journal/999999999/"):
        assert room.client(*WHO).get(path).status_code == 404
    assert room.client(VENDOR, Role.AUDITOR).get(f"/journal/{index}/").status_code == 404


def test_a_kept_checkpoint_is_proved_to_be_the_beginning(room: Room) -> None:
    client = room.client(*WHO)
    kept = client.get("/journal/checkpoint/").content
    _, old = read_checkpoint(kept, log_key().verifier)
    write(5, LAB)
    given = json.loads(client.get("/journal/consistency/", {"size": old.size}).content)
    _, new = read_checkpoint(given["checkpoint"].encode(), VerifierKey.parse(given["vkey"]))
    proof = tuple(base64.b64decode(each) for each in given["proof"])
    verify_consistency(old.size, old.root, new.size, new.root, proof)
    assert new.size > old.size
    for size, status in (("0", 404), (str(new.size + 1000), 404), ("", 422), ("x", 422), ("-1", 422)):
        assert client.get("/journal/consistency/", {"size": size}).status_code == status, size


def cosign(room: Room, raw: bytes, vkey: str) -> Any:
    """Bring a checkpoint back, as a browser does: with the line ends of forms."""
    body = {"checkpoint": raw.decode().replace("\n", "\r\n"), "witness": vkey}
    return room.client(LAB, Role.SECURITY_OFFICER).post("/journal/cosign/", body)


def cosigned(witness: WitnessKey) -> bytes:
    """The present checkpoint with a witness's cosignature."""
    return witness_signs(Journal.take_up(STORE, log_key()).checkpoint(), witness, timezone.now(), log_key().vkey)


def test_a_witness_is_kept_and_told(room: Room) -> None:
    witness = WitnessKey.generate("example.org/witness")
    assert cosign(room, cosigned(witness), witness.vkey).status_code == 302
    assert WitnessedCheckpoint.objects.get().witness == "example.org/witness"
    assert "example.org/witness" in room.client(*WHO).get("/journal/").content.decode()


def test_each_witness_stands_where_it_last_vouched(room: Room) -> None:
    """The farthest of each, and how many entries came since; another witness hides none."""
    assert "Nobody yet" in room.client(*WHO).get("/journal/", headers={"accept-language": "en"}).content.decode()
    near, far = WitnessKey.generate("example.org/near"), WitnessKey.generate("example.org/far")
    for witness in (near, far, far):
        assert cosign(room, cosigned(witness), witness.vkey).status_code == 302
        write(5, LAB)
    size = Journal.take_up(STORE, log_key()).size
    first, last = witnessed(size)
    assert (first.witness, last.witness) == ("example.org/far", "example.org/near")
    assert first.behind + first.size == last.behind + last.size == size
    assert last.behind > first.behind >= 5
    shown = room.client(*WHO).get("/journal/").content.decode()
    assert shown.count("example.org/far</th>") == shown.count("example.org/near</th>") == 1


def test_only_this_journals_checkpoints_are_kept(room: Room) -> None:
    witness, other = WitnessKey.generate("example.org/witness"), WitnessKey.generate("example.org/other")
    genuine = cosigned(witness)
    for raw, vkey in (
        (b"nonsense", witness.vkey), (genuine, other.vkey), (genuine, "nonsense"),
        (genuine.replace(b"ecluse/control-room", b"another/log", 1), witness.vkey), (b"\x00" * 10, "x"),
        (Journal.take_up(STORE, log_key()).checkpoint(), witness.vkey),
    ):  # fmt: skip
        assert cosign(room, raw, vkey).status_code == 200, "the form again, with the reason"
    assert not WitnessedCheckpoint.objects.exists()


def test_a_journal_set_back_is_noticed_by_the_witness(room: Room) -> None:
    witness = WitnessKey.generate("example.org/witness")
    point = transaction.savepoint()
    write(4, LAB)
    seen = cosigned(witness)
    transaction.savepoint_rollback(point)
    text = cosign(room, seen, witness.vkey).content.decode()
    assert not WitnessedCheckpoint.objects.exists()
    assert "<form" in text


def test_the_rebuilt_journal_is_the_one_that_is_searched(room: Room) -> None:
    write(300, LAB, VENDOR)
    checked = check()
    assert (checked.problems, checked.size) == ((), JournalLine.objects.count())


def _delete_line() -> None:
    last = JournalLine.objects.latest("index")
    JournalConcern.objects.filter(line=last).delete()
    last.delete()


def _add_line() -> None:
    index = JournalLine.objects.latest("index").index
    JournalConcern.objects.filter(line=index - 1).delete()
    JournalLine.objects.filter(index=index - 1).delete()


LIES = {
    "actor": lambda: JournalLine.objects.filter(subject="thing-0001").update(actor="somebody"),
    "event": lambda: JournalLine.objects.filter(subject="thing-0001").update(event="order.approved"),
    "at": lambda: JournalLine.objects.filter(subject="thing-0001").update(at=timezone.now() - dt.timedelta(days=1)),
    "subject": lambda: JournalLine.objects.filter(subject="thing-0001").update(subject="another"),
    "detail": lambda: JournalLine.objects.filter(subject="thing-0001").update(detail={"a": 1}),
    "concerns": lambda: JournalLine.objects.filter(subject="thing-0001").update(concerns=[]),
    "reader gone": lambda: JournalConcern.objects.filter(line__subject="thing-0001").delete(),
    "reader more": lambda: JournalConcern.objects.create(
        line=JournalLine.objects.get(subject="thing-0001"), organisation=OTHER_LAB
    ),
    "last line gone": _delete_line,
    "line gone": _add_line,
    "tile": lambda: JournalFile.objects.filter(path__startswith="tile/0").update(data=b"\x00" * 32),
    "checkpoint": lambda: JournalFile.objects.filter(path="checkpoint").delete(),
}


@pytest.mark.parametrize("lie", LIES)
def test_whatever_was_changed_behind_the_rooms_back_is_found(room: Room, lie: str) -> None:
    write(3, LAB)
    with recording.schema_change():
        LIES[lie]()
    assert check().problems


def test_few_queries_however_long_the_journal(room: Room) -> None:
    write(500, LAB)
    client = room.client(*WHO)
    for path in ("/journal/", "/journal/?below=400&event=migration.reported", "/journal/20/", "/journal/checkpoint/"):
        with CaptureQueriesContext(connection) as queries:
            client.get(path)
        assert len(queries) < 20, (path, len(queries))
