"""Attacks on the first administrator's link: it opens the room once, to one person, and never shuts it for good."""

import os
import subprocess
import sys
from pathlib import Path

START = """
from pathlib import Path
import sys
from ecluse.portal.home import prepare
prepare(Path(sys.argv[1]))
from ecluse.portal.__main__ import first_link, set_up
set_up()
from ecluse.domain.permissions import Side
link = lambda email, name="Labo": print(first_link(name, Side.CONTROLLER, "Dr Martin", email))
def opens(given):
    from ecluse.store.acts import people
    return people.open_invitation(given.rstrip("/").rsplit("/", 1)[1])
"""


def run(home: Path, *lines: str) -> list[str]:
    """What a process of its own prints, in the room of ``home``."""
    done = subprocess.run(
        [sys.executable, "-c", START + "\n".join(lines), str(home)],
        env=os.environ | {"ECLUSE_HOME": str(home), "ECLUSE_ORIGIN": "http://localhost"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_a_later_start_spends_every_former_link(tmp_path: Path) -> None:
    (former,) = run(tmp_path, "link('martin@wrong.example')")
    (again,) = run(tmp_path, "link('martin@labo.example')")
    (renamed,) = run(tmp_path, "link('martin@labo.example', 'Laboratoire')")
    told = run(tmp_path, *(f"print(opens({each!r}) is not None)" for each in (former, again, renamed)))
    assert told == ["False", "False", "True"]


def test_a_room_whose_first_person_never_enrolled_is_opened_again(tmp_path: Path) -> None:
    (link,) = run(tmp_path, "link('martin@labo.example')")
    run(tmp_path, "from ecluse.store.acts import people", f"people.join('x', opens({link!r}), 'Dr Martin', 'fr')")
    (again,) = run(tmp_path, "link('martin@labo.example')")
    assert again.startswith("http://localhost/join/")
    told = run(
        tmp_path,
        "from ecluse.store.acts import people",
        f"print(people.join('x', opens({again!r}), 'Dr Martin', 'fr').handle)",
    )
    assert told == ["dr.martin"]


def test_a_room_with_somebody_in_it_gives_no_link(tmp_path: Path) -> None:
    (link,) = run(tmp_path, "link('martin@labo.example')")
    told = run(
        tmp_path,
        "from ecluse.store.acts import access, people",
        f"person = people.join('x', opens({link!r}), 'Dr Martin', 'fr')",
        "access.enrol_app('x', person, 'JBSWY3DPEHPK3PXP', None)",
        "link('thief@evil.example')",
    )
    assert told == ["None"]
