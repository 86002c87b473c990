"""Steps on one place's journal: its key, its checkpoint, its tree, its entries, and the laws that they obey.

Each function takes the place's name first; the register binds it.
"""

import datetime as dt
from collections.abc import Iterator

from ecluse.domain.entry import Entry, Event
from ecluse.domain.errors import EcluseError
from ecluse.domain.instruction import Action, Instruction
from ecluse.domain.lifecycle import Move, State, after
from ecluse.domain.plan import Plan
from ecluse.domain.records import Acceptance, Decision, ErasureCertificate, Receipt, Reconciliation
from ecluse.verify import _notes, _tree
from ecluse.verify._case import SKEW, Case, Paper, PlaceCase, check_utc, fits, short
from ecluse.verify._laws import check_laws
from ecluse.verify._sshsig import Key, log_key
from ecluse.verify._steps_order import LOG_NAMESPACE
from ecluse.verify.report import FailedError, NotReachedError, Words
from ecluse.wire.artefacts import decode

MOVES = {
    Event.ORDER_APPROVED: Move.APPROVE,
    Event.PLAN_SIGNED: Move.PLAN,
    Event.EXTRACTION_STARTED: Move.EXTRACT,
    Event.EXTRACTION_SEALED: Move.SEAL,
    Event.DELIVERED: Move.DELIVER,
    Event.LOADED: Move.LOAD,
    Event.RECONCILED: Move.RECONCILE,
    Event.ACCEPTED: Move.ACCEPT,
    Event.REFUSED: Move.REFUSE,
    Event.ABORTED: Move.ABORT,
    Event.SUSPENDED: Move.SUSPEND,
    Event.RESUMED: Move.RESUME,
    Event.ERASED: Move.ERASE,
}
PINS = {
    Event.AGREEMENT_RECORDED: "agreement",
    Event.ORDER_APPROVED: "order",
    Event.PLAN_SIGNED: "plan",
    Event.RECONCILED: "reconciliation",
    Event.ACCEPTED: "acceptance",
    Event.REFUSED: "acceptance",
    Event.ERASED: "erasure",
}
INSTRUCTED = {Event.SUSPENDED: Action.SUSPEND, Event.RESUMED: Action.RESUME, Event.ABORTED: Action.ABORT}
_DURING = {
    Event.BATCH_EXTRACTING: {State.EXTRACTING},
    Event.BATCH_SEALED: {State.EXTRACTING},
    Event.PARCEL_DELIVERING: {State.SEALED},
    Event.PARCEL_ERASING: {State.EXTRACTING},
    Event.PARCEL_RECEIVING: {State.PLANNED},
    Event.PARCEL_RECEIVED: {State.PLANNED},
    Event.BATCH_LOADING: {State.DELIVERED},
    Event.BATCH_LOADED: {State.DELIVERED},
    Event.PUBLISHING: {State.DELIVERED},
    Event.SAMPLE_COMPARED: {State.LOADED, State.RECONCILED, State.ACCEPTED, State.REFUSED, State.SUSPENDED},
    Event.TRACE_KEEPING: {State.EXTRACTING, State.ABORTED},
    Event.TRACE_ERASING: {State.ERASED},
    Event.ERASING: {State.ACCEPTED, State.REFUSED, State.ABORTED},
}
"""Effects, and the states in which they may happen: a suspended migration moves no row, an erased one least of all."""
_ED25519 = b"\x00\x00\x00\x0bssh-ed25519"
_RECEIPTS = frozenset({Event.BATCH_SEALED, Event.PARCEL_RECEIVED, Event.BATCH_LOADED})


