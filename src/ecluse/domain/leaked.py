"""What a line of unknown layout could say: every cell read as everything that its shape allows (R11).

Nothing is known of a leaked file's columns: a cell of letters may be a surname or a town, eight digits a date written
either way round. All readings are tried; that many are tried is counted, and weighs in how likely a hit by chance is
(``domain.attribution``). Bounds keep a line's readings few whatever it holds.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, product
from typing import TypeVar

from ecluse.domain.identifiers import NIR_PATTERN
from ecluse.domain.tracing import (
    Kind,
    email,
    family,
    given,
    is_day,
    letters,
    nir,
    number,
    phone,
    postcode,
)

Tuple = tuple[str, ...]
_T = TypeVar("_T")
Named = tuple[tuple[str, ...], tuple[str, ...], tuple[tuple[str, str], ...]]
"""Surnames, given names, and both together, that a cell may be."""

MAX_CELLS = 120
"""Cells of a line that are read; twice the widest line of 2020 (R13)."""
MAX_CELL = 2_000
"""Characters of a cell that are read."""
MOST_NAMES, MOST_DAYS, MOST_NUMBERS, MOST_POSTCODES, MOST_OTHERS = 12, 6, 10, 4, 8
"""Readings of a line that are asked for, of each sort: cells that may be names; for others, different values."""
MOST_SURNAMES, MOST_NEAR = 2 * MOST_NAMES, 8 * MOST_NAMES
_WORDS, NAME_LENGTH = 5, 60
FREE = 24
"""Letters from which on a cell is looked through for what stands within it."""
_YEARS = range(1880, 2100)
_PIVOT = 40
"""Two-digit years below may be of this century or the last; others are of the last."""
_TITLES = frozenset((
    "M", "MR", "MME", "MLLE", "MONSIEUR", "MADAME", "MADEMOISELLE", "ENFANT", "BEBE", "DR", "SOEUR", "PERE",
))  # fmt: skip
_MONTHS = {
    name: place
    for place, names in enumerate((
        "JANVIER JANV JAN JANUARY", "FEVRIER FEVR FEV FEB FEBRUARY", "MARS MAR MARCH", "AVRIL AVR APR APRIL",
        "MAI MAY", "JUIN JUN JUNE", "JUILLET JUIL JUL JULY", "AOUT AOU AUG AUGUST", "SEPTEMBRE SEPT SEP SEPTEMBER",
        "OCTOBRE OCT OCTOBER", "NOVEMBRE NOV NOVEMBER", "DECEMBRE DEC DECEMBER",
    ), 1)
    for name in names.split()
}  # fmt: skip
_GLUED = ("DELA", "DES", "DEL", "DE", "DU", "D", "LES", "LA", "LE", "L")
EUROPEAN = re.compile(r"([0-9]{1,2})[/.\- ]([0-9]{1,2})[/.\- ]([0-9]{4}|[0-9]{2})(?:[ T]+[0-9]{1,2}[:H].*)?")
ISO = re.compile(r"([0-9]{4})[/.\-]([0-9]{1,2})[/.\-]([0-9]{1,2})(?:[ T].*)?")
_EIGHT = re.compile(r"([0-9]{8})(?:[0-9]{4}|[0-9]{6})?")
_WORDY = re.compile(r"([0-9]{1,2})(?:ER)?[ \-./]([A-Z]+)[ \-./]([0-9]{4})")
_WITHIN = (
    re.compile(rf"(?<![0-9])(?:{NIR_PATTERN})(?![0-9])"),
    re.compile(r"(?<![0-9])[0-9]{1,2}[/.\-][0-9]{1,2}[/.\-][0-9]{4}(?![0-9])"),
    re.compile(r"(?<![0-9])[0-9]{4}-[0-9]{2}-[0-9]{2}(?![0-9])"),
    re.compile(r"(?<![0-9])0[1-9](?:[ .\-]?[0-9]{2}){4}(?![0-9])"),
    re.compile(r"[^\s@<>,;:]{1,64}@[^\s@<>,;:]{1,255}"),
    re.compile(r"(?<![0-9A-Z])[0-9]{5}(?![0-9A-Z])"),
)  # fmt: skip
_CANARY_NUMBER, _CANARY_WORD = re.compile(r"[0-9]{18}"), re.compile(r"(?<![A-Z])[A-Z]{20}(?![A-Z])")


@dataclass(frozen=True, slots=True, repr=False)
class Readings:
    """What a line's cells may be, in normal forms, each once, in the line's order.

    ``numbers`` are neither NIRs nor written as dates. ``pairs`` are (surname, given name); ``near`` those of cells
    that stand side by side, or of one cell. There is no ``repr``: they are the sample's values.
    """

    days: tuple[str, ...]
    nirs: tuple[str, ...]
    phones: tuple[str, ...]
    postcodes: tuple[str, ...]
    emails: tuple[str, ...]
    numbers: tuple[str, ...]
    families: tuple[str, ...]
    givens: tuple[str, ...]
    pairs: tuple[tuple[str, str], ...]
    near: tuple[tuple[str, str], ...]
    markers: tuple[str, ...]
    keyed_nirs: tuple[str, ...]


def readings(cells: Sequence[str]) -> Readings:
    """All readings of a line."""
    held = [cell[:MAX_CELL].strip() for cell in cells[:MAX_CELLS]]
    spread = list(parts(cell for cell in held if cell))
    names = _names(spread)
    families = _once((f for each in names for f in each[0]), MOST_SURNAMES)
    givens = _once((g for each in names for g in each[1]), MOST_SURNAMES)
    near = _once(_near(names), MOST_NEAR)
    pairs = _once((*near, *product(families, givens)), MOST_SURNAMES * MOST_SURNAMES)
    numbers = (number(cell) for cell in spread if is_number(cell))
    return Readings(
        days=_once((d for cell in spread for d in days(cell)), MOST_DAYS),
        nirs=_once(map(nir, spread), MOST_OTHERS),
        phones=_once(map(phone, spread), MOST_OTHERS),
        postcodes=_once(map(postcode, spread), MOST_POSTCODES),
        emails=_once(map(email, spread), MOST_OTHERS),
        numbers=_once(numbers, MOST_NUMBERS),
        families=families,
        givens=givens,
        pairs=pairs,
        near=near,
        markers=_once(_markers(held), 4 * MOST_OTHERS),
        keyed_nirs=_once((_keyed(cell) for cell in spread), MOST_OTHERS),
    )


def candidates(found: Readings) -> Mapping[Kind, tuple[Tuple, ...]]:
    """The tuples to ask a filter for. Of names with a date, the surname's alone: see :func:`with_given`."""
    made: dict[Kind, Iterable[Tuple]] = {
        Kind.NIR: ((each,) for each in found.nirs),
        Kind.FAMILY_BIRTH: product(found.families, found.days),
        Kind.GIVEN_BIRTH_POSTCODE: product(found.givens, found.days, found.postcodes),
        Kind.NAME_POSTCODE: ((f, g, p) for (f, g), p in product(found.near, found.postcodes)),
        Kind.PHONE: ((each,) for each in found.phones),
        Kind.EMAIL: ((each,) for each in found.emails),
        Kind.PATIENT_BIRTH: product(found.numbers, found.days),
        Kind.REQUEST_PATIENT: ((a, b) for a, b in product(found.numbers, found.numbers) if a != b),
        Kind.REQUEST_DAY: product(found.numbers, found.days),
        Kind.CANARY: ((each,) for each in found.markers),
    }
    return {kind: held for kind, tuples in made.items() if (held := tuple(tuples))}


