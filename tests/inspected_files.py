"""Files with and without personal data, to measure the inspector's detector on: exports of the demo's LIS, and decoys.

exports(rows, folder)   # one migration's worth of exports, in every form, of so many rows
decoys(seed)            # what looks like them and is not
"""

import csv
import datetime as dt
import hashlib
import io
import json
import random
import sqlite3
import uuid
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import openpyxl
import xlwt
from demo.legacy_lis import build

Cells = Sequence[Sequence[str]]
_PERSONS = (
    "SELECT NUMPAT, NOM, PRENOM, DATE_NAISS, TITRE, NUM_SS, ADRESSE, CODE_POSTAL, VILLE, TEL, COURRIEL FROM PATIENTS"
)
_RESULTS = "SELECT ID_RESULTAT, ID_DOSSIER, CODE_ANA, VALEUR, UNITE, NORMES, STATUT, DATE_RES FROM RESULTATS"
_LOGINS = "SELECT NUMPAT, IDENTIFIANT, MOT_PASSE FROM PORTAIL"
_FRENCH = ("NUMPAT", "NOM", "PRENOM", "DATE_NAISS", "TITRE", "NUM_SS", "ADRESSE", "CP", "VILLE", "TEL", "COURRIEL")
_ENGLISH = (
    "patient_id", "last_name", "first_name", "birth_date", "title", "ssn", "address", "zip", "city", "phone", "email",
)  # fmt: skip


@dataclass(frozen=True)
class Sample:
    """One file; ``personal``: whether it holds personal data."""

    name: str
    data: bytes
    personal: bool


def legacy(folder: Path, patients: int = 1100) -> Path:
    path = folder / "legacy.sqlite"
    if not path.exists():
        build(path, patients=patients)
    return path


def exports(rows: int, database: Path, seed: int = 1) -> Iterator[Sample]:
    """Exports of so many rows; which rows, the seed says."""
    dice = random.Random(f"{rows} {seed}")
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        persons, results, logins = (_some(connection, sql, rows, dice) for sql in (_PERSONS, _RESULTS, _LOGINS))
    for mark, french, english, cells in (
        ("", _FRENCH, _ENGLISH, persons),
        ("-bare", _FRENCH[:4], _ENGLISH[:4], [row[:4] for row in persons]),
    ):
        yield from _of_persons(f"{rows}{mark}", french, english, cells)
    if rows >= 5:
        yield _sample(f"nu-{rows}.csv", _lines([row[1:6] for row in persons], ";", "latin-1"))
    names = ("ID_RESULTAT", "ID_DOSSIER", "CODE_ANA", "VALEUR", "UNITE", "NORMES", "STATUT", "DATE_RES")
    yield _sample(f"resultats-{rows}.csv", _lines([names, *results], ";", "cp1252"))
    yield _sample(f"portail-{rows}.csv", _lines([("NUMPAT", "IDENTIFIANT", "MOT_PASSE"), *logins], ";", "utf-8"))
    yield _sample(f"resultats-{rows}.sql", _sql("resultats", names, results).encode("cp1252", "replace"))
    yield _sample(f"hprim-{rows}.hpm", _medecin(persons).encode("cp1252", "replace"))
    yield _sample(f"hl7-{rows}.hl7", _hl7(persons).encode())


