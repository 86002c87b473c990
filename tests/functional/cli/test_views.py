"""A migration under the order's own role: the source itself gives away no more than the order (law 1)."""

import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from functional.cli import lis
from functional.cli.world import Desk
from servers import PostgresqlServer

PROFILE = """
format: ecluse.source-profile/1
profile: small
system: dxlab
engine: postgresql
entities:
  patient: {select: "SELECT p.nip AS source_id, p.nom AS family_name FROM patient p"}
  request:
    select: "SELECT d.numero AS source_id, d.nip AS patient, d.jour AS registered_on, d.site AS site FROM demande d"
    scope: {dates: {registered_on: date}, site: site}
"""
LEGACY = """
CREATE TABLE patient (nip text PRIMARY KEY, nom text);
CREATE TABLE demande (numero text PRIMARY KEY, nip text, jour date, site text);
INSERT INTO patient VALUES ('P1', 'DURAND'), ('P2', 'MARTIN'), ('P3', 'HORS-ORDRE'), ('P4', 'HORS-ORDRE');
INSERT INTO demande VALUES ('D1', 'P1', '2018-05-01', 'RENNES-SUD'), ('D2', 'P2', '2019-05-01', 'RENNES-SUD'),
  ('D3', 'P3', '2017-05-01', 'RENNES-SUD'), ('D4', 'P4', '2018-06-01', 'RENNES-SUD');
"""


def test_grants_then_views_then_the_whole_way(desk: Desk, postgresql: PostgresqlServer) -> None:
    base = postgresql.database(LEGACY)
    lis.systems(desk)
    Path("small.yaml").write_text(PROFILE, encoding="utf-8")
    Path("out.txt").write_text("P4\n", encoding="utf-8")
    desk.agreement()
    recipient = desk.run("key new recipient kalisil.key --json").json()["recipient"]
    desk.run("key new exclusion exclusion.key")
    desk.run("order exclude-persons out.txt --key exclusion.key --out persons.keyed")
    fields = {"patient": ["source_id", "family_name"], "request": ["source_id", "registered_on", "site"]}
    desk.signed_order(recipient, **{"scope.fields": fields, "scope.exclude_persons": "persons.keyed"})
    papers = "--agreement agreement.json --order order.json --profile small.yaml"
    script = desk.run(f"plan -w w {papers} --grants").out
    base.execute(script)
    role = "ecluse_bio_2026_0042"
    url = base.url.replace("//postgres@", f"//{role}@")
    assert role in url
    with psycopg.connect(url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("SELECT * FROM public.patient")
    keys = "--agent-key source_agent.key --persons persons.keyed --exclusion-key exclusion.key"
    plan = desk.run(f"plan -w w {papers} --source {url} {keys} {lis.DESTINATION} --views --json").json()["plan"]
    assert {e["entity"]: e["rows"] for e in plan["entities"]} == {"patient": 2, "request": 2}
    assert all(f'"{role}"' in e["sql"] for e in plan["entities"])
    done = desk.run("run -w w --accept-key director.key --json").json()
    assert done["clean"]
    assert done["next"] == "done"
    with closing(sqlite3.connect("new.sqlite")) as target:
        assert target.execute("SELECT nom FROM patient ORDER BY nom").fetchall() == [("DURAND",), ("MARTIN",)]


def test_without_the_views_the_role_can_plan_nothing(desk: Desk, postgresql: PostgresqlServer) -> None:
    base = postgresql.database(LEGACY)
    lis.systems(desk)
    Path("small.yaml").write_text(PROFILE, encoding="utf-8")
    desk.agreement()
    recipient = desk.run("key new recipient kalisil.key --json").json()["recipient"]
    desk.signed_order(recipient, order="BIO-ALONE", **{"scope.fields": {"request": ["source_id", "registered_on"]}})
    papers = "--agreement agreement.json --order order.json --profile small.yaml --agent-key source_agent.key"
    base.execute(desk.run(f"plan -w w {papers} --grants").out)
    url = base.url.replace("//postgres@", "//ecluse_bio_alone@")
    refused = desk.run(f"plan -w w {papers} --source {url}", code=13)
    assert "demande" not in refused.out
