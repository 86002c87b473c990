"""Genuine bundles: they verify as far as the migration got, here and with stock tools, with the base install alone."""

import base64
import re
import shutil
import subprocess
import sys
import textwrap
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from ecluse.control.evidence import export
from ecluse.control.witnessing import cosign_place
from ecluse.domain.entry import Event
from ecluse.domain.errors import MalformedError, RefusedError, StorageError, TamperError, UnvouchedError, UsageError
from ecluse.domain.records import ErasureCertificate
from ecluse.journal.keys import WitnessKey
from ecluse.journal.store import MemoryStore
from ecluse.verify import Report, Status, render, verify_bundle
from ecluse.verify.audit import RULES
from ecluse.verify.render import title
from ecluse.wire.canonical import digest
from ecluse.workspace.place import Place, Workspace
from evidence_tools import Genuine, audit, first_failure, unpack
from synthetic_evidence import NOW, STAGES, Migration, changed

LATE = {
    "planned": "receipts",
    "extracting": "receipts",
    "sealed": "receipts.countersigned",
    "delivered": "reconciliation",
    "loaded": "reconciliation",
    "reconciled": "acceptance",
    "accepted": "erasure.source",
}


def status(report: Report, name: str) -> Status:
    return next(step.status for step in report.steps if step.name == name)


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_verifies_as_far_as_it_got(genuine: Genuine, stage: str) -> None:
    report = verify_bundle(genuine.bundles[stage], trust=None, now=NOW)
    assert report.consistent
    assert report.exit_code == 21
    with pytest.raises(UnvouchedError):
        report.check()
    assert report.complete == (stage == "erased")
    if stage != "erased":
        assert status(report, LATE[stage]) is Status.NOT_REACHED
    assert [step.number for step in report.steps] == list(range(1, len(report.steps) + 1))


def test_a_bundle_with_the_auditors_own_keys(genuine: Genuine, tmp_path: Path) -> None:
    trust = tmp_path / "trust"
    trust.write_bytes(unpack(genuine.bundles["erased"])["allowed_signers"])
    report = verify_bundle(genuine.bundles["erased"], trust=trust, now=NOW)
    assert report.complete
    assert report.authenticated
    assert report.exit_code == 0
    report.check()
    assert "trusted key" in str(next(step.detail for step in report.steps if step.name == "journal.source.key"))


def test_without_trust_the_fingerprints_are_printed(genuine: Genuine) -> None:
    report = verify_bundle(genuine.bundles["erased"], trust=None, now=NOW)
    said = str(next(step.detail for step in report.steps if step.name == "agreement.trust"))
    assert "trust: keys are those the agreement itself lists; compare fingerprints out of band" in said
    lines = unpack(genuine.bundles["erased"])["allowed_signers"].splitlines(keepends=True)
    listed = subprocess.run(
        ["ssh-keygen", "-lf", "-"],
        input=b"".join(line.split(b" ", 2)[2] for line in lines),
        capture_output=True,
        check=True,
    ).stdout.decode()
    prints = set(re.findall(r"SHA256:\S+", listed))
    assert len(prints) == 7
    assert prints == set(re.findall(r"SHA256:[A-Za-z0-9+/]+", render(report, "en")))


@pytest.mark.parametrize(
    ("line", "step"),
    [
        ("dr.martin {stranger}", "agreement.trust"),
        ("m.gerant {m.gerant}", "agreement.trust"),
        ("dr.martin,m.gerant {dr.martin}", "agreement.trust"),
        ('dr.martin namespaces="ecluse.order" {dr.martin}\nm.gerant {m.gerant}', "agreement.trust"),
        ("dr.martin {dr.martin}\nm.gerant {m.gerant}\nagent-b {stranger}", "agreement.trust"),
        ("dr.martin {dr.martin}\nm.gerant {m.gerant}\necluse/source/agent-a {stranger}", "journal.source.key"),
        ("dr.martin {dr.martin}\nm.gerant {m.gerant}", None),
        ("# pinned\n\nm.gerant,dr.martin {dr.martin}\nm.gerant {m.gerant} comment here", None),
    ],
)
def test_pinned_keys_decide(genuine: Genuine, tmp_path: Path, line: str, step: str | None) -> None:
    trust = tmp_path / "trust"
    for id_ in ("dr.martin", "m.gerant", "stranger"):
        line = line.replace(f"{{{id_}}}", genuine.keys.line(id_))
    trust.write_text(f"{line}\n")
    report = verify_bundle(genuine.bundles["erased"], trust=trust, now=NOW)
    assert (first_failure(report) if step else report.complete) == (step or True)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "* ssh-ed25519 AAAA",
        "!x ssh-ed25519 AAAA",
        "x cert-authority ssh-ed25519 AAAA",
        "x ssh-ed25519",
        "x nonsense",
    ],
)
def test_a_trust_file_that_is_none(genuine: Genuine, tmp_path: Path, line: str) -> None:
    trust = tmp_path / "trust"
    trust.write_text(f"{line}\n")
    with pytest.raises(MalformedError):
        verify_bundle(genuine.bundles["erased"], trust=trust, now=NOW)


