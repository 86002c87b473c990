"""The room's numbers as Prometheus reads them; made anew for every scrape, so that any worker gives the same."""

from collections.abc import Iterable, Iterator, Mapping

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ecluse import __version__
from ecluse.control.metric_names import ROOM
from ecluse.store.reads.figures import Figures

Value = int | float
Values = Mapping[tuple[str, ...], Value]


class RoomCollector(Collector):
    """Families of one moment's figures."""

    def __init__(self, figures: Figures) -> None:
        self._figures = figures

    def collect(self) -> Iterable[Metric]:
        """Every family of ``metric_names.ROOM``, in its order."""
        values = dict(_values(self._figures))
        for name, metric in ROOM.items():
            kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
            family = kind(name, metric.text, labels=metric.labels)
            for labels, value in values[name].items():
                family.add_metric(labels, float(value))
            yield family


def registry(figures: Figures) -> CollectorRegistry:
    """One for one scrape; nothing of the process itself is in it."""
    made = CollectorRegistry(auto_describe=False)
    made.register(RoomCollector(figures))
    return made


def _values(now: Figures) -> Iterator[tuple[str, Values]]:
    yield "ecluse_build_info", {(__version__,): 1}
    yield "ecluse_migrations", _by(now.migrations)
    yield "ecluse_turns_overdue", {(): now.turns_overdue}
    yield "ecluse_erasures_overdue", {(): now.erasures_overdue}
    yield "ecluse_alerts", now.alerts
    yield "ecluse_alert_oldest_unacknowledged_seconds", _by(now.unacknowledged)
    yield "ecluse_warnings", _by(now.warnings)
    yield "ecluse_warnings_overdue", _by(now.warnings_overdue)
    yield "ecluse_incidents_open", {(): now.incidents.open}
    yield "ecluse_incident_clocks_overdue", _by(now.incidents.overdue)
    yield "ecluse_agent_last_seen_timestamp_seconds", now.agents
    yield "ecluse_watch_heartbeat_age_seconds", {(): now.watch_age}
    yield "ecluse_watch_broken", {(): int(now.watch_broken)}
    yield "ecluse_journal_entries", {(): now.entries}
    yield "ecluse_place_journal_entries", _by(now.place_entries)
    yield "ecluse_room_events", _by(now.events)
    yield "ecluse_outbox_waiting", {(): now.waiting}
    yield "ecluse_outbox_overdue_seconds", {(): now.late}
    yield "ecluse_outbox_failing", _by(now.failing)
    yield "ecluse_security_log_failing_seconds", {(name,): each.failing for name, each in now.log.items()}
    yield "ecluse_security_log_behind_entries", {(name,): each.behind for name, each in now.log.items()}


def _by(values: Mapping[str, Value]) -> Values:
    return {(name,): value for name, value in values.items()}
