"""Samples of prior results that were compared at the destination, as its journal tells: counts, and in whose name.

The room holds no row (domain.md section 6): the results stand side by side on a terminal at the destination alone.
"""

import datetime as dt
from dataclasses import dataclass

from ecluse.domain.entry import Event
from ecluse.store.models import Migration, PlaceEntry
from ecluse.workspace.place import Place

_MOST = 10
_UNEQUAL = ("different", "missing", "unexpected")


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample. ``chosen``: by a word of theirs.

    ``by``: in whose name somebody looked, as whoever ran it stated and nothing proves; empty where only numbers were
    asked for.
    """

    at: dt.datetime
    by: str
    patients: int
    results: int
    unequal: int
    """Results and patients' own rows that differ."""
    chosen: bool


def samples(migration: Migration) -> tuple[Sample, ...]:
    """The last ones, latest first."""
    found = PlaceEntry.objects.filter(
        journal__migration=migration, journal__place=Place.DESTINATION, event=Event.SAMPLE_COMPARED
    ).order_by("-index")[:_MOST]
    return tuple(_sample(each) for each in found)


def _sample(entry: PlaceEntry) -> Sample:
    # An agent's report: what is not a number counts as none.
    said = {name: value for name, value in entry.detail.items() if isinstance(value, int)}
    unequal = sum(said.get(name, 0) for name in _UNEQUAL)
    return Sample(
        entry.at,
        str(entry.detail.get("by", "")),
        said.get("patients", 0),
        said.get("equal", 0) + unequal,
        unequal + said.get("patients_different", 0),
        entry.subject != "journal",
    )
