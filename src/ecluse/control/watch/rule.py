"""Rules as the engine has them: a Sigma rule or a Sigma correlation, and what Écluse adds under ``ecluse``."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ecluse.control.watch.match import Node
from ecluse.domain.alerts import Severity
from ecluse.domain.errors import Location


class Raised(StrEnum):
    """What makes a rule raise an alert. Counted: nothing by itself, only correlations that name it."""

    EVENT = "event"
    CLOCK = "clock"
    COUNTED = "counted"


class Kind(StrEnum):
    """Sigma's correlations that can be told as events come. Bounds from above (``lt``) are a clock's."""

    EVENT_COUNT = "event_count"
    VALUE_COUNT = "value_count"
    VALUE_SUM = "value_sum"
    TEMPORAL = "temporal"
    TEMPORAL_ORDERED = "temporal_ordered"


@dataclass(frozen=True, slots=True)
class Told:
    """What a rule says in one language: its title, why it matters, what to do, when it is harmless."""

    title: str
    description: str
    mend: str
    falsepositives: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Correlation:
    """Several events in a group within ``timespan``.

    ``rules``: the rules counted, by name. ``bound``: events, distinct values, or the sum; for temporal kinds unused.
    ``value``: the field that is counted or summed. ``aliases``: a group's field by rule, where each names it otherwise.
    ``generate``: the counted rules raise alerts of their own, too.
    """

    kind: Kind
    rules: tuple[str, ...]
    group_by: tuple[str, ...]
    timespan: dt.timedelta
    bound: int = 1
    value: str = ""
    aliases: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    generate: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """One document. Either ``detection`` (with its ``service``) or ``correlation``.

    ``group_by``: the fields whose values make one alert of many findings. ``people``: the fields whose value is the
    handle of somebody whose own doing it is. ``file``: where it was read; ``places``: where some of its fields stand.
    """

    id: str
    name: str
    severity: Severity
    raised: Raised
    en: Told
    fr: Told
    tags: tuple[str, ...]
    people: tuple[str, ...]
    group_by: tuple[str, ...]
    file: str
    service: str = ""
    detection: Node | None = None
    correlation: Correlation | None = None
    places: Mapping[str, Location] = field(default_factory=dict, compare=False)
