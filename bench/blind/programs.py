"""Decoys: programs, settings and what they write, about nobody."""
# ruff: noqa: E501, SIM905 a line of a template is a line of the file it makes

import json

from bench.blind import containers
from bench.blind.dice import DECOY, Dice, Made, encoded, kind
from bench.blind.tables import ENGLISH, FRENCH, SHORT

_VERBS = "load read build check merge split count apply close render parse fetch store purge".split()
_NOUNS = "order batch parcel index buffer config table cursor record panel queue report label site".split()


def _identifier(dice: Dice, joint: str = "_") -> str:
    return dice.pick(_VERBS) + joint + dice.pick(_NOUNS)


@kind(DECOY, "program, Python")
def _python(dice: Dice) -> Made:
    parts = ['"""Import of patients: reads nom, prenom and date_naissance from a file."""\n\nimport datetime\n']
    for _ in range(dice.lines(60)):
        name = _identifier(dice)
        parts.append(
            f"\ndef {name}_{dice.digits(2)}(nom: str, prenom: str, date_naissance: str) -> dict[str, str]:\n"
            f'    """{name.replace("_", " ").capitalize()} the patient."""\n    if len(date_naissance) != {dice.between(6, 12)}:\n'
            f'        raise ValueError("date_naissance")\n    return {{"nom": nom.upper(), "prenom": prenom, "ddn": "01/01/1900"}}\n'
        )
    parts.append('\n\ndef test_all() -> None:\n    assert load_all("foo", "bar", "01/01/2000") == ("FOO", "bar")\n')
    return Made(dice.any(("patient", "import_pat", "models")) + ".py", "".join(parts).encode())


@kind(DECOY, "program, Java")
def _java(dice: Dice) -> Made:
    body = "".join(
        f"    public void {_identifier(dice, 'The')}{dice.digits(2)}(Patient patient) {{\n        if (patient.getBirthDate() == null) {{\n"
        f'            throw new IllegalStateException("patient.birthDate");\n        }}\n        log.debug("{{}}", patient.getId());\n    }}\n\n'
        for _ in range(dice.lines(80))
    )
    tested = '        Patient p = new Patient("Test", "Test", LocalDate.of(1970, 1, 1));\n'
    return Made(
        "PatientService.java",
        f"package fr.lis;\n\npublic class PatientService {{\n{body}    void sample() {{\n{tested}    }}\n}}\n".encode(),
    )


@kind(DECOY, "program, JavaScript")
def _javascript(dice: Dice) -> Made:
    body = "".join(
        f"export function {_identifier(dice, 'Of')}{n}(form) {{\n  const nom = form.elements['nom'].value.trim();\n  const ddn = form.elements['ddn'].value;\n"
        f"  if (!/^\\d{{2}}\\/\\d{{2}}\\/\\d{{4}}$/.test(ddn)) throw new Error('Date de naissance invalide (ex. 31/12/1999)');\n  return {{ nom, ddn, key: {dice.digits(6)} }};\n}}\n\n"
        for n in range(dice.lines(60))
    )
    return Made(dice.any(("patient.js", "form.ts", "saisie.js")), body.encode())


@kind(DECOY, "schema in SQL")
def _schema(dice: Dice) -> Made:
    tables = []
    for n in range(dice.lines(40)):
        names = [title.replace(" ", "_") for title in dice.pick((*SHORT, *ENGLISH)).split(";")]
        tables.append(
            f"CREATE TABLE t{n}_patient (\n"
            + ",\n".join(f"    {name} VARCHAR({dice.between(1, 60)})" for name in names)
            + "\n);\n"
        )
    if dice.chance(0.5):
        tables.append("COPY public.patient (nom, prenom, date_naissance) FROM stdin;\n\\.\n")
    return Made(dice.any(("schema", "create", "ddl")) + ".sql", encoded(dice, "\n".join(tables), "utf-8"))


