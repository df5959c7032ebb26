"""A real browser for the journeys: nothing it meets may break our own rules."""

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.core.cache import caches
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from koalendar.sandbox.server import Sandbox

AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
AXE_OPTIONS = {"runOnly": AXE_TAGS, "rules": {"target-size": {"enabled": True}}}
CHROMIUM = os.environ.get("KOALENDAR_TEST_CHROMIUM", "") or shutil.which("chromium") or ""
# Chromium's own word for an answer of 4xx, which a form with a mistake rightly gets.
_EXPECTED = "Failed to load resource: the server responded with a status of 4"

Visit = Callable[..., Page]
Abroad = Callable[..., Page]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    if not CHROMIUM:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    # Playwright keeps an event loop in this thread, by which Django believes itself in asynchronous code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def visit(chromium: Browser, live_server: Any) -> Iterator[Visit]:
    """`visit("/ada/", width=390, java_script_enabled=False)`: a page in a browser of its own.

    The test fails on a request to another host, on a breach of the content security policy and on a script's
    error in any of them.
    """
    for name in ("default", "memory"):
        caches[name].clear()
    contexts: list[BrowserContext] = []
    wrong: list[str] = []

    def open_page(path: str = "", *, width: int = 1280, height: int = 800, **options: Any) -> Page:
        options = {"timezone_id": "UTC", "locale": "en-GB", "reduced_motion": "reduce"} | options
        context = chromium.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        context.set_default_timeout(10_000)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda message: _note(message, wrong))
        page.on(
            "request",
            lambda request: None if _is_ours(request.url, live_server) else wrong.append(request.url),
        )
        if path:
            page.goto(f"{live_server.url}{path}")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert wrong == []


def _note(message: Any, wrong: list[str]) -> None:
    if message.type == "error" and not message.text.startswith(_EXPECTED):
        wrong.append(message.text)


def _is_ours(url: str, live_server: Any) -> bool:
    return url.startswith((live_server.url, "data:"))


@pytest.fixture
def is_accessible() -> Callable[[Page], None]:
    """Fails with axe's own words if the page has a violation, or breaks a rule that axe does not know."""

    def check(page: Page) -> None:
        page.wait_for_selector("html:not(.zone-wait)")
        found = Axe().run(page, options=AXE_OPTIONS)
        assert found.violations_count == 0, found.generate_report()
        assert page.locator("h1").count() == 1
        assert page.locator("html").get_attribute("lang")
        assert page.locator("#say[role=status]").count() == 1
        assert page.locator("[tabindex]:not([tabindex='0']):not([tabindex='-1'])").count() == 0
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "scrolls sideways"

    return check


# ── To a provider and back ──


@pytest.fixture
def sandbox(settings: Any, live_server: Any) -> Iterator[Sandbox]:
    """The sandbox's Zoom and Google as this site's, with the site where the browser finds it."""
    with Sandbox() as running:
        settings.KOALENDAR_BASE_URL = live_server.url
        settings.ZOOM_BASE_URL = f"{running.url}/zoom"
        settings.ZOOM_API_URL = f"{running.url}/zoom/v2"
        settings.GOOGLE_AUTH_URL = f"{running.url}/google/o/oauth2/v2/auth"
        settings.GOOGLE_TOKEN_URL = f"{running.url}/google/token"
        settings.GOOGLE_REVOKE_URL = f"{running.url}/google/revoke"
        settings.GOOGLE_API_URL = f"{running.url}/google/calendar/v3"
        running.zoom.app.product_url = live_server.url
        policy = settings.CONTENT_SECURITY_POLICY
        directives = policy["DIRECTIVES"] | {"form-action": ["'self'", running.url]}
        settings.CONTENT_SECURITY_POLICY = policy | {"DIRECTIVES": directives}
        yield running


@pytest.fixture
def abroad(chromium: Browser) -> Iterator[Abroad]:
    """`abroad(java_script_enabled=False)`: a browser of its own that may leave for a provider.

    It too must not breach our policy on the way.
    """
    for name in ("default", "memory"):
        caches[name].clear()
    contexts: list[BrowserContext] = []
    breaches: list[str] = []

    def open_page(**options: Any) -> Page:
        context = chromium.new_context(**({"locale": "en-GB", "reduced_motion": "reduce"} | options))
        contexts.append(context)
        context.set_default_timeout(10_000)
        page = context.new_page()
        page.on(
            "console",
            lambda message: breaches.append(message.text) if "Content Security" in message.text else None,
        )
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert breaches == []


@pytest.fixture
def outgoing(abroad: Abroad) -> Page:
    return abroad()