def with_given(found: Readings, family_birth: Tuple) -> tuple[Tuple, ...]:
    """Tuples of surname, given name and date to ask for once the surname and date are known to be there."""
    surname, date = family_birth
    return tuple((surname, g, date) for f, g in found.pairs if f == surname)


def days(cell: str) -> tuple[str, ...]:
    """The dates that a cell may be, as ``tracing.day`` gives them; impossible days leave what is possible of them."""
    text = " ".join(letters_and_digits(cell).split())
    made: list[str | None] = []
    if match := ISO.fullmatch(text):
        made += _dates(int(match[1]), int(match[2]), int(match[3]))
    elif match := EUROPEAN.fullmatch(text):
        for year in _years(match[3]):
            made += _dates(year, int(match[2]), int(match[1]))
    elif match := _EIGHT.fullmatch(text):
        each = match[1]
        made += _dates(int(each[:4]), int(each[4:6]), int(each[6:]), sure=True)
        if len(text) == len(each):
            made += _dates(int(each[4:]), int(each[2:4]), int(each[:2]), sure=True)
    elif match := _WORDY.fullmatch(text):
        month = _MONTHS.get(match[2])
        made += _dates(int(match[3]), month, int(match[1])) if month else []
    return _once(made, MOST_DAYS)


def letters_and_digits(cell: str) -> str:
    """A short cell in unaccented capitals, its digits and marks kept."""
    return cell.upper().translate(_ACCENTS) if len(cell) <= NAME_LENGTH else ""