@kind(DECOY, "queries in SQL")
def _queries(dice: Dice) -> Made:
    text = "".join(
        f"SELECT p.nom, p.prenom, p.date_naissance, COUNT(*)\nFROM patient p JOIN demande d ON d.pat_id = p.id\nWHERE d.date_enreg BETWEEN '{dice.day(2016, 2018):%d/%m/%Y}' AND '{dice.day(2019, 2021):%d/%m/%Y}'\n"
        f"  AND d.site = '{dice.letters(3)}' AND p.nom LIKE '{dice.letters(1)}%'\nGROUP BY 1, 2, 3\nHAVING COUNT(*) > {dice.between(1, 9)};\n\n"
        for _ in range(dice.lines(80))
    )
    return Made(dice.any(("requetes", "stats", "extraction")) + ".sql", text.encode())


@kind(DECOY, "headings without a row")
def _headings(dice: Dice) -> Made:
    delimiter = dice.any((";", ",", "\t"))
    return Made(
        dice.any(("modele", "patients", "entete", "template")) + ".csv",
        encoded(dice, delimiter.join(dice.pick((*FRENCH, *SHORT, *ENGLISH)).split(";")) + "\n"),
    )


@kind(DECOY, "dictionary of fields")
def _dictionary(dice: Dice) -> Made:
    titles = dice.pick((*FRENCH, *SHORT, *ENGLISH)).split(";")
    labels = FRENCH[dice.between(0, 3)].split(";")
    rows = [
        f"{n};PATIENT;{title};{dice.any(('CHAR', 'VARCHAR', 'DATE'))};{dice.between(1, 60)};{label};depuis {dice.day(2008, 2019):%d/%m/%Y}"
        for n, (title, label) in enumerate(zip(titles, labels, strict=True), 1)
    ]
    return Made(
        dice.any(("dictionnaire", "mapping", "format")) + dice.any((".csv", ".txt")),
        encoded(dice, "\n".join(["N;Table;Champ;Type;Long;Libellé;Ajouté", *rows]) + "\n"),
    )


@kind(DECOY, "settings, JSON")
def _settings(dice: Dice) -> Made:
    services = {
        f"{_identifier(dice)}{n}": {
            "port": dice.between(1024, 65000),
            "host": f"srv{n}.labo.example",
            "since": f"{dice.day(2015, 2021):%Y-%m-%d}",
            "enabled": dice.chance(0.5),
            "fields": ["nom", "prenom", "ddn"],
        }
        for n in range(dice.lines(80))
    }
    return Made(dice.any(("config", "appsettings", "services")) + ".json", json.dumps(services, indent=2).encode())


@kind(DECOY, "settings, INI")
def _ini(dice: Dice) -> Made:
    text = "".join(
        f"[{_identifier(dice)}{n}]\nchemin=C:\\LIS\\{dice.letters(4)}\\\nport=COM{dice.between(1, 9)}\nvitesse=9600\nmodifie={dice.day(2010, 2021):%d/%m/%Y}\nidentifiant={dice.digits(8)}\n\n"
        for n in range(dice.lines(100))
    )
    return Made(
        dice.any(("lis", "automate", "poste")) + dice.any((".ini", ".cfg", ".conf")), encoded(dice, text, "cp1252")
    )


@kind(DECOY, "settings, YAML and compose")
def _yaml(dice: Dice) -> Made:
    text = "services:\n" + "".join(
        f"  {_identifier(dice, '-')}-{n}:\n    image: registry.example/{dice.pick(_NOUNS)}:{dice.between(1, 9)}.{dice.between(0, 20)}\n    environment:\n      NOM: labo\n      BUILD: '{dice.day(2018, 2021):%Y-%m-%d}'\n"
        for n in range(dice.lines(60))
    )
    return Made("docker-compose.yml", text.encode())


@kind(DECOY, "translations")
def _po(dice: Dice) -> Made:
    pairs = (
        ("Last name", "Nom de famille"), ("First name", "Prénom"), ("Date of birth", "Date de naissance"), ("Born on {0}", "Né(e) le {0}"), ("Patient number", "Numéro de patient"),
        ("Mr", "M."), ("Mrs", "Mme"), ("Dear Doctor,", "Cher confrère,"), ("Social security number", "Numéro de sécurité sociale"), ("e.g. 31/12/1999", "par ex. 31/12/1999"),
    )  # fmt: skip
    text = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n' + "".join(
        f'#: forms/patient.py:{dice.digits(3)}\nmsgid "{a}"\nmsgstr "{b}"\n\n'
        for a, b in (dice.any(pairs) for _ in range(dice.lines(150)))
    )
    return Made(dice.any(("fr.po", "django.po", "messages.po")), text.encode())


