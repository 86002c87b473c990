"""``ecluse source scan``."""

from pathlib import Path
from urllib.parse import parse_qsl

import click

from ecluse.adapters.scan import SAMPLE_ROWS, scan
from ecluse.adapters.sources import SourceSpec
from ecluse.adapters.sources.spec import DUMP, ODBC
from ecluse.cli import _output, _scan_questions
from ecluse.cli._app import FILE, argument, define, option
from ecluse.cli._messages import translated
from ecluse.cli._plan_show import label
from ecluse.cli._scan_reasons import because
from ecluse.cli._site import address
from ecluse.cli._text import Text, tr
from ecluse.control.papers import write_new
from ecluse.domain.errors import UsageError
from ecluse.domain.profile import Engine
from ecluse.migration.drafting import draft_profile
from ecluse.migration.scanning import ColumnScan, ScanReport, TableScan

_SUFFIXES = {
    ".sqlite": Engine.SQLITE,
    ".sqlite3": Engine.SQLITE,
    ".db": Engine.SQLITE,
    ".fdb": Engine.FIREBIRD,
    ".gdb": Engine.FIREBIRD,
}
_SHAPES = 2


@define(
    Text(
        "Look at a legacy database, and draft its profile. Tables, columns, keys, dates, national numbers by their "
        "control key, names, free text, secrets, by name and by shape; with statistics that show no patient's value: "
        "counts, lengths, and shapes that at least five rows share. With --draft, writes a commented profile to finish "
        "by hand and prove with profile check.",
        "Regarder une ancienne base, et ébaucher son profil. Tables, colonnes, clés, dates, numéros nationaux par "
        "leur clé de contrôle, noms, texte libre, secrets, par le nom et par la forme ; avec des statistiques qui ne "
        "montrent aucune valeur de patient : nombres, longueurs, et formes que cinq lignes au moins partagent. Avec "
        "--draft, écrit un profil commenté, à finir à la main et à prouver par profile check.",
    ),
    example="ecluse source scan postgresql://ecluse@lis/dxlab --draft dxlab.yaml",
)
@argument(
    "source",
    text=Text(
        "URL without password, or a path (SQLite file, CSV folder).",
        "URL sans mot de passe, ou un chemin (fichier SQLite, dossier CSV).",
    ),
)
@option("--draft", type=FILE, default=None, text=Text("Profile to create.", "Profil à créer."))
@option(
    "--interactive",
    is_flag=True,
    text=Text(
        "Ask for each kind of data which table holds it, and what its columns are, before the draft is written.",
        "Demander pour chaque type de données quelle table le contient, et ce que sont ses colonnes, avant d'écrire "
        "l'ébauche.",
    ),
)
@option(
    "--engine",
    type=click.Choice([str(e) for e in Engine]),
    default=None,
    text=Text("Engine, where the URL does not say it.", "Le moteur, si l'URL ne le dit pas."),
)
@option(
    "--passfile",
    default=None,
    text=Text(
        "File of passwords in libpq's format, mode 0600.", "Fichier de mots de passe au format de libpq, mode 0600."
    ),
)
@option(
    "--show-codes",
    multiple=True,
    metavar="TABLE.COLUMN",
    text=Text(
        "A column of analysis codes, whose frequent codes may be listed.",
        "Une colonne de codes d'analyse, dont les codes fréquents peuvent être listés.",
    ),
)
@option(
    "--sample-rows",
    type=click.IntRange(min=1),
    default=SAMPLE_ROWS,
    show_default=True,
    text=Text("Rows of each table that are looked at.", "Lignes de chaque table qui sont regardées."),
)
def command(
    *,
    source: str,
    draft: Path | None,
    interactive: bool,
    engine: str | None,
    passfile: str | None,
    show_codes: tuple[str, ...],
    sample_rows: int,
) -> None:
    """Scan one source."""
    if interactive and draft is None:
        raise UsageError(
            tr("--interactive asks for a draft", "--interactive demande une ébauche"), hint="--draft PROFILE.yaml"
        )
    kind = Engine(engine) if engine else engine_of(source)
    spec = SourceSpec(kind, address(source, kind), passfile=passfile)
    report = scan(spec, show_codes=show_codes, sample_rows=sample_rows)
    if interactive:
        report = _scan_questions.asked(report)
    if draft:
        write_new(draft, draft_profile(report))
    _output.emit(_json(report) | {"draft": str(draft) if draft else None})
    _show(report)
    if draft:
        _output.say(
            tr(
                f"{draft}: finish it, then: ecluse profile check {draft} --source SOURCE",
                f"{draft} : terminez-le, puis : ecluse profile check {draft} --source SOURCE",
            ),
            style="bold",
        )