def _of_persons(mark: str, french: Sequence[str], english: Sequence[str], persons: Cells) -> Iterator[Sample]:
    """The same persons in every form."""
    for encoding, delimiter in (("utf-8", ";"), ("cp1252", "\t"), ("cp850", ";"), ("utf-16", ","), ("utf-16-le", "|")):
        yield _sample(f"patients-{mark}-{encoding}.csv", _lines([french, *persons], delimiter, encoding))
    yield _sample(f"export-{mark}.txt", _lines([english, *persons], ",", "utf-8"))
    late = b"Export du LIS\r\nsite Rennes\r\n\r\n"
    yield _sample(f"export-{mark}-late.txt", late + _lines([french, *persons], ";", "cp1252"))
    yield _sample(f"patients-{mark}.sql", _sql("PATIENTS", french, persons).encode())
    yield _sample(f"patients-{mark}-copy.sql", _copy("public.patients", english, persons).encode())
    records = [dict(zip(english, row, strict=True)) for row in persons]
    yield _sample(f"patients-{mark}.json", json.dumps(records, ensure_ascii=False, indent=1).encode())
    yield _sample(f"patients-{mark}.ndjson", "".join(json.dumps(each) + "\n" for each in records).encode())
    yield _sample(f"patients-{mark}.xlsx", _xlsx([french, *persons]))
    yield _sample(f"patients-{mark}.xls", _xls([french, *persons]))
    yield _sample(f"colonnes-{mark}.txt", _fixed([french, *persons]).encode("cp850", "replace"))
    yield _sample(f"patients-{mark}.dbf", _dbf([french, *persons]))
    yield _sample(f"patients-{mark}.xml", _xml(persons).encode())
    yield _sample(f"courrier-{mark}.txt", _letters(persons).encode("cp1252", "replace"))


def _some(connection: sqlite3.Connection, sql: str, rows: int, dice: random.Random) -> list[list[str]]:
    """Cells as text, without the demo's markers; the same persons over again where there are fewer."""
    found = [
        ["" if cell is None else _bare(str(cell)) for cell in row] for row in connection.execute(f"{sql} LIMIT 1000")
    ]
    begin = dice.randrange(len(found))
    return [found[place % len(found)] for place in range(begin, begin + rows)]


def _bare(text: str) -> str:
    return text.partition(" HORS-ORDRE")[0].partition(" DANS-ORDRE")[0]


def _sample(name: str, data: bytes) -> Sample:
    return Sample(name, data, personal=True)


def _lines(rows: Cells, delimiter: str, encoding: str) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return text.getvalue().encode(encoding, "replace")


def _sql(table: str, names: Sequence[str], rows: Cells) -> str:
    listed = ", ".join(f"`{name}`" for name in names)
    values = ",\n".join("(" + ", ".join("'" + cell.replace("'", "''") + "'" for cell in row) + ")" for row in rows)
    return f"-- exporté\nINSERT INTO `{table}` ({listed}) VALUES\n{values};\n"


def _copy(table: str, names: Sequence[str], rows: Cells) -> str:
    lines = "".join("\t".join(cell or "\\N" for cell in row) + "\n" for row in rows)
    return f"SET x = 1;\nCOPY {table} ({', '.join(names)}) FROM stdin;\n{lines}\\.\n"


def _xlsx(rows: Cells) -> bytes:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("a")
    for row in rows:
        sheet.append([_printable(cell) for cell in row])
    held = io.BytesIO()
    book.save(held)
    return held.getvalue()


def _printable(cell: str) -> str:
    return "".join(c for c in cell if c.isprintable())