_ACCENTS = str.maketrans("ÉÈÊËÛÙÔÎÏÀÂÇ", "EEEEUUOIIAAC")


def _years(text: str) -> tuple[int, ...]:
    year = int(text)
    if len(text) > 2:  # noqa: PLR2004 - digits of a short year
        return (year,)
    return (1900 + year, 2000 + year) if year < _PIVOT else (1900 + year,)


def _dates(year: int, month: int, date: int, *, sure: bool = False) -> list[str | None]:
    """The day; where there is none such, the month and the year, or the year ("lunar" dates), unless ``sure``."""
    if year not in _YEARS:
        return []
    if is_day(year, month, date):
        return [f"{year:04d}{month:02d}{date:02d}"]
    if sure:
        return []
    return [f"{year:04d}{month:02d}", f"{year:04d}"] if 1 <= month <= 12 else [f"{year:04d}"]  # noqa: PLR2004


def parts(cells: Iterable[str]) -> Iterator[str]:
    """The cells, the parts of those that HL7 joins, and what stands within long ones."""
    for cell in cells:
        joined = [part for part in cell.split("^") if part.strip()] if "^" in cell else [cell]
        for part in joined:
            yield part.strip()
            if len(part) >= FREE or (" " in part and any(map(str.isdigit, part))):
                for pattern in _WITHIN:
                    for place, match in enumerate(pattern.finditer(part)):
                        if place < MOST_OTHERS and match[0] != part:
                            yield match[0]


def is_number(cell: str) -> bool:
    """Whether a part of a cell may be a number of a legacy system: with digits, and neither a NIR nor a date."""
    compact = cell.replace(" ", "")
    if len(compact) > 2 * FREE or not any(map(str.isdigit, compact)) or nir(cell) or "@" in cell:
        return False
    return ISO.fullmatch(cell) is None and EUROPEAN.fullmatch(cell) is None and " " not in cell.strip()


def _names(cells: Sequence[str]) -> list[Named]:
    """Of each cell that may be a name: surnames, given names, and both where it holds both."""
    return list(islice((held for cell in cells if (held := named(cell)) is not None), MOST_NAMES))


def named(cell: str) -> Named | None:
    """The names that a part of a cell may be; None of what is none."""
    if len(cell) > NAME_LENGTH or any(map(str.isdigit, cell)) or "@" in cell:
        return None
    words = [word for word in letters(cell).split() if word not in _TITLES]
    if not 1 <= len(words) <= _WORDS:
        return None
    whole = " ".join(words)
    both: list[tuple[str, str]] = []
    for cut in range(1, len(words)):
        left, right = " ".join(words[:cut]), " ".join(words[cut:])
        both += [(f, g) for f in _families(left) if (g := given(right))]
        both += [(f, g) for f in _families(right) if (g := given(left))]
    surnames = (*_families(whole), *(f for f, _ in both))
    return surnames, (*_present(given(whole)), *(g for _, g in both)), tuple(both)


def _families(text: str) -> tuple[str, ...]:
    """The surname; with its particle, and without one that may be glued to it."""
    whole = family(text)
    if whole is None:
        return ()
    joined = letters(text).replace(" ", "")
    shorter = (family(joined.removeprefix(part)) for part in _GLUED if joined.startswith(part))
    return _once((whole, family(joined), *shorter), 3)


def _near(
    names: Sequence[Named],
) -> Iterator[tuple[str, str]]:
    for place, (_, _, both) in enumerate(names):
        yield from both
        for other in (place - 1, place + 1):
            if 0 <= other < len(names):
                yield from product(names[place][0][:2], names[other][1][:1])


def _markers(cells: Sequence[str]) -> Iterator[str]:
    for cell in cells:
        text = cell.upper()
        yield from (match[0] for match in _CANARY_NUMBER.finditer(text))
        yield from (match[0] for match in _CANARY_WORD.finditer(text))


def _keyed(cell: str) -> str | None:
    """The 15 characters of a NIR with its key."""
    compact = re.sub(r"[^0-9A-Z]", "", cell.upper())
    return compact if len(compact) == 15 and nir(compact) else None  # noqa: PLR2004 - a NIR and its key


def _present(value: str | None) -> tuple[str, ...]:
    return () if value is None else (value,)


def _once(values: Iterable[_T | None], most: int) -> tuple[_T, ...]:
    """Each value once, as they come, at most so many."""
    found: dict[_T, None] = {}
    for value in values:
        if value is not None:
            found.setdefault(value)
            if len(found) == most:
                break
    return tuple(found)
