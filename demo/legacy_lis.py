"""Make the demo's legacy LIS: ``python demo/legacy_lis.py OUT.sqlite [--patients N] [--seed S]``.

The base is fictional (SCHEMA.md describes it). As a module: :func:`build` and what it returns, the reference that a
migration is compared with.
"""

import argparse
import sqlite3
import sys
from pathlib import Path

_ROOT = str(Path(__file__).resolve().parent.parent)
if _ROOT not in sys.path:  # run as a script, only demo/ itself is on the path
    sys.path.insert(0, _ROOT)

from demo.lis.build import Built, build  # noqa: E402
from demo.lis.scope import DEMO_SCOPE, EXCLUDED_PATIENTS, SITES, Scope  # noqa: E402

__all__ = ["DEMO_SCOPE", "EXCLUDED_PATIENTS", "SITES", "Built", "Scope", "build", "main"]


def main(arguments: list[str] | None = None) -> int:
    """Build the base and print what it holds: 0 when done, 2 when the file cannot be written."""
    parser = argparse.ArgumentParser(description="Make the demo's fictional legacy LIS, an SQLite file.")
    parser.add_argument("out", type=Path, help="file to create; refused if it exists")
    parser.add_argument("--patients", type=int, default=2000, help="how many (default 2000)")
    parser.add_argument("--seed", type=int, default=42, help="same seed, same base (default 42)")
    options = parser.parse_args(arguments)
    try:
        built = build(options.out, patients=options.patients, seed=options.seed)
    except (FileExistsError, ValueError, sqlite3.Error) as error:
        print(f"legacy_lis: {error}", file=sys.stderr)
        return 2
    _tell(built)
    return 0


def _tell(built: Built) -> None:
    for table, rows in built.rows.items():
        print(f"{table:<16}{rows:>8}")
    for entity, rows in built.counts().items():
        print(f"in the demo order's scope: {entity:<14}{rows:>8}")


if __name__ == "__main__":
    raise SystemExit(main())
