"""Decoys: what a laboratory's office and the rest of the world keep, about nobody who lives."""
# ruff: noqa: E501 a line of a template is a line of the file it makes

from collections.abc import Callable

from bench.blind import containers
from bench.blind.dice import DECOY, Dice, Made, encoded, kind
from bench.blind.persons import FAMILY, MEN, WOMEN
from bench.blind.tables import delimited

_FIRMS = (
    "Biomat Distribution SAS", "Réactifs du Nord SARL", "Froid et Mesure", "Ouest Consommables", "Verrerie de la Loire SA", "Transports Kergoat",
    "Papeterie Centrale", "Diagnostics Atlantique", "Imprimerie du Canal", "Maintenance 35", "Labo Services GmbH", "Hygiène Pro SCOP",
)  # fmt: skip
_ITEMS = (
    "Tube EDTA 5 mL", "Tube sec 7 mL", "Aiguille 21G", "Réactif CRP", "Contrôle niveau 2", "Cuvette", "Gants nitrile M", "Calibrant TSH",
    "Papier thermique", "Pipette 1 mL", "Milieu gélosé", "Lancette",
)  # fmt: skip


def _phone(dice: Dice) -> str:
    return f"01 99 00 {dice.between(0, 99):02} {dice.between(0, 99):02}"


def _number(dice: Dice) -> str:
    return f"{dice.digits(3)} {dice.digits(3)} {dice.digits(3)}"


@kind(DECOY, "invoice to a company")
def _invoice(dice: Dice) -> Made:
    rows = [
        f"{dice.pick(_ITEMS):<28}{dice.between(1, 90):>5} x {dice.decimal(1, 300, 2, comma=True):>8}"
        for _ in range(dice.lines(60))
    ]
    lines = [
        dice.pick(_FIRMS), f"SIREN {_number(dice)}   TVA FR{dice.digits(11)}", "", f"FACTURE {dice.digits(7)} du {dice.day(2017, 2021):%d/%m/%Y}",
        f"Client : {dice.pick(_FIRMS)}, {dice.between(1, 99)} rue Pasteur, 35000 RENNES", f"Tél. {_phone(dice)}", "", *rows,
        f"TOTAL {dice.decimal(100, 9000, 2, comma=True)} EUR", f"Échéance {dice.day(2020, 2021):%d/%m/%Y}", f"IBAN FR76 {dice.digits(4)} {dice.digits(4)} {dice.digits(4)} {dice.digits(4)} {dice.digits(4)} {dice.digits(3)}",
    ]  # fmt: skip
    sort = dice.any((".txt", ".docx", ".html"))
    if sort == ".docx":
        return Made("facture.docx", containers.docx(lines))
    text = "\n".join(lines) if sort == ".txt" else "<html><body><p>" + "<br>\n".join(lines) + "</p></body></html>"
    return Made(
        dice.any(("facture", "FAC", "invoice")) + dice.digits(5) + sort,
        encoded(dice, text + "\n", "utf-8" if sort == ".html" else None),
    )


@kind(DECOY, "stock with lots and dates")
def _stock(dice: Dice) -> Made:
    head = dice.pick(
        (
            "Référence;Article;Lot;Péremption;Quantité",
            "REF;DESIGN;NLOT;DTPER;QTE",
            "item;name;lot;expires;count",
            "Code;Nom;N° lot;Date;Stock",
        )
    )
    rows: list[list[containers.Cell]] = [
        [
            dice.digits(8),
            dice.pick(_ITEMS).upper(),
            dice.letters(2) + dice.digits(6),
            f"{dice.day(2020, 2024):%d/%m/%Y}",
            str(dice.between(0, 400)),
        ]
        for _ in range(dice.lines())
    ]
    sort = dice.any(("csv", "xlsx", "dbf"))
    if sort == "xlsx":
        return Made("stock.xlsx", containers.xlsx([head.split(";"), *rows[:400]]))
    if sort == "dbf":
        return Made(
            "STOCK.DBF",
            containers.dbf(
                [("REF", "C", 8), ("NOM", "C", 24), ("LOT", "C", 10), ("DATPER", "C", 10), ("QTE", "N", 6)], rows
            ),
        )
    return Made(
        dice.any(("stock", "inventaire", "reactifs")) + ".csv",
        encoded(dice, delimited([head.split(";"), *[[str(c) for c in row] for row in rows]], dice.any((";", "\t")))),
    )


