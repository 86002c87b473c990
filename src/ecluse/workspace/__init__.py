"""One place of a migration on disk: artefacts, keys, parcels and the journal."""
