"""Where HPRIM files go: a folder of the new system's."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from ecluse.domain.errors import UsageError

__all__ = ["HprimAddress"]

_OPTIONS = frozenset({"recipient", "recipient_name"})


@dataclass(frozen=True, slots=True)
class HprimAddress:
    """``hprim:///folder``; ``recipient`` and ``recipient_name`` are H-10 of HPRIM Santé."""

    folder: Path
    options: Mapping[str, str]

    @classmethod
    def of(cls, url: str) -> "HprimAddress":
        """Take a URL apart. Raises UsageError naming what is wrong, never the URL."""
        try:
            parts = urlsplit(url)
        except ValueError:
            raise UsageError("the destination's URL does not parse") from None
        options = dict(parse_qsl(parts.query, keep_blank_values=True))
        if parts.scheme != "hprim" or parts.netloc or parts.fragment or not parts.path.strip("/"):
            raise UsageError("the destination's URL names no folder: hprim:///path")
        if set(options) - _OPTIONS:
            raise UsageError(f"unknown option in the destination's URL, among: {', '.join(sorted(_OPTIONS))}")
        return cls(Path(unquote(parts.path)), options)
