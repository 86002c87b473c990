"""The tree of errors: exit codes are unique, documented and never reused."""

import pytest

from ecluse.domain import errors
from ecluse.domain.errors import EcluseError, Location


def _all(cls: type[EcluseError]) -> list[type[EcluseError]]:
    return [cls, *(one for sub in cls.__subclasses__() if sub.__module__ == errors.__name__ for one in _all(sub))]


LEAVES = [cls for cls in _all(EcluseError) if not any(s.__module__ == errors.__name__ for s in cls.__subclasses__())]
PUBLISHED = {
    "UsageError": 2, "MalformedError": 10, "AgreementError": 11, "OrderError": 12, "ProfileError": 13,
    "SignatureError": 14, "ScopeViolationError": 15, "TransitionError": 16, "TamperError": 17,
    "ReconciliationError": 18, "DestinationError": 19, "ErasureError": 20, "UnvouchedError": 21,
    "ForbiddenError": 22, "UnseenError": 23,
    "InspectionError": 24, "UntracedError": 25, "DoubtfulError": 26,
    "ConnectionLostError": 30,
    "StorageError": 31, "BusyError": 32, "InternalError": 70,
}  # fmt: skip
"""Published with 0.1: a code is never given another meaning; a new error takes a new code."""


def test_codes_are_the_published_ones() -> None:
    assert {cls.__name__: cls.exit_code for cls in LEAVES} == PUBLISHED
    assert len(set(PUBLISHED.values())) == len(PUBLISHED)


@pytest.mark.parametrize("cls", LEAVES)
def test_the_module_documents_them(cls: type[EcluseError]) -> None:
    lines = [line.split() for line in (errors.__doc__ or "").splitlines()]
    assert any(cls.__name__ in words and str(cls.exit_code) in words for words in lines)
    assert cls.__doc__


@pytest.mark.parametrize(
    ("location", "text"),
    [
        (None, "wrong (do this)"),
        (Location(), "wrong (do this)"),
        (Location(file="a.yaml"), "a.yaml: wrong (do this)"),
        (Location(file="a.yaml", line=3), "a.yaml:3: wrong (do this)"),
        (Location(file="a.yaml", line=3, field="x.y"), "a.yaml:3: x.y: wrong (do this)"),
        (Location(line=3), "line 3: wrong (do this)"),
        (Location(field="x.y"), "x.y: wrong (do this)"),
    ],
)
def test_what_an_error_says(location: Location | None, text: str) -> None:
    assert str(EcluseError("wrong", location=location, hint="do this")) == text
