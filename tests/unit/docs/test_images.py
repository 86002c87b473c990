"""Pictures: none is kept that no page shows, none is heavy."""

import re

from pages import ROOT, pages

_SHOWN = re.compile(r"!\[[^\]]*\]\(([^)#]+)\)")
_LARGEST = 150_000


def test_every_picture_is_shown_on_a_page() -> None:
    shown = {(page.parent / name).resolve() for page in pages() for name in _SHOWN.findall(page.read_text("utf-8"))}
    kept = {path.resolve() for path in (ROOT / "docs" / "images").iterdir()}
    assert kept == {path for path in shown if path.parent == ROOT / "docs" / "images"}


def test_no_picture_is_heavy() -> None:
    heavy = [path.name for path in (ROOT / "docs" / "images").iterdir() if path.stat().st_size > _LARGEST]
    assert not heavy
