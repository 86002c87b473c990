"""Four verbs: sign, verify, seal, open."""
