"""Every metric that a room or a relay gives to Prometheus: its name, kind, labels and meaning. Pages are made of this.

No label names a person, and none holds a patient's value: states, severities, kinds of events, places, organisations.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Metric:
    """One family. ``kind`` as Prometheus has it; a counter's samples end in ``_total``."""

    name: str
    kind: Literal["gauge", "counter"]
    text: str
    labels: tuple[str, ...] = ()


def _named(*metrics: Metric) -> Mapping[str, Metric]:
    return {metric.name: metric for metric in metrics}


ROOM = _named(
    Metric("ecluse_build_info", "gauge", "1, with the version that runs.", ("version",)),
    Metric("ecluse_migrations", "gauge", "Migrations by state.", ("state",)),
    Metric("ecluse_turns_overdue", "gauge", "Migrations whose turn is past its deadline."),
    Metric("ecluse_erasures_overdue", "gauge", "Migrations past their erase-by date that a place has not certified."),
    Metric("ecluse_alerts", "gauge", "Alerts by severity and state.", ("severity", "state")),
    Metric(
        "ecluse_alert_oldest_unacknowledged_seconds",
        "gauge",
        "Age of the oldest open alert that nobody has acknowledged; 0 where there is none.",
        ("severity",),
    ),
    Metric("ecluse_warnings", "gauge", "Warnings by state, where `metrics.warnings` is true.", ("state",)),
    Metric(
        "ecluse_warnings_overdue",
        "gauge",
        "Warnings whose clock has run out, where `metrics.warnings` is true.",
        ("clock",),
    ),
    Metric(
        "ecluse_incidents_open",
        "gauge",
        "Incidents that are not closed; those that a warning led to where `metrics.warnings` is true.",
    ),
    Metric(
        "ecluse_incident_clocks_overdue",
        "gauge",
        "Incidents of which a clock has run out: `notice`; `authority` where `metrics.incidents` is true.",
        ("clock",),
    ),
    Metric(
        "ecluse_agent_last_seen_timestamp_seconds",
        "gauge",
        "When an enrolled agent was last heard of; 0: never.",
        ("agent", "place", "organisation"),
    ),
    Metric("ecluse_watch_heartbeat_age_seconds", "gauge", "Since the watch's last beat; +Inf: it never beat."),
    Metric("ecluse_watch_broken", "gauge", "1 where the room's journal cannot be trusted or written."),
    Metric("ecluse_journal_entries", "gauge", "Entries of the room's journal."),
    Metric("ecluse_place_journal_entries", "gauge", "Entries of places' journals known here.", ("place",)),
    Metric("ecluse_room_events", "counter", "Entries of the room's journal by kind.", ("event",)),
    Metric("ecluse_outbox_waiting", "gauge", "Notices of alerts that wait to be told, quiet hours included."),
    Metric("ecluse_outbox_overdue_seconds", "gauge", "By how long the oldest notice that is due is late; 0: none is."),
    Metric("ecluse_outbox_failing", "gauge", "Notices that a channel has not taken yet.", ("channel",)),
    Metric(
        "ecluse_security_log_failing_seconds",
        "gauge",
        "Since when a target of the security log takes nothing; 0 while it does.",
        ("target",),
    ),
    Metric(
        "ecluse_security_log_behind_entries",
        "gauge",
        "Entries of the room's journal that a target has not taken yet.",
        ("target",),
    ),
)

RELAY = _named(
    Metric("ecluse_relay_build_info", "gauge", "1, with the relay's name and the version that runs.",
           ("relay", "version")),
    Metric("ecluse_relay_accesses", "counter", "Entries of the relay's journal since this process began, by kind.",
           ("event",)),
    Metric("ecluse_relay_failures", "counter", "Refused attempts, those counted together too.", ("event",)),
    Metric("ecluse_relay_bytes", "counter", "Bytes of sessions that ended.", ("door", "direction")),
    Metric("ecluse_relay_journal_entries", "gauge", "Entries of the relay's journal."),
    Metric("ecluse_relay_boxes", "gauge", "Boxes by state: waiting, open, complete, ended.", ("state",)),
    Metric("ecluse_relay_parcels", "gauge", "Parcels that lie here: coming, or stored.", ("state",)),
    Metric("ecluse_relay_parcel_bytes", "gauge", "Bytes of parcels that lie here.", ("state",)),
    Metric("ecluse_relay_erasures_overdue", "gauge", "Boxes that are due and still hold parcels."),
    Metric("ecluse_relay_oldest_parcel_age_seconds", "gauge", "Age of the oldest parcel that lies here; 0: none."),
    Metric("ecluse_relay_disk_free_bytes", "gauge", "Free space where parcels lie."),
)  # fmt: skip
