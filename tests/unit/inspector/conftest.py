"""The demo, whose LIS is exported here, stands beside the package, not in it."""

import sys
from pathlib import Path

import pytest

_ROOT = str(Path(__file__).resolve().parents[3])
if _ROOT not in sys.path:
    sys.path.insert(0, _ROOT)


@pytest.fixture(scope="session")
def legacy_lis(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's old system, a SQLite file of fictional persons."""
    from inspected_files import legacy  # noqa: PLC0415 - the demo is found only now

    return legacy(tmp_path_factory.mktemp("lis"), patients=300)
