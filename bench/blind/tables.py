"""Positives: patients in tables, as they are exported, dumped and kept."""
# ruff: noqa: E501, SIM905 a line of a template is a line of the file it makes

import datetime as dt
import json
from collections.abc import Sequence

from bench.blind import containers
from bench.blind.dice import POSITIVE, Dice, Made, encoded, kind
from bench.blind.persons import DATES, Person, doctor, persons, result

FRENCH = (
    "N° patient;Nom;Prénom;Nom de naissance;Date de naissance;Sexe;N° Sécurité sociale;Adresse;Code postal;Ville;Téléphone;E-mail",
    "Identifiant;NOM USUEL;PRENOMS;NOM DE JEUNE FILLE;NE(E) LE;SEXE;NIR;RUE;CP;COMMUNE;TEL;COURRIEL",
    "IPP;Nom d'usage;Prénom usuel;Nom patronymique;Naissance;Genre;Matricule INS;Voie;CodePostal;Localité;Portable;Mél",
    "NumPatient;NomPatient;PrenomPatient;NomNaissance;DateNaissance;CodeSexe;NumSecu;Adresse1;CodePost;LibVille;TelMobile;AdrMail",
)
SHORT = (
    "NUMPAT;NOMPAT;PREPAT;NOMJF;DTNAI;SEXPAT;NUMSS;ADR1;CP;VILLE;TEL1;MAIL",
    "pat_id;pat_nm;pat_pnm;pat_nnais;pat_ddn;pat_sx;pat_nss;pat_adr;pat_cp;pat_vil;pat_tel;pat_mel",
    "P_NO;P_NOM;P_PRN;P_NJF;P_DNA;P_SX;P_SS;P_RUE;P_CPO;P_VIL;P_TEL;P_EML",
    "NDOS;NMUSU;PRNOM;NMPAT;DNAISS;SEX;NSECU;ADRES;CPOST;COMM;GSM;EMAIL",
)
ENGLISH = (
    "PatientID;LastName;FirstName;MaidenName;DOB;Sex;SSN;Street;Zip;City;Phone;Email",
    "mrn;surname;forename;birth_name;birth_date;gender;national_id;address;postcode;town;mobile;mail",
    "Patient No;Family Name;Given Name;Previous Name;Date of Birth;Sex at birth;Insurance No;Address line 1;Postal code;City;Tel;E-mail",
    "patient_number;last_name;first_name;nee;born;sex_code;social_security;addr;zip_code;locality;telephone;email_address",
)
NUMBERED = ("C;COL;F;Champ",)
_SETS = (
    (0, 1, 2, 4, 5),
    (1, 2, 4),
    (1, 2, 6),
    (6, 1, 2, 4, 5, 7, 8, 9, 10),
    (0, 1, 2, 3, 4),
    (4, 1, 2, 9),
    (1, 2, 4, 10, 11),
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11),
    (2, 1, 5, 4, 8, 9),
    (0, 4, 1, 2),
)
"""Columns (by their place in the headings) that an export has."""
NAMES = (
    "patients;export;PAT;extract_2019;liste_pat;data1;PATIENTS_RENNES;tmp;sauvegarde;tbl_patient;EXP20201103;reprise;x;out;Copie de liste;base"
).split(";")


def cells(one: Person, form: str, *, upper: bool = True) -> list[str]:
    """All columns of a person, in the order of the headings."""
    family = one.family.upper() if upper else one.family
    return [
        one.ipp, family, one.given, one.maiden.upper(), one.birth.strftime(form), one.sex, one.nir,
        one.street, one.postcode, one.town, one.phone, one.mail,
    ]  # fmt: skip


def grid(dice: Dice, headings: Sequence[str], most: int = 1000) -> tuple[list[str], list[list[str]]]:
    """Headings and rows of an export."""
    chosen, form, upper = dice.any(_SETS), dice.any(DATES), dice.chance(0.8)
    titles = dice.pick(headings).split(";")
    rows = [[cells(one, form, upper=upper)[at] for at in chosen] for one in persons(dice, dice.lines(most))]
    return [titles[at] for at in chosen], rows


