"""French and English words of laboratory databases, and what they make of a table's or a column's name."""

import re
import unicodedata
from enum import StrEnum


class Role(StrEnum):
    """What a column seems to hold."""

    KEY = "key"
    SECRET = "secret"  # noqa: S105 - the name of a role
    NIR = "nir"
    RPPS = "rpps"
    FINESS = "finess"
    BIRTH_NAME = "birth_name"
    BIRTH_DATE = "birth_date"
    GIVEN_NAMES = "given_names"
    FAMILY_NAME = "family_name"
    SEX = "sex"
    TITLE = "title"
    EMAIL = "email"
    PHONE = "phone"
    POSTCODE = "postcode"
    CITY = "city"
    ADDRESS = "address"
    MERGED_INTO = "merged_into"
    CODE = "code"
    UNIT = "unit"
    RANGE = "reference_range"
    VALUE = "raw_value"
    STATUS = "status"
    URGENT = "urgent"
    PRESCRIBER = "prescriber"
    COLLECTOR = "collector"
    SITE = "site"
    REGISTERED_ON = "registered_on"
    COLLECTED_ON = "collected_on"
    DATE = "date"
    CLINICAL = "clinical_information"
    COMMENT = "comment"
    DOCUMENT = "document"
    FREE_TEXT = "free_text"


PERSONAL = frozenset({
    Role.NIR, Role.BIRTH_NAME, Role.BIRTH_DATE, Role.GIVEN_NAMES, Role.FAMILY_NAME, Role.EMAIL, Role.PHONE,
    Role.ADDRESS, Role.CITY, Role.POSTCODE, Role.SECRET,
})  # fmt: skip
"""Roles whose columns are about a person; no share of them is ever described by more than a shape."""

# Tried in order on the name's words joined by one underscore; the first that is found counts.
_COLUMNS: tuple[tuple[Role, str], ...] = (
    (Role.SECRET, r"mot_?(de_)?passe|password|passwd|\bpwd\b|\bmdp\b|remember_token|\btoken\b|secret"),
    (Role.NIR, r"num_ss|\bnir\b|n?um_secu|securite_sociale|\bssn\b|\bnss\b|num_assure|insee"),
    (Role.RPPS, r"\brpps\b"),
    (Role.FINESS, r"finess"),
    (Role.BIRTH_NAME, r"nom_jf|jeune_fille|nom_(de_)?naiss|maiden|birth_?name"),
    (Role.BIRTH_DATE, r"naiss|\bdob\b|birth"),
    (Role.GIVEN_NAMES, r"prenom|first_?names?|given|forename"),
    (Role.EMAIL, r"mail|courriel"),
    (Role.PHONE, r"^tel|telephone|phone|portable|mobile|\bgsm\b"),
    (Role.POSTCODE, r"code_postal|\bcp\b|\bzip|postal|postcode"),
    (Role.CITY, r"\bville|\bcity\b|commune|\btown\b"),
    (Role.ADDRESS, r"adresse|address|^adr|\brue\b|street"),
    (Role.FAMILY_NAME, r"^nom$|nom_(usuel|usage|pat|famille|marital)|last_?name|family_?name|surname|full_name"),
    (Role.SEX, r"\bsexe?\b|gender|\bgenre\b"),
    (Role.TITLE, r"civilite|\bciv\b|\btitre\b|salutation"),
    (Role.MERGED_INTO, r"fusion|merged"),
    (Role.VALUE, r"^(valeur|value|resultat|results?|res|valeur_res\w*|result_value)$|valeur_?(brute|num)"),
    (Role.UNIT, r"^unit(e|es|s)?$|unite_res|\bunits?$"),
    (Role.RANGE, r"norme|ref(erence)?_(range|val)|valeurs?_ref|\brange\b"),
    (Role.CODE, r"code_(ana|test|exam|acte)|\banalyte\b|lab_name|test_code|measure_id|code_analyse|\bloinc\b"),
    (Role.STATUS, r"statut|status|\betat\b"),
    (Role.URGENT, r"urgen|priorit"),
    (Role.PRESCRIBER, r"prescri|code_med\b|medecin|requested_by|doctor|clinician|physician|orderer"),
    (Role.COLLECTOR, r"code_prel|preleveur|collected_by|collector"),
    (Role.COLLECTED_ON, r"(date|dat|heure|time)\w*_prel|collect\w*_(on|at|date|time)|sampl\w*_(on|at|date|time)"),
    (Role.REGISTERED_ON, r"(date|dat|time)_(enr|dossier|demande|creat|admis|regist|recep|request|order)"),
    (Role.REGISTERED_ON, r"regist\w*_(on|at|date)|admission_date|order(ed)?_date|request_date|created_(at|on)"),
    (Role.CLINICAL, r"renseign|clinical|motif|complaint|\breason\b"),
    (Role.SITE, r"\bsite\b|\blabo\b|department|facility|\bcentre\b"),
    (Role.COMMENT, r"comment|\bnotes?\b|remarque|remark|\btexte?\b|interpretation"),
    (Role.DATE, r"\bdate?\b|^date|date$|\btime\b|_at$|datetime|timestamp"),
    (Role.FAMILY_NAME, r"^name$"),
)  # fmt: skip

TABLES: tuple[tuple[str, str], ...] = (
    ("comment", r"commentaire|\bcomments?\b|\bnotes?\b"),
    ("report", r"comptes?_rendus?|\breports?\b|documents?"),
    ("observation", r"resultats?|results?|observations?"),
    ("specimen", r"\btubes?\b|specimens?|\bsamples?\b|prelevements?|echantillons?"),
    ("practitioner", r"medecins?|prescripteurs?|doctors?|practitioners?|physicians?|clinicians?"),
    ("site", r"\bsites?\b|laboratoires?|facilit|etablissements?"),
    ("request", r"dossiers?|demandes?|requests?|\borders?\b|encounters?|\btests?$|visits?|admissions?"),
    ("patient", r"patients?|malades?|\bpersonn?e?s?\b"),
    ("payer", r"mutuelles?|payers?|insurances?|assurances?|coverages?"),
)
"""Entity → words of its tables' names, the most telling first."""

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def words(name: str) -> str:
    """A name's words in lower case, without accents, joined by one underscore: ``DateNaiss`` → ``date_naiss``."""
    plain = unicodedata.normalize("NFKD", _CAMEL.sub("_", name)).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "_", plain).strip("_")


def role_by_name(name: str) -> Role | None:
    """The role that a column's name speaks of."""
    text = words(name)
    spaced = text.replace("_", " ")
    for role, pattern in _COLUMNS:
        loose = pattern.replace("_", "[_ ]") if "\\b" in pattern else pattern
        if re.search(pattern, text) or re.search(loose, spaced):
            return role
    return None


def singular(name: str) -> str:
    """A table's name in the singular, word by word, roughly: ``test_results`` → ``test_result``."""
    return "_".join(re.sub(r"(?<=[a-z]{2})ie?s$|(?<=[a-z]{2})s$", "", word) for word in words(name).split("_"))


def entity_by_name(table: str) -> str | None:
    """The entity that a table's name speaks of."""
    spaced = words(table).replace("_", " ")
    for entity, pattern in TABLES:
        if re.search(pattern.replace("_", " "), spaced):
            return entity
    return None
