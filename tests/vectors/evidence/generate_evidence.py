"""Write the vectors anew: ``PYTHONPATH=src:tests .venv/bin/python tests/vectors/evidence/generate_evidence.py``.

Keys are fresh each time and thrown away. ``complete.zip`` is a finished migration, ``part.zip`` the same one after
extraction, ``allowed_signers`` the auditor's own keys, ``checkpoint`` one that a witness kept of the source's journal.
``cases.json`` says, for each bundle made from ``complete.zip`` by a few operations on its members, which step must fail
first. Operations, in order; the manifest is then made to fit unless ``manifest`` is false:

- ``["drop", NAME]``
- ``["copy", FROM, TO]``
- ``["swap", NAME, NAME]``
- ``["flip", NAME, BYTE]``: the lowest bit of that byte
- ``["cut", NAME, BYTES]``: from the end
- ``["add", NAME, TEXT]``
"""

import json
import shutil
import tempfile
from pathlib import Path

from evidence_tools import find, signatures_of, unpack
from synthetic_evidence import Keys, Migration

HERE = Path(__file__).parent
KINDS = {
    "agreement": "agreement.signed",
    "order": "order.signed",
    "plan": "plan.signed",
    "receipt": "receipts.signed",
    "reconciliation": "reconciliation",
    "acceptance": "acceptance",
    "erasure": "erasure.source",
}


def main() -> None:
    """Make them all."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "keys").mkdir()
        migration = Migration(root / "migration", Keys(root / "keys"))
        for stage in migration.run():
            if stage == "sealed":
                shutil.copy(migration.bundle("part.zip"), HERE / "part.zip")
                (HERE / "checkpoint").write_bytes(migration.source.journal.checkpoint())
        shutil.copy(migration.bundle("complete.zip"), HERE / "complete.zip")
        migration.close()
    members = unpack(HERE / "complete.zip")
    (HERE / "allowed_signers").write_bytes(members["allowed_signers"])
    (HERE / "cases.json").write_text(json.dumps(cases(members), indent=1) + "\n", encoding="utf-8")


def cases(members: dict[str, bytes]) -> list[dict[str, object]]:
    """Every case, by name."""
    made: list[dict[str, object]] = [case("untouched", None)]
    for kind, step in KINDS.items():
        name = find(members, "source", kind)
        signature = signatures_of(members, name)[0]
        other = find(members, "source", "order" if kind != "order" else "plan")
        here = [n for place in ("source", "destination") for n in signatures_of(members, name.replace("source", place))]
        made += [
            case(f"{kind}: a bit flipped", "addresses", ["flip", name, 40]),
            case(f"{kind}: a bit flipped, manifest left", "manifest", ["flip", name, 40], manifest=False),
            case(f"{kind}: cut short", "addresses", ["cut", name, 1]),
            case(f"{kind}: swapped", "addresses", ["swap", name, other]),
            case(f"{kind}: dropped", "addresses", ["drop", name]),
            case(f"{kind}: unsigned", step, *(["drop", each] for each in here)),
            case(f"{kind}: signature flipped", step, ["flip", signature, 200]),
            case(f"{kind}: signature cut", step, ["cut", signature, 60]),
        ]
    for place in ("source", "destination"):
        for file, step in (("checkpoint", "checkpoint"), ("vkey", "key"), ("tile/0/000.p/", "tiles"),
                           ("tile/entries/000.p/", "root")):  # fmt: skip
            both = (place, {"source": "destination"}.get(place, "source"))
            name, other = (next(n for n in members if n.startswith(f"{p}/journal/{file}")) for p in both)
            failing = f"journal.{place}.{step}"
            made += [
                case(f"{name}: a bit flipped", failing, ["flip", name, 30]),
                case(f"{name}: cut short", failing, ["cut", name, 2]),
                case(f"{name}: dropped", failing, ["drop", name]),
                case(f"{name}: the other place's", failing, ["copy", other, name]),
            ]
    return [
        *made,
        case("something extra", "manifest", ["add", "source/notes.txt", "x"]),
        case("no allowed_signers", "manifest", ["drop", "allowed_signers"]),
        case("an acceptance among the orders", "order", ["copy", *_moved(members, "acceptance", "order")]),
    ]


def case(name: str, step: str | None, *operations: list[object], manifest: bool = True) -> dict[str, object]:
    """One case."""
    return {"name": name, "manifest": manifest, "operations": list(operations), "fails": step}


def _moved(members: dict[str, bytes], kind: str, to: str) -> tuple[str, str]:
    name = find(members, "source", kind)
    return name, name.replace(f"/{kind}/", f"/{to}/")


if __name__ == "__main__":
    main()
