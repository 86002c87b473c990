"""A whole small migration on a desk: the demo's legacy LIS, keys, papers, plan, run; with the real commands.

    desk = Desk.made(tmp_path, patients=20)     # legacy.sqlite, new.sqlite, keys, signed agreement and order
    desk.plan()
    desk.ecluse("run", "-w", "migration")       # in this process
    desk.spawn("resume", "-w", "migration")     # in a process of its own, as a person would

A desk is a folder in which every name is relative, so that a copy of it (:meth:`Desk.copy`) is a desk of its own.
"""

import base64
import contextlib
import datetime as dt
import io
import json
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml
from demo import papers
from demo.legacy_lis import DEMO_SCOPE, EXCLUDED_PATIENTS, Built, Scope, build

import ecluse
from ecluse.cli import main

ROOT = Path(ecluse.__file__).parents[2]
OUT = b"HORS-ORDRE"
IN = b"DANS-ORDRE"
SIGNERS = ("dr.martin", "a.petit", "agent-source", "agent-destination")
W = ("-w", "migration")
_QUIET = ("LC_ALL", "LC_MESSAGES", "LANG", "ECLUSE_DEBUG", "ECLUSE_SOURCE_PASSWORD", "ECLUSE_DESTINATION_PASSWORD")

Rows = dict[str, dict[str, dict[str, Any]]]


