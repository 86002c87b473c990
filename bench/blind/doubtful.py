"""Reported, not scored: files of which lawyers would argue, and forms that no text detector opens."""
# ruff: noqa: E501 a line of a template is a line of the file it makes

import zlib

from bench.blind.dice import DOUBTFUL, UNSEEN, Dice, Made, encoded, kind
from bench.blind.persons import FAMILY, MEN, WOMEN, doctor, person, persons, result
from bench.blind.prose import LABORATORIES, letter
from bench.blind.tables import delimited


@kind(DOUBTFUL, "rota with initials")
def _rota(dice: Dice) -> Made:
    return Made(
        "garde.csv",
        encoded(
            dice,
            "Jour;Matin;Soir\n"
            + "".join(
                f"{dice.day(2020, 2021):%d/%m/%Y};{dice.letters(2)};{dice.letters(2)}\n" for _ in range(dice.lines(90))
            ),
        ),
    )


@kind(DOUBTFUL, "log of commits")
def _commits(dice: Dice) -> Made:
    text = "".join(
        f"commit {dice.hexadecimal(40)}\nAuthor: {dice.any(MEN)} {dice.pick(FAMILY)} <dev{dice.digits(2)}@editeur.example>\nDate:   {dice.moment():%a %b %d %H:%M:%S %Y} +0100\n\n    patient: fix import\n\n"
        for _ in range(dice.lines(100))
    )
    return Made("git.log", text.encode())


@kind(DOUBTFUL, "results by tube number alone")
def _tubes(dice: Dice) -> Made:
    rows = [[dice.digits(10), *result(dice)[:4]] for _ in range(dice.lines(400))]
    return Made(
        "resultats_tubes.csv", encoded(dice, delimited([["Tube", "Code", "Analyse", "Valeur", "Unité"], *rows], ";"))
    )


@kind(DOUBTFUL, "study without identifiers")
def _study(dice: Dice) -> Made:
    return Made(
        "etude.csv",
        encoded(
            dice,
            "sujet;sexe;age;crp\n"
            + "".join(
                f"{n};{dice.any(('F', 'M'))};{dice.between(18, 95)};{dice.decimal(0, 90)}\n"
                for n in range(1, dice.lines(300) + 1)
            ),
        ),
    )


@kind(DOUBTFUL, "staff with professional mail")
def _staff(dice: Dice) -> Made:
    return Made(
        "equipe.csv",
        encoded(
            dice,
            "Nom;Prénom;Fonction;Mail\n"
            + "".join(
                f"{one.family.upper()};{one.given};technicien;{one.mail}\n"
                for one in persons(dice, dice.between(3, 60))
            ),
        ),
    )


@kind(DOUBTFUL, "directory of doctors")
def _doctors(dice: Dice) -> Made:
    return Made(
        "prescripteurs.csv",
        encoded(
            dice,
            "RPPS;Nom;Spécialité;Ville\n"
            + "".join(f"{dice.digits(11)};{doctor(dice)};généraliste;LAVAL\n" for _ in range(dice.lines(300))),
        ),
    )


@kind(DOUBTFUL, "contract with those who sign")
def _signed(dice: Dice) -> Made:
    return Made(
        "contrat_signe.txt",
        encoded(
            dice,
            f"Entre {dice.pick(LABORATORIES)}, représenté par {doctor(dice)}, et l'éditeur, représenté par {dice.any(WOMEN)} {dice.pick(FAMILY)}.\nFait le 03/02/2020.\n",
        ),
    )


@kind(DOUBTFUL, "accounts of a program")
def _accounts(dice: Dice) -> Made:
    return Made(
        "comptes.csv",
        encoded(
            dice,
            "login;profil;derniere_connexion\n"
            + "".join(
                f"{dice.any(MEN)[0].lower()}{dice.pick(FAMILY).lower()};tech;{dice.moment():%d/%m/%Y}\n"
                for _ in range(dice.lines(100))
            ),
        ),
    )


@kind(DOUBTFUL, "first names with an hour")
def _hours(dice: Dice) -> Made:
    return Made(
        "rdv.txt",
        encoded(
            dice,
            "".join(
                f"{dice.between(7, 12)}h{dice.any(('00', '15', '30'))} {dice.any(WOMEN)}\n"
                for _ in range(dice.lines(40))
            ),
        ),
    )


@kind(DOUBTFUL, "telephones alone")
def _telephones(dice: Dice) -> Made:
    return Made("sms.txt", encoded(dice, "".join(f"{person(dice).phone}\n" for _ in range(dice.lines(300)))))


@kind(DOUBTFUL, "addresses of a web server's readers")
def _addresses(dice: Dice) -> Made:
    return Made(
        "access.log",
        "".join(
            f'203.0.113.{dice.between(1, 250)} - - [{dice.moment():%d/%b/%Y:%H:%M:%S} +0100] "GET /resultats/{dice.digits(6)} HTTP/1.1" 200 12\n'
            for _ in range(dice.lines(400))
        ).encode(),
    )


@kind(UNSEEN, "report, PDF")
def _pdf(dice: Dice) -> Made:
    lines = "".join(
        f"({line.encode('cp1252', 'replace').decode('cp1252').replace('(', ' ').replace(')', ' ')}) Tj 0 -14 Td\n"
        for line in letter(dice, person(dice))
    )
    page = f"BT /F1 11 Tf 60 780 Td\n{lines}ET".encode("cp1252", "replace")
    flate = dice.chance(0.7)
    body = zlib.compress(page) if flate else page
    return Made(
        f"cr{dice.digits(4)}.pdf",
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>endobj\n"
        + f"4 0 obj<</Length {len(body)}{'/Filter/FlateDecode' if flate else ''}>>stream\n".encode() + body
        + b"\nendstream endobj\n5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n",
    )  # fmt: skip
