"""``ecluse rules check``."""

from pathlib import Path

from ecluse.cli import _output
from ecluse.cli._app import FILE, argument, define
from ecluse.cli._text import Text, language, tr
from ecluse.control.watch import Rule, RuleSet, load_rules
from ecluse.domain.errors import Location, MalformedError


@define(
    Text(
        "Read a folder of rules as the watch would. Every *.yml file in it is a Sigma rule or a Sigma correlation; the "
        "id of a rule that ships replaces it, and `status: off` with a reason takes it away. What is wrong is named "
        "with file, line and field (exit code 10).",
        "Lire un dossier de règles comme la veille le ferait. Chaque fichier *.yml y est une règle Sigma ou une "
        "corrélation Sigma ; l'id d'une règle livrée la remplace, et `status: off` avec une raison l'enlève. Ce qui "
        "est faux est nommé avec fichier, ligne et champ (code de sortie 10).",
    ),
    example="ecluse rules check control-room/rules",
)
@argument("folder", type=FILE, text=Text("Folder of rules.", "Dossier de règles."))
def command(folder: Path) -> None:
    """Check."""
    loaded = read(folder)
    own = [rule for rule in loaded.rules if rule.id in loaded.own]
    _output.emit(_json(loaded, own))
    rows = [(_what(rule, loaded), rule.name, str(rule.severity), _title(rule)) for rule in own]
    rows += [(tr("off", "éteinte"), off.id, "", off.reason) for off in loaded.off]
    if rows:
        head = ("", tr("rule", "règle"), tr("severity", "gravité"), tr("what it says", "ce qu'elle dit"))
        _output.table(tr("Rules of this folder", "Règles de ce dossier"), head, rows)
    all_ = len(loaded.rules)
    _output.say(tr(f"sound; with those that ship {all_} rules", f"sans faute ; avec celles livrées, {all_} règles"))


def read(folder: Path) -> RuleSet:
    """The rules that ship with those of a folder that is there; raises MalformedError."""
    if not folder.is_dir():
        raise MalformedError("there is no such folder", location=Location(file=str(folder)))
    return load_rules(folder)


def _title(rule: Rule) -> str:
    return rule.fr.title if language() == "fr" else rule.en.title


def _what(rule: Rule, loaded: RuleSet) -> str:
    return tr("replaces", "remplace") if rule.id in loaded.replaced else tr("adds", "ajoute")


def _json(loaded: RuleSet, own: list[Rule]) -> dict[str, object]:
    return {
        "rules": len(loaded.rules),
        "own": [{"id": rule.id, "name": rule.name, "replaces": rule.id in loaded.replaced} for rule in own],
        "off": [{"id": off.id, "reason": off.reason} for off in loaded.off],
    }
