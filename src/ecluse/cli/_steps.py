"""The steps of a migration, each with progress; what they do is in ``control`` and ``migration``."""

from collections.abc import Callable, Mapping
from pathlib import Path

from ecluse.cli import _output
from ecluse.cli._site import Site
from ecluse.cli._text import tr
from ecluse.control.conduct import Step, next_step
from ecluse.control.decision import decide, fetch_decision, send_decision
from ecluse.control.instruct import check_goes_on, exchange_instructions
from ecluse.control.reading import look
from ecluse.control.setup import place_of
from ecluse.control.signatures import sign_artefact, signer_of_key
from ecluse.control.transfer import deliver as send
from ecluse.control.transfer import receive as collect
from ecluse.domain.agreement import Agreement, SignerRole
from ecluse.domain.errors import (
    EcluseError,
    MalformedError,
    OrderError,
    ProfileError,
    SignatureError,
    TransitionError,
    UsageError,
)
from ecluse.domain.instruction import Action
from ecluse.domain.lifecycle import State
from ecluse.domain.order import Order
from ecluse.domain.plan import Plan
from ecluse.domain.policies import check_agent
from ecluse.domain.records import Acceptance, Decision, Receipt, Reconciliation
from ecluse.migration.extract import run_extraction
from ecluse.migration.load import run_load
from ecluse.migration.reconcile import run_reconciliation
from ecluse.wire.artefacts import decode, digest_of
from ecluse.workspace.files import erase, read
from ecluse.workspace.place import Place, Workspace

Signer = Callable[[object], Mapping[str, bytes]]

Watch = Callable[[Workspace], None]
"""Called with the open place whenever a part of a step is done; whatever it raises stops the step there."""


def unwatched(_place: Workspace) -> None:
    """Nobody watches."""


_UNDECIDED = {State.DELIVERED, State.LOADED, State.RECONCILED}
"""Where the source's place stands until it learns the decision."""


def states(site: Site) -> tuple[State | None, State | None]:
    """Where source and destination stand; None for a place that this machine does not hold."""
    found = [look(place_of(site.root, p)).progress().state if site.has(p) else None for p in Place]
    return found[0], found[1]


def due(site: Site) -> Step:
    """The step that comes next."""
    return next_step(*states(site))


def signer(key: Path, agent: str) -> Signer:
    """Signs artefacts as ``agent``."""
    return lambda value: {agent: sign_artefact(value, key)}


def extract(site: Site, watch: Watch = unwatched) -> None:
    """Extract, gate and seal every planned batch that is not sealed yet."""
    with site.open(Place.SOURCE) as place:
        profile, key = site.source_profile(), site.source_key()
        plan = place.pinned(Plan)
        if digest_of(profile) != plan.profile:
            raise ProfileError("the profile is not the one that the plan was made with")
        source = site.open_source(profile)
        try:
            excluded = frozenset(site.excluded(source, profile, place.pinned(Order)) or ())
        finally:
            source.close()
        sign = signer(key, _agent(place, key, SignerRole.SOURCE_AGENT))
        left = sum(batch.rows for batch in plan.batches if batch.id not in place.progress().sealed)
        with _output.progress(tr("extract, gate, seal", "extraire, vérifier, sceller"), left) as advance:
            run_extraction(
                place,
                lambda: site.open_source(profile),
                profile,
                sign,
                excluded=excluded,
                report=_told(advance, watch, place),
            )
        _output.say(
            tr(
                f"sealed: {_output.count(len(plan.batches))} parcels",
                f"scellé : {_output.count(len(plan.batches))} colis",
            )
        )


def deliver(site: Site, watch: Watch = unwatched) -> None:
    """Send what is sealed."""
    with site.open(Place.SOURCE) as place:
        total = len(place.progress().sealed)
        with _output.progress(tr("deliver", "remettre"), total) as advance:
            send(place, site.mailbox, _told(advance, watch, place))
        _output.say(tr(f"delivered: {_output.count(total)} parcels", f"remis : {_output.count(total)} colis"))


def receive(site: Site, watch: Watch = unwatched) -> None:
    """Fetch and verify what was sent; make the destination's place at the first time."""
    key = site.destination_key()
    if not site.has(Place.DESTINATION):
        agent = _agent_waiting(site, key)
        Workspace.create(place_of(site.root, Place.DESTINATION), Place.DESTINATION, agent).close()
    with site.open(Place.DESTINATION) as place:
        sign = signer(key, place.agent)
        with _output.progress(tr("receive, verify", "recevoir, vérifier"), 0) as advance:
            collect(place, site.mailbox, sign, _told(advance, watch, place), agreement=site.agreement())
        count = _output.count(len(place.progress().received))
        _output.say(tr(f"received and verified: {count} parcels", f"reçu et vérifié : {count} colis"))


