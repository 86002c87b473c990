"""A table with every hostile value → the stock dump → a throw-away server → the same rows."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import format_writers as w
from round_trips import VALUES, Format, read


@pytest.mark.parametrize("fixture", ["postgresql", "mariadb"])
def test_a_dump_carries_what_its_server_does(fixture: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    server: Any = request.getfixturevalue(fixture)
    rows = [
        (f"K{n}", value) for n, value in enumerate(VALUES.values()) if fixture == "mariadb" or "\0" not in (value or "")
    ]
    write: Callable[[Any, Any], Any] = lambda place, given: w.dump(place, server, given)  # noqa: E731
    found, _ = read(Format(fixture, fixture, write), w.dump(tmp_path, server, rows))
    assert found == dict(rows)
