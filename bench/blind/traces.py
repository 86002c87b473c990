"""Positives: patients in what programs and offices leave behind: logs, tickets, invoices, lists for other purposes."""
# ruff: noqa: E501 a line of a template is a line of the file it makes

from urllib.parse import quote_plus

from bench.blind.dice import POSITIVE, Dice, Made, encoded, kind
from bench.blind.messages import oru
from bench.blind.persons import Person, doctor, person, persons
from bench.blind.prose import LABORATORIES, fields, listed, long_day

_NOISE = (
    "INFO  [main] connexion à la base établie", "DEBUG pool: 4 connexions actives", "INFO  scheduler: tâche purge terminée en 12 ms",
    "WARN  port série COM3 : pas de réponse, nouvel essai", "INFO  session ouverte poste ACC-02", "DEBUG cache miss key=param.edition",
)  # fmt: skip
_LOGGED = (
    "INFO  dossier {i} validé pour {N} {g} né(e) le {b}", "ERROR contrainte violée : patient ('{N}', '{g}', '{b}') déjà présent",
    "DEBUG setPatient nom={N} prenom={g} ddn={b} sexe={x}", "INFO  impression compte rendu {N} {g} {b}", "WARN  doublon possible : {N} {g} ({b}) / {N} {g2} ({b})",
    "DEBUG Patient[id={i}, lastName={N}, firstName={g}, birthDate={b}]",
)  # fmt: skip


@kind(POSITIVE, "log of an application")
def _log(dice: Dice) -> Made:
    lines = []
    for at in range(dice.lines()):
        one = person(dice)
        said = (
            dice.pick(_NOISE)
            if at and dice.chance(0.85)
            else dice.pick(_LOGGED).format(**fields(one), x=one.sex, g2=person(dice).given)
        )
        lines.append(f"{dice.moment():%Y-%m-%d %H:%M:%S},{dice.between(0, 999):03} {said}")
    return Made(
        dice.any(("app", "lis", "server", "trace")) + dice.any((".log", ".log.1", ".txt")),
        encoded(dice, "\n".join(lines) + "\n", dice.any(("utf-8", "cp1252"))),
    )


@kind(POSITIVE, "log of a web server")
def _access(dice: Dice) -> Made:
    shape = dice.pick(
        ("/recherche?nom={f}&prenom={g}&ddn={b}", "/patient/search?lastname={f}&firstname={g}&dob={b}", "/api/pat?n={f}&p={g}&naissance={b}", "/resultats?nom_patient={f}&prenom_patient={g}&date_naissance={b}")
    )  # fmt: skip
    lines = []
    for at in range(dice.lines()):
        one = person(dice)
        path = (
            dice.any(("/", "/static/app.js", "/login", "/favicon.ico"))
            if at and dice.chance(0.8)
            else shape.format(
                f=quote_plus(one.family.upper()), g=quote_plus(one.given), b=quote_plus(f"{one.birth:%d/%m/%Y}")
            )
        )
        lines.append(
            f'10.0.{dice.between(0, 9)}.{dice.between(1, 250)} - - [{dice.moment():%d/%b/%Y:%H:%M:%S} +0100] "GET {path} HTTP/1.1" 200 {dice.between(200, 9000)}'
        )
    return Made(dice.any(("access.log", "access_log", "www.log")), encoded(dice, "\n".join(lines) + "\n", "utf-8"))


@kind(POSITIVE, "log with messages in it")
def _interface(dice: Dice) -> Made:
    parts = []
    for _ in range(dice.lines(40)):
        said = oru(dice, person(dice)).replace("\r", dice.any(("<CR>", "\n", "\\r", "\n    ")))
        parts.append(
            f"{dice.moment():%d/%m/%Y %H:%M:%S} [EAI] envoi vers DPI ({len(said)} octets)\n{said}\n{dice.moment():%d/%m/%Y %H:%M:%S} [EAI] ACK AA"
        )
    return Made(dice.any(("eai", "interface", "connecteur")) + ".log", encoded(dice, "\n".join(parts) + "\n", "utf-8"))


