"""``ecluse plan``."""

import datetime as dt
from pathlib import Path
from typing import Any

from ecluse.cli import _output
from ecluse.cli._app import FILE, define, option
from ecluse.cli._options import destination_options, mailbox, setup_of, source_options, workspace
from ecluse.cli._overdue import remind
from ecluse.cli._plan_show import plan_json, show_plan
from ecluse.cli._planning import admitted_plan, draft_plan, read_papers
from ecluse.cli._site import Site
from ecluse.cli._text import Text, tr
from ecluse.control.papers import read_paper
from ecluse.control.reading import View, look
from ecluse.control.setup import place_of, write_setup
from ecluse.domain.order import Order
from ecluse.domain.plan import Plan
from ecluse.domain.policies import check_same_order
from ecluse.migration.grants import grants, role_name
from ecluse.workspace.place import Place


@define(
    Text(
        "Count an order through its source, and show what will run. The exact queries, the batches, rows by year and "
        "site and by sensitive category, and what the order leaves out and why. Admits the signed agreement and order "
        "into the workspace and signs the plan with the agent's key; the options given are remembered for the next "
        "steps. With --dry-run nothing is written. With --grants, prints the script that gives this order its own "
        "read-only role in the source, and stops; with --views, then, it is that role which reads.",
        "Compter un ordre dans sa source, et montrer ce qui va tourner. Les requêtes exactes, les lots, les lignes par "
        "année et site et par catégorie sensible, et ce que l'ordre laisse et pourquoi. Admet le contrat et l'ordre "
        "signés dans l'espace de travail et signe le plan avec la clé de l'agent ; les options données sont retenues "
        "pour la suite. Avec --dry-run rien n'est écrit. Avec --grants, donne le script qui crée pour cet ordre son "
        "propre rôle en lecture seule dans la source, et s'arrête ; avec --views, c'est ensuite ce rôle qui lit.",
    ),
    example="ecluse plan -w migration --agreement agreement.json --order order.json \\\n"
    "    --source postgresql://ecluse@lis/dxlab --profile dxlab.yaml --agent-key agent-source.key",
)
@workspace
@option("--agreement", type=FILE, default=None, text=Text("The signed agreement.", "Le contrat signé."))
@option("--order", type=FILE, default=None, text=Text("The signed order.", "L'ordre signé."))
@source_options
@destination_options
@mailbox
@option("--batch-rows", type=int, default=None, text=Text("Rows of a batch, about.", "Lignes d'un lot, environ."))
@option("--dry-run", is_flag=True, text=Text("Show only; write nothing.", "Montrer seulement ; ne rien écrire."))
@option(
    "--grants",
    "print_grants",
    is_flag=True,
    text=Text("Print the source's grants for this order.", "Donner les droits de cet ordre dans la source."),
)
@option(
    "--views",
    is_flag=True,
    text=Text(
        "Read the order's own views (--grants makes them), under the order's own role.",
        "Lire les vues propres à l'ordre (faites par --grants), sous le rôle propre à l'ordre.",
    ),
)
@option("--sql/--no-sql", default=True, show_default=True, text=Text("Show the queries.", "Montrer les requêtes."))
def command(
    *,
    workspace: Path,
    agreement: Path | None,
    order: Path | None,
    batch_rows: int | None,
    dry_run: bool,
    print_grants: bool,
    views: bool,
    sql: bool,
    **given: Any,
) -> None:
    """Plan one order, or show the plan there is."""
    site = Site(workspace, setup_of(workspace, given))
    remind(workspace)
    known = look(place_of(workspace, Place.SOURCE)) if site.has(Place.SOURCE) else None
    if print_grants:
        _output.raw(grants(read_papers(agreement, order).order.value, site.source_profile()))
        return
    plan = known.pinned(Plan) if known else None
    if known is not None and order is not None:
        _check_same(known, order)
    if plan is not None:
        _output.emit(plan_json(plan, ()))
        show_plan(plan, (), sql=sql)
        _output.say(tr("This plan is signed and recorded already.", "Ce plan est déjà signé et enregistré."))
        return
    papers = read_papers(agreement, order)
    site = Site(workspace, site.setup.told_of(papers.agreement.digest))
    if views:
        site = Site(workspace, site.setup.on_views(role_name(papers.order.value)))
    if dry_run:
        report = draft_plan(site, papers, dt.datetime.now(dt.UTC), batch_rows)
    else:
        report = admitted_plan(site, papers, batch_rows)
        write_setup(workspace, site.setup)
    _output.emit(plan_json(report.plan, report.categories))
    show_plan(report.plan, report.categories, sql=sql)
    if not dry_run:
        _output.say(
            tr(f"next: ecluse run --workspace {workspace}", f"ensuite : ecluse run --workspace {workspace}"),
            style="bold",
        )


def _check_same(known: View, order: Path) -> None:
    """An order that is given must be the one that the place works on: the plan of another would be shown for it."""
    pinned = known.pinned(Order)
    if pinned is not None:
        check_same_order(read_paper(Order, order).value, pinned, known.progress().state)
