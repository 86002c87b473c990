"""Places in messages of segments (HL7 v2, HPRIM, ASTM) as profiles write them, and the columns that they become.

``OBX-5``: the whole field as it stands, its repetitions and components with their delimiters. ``PID-3.1``: component 1
of the first repetition; ``PID-3.4.2``: subcomponent 2 of component 4. ``PID-3[2].1``: of the second repetition;
``PID-3[2]``: the second repetition whole; ``PID-3[*].1``: of each repetition, joined by the repetition's delimiter.
Columns: ``obx_5``, ``pid_3_1``, ``pid_3_4_2``, ``pid_3_r2_1``, ``pid_3_r2``, ``pid_3_all_1``.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ecluse.domain.errors import Location, ProfileError

_PATH = re.compile(
    r"([A-Z][A-Z0-9]{0,2})-([1-9][0-9]{0,2})(?:\[(\*|[1-9][0-9]{0,2})\])?(?:\.([1-9][0-9]{0,2}))?(?:\.([1-9][0-9]{0,2}))?"
)
LARGEST = 999
"""The largest number of a place that can be written."""
EVERY = -1
"""A path's ``repetition`` that stands for each one."""


@dataclass(frozen=True, slots=True)
class FieldPath:
    """A place in a segment; all count from 1, 0 where none was asked for."""

    segment: str
    field: int
    repetition: int = 0
    component: int = 0
    subcomponent: int = 0

    @property
    def column(self) -> str:
        """The column that it becomes."""
        parts = [self.segment.lower(), str(self.field)]
        if self.repetition:
            parts.append("all" if self.repetition == EVERY else f"r{self.repetition}")
        parts += [str(part) for part in (self.component, self.subcomponent) if part]
        return "_".join(parts)


def parse(text: str) -> FieldPath | None:
    """The place that ``text`` names, or None."""
    found = _PATH.fullmatch(text)
    if found is None:
        return None
    segment, field, repetition, *parts = found.groups()
    component, subcomponent = (int(part or 0) for part in parts)
    each = EVERY if repetition == "*" else int(repetition or 0)
    if each == EVERY and not component:
        return None
    return FieldPath(segment, int(field), each, component, subcomponent)


def by_segment(fields: Sequence[str], name: str, letters: int) -> Mapping[str, tuple[FieldPath, ...]]:
    """Declared fields by segment, whose names have ``letters`` letters. Raises ProfileError naming the field."""
    found: dict[str, list[FieldPath]] = {}
    for text in fields:
        path = parse(text)
        if path is None or len(path.segment) != letters:
            example = "PID-3.1" if letters == 3 else "P-3.1"  # noqa: PLR2004
            raise ProfileError(f"{text} is no field, as {example} is", location=Location(name, field="fields"))
        paths = found.setdefault(path.segment, [])
        if path in paths:
            raise ProfileError(f"{text} is given twice", location=Location(name, field="fields"))
        paths.append(path)
    return {segment: tuple(paths) for segment, paths in found.items()}
