"""Agreements and orders for tests of the control room: people with soft passkeys, texts, signatures by the portal's own way.

Import it only inside a test or fixture that asked for ``room``.
"""

import datetime as dt
import hashlib
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal.auth import WebAuthn
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from fido2.webauthn import Aaguid, AttestationObject, AttestedCredentialData, AuthenticatorData, CoseKey

from artefact_samples import RECIPIENT, key_line
from ecluse.domain.permissions import Role
from ecluse.domain.room import RoomEvent
from ecluse.store.acts import agents, agreements, orders
from ecluse.store.models import AgreementVersion, OrderVersion, Organisation, Person
from ecluse.store.reads.passkeys import relying_party
from ecluse.store.reads.signers import candidates
from ecluse.store.recording import SYSTEM, acting
from ecluse.wire.artefacts import encode, kind_of, namespace
from ecluse.workspace.place import Place
from passkeys import ORIGIN, Assertion, SoftPasskey, base64url, client_data, to_be_signed
from rooms import LAB, VENDOR, Room

RP_ID, SITE = relying_party(), "http://localhost"
DIRECTOR, APPROVER, MANAGEMENT = (LAB, Role.DIRECTOR), (LAB, Role.APPROVER), (VENDOR, Role.DIRECTOR)
assert ORIGIN != SITE


def passkey_of(person: Person, salt: str = "") -> SoftPasskey:
    """A person's passkey: always the same for a handle."""
    secret = int.from_bytes(hashlib.sha256(f"{person.handle}{salt}".encode()).digest()[:16], "big") + 1
    return SoftPasskey(secret=secret, rp_id=RP_ID)


def credential_of(key: SoftPasskey) -> bytes:
    """The id under which the room knows a passkey."""
    return hashlib.sha256(key.blob).digest()


def give_passkey(person: Person, key: SoftPasskey | None = None) -> SoftPasskey:
    """Enrol a passkey as the accounts' library keeps one."""
    made = key or passkey_of(person)
    held = AttestedCredentialData.create(Aaguid.NONE, credential_of(made), CoseKey.parse(made.cose))
    flags = AuthenticatorData.FLAG.UP | AuthenticatorData.FLAG.UV | AuthenticatorData.FLAG.AT
    said = AuthenticatorData.create(hashlib.sha256(RP_ID.encode()).digest(), flags, 0, held)
    response = {
        "clientDataJSON": base64url(client_data(b"enrol", SITE, kind="webauthn.create")),
        "attestationObject": base64url(AttestationObject.create("none", said, {})),
    }
    id_ = base64url(credential_of(made))
    credential = {"id": id_, "rawId": id_, "type": "public-key", "response": response, "clientExtensionResults": {}}
    with acting(SYSTEM) as act:
        WebAuthn.add(person, "key", credential)
        act.record(RoomEvent.AUTHENTICATOR_ADDED, subject=person.handle)
    return made


def assertion_form(value: object, key: SoftPasskey, **changes: Any) -> dict[str, str]:
    """What the browser posts when a passkey answers to the offer for ``value``."""
    kind = namespace(kind_of(type(value)))
    given = changes.pop("assertion", None) or key.assertion(client_data(to_be_signed(encode(value), kind), SITE))
    assert isinstance(given, Assertion)
    form = {
        "authenticator_data": base64url(given.authenticator_data),
        "client_data_json": base64url(given.client_data_json),
        "signature": base64url(given.signature),
        "credential": base64url(credential_of(key)),
    }
    return form | changes


def sign_by(client: Client, address: str, value: object, key: SoftPasskey) -> Any:
    """Open a page for signing, then sign what it offers."""
    assert client.get(address).status_code == 200
    return client.post(address, assertion_form(value, key))


def contact(name: str) -> dict[str, str]:
    return {"name": name, "role": "responsable", "details": "contact@example.org"}


def agreement_text(signers: dict[str, list[dict[str, str]]], **changes: Any) -> dict[str, Any]:
    """A whole agreement, in force this year."""
    today = timezone.localdate()
    prose = {
        "a_documented_instructions": "Sur ordres signés seulement.", "a_transfers": "Aucun.",
        "b_confidentiality": "Chacun y est tenu.", "c_security": "Annexe III.", "d_sub_processing": "general",
        "d_sub_processing_terms": "Préavis de trente jours.", "e_data_subject_rights": "Sous deux jours.",
        "f_assistance": "Articles 32 à 36.", "f_breach_notice": "Sous 24 heures.", "g_end_of_service": "delete",
        "g_copies": "Aucune copie.", "h_audits": "À tout moment.", "h_unlawful_instruction_notice": "Aussitôt.",
    }  # fmt: skip
    made: dict[str, Any] = {
        "in_force_from": (today - dt.timedelta(days=1)).isoformat(),
        "in_force_until": (today + dt.timedelta(days=300)).isoformat(),
        "processing": {
            "subject_matter": "Migration de dxlab vers kalisil.", "nature": "Extraction, scellement, chargement.",
            "purpose": "migration", "categories_of_persons": ["patients"], "categories_of_data": ["identité"],
            "sensitive_data_safeguards": "Scellés.", "controller_obligations": "Ordonner par écrit.",
        },
        "clauses": prose,
        "measures": [{"heading": "Chiffrement", "description": "Les colis sont des fichiers age."}],
        "sub_processors": [],
        "hosting": {"where": "controller_premises", "certificate": "aucun", "expires": "2030-01-01"},
        "second_approver": False,
    }  # fmt: skip
    for side in ("controller", "processor"):
        made[side] = {
            "address": "1 quai du Canal, 35000 Rennes", "contact": contact("Alix Durand"),
            "dpo": contact("Camille Petit"), "signers": signers[side],
        }  # fmt: skip
    return made | changes


