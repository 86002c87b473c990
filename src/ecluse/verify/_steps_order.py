"""Steps on agreement and order: who signed, with which keys, what may be ordered, and when."""

from ecluse.domain.agreement import Agreement, SignerRole
from ecluse.domain.catalogue import CATALOGUE, check_orderable
from ecluse.domain.entry import Event
from ecluse.domain.errors import SignatureError
from ecluse.domain.order import Order
from ecluse.domain.policies import MAY_BIND, check_agreement_signed, check_order_allowed, check_order_signed
from ecluse.verify._case import Case, fits, short, signers, told
from ecluse.verify._sshsig import key_of, log_key
from ecluse.verify._trust import parse_trust
from ecluse.verify.report import FailedError, NotReachedError, Words
from ecluse.wire.artefacts import namespace

LOG_NAMESPACE = "ecluse.checkpoint"
"""Under which allowed_signers lists log keys; no SSHSIG is made in it."""


def agreement(case: Case) -> Words:
    """The agreement parses: canonical, and complete under Art. 28(3); one and the same in every place."""
    value, paper = case.one(Agreement)
    return Words(
        f"{value.agreement} ({short(paper.address)}): complete under GDPR Art. 28(3)",
        f"{value.agreement} ({short(paper.address)}) : complet au sens de l'art. 28(3) du RGPD",
    )


def agreement_signed(case: Case) -> Words:
    """Both parties have signed it, and every signature on it is right."""
    value, paper = case.one(Agreement)
    by = case.signed_by(paper)
    check_agreement_signed(value, by)
    who = told(value, by)
    return Words(f"signed by both parties: {who.en}", f"signé par les deux parties : {who.fr}")


def trust(case: Case) -> Words:
    """The keys that bind the parties are those the auditor has from elsewhere; other pinned keys do not differ.

    The agreement, once its parties' keys are pinned, vouches for the keys that it lists.
    """
    value, paper = case.one(Agreement)
    if case.trust is None:
        prints = ", ".join(f"{signer.id} {key_of(signer.key).fingerprint}" for signer in signers(value))
        return Words(
            f"trust: keys are those the agreement itself lists; compare fingerprints out of band: {prints}",
            "confiance : les clés sont celles que le contrat lui-même énonce ; comparez les empreintes par une autre "
            f"voie : {prints}",
        )
    space = namespace("agreement")
    for signer in signers(value):
        pinned = case.trust.keys(signer.id, space)
        if case.trust.knows(signer.id) and key_of(signer.key) not in pinned:
            raise FailedError(
                f"the key of {signer.id} is not the trusted one", f"la clé de {signer.id} n'est pas celle de confiance"
            )
    for side, party in (("controller", value.controller), ("processor", value.processor)):
        binding = [s for s in party.signers if s.role in MAY_BIND[side] and s.id in paper.signatures]
        sure = [s.id for s in binding if key_of(s.key) in case.trust.keys(s.id, space)]
        fits(sure, f"no trusted key signed for the {side}", f"aucune clé de confiance n'a signé ({side})")
    return Words("both parties signed with trusted keys", "les deux parties ont signé avec des clés de confiance")


def allowed_signers(case: Case) -> Words:
    """The bundle's allowed_signers lists the agreement's keys and the logs' keys, and no other."""
    value, _ = case.one(Agreement)
    expected = {(signer.id, key_of(signer.key), namespace("order")) for signer in signers(value)}
    for place in case.places.values():
        if place.key is not None:
            expected.add((place.key.name, log_key(place.key.public), LOG_NAMESPACE))
    listed = parse_trust(case.members["allowed_signers"], file="allowed_signers")
    found = set()
    for pin in listed.pins:
        for name in pin.names:
            space = LOG_NAMESPACE if "/" in name else namespace("order")
            if pin.key in listed.keys(name, space):
                found.add((name, pin.key, space))
    fits(found == expected, "allowed_signers lists other keys", "allowed_signers énonce d'autres clés")
    return Words(f"{len(found)} keys, as in agreement and journals", f"{len(found)} clés, comme au contrat et journaux")


def order(case: Case) -> Words:
    """The order parses, canonical; one and the same in every place; no field of it is a secret or unknown."""
    value, paper = case.one(Order)
    fields = 0
    for entity, names in value.scope.fields.items():
        for name in names:
            check_orderable(entity, name)
            fits(CATALOGUE.field(entity, name).orderable, f"{entity}.{name} is a secret", f"{entity}.{name} est secret")
            fields += 1
    return Words(
        f"{value.order} ({short(paper.address)}): {fields} fields of {len(value.scope.fields)} entities",
        f"{value.order} ({short(paper.address)}) : {fields} champs de {len(value.scope.fields)} entités",
    )


def order_signed(case: Case) -> Words:
    """It names the agreement by digest, and carries its signatory's signature and the second approver's."""
    value, paper = case.one(Order)
    contract, pinned = case.one(Agreement)
    fits(
        (value.agreement.id, value.agreement.digest) == (contract.agreement, pinned.address),
        "the order stands on another agreement",
        "l'ordre repose sur un autre contrat",
    )
    by = case.signed_by(paper)
    check_order_signed(value, contract, by)
    signatory = contract.controller.signer(value.controller.signatory)
    if signatory is None or signatory.role is not SignerRole.DIRECTOR:
        raise SignatureError("the signatory is not a director of the controller")
    who = told(contract, by)
    second = " (with the second approval)" if contract.second_approver else ""
    deuxieme = " (avec la seconde approbation)" if contract.second_approver else ""
    return Words(f"signed by {who.en}{second}", f"signé par {who.fr}{deuxieme}")


def in_force(case: Case) -> Words:
    """The agreement was in force, and the order allowed, when each journal says that it was approved."""
    value, _ = case.one(Order)
    contract, pinned = case.one(Agreement)
    days = []
    for place in case.places.values():
        approved = place.first(Event.ORDER_APPROVED)
        if approved is not None:
            check_order_allowed(value, contract, pinned.address, approved.at.date())
            days.append(f"{place.name} {approved.at.date()}")
    if not days:
        raise NotReachedError("no readable journal has approved the order", "aucun journal lisible n'approuve l'ordre")
    return Words(f"in force when approved: {', '.join(days)}", f"en vigueur à l'approbation : {', '.join(days)}")
