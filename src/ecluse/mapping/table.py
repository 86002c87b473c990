"""LOINC terms to rank over: the small table that ships, or the user's own ``Loinc.csv`` with its French names.

What ships (``loinc.tsv``): the fields that LOINC's licence asks of a distributed excerpt, beside columns of our own
(UCUM, LOW, HIGH, LABELS_FR, LABELS_EN) which are from general knowledge and were reviewed by no biologist. NATIONAL
marks what the core set of French hospital data warehouses names (ANS, IG-FHIR-EDS-SOCLE-COMMUN, EDSLaboratory). READ
says where a term's names were read: ``2.82`` (an excerpt of that release), ``top`` (LOINC's common results, 2017),
``general`` (the code and component alone; the other fields are not checked). See ``LOINC_short_license.txt``.
"""

import csv
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import Path

from ecluse.domain.errors import Location, MalformedError
from ecluse.mapping.words import read_label

__all__ = ["KEY", "Table", "Term", "Wanted", "drifted", "read_official", "shipped"]

_NEEDED = (
    "LOINC_NUM", "COMPONENT", "PROPERTY", "TIME_ASPCT", "SYSTEM", "SCALE_TYP", "METHOD_TYP", "STATUS", "SHORTNAME",
)  # fmt: skip
_MAX_FIELD = 2**20
_LABORATORY = "1"


@dataclass(frozen=True, slots=True)
class Term:
    """One LOINC code. ``labels`` are names it may go by; ``low`` and ``high`` usual adult bounds in ``ucum[0]``."""

    loinc: str
    component: str
    prop: str
    time: str
    system: str
    scale: str
    method: str
    status: str
    short: str
    long: str
    labels: tuple[str, ...]
    ucum: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    rank: int = 0
    national: bool = False
    """Named by the French hospitals' core set (ANS, socle commun des EDS)."""

    @property
    def name(self) -> str:
        """The long common name, else the fully specified one."""
        full = ":".join(part for part in (self.component, self.prop, self.time, self.system, self.scale) if part)
        return self.long or (f"{full}:{self.method}" if self.method else full)


@dataclass(frozen=True)
class Table:
    """Terms by code, and what the table is."""

    terms: Mapping[str, Term]
    name: str
    complete: bool
    """Whether a code that is not here is no LOINC code."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a source's labels may name: beginnings of their words, and whole names run together."""

    starts: frozenset[str]
    names: frozenset[str]

    @classmethod
    def of(cls, texts: Iterable[str]) -> "Wanted":
        """From labels and codes."""
        labels = [read_label(text) for text in texts if any(c.isalpha() for c in text)]
        starts = frozenset(word[:KEY] for label in labels for word in (*label.words, label.run))
        return cls(starts, frozenset(word for label in labels for word in (*label.words, label.run)))

    def component(self, name: str) -> bool:
        """Whether a component or short name shares the beginning of a word with a label."""
        label = read_label(name)
        return any(word[:KEY] in self.starts for word in (*label.words, label.run))

    def related(self, name: str) -> bool:
        """Whether a related name is, whole, a label or a word of one: most are of no use (``Point in time``)."""
        return read_label(name).run in self.names


KEY = 4
"""Letters by which words are looked up."""


