"""Which class and activity of OCSF 1.8.0 each event is, how grave, and whether it succeeded: rows, no code.

A row's key is where the event is from (room, relay, place, watch) and a pattern of its name; the first that fits
counts. What no row knows is API Activity: a new kind of event is told before anybody writes a row for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from fnmatch import fnmatchcase

VERSION = "1.8.0"
"""OCSF's version; minor versions of 1.x only add, so that a collector of an earlier one reads what it knows."""


class Class(IntEnum):
    """Classes of OCSF that are used, by ``class_uid``."""

    DETECTION_FINDING = 2004
    ACCOUNT_CHANGE = 3001
    AUTHENTICATION = 3002
    ENTITY_MANAGEMENT = 3004
    USER_ACCESS = 3005
    APPLICATION_LIFECYCLE = 6002
    API_ACTIVITY = 6003
    FILE_HOSTING = 6006


CAPTIONS: Mapping[Class, str] = {
    Class.DETECTION_FINDING: "Detection Finding",
    Class.ACCOUNT_CHANGE: "Account Change",
    Class.AUTHENTICATION: "Authentication",
    Class.ENTITY_MANAGEMENT: "Entity Management",
    Class.USER_ACCESS: "User Access Management",
    Class.APPLICATION_LIFECYCLE: "Application Lifecycle",
    Class.API_ACTIVITY: "API Activity",
    Class.FILE_HOSTING: "File Hosting Activity",
}


class Level(IntEnum):
    """``severity_id``."""

    INFORMATIONAL = 1
    LOW = 2
    MEDIUM = 3
    HIGH = 4
    CRITICAL = 5


OTHER = 99
ACTIVITIES: Mapping[Class, Mapping[int, str]] = {
    Class.DETECTION_FINDING: {1: "Create", 2: "Update", 3: "Close"},
    Class.ACCOUNT_CHANGE: {
        1: "Create", 2: "Enable", 4: "Password Reset", 5: "Disable", 10: "MFA Factor Enable", 11: "MFA Factor Disable",
    },
    Class.AUTHENTICATION: {1: "Logon", 2: "Logoff"},
    Class.ENTITY_MANAGEMENT: {1: "Create", 3: "Update", 4: "Delete", 6: "Enroll", 7: "Unenroll"},
    Class.USER_ACCESS: {1: "Assign Privileges", 2: "Revoke Privileges"},
    Class.APPLICATION_LIFECYCLE: {1: "Install", 3: "Start", 4: "Stop"},
    Class.API_ACTIVITY: {1: "Create", 2: "Read", 3: "Update", 4: "Delete"},
    Class.FILE_HOSTING: {1: "Upload", 2: "Download", 4: "Delete", 17: "Access Check"},
}  # fmt: skip
"""``activity_id`` and its name, by class; 99 is ``Other``, and then the event's own name is given."""


@dataclass(frozen=True, slots=True)
class Mapped:
    """What an event is to OCSF."""

    cls: Class
    activity: int
    level: Level = Level.INFORMATIONAL
    failed: bool = False

    @property
    def activity_name(self) -> str:
        """The framework's name of the activity."""
        return ACTIVITIES[self.cls].get(self.activity, "Other")


_AUTH, _ACCOUNT, _ACCESS = Class.AUTHENTICATION, Class.ACCOUNT_CHANGE, Class.USER_ACCESS
_ENTITY, _API, _FILE = Class.ENTITY_MANAGEMENT, Class.API_ACTIVITY, Class.FILE_HOSTING
_LIFE, _FINDING = Class.APPLICATION_LIFECYCLE, Class.DETECTION_FINDING
_MEDIUM, _HIGH, _CRITICAL = Level.MEDIUM, Level.HIGH, Level.CRITICAL

