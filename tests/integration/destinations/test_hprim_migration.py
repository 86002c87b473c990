"""Whole migrations into HPRIM files, and out of them again: the same rows, killed between, with what cannot be written."""

import contextlib
import html
import shutil
import signal
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from demo.legacy_lis import Scope

from migrating import IN, OUT, Desk, W, expected_rows, holding, numbers
from migrating_engines import PROFILES, move_source
from servers import PostgresqlServer

STATUSES = {"V": "F", "C": "C", "T": "P", "N": "R"}


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    desk = Desk.made(tmp_path_factory.mktemp("hprim") / "desk", patients=20, scope=Scope(mark_in_scope=True))
    profile = yaml.safe_load((PROFILES / "hprim-sante-oru.yaml").read_text(encoding="utf-8"))
    profile["entities"]["observation"]["values"] = {"status": STATUSES}
    desk.path("target.yaml").write_text(yaml.safe_dump(profile, sort_keys=False))
    desk.path("inbox").mkdir()
    return replace(desk, target=(f"hprim://{desk.path('inbox')}?recipient=CHU", "target.yaml"))


@pytest.fixture
def desk(signed: Desk, tmp_path: Path) -> Desk:
    copy = signed.copy(tmp_path / "desk")
    return replace(copy, target=(f"hprim://{copy.path('inbox')}?recipient=CHU", "target.yaml"))


def test_as_mails_to_a_physician(desk: Desk) -> None:
    profile = yaml.safe_load((PROFILES / "hprim-medecin-mail.yaml").read_text(encoding="utf-8"))
    profile["entities"]["observation"]["columns"]["status"] = "RES-25"  # the source has a state more than RES-10
    profile["hprim"]["encoding"] = "cp1252"
    desk.path("target.yaml").write_text(yaml.safe_dump(profile, sort_keys=False))
    source = (PROFILES / "demo-dxlab.yaml").read_text(encoding="utf-8")
    for column in (
        "r.VALEUR",
        "r.UNITE",
        "r.NORMES",
        "p.NOM",
        "p.PRENOM",
        "p.TITRE",
        "p.NUM_SS",
        "p.DATE_NAISS",
        "d.CODE_MED",
    ):
        source = source.replace(
            f"{column} AS", f"NULLIF({column}, '') AS"
        )  # a mail cannot tell an empty text from none
    desk.path("source.yaml").write_text(source, encoding="utf-8")
    desk = replace(desk, source=("legacy.sqlite", "source.yaml"))
    desk.plan()
    done = desk.ecluse("run", *W)
    assert "Differences\n  None." in done.out
    data = b"".join(path.read_bytes() for path in desk.path("inbox").glob("*.hpm"))
    assert data.count(b"****FIN****") == len(expected_rows(desk.built)["request"])
    assert data.count(b"\r\nRES|") == len(expected_rows(desk.built)["observation"])
    assert not holding(OUT, desk.root, but={"legacy.sqlite"})
    desk.finish()


def source_of_files(encoding: str) -> dict[str, Any]:
    """How Écluse's own HPRIM Santé messages are read: the places of ``hprim-sante-oru``, ``""`` for an empty text."""

    def told(column: str) -> str:
        return f"CASE {column} WHEN '' THEN NULL WHEN '\"\"' THEN '' ELSE {column} END"

    old = yaml.safe_load((PROFILES / "demo-dxlab.yaml").read_text(encoding="utf-8"))
    coded = " ".join(f"WHEN '{code}' THEN '{status}'" for status, code in STATUSES.items())
    columns = {
        "m_p p": {"source_id": "p.p_4", "family_name": "p.p_6_1", "given_names": "p.p_6_2", "birth_date": "p.p_53",
                  "sex": "p.p_54", "nir": "p.p_55"},
        "m_obr o": {"source_id": "o.obr_4_2", "patient": "p.p_4", "registered_on": "o.obr_62",
                    "prescriber": "o.obr_17_1", "site": "h.h_5_1"},
        "m_obx x": {"source_id": "x.obx_31", "request": "o.obr_4_2", "code": "x.obx_4_1", "raw_value": "x.obx_33",
                    "unit": "x.obx_7", "reference_range": "x.obx_8"},
    }  # fmt: skip
    listed = {
        table: ", ".join(f"{told(column)} AS {name}" for name, column in each.items())
        for table, each in columns.items()
    }
    parent = "JOIN m_p p ON p._message = o._message AND p._line = o._p JOIN m_h h ON h._message = o._message"
    selects = {
        "patient": f"SELECT DISTINCT {listed['m_p p']} FROM m_p p",
        "request": f"SELECT {listed['m_obr o']} FROM m_obr o {parent}",
        "observation": f"SELECT {listed['m_obx x']}, CASE x.obx_12 {coded} END AS status FROM m_obx x "
        "JOIN m_obr o ON o._message = x._message AND o._line = x._obr",
    }
    fields = ["H-5.1", "P-4", "P-6.1", "P-6.2", "P-53", "P-54", "P-55", "OBR-4.2", "OBR-62", "OBR-17.1", "OBX-31", "OBX-4.1",
              "OBX-33", "OBX-7", "OBX-8", "OBX-12"]  # fmt: skip
    entities = {name: old["entities"][name] | {"select": select} for name, select in selects.items()}
    entities["patient"]["parse"] = {name: old["entities"]["patient"]["parse"][name] for name in ("birth_date", "sex")}
    entities["request"]["parse"] = {"registered_on": old["entities"]["request"]["parse"]["registered_on"]}
    entities["request"]["scope"] = {"dates": {"registered_on": "text_yyyymmdd"}, "site": "site"}
    entities["observation"]["parse"] = {"value": {"number": True}}
    file = {"path": "*.hpr", "format": "hprim_sante", "encoding": encoding, "fields": fields}
    return old | {"engine": "files", "files": {"m": file}, "entities": entities}


