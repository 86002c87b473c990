"""Every address of the room, read from its URL tree, and things to fill the addresses with."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver, reverse

LIBRARY = ("allauth.",)
"""Views of the accounts' library: about whoever asks; the middleware shuts those that are not used."""
API = "api"
"""The API has bearers instead of cookies, and a matrix of its own (``test_api_matrix.py``)."""


@dataclass(frozen=True)
class Endpoint:
    """One address: its name with namespaces, the names in its path, and its view."""

    name: str
    route: str
    parameters: tuple[str, ...]
    view: Callable[..., Any]

    def address(self, things: dict[str, Any]) -> str:
        """The address of those things."""
        return reverse(self.name, kwargs={each: things[each] for each in self.parameters})

    @property
    def mark(self) -> str:
        """How the view is guarded; empty where it is not marked."""
        if hasattr(self.view, "action"):
            return "guarded"
        return (
            "own" if getattr(self.view, "is_own", False) else "public" if getattr(self.view, "is_public", False) else ""
        )

    @property
    def is_librarys(self) -> bool:
        """Whether it belongs to the accounts' library."""
        return getattr(self.view, "__module__", "").startswith(LIBRARY)


def endpoints() -> Iterator[Endpoint]:
    """All of them but the API's."""
    yield from _walk(get_resolver(), "", "")


def _walk(resolver: URLResolver, route: str, namespace: str) -> Iterator[Endpoint]:
    for each in resolver.url_patterns:
        path = route + str(each.pattern)
        if isinstance(each, URLResolver):
            if path.startswith(API):
                continue
            yield from _walk(each, path, f"{namespace}{each.namespace}:" if each.namespace else namespace)
        elif isinstance(each, URLPattern):
            names = tuple(each.pattern.converters)
            yield Endpoint(f"{namespace}{each.name}", path, names, each.callback)
