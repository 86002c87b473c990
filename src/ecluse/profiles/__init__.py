"""Profiles that ship with Écluse, one YAML file each; ``ecluse.wire.documents`` reads them."""
