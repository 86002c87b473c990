"""Showing what one version of a document changes in another."""

from collections.abc import Sequence

from ecluse.cli import _output
from ecluse.cli._text import Text, tr
from ecluse.control.compare import Change, Effect

EFFECTS = {
    Effect.WIDENS: Text("more leaves, or stays longer", "il sort plus, ou plus longtemps"),
    Effect.NARROWS: Text("less leaves, or stays less long", "il sort moins, ou moins longtemps"),
    Effect.UNTOLD: Text("only a new plan can tell", "seul un nouveau plan le dira"),
}
OLD = Text("The earlier version, draft or signed form.", "La version d'avant, brouillon ou forme signée.")
NEW = Text("The later version.", "La version d'après.")


def show_changes(changes: Sequence[Change], *, effects: bool = False) -> None:
    """A table for people, a list for programs."""
    _output.emit([
        {"path": c.path, "label": c.label, "before": c.before, "after": c.after}
        | ({"effect": str(c.effect)} if effects else {})
        for c in changes
    ])  # fmt: skip
    if not changes:
        _output.say(tr("nothing differs", "rien ne diffère"))
        return
    head = (tr("what", "quoi"), tr("before", "avant"), tr("after", "après"), *([tr("effect", "effet")] * effects))
    rows = [(c.label, c.before or "—", c.after or "—", *([_effect(c.effect)] * effects)) for c in changes]
    _output.table("", head, rows)


def _effect(effect: Effect) -> str:
    return str(EFFECTS[effect]) if effect in EFFECTS else ""
