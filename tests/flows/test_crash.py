"""A worker that is killed without warning loses nothing and makes nothing twice."""

import signal

import httpx2
import pytest

from tests.house import House, eventually, running_house

pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("story")]

# Work is leased again soon after its worker died.
SHORT_LEASES = {
    "KOALENDAR_HTTP_TIMEOUT": "8",
    "KOALENDAR_LEASE": "9",
    "KOALENDAR_UNCERTAIN_WAIT": "3",
    "KOALENDAR_UNCERTAIN_GAP": "1",
    "KOALENDAR_LINK_WAIT": "60",
}
BOOK = """
from datetime import timedelta
from koalendar import clock
from koalendar.booking.models import EventType
from tests.people import make_booking

start = (clock.now() + timedelta(days=3)).replace(hour=9, minute=0, second=0, microsecond=0)
print(make_booking(EventType.objects.get(), start=start, now=clock.now()).uid)
"""


def creates(house: House) -> int:
    calls = httpx2.get(f"{house.sandbox}/_control/calls").json()["calls"]
    return sum(call["method"] == "POST" and call["path"].endswith("/users/me/meetings") for call in calls)


def present(house: House) -> list[str]:
    return [row["body"]["join_url"] for row in house.state()["meetings"] if not row["deleted"]]


def test_a_worker_killed_while_zoom_makes_the_meeting_leaves_one_meeting_and_one_mail_a_side() -> None:
    with running_house(settings=SHORT_LEASES, run=("web",)) as house:
        house.order("faults", kind="slow", seconds=6, method="POST", path="^/v2/users/me/meetings$")
        worker = house.start("koalendar.config.cli", "worker")
        house.python(BOOK)
        eventually(lambda: "create_pending" in house.python(STATES))
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        house.start("koalendar.config.cli", "worker")
        mails = eventually(lambda: len(found := house.state()["mails"]) >= 2 and found, seconds=40)
        [link] = present(house)
        assert creates(house) <= 2
        assert sorted(mail["to"][0] for mail in mails) == ["ada@example.com", "ina@example.com"]
        assert all(link in mail["text"] for mail in mails)


STATES = """
from koalendar.booking.models import Meeting
print(*Meeting.objects.values_list("state", flat=True))
"""
