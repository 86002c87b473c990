"""What a server's TLS is: certificate, old versions, weak ciphers, known holes.

The standard library sees the certificate and what the server agrees to; sslyze, where it is installed, sees the rest.
What is asked for: TLS 1.2 or 1.3, ECDHE or DHE, AES-GCM, CCM or ChaCha20 (ANSSI's guide of 2020 asks for ECDHE first).
"""

import ipaddress
import socket
import ssl
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from cryptography import x509

from ecluse.inspector import rules_tls as rules
from ecluse.inspector import scanners
from ecluse.inspector.budget import Budget
from ecluse.inspector.findings import Finding, technical
from ecluse.inspector.target import Target
from ecluse.inspector.visit import Visit

Opener = Callable[[], socket.socket]
"""Connects, and brings the server to where a TLS handshake begins. Raises OSError."""

ENDING_DAYS = 14
_OLD = ((ssl.TLSVersion.TLSv1, "TLSv1.0"), (ssl.TLSVersion.TLSv1_1, "TLSv1.1"))
_SOUND_KEYS = ("TLS_ECDHE_", "TLS_DHE_", "TLS_AES_", "TLS_CHACHA20_")
_SOUND_MODES = ("GCM", "CCM", "CHACHA20")
_SOUND_ONES = ("ECDHE+AESGCM", "ECDHE+CHACHA20", "ECDHE+AESCCM", "DHE+AESGCM", "DHE+CHACHA20", "DHE+AESCCM", "ARIAGCM")
_WEAK = ":!".join(("ALL:COMPLEMENTOFALL", *_SOUND_ONES)) + ":@SECLEVEL=0"
_SELF_SIGNED = frozenset({18, 19})  # X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, …_SELF_SIGNED_CERT_IN_CHAIN
_EXPIRED, _WRONG_NAMES = 10, frozenset({62, 64})
_VERSIONS = {"ssl_2_0": "SSLv2", "ssl_3_0": "SSLv3", "tls_1_0": "TLSv1.0", "tls_1_1": "TLSv1.1"}
_SHOWN = 4


@dataclass(frozen=True, slots=True)
class Door:
    """Where TLS is spoken. ``starttls``: sslyze's name of the protocol before it, empty for none."""

    visit: Visit
    opener: Opener
    starttls: str = ""

    @property
    def target(self) -> Target:
        """The target itself."""
        return self.visit.target


def look(door: Door) -> Iterator[Finding]:
    """All findings of one door, within the budget. Raises SpentError."""
    visit, budget = door.visit, door.visit.budget
    budget.request()
    yield from _certificate(door)
    old = list(_old_versions(door, budget))
    weak = _weak_cipher(door, budget)
    yield from _scanned(visit, door.starttls, old, weak)


def verified(door: Door) -> ssl.SSLContext:
    """A context that believes only what it should, for whoever sends a secret."""
    return ssl.create_default_context(cafile=door.visit.ca)


def unverified() -> ssl.SSLContext:
    """A context that looks and believes nothing: no secret is ever sent through it."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def lenient() -> ssl.SSLContext:
    """As :func:`unverified`, and speaks with old servers too."""
    context = unverified()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context


def _certificate(door: Door) -> Iterator[Finding]:
    visit = door.visit
    code, plain = _verdict(door)
    if code is not None and code not in {_EXPIRED, *_WRONG_NAMES}:
        fact = "self-signed" if code in _SELF_SIGNED else "unknown-authority"
        yield visit.found(rules.CERTIFICATE_UNTRUSTED, facts=(fact,))
    if plain is None:
        yield visit.unseen("TLS", "no-answer")
        return
    try:
        certificate = x509.load_der_x509_certificate(plain)
        names = _names(certificate)
    except ValueError:
        yield visit.unseen("certificate", "unknown-form")
        return
    left = (certificate.not_valid_after_utc - visit.now).days
    if left < 0:
        yield visit.found(rules.CERTIFICATE_EXPIRED, counts=(("days", -left),))
    elif left < ENDING_DAYS:
        yield visit.found(rules.CERTIFICATE_ENDING, counts=(("days", left),))
    if not _covers(names, door.target.host):
        yield visit.found(rules.CERTIFICATE_NAME)


def _verdict(door: Door) -> tuple[int | None, bytes | None]:
    """OpenSSL's code for the certificate (None: believed, whatever its name), and the certificate itself."""
    context = verified(door)
    context.check_hostname = False  # the name is judged apart
    code = None
    try:
        with closing(door.opener()) as plain, context.wrap_socket(plain, server_hostname=door.target.host) as secure:
            return None, secure.getpeercert(binary_form=True)
    except ssl.SSLCertVerificationError as error:
        code = error.verify_code
    except OSError:
        pass
    try:
        with closing(door.opener()) as plain, lenient().wrap_socket(plain, server_hostname=door.target.host) as secure:
            return code, secure.getpeercert(binary_form=True)
    except OSError:
        return code, None


