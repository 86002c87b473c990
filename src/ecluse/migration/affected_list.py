"""The list of persons to write to (GDPR Art. 34): a table that only the controller can open, made row by row (R17).

What a letter needs comes from the source as it stands, whether it was ordered or not: it is the controller's own data,
on the controller's own machine. It leaves this process only through age.
"""

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from ecluse.domain.affected import By, Fact
from ecluse.domain.catalogue import CATALOGUE, KEY
from ecluse.domain.errors import Location, ProfileError
from ecluse.migration.affected import Marks
from ecluse.migration.affected_rows import PATIENT, Persons, Places, Reading, joined
from ecluse.migration.convert import legible
from ecluse.migration.normalise import Normaliser

_FORMULA = "^[ \u00a0\u202f]*[=+\\-@\t\r\n＝＋－＠]"
"""Signs that begin a formula in some spreadsheet (OWASP, CSV injection)."""
_GROUPS = (By.CLASS, By.CATEGORY, By.FACT, By.FLAG)
_UNTOLD = frozenset({Fact.ADULT, Fact.NO_RECORD})
_JOINED = ", "


@dataclass(frozen=True, slots=True)
class Wording:
    """How things are called: classes, categories, facts and flags, and the headings of their columns.

    ``lang`` is ``fr`` for semicolons and the catalogue's French, as French spreadsheets read them.
    """

    words: Mapping[tuple[By, str], str]
    heads: Mapping[By, str]
    lang: str


def pieces(reading: Reading, marks: Marks, among: npt.NDArray[np.bool_], wording: Wording) -> Iterator[bytes]:
    """The list as CSV, in pieces: a heading, a row for each record, then those whom the source has no record of.

    Args:
        reading: the order in its source.
        marks: what is true of whom.
        among: who is to be listed.
        wording: how things are called.

    Raises:
        ProfileError: the profile serves no patients.
        RetryableError: the source went away.
    """
    if PATIENT not in reading.compiled.queries:
        raise ProfileError("serves no patients, so that nobody can be written to", location=Location(field="entities"))
    names = (KEY, *reading.letter)
    fields = [CATALOGUE.field(PATIENT, name) for name in names]
    is_french = wording.lang == "fr"
    titles = [field.fr if is_french else field.en for field in fields] + [wording.heads[by] for by in _GROUPS]
    sheet = _Sheet(";" if is_french else ",")
    yield b"\xef\xbb\xbf" + sheet.lines([pa.array([title]) for title in titles])
    said = {by: _Said(marks, by, wording.words) for by in _GROUPS}
    normalisers = {name: reading.normaliser(PATIENT, (name,)) for name in reading.letter}
    seen = np.zeros(len(marks.persons), np.bool_)
    for raw in reading.rows(PATIENT):
        places = marks.persons.places(raw.column("_patient"))
        rows = np.flatnonzero((places >= 0) & among[places])
        if len(rows):
            some, whose = raw.take(pa.array(rows)), places[rows]
            seen[whose] = True
            letters = [_text(some, name, normalisers[name]) for name in reading.letter]
            yield sheet.lines([joined(legible(some.column(KEY))), *letters, *(said[by].of(whose) for by in _GROUPS)])
    gone = np.flatnonzero(among & ~seen)
    if len(gone):
        blank = pa.array([""] * len(gone))
        yield sheet.lines([_key_of(marks.persons, gone), *(blank for _ in reading.letter),
                           *(said[by].of(gone) for by in _GROUPS)])  # fmt: skip


class _Said:
    """What is said of a person, in words: the same few combinations for everybody, each written once."""

    def __init__(self, marks: Marks, by: By, words: Mapping[tuple[By, str], str]) -> None:
        things = [thing for thing in marks.things if thing[0] is by and not (by is By.FACT and thing[1] in _UNTOLD)]
        held = np.array([marks.of(*thing) for thing in things], np.bool_).reshape(len(things), len(marks.persons))
        kinds, self._which = np.unique(held, axis=1, return_inverse=True)
        self._texts = pa.array(
            [_JOINED.join(words.get(thing, thing[1]) for thing, is_so in zip(things, kind, strict=True) if is_so)
             for kind in kinds.T], pa.string()
        )  # fmt: skip

    def of(self, whose: Places) -> pa.Array:
        return self._texts.take(pa.array(self._which.reshape(-1)[whose]))


class _Sheet:
    """Lines of CSV (RFC 4180), in which no cell is taken for a formula."""

    def __init__(self, delimiter: str) -> None:
        self._options = pyarrow.csv.WriteOptions(include_header=False, delimiter=delimiter, eol="\r\n")

    def lines(self, columns: Sequence[pa.Array]) -> bytes:
        """Rows of texts."""
        table = pa.table([_harmless(column) for column in columns], names=[str(n) for n in range(len(columns))])
        out = io.BytesIO()
        pyarrow.csv.write_csv(table, out, self._options)
        return out.getvalue()


def _harmless(texts: pa.Array) -> pa.Array:
    whole = pc.fill_null(texts.cast(pa.string()), "")
    risky = pc.match_substring_regex(whole, _FORMULA)
    return pc.if_else(risky, pc.binary_join_element_wise("'", whole, ""), whole)


def _text(raw: pa.Table, name: str, normalise: Normaliser) -> pa.Array:
    """A field as it can be read; as the source writes it where it cannot."""
    rows = normalise(raw).rows
    written = name if name in raw.column_names else f"{name}_raw"
    at = pc.index_in(joined(legible(raw.column(KEY))), value_set=joined(rows.column(KEY)))
    return pc.coalesce(joined(rows.column(name)).cast(pa.string()).take(at), joined(legible(raw.column(written))))


def _key_of(persons: Persons, places: Places) -> pa.Array:
    return persons.keys.take(pa.array(places))
