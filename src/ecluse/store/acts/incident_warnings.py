"""A warning made an incident, in one step and without telling whoever it names (R10, R17)."""

import secrets

from ecluse.domain.errors import ForbiddenError, TransitionError
from ecluse.domain.incidents import Basis
from ecluse.domain.permissions import Action, Parties, Side, may
from ecluse.store.acts.incidents import Opened, opened
from ecluse.store.models import IncidentRow, Organisation, Person, ReportedWarning
from ecluse.store.reads import warnings as warning_reads
from ecluse.store.reads.incidents import bound_to, visible
from ecluse.store.recording import Act, act


@act
def open_from_warning(act: Act, warning: ReportedWarning, by: Person) -> list[IncidentRow]:
    """Make an incident of a warning that tells of leaked or exposed data; whoever handles it may. In one step.

    Somebody whom it names must not learn of it by the incident: then it is opened without their organisation, or by
    hand.

    Raises:
        UnseenError, TransitionError: see ``reads.check_handles``; it tells of no exposure, or was made one already.
        ForbiddenError: it names somebody who would see the incident.
    """
    found = warning_reads.whole().select_for_update(of=("self",)).get(pk=warning.pk)
    warning_reads.check_handles(found, by, act.now)
    if not found.exposed:
        raise TransitionError("this warning tells of no exposed data", hint="open an incident by hand")
    pairs = _pairs(found, by)
    if not pairs:
        raise ForbiddenError("this warning names somebody who would see the incident", hint="open an incident by hand")
    # Those that they see: whether another vendor has made one is not for them to know (R15).
    made = set(visible(by, by.grants()).filter(warning=found).values_list("controller_id", flat=True))
    pairs = [(lab, vendor) for lab, vendor in pairs if lab.pk not in made]
    if not pairs:
        raise TransitionError("this warning was made an incident already")
    came = warning_reads.first_told(found, _place(pairs[0], by)) or act.now
    french, words = found.language == "fr", _SAMPLE if found.sample else _EXPOSED
    given = Opened(_TITLE[french], words[french], came, Basis.WARNING)
    matter = secrets.token_hex(16)
    return [opened(act, lab, vendor, given, by, matter, found) for lab, vendor in pairs]


def _place(pair: tuple[Organisation, Organisation | None], by: Person) -> Organisation:
    """For which of the two somebody opens it, as :func:`_pairs` found them."""
    lab, vendor = pair
    if vendor is None or may(by.grants(), Action.OPEN_INCIDENT, Parties.of(lab.slug)):
        return lab
    return vendor


def _pairs(warning: ReportedWarning, by: Person) -> list[tuple[Organisation, Organisation | None]]:
    """Laboratories and their vendor, as whoever opens it may: of those that it concerns and of whom it names nobody."""
    named = {each.person_id for each in warning.named.all()}
    spoilt = {slug for (slug, _, _), people in warning_reads.roles_held(warning_reads.slugs_of(warning)).items()
              if people & named}  # fmt: skip
    clear = [party for party in warning.parties.all() if party.organisation.slug not in spoilt]
    labs = [party for party in clear if party.organisation.side == Side.CONTROLLER]
    vendors = [party.organisation for party in clear if party.organisation.side == Side.PROCESSOR]
    grants = by.grants()
    for lab in (party.organisation for party in labs):
        if may(grants, Action.OPEN_INCIDENT, Parties.of(lab.slug)):
            bound = set(bound_to(lab).values_list("pk", flat=True))
            return [(lab, next((each for each in vendors if each.pk in bound), None))]
    for vendor in vendors:
        if may(grants, Action.OPEN_INCIDENT, Parties.of(vendor.slug)):
            bound = set(bound_to(vendor).values_list("pk", flat=True))
            meant = [party for party in labs if party.reads] or labs
            return [(party.organisation, vendor) for party in meant if party.organisation_id in bound]
    return []


_TITLE = ("Leak told by a warning", "Fuite signalée")
_SAMPLE = (
    "Lines said to be leaked patients' data were handed in with a warning. Not yet checked.",
    "Des lignes présentées comme des données de patients ont été remises avec un signalement. Pas encore vérifié.",
)
_EXPOSED = (
    "A warning says that patients' data are open to others. Not yet checked.",
    "Un signalement dit que des données de patients sont accessibles à d'autres. Pas encore vérifié.",
)
