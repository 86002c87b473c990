"""Migrations in the control room for tests: real agreements, orders, journals and papers of two places; tiny payloads.

``begun`` gives an approved order's migration with its two places; ``run`` takes them on, ``tell`` reports what they did
as their agents would. ``things`` furnishes the room with one of everything that an address can name.
"""

import datetime as dt
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.utils import timezone

from ecluse.control.admit import admit_acceptance, admit_order, admit_plan
from ecluse.domain.alerts import Severity
from ecluse.domain.entry import Event
from ecluse.domain.incident_exposures import ExposureKind
from ecluse.domain.incidents import Step
from ecluse.domain.permissions import Parties, Role
from ecluse.domain.records import Acceptance, Decision, ErasureCertificate, Receipt, Reconciliation
from ecluse.seal.sealing import Identity
from ecluse.store.acts import (
    access,
    agents,
    agreements,
    alerts,
    decisions,
    incidents,
    orders,
    people,
    reports,
    traces,
    warnings,
)
from ecluse.store.models import (
    Agent,
    AgreementVersion,
    Alert,
    IncidentRow,
    Invitation,
    JournalLine,
    Migration,
    Organisation,
    Person,
    Recovery,
    ReportedWarning,
    SubProcessorNotice,
)
from ecluse.store.reads.papers import signatures_of
from ecluse.wire.artefacts import digest_of, encode, kind_of, namespace
from ecluse.workspace.place import Place, Workspace
from room_papers import SITE, agreement_text, order_text, passkey_of, signers_of
from room_traces import concluded, export
from rooms import LAB, VENDOR, Room
from synthetic_evidence import STAGES, Keys, make_plan
from synthetic_evidence import Migration as Synthetic

FIELDS = {
    "patient": ["source_id", "birth_date"],
    "request": ["source_id", "registered_on"],
    "observation": ["source_id", "code", "value"],
}
AGENTS = {Place.SOURCE: "agent-a", Place.DESTINATION: "agent-b"}


@lru_cache(maxsize=1)
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="room-migrations-")


@lru_cache(maxsize=1)
def keys() -> Keys:
    """The agents' keys; made once."""
    folder = Path(_folder().name) / "keys"
    folder.mkdir()
    return Keys(folder)


def signed_by(person: Person, value: object) -> bytes:
    """A person's passkey over an artefact, as their browser would give it."""
    return passkey_of(person).sign(encode(value), namespace=namespace(kind_of(type(value))), origin=SITE)


def enrolled(room: Room) -> dict[Place, Agent]:
    """The vendor's two agents; enrolled once."""
    for place, handle in AGENTS.items():
        if not Agent.objects.filter(handle=handle).exists():
            owner = room.people[VENDOR, Role.ENGINEER]
            organisation = Organisation.objects.get(slug=VENDOR)
            code = agents.invite(owner.handle, organisation, place, handle, owner=owner)
            agents.enrol(handle, code, keys().line(handle), "1.0")
    return {place: Agent.objects.get(handle=handle) for place, handle in AGENTS.items()}


def agreed(room: Room, lab: str = LAB, number: str = "DPA-M") -> AgreementVersion:
    """An agreement in force that names both agents."""
    named = signers_of(room, (lab, Role.DIRECTOR), (VENDOR, Role.DIRECTOR))
    for place, agent in enrolled(room).items():
        line = {"id": agent.handle, "name": agent.handle, "role": f"{place}_agent", "key": agent.key}
        named["processor"].append(line)
    by = room.people[lab, Role.DPO]
    parties = Organisation.objects.get(slug=lab), Organisation.objects.get(slug=VENDOR)
    version = agreements.draft(by.handle, number, *parties, agreement_text(named), by=by)
    made = agreements.freeze(by.handle, version)
    for slug in (lab, VENDOR):
        person = room.people[slug, Role.DIRECTOR]
        agreements.sign(person.handle, version, person.handle, signed_by(person, made))
    version.refresh_from_db()
    return version


def ordered(
    room: Room, agreement: AgreementVersion, number: str = "ORD-M", trace: dict[str, str] | None = None
) -> Migration:
    """An approved order's migration; ``trace``: the fingerprints that it asks for."""
    lab = agreement.controller.slug
    director, by = room.people[lab, Role.DIRECTOR], room.people[lab, Role.DPO]
    text = order_text(room, lab, fields=FIELDS, sites=["NORD", "SUD"], exclude_categories=[])
    text["retention"]["erase_after_acceptance"] = "0d"
    text["trace"] = trace
    version = orders.draft(by.handle, number, agreement, text, by=by)
    made = orders.freeze(by.handle, version)
    assert orders.approve(director.handle, version, director.handle, signed_by(director, made))
    return Migration.objects.get(order=version)


