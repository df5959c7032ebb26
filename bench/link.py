"""From the press on "Book" to the link: how long the invitee waits, and when the mails are handed over.

One invitee after another, as in the demo: site, worker and sandbox as processes of this machine, SQLite
(or the database that DATABASE_URL names), all waits as delivered. The page is asked as its own script
asks: after 0.3, 0.3, 0.5, 1 s and so on.
"""

import re
import statistics
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html import unescape
from itertools import chain, repeat

import httpx2

from tests.house import House, running_house

BOOKINGS = 30
TARGET = 1.0
GAPS = (0.3, 0.3, 0.5, 1.0, 2.0, 4.0, 8.0)


def book_and_wait(house: House, number: int) -> tuple[float, float]:
    """Seconds from the POST until the link is on the invitee's page, and until the mail is handed over."""
    name = f"Ina {number}"
    with httpx2.Client(base_url=house.site, follow_redirects=True) as browser:
        form = fields_of(browser.get(a_time_of(browser, number)).text)
        began = time.perf_counter()
        page = browser.post(
            "/ada/intro-call/", data=form | {"name": name, "email": f"ina{number}@example.com"}
        )
        link = seconds_until_link(browser, page, began)
        return link, seconds_until_mails(house, f"ina{number}@example.com", began)


def a_time_of(browser: httpx2.Client, number: int) -> str:
    """The address of the form for the first free time of a day."""
    day = (datetime.now(UTC) + timedelta(days=2 + number)).date().isoformat()
    page = browser.get(f"/ada/intro-call/?date={day}").text
    found = re.search(r'class="times".*?href="([^"]+)"', page, re.DOTALL)
    assert found is not None, page
    return unescape(found[1]).partition("#")[0]


def fields_of(page: str) -> dict[str, str]:
    """The hidden fields of the booking form."""
    hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page)
    return {name: unescape(value) for name, value in hidden}


def seconds_until_link(browser: httpx2.Client, page: httpx2.Response, began: float) -> float:
    for gap in pauses():
        if "Join Zoom meeting" in page.text:
            return time.perf_counter() - began
        time.sleep(gap)
        page = browser.get(page.url)
    raise AssertionError("unreachable")


def pauses() -> Iterator[float]:
    return chain(GAPS, repeat(15.0, 10))


def seconds_until_mails(house: House, address: str, began: float) -> float:
    """Until the sandbox's mail server has the mail to this address."""
    while time.perf_counter() - began < 60:
        mails = house.state()["mails"]
        if any(address in mail["to"] for mail in mails):
            return time.perf_counter() - began
        time.sleep(0.02)
    raise AssertionError(f"no mail to {address}")


def main() -> int:
    with running_house() as house:
        figures = [book_and_wait(house, number) for number in range(BOOKINGS)]
    print(f"\nFrom POST to link and mail, {BOOKINGS} bookings (seconds)\n")
    print(f"  {'':34}{'target':>8}{'median':>8}{'p90':>8}{'most':>8}")
    for words, column in (("link visible on the invitee's page", 0), ("mail to the invitee handed over", 1)):
        values = sorted(figure[column] for figure in figures)
        median, p90 = statistics.median(values), values[int(len(values) * 0.9)]
        print(f"  {words:34}{TARGET:>8.1f}{median:>8.2f}{p90:>8.2f}{values[-1]:>8.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
