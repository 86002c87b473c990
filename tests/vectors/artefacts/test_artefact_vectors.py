"""Published vectors of every artefact: the good ones decode and encode to themselves, the bad ones fail as the index says."""

import json
import re
import subprocess
import sys
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from ecluse.domain import errors
from ecluse.domain.errors import EcluseError
from ecluse.wire.artefacts import KINDS, InvalidError, decode, digest_of, encode, schema

HERE = Path(__file__).parent
INDEX: list[dict[str, Any]] = json.loads((HERE / "index.json").read_bytes())
GOOD = [one for one in INDEX if one["expect"] == "good"]
BAD = [one for one in INDEX if one["expect"] == "bad"]


def _named(ones: list[dict[str, Any]]) -> Any:
    return pytest.mark.parametrize("one", ones, ids=[one["file"] for one in ones])


def test_vectors_are_enough_and_as_generated() -> None:
    for kind in KINDS:
        assert sum(one["kind"] == kind for one in GOOD) >= 3, kind
        assert sum(one["kind"] == kind for one in BAD) >= 8, kind
    command = [sys.executable, str(HERE / "generate_artefacts.py"), "--check"]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stdout + made.stderr


@_named(GOOD)
def test_a_good_one_is_read_and_written_again(one: dict[str, Any]) -> None:
    data = (HERE / one["file"]).read_bytes()
    value = decode(KINDS[one["kind"]], data)
    assert encode(value) == data
    assert digest_of(value) == one["digest"]


@_named(BAD)
def test_a_bad_one_is_refused_as_the_index_says(one: dict[str, Any]) -> None:
    with pytest.raises(EcluseError) as caught:
        decode(KINDS[one["kind"]], (HERE / one["file"]).read_bytes(), file=one["file"])
    assert isinstance(caught.value, getattr(errors, one["error"]))
    assert caught.value.exit_code == one["exit_code"]
    assert str(caught.value).startswith(one["file"])
    if one["field"] is not None:
        assert isinstance(caught.value, InvalidError)
        assert {problem.path for problem in caught.value.problems} == {one["field"]}
        assert one["field"] in str(caught.value)


@_named(GOOD)
def test_the_published_schema_takes_the_good(one: dict[str, Any]) -> None:
    value = json.loads((HERE / one["file"]).read_bytes())
    jsonschema.Draft202012Validator(schema(one["kind"])).validate(value)


_SHAPE = {"format-missing", "format-of-another", "field-too-many", "list", "letter-missing", "role-unknown", "bound-missing",
          "category-unknown", "digest-in-capitals", "rows-below-zero", "decision-unknown", "event-unknown",
          "detail-in-depth", "loinc-malformed", "mode-unknown", "instant-without-zone", "version-zero"}  # fmt: skip


@_named([one for one in BAD if one["file"].partition("/bad-")[2].removesuffix(".json") in _SHAPE])
def test_the_published_schema_refuses_wrong_shapes(one: dict[str, Any]) -> None:
    value = json.loads((HERE / one["file"]).read_bytes())
    assert not jsonschema.Draft202012Validator(schema(one["kind"])).is_valid(value)


def test_the_page_on_formats_shows_vectors() -> None:
    page = (HERE.parents[2] / "docs" / "reference" / "artefact-formats.md").read_text(encoding="utf-8")
    shown = re.findall(r"`([a-z-]+/good-[a-z-]+\.json)`, here.*?```json\n(.*?)```", page, re.DOTALL)
    assert [file.partition("/")[0] for file, _ in shown] == list(KINDS)
    for file, text in shown:
        assert json.loads(text) == json.loads((HERE / file).read_bytes()), file


def test_published_schemas_are_current_and_installed() -> None:
    for kind in KINDS:
        text = (resources.files("ecluse.wire") / "schemas" / f"{kind}.schema.json").read_text(encoding="utf-8")
        assert json.loads(text) == schema(kind), "run python docs/generate_schemas.py"


@pytest.mark.parametrize("page", ["schemas", "lifecycle"])
def test_generated_pages_are_current(page: str) -> None:
    command = [sys.executable, str(HERE.parents[2] / "docs" / f"generate_{page}.py"), "--check"]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
