"""Documents that people write, in YAML 1.2's plain words, with the line of every field.

Dates, ``NO`` and ``1_000`` stay the texts that they look like: only true, false, null and decimal integers are
more than text.
"""

import re
from pathlib import Path
from typing import Any, TypeVar

import yaml

from ecluse.domain.errors import Location, MalformedError
from ecluse.wire.artefacts import InvalidError, Problem, kind_of, validate

T = TypeVar("T")

_MAX_DEPTH = 40


class _PlainLoader(yaml.SafeLoader):
    """YAML without the surprises of 1.1."""


_PlainLoader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("tag:yaml.org,2002:bool", r"^(?:true|false)$", "tf"),
    ("tag:yaml.org,2002:null", r"^(?:null|~|)$", ["n", "~", ""]),
    ("tag:yaml.org,2002:int", r"^(?:0|-?[1-9][0-9]{0,14})$", "-0123456789"),
):
    _PlainLoader.add_implicit_resolver(_tag, re.compile(_pattern), list(_first))


class Document:
    """Parsed values and the line of each path."""

    def __init__(self, value: Any, lines: dict[str, int], file: str | None) -> None:
        self.value = value
        self.lines = lines
        self.file = file

    def location(self, path: str) -> Location:
        """Where a path stands; a missing field is placed at its parent."""
        probe = path
        while probe and probe not in self.lines:
            probe = re.sub(r"(\.[^.\[]+|\[\d+\]|^[^.\[]+)$", "", probe)
        return Location(file=self.file, line=self.lines.get(probe), field=path or None)

    def to(self, cls: type[T]) -> T:
        """The artefact that the document describes.

        Raises:
            InvalidError: every problem, the first one with file, line and field.
        """
        if not isinstance(self.value, dict):
            raise MalformedError("a document is a list of 'field: value' lines", location=self.location(""))
        try:
            return validate(cls, self.value)
        except InvalidError as error:
            first = error.problems[0]
            raise InvalidError(kind_of(cls), error.problems, location=self.location(first.path)) from None

    def refuse(self, problem: Problem, error: type[MalformedError] = MalformedError) -> MalformedError:
        """An error placed at a path of this document."""
        return error(problem.message, location=self.location(problem.path))


def read(path: Path) -> Document:
    """A YAML (or JSON) document from a file.

    Raises:
        MalformedError: unreadable or not YAML; names file and line, never the content.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise MalformedError(f"cannot be read: {error.strerror}", location=Location(file=str(path))) from None
    return parse(data, file=str(path))


def parse(data: bytes, *, file: str | None = None) -> Document:
    """A YAML document from bytes; see :func:`read`."""
    try:
        loader = _PlainLoader(data)
        node = loader.get_single_node()
        if node is None:
            raise MalformedError("the document is empty", location=Location(file=file))
        lines: dict[str, int] = {}
        _walk(node, "", lines, file, 0)
        value = loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else None
        raise MalformedError("not YAML here", location=Location(file=file, line=line)) from None
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError):
        raise MalformedError("not YAML in UTF-8", location=Location(file=file)) from None
    return Document(value, lines, file)


def _walk(node: yaml.Node, path: str, lines: dict[str, int], file: str | None, depth: int) -> None:
    if depth > _MAX_DEPTH:
        raise MalformedError("nested too deeply", location=Location(file=file, line=node.start_mark.line + 1))
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, child in node.value:
            here = Location(file=file, line=key.start_mark.line + 1, field=path or None)
            if not isinstance(key, yaml.ScalarNode):
                raise MalformedError("a field's name is a plain text", location=here)
            if key.value in seen:
                raise MalformedError("a field is given twice", location=here)
            key.tag = "tag:yaml.org,2002:str"
            seen.add(key.value)
            child_path = f"{path}.{key.value}".removeprefix(".")
            lines[child_path] = key.start_mark.line + 1
            _walk(child, child_path, lines, file, depth + 1)
    elif isinstance(node, yaml.SequenceNode):
        for index, child in enumerate(node.value):
            _walk(child, f"{path}[{index}]", lines, file, depth + 1)
