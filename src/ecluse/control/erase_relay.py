"""A relay as a mailbox, when a place is erased: it is a place of its own, that erases by itself and signs for itself.

The recipient takes away what still waits for it. The source can neither read nor remove what it sent: it asks. What a
certificate then says of the relay is the relay's word, and is told as that; nobody here has looked at its disk.
"""

from typing import Protocol

from ecluse.control.erase import note_erasing
from ecluse.domain.access import Lies, Lying
from ecluse.domain.errors import EcluseError, ErasureError, Location
from ecluse.domain.records import Erased, ErasedKind, Scanned
from ecluse.workspace.parcels import SUFFIX
from ecluse.workspace.place import Place, Workspace

_WORD = " (its word, unverified: its disk was not looked at)"


class Relay(Protocol):
    """What a relay's mailbox tells beyond ``control.ports.Mailbox``."""

    @property
    def address(self) -> str:
        """Of the relay; no secret."""
        ...

    def standing(self) -> tuple[Lying, ...]:
        """Every parcel of this order that the relay speaks of to this place."""
        ...

    def take_away(self, parcel: str) -> None:
        """Have a parcel that waits here erased there."""
        ...


def empty_relay(place: Workspace, relay: Relay) -> None:
    """Take this order's parcels away that still wait for this place, each journalled before.

    Raises:
        RetryableError: the relay cannot be reached now.
        RefusedError: it refuses.
    """
    if place.place is Place.SOURCE:
        return
    for lying in relay.standing():
        if lying.state is Lies.HERE:
            digest = f"sha256:{lying.name.removesuffix(SUFFIX)}"
            note_erasing(place, Erased(ErasedKind.PARCEL, f"relay/{lying.name}", digest, lying.size))
            relay.take_away(lying.name)


def asked(relay: Relay) -> Scanned:
    """What the relay says, for the certificate: how many parcels of this order it speaks of, all gone by its word.

    Raises:
        ErasureError: it still holds some.
        RetryableError, RefusedError: it does not answer.
    """
    told = relay.standing()
    left = [each for each in told if each.state is not Lies.TAKEN]
    if left:
        raise ErasureError(
            f"the relay still holds {len(left)} parcels of this order: all else is erased, and nothing is certified",
            location=Location(file=relay.address),
            hint="it erases them by itself; erase again then",
        )
    return Scanned(f"relay {relay.address}{_WORD}", len(told), 0)


def silent(address: str, error: EcluseError) -> ErasureError:
    """The relay does not answer: nothing is known of what lies there."""
    return ErasureError(
        f"the relay does not say what it still holds ({type(error).__name__}): all else is erased, and nothing is "
        "certified",
        location=Location(file=address),
        hint="erase again when it answers; if it never will, erase again with --mailbox-lost 'how, when'",
    )
