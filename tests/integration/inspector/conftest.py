"""A place for servers that run as other accounts."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def room() -> Iterator[Path]:
    """A folder that a server's own account may enter, which pytest's are not; what is put there it may read.

    Other tests of the same process run commands, which let nobody read what they write.
    """
    before = os.umask(0o022)
    with contextlib.ExitStack() as stack:
        stack.callback(os.umask, before)
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="ecluse-inspected-", dir="/var/tmp"))
        Path(folder).chmod(0o755)
        yield Path(folder)
