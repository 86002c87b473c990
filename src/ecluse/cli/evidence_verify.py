"""``ecluse evidence verify``."""

import datetime as dt
from pathlib import Path
from typing import Literal

from ecluse.cli import _output
from ecluse.cli._app import FILE, argument, define, option
from ecluse.cli._text import Text, language, tr
from ecluse.domain.errors import Location, TamperError, UnvouchedError
from ecluse.verify import render, verdict, verify_bundle


@define(
    Text(
        "Verify a bundle offline, trusting nobody who wrote it. Numbered steps, each independent of the code that made "
        "the bundle; the failing step is named, with exit code 17. A migration that is not over verifies as far as it "
        "got. With --trust, signers' keys must be those of your own allowed_signers file, and exit code 0 says that "
        "they are. Without it the bundle is at best consistent with itself, which a forged one is too: exit code 21.",
        "Vérifier un dossier hors ligne, sans croire qui l'a écrit. Des étapes numérotées, indépendantes du code qui a "
        "fait le dossier ; l'étape qui échoue est nommée, avec le code 17. Une migration inachevée se vérifie jusqu'où "
        "elle est allée. Avec --trust, les clés des signataires doivent être celles de votre propre allowed_signers, "
        "et le code 0 dit qu'elles le sont. Sans lui, le dossier n'est au mieux que cohérent avec lui-même, ce qu'est "
        "aussi un faux : code 21.",
    ),
    example="ecluse evidence verify evidence.zip --trust allowed_signers",
)
@argument("bundle", type=FILE, text=Text("The bundle.", "Le dossier de preuves."))
@option(
    "--trust",
    type=FILE,
    default=None,
    text=Text(
        "OpenSSH allowed_signers file with the keys that you trust.",
        "Fichier allowed_signers d'OpenSSH, avec vos clés de confiance.",
    ),
)
def command(bundle: Path, trust: Path | None) -> None:
    """Verify one bundle."""
    report = verify_bundle(bundle, trust=trust, now=dt.datetime.now(dt.UTC))
    lang: Literal["en", "fr"] = "fr" if language() == "fr" else "en"
    steps = [
        {"number": s.number, "name": s.name, "status": str(s.status), "detail": getattr(s.detail, lang)}
        for s in report.steps
    ]
    answer = {
        "verified": report.authenticated,
        "consistent": report.consistent,
        "authenticated": report.authenticated,
        "complete": report.complete,
        "verdict": verdict(report, lang),
        "steps": steps,
    }
    _output.emit(answer)
    _output.say(render(report, lang))
    if not report.consistent:
        first = report.failed[0]
        detail = getattr(first.detail, lang)
        step = tr(f"step {first.number}, {first.name}", f"étape {first.number}, {first.name}")
        raise TamperError(detail, location=Location(file=str(bundle), field=step))
    if not report.authenticated:
        raise UnvouchedError(
            tr("consistent, but nobody vouched for these keys",
               "cohérent, mais personne ne s'est porté garant de ces clés"),
            location=Location(file=str(bundle)),
            hint=tr("give --trust: allowed_signers lines for the controller's director and the processor's management, "
                    "from another source than the bundle",
                    "donnez --trust : les lignes allowed_signers du directeur du responsable et de la direction du "
                    "sous-traitant, venues d'ailleurs que du dossier"),
        )  # fmt: skip
