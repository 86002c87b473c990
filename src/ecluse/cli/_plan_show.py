"""A plan as tables that a laboratory's director understands, and the queries for whoever wants them."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from ecluse.cli import _output
from ecluse.cli._sql_show import laid_out
from ecluse.cli._text import Text, language, tr
from ecluse.control import report_words as w
from ecluse.control.report_intake import ASIDE_HEADS, HEADS, intake_rows, set_aside_rows
from ecluse.control.report_words import Reader
from ecluse.domain.catalogue import CATALOGUE
from ecluse.domain.plan import Because, LeftOut, LeftOutReason, Plan, Snapshot
from ecluse.domain.sensitive import SensitiveCategory
from ecluse.migration.leftout import NO_SITE, OTHER_CODES, CategoryCount
from ecluse.migration.selects import DIALECTS
from ecluse.wire.artefacts import digest_of, to_json

_REASONS: dict[LeftOutReason, Text] = {
    LeftOutReason.DATES: Text("outside the dates", "hors des dates"),
    LeftOutReason.SITES: Text("another site", "autre site"),
    LeftOutReason.NO_DATE: Text("no readable date", "pas de date lisible"),
    LeftOutReason.CATEGORY: Text("excluded category", "catégorie exclue"),
    LeftOutReason.UNCLASSIFIABLE: Text("no list can sort it", "inclassable"),
    LeftOutReason.PERSON: Text("excluded person", "personne exclue"),
    LeftOutReason.ENTITY: Text("not ordered", "non ordonné"),
    LeftOutReason.FIELD: Text("field not ordered", "champ non ordonné"),
    LeftOutReason.UNREACHED: Text("no request in scope", "aucun dossier dans le périmètre"),
}
_SNAPSHOTS: dict[Snapshot, Text] = {
    Snapshot.SHARED: Text("all workers read one consistent state", "tous les lecteurs lisent un même état"),
    Snapshot.SINGLE_CONNECTION: Text("one consistent connection", "une seule connexion cohérente"),
    Snapshot.FILES: Text("files: nothing guarantees that they stay still; reconciliation checks it",
                         "des fichiers : rien ne garantit qu'ils ne bougent pas ; la réconciliation le vérifie"),
    Snapshot.NONE: Text("nothing guarantees that it stays still while it is read; reconciliation checks it",
                        "rien ne garantit qu'elle ne bouge pas pendant la lecture ; la réconciliation le vérifie"),
}  # fmt: skip
_DIALECTS = {str(engine): dialect for engine, dialect in DIALECTS.items()} | {"mariadb": "mysql", "memory": "duckdb"}
"""sqlglot's name of the dialect, by the engine's own name in a plan."""
_SHOWN_KEYS = 20

_SHOWN = 20


def plan_json(plan: Plan, categories: Sequence[CategoryCount]) -> dict[str, Any]:
    """The plan for programs."""
    counted = [
        {"category": str(c.category) if c.category else None, "unclassifiable": c.unclassifiable,
         "leaves": c.leaves, "rows": c.rows}
        for c in categories
    ]  # fmt: skip
    return {"digest": digest_of(plan), "plan": to_json(plan), "categories": counted}


def label(entity: str) -> str:
    """An entity's name in the reader's language."""
    found = CATALOGUE.entity(entity)
    return found.fr if language() == "fr" else found.en


def show_plan(plan: Plan, categories: Sequence[CategoryCount], *, sql: bool) -> None:
    """Print it."""
    if sql:
        _queries(plan)
    _leaves(plan)
    _by_year(plan)
    _by_category(categories)
    _stays(plan)
    _repeated(plan)
    _intake(plan)
    source = plan.source
    _output.say(
        tr(
            f"Source: {source.engine} {source.version}; {_SNAPSHOTS[source.snapshot]}.",
            f"Source : {source.engine} {source.version} ; {_SNAPSHOTS[source.snapshot]}.",
        )
    )
    _output.say(tr(f"Plan: {digest_of(plan)}, by {plan.agent}.", f"Plan : {digest_of(plan)}, par {plan.agent}."))
    _output.say()


def _queries(plan: Plan) -> None:
    _output.say(
        tr(
            "The exact queries, laid out, with the scope under a comment of its own; --json has them to the letter.",
            "Les requêtes exactes, mises en page, la portée sous son commentaire ; --json les donne à la lettre.",
        ),
        style="bold",
    )
    _output.say(
        tr(
            ":lower and :upper bound a batch; :excluded_persons never leaves memory.",
            ":lower et :upper bornent un lot ; :excluded_persons ne quitte pas la mémoire.",
        ),
        style="bold",
    )
    dialect = _DIALECTS.get(plan.source.engine, "")
    for planned in plan.entities:
        _output.say(f"-- {label(planned.entity)} ({planned.entity})", style="bold")
        for line in laid_out(planned.sql, dialect, _output.width()):
            _output.say(line.text, style="bold cyan" if line.scope else "")
        _output.say()


def _intake(plan: Plan) -> None:
    """Of files: where every byte went, and the first records that cannot be read."""
    reader, files = Reader("fr" if language() == "fr" else "en"), plan.source.files
    if not files:
        return
    heads = [reader.say(words) for words in HEADS]
    _output.table(reader.say(w.INTAKE), heads, intake_rows(files, reader), right=range(1, len(heads)))
    if aside := set_aside_rows(files, reader):
        told = reader.say(w.SHOWN, shown=min(_SHOWN, len(aside)), total=len(aside))
        heads = [reader.say(words) for words in ASIDE_HEADS]
        title = f"{reader.say(w.UNREADABLE_LISTED)}: {told}"
        _output.table(title, heads, aside[:_SHOWN], right=range(2, len(heads)))


def _leaves(plan: Plan) -> None:
    rows = []
    for planned in plan.entities:
        kinds = {because: sum(c.because is because for c in planned.columns) for because in Because}
        batches = sum(batch.entity == planned.entity for batch in plan.batches)
        rows.append(
            (
                label(planned.entity),
                _output.count(planned.rows),
                _output.count(batches),
                str(kinds[Because.ORDERED]),
                str(kinds[Because.LINK] + kinds[Because.COMPANION]),
            )
        )
    head = (
        "",
        tr("rows", "lignes"),
        tr("batches", "lots"),
        tr("fields ordered", "champs ordonnés"),
        tr("carried besides", "suivent aussi"),
    )
    _output.table(tr("What leaves", "Ce qui sort"), head, rows, right=(1, 2, 3, 4))


def _by_year(plan: Plan) -> None:
    entities = [e.entity for e in plan.entities if any(t.entity == e.entity and t.year for t in plan.tallies)]
    cells: dict[tuple[int, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for tally in plan.tallies:
        if tally.year is not None:
            cells[tally.year, tally.site or "—"][tally.entity] += tally.rows
    rows = [
        (str(year), site, *(_output.count(found[e]) for e in entities)) for (year, site), found in sorted(cells.items())
    ]
    if not rows:
        return
    total = [_output.count(sum(found[e] for found in cells.values())) for e in entities]
    head = (tr("year", "année"), tr("site", "site"), *map(label, entities))
    _output.table(
        tr("By year and site", "Par année et site"),
        head,
        [*rows, (tr("total", "total"), "", *total)],
        right=tuple(range(2, 2 + len(entities))),
    )


def _by_category(categories: Sequence[CategoryCount]) -> None:
    if not categories:
        return
    rows = []
    for each in categories:
        name = tr("of no sensitive category", "d'aucune catégorie sensible")
        if each.category is not None:
            name = each.category.fr if language() == "fr" else each.category.en
        elif each.unclassifiable:
            name = tr("no list can sort it", "inclassable")
        rows.append((name, tr("leaves", "sort") if each.leaves else tr("stays", "reste"), _output.count(each.rows)))
    head = (tr("results", "résultats"), "", tr("rows", "lignes"))
    _output.table(
        tr("Results by sensitive category", "Résultats par catégorie sensible"),
        head,
        rows,
        right=(2,),
    )


def _subject(left: LeftOut) -> str:
    """What stays, in the reader's words where it is a category or nothing that has a code."""
    if left.reason is LeftOutReason.CATEGORY and left.subject in set(SensitiveCategory):
        category = SensitiveCategory(left.subject)
        return category.fr if language() == "fr" else category.en
    words = {OTHER_CODES: tr("other codes", "autres codes"), NO_SITE: tr("no site", "sans site")}
    return words.get(left.subject, left.subject)


