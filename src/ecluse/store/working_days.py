"""Which days count as working days in France (metropolitan; Alsace and Moselle have two holidays more)."""

import datetime as dt
from collections.abc import Iterable
from functools import lru_cache

import holidays


@lru_cache(maxsize=64)
def _of_year(year: int) -> frozenset[dt.date]:
    return frozenset(holidays.country_holidays("FR", years=year))


def french_holidays(years: Iterable[int]) -> frozenset[dt.date]:
    """The public holidays of some years."""
    return frozenset().union(*map(_of_year, years))
