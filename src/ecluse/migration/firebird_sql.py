"""Firebird's SQL (3.0 and newer), which sqlglot has no dialect for; importing this module makes sqlglot know it.

What the compiler writes and what profiles may hold: texts have a length, booleans are written as comparisons, functions
by Firebird's names. ``CAST(x AS VARCHAR(n))`` without a character set gives the connection's (measured on 3.0.11).
"""

from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.generator import Generator as _Generator
from sqlglot.parser import Parser as _Parser
from sqlglot.tokens import Tokenizer as _Tokenizer

TEXT_LENGTH = 250
"""Characters of a key, site or code as text; a longer one is refused by the server, not cut."""


class Firebird(Dialect):
    """Firebird, by the name ``firebird``."""

    class Tokenizer(_Tokenizer):
        """System tables are named ``RDB$…``."""

        VAR_SINGLE_TOKENS: ClassVar[set[str]] = {"$"}

    class Parser(_Parser):
        """As the standard, and Firebird's names of functions."""

        FUNCTIONS: ClassVar[dict[str, Any]] = {
            **_Parser.FUNCTIONS,
            "CHAR_LENGTH": exp.Length.from_arg_list,
            "CHARACTER_LENGTH": exp.Length.from_arg_list,
        }

        def _parse_types(self, *args: Any, **options: Any) -> exp.Expr | None:
            made = super()._parse_types(*args, **options)
            if not isinstance(made, exp.DataType):
                return made
            for words in (("SUB_TYPE",), ("CHARACTER", "SET")):
                if self._match_text_seq(*words):
                    named = self._parse_var(any_token=True)
                    made = _qualified(made, " ".join(words), named.name if named else "")
            return made

    class Generator(_Generator):
        """What Firebird 3 runs."""

        TYPE_MAPPING: ClassVar[dict[Any, str]] = {
            **_Generator.TYPE_MAPPING,
            exp.DataType.Type.TEXT: f"VARCHAR({TEXT_LENGTH})",
            exp.DataType.Type.DOUBLE: "DOUBLE PRECISION",
            exp.DataType.Type.INT: "INTEGER",
            exp.DataType.Type.TINYINT: "SMALLINT",
            exp.DataType.Type.DATETIME: "TIMESTAMP",
            exp.DataType.Type.VARBINARY: "BLOB",
        }
        TRANSFORMS: ClassVar[dict[Any, Any]] = {
            **_Generator.TRANSFORMS,
            exp.Boolean: lambda _self, e: "1 = 1" if e.this else "1 = 0",
            exp.Length: lambda self, e: self.func("CHAR_LENGTH", e.this),
            exp.Mod: lambda self, e: self.func("MOD", _bare(e.this), _bare(e.expression)),
            exp.CurrentTimestamp: lambda _self, _e: "CURRENT_TIMESTAMP",
            exp.StrPosition: lambda self, e: self.func("POSITION", e.args.get("substr"), e.this),
            exp.Limit: lambda self, e: f" FETCH FIRST {self.sql(e, 'expression')} ROWS ONLY",
            exp.Substring: lambda self, e: _substring(self, e),  # noqa: PLW0108  (defined below)
        }

        def select_sql(self, expression: exp.Select) -> str:
            """A SELECT of constants still names a table here."""
            if not expression.args.get("from_") and not expression.args.get("from"):
                expression = expression.from_("RDB$DATABASE", copy=True)
            return super().select_sql(expression)


def octets(value: exp.Expr) -> exp.Expr:
    """A text as the bytes that it has in the connection's character set: no folding of case, no padding."""
    text = exp.cast(value.copy(), "text")
    wide = exp.DataType.build(f"VARCHAR({4 * TEXT_LENGTH})")
    return exp.Cast(this=text, to=_qualified(wide, "CHARACTER SET", "OCTETS"))


def _qualified(kind: exp.DataType, words: str, name: str) -> exp.DataType:
    return exp.DataType(this=exp.DataType.Type.USERDEFINED, kind=f"{kind.sql('firebird')} {words} {name}")


def _bare(value: exp.Expr) -> exp.Expr:
    return value.this if isinstance(value, exp.Paren) else value


def _substring(generator: _Generator, part: exp.Substring) -> str:
    text, start, length = generator.sql(part, "this"), generator.sql(part, "start"), generator.sql(part, "length")
    until = f" FOR {length}" if length else ""
    return f"SUBSTRING({text} FROM {start or 1}{until})"
