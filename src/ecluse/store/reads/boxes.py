"""Whose a relay's boxes are."""

from collections.abc import Iterable
from functools import reduce
from operator import or_

from django.db.models import Q

from ecluse.store.models import OrderVersion


def parties_of_boxes(boxes: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The parties to the order of each box, which is named by the beginning of its order's digest. One query.

    Empty where the room knows no such order.
    """
    named = sorted(set(boxes))
    if not named:
        return {}
    of_box = reduce(or_, (Q(digest__startswith=f"sha256:{box}") for box in named))
    pairs = OrderVersion.objects.filter(of_box).values_list(
        "digest", "agreement__controller__slug", "agreement__processor__slug"
    )
    found: dict[str, tuple[str, ...]] = dict.fromkeys(named, ())
    for digest, *slugs in pairs:
        for box in named:
            if digest.startswith(f"sha256:{box}"):
                found[box] = tuple(dict.fromkeys((*found[box], *slugs)))
    return found