@kind(DECOY, "template of a report, HTML")
def _template(dice: Dice) -> Made:
    mark = dice.any(("{{{{ {} }}}}", "<%= {} %>", "${{{}}}", "[[{}]]"))
    fill = {name: mark.format(f"patient.{name}") for name in ("nom", "prenom", "ddn", "nir", "sexe")}
    rows = "".join(
        f"<tr><td>{mark.format(f'r{n}.libelle')}</td><td>{mark.format(f'r{n}.valeur')}</td></tr>\n"
        for n in range(dice.lines(50))
    )
    text = (
        f"<!DOCTYPE html>\n<html lang=fr><body><h1>Compte rendu d'analyses</h1><p>Patient : <b>{fill['nom']}</b> {fill['prenom']}, né(e) le {fill['ddn']}"
        f" ({fill['sexe']}), NIR {fill['nir']}</p>\n<table>{rows}</table></body></html>\n"
    )
    return Made(dice.any(("cr.html", "report.jinja", "modele.htm")), text.encode())


@kind(DECOY, "template of a letter")
def _merge(dice: Dice) -> Made:
    lines = [
        "Laboratoire «LABO»", "Le «DATE_DU_JOUR»", "Cher confrère,", "Concerne votre patient «TITRE» «NOM» «PRENOM», né(e) le «DATE_NAISSANCE».",
        *(f"«ANALYSE_{n}» : «RESULTAT_{n}» «UNITE_{n}»" for n in range(1, dice.lines(30) + 1)), "Confraternellement,", "Dr «BIOLOGISTE»",
    ]  # fmt: skip
    sort = dice.any((".docx", ".rtf", ".txt"))
    data = (
        containers.docx(lines)
        if sort == ".docx"
        else containers.rtf(lines)
        if sort == ".rtf"
        else encoded(dice, "\n".join(lines))
    )
    return Made(dice.any(("modele_courrier", "lettre_type", "patient")) + sort, data)


@kind(DECOY, "manual of a format")
def _manual(dice: Dice) -> Made:
    said = (
        "PID-5 porte le nom du patient, PID-7 sa date de naissance (AAAAMMJJ), PID-8 son sexe.", "La ligne 2 est le nom, la ligne 3 le prénom, la ligne 7 la date de naissance.",
        "Le NIR compte 13 caractères et une clé : 97 moins le reste de la division par 97.", "PID|1||<numéro>^^^LABO||<NOM>^<Prénom>||<AAAAMMJJ>|<M/F>",
        "P|rang|n° patient||n° labo|NOM~Prénom|nom de naissance|date de naissance|sexe", "OBX|1|NM|<code LOINC>^<libellé>^LN||<valeur>|<unité>|||||F",
        "Champ obligatoire depuis la version du 12/03/2015.", "Le champ « nom d'usage » est tronqué à 27 caractères.",
    )  # fmt: skip
    text = "# Format d'échange\n\n" + "\n\n".join(dice.any(said) for _ in range(dice.lines(150))) + "\n"
    return Made(dice.any(("format_hl7", "README", "notice", "spec")) + dice.any((".md", ".txt")), encoded(dice, text))


@kind(DECOY, "log of a system")
def _syslog(dice: Dice) -> Made:
    said = (
        "systemd[1]: Started Daily apt download activities.", "kernel: eth0: link up, 1000 Mbps", "cron[{}]: (root) CMD (run-parts /etc/cron.hourly)", "postgres[{}]: checkpoint complete: wrote {} buffers",
        "ntpd[{}]: time slew +0.002 s", "lis-eai: file queue length {}", "smartd[{}]: Device: /dev/sda, Temperature {} Celsius", "lis-import: 0 patients, {} requests, 0 errors",
    )  # fmt: skip
    text = "".join(
        f"{dice.moment():%b %d %H:%M:%S} srv{dice.between(1, 9)} {dice.any(said).format(dice.digits(4), dice.digits(3))}\n"
        for _ in range(dice.lines())
    )
    return Made(dice.any(("syslog", "messages", "daemon.log")), text.encode())


