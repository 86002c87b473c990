import sqlite3
from pathlib import Path

from demo.legacy_lis import build

from functional.cli.world import Desk


def test_flow(desk: Desk) -> None:
    desk.agreement()
    r = desk.run("key new recipient kalisil.key --json").json()["recipient"]
    build(Path("legacy.sqlite"), patients=300, seed=42)
    with sqlite3.connect("new.sqlite") as c:
        c.executescript((Path("/work/main/demo/new_lis.sql")).read_text())
    desk.signed_order(r)
    log = []
    w = "plan -w w --agreement agreement.json --order order.json --source legacy.sqlite --profile demo-dxlab --agent-key agent-source.key".replace(
        "agent-source.key", "source_agent.key"
    )
    log.append(desk.run(w + " --lang fr").out)
    log.append(
        desk.run(
            "run -w w --destination new.sqlite --destination-profile demo-kalisil --identity kalisil.key --destination-agent-key destination_agent.key"
        )
    )
    for line in (
        "status w",
        "accept -w w --key director.key",
        "status w --lang fr",
        "evidence export w --out e.zip",
        "evidence verify e.zip --lang fr",
        "journal verify w",
        "journal show w --last 5",
    ):
        log.append(desk.run(line, code=None).out)
    Path("/tmp/cli1/log.txt").write_text("\n=====\n".join(str(getattr(x, "out", x)) for x in log))
