"""What the demonstrations share: narrating in the reader's language, and running ``ecluse`` as a person would."""

import os
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_MARK = ".demonstration"


def french() -> bool:
    """Whether the locale asks for French."""
    given = (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    return next((text for text in given if text), "").lower().startswith("fr")


def tr(en: str, fr: str) -> str:
    """The one of two texts that the reader understands."""
    return fr if french() else en


class StageError(Exception):
    """A step of the demonstration did not go as it must; the text is for the person who runs it."""


class Stage:
    """A folder to work in, and everything that is said and run there.

    Commands run in the folder, so that what is printed can be typed there again.
    """

    def __init__(self, folder: Path) -> None:
        """Begin anew: what an earlier demonstration left in ``folder`` is removed; anything else is not."""
        if folder.exists() and any(folder.iterdir()) and not (folder / _MARK).exists():
            raise StageError(tr(f"{folder} holds something else", f"{folder} contient autre chose"))
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir(parents=True)
        (folder / _MARK).write_text("A demonstration of Écluse: made anew each time.\n", encoding="utf-8")
        self.folder = folder
        self.hush = False
        """Whether commands run and remarks go unseen."""
        self._step = 0
        self._began = time.monotonic()
        self._tty = sys.stdout.isatty() and "NO_COLOR" not in os.environ

    def act(self, en: str, fr: str) -> None:
        """A heading."""
        self._step += not self.hush
        self._print(f"\n── {self._step}. {tr(en, fr)}", "1;36")

    def say(self, en: str, fr: str) -> None:
        """A remark, in the reader's language."""
        self._print(tr(en, fr))

    def show(self, text: str) -> None:
        """Lines of a file, indented."""
        self._print("\n".join(f"   │ {line}" for line in text.rstrip().splitlines()), "2")

    def ecluse(self, *arguments: str, quiet: bool = False) -> str:
        """Show a command and run it; with ``quiet`` its answer is returned and not shown.

        Raises ``StageError`` when it fails.
        """
        self._print(f"\n$ ecluse {shlex.join(arguments)}", "1")
        command = [sys.executable, "-m", "ecluse", *arguments]
        place = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT / "src"), os.environ.get("PYTHONPATH", "")))}
        out = subprocess.PIPE if quiet else subprocess.DEVNULL if self.hush else None
        done = subprocess.run(command, cwd=self.folder, env=place, text=True, stdout=out, check=False)
        if done.returncode:
            raise StageError(tr(f"ecluse ended with code {done.returncode}", f"ecluse a fini avec {done.returncode}"))
        return done.stdout if quiet else ""

    def stock(self, command: list[str], stdin: str) -> None:
        """Show and run somebody else's program on a file of the folder; raises ``StageError`` when it fails."""
        self._print(f"\n$ {shlex.join(command)} < {stdin}", "1")
        with (self.folder / stdin).open("rb") as file:
            done = subprocess.run(command, cwd=self.folder, stdin=file, check=False)
        if done.returncode:
            raise StageError(tr(f"{command[0]} refuses", f"{command[0]} refuse"))

    def check(self, what: str, *, holds: bool) -> None:
        """Say whether something holds; raises ``StageError`` where it does not."""
        self._print(f"   {'✓' if holds else '✗'} {what}", "32" if holds else "1;31")
        if not holds:
            raise StageError(what)

    def seconds(self) -> float:
        """Since the beginning."""
        return time.monotonic() - self._began

    def write(self, name: str, text: str) -> Path:
        """A file in the folder, readable by its owner alone."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8")
        return path

    def public_key(self, name: str) -> str:
        """The public half of a signing key."""
        return (self.folder / f"{name}.pub").read_text(encoding="utf-8").strip()

    def _print(self, text: str, style: str = "") -> None:
        if not self.hush:
            print(f"\033[{style}m{text}\033[0m" if style and self._tty else text, flush=True)
