"""The legacy tables (SCHEMA.md explains every column) and how rows go in."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence

Row = dict[str, object]

# table: its columns, with their types; the first is the key.
TABLES: dict[str, str] = {
    "SITES": "CODE_SITE TEXT PRIMARY KEY, LIBELLE TEXT, FINESS TEXT, ADRESSE TEXT, TEL TEXT",
    "UTILISATEURS": "CODE_UTIL TEXT PRIMARY KEY, NOM TEXT, MOT_PASSE TEXT, PROFIL TEXT",
    "MEDECINS": "CODE_MED TEXT PRIMARY KEY, NOM TEXT, PRENOM TEXT, RPPS TEXT, ADELI TEXT, SPECIALITE TEXT, "
    "ADRESSE TEXT, TEL TEXT",
    "PRELEVEURS": "CODE_PREL TEXT PRIMARY KEY, NOM TEXT, TEL TEXT",
    "MUTUELLES": "CODE_MUT TEXT PRIMARY KEY, LIBELLE TEXT, NUM_AMC TEXT, TEL TEXT",
    "ANALYSES": "CODE_ANA TEXT PRIMARY KEY, LIBELLE TEXT, PAILLASSE TEXT, NABM TEXT, UNITE TEXT, UNITE2 TEXT, "
    "NORMES TEXT, NOTE_INTERNE TEXT",
    "PATIENTS": "NUMPAT INTEGER PRIMARY KEY, NOM TEXT, PRENOM TEXT, NOM_JF TEXT, DATE_NAISS TEXT, TITRE TEXT, "
    "NUM_SS TEXT, ADRESSE TEXT, CODE_POSTAL TEXT, VILLE TEXT, TEL TEXT, COURRIEL TEXT, MILITAIRE TEXT, NOTE TEXT, "
    "FUSION_VERS INTEGER, DATE_CREATION TEXT",
    "PORTAIL": "NUMPAT INTEGER PRIMARY KEY, IDENTIFIANT TEXT, MOT_PASSE TEXT, QUESTION TEXT, REPONSE TEXT",
    "DOSSIERS": "ID_DOSSIER INTEGER PRIMARY KEY, NUM_DOSSIER TEXT, CODE_SITE TEXT, NUMPAT INTEGER, CODE_MED TEXT, "
    "CODE_PREL TEXT, CODE_MUT TEXT, DATE_ENR TEXT, HEURE_ENR TEXT, DATE_PREL TEXT, URGENT TEXT, RENSEIGNEMENTS TEXT, "
    "NUM_ORDONNANCE TEXT",
    "TUBES": "ID_TUBE INTEGER PRIMARY KEY, ID_DOSSIER INTEGER, CODE_BARRE TEXT, TYPE TEXT, LOT TEXT",
    "RESULTATS": "ID_RESULTAT INTEGER PRIMARY KEY, ID_DOSSIER INTEGER, CODE_ANA TEXT, VALEUR TEXT, UNITE TEXT, "
    "NORMES TEXT, STATUT TEXT, VERSION INTEGER, ID_PRECEDENT INTEGER, DATE_RES TEXT, HEURE_RES TEXT, AUTOMATE TEXT, "
    "LOT TEXT, VALIDEUR TEXT, COMMENT_RES TEXT",
    "COMMENTAIRES": "ID_COMMENTAIRE INTEGER PRIMARY KEY, ID_DOSSIER INTEGER, TEXTE TEXT, AUTEUR TEXT, DATE_COM TEXT",
    "COMPTES_RENDUS": "ID_CR INTEGER PRIMARY KEY, ID_DOSSIER INTEGER, NOM_FICHIER TEXT, CORPS BLOB, VERSION INTEGER",
}
_INDEXES = (
    "CREATE INDEX DOSSIERS_DATE ON DOSSIERS (DATE_ENR)",
    "CREATE INDEX DOSSIERS_PATIENT ON DOSSIERS (NUMPAT)",
    "CREATE INDEX RESULTATS_DOSSIER ON RESULTATS (ID_DOSSIER)",
)


def columns(table: str) -> tuple[str, ...]:
    """Column names of a table, in order."""
    return tuple(part.split()[0] for part in TABLES[table].split(", "))


def write(connection: sqlite3.Connection, content: Mapping[str, Sequence[Row]]) -> None:
    """Create every table and fill it, in one transaction. A row names every column of its table."""
    connection.execute("PRAGMA journal_mode = OFF")
    connection.execute("PRAGMA synchronous = OFF")
    with connection:
        for table, definition in TABLES.items():
            connection.execute(f"CREATE TABLE {table} ({definition})")
            _insert(connection, table, content[table])
        for index in _INDEXES:
            connection.execute(index)


def _insert(connection: sqlite3.Connection, table: str, rows: Iterable[Row]) -> None:
    names = columns(table)
    marks = ", ".join("?" * len(names))
    connection.executemany(
        f"INSERT INTO {table} VALUES ({marks})", (tuple(row[name] for name in names) for row in rows)
    )
