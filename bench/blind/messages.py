"""Positives: messages between laboratories, doctors and instruments, about patients."""
# ruff: noqa: E501 a line of a template is a line of the file it makes

import json
from collections.abc import Callable

from bench.blind.dice import POSITIVE, Dice, Made, encoded, kind
from bench.blind.persons import Person, doctor, person, persons, result
from bench.blind.prose import LABORATORIES


@kind(POSITIVE, "HPRIM Médecin")
def _doctor_mail(dice: Dice) -> Made:
    parts = []
    for one in persons(dice, dice.lines(30)):
        day = dice.day(2016, 2021)
        head = [
            one.ipp, one.family.upper(), one.given.upper(), one.street, "", f"{one.postcode} {one.town}", f"{one.birth:%d/%m/%Y}",
            f"{one.nir[:13]} {one.nir[13:]}" if dice.chance(0.5) else "", dice.digits(9), f"{day:%d/%m/%Y}",
            f"{dice.digits(6)} {dice.pick(LABORATORIES)}", f"{dice.digits(9)} {doctor(dice)}",
        ]  # fmt: skip
        results = [result(dice) for _ in range(dice.between(1, 12))]
        lines = [*head, "", *(f"{label:.<40} {value.replace('.', ',')} {unit}" for _, label, value, unit, _ in results)]
        if dice.chance(0.6):
            lines += ["****LAB****"]
            lines += [f"RES|{label}|{code}|N|{value}|{unit}|||N|F|||||" for code, label, value, unit, _ in results]
        parts.append("\n".join([*lines, "****FIN****"]))
    ending = dice.any((".hpr", ".HPM", ".txt", ".001"))
    text = "\n".join(parts) + "\n****FINFICHIER****\n"
    return Made(
        dice.any(("RES", "LABO", "M", "CR")) + dice.digits(5) + ending,
        encoded(dice, text, dice.any(("cp1252", "iso-8859-1", "cp850"))),
    )


@kind(POSITIVE, "HPRIM Santé")
def _sante(dice: Dice) -> Made:
    lines = [
        f"H|~^\\&|{dice.digits(5)}.hpr||LAB~{dice.pick(LABORATORIES)}||ORU|||HOP~Clinique||P|H2.3~C|20200{dice.between(1, 9)}12"
    ]
    for rank, one in enumerate(persons(dice, dice.lines(60)), 1):
        lines.append(
            f"P|{rank}|{one.ipp}||{dice.digits(8)}|{one.family.upper()}~{one.given}~~~{one.title}|{one.maiden.upper()}"
            f"|{one.birth:%Y%m%d}|{one.sex}||{one.street}~~{one.town}~~{one.postcode}||{one.phone}"
        )
        lines.append(f"OBR|1|{dice.digits(9)}|{dice.digits(9)}|NFS~Numération~L||20200101|||||||||{doctor(dice)}")
        for at in range(1, dice.between(2, 9)):
            code, label, value, unit, _ = result(dice)
            lines.append(f"OBX|{at}|NM|{code}~{label}~L||{value}|{unit}|||||F")
    text = "\n".join([*lines, "L|1||1|"]) + "\n"
    return Made(
        dice.digits(8) + dice.any((".hpr", ".HPS", ".txt", "")),
        encoded(dice, text, "iso-8859-1", dice.any(("\r", "\r\n"))),
    )


