"""A place works on one version of one order; the plan of another is never shown for it."""

from pathlib import Path
from typing import Any

import pytest

from migrating import Desk, W


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    desk = Desk.made(tmp_path_factory.mktemp("amended") / "desk", patients=10)
    desk.plan()
    return desk


def _with(**changed: Any) -> Any:
    return lambda order: {**order, **changed}


def test_a_higher_version_waits_until_the_earlier_one_is_erased(planned: Desk, tmp_path: Path) -> None:
    desk = planned.copy(tmp_path / "desk")
    shown = desk.plan("--no-sql").out
    assert "signed and recorded already" in shown, "the same order again is harmless"
    desk.sign_order(_with(version=2))
    refused = desk.plan(code=12)
    assert "version 2 of order BIO-2026-0042 supersedes version 1, which is planned here" in refused.err
    assert "What leaves" not in refused.out
    desk.ecluse("run", *W)
    desk.ecluse("accept", *W, "--key", "keys/dr.martin")
    assert "version 1 of order BIO-2026-0042 was carried to its end here" in desk.plan(code=12).err


def test_another_text_of_the_same_version_is_refused(planned: Desk, tmp_path: Path) -> None:
    desk = planned.copy(tmp_path / "desk")
    desk.sign_order(_with(version=1, source={"system": "dxlab", "site": "BREST", "profile": "other"}))
    assert "this is another text of version 1" in desk.plan(code=12).err
    assert desk.states()[0] == "planned"


def test_another_order_is_refused(planned: Desk, tmp_path: Path) -> None:
    desk = planned.copy(tmp_path / "desk")
    desk.sign_order(_with(order="BIO-2026-0099"))
    assert "this place works on another order" in desk.plan(code=14).err
