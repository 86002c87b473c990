"""What the different cells of a whole sample may be: ``domain.leaked``'s readings, each cell read once (R11).

A leak of half a million lines has a few hundred thousand different cells. Numbers and addresses written in plain ASCII
are read by the vectorised twins of the forms; what else there is, names and dates above all, by ``domain.leaked``
itself. A property test holds the two together, line by line.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ecluse.domain.leaked import EUROPEAN, FREE, ISO, MAX_CELL, NAME_LENGTH, Named, days, is_number, named, parts
from ecluse.domain.tracing import FORMS, Form
from ecluse.migration.sample_texts import Ints, Lists, Mask, Texts
from ecluse.migration.tracing import normalised

_PLAIN = "^[!-~](?:[ -~]*[!-~])?$"
"""Printable ASCII without blanks at its ends."""
_MAYBE_DAY = r"^[0-9]{1,2}(?:[eE][rR])?[ \-./]|^[0-9]{4}[/.\-]|^[0-9]{8}(?:[0-9]{4}|[0-9]{6})?$"
"""How all that ``leaked.days`` takes for a date begins."""
_DAY_SHAPED = f"^(?:{ISO.pattern}|{EUROPEAN.pattern})$"
_SINGLE = (Form.NIR, Form.PHONE, Form.POSTCODE, Form.EMAIL, Form.NUMBER)


@dataclass(frozen=True)
class Cells:
    """The parts of each different cell, and what each different part may be.

    ``simple``: cells in plain ASCII that are a part of their own, as they stand. ``known``: all normal forms that any
    part has, by sort. ``single``: the place of a part's form there, -1 where it has none. ``days``: those of a part.
    ``named``: the place of its names in the lists below, -1 where it is none: surnames, given names, and surnames with
    given names (as one number: see ``paired``).
    """

    simple: Mask
    parts: Lists
    known: Mapping[Form, Texts]
    single: Mapping[Form, Ints]
    days: Lists
    named: Ints
    families: Lists
    givens: Lists
    both: Lists


def read_cells(cells: pa.Array) -> Cells:
    """Read different cells, as they stand in the sample."""
    simple = _holds(cells, _PLAIN) & ~_holds(cells, rf"\^|.{{{FREE}}}| .*[0-9]|[0-9].* ")
    of_cells, texts = _parts(cells, simple)
    plain = _holds(texts, _PLAIN)
    known: dict[Form, Texts] = {}
    single: dict[Form, Ints] = {}
    for form in _SINGLE:
        made = _form(texts, plain, form, single.get(Form.NIR))
        encoded = made.dictionary_encode()
        known[form] = Texts(encoded.dictionary)
        single[form] = _numbers(pc.fill_null(encoded.indices, -1))
    known[Form.DAY], of_days = _days(texts, plain)
    names = _names(texts, plain)
    held = [each for each in names if each is not None]
    at = np.full(len(names), -1, np.int64)
    at[[each is not None for each in names]] = np.arange(len(held))
    known[Form.FAMILY], families = _listed([each[0] for each in held])
    known[Form.GIVEN], givens = _listed([each[1] for each in held])
    pairs = [pair for each in held for pair in each[2]]
    joined = paired(
        known,
        known[Form.FAMILY].places(pa.array((f for f, _ in pairs), pa.string())),
        known[Form.GIVEN].places(pa.array((g for _, g in pairs), pa.string())),
    )
    both = Lists.of_lengths(np.array([len(each[2]) for each in held], np.int64), joined)
    return Cells(simple, of_cells, known, single, of_days, at, families, givens, both)


def paired(known: Mapping[Form, Texts], family: Ints, given: Ints) -> Ints:
    """Surnames, each with a given name, as one number."""
    return family * max(len(known[Form.GIVEN]), 1) + given


def unpaired(known: Mapping[Form, Texts], pairs: Ints) -> tuple[Ints, Ints]:
    """The surnames and the given names of such pairs."""
    return np.divmod(pairs, max(len(known[Form.GIVEN]), 1))


def _parts(cells: pa.Array, simple: Mask) -> tuple[Lists, pa.Array]:
    """The parts of each cell, and the different ones."""
    others = cells.filter(pa.array(~simple)).to_pylist()
    made = [tuple(parts(filter(None, (cell[:MAX_CELL].strip(),)))) for cell in others]
    lengths = np.ones(len(cells), np.int64)
    lengths[~simple] = [len(each) for each in made]
    flat = pa.concat_arrays([cells.filter(pa.array(simple)), pa.array(chain.from_iterable(made), pa.string())])
    encoded = flat.dictionary_encode()
    numbers, own = _numbers(encoded.indices), np.repeat(simple, lengths)
    values = np.empty(len(numbers), np.int64)
    values[own], values[~own] = np.split(numbers, [int(simple.sum())])
    return Lists.of_lengths(lengths, values), encoded.dictionary


def _form(texts: pa.Array, plain: Mask, form: Form, nirs: Ints | None) -> pa.Array:
    """One normal form of each part; null where it has none."""
    made = normalised(texts, form)
    one: Callable[[str], str | None] = FORMS[form]
    if form is Form.NUMBER:
        held = _holds(texts, "[0-9]") & ~_holds(texts, f"[ @]|.{{{2 * FREE + 1}}}|{_DAY_SHAPED}")
        if nirs is not None:
            held &= nirs < 0
        made = pc.if_else(pa.array(held), made, pa.scalar(None, pa.string()))
        one = _number
    others = pa.array([one(each) for each in texts.filter(pa.array(~plain)).to_pylist()], pa.string())
    return pc.replace_with_mask(made, pa.array(~plain), others)


def _number(text: str) -> str | None:
    return FORMS[Form.NUMBER](text) if is_number(text) else None


def _days(texts: pa.Array, plain: Mask) -> tuple[Texts, Lists]:
    """The days that each part may be."""
    maybe = ~plain | _holds(texts, _MAYBE_DAY)
    read = [days(each) for each in texts.filter(pa.array(maybe)).to_pylist()]
    known, found = _listed(read)
    lengths = np.zeros(len(texts), np.int64)
    lengths[maybe] = found.lengths
    return known, Lists.of_lengths(lengths, found.values)


def _names(texts: pa.Array, plain: Mask) -> list[Named | None]:
    maybe = ~plain | ~_holds(texts, f"[0-9@]|.{{{NAME_LENGTH + 1}}}")
    made: list[Named | None] = [None] * len(texts)
    for place, text in zip(np.flatnonzero(maybe).tolist(), texts.filter(pa.array(maybe)).to_pylist(), strict=True):
        made[place] = named(text)
    return made


def _listed(read: Sequence[Sequence[str]]) -> tuple[Texts, Lists]:
    """The different texts of some lists, and the lists as their places."""
    flat = pa.array(chain.from_iterable(read), pa.string()).dictionary_encode()
    lengths = np.fromiter((len(each) for each in read), np.int64, len(read))
    return Texts(flat.dictionary), Lists.of_lengths(lengths, _numbers(flat.indices))


def _holds(texts: pa.Array, pattern: str) -> Mask:
    """In which texts a pattern is found."""
    made: Mask = pc.match_substring_regex(texts, pattern).to_numpy(zero_copy_only=False).astype(np.bool_)
    return made


def _numbers(indices: pa.Array) -> Ints:
    made: Ints = indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return made
