"""Options that several commands share: the workspace, and how its two ends are entered."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ecluse.adapters.mailboxes.address import checked_relay
from ecluse.adapters.targets import checked_maintenance
from ecluse.cli._app import FILE, option
from ecluse.cli._text import Text
from ecluse.control.setup import Setup, read_setup

Function = Callable[..., None]

_SOURCE = {
    "source": Text("Source: a URL without password, or a path (SQLite, CSV). The password stands in "
                   "ECLUSE_SOURCE_PASSWORD.",
                   "Source : une URL sans mot de passe, ou un chemin (SQLite, CSV). Le mot de passe est dans "
                   "ECLUSE_SOURCE_PASSWORD."),
    "profile": Text("Source profile: a file, or the name of one that ships with Écluse.",
                    "Profil de la source : un fichier, ou le nom d'un profil livré avec Écluse."),
    "agent_key": Text("Signing key of the source's agent.", "Clé de signature de l'agent à la source."),
    "passfile": Text("File of passwords in libpq's format, mode 0600.",
                     "Fichier de mots de passe au format de libpq, mode 0600."),
    "persons": Text("List of persons who stay out, if the order names one.",
                    "Liste des personnes exclues, si l'ordre en nomme une."),
    "exclusion_key": Text("The controller's key of that list.", "La clé de cette liste, celle du responsable."),
}  # fmt: skip
_DESTINATION = {
    "destination": Text("Destination: a URL without password, or a path (SQLite). The password stands in "
                        "ECLUSE_DESTINATION_PASSWORD.",
                        "Destination : une URL sans mot de passe, ou un chemin (SQLite). Le mot de passe est dans "
                        "ECLUSE_DESTINATION_PASSWORD."),
    "destination_profile": Text("Destination profile: a file, or the name of one that ships with Écluse.",
                                "Profil de la destination : un fichier, ou le nom d'un profil livré avec Écluse."),
    "identity": Text("age identity that opens the parcels.", "Identité age qui ouvre les colis."),
    "destination_agent_key": Text("Signing key of the destination's agent.",
                                  "Clé de signature de l'agent à la destination."),
}  # fmt: skip
_RELAY = {
    "relay_token": Text("Relay by https: file of the account's token, mode 0600.",
                        "Relais en https : fichier du jeton du compte, mode 0600."),
    "relay_certificate": Text("Relay by https: file of the account's certificate and its key (PEM), instead of a "
                              "token.",
                              "Relais en https : fichier du certificat du compte et de sa clé (PEM), au lieu d'un "
                              "jeton."),
    "relay_ca": Text("Relay by https: certificates (PEM) to trust instead of the system's.",
                     "Relais en https : certificats (PEM) à croire au lieu de ceux du système."),
    "relay_key": Text("Relay by sftp: the account's private key (OpenSSH), mode 0600.",
                      "Relais en sftp : la clé privée du compte (OpenSSH), mode 0600."),
    "relay_host_key": Text("Relay by sftp: the relay's own public key, a file.",
                           "Relais en sftp : la clé publique du relais lui-même, un fichier."),
}  # fmt: skip
_PATHS = frozenset({
    "agent_key", "passfile", "persons", "exclusion_key", "identity", "destination_agent_key", *_RELAY,
})  # fmt: skip
_SYSTEMS = frozenset({"source", "destination"})
_PROFILES = frozenset({"profile", "destination_profile"})


def workspace(function: Function) -> Function:
    """``--workspace``."""
    text = Text("The migration's workspace, a folder.", "L'espace de travail de la migration, un dossier.")
    return option("--workspace", "-w", type=FILE, required=True, text=text)(function)


def source_options(function: Function) -> Function:
    """How the source is entered."""
    return _all(_SOURCE, function)


def destination_options(function: Function) -> Function:
    """How the destination is entered."""
    return _all(_DESTINATION, function)


def agents_options(function: Function) -> Function:
    """How an agent's one system is entered; its signing key is that of its enrolment."""
    keys = {"agent_key", "destination_agent_key"}
    return _all({name: text for name, text in (_SOURCE | _DESTINATION).items() if name not in keys}, function)


def mailbox(function: Function) -> Function:
    """``--mailbox``, how a relay is entered, and where nothing may ever go."""
    text = Text("Folder between the two places, by default the workspace's own; or a relay: https://HOST:PORT or "
                "sftp://ACCOUNT@HOST:PORT, without any secret.",
                "Dossier entre les deux lieux, par défaut celui de l'espace de travail ; ou un relais : "
                "https://HÔTE:PORT ou sftp://COMPTE@HÔTE:PORT, sans aucun secret.")  # fmt: skip
    never = Text("A machine used for remote maintenance: name, address or network. Nothing is ever sent to it; "
                 "remembered. May be repeated.",
                 "Une machine de télémaintenance : nom, adresse ou réseau. Rien n'y est jamais envoyé ; retenue. Peut "
                 "être répété.")  # fmt: skip
    function = option("--maintenance-host", metavar="NAME|CIDR", multiple=True, text=never)(function)
    for name, words in reversed(_RELAY.items()):
        envvar = f"ECLUSE_{name.upper()}_FILE"
        named = option(f"--{name.replace('_', '-')}", default=None, envvar=envvar, metavar="FILE", text=words)
        function = named(function)
    return option("--mailbox", default=None, text=text)(function)


def _all(options: dict[str, Text], function: Function) -> Function:
    for name, text in reversed(options.items()):
        function = option(f"--{name.replace('_', '-')}", default=None, text=text)(function)
    return function


def setup_of(root: Path, given: dict[str, Any]) -> Setup:
    """The workspace's setup with what this command was given; names of files made absolute."""
    values = {name: _absolute(name, value) for name, value in given.items()}
    source = {
        "url": values.get("source"), "profile": values.get("profile"), "key": values.get("agent_key"),
        "passfile": values.get("passfile"), "persons": values.get("persons"),
        "exclusion_key": values.get("exclusion_key"),
    }  # fmt: skip
    destination = {
        "url": values.get("destination"), "profile": values.get("destination_profile"),
        "identity": values.get("identity"), "key": values.get("destination_agent_key"),
    }  # fmt: skip
    relay = {name.removeprefix("relay_"): values.get(name) for name in _RELAY}
    never = tuple(map(checked_maintenance, given.get("maintenance_host", ())))
    box = values.get("mailbox")
    return read_setup(root).changed(source=source, destination=destination, mailbox=box, relay=relay, maintenance=never)


def _absolute(name: str, value: str | None) -> str | None:
    if value is None or name == "maintenance_host":
        return None
    if name == "mailbox" and "://" in value:
        return checked_relay(value)
    path = Path(value)
    is_file = name in _PATHS or name == "mailbox"
    is_file = is_file or (name in _SYSTEMS and "://" not in value)
    is_file = is_file or (name in _PROFILES and (path.exists() or "/" in value or path.suffix != ""))
    return str(path.resolve()) if is_file else value
