"""What the demo's order asks, said again in plain Python: the reference that a migration is compared with."""

import datetime as dt
from dataclasses import dataclass

from demo.lis.analyses import BY_CODE

SITES: tuple[str, ...] = ("RENNES-CENTRE", "RENNES-SUD", "VITRE", "FOUGERES", "REDON")
FIRST_PATIENT = 100001
# Three persons: the second number is a duplicate record of the first person.
EXCLUDED_PATIENTS: tuple[int, ...] = (100007, 100008, 100019, 100023)


@dataclass(frozen=True, slots=True)
class Scope:
    """An order's scope, and which markers to plant.

    Dates are AAAAMMJJ, both included. ``mark_out_of_scope`` plants ``HORS-ORDRE-<n>`` in every row out of scope and
    every never-ordered column, ``mark_in_scope`` plants ``DANS-ORDRE-<n>`` in an ordered column of every row in scope,
    ``mark_raw_value`` also marks the raw value of results out of scope (which spoils statistics over the whole table).
    ``impossible_dates`` files four dossiers on days that do not exist; they are never in scope.
    """

    date_from: str = "20180101"
    date_until: str = "20191231"
    sites: tuple[str, ...] = ("RENNES-CENTRE", "RENNES-SUD")
    exclude_categories: tuple[str, ...] = ("hiv", "genetics")
    exclude_patients: tuple[int, ...] = EXCLUDED_PATIENTS
    include_unclassifiable: bool = False
    impossible_dates: bool = True
    mark_out_of_scope: bool = True
    mark_in_scope: bool = False
    mark_raw_value: bool = False

    def refuses_request(self, registered: str | None, site: str | None, patient: int) -> str | None:
        """Why a dossier is out of scope, or None when it is in; the first reason in this order counts."""
        if registered is None or not is_day(registered):
            return "date unreadable"
        if not self.date_from <= registered <= self.date_until:
            return "date"
        if site not in self.sites:
            return "site"
        return "person" if patient in self.exclude_patients else None

    def refuses_code(self, code: str | None) -> str | None:
        """Why a result of an in-scope dossier is out of scope by its code, or None when it is in."""
        analysis = BY_CODE.get(code) if code is not None else None
        if analysis is None or analysis.loinc is None:
            return None if self.include_unclassifiable else "unclassifiable"
        if analysis.category is not None and analysis.category in self.exclude_categories:
            return f"category {analysis.category}"
        return None


def is_day(text: str) -> bool:
    """Whether AAAAMMJJ names a day that existed."""
    try:
        return len(text) == 8 and text == dt.date(int(text[:4]), int(text[4:6]), int(text[6:])).strftime("%Y%m%d")  # noqa: PLR2004
    except ValueError:
        return False


DEMO_SCOPE = Scope()


class Marks:
    """Hands out numbered markers; a marker that is switched off leaves its text alone."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self.out_count = 0
        self.in_count = 0

    @property
    def raw_values(self) -> bool:
        """Whether raw values of results out of scope are marked too."""
        return self._scope.mark_raw_value

    def out(self, text: str | None) -> str | None:
        """The text, marked as never to leave."""
        if not self._scope.mark_out_of_scope:
            return text
        self.out_count += 1
        return f"{text} HORS-ORDRE-{self.out_count}" if text else f"HORS-ORDRE-{self.out_count}"

    def inside(self, text: str | None) -> str | None:
        """The text, marked as ordered."""
        if not self._scope.mark_in_scope:
            return text
        self.in_count += 1
        return f"{text} DANS-ORDRE-{self.in_count}" if text else f"DANS-ORDRE-{self.in_count}"

    def ordered(self, text: str | None, *, refused: bool) -> str | None:
        """An ordered column's text, marked by the side of the order on which its row lies."""
        return self.out(text) if refused else self.inside(text)