_OPEN: list["Places"] = []


def close_all() -> None:
    """Close the places that the last test opened."""
    while _OPEN:
        _OPEN.pop().close()


class Places(Synthetic):
    """Both places of a migration that the room knows; what they did is told with :meth:`tell`."""

    def __init__(self, room: Room, row: Migration) -> None:
        self.room, self.row, self._began = room, row, timezone.now().replace(microsecond=0)
        root = Path(tempfile.mkdtemp(dir=_folder().name))
        super().__init__(root, keys())
        _OPEN.append(self)

    def clock(self) -> dt.datetime:
        self._ticks += 1
        return self._began + dt.timedelta(seconds=self._ticks)

    @property
    def director(self) -> Person:
        return self.room.people[self.row.order.agreement.controller.slug, Role.DIRECTOR]

    def _planned(self) -> None:
        self.agreement = agreements.artefact_of(self.row.order.agreement)
        self.order = orders.artefact_of(self.row.order)
        self.plan = make_plan(self.order, self.source.key.vkey)
        self.papers = [(each, signatures_of(digest_of(each))) for each in (self.agreement, self.order)]
        self.papers.append((self.plan, self._signed(self.plan, "agent-a")))
        admit_order(self.source, *self.papers[0], *self.papers[1])
        admit_plan(self.source, *self.papers[2])

    def _accepted(self) -> None:
        now = timezone.now()
        self.acceptance = decisions.acceptance_of(self.row, Decision.ACCEPTED, "", self.director, now)
        decisions.decide(self.director.handle, self.row, self.acceptance, signed_by(self.director, self.acceptance))
        signed = signatures_of(digest_of(self.acceptance))
        for place in (self.destination, self.source):
            admit_acceptance(place, self.acceptance, signed)

    def told(self, until: str = "erased") -> "Places":
        """Run to a stage; each stage is told as soon as it is reached."""
        for _ in self.run(until):
            self.tell()
        return self

    def tell(self) -> None:
        """Report both journals, then the papers, as the agents do."""
        for place in (self.source, self.destination):
            agent = Agent.objects.get(handle=AGENTS[place.place])
            known = self.row.places.filter(place=place.place).first()
            start = known.size if known else 0
            if place.journal.size > start:
                entries = list(place.journal.entries(start))
                log = place.key.vkey
                reports.report(
                    agent.handle, agent, self.row, reports.Report(log, start, entries, place.journal.checkpoint())
                )
            if given := list(self._given(place)):
                reports.keep_papers(agent.handle, agent, self.row, given)
        self.row.refresh_from_db()

    def _given(self, place: Workspace) -> Iterator[reports.GivenPaper]:
        pins = place.progress().pins
        values: list[Any] = [self.plan] if "plan" in pins else []
        values += [receipt for receipt in getattr(self, "receipts", ()) if self._holds(place, receipt)]
        for cls, kind in (
            (Reconciliation, "reconciliation"),
            (Acceptance, "acceptance"),
            (ErasureCertificate, "erasure"),
        ):
            if kind in pins:
                values.append(place.get(cls, pins[kind]))
        for value in values:
            signed = place.signatures(type(value), digest_of(value))
            yield reports.GivenPaper(kind_of(type(value)), encode(value), signed)

    @staticmethod
    def _holds(place: Workspace, receipt: Receipt) -> bool:
        done = place.progress()
        return digest_of(receipt) in {*done.sealed.values(), *done.received.values()}

    def stop(self, event: Event = Event.SUSPENDED) -> None:
        """The source's place records an instruction without asking who gave it."""
        self._log(self.source, event, subject="sha256:" + "0" * 64)


def begun(room: Room, lab: str = LAB, number: str = "M") -> Places:
    """A migration of a laboratory with its own agreement and order."""
    return Places(room, ordered(room, agreed(room, lab, f"DPA-{number}"), f"ORD-{number}"))


@dataclass(frozen=True)
class Things:
    """One of everything of a laboratory and its vendor, by the names that addresses use, and whose each is."""

    by_name: dict[str, Any]
    parties: dict[str, Parties]

    def __getitem__(self, name: str) -> Any:
        return self.by_name[name]