def signers_of(room: Room, *people: tuple[str, Role]) -> dict[str, list[dict[str, str]]]:
    """The candidates among these people, as an agreement lists them; each gets a passkey if they have none."""
    found: dict[str, list[dict[str, str]]] = {"controller": [], "processor": []}
    for slug, role in people:
        person = room.people[slug, role]
        if not Authenticator.objects.filter(user=person, type="webauthn").exists():
            give_passkey(person)
        known = next(each for each in candidates(Organisation.objects.get(slug=slug)) if each.id == person.handle)
        side = "processor" if slug == VENDOR else "controller"
        found[side].append({"id": known.id, "name": known.name, "role": str(known.role), "key": known.key})
    return found


def add_agent(room: Room, slug: str, place: Place) -> str:
    """An enrolled agent; gives its key line."""
    handle = f"agent-{place}"
    owner = room.people[slug, Role.ENGINEER]
    code = agents.invite(owner.handle, Organisation.objects.get(slug=slug), place, handle, owner=owner)
    key = key_line(handle)
    agents.enrol(handle, code, key, "1.0")
    return " ".join(key.split()[:2])


def draft_agreement(room: Room, number: str = "DPA-1", lab: str = LAB, **changes: Any) -> AgreementVersion:
    """A whole draft between a laboratory and the vendor, by the laboratory's DPO."""
    second = [(lab, Role.APPROVER)] if changes.get("second_approver") else []
    named = signers_of(room, (lab, Role.DIRECTOR), *second, MANAGEMENT)
    by = room.people[lab, Role.DPO]
    parties = Organisation.objects.get(slug=lab), Organisation.objects.get(slug=VENDOR)
    return agreements.draft(by.handle, number, *parties, agreement_text(named, **changes), by=by)


def signed_agreement(room: Room, number: str = "DPA-1", lab: str = LAB, **changes: Any) -> AgreementVersion:
    """An agreement in force, signed by both directors' passkeys in their browsers."""
    version = draft_agreement(room, number, lab, **changes)
    text = agreements.freeze("test", version)
    for who in ((lab, Role.DIRECTOR), MANAGEMENT):
        address = reverse("agreement_sign", args=[version.pk])
        response = sign_by(room.client(*who), address, text, passkey_of(room.people[who]))
        assert response.status_code == 302, response.content.decode()
    version.refresh_from_db()
    assert version.in_force_at is not None
    return version


def order_text(room: Room, lab: str = LAB, **scope: Any) -> dict[str, Any]:
    """An order for two years of two entities."""
    erase_by = (timezone.localdate() + dt.timedelta(days=60)).isoformat()
    return {
        "controller": {"finess": "750100125", "signatory": room.people[lab, Role.DIRECTOR].handle},
        "source": {"system": "dxlab", "site": "RENNES", "profile": "dxlab"},
        "destination": {"system": "kalisil", "recipient": RECIPIENT},
        "scope": {
            "dates": {"field": "request.registered_on", "from": "2018-01-01", "until": "2019-12-31"},
            "sites": ["RENNES"],
            "fields": {"patient": ["source_id", "family_name", "birth_date"], "request": ["source_id", "registered_on"]},
            "exclude_categories": ["hiv"],
            "include_unclassifiable": False,
            "exclude_persons": None,
        } | scope,
        "retention": {"erase_after_acceptance": "7d", "erase_by": erase_by, "source_disposition": "controller"},
    }  # fmt: skip


def draft_order(room: Room, agreement: AgreementVersion, number: str = "ORD-1", **scope: Any) -> OrderVersion:
    """A whole draft, by the laboratory's DPO."""
    lab = agreement.controller.slug
    by = room.people[lab, Role.DPO]
    return orders.draft(by.handle, number, agreement, order_text(room, lab, **scope), by=by)


def frozen_order(room: Room, agreement: AgreementVersion, number: str = "ORD-1", **scope: Any) -> OrderVersion:
    """A frozen order."""
    version = draft_order(room, agreement, number, **scope)
    orders.freeze("test", version)
    return version


def approve_by(room: Room, version: OrderVersion, who: tuple[str, Role]) -> Any:
    """Approve an order in somebody's browser."""
    address = reverse("order_approve", args=[version.pk])
    return sign_by(room.client(*who), address, orders.artefact_of(version), passkey_of(room.people[who]))
