"""Decisions of a map written into a profile: the profile stays the one truth, and its digest is what a plan pins.

The profile's own text is kept, comments and all; entries are added to ``analyses`` and ``units``, or filled where they
were empty. What the profile says already is never overwritten. The new text is read back before it is given.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import yaml

from ecluse.domain.codemap import CodeMap
from ecluse.domain.errors import InternalError, Location, MalformedError, ProfileError
from ecluse.domain.profile import Analysis, NumberRule, SourceProfile
from ecluse.mapping.mapfile import quoted
from ecluse.wire import documents

__all__ = ["Merged", "merge"]


@dataclass(frozen=True, slots=True)
class Merged:
    """The new profile, its text, and which codes and units came from the map."""

    profile: SourceProfile
    text: str
    codes: tuple[str, ...]
    units: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Edit:
    start: int
    end: int
    text: str
    block: bool = False
    """A new block at the end of the file stands behind what is added to the last one."""


def merge(text: str, map_: CodeMap, *, file: str | None = None) -> Merged:
    """A profile's text with the map's decisions in it.

    Raises:
        MalformedError: the text is no source profile.
        ProfileError: the map is another profile's, or a decision contradicts what the profile says; nothing is merged.
    """
    profile = documents.parse(text.encode(), file=file).to(SourceProfile)
    if map_.profile != profile.profile:
        raise ProfileError(f"the map was made for profile {map_.profile}", location=Location(file, field="profile"))
    codes = {e.code: e.decision.loinc for e in map_.codes if e.decision and e.decision.loinc}
    units = {e.unit: e.decision.ucum for e in map_.units if e.decision and e.decision.ucum}
    codes = _unsaid(codes, {code: a.loinc for code, a in profile.analyses.items() if a.loinc}, "analyses", file)
    units = _unsaid(units, profile.units, "units", file)
    analyses = {**profile.analyses, **{c: replace(profile.analyses.get(c, Analysis()), loinc=codes[c]) for c in codes}}
    wanted = replace(profile, analyses=analyses, units={**profile.units, **units})
    made = _written(text, profile, codes, units)
    if not _reads_as(made, wanted):
        raise InternalError("the merged profile does not read back as intended")
    return Merged(wanted, made, tuple(codes), tuple(units))


def _reads_as(text: str, wanted: SourceProfile) -> bool:
    try:
        return documents.parse(text.encode()).to(SourceProfile) == wanted
    except MalformedError:
        return False


def _unsaid(decided: Mapping[str, str], said: Mapping[str, str], field: str, file: str | None) -> dict[str, str]:
    """Decisions that are news; a contradiction is refused."""
    against = sorted(name for name, value in decided.items() if said.get(name, value) != value)
    if against:
        raise ProfileError(
            f"the profile says otherwise than the map ({len(against)} entries)",
            location=Location(file, field=f"{field}.{against[0]}"),
            hint="take the profile's own entry out first: what it says is never overwritten",
        )
    return {name: value for name, value in decided.items() if name not in said}


def _written(text: str, profile: SourceProfile, codes: Mapping[str, str], units: Mapping[str, str]) -> str:
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if not isinstance(root, yaml.MappingNode):
        raise InternalError("a profile that reads is a mapping")
    lines = {
        "analyses": {code: _analysis(loinc, profile.analyses.get(code)) for code, loinc in codes.items()},
        "units": {unit: quoted(ucum) for unit, ucum in units.items()},
    }
    edits: list[_Edit] = []
    for field, values in lines.items():
        if values:
            edits += _edits(text, root, field, values)
    # From the end, so that earlier places stay true; of two at one place the later comes first, and ends up behind.
    ordered = sorted(edits, key=lambda each: (each.start, each.block))
    while ordered:
        edit = ordered.pop()
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


def _analysis(loinc: str, known: Analysis | None) -> str:
    rule = known.number if known else None
    return f"{{loinc: {loinc}{f', number: {_rule(rule)}' if rule else ''}}}"


def _rule(rule: NumberRule) -> str:
    default = NumberRule()
    parts = [f"{name}: {quoted(value)}" for name, value in (("decimal", rule.decimal), ("group", rule.group))
             if value != getattr(default, name)]  # fmt: skip
    parts += ["strip_unit: true"] if rule.strip_unit else []
    return f"{{{', '.join(parts)}}}"


def _edits(text: str, root: yaml.MappingNode, field: str, values: Mapping[str, str]) -> list[_Edit]:
    node = next((value for key, value in root.value if key.value == field), None)
    if node is None or (isinstance(node, yaml.MappingNode) and not node.value):
        return [_whole(text, node, field, values)]
    here = {key.value: value for key, value in node.value}
    if node.flow_style:
        return [_flow(node, here, text, values)]
    edits = [_Edit(*_span(here[name]), value) for name, value in values.items() if name in here]
    indent = " " * node.start_mark.column
    new = [f"{indent}{quoted(name)}: {value}\n" for name, value in values.items() if name not in here]
    if new:
        end = text.find("\n", _last(node))
        lead = "" if end >= 0 else "\n"
        at = end + 1 if end >= 0 else len(text)
        edits.append(_Edit(at, at, lead + "".join(new)))
    return edits


def _whole(text: str, node: yaml.Node | None, field: str, values: Mapping[str, str]) -> _Edit:
    """A block where there was nothing, or ``{}``."""
    block = "".join(f"\n  {quoted(name)}: {value}" for name, value in values.items())
    if node is not None:
        return _Edit(node.start_mark.index, node.end_mark.index, block)
    lead = "" if text.endswith("\n") else "\n"
    return _Edit(len(text), len(text), f"{lead}\n{field}:{block}\n", block=True)


def _flow(node: yaml.MappingNode, here: Mapping[str, yaml.Node], text: str, values: Mapping[str, str]) -> _Edit:
    """``{A: …, B: …}`` written again, old entries as they stood."""
    kept = {name: text[slice(*_span(value))] for name, value in here.items()}
    whole = ", ".join(f"{quoted(name)}: {value}" for name, value in {**kept, **values}.items())
    return _Edit(node.start_mark.index, node.end_mark.index, f"{{{whole}}}")


def _span(node: yaml.Node) -> tuple[int, int]:
    """Where a value stands; a block's own end lies on the next key, so its last leaf's is taken."""
    return node.start_mark.index, _last(node)


def _last(node: yaml.Node) -> int:
    block = isinstance(node, yaml.CollectionNode) and not node.flow_style and bool(node.value)
    if not block:
        return int(node.end_mark.index)
    last = node.value[-1]
    return _last(last[1] if isinstance(last, tuple) else last)
