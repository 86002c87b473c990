"""Where HL7 messages go: a folder of the new system's, or a receiver over MLLP. No secret in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from ecluse.domain.errors import UsageError

__all__ = ["Hl7Address"]

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_NAMING = frozenset({"application", "facility"})
_OPTIONS: Mapping[str, frozenset[str]] = {
    "hl7": _NAMING,
    "mllp": _NAMING | {"tls", "ca", "cert", "key", "timeout"},
}
_LONGEST_WAIT = 600


@dataclass(frozen=True, slots=True)
class Hl7Address:
    """``hl7:///folder`` or ``mllp://host:port``; ``application`` and ``facility`` are MSH-5 and MSH-6."""

    folder: Path | None
    host: str
    port: int
    secure: bool
    options: Mapping[str, str]

    @classmethod
    def of(cls, url: str) -> "Hl7Address":
        """Take a URL apart. Raises UsageError naming what is wrong, never the URL."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port or 0
        except ValueError:
            raise UsageError("the destination's URL does not parse") from None
        if parts.scheme not in _OPTIONS:
            raise UsageError("the destination's URL must begin with hl7:/// or mllp://")
        if parts.username is not None or parts.fragment:
            raise UsageError("an HL7 destination has no user and no password", hint="MLLP: give a client certificate")
        options = dict(parse_qsl(parts.query, keep_blank_values=True))
        if set(options) - _OPTIONS[parts.scheme]:
            known = ", ".join(sorted(_OPTIONS[parts.scheme]))
            raise UsageError(f"unknown option in the destination's URL, among: {known}")
        if parts.scheme == "hl7":
            path = Path(unquote(parts.path))
            if host or not parts.path.strip("/"):
                raise UsageError("the destination's URL names no folder: hl7:///path")
            return cls(path, "", 0, secure=False, options=options)
        if not host or not port:
            raise UsageError("the destination's URL names no host and port: mllp://host:port")
        secure = options.get("tls", "on") != "off"
        if not secure and host not in _LOOPBACK:
            raise UsageError("a receiver that is not on this machine is entered by TLS only")
        if not options.get("timeout", "30").isdecimal() or not 1 <= int(options.get("timeout", "30")) <= _LONGEST_WAIT:
            raise UsageError(f"timeout is a number of seconds, 1 to {_LONGEST_WAIT}")
        return cls(None, host, port, secure, options)

    @property
    def timeout(self) -> float:
        """Seconds to wait for a connection, and for each acknowledgement."""
        return float(self.options.get("timeout", "30"))
