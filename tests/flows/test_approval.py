"""A time that is asked for, in a real browser: answered from the mail, with the link that follows from it."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.flows.test_story import day, link_on, mails_to, meetings, page_of
from tests.house import HOST_EMAIL, House, eventually, running_house

pytestmark = [pytest.mark.journey, pytest.mark.browser, pytest.mark.xdist_group("approval")]

THANKS = "https://thanks.example/booked"
_ADVICE = f"""
from koalendar.accounts.models import Host
from koalendar.booking.setting_up import add_event_type
host = Host.objects.get(email="{HOST_EMAIL}")
add_event_type(host, title="Advice", slug="advice", minimum_notice=0, requires_confirmation=True)
add_event_type(host, title="Tour", slug="tour", minimum_notice=0, redirect_url="{THANKS}")
"""


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with running_house() as running:
        running.python(_ADVICE)
        yield running


@pytest.fixture
def invitee(chromium: Browser, house: House) -> Iterator[Page]:
    yield from page_of(chromium, house)


@pytest.fixture(params=[True, False], ids=["script", "no-script"])
def host(chromium: Browser, house: House, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The host reads his mail on a device on which he never signed in."""
    yield from page_of(chromium, house, java_script_enabled=request.param)


def ask(page: Page, house: House, name: str, days: int) -> str:
    """Ask for the first time of a day so far ahead; gives the address of the booking's own page."""
    page.goto(f"{house.site}/ada/advice/?date={day(days)}")
    page.locator(".times a").first.click()
    page.get_by_label("Name").fill(name)
    page.get_by_label("E-mail").fill(f"{name.split()[0].lower()}@example.com")
    expect(page.locator("main")).to_contain_text("Ada Lovelace confirms each booking. You hear by e-mail.")
    page.get_by_role("button", name=re.compile("^Ask for ")).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Your request is sent")
    return page.url


def answer_page(house: House, name: str) -> str:
    """Where the mail leads that asks the host for an answer."""
    [mail] = eventually(lambda: mails_to(house, HOST_EMAIL, f"Please answer: {name}"))
    [address] = set(re.findall(r"http\S+/answer/(?=\s)", mail["text"]))
    return str(address)


def test_a_request_that_is_confirmed_from_the_mail_gets_its_meeting_then_and_not_before(
    house: House,
    invitee: Page,
    host: Page,
    is_accessible: Callable[[Page], None],
    request: pytest.FixtureRequest,
) -> None:
    name, has_script = ("Ina Berg", True) if "[script]" in request.node.name else ("Iris Holt", False)
    own_page = ask(invitee, house, name, days=2 if has_script else 3)
    before = set(meetings(house))
    is_accessible(invitee)
    [told] = eventually(lambda: mails_to(house, f"{name.split()[0].lower()}@example.com"))
    assert told["subject"].startswith("Waiting for Ada Lovelace: Advice")
    assert not told["calendar"]

    host.goto(answer_page(house, name))
    expect(host.get_by_role("heading", level=1)).to_have_text(f"{name} asks for a time with you")
    if has_script:
        is_accessible(host)
    assert set(meetings(house)) == before
    host.get_by_role("button", name="Confirm").click()
    expect(host.get_by_role("heading", level=1)).to_have_text("Confirmed")
    if has_script:
        is_accessible(host)

    invitee.goto(own_page)
    link = link_on(invitee)
    assert set(meetings(house)) - before == {link}
    [confirmed] = eventually(lambda: mails_to(house, told["to"][0], "Confirmed: Advice"))
    assert link in confirmed["text"]
    assert "METHOD:REQUEST" in confirmed["calendar"]
    assert "STATUS:CONFIRMED" in confirmed["calendar"]
    [kept] = eventually(lambda: mails_to(house, HOST_EMAIL, f"Confirmed: Advice with {name}"))
    assert link in kept["text"]

    host.reload()
    expect(host.get_by_role("button", name="Decline")).to_have_count(0)


def test_a_request_that_is_declined_from_the_mail_frees_its_time_and_makes_no_meeting(
    house: House, invitee: Page, host: Page, request: pytest.FixtureRequest
) -> None:
    name, days = ("Lea Sand", 5) if "[script]" in request.node.name else ("Lou Reef", 6)
    before = set(meetings(house))
    own_page = ask(invitee, house, name, days=days)
    taken = invitee.locator("dd").nth(1).inner_text()

    host.goto(answer_page(house, name) + "#decline")
    host.get_by_label("Reason").fill("I am on a train")
    host.get_by_role("button", name="Decline").click()
    expect(host.get_by_role("heading", level=1)).to_have_text("Declined")

    [told] = eventually(lambda: mails_to(house, f"{name.split()[0].lower()}@example.com", "cannot make it"))
    assert "I am on a train" in told["text"]
    assert not told["calendar"]
    invitee.goto(own_page)
    expect(invitee.get_by_role("heading", level=1)).to_have_text("Ada Lovelace cannot make it")
    ask(invitee, house, f"{name.split()[0]} Again", days=days)
    assert invitee.locator("dd").nth(1).inner_text() == taken
    assert set(meetings(house)) == before


def test_after_booking_the_browser_goes_on_to_the_hosts_page_and_coming_back_stays(
    chromium: Browser, house: House
) -> None:
    context = chromium.new_context(timezone_id="Europe/Paris", locale="en-GB")
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    referrers: list[str | None] = []

    def thank(route: Route) -> None:
        referrers.append(route.request.headers.get("referer"))
        route.fulfill(body="<h1>Thanks</h1>", content_type="text/html")

    page.route(f"{THANKS}**", thank)
    page.goto(f"{house.site}/ada/tour/?date={day(9)}")
    page.locator(".times a").first.click()
    page.get_by_label("Name").fill("Tom Vale")
    page.get_by_label("E-mail").fill("tom@example.com")
    page.get_by_role("button", name=re.compile("^Book ")).click()
    expect(page.get_by_role("heading", name="Thanks")).to_be_visible()
    assert page.url == THANKS
    assert referrers == [None]

    [told] = eventually(lambda: mails_to(house, "tom@example.com"))
    own_page = re.search(r"http\S+/b/[\w-]+/(?=\s)", told["text"])
    assert own_page is not None
    page.goto(own_page.group())
    expect(page.get_by_role("heading", level=1)).to_have_text("You are booked")
    assert referrers == [None]
    assert complaints == []
    context.close()
