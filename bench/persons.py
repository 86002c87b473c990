"""Fictional persons as a region's laboratory has them, and leaks of them: what tracing is measured on.

No real person: surnames are made of syllables, 40,000 of them as unevenly borne as French ones (the first 0.4 %), given
names likewise. Everything follows from the seed.
"""

import datetime as dt
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from ecluse.domain.identifiers import nir_key

_ONSETS = ("B", "C", "D", "F", "G", "L", "M", "N", "P", "R", "S", "T", "V", "CH", "BR", "GR", "TR", "GU")
_RIMES = ("A", "É", "E", "I", "O", "U", "AN", "ON", "IN", "OU", "AI", "AR", "EL", "IER", "ET", "ARD", "È")
_GIVEN = (
    "Marie", "Jean", "Pierre", "Michel", "André", "Jeanne", "Françoise", "Monique", "Catherine", "Nathalie", "Isabelle",
    "Philippe", "Alain", "Jacques", "Bernard", "Daniel", "Sylvie", "Anne", "Martine", "Nicolas", "Christophe", "Léa",
    "Chloé", "Emma", "Manon", "Thomas", "Lucas", "Hugo", "Camille", "Julien", "Kévin", "Jean-Pierre", "Marie-Thérèse",
    "Céline", "Émilie", "Aurélie", "Stéphane", "Frédéric", "Zoé", "Noël", "Yves", "Loïc", "Gwenaëlle", "Maël", "Inès",
)  # fmt: skip
_EPOCH = dt.date(1925, 1, 1)
_DAYS = 34_000
_EMPTIED = 0.25
_SURNAMES = 40_000


@dataclass(frozen=True)
class Persons:
    """A laboratory's patients, and what its order exports of them."""

    table: pa.Table
    """As ordered rows of the entity patient."""
    requests: pa.Table

    def row(self, at: int) -> dict[str, str]:
        """One patient, with a request: what a leak is written from."""
        found = {name: self.table.column(name)[at].as_py() for name in self.table.column_names}
        request = {name: self.requests.column(name)[at].as_py() for name in self.requests.column_names}
        return {**found, "request": request["source_id"], "registered_on": request["registered_on"]}


def surnames(seed: int = 7) -> list[str]:
    """Made of two or three syllables, each once."""
    drawn, made = random.Random(seed), dict[str, None]()
    while len(made) < _SURNAMES:
        made["".join(drawn.choice(_ONSETS) + drawn.choice(_RIMES) for _ in range(drawn.choice((2, 3, 3))))] = None
    return list(made)


_NAMES = surnames()


def persons(count: int, seed: int, department: int = 35, first: int = 100_000) -> Persons:
    """So many patients; ``department`` decides postcodes, ``first`` the laboratory's numbering."""
    drawn = np.random.default_rng(seed)
    family = _uneven(drawn, count, len(_NAMES), 0.75)
    given = _uneven(drawn, count, len(_GIVEN), 0.6)
    born = drawn.integers(0, _DAYS, count)
    sex = drawn.integers(1, 3, count)
    places, orders = drawn.integers(1, 900, count), drawn.integers(1, 999, count)
    towns = _uneven(drawn, count, 60, 0.8)
    phones = drawn.integers(0, 10**8, count)
    when = drawn.integers(0, 730, count)
    days = [_EPOCH + dt.timedelta(days=int(each)) for each in born]
    bodies = [
        f"{s}{d.year % 100:02d}{d.month:02d}{department:02d}{p:03d}{o:03d}"
        for s, d, p, o in zip(sex.tolist(), days, places.tolist(), orders.tolist(), strict=True)
    ]
    table = pa.table({
        "source_id": [str(first + each) for each in range(count)],
        "family_name": [_NAMES[each] for each in family.tolist()],
        "given_names": [_GIVEN[each] for each in given.tolist()],
        "birth_date": [day.isoformat() for day in days],
        "nir": [body + nir_key(body) for body in bodies],
        "postcode": [f"{department}{each * 10:03d}" for each in towns.tolist()],
        "phone": [f"06{each:08d}" for each in phones.tolist()],
    })  # fmt: skip
    visits = [dt.date(2018, 1, 1) + dt.timedelta(days=int(each)) for each in when]
    requests = pa.table({
        "source_id": [f"{day:%y%m%d}{place % 700:04d}" for place, day in enumerate(visits)],
        "patient": table.column("source_id"),
        "registered_on": [day.isoformat() for day in visits],
    })  # fmt: skip
    return Persons(table, requests)


def _uneven(
    drawn: np.random.Generator, count: int, among: int, power: float
) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    weights = 1.0 / np.arange(4, among + 4) ** power
    return drawn.choice(among, count, p=weights / weights.sum())


FULL = ("family_name", "given_names", "birth_date", "nir", "phone", "postcode", "request", "registered_on")
IDENTITY = ("family_name", "given_names", "birth_date", "postcode")
NUMBERS = ("source_id", "birth_date", "request", "registered_on")
LAYOUTS: tuple[tuple[str, ...], ...] = (
    FULL, IDENTITY, NUMBERS, ("nir", "given_names"), ("family_name", "given_names", "postcode", "phone"),
    ("family_name", "given_names", "birth_date"),
)  # fmt: skip
"""Columns of a leak."""


def leaked(
    drawn: random.Random, rows: Sequence[dict[str, str]], columns: Sequence[str], noise: float
) -> list[tuple[str, ...]]:
    """Lines as a copy has them: columns in any order, one style of dates and names, and ``noise`` of cells spoilt."""
    order = list(columns)
    drawn.shuffle(order)
    style: Callable[[str, str], str] = drawn.choice((_as_is, _plain, _cut))
    return [tuple(_spoilt(drawn, style(name, row[name]), noise) for name in order) for row in rows]


def _as_is(name: str, text: str) -> str:
    return _french(text) if name in {"birth_date", "registered_on"} else text


def _plain(name: str, text: str) -> str:
    if name in {"birth_date", "registered_on"}:
        return text.replace("-", "")
    return text.upper().translate(str.maketrans("ÉÈËÏ", "EEEI")) if name.endswith(("name", "names")) else text


def _cut(name: str, text: str) -> str:
    return text[:13] if name == "nir" else text[:10] if name.endswith(("name", "names")) else _as_is(name, text)


def _french(day: str) -> str:
    year, month, date = day.split("-")
    return f"{date}/{month}/{year}"


def _spoilt(drawn: random.Random, text: str, noise: float) -> str:
    """Emptied, or one key wrong."""
    if drawn.random() >= noise or not text:
        return text
    if drawn.random() < _EMPTIED:
        return ""
    at = drawn.randrange(len(text))
    other = drawn.choice("0123456789") if text[at].isdigit() else drawn.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    return text[:at] + other + text[at + 1 :]