@dataclass(frozen=True)
class Done:
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Desk:
    """One folder with everything in it; ``source`` and ``target`` are what ``plan`` is told of both systems."""

    root: Path
    built: Built
    source: tuple[str, str] = ("legacy.sqlite", "demo-dxlab")
    target: tuple[str, str] = ("new.sqlite", "demo-kalisil")

    @classmethod
    def made(
        cls, root: Path, *, patients: int = 50, seed: int = 42, scope: Scope = DEMO_SCOPE, trace: bool = False
    ) -> "Desk":
        """Two systems, everybody's keys, a signed agreement, a signed order; ``trace``: it asks for fingerprints."""
        root.mkdir(parents=True, exist_ok=True)
        desk = cls(root, build(root / "legacy.sqlite", patients=patients, seed=seed, scope=scope))
        with contextlib.closing(sqlite3.connect(root / "new.sqlite")) as target, target:
            target.executescript((ROOT / "demo" / "new_lis.sql").read_text(encoding="utf-8"))
        desk._make_keys()
        desk._sign_agreement()
        if trace:
            desk.ecluse("key", "new", "recipient", "keys/trace.age")
        desk.sign_order()
        return desk

    def copy(self, root: Path) -> "Desk":
        """The same, elsewhere: file names that the workspace remembers are made those of the copy."""
        shutil.copytree(self.root, root, symlinks=True)
        config = root / "migration" / "config.json"
        if config.exists():
            config.write_bytes(config.read_bytes().replace(str(self.root).encode(), str(root).encode()))
        return replace(self, root=root)

    def path(self, *parts: str) -> Path:
        return self.root.joinpath(*parts)

    def ecluse(self, *arguments: str, code: int | None = 0) -> Done:
        """Run a command in this process; ``code`` is the exit code expected (None: any)."""
        out, err = io.StringIO(), io.StringIO()
        saved = {name: os.environ.pop(name) for name in _QUIET if name in os.environ}
        umask, limit = os.umask(0o077), resource.getrlimit(resource.RLIMIT_CORE)
        try:
            with contextlib.chdir(self.root), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                found = main(arguments)
        finally:
            os.umask(umask)
            with contextlib.suppress(ValueError, OSError):
                resource.setrlimit(resource.RLIMIT_CORE, limit)
            os.environ.update(saved)
        return _checked(arguments, Done(found, out.getvalue(), err.getvalue()), code)

    def command(self, *arguments: str, prefix: Sequence[str] = ()) -> list[str]:
        """The command line of a process of its own."""
        return [*prefix, sys.executable, "-m", "ecluse", *arguments]

    def environment(self, **more: str) -> dict[str, str]:
        known = {name: value for name, value in os.environ.items() if name not in _QUIET}
        return known | {"PYTHONPATH": str(ROOT / "src"), "PYTHONDONTWRITEBYTECODE": "1"} | more

    def spawn(
        self,
        *arguments: str,
        code: int | None = 0,
        prefix: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
        timeout: float = 120,
        **more: Any,
    ) -> Done:
        """Run a command in a process of its own."""
        done = subprocess.run(
            self.command(*arguments, prefix=prefix),
            cwd=self.root,
            env=self.environment(**(env or {})),
            capture_output=True,
            timeout=timeout,
            check=False,
            **more,
        )
        out, err = done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")
        return _checked(arguments, Done(done.returncode, out, err), code)

    def plan(self, *more: str, code: int = 0) -> Done:
        """Plan the signed order; the workspace remembers all that ``run`` needs."""
        return self.ecluse(
            "plan", *W, "--agreement", "agreement.json", "--order", "order.json",
            "--source", self.source[0], "--profile", self.source[1], "--agent-key", "keys/agent-source",
            "--persons", "persons.keyed", "--exclusion-key", "keys/exclusion",
            "--destination", self.target[0], "--destination-profile", self.target[1],
            "--identity", "keys/kalisil.age", "--destination-agent-key", "keys/agent-destination", *more,
            code=code,
        )  # fmt: skip

    def finish(self) -> None:
        """The director accepts, which erases; the evidence is exported and verified."""
        self.ecluse("accept", *W, "--key", "keys/dr.martin")
        self.prove()

    def prove(self) -> None:
        """Export the evidence and verify it."""
        self.path("evidence.zip").unlink(missing_ok=True)
        self.ecluse("evidence", "export", "migration", "--out", "evidence.zip")
        self.verify()

    def verify(self) -> None:
        """The evidence, by the keys of one who binds each party."""
        mine = self.path("allowed_signers")
        mine.write_text("".join(f"{who} {self.path('keys', f'{who}.pub').read_text()}" for who in SIGNERS[:2]))
        self.ecluse("evidence", "verify", "evidence.zip", "--trust", "allowed_signers")

    def states(self) -> tuple[str | None, str | None]:
        """Where source and destination stand."""
        found = self.ecluse("status", "migration", "--json").json()
        return tuple(found["places"].get(place, {}).get("state") for place in ("source", "destination"))

    def target_rows(self) -> Rows:
        """What stands in the new SQLite, read by plain SQL: entity → key → column → value."""
        with contextlib.closing(sqlite3.connect(self.root / "new.sqlite")) as target:
            return {entity: _read(target, table, key) for entity, (table, key) in TABLES.items()}

    def sign_order(self, change: Any = lambda order: order) -> None:
        """Write and sign the order of the design, changed by ``change`` (a function of the parsed YAML)."""
        trace = self.recipient("trace") if self.path("keys", "trace.age").exists() else ""
        order = yaml.safe_load(papers.demo_order(self.recipient("kalisil"), _today(), trace))
        (self.root / "order.yaml").write_text(yaml.safe_dump(change(order), allow_unicode=True, sort_keys=False))
        for old in self.root.glob("order.json*"):
            old.unlink()
        self.ecluse("order", "sign", "order.yaml", "--agreement", "agreement.json", "--key", "keys/dr.martin")

    def recipient(self, name: str) -> str:
        """The public half of an identity."""
        return str(self.ecluse("key", "show", f"keys/{name}.age", "--json").json()["recipient"])

    def _make_keys(self) -> None:
        (self.root / "keys").mkdir(mode=0o700)
        for name in SIGNERS:
            self.ecluse("key", "new", "signing", f"keys/{name}", "--name", name)
        self.ecluse("key", "new", "recipient", "keys/kalisil.age")
        self.ecluse("key", "new", "exclusion", "keys/exclusion")
        refusals = self.root / "refusals.txt"
        refusals.write_text("".join(f"{number}\n" for number in EXCLUDED_PATIENTS))
        self.ecluse("order", "exclude-persons", "refusals.txt", "--key", "keys/exclusion", "--out", "persons.keyed")
        refusals.unlink()

    def _sign_agreement(self) -> None:
        self.ecluse("agreement", "new", "agreement.yaml")
        publics = {name: (self.root / f"keys/{name}.pub").read_text().strip() for name in SIGNERS}
        draft = self.root / "agreement.yaml"
        draft.write_text(papers.agreement(draft.read_text(), "DPA-2026-007", publics, _today()))
        for name in SIGNERS[:2]:
            self.ecluse("agreement", "sign", "agreement.yaml", "--key", f"keys/{name}")


TABLES = {
    "patient": ("patient", "ipp_source"),
    "request": ("demande", "numero_source"),
    "observation": ("resultat", "id_source"),
}
"""Entity → table and key of the new LIS."""

_TITLES = {"M": "male", "F": "female", "MME": "female", "MLLE": "female", "SOEUR": "female"}


