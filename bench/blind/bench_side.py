"""Decoys: what a laboratory's benches keep without any patient: controls, catalogues, procedures, statistics."""
# ruff: noqa: E501 a line of a template is a line of the file it makes

import json

from bench.blind import containers
from bench.blind.dice import DECOY, Dice, Made, encoded, kind
from bench.blind.persons import ANALYSES, result
from bench.blind.tables import delimited

_LEVELS = ("NIVEAU 1", "NIVEAU 2", "LEVEL LOW", "LEVEL HIGH", "CTRL PATHO", "CTRL NORMAL")


@kind(DECOY, "controls, HL7")
def _hl7(dice: Dice) -> Made:
    parts = []
    for _ in range(dice.lines(60)):
        at = dice.moment().strftime("%Y%m%d%H%M%S")
        who = dice.any(("PID|1", f"PID|1||QC{dice.digits(3)}", "", f"PID|1||||{dice.pick(_LEVELS)}"))
        lines = [
            f"MSH|^~\\&|AUTOMATE|PAILLASSE|LIS|LABO|{at}||ORU^R01|{dice.digits(6)}|P|2.3|||||||||QC",
            *([who] if who else []),
            f"OBR|1||LOT{dice.digits(6)}|CTRL^{dice.pick(_LEVELS)}^L|||{at}||||Q",
        ]
        for n in range(1, dice.between(2, 9)):
            code, label, value, unit, _ = result(dice)
            lines.append(f"OBX|{n}|NM|{code}^{label}^L||{value}|{unit}|||||F|||{at}")
        parts.append("\r".join(lines) + "\r")
    return Made(
        dice.any(("qc", "ctrl", "cq")) + dice.any((".hl7", ".txt")), "".join(parts).encode("iso-8859-1", "replace")
    )


@kind(DECOY, "controls, ASTM")
def _astm(dice: Dice) -> Made:
    lines = ["H|\\^&|||ANALYSER^2.1|||||LIS||Q|1|20200312101112"]
    for _ in range(dice.lines(100)):
        code, _, value, unit, _ = result(dice)
        lines += [
            "P|1",
            f"O|1|QC^{dice.pick(_LEVELS)}^{dice.digits(5)}||^^^{code}|R||||||Q",
            f"R|1|^^^{code}|{value}|{unit}||N||F||||{dice.moment():%Y%m%d%H%M%S}",
        ]
    return Made(
        dice.any(("astm_qc", "controle", "com2")) + dice.any((".txt", ".log")),
        encoded(dice, "\n".join([*lines, "L|1|N"]) + "\n", "utf-8"),
    )


@kind(DECOY, "controls, csv")
def _controls(dice: Dice) -> Made:
    head = dice.pick(
        (
            "Date;Automate;Contrôle;Lot;Code;Analyse;Valeur;Cible;Unité",
            "DT;AUTO;NIV;LOT;CODE;LIB;VAL;CIB;UN",
            "date;instrument;level;lot;code;test;value;target;unit",
            "Jour;Chaîne;Niveau;Lot;Test;Libellé;Mesure;Attendu;Unités",
        )
    )
    rows = []
    for _ in range(dice.lines()):
        code, label, value, unit, _ = result(dice)
        rows.append(
            [
                f"{dice.moment():%d/%m/%Y %H:%M}",
                f"AU{dice.between(1, 5)}",
                dice.pick(_LEVELS),
                dice.digits(6),
                code,
                label,
                value,
                value,
                unit,
            ]
        )
    return Made(
        dice.any(("cq", "levey", "controles")) + ".csv", encoded(dice, delimited([head.split(";"), *rows], ";"))
    )


@kind(DECOY, "log of an instrument")
def _instrument(dice: Dice) -> Made:
    said = (
        "Lamp energy {} OK",
        "Reagent R1 position {} low",
        "Probe wash cycle {}",
        "Calibration factor {} accepted",
        "Sample rack {} loaded",
        "Temperature reaction disk {}",
        "Barcode read error rack {}",
        "Shutdown requested, code {}",
    )
    text = "".join(
        f"{dice.moment():%Y/%m/%d %H:%M:%S.000} [{dice.any(('INFO', 'WARN', 'ERR '))}] {dice.pick(said).format(dice.digits(4))}\n"
        for _ in range(dice.lines())
    )
    return Made(dice.any(("instrument", "trace", "event")) + dice.any((".log", ".txt")), text.encode())


