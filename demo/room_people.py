"""The people of the demo's control room, who do not exist, and passkeys in software with which two of them signed.

Whoever opens the room takes one of them over by a one-time link and enrols a passkey of their own; nobody has a
password. Import it only once Django is ready.
"""

import datetime as dt
import hashlib
import os
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from typing import TypeVar

from allauth.mfa.webauthn.internal.auth import WebAuthn
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from django.utils import timezone
from fido2.cose import ES256
from fido2.webauthn import Aaguid, AttestationObject, AttestedCredentialData, AuthenticatorData

from demo.stage import StageError, tr
from ecluse.domain.permissions import Role, Side
from ecluse.domain.room import RoomEvent
from ecluse.seal.passkeys import PasskeyAssertion, passkey_challenge, passkey_signature
from ecluse.store.acts import access, people
from ecluse.store.models import Organisation, Person
from ecluse.store.reads.passkeys import signing_keys
from ecluse.store.recording import SYSTEM, acting
from ecluse.wire.artefacts import encode, kind_of, namespace

RP_ID = "localhost"
T = TypeVar("T")
_FLAGS = AuthenticatorData.FLAG.UP | AuthenticatorData.FLAG.UV


@dataclass(frozen=True)
class Demo:
    """Who is in the room, by role and side."""

    lab: Organisation
    vendor: Organisation
    people: dict[tuple[Side, Role], Person]
    keys: dict[str, ec.EllipticCurvePrivateKey]

    def person(self, side: Side, role: Role) -> Person:
        """Whoever holds a role."""
        return self.people[side, role]

    def sign(self, value: object, who: Person, origin: str) -> bytes:
        """Sign an artefact as a browser with that person's passkey would."""
        message, kind = encode(value), namespace(kind_of(type(value)))
        challenge = passkey_challenge(kind, message)
        client = f'{{"type":"webauthn.get","challenge":"{_text(challenge)}","origin":"{origin}","crossOrigin":false}}'
        said = bytes(AuthenticatorData.create(hashlib.sha256(RP_ID.encode()).digest(), _FLAGS, 0))
        signed = self.keys[who.handle].sign(said + hashlib.sha256(client.encode()).digest(), ec.ECDSA(SHA256()))
        line = next(iter(signing_keys(who).values()))
        return passkey_signature(line, kind, message, PasskeyAssertion(said, client.encode(), signed), origin)


def furnish(lab: str, vendor: str) -> Demo:
    """Two organisations, two administrators in each, a director, an engineer; the rest is invited at the end."""
    place = people.add_organisation(SYSTEM, people.free_slug(vendor), vendor, Side.PROCESSOR)
    first = _joined(place, Role.ADMINISTRATOR, "Sacha Roux", None)
    laboratory, secret = people.bring_in(
        first.handle, lab, "1 quai de l'Écluse, 35000 Rennes", _address(Side.CONTROLLER, "Lou Mercier"), "Lou Mercier",
        of=place, by=first,
    )  # fmt: skip
    lou = _follow(secret, "Lou Mercier")
    found: dict[tuple[Side, Role], Person] = {
        (Side.PROCESSOR, Role.ADMINISTRATOR): first,
        (Side.CONTROLLER, Role.ADMINISTRATOR): lou,
        (Side.PROCESSOR, Role.DIRECTOR): _joined(place, Role.DIRECTOR, "Alain Petit", first),
        (Side.PROCESSOR, Role.ENGINEER): _joined(place, Role.ENGINEER, "Noé Garnier", first),
        (Side.CONTROLLER, Role.DIRECTOR): _joined(laboratory, Role.DIRECTOR, "Claire Martin", lou),
    }
    today = timezone.localdate()
    access.record_training(
        first.handle, place, found[Side.PROCESSOR, Role.ENGINEER], tr("Data protection", "Protection des données"),
        done_on=today, expires_on=today + dt.timedelta(days=365), by=first,
    )  # fmt: skip
    keys = {person.handle: _given_a_passkey(person) for (_, role), person in found.items() if role is Role.DIRECTOR}
    return Demo(laboratory, place, found, keys)


