"""HPRIM Santé messages and HPRIM Médecin mails as a destination: a folder of files (decision 0007)."""

import datetime as dt
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import pyarrow as pa

from ecluse.adapters.destinations._hprim_address import HprimAddress
from ecluse.adapters.destinations._messages import MessageDestination
from ecluse.adapters.hprim.medecin import MEDECIN, MedecinLayout
from ecluse.adapters.hprim.sante import SANTE, SanteLayout
from ecluse.adapters.messages.grammar import places_of
from ecluse.adapters.messages.model import Heading, Layout
from ecluse.domain.errors import UsageError
from ecluse.domain.profile import DestinationProfile

__all__ = ["HprimDestination", "hprim_layout"]


def hprim_layout(profile: DestinationProfile, entities: Mapping[str, pa.Schema]) -> Layout:
    """The layout of an order's entities. Raises DestinationError for a field that has no place."""
    if profile.hprim is None:
        raise UsageError("the profile is none of an HPRIM destination")
    if profile.hprim.format == "medecin":
        return MedecinLayout(places_of(MEDECIN, profile, entities), entities, profile.hprim.encoding)
    return SanteLayout(places_of(SANTE, profile, entities), entities, profile.hprim.encoding)


class HprimDestination(MessageDestination):
    """One connection. ``ledger``: the file that says what was written, in the destination's place of the workspace."""

    def __init__(
        self,
        address: HprimAddress,
        profile: DestinationProfile,
        ledger: Path,
        now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    ) -> None:
        """Raises DestinationError for a folder that is not there."""
        options = address.options
        heading = Heading("", "", options.get("recipient", ""), options.get("recipient_name", ""), profile.production)
        super().__init__(address.folder, partial(hprim_layout, profile), heading, ledger, now)