@kind(DECOY, "directory of companies")
def _companies(dice: Dice) -> Made:
    rows = [
        [
            dice.pick(_FIRMS),
            _number(dice),
            f"{dice.between(1, 120)} avenue de la Gare",
            "44000",
            "NANTES",
            _phone(dice),
            "contact@firme.example",
            f"{dice.day(1960, 2018):%d/%m/%Y}",
        ]
        for _ in range(dice.lines(400))
    ]
    head = dice.pick(
        (
            "Nom;SIREN;Adresse;CP;Ville;Téléphone;E-mail;Création",
            "RAISON;SIRET;RUE;CP;VIL;TEL;MAIL;DATE",
            "company;number;street;zip;city;phone;mail;founded",
            "Fournisseur;Siren;Voie;Code;Commune;Tél;Mél;Immatriculée le",
        )
    )
    return Made(
        dice.any(("fournisseurs", "clients", "annuaire")) + ".csv",
        encoded(dice, delimited([head.split(";"), *rows], ";")),
    )


@kind(DECOY, "directory of laboratories")
def _laboratories(dice: Dice) -> Made:
    towns = ("RENNES", "LORIENT", "CHOLET", "LAVAL", "DREUX", "CHINON", "LE MANS", "BOURGES")
    rows = [
        [
            "Laboratoire " + dice.any(("du Port", "de la Gare", "Saint-Clair", "des Halles")),
            dice.digits(9),
            f"{dice.between(1, 90)} place du Marché",
            dice.any(towns),
            _phone(dice),
            f"{dice.day(2001, 2020):%d/%m/%Y}",
        ]
        for _ in range(dice.lines(300))
    ]
    return Made(
        dice.any(("sites", "finess", "laboratoires")) + ".csv",
        encoded(dice, delimited([["Site", "FINESS", "Adresse", "Ville", "Tél", "Ouvert le"], *rows], ";")),
    )


@kind(DECOY, "long numbers of things")
def _numbers(dice: Dice) -> Made:
    sort = dice.any(("ean", "imei", "siret", "iban", "tube", "colis"))
    makers: dict[str, Callable[[], str]] = {
        "ean": lambda: "3" + dice.digits(12), "imei": lambda: "35" + dice.digits(13), "siret": lambda: dice.digits(14), "iban": lambda: "FR76" + dice.digits(23),
        "tube": lambda: "1" + dice.digits(12), "colis": lambda: "2" + dice.digits(14),
    }  # fmt: skip
    text = f"{sort};date\n" + "".join(
        f"{makers[sort]()};{dice.day(2018, 2021):%d/%m/%Y}\n" for _ in range(dice.lines())
    )
    return Made(f"{sort}.csv", encoded(dice, text))


@kind(DECOY, "sensors")
def _sensors(dice: Dice) -> Made:
    text = "sonde;horodatage;temperature;humidite\n" + "".join(
        f"FRIGO{dice.between(1, 9)};{dice.moment():%d/%m/%Y %H:%M};{dice.decimal(2, 8, 1, comma=True)};{dice.between(20, 80)}\n"
        for _ in range(dice.lines())
    )
    return Made(dice.any(("temperatures", "sondes", "frigos")) + ".csv", encoded(dice, text))


@kind(DECOY, "genealogy, 18th century")
def _genealogy(dice: Dice) -> Made:
    lines = []
    for _ in range(dice.lines(400)):
        birth = dice.day(1690, 1789)
        lines.append(
            f"{dice.pick(FAMILY).upper()};{dice.any((*MEN, *WOMEN))};{birth:%d/%m/%Y};{birth.year + dice.between(1, 80)};{dice.any(('laboureur', 'tisserande', 'meunier', 'notaire'))}"
        )
    return Made(
        dice.any(("genealogie", "registre_paroissial", "arbre")) + ".csv",
        encoded(dice, "\n".join(["Nom;Prénom;Né le;Mort en;Métier", *lines]) + "\n"),
    )


