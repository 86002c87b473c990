"""The documentation is true to the tree: links, anchors, images, paths, help, generated parts, reachability."""

import importlib.util
import re
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import click
import pytest
import yaml

from ecluse.cli import _text
from ecluse.cli._commands import APP
from unit.docs.pages import ROOT, blocks, name, pages

PAGES = pages()
every_page = pytest.mark.parametrize("page", PAGES, ids=name)
_LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")
_PATH = re.compile(r"`((?:src|tests|docs|demo|bench|scripts|requirements)/[A-Za-z0-9_./-]+)`")
_FENCES = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_SECRET_PLACES = re.compile(r"(?<![\w.])/(?:work|root|home)/")


def prose(page: Path) -> str:
    """A page without its code blocks."""
    return _FENCES.sub("", page.read_text(encoding="utf-8"))


def links(page: Path) -> Iterator[tuple[bool, str, str]]:
    """Whether it is an image, its words, its target."""
    for mark, words, target in _LINK.findall(prose(page)):
        yield mark == "!", words, target


def anchors(page: Path) -> set[str]:
    """What a heading is reached by, as forges make it."""
    heads = re.findall(r"^#{1,6} (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.replace("`", "").lower()).strip().replace(" ", "-") for head in heads}


@every_page
def test_links_resolve(page: Path) -> None:
    for _, words, target in links(page):
        if re.match(r"[a-z]+:", target):
            assert target.startswith("https://"), f"{target}: a link out is https"
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), f"[{words}]({target}): there is no such file"
        assert there.is_relative_to(ROOT), f"[{words}]({target}) leaves the tree"
        if anchor:
            assert anchor in anchors(there), f"[{words}]({target}): no such heading, only {sorted(anchors(there))}"


@every_page
def test_images_exist_and_say_what_they_show(page: Path) -> None:
    for is_image, words, target in links(page):
        if is_image:
            image = page.parent / target
            assert len(words) > 30, f"{target}: the words do not replace the picture"
            if image.suffix == ".png":
                head = image.read_bytes()[:24]
                assert head.startswith(b"\x89PNG\r\n\x1a\n")
                assert min(struct.unpack(">II", head[16:24])) > 300, "too small to read"
            else:
                root = ET.parse(image).getroot()  # noqa: S314 - our own file
                assert root.tag.endswith("svg")
                assert "http" not in (ET.tostring(root, encoding="unicode").replace("http://www.w3.org/2000/svg", ""))


@every_page
def test_paths_named_exist(page: Path) -> None:
    if page.name == "CHANGELOG.md":
        return  # what was once there may be told
    for path in _PATH.findall(page.read_text(encoding="utf-8")):
        if "<" not in path and "*" not in path:
            assert (ROOT / path).exists() or path.startswith("build/"), f"{path} is not there"


@every_page
def test_no_machine_is_named(page: Path) -> None:
    assert not _SECRET_PLACES.search(page.read_text(encoding="utf-8"))


@every_page
def test_yaml_blocks_parse(page: Path) -> None:
    for block in blocks(page.read_text(encoding="utf-8"), "yaml"):
        yaml.safe_load(block)


@every_page
def test_one_title(page: Path) -> None:
    assert len(re.findall(r"^# ", prose(page), re.MULTILINE)) == 1


@every_page
def test_help_shown_is_help(page: Path) -> None:
    for block in blocks(page.read_text(encoding="utf-8"), "text"):
        if block.startswith("Usage: ecluse"):
            words = re.match(r"Usage: ecluse((?: [a-z-]+)*)", block)
            assert words
            assert block.strip() == _help(words[1].split())


def _help(words: list[str]) -> str:
    _text.use("en")
    command, path = APP, "ecluse"
    for word in words:
        with click.Context(command, info_name=path, **command.context_settings) as context:
            command = command.get_command(context, word)
        path += f" {word}"
    settings = {**command.context_settings, "terminal_width": 100, "max_content_width": 100}
    with click.Context(command, info_name=path, **settings) as context:
        return command.get_help(context).strip()


def test_every_page_is_reached_from_the_readme() -> None:
    seen: set[Path] = set()
    todo = [ROOT / "README.md"]
    while todo:
        page = todo.pop()
        if page in seen or page.suffix != ".md":
            continue
        seen.add(page)
        local = (t.partition("#")[0] for _, _, t in links(page) if not t.startswith("https:"))
        todo += [(page.parent / target).resolve() for target in local if target]
    measured = {ROOT / "docs" / "benchmarks.md"}  # a benchmark's output, there once somebody has run it
    assert set(PAGES) - seen - measured == set(), "pages that nobody would find"


def test_the_readme_begins_with_a_command() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert next(i for i, line in enumerate(lines, 1) if line.startswith("$ ")) <= 20


@pytest.mark.parametrize("language", ["README.md", "LISEZMOI.md"])
def test_both_languages_tell_all_laws(language: str) -> None:
    text = (ROOT / language).read_text(encoding="utf-8")
    assert all(re.search(rf"(^\| |\b){number}( \||\.)", text, re.MULTILINE) for number in range(1, 11))


def _generator() -> object:
    path = ROOT / "docs" / "generate_reference.py"
    spec = importlib.util.spec_from_file_location("generate_reference", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_generated_parts_are_what_the_code_says(capsys: pytest.CaptureFixture[str]) -> None:
    module = _generator()
    assert module.main(["--check"]) == 0, capsys.readouterr().err
    named = {part for page in PAGES for _, part, _ in module._PART.findall(page.read_text(encoding="utf-8"))}
    assert named == set(module.PARTS), "parts that no page shows, or nobody makes"


def test_a_stale_part_is_seen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    module = _generator()
    page = tmp_path / "docs" / "page.md"
    page.parent.mkdir()
    page.write_text("<!-- generated: roles -->\nold\n<!-- end -->\n", encoding="utf-8")
    module.FOLDER = page.parent
    assert module.main(["--check"]) == 1
    assert "page.md" in capsys.readouterr().err
    assert module.main([]) == 0
    assert "director" in page.read_text(encoding="utf-8")
    assert module.main(["--check"]) == 0