def _names(certificate: x509.Certificate) -> tuple[list[str], list[str]]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return [], []
    addresses = [str(each) for each in found.get_values_for_type(x509.IPAddress)]
    return [each.lower() for each in found.get_values_for_type(x509.DNSName)], addresses


def _covers(names: tuple[list[str], list[str]], host: str) -> bool:
    try:
        return str(ipaddress.ip_address(host.partition("%")[0])) in names[1]
    except ValueError:
        pass
    wanted = host.lower().rstrip(".")
    parent = wanted.partition(".")[2]
    return wanted in names[0] or (bool(parent) and f"*.{parent}" in names[0])


def _handshake(door: Door, context: ssl.SSLContext) -> str | None:
    """The cipher agreed on, or None where the server would not."""
    try:
        with closing(door.opener()) as plain, context.wrap_socket(plain, server_hostname=door.target.host) as secure:
            agreed = secure.cipher()
    except OSError:
        return None
    return agreed[0] if agreed else None


def _old_versions(door: Door, budget: Budget) -> Iterator[str]:
    for version, told in _OLD:
        budget.request()
        context = lenient()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = context.maximum_version = version
        if _handshake(door, context):
            yield told


def _weak_cipher(door: Door, budget: Budget) -> str | None:
    budget.request()
    context = lenient()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(_WEAK)
    return _handshake(door, context)


def _scanned(visit: Visit, starttls: str, old: list[str], weak: str | None) -> Iterator[Finding]:
    ciphers = [weak] if weak else []
    try:
        scanners.wanted(yes=visit.scanners)
        found = scanners.sslyze(visit.target.host, visit.target.port, visit.budget.left, starttls)
    except scanners.LeftOutError:
        yield visit.unseen("sslyze", "tool-left-out")
    except scanners.MissingScannerError:
        yield visit.unseen("sslyze", "tool-missing")
    except scanners.FailedScannerError:
        yield visit.unseen("sslyze", "tool-failed")
    else:
        old += [told for key, told in _VERSIONS.items() if _accepted(found, key) and told not in old]
        ciphers = sorted({*_weak_names(found)}) or ciphers
        holes = tuple(_holes(found))
        if holes:
            yield visit.found(rules.TLS_HOLE, facts=holes)
    if old:
        yield visit.found(rules.TLS_OLD, facts=tuple(sorted(old)))
    if ciphers:
        counted = (("ciphers", len(ciphers)),)
        yield visit.found(rules.TLS_CIPHERS, counts=counted, facts=tuple(filter(technical, ciphers[:_SHOWN])))


def _accepted(found: Mapping[str, Any], key: str) -> list[str]:
    suites = (found.get(f"{key}_cipher_suites") or {}).get("accepted_cipher_suites") or []
    return [str(each["cipher_suite"]["name"]) for each in suites]


def _weak_names(found: Mapping[str, Any]) -> Iterator[str]:
    for key in (*_VERSIONS, "tls_1_2", "tls_1_3"):
        for cipher in _accepted(found, key):
            if not (cipher.startswith(_SOUND_KEYS) and any(mode in cipher for mode in _SOUND_MODES)):
                yield cipher


def _holes(found: Mapping[str, Any]) -> Iterator[str]:
    checks = (("heartbleed", "is_vulnerable_to_heartbleed", "Heartbleed"),
              ("openssl_ccs_injection", "is_vulnerable_to_ccs_injection", "CCS-injection"),
              ("tls_compression", "supports_compression", "CRIME"))  # fmt: skip
    for check, field, told in checks:
        if (found.get(check) or {}).get(field):
            yield told
    if str((found.get("robot") or {}).get("robot_result", "")).startswith("VULNERABLE"):
        yield "ROBOT"
    renegotiation = found.get("session_renegotiation") or {}
    if renegotiation.get("supports_secure_renegotiation") is False and not _accepted(found, "tls_1_3"):
        yield "insecure-renegotiation"
