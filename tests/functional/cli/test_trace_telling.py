"""``ecluse trace --room``: what is told, what is refused before anything is read, and an answer that is never lost."""

import json
from pathlib import Path
from typing import Any

import pytest

from ecluse.adapters.incidents import IncidentDesk
from ecluse.adapters.room import Room
from ecluse.domain.conclusions import CERTAIN, Conclusion, Verdict
from ecluse.domain.errors import InternalError
from ecluse.migration.canary import markers
from ecluse.seal.sealing import Identity
from ecluse.wire.artefacts import encode
from functional.cli.world import Desk
from traced_leaks import ORDER, furnish, laboratory, sample, trace_file, write_sample

RUN = "trace sample.csv --exports traces -i controller.key"
ROOM = " --room http://localhost:9 --incident INC-7K3Q-9X2M --token room.token"
LAB = laboratory()


@pytest.fixture
def place(desk: Desk) -> Desk:
    furnish(Path(), LAB)
    token = Path("room.token")
    token.write_text("ecp_secret-of-mine\n")
    token.chmod(0o600)
    return desk


def sent(monkeypatch: pytest.MonkeyPatch) -> list[Conclusion]:
    """What would go to the room, caught at the adapter."""
    found: list[Conclusion] = []
    monkeypatch.setattr(IncidentDesk, "tell", lambda _self, made, _replaces: found.append(made) or len(found))
    return found


def test_what_is_told_is_the_answer_without_the_lines(place: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    told = sent(monkeypatch)
    answer = place.run(RUN + ROOM + " --json --lines").json()
    (made,) = told
    assert answer["told"] == {"incident": "INC-7K3Q-9X2M", "conclusion": 1, "replaces": None}
    (export,) = made.exports
    (shown,) = answer["exports"]
    assert (made.verdict, made.lines, made.asked) == (Verdict.FOUND, 56, 1)
    assert (made.silent, made.unknown) == (answer["lines_without_marks"], answer["lines_unknown"])
    assert (export.order, export.order_digest) == (ORDER, shown["order_digest"])
    assert {str(kind): lines for kind, lines in export.marks.items()} == shown["by_mark"]
    assert (export.lines_known, export.slips) == (shown["lines_known"], shown["by_typing_slips"])
    assert export.ratio == pytest.approx(10 * shown["log10_ratio"], abs=1)
    assert export.attributed
    assert export.probability == CERTAIN - 1, "certain is a canary alone"
    text = encode(made).decode()
    assert "sample.csv" not in text
    assert not any(cell in text for row in sample(LAB, 56) for cell in row if len(cell) > 6)
    for lang, words in (("en", "told to incident INC-7K3Q-9X2M: conclusion 2"),
                        ("fr", "dit à l'incident INC-7K3Q-9X2M : conclusion 3")):  # fmt: skip
        assert words in place.run(f"{RUN}{ROOM} --lang {lang}").out


def test_what_is_concluded_takes_back_what_was(place: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int | None] = []
    monkeypatch.setattr(IncidentDesk, "tell", lambda _self, _made, replaces: asked.append(replaces) or 3)
    answer = place.run(f"{RUN}{ROOM} --replaces 2 --json").json()
    assert answer["told"] == {"incident": "INC-7K3Q-9X2M", "conclusion": 3, "replaces": 2}
    assert "instead of conclusion 2" in place.run(f"{RUN}{ROOM} --replaces 2").out
    assert "à la place de la conclusion 1 ;" in place.run(f"{RUN}{ROOM} --replaces 1 --lang fr").out
    assert "instead" not in place.run(RUN + ROOM).out
    assert asked == [2, 2, 1, None]
    for wrong in ("0", "-1", "x"):
        place.run(f"{RUN}{ROOM} --replaces {wrong}", code=2)


def test_what_is_sent_names_what_it_replaces_where_it_does(place: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A room that knows nothing of it yet is still told all else."""
    bodies: list[dict[str, Any]] = []

    def ask(_self: Room, path: str, body: dict[str, Any]) -> dict[str, int]:
        assert path == "incidents/INC-7K3Q-9X2M/traces"
        bodies.append(body)
        return {"number": len(bodies)}

    monkeypatch.setattr(Room, "ask", ask)
    place.run(RUN + ROOM)
    place.run(f"{RUN}{ROOM} --replaces 1")
    assert [set(body) for body in bodies] == [{"text"}, {"text", "replaces"}]
    assert bodies[1]["replaces"] == 1


def test_what_only_points_or_is_untraced_is_told_too(place: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    told = sent(monkeypatch)
    write_sample(Path("sample.csv"), sample(LAB, 1, noise=0.0))
    place.run(RUN + ROOM, code=26)
    write_sample(Path("sample.csv"), sample(laboratory(7), 56))
    place.run(RUN + ROOM, code=25)
    assert [made.verdict for made in told] == [Verdict.DOUBTFUL, Verdict.NOT_FOUND]
    assert told[0].pointed


def test_a_canary_tells_its_parcel(place: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    told = sent(monkeypatch)
    write_sample(Path("sample.csv"), [("Roux", markers(b"%032d" % 0, ["request-1"], 3)[0].decode() + "3")])
    place.run(RUN + ROOM)
    (export,) = told[0].exports
    assert (export.canaries, export.canary_lines, export.probability) == (("request-1",), 1, CERTAIN)


def test_a_file_that_lies_there_twice_is_one_export(place: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    told = sent(monkeypatch)
    Path("traces/copy.trace").write_bytes(Path("traces/a.trace").read_bytes())
    assert len(place.run(RUN + ROOM + " --json").json()["exports"]) == 2
    assert [export.order for export in told[0].exports] == [ORDER]


def test_a_header_that_no_order_could_have_is_told_nowhere(place: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sealed key is the controller's own, so the file is asked; what its header says is another matter."""
    told = sent(monkeypatch)
    identity = Identity.load(Path("controller.key"))
    Path("traces/a.trace").write_bytes(trace_file(LAB, identity, order="Dupont, Jeanne"))
    done = place.run(RUN + ROOM, code=10)
    assert "exports[0].order" in done.err
    assert "FOUND" in done.out
    assert told == []


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ("--room http://localhost:9", "--incident"),
        ("--incident INC-7K3Q-9X2M --token room.token", "--room"),
        ("--room http://localhost:9 --incident INC-7K3Q-9X2M", "--token"),
        ("--ca ca.pem", "--room"),
        ("--replaces 1", "--room"),
        ("--room http://labo.example --incident INC-7K3Q-9X2M --token room.token", "https"),
        ("--room https://[::1 --incident INC-7K3Q-9X2M --token room.token", "not an address"),
        ("--room https://a..invalid --incident INC-7K3Q-9X2M --token room.token", "not an address"),
        ("--room https://labo.example:x --incident INC-7K3Q-9X2M --token room.token", "not an address"),
        ("--room http://localhost:9 --incident ../me --token room.token", "INC-7K3Q-9X2M"),
    ],
)
def test_what_cannot_be_told_is_said_before_anything_is_read(place: Desk, more: str, says: str) -> None:
    Path("sample.csv").unlink()
    done = place.run(f"{RUN} {more}", code=2)
    assert says in done.err


