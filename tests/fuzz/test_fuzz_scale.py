"""Work that grew by the square of a file's length, before: were it so still, these would take hours."""

import pytest

from fuzz.catalogue import TARGETS

MUCH = 300_000


@pytest.mark.parametrize(
    ("target", "data", "outcome"),
    [
        ("hprim-sante", b"H|~^\\&|\r" + b"\n" * MUCH + b"\0", "0 rows, 1 aside a line that is no segment"),
        ("astm", b"H|\\^&|\r" + b"\n" * MUCH + b"\0", "0 rows, 1 aside a line that is no segment"),
        (
            "hprim-medecin",
            b"\n" * (MUCH // 5) + b"****FIN****\n",
            "0 rows, 1 aside a header that may begin at several lines",
        ),
        ("delimited", b";" * MUCH, "a header of more than 16384 columns"),
        ("json", b"x\n" * MUCH, "more than 100000 records cannot be read"),
        ("fhir-ndjson", b"{}\n" + b"x\n" * MUCH, "more than 100000 records cannot be read"),
        ("fixed", b"x" + b"a\rb\n" * MUCH, "more than 100000 records cannot be read"),
        ("hprim-medecin", b"****FIN****\n" * (MUCH // 2), "more than 100000 records cannot be read"),
        ("scan", b"[" * MUCH, ".json:None"),
    ],
)
def test_work_grows_with_the_files_length(target: str, data: bytes, outcome: str) -> None:
    assert outcome in TARGETS[target].run(data)
