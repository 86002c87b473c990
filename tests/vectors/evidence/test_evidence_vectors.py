"""Bundles kept in the tree: what verified once verifies for ever, and each case fails at the step that it names."""

import json
from pathlib import Path

import pytest

from ecluse.verify import verify_bundle, verify_journal
from evidence_tools import Members, audit, first_failure, unpack
from synthetic_evidence import NOW

HERE = Path(__file__).parent
CASES = json.loads((HERE / "cases.json").read_text(encoding="utf-8"))


def _apply(members: Members, operation: list[str | int]) -> None:
    verb, name, *rest = operation
    assert isinstance(name, str)
    if verb == "drop":
        del members[name]
    elif verb == "copy":
        members[str(rest[0])] = members[name]
    elif verb == "swap":
        members[name], members[str(rest[0])] = members[str(rest[0])], members[name]
    elif verb == "flip":
        at = int(rest[0])
        members[name] = members[name][:at] + bytes([members[name][at] ^ 1]) + members[name][at + 1 :]
    elif verb == "cut":
        members[name] = members[name][: -int(rest[0])]
    else:
        assert verb == "add"
        members[name] = str(rest[0]).encode()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_case(case: dict[str, object], tmp_path: Path) -> None:
    members = unpack(HERE / "complete.zip")
    for operation in case["operations"]:  # type: ignore[attr-defined]
        _apply(members, operation)
    report = audit(members, tmp_path, manifest=bool(case["manifest"]))
    assert (first_failure(report) if case["fails"] else report.complete) == (case["fails"] or True)


@pytest.mark.parametrize("trust", [None, HERE / "allowed_signers"])
def test_bundles_as_they_lie_there(trust: Path | None) -> None:
    assert verify_bundle(HERE / "complete.zip", trust=trust, now=NOW).complete
    part = verify_bundle(HERE / "part.zip", trust=trust, now=NOW)
    assert part.consistent
    assert not part.complete


def test_the_checkpoint_kept(tmp_path: Path) -> None:
    for name, data in unpack(HERE / "complete.zip").items():
        if name.startswith("source/journal/"):
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    report = verify_journal(tmp_path / "source" / "journal", now=NOW, kept=HERE / "checkpoint")
    assert report.complete
