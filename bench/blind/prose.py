"""Positives: patients in sentences: letters, mails, chats, calendars, lists to work from."""
# ruff: noqa: E501, SIM905 a line of a template is a line of the file it makes

import base64
import datetime as dt
import quopri
from collections.abc import Sequence

from bench.blind import containers
from bench.blind.dice import POSITIVE, Dice, Made, encoded, kind
from bench.blind.persons import Person, doctor, person, persons, result

LABORATORIES = (
    "Laboratoire des Trois Rivières", "Laboratoire du Port", "Biologie de l'Ouest", "Laboratoire Saint-Clair",
    "Centre de biologie du Lac", "Laboratoire de la Halle",
)  # fmt: skip
_OPENING = (
    "Cher confrère, chère consœur,", "Docteur,", "Monsieur et cher ami,", "Chère consœur,", "Bonjour Docteur,", "Dear colleague,",
)  # fmt: skip
_ABOUT = (
    "Veuillez trouver ci-dessous les résultats de {t} {n}, né{e} le {b}.",
    "Je vous adresse le bilan de votre patient{e} {g} {N} ({b}).",
    "J'ai vu ce jour {t} {g} {N}, {a} ans, pour le contrôle demandé.",
    "Concerne : {N} {g}, né{e} le {long}, demeurant {s}, {v}.",
    "Patient : {N} {g} - DN : {b} - N° {i}",
    "Re: {g} {N}, date of birth {b}, your request {i}.",
    "Votre patient{e} {t} {N} {g}, né{e} le {b}, s'est présenté{e} au laboratoire ce matin.",
    "Réf. : dossier {i}, {t} {N} ({g}), {b}.",
)
_BODY = (
    "Le bilan appelle un contrôle dans quinze jours.", "Aucun argument pour une infection évolutive.",
    "Les valeurs restent stables depuis le précédent examen.", "Un second prélèvement serait souhaitable, le tube étant hémolysé.",
    "Le traitement est poursuivi sans changement.", "Results were telephoned to the ward at once.",
)  # fmt: skip
_CLOSE = (
    "Confraternellement,", "Bien à vous,", "Avec mes salutations confraternelles,", "Restant à votre disposition,", "Kind regards,",
    "Très cordialement,",
)  # fmt: skip
_MONTHS = "janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split()


def long_day(day: dt.date) -> str:
    """As a letter writes it."""
    return f"{'1er' if day.day == 1 else day.day} {_MONTHS[day.month - 1]} {day.year}"


def fields(one: Person) -> dict[str, str]:
    """What sentences about a person are filled with."""
    return {
        "t": one.title, "n": one.family, "N": one.family.upper(), "g": one.given, "e": "e" if one.sex == "F" else "",
        "b": f"{one.birth:%d/%m/%Y}", "long": long_day(one.birth), "a": str(2021 - one.birth.year), "s": one.street,
        "v": f"{one.postcode} {one.town}", "i": one.ipp,
    }  # fmt: skip


def letter(dice: Dice, one: Person) -> list[str]:
    """Paragraphs of a letter to a doctor."""
    lines = [
        dice.pick(LABORATORIES),
        f"Le {long_day(dice.day(2016, 2021))}",
        "",
        doctor(dice),
        "",
        dice.pick(_OPENING),
        "",
    ]
    lines.append(dice.pick(_ABOUT).format(**fields(one)))
    lines += [
        f"{label} : {value} {unit}" for _, label, value, unit, _ in [result(dice) for _ in range(dice.between(0, 8))]
    ]
    return [*lines, *dice.few(_BODY, 2), "", dice.pick(_CLOSE), doctor(dice)]


@kind(POSITIVE, "letter, text")
def _letter(dice: Dice) -> Made:
    return Made(
        dice.any(("courrier", "lettre", "CR", "cor")) + dice.digits(4) + ".txt",
        encoded(dice, "\n".join(letter(dice, person(dice))) + "\n"),
    )


@kind(POSITIVE, "letter, RTF")
def _rtf(dice: Dice) -> Made:
    return Made(
        dice.any(("courrier", "lettre", "cr")) + dice.digits(4) + ".rtf", containers.rtf(letter(dice, person(dice)))
    )


@kind(POSITIVE, "letter, DOCX")
def _docx(dice: Dice) -> Made:
    one = person(dice)
    table = (
        [["Nom", one.family.upper()], ["Prénom", one.given], ["Né(e) le", f"{one.birth:%d/%m/%Y}"]]
        if dice.chance(0.5)
        else []
    )
    return Made(
        dice.any(("courrier", "lettre", "Document")) + dice.digits(3) + ".docx",
        containers.docx(letter(dice, one), table),
    )


