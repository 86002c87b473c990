"""The control room's records: Django models, and the acts that change them, each with its journal entry (law 5)."""
