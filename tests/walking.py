"""People in a real room, each at a computer and with a passkey of their own; nothing here knows the room's code.

    with open_room(tmp_path) as room, walkers(room) as walk:
        first = walk.join(room.first_link, "Sacha Roux", "sacha.roux@passage.example", "fr")
        first.go("people/"); first.press("Inviter quelqu'un")

Every page that a walker sees is watched: no script error, nothing that the content policy had to refuse, no answer 5xx.
``walker.look()`` has axe-core judge the page as it stands; ``walker.picture("home")`` takes it for the docs when
``ECLUSE_SCREENSHOTS=write``.
"""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import ConsoleMessage, Locator, Page, Response
from playwright.sync_api import Error as PlaywrightError

from agents_at_work import free_port, wait_for
from browser import browser_pages, virtual_authenticator
from migrating import ROOT

AXE = ROOT / "build" / "node" / "node_modules" / "axe-core" / "axe.min.js"
IMAGES = ROOT / "docs" / "images"
VENDOR = "Passage SAS"
_WRITES = os.environ.get("ECLUSE_SCREENSHOTS") == "write"
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# What a scheme or a width can change; the other rules are judged once a page.
_SEEN = ["color-contrast", "target-size", "scrollable-region-focusable", "link-in-text-block"]
_VIEWS = (("light", 1280, None), ("dark", 360, None), ("light", 360, _SEEN), ("dark", 1280, _SEEN))


@dataclass(frozen=True)
class Room:
    """A room that serves: its address, its folder, the link that its first start printed."""

    url: str
    home: Path
    first_link: str


@contextmanager
def open_room(root: Path, **environment: str) -> Iterator[Room]:
    """``ecluse serve`` on a free port of this machine, over a new folder, until the block ends."""
    port, home = free_port(), root / "room"
    command = (
        sys.executable, "-m", "ecluse", "serve", "--home", str(home), "--listen", f"127.0.0.1:{port}",
        "--organisation", VENDOR, "--administrator", "Sacha Roux", "--email", "sacha.roux@passage.example",
    )  # fmt: skip
    with (root / "serve.log").open("ab") as log:
        known = {name: value for name, value in os.environ.items() if not name.startswith("ECLUSE_")}
        env = known | {"PYTHONPATH": str(ROOT / "src"), "PYTHONDONTWRITEBYTECODE": "1"} | environment
        process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=log)
        try:
            assert process.stdout is not None
            link = process.stdout.readline().decode().strip()
            assert link, (root / "serve.log").read_text()
            wait_for(port, process, root / "serve.log")
            yield Room(f"http://localhost:{port}", home, link)
        finally:
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            assert process.stdout is not None
            process.stdout.close()


@dataclass
class Walker:
    """One person before one screen. ``lang``: the language that the browser asks for."""

    room: Room
    page: Page
    lang: str
    faults: list[str]
    seen: set[str] = field(default_factory=set)

    def go(self, path: str) -> "Walker":
        """Open an address of the room."""
        self.page.goto(f"{self.room.url}/{path.removeprefix(self.room.url).removeprefix('/')}")
        return self

    @property
    def path(self) -> str:
        """Where this person is."""
        return self.page.url.removeprefix(self.room.url)

    @property
    def heading(self) -> str:
        """The page's only first heading."""
        found = self.page.locator("h1")
        assert found.count() == 1, self.path
        return found.inner_text()

    @property
    def text(self) -> str:
        """What stands on the page."""
        return self.page.locator("main").inner_text()

    def button(self, name: str) -> Locator:
        """The button, or link, of that name."""
        wanted = re.compile(rf"^{re.escape(name)}")
        return self.page.get_by_role("button", name=wanted).or_(self.page.get_by_role("link", name=wanted)).first

    def press(self, name: str) -> "Walker":
        """Press it, and wait for the page that follows."""
        with self.page.expect_navigation():
            self.button(name).click()
        return self

    def write(self, **given: str) -> "Walker":
        """Fill fields by name."""
        for name, value in given.items():
            self.page.locator(f"[name={name}]").fill(value)
        return self

    def tick(self, name: str, value: str) -> "Walker":
        """Tick a box or choose a radio."""
        self.page.locator(f"[name={name}][value='{value}']").check()
        return self

    def sign(self, verb: str) -> "Walker":
        """Press the button that asks the passkey; the form goes by itself."""
        return self.press(verb)

    def look(self) -> "Walker":
        """What axe-core finds serious or critical, wide and narrow, light and dark; and what does not fit."""
        name = re.sub(r"/[\w.-]*\d[\w.-]*(?=/)|/of/[^/]+", "/…", self.path.partition("?")[0])
        if name in self.seen:
            return self
        self.seen.add(name)
        for scheme, width, rules in _VIEWS:
            self.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            self.page.set_viewport_size({"width": width, "height": 900})
            self.faults += [f"{name} {scheme} {width}: {fault}" for fault in judged(self.page, rules)]
            if self.page.evaluate("document.documentElement.scrollWidth > window.innerWidth + 1"):
                self.faults.append(f"{name} {width}: wider than the window")
        self.page.emulate_media(color_scheme="light")
        self.page.set_viewport_size({"width": 1280, "height": 900})
        return self

    def picture(self, name: str, *, height: int = 640, part: str | None = None) -> "Walker":
        """Take the page for the docs, in this person's language; ``part``: one element of it."""
        if not _WRITES:
            return self
        self.page.set_viewport_size({"width": 1280, "height": height})
        self.page.evaluate("document.activeElement && document.activeElement.blur()")
        path = IMAGES / f"room-{name}.{self.lang}.png"
        shown = self.page.locator(part).first if part else self.page
        shown.screenshot(path=path)
        return self

    def saved(self, name: str, into: Path) -> Path:
        """Press what gives a file, and keep it."""
        with self.page.expect_download() as waiting:
            self.button(name).click()
        path = into / waiting.value.suggested_filename
        waiting.value.save_as(path)
        return path