@kind(DECOY, "archived log of an instrument")
def _archived(dice: Dice) -> Made:
    made = _instrument(dice)
    return Made(f"{made.name}.1.gz", containers.gzipped(made.data))


@kind(DECOY, "calibrations")
def _calibrations(dice: Dice) -> Made:
    rows: list[list[containers.Cell]] = [
        [code, label, unit, dice.decimal(0.8, 1.2, 4), f"{dice.day(2018, 2021):%d/%m/%Y}", "LOT" + dice.digits(6)]
        for code, label, unit, *_ in (dice.pick(ANALYSES) for _ in range(dice.lines(300)))
    ]
    head: list[containers.Cell] = ["Code", "Nom", "Unité", "Facteur", "Date", "Lot"]
    return (
        Made("etalonnages.xlsx", containers.xlsx([head, *rows]))
        if dice.chance(0.5)
        else Made("etalonnages.csv", encoded(dice, delimited([[str(c) for c in row] for row in (head, *rows)], ";")))
    )


@kind(DECOY, "catalogue of analyses")
def _catalogue(dice: Dice) -> Made:
    rows: list[list[containers.Cell]] = [
        [code + dice.digits(2), label, unit, str(low), str(high), loinc, f"{dice.day(2005, 2020):%d/%m/%Y}"]
        for code, label, unit, low, high, loinc in (dice.any(ANALYSES) for _ in range(dice.lines(500)))
    ]
    head: list[containers.Cell] = ["CODE", "NOM", "UNITE", "BAS", "HAUT", "LOINC", "CREE_LE"]
    sort = dice.any(("csv", "json", "xlsx", "dbf", "sql"))
    plain = [[str(cell) for cell in row] for row in rows]
    if sort == "json":
        return Made(
            "analyses.json",
            json.dumps(
                [dict(zip([str(h).lower() for h in head], row, strict=True)) for row in plain],
                ensure_ascii=False,
                indent=1,
            ).encode(),
        )
    if sort == "xlsx":
        return Made("analyses.xlsx", containers.xlsx([head, *rows]))
    if sort == "dbf":
        return Made(
            "ANALYSES.DBF",
            containers.dbf(
                [
                    ("CODE", "C", 8),
                    ("NOM", "C", 30),
                    ("UNITE", "C", 8),
                    ("BAS", "C", 8),
                    ("HAUT", "C", 8),
                    ("LOINC", "C", 10),
                    ("CREE", "C", 10),
                ],
                rows,
            ),
        )
    if sort == "sql":
        return Made(
            "analyses.sql",
            "".join(
                f"INSERT INTO analyse VALUES ({', '.join(repr(cell) for cell in row)});\n" for row in plain
            ).encode(),
        )
    return Made("analyses.csv", encoded(dice, delimited([[str(h) for h in head], *plain], ";")))


@kind(DECOY, "table of LOINC")
def _loinc(dice: Dice) -> Made:
    systems = ("Ser/Plas", "Bld", "Urine", "CSF")
    lines = [
        f'"{dice.digits(4)}-{dice.between(0, 9)}","{dice.any(ANALYSES)[1]}","{dice.any(("MCnc", "SCnc", "NCnc"))}","Pt","{dice.any(systems)}","Qn","{dice.day(2000, 2020):%Y-%m-%d}"'
        for _ in range(dice.lines())
    ]
    return Made(
        dice.any(("loinc", "LoincTable")) + ".csv",
        "\n".join(['"LOINC_NUM","COMPONENT","PROPERTY","TIME","SYSTEM","SCALE","CHANGED"', *lines]).encode(),
    )


@kind(DECOY, "nomenclature, dBase")
def _nabm(dice: Dice) -> Made:
    rows: list[list[containers.Cell]] = [
        [dice.digits(4), dice.any(ANALYSES)[1].upper(), str(dice.between(5, 300)), dice.day(1990, 2020)]
        for _ in range(dice.lines(600))
    ]
    return Made(
        dice.any(("NABM", "FICHE", "TARIF")) + ".DBF",
        containers.dbf([("CODE", "C", 4), ("NOM", "C", 40), ("COEF", "N", 5), ("DATE", "D", 8)], rows),
    )


