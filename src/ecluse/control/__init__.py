"""Use cases that touch no patient row."""
