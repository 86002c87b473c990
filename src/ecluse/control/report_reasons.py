"""Why a record of a file could not be read, in French; the readers say it in English (``domain.files.SetAside``)."""

from collections.abc import Mapping

UNREADABLE_REASONS: Mapping[str, str] = {}
