"""Sigma's conditions: ``selection and not 1 of filter_*``."""

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase

from ecluse.control.watch.match import All, Node, Not, Some
from ecluse.domain.errors import MalformedError

MAX_CHARACTERS = 1000
_MAX_DEPTH = 20
_TOKEN = re.compile(r"\s*([()]|[A-Za-z0-9_*]+)")
_RESERVED = frozenset({"and", "or", "not", "of", "them", "all", "any", "1"})


def parse(text: str, searches: Mapping[str, Node]) -> Node:
    """A condition over named searches; ``not`` binds closer than ``and``, ``and`` than ``or``.

    Raises:
        MalformedError: not a condition, a search that is not there, or one that is never used.
    """
    if len(text) > MAX_CHARACTERS:
        raise MalformedError("the condition is too long")
    parser = _Parser(_tokens(text), searches)
    node = parser.either(0)
    if parser.left():
        raise MalformedError("the condition goes on after its end")
    if set(searches) - parser.used:
        raise MalformedError("a search is defined and never used in the condition")
    return node


def _tokens(text: str) -> list[str]:
    tokens, place = [], 0
    text = text.rstrip()
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None:
            raise MalformedError("not a condition: allowed are names, and, or, not, 1 of, all of and brackets")
        tokens.append(found[1])
        place = found.end()
    return tokens


class _Parser:
    def __init__(self, tokens: list[str], searches: Mapping[str, Node]) -> None:
        self._tokens, self._place = tokens, 0
        self._searches = searches
        self.used: set[str] = set()

    def left(self) -> bool:
        return self._place < len(self._tokens)

    def _next_is(self, word: str) -> bool:
        return self.left() and self._tokens[self._place].lower() == word

    def _take(self) -> str:
        if not self.left():
            raise MalformedError("the condition ends too early")
        self._place += 1
        return self._tokens[self._place - 1]

    def either(self, depth: int) -> Node:
        if depth > _MAX_DEPTH:
            raise MalformedError("the condition is nested too deeply")
        parts = [self._both(depth)]
        while self._next_is("or"):
            self._take()
            parts.append(self._both(depth))
        return parts[0] if len(parts) == 1 else Some(tuple(parts))

    def _both(self, depth: int) -> Node:
        parts = [self._one(depth)]
        while self._next_is("and"):
            self._take()
            parts.append(self._one(depth))
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _one(self, depth: int) -> Node:
        if depth > _MAX_DEPTH:
            raise MalformedError("the condition is nested too deeply")
        word = self._take()
        match word.lower():
            case "not":
                return Not(self._one(depth + 1))
            case "(":
                node = self.either(depth + 1)
                if self._take() != ")":
                    raise MalformedError("a bracket is not closed")
                return node
            case "1" | "all" | "any" if self._next_is("of"):
                self._take()
                parts = self._of(self._take())
                return All(parts) if word.lower() == "all" else Some(parts)
            case _:
                return self._named(word)

    def _of(self, pattern: str) -> tuple[Node, ...]:
        if pattern.lower() == "them":
            names = [name for name in self._searches if not name.startswith("_")]
        else:
            names = [name for name in self._searches if fnmatchcase(name, pattern)]
        if not names:
            raise MalformedError("no search has such a name")
        self.used.update(names)
        return tuple(self._searches[name] for name in names)

    def _named(self, word: str) -> Node:
        if word.lower() in _RESERVED or word == ")" or word not in self._searches:
            raise MalformedError("no search has such a name")
        self.used.add(word)
        return self._searches[word]
