"""Who can be named as a signer of an agreement: people with a passkey that signs, and enrolled agents (law 6)."""

from ecluse.control.intake import ROLES
from ecluse.domain.agreement import Agreement, Party, Signer, SignerRole
from ecluse.domain.errors import SignatureError
from ecluse.domain.permissions import Role, Side
from ecluse.domain.policies import SIGNS_AS
from ecluse.store.models import Agent, Membership, Organisation
from ecluse.store.reads.passkeys import signing_keys_of
from ecluse.workspace.place import Place


def candidates(organisation: Organisation) -> tuple[Signer, ...]:
    """Everybody of a party who can sign, once for each role and each key; two queries and one for the agents."""
    held = Membership.objects.filter(organisation=organisation, until__isnull=True, person__is_active=True)
    members = [
        (member.person, signs_as)
        for member in held.select_related("person").order_by("person__name", "pk")
        if (signs_as := SIGNS_AS.get((Side(organisation.side), Role(member.role)))) is not None
    ]
    keys = signing_keys_of(person.pk for person, _ in members)
    people = [
        Signer(person.handle, person.name, signs_as, line)
        for person, signs_as in members
        for line in keys.get(person.pk, {}).values()
    ]
    enrolled = Agent.objects.filter(organisation=organisation, enrolled_at__isnull=False, revoked_at__isnull=True)
    agents = [
        Signer(agent.handle, agent.handle, ROLES[Place(agent.place)], agent.key)
        for agent in enrolled.order_by("handle")
        if agent.key and agent.place in set(Place)
    ]
    return (*people, *agents)


def check_signers(agreement: Agreement, controller: Organisation, processor: Organisation) -> None:
    """Every signer that a text names is, today, somebody of its party in that role with that key.

    Raises:
        SignatureError: names who is not.
    """
    for party, organisation in ((agreement.controller, controller), (agreement.processor, processor)):
        _check_party(party, {_identity(each) for each in candidates(organisation)})


def _check_party(party: Party, known: set[tuple[str, SignerRole, tuple[str, ...]]]) -> None:
    for signer in party.signers:
        if _identity(signer) not in known:
            raise SignatureError(
                f"{signer.id} is nobody of {party.name} with that role and key",
                hint="choose the signers again: somebody left, or changed a passkey",
            )


def _identity(signer: Signer) -> tuple[str, SignerRole, tuple[str, ...]]:
    return signer.id, signer.role, tuple(signer.key.split()[:2])
