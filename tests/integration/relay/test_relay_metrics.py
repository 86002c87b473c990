"""The relay's numbers: what its desk did, what lies there; read by Prometheus's own tool."""

import datetime as dt
import shutil
import subprocess
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from ecluse.control.metric_names import RELAY
from ecluse.domain.access import Access
from ecluse.domain.errors import ForbiddenError
from ecluse.relay.boxes import Box
from ecluse.relay.log import Log, system_clock
from ecluse.relay.metrics import exposition, relay_metrics
from relays import SOURCE, Sent


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Sent:
    return Sent.made(tmp_path_factory.mktemp("metered"))


def _samples(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    found = text_string_to_metric_families(text)
    return {(s.name, frozenset(s.labels.items())): s.value for family in found for s in family.samples}


def test_what_happens_is_counted_and_what_lies_here_is_seen(sent: Sent) -> None:
    desk, now = sent.desk(), [system_clock()]
    registry = relay_metrics(sent.home, Log(sent.home, clock=lambda: now[0]))

    def value(name: str, **labels: str) -> float:
        return _samples(exposition(registry)[0].decode())[name, frozenset(labels.items())]

    assert value("ecluse_relay_accesses_total", event=str(Access.ENTERED)) == 0, "counted from the process's start"
    assert value("ecluse_relay_parcels", state="stored") == 0
    sent.sent_all(desk)
    with pytest.raises(ForbiddenError):
        desk.enter("anybody", None, "127.0.0.1", "sftp")
    visitor = sent.visitor(desk, SOURCE)
    desk.leave(visitor, sent=1234, read=56)
    parcels = sent.parcels()
    assert value("ecluse_relay_accesses_total", event=str(Access.ENTERED)) == 2
    assert value("ecluse_relay_accesses_total", event=str(Access.PARCEL_STORED)) == len(parcels)
    assert value("ecluse_relay_failures_total", event=str(Access.ENTRY_FAILED)) == 1
    assert value("ecluse_relay_bytes_total", door="sftp", direction="in") == 1234
    assert value("ecluse_relay_bytes_total", door="sftp", direction="out") == 56
    assert value("ecluse_relay_parcels", state="stored") == len(parcels)
    assert value("ecluse_relay_parcel_bytes", state="stored") == sum(path.stat().st_size for path in parcels.values())
    assert value("ecluse_relay_boxes", state="complete") == 1
    assert value("ecluse_relay_journal_entries") == Log(sent.home).read(0)[2]
    assert value("ecluse_relay_disk_free_bytes") > 0
    assert value("ecluse_relay_erasures_overdue") == 0
    day = Box(sent.home.boxes / sent.box).facts().erase_by
    now[0] = dt.datetime.combine(day, dt.time(), dt.UTC)
    assert value("ecluse_relay_erasures_overdue") == 1
    assert value("ecluse_relay_oldest_parcel_age_seconds") > 86_400


def test_every_metric_is_there_and_promtool_finds_nothing_wrong(sent: Sent) -> None:
    data, content_type = exposition(relay_metrics(sent.home, Log(sent.home)))
    families = {family.name: family for family in text_string_to_metric_families(data.decode())}
    assert families.keys() == RELAY.keys()
    for name, metric in RELAY.items():
        assert families[name].type == metric.kind
        assert all(set(sample.labels) == set(metric.labels) for sample in families[name].samples)
    assert content_type.startswith("text/plain")
    promtool = shutil.which("promtool")
    assert promtool, "apt-get install prometheus"
    done = subprocess.run([promtool, "check", "metrics"], input=data, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_names_nobody_and_no_parcel(sent: Sent) -> None:
    text = exposition(relay_metrics(sent.home, Log(sent.home)))[0].decode()
    for word in ("agent-source", "agent-destination", "ing.dupont", "adm.roux", sent.box, *sent.parcels()):
        assert word not in text


def test_a_box_that_is_damaged_stops_no_scrape(sent: Sent, tmp_path: Path) -> None:
    shutil.copytree(sent.home.root, tmp_path / "relay")
    home = type(sent.home)(tmp_path / "relay")
    for path in home.boxes.glob("*/box.json"):
        path.write_text("{")
    (home.boxes / "stray").write_text("")
    text = exposition(relay_metrics(home, Log(home)))[0].decode()
    assert "ecluse_relay_boxes" in text
