"""What of the persons who stand in a leaked sample it shows: their own values, recognised in their own lines (R17)."""

from collections.abc import Iterable
from itertools import chain

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ecluse.domain.catalogue import CATALOGUE
from ecluse.domain.leaked import days
from ecluse.domain.tracing import Form
from ecluse.migration.affected_rows import Places, Reading, joined
from ecluse.migration.affected_sample import CLASSES, Standing
from ecluse.migration.convert import legible
from ecluse.migration.sample_lines import Lines
from ecluse.migration.sample_texts import Ints, Lists, Texts, distinct, slices

_SHORTEST = 3
"""Characters from which on a value tells something; a letter or a digit stands in every line."""
_WHOLE_DAY = len("20000101")
_COMPARED = 500_000
"""Values of rows, each with one line of its person, that are compared at once."""


class Values:
    """Recognises, in the lines of those who stand in them, their own values: which classes of data the leak shows."""

    def __init__(self, reading: Reading, standing: Standing) -> None:
        """Reads the sample's lines once more, as values of the source may be written."""
        self._reading, self._standing = reading, standing
        order = np.argsort(standing.person, kind="stable")
        self._lines = Lists.of_owners(standing.person[order], standing.line[order], standing.persons)
        self._known, self._held = _texts(standing.lines)

    def __call__(self, entity: str, raw: pa.Table, places: Places) -> None:
        """Look at one batch."""
        for name in self._reading.ordered[entity].sources:
            texts = _comparable(raw.column(name))
            if texts is not None:
                found = self._known.places(texts)
                rows = np.flatnonzero((found >= 0) & (places >= 0))
                self._see(CLASSES.index(CATALOGUE.column(entity, name).kind), places[rows], found[rows])

    def _see(self, kind: int, persons: Places, texts: Ints) -> None:
        """Mark the lines of these persons that hold these texts, one each."""
        for some in slices(self._lines.lengths[persons], _COMPARED):
            at, lines = self._lines.of(persons[some])
            keys = lines * len(self._known) + texts[some][at]
            found = self._held[np.minimum(np.searchsorted(self._held, keys), len(self._held) - 1)] == keys
            self._standing.shown[kind, lines[found]] = True


def _texts(lines: Lines) -> tuple[Texts, Ints]:
    """All that the lines' cells may be, and which line has which, as one number, ascending."""
    of_cells, flat = _of_cells(lines)
    encoded = flat.dictionary_encode()
    known, places = Texts(encoded.dictionary), encoded.indices.to_numpy(zero_copy_only=False)
    made = [np.empty(0, np.int64)]
    for some in slices(lines.cells.lengths, _COMPARED):
        whose, cells = lines.cells.of(np.arange(some.start, some.stop))
        at, held = Lists(of_cells.starts, places).of(cells)
        made.append(distinct((whose[at] + some.start) * len(known) + held))
    return known, np.concatenate(made)


def _of_cells(lines: Lines) -> tuple[Lists, pa.Array]:
    """What each different cell may be: itself, folded; and the days that it may be. Then those texts."""
    simple, days_known = lines.read.simple, lines.read.known[Form.DAY].texts
    others = [tuple(_forms(cell)) for cell in lines.texts.filter(pa.array(~simple)).to_pylist()]
    told = np.flatnonzero(simple & (pc.binary_length(lines.texts).to_numpy() >= _SHORTEST))
    # A simple cell is its only part.
    cells = np.flatnonzero(simple)
    at, found = lines.read.days.of(lines.read.parts.values[lines.read.parts.starts[cells]])
    whole = pc.equal(pc.binary_length(days_known), _WHOLE_DAY).to_numpy(zero_copy_only=False)[found]
    dated = cells[at[whole]]
    written = pc.replace_substring_regex(days_known.take(pa.array(found[whole])), "^(....)(..)(..)$", r"\1-\2-\3")
    owners = np.concatenate(
        [told, dated, np.repeat(np.flatnonzero(~simple), np.array([len(each) for each in others], np.int64))]
    )
    texts = pa.concat_arrays([
        pc.ascii_lower(lines.texts.take(pa.array(told))), written, pa.array(chain.from_iterable(others), pa.string()),
    ])  # fmt: skip
    order = np.argsort(owners, kind="stable")
    return Lists.of_owners(owners[order], order, len(lines.texts)), texts.take(pa.array(order))


def _forms(cell: str) -> Iterable[str]:
    """A cell as values of the source may be written: folded, and as an ISO day."""
    text = cell.strip().lower()
    if len(text) >= _SHORTEST:
        yield text
    for day in days(cell):
        if len(day) == _WHOLE_DAY:
            yield f"{day[:4]}-{day[4:6]}-{day[6:]}"


def _comparable(column: pa.ChunkedArray) -> pa.Array | None:
    """A source's column as texts, folded, days in ISO form; None of documents."""
    if pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
        return None
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("us")).cast(pa.date32(), safe=False)
    return pc.utf8_lower(pc.utf8_trim_whitespace(joined(legible(column))))
