"""Bilingual help: usage, text, arguments, options, example, in the reader's language."""

import re
from typing import Any

import click

from ecluse.cli._text import Text, tr


def first_sentence(text: Text) -> str:
    """What a list says of a command; "Art. 28" ends no sentence."""
    return re.split(r"\. (?=[A-ZÀ-Ý])", str(text))[0].rstrip(".")


class Option(click.Option):
    """An option whose help is a pair."""

    def __init__(self, *args: Any, text: Text, **rest: Any) -> None:
        self._pair = text
        super().__init__(*args, **rest)

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Click's record in the current language."""
        self.help = str(self._pair)
        record = super().get_help_record(ctx)
        if record is None:
            return None
        name, text = record
        return name, text.replace("[required]", tr("[required]", "[obligatoire]")).replace(
            "[default: ", tr("[default: ", "[par défaut : ")
        )


class Argument(click.Argument):
    """An argument with a help of its own."""

    def __init__(self, *args: Any, text: Text, **rest: Any) -> None:
        self.text = text
        super().__init__(*args, **rest)


class Bilingual(click.Command):
    """Help in the current language: usage, text, arguments, options, example."""

    def get_help_option_names(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """The same for whatever context asks first: click keeps the option that it makes then."""
        return ["-h", "--help"]

    def __init__(self, *args: Any, text: Text, example: str = "", **rest: Any) -> None:
        self.text = text
        self.example = example
        super().__init__(*args, **rest)

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """``--help``, in the current language."""
        option = super().get_help_option(ctx)
        if option is not None:
            option.help = tr("Show this help and stop.", "Montre cette aide et s'arrête.")
        return option

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The usage line."""
        pieces = " ".join(self.collect_usage_pieces(ctx)).replace("COMMAND", tr("COMMAND", "COMMANDE"))
        formatter.write_usage(ctx.command_path, pieces, prefix=tr("Usage: ", "Usage : "))

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """What the command is for."""
        formatter.write_paragraph()
        with formatter.indentation():
            formatter.write_text(str(self.text))

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Arguments, then options."""
        arguments = [(p.make_metavar(ctx), str(p.text)) for p in self.params if isinstance(p, Argument)]
        if arguments:
            with formatter.section(tr("Arguments", "Arguments ")):
                formatter.write_dl(arguments)
        records = [p.get_help_record(ctx) for p in self.get_params(ctx) if not isinstance(p, click.Argument)]
        with formatter.section(tr("Options", "Options ")):
            formatter.write_dl([record for record in records if record is not None])

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The example."""
        if self.example:
            with formatter.section(tr("Example", "Exemple ")):
                formatter.write("".join(f"  {line}\n" for line in self.example.strip().splitlines()))

    def get_short_help_str(self, limit: int = 45) -> str:  # noqa: ARG002
        """The first sentence."""
        return first_sentence(self.text)
