"""Law 1 for what hangs on a result: were the query to let it go, the gate would still keep it."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest
import yaml
from sqlglot import exp

from ecluse.migration.scoped import Scoped
from migrating import OUT, ROOT, Desk, W

Fresh = Callable[[Desk], Desk]
PROFILES = ROOT / "src" / "ecluse" / "profiles"
SECRET = OUT.decode() + "-COMMENTAIRE-VIH"


@pytest.fixture
def commented(signed: Desk, fresh: Fresh) -> tuple[Desk, set[str]]:
    """A desk whose comments hang on results, some of an excluded category; keys of comments that may leave."""
    desk = fresh(signed)
    with closing(sqlite3.connect(desk.path("legacy.sqlite"))) as legacy, legacy:
        legacy.execute("CREATE TABLE NOTES (ID INTEGER, ID_DOSSIER INTEGER, ID_RESULTAT INTEGER, TEXTE TEXT)")
        found = legacy.execute("SELECT ID_RESULTAT, ID_DOSSIER, CODE_ANA FROM RESULTATS").fetchall()
        ordered = set(desk.built.expected["request"])
        chosen = [row for row in found if str(row[1]) in ordered and row[2] in {"VIH", "ZDIV", "NA", "K"}]
        legacy.executemany(
            "INSERT INTO NOTES VALUES (?, ?, ?, ?)",
            [(n, request, result, SECRET if code in {"VIH", "ZDIV"} else "vu") for n, (result, request, code) in enumerate(chosen)],
        )
        legacy.execute(f"INSERT INTO NOTES VALUES (1000000, {chosen[0][1]}, NULL, 'sur le dossier')")
    assert {"VIH", "ZDIV", "NA"} <= {code for _result, _request, code in chosen}
    _write_profiles(desk)
    desk.sign_order(_ordering_comments)
    leaving = {str(n) for n, (_r, _q, code) in enumerate(chosen) if code in {"NA", "K"}} | {"1000000"}
    return replace(desk, source=("legacy.sqlite", "source.yaml"), target=("new.sqlite", "target.yaml")), leaving


def _write_profiles(desk: Desk) -> None:
    source = yaml.safe_load((PROFILES / "demo-dxlab.yaml").read_text(encoding="utf-8"))
    columns = "n.ID AS source_id, n.ID_DOSSIER AS request, n.ID_RESULTAT AS observation, n.TEXTE AS text"
    source["entities"]["comment"] = {"select": f"SELECT {columns} FROM NOTES n"}
    desk.path("source.yaml").write_text(yaml.safe_dump(source, allow_unicode=True, sort_keys=False))
    target = yaml.safe_load((PROFILES / "demo-kalisil.yaml").read_text(encoding="utf-8"))
    columns = {"source_id": "id", "request": "demande", "text": "texte"}
    target["entities"]["comment"] = {"table": "remarque", "mode": "merge", "columns": columns}
    desk.path("target.yaml").write_text(yaml.safe_dump(target, allow_unicode=True, sort_keys=False))
    with closing(sqlite3.connect(desk.path("new.sqlite"))) as new, new:
        new.execute("CREATE TABLE remarque (id TEXT PRIMARY KEY, demande TEXT, texte TEXT)")


def _ordering_comments(order: dict[str, Any]) -> dict[str, Any]:
    order["scope"]["fields"]["comment"] = ["source_id", "text"]
    return order


def test_comments_on_results_that_stay_stay_too(commented: tuple[Desk, set[str]]) -> None:
    desk, leaving = commented
    desk.plan()
    desk.ecluse("run", *W)
    with closing(sqlite3.connect(desk.path("new.sqlite"))) as new:
        assert {key for (key,) in new.execute("SELECT id FROM remarque")} == leaving


def test_a_query_without_its_predicate_is_stopped_at_the_gate(
    commented: tuple[Desk, set[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The plan itself is made, counted and signed with the predicate dropped: only the gate is left."""
    desk, _leaving = commented
    of_result = Scoped._of_result
    with monkeypatch.context() as patch:
        patch.setattr(Scoped, "_of_result", lambda self, link: (exp.true(), of_result(self, link)[1]))
        desk.plan()
    stopped = desk.ecluse("run", *W, code=15)
    last = desk.ecluse("journal", "show", "migration", "--json").json()["source"][-2:]
    assert [entry["event"] for entry in last] == ["scope.violation", "migration.suspended"]
    batch = last[0]["subject"]
    assert batch.startswith("comment-")
    assert "category" in last[0]["detail"]["rule"] or "classified" in last[0]["detail"]["rule"]
    assert SECRET not in stopped.out + stopped.err + json.dumps(last)
    assert not list(desk.path("migration").rglob(f"{batch}*")), "something of the batch was written"
    assert desk.states() == ("suspended", None)
