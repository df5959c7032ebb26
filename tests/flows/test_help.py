"""The public texts in a real browser: readable by everybody, without script, on paper too."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.flows.looks import IN_EVERY_LOOK
from tests.flows.test_dashboard import sign_in
from tests.people import ada, make_connection

pytestmark = [pytest.mark.browser, pytest.mark.looks, pytest.mark.django_db(transaction=True)]

Visit = Callable[..., Page]
PAGES = ["/help/zoom/", "/help/google/", "/help/support/", "/privacy/", "/terms/"]
OWN = "# Who we are\n\nAcme, 1 Long Street\n\n- one\n- two"


@IN_EVERY_LOOK
def test_the_public_texts_are_accessible(
    visit: Visit,
    live_server: Any,
    settings: Any,
    is_accessible: Callable[[Page], None],
    width: int,
    scheme: str,
) -> None:
    settings.KOALENDAR_SUPPORT_EMAIL = "help@acme.example"
    page = visit(width=width, color_scheme=scheme)
    for path in PAGES:
        page.goto(f"{live_server.url}{path}")
        is_accessible(page)
    settings.KOALENDAR_PRIVACY = OWN
    page.goto(f"{live_server.url}/privacy/")
    is_accessible(page)


@pytest.mark.parametrize("width", [390, 1280])
def test_the_help_with_a_hosts_own_facts_is_accessible(
    visit: Visit, live_server: Any, is_accessible: Callable[[Page], None], width: int
) -> None:
    make_connection(state="broken", problem="authorization_refused")
    page = sign_in(visit(width=width), ada(), site=live_server.url)

    page.goto(f"{live_server.url}/help/zoom/")

    expect(page.get_by_role("heading", name="Your Zoom", exact=True)).to_be_visible()
    is_accessible(page)


def test_the_contents_stand_beside_the_text_and_fold_above_it_on_a_phone(visit: Visit) -> None:
    wide = visit("/help/zoom/", java_script_enabled=False)
    expect(wide.get_by_role("navigation", name="On this page")).to_be_visible()
    expect(wide.locator(".doc-fold")).to_be_hidden()

    phone = visit("/help/zoom/", width=390, java_script_enabled=False)
    expect(phone.get_by_role("navigation", name="On this page")).to_be_hidden()
    phone.get_by_text("On this page").last.click()
    phone.get_by_role("link", name="How your data is removed").click()
    expect(phone.get_by_role("heading", name="How your data is removed")).to_be_in_viewport()


def test_on_paper_there_is_all_of_the_text_and_nothing_to_press(visit: Visit) -> None:
    page = visit("/help/zoom/")
    page.emulate_media(media="print")

    for name in ("On this page", "Account"):
        expect(page.get_by_role("navigation", name=name)).to_be_hidden()
    expect(page.locator(".foot")).to_be_hidden()
    for heading in page.locator("main :is(h1, h2, h3)").all():
        expect(heading).to_be_visible()
