"""A signed instruction to stop a migration, to let it go on, or to give it up (Art. 28(3)(a): documented)."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from ecluse.domain.values import Digest, Identifier, Instant, Prose, Strict


class Action(StrEnum):
    """What is instructed."""

    SUSPEND = "suspend"
    RESUME = "resume"
    ABORT = "abort"


@dataclass(frozen=True, slots=True)
class Instruction(Strict):
    """One instruction about one order, by one person, with its reason; ``domain.policies`` says who may."""

    format: Literal["ecluse.instruction/1"]
    order: Digest
    action: Action
    reason: Prose
    given_at: Instant
    signatory: Identifier
