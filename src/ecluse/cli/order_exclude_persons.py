"""``ecluse order exclude-persons``."""

from pathlib import Path

import click

from ecluse.cli import _output
from ecluse.cli._app import FILE, argument, define, option
from ecluse.cli._exclusion import KEY, read_key
from ecluse.cli._text import Text, tr
from ecluse.control.papers import write_new
from ecluse.domain.errors import Location, MalformedError, UsageError
from ecluse.domain.order import PersonBasis
from ecluse.migration.persons import make_list


@define(
    Text(
        "Make the keyed list of persons who stay out. Reads identifiers, one a line (patient numbers, or NIRs), and "
        "writes their keyed hashes: without the key, which only the controller has, the list names nobody. Nothing "
        "that is read is shown. Delete the file of identifiers afterwards.",
        "Faire la liste à clé des personnes exclues. Lit des identifiants, un par ligne (numéros de patient, ou NIR), "
        "et écrit leurs empreintes à clé : sans la clé, que seul le responsable a, la liste ne désigne personne. Rien "
        "de ce qui est lu n'est montré. Effacez ensuite le fichier d'identifiants.",
    ),
    example="ecluse key new exclusion exclusion.key\n"
    "ecluse order exclude-persons refusals.txt --key exclusion.key --out persons.keyed",
)
@argument(
    "identifiers",
    type=FILE,
    text=Text("Text file in UTF-8, one identifier a line.", "Fichier texte en UTF-8, un identifiant par ligne."),
)
@option("--key", type=FILE, required=True, text=KEY)
@option(
    "--out",
    type=FILE,
    required=True,
    text=Text("List to create, that the order names.", "Liste à créer, que l'ordre nomme."),
)
@option(
    "--basis",
    type=click.Choice([str(b) for b in PersonBasis]),
    default=str(PersonBasis.SOURCE_ID),
    show_default=True,
    text=Text("What the identifiers are.", "Ce que sont les identifiants."),
)
def command(identifiers: Path, key: Path, out: Path, basis: str) -> None:
    """Write the list."""
    made = make_list(read_key(key), PersonBasis(basis), _identifiers(identifiers))
    write_new(out, made.encode().decode("ascii"))
    exclusion = made.exclusion()
    _output.emit({"file": str(out), "persons": exclusion.persons, "digest": exclusion.digest, "basis": basis})
    count = _output.count(exclusion.persons)
    _output.say(tr(f"{out}: {count} persons", f"{out} : {count} personnes"))
    _output.say(exclusion.digest)


def _identifiers(file: Path) -> list[str]:
    place = Location(file=str(file))
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", location=place) from None
    except UnicodeDecodeError:
        raise MalformedError("not a text in UTF-8", location=place) from None
    found = [line.strip() for line in text.splitlines() if line.strip()]
    if not found:
        raise MalformedError("the file names nobody", location=place)
    return found
