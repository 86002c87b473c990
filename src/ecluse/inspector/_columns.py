"""Tables, whatever they were written as: what a column's name and its cells say, and what that makes of the table.

A header alone is not evidence (source code and documentation are full of them): its cells must have the shape too.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from ecluse.domain.identifiers import Verdict, check_nir
from ecluse.inspector._given_names import GIVEN_NAMES
from ecluse.inspector.findings import Sureness
from ecluse.inspector.kinds import Kind

Row = Sequence[str]
MOST = 0.6
"""Share of a column's filled cells that must have its shape."""
_WIDEST = 400


class Role(StrEnum):
    """What a column is for, by its name."""

    BIRTH = "birth"
    FAMILY = "family"
    GIVEN = "given"
    NAME = "name"
    NIR = "nir"
    NIR_KEY = "nir-key"
    PATIENT = "patient"
    PHONE = "phone"
    MAIL = "mail"
    PASSWORD = "password"  # noqa: S105 - the name of a column
    CODE = "code"
    VALUE = "value"
    UNIT = "unit"
    REMARK = "remark"
    ABOUT = "about"  # sex, age, address, blood group: of a person


_BIRTH = (
    r"(?:\w{1,8}_)?(?:dat\w?|date|dt|d|jour|pat\w*|patient)?_?(?:de_?)?(?:la_)?nais(?:s(?:ance)?)?(?:_?(?:pat\w*|dat\w*))?"
    r"|(?:\w{1,8}_)?(?:d|dt|dat)_?nai|(?:\w{1,8}_)?ddn\w{0,4}|\w{0,12}_?birth_?(?:date|day|dt|time)?|date_of_birth"
    r"|(?:pat(?:ient)?_?)?dob|n(?:ee?|e_e)(?:_le)?|born(?:_on)?|birthday|anniversaire"
)
_GIVEN = (
    r"(?:\w+_)?prenoms?(?:_?\w+)?|given(?:_?names?)?|(?:pat(?:ient)?_?)?first_?names?|fore_?names?|fname"
    r"|pre_?nom\w{0,8}"
)
_FAMILY = (
    r"noms?|noms?_?(?:de_)?(?:naissance|naiss?|usuel|usage|famille|marital|jeune_fille|jf|pat\w*|utilise)"
    r"|(?:pat\w*|patient)_?nom|(?:pat(?:ient)?_?)?last_?name|sur_?name|(?:pat(?:ient)?_?)?family(?:_?name)?|lname"
    r"|patronyme|birth_?name"
)
_NAMED = (
    r"(?:patient|display|full|person)?_?name|nom_(?:et_)?prenoms?|prenom_(?:et_)?nom|identite|patients?_?(?:nom|name)"
    r"|assure|titulaire"
)
_NIR_KEYS = r"(?:nir|secu|insee|ss|nss)_?(?:cle|key)|cle_?(?:nir|secu|ss|insee|nss)"
_NIRS = (
    r"nir\w{0,6}|\w{0,6}_?nir|nss|num_?(?:ss|secu\w*|insee)|(?:no|n|numero)_?(?:de_)?(?:ss|secu\w*|insee)|secu\w*"
    r"|ins(?:_?(?:nir|nia|c|a|num\w*))?|(?:\w{1,6}_)?(?:matricule|immat\w*)(?:_(?:ins|assure\w*))?|ssn|num_?assure\w*|ss_?num"
)
_PATIENTS = (
    r"ipp|(?:id|num|numero|no|n|code|cle)_?(?:du_)?(?:pat(?:ient)?|dossier|dos)"
    r"|pat(?:ient)?s?_?(?:id\w*|num\w*|no|nr|ref|key|uuid|mrn|code)|pat(?:ient)?|mrn|nhs_?(?:no|number)|subject_?(?:id)?"
    r"|external_patient_(?:id|number)|dossier|num_?dos\w*|dossier_?id"
)
_PHONES = (
    r"(?:no_?|num_?)?tel(?:ephone)?s?_?\w{0,9}|(?:home_|mobile_|work_)?phone(?:_?(?:no|number))?|portable|gsm|mobile"
)
_MAILS = r"(?:e_?)?mails?(?:_?\w{0,9})?|courriel|adresse_(?:e_?)?mail"
_SECRETS = r"(?:\w{1,12}_)?(?:pass_?word|passwd|pwd|passwort|mdp|mot_?(?:de_?)?passe?|motpasse|pass)(?:_?(?:\w{1,10}))?"
_CODES = (
    r"analyses?|code_?(?:analyse|examen|test|loinc)?|examen|test_?(?:code|name|id)?|loinc(?:_?\w+)?"
    r"|lab_?(?:name|code|test)|parametre|measure_?(?:id|name)?|nabm|libelle(?:_?\w+)?"
)
_ABOUT = (
    r"sexe?|gender|age|adresse?s?\d?|address\w*|rue|ville|city|code_?postal|cp|zip\w*|blood_?\w*"
    r"|groupe_?(?:sanguin|abo)?|civilite|titre|medecin\w*|prescripteur\w*|mutuelle"
)
_ROLES: tuple[tuple[Role, re.Pattern[str]], ...] = tuple(
    (each, re.compile(pattern))
    for each, pattern in (
        (Role.BIRTH, _BIRTH),
        (Role.GIVEN, _GIVEN),
        (Role.FAMILY, _FAMILY),
        (Role.NAME, _NAMED),
        (Role.NIR_KEY, _NIR_KEYS),
        (Role.NIR, _NIRS),
        (Role.PATIENT, _PATIENTS),
        (Role.PHONE, _PHONES),
        (Role.MAIL, _MAILS),
        (Role.PASSWORD, _SECRETS),
        (Role.UNIT, r"unit[es]?s?(?:_?\w{0,8})?|unites?"),
        (Role.VALUE, r"valeurs?(?:_?\w{0,10})?|values?(?:_?\w{0,10})?|result\w{0,10}|resultat\w{0,10}|raw_?value"),
        (Role.CODE, _CODES),
        (Role.REMARK, r"obs\w{0,9}|rem(?:arques?\w{0,8})?|comment\w{0,8}|notes?|memo"),
        (Role.ABOUT, _ABOUT),
    )
)
"""The first that a column's name matches in whole is its role."""