def engine_of(source: str) -> Engine:
    """The engine that a URL or path tells of; raises UsageError."""
    scheme = source.partition("://")[0] if "://" in source else ""
    path = Path(source)
    if scheme in {DUMP, ODBC}:
        scheme = dict(parse_qsl(source.partition("?")[2])).get("engine", "")
    if scheme in set(Engine):
        return Engine(scheme)
    if not scheme and path.is_dir():
        return Engine.CSV
    if not scheme and (path.suffix.lower() in _SUFFIXES or path.is_file()):
        return _SUFFIXES.get(path.suffix.lower(), Engine.SQLITE)
    raise UsageError(tr("which engine this is cannot be told", "le moteur ne se devine pas"),
                     hint=f"--engine {'|'.join(Engine)}")  # fmt: skip


def _json(report: ScanReport) -> dict[str, object]:
    return {
        "engine": report.engine,
        "version": report.version,
        "guesses": [{"entity": g.entity, "table": g.table, "confidence": round(g.confidence, 2), "because": g.because}
                    for g in report.guesses],
        "tables": [
            {"name": t.name, "rows": t.rows, "sampled": t.sampled, "key": t.key,
             "columns": [_column(c) for c in t.columns]}
            for t in report.tables
        ],
        "references": [{"from": f"{r.table}.{r.column}", "to": f"{r.to_table}.{r.to_column}", "declared": r.declared}
                       for r in report.references],
        "unread": dict(report.unread),
    }  # fmt: skip


def _column(column: ColumnScan) -> dict[str, object]:
    return {
        "name": column.name, "declared": column.declared, "nulls": round(column.nulls, 4),
        "distinct": round(column.distinct, 4), "shortest": column.shortest, "longest": column.longest,
        "role": str(column.role) if column.role else None, "confidence": round(column.confidence, 2),
        "because": column.because, "formats": list(column.formats), "misread": column.misread,
        "shapes": [{"mask": s.mask, "share": round(s.share, 4)} for s in column.shapes],
        "codes": dict(column.codes),
    }  # fmt: skip


def _show(report: ScanReport) -> None:
    _output.say(f"{report.engine} {report.version}")
    rows = [(label(g.entity), g.table, f"{g.confidence:.0%}", because(g.because)) for g in report.guesses]
    head = (tr("seems to be", "semble être"), "table", tr("how surely", "à quel point"), tr("because", "parce que"))
    _output.table(tr("Guesses", "Suppositions"), head, rows, right=(2,))
    for table in report.tables:
        _table(table)
    for name, why in report.unread.items():
        _output.warn(tr(f"{name}: could not be read ({why})", f"{name} : n'a pas pu être lue ({translated(why)})"))


def _table(table: TableScan) -> None:
    rows = [
        (c.name, c.declared, f"{c.nulls:.0%}", f"{c.distinct:.0%}", f"{c.shortest or 0}–{c.longest or 0}",
         str(c.role or ""), "  ".join(f"{s.mask} {s.share:.0%}" for s in c.shapes[:_SHAPES]))
        for c in table.columns
    ]  # fmt: skip
    head = (
        tr("column", "colonne"),
        tr("type", "type"),
        tr("empty", "vide"),
        tr("differ", "distincts"),
        tr("length", "longueur"),
        tr("seems", "semble"),
        tr("shapes", "formes"),
    )
    key = table.key or "—"
    title = tr(
        f"{table.name}: {_output.count(table.rows)} rows, key {key}",
        f"{table.name} : {_output.count(table.rows)} lignes, clé {key}",
    )
    _output.table(title, head, rows, right=(2, 3, 4))
