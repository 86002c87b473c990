"""A real collector: rsyslog with TLS on loopback, which writes down what it understood; and certificates for it."""

import datetime as dt
import ipaddress
import json
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass
class Authority:
    """A certificate authority, in a folder: ``ca.pem``."""

    folder: Path
    name: str = "test authority"

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.name)])
        made = self._builder(self._subject, self._key).add_extension(x509.BasicConstraints(True, None), critical=True)
        self._certificate = made.sign(self._key, hashes.SHA256())
        self.ca.write_bytes(self._certificate.public_bytes(serialization.Encoding.PEM))

    @property
    def ca(self) -> Path:
        return self.folder / "ca.pem"

    def issue(self, name: str) -> tuple[Path, Path]:
        """A certificate for a name (and 127.0.0.1), and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        alternatives = [x509.DNSName(name), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        made = self._builder(subject, key).add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        certificate = made.sign(self._key, hashes.SHA256())
        paths = self.folder / f"{name}.crt", self.folder / f"{name}.key"
        paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        paths[1].write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return paths

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        now = dt.datetime.now(dt.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=2))
        )


@dataclass
class Collector:
    """One rsyslog, that can be killed and started again on the same port."""

    folder: Path
    authority: Authority
    client: str = ""
    port: int = 0
    _process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        certificate, key = self.authority.issue("localhost")
        auth = f'StreamDriver.AuthMode="x509/name" PermittedPeer=["{self.client}"]' if self.client else (
            'StreamDriver.AuthMode="anon"')  # fmt: skip
        (self.folder / "rsyslog.conf").write_text(f"""
global(workDirectory="{self.folder}" maxMessageSize="64k" DefaultNetstreamDriver="ossl"
  DefaultNetstreamDriverCAFile="{self.authority.ca}" DefaultNetstreamDriverCertFile="{certificate}"
  DefaultNetstreamDriverKeyFile="{key}")
main_queue(queue.timeoutShutdown="20000" queue.timeoutActionCompletion="20000")
module(load="imtcp" StreamDriver.Name="ossl" StreamDriver.Mode="1" {auth})
input(type="imtcp" address="127.0.0.1" port="{self.port}")
template(name="told" type="string"
  string="%pri%|%protocol-version%|%timereported:::date-rfc3339%|%hostname%|%app-name%|%procid%|%msgid%|%msg%\\n")
action(type="omfile" file="{self.folder}/received" template="told" flushOnTXEnd="on")
""")

    def start(self) -> None:
        command = shutil.which("rsyslogd", path="/usr/sbin:/usr/bin")
        there = command and any(Path("/usr/lib").glob("*/rsyslog/lmnsd_ossl.so"))
        assert there, "apt-get install rsyslog rsyslog-openssl"
        arguments = [str(command), "-n", "-f", str(self.folder / "rsyslog.conf"), "-i", str(self.folder / "pid")]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(arguments, stdout=log, stderr=log)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError((self.folder / "log").read_text())

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(20)
            self._process = None

    def received(self, count: int = 0, seconds: float = 10) -> list[tuple[list[str], dict[str, Any]]]:
        """The heads and events that it has written down; waits for so many."""
        path, deadline = self.folder / "received", time.monotonic() + seconds
        while True:
            lines = path.read_text().splitlines() if path.exists() else []
            if len(lines) >= count or time.monotonic() > deadline:
                split = [line.split("|", 7) for line in lines]
                return [(head, json.loads(text)) for *head, text in split]
            time.sleep(0.05)

    def uids(self, count: int = 0) -> list[str]:
        return [event["metadata"]["uid"] for _, event in self.received(count)]


@contextmanager
def collector(folder: Path, authority: Authority, client: str = "") -> Iterator[Collector]:
    """Run one."""
    made = Collector(folder, authority, client)
    made.start()
    try:
        yield made
    finally:
        made.stop()
