"""What a host does to meetings in Zoom itself, in a real browser, on the processes that an operator runs.

Zoom tells the site of it, twice and with ids as text; the dashboard shows it; the host decides.
"""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.flows.test_story import book, link_on, mails_to, meetings, page_of
from tests.house import HOST_EMAIL, HOST_PASSWORD, House, eventually, running_house

pytestmark = [pytest.mark.journey, pytest.mark.browser, pytest.mark.xdist_group("in-zoom")]


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with running_house() as running:
        running.order("webhooks/sending", copies=2, ids="text")
        yield running


@pytest.fixture
def invitee(chromium: Browser, house: House) -> Iterator[Page]:
    yield from page_of(chromium, house)


@pytest.fixture
def host(chromium: Browser, house: House) -> Iterator[Page]:
    for page in page_of(chromium, house):
        page.goto(f"{house.site}/accounts/login/")
        page.locator("input[name=login]").fill(HOST_EMAIL)
        page.locator("input[name=password]").fill(HOST_PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", level=1, name="Bookings")).to_be_visible()
        yield page


def in_zoom(host: Page, house: House, link: str) -> None:
    """The menu of the meeting with this link, on Zoom's own page."""
    host.goto(f"{house.sandbox}/zoom/")
    number = f"{meetings(house)[link]['id']:,}".replace(",", " ")
    host.locator("tr", has_text=number).get_by_text("By hand").click()


def shown(host: Page, house: House, name: str, words: str) -> None:
    """Open the booking on the dashboard as soon as it says this."""

    def says() -> bool:
        host.goto(f"{house.site}/dashboard/")
        host.get_by_role("link", name=name).click()
        host.get_by_role("heading", level=1, name=name).wait_for()
        return host.get_by_role("heading", name=words).count() == 1

    eventually(says)


def test_a_meeting_moved_in_zoom_is_shown_and_the_booking_follows_it(
    house: House, invitee: Page, host: Page
) -> None:
    own_page = book(invitee, house, "Ina Berg", days=3)
    link = link_on(invitee)
    [first] = eventually(lambda: mails_to(house, "ina@example.com"))
    before = meetings(house)[link]["start_time"]

    in_zoom(host, house, link)
    field = host.locator("details[open] input[name=start]")
    field.fill(re.sub(r"T\d\d:\d\d", "T19:17", field.input_value()))
    host.locator("details[open]").get_by_role("button", name="Move meeting").click()

    shown(host, house, "Ina Berg", "In Zoom this meeting is now at")
    expect(
        host.get_by_role("heading", name=re.compile("In Zoom this meeting is now at .*19:17"))
    ).to_be_visible()
    host.get_by_role("button", name="Take Zoom’s time").click()

    expect(host.get_by_text("The booking is rescheduled.")).to_be_visible()
    expect(host.locator("main")).to_contain_text("19:17")
    for address in ("ina@example.com", HOST_EMAIL):
        mails = eventually(lambda address=address: mails_to(house, address)[1:])
        assert link in mails[0]["text"]
        assert "19:17" in mails[0]["text"]
    assert "SEQUENCE:1" in mails_to(house, "ina@example.com")[1]["calendar"]
    assert first["calendar"].count("SEQUENCE:0") == 1
    invitee.goto(own_page)
    expect(invitee.locator("main")).to_contain_text("19:17")
    assert link_on(invitee) == link
    assert meetings(house)[link]["start_time"] != before


def test_a_meeting_moved_in_zoom_goes_back_when_the_host_wants_that(
    house: House, invitee: Page, host: Page
) -> None:
    book(invitee, house, "Max Holm", days=5)
    link = link_on(invitee)
    before = meetings(house)[link]["start_time"]
    house.order("meetings/move", id=meetings(house)[link]["id"], start_time=f"{before[:11]}23:17:00Z")

    shown(host, house, "Max Holm", "In Zoom this meeting is now at")
    host.get_by_role("button", name="Restore the booked time").click()

    expect(host.get_by_role("heading", name="In Zoom this meeting")).to_have_count(0)
    eventually(lambda: meetings(house)[link]["start_time"] == before)
    expect(host.get_by_text("Up to date")).to_be_visible()


def test_a_meeting_deleted_in_zoom_is_made_anew_and_both_get_the_new_link(
    house: House, invitee: Page, host: Page
) -> None:
    own_page = book(invitee, house, "Cleo Kern", days=7)
    link = link_on(invitee)
    eventually(lambda: mails_to(house, "cleo@example.com"))

    in_zoom(host, house, link)
    host.locator("details[open]").get_by_role("button", name="Delete meeting").click()

    shown(host, house, "Cleo Kern", "This meeting was deleted in Zoom")
    invitee.goto(own_page)
    expect(invitee.get_by_text("its Zoom meeting was removed")).to_be_visible()
    expect(invitee.get_by_role("link", name="Join Zoom meeting")).to_have_count(0)
    host.get_by_role("button", name="Make a new link").click()

    expect(host.get_by_text("A new meeting is being made")).to_be_visible()
    invitee.goto(own_page)
    new = link_on(invitee)
    assert new != link
    assert new in meetings(house)
    for address in ("cleo@example.com", HOST_EMAIL):
        eventually(lambda address=address: [mail for mail in mails_to(house, address) if new in mail["text"]])
    assert eventually(lambda: len(mails_to(house, "cleo@example.com")) == 2)
