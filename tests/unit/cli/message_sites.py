"""Every English text that an error of ours can say, found in the source by its syntax tree; ``{}`` for what is put in.

Follows a message that is no literal one step: to the assignments of its name, to a module's constants, to what a
function returns, to what callers pass for a parameter. What is read off another error is that error's own.
"""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import ecluse
from ecluse.domain import errors

SOURCE = Path(ecluse.__file__).parent
ERRORS = frozenset(
    name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, errors.EcluseError)
)
SECOND = frozenset({"FieldError", "Problem"})
"""Their message is the second argument."""
_DEPTH = 4
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Site:
    """One text, where it is said."""

    place: str
    template: str


@dataclass
class Module:
    """One file's tree, with each node's functions around it."""

    path: Path
    tree: ast.Module
    around: dict[ast.AST, tuple[Function, ...]] = field(default_factory=dict)
    methods: set[Function] = field(default_factory=set)

    @classmethod
    def read(cls, path: Path) -> "Module":
        made = cls(path, ast.parse(path.read_text(encoding="utf-8")))
        made._walk(made.tree, ())
        return made

    def _walk(self, node: ast.AST, functions: tuple[Function, ...]) -> None:
        self.around[node] = functions
        inner = (*functions, node) if isinstance(node, Function) else functions
        for child in ast.iter_child_nodes(node):
            if isinstance(node, ast.ClassDef) and isinstance(child, Function):
                static = any(isinstance(d, ast.Name) and d.id == "staticmethod" for d in child.decorator_list)
                self.methods |= set() if static else {child}
            self._walk(child, inner)

    @property
    def name(self) -> str:
        return str(self.path.relative_to(SOURCE))


class Sites:
    """All texts of all files."""

    def __init__(self) -> None:
        self.modules = [Module.read(path) for path in sorted(SOURCE.rglob("*.py"))]

    @cached_property
    def calls(self) -> dict[str, list[tuple[Module, ast.Call]]]:
        """Calls by the called one's last name."""
        found: dict[str, list[tuple[Module, ast.Call]]] = {}
        for module in self.modules:
            for node in ast.walk(module.tree):
                if isinstance(node, ast.Call):
                    found.setdefault(_called(node), []).append((module, node))
        return found

    def all(self) -> Iterator[Site]:
        """Every text."""
        for name in sorted(ERRORS | SECOND):
            for module, call in self.calls.get(name, []):
                at = 1 if name in SECOND else 0
                given = [*call.args[at : at + 1], *(k.value for k in call.keywords if k.arg in {"message", "hint"})]
                for expression in given:
                    for template in self.templates(module, expression):
                        yield Site(f"{module.name}:{call.lineno}", template)

    def templates(self, module: Module, node: ast.expr, depth: int = _DEPTH) -> Iterator[str]:
        """What an expression of text can be."""
        match node:
            case ast.Constant(value=str() as text):
                yield text
            case ast.JoinedStr():
                yield from self._joined(module, node, depth)
            case ast.IfExp(body=body, orelse=other):
                yield from self._each(module, (body, other), depth)
            case ast.BoolOp(values=values):
                yield from self._each(module, values, depth)
            case ast.BinOp(op=ast.Add(), left=left, right=right):
                for first in self.templates(module, left, depth):
                    yield from (first + last for last in self.templates(module, right, depth))
            case _ if depth:
                yield from self._followed(module, node, depth - 1)

    def _each(self, module: Module, nodes: Iterable[ast.expr], depth: int) -> Iterator[str]:
        for node in nodes:
            yield from self.templates(module, node, depth)

    def _followed(self, module: Module, node: ast.expr, depth: int) -> Iterator[str]:
        """One step further: a name, a table's values, a function's results."""
        match node:
            case ast.Name():
                yield from self._named(module, node, depth)
            case ast.Subscript(value=ast.Name() as table):
                for value in self._assigned(module, table):
                    if isinstance(value, ast.Dict):
                        yield from self._each(module, value.values, depth)
            case ast.Call(func=ast.Name(id=name)) if name != "tr":
                yield from self._returned(module, name, depth)

    def _joined(self, module: Module, node: ast.JoinedStr, depth: int) -> Iterator[str]:
        texts = [""]
        for part in node.values:
            if isinstance(part, ast.Constant):
                texts = [text + str(part.value).replace("{", "{{").replace("}", "}}") for text in texts]
                continue
            assert isinstance(part, ast.FormattedValue)
            choices = ["{}"]
            if isinstance(part.value, ast.IfExp):
                choices = list(self.templates(module, part.value, 0)) or ["{}"]
            elif isinstance(part.value, ast.Name) and depth:
                # a sentence put into another is a text of its own
                yield from (t for t in self._named(module, part.value, depth - 1) if _is_sentence(t))
            texts = [text + choice for text in texts for choice in choices]
        yield from texts

    def _named(self, module: Module, name: ast.Name, depth: int) -> Iterator[str]:
        for value in self._assigned(module, name):
            yield from self.templates(module, value, depth)
        for function in module.around[name]:
            names = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]
            keyword = name.id in {argument.arg for argument in function.args.kwonlyargs}
            if name.id in names or keyword:
                place = None if keyword else names.index(name.id) - (function in module.methods)
                for other, call in self.calls.get(function.name, []):
                    passed = [k.value for k in call.keywords if k.arg == name.id]
                    if place is not None and 0 <= place < len(call.args):
                        passed.append(call.args[place])
                    for value in passed:
                        yield from self.templates(other, value, depth)

    def _assigned(self, module: Module, name: ast.Name) -> Iterator[ast.expr]:
        inside = set(module.around[name])
        for node in ast.walk(module.tree):
            if set(module.around[node]) <= inside:
                yield from (value for target, value in _assignments(node) if target == name.id)

    def _returned(self, module: Module, name: str, depth: int) -> Iterator[str]:
        for function in ast.walk(module.tree):
            if isinstance(function, Function) and function.name == name:
                for node in ast.walk(function):
                    if isinstance(node, ast.Return | ast.Yield) and node.value is not None:
                        yield from self.templates(module, node.value, depth)


def _assignments(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Names and what they are given by one statement."""
    match node:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            yield name, value
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
            yield name, value
        case ast.NamedExpr(target=ast.Name(id=name), value=value):
            yield name, value
        case ast.Assign(targets=[ast.Tuple(elts=targets)], value=value):
            choices = (value.body, value.orelse) if isinstance(value, ast.IfExp) else (value,)
            for choice in choices:
                for target, part in zip(targets, getattr(choice, "elts", ()), strict=False):
                    if isinstance(target, ast.Name):
                        yield target.id, part


def _called(call: ast.Call) -> str:
    if isinstance(call.func, ast.Name):
        return call.func.id
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def _is_sentence(template: str) -> bool:
    return " " in template.strip() and any(character.isalpha() for character in template)