@kind(POSITIVE, "report, HTML")
def _html(dice: Dice) -> Made:
    one = person(dice)
    rows = "".join(
        f"<tr><td>{label}</td><td class=v>{value}&nbsp;{unit}</td></tr>\n"
        for _, label, value, unit, _ in [result(dice) for _ in range(9)]
    )
    head = dice.pick(
        ("<p>Patient&nbsp;: <b>{N}</b> {g}<br>N&eacute;{e} le {b}</p>", "<dl><dt>Nom</dt><dd>{N}</dd><dt>Pr&eacute;nom</dt><dd>{g}</dd><dt>Naissance</dt><dd>{b}</dd></dl>",
         "<h2>{t} {g} {N}</h2><span>{b}</span>", "<table><tr><th>Nom</th><td>{N}</td><th>DDN</th><td>{b}</td></tr></table>")
    ).format(**fields(one))  # fmt: skip
    text = f'<!DOCTYPE html>\n<html lang="fr"><head><meta charset="utf-8"><title>Compte rendu</title></head><body>\n{head}\n<table>\n{rows}</table>\n</body></html>\n'
    return Made(dice.any(("cr", "resultat", "report")) + dice.digits(4) + ".html", text.encode())


def _mail(dice: Dice, body: str, attached: bytes | None = None) -> bytes:
    head = (
        f"From: {dice.any(('accueil', 'secretariat', 'labo'))}@labo.example\nTo: {dice.any(('cabinet', 'service'))}@medecin.example\n"
        f"Subject: {dice.any(('Résultat', 'bilan demande', 'Re: dossier')).encode('ascii', 'replace').decode()}\n"
        f"Date: {dice.moment():%a, %d %b %Y %H:%M:%S} +0100\nMIME-Version: 1.0\n"
    )
    coding = dice.any(("8bit", "quoted-printable", "base64"))
    plain = body.encode()
    if coding == "base64":
        plain = base64.encodebytes(plain)
    elif coding == "quoted-printable":
        plain = quopri.encodestring(plain)
    part = f"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: {coding}\n\n".encode() + plain
    if attached is None:
        return head.encode() + part + b"\n"
    file = b'Content-Type: text/csv; name="export.csv"\nContent-Disposition: attachment; filename="export.csv"\nContent-Transfer-Encoding: base64\n\n'
    return (
        head.encode() + b'Content-Type: multipart/mixed; boundary="=_b1"\n\n--=_b1\n' + part + b"\n--=_b1\n" + file
        + base64.encodebytes(attached) + b"--=_b1--\n"
    )  # fmt: skip


def _pasted(dice: Dice) -> str:
    one = person(dice)
    results = "\n".join(f"{label}  {value} {unit}" for _, label, value, unit, _ in [result(dice) for _ in range(4)])
    return f"{dice.pick(_OPENING)}\n\n{dice.pick(_ABOUT).format(**fields(one))}\n{results}\n\n{dice.pick(_CLOSE)}\n"


@kind(POSITIVE, "mail with a result")
def _eml(dice: Dice) -> Made:
    return Made(dice.any(("message", "re", "INBOX_")) + dice.digits(3) + ".eml", _mail(dice, _pasted(dice)))


@kind(POSITIVE, "mail with an export attached")
def _attachment(dice: Dice) -> Made:
    lines = "".join(
        f"{one.family.upper()};{one.given};{one.birth:%d/%m/%Y};{one.sex}\n" for one in persons(dice, dice.lines(200))
    )
    data = ("NOM;PRENOM;DATE_NAISSANCE;SEXE\n" + lines).encode(dice.any(("utf-8", "cp1252")), "replace")
    return Made(
        dice.any(("message", "tr", "fw")) + dice.digits(3) + ".eml",
        _mail(dice, "Bonjour,\nle fichier demandé est joint.\n", data),
    )


@kind(POSITIVE, "mailbox")
def _mbox(dice: Dice) -> Made:
    mails = [
        b"From labo@labo.example Mon Jan  6 09:12:00 2020\n" + _mail(dice, _pasted(dice)) + b"\n"
        for _ in range(dice.lines(25))
    ]
    return Made(dice.any(("Sent", "Inbox", "archive.mbox", "boite.mbox")), b"".join(mails))


_CHAT = (
    "tu peux regarder le dossier de {t} {N} {g} ? née le {b}", "{t} {n} a appelé, {g}, dn {b}, elle attend son INR",
    "le tube de {g} {N} ({b}) est coagulé", "ok je refais {N} {g} {b}", "pour {N} {g} du {b} le Dr veut la CRP en urgence",
    "résultat de {g} {N}, ddn {b} : positif, ne pas dire au téléphone", "{N} {g} {b} pas de mutuelle", "attention homonyme {N} {g}, l'autre est né le {b}",
)  # fmt: skip
_CHATTER = (
    "ok",
    "je regarde",
    "merci !",
    "c'est fait",
    "tu manges à quelle heure ?",
    "l'automate 2 est encore en panne",
    "vu",
    "👍",
)


