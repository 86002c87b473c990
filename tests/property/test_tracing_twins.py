"""The vectorised normal forms of marks are those that a sample's lines are read with, whatever the text."""

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from ecluse.domain.tracing import FORMS, Form
from ecluse.migration.tracing import normalised

LATIN = st.characters(min_codepoint=0x20, max_codepoint=0x17F)
NAMES = st.lists(
    st.sampled_from(["DE", "de la", "L'", "ép.", "EP", "née", "-", "  ", "œ", "ŒUVRÉ", "Müller", "ß", "Ø"])
)
DATES = st.from_regex(r"[0-9]{4}(-[0-9]{2}(-[0-9]{2}([T ][0-9:]{0,8})?)?)?", fullmatch=True)
DIGITS = st.text("0123456789 .-AB+()", max_size=20)
TEXTS = st.one_of(st.text(LATIN, max_size=24), NAMES.map(" ".join), DATES, DIGITS, st.emails())


@given(st.lists(st.one_of(st.none(), TEXTS), max_size=12), st.sampled_from(Form))
def test_a_column_is_read_as_its_values_are(texts: list[str | None], form: Form) -> None:
    column = pa.chunked_array([pa.array(texts, pa.string())])
    assert normalised(column, form).to_pylist() == [None if text is None else FORMS[form](text) for text in texts]
