"""Words and files of a warning, read where they lie; none is written anywhere."""

import sys
from pathlib import Path

from ecluse.cli import _output
from ecluse.cli._app import FILE, option
from ecluse.cli._text import Text, tr
from ecluse.domain.errors import Location, MalformedError, UsageError
from ecluse.seal.letters import MAX_BYTES, Attachment, check_letter
from ecluse.workspace.files import read

ROOM = Text("Address of the room: https.", "Adresse de la salle : https.")
CA = Text("Certificates (PEM) to trust instead of the system's.",
          "Certificats (PEM) à croire au lieu de ceux du système.")  # fmt: skip
ATTACH = Text("File to attach; as it is, with whatever it tells of its author. May be repeated.",
              "Fichier à joindre ; tel quel, avec ce qu'il dit de son auteur. Peut se répéter.")  # fmt: skip

room_option = option("--room", required=True, metavar="URL", text=ROOM)
ca_option = option("--ca", type=FILE, default=None, text=CA)
attach_option = option("--attach", "files", type=FILE, multiple=True, text=ATTACH)


def words(file: str | None) -> str:
    """A text: of a file, of standard input (``-``), or typed.

    No editor is opened: it would keep what is written on the disk.

    Raises:
        StorageError: the file is not there or cannot be read.
        MalformedError: not UTF-8.
    """
    if file is None or file == "-":
        if sys.stdin.isatty():
            _output.warn(tr("write; end with Ctrl-D on a line of its own", "écrivez ; terminez par Ctrl-D seul"))
        return sys.stdin.read()
    try:
        return read(Path(file)).decode("utf-8")
    except UnicodeDecodeError:
        raise MalformedError("not UTF-8 text", location=Location(file=file)) from None


def attached(files: tuple[Path, ...], text: str) -> tuple[Attachment, ...]:
    """Files as attachments; the room's own limits, said before anything is sent.

    Raises:
        UsageError: no such file.
        MalformedError: empty or too large.
    """
    found = []
    for file in files:
        try:
            with file.open("rb") as opened:
                found.append(Attachment(file.name[-200:], opened.read(MAX_BYTES + 1)))
        except OSError:
            raise UsageError("there is no such file", location=Location(file=str(file))) from None
    check_letter(text, found)
    return tuple(found)
