"""A sample traced at the laboratory's own machine, and its conclusion told to a real room: nothing else arrives there."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from agents_at_work import free_port, serving
from migrating import ROOT, Desk, Done, holding
from traced_leaks import ORDER, furnish, laboratory, write_sample

CANARY = "ZQXNEEDLEQXZ"
SEED = """
import json, os, sys
from pathlib import Path
from ecluse.portal.__main__ import set_up
from ecluse.portal.home import prepare
prepare(Path(os.environ["ECLUSE_HOME"]))
set_up()
from django.utils import timezone
from rooms import LAB, OTHER_LAB, VENDOR, Room
from ecluse.domain.permissions import Action, Role
from ecluse.store.acts import incidents, tokens
from ecluse.store.models import IncidentTrace, JournalLine, Organisation
if sys.argv[1] == "furnish":
    room, made = Room.furnished(), {}
    for lab in (LAB, OTHER_LAB):
        dpo = room.people[lab, Role.DPO]
        given = incidents.Opened("Fichier en vente", "", timezone.now())
        (row,) = incidents.open_incident(dpo.handle, Organisation.objects.get(slug=lab), [], given, by=dpo)
        made[lab] = row.number
    dpo = room.people[LAB, Role.DPO]
    made["token"] = tokens.make(dpo.handle, dpo, "trace", [Action.TELL_TRACE], 1)
    made["reader"] = tokens.make(dpo.handle, dpo, "read", [Action.SEE_INCIDENTS], 1)
    print(json.dumps(made))
else:
    print(json.dumps({
        "told": [[each.incident.number, each.number, each.by.handle, each.conclusion] for each in IncidentTrace.objects.all()],
        "lines": [[each.actor, each.detail] for each in JournalLine.objects.filter(event="incident.traced")],
    }))
"""


@dataclass
class Place:
    """A room that listens, and the laboratory's machine."""

    url: str
    home: Path
    desk: Desk
    known: dict[str, str]

    def trace(
        self, incident: str, by: str = "token", code: int = 0, sample: str = "sample.csv", more: tuple[str, ...] = ()
    ) -> Done:
        return self.desk.spawn(
            "trace", sample, "--exports", "traces", "-i", "controller.key", "--room", self.url, "--incident", incident,
            "--token", f"room.{by}", *more, code=code,
        )  # fmt: skip


def seed(home: Path, url: str, what: str) -> Any:
    given = os.environ | {
        "ECLUSE_HOME": str(home), "ECLUSE_ORIGIN": url, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT / 'tests'}",
    }  # fmt: skip
    done = subprocess.run([sys.executable, "-c", SEED, what], capture_output=True, env=given, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    root, port = tmp_path_factory.mktemp("told"), free_port()
    desk = Desk.made(root / "desk", patients=5)
    url, home = f"http://localhost:{port}", root / "room"
    known = seed(home, url, "furnish")
    furnish(desk.root, laboratory())
    for name in ("token", "reader"):
        path = desk.root / f"room.{name}"
        path.write_text(known[name])
        path.chmod(0o600)
    with serving(desk, home, port):
        yield Place(url, home, desk, known)


def test_a_conclusion_arrives_and_nothing_of_the_sample(place: Place) -> None:
    incident = place.known["trois-rivieres"]
    rows = (place.desk.root / "sample.csv").read_bytes().decode("cp850").splitlines()
    write_sample(place.desk.root / f"{CANARY}.csv", [*(tuple(row.split(";")) for row in rows), (CANARY, "Jeanne")])
    told = place.trace(incident, sample=f"{CANARY}.csv")
    assert f"told to incident {incident}: conclusion 1" in told.out
    found = seed(place.home, place.url, "show")
    ((number, counted, by, made),) = found["told"]
    assert (number, counted, by) == (incident, 1, "dpo.of.trois.rivieres")
    assert [export["order"] for export in made["exports"]] == [ORDER]
    ((actor, detail),) = found["lines"]
    assert (actor, set(detail)) == (by, {"number", "digest", "replaces"})
    values = {cell for row in rows for cell in row.split(";") if len(cell) > 7}
    for needle in (CANARY, *sorted(filter(str.isascii, values))[:20]):
        assert holding(needle.encode(), place.home) == [], "something of the sample is in the room"
    assert not any(value in told.out + told.err for value in values)


def test_a_conclusion_is_taken_back_by_the_same_command(place: Place) -> None:
    incident = place.known["trois-rivieres"]
    told = [each for each in seed(place.home, place.url, "show")["told"] if each[0] == incident]
    more = ("--replaces", str(len(told) + 1))
    place.trace(incident)
    done = place.trace(incident, more=more)
    assert f"conclusion {len(told) + 2}" in done.out
    assert f"instead of conclusion {len(told) + 1}" in done.out
    refused = place.trace(incident, more=more, code=10)
    assert "was replaced before" in refused.err
    assert f"conclusion {len(told) + 2}" in refused.err
    assert {detail["replaces"] for _, detail in seed(place.home, place.url, "show")["lines"]} == {0, len(told) + 1}


def test_who_may_not_tell_it_is_refused_and_still_has_the_answer(place: Place) -> None:
    mine, theirs = place.known["trois-rivieres"], place.known["quatre-vents"]
    before = len(seed(place.home, place.url, "show")["told"])
    stolen = place.desk.root / "room.stolen"
    stolen.write_text("ecp_" + "0" * 40)
    stolen.chmod(0o600)
    for incident, by, code, says in (
        (theirs, "token", 23, "refuses"),
        ("INC-0000-0000", "token", 23, "refuses"),
        (mine, "reader", 22, "not made for"),
        (mine, "stolen", 22, "does not know this token"),
    ):
        done = place.trace(incident, by, code)
        assert says in done.err
        assert "FOUND: it comes from" in done.out
        assert "told to incident" not in done.out
    assert len(seed(place.home, place.url, "show")["told"]) == before


def test_another_controller_s_export_is_refused(place: Place) -> None:
    other = place.desk.root / "other"
    other.mkdir()
    furnish(other, laboratory(), controller="Laboratoire des Quatre Vents")
    done = place.desk.spawn(
        "trace", "sample.csv", "--exports", "other/traces", "-i", "other/controller.key", "--room", place.url,
        "--incident", place.known["trois-rivieres"], "--token", "room.token", "--lang", "fr", code=10,
    )  # fmt: skip
    assert "est d'un autre responsable" in done.err
    assert "TROUVÉ" in done.out
