"""Certificates of the relay's HTTPS door: its own, and those that accounts may come with.

A client's certificate is kept whole, under its SHA-256, and is its own anchor: no authority's word lets anybody in.
"""

import datetime as dt
import hashlib
import ipaddress
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ecluse.domain.errors import Location, MalformedError
from ecluse.relay.home import Home, Settings
from ecluse.relay.log import Clock, system_clock
from ecluse.workspace.files import read, write_atomic

_CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""TLS 1.2's; 1.3 has no others than these kinds (ANSSI's TLS guide, R8 to R11)."""
_DAYS = 365


def own_certificate(home: Home, settings: Settings, *, clock: Clock = system_clock) -> tuple[Path, Path]:
    """Files of the door's certificate and key; the relay makes its own where none are set.

    Raises:
        MalformedError: only one of both is set, or they are not a certificate and its key.
        StorageError: they cannot be read or written.
    """
    if (settings.https_certificate is None) != (settings.https_key is None):
        raise MalformedError("https_certificate and https_key belong together", location=Location(file="relay.yaml"))
    if settings.https_certificate and settings.https_key:
        return home.root / settings.https_certificate, home.root / settings.https_key
    certificate, key = home.root / "keys" / "https.crt", home.root / "keys" / "https.key"
    if not certificate.is_file():
        made, secret = _self_made(settings, clock())
        write_atomic(key, secret)
        write_atomic(certificate, made, mode=0o644)
    return certificate, key


def fingerprint(certificate: Path) -> str:
    """SHA-256 of a PEM file's first certificate, in hexadecimal; raises MalformedError, StorageError."""
    return hashlib.sha256(_der(read(certificate), certificate.name)).hexdigest()


def keep_client_certificate(home: Home, pem: bytes) -> str:
    """Keep a certificate that an account may come with; gives what the account's ``certificates`` then name.

    Raises:
        MalformedError: not one certificate in PEM.
        StorageError: it cannot be written.
    """
    der = _der(pem, "certificate")
    digest = hashlib.sha256(der).hexdigest()
    write_atomic(_folder(home) / f"{digest}.crt", ssl.DER_cert_to_PEM_cert(der).encode("ascii"), mode=0o644)
    return digest


class Contexts:
    """The TLS context of new connections, made again when certificates change."""

    def __init__(self, home: Home, settings: Settings, *, clock: Clock = system_clock) -> None:
        self._home = home
        self._own = own_certificate(home, settings, clock=clock)
        self._seen: tuple[object, ...] = ()
        self._made: ssl.SSLContext | None = None

    def current(self) -> ssl.SSLContext:
        """For one more connection; raises MalformedError, StorageError."""
        seen = (*map(_stamp, self._own), _stamp(_folder(self._home)))
        if self._made is None or seen != self._seen:
            self._made, self._seen = self._context(), seen
        return self._made

    def _context(self) -> ssl.SSLContext:
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.minimum_version = ssl.TLSVersion.TLSv1_2
        made.set_ciphers(_CIPHERS)
        made.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_TICKET
        made.options |= ssl.OP_CIPHER_SERVER_PREFERENCE | ssl.OP_SINGLE_ECDH_USE
        made.num_tickets = 0  # a session taken up again would outlive its account
        # Without it TLS 1.3 would agree to finite fields as well, which Python cannot take out one by one.
        made.set_ecdh_curve("prime256v1")
        made.set_alpn_protocols(["http/1.1"])
        certificate, key = self._own
        try:
            made.load_cert_chain(certificate, key)
        except (OSError, ssl.SSLError, ValueError):
            raise MalformedError("not a certificate and its key", location=Location(file=certificate.name)) from None
        known = [_der(read(path), path.name) for path in sorted(_folder(self._home).glob("*.crt"))]
        if known:
            made.verify_mode = ssl.CERT_OPTIONAL
            made.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
            made.load_verify_locations(cadata=b"".join(known))
        return made


def _folder(home: Home) -> Path:
    return home.root / "certificates"


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_ino


def _der(pem: bytes, name: str) -> bytes:
    try:
        return x509.load_pem_x509_certificate(pem).public_bytes(serialization.Encoding.DER)
    except ValueError:
        raise MalformedError("not a certificate in PEM", location=Location(file=name)) from None


def _self_made(settings: Settings, now: dt.datetime) -> tuple[bytes, bytes]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, settings.name)])
    host = settings.https.rpartition(":")[0].strip("[]")
    known: list[x509.GeneralName] = [x509.DNSName(settings.name), x509.DNSName("localhost")]
    addresses = {"127.0.0.1", "::1"} | ({host} if _is_address(host) else set())
    known += [x509.IPAddress(ipaddress.ip_address(each)) for each in sorted(addresses)]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=5))
        .not_valid_after(now + dt.timedelta(days=_DAYS))
        .add_extension(x509.SubjectAlternativeName(known), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    encoding, format_ = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return made.public_bytes(encoding), key.private_bytes(encoding, format_, serialization.NoEncryption())


def _is_address(text: str) -> bool:
    try:
        return not ipaddress.ip_address(text).is_unspecified
    except ValueError:
        return False
