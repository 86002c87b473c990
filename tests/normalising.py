"""Small raw batches through the normaliser, and what is looked at in its result; shared by the tests of it."""

from ecluse.migration.normalise import Normaliser
from migration_parts import make_profile, planned, raw


def normalise(entity, names, columns, *, parse=None, profile=None, **controls):
    made = profile or make_profile(parse={entity: parse or {}})
    return Normaliser(made, planned(entity, *names))(raw(columns, **controls))


def values(result, name):
    return result.rows.column(name).to_pylist()


def reasons(result):
    return [] if result.quarantine is None else result.quarantine.column("_reason").to_pylist()


def keys(n):
    return [f"K{i}" for i in range(n)]