def key(name: str, case: Case) -> Words:
    """The log's key is well-formed, of this place alone, and the trusted one where trust says which."""
    place = case.place(name)
    place.key = _notes.read_vkey(_file(place, "vkey"))
    parts = place.key.name.split("/")
    fits(
        len(parts) == len(("ecluse", "place", "agent")) and parts[:2] == ["ecluse", name],
        f"{name}: the log's name is not ecluse/{name}/<agent>",
        f"{name} : le journal ne s'appelle pas ecluse/{name}/<agent>",
    )
    others = [other.key.public for other in case.places.values() if other is not place and other.key]
    fits(place.key.public not in others, f"{name}: both places use one log key", f"{name} : clé commune aux deux lieux")
    found = log_key(place.key.public)
    if case.trust is not None and case.trust.knows(place.key.name):
        fits(
            found in case.trust.keys(place.key.name, LOG_NAMESPACE),
            f"{name}: the log's key is not the trusted one",
            f"{name} : la clé du journal n'est pas celle de confiance",
        )
        return Words(f"{place.key.name}: the trusted key", f"{place.key.name} : la clé de confiance")
    return Words(
        f"{place.key.name} {found.fingerprint}: the bundle's own word; compare out of band",
        f"{place.key.name} {found.fingerprint} : d'après le lot lui-même ; comparez par une autre voie",
    )


def checkpoint(name: str, case: Case) -> Words:
    """The checkpoint is signed by that key; cosignatures by witnesses whose keys are trusted are right."""
    place = case.place(name)
    head = _notes.read_checkpoint(_file(place, "checkpoint"))
    if place.key is None:
        raise FailedError(f"{name}: no log key", f"{name} : pas de clé de journal")
    _notes.check_log(head, place.key)
    seen = sum(_notes.check_witness(head, who, _public(pin)) for who, pin in _witnesses(case, place))
    place.checkpoint = head
    return Words(
        f"{head.size} entries, signed; {seen} cosignatures by trusted witnesses",
        f"{head.size} entrées, signé ; {seen} contresignatures de témoins de confiance",
    )


def _witnesses(case: Case, place: PlaceCase) -> Iterator[tuple[str, Key]]:
    for pin in case.trust.pins if case.trust else ():
        if pin.key.blob.startswith(_ED25519):
            yield from ((who, pin.key) for who in pin.names if place.key and who != place.key.name)


def _public(pinned: Key) -> bytes:
    return pinned.blob[-32:]


def root(name: str, case: Case) -> Words:
    """The checkpoint's root is that of the entry bundles, and the journal's files are those of its size."""
    place = case.place(name)
    head = _head(place)
    bundles = sum(len(data) for path, data in place.journal.items() if path.startswith("tile/entries/"))
    fits(head.size * 2 <= bundles, f"{name}: entries are missing", f"{name} : des entrées manquent")
    place.raw = _tree.entries_of(place.journal, head.size)
    own = _tree.root_of([_tree.leaf(entry) for entry in place.raw])
    fits(
        own == head.root,
        f"{name}: the entries are not those signed",
        f"{name} : ces entrées ne sont pas celles signées",
    )
    surplus = place.journal.keys() - _tree.files_of(head.size) - {"checkpoint", "vkey"}
    fits(
        not surplus,
        f"{name}: {min(surplus, default='')} belongs to no journal of this size",
        f"{name} : {min(surplus, default='')} n'appartient pas à un journal de cette taille",
    )
    return Words(f"the root of {head.size} entries is the signed one", f"racine des {head.size} entrées conforme")


def tiles(name: str, case: Case) -> Words:
    """The hash tiles alone give the same root."""
    place = case.place(name)
    own = _tree.check_tiles(place.journal, [_tree.leaf(entry) for entry in place.raw])
    fits(own == _head(place).root, f"{name}: the tiles give another root", f"{name} : autre racine d'après les tuiles")
    return Words("the tiles give the same root", "les tuiles donnent la même racine")


def entries(name: str, case: Case) -> Words:
    """Every entry parses strictly, is by the place's own agent, and about one order."""
    place = case.place(name)
    made = []
    for number, data in enumerate(place.raw):
        try:
            made.append(decode(Entry, data))
        except EcluseError as error:
            raise FailedError(
                f"{name}: entry {number} does not parse: {error}", f"{name} : entrée {number} illisible : {error}"
            ) from None
    _check_opening(name, made)
    orders = {entry.order for entry in made[1:]}
    fits(len(orders) <= 1 and None not in orders, f"{name}: entries of several orders", f"{name} : plusieurs ordres")
    for number, entry in enumerate(made):
        check_utc(entry, f"{name}: entry {number}")
        approving = entry.event is Event.ORDER_APPROVED
        fits(not approving or entry.subject == entry.order, f"{name}: approves another order", f"{name} : autre ordre")
        fits(
            entry.actor == place.agent,
            f"{name}: entry {number} is not by the place's agent",
            f"{name} : l'entrée {number} n'est pas de l'agent du lieu",
        )
    place.entries = tuple(made)
    return Words(f"{len(made)} entries parse", f"{len(made)} entrées lisibles")


