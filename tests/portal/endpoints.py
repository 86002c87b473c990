"""Every address of the room, read from its URL tree, and things to fill the addresses with."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver, reverse

LIBRARY = "allauth."
"""Addresses of the accounts' library: about whoever asks; the middleware shuts those that are not used."""
API = "api"
"""The API has bearers instead of cookies, and a matrix of its own (``test_api_matrix.py``)."""


@dataclass(frozen=True)
class Endpoint:
    """One address: its name with namespaces, the names in its path, and its view."""

    name: str
    route: str
    parameters: tuple[str, ...]
    view: Callable[..., Any]
    is_librarys: bool = False

    def address(self, things: dict[str, Any]) -> str:
        """The address of those things."""
        return reverse(self.name, kwargs={each: things[each] for each in self.parameters})

    @property
    def mark(self) -> str:
        """How the view is guarded; empty where it is not marked."""
        if hasattr(self.view, "action"):
            return "guarded"
        marks = {"is_own": "own", "is_public": "public", "is_for_program": "program"}
        return next((mark for flag, mark in marks.items() if getattr(self.view, flag, False)), "")


def endpoints() -> Iterator[Endpoint]:
    """All of them but the API's."""
    yield from _walk(get_resolver(), "", "", librarys=False)


def _walk(resolver: URLResolver, route: str, namespace: str, *, librarys: bool) -> Iterator[Endpoint]:
    """The addresses under a resolver; whose file named them decides whether they are the library's."""
    for each in resolver.url_patterns:
        path = route + str(each.pattern)
        if isinstance(each, URLResolver):
            if path.startswith(API):
                continue
            inner = f"{namespace}{each.namespace}:" if each.namespace else namespace
            module = getattr(each.urlconf_name, "__name__", "")
            yield from _walk(each, path, inner, librarys=librarys or module.startswith(LIBRARY))
        elif isinstance(each, URLPattern):
            names = tuple(each.pattern.converters) or tuple(each.pattern.regex.groupindex)
            yield Endpoint(f"{namespace}{each.name or ''}", path, names, each.callback, librarys)
