"""A first draft of a source profile, from a scan: what is guessed says so, and why, for a person to correct.

The draft parses as a profile when the scan found a request that leads to a patient, a date and a site; what must be
edited first is marked ``EDIT``. It never names a secret's column in a SELECT.
"""

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from ecluse.domain.catalogue import CATALOGUE
from ecluse.domain.files import FileFormat, SourceFile
from ecluse.domain.profile import Engine
from ecluse.migration.scan_guesses import path
from ecluse.migration.scan_words import Role, words
from ecluse.migration.scanning import SHARED_KEY, ColumnScan, EntityGuess, Reference, ScanReport, TableScan
from ecluse.migration.selects import DIALECTS

__all__ = ["draft_profile"]

_FIELDS: Mapping[str, Sequence[tuple[str, tuple[Role, ...]]]] = {
    "patient": (
        ("family_name", (Role.FAMILY_NAME,)), ("birth_name", (Role.BIRTH_NAME,)), ("given_names", (Role.GIVEN_NAMES,)),
        ("birth_date", (Role.BIRTH_DATE,)), ("sex", (Role.SEX, Role.TITLE)), ("nir", (Role.NIR,)),
        ("address", (Role.ADDRESS,)), ("postcode", (Role.POSTCODE,)), ("city", (Role.CITY,)), ("phone", (Role.PHONE,)),
        ("email", (Role.EMAIL,)), ("merged_into", (Role.MERGED_INTO,)),
        ("comment", (Role.COMMENT, Role.FREE_TEXT)),
    ),
    "practitioner": (
        ("rpps", (Role.RPPS,)), ("family_name", (Role.FAMILY_NAME,)), ("given_names", (Role.GIVEN_NAMES,)),
        ("address", (Role.ADDRESS,)), ("phone", (Role.PHONE,)), ("email", (Role.EMAIL,)),
    ),
    "site": (("name", (Role.FAMILY_NAME,)), ("finess", (Role.FINESS,)), ("address", (Role.ADDRESS,)),
             ("phone", (Role.PHONE,))),
    "request": (
        ("collected_on", (Role.COLLECTED_ON,)), ("prescriber", (Role.PRESCRIBER,)), ("collector", (Role.COLLECTOR,)),
        ("clinical_information", (Role.CLINICAL,)), ("comment", (Role.COMMENT, Role.FREE_TEXT)),
    ),
    "specimen": (("collected_on", (Role.COLLECTED_ON,)),),
    "observation": (
        ("code", (Role.CODE,)), ("raw_value", (Role.VALUE,)), ("unit", (Role.UNIT,)),
        ("reference_range", (Role.RANGE,)), ("status", (Role.STATUS,)), ("comment", (Role.COMMENT, Role.FREE_TEXT)),
    ),
    "report": (("content", (Role.DOCUMENT,)),),
    "comment": (("text", (Role.COMMENT, Role.FREE_TEXT)),),
}  # fmt: skip
_WIDTH = 118
_DATED = (Role.REGISTERED_ON, Role.COLLECTED_ON, Role.DATE)
_CODES = ("analys", "measure", "test", "examen", "parameter", "assay")


@dataclass
class _Entity:
    """One entity of the draft."""

    guess: EntityGuess
    table: TableScan
    columns: list[tuple[str, str, str]] = field(default_factory=list)
    """Source expression, catalogue field, note."""
    joins: list[str] = field(default_factory=list)
    parse: list[str] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)

    def take(self, name: str, field_: str, note: str = "") -> None:
        self.columns.append((name, field_, note))
        self.used.add(name)


def draft_profile(report: ScanReport) -> str:
    """The draft, as commented YAML."""
    draft = _Draft(report)
    lines = [
        f"# Source profile drafted by `ecluse source scan` from {report.engine} {report.version}. Everything here is a",
        "# guess from names, types and shapes: read it, correct it, then prove it with `ecluse profile check`.",
        "# Lines marked EDIT must be decided by a person.",
        "format: ecluse.source-profile/1",
        "profile: draft  # EDIT: a name for this profile",
        "system: legacy  # EDIT: the system's name, as orders will write it",
        f"engine: {report.engine}",
        *_files(report),
        "",
        "entities:",
    ]
    for entity in CATALOGUE:
        lines += draft.entity(entity.name)
    return "\n".join([*lines, *draft.numbers(), *draft.analyses(), *draft.left(), ""])