def test_files_that_are_not_there(tmp_path: Path, genuine: Genuine) -> None:
    with pytest.raises(StorageError):
        verify_bundle(tmp_path / "none.zip", trust=None, now=NOW)
    with pytest.raises(StorageError):
        verify_bundle(genuine.bundles["erased"], trust=tmp_path / "none", now=NOW)


def test_stock_ssh_keygen_accepts_every_signature(genuine: Genuine, tmp_path: Path) -> None:
    with zipfile.ZipFile(genuine.bundles["erased"]) as archive:
        archive.extractall(tmp_path)
    count = 0
    for signature in sorted(tmp_path.glob("*/artefacts/*/*.sig")):
        address, _, signer = signature.name.removesuffix(".sig").partition(".")
        namespace = f"ecluse.{signature.parent.name}"
        files = ["-f", str(tmp_path / "allowed_signers"), "-s", str(signature)]
        with signature.with_name(f"{address}.json").open("rb") as message:
            done = subprocess.run(
                ["ssh-keygen", "-Y", "verify", "-I", signer, "-n", namespace, *files],
                stdin=message, capture_output=True, check=False,
            )  # fmt: skip
        assert done.stdout.startswith(b"Good"), (signature, done)
        count += 1
    assert count == 2 * 2 + 2 * 2 + 2 + (5 + 10) + 2 + 2 + 2


@pytest.mark.parametrize("readme", ["README.txt", "LISEZMOI.txt"])
def test_the_readmes_commands_work_as_they_stand(genuine: Genuine, tmp_path: Path, readme: str) -> None:
    with zipfile.ZipFile(genuine.bundles["erased"]) as archive:
        archive.extractall(tmp_path)
    text = (tmp_path / readme).read_text()
    blocks = [textwrap.dedent(block) for block in re.findall(r"(?:^    .+\n)+", text, re.MULTILINE)]
    commands = [block for block in blocks if not block.startswith("ecluse")]
    assert len(commands) == 4

    def run(command: str) -> subprocess.CompletedProcess[bytes]:
        shell = shutil.which("sh") or "sh"
        return subprocess.run([shell, "-e", "-c", command], cwd=tmp_path, capture_output=True, check=False)

    answers = [run(command) for command in commands]
    assert [answer.returncode for answer in answers] == [0, 0, 0, 0], answers
    assert answers[0].stdout.count(b"SHA256:") == 7
    assert answers[1].stdout == b""
    assert answers[2].stdout.count(b"Good") == 16
    assert answers[3].stdout.count(b"Good") == 15
    for victim in tmp_path.glob("*/artefacts/*/*.json"):
        victim.write_bytes(victim.read_bytes()[:-1])
    assert [run(command).returncode == 0 for command in commands] == [True, False, False, False]


def test_the_same_evidence_is_the_same_bytes(migration: Callable[..., Migration]) -> None:
    made = migration()
    list(made.run("delivered"))
    places = (made.source, made.destination)
    digests = {export(order, made.root / "a.zip") for order in (places, places[::-1], places)}
    assert digests == {digest((made.root / "a.zip").read_bytes())}
    assert not list(made.root.glob("*.part"))


def test_one_place_alone(migration: Callable[..., Migration]) -> None:
    made = migration()
    list(made.run())
    for place in (made.source, made.destination):
        report = verify_bundle(made.bundle("one.zip", [place]), trust=None, now=NOW)
        assert report.consistent
        absent = {step.name.split(".")[1] for step in report.steps if step.name.startswith("journal.")
                  and step.status is Status.NOT_REACHED}  # fmt: skip
        assert absent == {"source", "destination"} - {place.place.value}
        assert status(report, f"erasure.{place.place}") is Status.OK


