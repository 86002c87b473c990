"""Agreements and orders: what each act allows, and what nobody gets past."""

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from ecluse.domain.errors import (
    AgreementError,
    EcluseError,
    OrderError,
    SignatureError,
    TamperError,
    TransitionError,
    UsageError,
)
from ecluse.domain.permissions import Role
from ecluse.domain.room import RoomEvent
from ecluse.portal import approval
from ecluse.store import recording
from ecluse.store.acts import agreements, orders
from ecluse.store.models import (
    AgreementVersion,
    ArtefactSignature,
    JournalLine,
    Membership,
    Migration,
    OrderVersion,
    Organisation,
    SubProcessorNotice,
)
from ecluse.store.recording import SYSTEM, acting
from ecluse.wire.artefacts import InvalidError, digest_of, encode
from passkeys import PRESENT, SoftPasskey, client_data, to_be_signed
from room_papers import (
    APPROVER,
    DIRECTOR,
    MANAGEMENT,
    SITE,
    agreement_text,
    approve_by,
    assertion_form,
    draft_agreement,
    draft_order,
    frozen_order,
    give_passkey,
    order_text,
    passkey_of,
    sign_by,
    signed_agreement,
    signers_of,
)
from rooms import LAB, VENDOR, Room

ENGINEER = (LAB, Role.ENGINEER)