def _check_opening(name: str, made: list[Entry]) -> None:
    opened = [number for number, entry in enumerate(made) if entry.event is Event.OPENED]
    fits(
        opened == [0] and made[0].subject == name and made[0].order is None,
        f"{name}: the journal does not begin with its opening",
        f"{name} : le journal ne commence pas par son ouverture",
    )


def time(name: str, case: Case) -> Words:
    """Time never runs backwards, nor past the auditor's own."""
    place = case.place(name)
    before = dt.datetime.min.replace(tzinfo=dt.UTC)
    for number, entry in enumerate(place.entries):
        fits(
            entry.at >= before,
            f"{name}: entry {number} is dated before the one above it",
            f"{name} : l'entrée {number} est datée d'avant la précédente",
        )
        before = entry.at
    fits(before <= case.now + SKEW, f"{name}: dated in the future", f"{name} : daté du futur")
    return Words(
        f"from {_instant(place.entries[0].at)} to {_instant(before)}",
        f"du {_instant(place.entries[0].at)} au {_instant(before)}",
    )


def transitions(name: str, case: Case) -> Words:
    """Every move is one that the transition table allows, and every effect happens in its own state."""
    state, before = State.ORDERED, None
    for number, entry in enumerate(case.place(name).entries):
        fits(
            state in _DURING.get(entry.event, {state}),
            f"{name}: entry {number}: {entry.event} in a migration that is {state}",
            f"{name} : entrée {number} : {entry.event} dans une migration à l'état {state}",
        )
        move = MOVES.get(entry.event)
        if move is None:
            continue
        try:
            moved = after(state, move, resumes=before)
        except EcluseError as error:
            raise FailedError(
                f"{name}: entry {number}: {error}", f"{name} : entrée {number} : passage interdit ({move}, {state})"
            ) from None
        before = state if move is Move.SUSPEND and state is not State.SUSPENDED else before
        state = moved
    return Words(f"now {state}", f"état : {state}")


def laws(name: str, case: Case) -> Words:
    """Nothing happens before its entry: each effect stands after the entry that announces it (law 5)."""
    count = check_laws(name, case.place(name).entries)
    return Words(f"{count} effects stand after their announcements", f"{count} effets suivent leur annonce")


def pins(name: str, case: Case) -> Words:
    """Every artefact that the journal names is in the bundle, and every artefact in the bundle is named."""
    place = case.place(name)
    named = set(_named(place))
    held = {key for key in place.papers if key[0] != "source-profile"}
    for kind, address in sorted(named - held):
        raise FailedError(
            f"{name}: {kind} {short(address)} is in the journal, not in the bundle",
            f"{name} : {kind} {short(address)} est au journal, pas dans le lot",
        )
    for kind, address in sorted(held - named):
        raise FailedError(
            f"{name}: {kind} {short(address)} is in the bundle, not in the journal",
            f"{name} : {kind} {short(address)} est dans le lot, pas au journal",
        )
    return Words(f"{len(named)} artefacts, each named by the journal", f"{len(named)} artefacts, tous au journal")


def _named(place: PlaceCase) -> Iterator[tuple[str, str]]:
    for entry in place.entries:
        if entry.event in PINS:
            yield PINS[entry.event], entry.subject
        elif entry.event in _RECEIPTS:
            yield "receipt", str(entry.detail.get("receipt", ""))
        elif entry.event in INSTRUCTED and entry.subject.startswith("sha256:"):
            yield "instruction", entry.subject


