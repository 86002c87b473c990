"""Events as the Open Cybersecurity Schema Framework 1.8.0 has them, for collectors that know no Écluse. Pure.

What the framework has no field for stands in ``unmapped``: place, subject, organisations, counts. Nothing is added that
the journals do not hold, so no event holds a patient's value. :mod:`ecluse.control.ocsf_table` says what is what.
"""

import datetime as dt
import ipaddress
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ecluse import __version__
from ecluse.control.ocsf_table import OTHER, VERSION, Class, Level, Mapped, mapped
from ecluse.domain.observed import Observed

_LEVELS = {"critical": Level.CRITICAL, "high": Level.HIGH, "medium": Level.MEDIUM, "low": Level.LOW}
_OPEN, _GOING, _RESOLVED = 1, 2, 4
_OTHER_ANALYTIC, _RULE = 99, 1
_REGULAR_FILE = 1
_ORGANISATION, _OTHER_ENTITY = 4, 99


@dataclass(frozen=True, slots=True)
class SecurityEvent:
    """One event for a collector: its name for ever, when, how grave, and its JSON (ASCII, one line)."""

    uid: str
    at: dt.datetime
    level: Level
    text: str


def security_event(event: Observed) -> SecurityEvent:
    """An event as a line."""
    made = to_ocsf(event)
    text = json.dumps(made, separators=(",", ":"), sort_keys=True)
    return SecurityEvent(event.mark, event.at, Level(made["severity_id"]), text)


def to_ocsf(event: Observed) -> dict[str, Any]:
    """An event as OCSF's attributes."""
    row = mapped(event.place, event.event)
    made: dict[str, Any] = {
        "activity_id": row.activity,
        "activity_name": event.event if row.activity == OTHER else row.activity_name,
        "category_uid": row.cls // 1000,
        "class_uid": int(row.cls),
        "type_uid": row.cls * 100 + row.activity,
        "time": int(event.at.timestamp() * 1000),
        "severity_id": int(_level(event, row)),
        "status_id": 2 if row.failed else 1,
        "message": event.event,
        "metadata": {
            "version": VERSION,
            "product": {"name": "Écluse", "vendor_name": "Écluse", "version": __version__},
            "uid": event.mark,
            "log_name": event.place,
            "event_code": event.event,
        },
        "unmapped": _unmapped(event),
    }
    made |= _OF_CLASS[row.cls](event)
    return made


def _level(event: Observed, row: Mapped) -> Level:
    """An alert says itself how grave it is."""
    return _LEVELS.get(str(event.detail.get("severity", "")), row.level)


def _unmapped(event: Observed) -> dict[str, Any]:
    found: dict[str, Any] = {"place": event.place, "subject": event.subject}
    found |= {"concerns": list(event.concerns)} if event.concerns else {}
    return found | ({"detail": dict(event.detail)} if event.detail else {})


def _actor(event: Observed) -> dict[str, Any]:
    return {"actor": {"user": _user(event.actor)}}


def _user(handle: str) -> dict[str, str]:
    return {"uid": handle, "name": handle}


def _from(event: Observed) -> dict[str, Any]:
    """Where it came from: the address where one is known, else the place."""
    if event.origin:
        try:
            return {"src_endpoint": {"ip": str(ipaddress.ip_address(event.origin))}}
        except ValueError:
            pass
    return {"src_endpoint": {"name": event.place}}


def _service(event: Observed) -> dict[str, Any]:
    return {"service": {"name": "Écluse", "uid": event.place}}


def _authentication(event: Observed) -> dict[str, Any]:
    known = {"is_remote": True} if event.origin else {}
    whose = event.subject if event.actor == "anonymous" and event.subject else event.actor
    return {"user": _user(whose)} | _actor(event) | _from(event) | _service(event) | known


def _account(event: Observed) -> dict[str, Any]:
    return {"user": _user(event.subject or event.actor)} | _actor(event) | _from(event)


def _user_access(event: Observed) -> dict[str, Any]:
    named = event.detail.get("role") or event.detail.get("scopes") or event.event
    return _account(event) | {"privileges": [str(named)]}


def _entity(event: Observed) -> dict[str, Any]:
    is_organisation = event.event.startswith("organisation.")
    name = event.subject or event.place
    entity = (
        {"type_id": _ORGANISATION, "org": {"uid": name, "name": name}}
        if is_organisation
        else {"type_id": _OTHER_ENTITY, "type": event.event.partition(".")[0]}
    )
    return {"entity": {"uid": name, "name": name, **entity}} | _actor(event) | _from(event)


def _lifecycle(event: Observed) -> dict[str, Any]:
    return {"app": {"name": "Écluse", "uid": event.place, "vendor_name": "Écluse", "version": __version__}}


def _api(event: Observed) -> dict[str, Any]:
    made: dict[str, Any] = {"api": {"operation": event.event, "service": {"name": "Écluse", "uid": event.place}}}
    if event.subject:
        made["resources"] = [{"uid": event.subject, "name": event.subject}]
    return made | _actor(event) | _from(event)


def _file(event: Observed) -> dict[str, Any]:
    name = event.subject or event.event
    return {"file": {"name": name, "uid": name, "type_id": _REGULAR_FILE}} | _actor(event) | _from(event)


def _finding(event: Observed) -> dict[str, Any]:
    """An alert. Its rule is named when it is raised; what follows names the alert."""
    rule = str(event.detail.get("rule", "")) or event.subject
    state = {"alert.raised": _OPEN, "alert.resolved": _RESOLVED}.get(event.event, _GOING)
    analytic = {"name": rule, "uid": rule, "type_id": _RULE if "rule" in event.detail else _OTHER_ANALYTIC}
    analytic |= {} if "rule" in event.detail else {"type": "alert"}
    info = {"uid": event.subject, "title": rule, "analytic": analytic, "types": [event.event]}
    return {"finding_info": info, "status_id": state, "is_alert": event.event == "alert.raised"}


_OF_CLASS: Mapping[Class, Callable[[Observed], dict[str, Any]]] = {
    Class.AUTHENTICATION: _authentication,
    Class.ACCOUNT_CHANGE: _account,
    Class.USER_ACCESS: _user_access,
    Class.ENTITY_MANAGEMENT: _entity,
    Class.APPLICATION_LIFECYCLE: _lifecycle,
    Class.API_ACTIVITY: _api,
    Class.FILE_HOSTING: _file,
    Class.DETECTION_FINDING: _finding,
}