def last_event() -> str:
    return str(JournalLine.objects.order_by("-index").values_list("event", flat=True)[0])


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Let days pass for the acts."""
    now = timezone.now()

    class Later:
        @staticmethod
        def now() -> dt.datetime:
            return now + dt.timedelta(days=passed[0])

    passed = [0]
    monkeypatch.setattr(recording, "timezone", Later)
    return lambda days: passed.__setitem__(0, days)


def refused(response: Any, status: int = 422) -> str:
    assert response.status_code == status, response.content.decode()
    return str(response.content.decode())


class TestAgreements:
    def test_from_draft_to_in_force_each_step_is_journalled(self, room: Room) -> None:
        version = draft_agreement(room)
        assert last_event() == RoomEvent.AGREEMENT_DRAFTED
        agreements.freeze("x", version)
        assert last_event() == RoomEvent.AGREEMENT_FROZEN
        text = agreements.artefact_of(version)
        address = reverse("agreement_sign", args=[version.pk])
        sign_by(room.client(*DIRECTOR), address, text, passkey_of(room.people[DIRECTOR]))
        version.refresh_from_db()
        assert version.in_force_at is None, "one party is not both"
        assert last_event() == RoomEvent.AGREEMENT_SIGNED
        sign_by(room.client(*MANAGEMENT), address, text, passkey_of(room.people[MANAGEMENT]))
        version.refresh_from_db()
        assert version.in_force_at is not None
        agreements.end("x", version)
        assert last_event() == RoomEvent.AGREEMENT_ENDED

    def test_a_frozen_text_never_changes(self, room: Room) -> None:
        version = draft_agreement(room)
        stale = AgreementVersion.objects.get(pk=version.pk)
        agreements.freeze("x", version)
        for held in (version, stale):
            with pytest.raises(TransitionError, match="never changes"):
                agreements.redraft("x", held, {})
        with pytest.raises(TransitionError, match="frozen already"):
            agreements.freeze("x", stale)
        version.refresh_from_db()
        assert digest_of(agreements.artefact_of(version)) == version.digest

    def test_a_text_that_is_not_whole_is_not_frozen(self, room: Room) -> None:
        version = draft_agreement(room)
        text = dict(version.draft) | {"measures": []}
        text["clauses"] = {**text["clauses"], "h_audits": ""}
        agreements.redraft("x", version, text)
        with pytest.raises(InvalidError) as error:
            agreements.freeze("x", version)
        assert {each.path for each in error.value.problems} == {"clauses.h_audits", "measures"}

    def test_number_and_parties_are_the_drafts_own(self, room: Room) -> None:
        version = draft_agreement(room)
        text = {**version.draft, "agreement": "ANOTHER", "controller": {**version.draft["controller"], "name": "Else"}}
        agreements.redraft("x", version, text)
        frozen = agreements.freeze("x", version)
        assert (frozen.agreement, frozen.controller.name) == ("DPA-1", "Laboratoire des Trois Rivières")

    @pytest.mark.parametrize("change", [{"id": "somebody"}, {"role": "approver"}, {"key": None}])
    def test_only_people_of_the_party_with_their_own_keys_are_signers(self, room: Room, change: dict[str, Any]) -> None:
        version = draft_agreement(room)
        signer = version.draft["controller"]["signers"][0]
        change = {name: value or SoftPasskey(99, "localhost").line for name, value in change.items()}
        director = signers_of(room, DIRECTOR)["controller"]
        listed = [signer | change] if "role" not in change else [signer | change, *_other_director(room, director)]
        party = {**version.draft["controller"], "signers": listed}
        agreements.redraft("x", version, {**version.draft, "controller": party})
        with pytest.raises(EcluseError, match="nobody of|second"):
            agreements.freeze("x", version)

    def test_whoever_has_left_signs_no_new_text(self, room: Room) -> None:
        version = draft_agreement(room)
        director = room.people[DIRECTOR]
        with acting(SYSTEM) as act:
            Membership.objects.filter(person=director).update(until=act.now)
            act.record(RoomEvent.WITHDRAWN, LAB, subject=director.handle)
        with pytest.raises(SignatureError, match="nobody of"):
            agreements.freeze("x", version)

    def test_a_second_approver_who_is_nobody_is_no_second(self, room: Room) -> None:
        version = draft_agreement(room)
        agreements.redraft("x", version, {**version.draft, "second_approver": True})
        with pytest.raises(InvalidError, match="a second approver is asked for"):
            agreements.freeze("x", version)

    def test_one_draft_at_a_time_and_one_pair_a_number(self, room: Room) -> None:
        version = draft_agreement(room)
        with pytest.raises(UsageError, match="open draft already"):
            draft_agreement(room)
        other = Organisation.objects.get(slug="quatre-vents")
        with pytest.raises(UsageError, match="between other parties"):
            agreements.draft("x", "DPA-1", other, version.processor, {}, by=room.people[DIRECTOR])

    def test_a_next_version_ends_the_former_and_its_orders(self, room: Room) -> None:
        first = signed_agreement(room)
        order = frozen_order(room, first)
        with pytest.raises(AgreementError, match="word for word"):
            agreements.freeze("x", draft_agreement(room))
        again = AgreementVersion.objects.get(version=2)
        agreements.redraft("x", again, {**again.draft, "in_force_until": "2029-12-31"})
        second = _signed(room, again)
        first.refresh_from_db()
        assert (second.version, first.ended_at is not None) == (2, True)
        with pytest.raises(TransitionError, match="without an agreement"):
            draft_order(room, first, "ORD-2")
        refused(approve_by(room, order, DIRECTOR))
        assert not Migration.objects.exists()

    def test_a_row_that_was_changed_behind_the_room_is_seen(self, room: Room) -> None:
        version = signed_agreement(room)
        text = agreements.artefact_of(version)
        version.artefact = encode(replace(text, second_approver=True))
        with pytest.raises(TamperError):
            agreements.artefact_of(version)

    def test_a_signature_put_into_the_table_by_hand_is_believed_by_nobody(self, room: Room) -> None:
        version = draft_agreement(room)
        agreements.freeze("x", version)
        forged = SoftPasskey(5, "localhost").sign(bytes(version.artefact), namespace="ecluse.agreement", origin=SITE)
        with acting(SYSTEM) as act:
            for who in (DIRECTOR, MANAGEMENT):
                ArtefactSignature.objects.create(digest=version.digest, kind="agreement",
                                                 signer=room.people[who].handle, armor=forged.decode())  # fmt: skip
            act.record(RoomEvent.AGREEMENT_SIGNED, subject="x")
        refused(room.client(*DIRECTOR).get(reverse("agreement", args=[version.pk])))

    def test_the_time_to_object_runs_out(self, room: Room, later: Callable[[int], None]) -> None:
        version = signed_agreement(room)
        text = {"name": "Hôte", "address": "a", "contact": "b", "processing": "c"}
        dpo = room.people[VENDOR, Role.DPO]
        first = agreements.announce("x", version, text, 30, by=dpo)
        assert last_event() == RoomEvent.SUB_PROCESSOR_ANNOUNCED
        second = agreements.announce("x", version, text, 30, by=dpo)
        later(30)
        agreements.object_to("x", first, "non", by=room.people[DIRECTOR])
        assert last_event() == RoomEvent.SUB_PROCESSOR_OBJECTED
        with pytest.raises(TransitionError, match="objected already"):
            agreements.object_to("x", first, "non", by=room.people[DIRECTOR])
        later(31)
        with pytest.raises(TransitionError, match="last day to object"):
            agreements.object_to("x", second, "non", by=room.people[DIRECTOR])
        with pytest.raises(UsageError, match="no days"):
            agreements.announce("x", version, text, 0, by=dpo)

    def test_without_general_authorisation_nobody_is_announced(self, room: Room) -> None:
        clauses = {**agreement_text({"controller": [], "processor": []})["clauses"], "d_sub_processing": "none"}
        version = signed_agreement(room, clauses=clauses)
        with pytest.raises(AgreementError, match="clause d"):
            agreements.announce("x", version, {}, 30, by=room.people[DIRECTOR])

    def test_notice_and_objection_go_through_their_screens(self, room: Room) -> None:
        version = signed_agreement(room)
        form = {"name": "Hôte", "address": "a", "contact": "b", "processing": "c", "notice_days": "30"}
        address = reverse("sub_processor_announce", args=[version.pk])
        refused(room.client(*DIRECTOR).post(address, form), 403)
        refused(room.client(*MANAGEMENT).post(address, form | {"notice_days": "0"}))
        assert room.client(*MANAGEMENT).post(address, form).status_code == 302
        notice = SubProcessorNotice.objects.get()
        objection, answer = reverse("sub_processor_object", args=[version.pk]), {"notice": notice.pk, "why": "non"}
        refused(room.client(*MANAGEMENT).post(objection, answer), 403)
        refused(room.client(*DIRECTOR).post(objection, {"notice": notice.pk, "why": ""}))
        other = signed_agreement(room, "DPA-2", "quatre-vents")
        away = reverse("sub_processor_object", args=[other.pk])
        refused(room.client("quatre-vents", Role.DIRECTOR).post(away, answer), 404)
        assert room.client(*DIRECTOR).post(objection, answer).status_code == 302


def _signed(room: Room, version: AgreementVersion) -> AgreementVersion:
    text = agreements.freeze("x", version)
    for who in (DIRECTOR, MANAGEMENT):
        address = reverse("agreement_sign", args=[version.pk])
        assert sign_by(room.client(*who), address, text, passkey_of(room.people[who])).status_code == 302
    version.refresh_from_db()
    return version


def _other_director(room: Room, known: list[dict[str, str]]) -> list[dict[str, str]]:
    return [{**known[0], "id": "another", "key": SoftPasskey(7, "localhost").line}]


class TestOrders:
    def test_from_draft_to_migration_each_step_is_journalled(self, room: Room) -> None:
        version = draft_order(room, signed_agreement(room))
        assert last_event() == RoomEvent.ORDER_DRAFTED
        orders.ask_estimate("x", version)
        assert last_event() == RoomEvent.ESTIMATE_ASKED
        orders.freeze("x", version)
        assert last_event() == RoomEvent.ORDER_FROZEN
        assert approve_by(room, version, DIRECTOR).status_code == 302
        assert last_event() == RoomEvent.ORDER_APPROVED
        assert Migration.objects.get().state == "approved"
        with pytest.raises(TransitionError, match="aborted, not withdrawn"):
            orders.withdraw("x", version)

    def test_a_withdrawn_order_is_dead(self, room: Room) -> None:
        version = frozen_order(room, signed_agreement(room))
        orders.withdraw("x", version)
        assert last_event() == RoomEvent.ORDER_WITHDRAWN
        for act in (orders.withdraw, orders.freeze, orders.ask_estimate):
            with pytest.raises(TransitionError, match="withdrawn"):
                act("x", version)
        refused(_posted_approval(room, version))
        assert not Migration.objects.exists()

    def test_no_contract_no_order(self, room: Room) -> None:
        with pytest.raises(TransitionError, match="law 9"):
            draft_order(room, draft_agreement(room))

    def test_a_frozen_order_never_changes(self, room: Room) -> None:
        version = draft_order(room, signed_agreement(room))
        stale = OrderVersion.objects.get(pk=version.pk)
        orders.freeze("x", version)
        with pytest.raises(TransitionError, match="never changes"):
            orders.redraft("x", stale, order_text(room, sites=["BREST"]))
        version.refresh_from_db()
        assert orders.artefact_of(version).scope.sites == ("RENNES",)

    @pytest.mark.parametrize("scope", [
        {"fields": {"practitioner": ["source_id", "password"]}}, {"fields": {"patient": ["family_name"]}},
        {"fields": {}}, {"sites": []}, {"exclude_categories": ["blood_group"], "fields": {"patient": ["source_id", "blood_group"]}},
    ])  # fmt: skip
    def test_what_no_order_may_say(self, room: Room, scope: dict[str, Any]) -> None:
        version = draft_order(room, signed_agreement(room), **scope)
        with pytest.raises(InvalidError):
            orders.freeze("x", version)

    def test_an_order_outlives_no_agreement(self, room: Room, later: Callable[[int], None]) -> None:
        agreement = signed_agreement(room)
        frozen, drafted = frozen_order(room, agreement), draft_order(room, agreement, "ORD-2")
        later(320)
        with pytest.raises(AgreementError, match="is in force from"):
            orders.freeze("x", drafted)
        armour = passkey_of(room.people[DIRECTOR]).sign(bytes(frozen.artefact), origin=SITE)
        with pytest.raises(AgreementError, match="is in force from"):
            orders.approve("x", frozen, room.people[DIRECTOR].handle, armour)

    def test_a_superseded_text_is_not_approved(self, room: Room) -> None:
        first = frozen_order(room, signed_agreement(room))
        second = orders.draft("x", "ORD-1", first.agreement, first.draft, by=room.people[DIRECTOR])
        orders.freeze("x", second)
        refused(approve_by(room, first, DIRECTOR))
        assert orders.artefact_of(second).version == 2
        orders.withdraw("x", second)
        assert approve_by(room, first, DIRECTOR).status_code == 302

    def test_a_number_stands_under_one_agreement(self, room: Room) -> None:
        first, other = signed_agreement(room), signed_agreement(room, "DPA-2")
        frozen_order(room, first)
        with pytest.raises(UsageError, match="under another agreement"):
            draft_order(room, other)

    def test_a_count_is_of_one_text_and_was_asked_for(self, room: Room) -> None:
        from test_paper_screens import estimate_for  # noqa: PLC0415 - models are ready only now

        version = draft_order(room, signed_agreement(room))
        estimate = estimate_for(version)
        with pytest.raises(TransitionError, match="nobody asked"):
            orders.give_estimate("x", version, estimate)
        orders.ask_estimate("x", version)
        with pytest.raises(OrderError, match="another text"):
            orders.give_estimate("x", version, replace(estimate, order="sha256:" + 64 * "0"))
        orders.give_estimate("x", version, estimate)
        assert last_event() == RoomEvent.ESTIMATE_GIVEN


def _posted_approval(room: Room, version: OrderVersion, who: tuple[str, Role] = DIRECTOR) -> Any:
    client = room.client(*who)
    address = reverse("order_approve", args=[version.pk])
    client.get(address)
    return client.post(address, assertion_form(orders.artefact_of(version), passkey_of(room.people[who])))


class TestTwoApprovers:
    def test_both_are_needed(self, room: Room) -> None:
        version = frozen_order(room, signed_agreement(room, second_approver=True))
        assert approve_by(room, version, DIRECTOR).status_code == 302
        assert not Migration.objects.exists()
        assert approve_by(room, version, APPROVER).status_code == 302
        assert Migration.objects.get().order_id == version.pk

    def test_one_person_is_not_two(self, room: Room) -> None:
        version = frozen_order(room, signed_agreement(room, second_approver=True))
        assert approve_by(room, version, DIRECTOR).status_code == 302
        refused(approve_by(room, version, DIRECTOR))
        armour = passkey_of(room.people[DIRECTOR]).sign(bytes(version.artefact), origin=SITE)
        with pytest.raises(SignatureError):
            orders.approve("x", version, room.people[APPROVER].handle, armour)
        assert not Migration.objects.exists()

    def test_a_director_named_twice_is_refused_with_the_text(self, room: Room) -> None:
        version = draft_agreement(room, second_approver=True)
        signers = version.draft["controller"]["signers"]
        twice = [signers[0], {**signers[1], "id": signers[0]["id"]}]
        party = {**version.draft["controller"], "signers": twice}
        agreements.redraft("x", version, {**version.draft, "controller": party})
        with pytest.raises(InvalidError, match="two persons"):
            agreements.freeze("x", version)


class TestApproval:
    """The browser's answer: this text, this person, this passkey, this session, now, once."""

    @pytest.fixture
    def version(self, room: Room) -> OrderVersion:
        return frozen_order(room, signed_agreement(room))

    @pytest.fixture
    def client(self, room: Room) -> Client:
        return room.client(*DIRECTOR)

    def test_an_answer_is_taken_once(self, room: Room, version: OrderVersion, client: Client) -> None:
        address = reverse("order_approve", args=[version.pk])
        form = assertion_form(orders.artefact_of(version), passkey_of(room.people[DIRECTOR]))
        refused(client.post(address, form))
        client.get(address)
        assert client.post(address, form).status_code == 302
        refused(client.post(address, form))
        client.get(address)
        refused(client.post(address, form))
        assert ArtefactSignature.objects.filter(digest=version.digest).count() == 1

    def test_another_orders_answer_is_not_this_ones(self, room: Room, version: OrderVersion, client: Client) -> None:
        other = frozen_order(room, version.agreement, "ORD-2", sites=["BREST"])
        address = reverse("order_approve", args=[version.pk])
        form = assertion_form(orders.artefact_of(other), passkey_of(room.people[DIRECTOR]))
        client.get(address)
        refused(client.post(address, form))
        client.get(reverse("order_approve", args=[other.pk]))
        refused(client.post(address, assertion_form(orders.artefact_of(version), passkey_of(room.people[DIRECTOR]))))
        assert not Migration.objects.exists()

    def test_a_sign_ins_answer_is_no_approval(self, room: Room, version: OrderVersion, client: Client) -> None:
        key = passkey_of(room.people[DIRECTOR])
        address = reverse("order_approve", args=[version.pk])
        client.get(address)
        signed_in = key.assertion(client_data(b"0" * 32, SITE))
        refused(client.post(address, assertion_form(orders.artefact_of(version), key, assertion=signed_in)))

    def test_without_verification_of_the_user_nothing_is_signed(
        self, room: Room, version: OrderVersion, client: Client
    ) -> None:
        key, text = passkey_of(room.people[DIRECTOR]), orders.artefact_of(version)
        client.get(reverse("order_approve", args=[version.pk]))
        absent = key.assertion(client_data(to_be_signed(encode(text)), SITE), flags=PRESENT)
        refused(client.post(reverse("order_approve", args=[version.pk]), assertion_form(text, key, assertion=absent)))

    def test_another_origins_answer_is_refused(self, room: Room, version: OrderVersion, client: Client) -> None:
        key, text = passkey_of(room.people[DIRECTOR]), orders.artefact_of(version)
        client.get(reverse("order_approve", args=[version.pk]))
        phished = key.assertion(client_data(to_be_signed(encode(text)), "http://localhost.evil.example"))
        refused(client.post(reverse("order_approve", args=[version.pk]), assertion_form(text, key, assertion=phished)))

    def test_another_persons_passkey_is_refused(self, room: Room, version: OrderVersion, client: Client) -> None:
        theirs = give_passkey(room.people[APPROVER])
        address = reverse("order_approve", args=[version.pk])
        client.get(address)
        refused(client.post(address, assertion_form(orders.artefact_of(version), theirs)))

    def test_a_passkey_that_the_agreement_does_not_list_is_refused(
        self, room: Room, version: OrderVersion, client: Client
    ) -> None:
        new = give_passkey(room.people[DIRECTOR], SoftPasskey(4711, "localhost"))
        address = reverse("order_approve", args=[version.pk])
        client.get(address)
        refused(client.post(address, assertion_form(orders.artefact_of(version), new)))

    @pytest.mark.parametrize(
        "who", [ENGINEER, (VENDOR, Role.ENGINEER), MANAGEMENT, (LAB, Role.DPO), (LAB, Role.AUDITOR)]
    )
    def test_whoever_may_not_approve_is_told_so(self, room: Room, version: OrderVersion, who: tuple[str, Role]) -> None:
        give_passkey(room.people[who], passkey_of(room.people[who], "again"))
        client = room.client(*who)
        address = reverse("order_approve", args=[version.pk])
        refused(client.get(address), 403)
        form = assertion_form(orders.artefact_of(version), passkey_of(room.people[who], "again"))
        refused(client.post(address, form), 403)

    def test_an_approver_whom_the_agreement_does_not_ask_for_is_refused(
        self, room: Room, version: OrderVersion
    ) -> None:
        give_passkey(room.people[APPROVER])
        refused(room.client(*APPROVER).get(reverse("order_approve", args=[version.pk])))

    def test_an_open_page_grows_old(
        self, room: Room, version: OrderVersion, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        address = reverse("order_approve", args=[version.pk])
        client.get(address)
        late = timezone.now() + dt.timedelta(minutes=6)
        monkeypatch.setattr(approval.timezone, "now", lambda: late)
        refused(client.post(address, assertion_form(orders.artefact_of(version), passkey_of(room.people[DIRECTOR]))))

    @pytest.mark.parametrize("change", [
        {"signature": ""}, {"signature": "!!!"}, {"client_data_json": "e30"}, {"authenticator_data": "AAAA"},
        {"credential": "AAAA"}, {"signature": "A" * 20_000}, {"client_data_json": "_w"},
    ])  # fmt: skip
    def test_mangled_answers_are_refused(
        self, room: Room, version: OrderVersion, client: Client, change: dict[str, str]
    ) -> None:
        address = reverse("order_approve", args=[version.pk])
        client.get(address)
        form = assertion_form(orders.artefact_of(version), passkey_of(room.people[DIRECTOR]))
        refused(client.post(address, form | change))
        assert not ArtefactSignature.objects.filter(digest=version.digest).exists()
