"""Busy times of Google Calendar, in a real browser, on the processes that an operator runs.

What is typed into Google is not booked over from that moment on; it goes from the pages with the next read;
and while Google does not tell, the pages say so and offer nothing.
"""

import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import httpx2
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.flows.test_story import day, page_of
from tests.house import HOST_EMAIL, HOST_PASSWORD, House, eventually, running_house

pytestmark = [pytest.mark.journey, pytest.mark.browser, pytest.mark.xdist_group("google-busy")]

# A mirror is read again after two thirds of its age, and after nine seconds nobody relies on it.
SHORT = {"KOALENDAR_BUSY_MAX_AGE": "9", "KOALENDAR_BUSY_LOOK": "2"}


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with running_house(settings=SHORT, run=("web", "worker")) as running:
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
        yield page


def put(house: House, ahead: int, clock: str) -> str:
    """Half an hour from then on, by the clock of Paris, is taken in Ada's Google."""
    start = datetime.fromisoformat(f"{day(ahead)}T{clock}:00")
    zone = "Europe/Paris"
    times = {
        "start": {"dateTime": start.isoformat(), "timeZone": zone},
        "end": {"dateTime": (start + timedelta(minutes=30)).isoformat(), "timeZone": zone},
    }
    made = house.order("google/events", calendar=HOST_EMAIL, event={"summary": "Dentist"} | times)
    return str(made["id"])


def shows(page: Page, house: House, ahead: int, clock: str) -> bool:
    """Whether the booking page offers this time now."""
    page.goto(f"{house.site}/ada/intro-call/?date={day(ahead)}")
    return time_of(page, clock).count() == 1


def time_of(page: Page, clock: str) -> Locator:
    return page.locator(".times a", has_text=re.compile(rf"^\s*{clock}"))


def calls(house: House) -> int:
    return len(httpx2.get(f"{house.sandbox}/_control/google/calls").json()["calls"])


def test_what_is_typed_into_google_goes_from_the_page_and_is_not_booked_over_meanwhile(
    house: House, host: Page, invitee: Page
) -> None:
    eventually(lambda: shows(invitee, house, 3, "10:00"))
    time_of(invitee, "10:00").click()
    invitee.get_by_label("Name").fill("Ina Berg")
    invitee.get_by_label("E-mail").fill("ina@example.com")
    put(house, 3, "10:00")
    invitee.get_by_role("button", name=re.compile("^Book ")).click()

    expect(invitee.get_by_role("heading", name="10:00 has just been taken")).to_be_visible()
    assert invitee.get_by_label("Name").input_value() == "Ina Berg"
    assert not shows(invitee, house, 3, "10:00"), "the page knows what the booking has found"
    assert shows(invitee, house, 3, "10:30")

    event = put(house, 3, "11:00")
    eventually(lambda: not shows(invitee, house, 3, "11:00"))
    host.goto(f"{house.site}/dashboard/week/?from={day(3)}")
    expect(host.get_by_text("Busy in Google Calendar").first).to_be_visible()

    house.order("google/events/delete", calendar=HOST_EMAIL, id=event)
    eventually(lambda: shows(invitee, house, 3, "11:00"))


def test_looking_at_pages_calls_nobody(house: House, host: Page, invitee: Page) -> None:
    eventually(lambda: shows(invitee, house, 3, "15:00"))
    with asleep(house, "worker"):
        shows(invitee, house, 3, "15:00")  # A call that was under way has arrived by then.
        before = calls(house)
        for ahead in range(3, 8):
            shows(invitee, house, ahead, "15:00")
        assert calls(house) == before


@contextmanager
def asleep(house: House, name: str) -> Iterator[None]:
    """The process of this name stands still meanwhile, so that what is called is called by another."""
    process = next(each for each in house.processes if name in each.args)
    process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)


def test_while_google_does_not_tell_nothing_is_offered_and_everybody_knows(
    house: House, host: Page, invitee: Page
) -> None:
    house.order("google/calendars/trouble", calendar=HOST_EMAIL, reason="internalError")
    eventually(lambda: not shows(invitee, house, 3, "15:00"))
    expect(invitee.get_by_text("The calendar of Ada Lovelace cannot be read at the moment.")).to_be_visible()

    host.goto(f"{house.site}/dashboard/")
    expect(host.get_by_text("Nobody can book you")).to_be_visible()
    host.get_by_role("link", name="See Integrations").click()
    host.get_by_role("button", name="Ignore").first.click()
    assert shows(invitee, house, 3, "15:00"), "the host does not wait for it"

    house.order("google/calendars/trouble", calendar=HOST_EMAIL, reason="")
    put(house, 3, "15:00")
    eventually(lambda: not shows(invitee, house, 3, "15:00"))
    assert shows(invitee, house, 3, "16:00")
    host.goto(f"{house.site}/dashboard/")
    expect(host.get_by_text("Nobody can book you")).to_have_count(0)
