"""The product's main job in a real browser, on the processes that an operator runs.

An invitee books, both sides see the link; the booking moves, the same Zoom meeting moves; it is
cancelled, the meeting goes. Then the same while Zoom or the mail server is in trouble.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.house import HOST_EMAIL, HOST_PASSWORD, House, eventually, running_house

pytestmark = [pytest.mark.journey, pytest.mark.browser, pytest.mark.xdist_group("story")]

# Waits that are minutes in production.
IMPATIENT = {
    "KOALENDAR_LINK_WAIT": "4",
    "KOALENDAR_RETRY_CAP": "2",
    "KOALENDAR_UNCERTAIN_WAIT": "2",
    "KOALENDAR_UNCERTAIN_GAP": "1",
}


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with running_house(settings=IMPATIENT) as running:
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


def page_of(chromium: Browser, house: House, **options: Any) -> Iterator[Page]:
    """A page of a browser of its own; what its console complains of fails the test."""
    context = chromium.new_context(timezone_id="Europe/Paris", locale="en-GB", **options)
    context.set_default_timeout(10_000)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on(
        "request",
        lambda request: complaints.append(request.url) if is_elsewhere(request.url, house) else None,
    )
    yield page
    context.close()
    assert [text for text in complaints if "status of 4" not in text] == []


def is_elsewhere(url: str, house: House) -> bool:
    return not url.startswith((house.site, house.sandbox, "data:", "about:"))


def book(page: Page, house: House, name: str = "Ina Berg", days: int = 2) -> str:
    """Book the first time of a day so far ahead; gives the address of the booking's own page."""
    page.goto(f"{house.site}/ada/intro-call/?date={day(days)}")
    page.locator(".times a").first.click()
    page.get_by_label("Name").fill(name)
    page.get_by_label("E-mail").fill(f"{name.split()[0].lower()}@example.com")
    page.get_by_role("button", name=re.compile("^Book ")).click()
    page.wait_for_url("**/b/**")
    expect(page.get_by_role("heading", level=1)).to_contain_text("You are booked")
    return page.url


def day(ahead: int) -> str:
    return (datetime.now(UTC) + timedelta(days=ahead)).date().isoformat()


def link_on(page: Page) -> str:
    join = page.get_by_role("link", name="Join Zoom meeting")
    expect(join).to_be_visible(timeout=15_000)
    href = join.get_attribute("href")
    assert href
    return href


def meetings(house: House) -> dict[str, dict[str, Any]]:
    """The meetings that are in Zoom now, by join link."""
    return {row["body"]["join_url"]: row["body"] for row in house.state()["meetings"] if not row["deleted"]}


def mails_to(house: House, address: str, word: str = "") -> list[dict[str, Any]]:
    return [mail for mail in house.state()["mails"] if address in mail["to"] and word in mail["subject"]]


def test_a_booking_gets_its_link_moves_with_it_and_takes_it_along_when_it_goes(
    house: House, invitee: Page, host: Page
) -> None:
    own_page = book(invitee, house, "Ina Berg")
    link = link_on(invitee)
    assert link in meetings(house)
    before = meetings(house)[link]["start_time"]
    for address in ("ina@example.com", HOST_EMAIL):
        [mail] = eventually(lambda address=address: mails_to(house, address))
        assert link in mail["text"]
        assert link.replace("&", "&amp;") in mail["html"]
    [confirmation] = mails_to(house, "ina@example.com")
    assert "METHOD:REQUEST" in confirmation["calendar"]
    assert "SEQUENCE:0" in confirmation["calendar"]

    host.goto(f"{house.site}/dashboard/")
    host.get_by_role("link", name="Ina Berg").click()
    expect(host.locator("main")).to_contain_text(link)

    # Rescheduled: the same meeting moves, and the link stays.
    invitee.goto(own_page)
    invitee.get_by_role("link", name="Reschedule").click()
    invitee.goto(f"{invitee.url}?date={day(20)}")
    invitee.locator(".times a").nth(1).click()
    invitee.get_by_role("button", name=re.compile("^Reschedule to")).click()
    invitee.wait_for_url("**/b/*/")
    assert link_on(invitee) == link
    eventually(lambda: meetings(house)[link]["start_time"] != before)
    for address in ("ina@example.com", HOST_EMAIL):
        [moved] = eventually(lambda address=address: mails_to(house, address, "New time"))
        assert link in moved["text"]
    [again] = mails_to(house, "ina@example.com", "New time")
    assert "SEQUENCE:1" in again["calendar"]
    uid = re.compile(r"^UID:(.+)$", re.MULTILINE)
    assert uid.findall(again["calendar"]) == uid.findall(confirmation["calendar"])

    # Cancelled: the meeting goes, and the page still tells the story.
    invitee.goto(own_page)
    invitee.get_by_role("link", name="Cancel").click()
    invitee.get_by_role("button", name="Cancel booking").click()
    expect(invitee.locator("main")).to_contain_text("ancelled")
    eventually(lambda: link not in meetings(house))
    for address in ("ina@example.com", HOST_EMAIL):
        eventually(lambda address=address: mails_to(house, address, "Cancelled"))
    [farewell] = mails_to(house, "ina@example.com", "Cancelled")
    assert "METHOD:CANCEL" in farewell["calendar"]
    host.goto(f"{house.site}/dashboard/")
    expect(host.get_by_role("link", name="Ina Berg")).to_have_count(0)