def delimited(rows: Sequence[Sequence[str]], delimiter: str, *, quoted: bool = False) -> str:
    """Lines; a cell with the delimiter in it is quoted."""
    return "".join(
        delimiter.join(f'"{cell}"' if quoted or delimiter in cell else cell for cell in row) + "\n" for row in rows
    )


def _csv(dice: Dice, headings: Sequence[str], ending: Sequence[str] = (".csv", ".txt", ".CSV", ".dat")) -> Made:
    head, rows = grid(dice, headings)
    text = delimited([head, *rows], dice.any((";", ",", "\t", "|")), quoted=dice.chance(0.3))
    return Made(dice.any(NAMES) + dice.any(ending), encoded(dice, text))


@kind(POSITIVE, "csv, French headings")
def _french(dice: Dice) -> Made:
    return _csv(dice, FRENCH)


@kind(POSITIVE, "csv, short headings")
def _short(dice: Dice) -> Made:
    return _csv(dice, SHORT, (".csv", ".exp", "", ".bak"))


@kind(POSITIVE, "csv, English headings")
def _english(dice: Dice) -> Made:
    return _csv(dice, ENGLISH)


@kind(POSITIVE, "csv, no headings")
def _bare(dice: Dice) -> Made:
    _, rows = grid(dice, FRENCH)
    text = delimited(rows, dice.any((";", ",", "\t", "|")), quoted=dice.chance(0.3))
    return Made(dice.any(NAMES) + dice.any((".csv", ".txt", ".tmp", "")), encoded(dice, text))


@kind(POSITIVE, "csv, numbered headings")
def _numbered(dice: Dice) -> Made:
    head, rows = grid(dice, FRENCH)
    stem = dice.any(("C", "COL", "F", "Champ", "Column"))
    text = delimited([[f"{stem}{n}" for n in range(1, len(head) + 1)], *rows], dice.any((";", "\t")))
    return Made(dice.any(NAMES) + ".csv", encoded(dice, text))


@kind(POSITIVE, "csv, name in one column")
def _whole_name(dice: Dice) -> Made:
    form, delimiter = dice.any(DATES), dice.any((";", "\t", ","))
    shape = dice.pick(("{f} {g}", "{g} {f}", "{t} {f} {g}", "{f}  {g}", "{f}/{g}", "{t} {g} {f}"))
    heads = dice.pick(
        ("Patient;Né(e) le", "Nom et prénom;Date naiss.", "Identité;DDN", "Assuré;Naissance", "Patient name;DOB")
    )
    rows = [
        [shape.format(f=one.family.upper(), g=one.given, t=one.title), one.birth.strftime(form), one.town]
        for one in persons(dice, dice.lines(400))
    ]
    head = [[*heads.split(";"), "Ville"]] if dice.chance(0.7) else []
    return Made(dice.any(NAMES) + ".csv", encoded(dice, delimited([*head, *rows], delimiter)))


@kind(POSITIVE, "fixed width")
def _fixed(dice: Dice) -> Made:
    form, gap = dice.pick(("%d%m%Y", "%Y%m%d", "%d/%m/%Y", "%d-%m-%Y")), dice.any((0, 1))
    widths = dice.pick(
        ((10, 25, 20, 10, 1, 15), (8, 30, 30, 10, 1, 15), (12, 20, 15, 10, 2, 16), (9, 32, 24, 11, 1, 15))
    )
    lines = []
    for one in persons(dice, dice.lines()):
        row = (one.ipp, one.family.upper(), one.given.upper(), one.birth.strftime(form), one.sex, one.nir)
        lines.append((" " * gap).join(cell[:w].ljust(w) for cell, w in zip(row, widths, strict=True)))
    encoding = dice.any(("cp850", "cp1252", "utf-8"))
    return Made(
        dice.any(NAMES) + dice.any((".txt", ".dat", ".asc", "")), encoded(dice, "\n".join(lines) + "\n", encoding)
    )