def oru(dice: Dice, one: Person) -> str:
    """One HL7 message with results."""
    at, charset = dice.moment().strftime("%Y%m%d%H%M%S"), dice.any(("8859/1", "UNICODE UTF-8", ""))
    ids = f"{one.ipp}^^^LABO^PI" + (f"~{one.nir}^^^INS-NIR^INS" if dice.chance(0.3) else "")
    lines = [
        f"MSH|^~\\&|LIS|LABO|DPI|CHU|{at}||ORU^R01|{dice.digits(9)}|P|2.5|||||FRA|{charset}",
        f"PID|1||{ids}||{one.family.upper()}^{one.given}^^^{one.title}||{one.birth:%Y%m%d}|{one.sex}|||{one.street}^^{one.town}^^{one.postcode}",
        f"OBR|1|{dice.digits(8)}|{dice.digits(8)}|BIO^Biochimie^L|||{at}|||||||||{dice.digits(11)}^{doctor(dice)[3:].upper()}",
    ]
    for number in range(1, dice.between(2, 9)):
        _, label, value, unit, loinc = result(dice)
        lines.append(f"OBX|{number}|NM|{loinc}^{label}^LN||{value}|{unit}|||||F|||{at}")
    return "\r".join(lines) + "\r"


def _framed(dice: Dice, make: Callable[[], str]) -> bytes:
    count = dice.lines(80)
    frame = dice.any(("\x0b{}\x1c\r", "{}", "{}\n", "FHS|^~\\&\rBHS|^~\\&\r{}BTS|1\rFTS|1\r"))
    text = "".join(frame.format(make()) for _ in range(count))
    if dice.chance(0.5):
        text = text.replace("\r", dice.any(("\n", "\r\n")))
    return text.encode(dice.any(("utf-8", "iso-8859-1")), "replace")


@kind(POSITIVE, "HL7 results")
def _oru(dice: Dice) -> Made:
    return Made(
        dice.any(("ORU", "msg", "out", dice.digits(8))) + dice.any((".hl7", ".txt", ".msg", "")),
        _framed(dice, lambda: oru(dice, person(dice))),
    )


@kind(POSITIVE, "HL7 admissions")
def _adt(dice: Dice) -> Made:
    def one_message() -> str:
        one, at = person(dice), dice.moment().strftime("%Y%m%d%H%M")
        return (
            f"MSH|^~\\&|GAM|CHU|LIS|LABO|{at}||ADT^{dice.any(('A01', 'A04', 'A08', 'A40'))}|{dice.digits(7)}|P|2.3.1\r"
            f"EVN||{at}\rPID|1||{one.ipp}^^^CHU^PI||{one.family.upper()}^{one.given}||{one.birth:%Y%m%d}|{one.sex}|||"
            f"{one.street}^^{one.town}^^{one.postcode}^FRA||{one.phone}\rPV1|1|I|{dice.letters(3)}^{dice.between(100, 499)}\r"
        )

    return Made(
        dice.any(("ADT", "adm", dice.digits(6))) + dice.any((".hl7", ".adt", ".txt")), _framed(dice, one_message)
    )


@kind(POSITIVE, "ASTM with patients")
def _astm(dice: Dice) -> Made:
    lines = ["H|\\^&|||LIS^1.0|||||ANALYSER||P|1|20200312101112"]
    for rank, one in enumerate(persons(dice, dice.lines(100)), 1):
        lines.append(
            f"P|{rank}|{one.ipp}|{dice.digits(7)}||{one.family.upper()}^{one.given}||{one.birth:%Y%m%d}|{one.sex}"
        )
        code, _, value, unit, _ = result(dice)
        lines += [f"O|1|{dice.digits(9)}||^^^{code}|R", f"R|1|^^^{code}|{value}|{unit}||N||F||||20200312101455"]
    lines.append("L|1|N")
    if dice.chance(0.4):
        lines = [f"\x02{n % 8}{line}\r\x03{dice.hexadecimal(2).upper()}" for n, line in enumerate(lines, 1)]
    return Made(
        dice.any(("astm", "host", "trace", "com1")) + dice.any((".txt", ".log", ".ast", "")),
        encoded(dice, "\n".join(lines) + "\n", "iso-8859-1"),
    )


