"""Which exports can be traced: what their sources reported, to whoever of the laboratory may see it (R11, law 7)."""

import datetime as dt
import html
import re
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from tests.portal.traced import exported

from ecluse.domain.entry import Event
from ecluse.domain.permissions import Role
from ecluse.store.acts.orders import artefact_of
from ecluse.store.models import Migration
from ecluse.store.reads import traces as reads
from ecluse.store.reads.traces import Kept
from rooms import LAB, OTHER_LAB, VENDOR, Room
from synthetic_evidence import TRACE_FILE

EN, FR = {"accept-language": "en"}, {"accept-language": "fr"}
DPO = (LAB, Role.DPO)


def page(room: Room, who: tuple[str, Role] = DPO, headers: dict[str, str] = EN) -> str:
    answer = room.client(*who).get("/tracing/", headers=headers)
    assert answer.status_code == 200
    return html.unescape(answer.text)


def rows(text: str) -> dict[str, str]:
    """The table's rows by their order's number."""
    found = re.findall(r"<tr><th scope=\"row\">.*?</tr>", text, re.DOTALL)
    return {str(re.search(r">(ORD-[\w-]+)<", each)[1]): each for each in found}  # type: ignore[index]


def kept_of(row: Migration, today: dt.date) -> reads.Traceable:
    (found,) = reads.traceable([row], today)
    return found


def test_each_export_says_what_became_of_its_fingerprints(room: Room) -> None:
    kept, coming = exported(room, "KEPT"), exported(room, "COMING", "planned")
    none = exported(room, "NONE", days=None)
    exported(room, "THEIRS", lab=OTHER_LAB)
    shown = rows(page(room))
    assert set(shown) == {"ORD-KEPT", "ORD-COMING", "ORD-NONE"}
    trace = artefact_of(kept.row.order).trace
    assert trace is not None
    for words in ("can be traced", trace.recipient, "ORD-KEPT.v1.trace", "200 days left", TRACE_FILE[7:19],
                  f'href="/migrations/{kept.row.pk}/"'):  # fmt: skip
        assert words in shown["ORD-KEPT"], words
    assert "not made yet" in shown["ORD-COMING"]
    assert "not ordered" in shown["ORD-NONE"]
    assert "age1" not in shown["ORD-NONE"]
    french = page(room, headers=FR)
    for words in ("Tracer une fuite", "peut être tracé", "pas encore faites", "non ordonnées", "encore 200 jours"):
        assert words in french
    assert "ecluse trace sample.csv" in french
    assert none.row.pk != coming.row.pk


def test_the_last_day_counts_and_the_next_asks_for_erasure(room: Room) -> None:
    places = exported(room, "K")
    trace = artefact_of(places.row.order).trace
    assert trace is not None
    assert kept_of(places.row, trace.keep_until).kept is Kept.KEPT
    late = kept_of(places.row, trace.keep_until + dt.timedelta(1))
    assert (late.kept, late.digest, late.erased) == (Kept.DUE, TRACE_FILE, None)


def test_an_erasure_that_the_source_told_is_shown(room: Room) -> None:
    places = exported(room, "K", "erased")
    assert kept_of(places.row, timezone.localdate()).kept is Kept.KEPT, "they outlive the migration"
    places.source.log(Event.TRACE_ERASING, subject=TRACE_FILE)
    places.tell()
    found = kept_of(places.row, timezone.localdate() + dt.timedelta(999))
    assert found.kept is Kept.ERASED
    assert found.erased is not None
    assert "erased at the source" in rows(page(room))["ORD-K"]


def test_what_ended_before_anything_was_sealed_left_none(room: Room) -> None:
    places = exported(room, "K", "planned")
    places.stop(Event.ABORTED)
    places.tell()
    assert places.row.state == "aborted"
    assert kept_of(places.row, timezone.localdate()).kept is Kept.NOT_MADE


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ((LAB, Role.DIRECTOR), 200), ((LAB, Role.AUDITOR), 200), ((LAB, Role.SECURITY_OFFICER), 200),
        ((LAB, Role.ENGINEER), 403), ((LAB, Role.APPROVER), 403), ((LAB, Role.ADMINISTRATOR), 403),
        ((VENDOR, Role.DPO), 403), ((VENDOR, Role.DIRECTOR), 403),
    ],
)  # fmt: skip
def test_the_laboratory_s_alone(room: Room, who: tuple[str, Role], status: int) -> None:
    exported(room, "K", None)
    client = room.client(*who)
    assert client.get("/tracing/").status_code == status
    listed = client.get("/incidents/", headers=EN)
    if listed.status_code == 200:
        assert ('href="/tracing/"' in listed.text) is (status == 200), "it is offered to whoever may enter"


def test_it_takes_few_queries_however_many(room: Room) -> None:
    client: Any = room.client(*DPO)
    client.get("/tracing/")
    counts = []
    for number in range(3):
        exported(room, f"K{number}", None)
        with CaptureQueriesContext(connection) as queries:
            client.get("/tracing/")
        counts.append(len(queries))
    assert counts[1] == counts[2] < 20
