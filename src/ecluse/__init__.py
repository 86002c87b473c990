"""Écluse: a laboratory's data migration, exactly as ordered, sealed, reconciled, erased, provable."""

__version__ = "0.1.0"
