"""Connecting Google Calendar in a real browser: refusing a box, choosing calendars, two accounts, leaving."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from koalendar import clock
from koalendar.connections import calendars
from koalendar.connections.models import Calendar, Connection
from koalendar.sandbox.server import Sandbox
from tests.flows.test_dashboard import sign_in
from tests.people import ada

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

Accessible = Callable[[Page], None]
BUSY = "See the availability on calendars you have access to"


def go_to_google(page: Page, site: str) -> None:
    page.goto(f"{site}/dashboard/integrations/")
    page.get_by_role("link", name="Connect Google Calendar").click()


def allow(page: Page, *, without: str = "", user: str = "") -> None:
    """Press Continue on Google's consent page with all boxes ticked but one; as another person there."""
    if user:
        page.get_by_label("Use another account").check()
        page.get_by_label("E-mail").fill(user)
    if without:
        page.get_by_label(without).uncheck()
    page.get_by_role("button", name="Continue").click()


def confirm(page: Page) -> None:
    page.get_by_role("button", name="Connect", exact=True).click()
    expect(page.get_by_role("heading", name="Your calendars")).to_be_visible()


def connect_ada(page: Page, site: str) -> None:
    sign_in(page, ada(), site=site)
    go_to_google(page, site)
    allow(page)
    confirm(page)


def test_a_permission_that_was_refused_is_named_and_can_be_granted_later(
    outgoing: Page, sandbox: Sandbox, live_server: Any, is_accessible: Accessible
) -> None:
    sign_in(outgoing, ada(), site=live_server.url)
    go_to_google(outgoing, live_server.url)
    allow(outgoing, without=BUSY)

    expect(outgoing.get_by_role("heading", name="Connect this Google Calendar account?")).to_be_visible()
    expect(outgoing.get_by_text("ada@example.com", exact=True)).to_be_visible()
    expect(outgoing.get_by_text("Your busy times do not take slots away")).to_be_visible()
    assert not Connection.objects.exists()
    is_accessible(outgoing)
    confirm(outgoing)

    expect(outgoing.locator(".chip", has_text="Needs attention")).to_be_visible()
    expect(outgoing.get_by_text("Missing: Your busy times do not take slots away")).to_be_visible()
    expect(outgoing.get_by_label("Blocks my time: ada@example.com")).to_be_disabled()
    assert calendars.target_of(ada()) is not None
    is_accessible(outgoing)

    outgoing.locator("[data-state=attention]").get_by_role("link", name="Reconnect").click()
    allow(outgoing)
    expect(outgoing.get_by_text("Connected", exact=True)).to_be_visible()
    expect(outgoing.get_by_label("Blocks my time: ada@example.com")).to_be_checked()
    assert [row.is_primary for row in calendars.blocking(ada())] == [True]


@pytest.mark.parametrize("options", [{}, {"java_script_enabled": False}])
def test_the_host_chooses_what_blocks_and_where_bookings_go(
    abroad: Callable[..., Page], sandbox: Sandbox, live_server: Any, options: dict[str, Any]
) -> None:
    page = abroad(viewport={"width": 390, "height": 844}, **options)
    connect_ada(page, live_server.url)
    expect(page.get_by_label("Bookings go here: ada@example.com")).to_be_checked()
    expect(page.get_by_label("Bookings go here: Family")).to_have_count(0)
    expect(page.get_by_text("which has to be one that you own")).to_have_count(1)

    page.get_by_label("Blocks my time: Family").check()
    page.get_by_label("Bookings go into no calendar").check()
    page.locator("#calendars").get_by_role("button", name="Save", exact=True).last.click()
    expect(page.get_by_text("Your calendars are saved.")).to_be_visible()
    assert calendars.target_of(ada()) is None
    assert {row.name for row in calendars.blocking(ada())} == {"ada@example.com", "Family"}

    expect(page.get_by_label("Bookings go into no calendar")).to_be_checked()
    page.get_by_label("Bookings go here: ada@example.com").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Bookings go here: ada@example.com")).to_be_checked()
    assert calendars.target_of(ada()) is not None


