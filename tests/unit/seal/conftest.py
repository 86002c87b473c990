"""Real keys from the stock tools; a missing tool fails with the command that installs it."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest


def _tool(name: str, package: str) -> str:
    found = shutil.which(name)
    assert found, f"{name} is missing: apt-get install {package}"
    return found


@pytest.fixture(scope="session")
def ssh_keygen() -> str:
    return _tool("ssh-keygen", "openssh-client")


@pytest.fixture(scope="session")
def age() -> str:
    return _tool("age", "age")


@pytest.fixture(scope="session")
def age_keygen() -> str:
    return _tool("age-keygen", "age")


@pytest.fixture(scope="session")
def make_key(ssh_keygen: str, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """A key pair by stock ssh-keygen; the same arguments give the same pair for the whole session."""
    made: dict[tuple[str, ...], Path] = {}

    def make(*kind: str, passphrase: str = "") -> Path:
        wanted = (*kind, passphrase)
        if wanted not in made:
            path = tmp_path_factory.mktemp("key") / "id"
            command = [ssh_keygen, "-q", "-t", *kind, "-N", passphrase, "-C", "laboratoire", "-f", str(path)]
            subprocess.run(command, check=True)
            made[wanted] = path
        return made[wanted]

    return make