def things(room: Room, lab: str = LAB, stage: str = STAGES[5]) -> Things:
    """Furnish: agreement, order, migration (reconciled), journal entry, agent, person, invitation, recovery…"""
    places = begun(room, lab, f"T-{lab}").told(stage)
    organisation = Organisation.objects.get(slug=lab)
    admin, person = room.people[lab, Role.ADMINISTRATOR], room.people[lab, Role.DPO]
    both, own = Parties.of(lab, VENDOR), Parties.of(lab)
    people.invite(admin.handle, organisation, Role.AUDITOR, f"noor.b@{lab}.example", "Noor B", by=admin)
    access.ask_recovery(admin.handle, organisation, person, by=admin)
    agent = _agent_of(room, lab)
    recovery = Recovery.objects.filter(organisation=organisation).latest("pk")
    membership = person.memberships.get(organisation=organisation)
    found: dict[str, tuple[Any, Parties]] = {
        "organisation": (lab, own),
        "person": (person.handle, own),
        "membership": (membership.pk, own),
        "invitation": (Invitation.objects.filter(organisation=organisation).latest("pk").pk, own),
        "recovery": (recovery.pk, own),
        "agreement": (places.row.order.agreement.pk, both),
        "order": (places.row.order.pk, both),
        "migration": (places.row.pk, both),
        "agent": (agent.pk, own),
        "entry": (_line_about(lab), both),
        "notice": (_notice(room, places.row.order.agreement).pk, both),
    }
    warning = _warning(room, lab)
    found |= {"warning": (warning.receipt, both), "message": (warning.messages.latest("pk").pk, both)}
    found["alert"] = (_alert(lab).pk, both)
    found |= {"incident": (_incident(room, lab), both), "exposure": (1, both)}
    found["trace"] = (_trace(room, lab, found["incident"][0], places.row), both)
    found |= {"step": ("aware", both), "paper": ("record", both)}
    return Things(
        {name: thing for name, (thing, _) in found.items()}, {name: whose for name, (_, whose) in found.items()}
    )


def _alert(lab: str) -> Alert:
    return alerts.raise_alert(
        "watch", rule="place_scope_violation", severity=Severity.CRITICAL, group=f"ORD-{lab}", concerns=(lab, VENDOR),
        subject=f"ORD-{lab}", people=(), marks=("room/1",), title_en="Rows outside the order were stopped",
        title_fr="Des lignes hors de l'ordre ont été arrêtées", at=timezone.now(),
    )  # fmt: skip


def _notice(room: Room, agreement: AgreementVersion) -> SubProcessorNotice:
    by = room.people[VENDOR, Role.DIRECTOR]
    text = {"name": "Hébergeur SAS", "address": "2 quai", "contact": "a@b.example", "processing": "Hébergement."}
    return agreements.announce(by.handle, agreement, text, 30, by=by)


def _warning(room: Room, lab: str) -> ReportedWarning:
    officer = room.people[VENDOR, Role.SECURITY_OFFICER]
    warnings.set_key(officer.handle, officer, Identity.generate().recipient)
    done = warnings.receive("anonymous", warnings.Given("Le serveur est ouvert.", organisation=lab))
    warning = ReportedWarning.objects.get(receipt=done.receipt)
    warnings.write("anonymous", warning, "Il l'est encore.", ())
    return warning


def _incident(room: Room, lab: str) -> str:
    by, vendor = room.people[VENDOR, Role.SECURITY_OFFICER], Organisation.objects.get(slug=VENDOR)
    given = incidents.Opened("Fichier en vente", "Un fichier est offert sur un forum.", timezone.now())
    (row,) = incidents.open_incident(by.handle, vendor, [Organisation.objects.get(slug=lab)], given, by=by)
    place = incidents.GivenExposure(ExposureKind.LINK, "https://forum.example/1", timezone.now())
    incidents.note_exposure(by.handle, row, place, by=by)
    incidents.take_step(by.handle, row, incidents.GivenStep(Step.NOTICE), by=by)
    return str(row.number)


def _trace(room: Room, lab: str, incident: str, migration: Migration) -> int:
    by = room.people[lab, Role.DPO]
    row = IncidentRow.objects.get(number=incident)
    return int(traces.tell_trace(by.handle, row, concluded(export(migration)), by=by).number)


def _agent_of(room: Room, lab: str) -> Agent:
    owner = room.people[lab, Role.ENGINEER]
    agents.invite(owner.handle, Organisation.objects.get(slug=lab), Place.SOURCE, f"agent-of-{lab}", owner=owner)
    return Agent.objects.get(handle=f"agent-of-{lab}")


def _line_about(lab: str) -> int:
    return int(next(line.index for line in JournalLine.objects.filter(event="order.approved") if lab in line.concerns))
