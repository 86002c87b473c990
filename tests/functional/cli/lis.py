"""Migrations of the demo's legacy LIS, by the commands that a migration engineer and a director type."""

import sqlite3
from contextlib import closing
from pathlib import Path

from demo.legacy_lis import build

from functional.cli.world import Desk

ROOT = Path(__file__).parents[3]
SOURCE = "--source legacy.sqlite --profile demo-dxlab --agent-key source_agent.key"
DESTINATION = (
    "--destination new.sqlite --destination-profile demo-kalisil --identity kalisil.key "
    "--destination-agent-key destination_agent.key"
)
PLAN = f"plan -w w --agreement agreement.json --order order.json {SOURCE}"
PATIENTS = 80


def systems(desk: Desk) -> None:
    """The old LIS, and an empty new one."""
    build(desk.root / "legacy.sqlite", patients=PATIENTS, seed=42)
    with closing(sqlite3.connect(desk.root / "new.sqlite")) as target, target:
        target.executescript((ROOT / "demo" / "new_lis.sql").read_text(encoding="utf-8"))


def prepared(desk: Desk, **changes: object) -> None:
    """Systems, keys, a signed agreement and a signed order."""
    systems(desk)
    desk.agreement()
    recipient = desk.run("key new recipient kalisil.key --json").json()["recipient"]
    desk.signed_order(recipient, **changes)


def rows(desk: Desk, table: str) -> int:
    with closing(sqlite3.connect(desk.root / "new.sqlite")) as target:
        return int(target.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0])


def source(desk: Desk, sql: str) -> None:
    """Change the old LIS behind everybody's back."""
    with closing(sqlite3.connect(desk.root / "legacy.sqlite")) as legacy, legacy:
        legacy.execute(sql)
