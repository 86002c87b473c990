"""Whole migrations by the command line: on one machine, on two, interrupted, refused, gone wrong."""

import json
import shutil
import sqlite3
from pathlib import Path

import pytest

from functional.cli import lis
from functional.cli.world import Desk


def test_one_machine_from_plan_to_evidence(desk: Desk) -> None:
    lis.prepared(desk)
    plan = desk.run(f"{lis.PLAN} {lis.DESTINATION}").out
    assert "FROM DOSSIERS AS d" in plan
    assert "outside the dates" in plan
    planned = desk.run("plan -w w --json").json()["plan"]
    ran = desk.run("run -w w --json").json()
    assert ran["next"] == "accept"
    assert ran["clean"]
    counted = {entity["entity"]: entity["rows"] for entity in planned["entities"]}
    assert lis.rows(desk, "demande") == counted["request"]
    assert lis.rows(desk, "resultat") == counted["observation"]
    assert desk.run("status w --json").json()["places"]["destination"]["owner"] == "controller"
    accepted = desk.run("accept -w w --key director.key")
    assert "accepted by dr.martin" in accepted.out
    status = desk.run("status w --json").json()
    assert status["next"] == "done"
    assert {place["state"] for place in status["places"].values()} == {"erased"}
    assert not list(Path("w").rglob("*.age"))
    assert not Path("kalisil.key").exists()
    desk.run("erase -w w")
    desk.run("evidence export w --out evidence.zip")
    assert desk.verify()["complete"]
    desk.run("journal verify w")


def test_run_to_the_end_with_the_director_s_key(desk: Desk) -> None:
    lis.prepared(desk)
    desk.run(lis.PLAN)
    done = desk.run(f"run -w w {lis.DESTINATION} --accept-key director.key --json").json()
    assert done["next"] == "done"
    assert done["states"] == {"source": "erased", "destination": "erased"}
    again = desk.run("run -w w --json").json()
    assert again["next"] == "done"


def test_two_machines_and_a_folder_between(desk: Desk) -> None:
    lis.prepared(desk)
    box = "--mailbox exchange"
    desk.run(f"plan -w here --agreement agreement.json --order order.json {lis.SOURCE} {box}")
    desk.run("extract -w here")
    desk.run("deliver -w here")
    assert desk.run("status here --json").json()["next"] == "receive"
    assert desk.run("load -w there", code=2).err.startswith("error: there/destination: no workspace here")
    desk.run(f"receive -w there --agreement agreement.json {box} {lis.DESTINATION}")
    assert desk.run("status there --json").json()["next"] == "load"
    desk.run("load -w there")
    assert "Every row that was ordered arrived" in desk.run("reconcile -w there").out
    assert "Every row that was ordered arrived" in desk.run("reconcile -w there").out
    assert "no decision waits" in desk.run("accept -w here", code=2).err
    desk.run("accept -w there --key director.key")
    assert desk.run("status there --json").json()["places"]["destination"]["state"] == "erased"
    assert desk.run("status here --json").json()["places"]["source"]["state"] == "delivered"
    desk.run("accept -w here")
    assert desk.run("status here --json").json()["places"]["source"]["state"] == "erased"
    Path("both").mkdir()
    shutil.copytree("here/source", "both/source")
    shutil.copytree("there/destination", "both/destination")
    desk.run("evidence export both --out evidence.zip")
    assert desk.verify()["complete"]


def test_a_step_before_its_turn_changes_nothing(desk: Desk) -> None:
    lis.prepared(desk)
    desk.run(lis.PLAN)
    before = desk.run("status w --json").json()
    for line in ("deliver -w w", "erase -w w"):
        assert desk.run(line, code=16).err.startswith("error: ")
    for line in (f"load -w w {lis.DESTINATION}", "reconcile -w w", "accept -w w --key director.key"):
        desk.run(line, code=2)
    after = desk.run("status w --json").json()
    assert after["places"]["source"]["state"] == before["places"]["source"]["state"] == "planned"
    assert lis.rows(desk, "demande") == 0


