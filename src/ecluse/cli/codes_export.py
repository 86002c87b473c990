"""``ecluse codes export``."""

from pathlib import Path

from ecluse.cli import _codes, _output
from ecluse.cli._app import FILE, argument, define, option
from ecluse.cli._site import profile_file
from ecluse.cli._text import Text, tr
from ecluse.control.papers import write_new
from ecluse.domain.errors import MalformedError
from ecluse.mapping.mapfile import read_map
from ecluse.mapping.merge import merge
from ecluse.wire.artefacts import digest_of
from ecluse.workspace.files import read


@define(
    Text(
        "Write the decisions into a profile. Makes a new profile of the old one's text and the map's decisions; what "
        "is undecided has no part in it, and what the profile says already is never overwritten. The profile stays the "
        "one truth: a plan pins its digest.",
        "Écrire les décisions dans un profil. Fait un nouveau profil du texte de l'ancien et des décisions de la "
        "table ; ce qui n'est pas décidé n'y entre pas, et ce que le profil dit déjà n'est jamais écrasé. Le profil "
        "reste la seule vérité : le plan fixe son empreinte.",
    ),
    example="ecluse codes export codes.yaml --profile dxlab.yaml -o dxlab-2.yaml",
)
@argument("map", type=FILE, text=Text("Map with decisions.", "Table avec décisions."))
@_codes.profile_option
@option("--output", "-o", type=FILE, required=True, text=Text("Profile to create.", "Profil à créer."))
def command(*, map: Path, profile: str, output: Path) -> None:  # noqa: A002 - its name on the command line
    """Merge."""
    file = profile_file(profile)
    made = merge(_text(file), read_map(map), file=str(file))
    write_new(output, made.text)
    digest = digest_of(made.profile)
    _output.emit({"profile": str(output), "digest": digest, "codes": list(made.codes), "units": list(made.units)})
    _output.say(
        tr(f"{output}: {len(made.codes)} codes and {len(made.units)} units added; {digest}",
           f"{output} : {len(made.codes)} codes et {len(made.units)} unités ajoutés ; {digest}"),
        style="bold",
    )  # fmt: skip


def _text(file: Path) -> str:
    _codes.read_profile(str(file))
    try:
        return read(file).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise MalformedError("not YAML in UTF-8") from None