def test_a_token_that_others_may_read_is_not_used(place: Desk) -> None:
    Path("room.token").chmod(0o644)
    assert "others may read this token" in place.run(RUN + ROOM, code=2).err
    Path("room.token").write_text("two words\n")
    Path("room.token").chmod(0o600)
    assert "not a token" in place.run(RUN + ROOM, code=10).err
    place.run(RUN + ROOM.replace("room.token", "none"), code=31)


@pytest.mark.parametrize("form", ["", " --json"])
def test_an_answer_is_not_lost_where_the_room_is_away(place: Desk, form: str) -> None:
    """Nobody listens on port 9 of this machine."""
    done = place.run(RUN + ROOM + form, code=30)
    assert "cannot be reached" in done.err
    assert "ecp_secret" not in done.out + done.err
    if form:
        made: dict[str, Any] = json.loads(done.out)
        assert made["verdict"] == "found"
        assert made["told"] == {"incident": "INC-7K3Q-9X2M", "conclusion": None, "replaces": None}
    else:
        assert "FOUND: it comes from" in done.out
        assert "told to incident" not in done.out


def test_a_fault_of_ours_is_no_telling(place: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_self: object, _made: Conclusion, _replaces: int | None) -> int:
        raise InternalError("broken")

    monkeypatch.setattr(IncidentDesk, "tell", fails)
    done = place.run(RUN + ROOM, code=70)
    assert "FOUND" in done.out
    assert "told to incident" not in done.out


@pytest.mark.parametrize("form", ["", " --json"])
def test_whoever_waits_no_longer_for_the_room_has_the_answer(
    place: Desk, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    def waits(_self: object, _made: Conclusion, _replaces: int | None) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(IncidentDesk, "tell", waits)
    done = place.run(RUN + ROOM + form, code=130)
    assert ('"verdict":"found"' if form else "FOUND") in done.out.replace(": ", ":")
