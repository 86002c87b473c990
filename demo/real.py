"""``make demo-real``: the same migration on input that nobody here wrote, into a real PostgreSQL.

clinosim, a third party's generator of hospitals, writes CSV and FHIR of the same patients; Écluse migrates the CSV, and
a script that shares nothing with it compares the target with the FHIR, value by value. With ``ECLUSE_REAL_DATA`` set,
iBLIS's dump goes from MariaDB to PostgreSQL likewise. Servers are throw-away, on loopback. Ends with 0, or with 1.
"""

import argparse
import datetime as dt
import json
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Sequence
from pathlib import Path

from demo import papers, real_check
from demo.run import keys, sign_agreement
from demo.stage import ROOT, Stage, StageError, tr

sys.path.insert(0, str(ROOT / "tests"))
from servers import Database, running_mariadb, running_postgresql

BUILD = ROOT / "build"
DATES = (dt.date(2024, 4, 1), dt.date(2024, 12, 31))
SITES = (
    "cardiology", "emergency", "gastroenterology", "general_surgery", "internal_medicine", "neurology", "obstetrics",
    "oncology", "orthopedics", "pediatrics", "primary_care", "psychiatry", "respiratory", "unattributed",
)  # fmt: skip
CLINOSIM_FIELDS = {
    "site": ("source_id", "name"),
    "patient": ("source_id", "family_name", "given_names", "sex"),
    "request": ("source_id", "registered_on", "site", "ward", "status"),
    "observation": (
        "source_id", "code", "label", "loinc", "raw_value", "value", "unit", "ucum", "abnormal_flag", "observed_on",
    ),
}  # fmt: skip
IBLIS_FIELDS = {
    "site": ("source_id", "name"),
    "patient": ("source_id", "external_id", "family_name", "birth_date", "sex", "phone", "email"),
    "practitioner": ("source_id", "family_name"),
    "request": (
        "source_id", "visit_number", "registered_on", "received_on", "prescriber", "site", "status", "ordered_tests",
    ),
    "specimen": ("source_id", "type", "received_on", "status", "nonconformity"),
    "observation": (
        "source_id", "specimen", "code", "label", "loinc", "bench", "raw_value", "value", "unit", "ucum", "status",
        "observed_on", "validated_by", "validated_on",
    ),
}  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it all."""
    parser = argparse.ArgumentParser(description="A third party's hospital, from CSV into PostgreSQL.")
    parser.add_argument("--patients", type=int, default=200, help="clinosim's population (default 200, about 35 s)")
    parser.add_argument("--seed", type=int, default=7, help="its seed (default 7)")
    options = parser.parse_args(arguments)
    try:
        output = generate(options.patients, options.seed)
        with running_postgresql() as postgresql:
            target = (ROOT / "demo" / "real_lis.sql").read_text(encoding="utf-8")
            from_csv(output, postgresql.database(target))
            if os.environ.get("ECLUSE_REAL_DATA"):
                from_iblis(Path(os.environ["ECLUSE_REAL_DATA"]), postgresql.database(target))
            else:
                print(tr("ECLUSE_REAL_DATA is not set: iBLIS is left out", "sans ECLUSE_REAL_DATA, iBLIS est laissé"))
    except StageError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    return 0


def generate(patients: int, seed: int) -> Path:
    """The output of clinosim for this size and seed, made once; clinosim lives in an environment of its own."""
    output = BUILD / f"clinosim-{patients}-{seed}"
    if (output / "fhir_r4" / "manifest.json").exists():
        return output
    program = _clinosim()
    print(tr(f"clinosim makes a hospital of {patients}…", f"clinosim fait un hôpital de {patients}…"), flush=True)
    size = ["-p", str(patients), "-s", str(seed)]
    days = ["--start", "2024-01-01", "--end", real_check.SIMULATED_UNTIL.isoformat()]
    command = [str(program), "simulate", *size, *days, "--format", "csv", "fhir", "-o", str(output)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        shutil.rmtree(output, ignore_errors=True)
        raise StageError(tr("clinosim failed:", "clinosim a échoué :") + f"\n{done.stderr[-2000:]}")
    return output


def _clinosim() -> Path:
    folder, lock = BUILD / "clinosim-venv", ROOT / "demo" / "clinosim.lock"
    made = folder / "made-from.lock"
    if not made.exists() or made.read_bytes() != lock.read_bytes():
        print(tr("installing clinosim (pinned by hash)…", "installation de clinosim (figé par empreinte)…"), flush=True)
        venv.create(folder, with_pip=True, clear=True)
        pip = [str(folder / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
        done = subprocess.run([*pip, "--requirement", str(lock)], capture_output=True, text=True, check=False)
        if done.returncode:
            raise StageError(tr("clinosim was not installed:", "clinosim n'a pu être installé :") + done.stderr[-2000:])
        shutil.copy(lock, made)
    return folder / "bin" / "clinosim"


def from_csv(output: Path, target: Database) -> None:
    """CSV files of clinosim into PostgreSQL, compared with its FHIR."""
    stage = Stage(BUILD / "demo-real" / "clinosim")
    stage.act("A third party's hospital: clinosim's CSV files, into PostgreSQL",
              "L'hôpital d'un tiers : les CSV de clinosim, vers PostgreSQL")  # fmt: skip
    day_from, day_until = DATES
    _migrate(
        stage, target, source=("clinosim", "clinosim"), url=str(output / "csv"),
        dates=(day_from.isoformat(), day_until.isoformat()), sites=SITES, fields=CLINOSIM_FIELDS,
    )  # fmt: skip
    stage.act("Somebody else counts: clinosim's FHIR of the same patients",
              "Quelqu'un d'autre compte : le FHIR de clinosim, des mêmes patients")  # fmt: skip
    for count in real_check.account(target.execute, output, DATES):
        if count.holds is None:
            stage.say(f"   · {count.en}", f"   · {count.fr}")
        else:
            stage.check(tr(count.en, count.fr), holds=count.holds)
    _end(stage)


def from_iblis(data: Path, target: Database) -> None:
    """The dump of iBLIS, in a MariaDB, into PostgreSQL; its contents are known."""
    stage = Stage(BUILD / "demo-real" / "iblis")
    stage.act("iBLIS, a laboratory system: from MariaDB into PostgreSQL",
              "iBLIS, un système de laboratoire : de MariaDB vers PostgreSQL")  # fmt: skip
    with running_mariadb() as mariadb:
        legacy = mariadb.database((data / "iblis" / "iblis.sql").read_text(encoding="utf-8"))
        _migrate(
            stage, target, source=("iblis", "iblis"), url=f"{legacy.url}?tls=off",
            dates=("2014-07-01", "2016-06-30"), sites=("LAB",), fields=IBLIS_FIELDS,
        )  # fmt: skip
        stage.act("Somebody else counts", "Quelqu'un d'autre compte")
        _known_contents(stage, legacy.execute, target.execute)
    _end(stage)


Rows = Callable[[str], list[tuple[object, ...]]]


def _known_contents(stage: Stage, legacy: Rows, target: Rows) -> None:
    known = {"request": 36, "sample": 16, "result": 44, "person": 4, "requester": 6, "laboratory": 1}
    for table, rows in known.items():
        [(found,)] = target(f"SELECT count(*) FROM {table}")
        stage.check(f"{table}: {found}", holds=found == rows)
    text = tr("the fifth of its patients has no visit, and stays", "le cinquième patient n'a pas de venue, et reste")
    [(without,)] = legacy("SELECT count(*) FROM patients WHERE id NOT IN (SELECT patient_id FROM visits)")
    stage.check(text, holds=without == 1)
    before = legacy("SELECT tr.id, tr.test_id, tr.measure_id, tr.result, tr.time_entered FROM test_results tr")
    after = target("SELECT legacy_id, request, code, value_as_text, obtained_at FROM result")
    same = {tuple(map(str, row)) for row in before} == {tuple(map(str, row)) for row in after}
    stage.check(tr("every result as in iBLIS's own table", "chaque résultat comme dans la table d'iBLIS"), holds=same)


def _migrate(
    stage: Stage, target: Database, *, source: tuple[str, str], url: str, dates: tuple[str, str], sites: Sequence[str],
    fields: dict[str, tuple[str, ...]],
) -> None:  # fmt: skip
    stage.say("Keys, agreement and order as in `make demo`.", "Clés, contrat et ordre comme dans `make demo`.")
    stage.hush = True
    keys(stage)
    sign_agreement(stage)
    today = dt.datetime.now(dt.UTC).date()
    shown = json.loads(stage.ecluse("key", "show", "keys/kalisil.age", "--json", quiet=True))
    order = papers.real_order(shown["recipient"], today, source=source, dates=dates, sites=sites, fields=fields)
    stage.write("order.yaml", order)
    stage.ecluse("order", "sign", "order.yaml", "--agreement", "agreement.json", "--key", "keys/dr.martin")
    stage.hush = False
    stage.show(order)
    stage.ecluse(
        "plan", "-w", "migration", "--agreement", "agreement.json", "--order", "order.json", "--source", url,
        "--profile", source[1], "--agent-key", "keys/agent-source", "--destination", f"{target.url}?sslmode=disable",
        "--destination-profile", "openlis-postgresql", "--identity", "keys/kalisil.age",
        "--destination-agent-key", "keys/agent-destination", "--no-sql",
    )  # fmt: skip
    stage.ecluse("run", "-w", "migration")


def _end(stage: Stage) -> None:
    stage.act("Accept, erase, prove", "Accepter, effacer, prouver")
    stage.ecluse("accept", "-w", "migration", "--key", "keys/dr.martin")
    stage.ecluse("evidence", "export", "migration", "--out", "evidence.zip")
    stage.hush = True
    signers = ("dr.martin", "a.petit")
    stage.write("allowed_signers", "".join(f"{who} {stage.public_key(f'keys/{who}')}\n" for who in signers))
    stage.ecluse("evidence", "verify", "evidence.zip", "--trust", "allowed_signers")
    stage.hush = False
    stage.check(tr("the evidence verifies", "les preuves se vérifient"), holds=True)
    stage.say(f"({stage.seconds():.0f} s)", f"({stage.seconds():.0f} s)")


if __name__ == "__main__":
    raise SystemExit(main())