def test_a_source_that_changed_since_the_plan_stops_at_the_gate(desk: Desk) -> None:
    lis.prepared(desk)
    desk.run(lis.PLAN)
    lis.source(desk, "DELETE FROM RESULTATS WHERE ID_DOSSIER IN (SELECT ID_DOSSIER FROM DOSSIERS "
                     "WHERE DATE_ENR LIKE '2019%' AND CODE_SITE = 'RENNES-CENTRE')")  # fmt: skip
    stopped = desk.run(f"run -w w {lis.DESTINATION}", code=15)
    assert "RENNES" not in stopped.err
    assert desk.run("status w --json").json()["next"] == "resume"
    again = desk.run("run -w w", code=16)
    assert "suspended" in again.err
    assert "ecluse resume" in again.err
    assert "out of scope".upper() in desk.run("journal show w").out
    desk.run("resume -w w", code=15)


def test_persons_who_stay_out(desk: Desk) -> None:
    lis.systems(desk)
    desk.agreement()
    recipient = desk.run("key new recipient kalisil.key --json").json()["recipient"]
    desk.run("key new exclusion exclusion.key")
    Path("refusals.txt").write_text("100007\n100008\n100019\n100023\n", encoding="utf-8")
    desk.run("order exclude-persons refusals.txt --key exclusion.key --out persons.keyed")
    desk.signed_order(recipient, **{"scope.exclude_persons": "persons.keyed"})
    shown = json.loads(Path("order.json").read_text(encoding="utf-8"))["scope"]["exclude_persons"]
    assert shown["persons"] == 4
    refused = desk.run(lis.PLAN, code=12)
    assert "their list was not given" in refused.err
    assert not Path("w").exists()
    given = "--persons persons.keyed --exclusion-key exclusion.key"
    plan = desk.run(f"{lis.PLAN} {given}")
    assert "excluded person" in plan.out
    assert "100007" not in plan.out
    desk.run(f"run -w w {lis.DESTINATION}")
    for file in Path("w").rglob("*"):
        assert not file.is_file() or b"100007" not in file.read_bytes()


def test_a_dry_run_writes_nothing(desk: Desk) -> None:
    lis.prepared(desk)
    before = sorted(path.name for path in desk.root.iterdir())
    assert "What leaves" in desk.run(f"{lis.PLAN} --dry-run").out
    assert sorted(path.name for path in desk.root.iterdir()) == before


def test_grants_are_explained_for_sqlite(desk: Desk) -> None:
    lis.prepared(desk)
    script = desk.run(f"{lis.PLAN} --grants").out
    assert script.startswith("--")
    assert not Path("w").exists()


def test_a_reconciliation_that_is_not_clean_is_never_accepted_by_silence(desk: Desk) -> None:
    lis.prepared(desk)
    desk.run(lis.PLAN)
    for step in ("extract -w w", "deliver -w w", f"receive -w w {lis.DESTINATION}", "load -w w"):
        desk.run(step)
    target = "UPDATE resultat SET valeur_brute = 'x' WHERE id_source = (SELECT MIN(id_source) FROM resultat)"
    with sqlite3.connect("new.sqlite") as new:
        new.execute(target)
    told = desk.run("reconcile -w w")
    assert "not as ordered: 1 row differs" in told.out
    assert "raw_value" in told.out
    refused = desk.run("accept -w w --key director.key", code=18)
    assert "--decision" in refused.err
    desk.run("accept -w w --key director.key --decision accepted", code=12)
    desk.run("accept -w w --key management.key --decision refused", code=12)
    done = desk.run(["accept", "-w", "w", "--key", "director.key", "--decision", "accepted_with_differences",
                     "--remarks", "seen"])  # fmt: skip
    assert "accepted with its differences by dr.martin" in done.out


@pytest.mark.parametrize("language", ["en", "fr"])
def test_what_is_shown_on_the_way(desk: Desk, language: str) -> None:
    lis.prepared(desk)
    words = {"en": ("What leaves", "sealed: ", "read back", "next, the director"),
             "fr": ("Ce qui sort", "scellé : ", "relu", "ensuite, le directeur")}[language]  # fmt: skip
    told = desk.run(f"{lis.PLAN} --lang {language}").out + desk.run(f"run -w w {lis.DESTINATION} --lang {language}").out
    assert all(word in told for word in words)
    assert not desk.run("run -w w --quiet").out
