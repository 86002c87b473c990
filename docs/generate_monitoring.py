"""Write docs/reference/metrics.md, docs/reference/security-log.md and the Grafana dashboard: ``[--check]``."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ecluse.control.metric_names import RELAY, ROOM, Metric
from ecluse.control.ocsf_table import CAPTIONS, OTHER, ROWS, VERSION

DOCS = Path(__file__).parent
_METRICS = """# Metrics

Generated from `ecluse.control.metric_names` by `docs/generate_monitoring.py`; do not edit. How to have them read:
[monitoring](../how-to/monitoring.md). No label names a person, and none holds a patient's value. Ages are in seconds.

Metrics of the Prometheus library about the process itself are not given: several processes answer for one room.
"""
_LOG = f"""# The security log

Generated from `ecluse.control.ocsf_table` by `docs/generate_monitoring.py`; do not edit. How to have it:
[monitoring](../how-to/monitoring.md#the-security-log).

Every entry of the room's journal and of the places' journals that agents reported becomes one event, but for those
about warnings, about incidents that a warning led to, and about what a laboratory alone knows of an incident (counts,
decisions, filings): an event of the [Open Cybersecurity Schema Framework](https://schema.ocsf.io) {VERSION}, a line of
JSON in ASCII. A test holds every kind of event against the framework's own schema.

| attribute | what |
|---|---|
| `metadata.uid` | `room/<index>` or `place/<journal>/<index>`: the same event sent twice has the same |
| `metadata.log_name` | the place: `room`, `source/<agent>`, `destination/<agent>`, `relay/<name>` |
| `metadata.event_code`, `message` | the event, as the journal names it |
| `actor.user.uid`, `user.uid` | handles of people and agents; never an address, never a name |
| `src_endpoint.ip` | where it came from, where the journal says |
| `finding_info.uid` | the alert, as `alert-12` |
| `unmapped` | what the framework has no attribute for: `subject`, `concerns`, `detail` (ids, counts, digests) |

`status_id` is 2 (Failure) where the last column says so, otherwise 1; of alerts it says New, In Progress or Resolved.
The first row that fits counts. An alert's own severity goes before the row's.

| where | event | class | activity | severity | |
|---|---|---|---|---|---|
"""


def _table(metrics: Mapping[str, Metric]) -> list[str]:
    rows = ["| metric | kind | labels | meaning |", "|---|---|---|---|"]
    for name, metric in metrics.items():
        shown = f"{name}_total" if metric.kind == "counter" else name
        labels = ", ".join(f"`{each}`" for each in metric.labels)
        rows.append(f"| `{shown}` | {metric.kind} | {labels} | {metric.text} |")
    return rows


def metrics_page() -> str:
    """Both tables."""
    return "\n".join([_METRICS, "## The room\n", *_table(ROOM), "\n## A relay\n", *_table(RELAY), ""])


def log_page() -> str:
    """The mapping's rows in their order."""
    rows = [
        f"| {'any' if kind == '*' else kind} | `{name}` | {CAPTIONS[row.cls]} ({int(row.cls)}) "
        f"| {row.activity_name} ({'99' if row.activity == OTHER else row.activity}) | {row.level.name.capitalize()} "
        f"| {'failure' if row.failed else ''} |"
        for kind, name, row in ROWS
    ]
    return _LOG + "\n".join(rows) + "\n"


_PANELS: tuple[tuple[str, str, str, str, str], ...] = (
    ("Watch: last beat", "stat", "ecluse_watch_heartbeat_age_seconds", "", "s"),
    ("Erasures overdue", "stat", "ecluse_erasures_overdue", "", "none"),
    ("Turns overdue", "stat", "ecluse_turns_overdue", "", "none"),
    ("Journal broken", "stat", "ecluse_watch_broken", "", "none"),
    ("Open alerts", "timeseries", 'sum by (severity) (ecluse_alerts{state!="resolved"})', "{{severity}}", "none"),
    ("Oldest alert without an answer", "timeseries", "ecluse_alert_oldest_unacknowledged_seconds", "{{severity}}", "s"),
    ("Migrations", "timeseries", "ecluse_migrations", "{{state}}", "none"),
    ("Warnings", "timeseries", "ecluse_warnings", "{{state}}", "none"),
    ("Open incidents", "timeseries", "ecluse_incidents_open", "open", "none"),
    ("Incidents: clocks that have run out", "timeseries", "ecluse_incident_clocks_overdue", "{{clock}}", "none"),
    ("Warnings overdue", "timeseries", "ecluse_warnings_overdue", "{{clock}}", "none"),
    (
        "Agents: last heard of",
        "timeseries",
        "time() - (ecluse_agent_last_seen_timestamp_seconds > 0)",
        "{{agent}}",
        "s",
    ),
    ("Sign-ins", "timeseries", 'rate(ecluse_room_events_total{event=~"person.sign.*"}[5m]) * 60', "{{event}}", "none"),
    ("Notices that wait", "timeseries", "ecluse_outbox_waiting", "waiting", "none"),
    ("Notices that are late", "timeseries", "ecluse_outbox_overdue_seconds", "oldest", "s"),
    ("Channels that fail", "timeseries", "ecluse_outbox_failing", "{{channel}}", "none"),
    ("Security log: behind", "timeseries", "ecluse_security_log_behind_entries", "{{target}}", "none"),
    ("Security log: failing", "timeseries", "ecluse_security_log_failing_seconds", "{{target}}", "s"),
    ("Journals", "timeseries", "ecluse_journal_entries", "room", "none"),
    ("Places' journals", "timeseries", "ecluse_place_journal_entries", "{{place}}", "none"),
    ("Relay: overdue boxes", "stat", "ecluse_relay_erasures_overdue", "", "none"),
    ("Relay: parcels that lie there", "timeseries", "ecluse_relay_parcels", "{{state}}", "none"),
    ("Relay: bytes that lie there", "timeseries", "ecluse_relay_parcel_bytes", "{{state}}", "bytes"),
    ("Relay: oldest parcel", "timeseries", "ecluse_relay_oldest_parcel_age_seconds", "{{instance}}", "s"),
    ("Relay: refused", "timeseries", "rate(ecluse_relay_failures_total[5m]) * 60", "{{event}}", "none"),
    ("Relay: what happens", "timeseries", "rate(ecluse_relay_accesses_total[5m]) * 60", "{{event}}", "none"),
    ("Relay: bytes moved", "timeseries", "rate(ecluse_relay_bytes_total[5m])", "{{door}} {{direction}}", "Bps"),
    ("Relay: boxes", "timeseries", "ecluse_relay_boxes", "{{state}}", "none"),
    ("Relay: free disk", "timeseries", "ecluse_relay_disk_free_bytes", "{{instance}}", "bytes"),
    ("Relay: journal", "timeseries", "ecluse_relay_journal_entries", "{{instance}}", "none"),
)
_STATS, _ACROSS = 4, 3


def _panel(number: int, x: int, y: int, w: int, h: int) -> dict[str, Any]:
    title, kind, query, legend, unit = _PANELS[number]
    source = {"type": "prometheus", "uid": "${source}"}
    made: dict[str, Any] = {
        "id": number + 1,
        "title": title,
        "type": kind,
        "datasource": source,
        "gridPos": {"x": x, "y": y, "w": w, "h": h},
        "fieldConfig": {"defaults": {"unit": unit, "min": 0}, "overrides": []},
        "targets": [{"refId": "A", "datasource": source, "expr": query, "legendFormat": legend or "__auto"}],
    }
    if kind == "stat":
        red = 60 if unit == "s" else 1
        steps = [{"color": "green", "value": None}, {"color": "red", "value": red}]
        made["fieldConfig"]["defaults"]["thresholds"] = {"mode": "absolute", "steps": steps}
        made["options"] = {"colorMode": "background", "reduceOptions": {"calcs": ["lastNotNull"]}}
    return made


def dashboard() -> str:
    """A dashboard that Grafana 10 and later import; it asks which Prometheus."""
    panels, x, y = [], 0, 0
    for number, (_, kind, *_rest) in enumerate(_PANELS):
        w, h = (24 // _STATS, 4) if kind == "stat" else (24 // _ACROSS, 8)
        if x + w > 24:  # noqa: PLR2004 - Grafana's columns
            x, y = 0, y + 8
        panels.append(_panel(number, x, y, w, h))
        x += w
    made = {
        "uid": "ecluse",
        "title": "Écluse",
        "tags": ["ecluse"],
        "schemaVersion": 39,
        "version": 1,
        "editable": True,
        "refresh": "30s",
        "time": {"from": "now-24h", "to": "now"},
        "templating": {
            "list": [{"name": "source", "type": "datasource", "query": "prometheus", "label": "Prometheus"}]
        },
        "panels": panels,
    }
    return json.dumps(made, indent=2, ensure_ascii=False) + "\n"


def main() -> int:
    """Write them, or compare them."""
    made = {
        DOCS / "reference" / "metrics.md": metrics_page(),
        DOCS / "reference" / "security-log.md": log_page(),
        DOCS / "monitoring" / "grafana-dashboard.json": dashboard(),
    }
    if "--check" in sys.argv[1:]:
        return 0 if all(p.is_file() and p.read_text(encoding="utf-8") == text for p, text in made.items()) else 1
    for path, text in made.items():
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
