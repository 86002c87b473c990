"""The account of a migration: on the terminal, and as HTML files that a laboratory's director keeps."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from ecluse.cli import _output
from ecluse.cli._text import language, tr
from ecluse.control.reading import View, look, places_under
from ecluse.control.report import reconciliation_html, reconciliation_text
from ecluse.control.report_words import Lang
from ecluse.control.setup import read_setup
from ecluse.domain.order import Order
from ecluse.domain.plan import Plan
from ecluse.domain.records import Acceptance, ErasureCertificate, Receipt, Reconciliation
from ecluse.wire.artefacts import digest_of, to_json
from ecluse.workspace.files import write_atomic
from ecluse.workspace.place import Place

_LANGUAGES: tuple[Lang, ...] = get_args(Lang)
_NAMES: dict[Lang, str] = {"en": "reconciliation.en.html", "fr": "reconciliation.fr.html"}


@dataclass(frozen=True, slots=True)
class _Papers:
    order: Order
    plan: Plan
    receipts: tuple[Receipt, ...]
    account: Reconciliation
    acceptance: Acceptance | None
    certificates: tuple[ErasureCertificate, ...]


def tell_account(root: Path) -> dict[str, Any]:
    """Print the account of a migration workspace and keep it as HTML; returns it for programs, {} where there is none.

    The HTML files are written again at each telling: after the decision they show it, after erasure the certificates.
    """
    papers = _papers(root)
    if papers is None:
        return {}
    _output.say(
        reconciliation_text(papers.plan, papers.receipts, papers.account, _language(), acknowledged=_acknowledged(root))
    )
    for path in write_reports(root):
        _output.say(tr(f"the same, to keep and print: {path}", f"le même, à garder et à imprimer : {path}"))
    found = papers.account
    return {"digest": digest_of(found), "clean": found.clean(), "reconciliation": to_json(found)}


def write_reports(root: Path) -> tuple[Path, ...]:
    """The account as one HTML file a language, in ``reports/``; nothing where there is no account yet."""
    papers = _papers(root)
    if papers is None:
        return ()
    paths = []
    for lang in sorted(_LANGUAGES, key=lambda name: name != _language()):
        page = reconciliation_html(
            papers.order, papers.plan, papers.receipts, papers.account, papers.acceptance, papers.certificates, lang,
            acknowledged=_acknowledged(root),
        )  # fmt: skip
        paths.append(root / "reports" / _NAMES[lang])
        write_atomic(paths[-1], page.encode())
    return tuple(paths)


def _acknowledged(root: Path) -> bool:
    """Whether messages were sent to a receiver, which holds what it holds: nobody outside can read it."""
    return (read_setup(root).destination.url or "").startswith("mllp:")


def _papers(root: Path) -> _Papers | None:
    views = [look(place) for place in places_under(root)]
    there = next((view for view in views if view.place is Place.DESTINATION), None)
    account = there.pinned(Reconciliation) if there else None
    if there is None or account is None:
        return None
    order, plan = there.pinned(Order), there.pinned(Plan)
    if order is None or plan is None:
        return None
    receipts = tuple(there.get(Receipt, address) for address in there.progress().received.values())
    certificates = [view.pinned(ErasureCertificate) for view in views]
    return _Papers(order, plan, receipts, account, _decision(views), tuple(c for c in certificates if c is not None))


def _decision(views: list[View]) -> Acceptance | None:
    return next((found for view in views if (found := view.pinned(Acceptance)) is not None), None)


def _language() -> Lang:
    return "fr" if language() == "fr" else "en"