@kind(POSITIVE, "chat")
def _chat(dice: Dice) -> Made:
    lines = []
    shape = dice.any(("[{d:%d/%m/%Y %H:%M}] {w}: {x}", "{d:%d/%m/%Y, %H:%M} - {w}: {x}", "{d:%H:%M} <{w}> {x}"))
    for at in range(dice.lines(150)):
        text = dice.pick(_CHATTER) if at and dice.chance(0.7) else dice.pick(_CHAT).format(**fields(person(dice)))
        lines.append(
            shape.format(d=dice.moment(), w=dice.any(("acc1", "paillasse", "Nadia", "Tech 3", "secretariat")), x=text)
        )
    return Made(
        dice.any(("discussion", "chat", "conv", "export_messages")) + ".txt",
        encoded(dice, "\n".join(lines) + "\n", "utf-8"),
    )


@kind(POSITIVE, "appointments")
def _calendar(dice: Dice) -> Made:
    shape = dice.pick(
        (
            "RDV {N} {g} ({b})",
            "Prélèvement {t} {N} {g} né{e} {b}",
            "{N} {g} - {b} - à jeun",
            "Blood test {g} {N} DOB {b}",
        )
    )
    events = "".join(
        f"BEGIN:VEVENT\nUID:{dice.hexadecimal(12)}\nDTSTART:{dice.moment():%Y%m%dT%H%M%S}\nSUMMARY:{shape.format(**fields(one))}\nEND:VEVENT\n"
        for one in persons(dice, dice.lines(100))
    )
    return Made(
        dice.any(("agenda", "rdv", "calendar")) + ".ics",
        encoded(dice, f"BEGIN:VCALENDAR\nVERSION:2.0\n{events}END:VCALENDAR\n", "utf-8"),
    )


@kind(POSITIVE, "worksheet of a bench")
def _worksheet(dice: Dice) -> Made:
    lines = [
        f"PAILLASSE {dice.any(('BIOCHIMIE', 'HEMATO', 'SEROLOGIE'))}   FEUILLE {dice.digits(3)}   {dice.moment():%d/%m/%Y %H:%M}",
        "-" * 78,
    ]
    for rank, one in enumerate(persons(dice, dice.lines(150)), 1):
        lines.append(
            f"{rank:>3} {dice.digits(10)}  {one.family.upper() + ' ' + one.given:<32} {one.birth:%d/%m/%Y} {one.sex}  {result(dice)[0]:<5} ......."
        )
    return Made(
        dice.any(("feuille", "paillasse", "LT", "travail")) + dice.any((".txt", ".prn", ".lst")),
        encoded(dice, "\n".join(lines) + "\n"),
    )


@kind(POSITIVE, "reports as printed")
def _printed(dice: Dice) -> Made:
    pages = []
    for one in persons(dice, dice.lines(30)):
        head = dice.pick(
            ("Nom : {N}\nPrénom : {g}\nNé(e) le : {b}\nDossier : {i}", "{t} {N} {g}\n{s}\n{v}\n\nNé{e} le {b}   Réf {i}",
             "Patient: {g} {N}      DN: {b}", "        {N} {g}\n        né{e} le {long}\n        dossier {i}")
        ).format(**fields(one))  # fmt: skip
        body = "\n".join(
            f"{label:<36}{value:>8} {unit}"
            for _, label, value, unit, _ in [result(dice) for _ in range(dice.between(2, 14))]
        )
        pages.append(f"{dice.pick(LABORATORIES).upper()}\n\n{head}\n\n{body}\n\nValidé par {doctor(dice)}\n")
    return Made(
        dice.any(("spool", "cr", "edition", "LPT1")) + dice.any((".txt", ".prn", ".spl", "")),
        encoded(dice, "\f".join(pages)),
    )


@kind(POSITIVE, "labels for tubes")
def _labels(dice: Dice) -> Made:
    text = "".join(
        f"^XA^FO20,20^A0N,22^FD{one.family.upper()} {one.given}^FS^FO20,46^A0N,18^FD{one.birth:%d/%m/%Y} {one.sex}^FS"
        f"^FO20,70^BY2^BCN,50^FD{dice.digits(10)}^FS^XZ\n"
        for one in persons(dice, dice.lines(100))
    )
    return Made(
        dice.any(("etiq", "zebra", "labels")) + dice.any((".zpl", ".prn", ".txt")), encoded(dice, text, "utf-8")
    )


@kind(POSITIVE, "letter, English")
def _english(dice: Dice) -> Made:
    one = person(dice)
    about = dice.pick(
        ("Re: {g} {N}, born {b}. Thank you for referring this patient.", "Patient: {N}, {g}. Date of birth: {b}. Hospital number: {i}.",
         "I reviewed {g} {N} (DOB {b}) in clinic today.", "Name: {g} {N}\nDOB: {b}\nSample received this morning.")
    ).format(**fields(one))  # fmt: skip
    return Made(
        dice.any(("letter", "clinic", "report")) + dice.digits(3) + ".txt",
        encoded(dice, f"{about}\n\nHaemoglobin {dice.decimal(8, 15)} g/dL.\n\nYours sincerely,\n{doctor(dice)}\n"),
    )


def listed(dice: Dice, name: Sequence[str], text: str) -> Made:
    """A file of text under one of these names."""
    return Made(dice.any(name), encoded(dice, text))
