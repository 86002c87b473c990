"""Generate docs/reference/api.md from the API's own description: ``python docs/generate_api.py [--check]``.

With ``--check`` nothing is written, and the exit code is 1 where the page is not what the API says.
"""

import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parent / "reference" / "api.md"
_HEAD = """# The API

Generated from the control room's OpenAPI by `docs/generate_api.py`; do not edit. A room gives the whole of it, with
every field, at `/api/v1/openapi.json`.

Programs call with `Authorization: Bearer TOKEN`, by TLS; a browser's cookie opens nothing. A *personal token* is made
under one's own account, for named scopes and at most 90 days; it does what its person may do and its scopes name, and
never what takes a passkey: nothing here signs, approves or decides. An *agent's token* comes from its enrolment
([agents](../how-to/agents.md)). Refusals are `application/problem+json` (RFC 9457). A body has at most 4 MiB; a bearer
600 calls a minute; an address 20 wrong bearers a minute. Artefacts are given as their canonical text, so that their
digests and signatures hold.
"""


def main(arguments: list[str]) -> int:
    """Write the page, or check it."""
    text = page(_schema())
    stale = not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != text
    if "--check" in arguments:
        if stale:
            sys.stderr.write("docs/reference/api.md is not what the API says: run docs/generate_api.py\n")
        return int(stale)
    if stale:
        PAGE.write_text(text, encoding="utf-8")
    return 0


def page(schema: Mapping[str, Any]) -> str:
    """Every operation: what it does, who calls it, what goes in and out."""
    parts = [_HEAD]
    for path, operations in sorted(schema["paths"].items()):
        for method, operation in sorted(operations.items()):
            parts.append("\n".join(_operation(schema, f"{method.upper()} {path}", operation)))
    return "\n".join(parts)


def _operation(schema: Mapping[str, Any], name: str, operation: Mapping[str, Any]) -> Iterator[str]:
    yield f"## `{name}`\n"
    yield f"{operation.get('description') or operation['summary']}\n"
    bearers = [bearer for each in operation.get("security", []) for bearer in each]
    words = {"AgentBearer": "an agent's token", "PersonBearer": "a personal token"}
    yield f"- bearer: {', '.join(words.get(each, each) for each in bearers) or 'none: a one-time code, or a stranger'}"
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "query":
            yield f"- query `{parameter['name']}`"
    body = operation.get("requestBody")
    if body:
        yield f"- body: {_fields(schema, body['content']['application/json']['schema'])}"
    yield f"- answer: {_fields(schema, operation['responses'][200]['content']['application/json']['schema'])}\n"


def _fields(schema: Mapping[str, Any], value: Mapping[str, Any]) -> str:
    if "items" in value:
        return f"a list of {_fields(schema, value['items'])}"
    if "$ref" not in value:
        return str(value.get("type", "anything"))
    found = schema["components"]["schemas"][value["$ref"].rpartition("/")[2]]
    return ", ".join(f"`{name}`" for name in found["properties"])


def _schema() -> Mapping[str, Any]:
    from ecluse.portal.home import prepare  # noqa: PLC0415 - a room is made first

    with tempfile.TemporaryDirectory() as home:
        prepare(Path(home))
        os.environ |= {"ECLUSE_HOME": home, "ECLUSE_ORIGIN": "http://localhost"}
        os.environ["DJANGO_SETTINGS_MODULE"] = "ecluse.portal.settings"
        import django  # noqa: PLC0415

        django.setup()
        from ecluse.portal.api.room import api  # noqa: PLC0415

        found: Mapping[str, Any] = api.get_openapi_schema(path_prefix="/api/v1/")
        return found


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
