"""Without a connection a browser that was here before shows a page of ours, and keeps nothing else."""

from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.people import make_event_type

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("fresh_counters")]


def test_a_page_that_cannot_be_fetched_says_so_in_our_words_and_comes_back(
    chromium: Browser, live_server: Any
) -> None:
    make_event_type()
    context = chromium.new_context(locale="en-GB")
    page = context.new_page()
    page.goto(f"{live_server.url}/ada/intro-call/")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    context.set_offline(True)
    page.goto(f"{live_server.url}/ada/")
    page.get_by_role("heading", name="You are not connected").wait_for()
    assert page.evaluate("getComputedStyle(document.querySelector('.narrow')).maxInlineSize") != "none"
    kept = page.evaluate(
        "caches.keys().then((names) => caches.open(names[0])).then((kept) => kept.keys())"
        ".then((all) => all.map((each) => new URL(each.url).pathname))"
    )
    assert kept[0] == "/offline.html"
    assert [path for path in kept[1:] if not path.startswith("/static/")] == []
    context.set_offline(False)
    page.get_by_role("link", name="Try again").click()
    page.get_by_role("heading", name="Ada Lovelace").wait_for()
    context.close()
