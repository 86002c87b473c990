"""``ecluse relay account add``."""

import datetime as dt
import secrets
from dataclasses import replace
from pathlib import Path

import click

from ecluse.cli import _output
from ecluse.cli._app import FILE, argument, define, option
from ecluse.cli._relay import by_option, check_handle, home_option, opened
from ecluse.cli._text import Text, tr
from ecluse.domain.errors import ForbiddenError, Location, MalformedError, UsageError
from ecluse.relay.accounts import Account, Kind, bare, secret_digest
from ecluse.relay.certificates import keep_client_certificate
from ecluse.relay.home import Home
from ecluse.seal.signing import fingerprint
from ecluse.workspace.files import read


@define(
    Text(
        "Add an account to a relay, or a key to one. One person or one agent, with its own keys: a key, token or "
        "certificate that another account has, or ever had, is refused (law 6). A token is shown once and kept as a "
        "digest. For an account that is there already, what is given is added, --until and --network replace, and "
        "--kind, --owner and --agent that say otherwise are refused: whose it is never changes.",
        "Ajouter un compte à un relais, ou une clé à un compte. Une personne ou un agent, avec ses propres clés : une "
        "clé, un jeton ou un certificat qu'un autre compte a, ou a eu, est refusé (loi 6). Un jeton est montré une "
        "fois et gardé comme empreinte. Pour un compte déjà là, ce qui est donné s'ajoute, --until et --network "
        "remplacent, et --kind, --owner et --agent qui disent autre chose sont refusés : il ne change jamais de mains.",
    ),
    example="ecluse relay account add agent-source --kind agent --owner ing.dupont --until 2026-12-31 "
    "--key agent-source.pub --home relay --by adm.roux\n"
    "ecluse relay account add ing.dupont --kind person --agent agent-source --until 2026-12-31 --token --by adm.roux",
)
@argument("id_", metavar="ID", text=Text("The account's id: a person's handle, or the agent's id in the agreement.",
                                         "L'identifiant du compte : celui d'une personne, ou de l'agent dans le "
                                         "contrat."))  # fmt: skip
@home_option
@by_option
@option("--kind", type=click.Choice([str(each) for each in Kind]),
        text=Text("A person, or an agent; a new account is an agent where this is not said.",
                  "Une personne (person), ou un agent ; agent pour un nouveau compte si rien n'est dit."))  # fmt: skip
@option("--owner", text=Text("For an agent: the person who answers for it.",
                             "Pour un agent : la personne qui en répond."))  # fmt: skip
@option("--agent", text=Text("For a person: the one agent that they may carry parcels for.",
                             "Pour une personne : le seul agent pour qui elle peut porter des colis."))  # fmt: skip
@option("--until", type=click.DateTime(["%Y-%m-%d"]),
        text=Text("Last day that it opens anything.", "Dernier jour où il ouvre quoi que ce soit."))  # fmt: skip
@option("--key", "keys", type=FILE, multiple=True,
        text=Text("Public SSH key (.pub); may be given again.", "Clé SSH publique (.pub) ; répétable."))  # fmt: skip
@option("--token", is_flag=True, text=Text("Make a token for HTTPS, shown once.",
                                           "Faire un jeton pour HTTPS, montré une fois."))  # fmt: skip
@option("--certificate", "certificates", type=FILE, multiple=True,
        text=Text("Client certificate for HTTPS (PEM); may be given again.",
                  "Certificat client pour HTTPS (PEM) ; répétable."))  # fmt: skip
@option("--network", "networks", multiple=True, metavar="CIDR",
        text=Text("Only from this network; may be given again. None: those of the relay.",
                  "Seulement depuis ce réseau ; répétable. Aucun : ceux du relais."))  # fmt: skip
