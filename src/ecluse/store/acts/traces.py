"""What tracing concluded, told to an incident (R11): by the controller's own people, of the controller's own exports.

No sample comes here, nor anything of its lines. The journal holds a number and a salted digest.
"""

import secrets
from collections.abc import Sequence
from typing import Any

from ecluse.domain.conclusions import Conclusion, TracedExport, check_replaces
from ecluse.domain.errors import TransitionError, UsageError
from ecluse.domain.incident_exposures import check_words
from ecluse.domain.incidents import Phase
from ecluse.domain.permissions import Action, Parties, check_may
from ecluse.domain.room import RoomEvent
from ecluse.domain.tracing import controller_named
from ecluse.store.acts.orders import artefact_of
from ecluse.store.models import IncidentRow, IncidentTrace, OrderVersion, Person
from ecluse.store.reads.incidents import slugs_of
from ecluse.store.reads.spared import check_incident_exists_for, told_of
from ecluse.store.recording import Act, act
from ecluse.wire.artefacts import to_json
from ecluse.wire.canonical import canonical, digest

MOST, MOST_BYTES = 80, 3 << 19
"""How many conclusions an incident holds at most, and how many bytes of them (canonical form) all together."""
SPARE, SPARE_BYTES = 20, 1 << 19
"""So much more for those that replace one: what proves wrong can be taken back where nothing else finds room."""


@act
def tell_trace(
    act: Act, row: IncidentRow, conclusion: Conclusion, *, by: Person, replaces: int | None = None
) -> IncidentTrace:
    """Write down what tracing a sample concluded. ``replaces``: the number of an earlier conclusion that it takes back.

    Raises:
        UnseenError, ForbiddenError: by whoever may not see the incident, or not tell this.
        TransitionError: the incident is closed.
        UsageError: an export of another controller's, one that its order contradicts, a patient's number in a name, one
            conclusion too many, or see ``check_replaces``.
    """
    check_incident_exists_for(row, by)
    check_may(by.grants(), Action.TELL_TRACE, Parties.of(*slugs_of(row)))
    # Of two who tell at once the second finds what the first wrote.
    if IncidentRow.objects.select_for_update().get(pk=row.pk).phase == Phase.CLOSED:
        raise TransitionError("this incident is closed", hint="the controller can reopen it")
    _check_own(row, conclusion)
    before = {each.number: each for each in IncidentTrace.objects.filter(incident=row)}
    check_replaces(replaces, {number: each.replaces for number, each in before.items()})
    number, said, salt = len(before) + 1, to_json(conclusion), secrets.token_hex(16)
    _check_room([said, *(each.conclusion for each in before.values())], is_spare=replaces is not None)
    made = IncidentTrace.objects.create(
        incident=row, number=number, at=act.now, by=by, conclusion=said, replaces=replaces, salt=salt
    )
    act.record(
        RoomEvent.INCIDENT_TRACED, *told_of(row, (row.controller.slug,)), subject=row.number, number=number,
        digest=digest(canonical({"salt": salt, "conclusion": said})), replaces=replaces or 0,
    )  # fmt: skip
    return made


def _check_room(conclusions: Sequence[Any], *, is_spare: bool) -> None:
    """Whether an incident has room for all of these; ``is_spare``: the new one replaces another."""
    most, most_bytes = (MOST + SPARE, MOST_BYTES + SPARE_BYTES) if is_spare else (MOST, MOST_BYTES)
    if len(conclusions) > most or sum(len(canonical(each)) for each in conclusions) > most_bytes:
        hint = "open another" if is_spare else "open another; what proves wrong can still be replaced"
        raise UsageError("this incident has as many lines as one may have", hint=hint)


def _check_own(row: IncidentRow, conclusion: Conclusion) -> None:
    """Each export is this controller's: by its order where the room knows it, else by the name in its file (R15)."""
    orders = OrderVersion.objects.filter(digest__in=[each.order_digest for each in conclusion.exports])
    known = {order.digest: order for order in orders.select_related("agreement")}
    for each in conclusion.exports:
        check_words(each.order, each.controller, each.source, each.destination, *each.canaries)
        order = known.get(each.order_digest)
        if order is None:
            is_own = _bare(each.controller) == _bare(row.controller.name)
        else:
            is_own = order.agreement.controller_id == row.controller_id
        if not is_own:
            hint = "tell it to an incident of that controller's: ask its trace files alone"
            raise UsageError(f"the export of order {each.order} is another controller's", hint=hint)
        if order is not None and not _agrees(order, each):
            raise UsageError(f"what is told of order {each.order} is not what that order says")


def _agrees(version: OrderVersion, told: TracedExport) -> bool:
    order = artefact_of(version)
    period, destination = order.scope.dates, order.destination
    names = controller_named(order.controller.name), order.source.system, destination.system
    return (order.order, *names, destination.recipient, period.from_, period.until) == (
        told.order, told.controller, told.source, told.destination, told.recipient, told.period_from, told.period_until,
    )  # fmt: skip


def _bare(name: str) -> str:
    return " ".join(name.split()).casefold()