def _patient(one: Person) -> dict[str, object]:
    return {
        "resourceType": "Patient",
        "id": f"p{one.ipp}",
        "identifier": [{"system": "urn:oid:1.2.250.1.213.1.4.10", "value": one.nir[:13]}],
        "name": [{"use": "official", "family": one.family, "given": [one.given]}],
        "gender": "female" if one.sex == "F" else "male",
        "birthDate": f"{one.birth:%Y-%m-%d}",
        "address": [{"line": [one.street], "city": one.town, "postalCode": one.postcode}],
    }


def _observation(dice: Dice, one: Person) -> dict[str, object]:
    _, label, value, unit, loinc = result(dice)
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": loinc, "display": label}]},
        "subject": {"reference": f"Patient/p{one.ipp}"},
        "valueQuantity": {"value": float(value), "unit": unit},
    }


@kind(POSITIVE, "FHIR bundle")
def _bundle(dice: Dice) -> Made:
    entries: list[dict[str, object]] = []
    for one in persons(dice, dice.lines(80)):
        entries.append({"fullUrl": f"urn:uuid:{dice.hexadecimal(8)}", "resource": _patient(one)})
        entries += [{"resource": _observation(dice, one)} for _ in range(dice.between(0, 4))]
    bundle = {"resourceType": "Bundle", "type": dice.any(("transaction", "collection", "searchset")), "entry": entries}
    return Made(
        dice.any(("bundle", "fhir", "export")) + ".json",
        json.dumps(bundle, indent=dice.any((None, 2)), ensure_ascii=False).encode(),
    )


@kind(POSITIVE, "FHIR in bulk")
def _bulk(dice: Dice) -> Made:
    people = persons(dice, dice.lines(300))
    items = [_patient(one) if dice.chance(0.6) else _observation(dice, one) for one in people] + [_patient(people[0])]
    return Made(
        dice.any(("Patient", "export.000", "part-1")) + ".ndjson",
        "".join(json.dumps(each, separators=(",", ":")) + "\n" for each in items).encode(),
    )


@kind(POSITIVE, "FHIR in XML")
def _fhir_xml(dice: Dice) -> Made:
    body = "".join(
        f'<entry><resource><Patient><id value="p{one.ipp}"/><name><family value="{one.family}"/><given value="{one.given}"/></name>'
        f'<gender value="{"female" if one.sex == "F" else "male"}"/><birthDate value="{one.birth:%Y-%m-%d}"/></Patient></resource></entry>\n'
        for one in persons(dice, dice.lines(60))
    )
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<Bundle xmlns="http://hl7.org/fhir"><type value="batch"/>\n{body}</Bundle>\n'
    return Made(dice.any(("bundle", "fhir")) + ".xml", text.encode())


@kind(POSITIVE, "CDA report")
def _cda(dice: Dice) -> Made:
    one = person(dice)
    rows = "".join(
        f"<tr><td>{label}</td><td>{value}</td><td>{unit}</td></tr>"
        for _, label, value, unit, _ in [result(dice) for _ in range(8)]
    )
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<ClinicalDocument xmlns="urn:hl7-org:v3"><typeId root="2.16.840.1.113883.1.3" '
        f'extension="POCD_HD000040"/><id root="1.2.250.1.{dice.digits(5)}"/><code code="11502-2" codeSystem="2.16.840.1.113883.6.1"/>'
        f'<title>CR d\'examens biologiques</title><recordTarget><patientRole><id root="1.2.250.1.213.1.4.10" extension="{one.nir[:13]}"/>'
        f'<patient><name><given>{one.given}</given><family qualifier="BR">{one.family.upper()}</family></name>'
        f'<administrativeGenderCode code="{one.sex}"/><birthTime value="{one.birth:%Y%m%d}"/></patient></patientRole></recordTarget>'
        f"<component><structuredBody><component><section><text><table>{rows}</table></text></section></component></structuredBody>"
        "</component></ClinicalDocument>\n"
    )
    return Made(dice.any(("CR", "cda", "doc")) + dice.digits(4) + ".xml", text.encode())
