"""Sensitive categories (see :mod:`ecluse.domain.sensitive`)."""

from ecluse.domain.sensitive import SensitiveCategory

__all__ = ["SensitiveCategory"]
