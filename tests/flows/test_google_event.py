"""A booking's event in Google Calendar, in a real browser, on the processes that an operator runs.

The event appears with the Zoom link, moves and goes with the booking; what somebody does to it in Google is
shown on the dashboard, and the host decides.
"""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.flows.test_story import book, day, link_on, mails_to, page_of
from tests.house import HOST_EMAIL, HOST_PASSWORD, House, eventually, running_house

pytestmark = [pytest.mark.journey, pytest.mark.browser, pytest.mark.xdist_group("google-event")]

# What the worker does by itself every few minutes.
READ_CALENDARS = """
from koalendar import clock
from koalendar.booking import owed
from koalendar.connections.models import Connection

owed.calendars(Connection.objects.get(provider="google"), now=clock.now())
"""


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with running_house() as running:
        yield running


@pytest.fixture
def invitee(chromium: Browser, house: House) -> Iterator[Page]:
    yield from page_of(chromium, house)


@pytest.fixture
def host(chromium: Browser, house: House) -> Iterator[Page]:
    """Ada, whose Google Calendar is connected."""
    for page in page_of(chromium, house):
        page.goto(f"{house.site}/accounts/login/")
        page.locator("input[name=login]").fill(HOST_EMAIL)
        page.locator("input[name=password]").fill(HOST_PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.goto(f"{house.site}/dashboard/integrations/")
        if page.get_by_label(f"Blocks my time: {HOST_EMAIL}").count() == 0:
            page.get_by_role("link", name="Connect Google Calendar").click()
            page.get_by_role("button", name="Continue").click()
            page.get_by_role("button", name="Connect", exact=True).click()
        expect(page.get_by_label(f"Blocks my time: {HOST_EMAIL}")).to_be_checked()
        eventually(partial(has_times, page, house))
        yield page


def has_times(page: Page, house: House) -> bool:
    """Not before the calendars have been read for the first time."""
    page.goto(f"{house.site}/ada/intro-call/")
    return page.locator(".times a").count() > 0


def events(house: House, name: str) -> list[dict[str, Any]]:
    """What stands in Ada's calendar of this invitee's bookings."""
    state = httpx2.get(f"{house.sandbox}/_control/google/state").json()
    return [
        event["body"] | {"id": event["id"]}
        for event in state["events"]
        if event["calendar_id"] == HOST_EMAIL
        and event["body"]["status"] != "cancelled"
        and name in event["body"].get("summary", "")
    ]


def the_event(house: House, name: str) -> dict[str, Any]:
    [event] = eventually(lambda: events(house, name))
    return event


def start_of(event: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(event["start"]["dateTime"])


def move(house: House, event: dict[str, Any], by: timedelta) -> None:
    times = {
        end: {"dateTime": (datetime.fromisoformat(event[end]["dateTime"]) + by).isoformat()}
        for end in ("start", "end")
    }
    house.order("google/events/change", calendar=HOST_EMAIL, id=event["id"], event=times)


def shown(host: Page, house: House, name: str, words: str) -> None:
    """Have the calendars read, and open the booking on the dashboard as soon as it says this."""
    house.python(READ_CALENDARS)

    def says() -> bool:
        host.goto(f"{house.site}/dashboard/")
        host.get_by_role("link", name=name).click()
        host.get_by_role("heading", level=1, name=name).wait_for()
        return host.get_by_role("heading", name=words).count() == 1

    eventually(says)


def test_the_event_comes_with_its_link_moves_and_goes_with_the_booking(
    house: House, host: Page, invitee: Page
) -> None:
    own_page = book(invitee, house, "Ina Berg", days=3)
    link = link_on(invitee)
    event = eventually(lambda: next((e for e in events(house, "Ina Berg") if e["location"] == link), None))
    assert link in event["description"]
    assert event["summary"] == "Intro call: Ina Berg and Ada Lovelace"

    host.goto(f"{house.site}/dashboard/")
    host.get_by_role("link", name="Ina Berg").click()
    expect(host.locator("#copies")).to_contain_text("Google Calendar")
    expect(host.get_by_role("link", name="Open in Google Calendar")).to_be_visible(timeout=20_000)

    before = start_of(event)
    invitee.goto(f"{own_page}reschedule/?date={day(20)}")
    invitee.locator(".times a").nth(1).click()
    invitee.get_by_role("button", name=re.compile("^Reschedule to")).click()
    invitee.wait_for_url("**/b/*/")
    eventually(lambda: start_of(the_event(house, "Ina Berg")) != before)

    invitee.goto(f"{own_page}cancel/")
    invitee.get_by_role("button", name="Cancel booking").click()
    eventually(lambda: not events(house, "Ina Berg"))


def test_the_booking_follows_an_event_that_was_moved_in_google(
    house: House, host: Page, invitee: Page
) -> None:
    book(invitee, house, "Bea Bloom", days=4)
    link_on(invitee)
    move(house, the_event(house, "Bea Bloom"), timedelta(minutes=17))
    moved = start_of(the_event(house, "Bea Bloom"))
    shown(host, house, "Bea Bloom", "In Google Calendar this booking is now at")
    host.get_by_role("button", name="Follow the calendar").click()
    expect(host.get_by_text("The booking is rescheduled.")).to_be_visible()
    eventually(lambda: mails_to(house, "bea@example.com", "New time"))
    assert start_of(the_event(house, "Bea Bloom")) == moved


def test_an_event_that_was_moved_or_deleted_in_google_is_restored(
    house: House, host: Page, invitee: Page
) -> None:
    book(invitee, house, "Cem Can", days=5)
    link_on(invitee)
    event = the_event(house, "Cem Can")
    move(house, event, timedelta(minutes=17))
    shown(host, house, "Cem Can", "In Google Calendar this booking is now at")
    host.get_by_role("button", name="Restore the booked time").click()
    eventually(lambda: start_of(the_event(house, "Cem Can")) == start_of(event))

    house.order("google/events/delete", calendar=HOST_EMAIL, id=event["id"])
    shown(host, house, "Cem Can", "This booking was deleted in Google Calendar")
    host.get_by_role("button", name="Put it back").click()
    assert start_of(the_event(house, "Cem Can")) == start_of(event)
    assert the_event(house, "Cem Can")["id"] != event["id"]
