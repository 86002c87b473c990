"""``ecluse profile check``."""

from ecluse.adapters.destinations import DestinationSpec
from ecluse.adapters.destinations.opening import PASSWORD_ENV
from ecluse.adapters.destinations.proving import TABLELESS, Proof, check_destination_profile
from ecluse.cli import _output
from ecluse.cli._app import argument, define, option
from ecluse.cli._messages import translated
from ecluse.cli._plan_show import label
from ecluse.cli._site import address, open_source_at, profile_file
from ecluse.cli._text import Text, language, tr
from ecluse.domain.errors import ProfileError, UsageError
from ecluse.domain.profile import DestinationProfile, SourceProfile
from ecluse.migration.profile_check import check_profile
from ecluse.migration.profile_findings import CheckReport, Level
from ecluse.wire import documents

_LEVELS = {Level.OK: "✓", Level.WARN: "!", Level.ERROR: "✗"}
_SHOWN_CODES = 15


@define(
    Text(
        "Prove a profile against its system. Of a source, every SELECT runs, keys are unique, references lead "
        "somewhere, dates and numbers read, codes are mapped; and what the data's quality is. Of a destination, "
        "tables, columns and keys are there, constants and codes fit; nothing is written. Counts and shares only: no "
        "value of a patient's is shown. Messages and FHIR have no tables: nothing is looked at there, and it says so. "
        "Exit code 13 when an order could not be planned or loaded with it.",
        "Prouver un profil sur son système. D'une source : chaque SELECT tourne, les clés sont uniques, les renvois "
        "aboutissent, dates et nombres se lisent, les codes sont traduits ; et quelle est la qualité des données. "
        "D'une destination : tables, colonnes et clés sont là, constantes et codes y entrent ; rien n'est écrit. Des "
        "nombres et des parts seulement : aucune valeur de patient n'est montrée. Les messages et FHIR n'ont pas de "
        "tables : rien n'y est regardé, et c'est dit. Code 13 si aucun ordre ne pourrait s'en servir.",
    ),
    example="ecluse profile check dxlab.yaml --source postgresql://ecluse@lis/dxlab",
)
@argument(
    "profile",
    text=Text(
        "A file, or the name of a profile that ships with Écluse.",
        "Un fichier, ou le nom d'un profil livré avec Écluse.",
    ),
)
@option(
    "--source",
    default=None,
    text=Text(
        "Of a source profile: URL without password, or a path (SQLite, CSV).",
        "D'un profil de source : URL sans mot de passe, ou un chemin (SQLite, CSV).",
    ),
)
@option(
    "--destination",
    default=None,
    text=Text(
        "Of a destination profile: URL without password, or a path (SQLite).",
        "D'un profil de destination : URL sans mot de passe, ou un chemin (SQLite).",
    ),
)
@option(
    "--passfile",
    default=None,
    text=Text(
        "Of a source: file of passwords in libpq's format, mode 0600.",
        "D'une source : fichier de mots de passe au format de libpq, mode 0600.",
    ),
)
@option("--all", "everything", is_flag=True, text=Text("Show also what is right.", "Montrer aussi ce qui va."))
def command(
    *, profile: str, source: str | None, destination: str | None, passfile: str | None, everything: bool
) -> None:
    """Check one profile."""
    document = documents.read(profile_file(profile))
    if isinstance(document.value, dict) and document.value.get("format") == "ecluse.destination-profile/1":
        url = _given(destination, "--destination")
        _without(source, "--source", tr("this is a destination's profile", "c'est le profil d'une destination"))
        _without(passfile, "--passfile", tr(f"a destination's password stands in {PASSWORD_ENV}",
                                            f"le mot de passe d'une destination est dans {PASSWORD_ENV}"))  # fmt: skip
        _destination(document, url, everything=everything)
    else:
        url = _given(source, "--source")
        _without(destination, "--destination", tr("this is a source's profile", "c'est le profil d'une source"))
        _source(document.to(SourceProfile), url, passfile, everything=everything)


def _without(value: str | None, option: str, why: str) -> None:
    """Refuse an option that would be passed over."""
    if value is not None:
        raise UsageError(tr(f"{option} does not go with this profile", f"{option} ne va pas avec ce profil"), hint=why)


def _given(value: str | None, option: str) -> str:
    if value is None:
        raise UsageError(tr(f"an option is missing: {option}", f"il manque une option : {option}"))
    return value


def _source(checked: SourceProfile, source: str, passfile: str | None, *, everything: bool) -> None:
    opened = open_source_at(source, checked, passfile)
    try:
        report = check_profile(checked, opened)
    finally:
        opened.close()
    _output.emit(_json(report))
    _findings(report, everything=everything)
    _codes(report)
    report.refuse()
    _output.say(
        tr(f"{report.profile}: an order can be planned with it", f"{report.profile} : un ordre peut s'en servir"),
        style="bold",
    )