@kind(POSITIVE, "csv, results with names")
def _results(dice: Dice) -> Made:
    heads = dice.pick(
        (
            "Dossier;Nom;Prénom;Date;Code;Analyse;Résultat;Unité",
            "NODEM;NOM;PRE;DTPREL;CANA;LANA;RES;UN",
            "request;surname;forename;collected;code;test;value;unit",
            "N° demande;Patient;Prénom patient;Prélevé le;Test;Libellé;Valeur;Unités",
        )
    ).split(";")
    rows = []
    for one in persons(dice, dice.lines(300)):
        code, label, value, unit, _ = result(dice)
        day = dice.day(2016, 2021).strftime("%d/%m/%Y")
        rows.append([dice.digits(10), one.family.upper(), one.given, day, code, label, value, unit])
    return Made(
        dice.any(("resultats", "res_2018", "RESULT", "export_res")) + ".csv",
        encoded(dice, delimited([heads, *rows], ";")),
    )


@kind(POSITIVE, "csv, results by patient number")
def _by_number(dice: Dice) -> Made:
    heads = dice.pick(
        ("IPP;Dossier;Code;Libellé;Résultat;Unité", "patient_id;order_id;loinc;test;value;unit", "NUMPAT;NUMDOS;CODANA;LIBANA;RESULT;UNITE",
         "N° patient;N° demande;Analyse;Libellé;Valeur;Unité")
    ).split(";")  # fmt: skip
    rows = []
    for _ in range(dice.between(5, 400)):
        code, label, value, unit, loinc = result(dice)
        rows.append([dice.digits(8), dice.digits(10), loinc if "loinc" in heads else code, label, value, unit])
    return Made(
        dice.any(("resultats", "res_2018", "RESULT", "export_res")) + ".csv",
        encoded(dice, delimited([heads, *rows], ";")),
    )


@kind(POSITIVE, "csv, comments on persons")
def _comments(dice: Dice) -> Made:
    told = (
        "patiente {p} enceinte, ne pas prévenir le conjoint", "{t} {n} sous Lévothyrox depuis 2015", "VIH connu, voir avec {d}",
        "a rappelé : prise de sang refusée par {t} {n}", "fille de {t} {n}, même adresse", "chimio en cours, {d} attend le résultat",
        "homonyme de {p}, née le {b}", "maladie rare, dossier suivi par {d}",
    )  # fmt: skip
    rows = []
    for one in persons(dice, dice.lines(200)):
        fill = {
            "p": f"{one.given} {one.family}",
            "t": one.title,
            "n": one.family,
            "d": doctor(dice),
            "b": f"{one.birth:%d/%m/%Y}",
        }
        rows.append([one.ipp, one.family.upper(), one.given, dice.pick(told).format(**fill)])
    head = dice.pick(
        (
            "IPP;Nom;Prénom;Commentaire",
            "NUM;NOM;PRENOM;OBS",
            "id;name;first name;note",
            "Dossier;Patient;Prénom;Remarque libre",
        )
    )
    return Made(
        dice.any(("commentaires", "obs", "notes_pat", "REM")) + ".csv",
        encoded(dice, delimited([head.split(";"), *rows], ";")),
    )


@kind(POSITIVE, "NIR with key")
def _nir(dice: Dice) -> Made:
    shape = dice.any(
        ("{}", "{0[0]} {0[1]}{0[2]} {0[3]}{0[4]} {0[5]}{0[6]} {0[7]}{0[8]}{0[9]} {0[10]}{0[11]}{0[12]} {0[13]}{0[14]}")
    )
    head = dice.any(("", "NIR\n", "numero\n", "n° SS\n"))
    text = head + "".join(shape.format(one.nir) + "\n" for one in persons(dice, dice.lines()))
    return Made(dice.any(("nir", "liste", "ss", "a_verifier", "x")) + dice.any((".txt", ".csv")), encoded(dice, text))


@kind(POSITIVE, "NIR without key")
def _nir_bare(dice: Dice) -> Made:
    head = dice.pick(
        (
            "NIR;CP",
            "NUMSS;CPOST",
            "N° Sécurité sociale;Code postal",
            "matricule_assure;code_postal",
            "nss;cp",
            "SECU;CP",
        )
    )
    rows = [[one.nir[:13], one.postcode] for one in persons(dice, dice.lines())]
    return Made(
        dice.any(("assures", "ss", "droits", "caisse")) + ".csv",
        encoded(dice, delimited([head.split(";"), *rows], ";")),
    )


