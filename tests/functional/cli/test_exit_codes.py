"""Exit codes are unique, documented, and never mean two things."""

import re
from pathlib import Path

from ecluse.cli._exit_codes import leaves, table
from ecluse.domain import errors
from functional.cli.world import Desk

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "exit-codes.md"

NEVER_REUSED = {
    "UsageError": 2, "MalformedError": 10, "AgreementError": 11, "OrderError": 12, "ProfileError": 13,
    "SignatureError": 14, "ScopeViolationError": 15, "TransitionError": 16, "TamperError": 17,
    "ReconciliationError": 18, "DestinationError": 19, "ErasureError": 20, "UnvouchedError": 21, "ForbiddenError": 22,
    "UnseenError": 23, "InspectionError": 24, "UntracedError": 25, "DoubtfulError": 26,
    "ConnectionLostError": 30, "StorageError": 31, "BusyError": 32,
    "InternalError": 70,
}  # fmt: skip


def test_codes_are_those_that_were_ever_given() -> None:
    found = {error.__name__: error.exit_code for error in leaves()}
    assert found == NEVER_REUSED
    assert len(set(found.values())) == len(found)


def test_the_tree_in_the_docstring_says_the_same() -> None:
    for name, code in NEVER_REUSED.items():
        assert re.search(rf"─ {name} +{code}\b", errors.__doc__), name


def test_every_code_is_explained_in_both_languages() -> None:
    for code in table():
        assert code.text.en.endswith(".")
        assert code.text.fr.endswith(".")
    codes = [code.code for code in table()]
    assert codes == sorted(set(codes))


def test_the_command_and_the_page_say_the_same(desk: Desk) -> None:
    page = PAGE.read_text(encoding="utf-8")
    for each in desk.run("help exit-codes --json").json():
        assert f"| {each['code']} | {each['error']} | {each['meaning']} |" in page
    french = desk.run("help exit-codes --json --lang fr").json()
    assert all(each["meaning"] in page for each in french)
