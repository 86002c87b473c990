"""``ecluse notify test``: each channel is tried, and what became of it is said."""

import json
from pathlib import Path

import pytest

from ecluse.cli import main
from receivers import hooks


def _home(folder: Path, *channels: str) -> Path:
    (folder / "supervision.yaml").write_text("channels:\n" + "".join(f"  - {each}\n" for each in channels))
    (folder / "supervision.yaml").chmod(0o600)
    return folder


def _hook(name: str, address: str) -> str:
    return f'{{name: {name}, webhook: "http://{address}/hidden", key: "{"ab" * 32}"}}'


def test_each_channel_is_tried(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with hooks() as good, hooks(503) as bad:
        home = _home(tmp_path, _hook("bad", bad.address), _hook("good", good.address))
        assert main(["notify", "test", "--home", str(home)]) == 30
        out, err = capsys.readouterr()
        assert out.splitlines() == ["bad: this channel cannot take a notice now: 503", "good: taken"]
        assert "1 of 2 channels failed" in err
        assert "hidden" not in out + err
        assert len(good.posted) == len(bad.posted) == 1


def test_one_that_is_wrong_in_the_file_stops_no_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with hooks() as good:
        unknown, clear = '{name: unknown, url: "nope://hidden"}', '{name: clear, url: "rsyslog://hidden.example"}'
        ca = f'{{name: ca, webhook: "https://{good.address}/hidden", key: "{"ab" * 32}", ca: {tmp_path}/none.pem}}'
        home = _home(tmp_path, unknown, clear, ca, _hook("good", good.address))
        assert main(["notify", "test", "--home", str(home)]) == 30
        out, err = capsys.readouterr()
        assert out.splitlines() == [
            "unknown: not a URL that Apprise knows",
            "clear: what goes this way could be read on the way",
            "ca: not a file of certificates (PEM)",
            "good: taken",
        ]
        assert "3 of 4 channels failed" in err
        assert "hidden" not in out + err
        assert len(good.posted) == 1


def test_one_channel_alone_in_french(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with hooks() as good, hooks(503) as bad:
        home = _home(tmp_path, _hook("bad", bad.address), _hook("good", good.address))
        assert main(["notify", "test", "--home", str(home), "--channel", "good", "--lang", "fr"]) == 0
        assert capsys.readouterr().out == "good : pris\n".replace(" :", ":")
        assert not bad.posted
        assert json.loads(good.posted[0].body)["subject"] == "Écluse : un essai"


def test_for_programs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with hooks(403) as bad:
        home = _home(tmp_path, _hook("bad", bad.address))
        assert main(["notify", "test", "--home", str(home), "--json"]) == 30
        (told,) = json.loads(capsys.readouterr().out)
        assert told == {"channel": "bad", "taken": False, "why": "this channel refuses notices: 403"}


@pytest.mark.parametrize("more", [[], ["--channel", "nobody"]])
def test_no_channel_is_an_error(tmp_path: Path, more: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    home = _home(tmp_path, _hook("one", "localhost:9")) if more else tmp_path
    assert main(["notify", "test", "--home", str(home), *more]) == 2
    assert "channel" in capsys.readouterr().err
