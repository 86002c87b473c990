"""The reasons that shipped rules wait for (``detail.reason``) are those that the product writes into its journals.

A class that is renamed, or a word that is changed, would leave a rule that is never fired: no recording shows that.
"""

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

import pytest
import yaml

import ecluse
from ecluse.domain.access import Access
from ecluse.domain.room import RoomEvent

ROOT = Path(ecluse.__file__).parent
RULES = {each.name: yaml.safe_load(each.read_text(encoding="utf-8"))
         for each in files("ecluse.rules").iterdir() if each.name.endswith(".yml")}  # fmt: skip
Given = Mapping[str, set[str]]


def _trees(*folders: str) -> Iterator[ast.Module]:
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield ast.parse(path.read_text(encoding="utf-8"))


def _called(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _texts(node: ast.expr) -> set[str]:
    """The texts that an expression can be: itself, or either of two."""
    if isinstance(node, ast.IfExp):
        return _texts(node.body) | _texts(node.orelse)
    return {node.value} if isinstance(node, ast.Constant) and isinstance(node.value, str) else set()


def _reasons(call: ast.Call, tree: ast.Module) -> set[str]:
    """The texts that a call's arguments can be, or were given to a name among them."""
    names = {each.id for each in call.args if isinstance(each, ast.Name)}
    assigned = (each for each in ast.walk(tree) if isinstance(each, ast.Assign))
    given = [each.value for each in assigned if names & {_called(target) for target in each.targets}]
    return {text for each in (*call.args, *given) for text in _texts(each)}


def _event(call: ast.Call) -> str:
    """The relay's event that a call names."""
    named = [each for each in call.args if isinstance(each, ast.Attribute) and _called(each.value) == "Access"]
    return str(Access[named[0].attr]) if named else ""


def _errors(tree: ast.Module) -> set[str]:
    """The classes of errors that are made."""
    made = (_called(each.func) for each in ast.walk(tree) if isinstance(each, ast.Call))
    return {name for name in made if name.endswith("Error")}


@lru_cache(maxsize=1)
def given() -> Given:
    """Every reason by event, as calls in the source write it."""
    found: dict[str, set[str]] = defaultdict(set)
    errors = {name for tree in _trees("relay") for name in _errors(tree)}
    for tree in _trees("relay", "store", "portal"):
        for call in (each for each in ast.walk(tree) if isinstance(each, ast.Call)):
            name, event = _called(call.func), _event(call)
            if name == "_refused" and event:  # by the class of its error
                found[event] |= errors
            elif name == "tell" and event:
                found[event] |= _reasons(call, tree)
            elif name in {"_failed", "fail"} or any(_called(each) == "fail" for each in call.args):
                found[Access.ENTRY_FAILED] |= _reasons(call, tree)
            elif name == "tell_refused":
                found[RoomEvent.ACCESS_REFUSED] |= _reasons(call, tree)
    return found


def waited(rule: Mapping[str, object]) -> Iterator[tuple[str, str, str]]:
    """What a rule waits for: event, modifier and reason."""
    detection = rule.get("detection")
    for part in detection.values() if isinstance(detection, dict) else ():
        for key, value in part.items() if isinstance(part, dict) else ():
            field, _, modifier = key.partition("|")
            if field == "detail.reason":
                for each in value if isinstance(value, list) else [value]:
                    yield part["event"], modifier, each


def unheard(rule: Mapping[str, object], known: Given) -> list[str]:
    """The reasons of a rule that nothing writes."""
    return [
        reason for event, modifier, reason in waited(rule)
        if not any(reason in each if modifier == "contains" else reason == each for each in known[event])
    ]  # fmt: skip


WAITING = {name: rule for name, rule in RULES.items() if any(waited(rule))}


@pytest.mark.parametrize("name", sorted(WAITING))
def test_every_reason_that_a_rule_waits_for_is_written(name: str) -> None:
    assert unheard(WAITING[name], given()) == []


def test_every_rule_with_a_reason_was_looked_at() -> None:
    written = {each.name for each in files("ecluse.rules").iterdir()
               if each.name.endswith(".yml") and "detail.reason" in each.read_text(encoding="utf-8")}  # fmt: skip
    assert WAITING.keys() == written
    assert written


@pytest.mark.parametrize("wrong", ["UnsealdError", "UnsealedErrors", "a password", "", "ScopeViolationError"])
def test_what_nothing_writes_is_found(wrong: str) -> None:
    part = {"event": str(Access.PARCEL_REFUSED), "detail.reason": ["UnsealedError", wrong]}
    assert unheard({"detection": {"selection": part, "condition": "selection"}}, given()) == [wrong]
