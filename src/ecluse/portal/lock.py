"""The picture of a migration: a canal lock in section, its gates and water where the migration stands.

Old system upstream, new system downstream, between them the chamber where only sealed parcels are. Numbers and names
stand beside the picture as text (``parts/lock.html``), so that the drawing may shrink and is never alone to tell.
"""

from dataclasses import dataclass
from enum import StrEnum

from ecluse.domain.lifecycle import State
from ecluse.portal.words import Text

_HIGH, _LOW, _BED = 70, 140, 216
_CREST = 79  # a quarter of the chamber's width


class Gate(StrEnum):
    """Which gate is open."""

    NONE = "none"
    UPSTREAM = "upstream"
    DOWNSTREAM = "downstream"


@dataclass(frozen=True, slots=True)
class Lock:
    """What is drawn: ``surface`` is the height of the chamber's water, in the drawing's units from its top."""

    state: State
    level: float
    gate: Gate
    surface: int
    boat: tuple[int, int] | None
    parcels: int
    drains: bool

    @property
    def depth(self) -> int:
        """How much water stands in the chamber; 0 where it is empty."""
        return _BED - self.surface

    @property
    def percent(self) -> int:
        """The level, as a reader takes it: never 100 before all has passed."""
        return int(self.level * 100)

    @property
    def ends(self) -> bool:
        """Whether nothing moves any more."""
        return self.state is State.ERASED

    @property
    def told(self) -> Text:
        """The picture in words."""
        return _TOLD[self.state]

    @property
    def crest(self) -> str:
        """The line of the chamber's water."""
        return f"M322 {self.surface}q{_CREST // 4} -4 {_CREST // 2} 0" + f"t{_CREST // 2} 0" * 7


def lock_of(state: State, level: float) -> Lock:
    """The lock of a migration; ``level``: the share that has passed the gate which is open, 0 to 1."""
    share = min(max(level, 0.0), 1.0)
    surface = _surface(state, share)
    return Lock(
        state=state,
        level=share,
        gate=_GATES.get(state, Gate.NONE),
        surface=surface,
        boat=_boat(state, surface),
        parcels=_parcels(state, share),
        drains=state in {State.ACCEPTED, State.REFUSED, State.ABORTED, State.ERASED},
    )


_GATES = {State.EXTRACTING: Gate.UPSTREAM, State.DELIVERED: Gate.DOWNSTREAM}
_BEFORE = frozenset({State.ORDERED, State.APPROVED, State.PLANNED})
_DRAINING = _BED - 30


def _surface(state: State, share: float) -> int:
    match state:
        case State.ORDERED | State.APPROVED | State.PLANNED | State.ERASED:
            return _BED
        case State.EXTRACTING | State.SUSPENDED:
            return round(_BED - share * (_BED - _HIGH))
        case State.SEALED:
            return _HIGH
        case State.DELIVERED:
            return round(_HIGH + share * (_LOW - _HIGH))
        case State.LOADED | State.RECONCILED:
            return _LOW
        case _:
            return _DRAINING


def _boat(state: State, surface: int) -> tuple[int, int] | None:
    if state in _BEFORE:
        return 150, _HIGH
    if state is State.ACCEPTED:
        return 810, _LOW
    if state in {State.REFUSED, State.ABORTED, State.ERASED} or _BED - surface < _FLOATS:
        return None
    return 480, surface


_FLOATS = 20


def _parcels(state: State, share: float) -> int:
    if state in _BEFORE:
        return 0
    return max(1, round(share * 5)) if state in {State.EXTRACTING, State.SUSPENDED} else 5


_TOLD: dict[State, Text] = {
    State.ORDERED: Text("Both gates are closed: no order is in force yet.",
                        "Les deux portes sont fermées : aucun ordre n'est encore en vigueur."),
    State.APPROVED: Text("Both gates are closed: the order is approved, the plan is still to come.",
                         "Les deux portes sont fermées : l'ordre est approuvé, le plan reste à faire."),
    State.PLANNED: Text("Both gates are closed: the plan is signed, nothing has left yet.",
                        "Les deux portes sont fermées : le plan est signé, rien n'est encore sorti."),
    State.EXTRACTING: Text("The upstream gate is open: what was ordered enters the chamber, sealed.",
                           "La porte amont est ouverte : ce qui a été ordonné entre dans le sas, scellé."),
    State.SEALED: Text("Both gates are closed: all that was ordered lies sealed in the chamber.",
                       "Les deux portes sont fermées : tout ce qui a été ordonné est dans le sas, scellé."),
    State.DELIVERED: Text("The downstream gate is open: the parcels are opened with the recipient's key and loaded.",
                          "La porte aval est ouverte : les colis sont ouverts avec la clé du destinataire et chargés."),
    State.LOADED: Text("Both gates are closed: all is loaded and is being counted against what left.",
                       "Les deux portes sont fermées : tout est chargé, et l'on compare avec ce qui est parti."),
    State.RECONCILED: Text("Both gates are closed: the account is drawn up and waits for the laboratory's decision.",
                           "Les deux portes sont fermées : le compte est fait et attend la décision du laboratoire."),
    State.ACCEPTED: Text("Accepted: the chamber is being emptied.", "Accepté : le sas se vide."),
    State.REFUSED: Text("Refused: the chamber is being emptied.", "Refusé : le sas se vide."),
    State.ABORTED: Text("Given up: the chamber is being emptied.", "Abandonné : le sas se vide."),
    State.SUSPENDED: Text("Suspended: both gates are closed until the laboratory lets it go on.",
                          "Suspendu : les deux portes sont fermées jusqu'à ce que le laboratoire laisse reprendre."),
    State.ERASED: Text("The chamber is empty: what passed through it is erased, and the erasure is certified.",
                       "Le sas est vide : ce qui y est passé est effacé, et l'effacement est certifié."),
}  # fmt: skip
