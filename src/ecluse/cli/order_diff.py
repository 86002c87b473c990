"""``ecluse order diff``."""

from pathlib import Path

from ecluse.cli._app import FILE, argument, define
from ecluse.cli._changes import NEW, OLD, show_changes
from ecluse.cli._order_files import read_order
from ecluse.cli._text import Text, language
from ecluse.control.compare import order_changes


@define(
    Text(
        "Show what an amendment changes, in the laboratory's words. Sites, dates, fields, categories, persons, "
        "erasure: before and after, and whether more leaves than before, or less.",
        "Montrer ce qu'un avenant change, dans les mots du laboratoire. Sites, dates, champs, catégories, "
        "personnes, effacement : avant et après, et s'il sort plus qu'avant, ou moins.",
    ),
    example="ecluse order diff order.json order-2.yaml",
)
@argument("old", type=FILE, text=OLD)
@argument("new", type=FILE, text=NEW)
def command(old: Path, new: Path) -> None:
    """Compare two versions of one order."""
    before, after = read_order(old, None).order, read_order(new, None).order
    changes = order_changes(before, after, "fr" if language() == "fr" else "en")
    # A draft that names its agreement by its number alone does not know the digest yet.
    unknown = {f"sha256:{64 * '0'}"} & {before.agreement.digest, after.agreement.digest}
    show_changes([c for c in changes if not (unknown and c.path == "agreement.digest")], effects=True)
