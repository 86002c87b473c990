"""An estimate: how many rows an order would take, counted at the source before anybody signs (R2, R3). Counts alone."""

from dataclasses import dataclass
from typing import Literal

from ecluse.domain.sensitive import SensitiveCategory
from ecluse.domain.values import Count, Digest, Identifier, Instant, Name, Strict


@dataclass(frozen=True, slots=True)
class EstimatedRows(Strict):
    """Rows of one entity, in one year of the scope's date and at one site; None where the source does not say."""

    entity: Identifier
    year: Count | None
    site: Name | None
    rows: Count


@dataclass(frozen=True, slots=True)
class EstimatedCategory(Strict):
    """Results of a sensitive category within the period and sites, and whether the order would take them.

    ``category`` None stands for results that no code list classifies.
    """

    category: SensitiveCategory | None
    rows: Count
    taken: bool


@dataclass(frozen=True, slots=True)
class Estimate(Strict):
    """What an agent counted for one text of an order. ``order`` is the digest of that text."""

    format: Literal["ecluse.estimate/1"]
    order: Digest
    agent: Identifier
    counted_at: Instant
    rows: tuple[EstimatedRows, ...]
    categories: tuple[EstimatedCategory, ...]