def _stays(plan: Plan) -> None:
    rows = [
        (
            label(left.entity),
            str(_REASONS[left.reason]),
            _subject(left),
            _output.count(left.rows) if left.rows is not None else "",
        )
        for left in plan.left_out
        if left.reason is not LeftOutReason.FIELD
    ]
    head = ("", tr("why", "pourquoi"), tr("which", "lequel"), tr("rows", "lignes"))
    _output.table(tr("What stays, and why", "Ce qui reste, et pourquoi"), head, rows, right=(3,))
    fields: dict[str, list[str]] = defaultdict(list)
    for left in plan.left_out:
        if left.reason is LeftOutReason.FIELD:
            fields[left.entity].append(left.subject.rpartition(".")[2])
    if fields:
        _output.table(
            tr("Fields that stay", "Champs qui restent"),
            ("", ""),
            [(label(entity), ", ".join(names)) for entity, names in fields.items()],
        )


def _repeated(plan: Plan) -> None:
    """Keys on several rows: what will be set aside, so that the source can be mended before the plan is signed."""
    rows = []
    for entity, keys in plan.repeated_keys().items():
        named = ", ".join(keys[:_SHOWN_KEYS]) + (" …" if len(keys) > _SHOWN_KEYS else "")
        lines = sum(each.rows for each in plan.repeated if each.entity == entity)
        rows.append((label(entity), _output.count(len(keys)), _output.count(lines), named))
    if not rows:
        return
    head = ("", tr("keys", "clés"), tr("rows", "lignes"), tr("which", "lesquelles"))
    title = tr(
        "Keys that stand on several rows: all of these will be set aside, and listed",
        "Clés portées par plusieurs lignes : toutes seront mises de côté, et listées",
    )
    _output.table(title, head, rows, right=(1, 2))
