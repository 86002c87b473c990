"""Templates of sentences: what varies stays, what is a sentence itself is translated, the wordiest template wins."""

import pytest

from ecluse.control import messages, phrases, report_reasons
from ecluse.control.phrases import Phrases

GIVEN = Phrases({"{} is damaged: {}": "{1} est abîmé : {2t}", "it ends": "il finit", "{} is {}": "{2} pour {1}"})


@pytest.mark.parametrize(
    ("english", "french"),
    [
        ("it ends", "il finit"),
        ("x.mdb is damaged: it ends", "x.mdb est abîmé : il finit"),
        ("x.mdb is damaged: unheard of", "x.mdb est abîmé : unheard of"),
        ("a (b) is \n{1t}", "\n{1t} pour a (b)"),
        ("nothing of all this", None),
    ],
)
def test_a_sentence_by_its_template(english: str, french: str | None) -> None:
    assert GIVEN.of(english) == french


def test_errors_and_reasons_are_translated_by_one_code() -> None:
    assert isinstance(report_reasons._FRENCH, phrases.Phrases)
    assert isinstance(messages._TEMPLATES, phrases.Phrases)
