"""A leak traced at the laboratory's own machine and told to a real room; what its DPO then reads and writes down.

The room is seeded and the DPO's session made beforehand; each page on the way is judged by axe-core.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from agents_at_work import free_port, serving
from migrating import ROOT, Desk
from traced_leaks import ORDER, furnish, laboratory
from walking import Room, walkers

SEED = """
import json, os
from pathlib import Path
from ecluse.portal.__main__ import set_up
from ecluse.portal.home import prepare
prepare(Path(os.environ["ECLUSE_HOME"]))
set_up()
from django.utils import timezone
from rooms import LAB, VENDOR, Room as Furnished, signed_in
from room_migrations import close_all
from room_traces import concluded, export
from tests.portal.traced import exported, told
from ecluse.domain.permissions import Action, Role
from ecluse.domain.entry import Event
from ecluse.store.acts import incidents, tokens
from ecluse.store.models import Organisation
room = Furnished.furnished()
known = exported(room, "BIO-2025-0007", "erased")
gone = exported(room, "BIO-2024-0019", "erased", days=90)
gone.source.log(Event.TRACE_ERASING, subject="sha256:" + "0" * 64)
gone.tell()
exported(room, "BIO-2026-0003", "planned")
exported(room, "BIO-2023-0001", "sealed", days=None)
officer, dpo = room.people[VENDOR, Role.SECURITY_OFFICER], room.people[LAB, Role.DPO]
given = incidents.Opened("Fichier en vente", "Un fichier de patients est offert sur un forum.", timezone.now())
(row,) = incidents.open_incident(
    officer.handle, Organisation.objects.get(slug=VENDOR), [Organisation.objects.get(slug=LAB)], given, by=officer
)
part = {"attributed": False, "probability": 180, "ratio": -11, "explained": True, "lines_known": 5, "marks": {}, "slips": 0}
told(room, row, concluded(
    export(known.row, canary_lines=1, canaries=("request-2018-0001",)), export(gone.row, **part), more=True, foreign=2,
    expired=1,
))
close_all()
print(json.dumps({
    "incident": row.number, "session": signed_in(dpo).session.session_key,
    "token": tokens.make(dpo.handle, dpo, "traçage", [Action.TELL_TRACE], 1),
}))
"""


def seeded(home: Path, url: str) -> Any:
    given = os.environ | {
        "ECLUSE_HOME": str(home), "ECLUSE_ORIGIN": url, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT / 'tests'}:{ROOT}",
    }  # fmt: skip
    done = subprocess.run([sys.executable, "-c", SEED], capture_output=True, env=given, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


def test_a_leak_is_traced_told_and_written_down(tmp_path: Path) -> None:
    port, home, desk = free_port(), tmp_path / "room", Desk.made(tmp_path / "desk", patients=5)
    url = f"http://localhost:{port}"
    made = seeded(home, url)
    furnish(desk.root, laboratory())
    (desk.root / "room.token").write_text(made["token"])
    (desk.root / "room.token").chmod(0o600)
    with serving(desk, home, port), walkers(Room(url, home, "")) as everybody:
        dpo = everybody.stranger()
        dpo.page.context.add_cookies([{"name": "ecluse", "value": made["session"], "url": url}])
        dpo.go("incidents/").press("Quels exports peuvent être tracés").look().picture("tracing", height=900)
        for words in ("peut être tracé", "effacées", "pas encore faites", "non ordonnées", "ecluse trace sample.csv"):
            assert words in dpo.text

        dpo.go(f"incidents/{made['incident']}/")
        dpo.page.locator("summary", has_text="Tracer un échantillon").click()
        asked = dpo.page.locator("#origin ~ details code.secret").inner_text().split()
        assert asked[:3] == ["ecluse", "trace", "sample.csv"]
        desk.spawn(*asked[1:])
        dpo.go(f"incidents/{made['incident']}/").look()
        dpo.picture("incident-trace", height=1500, part="article")
        newest = dpo.page.locator("article").first
        for words in ("Conclusion 2", ORDER, "un ordre que cette salle ne connaît pas", "attribué"):
            assert words in newest.inner_text()
        dpo.press("Le consigner comme un fait").look()
        assert ORDER in dpo.page.locator("textarea").input_value()
        dpo.press("Ajouter")
        assert ORDER in dpo.page.locator("section[aria-labelledby=known]").inner_text()
