"""``ecluse serve``."""

import json
import os
import ssl
import sys
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import click

from ecluse.cli._app import FILE, define, option
from ecluse.cli._text import Text, tr
from ecluse.domain.errors import Location, UsageError
from ecluse.portal.home import prepare

_LOCAL = ("127.0.0.1", "localhost", "::1")


@define(
    Text(
        "Open the control room: people, agreements, orders and migrations in the browser. The first start prints a "
        "one-time link by which its first administrator enrols a passkey; nothing works before that. The process that "
        "listens holds no code that reads a patient's row.",
        "Ouvrir la salle de contrôle : personnes, contrats, ordres et migrations dans le navigateur. Le premier "
        "démarrage donne un lien à usage unique, par lequel l'administrateur enregistre sa clé d'accès ; rien ne "
        "marche avant. Le processus qui écoute ne contient aucun code qui lise une ligne de patient.",
    ),
    example="ecluse serve --home control-room --organisation 'Logiciel Labo SAS' --administrator 'Dr Martin' "
    "--email martin@labo.example\necluse serve --home control-room --origin https://ecluse.labo.example "
    "--certificate tls.crt --key tls.key",
)
@option("--home", type=FILE, default=Path("control-room"), show_default=True,
        text=Text("Folder of the room: its database and its keys.",
                  "Dossier de la salle : sa base et ses clés."))  # fmt: skip
@option("--origin", metavar="URL",
        text=Text("Address that people will use; https unless it is localhost.",
                  "Adresse que les gens utiliseront ; en https, sauf localhost."))  # fmt: skip
@option("--listen", default="127.0.0.1:8443", show_default=True, metavar="ADDRESS:PORT",
        text=Text("Where to listen.", "Où écouter."))  # fmt: skip
@option("--certificate", type=FILE, text=Text("TLS certificate (PEM).", "Certificat TLS (PEM)."))
@option("--key", type=FILE, text=Text("Its private key (PEM).", "Sa clé privée (PEM)."))
@option("--behind-proxy", is_flag=True,
        text=Text("A reverse proxy on this machine holds the certificate and sets X-Forwarded-Proto.",
                  "Un mandataire sur cette machine tient le certificat et pose X-Forwarded-Proto."))  # fmt: skip
@option("--database", metavar="URL",
        text=Text("PostgreSQL instead of the folder's SQLite; a password stands in the environment or a passfile.",
                  "PostgreSQL au lieu du SQLite du dossier ; le mot de passe est dans l'environnement ou un "
                  "passfile."))  # fmt: skip
@option("--organisation", metavar="NAME",
        text=Text("First start: the organisation of the first administrator.",
                  "Premier démarrage : l'organisation du premier administrateur."))  # fmt: skip
@option("--side", type=click.Choice(("controller", "processor")), default="processor", show_default=True,
        text=Text("First start: laboratory (controller) or vendor (processor).",
                  "Premier démarrage : laboratoire (controller) ou éditeur (processor)."))  # fmt: skip
@option("--administrator", metavar="NAME", text=Text("First start: their name.", "Premier démarrage : son nom."))
@option("--email", metavar="ADDRESS", text=Text("First start: their address.", "Premier démarrage : son adresse."))
@option("--workers", type=click.IntRange(1, 64), default=1, show_default=True,
        text=Text("Processes that answer.", "Processus qui répondent."))  # fmt: skip
@option("--security-contact", metavar="URL",
        text=Text("Where to report a hole, for security.txt (RFC 9116): mailto:… or https://….",
                  "Où signaler une faille, pour security.txt (RFC 9116) : mailto:… ou https://…."))  # fmt: skip
@option("--watch-elsewhere", is_flag=True,
        text=Text("Start no watch here: `ecluse watch` runs on another host.",
                  "Ne lancer aucune veille ici : « ecluse watch » tourne sur une autre machine."))  # fmt: skip
