"""What of this machine's environment another program may see, and whose certificates are believed: nothing by chance.

Drivers take hosts, accounts, passwords and proofs from variables and from the home folder, unasked
(libpq: ``PGHOSTADDR``, ``PGPASSWORD``, ``~/.postgresql``; Firebird: ``ISC_PASSWORD``). So few are left, by name.
"""

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Final

NOWHERE: Final = "/nonexistent/ecluse-inspect"
_KEPT: Final = frozenset(
    {"PATH", "LANG", "LANGUAGE", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR", "FIREBIRD"}
)
_BUNDLES: Final = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu
    "/etc/pki/tls/certs/ca-bundle.crt",  # Red Hat
    "/etc/ssl/ca-bundle.pem",  # SUSE
    "/etc/ssl/cert.pem",  # Alpine
)


def bare(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment for another's code: no password, account, host or proof in it, nor the way to a home folder."""
    kept = {name: value for name, value in environment.items() if name in _KEPT or name.startswith("LC_")}
    return kept | {"HOME": NOWHERE}


def for_drivers(environment: Mapping[str, str]) -> dict[str, str]:
    """The same for drivers of databases, who are told besides not to look for proofs (libpq: a Kerberos ticket)."""
    return bare(environment) | {"PGPASSFILE": NOWHERE, "PGSSLCERT": NOWHERE, "PGSSLKEY": NOWHERE,
                                "PGGSSENCMODE": "disable", "PGREQUIREAUTH": "!gss,!sspi"}  # fmt: skip


def certificates(given: str | None) -> str | None:
    """The file of certificates to believe: the one given, else this system's; None where none is found."""
    return given or next(filter(_is_file, (ssl.get_default_verify_paths().cafile, *_BUNDLES)), None)


def _is_file(path: str | None) -> bool:
    return bool(path) and Path(str(path)).is_file()
