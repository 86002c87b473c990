"""What is shipped for Prometheus and Grafana: read by Prometheus's own tool, and of metrics that are really given."""

import json
import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from ecluse.adapters.notifiers.webhook import signature
from ecluse.control.metric_names import RELAY, ROOM
from unit.docs.pages import ROOT, blocks

RULES = ROOT / "docs" / "monitoring" / "prometheus-rules.yml"
DASHBOARD = ROOT / "docs" / "monitoring" / "grafana-dashboard.json"
PAGE = ROOT / "docs" / "how-to" / "monitoring.md"
GIVEN = {f"{name}_total" if metric.kind == "counter" else name: metric for name, metric in (ROOM | RELAY).items()}
"""What a scrape holds: tests/portal/test_metrics.py and tests/integration/relay hold it to that."""
KEY = "ab" * 32


def _promtool(*arguments: str) -> str:
    tool = shutil.which("promtool")
    assert tool, "apt-get install prometheus"
    done = subprocess.run([tool, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _rules() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def _queries() -> dict[str, str]:
    panels = json.loads(DASHBOARD.read_text())["panels"]
    return {panel["title"]: target["expr"] for panel in panels for target in panel["targets"]}


@pytest.mark.parametrize("query", [*_queries().values(), *(rule["expr"] for rule in _rules())])
def test_every_metric_that_is_asked_for_is_given(query: str) -> None:
    names = set(re.findall(r"ecluse_\w+", query))
    assert names or "up{" in query
    assert names <= GIVEN.keys(), names - GIVEN.keys()
    for name, labels in re.findall(r"(ecluse_\w+)\{([^}]*)\}", query):
        assert set(re.findall(r"(\w+)=", labels)) <= set(GIVEN[name].labels)


def test_every_metric_is_seen_somewhere() -> None:
    asked = set(re.findall(r"ecluse_\w+", " ".join([*_queries().values(), *(rule["expr"] for rule in _rules())])))
    assert GIVEN.keys() - asked == {"ecluse_build_info", "ecluse_relay_build_info"}


def test_legends_name_labels_that_are_there() -> None:
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        for target in panel["targets"]:
            labels = {each for name in re.findall(r"ecluse_\w+", target["expr"]) for each in GIVEN[name].labels}
            assert set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])) <= labels | {"instance"}
    assert len({panel["id"] for panel in json.loads(DASHBOARD.read_text())["panels"]}) == len(_queries())


def test_prometheus_reads_rules_and_queries(tmp_path: Path) -> None:
    _promtool("check", "rules", str(RULES))
    recorded = [{"record": f"q:{number}", "expr": query} for number, query in enumerate(_queries().values())]
    (tmp_path / "queries.yml").write_text(json.dumps({"groups": [{"name": "dashboard", "rules": recorded}]}))
    assert f"{len(recorded)} rules found" in _promtool("check", "rules", str(tmp_path / "queries.yml"))


SERIES: tuple[tuple[str, str, str], ...] = (
    ("EcluseWatchDead", "ecluse_watch_heartbeat_age_seconds", "Inf"),
    ("EcluseWatchDead", "ecluse_watch_heartbeat_age_seconds", "61"),
    ("EcluseIncidentClockOverdue", 'ecluse_incident_clocks_overdue{clock="notice"}', "1"),
    ("EcluseErasureOverdue", "ecluse_relay_erasures_overdue", "1"),
    ("EcluseErasureOverdue", "ecluse_erasures_overdue", "2"),
    ("EcluseAlertUnanswered", 'ecluse_alert_oldest_unacknowledged_seconds{severity="critical"}', "3700"),
    ("EcluseSecurityLogFailing", 'ecluse_security_log_failing_seconds{target="syslog/siem"}', "301"),
    ("EcluseChannelFailing", 'ecluse_outbox_failing{channel="mail"}', "1"),
    ("EcluseRoomDown", 'up{job="ecluse-room"}', "0"),
    ("EcluseAgentSilent", 'ecluse_agent_last_seen_timestamp_seconds{agent="a"}', "1"),
)


@pytest.mark.parametrize(("alert", "series", "value"), SERIES)
@pytest.mark.parametrize("fires", [True, False])
def test_rules_fire_when_they_should_and_only_then(
    tmp_path: Path, alert: str, series: str, value: str, fires: bool
) -> None:
    quiet = {"up": "1", "ecluse_agent_last_seen_timestamp_seconds": "900+60"}.get(series.partition("{")[0], "0")
    told = value if fires else quiet
    given = {"series": series, "values": " ".join([told] * 30) if told == "Inf" else f"{told}x30"}
    rule = next(rule for rule in _rules() if rule["alert"] == alert)
    labels = dict(re.findall(r'(\w+)="([^"]*)"', series)) | rule["labels"]
    summary = rule["annotations"]["summary"]
    for name, label in re.findall(r'(\w+)="([^"]*)"', series):
        summary = summary.replace("{{ $labels." + name + " }}", label)
    wanted = [{"exp_labels": labels, "exp_annotations": {"summary": summary}}] if fires else []
    test = {
        "rule_files": [str(RULES)],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [given],
                "alert_rule_test": [{"eval_time": "20m", "alertname": alert, "exp_alerts": wanted}],
            }
        ],
    }
    (tmp_path / "test.yml").write_text(json.dumps(test))
    _promtool("test", "rules", str(tmp_path / "test.yml"))


def test_the_page_s_ten_lines_verify_a_hook() -> None:
    (source,) = blocks(PAGE.read_text(encoding="utf-8"), "python")
    names: dict[str, Any] = {}
    exec(source, names)  # noqa: S102 - our own page
    body, now = '{"id":"é"}'.encode(), int(time.time())
    header = signature(bytes.fromhex(KEY), now, body)
    assert names["is_ours"](KEY, header, body)
    assert not names["is_ours"](KEY, header, body + b" ")
    assert not names["is_ours"]("cd" * 32, header, body)
    assert not names["is_ours"](KEY, signature(bytes.fromhex(KEY), now - 301, body), body)
    assert not names["is_ours"](KEY, "", body)


def test_the_page_s_openssl_line_gives_the_same(tmp_path: Path) -> None:
    line = next(block for block in blocks(PAGE.read_text(encoding="utf-8"), "bash") if "openssl dgst" in block)
    (tmp_path / "body.json").write_bytes(b'{"id":"1"}')
    done = subprocess.run(
        ["bash", "-c", line], cwd=tmp_path, env={"KEY": KEY, "T": "1795348800", "PATH": "/usr/bin:/bin"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert f"t=1795348800,v1={done.stdout.strip()}" == signature(bytes.fromhex(KEY), 1_795_348_800, b'{"id":"1"}')