@kind(POSITIVE, "ticket of a help desk")
def _ticket(dice: Dice) -> Made:
    told = dice.pick(
        ("Bonjour, le compte rendu de {t} {N} {g} (née le {b}) ne part pas. Merci de regarder.", "Le dossier {i} de {g} {N}, {b}, s'affiche en double depuis la reprise.",
         "Le NIR {nir} de {t} {n} est refusé à la télétransmission.", "Patient {N} {g} né le {b} fusionné par erreur avec un homonyme.",
         "Fusion impossible : {N} {g} {b} et {N} {g2} {b}, même adresse {s}.", "Erreur 512 en ouvrant la fiche de {t} {g} {N}, date de naissance {b}.")
    )  # fmt: skip
    one = person(dice)
    said = told.format(**fields(one), nir=one.nir, g2=person(dice).given)
    text = f"Ticket #{dice.digits(6)}\nClient : {dice.pick(LABORATORIES)}\nPriorité : {dice.any(('basse', 'haute'))}\nOuvert le : {dice.moment():%d/%m/%Y}\n\n{said}\n\n-- réponse du support --\nPris en charge.\n"
    return listed(dice, (f"ticket_{dice.digits(5)}.txt", f"{dice.digits(6)}.md", "demande.txt"), text)


@kind(POSITIVE, "invoice to a patient")
def _invoice(dice: Dice) -> Made:
    one = person(dice)
    text = (
        f"{dice.pick(LABORATORIES)}\nFACTURE N° {dice.digits(7)} du {dice.day(2017, 2021):%d/%m/%Y}\n\n{one.title} {one.given} {one.family.upper()}\n{one.street}\n{one.postcode} {one.town}\n\n"
        f"Assuré : {one.nir[:13]} clé {one.nir[13:]}\nNé(e) le {one.birth:%d/%m/%Y}\nPrescripteur : {doctor(dice)}\n\n1104 NFS        B 26    6,50\n0552 Glycémie   B 5     1,25\n\nReste à payer : {dice.decimal(1, 40, 2, comma=True)} EUR\n"
    )
    return listed(dice, ("facture.txt", f"FAC{dice.digits(6)}.txt", f"note_{dice.digits(4)}.prn"), text)


@kind(POSITIVE, "list of insured")
def _insured(dice: Dice) -> Made:
    head = dice.pick(
        (
            "Assuré;NIR;Mutuelle;Fin de droits",
            "NOM PRENOM;N°SS;ORGANISME;DATE",
            "BENEF;IMMAT;CAISSE;FIN",
            "Bénéficiaire;Sécu;AMC;Échéance",
        )
    )
    lines = [
        f"{one.family.upper()} {one.given};{one.nir[:13]} {one.nir[13:]};{dice.any(('Mutuelle du Port', 'AMC 0042', 'CPAM 35'))};31/12/2021"
        for one in persons(dice, dice.lines(400))
    ]
    return Made(dice.any(("mutuelles", "droits", "tp")) + ".csv", encoded(dice, "\n".join([head, *lines]) + "\n"))


@kind(POSITIVE, "list of military persons")
def _army(dice: Dice) -> Made:
    ranks = ("CCH", "SGT", "ADJ", "CNE", "LTN", "MCH", "CPL", "1CL")
    lines = [
        f"{dice.any(ranks)};{one.family.upper()};{one.given};{dice.digits(10)};{one.birth:%d/%m/%Y};{one.town}"
        for one in persons(dice, dice.lines(200))
    ]
    head = dice.pick(
        (
            "Grade;Nom;Prénom;Matricule;Né le;Unité",
            "GRD;NOM;PRE;MAT;DDN;GARN",
            "rank;name;first;number;born;unit",
            "GRADE;NOM;PRENOMS;ID_DEF;NAISS;VILLE",
        )
    )
    return Made(dice.any(("def", "mil", "visite_aptitude")) + ".csv", encoded(dice, "\n".join([head, *lines]) + "\n"))


@kind(POSITIVE, "staff with birth dates")
def _staff(dice: Dice) -> Made:
    lines = [
        f"{one.family.upper()}\t{one.given}\t{one.birth:%d/%m/%Y}\t{one.phone}\t{dice.any(('technicien', 'secrétaire', 'coursier', 'biologiste'))}"
        for one in persons(dice, dice.between(4, 60))
    ]
    head = dice.pick(
        (
            "Nom\tPrénom\tNé(e) le\tTél.\tPoste",
            "Agent\tPrénom\tDate naissance\tPortable\tFonction",
            "Name\tFirst name\tBirthday\tPhone\tJob",
            "NOM\tPRENOM\tDNAIS\tGSM\tEMPLOI",
        )
    )
    return Made(
        dice.any(("personnel", "rh", "annuaire_interne")) + dice.any((".tsv", ".txt")),
        encoded(dice, "\n".join([head, *lines]) + "\n"),
    )


