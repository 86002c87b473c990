"""``ecluse warn read``."""

import sys
from pathlib import Path

import click

from ecluse.cli import _output
from ecluse.cli._app import FILE, argument, define, option
from ecluse.cli._text import Text, tr
from ecluse.domain.errors import UsageError
from ecluse.seal.letters import shown_text, unpack
from ecluse.workspace.files import read


@define(
    Text(
        "Open a warning, or a message of one, that was sealed to you: the file that the control room hands out, with "
        "the identity that never leaves your machine. It is shown here and written nowhere; an attachment goes to "
        "standard output, and nobody has looked into it: open it where it can do no harm.",
        "Ouvrir un signalement, ou l'un de ses messages, scellé pour vous : le fichier que donne la salle de contrôle, "
        "avec l'identité qui ne quitte jamais votre machine. Il est montré ici et écrit nulle part ; une pièce jointe "
        "va sur la sortie standard, et personne n'a regardé dedans : ouvrez-la où elle ne peut nuire.",
    ),
    example="ecluse warn read W-7K3Q-9X2M.age -i officer.key\n"
    "ecluse warn read W-7K3Q-9X2M.age -i officer.key --attachment 1 | less",
)
@argument("file", type=FILE, text=Text("The sealed file.", "Le fichier scellé."))
@option("--identity", "-i", type=FILE, required=True, text=Text("Your age identity.", "Votre identité age."))
@option("--attachment", type=click.IntRange(1), default=None, metavar="N",
        text=Text("Write this attachment to standard output.",
                  "Écrire cette pièce jointe sur la sortie standard."))  # fmt: skip
def command(file: Path, identity: Path, attachment: int | None) -> None:
    """Open one."""
    from ecluse.seal.sealing import Identity, open_sealed  # noqa: PLC0415 - the base install has no age

    letter = unpack(open_sealed(read(file), Identity.load(identity)))
    if attachment is not None:
        if attachment > len(letter.attachments):
            raise UsageError("there is no such attachment")
        sys.stdout.buffer.write(letter.attachments[attachment - 1].data)
        sys.stdout.buffer.flush()
        return
    held = [{"name": each.name, "bytes": len(each.data)} for each in letter.attachments]
    _output.emit({"text": letter.text, "about": letter.about, "attachments": held})
    if letter.about:
        _output.say(shown_text(letter.about), style="bold")
        _output.say()
    _output.say(shown_text(letter.text))
    for number, each in enumerate(letter.attachments, 1):
        size = tr(f"{_output.count(len(each.data))} bytes", f"{_output.count(len(each.data))} octets")
        _output.say(f"{number}. {each.name} ({size})")
