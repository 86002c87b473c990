"""Old binary sheets and Access databases, whose cells follow one another without rows: column names, then values.

Their own readers would hold a hostile file's idea of them in memory; here nothing is parsed but runs of letters.
"""

import re
from dataclasses import dataclass

from ecluse.inspector._columns import Role, is_date, role, words
from ecluse.inspector._given_names import GIVEN_NAMES

MAGIC = (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\0\1\0\0Standard Jet DB", b"\0\1\0\0Standard ACE DB")
"""How such files begin: Excel before 2007 (and other old office files), Access."""
_RUN = re.compile(rb"[\x20-\x7e\x80-\xfd]{2,60}")
_NEAR = 40
"""Cells between the names of the columns of one table."""
_MOST = 200_000
_NAMES = frozenset({Role.FAMILY, Role.GIVEN, Role.NAME})


@dataclass
class Cells:
    """What the cells say: names of columns near one another, frequent first names and dates after them."""

    number: int = 0
    given: int = 0
    dates: int = 0
    headed: bool = False
    _birth: int = -_MOST
    _name: int = -_MOST

    def scan(self, text: bytes) -> None:
        """A stretch of the file, without NULs."""
        for run in _RUN.findall(text):
            if self.number == _MOST:
                return
            self.number += 1
            self._one(run.decode("latin-1").strip())

    def _one(self, cell: str) -> None:
        found = role(cell)
        if found is Role.BIRTH:
            self._birth = self.number
        elif found in _NAMES:
            self._name = self.number
        elif self.headed:
            self.given += words(cell) in GIVEN_NAMES
            self.dates += is_date(cell)
        self.headed = self.headed or abs(self._birth - self._name) <= _NEAR

    @property
    def persons(self) -> int:
        """Persons at least; none if first names alone are not enough to say so."""
        return self.given if self.headed and (self.given > 2 or (self.given and self.dates)) else 0  # noqa: PLR2004
