import sqlite3
from pathlib import Path

from functional.cli.world import Desk
from demo.legacy_lis import build


def test_flow(desk: Desk) -> None:
    desk.agreement()
    r = desk.run("key new recipient kalisil.key --json").json()["recipient"]
    build(Path("legacy.sqlite"), patients=300, seed=42)
    with sqlite3.connect("new.sqlite") as c:
        c.executescript((Path("/work/main/demo/new_lis.sql")).read_text())
    desk.signed_order(r)
    w = "plan -w w --agreement agreement.json --order order.json --source legacy.sqlite --profile demo-dxlab --agent-key agent-source.key".replace("agent-source.key", "source_agent.key")
    print(desk.run(w + " --lang fr").out)
    print(desk.run("run -w w --destination new.sqlite --destination-profile demo-kalisil --identity kalisil.key --destination-agent-key destination_agent.key"))
    for line in ("status w", "accept -w w --key director.key", "status w --lang fr", "evidence export w --out e.zip", "evidence verify e.zip --lang fr", "journal verify w", "journal show w --last 5"):
        print(desk.run(line, code=None).out)
    assert 0