_TELLING = frozenset({Role.PASSWORD, Role.NIR, Role.BIRTH})
"""One of them, among nothing but words, makes a line a header."""
_OF_PATIENTS = re.compile(r"(?:^|_)(?:pat|patient|ipp|mrn|nhs)(?:_|$)|^(?:id|num|no)pat|^pat(?:id|num)")
"""Names of columns that number patients; a request's number (*dossier*) alone could number anything."""

_COLUMN_NAME = re.compile(r"[^\W\d][\w .°()/-]{0,59}")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_OTHER = re.compile(r"[^a-z0-9]+")
_DOS = str.maketrans({"\x82": "e", "\x8a": "e", "\x88": "e", "\x85": "a", "\x87": "c", "\xa0": "_"})

DATE = (
    r"(?:(?:18[89]\d|19\d\d|20[0-4]\d)(?P<s>[-/.]?)(?:0[1-9]|1[0-2])(?P=s)(?:0[1-9]|[12]\d|3[01])"
    r"|(?:0?[1-9]|[12]\d|3[01])(?P<t>[-/. ])(?:0?[1-9]|1[0-2])(?P=t)(?:(?:18[89]|19\d|20[0-4])\d|\d\d)"
    r"|(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])(?:18[89]|19\d|20[0-4])\d)"
)
"""A date of birth as exports write it: day first or ISO, with the century or (day first) without."""
_DATE = re.compile(
    DATE + r"(?:[T ]\d\d:?\d\d(?::?\d\d)?(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?)?"
    r"|\d{4}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])0{4,6}"
)
_YEAR = re.compile(r"(?<!\d)(18[89]\d|19\d\d|20[0-4]\d)")
_NAME = re.compile(r"(?=.{0,60}[^\W\d_\x80-\x9f]|.{0,60}[\x80-\xa5])[^\d@/\\{}()<>=:\"$%*#+_\[\]|]{2,60}")
_MAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,250}\.[A-Za-z]{2,}")
_PHONE = re.compile(r"(?:\+|00)?\d(?:[ .-]?\d){7,14}")
_UNITS = re.compile(
    r"%|(?:[mµμupnfk]?(?:g|mol|l|iu|ui|u|eq|kat|osm)|mui|miu|10\s?[*^e]?\s?\d{1,2}|[gt]iga|giga|tera|cells?|mm3|mm|fl|pg"
    r"|sec|s|mm ?hg|x10\S*|\d+)?\s?/\s?(?:[mdunµμf]?l|mm3|min|h|24 ?h|mmol|g|kg|champ|100 ?ml|µl|ul|hpf|dl|mol)"
    r"(?:/\S{1,8})?"
    r"|fl|pg|mm|sec|mmol/mol\S*|umoll|mmoll|gl|10\^?\d\S*|\[iu\]/l|mui/l|g/dl|mmhg",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"[<>≤≥]?\s?-?\d{1,9}(?:[.,]\d{1,6})?")