def test_what_cannot_be_exported(migration: Callable[..., Migration], tmp_path: Path) -> None:
    made, other = migration(), migration(bend=lambda value: value)
    target = tmp_path / "out.zip"
    with pytest.raises(UsageError):
        export([], target)
    with pytest.raises(RefusedError):
        export([made.source], target)
    list(made.run("planned"))
    with pytest.raises(UsageError):
        export([made.source, made.source], target)
    list(other.run("planned"))
    target.write_bytes(b"")
    with pytest.raises(StorageError):
        export([made.source], target / "below")
    target.unlink()
    paper = next((made.source.root / "artefacts" / "plan").glob("*.json"))
    paper.write_bytes(paper.read_bytes() + b" ")
    with pytest.raises(TamperError):
        export([made.source], target)
    assert not target.exists()


def test_a_stray_artefact_stays_out(migration: Callable[..., Migration]) -> None:
    """A kill between keeping a receipt and journalling it leaves one that counts for nothing."""
    made = migration()
    list(made.run("extracting"))
    stray = changed(made.receipts[0], sealed_at=made.clock())
    made.source.put(stray, {"agent-a": made.keys.sign(stray, "agent-a")})
    assert verify_bundle(made.bundle(), trust=None, now=NOW).consistent


def test_no_payload_and_no_secret_in_a_bundle(genuine: Genuine) -> None:
    whole = genuine.bundles["erased"].read_bytes()
    for secret in (b"rows of", b"two rows", b"PRIVATE KEY", b"AGE-SECRET-KEY", b"age-encryption.org"):
        assert secret not in whole


def test_cosigned_by_a_trusted_witness(migration: Callable[..., Migration], tmp_path: Path) -> None:
    made = migration()
    list(made.run("sealed"))
    witness = WitnessKey.generate("trois-rivieres.example/witness")
    cosign_place(made.source, witness, MemoryStore(), NOW)
    made.source.log(Event.SUSPENDED)
    cosign_place(made.source, witness, MemoryStore(), NOW)
    blob = base64.b64encode(b"\0\0\0\x0bssh-ed25519\0\0\0 " + witness.verifier.public).decode()
    trust = tmp_path / "trust"
    pins = [f"{id_} {made.keys.line(id_)}" for id_ in ("dr.martin", "m.gerant")]
    trust.write_text("\n".join([*pins, f"{witness.name} ssh-ed25519 {blob}", ""]))
    path = made.bundle()
    report = verify_bundle(path, trust=trust, now=NOW)
    assert report.consistent
    assert "1 cosignatures" in str(next(s.detail for s in report.steps if s.name == "journal.source.checkpoint"))
    members = unpack(path)
    lines = members["source/journal/checkpoint"].splitlines(keepends=True)
    spoiled = bytearray(base64.b64decode(lines[-1].split()[-1]))
    spoiled[-1] ^= 1
    lines[-1] = b" ".join([*lines[-1].split()[:-1], base64.b64encode(spoiled)]) + b"\n"
    members["source/journal/checkpoint"] = b"".join(lines)
    assert first_failure(audit(members, tmp_path, trust=trust)) == "journal.source.checkpoint"


def test_aborted_early_and_erased(migration: Callable[..., Migration]) -> None:
    def bend(value: object) -> object:
        return changed(value, acceptance=None, reason="aborted") if isinstance(value, ErasureCertificate) else value

    made = migration(bend=bend)
    list(made.run("extracting"))
    made.instruct("abort", "dr.martin", made.source)
    made.acceptance = made.plan
    place = made.destination
    made.destination = Workspace.create(made.root / "spare", Place.DESTINATION, "agent-b", clock=made.clock)
    try:
        made._admit(made.destination)
        made.instruct("abort", "dr.martin", made.destination)
        made._erased()
        report = verify_bundle(made.bundle("x.zip", [made.source, made.destination]), trust=None, now=NOW)
    finally:
        place.close()
    assert report.consistent, render(report, "en")
    assert status(report, "erasure.source") is Status.OK
    assert status(report, "receipts") is Status.NOT_REACHED


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_render(genuine: Genuine, tmp_path: Path, lang: str) -> None:
    trust = tmp_path / "trust"
    trust.write_bytes(unpack(genuine.bundles["erased"])["allowed_signers"])
    done = render(verify_bundle(genuine.bundles["erased"], trust=trust, now=NOW), lang)  # type: ignore[arg-type]
    assert done.splitlines()[-1] == {"en": "VERIFIED: every step.", "fr": "VÉRIFIÉ : toutes les étapes."}[lang]
    part = render(verify_bundle(genuine.bundles["sealed"], trust=trust, now=NOW), lang)  # type: ignore[arg-type]
    assert part.splitlines()[-1].startswith({"en": "VERIFIED so far", "fr": "VÉRIFIÉ jusqu'ici"}[lang])
    members = unpack(genuine.bundles["erased"])
    members.pop("source/journal/checkpoint")
    report = audit(members, tmp_path)
    failed = render(report, lang)  # type: ignore[arg-type]
    assert failed.splitlines()[-1].startswith({"en": "NOT VERIFIED: step 10", "fr": "NON VÉRIFIÉ : l'étape 10"}[lang])
    assert len(failed.splitlines()) == len(report.steps) + 2
    with pytest.raises(TamperError, match=r"step 10 \(journal\.source\.checkpoint\)"):
        report.check()


