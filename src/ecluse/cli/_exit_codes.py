"""The exit codes, from the errors tree: one table for ``ecluse help exit-codes`` and the documentation."""

from typing import NamedTuple

from ecluse.cli._text import Text
from ecluse.domain import errors
from ecluse.domain.errors import EcluseError


class ExitCode(NamedTuple):
    """One code."""

    code: int
    name: str
    text: Text


_FRENCH: dict[int, str] = {
    2: "La ligne de commande demande l'impossible.",
    10: "Un document, une clé ou un fichier qui ne se lit pas selon son format publié.",
    11: "Pas de contrat signé, en vigueur et complet selon l'art. 28(3) du RGPD (loi 9, R1).",
    12: "L'ordre demande ce qu'il ne peut pas, ou tait ce qu'il doit dire (lois 1 et 9, R2, R13, R14).",
    13: "Le profil ne convient pas au catalogue ou à sa propre base.",
    14: "Une signature manque, est fausse, ou vient d'une clé qui ne peut pas signer cela.",
    15: "Une ligne ou une colonne hors de l'ordre signé a atteint une porte (loi 1) : la migration s'arrête.",
    16: "Une étape hors de son tour dans la vie d'une migration (R4).",
    17: "Un document, un colis ou un journal n'est pas ce qui a été signé (loi 10).",
    18: "Les lignes prévues, scellées et chargées diffèrent, et personne n'a accepté les écarts (loi 3).",
    19: "La destination refuse les lignes, ou contient ce qu'elle ne doit pas.",
    20: "Quelque chose qui devrait être effacé est encore là (loi 7).",
    21: "Des preuves qui ne se contredisent pas, par des clés dont personne ne s'est porté garant : n'importe qui "
        "aurait pu les faire (loi 10).",
    22: "Qui demande n'a aucun rôle qui permette cela (loi 6, R6).",
    23: "Rien de ce nom n'existe pour qui demande : les choses d'autrui ne se distinguent pas de ce qui n'existe pas.",
    24: "Une inspection a trouvé des manquements, aussi graves que demandé, qu'aucune référence ne connaît.",
    25: "Un échantillon fuité n'est attribué à aucun des exports interrogés (R11).",
    26: "Un échantillon fuité désigne un export, et ne suffit pas à le lui attribuer (R11).",
    30: "Une base de données est partie ou ne se joint pas.",
    31: "Le disque est plein, protégé ou parti.",
    32: "Un autre processus travaille au même endroit.",
    70: "Un invariant d'Écluse ne tient pas : une faute de notre part, à signaler.",
}
_OTHERS = (
    ExitCode(0, "—", Text("Done.", "Fait.")),
    ExitCode(130, "—", Text("Interrupted (Ctrl-C); run the same command again.",
                            "Interrompu (Ctrl-C) ; relancez la même commande.")),
)  # fmt: skip


def leaves(root: type[EcluseError] = EcluseError) -> list[type[EcluseError]]:
    """Every error that ``domain.errors`` itself defines with a code of its own."""
    found = [root] if "exit_code" in vars(root) and root is not EcluseError else []
    for child in root.__subclasses__():
        if child.__module__ == errors.__name__:
            found += leaves(child)
    return found


def table() -> list[ExitCode]:
    """All codes, ascending."""
    ours = [
        ExitCode(e.exit_code, e.__name__, Text((e.__doc__ or "").partition("\n")[0], _FRENCH[e.exit_code]))
        for e in leaves()
    ]
    return sorted([*_OTHERS, *ours], key=lambda each: each.code)
