"""Use cases that touch patient rows, as Arrow batches; values are never logged."""
