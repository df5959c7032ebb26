"""The app is removed in Zoom: days go by, and what was promised of links, mails and erasure comes true."""

import re
import signal
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from koalendar.ops.demo import wait_for
from tests.flows.test_story import IMPATIENT, book, link_on, mails_to, meetings, page_of
from tests.house import HOST_EMAIL, HOST_PASSWORD, START_SECONDS, House, eventually, running_house

pytestmark = [pytest.mark.journey, pytest.mark.browser, pytest.mark.xdist_group("removal")]

DAY = timedelta(days=1)
LINKS_STAY = timedelta(days=10)


@pytest.fixture
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


def let_pass(house: House, span: timedelta) -> None:
    """Stop site and worker, and start them again so much later; Zoom's clock goes along."""
    serve = house.processes[-1]
    serve.send_signal(signal.SIGTERM)
    serve.wait(30)
    passed = float(house.environment.get("KOALENDAR_CLOCK_OFFSET", "0")) + span.total_seconds()
    house.environment["KOALENDAR_CLOCK_OFFSET"] = str(passed)
    house.order("clock", advance_seconds=span.total_seconds())
    house.start("koalendar.config.cli", "serve", "--port", str(urlsplit(house.site).port))
    assert wait_for(f"{house.site}/readyz", seconds=START_SECONDS)


def reconnect(house: House, host: Page) -> None:
    host.goto(f"{house.site}/dashboard/integrations/")
    host.get_by_role("link", name=re.compile("Reconnect Zoom|Connect again|Connect Zoom")).first.click()
    proceed = host.get_by_role("link", name=re.compile("Continue|Connect Zoom"))
    if proceed.count():
        proceed.first.click()
    host.get_by_role("button", name="Allow").click()
    host.wait_for_url(re.compile("/dashboard/|/finish/"))
    if "/finish/" in host.url:  # An account that is in use already needs no second look.
        host.get_by_role("button", name="Connect", exact=True).click()
        host.wait_for_url("**/dashboard/**")


def number_of(link: str) -> int:
    return int(re.findall(r"/j/(\d+)", link)[0])


def link_at(page: Page, address: str) -> str:
    page.goto(address)
    return link_on(page)


def test_a_removal_in_zoom_costs_no_link_when_the_same_account_comes_back(
    house: House, invitee: Page, host: Page
) -> None:
    pages = [book(invitee, house, name, days=20 + n) for n, name in enumerate(["Ina A", "Uma B", "Ola C"])]
    links = [link_at(invitee, page) for page in pages]

    # Nobody tells us of a private app's removal: the daily look finds it.
    house.order("uninstall", user=HOST_EMAIL)
    let_pass(house, DAY)
    [told] = eventually(lambda: mails_to(house, HOST_EMAIL, "Zoom needs you"))
    assert "links of 3 coming bookings go on working" in " ".join(told["text"].split())
    host.goto(f"{house.site}/dashboard/")
    banner = host.get_by_role("region", name="Zoom")
    expect(banner).to_contain_text("Zoom no longer accepts our access")
    expect(banner).to_contain_text("The links of 3 coming bookings go on working")
    assert [link_at(invitee, page) for page in pages] == links
    expect(invitee.locator("main")).to_contain_text("This link still works")
    state = house.python(
        "from koalendar.connections.models import Credential as C; c = C.objects.get();"
        "print([c.tokens, c.scopes, c.account_name, c.account_email, c.account_plan])"
    )
    assert state.strip() == str([""] * 5)

    # Three days before the erasure the host is warned.
    let_pass(house, 7 * DAY)
    eventually(lambda: mails_to(house, HOST_EMAIL, "we erase the Zoom links of 3 bookings"))
    assert [link_at(invitee, page) for page in pages] == links

    # One meeting was deleted in Zoom meanwhile; the same account comes back.
    house.order("meetings/delete", id=number_of(links[1]))
    house.withdraw("mails")
    reconnect(house, host)
    [mail] = eventually(lambda: mails_to(house, "uma@example.com", "Your Zoom link"))
    fresh = link_at(invitee, pages[1])
    assert fresh in mail["text"]
    assert fresh != links[1]
    assert [link_at(invitee, pages[0]), link_at(invitee, pages[2])] == [links[0], links[2]]
    assert set(meetings(house)) == {links[0], fresh, links[2]}
    for unchanged in ("ina@example.com", "ola@example.com"):
        assert mails_to(house, unchanged) == []
    host.goto(f"{house.site}/dashboard/")
    expect(host.get_by_role("region", name="Zoom")).to_have_count(0)

    # The day of the erasure passes, and nothing is erased.
    let_pass(house, 4 * DAY)
    assert link_at(invitee, pages[0]) == links[0]


def test_after_ten_days_links_are_erased_here_and_made_anew_when_zoom_is_back(
    house: House, invitee: Page, host: Page
) -> None:
    own_page = book(invitee, house, "Ina Berg", days=20)
    link = link_at(invitee, own_page)
    host.goto(f"{house.site}/dashboard/integrations/")
    host.get_by_role("link", name="Disconnect").click()
    expect(host.locator("main")).to_contain_text("10 days")
    host.get_by_role("button", name="Disconnect Zoom").click()
    eventually(lambda: mails_to(house, HOST_EMAIL, "Zoom is disconnected"))
    host.goto(f"{house.site}/dashboard/")
    expect(host.get_by_role("region", name="Zoom")).to_contain_text("The link of 1 coming booking")
    assert link_at(invitee, own_page) == link

    let_pass(house, LINKS_STAY + timedelta(hours=1))
    eventually(lambda: link not in (invitee.goto(own_page), invitee.content())[1])
    expect(invitee.locator("main")).to_contain_text("Ada Lovelace has been told")
    assert link in meetings(house)
    host.goto(f"{house.site}/dashboard/")
    host.get_by_role("link", name="Ina Berg").click()
    expect(host.locator("main")).to_contain_text("Why is there no link?")
    expect(host.locator("main")).to_contain_text("had been disconnected for ten days")

    book(invitee, house, "Uma Frost", days=25)
    reconnect(house, host)
    fresh = link_at(invitee, own_page)
    assert fresh != link
    [mail] = eventually(lambda: mails_to(house, "ina@example.com", "Your Zoom link"))
    assert fresh in mail["text"]
