"""The command line: one file a command."""

import sys
from collections.abc import Sequence

import click

from ecluse.cli import _guard, _output, _text
from ecluse.cli._app import missing_extra
from ecluse.cli._click_errors import translate
from ecluse.cli._commands import APP
from ecluse.domain.errors import EcluseError, InternalError, Location, StorageError

__all__ = ["main"]

INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code (``ecluse help exit-codes``)."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    _guard.harden()
    _text.use(_text.preferred(given))
    _output.MODE.json = _output.MODE.quiet = False
    try:
        return _run(given)
    except SystemExit:
        return 0  # click leaves so when whoever read our output has gone (ecluse … | head)
    except BaseException as error:  # noqa: BLE001 - the edge of the program: nothing passes it untold
        return _told(error)


def _told(error: BaseException) -> int:
    """Say what went wrong, of what is not ours no more than its type; returns the exit code."""
    match error:
        case BrokenPipeError():
            sys.stdout = None  # the reader has gone; flushing at exit would fail again
            return 0
        case KeyboardInterrupt() | EOFError() | click.Abort():
            words = _text.tr("interrupted; run the same command again", "interrompu ; relancez la même commande")
            sys.stderr.write(f"{words}\n")
            return INTERRUPTED
        case EcluseError():
            ours = error
        case OSError():
            place = Location(file=str(error.filename)) if error.filename else None
            ours = StorageError(error.strerror or "cannot be used", location=place)
        case _:
            sys.stderr.write(f"{_guard.scrubbed(error)}\n")
            _guard.trace(error)
            return InternalError.exit_code
    _output.complain(ours)
    _guard.trace(error)
    return ours.exit_code


def _run(given: list[str]) -> int:
    try:
        code = APP.main(given, prog_name="ecluse", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.NoArgsIsHelpError as error:
        _output.raw(error.message)
        return 2
    except click.ClickException as error:
        raise translate(error) from None
    except ModuleNotFoundError as error:
        raise missing_extra(error) or error from None
    return code if isinstance(code, int) else 0