def _types(dice: Dice) -> tuple[str, list[str], list[list[str]]]:
    head, rows = grid(dice, (*SHORT, *ENGLISH), 300)
    names = [title.lower().replace(" ", "_").replace("-", "_") for title in head]
    return dice.any(("patient", "T_PATIENT", "pat", "assure", "individu", "tb_pers")), names, rows


def _literal(cell: str) -> str:
    return "'" + cell.replace("'", "''") + "'"


@kind(POSITIVE, "sql, inserts")
def _inserts(dice: Dice) -> Made:
    table, names, rows = _types(dice)
    quote = dice.any(("", "`", '"'))
    columns = ", ".join(quote + name + quote for name in names)
    defined = f"CREATE TABLE {table} (\n" + ",\n".join(f"  {name} varchar(60)" for name in names) + "\n);\n"
    values = ["(" + ",".join(_literal(cell) for cell in row) + ")" for row in rows]
    sort = dice.any(("each", "many", "bare"))
    if sort == "each":
        body = "".join(f"INSERT INTO {table} ({columns}) VALUES {value};\n" for value in values)
    elif sort == "many":
        body = f"INSERT INTO {quote}{table}{quote} VALUES " + ",".join(values) + ";\n"
    else:
        defined, body = "", "".join(f"insert into {table} values {value};\n" for value in values)
    return Made(
        dice.any(("dump", "patient", "backup", "export")) + ".sql",
        encoded(dice, f"-- export\n{defined}{body}", "utf-8"),
    )


@kind(POSITIVE, "sql, COPY")
def _copy(dice: Dice) -> Made:
    table, names, rows = _types(dice)
    body = "".join("\t".join(cell or "\\N" for cell in row) + "\n" for row in rows)
    text = (
        "--\n-- PostgreSQL database dump\n--\n\nSET statement_timeout = 0;\nSET client_encoding = 'UTF8';\n\n"
        f"COPY public.{table} ({', '.join(names)}) FROM stdin;\n{body}\\.\n\n-- PostgreSQL database dump complete\n"
    )
    return Made(dice.any(("dump", "lis", "base", "pg")) + ".sql", encoded(dice, text, "utf-8"))


