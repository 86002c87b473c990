"""Before whose eyes prior results come: the controller's director, DPO and approver, and nobody else of it."""

from dataclasses import dataclass, replace
from typing import Any

import pytest

from artefact_samples import AGREEMENT as SAMPLE
from artefact_samples import key_line
from ecluse.cli.compare import _check_person
from ecluse.domain.agreement import READERS, Agreement, SignerRole
from ecluse.domain.errors import UsageError
from ecluse.wire.artefacts import validate

AGREEMENT = validate(Agreement, SAMPLE)


@dataclass(frozen=True)
class Pinned:
    """A workspace, as far as its agreement goes."""

    agreement: Agreement

    def pinned(self, _kind: type[Agreement]) -> Agreement:
        return self.agreement


def place_of(role: SignerRole) -> Any:
    party = AGREEMENT.controller
    signer = replace(party.signers[0], id="somebody", role=role, key=key_line("somebody"))
    return Pinned(replace(AGREEMENT, controller=replace(party, signers=(*party.signers, signer))))


@pytest.mark.parametrize("role", sorted(READERS))
def test_a_reader_may_be_named(role: SignerRole) -> None:
    _check_person(place_of(role), "somebody")


@pytest.mark.parametrize("role", sorted(set(SignerRole) - {SignerRole.DIRECTOR, SignerRole.DPO, SignerRole.APPROVER}))
def test_nobody_else_of_the_controller_is(role: SignerRole) -> None:
    with pytest.raises(UsageError, match="a director, DPO or approver") as refused:
        _check_person(place_of(role), "somebody")
    assert "somebody" not in (refused.value.hint or "")