@kind(DECOY, "bibliography")
def _bibliography(dice: Dice) -> Made:
    entries = []
    for n in range(dice.lines(120)):
        who = " and ".join(f"{dice.pick(FAMILY)}, {dice.any((*MEN, *WOMEN))[0]}." for _ in range(dice.between(1, 4)))
        year = dice.between(1960, 2021)
        if dice.half:
            entries.append(
                f"@article{{ref{n},\n  author = {{{who}}},\n  title = {{{dice.any(('Serum', 'Plasma'))} {dice.any(('potassium', 'ferritin'))} in storage}},\n  year = {{{year}}},\n  pages = {{{dice.digits(3)}--{dice.digits(3)}}}\n}}\n"
            )
        else:
            entries.append(
                f"[{n + 1}] {who.replace(' and ', ', ')} Stabilité des dosages de {dice.any(('TSH', 'CRP'))}. Ann. Biol. Fict., {year}, {dice.digits(2)}, {dice.digits(3)}-{dice.digits(3)}.\n"
            )
    return Made("refs.bib" if dice.half else "bibliographie.txt", encoded(dice, "".join(entries), "utf-8"))


@kind(DECOY, "bank holidays")
def _holidays(dice: Dice) -> Made:
    days = (
        ("01/01", "Jour de l'an"),
        ("01/05", "Fête du travail"),
        ("08/05", "Victoire 1945"),
        ("14/07", "Fête nationale"),
        ("15/08", "Assomption"),
        ("01/11", "Toussaint"),
        ("11/11", "Armistice 1918"),
        ("25/12", "Noël"),
    )
    years = range(2000, 2000 + dice.between(1, 40))
    if dice.half:
        events = "".join(
            f"BEGIN:VEVENT\nDTSTART;VALUE=DATE:{year}{day[3:]}{day[:2]}\nSUMMARY:{name}\nEND:VEVENT\n"
            for year in years
            for day, name in days
        )
        return Made("feries.ics", f"BEGIN:VCALENDAR\n{events}END:VCALENDAR\n".encode())
    return Made(
        "feries.csv",
        encoded(dice, "Nom;Date\n" + "".join(f"{name};{day}/{year}\n" for year in years for day, name in days)),
    )


@kind(DECOY, "calendar of saints")
def _saints(dice: Dice) -> Made:
    lines = [
        f"{dice.between(1, 28):02}/{dice.between(1, 12):02};{'Sainte' if n % 2 else 'Saint'} {dice.any(WOMEN if n % 2 else MEN)}"
        for n in range(dice.lines(366))
    ]
    return Made(
        dice.any(("saints", "fetes", "calendrier")) + ".csv", encoded(dice, "\n".join(["jour;fête", *lines]) + "\n")
    )


@kind(DECOY, "ships")
def _ships(dice: Dice) -> Made:
    lines = [
        f"{dice.any(WOMEN).upper()} {dice.any(('I', 'II', 'DE BREST', 'DU LARGE', 'III'))};{dice.letters(2)}{dice.digits(6)};{dice.day(1930, 2018):%d/%m/%Y};{dice.decimal(6, 90, 1, comma=True)};chalutier"
        for _ in range(dice.lines(300))
    ]
    head = dice.pick(
        (
            "Nom;Immatriculation;Mise à l'eau;Longueur;Type",
            "NAVIRE;IMMAT;LANCE LE;LONG;TYPE",
            "ship;registration;launched;length;type",
            "Bateau;Quartier;Date;Mètres;Genre",
        )
    )
    return Made(dice.any(("navires", "flotte", "ships")) + ".csv", encoded(dice, "\n".join([head, *lines]) + "\n"))


@kind(DECOY, "horses")
def _horses(dice: Dice) -> Made:
    lines = [
        f"{dice.any(('Éclair', 'Tempête', 'Orage', 'Comète', 'Ouragan', 'Brume'))} {dice.any(('du Bois', 'de Nacre', 'd’Or', 'des Landes'))};{dice.any(('H', 'F', 'M'))};{dice.day(2005, 2019):%d/%m/%Y};bai;{dice.digits(8)}"
        for _ in range(dice.lines(200))
    ]
    return Made(
        dice.any(("chevaux", "engagés", "haras")) + ".csv",
        encoded(dice, "\n".join(["Cheval;Sexe;Né le;Robe;SIRE", *lines]) + "\n"),
    )


@kind(DECOY, "scores of a game")
def _scores(dice: Dice) -> Made:
    lines = [
        f"{n};{dice.any(('dragon', 'pixel', 'zorg', 'luna', 'krak'))}{dice.digits(3)};{dice.digits(5)};{dice.moment():%d/%m/%Y}"
        for n in range(1, dice.lines(300) + 1)
    ]
    return Made(
        dice.any(("scores", "highscores", "parties")) + ".csv",
        encoded(dice, "\n".join(["rang;joueur;points;date", *lines]) + "\n"),
    )


