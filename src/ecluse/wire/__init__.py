"""Canonical bytes and strict parsers of every artefact."""
