"""Places in FHIR resources, and the SQL that DuckDB finds them with: a small, documented part of FHIRPath.

``Patient.name.where(use='official').family``, ``Observation.code.coding.where(system='http://loinc.org').code``,
``Patient.identifier[0].value``, ``Observation.extension.where(url='urn:x').value`` (any ``value…`` that is there is
written out: ``valueString``). A step into an array means each of its items. What one place gives is its text, numbers
with their digits; what several give is their JSON array, so that none is silently left out: ``[0]`` takes one.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ecluse.adapters.sources._duckdb import literal

__all__ = ["At", "Field", "Path", "Step", "Where", "parse", "texts_sql"]

_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_STEP = re.compile(
    rf"(?P<name>{_NAME})"
    rf"|\[(?P<at>[0-9]{{1,4}})\]"
    rf"|where\((?P<inner>{_NAME}(?:\.{_NAME})*)\s*=\s*'(?P<value>(?:[^'\\]|\\.)*)'\)"
)


@dataclass(frozen=True, slots=True)
class Field:
    """Into a member; of an array, into that of each item."""

    name: str


@dataclass(frozen=True, slots=True)
class Where:
    """Only those whose member at ``inner`` has this text."""

    inner: tuple[str, ...]
    value: str


@dataclass(frozen=True, slots=True)
class At:
    """Only one, counted from 0."""

    index: int


Step = Field | Where | At


@dataclass(frozen=True, slots=True)
class Path:
    """A resource type and the steps from it; the first is a member."""

    resource: str
    steps: tuple[Step, ...]

    @property
    def column(self) -> str:
        """The column where no other name is given: ``value_quantity_unit`` of ``Observation.valueQuantity.unit``."""
        parts = []
        for step in self.steps:
            match step:
                case Field():
                    parts.append(step.name)
                case At():
                    parts.append(str(step.index))
                case Where():
                    parts.append(re.sub(r"[^A-Za-z0-9]+", "_", step.value).strip("_"))
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", "_".join(parts)).lower()


def parse(text: str) -> Path | None:
    """The place that a text names; None where it names none."""
    resource, dot, rest = text.partition(".")
    if not dot or not re.fullmatch(r"[A-Z][A-Za-z]+", resource):
        return None
    steps: list[Step] = []
    place = 0
    while place < len(rest):
        if place and rest[place] == ".":
            place += 1
        elif place and rest[place] != "[":
            return None
        where = rest.startswith("where(", place)
        found = re.compile(_STEP.pattern.split("|", 2)[2]).match(rest, place) if where else _STEP.match(rest, place)
        if found is None:
            return None
        steps.append(_step(found, where=where))
        place = found.end()
    return Path(resource, tuple(steps)) if steps and isinstance(steps[0], Field) and not rest.endswith(".") else None


def _step(found: re.Match[str], *, where: bool) -> Step:
    if where:
        return Where(tuple(found["inner"].split(".")), re.sub(r"\\(.)", r"\1", found["value"]))
    return Field(found["name"]) if found["name"] is not None else At(int(found["at"]))


def texts_sql(paths: Sequence[Path], docs: str, keep: Sequence[str] = ()) -> str:
    """A query of the places' texts, in columns ``p0``, ``p1``…, after the columns to ``keep`` of table ``docs``.

    ``docs.doc`` is a resource's JSON with numbers as texts (DuckDB would write 1.10 as 1.1). One text for one place,
    a JSON array for several, null for none.
    """
    tops = list(dict.fromkeys(step.name for path in paths for step in path.steps[:1] if isinstance(step, Field)))
    kept = "".join(f"{name}, " for name in keep)
    pointers = ", ".join(literal(f'$."{name}"') for name in tops)
    lists = []
    for number, path in enumerate(paths):
        first = path.steps[0]
        top = tops.index(first.name) + 1 if isinstance(first, Field) else 1
        lists.append(f"{_walk(_items(f'top[{top}]'), path.steps[1:])} AS l{number}")
    made = [
        f"CASE len(l{n}) WHEN 0 THEN NULL WHEN 1 THEN json_extract_string(l{n}[1], '$') ELSE to_json(l{n})::VARCHAR END"
        f" AS p{n}"
        for n in range(len(paths))
    ]
    return (
        f"SELECT {kept}{', '.join(made)} FROM (SELECT {kept}{', '.join(lists)} FROM "  # noqa: S608  names are ours
        f"(SELECT {kept}json_extract(doc, [{pointers}]) AS top FROM {docs}))"
    )


def _walk(start: str, steps: Sequence[Step]) -> str:
    made = start
    for step in steps:
        match step:
            case Field():
                pointer = literal(f'$."{step.name}"')
                items = _items(f"json_extract(x, {pointer})")
                made = f"flatten(list_transform({made}, lambda x: {items}))"
            case Where():
                inner = _walk("[x]", [Field(name) for name in step.inner])
                texts = f"list_transform({inner}, lambda y: json_extract_string(y, '$'))"
                made = f"list_filter({made}, lambda x: list_contains({texts}, {literal(step.value)}))"
            case At():
                made = f"({made})[{step.index + 1}:{step.index + 1}]"
    return made


def _items(json: str) -> str:
    """A JSON value as a list: an array's items, anything else alone, nothing for what is not there."""
    return (
        f"CASE json_type({json}) WHEN 'ARRAY' THEN json_extract({json}, '$[*]') "
        f"WHEN 'NULL' THEN [] ELSE list_filter([{json}], lambda z: z IS NOT NULL) END"
    )
