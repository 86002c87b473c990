"""``ecluse relay account list``."""

from pathlib import Path

from ecluse.cli import _output
from ecluse.cli._app import define
from ecluse.cli._relay import home_option, opened
from ecluse.cli._text import Text, tr
from ecluse.relay.accounts import Account, Kind
from ecluse.relay.sessions import Sessions
from ecluse.seal.signing import fingerprint


@define(
    Text(
        "List a relay's accounts. Who answers for each, whom it works for, until when, by what it enters, and how many "
        "sessions it has open now.",
        "Lister les comptes d'un relais. Qui répond de chacun, pour qui il travaille, jusqu'à quand, par quoi il "
        "entre, et combien de sessions il a ouvertes.",
    ),
    example="ecluse relay account list --home relay",
)
@home_option
def command(home: Path) -> None:
    """List all accounts."""
    desk = opened(home)
    on, sessions = desk.clock().date(), Sessions(desk.home).count()
    accounts = desk.accounts.all()
    _output.emit([
        {
            "id": each.id, "kind": str(each.kind), "owner": each.owner, "agent": each.agent,
            "until": each.until.isoformat(), "keys": [fingerprint(key) for key in each.keys],
            "tokens": len(each.tokens), "certificates": list(each.certificates), "networks": list(each.networks),
            "revoked": each.revoked, "live": each.is_live(on), "sessions": sessions.get(each.id, 0),
        }
        for each in accounts
    ])  # fmt: skip
    columns = [tr("account", "compte"), tr("kind", "genre"), tr("answers", "répond"), tr("works for", "travaille pour"),
               tr("until", "jusqu'au"), tr("enters by", "entre par"), tr("open", "ouvertes")]  # fmt: skip
    rows = [
        [
            each.id, tr("person", "personne") if each.kind is Kind.PERSON else "agent", each.owner, each.agent,
            tr("revoked", "révoqué") if each.revoked else each.until.isoformat(), _ways(each),
            str(sessions.get(each.id, 0)),
        ]
        for each in accounts
    ]  # fmt: skip
    _output.table("", columns, rows, right=(6,))


def _ways(account: Account) -> str:
    counted = (
        (len(account.keys), tr("key", "clé")),
        (len(account.tokens), tr("token", "jeton")),
        (len(account.certificates), tr("certificate", "certificat")),
    )
    return ", ".join(f"{number} {word}" for number, word in counted if number)
