"""``ecluse relay status``."""

import base64
import hashlib
from pathlib import Path
from typing import Any

from ecluse.cli import _output
from ecluse.cli._app import define, option
from ecluse.cli._relay import home_option, opened
from ecluse.cli._text import Text, tr
from ecluse.domain.errors import EcluseError
from ecluse.relay.boxes import Box, files, folders, names
from ecluse.relay.certificates import fingerprint as certificate_fingerprint
from ecluse.relay.certificates import own_certificate
from ecluse.relay.home import host_key, host_line
from ecluse.relay.sessions import Sessions
from ecluse.seal.signing import fingerprint


@define(
    Text(
        "Say how a relay stands. Its host key and certificate, the agreements that it trusts, who is in, and what lies "
        "in each box and until when: names, counts and sizes.",
        "Dire où en est un relais. Sa clé d'hôte et son certificat, les contrats auxquels il se fie, qui est là, et ce "
        "que contient chaque boîte et jusqu'à quand : noms, nombres et tailles.",
    ),
    example="ecluse relay status --home relay\necluse relay status --home relay --sshfp relay.example",
)
@home_option
@option("--sshfp", metavar="HOST",
        text=Text("Print the DNS record that publishes the host key (RFC 4255).",
                  "Donner l'enregistrement DNS qui publie la clé d'hôte (RFC 4255)."))  # fmt: skip
def command(home: Path, sshfp: str | None) -> None:
    """Show one relay."""
    desk = opened(home)
    host_key(desk.home)
    line = host_line(desk.home)
    if sshfp:
        _output.raw(
            f"{sshfp.rstrip('.')}. IN SSHFP 4 2 {hashlib.sha256(base64.b64decode(line.split()[1])).hexdigest()}"
        )
        return
    certificate, _ = own_certificate(desk.home, desk.settings)
    trusted = [name.removesuffix(".json") for name in names(desk.home.agreements) if name.endswith(".json")]
    found: dict[str, Any] = {
        "name": desk.settings.name,
        "sftp": desk.settings.sftp,
        "host_key": line,
        "host_key_fingerprint": fingerprint(line),
        "https": desk.settings.https,
        "certificate_sha256": certificate_fingerprint(certificate),
        "networks": list(desk.settings.networks),
        "agreements": [f"sha256:{each}" for each in trusted],
        "sessions": Sessions(desk.home).count(),
        "journal": desk.log.read(0)[2],
        "boxes": [_box(desk.home.boxes / name) for name in folders(desk.home.boxes)],
    }
    _output.emit(found)
    _show(found)


def _box(path: Path) -> dict[str, Any]:
    box = Box(path)
    parcels, coming = list(files(path / "parcels")), list(files(path / "coming"))
    told: dict[str, Any] = {
        "name": box.name, "state": "waiting", "erase_by": None, "parcels": len(parcels), "coming": len(coming),
        "bytes": sum(size for _, size in (*parcels, *coming)), "taken": len(names(path / "taken")),
    }  # fmt: skip
    try:
        if box.is_open():
            told |= {"state": "complete" if box.is_complete() else "open",
                     "erase_by": box.facts().erase_by.isoformat()}  # fmt: skip
    except EcluseError:
        told["state"] = "damaged"
    return told


def _show(found: dict[str, Any]) -> None:
    states = {
        "waiting": tr("papers wait", "papiers en attente"),
        "open": tr("open", "ouverte"),
        "complete": tr("complete", "complète"),
        "damaged": tr("DAMAGED", "ABÎMÉE"),
    }
    _output.say(tr(f"relay {found['name']}", f"relais {found['name']}"), style="bold")
    for door, mark in (("sftp", "host_key_fingerprint"), ("https", "certificate_sha256")):
        _output.say(f"{door.upper():5} {found[door]}  {found[mark]}")
    _output.say(tr(f"journal: {found['journal']} entries", f"journal : {found['journal']} écritures"))
    for each in found["agreements"]:
        _output.say(tr(f"trusts {each}", f"se fie à {each}"))
    for account, number in found["sessions"].items():
        _output.say(tr(f"{account}: {number} sessions open", f"{account} : {number} sessions ouvertes"))
    columns = [tr("box", "boîte"), tr("state", "état"), tr("erase by", "effacer avant"), tr("parcels", "colis"),
               tr("coming", "en route"), tr("taken", "pris"), tr("bytes", "octets")]  # fmt: skip
    rows = [
        [each["name"], states[each["state"]], each["erase_by"] or "—", str(each["parcels"]), str(each["coming"]),
         str(each["taken"]), _output.count(each["bytes"])]
        for each in found["boxes"]
    ]  # fmt: skip
    if rows:
        _output.table("", columns, rows, right=(3, 4, 5, 6))
