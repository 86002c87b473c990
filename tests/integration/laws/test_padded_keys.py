"""Law 3 where a key is padded and what refers to it is not: links hold, sites and persons are known, nothing is lost."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from migrating import Desk, W, expected_rows
from migrating_engines import move_source, move_target, server_rows
from servers import Database

Fresh = Callable[[Desk], Desk]
PADDED = {"patients": ("numpat",), "dossiers": ("id_dossier", "code_site"), "resultats": ("id_resultat", "code_ana")}
LINKS = {"dossiers": ("numpat",), "resultats": ("id_dossier",)}


def retyped(engine: str) -> list[str]:
    """Keys, sites and codes of fixed length; links of varying length, on MariaDB with a blank more."""
    made = []
    for table, columns in PADDED.items():
        for column in columns:
            change = f"ALTER COLUMN {column} TYPE char(24) USING {column}::text"
            made.append(f"ALTER TABLE {table} {change if engine == 'postgresql' else f'MODIFY {column} char(24)'}")
    for table, columns in LINKS.items():
        for column in columns:
            change = f"ALTER COLUMN {column} TYPE varchar(24) USING {column}::text"
            made.append(f"ALTER TABLE {table} {change if engine == 'postgresql' else f'MODIFY {column} varchar(24)'}")
    if engine == "mysql":
        made = [sql.replace(f"TABLE {name}", f"TABLE {name.upper()}") for sql in made for name in [sql.split()[2]]]
        made += ["UPDATE RESULTATS SET id_dossier = CONCAT(id_dossier, ' ')", "SET GLOBAL sql_mode = 'PAD_CHAR_TO_FULL_LENGTH'"]
    return made


@pytest.mark.parametrize("engine", ["postgresql", "mysql"])
def test_padded_keys_and_plain_links(signed: Desk, fresh: Fresh, request: pytest.FixtureRequest, engine: str) -> None:
    server = request.getfixturevalue("postgresql" if engine == "postgresql" else "mariadb")
    desk = fresh(signed)
    source, target = move_source(desk, engine, server), move_target(desk, engine, server)
    assert isinstance(source, Database)
    old_mode = source.execute("SELECT @@GLOBAL.sql_mode") if engine == "mysql" else []
    try:
        for sql in retyped(engine):
            source.execute(sql)
        _check_padding(source, engine)
        options = "?tls=off" if engine == "mysql" else ""
        desk = replace(desk, source=(source.url + options, "source.yaml"), target=(target.url + options, "target.yaml"))
        desk.plan()
        desk.ecluse("run", *W)
    finally:
        for (mode,) in old_mode:
            source.execute(f"SET GLOBAL sql_mode = '{mode}'")
    assert server_rows(target) == expected_rows(desk.built)


def _check_padding(source: Database, engine: str) -> None:
    """The test's own ground: the source does pad, and does compare as if it did not."""
    length = "octet_length(numpat)" if engine == "postgresql" else "CHAR_LENGTH(NUMPAT)"
    table = "patients" if engine == "postgresql" else "PATIENTS"
    assert {int(n) for (n,) in source.execute(f"SELECT {length} FROM {table}")} == {24}