def expected_rows(built: Built, *, nulls: bool = True) -> Rows:
    """What the new LIS must hold, worked out from the generator's own account; shares nothing with Écluse.

    ``nulls`` False: the source cannot tell NULL from an empty text (CSV).
    """
    made: Rows = {"patient": {}, "request": {}, "observation": {}}
    for key, row in built.expected["patient"].items():
        made["patient"][key] = {
            "ipp_source": key, "nom": row["family_name"], "prenoms": row["given_names"],
            "date_naissance": birth_date(row["birth_date"]), "date_naissance_brute": row["birth_date"],
            "sexe": _TITLES.get(row["sex"], "unknown") if row["sex"] else None, "sexe_brut": row["sex"],
            "nir": row["nir"], "nir_cle": None,
        }  # fmt: skip
    for key, row in built.expected["request"].items():
        day = str(row["registered_on"])
        made["request"][key] = {
            "numero_source": key, "patient_source": row["patient"],
            # the catalogue has registration as a moment; the old LIS knows the day
            "enregistree_le": f"{day[:4]}-{day[4:6]}-{day[6:]} 00:00:00", "enregistree_le_brute": day,
            "site": row["site"], "prescripteur_source": row["prescriber"],
        }  # fmt: skip
    for key, row in built.expected["observation"].items():
        made["observation"][key] = {
            "id_source": key, "demande_source": row["request"], "code": row["code"], "valeur_brute": row["raw_value"],
            "comparateur": row["comparator"], "valeur": None if row["value"] is None else Decimal(row["value"]),
            "unite": row["unit"], "intervalle": row["reference_range"], "statut": row["status"],
        }  # fmt: skip
    if not nulls:
        as_stored = {"nom", "prenoms", "date_naissance_brute", "sexe_brut", "nir", "valeur_brute", "unite",
                     "intervalle", "statut", "prescripteur_source"}  # fmt: skip
        for rows in made.values():
            for row in rows.values():
                row |= {name: "" for name, value in row.items() if value is None and name in as_stored}
    return made


def birth_date(text: str | None) -> str | None:
    """A birth date as the new LIS writes it: ISO 8601, reduced where day or month name nothing."""
    if not text:
        return None
    if len(text) == 4:
        return text
    day, month, year = (int(part) for part in text.split("/"))
    year += 0 if year > 99 else 1900 if year >= 30 else 2000
    if not 1 <= month <= 12:
        return f"{year:04}"
    with contextlib.suppress(ValueError):
        return dt.date(year, month, day).isoformat()
    return f"{year:04}-{month:02}"


def numbers(rows: Rows) -> Rows:
    """The same rows with every number as a plain Decimal, so that engines compare."""
    for row in rows["observation"].values():
        if row["valeur"] is not None:
            row["valeur"] = Decimal(str(row["valeur"]))
    return rows


def forms(needle: bytes) -> tuple[bytes, ...]:
    """How a marker may be written down: as it is, in UTF-16, in base 64 at any offset, in hexadecimal digits."""
    text = needle.decode("ascii")
    coded = []
    for shift in range(3):
        padded = base64.b64encode(b"\0" * shift + needle)
        coded.append(padded[(shift * 8 + 5) // 6 : len(padded) - 4])
    return needle, text.encode("utf-16-le"), text.encode("utf-16-be"), *coded, needle.hex().encode()


def holding(needle: bytes, folder: Path, *, but: Iterable[str] = ()) -> list[str]:
    """Files under a folder that hold a marker, in any of its forms; ``but`` are relative names to leave out."""
    sought = forms(needle)
    found = []
    left_out = set(but)
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and not p.is_symlink()):
        name = str(path.relative_to(folder))
        if name in left_out:
            continue
        with contextlib.suppress(FileNotFoundError):  # what lies and goes while others work, such as a session's mark
            data = path.read_bytes()
            if any(form in data for form in sought):
                found.append(name)
    return found


def _read(target: sqlite3.Connection, table: str, key: str) -> dict[str, dict[str, Any]]:
    cursor = target.execute(f"SELECT * FROM {table}")
    names = [column[0] for column in cursor.description]
    rows = [dict(zip(names, row, strict=True)) for row in cursor]
    found = {row[key]: row for row in rows}
    assert len(found) == len(rows), f"{table}: a key twice"
    return found


def _checked(arguments: Sequence[str], done: Done, code: int | None) -> Done:
    assert code is None or done.code == code, f"ecluse {' '.join(arguments)} → {done.code}\n{done.out}\n{done.err}"
    return done


def _today() -> dt.date:
    return dt.datetime.now(dt.UTC).date()
