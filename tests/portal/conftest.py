"""A room for tests: real tables in a real SQLite file, furnished once; each test in a transaction that is rolled back.

Django is readied when this file is imported, before any test module of this folder is, so that those can import models
as usual.
"""

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ecluse.portal.home import prepare

_HOME = Path(tempfile.mkdtemp(prefix="room-"))
atexit.register(shutil.rmtree, _HOME, ignore_errors=True)
prepare(_HOME)
os.environ |= {"ECLUSE_HOME": str(_HOME), "ECLUSE_ORIGIN": "http://localhost"}

from ecluse.portal.__main__ import set_up

set_up()

from django.core.cache import cache
from django.db import transaction

from room_migrations import close_all
from rooms import Room


@pytest.fixture(scope="session")
def furnished() -> None:
    """Two laboratories, a vendor, and a person of every role in each."""
    with transaction.atomic():
        Room.furnished()


@pytest.fixture
def room(furnished: None) -> Iterator[Room]:
    """The furnished room; whatever the test does is undone."""
    cache.clear()
    with transaction.atomic():
        yield Room.known()
        close_all()
        transaction.set_rollback(True)