@kind(DECOY, "map of codes")
def _map(dice: Dice) -> Made:
    lines = [
        f"{code}{dice.digits(2)}\t{label}\t{loinc}\t{unit}"
        for code, label, unit, _, _, loinc in (dice.any(ANALYSES) for _ in range(dice.lines(500)))
    ]
    return Made(
        dice.any(("transcodage", "codes", "mapping")) + ".tsv",
        encoded(dice, "\n".join(["local\tlibelle\tloinc\tunite", *lines]) + "\n"),
    )


@kind(DECOY, "procedure")
def _procedure(dice: Dice) -> Made:
    said = (
        "Demander au patient son nom de naissance, son prénom et sa date de naissance.", "Vérifier l'identité sur la carte Vitale, puis étiqueter les tubes.", "Le technicien valide les contrôles avant toute série de patients.",
        "Un résultat critique est téléphoné au prescripteur et tracé.", "Version 4 du 12/03/2019, applicable au 01/04/2019.", "En cas d'homonymie, ajouter le second prénom et la commune de naissance.",
        "Ask for last name, first name and date of birth; never suggest them.", "Conserver les tubes à 4 °C pendant sept jours.",
    )  # fmt: skip
    lines = [
        f"PROCÉDURE {dice.letters(2)}-{dice.digits(3)}",
        *(f"{n}. {dice.any(said)}" for n in range(1, dice.lines(120) + 1)),
    ]
    sort = dice.any((".txt", ".docx", ".rtf"))
    data = (
        containers.docx(lines)
        if sort == ".docx"
        else containers.rtf(lines)
        if sort == ".rtf"
        else encoded(dice, "\n".join(lines))
    )
    return Made(dice.any(("procedure", "mode_operatoire", "prelevement")) + sort, data)


@kind(DECOY, "statistics")
def _statistics(dice: Dice) -> Made:
    lines = [
        f"{dice.between(2015, 2021)}-{dice.between(1, 12):02};{dice.any(('F', 'M'))};{dice.any(('0-14', '15-39', '40-64', '65+'))};{dice.any(ANALYSES)[0]};{dice.between(20, 4000)};{dice.decimal(0, 9, 2, comma=True)}"
        for _ in range(dice.lines(600))
    ]
    return Made(
        dice.any(("activite", "stats_patients", "epidemio")) + ".csv",
        encoded(dice, "\n".join(["Mois;Sexe;Âge;Analyse;Nombre de patients;Moyenne", *lines]) + "\n"),
    )


@kind(DECOY, "statistics in a workbook")
def _activity(dice: Dice) -> Made:
    head: list[containers.Cell] = ["Site", "Date", "Patients", "Dossiers", "Recette"]
    rows: list[list[containers.Cell]] = [
        [
            dice.any(("RENNES", "DREUX", "CHINON", "LAVAL")),
            dice.day(2018, 2021),
            dice.between(20, 400),
            dice.between(20, 400),
            float(dice.decimal(100, 9000, 2)),
        ]
        for _ in range(dice.lines(400))
    ]
    return Made(dice.any(("activite.xlsx", "patients_par_jour.xlsx")), containers.xlsx([head, *rows]))


@kind(DECOY, "planning by post")
def _planning(dice: Dice) -> Made:
    posts = ("Accueil", "Tri", "Biochimie", "Hémato", "Bactério", "Garde")
    lines = [
        f"{dice.day(2020, 2021):%d/%m/%Y};{dice.any(posts)};{dice.any(('7h-14h', '13h-20h', '20h-8h'))};{dice.between(1, 4)} agents"
        for _ in range(dice.lines(300))
    ]
    return Made(
        dice.any(("planning", "postes")) + ".csv",
        encoded(dice, "\n".join(["Jour;Poste;Horaire;Effectif", *lines]) + "\n"),
    )


@kind(DECOY, "plate of a series")
def _plate(dice: Dice) -> Made:
    lines = [
        f"{row}{column}\t{dice.any(('BLANC', 'STD1', 'STD2', 'CTRL+', 'CTRL-'))}\t{dice.decimal(0, 3, 3)}\t{dice.any(('NEG', 'POS', 'IND'))}"
        for row in "ABCDEFGH"[: dice.between(1, 8)]
        for column in range(1, 13)
    ]
    return Made(
        dice.any(("plaque", "elisa", "serie")) + ".txt",
        encoded(dice, f"Série {dice.digits(5)} du {dice.moment():%d/%m/%Y}\n" + "\n".join(lines) + "\n"),
    )
