"""A bundle and a timeline in the hands of somebody who has ssh-keygen, sha256sum and unzip, and not Écluse."""

import json
import subprocess
import zipfile
from pathlib import Path

import pytest

from functional.cli import lis
from functional.cli.world import Desk


@pytest.fixture
def planned(desk: Desk) -> Desk:
    lis.prepared(desk)
    desk.run(lis.PLAN)
    return desk


def ssh_keygen(*arguments: str, data: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["ssh-keygen", *arguments], input=data, capture_output=True, check=False)


def checked(signers: str, who: str, namespace: str, path: str, data: bytes | None = None) -> bool:
    """Whether stock OpenSSH takes the signature beside a file."""
    given = Path(path).read_bytes() if data is None else data
    done = ssh_keygen("-Y", "verify", "-f", signers, "-I", who, "-n", namespace, "-s", f"{path}.sig", data=given)
    return done.returncode == 0 and done.stdout.startswith(b"Good")


def test_a_bundle_that_is_signed(planned: Desk) -> None:
    Path("my_signers").write_text(f"dr.martin {planned.key('director')}\n")
    planned.run("evidence export w --out plain.zip")
    answer = planned.run("evidence export w --out evidence.zip --key director.key --json").json()
    assert answer["signature"] == "evidence.zip.sig"
    data = Path("evidence.zip").read_bytes()
    assert data == Path("plain.zip").read_bytes(), "the signature stands beside it"
    assert checked("my_signers", "dr.martin", "ecluse.evidence", "evidence.zip")
    assert not checked("my_signers", "dr.martin", "ecluse.evidence", "evidence.zip", data[:-1] + b"x")
    assert not checked("my_signers", "dr.martin", "ecluse.timeline", "evidence.zip")
    planned.run("evidence verify evidence.zip --trust my_signers", code=17)  # one director's word is not both parties'


@pytest.mark.parametrize("key", ["none.key", "order.json"])
def test_a_key_that_does_not_sign_leaves_nothing(planned: Desk, key: str) -> None:
    before = set(Path().iterdir())
    assert planned.run(f"evidence export w --out evidence.zip --key {key}", None).code != 0
    assert set(Path().iterdir()) == before


def test_a_signature_is_never_written_over_another(planned: Desk) -> None:
    Path("evidence.zip.sig").write_text("kept")
    planned.run("evidence export w --out evidence.zip --key director.key", 2)
    assert not Path("evidence.zip").exists()
    assert Path("evidence.zip.sig").read_text() == "kept"


def test_who_held_which_key_is_compared_without_ecluse(planned: Desk) -> None:
    planned.run("timeline w --out timeline.json --key director.key")
    planned.run("evidence export w --out evidence.zip")
    with zipfile.ZipFile("evidence.zip") as archive:
        archive.extractall("unpacked")
    signers = "unpacked/allowed_signers"
    assert checked(signers, "dr.martin", "ecluse.timeline", "timeline.json"), "by the bundle's own list"
    held = json.loads(Path("timeline.json").read_bytes())["keys"]
    named = {}
    for line in Path(signers).read_text().splitlines():
        who, _options, key = line.split(" ", 2)
        named[who] = ssh_keygen("-lf", "-", data=key.encode()).stdout.split()[1].decode()
    told = {each["holder"]: each["key"] for each in held if each["use"] == "signs"}
    assert told == {who: mark for who, mark in named.items() if who in told}
    (paper,) = Path("unpacked").glob("*/artefacts/agreement/*.json")
    listed = json.loads(paper.read_bytes())
    assert {s["id"] for end in ("controller", "processor") for s in listed[end]["signers"]} == set(told)
    for signature in paper.parent.glob("*.sig"):
        who = signature.name.removeprefix(f"{paper.stem}.").removesuffix(".sig")
        paper.with_name(f"{paper.name}.sig").write_bytes(signature.read_bytes())
        assert checked(signers, who, "ecluse.agreement", str(paper)), who
    days = {(each["from"], each["until"]) for each in held if each["use"] == "signs"}
    assert len(days) == 1, "the agreement's"
    assert days.pop()[0] == f"{listed['in_force_from']}T00:00:00Z"


def test_on_the_screen_no_key_is_cut_and_none_stands_twice(planned: Desk) -> None:
    out = planned.run("timeline w").out
    assert "…" not in out.partition("Who held which key when")[2].partition("Gaps")[0]
    assert sum(line.lstrip().startswith("dr.martin ") and "signs papers" in line for line in out.splitlines()) == 1
    mark = ssh_keygen("-lf", "director.key.pub").stdout.split()[1].decode()
    assert mark in "".join(out.split())
