"""The scanners that others keep (sslyze, ssh-audit), run as programs; where one is missing, that is said."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from ecluse.inspector._bare import bare


class MissingScannerError(Exception):
    """The program is not on PATH nor beside this Python. Caught within the inspector, which then says so."""


class LeftOutError(MissingScannerError):
    """Whoever asked wants none."""


class FailedScannerError(Exception):
    """The program gave no answer that can be read, or took too long."""


def wanted(*, yes: bool) -> None:
    """Raises LeftOutError where whoever asked wants no scanner."""
    if not yes:
        raise LeftOutError


def find(name: str) -> str:
    """Where the program is. Raises MissingScannerError."""
    beside = Path(sys.executable).with_name(name)
    found = shutil.which(name) or (str(beside) if beside.is_file() else None)
    if found is None:
        raise MissingScannerError
    return found


def sslyze(host: str, port: int, seconds: float, starttls: str = "") -> dict[str, Any]:
    """What sslyze says of a server: its ``scan_result``. Raises MissingScannerError, FailedScannerError."""
    program = find("sslyze")
    name = f"[{host}]" if ":" in host else host
    with tempfile.TemporaryDirectory(prefix="ecluse-inspect-") as folder:
        out = Path(folder) / "found.json"
        given = [program, "--mozilla_config=disable", "--slow_connection", f"--json_out={out}", *_CHECKS]
        given += [f"--starttls={starttls}"] if starttls else []
        _run([*given, f"{name}:{port}"], seconds)
        try:
            server = json.loads(out.read_bytes())["server_scan_results"][0]
        except (OSError, ValueError, LookupError, TypeError):
            server = {}
    result = server.get("scan_result")
    if server.get("scan_status") != "COMPLETED" or not isinstance(result, dict):
        raise FailedScannerError
    return {name: each.get("result") or {} for name, each in result.items() if isinstance(each, dict)}


def ssh_audit(host: str, port: int, seconds: float) -> dict[str, Any]:
    """What ssh-audit says of a server, its JSON. Raises MissingScannerError, FailedScannerError."""
    given = [find("ssh-audit"), "--json", "--skip-rate-test", f"--timeout={max(1, int(min(seconds, 10)))}"]
    done = _run([*given, "-p", str(port), "--", host], seconds)
    try:
        found = json.loads(done)
    except ValueError:
        found = None
    if not isinstance(found, dict) or "kex" not in found:
        raise FailedScannerError
    return found


_CHECKS = ("--sslv2", "--sslv3", "--tlsv1", "--tlsv1_1", "--tlsv1_2", "--tlsv1_3", "--compression", "--heartbleed",
           "--openssl_ccs", "--robot", "--reneg")  # fmt: skip


def _run(command: list[str], seconds: float) -> bytes:
    try:
        done = subprocess.run(
            command, capture_output=True, check=False, timeout=max(1.0, seconds), env=bare(os.environ)
        )
    except (OSError, subprocess.TimeoutExpired):
        done = None
    if done is None:
        raise FailedScannerError
    return done.stdout