INVITED = (
    (Side.CONTROLLER, Role.DPO, "Jeanne Le Goff"),
    (Side.CONTROLLER, Role.AUDITOR, "Hugo Blanc"),
    (Side.PROCESSOR, Role.SECURITY_OFFICER, "Inès Faure"),
)
_SECOND = {Side.CONTROLLER: "Maud Caradec", Side.PROCESSOR: "Yann Kervella"}
"""Each side's second administrator: a recovery takes two."""
MEANS = {
    Role.DIRECTOR: ("signs agreements, approves orders, decides", "signe les contrats, approuve les ordres, décide"),
    Role.ENGINEER: ("owns the agents, follows the migration", "répond des agents, suit la migration"),
    Role.ADMINISTRATOR: ("invites people, lets them leave", "invite les personnes, les fait partir"),
    Role.DPO: ("drafts agreements and orders, keeps the register", "rédige contrats et ordres, tient le registre"),
    Role.AUDITOR: ("reads journal and proofs, takes the evidence", "lit journal et preuves, prend le dossier"),
    Role.SECURITY_OFFICER: ("reviews access, stops what looks wrong", "revoit les accès, arrête ce qui inquiète"),
}


def links(demo: Demo, origin: str) -> list[tuple[str, str, str]]:
    """A one-time link for each person: name, what the role is for, address."""
    made = []
    for (side, role), person in demo.people.items():
        organisation = demo.lab if side is Side.CONTROLLER else demo.vendor
        by = demo.people[side, Role.ADMINISTRATOR]
        if person.handle in demo.keys:
            other = _joined(organisation, Role.ADMINISTRATOR, _SECOND[side], by)
            asked = access.ask_recovery(by.handle, organisation, person, by=by)
            path = f"recover/{access.approve_recovery(other.handle, asked, by=other)}"
        else:
            path = f"join/{people.invite(by.handle, organisation, role, person.email, person.name, by=by)}"
        made.append((person.name, role, path, organisation))
    for side, role, name in INVITED:
        organisation, by = demo.lab if side is Side.CONTROLLER else demo.vendor, demo.people[side, Role.ADMINISTRATOR]
        secret = people.invite(by.handle, organisation, role, _address(side, name), name, by=by)
        made.append((name, role, f"join/{secret}", organisation))
    return [
        (f"{name} <{_address(Side(place.side), name)}>, {place.name}", tr(*MEANS[role]), f"{origin}/{path}/")
        for name, role, path, place in made
    ]


def _joined(organisation: Organisation, role: Role, name: str, by: Person | None) -> Person:
    actor = by.handle if by else SYSTEM
    return _follow(people.invite(actor, organisation, role, _address(Side(organisation.side), name), name, by=by), name)


def _follow(secret: str, name: str) -> Person:
    invitation = people.open_invitation(secret)
    if invitation is None:
        raise StageError("an invitation that was just made does not open")
    return people.join(f"invitation-{invitation.pk}", invitation, name, tr("en", "fr"))


def _address(side: Side, name: str) -> str:
    handle = name.lower().translate(str.maketrans("éè ", "ee."))
    return f"{handle}@{'trois-rivieres' if side is Side.CONTROLLER else 'passage'}.example"


def _given_a_passkey(person: Person) -> ec.EllipticCurvePrivateKey:
    """Enrol a passkey in software; it is gone when the person is recovered, what it signed stays signed."""
    private = ec.generate_private_key(ec.SECP256R1())
    known = os.urandom(32)
    held = AttestedCredentialData.create(Aaguid.NONE, known, ES256.from_cryptography_key(private.public_key()))
    flags = _FLAGS | AuthenticatorData.FLAG.AT
    said = AuthenticatorData.create(hashlib.sha256(RP_ID.encode()).digest(), flags, 0, held)
    client = '{"type":"webauthn.create","challenge":"","origin":"http://localhost"}'
    attested = AttestationObject.create("none", said, {})
    response = {"clientDataJSON": _text(client.encode()), "attestationObject": _text(attested)}
    credential = {"id": _text(known), "rawId": _text(known), "type": "public-key", "response": response,
                  "clientExtensionResults": {}}  # fmt: skip
    with acting(person.handle) as act:
        WebAuthn.add(person, "demo", credential)
        act.record(RoomEvent.AUTHENTICATOR_ADDED, subject=person.handle, kind="webauthn")
    return private


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