def _xls(rows: Cells) -> bytes:
    """The old binary sheet, whose strings are UTF-16 or Latin-1."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        book = xlwt.Workbook()
        sheet = book.add_sheet("a")
        for down, row in enumerate(rows):
            for across, cell in enumerate(row):
                sheet.write(down, across, cell)
        held = io.BytesIO()
        book.save(held)
    return held.getvalue()


def _fixed(rows: Cells) -> str:
    """Columns of a fixed width, by spaces."""
    sizes = [max(len(row[place]) for row in rows) + 2 for place in range(len(rows[0]))]
    return "".join("".join(map(str.ljust, row, sizes)).rstrip() + "\r\n" for row in rows)


def _dbf(rows: Cells) -> bytes:
    sizes = [max(1, *(len(row[place].encode("cp850", "replace")) for row in rows)) for place in range(len(rows[0]))]
    fields = b"".join(
        name[:10].encode().ljust(11, b"\0") + b"C" + bytes(4) + bytes((size, 0)) + bytes(14)
        for name, size in zip(rows[0], sizes, strict=True)
    )
    body = b"".join(
        b" " + b"".join(cell.encode("cp850", "replace").ljust(size) for cell, size in zip(row, sizes, strict=True))
        for row in rows[1:]
    )
    head = bytes((3, 126, 1, 1)) + (len(rows) - 1).to_bytes(4, "little")
    return (
        head
        + (33 + len(fields)).to_bytes(2, "little")
        + (1 + sum(sizes)).to_bytes(2, "little")
        + bytes(20)
        + fields
        + b"\r"
        + body
        + b"\x1a"
    )


def _xml(rows: Cells) -> str:
    one = "<patient><nom>{1}</nom><prenom>{2}</prenom><dateNaissance>{3}</dateNaissance></patient>\n"
    return "<?xml version='1.0'?>\n<export>\n" + "".join(one.format(*row) for row in rows) + "</export>\n"


def _letters(rows: Cells) -> str:
    one = "Laboratoire des Trois Rivières\n\nPatient : {1} {2}\nNé(e) le {3}\n\nCher confrère, voici les résultats.\n\f"
    return "".join(one.format(*row) for row in rows)


def _medecin(rows: Cells) -> str:
    one = "{0}\r\n{1}\r\n{2}\r\n{6}\r\n\r\n{7} {8}\r\n{3}\r\n{5}\r\nD1\r\n01/03/2019\r\nC LABO\r\nM MED\r\n\r\n****LAB****\r\nRES|Sodium|NA|N|140|mmol/L|135|145|N|F\r\n****FIN****\r\n"
    return "".join(one.format(*row) for row in rows) + "****FINFICHIER****\r\n"


def _hl7(rows: Cells) -> str:
    one = "MSH|^~\\&|LAB|S|E|H|20260101||ORU^R01|1|P|2.5\rPID|1||{0}^^^A||{1}^{2}||19680229|F\rOBX|1|NM|NA^Na||140|mmol/L\r"
    return "".join(one.format(*row) for row in rows)


def decoys(seed: int = 1, lines: int = 300) -> Iterator[Sample]:
    """Invoices, telephone bills, logs, numbers, settings: nobody's health, and no right key but by chance."""
    for name, write in _DECOYS.items():
        dice = random.Random(f"{name} {seed}")
        yield Sample(f"{seed}-{name}", write(dice, lines).encode(), personal=False)


def _day(dice: random.Random, form: str = "%d/%m/%Y") -> str:
    return (dt.date(2024, 1, 1) + dt.timedelta(days=dice.randrange(700))).strftime(form)


def _table(header: str, row: Callable[[random.Random], str]) -> Callable[[random.Random, int], str]:
    return lambda dice, lines: header + "\n" + "".join(row(dice) + "\n" for _ in range(lines))


_FIRMS = ("SARL Durand", "Ets Martin & Fils", "Acme Ltd", "Société Bernard", "Bois et Forêts SA", "Petit Électricité")
_GOODS = ("vis 4x40", "papier A4", "cartouche", "gants nitrile M", "lampe LED", "tube 5 ml", "câble RJ45")


def _digits(dice: random.Random, number: int) -> str:
    return str(dice.randrange(10 ** (number - 1), 10**number))


def _setting(dice: random.Random, lines: int) -> str:
    made = {
        "database": {"host": "db.internal", "port": 5432, "user": "app", "password": "${DB_PASSWORD}"},
        "patients": {"table": "patients", "columns": ["id", "name", "birth_date"], "format": "%Y-%m-%d"},
        "released": _day(dice, "%Y-%m-%d"),
        "ids": [str(uuid.UUID(int=dice.getrandbits(128))) for _ in range(lines)],
    }
    return json.dumps(made, indent=2)