def test_independent_chains_go_on(genuine: Genuine, tmp_path: Path) -> None:
    members = unpack(genuine.bundles["erased"])
    members.pop("source/journal/checkpoint")
    report = audit(members, tmp_path)
    assert status(report, "journal.source.root") is Status.NOT_REACHED
    assert status(report, "journal.destination.facts") is Status.OK
    assert status(report, "reconciliation.flows") is Status.OK
    assert status(report, "erasure.destination") is Status.OK
    assert status(report, "erasure.source") is Status.NOT_REACHED


_BLOCKED = """
import sys
blocked = {names!r}
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in blocked or name in blocked:
            raise ImportError(name)
sys.meta_path.insert(0, Blocker())
import datetime, pathlib
import ecluse.verify
now = datetime.datetime(2026, 3, 20, tzinfo=datetime.UTC)
report = ecluse.verify.verify_bundle(pathlib.Path(sys.argv[1]), trust=None, now=now)
print(ecluse.verify.render(report, "en"))
assert not [name for name in sys.modules if name.split(".")[0] in blocked]
sys.exit(0 if report.complete and report.exit_code == 21 else 1)
"""


def test_runs_where_nothing_of_the_data_plane_is_installed(genuine: Genuine) -> None:
    names = {
        "pyarrow", "duckdb", "polars", "polars_hash", "numpy", "pandas", "pyrage", "psycopg", "pymysql", "sqlglot",
        "stdnum", "pgpq", "adbc_driver_sqlite", "adbc_driver_manager", "sshsig", "click", "rich", "yaml",
        "ecluse.journal", "ecluse.seal", "ecluse.control", "ecluse.workspace", "ecluse.migration", "ecluse.adapters",
    }  # fmt: skip
    code = _BLOCKED.format(names=names)
    source = str(Path(__file__).parents[3] / "src")
    done = subprocess.run(
        [sys.executable, "-c", code, str(genuine.bundles["erased"])],
        env={"PYTHONPATH": source}, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()


DOC = Path(__file__).parents[3] / "docs" / "reference" / "evidence-bundle.md"


def test_the_manuals_commands_work_as_they_stand(genuine: Genuine, tmp_path: Path) -> None:
    commands = re.findall(r"```sh\n(.+?)```", DOC.read_text(encoding="utf-8"), re.DOTALL)
    assert len(commands) == 4

    def answers() -> list[subprocess.CompletedProcess[bytes]]:
        shell = [shutil.which("bash") or "bash", "-e", "-o", "pipefail", "-c"]
        return [subprocess.run([*shell, each], cwd=tmp_path, capture_output=True, check=False) for each in commands]

    with zipfile.ZipFile(genuine.bundles["erased"]) as archive:
        archive.extractall(tmp_path)
    good = answers()
    assert [each.returncode for each in good] == [0, 0, 0, 0], good
    assert good[0].stdout.count(b"SHA256:") == 7
    assert good[1].stdout == b""
    assert good[2].stdout.count(b"Good") == 31
    assert good[3].stdout.count(b"Verified Successfully") == 2
    for victim in (*tmp_path.glob("*/artefacts/*/*.json"), *tmp_path.glob("*/journal/checkpoint")):
        victim.write_bytes(victim.read_bytes().replace(b"2", b"3", 1))
    assert [each.returncode == 0 for each in answers()] == [True, False, False, False]


def test_the_manual_lists_every_step() -> None:
    listed = re.findall(r"^\| (\d+) \| `([a-z_.]+)` \|", DOC.read_text(encoding="utf-8"), re.MULTILINE)
    assert listed == [(str(number), rule.name) for number, rule in enumerate(RULES, 1)]
    for rule in RULES:
        assert title(rule.name, "en") != title(rule.name, "fr") or "." in rule.name
