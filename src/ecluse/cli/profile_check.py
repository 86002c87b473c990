"""``ecluse profile check``."""

from ecluse.adapters.destinations import DestinationSpec
from ecluse.adapters.destinations.proving import check_destination_profile
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
        "value of a patient's is shown. Exit code 13 when an order could not be planned or loaded with it.",
        "Prouver un profil sur son système. D'une source : chaque SELECT tourne, les clés sont uniques, les renvois "
        "aboutissent, dates et nombres se lisent, les codes sont traduits ; et quelle est la qualité des données. "
        "D'une destination : tables, colonnes et clés sont là, constantes et codes y entrent ; rien n'est écrit. Des "
        "nombres et des parts seulement : aucune valeur de patient n'est montrée. Code 13 si aucun ordre "
        "ne pourrait s'en servir.",
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
        "File of passwords in libpq's format, mode 0600.", "Fichier de mots de passe au format de libpq, mode 0600."
    ),
)
@option("--all", "everything", is_flag=True, text=Text("Show also what is right.", "Montrer aussi ce qui va."))
def command(
    *, profile: str, source: str | None, destination: str | None, passfile: str | None, everything: bool
) -> None:
    """Check one profile."""
    document = documents.read(profile_file(profile))
    if isinstance(document.value, dict) and document.value.get("format") == "ecluse.destination-profile/1":
        _destination(document, _given(destination, "--destination"))
    else:
        _source(document.to(SourceProfile), _given(source, "--source"), passfile, everything=everything)


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


def _destination(document: documents.Document, url: str) -> None:
    checked = document.to(DestinationProfile)
    spec = DestinationSpec(checked.engine, address(url, checked.engine), checked)
    problems = check_destination_profile(spec) if checked.entities else ()
    placed = [(problem, document.location(problem.path)) for problem in problems]
    found = [{"field": each.path, "line": where.line, "text": translated(each.message)} for each, where in placed]
    _output.emit({"profile": checked.profile, "engine": str(checked.engine), "problems": found})
    if not placed:
        words = f"{checked.profile}: the destination agrees with it", f"{checked.profile} : la destination s'y accorde"
        _output.say(tr(words[0], words[1]), style="bold")
        return
    rows = [("✗", str(where.line), each.path, translated(each.message)) for each, where in placed]
    head = ("", tr("line", "ligne"), tr("field", "champ"), tr("finding", "constat"))
    _output.table(tr(f"{checked.profile}: what is wrong", f"{checked.profile} : ce qui ne va pas"), head, rows)
    more = f" (and {len(placed) - 1} more)" if len(placed) > 1 else ""
    raise ProfileError(placed[0][0].message + more, location=placed[0][1])


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