@kind(POSITIVE, "sql, spooled")
def _spool(dice: Dice) -> Made:
    _, names, rows = _types(dice)
    widths = [max(len(cell) for cell in column) + 1 for column in zip(names, *rows, strict=True)]
    lines = [f"SQL> select * from {dice.any(('patient', 'pat', 'v_pat'))};", ""]
    lines += [
        " ".join(c.upper().ljust(w) for c, w in zip(names, widths, strict=True)),
        " ".join("-" * w for w in widths),
    ]
    lines += [" ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) for row in rows]
    return Made(
        dice.any(("spool", "sortie", "req")) + dice.any((".lst", ".txt", ".log")),
        encoded(dice, "\n".join(lines) + f"\n\n{len(rows)} rows selected.\n"),
    )


@kind(POSITIVE, "xlsx")
def _xlsx(dice: Dice) -> Made:
    chosen = dice.any(_SETS)
    titles = dice.pick((*FRENCH, *ENGLISH)).split(";")
    as_day = dice.chance(0.5)
    rows: list[list[containers.Cell]] = [[titles[at] for at in chosen]] if dice.chance(0.8) else []
    for one in persons(dice, dice.lines(500)):
        row: list[containers.Cell] = list(cells(one, "%d/%m/%Y"))
        if as_day:
            row[4] = one.birth
        rows.append([row[at] for at in chosen])
    return Made(dice.any(NAMES) + ".xlsx", containers.xlsx(rows, shared=dice.chance(0.7)))


@kind(POSITIVE, "ods")
def _ods(dice: Dice) -> Made:
    head, rows = grid(dice, FRENCH, 300)
    return Made(dice.any(NAMES) + ".ods", containers.ods([head, *rows]))


@kind(POSITIVE, "dbf")
def _dbf(dice: Dice) -> Made:
    names = dice.pick(
        (("NUMPAT", "NOM", "PRENOM", "DATNAIS", "SEXE", "NUMSS"), ("PNO", "PNOM", "PPRE", "PNAIS", "PSX", "PSECU"),
         ("MATRIC", "NOMPAT", "PREPAT", "NELE", "SX", "NIR"), ("NODOS", "NMPAT", "PRPAT", "DNAI", "SE", "SS"))
    )  # fmt: skip
    day = dice.chance(0.6)
    sorts = [("C", 10), ("C", 30), ("C", 20), ("D", 8) if day else ("C", 10), ("C", 1), ("C", 15)]
    rows: list[list[containers.Cell]] = [
        [one.ipp, one.family.upper(), one.given, one.birth if day else f"{one.birth:%d/%m/%Y}", one.sex, one.nir]
        for one in persons(dice, dice.lines())
    ]
    fields = [(name, sort, width) for name, (sort, width) in zip(names, sorts, strict=True)]
    return Made(
        dice.any(("PATIENT", "PAT", "FICHE", "MALADES")) + ".DBF",
        containers.dbf(fields, rows, dice.any(("cp850", "cp1252"))),
    )


@kind(POSITIVE, "sqlite")
def _sqlite(dice: Dice) -> Made:
    table, names, rows = _types(dice)
    return Made(
        dice.any(("lis", "cache", "app", "local")) + dice.any((".db", ".sqlite", ".sqlite3")),
        containers.sqlite(table, names, rows),
    )


@kind(POSITIVE, "json of an application")
def _json(dice: Dice) -> Made:
    head, rows = grid(dice, (*ENGLISH, *SHORT), 300)
    keys = [title.replace(" ", "_") for title in head]
    items = [dict(zip(keys, row, strict=True)) for row in rows]
    if dice.chance(0.4):
        return Made(
            "export.ndjson", "".join(json.dumps(each, ensure_ascii=dice.chance(0.5)) + "\n" for each in items).encode()
        )
    nested = {"count": len(items), dice.any(("patients", "data", "rows", "items")): items}
    return Made(
        dice.any(("export", "patients", "dump")) + ".json",
        json.dumps(nested, indent=dice.any((None, 2)), ensure_ascii=False).encode(),
    )


@kind(POSITIVE, "xml of an application")
def _xml(dice: Dice) -> Made:
    head, rows = grid(dice, SHORT, 300)
    tag = dice.pick(("patient", "row", "enregistrement", "record", "PAT", "fiche"))
    if dice.chance(0.3):
        body = "".join(
            f"<{tag} " + " ".join(f'{h}="{c}"' for h, c in zip(head, row, strict=True)) + "/>\n" for row in rows
        )
    else:
        body = "".join(
            f"<{tag}>" + "".join(f"<{h}>{c}</{h}>" for h, c in zip(head, row, strict=True)) + f"</{tag}>\n"
            for row in rows
        )
    encoding = dice.any(("utf-8", "iso-8859-1"))
    text = f'<?xml version="1.0" encoding="{encoding}"?>\n<export date="{dt.date(2020, 11, 3)}">\n{body}</export>\n'
    return Made(dice.any(("export", "patients", "flux")) + ".xml", encoded(dice, text, encoding))


@kind(POSITIVE, "archive of an export")
def _archive(dice: Dice) -> Made:
    inner = dice.any((_french, _inserts, _bare, _short, _xlsx))(dice)
    sort = dice.any(("zip", "gz", "tar.gz"))
    name = inner.name or "x"
    if sort == "gz":
        return Made(f"{name}.gz", containers.gzipped(inner.data))
    members = {
        "lisezmoi.txt": "Export du 03/11/2020, à effacer après reprise.\n".encode(),
        f"export/{name}": inner.data,
    }
    return Made(f"export.{sort}", containers.zipped(members) if sort == "zip" else containers.tarred(members))