ROWS: tuple[tuple[str, str, Mapped], ...] = (
    ("room", "person.signed_in", Mapped(_AUTH, 1)),
    ("room", "person.sign_in_failed", Mapped(_AUTH, 1, _MEDIUM, failed=True)),
    ("room", "person.signed_out", Mapped(_AUTH, 2)),
    ("room", "person.session_ended", Mapped(_AUTH, 2)),
    ("room", "person.session_elsewhere", Mapped(_AUTH, OTHER, _MEDIUM)),
    ("room", "person.joined", Mapped(_ACCOUNT, 1)),
    ("room", "person.left", Mapped(_ACCOUNT, 5)),
    ("room", "person.authenticator_added", Mapped(_ACCOUNT, 10)),
    ("room", "person.authenticator_removed", Mapped(_ACCOUNT, 11, Level.LOW)),
    ("room", "person.recovered", Mapped(_ACCOUNT, 4, _MEDIUM)),
    ("room", "person.recovery_refused", Mapped(_ACCOUNT, OTHER, _MEDIUM, failed=True)),
    ("room", "person.recovery_*", Mapped(_ACCOUNT, OTHER, _MEDIUM)),
    ("room", "person.granted", Mapped(_ACCESS, 1)),
    ("room", "person.withdrawn", Mapped(_ACCESS, 2)),
    ("room", "person.access_reviewed", Mapped(_ACCESS, OTHER)),
    ("room", "token.made", Mapped(_ACCESS, 1)),
    ("room", "token.revoked", Mapped(_ACCESS, 2)),
    ("room", "person.*", Mapped(_ACCOUNT, OTHER)),
    ("room", "organisation.added", Mapped(_ENTITY, 1)),
    ("room", "agent.invited", Mapped(_ENTITY, 1)),
    ("room", "agent.enrolled", Mapped(_ENTITY, 6)),
    ("room", "agent.revoked", Mapped(_ENTITY, 7)),
    ("room", "agent.*", Mapped(_ENTITY, 3)),
    ("room", "relay.enrolled", Mapped(_ENTITY, 6)),
    ("room", "relay.revoked", Mapped(_ENTITY, 7)),
    ("room", "relay.*", Mapped(_ENTITY, 3)),
    ("room", "alert.raised", Mapped(_FINDING, 1, _MEDIUM)),
    ("room", "alert.resolved", Mapped(_FINDING, 3, _MEDIUM)),
    ("room", "alert.clocks_set", Mapped(_API, 3)),
    ("room", "alert.ways_set", Mapped(_API, 3)),
    ("room", "alert.not_told", Mapped(_FINDING, 2, _HIGH, failed=True)),
    ("room", "alert.*", Mapped(_FINDING, 2, _MEDIUM)),
    ("room", "watch.started", Mapped(_LIFE, 3)),
    ("room", "watch.died", Mapped(_LIFE, 4, _CRITICAL, failed=True)),
    ("room", "watch.stopped", Mapped(_LIFE, 4, _HIGH)),
    ("room", "room.opened", Mapped(_LIFE, 1)),
    ("room", "log.erased", Mapped(_API, 4, Level.LOW)),
    ("room", "evidence.taken", Mapped(_API, 2)),
    ("relay", "relay.started", Mapped(_LIFE, 3)),
    ("relay", "relay.stopped", Mapped(_LIFE, 4, Level.LOW)),
    ("relay", "relay.opened", Mapped(_LIFE, 1)),
    ("relay", "access.entered", Mapped(_AUTH, 1)),
    ("relay", "access.left", Mapped(_AUTH, 2)),
    ("relay", "access.failed", Mapped(_AUTH, 1, _MEDIUM, failed=True)),
    ("relay", "access.network_refused", Mapped(_AUTH, 1, _HIGH, failed=True)),
    ("relay", "access.path_refused", Mapped(_FILE, 17, _HIGH, failed=True)),
    ("relay", "account.key_claimed", Mapped(_AUTH, 1, _HIGH, failed=True)),
    ("relay", "account.added", Mapped(_ACCOUNT, 1)),
    ("relay", "account.revoked", Mapped(_ACCOUNT, 5)),
    ("relay", "account.*", Mapped(_ACCOUNT, OTHER)),
    ("relay", "paper.kept", Mapped(_FILE, 1)),
    ("relay", "paper.refused", Mapped(_FILE, 1, _MEDIUM, failed=True)),
    ("relay", "parcel.coming", Mapped(_FILE, 1)),
    ("relay", "parcel.stored", Mapped(_FILE, 1)),
    ("relay", "parcel.refused", Mapped(_FILE, 1, _HIGH, failed=True)),
    ("relay", "quota.exceeded", Mapped(_FILE, 1, _MEDIUM, failed=True)),
    ("relay", "parcel.read", Mapped(_FILE, 2)),
    ("relay", "parcel.taken", Mapped(_FILE, 2)),
    ("relay", "erasure.started", Mapped(_FILE, 4)),
    ("relay", "erasure.done", Mapped(_FILE, 4)),
    ("relay", "erasure.overdue", Mapped(_FILE, 4, _HIGH, failed=True)),
    ("relay", "room.silent", Mapped(_API, OTHER, _HIGH, failed=True)),
    ("place", "workspace.opened", Mapped(_LIFE, 1)),
    ("place", "scope.violation", Mapped(_API, OTHER, _CRITICAL, failed=True)),
    ("place", "parcel.delivering", Mapped(_FILE, 1)),
    ("place", "parcel.receiving", Mapped(_FILE, 2)),
    ("place", "parcel.received", Mapped(_FILE, 2)),
    ("place", "parcel.refused", Mapped(_FILE, 2, _HIGH, failed=True)),
    ("place", "parcel.erasing", Mapped(_FILE, 4)),
    ("place", "trace.keeping", Mapped(_FILE, 1)),
    ("place", "trace.erasing", Mapped(_FILE, 4)),
    ("place", "sample.compared", Mapped(_API, 2)),
    ("place", "erasure.*", Mapped(_API, 4)),
    ("place", "migration.refused", Mapped(_API, OTHER, _MEDIUM, failed=True)),
    ("place", "migration.aborted", Mapped(_API, OTHER, _MEDIUM)),
    ("place", "migration.suspended", Mapped(_API, OTHER, _MEDIUM)),
    ("watch", "*", Mapped(_API, OTHER, _MEDIUM)),
    ("*", "*.drafted", Mapped(_API, 1)),
    ("*", "*.sealed", Mapped(_API, 1)),
    ("*", "*.recorded", Mapped(_API, 1)),
    ("*", "*.ended", Mapped(_API, 4)),
    ("*", "*.withdrawn", Mapped(_API, 4)),
    ("*", "*.frozen", Mapped(_API, 3)),
    ("*", "*.signed", Mapped(_API, 3)),
    ("*", "*_set", Mapped(_API, 3)),
    ("*", "*.cosigned", Mapped(_API, 3)),
    ("*", "*", Mapped(_API, OTHER)),
)


def kind_of(place: str) -> str:
    """``room``, ``relay``, ``watch`` or ``place`` (a source or destination)."""
    head = place.partition("/")[0]
    return head if head in {"room", "relay", "watch"} else "place"


def mapped(place: str, event: str) -> Mapped:
    """What an event of a place is."""
    kind = kind_of(place)
    return next(row for at, name, row in ROWS if at in {kind, "*"} and fnmatchcase(event, name))