def judged(page: Page, rules: list[str] | None) -> list[str]:
    """The serious and critical findings of axe-core on a page; the page's content policy stays in force."""
    assert AXE.is_file(), "this test needs axe-core: scripts/node-packages"
    if page.evaluate("typeof window.axe") == "undefined":
        page.evaluate(AXE.read_text(encoding="utf-8"))
    only: dict[str, Any] = {"type": "rule", "values": rules} if rules else {"type": "tag", "values": _RULES}
    found = page.evaluate(
        "only => axe.run(document, {runOnly: only, resultTypes: ['violations']}).then(r => r.violations)", only
    )
    return [
        f"{each['id']} ({each['impact']}): {node['target']} {node['html'][:120]}"
        for each in found
        if each["impact"] in {"serious", "critical"}
        for node in each["nodes"][:3]
    ]


class Walkers:
    """Everybody, in one browser."""

    def __init__(self, room: Room, new_page: Callable[..., Page], opened: ExitStack) -> None:
        self._room, self._new_page, self._opened = room, new_page, opened
        self.faults: list[str] = []
        self._seen: set[str] = set()
        self._everybody: list[Walker] = []

    def show(self, error: BaseException) -> None:
        """Say with an error what everybody has met so far, and leave pictures of where they all are."""
        for number, walker in enumerate(self._everybody):
            path = self._room.home.parent / f"{number}.png"
            with suppress(PlaywrightError):
                walker.page.screenshot(path=path, full_page=True, timeout=5000)
                error.add_note(f"{path}: {walker.path}")
        error.add_note("\n".join(dict.fromkeys(self.faults)))

    def stranger(self, lang: str = "fr", **given: Any) -> Walker:
        """Somebody before a browser that has never been here, with no passkey."""
        page = self._new_page(lang=lang, **given)
        walker = Walker(self._room, page, lang, self.faults, self._seen)
        self._everybody.append(walker)
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.faults.append(f"{page.url}: {error}"))
        page.on("response", self._answered)
        return walker

    def _heard(self, message: ConsoleMessage) -> None:
        # A page that is refused is named by the browser as an error too: that is judged by its status.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.faults.append(f"{message.location.get('url')}: {message.text}")

    def _answered(self, response: Response) -> None:
        if response.status >= 500:
            self.faults.append(f"{response.status} {response.url}")

    def join(self, link: str, name: str, email: str, lang: str = "fr") -> Walker:
        """Follow a one-time link, enrol a passkey, arrive at home."""
        walker = self.stranger(lang)
        self._opened.enter_context(virtual_authenticator(walker.page))
        walker.go(link)
        walker.write(name=name, email=email).press("Rejoindre" if lang == "fr" else "Join")
        assert walker.path == "/enrol/"
        walker.press("Créer une clé d'accès" if lang == "fr" else "Create a passkey")
        walker.press("Créer la clé d'accès" if lang == "fr" else "Create the passkey")
        assert walker.path == "/", (walker.path, walker.text)
        return walker


@contextmanager
def walkers(room: Room) -> Iterator[Walkers]:
    """A browser for everybody; when the block ends well, nobody may have met a fault."""
    with browser_pages() as new_page, ExitStack() as opened:
        everybody = Walkers(room, new_page, opened)
        try:
            yield everybody
        except BaseException as error:
            everybody.show(error)
            raise
        assert not everybody.faults, "\n".join(dict.fromkeys(everybody.faults))
