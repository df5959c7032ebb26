"""A person at the sandbox's Google: the consent with its boxes, and a week of a calendar."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from koalendar.sandbox.server import Sandbox

pytestmark = [pytest.mark.browser, pytest.mark.looks, pytest.mark.django_db(transaction=True)]

SCOPE = "https://www.googleapis.com/auth/"


def accessible(page: Page) -> None:
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_busy_time_is_added_moved_and_deleted_on_the_week(sandbox: Sandbox, outgoing: Page) -> None:
    outgoing.goto(f"{sandbox.url}/google/?week=2027-03-01")
    accessible(outgoing)
    outgoing.get_by_label("Title").fill("Dentist")
    outgoing.get_by_label("From").fill("2027-03-03T09:00")
    outgoing.get_by_label("Until").fill("2027-03-03T10:15")
    outgoing.get_by_role("button", name="Add busy time").click()
    outgoing.get_by_role("link", name="Dentist").click()
    accessible(outgoing)
    outgoing.get_by_label("New start").fill("2027-03-04T14:00")
    outgoing.get_by_label("New end").fill("2027-03-04T15:00")
    outgoing.get_by_role("button", name="Move event").click()
    assert outgoing.get_by_text("Thu 4 Mar 2027, 14:00–15:00").is_visible()
    outgoing.get_by_role("button", name="Delete event").click()
    assert outgoing.get_by_role("link", name="Dentist").count() == 0


def test_a_box_that_is_not_ticked_is_not_granted(sandbox: Sandbox, outgoing: Page, live_server: Any) -> None:
    query = {
        "response_type": "code",
        "client_id": "sandbox-google-client",
        "redirect_uri": f"{live_server.url}/integrations/google/callback",
        "scope": f"openid {SCOPE}calendar.events.freebusy {SCOPE}calendar.events.owned",
    }
    outgoing.goto(f"{sandbox.url}/google/o/oauth2/v2/auth?{urlencode(query)}")
    accessible(outgoing)
    outgoing.get_by_label("See, create, change, and delete events").uncheck()
    with outgoing.expect_request("**/integrations/google/callback?**") as returned:
        outgoing.get_by_role("button", name="Continue").click()
    back = parse_qs(urlsplit(returned.value.url).query)
    assert back["scope"] == [f"{SCOPE}calendar.events.freebusy openid"]
