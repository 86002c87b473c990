"""The relay's numbers as Prometheus reads them. What happens is counted from the journal, what lies here from the disk.

Counters begin with the process. Relays that serve one folder share its journal, so each counts what all of them do.
"""

import datetime as dt
import shutil
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from ecluse import __version__
from ecluse.control.metric_names import RELAY
from ecluse.domain.access import Access, AccessEntry
from ecluse.domain.errors import EcluseError
from ecluse.relay.boxes import Box
from ecluse.relay.home import Home
from ecluse.relay.log import Log
from ecluse.wire.artefacts import decode

Value = int | float
Values = Mapping[tuple[str, ...], Value]

_REFUSED = frozenset({
    Access.KEY_CLAIMED, Access.ENTRY_FAILED, Access.NETWORK_REFUSED, Access.PATH_REFUSED, Access.PAPER_REFUSED,
    Access.PARCEL_REFUSED, Access.QUOTA_EXCEEDED,
})  # fmt: skip
_STATES = ("waiting", "open", "complete", "ended")
_LYING = {"coming": "coming", "parcels": "stored"}


def relay_metrics(home: Home, log: Log) -> CollectorRegistry:
    """A registry of its own for one relay; make it once, at the start. Nothing of the process itself is in it."""
    made = CollectorRegistry(auto_describe=False)
    made.register(RelayCollector(home, log))
    return made


def exposition(registry: CollectorRegistry, accept: str = "") -> tuple[bytes, str]:
    """A scrape's answer and its content type, as the ``Accept`` header asks."""
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type


class RelayCollector(Collector):
    """Thread-safe: scrapes may overlap."""

    def __init__(self, home: Home, log: Log) -> None:
        self._home, self._log = home, log
        self._name = home.settings().name
        self._mine = threading.Lock()
        self._next = log.read(0)[2]
        self._events: Counter[tuple[str, ...]] = Counter({(str(event),): 0 for event in Access})
        self._failures: Counter[tuple[str, ...]] = Counter({(str(event),): 0 for event in _REFUSED})
        self._bytes: Counter[tuple[str, ...]] = Counter(
            {(door, way): 0 for door in ("sftp", "https") for way in ("in", "out")}
        )

    def collect(self) -> Iterable[Metric]:
        """Every family of ``metric_names.RELAY``, in its order."""
        with self._mine:
            self._read_on()
            values = dict(self._values())
        for name, metric in RELAY.items():
            kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
            family = kind(name, metric.text, labels=metric.labels)
            for labels, value in values[name].items():
                family.add_metric(labels, float(value))
            yield family

    def _read_on(self) -> None:
        """Count the journal's new entries."""
        while True:
            entries, _, size = self._log.read(self._next)
            for data in entries:
                self._count(decode(AccessEntry, data))
            self._next += len(entries)
            if not entries or self._next >= size:
                return

    def _count(self, entry: AccessEntry) -> None:
        self._events[str(entry.event),] += 1
        if entry.event in _REFUSED:
            self._failures[str(entry.event),] += _number(entry, "times") or 1
        if entry.event is Access.LEFT:
            door = str(entry.detail.get("door", ""))
            self._bytes[door, "in"] += _number(entry, "sent")
            self._bytes[door, "out"] += _number(entry, "read")

    def _values(self) -> Iterator[tuple[str, Values]]:
        boxes, lying = _looked_at(self._home.boxes, self._log.clock())
        yield "ecluse_relay_build_info", {(self._name, __version__): 1}
        yield "ecluse_relay_accesses", self._events
        yield "ecluse_relay_failures", self._failures
        yield "ecluse_relay_bytes", self._bytes
        yield "ecluse_relay_journal_entries", {(): self._next}
        yield "ecluse_relay_boxes", {(state,): boxes[state] for state in _STATES}
        yield "ecluse_relay_erasures_overdue", {(): boxes["overdue"]}
        yield "ecluse_relay_parcels", {(state,): len(lying[state]) for state in lying}
        yield "ecluse_relay_parcel_bytes", {(state,): sum(size for size, _ in lying[state]) for state in lying}
        ages = [age for each in lying.values() for _, age in each]
        yield "ecluse_relay_oldest_parcel_age_seconds", {(): max(ages, default=0.0)}
        yield "ecluse_relay_disk_free_bytes", {(): shutil.disk_usage(self._home.root).free}


def _number(entry: AccessEntry, name: str) -> int:
    value = entry.detail.get(name, 0)
    return value if isinstance(value, int) and value > 0 else 0


def _looked_at(root: Path, now: dt.datetime) -> tuple[Counter[str], dict[str, list[tuple[int, float]]]]:
    """Boxes by state, those overdue among them; and size and age of every parcel. What goes meanwhile is left out."""
    boxes: Counter[str] = Counter()
    lying: dict[str, list[tuple[int, float]]] = {state: [] for state in _LYING.values()}
    for folder in sorted(root.iterdir()) if root.is_dir() else ():
        box = Box(folder)
        held = {state: list(_files(folder / name, now)) for name, state in _LYING.items()}
        for state, files in held.items():
            lying[state] += files
        boxes[_state_of(box)] += 1
        boxes["overdue"] += any(held.values()) and _is_due(box, now)
    return boxes, lying


def _files(folder: Path, now: dt.datetime) -> Iterator[tuple[int, float]]:
    try:
        found = list(folder.iterdir())
    except OSError:
        return
    for path in found:
        try:
            told = path.stat()
        except OSError:
            continue
        yield told.st_size, max(0.0, now.timestamp() - told.st_mtime)


def _state_of(box: Box) -> str:
    try:
        if not box.is_open():
            return "waiting"
        if box.ended() is not None:
            return "ended"
    except (EcluseError, KeyError, ValueError):
        return "open"
    return "complete" if box.is_complete() else "open"


def _is_due(box: Box, now: dt.datetime) -> bool:
    """Its migration's delay has passed, or its erase-by day has begun (UTC); what cannot be read counts as due."""
    try:
        return box.is_open() and now >= box.due().due
    except (EcluseError, KeyError, ValueError):
        return True
