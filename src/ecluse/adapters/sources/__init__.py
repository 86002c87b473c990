"""Legacy systems that rows are read from."""

from ecluse.adapters.sources.opening import open_source
from ecluse.adapters.sources.spec import PASSWORD_ENV, SourceSpec

__all__ = ["PASSWORD_ENV", "SourceSpec", "open_source"]
