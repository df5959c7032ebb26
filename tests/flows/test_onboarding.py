"""From signing up to a booking on the new page, as a new host and the first invitee walk it.

`pytest -s tests/flows/test_onboarding.py` prints how many seconds each step took.
"""

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from koalendar.accounts.models import AccountMail
from koalendar.booking.models import Booking, EventType, Profile
from koalendar.connections.models import Connection
from koalendar.sandbox.server import Sandbox
from tests.flows.looks import IN_EVERY_LOOK
from tests.people import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

Visit = Callable[..., Page]
Abroad = Callable[..., Page]
Check = Callable[[Page], None]

DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}


class Watch:
    """Which step took how long; told at the end."""

    def __init__(self, what: str) -> None:
        self.what, self._at = what, time.monotonic()
        self.steps: list[tuple[str, float]] = []

    def lap(self, step: str) -> None:
        now = time.monotonic()
        self.steps.append((step, now - self._at))
        self._at = now

    def tell(self) -> None:
        print(f"\n{self.what}")
        for step, seconds in self.steps:
            print(f"  {seconds:6.1f} s  {step}")
        print(f"  {sum(seconds for _step, seconds in self.steps):6.1f} s  in all")


def sign_up(page: Page, site: str) -> None:
    """Make an account for Grace and confirm it by the mail's link."""
    page.goto(f"{site}/accounts/signup/")
    page.get_by_label("Name").fill("Grace Hopper")
    page.get_by_label("E-mail").fill("grace@example.com")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Make account").click()
    expect(page.get_by_role("heading", name="Look into your mailbox")).to_be_visible()
    link = re.search(r"http\S+/accounts/confirm-email/\S+", AccountMail.objects.get().text)
    assert link is not None
    page.goto(link.group())
    page.get_by_role("button", name="Confirm address").click()
    expect(page.get_by_role("heading", name="Who you are")).to_be_visible()


def book(page: Page, address: str) -> None:
    """As Ina, who sees the page for the first time."""
    page.goto(address)
    page.locator(".times a").first.click()
    page.get_by_label("Name").fill("Ina Berg")
    page.get_by_label("E-mail").fill("ina@example.com")
    if page.get_by_label("Phone").count():
        page.get_by_label("Phone").fill("+33 6 12 34 56 78")
    page.get_by_role("button", name=re.compile("^Book ")).click()
    expect(page.get_by_role("heading", name="You are booked")).to_be_visible()


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_new_host_connects_zoom_and_is_booked(
    abroad: Abroad, sandbox: Sandbox, live_server: Any, settings: Any, viewport: dict[str, int]
) -> None:
    settings.KOALENDAR_BASE_URL = live_server.url
    page = abroad(viewport=viewport, timezone_id="Europe/Paris")
    watch = Watch(f"A new host, with Zoom, {viewport['width']} pixels wide")
    sign_up(page, live_server.url)
    watch.lap("sign up and confirm the address")

    expect(page.get_by_label("Time zone")).to_have_value("Europe/Paris")
    page.get_by_role("button", name="Continue").last.click()
    expect(page.get_by_role("heading", name="When you work")).to_be_visible()
    watch.lap("1 you")
    page.get_by_role("link", name="Mornings").click()
    page.get_by_role("button", name="Continue").last.click()
    expect(page.get_by_role("heading", name="Where you meet")).to_be_visible()
    watch.lap("2 hours")
    page.get_by_role("link", name="Connect Zoom").click()
    page.get_by_role("button", name="Decline").click()
    page.get_by_role("link", name="Back to what you were doing").click()
    expect(page.get_by_role("heading", name="Where you meet")).to_be_visible()
    page.get_by_role("link", name="Connect Zoom").click()
    page.get_by_role("button", name="Allow").click()
    page.get_by_role("button", name="Connect", exact=True).click()
    expect(page.get_by_text("Zoom is connected as")).to_be_visible()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="Your page is ready")).to_be_visible()
    watch.lap("3 place, with Zoom's consent")
    address = page.locator(".copy-field code").first.inner_text()
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_text("You are set up.")).to_be_visible()
    watch.lap("4 link")

    book(abroad(viewport=viewport, timezone_id="America/New_York"), address)
    watch.lap("the first booking, by an invitee")
    watch.tell()

    assert Booking.objects.get().appointment.at_zoom
    assert Connection.objects.get().host.email == "grace@example.com"
    assert Profile.objects.get().setup_left == []


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_a_new_host_who_has_no_zoom_is_booked_by_phone(
    visit: Visit, live_server: Any, settings: Any, script: bool
) -> None:
    settings.KOALENDAR_BASE_URL = live_server.url
    settings.ZOOM_CLIENT_ID = settings.ZOOM_CLIENT_SECRET = ""
    page = visit(width=390, height=844, java_script_enabled=script)
    watch = Watch(f"A new host, by phone, {'with' if script else 'without'} script")
    sign_up(page, live_server.url)
    watch.lap("sign up and confirm the address")
    for step in ("1 you", "2 hours"):
        page.get_by_role("button", name="Continue").last.click()
        watch.lap(step)
    expect(page.get_by_text("Zoom is not set up on this site yet.")).to_be_visible()
    page.get_by_label("Phone: you call the invitee").check()
    page.get_by_role("button", name="Continue").click()
    watch.lap("3 place")
    expect(page.get_by_text("First free:")).to_be_visible()
    page.get_by_role("link", name="Open my page").click()
    watch.lap("4 link, opened")
    book(visit(width=390, height=844, java_script_enabled=script), page.url)
    watch.lap("the first booking, by an invitee")
    watch.tell()