def test_a_calendar_that_cannot_be_read_is_ignored_and_waited_for_again(
    outgoing: Page, sandbox: Sandbox, live_server: Any
) -> None:
    connect_ada(outgoing, live_server.url)
    expect(outgoing.get_by_text("It is being read for the first time")).to_be_visible()
    expect(outgoing.get_by_role("button", name="Ignore this calendar for now")).to_have_count(0)
    Calendar.objects.filter(blocks=True).update(problem="server_error", problem_since=clock.now())
    outgoing.reload()
    expect(outgoing.get_by_text("No times are offered at the moment")).to_be_visible()
    outgoing.get_by_role("button", name="Ignore this calendar for now").click()
    expect(outgoing.get_by_text("No times are offered at the moment")).to_have_count(0)
    outgoing.get_by_role("button", name="Wait for it").click()
    expect(outgoing.get_by_text("No times are offered at the moment")).to_be_visible()


def test_a_second_account_blocks_too_and_leaves_the_bookings_where_they_are(
    outgoing: Page, sandbox: Sandbox, live_server: Any, is_accessible: Accessible
) -> None:
    connect_ada(outgoing, live_server.url)
    outgoing.get_by_role("link", name="Connect another Google account").click()
    is_accessible(outgoing)
    outgoing.get_by_role("link", name="Continue to Google").click()
    allow(outgoing, user="ada@work.example")
    expect(outgoing.get_by_text("ada@work.example", exact=True)).to_be_visible()
    confirm(outgoing)

    expect(outgoing.get_by_role("group", name="ada@work.example")).to_be_visible()
    target = calendars.target_of(ada())
    assert target is not None
    assert target.connection.credential.account_email == "ada@example.com"
    assert calendars.blocking(ada()).count() == 2


def test_disconnecting_takes_the_access_back_in_google_and_erases_the_calendars(
    outgoing: Page, sandbox: Sandbox, live_server: Any, is_accessible: Accessible
) -> None:
    connect_ada(outgoing, live_server.url)
    assert sandbox.google.grants
    outgoing.locator("[data-state=active]").get_by_role("link", name="Disconnect").click()
    expect(outgoing.get_by_text("Events already written stay in Google.")).to_be_visible()
    is_accessible(outgoing)
    outgoing.get_by_role("button", name="Disconnect Google Calendar").click()

    expect(outgoing.get_by_text("Google Calendar is disconnected. We erased our access.")).to_be_visible()
    assert sandbox.google.grants == {}
    assert not Calendar.objects.exists()


def test_declining_in_google_and_here_is_told(outgoing: Page, sandbox: Sandbox, live_server: Any) -> None:
    sign_in(outgoing, ada(), site=live_server.url)
    go_to_google(outgoing, live_server.url)
    outgoing.get_by_role("button", name="Cancel").click()
    expect(outgoing.get_by_text("Google Calendar did not connect: you declined.")).to_be_visible()

    outgoing.get_by_role("link", name="Try again").click()
    allow(outgoing)
    outgoing.get_by_role("button", name="Do not connect").click()
    expect(outgoing.get_by_text("Google Calendar has taken our access back.")).to_be_visible()
    assert sandbox.google.grants == {}


def test_a_signed_out_host_signs_in_first_and_comes_back_to_a_link(
    outgoing: Page, sandbox: Sandbox, live_server: Any
) -> None:
    host = ada()
    sign_in(outgoing, host, site=live_server.url)
    outgoing.context.clear_cookies()
    outgoing.goto(f"{live_server.url}/integrations/google/connect")
    outgoing.locator("[name=login]").fill(host.email)
    outgoing.locator("[name=password]").fill("correct horse battery staple")
    outgoing.locator("main form button").first.click()
    outgoing.get_by_role("link", name="Continue to Google").click()
    allow(outgoing)
    confirm(outgoing)
    assert Connection.objects.get().host == host
