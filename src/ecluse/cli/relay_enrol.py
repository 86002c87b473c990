"""``ecluse relay enrol``."""

from pathlib import Path

import ecluse
from ecluse.adapters.room import Room
from ecluse.cli import _output
from ecluse.cli._app import FILE, argument, define, option
from ecluse.cli._relay import by_option, check_handle, home_option, opened
from ecluse.cli._text import Text, tr
from ecluse.domain.access import Access
from ecluse.domain.errors import Location, UsageError
from ecluse.relay.erasing import signing_key
from ecluse.seal.signing import fingerprint, public_key


@define(
    Text(
        "Enrol a relay with a control room, to which it then reports its journal within seconds. Its owner names it "
        "there as the relay is named, and makes the one-time code; it is spent here. The room's token is kept in the "
        "folder, for the relay alone.",
        "Enrôler un relais auprès d'une salle de contrôle, à laquelle il rend ensuite compte de son journal en "
        "quelques secondes. Son propriétaire l'y nomme comme le relais se nomme, et fait le code à usage unique ; il "
        "est dépensé ici. Le jeton de la salle est gardé dans le dossier, pour le seul relais.",
    ),
    example="ecluse relay enrol https://ecluse.labo.example CODE --home relay --by adm.roux",
)
@argument("url", text=Text("The room's address: https.", "L'adresse de la salle : https."))
@argument("code", text=Text("The one-time code; - reads it from the terminal.",
                            "Le code à usage unique ; - le lit au terminal."))  # fmt: skip
@home_option
@by_option
@option("--ca", type=FILE, default=None,
        text=Text("Certificates (PEM) to trust instead of the system's.",
                  "Certificats (PEM) à croire au lieu de ceux du système."))  # fmt: skip
def command(url: str, code: str, home: Path, by: str, ca: Path | None) -> None:
    """Enrol one relay."""
    check_handle(by)
    desk = opened(home)
    where = Location(file=str(home))
    if desk.settings.room is not None:
        raise UsageError(tr("this relay is enrolled already", "ce relais est déjà enrôlé"), location=where,
                         hint=tr("take room out of relay.yaml first", "ôtez d'abord room de relay.yaml"))  # fmt: skip
    if code == "-":
        code = _output.secret(tr("Code", "Code"))
    known = ca.resolve() if ca else None
    line = public_key(signing_key(desk.home))
    found = Room(url, ca=known).enrol(code.strip(), line, ecluse.__version__)
    if (found["agent"], found["place"]) != (desk.settings.name, "relay"):
        raise UsageError(
            tr(f"the code is that of {found['agent']}, and this is the relay {desk.settings.name}",
               f"le code est celui de {found['agent']}, et ceci est le relais {desk.settings.name}"),
            location=where,
            hint=tr("name it so in the room, as a relay, and make another code",
                    "nommez-le ainsi dans la salle, comme relais, et faites un autre code"),
        )  # fmt: skip
    desk.log.append(Access.REPORTED, by, subject="enrolled")
    desk.home.keep_room(url, found["token"], known)
    print_ = fingerprint(line)
    _output.emit({"relay": desk.settings.name, "room": url, "fingerprint": print_})
    _output.say(tr(f"enrolled: {desk.settings.name}, key {print_}; start the relay again",
                   f"enrôlé : {desk.settings.name}, clé {print_} ; redémarrez le relais"), style="bold")  # fmt: skip