def load(site: Site, watch: Watch = unwatched) -> None:
    """Load what was received, then publish."""
    with site.open(Place.DESTINATION) as place:
        check_goes_on(place)
        profile, identity = site.destination_profile(), site.identity()
        done = place.progress().loaded
        receipts = [place.get(Receipt, a) for batch, a in place.progress().received.items() if batch not in done]
        with _output.progress(
            tr("open, check, load", "ouvrir, vérifier, charger"), sum(r.rows for r in receipts)
        ) as advance:
            run_load(
                place,
                identity,
                lambda: site.open_destination(profile),
                profile,
                report=_told(advance, watch, place),
            )
        rows = _output.count(sum(r.rows for r in map(_receipt(place), place.progress().loaded.values())))
        _output.say(tr(f"loaded: {rows} rows", f"chargé : {rows} lignes"))


def reconcile(site: Site, watch: Watch = unwatched) -> Reconciliation:
    """Read everything back and give account."""
    with site.open(Place.DESTINATION) as place:
        check_goes_on(place)
        profile, identity, key = site.destination_profile(), site.identity(), site.destination_key()
        total = sum(r.rows for r in map(_receipt(place), place.progress().loaded.values()))
        sign = signer(key, _agent(place, key, SignerRole.DESTINATION_AGENT))
        with _output.progress(tr("read back, compare", "relire, comparer"), total) as advance:
            return run_reconciliation(
                place, identity, lambda: site.open_destination(profile), sign, _told(advance, watch, place)
            )


def accept(site: Site, key: Path, decision: Decision | None, remarks: str) -> Acceptance:
    """Record the controller's decision at the destination, and at the source where it is on this machine."""
    with site.open(Place.DESTINATION) as place:
        acceptance = decide(place, key, decision, remarks)
        send_decision(place, site.mailbox)
    learn(site)
    return acceptance


def learn(site: Site) -> bool:
    """Let the source's place learn the decision, which must happen before the destination's is erased.

    False where there is none yet, or nobody here to learn it. A stray paper is told once that is done.
    """
    stray = heard(site)
    learned = decided(site)
    if stray is not None:
        raise stray
    return learned


def decided(site: Site) -> bool:
    """The half of :func:`learn` that is about the decision."""
    source, destination = states(site)
    if destination in {State.ACCEPTED, State.REFUSED} and source in {None, *_UNDECIDED}:
        # A crash between deciding and sending is made good here: sending twice is harmless.
        with site.open(Place.DESTINATION) as place:
            send_decision(place, site.mailbox)
    if not site.has(Place.SOURCE):
        return False
    with site.open(Place.SOURCE) as place:
        return fetch_decision(place, site.mailbox)


def heard(site: Site) -> EcluseError | None:
    """As :func:`hear`; what is wrong with a paper there, by whoever can write to the mailbox, is returned."""
    try:
        hear(site)
    except (MalformedError, SignatureError, OrderError) as error:
        return error
    return None


def hear(site: Site) -> None:
    """Exchange instructions to stop, go on or give up with the other place, by the mailbox; say what is new."""
    words = {
        Action.SUSPEND: tr("suspended by", "suspendue par"),
        Action.RESUME: tr("resumed by", "reprise par"),
        Action.ABORT: tr("aborted by", "abandonnée par"),
    }
    for place in Place:
        if site.has(place):
            with site.open(place) as opened:
                told = exchange_instructions(opened, site.mailbox)
            for each in told:
                _output.say(f"{place}: {words[each.action]} {each.signatory}", style="bold")


def _told(advance: _output.Advance, watch: Watch, place: Workspace) -> Callable[..., None]:
    """What a step calls with a part that is done, and its rows where it counts them."""

    def told(_part: object, rows: int = 1) -> None:
        advance(rows)
        watch(place)

    return told


def _receipt(place: Workspace) -> Callable[[str], Receipt]:
    return lambda address: place.get(Receipt, address)


def _agent(place: Workspace, key: Path, role: SignerRole) -> str:
    agreement = place.pinned(Agreement)
    found = signer_of_key(key, agreement)
    check_agent(agreement, found, role)
    if found != place.agent:
        raise UsageError(
            tr(f"this place works under the agent {place.agent}, not {found}",
               f"ce lieu travaille sous l'agent {place.agent}, pas {found}")
        )  # fmt: skip
    return found


def _agent_waiting(site: Site, key: Path) -> str:
    """The id of a key's owner, by the agreement that waits in the mailbox; nothing else is believed of it yet."""
    names = [n for n in site.mailbox.waiting() if n.startswith("agreement.") and n.endswith(".json")]
    if len(names) != 1:
        raise TransitionError(
            tr("no migration waits in the mailbox", "aucune migration n'attend dans la boîte"),
            hint=site.mailbox_name,
        )
    path = site.root / names[0]
    site.root.mkdir(parents=True, exist_ok=True, mode=0o700)
    site.mailbox.collect(names[0], path)
    try:
        agreement = decode(Agreement, read(path), file=names[0])
    finally:
        erase(path)
    found = signer_of_key(key, agreement)
    check_agent(agreement, found, SignerRole.DESTINATION_AGENT)
    return found


def states_json(site: Site) -> dict[str, str | None]:
    """Where both places stand, for programs."""
    source, destination = states(site)
    return {"source": str(source) if source else None, "destination": str(destination) if destination else None}
