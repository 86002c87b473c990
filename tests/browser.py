"""A real Chromium, driven by Playwright: the system's own browser, nothing downloaded, nobody called.

``with browser_page() as page:`` gives an empty page and takes everything away again; ``browser_pages()`` several persons'
pages in one browser. Playwright's synchronous interface keeps an event loop in its thread while a page is open: Django's
ORM refuses to be called there meanwhile, and so does ``asyncio.run``. Serve from another thread or process, and look
into the database before and after.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Literal

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

FLAGS = (
    "--no-sandbox",  # tests run as root in a container
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    # Without these it looks up its maker's hosts at every start.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-default-apps",
)
_PATIENCE_MS = 20_000  # two cores, shared


def chromium() -> str:
    """Where the system's browser is; a missing one fails with the command that installs it."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    assert found, "this test needs chromium: apt-get install chromium"
    return found


@contextmanager
def browser_pages() -> Iterator[Callable[..., Page]]:
    """A browser, and a maker of pages: each in a context of its own, as if on a computer of its own.

    The maker takes ``lang`` (``fr``), ``scheme`` (``light`` or ``dark``), and what
    ``playwright.sync_api.Browser.new_context`` takes.
    """
    with sync_playwright() as playwright, ExitStack() as opened:
        # A new, empty profile in a temporary folder, which goes with the browser.
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS))
        opened.callback(browser.close)
        yield lambda **given: _page(browser, **given)


@contextmanager
def browser_page(**given: Any) -> Iterator[Page]:
    """One page, as :func:`browser_pages` makes it."""
    with browser_pages() as new_page:
        yield new_page(**given)


def _page(browser: Browser, lang: str = "fr", scheme: Literal["light", "dark"] = "light", **given: Any) -> Page:
    locale = {"fr": "fr-FR", "en": "en-GB"}.get(lang, lang)
    wanted = {"locale": locale, "color_scheme": scheme, "viewport": {"width": 1280, "height": 900}} | given
    context = browser.new_context(**wanted)
    context.set_default_timeout(_PATIENCE_MS)
    return context.new_page()


@contextmanager
def virtual_authenticator(page: Page, *, verified: bool = True, **options: Any) -> Iterator[tuple[CDPSession, str]]:
    """A platform authenticator in software, which answers by itself, as if a finger lay on it.

    With ``verified`` false it has no PIN and no finger: the user is present and not verified. Gives the CDP session and
    the authenticator's id, for ``WebAuthn.setUserVerified``, ``WebAuthn.getCredentials`` and the like.
    """
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    wanted = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": verified,
        "isUserVerified": verified,
        "automaticPresenceSimulation": True,
    } | options
    made = session.send("WebAuthn.addVirtualAuthenticator", {"options": wanted})
    try:
        yield session, made["authenticatorId"]
    finally:
        session.send("WebAuthn.disable")
        session.detach()