_ID = re.compile(r"(?=.*\d|[A-Z]{2})[\w./:^-]{1,64}")
_DAYS = range(1, 60_000)
"""Days since 1899-12-30, as sheets keep dates."""

_HASHED = re.compile(
    r"\$(?:2[abxy]|argon2\w*|5|6|y|7|scrypt|pbkdf2\S*)\$\S+|pbkdf2_\w+\$\S+|scrypt:\S+|argon2\$\S+"
    r"|\{(?:SSHA|PBKDF2|CRYPT)\S*\}\S+|bcrypt\S*\$\S+"
)
_DIGEST = re.compile(
    r"(?:0x)?(?:[0-9a-fA-F]{32}|[0-9a-fA-F]{40}|[0-9a-fA-F]{64}|[0-9a-fA-F]{128})|\*[0-9A-F]{40}"
    r"|\{(?:MD5|SHA)\}\S+|\$1\$\S+"
)
_BLANK = r"x+|\*+|null|none|true|false|yes|no|0|1|n/?a|-+|\?+|\.+"
_CLEAR = re.compile(rf"(?!(?:{_BLANK})$)\S{{4,40}}(?: \S{{1,30}})?", re.IGNORECASE)


def words(name: str) -> str:
    """A column's name in lower case without accents, words joined by underscores, whatever it was encoded in."""
    plain = _CAMEL.sub("_", name.strip().translate(_DOS))
    if not plain.isascii():
        plain = "".join(c for c in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(c))
    return _OTHER.sub("_", plain.lower()).strip("_")


def role(name: str) -> Role | None:
    """What a column of this name is for; None for a name that says nothing to us."""
    if not 1 < len(name) <= 60:  # noqa: PLR2004 - of names
        return None
    plain = words(name.rpartition(".")[2])
    return next((found for found, pattern in _ROLES if pattern.fullmatch(plain)), None)


@dataclass(frozen=True, slots=True)
class Judged:
    """What a table is found to hold: a kind, how sure, and by which of its columns (fixed words)."""

    kind: Kind
    sureness: Sureness
    facts: tuple[str, ...] = ()


def is_header(cells: Row) -> bool:
    """Whether a line names columns: two names that we know, or a patient's number among nothing but words."""
    if not cells or cells[0].isdigit() or any(map(is_date, cells)):
        return False  # a line of a list, words though there are in it
    roles = [role(cell) for cell in cells]
    known = sum(each is not None for each in roles)
    telling = bool(_TELLING & set(roles)) or any(_OF_PATIENTS.search(words(cell)) for cell in cells)
    return known >= 2 or (known == 1 and telling and all(_COLUMN_NAME.fullmatch(cell) for cell in cells))  # noqa: PLR2004 - as said


def is_date(cell: str) -> bool:
    """Whether a cell is a date."""
    return _DATE.fullmatch(cell) is not None


def is_name(cell: str) -> bool:
    """Whether a cell could be somebody's name."""
    return _NAME.fullmatch(cell) is not None


def is_unit(cell: str) -> bool:
    """Whether a cell is a unit of measure."""
    return _UNITS.fullmatch(cell) is not None


def is_number(cell: str) -> bool:
    """Whether a cell is a measured value."""
    return _NUMBER.fullmatch(cell) is not None


def known_given(word: str) -> bool:
    """Whether a word is a frequent French or English first name, or begins with one (*Marie-Claude*)."""
    plain = words(word)
    return plain in GIVEN_NAMES or plain.partition("_")[0] in GIVEN_NAMES


def judge(header: Row, rows: Sequence[Row]) -> list[Judged]:
    """What a table with a header holds, from some of its rows."""
    columns: dict[Role, list[list[str]]] = {}
    about = any(_OF_PATIENTS.search(words(name)) for name in header[:_WIDEST])
    for place, name in enumerate(header[:_WIDEST]):
        found = role(name)
        if found is not None:
            cells = [row[place].strip() for row in rows if place < len(row)]
            columns.setdefault(found, []).append([c for c in cells if c and c not in {"NULL", "\\N", "null"}])
    held = {each for each, all_cells in columns.items() if any(_fits(each, cells) for cells in all_cells)}
    return list(_made_of(held, columns, about=about, rows=len(rows)))


