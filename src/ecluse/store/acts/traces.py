"""What tracing concluded, told to an incident (R11): by the controller's own people, of the controller's own exports.

No sample comes here, nor anything of its lines. The journal holds a number and a salted digest.
"""

import secrets

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

MOST = 100
"""How many conclusions an incident holds at most."""


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
    before = dict(IncidentTrace.objects.filter(incident=row).values_list("number", "replaces"))
    check_replaces(replaces, before)
    number = len(before) + 1
    if number > MOST:
        raise UsageError("this incident has as many lines as one may have", hint="open another")
    said, salt = to_json(conclusion), secrets.token_hex(16)
    made = IncidentTrace.objects.create(
        incident=row, number=number, at=act.now, by=by, conclusion=said, replaces=replaces, salt=salt
    )
    act.record(
        RoomEvent.INCIDENT_TRACED, *told_of(row, (row.controller.slug,)), subject=row.number, number=number,
        digest=digest(canonical({"salt": salt, "conclusion": said})), replaces=replaces or 0,
    )  # fmt: skip
    return made


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
