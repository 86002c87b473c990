"""What proving a profile finds: counts and shares, in French and English; never a value of a patient's (law 2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from ecluse.domain.errors import Location, ProfileError


class Level(StrEnum):
    """How bad a finding is. An error means that no order can be planned, or that rows would surely be set aside."""

    OK = "ok"
    WARN = "warn"
    ERROR = "error"


#: Rule → what it says, in English and in French. {rows} of {of} rows; {what} is a name of a column, entity or code.
RULES: Mapping[str, tuple[str, str]] = {
    "select.runs": ("the SELECT runs: {of} rows", "le SELECT tourne : {of} lignes"),
    "select.fails": ("the SELECT does not run: {what}", "le SELECT ne tourne pas : {what}"),
    "rows.none": ("the SELECT yields no row", "le SELECT ne donne aucune ligne"),
    "key.unique": ("every row has its own key", "chaque ligne a sa propre clé"),
    "key.empty": ("{rows} of {of} rows have no key", "{rows} lignes sur {of} n'ont pas de clé"),
    "key.duplicate": ("{rows} of {of} rows share their key", "{rows} lignes sur {of} partagent leur clé"),
    "link.resolves": ("every reference to {what} leads somewhere", "chaque renvoi vers {what} aboutit"),
    "link.empty": ("{rows} of {of} rows refer to no {what}", "{rows} lignes sur {of} ne renvoient à aucun {what}"),
    "link.orphans": (
        "{rows} of {of} rows refer to a {what} that does not exist",
        "{rows} lignes sur {of} renvoient à un {what} qui n'existe pas",
    ),
    "scope.date": ("the scope date of every row is readable", "la date de périmètre de chaque ligne est lisible"),
    "scope.unreadable": (
        "the scope date of {rows} of {of} rows is no day of the calendar: no order reaches them by it",
        "la date de périmètre de {rows} lignes sur {of} n'est pas un jour du calendrier : nul ordre ne les atteint",
    ),
    "scope.no_site": (
        "{rows} of {of} requests have no site: no order reaches them",
        "{rows} dossiers sur {of} n'ont pas de site : aucun ordre ne les atteint",
    ),
    "value.read": ("every value converts", "chaque valeur se convertit"),
    "value.aside": (
        "{rows} of {of} rows would be set aside: {what}",
        "{rows} lignes sur {of} seraient mises de côté : {what}",
    ),
    "date.partial": (
        "{rows} of {of} dates are not a whole day (lunar, reduced or void): what is known of them is kept",
        "{rows} dates sur {of} ne sont pas un jour entier (lunaires, réduites ou vides) : ce qu'on en sait est gardé",
    ),
    "number.read": (
        "{rows} of {of} results are numbers by their analysis's rule; the others travel as text alone",
        "{rows} résultats sur {of} sont des nombres selon la règle de leur analyse ; les autres voyagent en texte seul",
    ),
    "number.mixed": (
        "{what}: {rows} of {of} results hold digits and are not read as numbers: is the rule right?",
        "{what} : {rows} résultats sur {of} ont des chiffres et ne se lisent pas : la règle est-elle bonne ?",
    ),
    "code.mapped": ("every result's code has its LOINC code", "le code de chaque résultat a son code LOINC"),
    "code.unmapped": (
        "{rows} of {of} results have a code without LOINC code, hence unclassifiable: {what}",
        "{rows} résultats sur {of} ont un code sans code LOINC, donc inclassable : {what}",
    ),
    "unit.unmapped": (
        "{rows} of {of} results have a unit without UCUM code",
        "{rows} résultats sur {of} ont une unité sans code UCUM",
    ),
    "category.told": (
        "{rows} of {of} results can be sorted by every sensitive category",
        "{rows} résultats sur {of} peuvent être triés selon chaque catégorie sensible",
    ),
    "category.match": ("{what}: {rows} of {of} results", "{what} : {rows} résultats sur {of}"),
    "nir.keys": ("{rows} of {of} NIRs have a wrong key", "{rows} NIR sur {of} ont une clé fausse"),
    "nir.malformed": (
        "{rows} of {of} NIRs do not have a NIR's shape",
        "{rows} NIR sur {of} n'ont pas la forme d'un NIR",
    ),
    "nir.shared": (
        "{rows} of {of} NIRs stand on several records (dependants of one insured person, or duplicates)",
        "{rows} NIR sur {of} sont sur plusieurs fiches (ayants droit d'un assuré, ou doublons)",
    ),
    "person.duplicates": (
        "{rows} of {of} records share name, given names and birth date with another",
        "{rows} fiches sur {of} partagent nom, prénoms et date de naissance avec une autre",
    ),
    "merge.chains": (
        "{rows} records are merged into one that is itself merged",
        "{rows} fiches sont fusionnées dans une fiche elle-même fusionnée",
    ),
    "merge.cycles": ("{rows} records are merged in a circle", "{rows} fiches sont fusionnées en cercle"),
    "text.mojibake": (
        "{rows} of {of} texts look misread ({what}): see parse.repair",
        "{rows} textes sur {of} semblent mal décodés ({what}) : voir parse.repair",
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found. ``rule`` is a key of :data:`RULES`; ``column`` is None where the entity as a whole is meant."""

    level: Level
    rule: str
    entity: str
    column: str | None = None
    rows: int = 0
    of: int = 0
    what: str = ""

    def text(self, language: str = "en") -> str:
        """The finding in words; ``language`` is ``en`` or ``fr``."""
        group = "\u202f" if language == "fr" else ","
        rows, of = (f"{number:,}".replace(",", group) for number in (self.rows, self.of))
        return RULES[self.rule][language == "fr"].format(rows=rows, of=of, what=self.what)

    @property
    def field(self) -> str:
        """``entities.request.select`` and the like: where in the profile to look."""
        return f"entities.{self.entity}{f'.{self.column}' if self.column else ''}"


@dataclass(frozen=True, slots=True)
class CodeCount:
    """One local analysis code: how often, its LOINC code if any, how many of its results read as numbers."""

    code: str
    loinc: str | None
    rows: int
    numbers: int
    unread: int
    """Results that hold a digit and do not read as a number."""


@dataclass(frozen=True, slots=True)
class CheckReport:
    """A profile against its source. No patient's value in it: counts, names of columns, sites, analysis codes."""

    profile: str
    engine: str
    findings: tuple[Finding, ...]
    sites: tuple[tuple[str, int], ...]
    """Site code and requests, most first."""
    codes: tuple[CodeCount, ...]
    """Analysis codes with at least five results, most first."""

    @property
    def worst(self) -> Level:
        """The worst level found."""
        levels = {finding.level for finding in self.findings}
        return next((level for level in (Level.ERROR, Level.WARN) if level in levels), Level.OK)

    def refuse(self) -> None:
        """Raise ``ProfileError`` for the first error, telling how many there are; nothing where there is none."""
        errors = [finding for finding in self.findings if finding.level is Level.ERROR]
        if errors:
            more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
            raise ProfileError(errors[0].text() + more, location=Location(field=errors[0].field))