def test_back_resume_and_dismiss(visit: Visit, live_server: Any, settings: Any) -> None:
    settings.KOALENDAR_BASE_URL = live_server.url
    page = visit()
    sign_up(page, live_server.url)
    page.get_by_label("Name").fill("G. M. Hopper")
    page.get_by_role("button", name="Continue").last.click()
    expect(page.get_by_role("heading", name="When you work")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name="Who you are")).to_be_visible()
    page.get_by_role("button", name="Continue").last.click()
    page.get_by_role("link", name="Back", exact=True).click()
    expect(page.get_by_label("Name")).to_have_value("G. M. Hopper")

    page.goto(f"{live_server.url}/dashboard/")
    expect(page.get_by_text("3 steps are left: Hours, Place, Your link.")).to_be_visible()
    page.get_by_role("link", name="Continue").click()
    expect(page.get_by_role("heading", name="When you work")).to_be_visible()
    page.get_by_role("button", name="Later").click()
    page.goto(f"{live_server.url}/dashboard/")
    expect(page.get_by_text("3 steps are left: Place, Your link, Hours.")).to_be_visible()
    page.get_by_role("button", name="Dismiss").click()
    expect(page.get_by_text("Finish setting up")).to_have_count(0)


def test_a_taken_address_is_told_while_one_types_and_a_free_one_is_taken_by_one_press(
    visit: Visit, live_server: Any, settings: Any
) -> None:
    settings.KOALENDAR_BASE_URL = live_server.url
    page = visit()
    sign_up(page, live_server.url)
    page.get_by_label("Your address").fill("api")
    page.get_by_role("button", name="Take api-host").click()

    expect(page.get_by_role("heading", name="When you work")).to_be_visible()
    assert Profile.objects.get().slug == "api-host"


@pytest.mark.looks
@IN_EVERY_LOOK
def test_every_step_is_accessible(
    visit: Visit, live_server: Any, settings: Any, is_accessible: Check, width: int, scheme: str
) -> None:
    settings.KOALENDAR_BASE_URL = live_server.url
    page = visit(width=width, color_scheme=scheme)
    sign_up(page, live_server.url)
    is_accessible(page)
    page.get_by_label("Your address").fill("api")
    expect(page.get_by_role("button", name="Take api-host")).to_be_visible()
    page.get_by_role("button", name="Continue").last.click()
    expect(page.locator("#error-summary")).to_be_focused()
    is_accessible(page)
    for step in ("hours", "place", "link"):
        page.goto(f"{live_server.url}/dashboard/start/{step}/")
        is_accessible(page)
    page.get_by_role("button", name="Make my page").click()
    expect(page.get_by_role("heading", name="Your page is ready")).to_be_visible()
    is_accessible(page)
    assert EventType.objects.count() == 1
    page.goto(f"{live_server.url}/dashboard/")
    is_accessible(page)