@kind(DECOY, "log of a transfer")
def _jobs(dice: Dice) -> Made:
    text = "".join(
        f"{dice.moment():%d/%m/%Y %H:%M:%S};JOB{dice.digits(4)};{dice.any(('PATIENT', 'DEMANDE', 'RESULTAT'))};{dice.digits(5)} lignes lues;{dice.digits(5)} écrites;0 rejet;{dice.decimal(0, 60, 2)} s\n"
        for _ in range(dice.lines())
    )
    return Made(dice.any(("reprise", "import_patients", "batch")) + dice.any((".log", ".csv")), encoded(dice, text))


@kind(DECOY, "UUIDs and digests")
def _digests(dice: Dice) -> Made:
    if dice.chance(0.5):
        text = "".join(
            f"{dice.hexadecimal(64)}  {dice.pick(_NOUNS)}-{dice.digits(8)}.{dice.any(('bin', 'csv.age', 'hl7'))}\n"
            for _ in range(dice.lines())
        )
        return Made("SHA256SUMS", text.encode())
    h = dice.hexadecimal
    text = "patient_uuid,created\n" + "".join(
        f"{h(8)}-{h(4)}-4{h(3)}-a{h(3)}-{h(12)},{dice.day(2017, 2021):%Y-%m-%d}\n" for _ in range(dice.lines())
    )
    return Made("ids.csv", text.encode())


@kind(DECOY, "definitions of FHIR")
def _profile(dice: Dice) -> Made:
    elements = [
        {
            "id": f"Patient.{name}",
            "path": f"Patient.{name}",
            "min": dice.between(0, 1),
            "max": "*",
            "short": f"The {name} of the patient",
        }
        for name in ("identifier", "name", "name.family", "name.given", "birthDate", "gender", "address")
    ]
    held: dict[str, object] = {
        "resourceType": "StructureDefinition",
        "name": f"Lab{dice.letters(4)}",
        "type": "Patient",
        "date": f"{dice.day(2018, 2021):%Y-%m-%d}",
        "differential": {"element": elements},
    }
    if dice.chance(0.4):
        held = {
            "resourceType": "ValueSet",
            "status": "active",
            "compose": {
                "include": [
                    {
                        "system": "http://loinc.org",
                        "concept": [{"code": f"{dice.digits(5)}-{dice.between(0, 9)}"} for _ in range(dice.lines(200))],
                    }
                ]
            },
        }
    return Made(
        dice.any(("profile", "StructureDefinition-patient", "vs")) + ".json", json.dumps(held, indent=2).encode()
    )


@kind(DECOY, "stylesheet of CDA")
def _stylesheet(dice: Dice) -> Made:
    rows = "".join(
        f'  <xsl:template match="n1:section[{n}]"><td class="c{dice.digits(3)}"><xsl:value-of select="n1:text"/></td></xsl:template>\n'
        for n in range(dice.lines(80))
    )
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:n1="urn:hl7-org:v3">\n'
        '  <xsl:template match="n1:ClinicalDocument"><b><xsl:value-of select="n1:recordTarget/n1:patientRole/n1:patient/n1:name/n1:family"/></b>\n'
        f'  <i><xsl:value-of select="n1:recordTarget/n1:patientRole/n1:patient/n1:birthTime/@value"/></i></xsl:template>\n{rows}</xsl:stylesheet>\n'
    )
    return Made(dice.any(("cda.xsl", "cr.xslt")), text.encode())


@kind(DECOY, "archive of programs")
def _archive(dice: Dice) -> Made:
    members = {
        made.name: made.data for made in (_python(dice), _java(dice), _schema(dice), _template(dice), _ini(dice))
    }
    return (
        Made("sources.zip", containers.zipped(members))
        if dice.chance(0.5)
        else Made("lis-1.4.tar.gz", containers.tarred(members))
    )


@kind(DECOY, "database of settings")
def _database(dice: Dice) -> Made:
    rows = [
        [f"{_identifier(dice)}.{n}", dice.digits(6), f"{dice.day(2012, 2021):%d/%m/%Y}"] for n in range(dice.lines(400))
    ]
    return Made(
        dice.any(("settings.db", "cache.sqlite", "index.sqlite3")),
        containers.sqlite("parametre", ("nom", "valeur", "modifie_le"), rows),
    )
