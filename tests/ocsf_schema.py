"""OCSF's own schema, as its classes' JSON Schemas, to judge events by."""

from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema


@lru_cache(maxsize=1)
def _schemas(version: str) -> OcsfJsonSchemaEmbedded:
    return OcsfJsonSchemaEmbedded(get_ocsf_schema(version=version))


@lru_cache(maxsize=32)
def _validator(version: str, uid: int) -> Draft202012Validator:
    schemas = _schemas(version)
    return Draft202012Validator(schemas.get_class_schema(schemas.lookup_class_name_from_uid(uid)))


def captions(version: str, uid: int) -> tuple[str, dict[int, str]]:
    """A class's caption, and its activities' captions."""
    found = get_ocsf_schema(version=version)["classes"][_schemas(version).lookup_class_name_from_uid(uid)]
    activities = found["attributes"]["activity_id"]["enum"]
    return found["caption"], {int(number): each["caption"] for number, each in activities.items()}


def problems(event: dict[str, Any]) -> list[str]:
    """What the schema has against an event."""
    found = _validator(event["metadata"]["version"], event["class_uid"]).iter_errors(event)
    return [f"{'.'.join(map(str, each.absolute_path))}: {each.message[:200]}" for each in found]