def command(  # noqa: PLR0917 - one for each option
    id_: str,
    home: Path,
    by: str,
    kind: str | None,
    owner: str | None,
    agent: str | None,
    until: dt.datetime | None,
    keys: tuple[Path, ...],
    token: bool,  # noqa: FBT001 - an option
    certificates: tuple[Path, ...],
    networks: tuple[str, ...],
) -> None:
    """Add one account, or to it."""
    check_handle(by)
    desk = opened(home)
    known = desk.accounts.get(id_)
    if known:
        _check_same(known, kind, owner, agent)
    secret = secrets.token_urlsafe(32) if token else None
    lines = tuple(_line(path) for path in keys)
    more = {
        "keys": lines,
        "tokens": (secret_digest(secret),) if secret else (),
        "certificates": tuple(keep_client_certificate(Home(home), read(path)) for path in certificates),
    }
    try:
        made = (
            _added(known, more, until, networks)
            if known
            else _new(id_, Kind(kind or Kind.AGENT), owner, agent, until, networks, more)
        )
    except ValueError as error:
        field, _, said = str(error).partition(": ")
        raise UsageError(said or field, location=Location(field=field if said else None)) from None
    desk.accounts.add(made, desk.log, by)
    shown = [fingerprint(line) for line in lines]
    _output.emit({"account": id_, "keys": shown, "token": secret, "until": made.until.isoformat()})
    _output.say(tr(f"{id_}: until {made.until}", f"{id_} : jusqu'au {made.until}"), style="bold")
    for each in shown:
        _output.say(tr(f"key {each}", f"clé {each}"))
    if secret:
        _output.say(tr(f"token, shown this once: {secret}", f"jeton, montré cette seule fois : {secret}"))


def _new(  # noqa: PLR0917 - what the options said
    id_: str,
    kind: Kind,
    owner: str | None,
    agent: str | None,
    until: dt.datetime | None,
    networks: tuple[str, ...],
    more: dict[str, tuple[str, ...]],
) -> Account:
    if until is None:
        raise UsageError(tr("a new account has a last day", "un nouveau compte a un dernier jour"), hint="--until")
    person = kind is Kind.PERSON
    if person and not agent:
        raise UsageError(tr("a person carries for one agent", "une personne porte pour un agent"), hint="--agent")
    if not person and not owner:
        raise UsageError(tr("a person answers for an agent", "une personne répond d'un agent"), hint="--owner")
    return Account(
        id_, kind, owner=id_ if person else owner or "", agent=agent or id_, until=until.date(),
        keys=more["keys"], tokens=more["tokens"], certificates=more["certificates"], networks=networks,
    )  # fmt: skip


def _check_same(known: Account, kind: str | None, owner: str | None, agent: str | None) -> None:
    """Whose an account is never changes: refuse options that say otherwise, by name, before anything is done."""
    for option_, given, have in (
        ("--kind", kind, str(known.kind)),
        ("--owner", owner, known.owner),
        ("--agent", agent, known.agent),
    ):
        if given is not None and given != have:
            raise UsageError(
                tr(f"{option_}: this account has another", f"{option_} : ce compte en a un autre"),
                location=Location(field=known.id),
                hint=tr(f"it is {have}; another account, with new keys, for anybody else",
                        f"c'est {have} ; un autre compte, avec de nouvelles clés, pour qui que ce soit d'autre"),
            )  # fmt: skip


def _added(
    known: Account, more: dict[str, tuple[str, ...]], until: dt.datetime | None, networks: tuple[str, ...]
) -> Account:
    if known.revoked:
        raise ForbiddenError("a revoked account stays revoked", hint="add another one, with new keys")
    held = {bare(each): each for each in known.keys}
    keys = tuple({**held, **{bare(each): each for each in more["keys"]}}.values())
    return replace(
        known,
        keys=keys,
        tokens=(*known.tokens, *more["tokens"]),
        certificates=tuple(dict.fromkeys((*known.certificates, *more["certificates"]))),
        until=until.date() if until else known.until,
        networks=networks or known.networks,
    )


def _line(path: Path) -> str:
    """The key of a ``.pub`` file; raises MalformedError."""
    lines = [line.strip() for line in read(path).decode("utf-8", "replace").splitlines() if line.strip()]
    if len(lines) != 1:
        raise MalformedError("one public key line belongs here", location=Location(file=str(path)))
    fingerprint(lines[0])
    return lines[0]