def test_the_host_cancels_and_the_invitee_is_told_why(house: House, invitee: Page, host: Page) -> None:
    own_page = book(invitee, house, "Lea Sand", days=3)
    link = link_on(invitee)
    host.goto(f"{house.site}/dashboard/")
    host.get_by_role("link", name="Lea Sand").click()
    host.get_by_role("link", name="Cancel").first.click()
    host.get_by_label("Reason").fill("A train was missed")
    host.get_by_role("button", name="Cancel booking").click()
    [mail] = eventually(lambda: mails_to(house, "lea@example.com", "Cancelled"))
    assert "A train was missed" in mail["text"]
    eventually(lambda: link not in meetings(house))
    invitee.goto(own_page)
    expect(invitee.locator("main")).to_contain_text("ancelled")


def test_while_zoom_is_down_the_booking_stands_and_the_link_follows(house: House, invitee: Page) -> None:
    house.order("faults", preset="unavailable", times=1000)
    own_page = book(invitee, house, "Max Holm", days=4)
    expect(invitee.locator("main")).to_contain_text("Your booking stands", timeout=20_000)
    [told] = eventually(lambda: mails_to(house, "max@example.com"))
    assert "follows" in told["subject"]
    assert "zoom.us/j/" not in told["text"]
    house.withdraw("faults")
    invitee.goto(own_page)
    link = link_on(invitee)
    [_, here] = eventually(lambda: len(found := mails_to(house, "max@example.com")) == 2 and found)
    assert link in here["text"]
    assert len([url for url in meetings(house) if url == link]) == 1


def test_while_the_mail_server_is_down_the_page_has_the_link_and_the_mail_follows(
    house: House, invitee: Page
) -> None:
    house.order("mail", trouble="refuse")
    book(invitee, house, "Noa Lind", days=5)
    link = link_on(invitee)
    assert mails_to(house, "noa@example.com") == []
    house.order("mail", trouble="none")
    [mail] = eventually(lambda: mails_to(house, "noa@example.com"))
    assert link in mail["text"]


def test_two_invitees_press_for_one_slot_and_the_second_is_offered_others(
    house: House, invitee: Page, chromium: Browser
) -> None:
    for other in page_of(chromium, house):
        for page in (invitee, other):
            page.goto(f"{house.site}/ada/intro-call/?date={day(12)}")
            page.locator(".times a").nth(3).click()
            page.get_by_label("Name").fill("Uma Frost")
            page.get_by_label("E-mail").fill("uma@example.com")
        invitee.get_by_role("button", name=re.compile("^Book ")).click()
        invitee.wait_for_url("**/b/**")
        other.get_by_role("button", name=re.compile("^Book ")).click()
        expect(other.locator("main")).to_contain_text("has just been taken")
        expect(other.get_by_label("Name")).to_have_value("Uma Frost")
        other.get_by_role("button", name=re.compile("instead$")).first.click()
        other.wait_for_url("**/b/**")
        assert link_on(other) != link_on(invitee)


def test_without_javascript_the_whole_story_works(house: House, chromium: Browser) -> None:
    for page in page_of(chromium, house, java_script_enabled=False):
        own_page = book(page, house, "Kim Vale", days=6)
        [mail] = eventually(lambda: mails_to(house, "kim@example.com"))
        page.goto(own_page)
        link = link_on(page)
        assert link in mail["text"]
        page.get_by_role("link", name="Cancel").click()
        page.get_by_role("button", name="Cancel booking").click()
        expect(page.locator("main")).to_contain_text("ancelled")
        eventually(lambda: link not in meetings(house))  # noqa: B023


def test_a_create_whose_answer_was_lost_leaves_one_meeting_and_one_mail_a_side(
    house: House, invitee: Page
) -> None:
    house.order("faults", kind="store_then_drop", method="POST", path="^/v2/users/me/meetings$")
    book(invitee, house, "Ode Falk", days=7)
    link = link_on(invitee)
    ours = [body for url, body in meetings(house).items() if "Ode Falk" in body["topic"]]
    assert [body["join_url"] for body in ours] == [link]
    eventually(lambda: mails_to(house, "ode@example.com"))
    assert len(mails_to(house, "ode@example.com")) == 1


def test_access_that_was_revoked_is_said_and_reconnecting_sends_the_missing_link(
    house: House, invitee: Page, host: Page
) -> None:
    house.order("uninstall", user=HOST_EMAIL)
    own_page = book(invitee, house, "Pia Rask", days=8)
    expect(invitee.locator("main")).to_contain_text("Ada Lovelace has been told", timeout=20_000)
    host.goto(f"{house.site}/dashboard/integrations/")
    expect(host.locator("main")).to_contain_text("Reconnect needed")
    host.get_by_role("link", name=re.compile("Reconnect Zoom")).first.click()
    # Our page says whose account is about to be connected; Zoom's own asks for consent.
    proceed = host.get_by_role("link", name=re.compile("Continue|Connect Zoom"))
    if proceed.count():
        proceed.first.click()
    host.get_by_role("button", name="Allow").click()
    host.wait_for_url("**/dashboard/integrations/**")
    expect(host.locator("main")).to_contain_text("Connected")
    invitee.goto(own_page)
    link = link_on(invitee)
    mails = eventually(lambda: [mail for mail in mails_to(house, "pia@example.com") if link in mail["text"]])
    assert len(mails) == 1