@cache
def shipped() -> Table:
    """The small table that ships with Écluse."""
    text = (files("ecluse.mapping") / "loinc.tsv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    terms = {row["LOINC_NUM"]: _ours(row) for row in rows}
    return Table(terms, f"ecluse, {len(terms)} common analyses", complete=False)


def _ours(row: Mapping[str, str]) -> Term:
    labels = tuple(label for column in ("LABELS_FR", "LABELS_EN") for label in row[column].split(";") if label)
    bounds = [float(row[name]) if row[name] else None for name in ("LOW", "HIGH")]
    own = replace(_term(row, labels), ucum=tuple(row["UCUM"].split()), national=bool(row["NATIONAL"]))
    return replace(own, low=bounds[0], high=bounds[1])


def _term(row: Mapping[str, str], labels: tuple[str, ...]) -> Term:
    rank = row.get("COMMON_TEST_RANK", "") or ""
    return Term(
        loinc=row["LOINC_NUM"],
        component=row["COMPONENT"],
        prop=row["PROPERTY"],
        time=row["TIME_ASPCT"],
        system=row["SYSTEM"],
        scale=row["SCALE_TYP"],
        method=row["METHOD_TYP"],
        status=row["STATUS"],
        short=row["SHORTNAME"],
        long=row.get("LONG_COMMON_NAME") or "",
        labels=labels,
        ucum=tuple((row.get("EXAMPLE_UCUM_UNITS") or "").replace(";", " ").split()),
        rank=int(rank) if rank.isascii() and rank.isdigit() else 0,
    )


def read_official(
    loinc: Path, french: Path | None, wanted: Wanted, known: frozenset[str] = frozenset()
) -> Table:
    """The user's own LOINC table, streamed: terms one of whose names is wanted, the known codes, those that ship.

    Args:
        loinc: ``Loinc.csv`` or ``LoincTableCore.csv`` of a release, in its official columns.
        french: its ``frFR…LinguisticVariant.csv``, if there is one.
        wanted: what the source's labels may name.
        known: codes kept whatever their names, to be judged.

    Terms that also ship keep our labels, units and bounds beside the official names.

    Raises:
        MalformedError: unreadable, or without the official columns; names file and line.
    """
    names = _french(french, wanted) if french else {}
    terms: dict[str, Term] = {}
    ours, seen = shipped().terms, 0
    for row in _rows(loinc, _NEEDED):
        seen += 1
        code = row["LOINC_NUM"]
        if row.get("CLASSTYPE", _LABORATORY) not in {_LABORATORY, ""} and code not in known:
            continue
        own = (row["COMPONENT"].partition("^")[0], row["SHORTNAME"])
        related = tuple(name for name in _related(row.get("RELATEDNAMES2")) if wanted.related(name))
        if code in ours or code in known or code in names or related or any(map(wanted.component, own)):
            labels = tuple(dict.fromkeys(name for name in (*own, *related, *names.get(code, ())) if name))
            terms[code] = _beside(_term(row, labels), ours.get(code))
    return Table(terms, f"{loinc.name}, {seen} codes, {_digest(loinc)}", complete=True)


def drifted(official: Table) -> tuple[tuple[str, str], ...]:
    """Where the table that ships is not what the official one says: code and field; the codes that it lacks, too."""
    fields = ("component", "prop", "time", "system", "scale", "method", "status", "short")
    found = []
    for code, ours in shipped().terms.items():
        theirs = official.terms.get(code)
        names = [name for name in fields if theirs is not None and getattr(ours, name) != getattr(theirs, name)]
        found += [(code, name) for name in (names if theirs is not None else ["loinc"])]
    return tuple(found)


def _beside(term: Term, ours: Term | None) -> Term:
    if ours is None:
        return term
    labels = tuple(dict.fromkeys((*ours.labels, *term.labels)))
    return replace(term, labels=labels, ucum=ours.ucum or term.ucum, low=ours.low, high=ours.high,
                   national=ours.national)  # fmt: skip


def _related(text: str | None) -> tuple[str, ...]:
    return tuple(name.strip() for name in (text or "").split(";") if name.strip())


def _french(path: Path, wanted: Wanted) -> dict[str, tuple[str, ...]]:
    found = {}
    for row in _rows(path, ("LOINC_NUM", "COMPONENT")):
        own = tuple(n for n in (row["COMPONENT"].partition("^")[0], row.get("SHORTNAME") or "") if n)
        related = tuple(name for name in _related(row.get("RELATEDNAMES2")) if wanted.related(name))
        if related or any(map(wanted.component, own)):
            found[row["LOINC_NUM"]] = (*own, *related)
    return found


def _rows(path: Path, needed: tuple[str, ...]) -> Iterator[dict[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            csv.field_size_limit(_MAX_FIELD)
            reader = csv.DictReader(file, restval="")
            missing = [name for name in needed if name not in (reader.fieldnames or ())]
            if missing:
                place = Location(file=str(path), line=1)
                raise MalformedError(f"not LOINC's own table: no column {', '.join(missing)}", location=place)
            for row in reader:
                if None in row:
                    raise MalformedError("more fields than columns", location=Location(str(path), reader.line_num))
                yield row
    except OSError as error:
        raise MalformedError(f"cannot be read: {error.strerror}", location=Location(file=str(path))) from None
    except (UnicodeDecodeError, csv.Error):
        raise MalformedError("not a CSV file in UTF-8", location=Location(file=str(path))) from None


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
