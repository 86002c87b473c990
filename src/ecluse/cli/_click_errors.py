"""Click's own complaints about a command line, as errors of ours, in both languages."""

import click
from click import exceptions

from ecluse.cli._text import tr
from ecluse.domain.errors import UsageError


def translate(error: click.ClickException) -> UsageError:
    """The same complaint as a ``UsageError``, exit code 2."""
    path = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "ecluse"
    hint = tr(f"see {path} --help", f"voir {path} --help")
    close = getattr(error, "possibilities", None)
    if close:
        hint = tr(f"did you mean {', '.join(close)}? {hint}", f"vouliez-vous dire {', '.join(close)} ? {hint}")
    return UsageError(_message(error), hint=hint)


def _message(error: click.ClickException) -> str:  # noqa: PLR0911 - one a kind
    match error:
        case exceptions.NoSuchOption():
            return tr(f"no such option: {error.option_name}", f"option inconnue : {error.option_name}")
        case exceptions.NoSuchCommand():
            return tr(f"no such command: {error.command_name}", f"commande inconnue : {error.command_name}")
        case exceptions.MissingParameter():
            name = _name(error)
            if error.param is not None and error.param.param_type_name == "argument":
                return tr(f"an argument is missing: {name}", f"il manque un argument : {name}")
            return tr(f"an option is missing: {name}", f"il manque une option : {name}")
        case exceptions.BadParameter():
            return tr(f"{_name(error)}: {error.message}", f"{_name(error)} : valeur refusée ({error.message})")
        case exceptions.BadOptionUsage():
            return tr(f"{error.option_name}: needs a value", f"{error.option_name} : il faut une valeur")
        case _:
            return tr(error.format_message(), f"ligne de commande refusée ({error.format_message()})")


def _name(error: exceptions.BadParameter) -> str:
    if error.param is None:
        return str(error.param_hint or "")
    if error.param.param_type_name == "argument":
        return error.param.make_metavar(error.ctx) if error.ctx else str(error.param.human_readable_name)
    return max(error.param.opts, key=len)