def facts(name: str, case: Case) -> Words:
    """What the journal says of an artefact is what the artefact says, and it is dated where the journal has it."""
    place = case.place(name)
    begun = {entry.subject: entry.at for entry in place.events(Event.BATCH_EXTRACTING)}
    held = {address: paper for (_, address), paper in place.papers.items()}
    count = 0
    for number, entry in enumerate(place.entries):
        paper = held.get(str(entry.detail.get("receipt", entry.subject)))
        if paper is None:
            continue
        says = _says(case, name, entry, paper, begun.get(entry.subject, place.entries[0].at))
        fits(
            says,
            f"{name}: entry {number} ({entry.event}) and its {paper.kind} differ in facts or dates",
            f"{name} : l'entrée {number} ({entry.event}) et son « {paper.kind} » diffèrent (faits ou dates)",
        )
        count += 1
    return Words(f"{count} entries agree with their artefacts", f"{count} entrées conformes à leurs artefacts")


def _says(case: Case, place: str, entry: Entry, paper: Paper, begun: dt.datetime) -> bool:
    if entry.event in _RECEIPTS:
        receipt = case.value(Receipt, paper)
        same = receipt.batch == entry.subject and entry.detail.get("parcel", receipt.parcel) == receipt.parcel
        same = same and entry.detail.get("rows", receipt.rows) == receipt.rows
        return same and (entry.event is not Event.BATCH_SEALED or begun <= receipt.sealed_at <= entry.at)
    if entry.event is Event.PLAN_SIGNED:
        plan = case.value(Plan, paper)
        on_time = place != "source" or plan.made_at <= entry.at
        return on_time and entry.detail.get("batches", len(plan.batches)) == len(plan.batches)
    if entry.event is Event.RECONCILED:
        account = case.value(Reconciliation, paper)
        on_time = place != "destination" or begun <= account.made_at <= entry.at
        return on_time and entry.detail.get("differences", len(account.differences)) == len(account.differences)
    if entry.event in {Event.ACCEPTED, Event.REFUSED}:
        decision = case.value(Acceptance, paper).decision
        return (decision is Decision.REFUSED) == (entry.event is Event.REFUSED)
    if entry.event is Event.ERASED:
        return begun <= case.value(ErasureCertificate, paper).erased_at <= entry.at
    return entry.event not in INSTRUCTED or _is_told(entry, case.value(Instruction, paper))


def _is_told(entry: Entry, told: Instruction) -> bool:
    same = told.action is INSTRUCTED[entry.event] and told.signatory == entry.detail.get("by", told.signatory)
    return same and told.given_at <= entry.at + SKEW


def places_agree(case: Case) -> Words:
    """What one place sealed and sent is what the other received and loaded, parcel by parcel."""
    source, destination = case.place("source"), case.place("destination")
    orders = [source.entries[-1].order, destination.entries[-1].order]
    if None in orders:
        raise NotReachedError("a place has no order yet", "un lieu n'a pas encore d'ordre")
    fits(orders[0] == orders[1], "the two journals are about two orders", "les deux journaux portent sur deux ordres")
    sealed = {e.subject: (e.detail.get("receipt"), e.detail.get("parcel")) for e in source.events(Event.BATCH_SEALED)}
    received = list(destination.events(Event.PARCEL_RECEIVED))
    sent = {entry.subject for entry in source.events(Event.PARCEL_DELIVERING)}
    for entry in received:
        fits(
            sealed.get(entry.subject) == (entry.detail.get("receipt"), entry.detail.get("parcel")),
            f"{entry.subject}: received another parcel than was sealed",
            f"{entry.subject} : le colis reçu n'est pas le colis scellé",
        )
        fits(
            entry.subject in sent, f"{entry.subject}: received but never sent", f"{entry.subject} : reçu, jamais envoyé"
        )
    return Words(
        f"{len(received)} parcels sent and received alike", f"{len(received)} colis envoyés et reçus à l'identique"
    )


def _head(place: PlaceCase) -> _notes.Checkpoint:
    if place.checkpoint is None:
        raise FailedError("no checkpoint", "pas de point de contrôle")
    return place.checkpoint


def _file(place: PlaceCase, path: str) -> bytes:
    if path not in place.journal:
        raise FailedError(f"{place.name}/journal/{path}: missing", f"{place.name}/journal/{path} : absent")
    return place.journal[path]


def _instant(at: dt.datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%SZ}"
