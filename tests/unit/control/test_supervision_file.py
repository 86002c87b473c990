"""``supervision.yaml``: what it may say, and how it is refused."""

from pathlib import Path

import pytest

from ecluse.control import supervision
from ecluse.control.supervision import AppriseChannel, LogFiles, SyslogTarget, WebhookChannel
from ecluse.domain.alerts import Severity
from ecluse.domain.errors import MalformedError

WHOLE = f"""
channels:
  - name: night
    url: mailtos://user:password@labo.example?to=night@labo.example
    least: high
  - name: siem
    webhook: https://siem.labo.example/ecluse
    key: {"ab" * 32}
    ca: siem-ca.pem
log:
  folder: kept
  months: 6
  compress: false
  syslog:
    - name: siem
      host: siem.labo.example
      ca: siem-ca.pem
      certificate: room.crt
      key: room.key
metrics:
  token: {"t" * 43}
  incidents: true
"""


def _written(home: Path, text: str, mode: int = 0o600) -> Path:
    path = home / supervision.FILE
    path.write_text(text)
    path.chmod(mode)
    return path


def test_the_whole_file(tmp_path: Path) -> None:
    _written(tmp_path, WHOLE)
    found = supervision.read(tmp_path)
    mail, hook = found.channels
    assert isinstance(mail, AppriseChannel)
    assert isinstance(hook, WebhookChannel)
    assert (mail.least, hook.least, hook.ca) == (Severity.HIGH, Severity.LOW, tmp_path / "siem-ca.pem")
    assert hook.key == b"\xab" * 32
    assert found.files == LogFiles(tmp_path / "kept", 6, compress=False)
    (target,) = found.syslog
    paths = (tmp_path / "siem-ca.pem", tmp_path / "room.crt", tmp_path / "room.key")
    assert target == SyslogTarget("siem", "siem.labo.example", 6514, *paths)
    assert (found.metrics_token, found.metrics_warnings, found.metrics_incidents) == ("t" * 43, False, True)
    for secret in ("password", "abab", "tttt"):
        assert secret not in repr(found)


def test_without_a_file_logs_are_kept_a_year_and_metrics_are_shut(tmp_path: Path) -> None:
    found = supervision.read(tmp_path)
    assert found.files == LogFiles(tmp_path / "logs", 12, compress=True)
    assert (found.channels, found.syslog, found.metrics_token) == ((), (), "")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o620])
def test_a_file_that_others_reach_is_refused(tmp_path: Path, mode: int) -> None:
    _written(tmp_path, WHOLE, mode)
    with pytest.raises(MalformedError, match="others may read"):
        supervision.read(tmp_path)


@pytest.mark.parametrize(
    ("was", "becomes", "line", "said"),
    [
        ("least: high", "least: urgent", 5, "severity"),
        ("name: night", "name: siem", 2, "one name"),
        ("name: night", "name: Night watch", 3, "lower-case"),
        ("https://siem", "http://siem", 7, "https"),
        ("https://siem", "https://user:secret@siem", 7, "https"),
        ("ab" * 32, "ab" * 16, 8, "hex digits"),
        ("months: 6", "months: 24", 12, "6 to 12"),
        ("months: 6", "months: 3", 12, "6 to 12"),
        ("compress: false", "compress: no", 13, "true or false"),
        ("certificate: room.crt", "port: 6515", 15, "go together"),
        ("host: siem.labo.example", "host: siem\n      port: 99999", 17, "port"),
        ("t" * 43, "t" * 12, 21, "32 to 128"),
        ("metrics:", "metric:", 1, "unknown field"),
        ("url: mailtos", "webhook: https://x/\n    url: mailtos", 3, "a url"),
    ],
)
def test_what_is_wrong_is_named_by_line(tmp_path: Path, was: str, becomes: str, line: int, said: str) -> None:
    assert was in WHOLE
    _written(tmp_path, WHOLE.replace(was, becomes, 1).lstrip("\n"))
    with pytest.raises(MalformedError, match=said) as refused:
        supervision.read(tmp_path)
    place = refused.value.location
    assert place is not None
    assert abs((place.line or 1) - line) <= 1, place
    assert "password" not in str(refused.value)
    assert "secret@" not in str(refused.value)


@pytest.mark.parametrize("text", ["- a\n", "channels: 3\n", "channels: [3]\n", "log: []\n", "metrics: x\n", "{"])
def test_nonsense_is_refused(tmp_path: Path, text: str) -> None:
    _written(tmp_path, text)
    with pytest.raises(MalformedError):
        supervision.read(tmp_path)