def _destination(document: documents.Document, url: str, *, everything: bool) -> None:
    checked = document.to(DestinationProfile)
    proof = check_destination_profile(DestinationSpec(checked.engine, address(url, checked.engine), checked))
    placed = [(problem, document.location(problem.path)) for problem in proof.problems]
    found = [{"field": each.path, "line": where.line, "text": translated(each.message)} for each, where in placed]
    seen = [{"field": each.path, "table": each.table, "columns": each.columns} for each in proof.seen]
    told = {"profile": checked.profile, "engine": str(checked.engine), "looked_at": seen, "problems": found}
    _output.emit(told)
    rows = [("✗", str(where.line), each.path, translated(each.message)) for each, where in placed]
    if everything:
        rows += _right(document, proof)
    if rows:
        head = ("", tr("line", "ligne"), tr("field", "champ"), tr("finding", "constat"))
        title = tr(f"{checked.profile}: what was found", f"{checked.profile} : ce qui a été trouvé")
        _output.table(title, head, rows)
    if placed:
        more = f" (and {len(placed) - 1} more)" if len(placed) > 1 else ""
        raise ProfileError(placed[0][0].message + more, location=placed[0][1])
    _verdict(checked, proof)


def _right(document: documents.Document, proof: Proof) -> list[tuple[str, str, str, str]]:
    """A row for each table that nothing was found against."""
    return [
        ("✓", str(document.location(seen.path).line), seen.path,
         tr(f"table {seen.table}: {seen.columns} columns are there",
            f"table {seen.table} : {seen.columns} colonnes y sont"))
        for seen in proof.seen
        if seen.right
    ]  # fmt: skip


def _verdict(checked: DestinationProfile, proof: Proof) -> None:
    """What was looked at and nothing found against, and what was not looked at."""
    name = checked.profile
    if not proof.seen:
        _output.say(tr(f"{name}: it reads well; nothing of the destination was looked at",
                       f"{name} : il se lit bien ; rien de la destination n'a été regardé"), style="bold")  # fmt: skip
        why = (
            tr("FHIR and messages have no tables", "FHIR et les messages n'ont pas de tables")
            if checked.engine in TABLELESS
            else tr("it names no table", "il ne nomme aucune table")
        )
        _output.say(tr(f"{why}: what does not fit is refused when a load begins",
                       f"{why} : ce qui n'y entre pas est refusé au début d'un chargement"))  # fmt: skip
        return
    _output.say(tr(f"{name}: the destination agrees with it", f"{name} : la destination s'y accorde"), style="bold")
    _output.say(
        tr(
            f"looked at: {len(proof.seen)} tables, with columns, keys, constants and codes; whether each field's type "
            "fits is checked when a load begins",
            f"regardé : {len(proof.seen)} tables, avec colonnes, clés, constantes et codes ; que le type de chaque "
            "champ y entre est vérifié au début d'un chargement",
        )
    )


def _json(report: CheckReport) -> dict[str, object]:
    return {
        "profile": report.profile,
        "engine": report.engine,
        "worst": str(report.worst),
        "findings": [
            {"level": str(f.level), "rule": f.rule, "entity": f.entity, "column": f.column, "rows": f.rows, "of": f.of,
             "text": f.text(language())}
            for f in report.findings
        ],
        "sites": dict(report.sites),
        "codes": [
            {"code": c.code, "loinc": c.loinc, "rows": c.rows, "numbers": c.numbers, "unread": c.unread}
            for c in report.codes
        ],
    }  # fmt: skip


def _findings(report: CheckReport, *, everything: bool) -> None:
    shown = [finding for finding in report.findings if everything or finding.level is not Level.OK]
    rows = [(_LEVELS[f.level], label(f.entity), f.column or "", f.text(language())) for f in shown]
    good = len(report.findings) - sum(f.level is not Level.OK for f in report.findings)
    title = tr(f"{report.profile}: {good} findings are right", f"{report.profile} : {good} constats sont bons")
    _output.table(title, ("", tr("about", "sur"), tr("field", "champ"), tr("finding", "constat")), rows)


def _codes(report: CheckReport) -> None:
    unmapped = [code for code in report.codes if code.loinc is None][:_SHOWN_CODES]
    if unmapped:
        rows = [(code.code, _output.count(code.rows), _output.count(code.numbers)) for code in unmapped]
        head = (tr("local code", "code local"), tr("results", "résultats"), tr("read as numbers", "lus comme nombres"))
        _output.table(tr("Codes without a LOINC code", "Codes sans code LOINC"), head, rows, right=(1, 2))
