from pathlib import Path

import pytest

from functional.cli.world import Desk


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    """An empty folder, English, no debugging."""
    monkeypatch.chdir(tmp_path)
    for name in ("LC_ALL", "LC_MESSAGES", "LANG", "ECLUSE_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    return Desk(tmp_path, capsys)