def _note(dice: Dice, one: Person) -> str:
    return dice.pick(
        ("- {t} {N} {g}, née le {b} : hémoculture à rappeler", "* {N} {g} ({b}) : tube perdu, reprélever", "- chambre 12, {g} {N}, dn {b}, potassium contrôlé",
         "- {t} {g} {N} {long} : refuse la sérologie", "* Mr/Mme {N} {g} né(e) {b} - résultat au Dr par téléphone", "- {N} {g}, {a} ans (né{e} le {b}), INR à 6")
    ).format(**fields(one))  # fmt: skip


@kind(POSITIVE, "handover notes")
def _handover(dice: Dice) -> Made:
    lines = [f"# Transmissions du {long_day(dice.day(2018, 2021))}", ""]
    for one in persons(dice, dice.lines(40)):
        lines.append(_note(dice, one))
        if dice.chance(0.4):
            lines.append(
                dice.pick(
                    (
                        "- frigo 3 à 7 °C, appelé la maintenance",
                        "- contrôle CRP hors limites, recalibré",
                        "- commande de tubes reçue",
                        "- coursier en retard",
                    )
                )
            )
    return listed(dice, ("transmissions.md", "garde.txt", "relève.txt", "notes.txt"), "\n".join(lines) + "\n")


@kind(POSITIVE, "consent form")
def _consent(dice: Dice) -> Made:
    one = person(dice)
    text = dice.pick(
        ("Je soussigné{e} {g} {N}, né{e} le {b} à {town}, demeurant {s}, autorise le laboratoire à transmettre mes résultats.", "Nom : {N}\nPrénom : {g}\nDate de naissance : {b}\nAutorise la recherche génétique : OUI",
         "Consentement éclairé\nPatient{e} : {t} {N} {g} ({b})\nExamen : caryotype\nSigné le 04/05/2019", "I, {g} {N}, born on {b}, agree that my results be sent to my doctor.")
    ).format(**fields(one), town=one.town)  # fmt: skip
    return listed(dice, ("consentement.txt", f"cst_{dice.digits(4)}.txt", "autorisation.txt"), text + "\n")


@kind(POSITIVE, "program with patients in its tests")
def _fixture(dice: Dice) -> Made:
    people = persons(dice, dice.between(1, 12))
    if dice.half:
        rows = "".join(
            f'    ("{one.family.upper()}", "{one.given}", "{one.birth:%d/%m/%Y}", "{one.nir}"),\n' for one in people
        )
        return Made(
            "test_import.py",
            f"# données réelles du client, à retirer\nPATIENTS = [\n{rows}]\n\n\ndef test_import():\n    assert len(PATIENTS) == {len(people)}\n".encode(),
        )
    rows = "".join(
        f'        patients.add(new Patient("{one.family.upper()}", "{one.given}", "{one.birth:%Y-%m-%d}", "{one.nir}"));\n'
        for one in people
    )
    return Made("PatientTest.java", f"class PatientTest {{\n    void charge() {{\n{rows}    }}\n}}\n".encode())


@kind(POSITIVE, "contact cards")
def _vcard(dice: Dice) -> Made:
    text = "".join(
        f"BEGIN:VCARD\nVERSION:3.0\nN:{one.family};{one.given};;{one.title};\nFN:{one.given} {one.family}\n"
        f"BDAY:{one.birth:%Y-%m-%d}\nTEL;TYPE=CELL:{one.phone}\nADR:;;{one.street};{one.town};;{one.postcode};France\nEND:VCARD\n"
        for one in persons(dice, dice.lines(200))
    )
    return Made(dice.any(("contacts", "patients")) + ".vcf", encoded(dice, text, "utf-8"))


@kind(POSITIVE, "one line")
def _one_line(dice: Dice) -> Made:
    one = person(dice)
    family, born = one.family.upper(), f"{one.birth:%d/%m/%Y}"
    text = dice.pick(
        (f"{family};{one.given};{born};{one.sex}", f"{family} {one.given} né(e) le {born} tél {one.phone}",
         f"rappeler {one.title} {family} {one.given}, {born}, pour son bilan", f"{one.nir} {family} {one.given}",
         f"{one.ipp}|{family}|{one.given}|{one.birth:%Y%m%d}|{one.sex}", f"patient {one.given} {family} ({born}) : dossier à refaire")
    )  # fmt: skip
    return Made(
        dice.any(("note", "x", "a_faire", "test1", "nouveau document")) + dice.any((".txt", ".csv", "")),
        encoded(dice, text + "\n"),
    )
