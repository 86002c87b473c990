"""Where leaked data lie, and what was asked of whoever holds them: what a court order needs (R17, R18).

An exposure is an address; the data behind it are never fetched by Écluse, and never kept. ``capture`` is the digest of
a proof (a bailiff's record, a picture) that somebody keeps elsewhere. Pure.
"""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from ecluse.domain.errors import TransitionError, UsageError
from ecluse.domain.identifiers import NIR_PATTERN, Verdict, check_nir
from ecluse.domain.permissions import Side


class ExposureKind(StrEnum):
    """What kind of place it is."""

    HOST = "host"
    LINK = "link"
    FORUM = "forum"
    CHANNEL = "channel"
    OTHER = "other"


class ExposureState(StrEnum):
    """Where it stands."""

    FOUND = "found"
    ASKED = "asked"
    REFUSED = "refused"
    GONE = "gone"
    BACK = "back"


EXPOSURE_TRANSITIONS: Mapping[ExposureState, frozenset[ExposureState]] = {
    ExposureState.FOUND: frozenset({ExposureState.ASKED, ExposureState.GONE}),
    ExposureState.ASKED: frozenset({ExposureState.ASKED, ExposureState.REFUSED, ExposureState.GONE}),
    ExposureState.REFUSED: frozenset({ExposureState.ASKED, ExposureState.GONE}),
    ExposureState.GONE: frozenset({ExposureState.BACK}),
    ExposureState.BACK: frozenset({ExposureState.ASKED, ExposureState.GONE}),
}
"""What may follow: one can ask again and elsewhere, and what is gone comes back."""


@dataclass(frozen=True, slots=True)
class ExposureMove:
    """What was asked or seen, when. ``whom``: who was asked, by which way; ``reference``: theirs or a court's."""

    to: ExposureState
    at: dt.datetime
    recorded: dt.datetime
    by: str
    whom: str = ""
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Exposure:
    """One place. ``holder``: who runs it, as far as one knows."""

    number: int
    kind: ExposureKind
    address: str
    holder: str
    seen: dt.datetime
    recorded: dt.datetime
    by: str
    side: Side
    capture: str = ""
    moves: tuple[ExposureMove, ...] = ()

    @property
    def state(self) -> ExposureState:
        """Where it stands now."""
        return self.moves[-1].to if self.moves else ExposureState.FOUND


def check_exposure(exposure: Exposure) -> None:
    """Whether a place may be noted. Raises UsageError."""
    if not exposure.address.strip():
        raise UsageError("a place has an address")
    if exposure.seen > exposure.recorded:
        raise UsageError("this moment is still to come")
    if exposure.capture and not _DIGEST.fullmatch(exposure.capture):
        raise UsageError("the digest of a proof is SHA-256, 64 figures of 0-9 and a-f")


def check_exposure_move(exposure: Exposure, move: ExposureMove) -> None:
    """Whether this follows.

    Raises:
        TransitionError: it does not follow from where it stands.
        UsageError: a moment to come, or a request that names nobody.
    """
    if move.to not in EXPOSURE_TRANSITIONS[exposure.state]:
        raise TransitionError(f"this place is {exposure.state}: {move.to} does not follow")
    if move.at > move.recorded:
        raise UsageError("this moment is still to come")
    if move.to is ExposureState.ASKED and not move.whom.strip():
        raise UsageError("a request names whom one asked")


_DIGEST = re.compile(r"[0-9a-f]{64}")
_NIR = re.compile(rf"(?:(?<![0-9A-Za-z])|(?<=NIR)|(?<=INS))(?:{NIR_PATTERN})(?![0-9A-Za-z])")
_APART = re.compile(r"(?<=[0-9ABab])[\s./-]+(?=[0-9ABab])")
"""What people write between the parts of a number: any space, a hyphen, a stop, a stroke."""


def check_words(*texts: str) -> None:
    """No patient's number in what people write about a breach: a NIR whose key is right is refused (law 2).

    Names cannot be told from other words; the forms say that none belong here. Raises UsageError, without the number.
    """
    for text in texts:
        if any(check_nir(found.group()).verdict is Verdict.RIGHT for found in _NIR.finditer(_APART.sub(" ", text))):
            raise UsageError("a text about a breach holds no patient's number", hint="write what kind of data it was")
