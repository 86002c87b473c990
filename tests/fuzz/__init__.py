"""Fuzzing of every reader of outside bytes: ``scripts/fuzz`` (see docs/reference/fuzzing.md)."""