_DECOYS: dict[str, Callable[[random.Random, int], str]] = {
    "invoices.csv": _table(
        "numero;date;client;libelle;quantite;prix;tva",
        lambda dice: f"F{_digits(dice, 6)};{_day(dice)};{dice.choice(_FIRMS)};{dice.choice(_GOODS)};{dice.randrange(9)};{dice.randrange(999)},{dice.randrange(99):02};20,0",
    ),
    "invoice.txt": _table(
        "FACTURE\nDate : 12/03/2024\nClient : SARL Durand\nSIRET 732 829 320 00074\n",
        lambda dice: f"{dice.choice(_GOODS):<30}{dice.randrange(9):>4}{dice.randrange(9999) / 100:>10.2f}",
    ),
    "telephone.csv": _table(
        "ligne;date;heure;numero appele;duree;cout",
        lambda dice: f"02{_digits(dice, 8)};{_day(dice)};{dice.randrange(24):02}:{dice.randrange(60):02};06{_digits(dice, 8)};{dice.randrange(900)};0,{dice.randrange(99):02}",
    ),
    "access.log": _table(
        "", lambda dice: f'192.0.2.{dice.randrange(250)} - - [{_day(dice, "%d/%b/%Y")}:10:00:{dice.randrange(60):02} +0000] "GET /p/{_digits(dice, 13)} HTTP/1.1" 200 {_digits(dice, 5)} "-" "Mozilla/5.0"',
    ),
    "auth.log": _table(
        "", lambda dice: f"Mar {dice.randrange(1, 28)} 10:00:00 relay sshd[{_digits(dice, 5)}]: Failed password for invalid user admin from 198.51.100.{dice.randrange(250)} port {_digits(dice, 5)} ssh2",
    ),
    "trace.log": _table(
        "", lambda dice: f"{_day(dice, '%Y-%m-%d')} 10:00:00,{dice.randrange(999):03} INFO patient.loader batch={_digits(dice, 15)} rows={dice.randrange(9999)} birth_date column ok",
    ),
    "numbers.txt": _table("", lambda dice: _digits(dice, 15)),
    "numbers13.csv": _table("id,number", lambda dice: f"{dice.randrange(9999)},{_digits(dice, 13)}"),
    "uuid.csv": _table("id,uuid,created", lambda dice: f"{dice.randrange(9999)},{uuid.UUID(int=dice.getrandbits(128))},{_day(dice, '%Y-%m-%d')}"),
    "hashes.txt": _table("", lambda dice: hashlib.sha256(dice.randbytes(8)).hexdigest() + "  file"),
    "requirements.lock": _table("", lambda dice: f"name=={dice.randrange(9)}.{dice.randrange(9)} --hash=sha256:{hashlib.sha256(dice.randbytes(8)).hexdigest()}"),
    "settings.json": _setting,
    "sensors.csv": _table("station;date;mesure;valeur;unite", lambda dice: f"S{dice.randrange(40)};{_day(dice)};temperature;{dice.randrange(400) / 10};°C"),
    "products.csv": _table("ean;libelle;prix;stock", lambda dice: f"{_digits(dice, 13)};{dice.choice(_GOODS)};{dice.randrange(999)};{dice.randrange(99)}"),
    "epochs.csv": _table("event,at_ms,value", lambda dice: f"click,{1_600_000_000_000 + dice.randrange(10**11)},{dice.random():.15f}"),
    "prices.xml": _table("<prices>", lambda dice: f"<price ean='{_digits(dice, 13)}' from='{_day(dice, '%Y-%m-%d')}'>{dice.randrange(999)}</price>"),
    "schema.sql": lambda _dice, _lines: "CREATE TABLE patients (\n  id int PRIMARY KEY,\n  nom varchar(80),\n  prenom varchar(80),\n  date_naissance date,\n  nir char(15),\n  password varchar(60)\n);\n",
    "header.csv": lambda _dice, _lines: "NUMPAT;NOM;PRENOM;DATE_NAISS;NUM_SS\n",
    "manual.txt": lambda _dice, _lines: "Le fichier porte les colonnes nom, prenom, date de naissance et NIR.\nLe mot de passe : voir l'administrateur.\nPatient: see section 3. Born digital.\n" * 20,
    "model.py": lambda _dice, _lines: 'class Patient:\n    """A patient."""\n    name: str\n    birth_date: date\n\n    def __init__(self, name="Ann", birth_date="1968-02-29", password="secret"):\n        self.name = name\n' * 4,
    "changes.md": _table("# Changes", lambda dice: f"- {_day(dice, '%Y-%m-%d')}: patient names are shown by Marie Dupont"),
}  # fmt: skip
