"""A sample of prior results side by side: in a terminal of its own, equal or not, and in no file."""

import os
import re
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import terminals
from ecluse.verify._tree import leaf, root_of
from ecluse.workspace.place import Workspace
from functional.cli import lis
from functional.cli.world import Desk
from migrating import holding

ROOT = Path(__file__).parents[3]
WITNESS = "VALEUR-TEMOIN-7391"
ENTER, LEAVE = "\x1b[?1049h", "\x1b[?1049l"
JOINED = "resultat r JOIN demande d ON r.demande_source = d.numero_source"
LINE = "compare -w w --by dr.martin --seed mars --patients 2"


@pytest.fixture
def loaded(desk: Desk) -> Desk:
    lis.prepared(desk)
    desk.run(f"{lis.PLAN} {lis.DESTINATION}")
    desk.run("run -w w")
    return desk


def in_terminal(desk: Desk, line: str, typed: str = "\n") -> tuple[int, str]:
    """Exit code and all that the terminal was told; ``typed`` answers each prompt."""
    (desk.root / "tmp").mkdir(exist_ok=True)
    env = {name: value for name, value in os.environ.items() if name not in {"LC_ALL", "LC_MESSAGES", "LANG"}}
    env |= {"PYTHONPATH": str(ROOT / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    env |= {"TMPDIR": str(desk.root / "tmp"), "HOME": str(desk.root / "tmp")}
    return terminals.in_terminal([sys.executable, "-m", "ecluse", *line.split()], desk.root, env, typed)


def files(desk: Desk) -> dict[str, bytes]:
    """Every file, but for the journal that tells of each look."""
    found = (p for p in desk.root.rglob("*") if p.is_file())
    there = {str(p.relative_to(desk.root)): p for p in found}
    return {name: p.read_bytes() for name, p in there.items() if not name.startswith("w/destination/journal/")}


def looks(desk: Desk) -> list[dict[str, Any]]:
    """What the journal tells of each, without its moment."""
    told = desk.run("journal show w/destination --json").json()["destination"]
    return [entry for entry in told if entry["event"] == "sample.compared"]


def change(desk: Desk, sql: str, *values: str) -> int:
    with closing(sqlite3.connect(desk.root / "new.sqlite")) as target, target:
        return target.execute(sql, values).rowcount


def patients_in(text: str) -> list[str]:
    return re.findall(r"patient (\S+)", text)


def test_an_equal_sample_leaves_nothing_behind(loaded: Desk) -> None:
    before = files(loaded)
    code, told = in_terminal(loaded, LINE)
    assert code == 0, told
    shown, _, after = told.partition(LEAVE)
    assert shown.startswith(ENTER)
    assert "looked at in the name of dr.martin: stated by whoever ran this, not proved" in shown
    assert (
        "regardé au nom de dr.martin : dit par qui a lancé ceci, sans preuve"
        in in_terminal(loaded, f"{LINE} --lang fr")[1]
    )
    people = sorted(set(patients_in(shown)))
    assert len(people) == 2
    with closing(sqlite3.connect(loaded.root / "new.sqlite")) as target:
        rows = target.execute(
            f"SELECT valeur_brute, code FROM {JOINED} WHERE d.patient_source IN (?, ?)", people
        ).fetchall()
    assert shown.count("✓") == len(rows) + 2
    assert all(value is None or value.strip() in shown for value, _code in rows)
    assert after.strip() == f"{len(rows)} results of 2 patients: all equal"
    assert files(loaded) == before
    look, _again = looks(loaded)
    counts = {"equal": len(rows), "different": 0, "missing": 0, "unexpected": 0}
    assert look["subject"] == "given"
    assert look["detail"] == {"by": "dr.martin", "patients": 2, "patients_different": 0} | counts
    assert patients_in(in_terminal(loaded, LINE, "q\n")[1])[0] in people
    assert loaded.run(f"{LINE} --json").json()["results"]["equal"] == len(rows)


def test_the_journal_draws_where_nobody_says_otherwise(loaded: Desk) -> None:
    """Each look draws others; whoever holds journal and parcels draws the same again; only numbers name nobody."""
    line = "compare -w w --by dr.martin --patients 1"
    drawn = [patients_in(in_terminal(loaded, line)[1])[0] for _ in range(5)]
    assert len(set(drawn)) > 1
    assert all(look["subject"] == "journal" and look["detail"]["by"] == "dr.martin" for look in looks(loaded))
    with Workspace(loaded.root / "w" / "destination") as place:
        root = root_of([leaf(data) for data in [*place.journal.entries()][: looks(loaded)[0]["index"]]])
    assert patients_in(in_terminal(loaded, f"{line} --seed {root.hex()}")[1])[0] == drawn[0]
    loaded.run("compare -w w --json")
    assert "by" not in looks(loaded)[-1]["detail"]
    for path in (loaded.root / "w" / "destination" / "journal").rglob("*"):
        assert not path.is_file() or not any(key.encode() in path.read_bytes() for key in set(drawn))
    loaded.run("evidence export w --out evidence.zip")
    assert loaded.verify()["consistent"]


def test_whoever_looks_is_of_the_laboratory(loaded: Desk) -> None:
    before = files(loaded)
    for who in ("", "--by nobody", "--by p.legoff", "--by agent-dest"):
        code, told = in_terminal(loaded, f"compare -w w {who}")
        assert code == 2
        assert "say who looks" in told
        assert ENTER not in told
    assert (files(loaded), looks(loaded)) == (before, [])


def test_a_changed_row_is_shown_and_ends_with_18(loaded: Desk) -> None:
    person = patients_in(in_terminal(loaded, LINE)[1])[0]
    one = f"id_source = (SELECT min(id_source) FROM {JOINED} WHERE d.patient_source = ?)"
    assert change(loaded, f"UPDATE resultat SET valeur_brute = '{WITNESS}\x1b[2J' WHERE {one}", person) == 1
    before = files(loaded)
    code, told = in_terminal(loaded, LINE)
    assert code == 18
    shown, _, after = told.partition(LEAVE)
    assert "≠" in shown
    assert f"{WITNESS}\\x1b[2J" in shown
    assert f"{WITNESS}\x1b" not in shown
    assert WITNESS not in after
    assert " 1 differ" in after
    assert files(loaded) == before
    assert holding(WITNESS.encode(), loaded.root, but=["new.sqlite"]) == []
    counted = loaded.run(f"{LINE} --json", code=18)
    assert counted.json()["results"]["different"] == 1
    assert WITNESS not in counted.out + counted.err
    kept = in_terminal(loaded, f"{LINE} --keep")[1]
    assert WITNESS in kept
    assert ENTER not in kept


def test_what_is_missing_or_hangs_on_another_patient_is_seen(loaded: Desk) -> None:
    first, second = sorted(set(patients_in(in_terminal(loaded, LINE)[1])))
    mine = "demande_source IN (SELECT numero_source FROM demande WHERE patient_source = ?)"
    gone = change(loaded, f"DELETE FROM resultat WHERE {mine}", first)
    change(loaded, "UPDATE patient SET nom = 'AUTRE' WHERE ipp_source = ?", first)
    other = "patient_source = (SELECT max(ipp_source) FROM patient WHERE ipp_source NOT IN (?, ?))"
    with closing(sqlite3.connect(loaded.root / "new.sqlite")) as target:
        hung = target.execute(f"SELECT count(*) FROM resultat WHERE {mine}", (second,)).fetchone()[0]
    change(loaded, f"UPDATE demande SET {other} WHERE patient_source = ?", first, second, second)
    answer = loaded.run(f"{LINE} --json", code=18).json()
    assert answer == {
        "patients": 2,
        "patients_different": 1,
        "results": {"equal": 0, "different": hung, "missing": gone, "unexpected": 0},
    }
    told = in_terminal(loaded, LINE)[1]
    assert "request.patient" in told
    assert "missing" in told


def test_another_s_results_under_a_patient_are_unexpected(loaded: Desk) -> None:
    first, second = sorted(set(patients_in(in_terminal(loaded, LINE)[1])))
    stray = f"(SELECT numero_source FROM {JOINED} WHERE patient_source NOT IN (?, ?) LIMIT 1)"
    assert change(loaded, f"UPDATE demande SET patient_source = ? WHERE numero_source = {stray}", first, first, second)
    assert loaded.run(f"{LINE} --json", code=18).json()["results"]["unexpected"] >= 1


def test_no_pipe_no_early_no_late(desk: Desk) -> None:
    lis.prepared(desk)
    desk.run(f"{lis.PLAN} {lis.DESTINATION}")
    for step in ("extract", "deliver", "receive"):
        desk.run(f"{step} -w w")
    assert "compare" in desk.run("compare -w w", code=16).err
    desk.run("run -w w")
    piped = desk.run("compare -w w", code=2)
    assert "in a terminal alone" in piped.err
    assert piped.out == ""
    assert "que dans un terminal" in desk.run("compare -w w --keep --lang fr", code=2).err
    desk.run("compare -w w --patients 11", code=2)
    desk.run("suspend -w w --key director.key --reason look")
    assert desk.run("compare -w w --json").json()["patients"] == 3
    desk.run("resume -w w --key director.key --reason seen --lift")
    Path("kalisil.key").rename("away.key")
    code, told = in_terminal(desk, LINE)
    assert code not in {0, 18}
    assert ENTER not in told
    Path("away.key").rename("kalisil.key")
    desk.run("accept -w w --key director.key")
    assert re.search(r"erased on \d{4}-\d\d-\d\d", desk.run("compare -w w --json", code=16).err)
