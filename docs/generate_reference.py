"""Fill the generated parts of the reference and of the architecture: ``python docs/generate_reference.py [--check]``.

A part stands between ``<!-- generated: NAME -->`` and ``<!-- end -->``; the rest of a page is written by hand. With
``--check`` nothing is written, and the exit code is 1 where a part is not what the code says.
"""

import datetime as dt
import re
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import StrEnum
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from ecluse.control.measures import PROPOSALS
from ecluse.domain.agreement import Agreement, SignerRole, letter_of
from ecluse.domain.codemap import CodeMap
from ecluse.domain.entry import Event
from ecluse.domain.order import Order
from ecluse.domain.profile import DestinationProfile, SourceProfile
from ecluse.workspace.parcels import ParcelState

FOLDER = Path(__file__).parent
_PART = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def main(arguments: list[str]) -> int:
    """Write every page's parts, or check them."""
    stale = []
    for path in sorted(FOLDER.rglob("*.md")):
        old = path.read_text(encoding="utf-8")
        new = _PART.sub(lambda part: f"{part[1]}{PARTS[part[2]]()}{part[3]}", old)
        if new != old:
            stale.append(path.relative_to(FOLDER.parent))
            if "--check" not in arguments:
                path.write_text(new, encoding="utf-8")
    if "--check" not in arguments:
        return 0
    for name in stale:
        sys.stderr.write(f"{name} is not what the code says: run docs/generate_reference.py\n")
    return 1 if stale else 0


def _leaves(cls: type, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Every field below a frozen value: dotted path, annotation, default (MISSING where there is none)."""
    hints = get_type_hints(cls, include_extras=True)
    for field in fields(cls):
        name = f"{path}.{field.name.removesuffix('_')}".lstrip(".")
        kind = _optional(hints[field.name])
        suffix, inner = _inside(kind)
        default = field.default if field.default_factory is MISSING else "empty"
        if is_dataclass(inner):
            # What may be left out as a whole, needs its parts only where it is given.
            whole = default is not MISSING
            for leaf, form, given in _leaves(inner, f"{name}{suffix}"):
                yield leaf, form, f"needed with {name}{suffix}" if whole and given is MISSING else given
        else:
            yield f"{name}{suffix}", inner, default


def _optional(kind: Any) -> Any:
    if get_origin(kind) is UnionType or type(None) in get_args(kind):
        several = [one for one in get_args(kind) if one is not type(None)]
        return several[0] if len(several) == 1 else kind
    return kind


def _inside(kind: Any) -> tuple[str, Any]:
    """``[]`` for a list, ``.NAME`` for a mapping, and what is in it."""
    suffix = ""
    while get_origin(kind) in {tuple, Mapping} or getattr(get_origin(kind), "__name__", "") == "Mapping":
        arguments = get_args(kind)
        suffix += "[]" if get_origin(kind) is tuple else ".*"
        kind = arguments[0] if get_origin(kind) is tuple else arguments[1]
    return suffix, _optional(kind)


_WORDS = {str: "text", int: "whole number", bool: "true or false", dt.date: "day, as 2026-12-31"}


def _form(kind: Any) -> str:
    if get_origin(kind) is Annotated:
        return str(getattr(kind.__metadata__[0], "what", "text")).replace("<", "&lt;")
    if get_origin(kind) is UnionType:
        return ", ".join(_WORDS.get(one, "null") for one in get_args(kind))
    if get_origin(kind) is Literal:
        return ", ".join(f"`{one}`" if one else "empty" for one in get_args(kind))
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return ", ".join(f"`{one}`" for one in kind)
    return _WORDS.get(kind, str(kind)).replace("|", "\\|")


def _default(value: object) -> str:
    if value is MISSING:
        return "needed"
    if value is None or value in {"empty", ()}:
        return "none"
    if isinstance(value, str) and value.startswith("needed"):
        return value
    return f"`{str(value).lower() if isinstance(value, bool) else value or 'empty'}`"


def _table(cls: type, third: str, say: Callable[[str, Any], str]) -> str:
    lines = [f"| field | form | {third} |", "|---|---|---|"]
    lines += [f"| `{path}` | {_form(kind)} | {say(path, value)} |" for path, kind, value in _leaves(cls)]
    return "\n".join(lines) + "\n"


def _fields(cls: type) -> Callable[[], str]:
    return lambda: _table(cls, "if left out", lambda _path, value: _default(value))


def _agreement() -> str:
    return _table(Agreement, "asked by", lambda path, _value: letter_of(path))


def _roles() -> str:
    return ", ".join(f"`{role}`" for role in SignerRole) + "\n"


def _measures() -> str:
    lines = ["| measure | what is done | because | proved by |", "|---|---|---|---|"]
    for each in PROPOSALS:
        measure = each.measure("en")
        proofs = ", ".join(f"`{path}`" for path in each.tests)
        lines.append(f"| {measure.heading} | {measure.description} | {each.because('en')} | {proofs} |")
    return "\n".join(lines) + "\n"


def _events() -> str:
    lines = ["| event |", "|---|"]
    return "\n".join([*lines, *(f"| `{event}` |" for event in Event)]) + "\n"


def _parcels() -> str:
    sides = {ParcelState.SEALED: "source", ParcelState.DELIVERED: "source"}
    lines = ["| folder | at the |", "|---|---|"]
    return "\n".join([*lines, *(f"| `parcels/{s}` | {sides.get(s, 'destination')} |" for s in ParcelState)]) + "\n"


def _contracts() -> list[dict[str, Any]]:
    tool = tomllib.loads((FOLDER.parent / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    found: list[dict[str, Any]] = tool["importlinter"]["contracts"]
    return found


def _layers() -> str:
    """A diagram of the layers, from the import contract that keeps them."""
    layers = next(contract["layers"] for contract in _contracts() if contract["type"] == "layers")
    rows = [[name.strip().removeprefix("ecluse.") for name in row.split("|")] for row in layers]
    lines = ["```mermaid", "flowchart TD"]
    lines += [f"    {name}" for row in rows for name in row]
    barred = {
        (who.removeprefix("ecluse."), what.removeprefix("ecluse."))
        for contract in _contracts() if contract["type"] == "forbidden"
        for who in contract["source_modules"] for what in contract["forbidden_modules"]
    }  # fmt: skip
    for place, row in enumerate(rows):
        for one in row:
            # To the nearest layer below that no other contract closes to it.
            below = ([other for other in lower if (one, other) not in barred] for lower in rows[place + 1 :])
            lines += [f"    {one} --> {other}" for other in next(filter(None, below), [])]
    return "\n".join([*lines, "```"]) + "\n"


def _forbidden() -> str:
    lines = ["| contract | who | may not import |", "|---|---|---|"]
    for contract in _contracts():
        if contract["type"] == "forbidden":
            who = ", ".join(f"`{m.removeprefix('ecluse.')}`" for m in contract["source_modules"])
            what = ", ".join(f"`{m.removeprefix('ecluse.')}`" for m in contract["forbidden_modules"])
            lines.append(f"| {contract['name']} | {who} | {what} |")
    return "\n".join(lines) + "\n"


PARTS: Mapping[str, Callable[[], str]] = {
    "order": _fields(Order),
    "agreement": _agreement,
    "roles": _roles,
    "measures": _measures,
    "source_profile": _fields(SourceProfile),
    "destination_profile": _fields(DestinationProfile),
    "code_map": _fields(CodeMap),
    "events": _events,
    "parcels": _parcels,
    "layers": _layers,
    "forbidden": _forbidden,
}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
