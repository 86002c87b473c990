"""Write the published JSON Schemas, src/ecluse/wire/schemas/<kind>.schema.json, from the frozen values of the domain.

``python docs/generate_schemas.py`` writes them; with ``--check`` it says whether they are current.
"""

import json
import sys
from pathlib import Path

from ecluse.wire.artefacts import DOCUMENTS, KINDS, schema

FOLDER = Path(__file__).parent.parent / "src" / "ecluse" / "wire" / "schemas"


def main(arguments: list[str]) -> int:
    """Write the schemas, or with ``--check`` compare them; 1 where one is out of date, missing, or too many."""
    wanted = {f"{kind}.schema.json": _text(kind) for kind in KINDS | DOCUMENTS}
    found = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.json")}
    if arguments == ["--check"]:
        stale = sorted(name for name in wanted | found if wanted.get(name) != found.get(name))
        for name in stale:
            sys.stderr.write(f"{name} is out of date: run python docs/generate_schemas.py\n")
        return 1 if stale else 0
    FOLDER.mkdir(exist_ok=True)
    for name in found.keys() - wanted.keys():
        (FOLDER / name).unlink()
    for name, text in wanted.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    return 0


def _text(kind: str) -> str:
    return json.dumps(schema(kind), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
