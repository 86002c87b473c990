"""Documents that people write, in YAML 1.2's plain words, with the line of every field.

Dates, ``NO`` and ``1_000`` stay the texts that they look like: only true, false, null and decimal integers are
more than text. Aliases (``*name``) and tags (``!!binary``) are refused: what is signed says everything where it stands.
"""

import re
from pathlib import Path
from typing import Any, TypeVar

import yaml

from ecluse.domain.errors import Location, MalformedError
from ecluse.wire.artefacts import InvalidError, Problem, kind_of, validate

T = TypeVar("T")

MAX_BYTES = 2 * 2**20
_MAX_DEPTH = 40
_LINE_ENDS = re.compile(r"\r\n|[\r\n]")
_UNSEEN_ENDS = re.compile("[\x85\u2028\u2029]")
"""Line ends to YAML 1.1, characters to YAML 1.2: a text that holds one would be read in two ways."""


class _NotPlainError(yaml.MarkedYAMLError):
    """YAML that we do not take; ``problem`` is a text of ours."""


class _PlainLoader(yaml.SafeLoader):
    """YAML without the surprises of 1.1, bounded in depth before anything is built."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Refuse aliases (a few lines of them can stand for millions), tags and depth."""
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]  # types-PyYAML leaves it out
        mark: Any = event.start_mark
        if isinstance(event, yaml.AliasEvent):
            raise _NotPlainError(problem="an alias (*name) is not allowed: write it out", problem_mark=mark)
        if event.tag is not None:
            raise _NotPlainError(problem="a tag (!name) is not allowed", problem_mark=mark)
        if self._depth > _MAX_DEPTH:
            raise _NotPlainError(problem="nested too deeply", problem_mark=mark)
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


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
            # Names may hold dots and brackets; what matters is that every step is shorter.
            probe = probe[: max(probe.rfind("."), probe.rfind("["), 0)]
        return Location(file=self.file, line=self.lines.get(probe), field=path or None)

    def to(self, cls: type[T]) -> T:
        """The artefact that the document describes.

        Raises:
            InvalidError: every problem, the first one with file, line and field.
            MalformedError: not a list of fields at all.
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
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "not a file's name"
        raise MalformedError(f"cannot be read: {why}", location=Location(file=str(path))) from None
    return parse(data, file=str(path))


def parse(data: bytes, *, file: str | None = None) -> Document:
    """A YAML document from bytes; see :func:`read`."""
    if len(data) > MAX_BYTES:
        raise MalformedError(f"longer than {MAX_BYTES} bytes", location=Location(file=file))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        where = Location(file=file, line=data.count(b"\n", 0, error.start) + 1)
        raise MalformedError("not YAML in UTF-8", location=where) from None
    if unseen := _UNSEEN_ENDS.search(text):
        where = Location(file=file, line=text.count("\n", 0, unseen.start()) + 1)
        raise MalformedError("a line end that nobody sees (U+0085, U+2028 or U+2029): not YAML", location=where)
    try:
        loader = _PlainLoader(text)
        node = loader.get_single_node()
        if node is None:
            raise MalformedError("the document is empty", location=Location(file=file))
        lines: dict[str, int] = {}
        _walk(node, "", lines, file)
        value = loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        message, hint = _said(error)
        raise MalformedError(
            message, location=Location(file=file, line=mark.line + 1 if mark else None), hint=hint
        ) from None
    except yaml.reader.ReaderError as error:
        where = Location(file=file, line=len(_LINE_ENDS.findall(text[: error.position])) + 1)
        raise MalformedError("a control character: not YAML", location=where) from None
    except (yaml.YAMLError, ValueError, RecursionError):
        raise MalformedError("not YAML in UTF-8", location=Location(file=file)) from None
    return Document(value, lines, file)


def _said(error: yaml.MarkedYAMLError) -> tuple[str, str | None]:
    """What to say of an error: our own words only, for the parser's may repeat the document's."""
    if isinstance(error, _NotPlainError):
        return str(error.problem), None
    tab = "'\\t'" in str(error.problem)
    return "not YAML here", "indent with spaces, not with tabs" if tab else None


def _walk(node: yaml.Node, path: str, lines: dict[str, int], file: str | None) -> None:
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
            _walk(child, child_path, lines, file)
    elif isinstance(node, yaml.SequenceNode):
        for index, child in enumerate(node.value):
            _walk(child, f"{path}[{index}]", lines, file)
