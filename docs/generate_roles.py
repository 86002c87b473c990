"""Write docs/reference/roles.md from ``ecluse.domain.permissions``: ``python docs/generate_roles.py [--check]``."""

import sys
from pathlib import Path

from ecluse.domain.permissions import MAY, Action, Role, Side

PAGE = Path(__file__).parent / "reference" / "roles.md"
HEAD = """# Who may do what in the control room

Generated from `ecluse.domain.permissions` by `docs/generate_roles.py`. Whatever is not here is refused.

A role counts within the organisation in which it is held, and on what that organisation is a party to: an agreement,
its orders and its migrations have two parties, the laboratory (controller) and the vendor (processor). To everybody
else they do not exist: the answer is 404. A party's member without the role gets 403. A test walks every address of the
room and tries every role of the laboratory, of the vendor and of another laboratory on it
(`tests/portal/test_matrix.py`).

*When* something may be done is another question, which `ecluse.domain.policies` answers: an order cannot be approved
under an agreement that has ended, whoever asks.
"""
_SIDES = ((Side.CONTROLLER, "Laboratory (controller)"), (Side.PROCESSOR, "Vendor (processor)"))


def page() -> str:
    """The whole page: one table a side, actions by roles."""
    parts = [HEAD]
    for side, title in _SIDES:
        names = " | ".join(role.value.replace("_", " ") for role in Role)
        parts += [f"\n## {title}\n", f"| Action | {names} |", "|---|" + ":-:|" * len(Role)]
        parts += [_row(action, side) for action in Action]
    return "\n".join(parts) + "\n"


def _row(action: Action, side: Side) -> str:
    marks = " | ".join("✓" if (side, role) in MAY[action] else "" for role in Role)
    return f"| `{action}` | {marks} |"


def main() -> int:
    """Write the page, or compare it."""
    text = page()
    if "--check" in sys.argv[1:]:
        return 0 if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == text else 1
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