def test_from_postgresql_into_files_and_out_of_them_the_rows_are_the_same(
    desk: Desk, tmp_path: Path, postgresql: PostgresqlServer
) -> None:
    old = move_source(desk, "postgresql", postgresql)
    assert old is not None
    into = replace(desk, source=(old.url, "source.yaml"))
    into.plan()
    done = into.ecluse("run", *W)
    assert "Differences\n  None." in done.out
    written = sorted(desk.path("inbox").iterdir())
    assert written
    assert all(path.suffix == ".hpr" for path in written)
    assert not holding(OUT, desk.root, but={"legacy.sqlite"})
    assert all(IN in path.read_bytes() for path in written)
    out = desk.copy(tmp_path / "out")
    into.finish()
    shutil.rmtree(out.path("migration"))
    out.path("files.yaml").write_text(yaml.safe_dump(source_of_files("iso8859-1"), allow_unicode=True, sort_keys=False))
    out = replace(out, source=(f"files://{out.path('inbox')}", "files.yaml"), target=("new.sqlite", "demo-kalisil"))
    out.plan()
    done = out.ecluse("run", *W)
    assert "Differences\n  None." in done.out
    assert numbers(out.target_rows()) == expected_rows(desk.built)
    out.finish()


def test_what_the_encoding_lacks_is_listed_and_its_reason_told(desk: Desk) -> None:
    with contextlib.closing(sqlite3.connect(desk.path("legacy.sqlite"))) as legacy, legacy:
        rows = expected_rows(desk.built)
        key, row = next(iter(rows["observation"].items()))
        legacy.execute("UPDATE RESULTATS SET VALEUR = '🧪 ≥ 5' WHERE ID_RESULTAT = ?", (key,))
        other = next(
            r["demande_source"] for r in rows["observation"].values() if r["demande_source"] != row["demande_source"]
        )
        legacy.execute("UPDATE RESULTATS SET UNITE = '\"\"' WHERE ID_DOSSIER = ?", (other,))
    desk.plan()
    done = desk.ecluse("run", *W)
    out = " ".join(done.out.split())
    assert "Differences None." not in out
    for language, lacking, untold in (
        ("en", "a character that the destination’s encoding lacks", "a text that the destination’s format has no way"),
        (
            "fr",
            "un caractère que l’encodage de la destination n’a pas",
            "un texte que le format de la destination ne sait",
        ),
    ):
        report = html.unescape(desk.path("migration", "reports", f"reconciliation.{language}.html").read_text("utf-8"))
        assert lacking in report
        assert untold in report
    assert row["demande_source"] in out
    assert other in out
    data = b"".join(path.read_bytes() for path in desk.path("inbox").iterdir())
    assert row["demande_source"].encode() not in data
    requests = set(expected_rows(desk.built)["request"]) - {row["demande_source"], other}
    assert all(request.encode() in data for request in requests)


def test_what_hprim_has_no_place_for_is_refused_when_the_order_is_planned(desk: Desk) -> None:
    def more(order: dict[str, Any]) -> dict[str, Any]:
        order["scope"]["fields"]["specimen"] = ["source_id", "barcode"]
        return order

    desk.sign_order(more)
    refused = desk.plan(code=19)
    assert "specimen" in refused.err
    assert "no place in a message" in " ".join(refused.err.split())
    assert not list(desk.path("inbox").iterdir())


@pytest.mark.parametrize("written", [0, 1, 2])
def test_killed_while_it_writes_files_the_same_ones_stand_in_the_end(desk: Desk, written: int) -> None:
    desk.plan()
    victim = f"""
import os, signal, sys
from ecluse.adapters.destinations import _messages
_messages._MESSAGES = 10
real, done = _messages.write_atomic, []
def write(path, data):
    if len(done) == {written}:
        os.kill(os.getpid(), signal.SIGKILL)
    real(path, data)
    done.append(path)
_messages.write_atomic = write
from ecluse.cli import main
sys.exit(main(sys.argv[1:]))
"""
    command = [sys.executable, "-c", victim, "run", *W]
    killed = subprocess.run(
        command, cwd=desk.root, env=desk.environment(), capture_output=True, timeout=120, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    assert len(list(desk.path("inbox").iterdir())) == written
    left = [path.name for path in desk.path("migration", "destination").iterdir()]
    assert not [name for name in left if name.startswith("messages-")]
    assert not holding(IN, desk.path("migration"))
    before = {path.name: path.read_bytes() for path in desk.path("inbox").iterdir()}
    resume = [sys.executable, "-c", victim.replace(f"== {written}", "== -1"), "resume", *W]
    done = subprocess.run(resume, cwd=desk.root, env=desk.environment(), capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert b"Differences\n  None." in done.stdout
    after = {path.name: path.read_bytes() for path in desk.path("inbox").iterdir()}
    assert {name: after[name] for name in before} == before
    requests = [line for data in after.values() for line in data.split(b"\r\n") if line.startswith(b"OBR|")]
    assert len(requests) == len(set(requests)) == len(expected_rows(desk.built)["request"])
    desk.finish()