def _made_of(held: set[Role], columns: dict[Role, list[list[str]]], *, about: bool, rows: int) -> list[Judged]:
    made: list[Judged] = []
    names = held & {Role.FAMILY, Role.GIVEN}
    named = bool(names) or Role.NAME in held
    if Role.NIR in held:
        made.append(Judged(Kind.NIR, Sureness.CERTAIN, ("column",)))
    if Role.BIRTH in held and named:
        sure = Sureness.CERTAIN if names else Sureness.PROBABLE
        made.append(Judged(Kind.PERSONS, sure, ("names", "birth-dates")))
    elif len(names) == 2 and (held & {Role.PATIENT, Role.NIR, Role.REMARK} or (Role.ABOUT in held and rows > 2)):  # noqa: PLR2004 - first and family name
        facts = ("names", "patient-numbers") if held & {Role.PATIENT, Role.NIR} else ("names",)
        made.append(Judged(Kind.PERSONS, Sureness.PROBABLE, facts))
    elif Role.BIRTH in held and Role.PATIENT in held:
        made.append(Judged(Kind.PERSONS, Sureness.PROBABLE, ("patient-numbers", "birth-dates")))
    elif named and held & {Role.MAIL, Role.PHONE}:
        made.append(Judged(Kind.CONTACTS, Sureness.PROBABLE, ("names",)))
    if Role.VALUE in held and (Role.UNIT in held or Role.CODE in held) and (held & {Role.PATIENT, Role.NIR} or named):
        sure = Sureness.CERTAIN if Role.UNIT in held and Role.PATIENT in held else Sureness.PROBABLE
        if Role.UNIT in held or Role.PATIENT in held:
            made.append(Judged(Kind.RESULTS, sure, ("results", "patient-numbers")))
    elif Role.PATIENT in held and not made and about:
        made.append(Judged(Kind.PATIENT_ROWS, Sureness.PROBABLE, ("patient-numbers",)))
    if Role.PASSWORD in held:
        made += _passwords([cell for cells in columns[Role.PASSWORD] for cell in cells])
    return made


def _fits(each: Role, cells: list[str]) -> bool:
    if not cells:
        return False
    match each:
        case Role.BIRTH:
            good = sum(is_date(c) or (c.isdigit() and len(c) <= 5 and int(c) in _DAYS) for c in cells)  # noqa: PLR2004 - a sheet's day
        case Role.FAMILY | Role.GIVEN | Role.NAME:
            good = sum(map(is_name, cells))
        case Role.NIR:
            return _numbers(cells)
        case Role.PATIENT:
            good = sum(_ID.fullmatch(c) is not None and role(c) is None for c in cells)
        case Role.PHONE:
            good = sum(_PHONE.fullmatch(c) is not None for c in cells)
        case Role.MAIL:
            good = sum(_MAIL.fullmatch(c) is not None for c in cells)
        case Role.UNIT:
            good = sum(_UNITS.fullmatch(c) is not None for c in cells)
        case Role.VALUE:
            good = sum(_NUMBER.fullmatch(c) is not None for c in cells) * 2
        case _:
            return True
    return good >= MOST * len(cells)


def _numbers(cells: list[str]) -> bool:
    """Whether cells under a header that speaks of social security are such numbers, with or without key."""
    verdicts = [check_nir(cell).verdict for cell in cells]
    shaped = [v for v in verdicts if v is not Verdict.MALFORMED]
    return len(shaped) >= MOST * len(cells)


def _passwords(cells: list[str]) -> list[Judged]:
    """Of a column of passwords: in clear, as weak digests, or well hashed (nothing to say)."""
    hashed = sum(_HASHED.fullmatch(c) is not None for c in cells)
    weak = sum(_DIGEST.fullmatch(c) is not None for c in cells)
    clear = sum(_CLEAR.fullmatch(c) is not None for c in cells) - hashed - weak
    if weak > MOST * len(cells):
        return [Judged(Kind.PASSWORD_DIGESTS, Sureness.PROBABLE, ("passwords",))]
    if clear >= MOST * len(cells) and hashed == 0:
        return [Judged(Kind.PASSWORDS, Sureness.CERTAIN if clear > 2 else Sureness.PROBABLE, ("passwords",))]  # noqa: PLR2004 - not one example
    return []