def _files(report: ScanReport) -> list[str]:
    made = ["", "# How they are written was guessed from the files: confirm them."] if report.files else []
    made += ["files:"] if report.files else []
    for name, file in report.files.items():
        if isinstance(file, SourceFile):
            given = [f"path: {_quoted(file.path)}"]
            given += [] if file.format is FileFormat.DELIMITED else [f"format: {file.format}"]
            given += [f"encoding: {file.encoding}"] if file.encoding else []
            if file.format is FileFormat.DELIMITED:
                given += [f"delimiter: {_quoted(file.delimiter)}", f"quote: {_quoted(file.quote)}"]
            given += [f"fields: [{', '.join(map(_quoted, file.fields))}]"] if file.fields else []
            made.append(f"  {_quoted(name)}: {{{', '.join(given)}}}")
    return made


class _Draft:
    def __init__(self, report: ScanReport) -> None:
        self._report = report
        self._dialect = DIALECTS[Engine(report.engine)]
        self._made: dict[str, _Entity] = {}
        for entity in CATALOGUE:
            guess = report.guess(entity.name)
            if guess is not None:
                self._made[entity.name] = _Entity(guess, report.table(guess.table))
        for name, made in self._made.items():
            self._fill(name, made)

    def entity(self, name: str) -> list[str]:
        """Lines of one entity; a comment where none was found."""
        made = self._made.get(name)
        if made is None:
            needed = "  # EDIT: needed, for the scope hangs on it" if name == "request" else ""
            return [f"  # {name}: no table found{needed}", ""]
        lines = [
            f"  {name}:",
            *_wrapped(
                f"{made.table.name}, {made.table.rows} rows; sure {made.guess.confidence:.0%}: {made.guess.because}."
            ),
            *(f"    # {note}" for note in made.notes),
            "    select: |",
            *self._select(made),
        ]
        if name == "request":
            lines += self._scope(made)
        if made.parse:
            lines += ["    parse:", *(f"      {line}" for line in made.parse)]
        return [*lines, *self._unused(made), ""]

    def _fill(self, name: str, made: _Entity) -> None:
        table = made.table
        if table.key is None:
            made.columns.append(("NULL", "source_id", "EDIT: no column is a key; make one of several"))
        else:
            made.take(table.key, "source_id")
        if table.key is not None and table.key_because != "declared":
            made.notes.append(f"Key {table.key}: {table.key_because}.")
        if name == "request":
            self._fill_request(made)
        elif name in {"specimen", "observation", "report", "comment"}:
            self._fill_child(made)
        references = {r.column: r for r in self._report.references if r.table == table.name}
        for catalogue_field, roles in _FIELDS.get(name, ()):
            if catalogue_field in {field for _, field, _ in made.columns}:
                continue
            column = self._free(made, roles)
            if column is not None and self._may_take(column, references.get(column.name), catalogue_field):
                made.take(column.name, catalogue_field)
                self._parse(made, name, catalogue_field, column)
        if name == "observation":
            self._fill_code(made, references)
            if any(field_ == "raw_value" for _, field_, _ in made.columns):
                made.parse.append("value: {number: true}")

    def _free(self, made: _Entity, roles: tuple[Role, ...]) -> ColumnScan | None:
        for role in roles:
            found = [c for c in made.table.columns if c.role is role and c.name not in made.used]
            if found:
                return max(found, key=lambda column: column.confidence)
        return None

    def _may_take(self, column: ColumnScan, reference: Reference | None, field_: str) -> bool:
        return reference is None or field_ in {"prescriber", "collector", "code", "site", "merged_into"} or (
            column.role is not Role.COMMENT
        )  # fmt: skip

    def _parse(self, made: _Entity, entity: str, field_: str, column: ColumnScan) -> None:
        known = {f.name for f in CATALOGUE.entity(entity).columns}
        if column.formats and f"{field_}_raw" in known:
            formats = list(column.formats)
            if field_ == "birth_date" and all("%H" not in each for each in formats):
                formats.append("%Y")
            pivot = ", two_digit_pivot: 30" if any("%y" in each for each in formats) else ""
            listed = ", ".join(map(_quoted, formats))
            made.parse.append(f"{field_}: {{date: [{listed}]{pivot}}}")
        if field_ == "sex":
            made.notes.append("EDIT: map its codes, every one: parse: {sex: {values: {M: male, F: female}}}")

    def _fill_request(self, made: _Entity) -> None:
        patient = self._made.get("patient")
        chain = path(made.table.name, patient.table.name, self._report.references) if patient else None
        if chain:
            self._link(made, chain, "patient")
        elif patient and (shared := self._shared(made.table, patient.table)):
            made.take(shared, "patient", "the same name as the patients' key")
        else:
            made.columns.append(("NULL", "patient", "EDIT: no way to the patients was found"))
        dated = self._dated(made)
        if dated is None:
            made.columns.append(("NULL", "registered_on", "EDIT: the date that orders bound"))
        else:
            made.take(dated.name, "registered_on", "" if dated.role is Role.REGISTERED_ON else "EDIT: is it this date?")
            self._parse(made, "request", "registered_on", dated)
        site = made.table.with_role(Role.SITE)
        if site is not None and site.name not in made.used:
            made.take(site.name, "site")
        else:
            made.columns.append(("'SITE'", "site", "EDIT: the column of sites, or the one site's name"))

    def _dated(self, made: _Entity) -> ColumnScan | None:
        registered = made.table.with_role(Role.REGISTERED_ON)
        if registered is not None and registered.nulls < 1:
            return registered
        # A time that the row was made, before times that something was done to it, before any other.
        dated = [c for c in made.table.columns if c.role in _DATED and c.nulls < 1]
        created = [c for c in dated if "creat" in words(c.name) or "enr" in words(c.name)]
        return next(iter((*created, *sorted(dated, key=lambda c: c.nulls))), None)

    def _fill_child(self, made: _Entity) -> None:
        request = self._made.get("request")
        chain = path(made.table.name, request.table.name, self._report.references) if request else None
        back = path(request.table.name, made.table.name, self._report.references) if request and not chain else None
        if chain:
            self._link(made, chain, "request")
        elif request and back and len(back) == 1 and request.table.key is not None:
            key, table = self._name(request.table.key), self._table(request.table.name)
            inner = f"SELECT MIN(q.{key}) FROM {table} q"  # noqa: S608 - text of a draft, names quoted
            where = f"WHERE q.{self._name(back[0].column)} = t.{self._name(back[0].to_column)}"
            made.columns.append((f"({inner} {where})", "request", "several requests may share it: the first counts"))
        elif request and (shared := self._shared(made.table, request.table)):
            made.take(shared, "request", "the same name as the requests' key")
        else:
            made.columns.append(("NULL", "request", "EDIT: no way to the requests was found"))

    def _fill_code(self, made: _Entity, references: Mapping[str, Reference]) -> None:
        if any(field_ == "code" for _, field_, _ in made.columns):
            return
        for reference in references.values():
            if any(word in words(reference.to_table) for word in _CODES) and reference.column not in made.used:
                made.take(reference.column, "code", f"it refers to {reference.to_table}")
                return
        made.columns.append(("NULL", "code", "EDIT: the laboratory's code of the analysis"))

    def _shared(self, table: TableScan, target: TableScan) -> str | None:
        return next((c.name for c in table.columns if target.key and words(c.name) == words(target.key)), None)

    def _link(self, made: _Entity, chain: Sequence[Reference], link: str) -> None:
        """The column that leads to a parent, over the tables between."""
        alias = "t"
        for number, step in enumerate(chain[:-1], 1):
            target = f"j{number}"
            on = f"{target}.{self._name(step.to_column)} = {alias}.{self._name(step.column)}"
            made.joins.append(f"LEFT JOIN {self._table(step.to_table)} {target} ON {on}")
            alias = target
        last = chain[-1]
        note = last.because if len(chain) == 1 else f"over {', '.join(step.to_table for step in chain[:-1])}"
        if alias == "t":
            made.take(last.column, link, note)
        else:
            made.columns.append((f"{alias}.{self._name(last.column)}", link, note))

    def _select(self, made: _Entity) -> list[str]:
        known = {column.name for column in made.table.columns}
        lines = []
        for place, (name, field_, note) in enumerate(made.columns):
            value = f"t.{self._name(name)}" if name in known else name
            comma = "," if place < len(made.columns) - 1 else ""
            # SQL comments, so that the note stays beside its column.
            lines.append(f"        {value} AS {field_}{comma}" + (f"  -- {note}" if note else ""))
        distinct = " DISTINCT" if made.table.key_because == SHARED_KEY else ""
        body = [f"      SELECT{distinct}", *lines, f"      FROM {self._table(made.table.name)} t"]
        return [*body, *(f"      {join}" for join in made.joins)]

    def _scope(self, made: _Entity) -> list[str]:
        dates = []
        for name, field_, _ in made.columns:
            if field_ in {"registered_on", "collected_on"}:
                column = next((c for c in made.table.columns if c.name == name), None)
                dates.append(f"{field_}: {_storage(column)}")
        undated = any(name == "NULL" for name, field_, _ in made.columns if field_ == "registered_on")
        unsure = "  # EDIT: how it is stored" if undated else ""
        return ["    scope:", f"      dates: {{{', '.join(dates)}}}{unsure}", "      site: site"]

    def _unused(self, made: _Entity) -> list[str]:
        left = [c for c in made.table.columns if c.name not in made.used and c.role is not Role.SECRET]
        secret = [c.name for c in made.table.columns if c.role is Role.SECRET]
        named = ", ".join(f"{c.name} ({c.role or c.declared or 'any'})" for c in left)
        lines = _wrapped(f"not used: {named}") if left else []
        return lines + (_wrapped(f"never: {', '.join(secret)} (secrets are reset, not migrated)") if secret else [])

    def numbers(self) -> list[str]:
        """The default number rule; the observation's values are parsed by it."""
        made = self._made.get("observation")
        value = made.table.with_role(Role.VALUE) if made else None
        mark = "," if value is not None and value.decimal_comma else "."
        because = "as most values seem to have it" if value is not None else "EDIT"
        note = f"# The decimal mark, {because}; an analysis may have its own rule."
        return [note, f'number: {{decimal: "{mark}"}}', ""]

    def analyses(self) -> list[str]:
        """Codes that the user asked to see, each to be given its LOINC code."""
        made = self._made.get("observation")
        used = {name for name, field_, _ in made.columns if field_ == "code"} if made else set()
        codes = [code for c in (made.table.columns if made else ()) if c.name in used for code, _ in c.codes]
        if not codes:
            return [
                "# Local code → LOINC; a result without it is unclassifiable. `--show-codes TABLE.COLUMN` lists codes.",
                "# analyses:",
                "#   NA: {loinc: 2951-2}",
            ]
        head = "# EDIT: give each its LOINC code; one without is unclassifiable, and stays unless ordered."
        return [head, "analyses:", *(f"  {_quoted(code)}: {{}}" for code in codes)]

    def left(self) -> list[str]:
        """Tables that no entity took, and those that could not be read."""
        taken = {made.table.name for made in self._made.values()}
        others = [f"{t.name} ({t.rows})" for t in self._report.tables if t.name not in taken]
        lines = ["", *_wrapped(f"Tables not used (rows): {', '.join(others)}", indent="# ")] if others else []
        return lines + [f"# Not read: {name}: {why}" for name, why in self._report.unread.items()]

    def _name(self, name: str) -> str:
        plain = name.isidentifier() and name.isascii() and name.upper() not in _RESERVED
        folded = self._dialect == "postgres" and name != name.lower()
        return exp.to_identifier(name, quoted=folded or not plain).sql(dialect=self._dialect)

    def _table(self, name: str) -> str:
        return ".".join(map(self._name, name.split(".", 1)))


_RESERVED = frozenset({
    "SELECT", "FROM", "WHERE", "ORDER", "GROUP", "BY", "TABLE", "USER", "KEY", "INDEX", "VALUE", "VALUES", "DATE",
    "TIME", "TIMESTAMP", "CASE", "END", "REFERENCES",
})  # fmt: skip


def _wrapped(text: str, indent: str = "    # ") -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)


def _storage(column: ColumnScan | None) -> str:
    declared = (column.declared if column else "").upper()
    formats: Iterable[str] = column.formats if column else ()
    first = next(iter(formats), "")
    if first.startswith("%Y%m%d"):
        return "text_yyyymmdd"
    if first.startswith("%Y-%m-%d"):
        return "text_iso"
    if "TIMESTAMP" in declared or "DATETIME" in declared:
        return "timestamp"
    return "date" if "DATE" in declared else "text_iso"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t")
    return f'"{escaped}"'
