"""``ecluse relay init``."""

from pathlib import Path
from typing import Any

from ecluse.cli import _output
from ecluse.cli._app import define, option
from ecluse.cli._relay import by_option, check_handle, home_option, opened
from ecluse.cli._text import Text, tr
from ecluse.domain.access import Access
from ecluse.relay.home import host_line, init
from ecluse.seal.signing import fingerprint


@define(
    Text(
        "Make a relay's folder. It gets its settings (relay.yaml), an SSH host key, and a journal that begins with "
        "who made it. Nobody may connect yet: networks are listed, agreements are confirmed, accounts are added.",
        "Créer le dossier d'un relais. Il reçoit ses réglages (relay.yaml), une clé d'hôte SSH, et un journal qui "
        "commence par qui l'a créé. Personne ne peut encore s'y connecter : on liste des réseaux, on confirme des "
        "contrats, on ajoute des comptes.",
    ),
    example="ecluse relay init --home relay --name relay-1 --by adm.roux --network 192.0.2.0/24 "
    "--maintenance 192.0.2.9/32",
)
@home_option
@option("--name", required=True, text=Text("Its name, for its journal and certificates: lower-case letters, digits, "
                                           "hyphens.",
                                           "Son nom, pour son journal et ses certificats : minuscules, chiffres, "
                                           "traits d'union."))  # fmt: skip
@by_option
@option("--network", "networks", multiple=True, metavar="CIDR",
        text=Text("Network that may connect; may be given again. None: nobody may.",
                  "Réseau qui peut se connecter ; répétable. Aucun : personne."))  # fmt: skip
@option("--maintenance", multiple=True, metavar="CIDR",
        text=Text("Maintenance hosts, which never may, whatever networks say (R12); may be given again.",
                  "Hôtes de maintenance, qui ne le peuvent jamais, quoi que disent les réseaux (R12) ; "
                  "répétable."))  # fmt: skip
@option("--sftp", metavar="ADDRESS:PORT", text=Text("Where SFTP listens.", "Où SFTP écoute."))
@option("--https", metavar="ADDRESS:PORT", text=Text("Where HTTPS listens.", "Où HTTPS écoute."))
def command(  # noqa: PLR0917 - one for each option
    home: Path,
    name: str,
    by: str,
    networks: tuple[str, ...],
    maintenance: tuple[str, ...],
    sftp: str | None,
    https: str | None,
) -> None:
    """Make one relay."""
    check_handle(by)
    given: dict[str, Any] = {"name": name, "networks": list(networks), "maintenance": list(maintenance)}
    given |= {key: value for key, value in (("sftp", sftp), ("https", https)) if value}
    made = init(home, given)
    opened(home).log.append(Access.OPENED, by, subject=name)
    shown = fingerprint(host_line(made))
    _output.emit({"home": str(home), "name": name, "host_key": host_line(made), "fingerprint": shown})
    _output.say(tr(f"{home}: relay {name}", f"{home} : relais {name}"), style="bold")
    _output.say(tr(f"SSH host key {shown}; senders and recipients pin it",
                   f"clé d'hôte SSH {shown} ; expéditeurs et destinataires l'épinglent"))  # fmt: skip
    if not networks:
        _output.warn(tr("no network may connect yet: networks in relay.yaml",
                        "aucun réseau ne peut encore se connecter : networks dans relay.yaml"))  # fmt: skip
