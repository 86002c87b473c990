"""All rules: those that ship, and those of a room that add to them, replace them or switch them off."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from ecluse.control.watch.loading import Off, parse_rule
from ecluse.control.watch.rule import Raised, Rule
from ecluse.domain.errors import Location, MalformedError

FOLDER = "rules"
"""Of a room's home: its own rules."""
MAX_RULES = 1000


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The rules that count, by their files' names; ``off`` tells who is not among them, and why.

    ``own``: ids of those that the folder gives; ``replaced``: ids of those among them that took a shipped one's place.
    """

    rules: tuple[Rule, ...]
    off: tuple[Off, ...] = ()
    own: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()


def packaged_rules() -> tuple[Rule, ...]:
    """The rules that ship with Écluse."""
    folder = resources.files("ecluse").joinpath("rules")
    files = sorted((each for each in folder.iterdir() if each.name.endswith(".yml")), key=lambda each: each.name)
    read = [parse_rule(each.read_bytes(), file=each.name) for each in files]
    rules = tuple(each for each in read if isinstance(each, Rule))
    _check_whole(rules)
    return rules


def load_rules(folder: Path | None = None) -> RuleSet:
    """The rules that ship, with those of ``folder``: the same id replaces, ``status: off`` takes away.

    A folder that is not there has none.

    Raises:
        MalformedError: naming file, line and field: a rule that is wrong, an id twice, a correlation of a rule that
            is not there, one that is switched off and never was.
    """
    shipped = {rule.id: rule for rule in packaged_rules()}
    own, off = read_folder(folder) if folder is not None and folder.is_dir() else ((), ())
    for each in off:
        if each.id not in shipped:
            raise MalformedError("no rule of this id ships: nothing to switch off", location=each.place)
    gone = {each.id for each in off}
    merged = {id_: rule for id_, rule in shipped.items() if id_ not in gone} | {rule.id: rule for rule in own}
    rules = tuple(merged.values())
    _check_whole(rules)
    ids = tuple(rule.id for rule in own)
    return RuleSet(rules, off, ids, tuple(each for each in ids if each in shipped))


def read_folder(folder: Path) -> tuple[tuple[Rule, ...], tuple[Off, ...]]:
    """The rules of one folder's ``*.yml`` files, and those that they switch off.

    Raises:
        MalformedError: unreadable, wrong, or an id given twice.
    """
    try:
        files = sorted(each for each in folder.iterdir() if each.suffix in {".yml", ".yaml"})
        if len(files) > MAX_RULES:
            raise MalformedError(f"more than {MAX_RULES} rules", location=Location(file=str(folder)))
        read = [parse_rule(each.read_bytes(), file=str(each)) for each in files]
    except OSError as error:
        why = error.strerror or "not a file's name"
        raise MalformedError(f"cannot be read: {why}", location=Location(file=str(error.filename))) from None
    seen: set[str] = set()
    for each in read:
        if each.id in seen:
            where = each.place if isinstance(each, Off) else each.places["id"]
            raise MalformedError("an id that another file has", location=where)
        seen.add(each.id)
    rules = tuple(each for each in read if isinstance(each, Rule))
    return rules, tuple(each for each in read if isinstance(each, Off))


def _check_whole(rules: Iterable[Rule]) -> None:
    """Names are unique; what a correlation counts is there, and does not raise alerts of its own unless told so.

    Raises:
        MalformedError: naming the file.
    """
    named: dict[str, Rule] = {}
    for rule in rules:
        if rule.name in named:
            raise MalformedError("a name that another rule has", location=rule.places["name"])
        named[rule.name] = rule
    for rule in named.values():
        _check_linked(rule, named)


def _check_linked(rule: Rule, named: Mapping[str, Rule]) -> None:
    if rule.correlation is None:
        return
    where = rule.places["correlation.rules"]
    for name in rule.correlation.rules:
        counted = named.get(name)
        if counted is None or counted.detection is None:
            raise MalformedError("no such rule, or one that is a correlation itself", location=where)
        if counted.raised is not Raised.COUNTED and not rule.correlation.generate:
            raise MalformedError("it counts a rule that raises alerts itself: say generate: true", location=where)
