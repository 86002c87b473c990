
import pytest

from migrating import Desk


@pytest.fixture(scope="session")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A small migration, fingerprints ordered; ``ecluse run`` comes next."""
    desk = Desk.made(tmp_path_factory.mktemp("planned") / "desk", patients=9, trace=True)
    desk.plan()
    return desk