@kind(DECOY, "matches of a league")
def _league(dice: Dice) -> Made:
    towns = ("Rennes", "Lorient", "Nantes", "Angers", "Brest", "Guingamp", "Laval", "Le Mans")
    lines = [
        f"{dice.moment():%d/%m/%Y};{dice.any(towns)};{dice.any(towns)};{dice.between(0, 6)};{dice.between(0, 6)};Stade {dice.any(FAMILY)}"
        for _ in range(dice.lines(300))
    ]
    return Made(
        dice.any(("ligue", "calendrier", "matchs")) + ".csv",
        encoded(dice, "\n".join(["Date;Domicile;Extérieur;Buts;Encaissés;Lieu", *lines]) + "\n"),
    )


@kind(DECOY, "streets named after persons")
def _streets(dice: Dice) -> Made:
    lines = [
        f"{dice.digits(4)};{dice.any(('rue', 'place', 'avenue'))} {dice.any((*MEN, *WOMEN))} {dice.any(FAMILY)};{dice.any(('35000', '44600', '56100'))};{dice.day(1955, 2015):%d/%m/%Y}"
        for _ in range(dice.lines(400))
    ]
    return Made(
        dice.any(("voies", "rues", "tournee")) + ".csv",
        encoded(dice, "\n".join(["Code;Voie;CP;Délibération", *lines]) + "\n"),
    )


@kind(DECOY, "train timetable")
def _trains(dice: Dice) -> Made:
    lines = [
        f"{dice.digits(6)}\t{dice.any(('Rennes', 'Redon', 'Vannes'))}\t{dice.any(('Nantes', 'Brest', 'Quimper'))}\t{dice.between(5, 22):02}:{dice.between(0, 59):02}\t{dice.day(2019, 2021):%d/%m/%Y}"
        for _ in range(dice.lines(400))
    ]
    return Made(dice.any(("horaires", "ter", "trains")) + ".txt", encoded(dice, "\n".join(lines) + "\n"))


@kind(DECOY, "contract without persons")
def _contract(dice: Dice) -> Made:
    one, other = dice.few(_FIRMS, 2)
    lines = [
        f"CONTRAT DE MAINTENANCE N° {dice.digits(5)}",
        f"Entre {one}, SIREN {_number(dice)}, et {other}.",
        *(
            f"Article {n}. Le prestataire assure {dice.any(('la reprise', 'la sauvegarde', 'le support'))} du logiciel de gestion des patients jusqu'au {dice.day(2021, 2024):%d/%m/%Y}."
            for n in range(1, dice.lines(60) + 1)
        ),
        "Fait en deux exemplaires le 03/02/2020.",
    ]
    if dice.chance(0.5):
        return Made("contrat.docx", containers.docx(lines))
    return Made(dice.any(("contrat.txt", "avenant.txt")), encoded(dice, "\n".join(lines) + "\n"))


@kind(DECOY, "mail between services")
def _mail(dice: Dice) -> Made:
    said = dice.pick(
        (
            "La base patients sera arrêtée le {d} de 20 h à 22 h.",
            "Nouvelle version du LIS installée le {d} : voir la notice.",
            "Rappel : inventaire des réactifs avant le {d}.",
            "The patient search will be offline on {d}.",
        )
    )
    text = f"From: noreply@labo.example\nTo: tous@labo.example\nSubject: Information\nDate: {dice.moment():%a, %d %b %Y %H:%M:%S} +0100\nContent-Type: text/plain; charset=utf-8\n\nBonjour,\n{said.format(d=f'{dice.day(2019, 2021):%d/%m/%Y}')}\nLe service informatique\n"
    return Made(dice.any(("info", "annonce")) + ".eml", text.encode())


@kind(DECOY, "maintenance calendar")
def _maintenance(dice: Dice) -> Made:
    events = "".join(
        f"BEGIN:VEVENT\nUID:{dice.hexadecimal(10)}\nDTSTART:{dice.moment():%Y%m%dT%H%M%S}\nSUMMARY:{dice.any(('Maintenance automate', 'Calibration centrifugeuse', 'Livraison tubes', 'Salle B : réunion qualité'))} {dice.between(1, 9)}\nEND:VEVENT\n"
        for _ in range(dice.lines(150))
    )
    return Made(dice.any(("maintenance", "salle_b")) + ".ics", f"BEGIN:VCALENDAR\n{events}END:VCALENDAR\n".encode())
