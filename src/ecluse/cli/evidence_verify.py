"""``ecluse evidence verify``."""

import datetime as dt
from pathlib import Path
from typing import Literal

from ecluse.cli import _output
from ecluse.cli._app import FILE, argument, define, option
from ecluse.cli._text import Text, language, tr
from ecluse.domain.errors import Location, TamperError
from ecluse.verify import render, verify_bundle


@define(
    Text(
        "Verify a bundle offline, trusting nobody who wrote it. Numbered steps, each independent of the code that made "
        "the bundle; the failing step is named, with exit code 17. A migration that is not over verifies as far as it "
        "got. With --trust, signers' keys must be those of your own allowed_signers file.",
        "Vérifier un dossier hors ligne, sans croire qui l'a écrit. Des étapes numérotées, indépendantes du code qui a "
        "fait le dossier ; l'étape qui échoue est nommée, avec le code 17. Une migration inachevée se vérifie jusqu'où "
        "elle est allée. Avec --trust, les clés des signataires doivent être celles de votre propre allowed_signers.",
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
    _output.emit({"verified": report.verified, "complete": report.complete, "steps": steps})
    _output.say(render(report, lang))
    if not report.verified:
        first = report.failed[0]
        detail = getattr(first.detail, lang)
        step = tr(f"step {first.number}, {first.name}", f"étape {first.number}, {first.name}")
        raise TamperError(detail, location=Location(file=str(bundle), field=step))
