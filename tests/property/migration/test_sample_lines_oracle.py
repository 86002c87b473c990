"""R11: readings of a whole sample, made for all lines at once, are those of each line by itself, in the same order."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ecluse.domain.leaked import MOST_SURNAMES, readings
from ecluse.domain.tracing import Form
from ecluse.migration.sample_forms import unpaired
from ecluse.migration.sample_lines import Lines

READ = {
    Form.NIR: "nirs", Form.PHONE: "phones", Form.POSTCODE: "postcodes", Form.EMAIL: "emails", Form.NUMBER: "numbers",
    Form.DAY: "days", Form.FAMILY: "families", Form.GIVEN: "givens",
}  # fmt: skip
CELLS = (
    "DURAND", "DE LA TOUR", "Lefèvre", "O'NEIL", "Zoé", "Jean-Luc Marie", "ROUX^JEANNE", "Mme ROUX JEANNE", "^", "x", "",
    "12/03/1960", "1960-03-12T00:00:00", "12 mars 1960", "1er août 1960", "31/02/1960", "20111210", "12031960",
    "201112101230", "12  mars  1960", "1/2/50 10:30", "  12/03/60 ", "\t12/03/1960\n", "285017500100123", "35000",
    "2 85 01 75 001 001 23", "06 12 34 56 78", "+33299123456", "3500", "j.roux@example.org", "180412-0042", "00042",
    "vue le 12/04/2018, NIR 2 60 03 35 123 456, tel 06.12.34.56.78, j.roux@example.org", "5 rue de la Paix 35000 Rennes",
    "\N{LATIN SMALL LIGATURE FI} ß", "\N{ARABIC-INDIC DIGIT ONE}23", "A" * 70, "1" * 60, "D'Al\N{NO-BREAK SPACE}méida",
)  # fmt: skip
NAMES = ("AB CD EF GH IJ", "KL MN OP QR ST", "UV WX YZ AA BB", "CC DD EE FF GG", "HH II JJ KK LL", "12/03/1960")

anything = st.one_of(
    st.sampled_from(CELLS),
    st.text("ABé 0123456789/-.^@' er", max_size=30),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
)
wide = st.lists(st.sampled_from((*NAMES, *CELLS[:9])), max_size=20)
lines = st.lists(st.one_of(st.lists(anything, max_size=14), wide), min_size=1, max_size=6)


@given(sample=lines, first=st.integers(0, 1))
def test_lines_at_once_are_read_as_one_by_one(sample: list[list[str]], first: int) -> None:
    held = Lines.of(sample)
    known, made = held.read.known, held.readings(first, len(sample))
    for place, line in enumerate(sample[first:]):
        expected = readings(line)
        for form, name in READ.items():
            _, found = made.forms[form].of(np.array([place]))
            assert tuple(known[form].texts.take(found).to_pylist()) == getattr(expected, name), form
        _, near = made.near.of(np.array([place]))
        both = (known[form].texts.take(each).to_pylist()
                for form, each in zip((Form.FAMILY, Form.GIVEN), unpaired(known, near), strict=True))  # fmt: skip
        assert tuple(zip(*both, strict=True)) == expected.near
        assert (place in made.crowded) == (len(expected.givens) == MOST_SURNAMES)
        assert held.line(first + place) == line