def command(  # noqa: PLR0917 - one for each option
    home: Path,
    origin: str | None,
    listen: str,
    certificate: Path | None,
    key: Path | None,
    behind_proxy: bool,  # noqa: FBT001 - an option
    database: str | None,
    organisation: str | None,
    side: str,
    administrator: str | None,
    email: str | None,
    workers: int,
    security_contact: str | None,
    watch_elsewhere: bool,  # noqa: FBT001 - an option
) -> None:
    """Become the process that listens."""
    if find_spec("django") is None or find_spec("granian") is None:
        raise UsageError(tr("this command needs the portal extra", "cette commande demande l'extra « portal »"),
                         hint="pip install 'ecluse[portal]'")  # fmt: skip
    address, _, port = listen.rpartition(":")
    if not address or not port.isdigit():
        raise UsageError(tr("--listen is ADDRESS:PORT", "--listen est ADRESSE:PORT"))
    scheme = "https" if certificate else "http"
    origin = origin or f"{scheme}://localhost:{port}"
    _check(address.strip("[]"), origin, tls=certificate is not None)
    _check_pair(certificate, key)
    if security_contact and not security_contact.startswith(("https://", "mailto:")):
        raise UsageError(
            tr("--security-contact is mailto:… or https://…", "--security-contact est mailto:… ou https://…")
        )
    first = not (home / "keys").is_dir()
    if first and not (organisation and administrator and email):
        raise UsageError(
            tr("a new room needs its first administrator", "une nouvelle salle demande son premier administrateur"),
            hint="--organisation --administrator --email",
        )
    prepare(home)
    told = {
        "address": address.strip("[]"),
        "port": int(port),
        "certificate": str(certificate) if certificate else None,
        "key": str(key) if key else None,
        "workers": workers,
        "organisation": organisation,
        "side": side,
        "administrator": administrator,
        "email": email,
        "watch_elsewhere": watch_elsewhere,
    }
    given = {"ECLUSE_HOME": str(home.absolute()), "ECLUSE_ORIGIN": origin.rstrip("/")}
    given |= {"ECLUSE_BEHIND_PROXY": "1"} if behind_proxy else {}
    given |= {"ECLUSE_DATABASE_URL": database} if database else {}
    given |= {"ECLUSE_SECURITY_CONTACT": security_contact} if security_contact else {}
    # Another process image: nothing of this one, which can reach the code that reads rows, goes along.
    os.execve(sys.executable, [sys.executable, "-P", "-m", "ecluse.portal", json.dumps(told)], os.environ | given)  # noqa: S606 - no shell


def _is_site(origin: str) -> bool:
    """Scheme, host and port, and nothing else; without TLS, this machine alone."""
    try:
        parts = urlsplit(origin)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return False
    plain = f"{parts.scheme}://{parts.hostname}{port}" == origin.rstrip("/")
    return (
        bool(parts.hostname)
        and plain
        and (parts.scheme == "https" or (parts.scheme, parts.hostname) == ("http", "localhost"))
    )


def _check(address: str, origin: str, *, tls: bool) -> None:
    if not _is_site(origin):
        raise UsageError(
            tr("--origin must be https, or http://localhost", "--origin doit être en https, ou http://localhost")
        )
    if not tls and address not in _LOCAL:
        raise UsageError(
            tr("without TLS, only this machine may be listened to", "sans TLS, seule cette machine peut être écoutée"),
            hint="--certificate --key, or --behind-proxy --listen 127.0.0.1:PORT",
        )


def _check_pair(certificate: Path | None, key: Path | None) -> None:
    """Both or neither: the server takes a certificate without its key for no TLS at all. No passphrase is asked for."""
    if (certificate is None) is not (key is None):
        raise UsageError(tr("--certificate and --key belong together", "--certificate et --key vont ensemble"))
    if certificate is None:
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password=lambda: "")
    except OSError:
        raise UsageError(
            tr("not a TLS certificate and its key, readable and without passphrase",
               "pas un certificat TLS et sa clé, lisibles et sans phrase secrète"),
            location=Location(file=str(certificate)),
        ) from None  # fmt: skip
