"""Zoom's notifications under load: how soon each is acknowledged, and whether all ends where Zoom is.

Meetings are moved and deleted by hand in the sandbox, which holds back what it would tell of it. Then each
notification is delivered five times, shuffled, at a fixed pace that waits for no answer, and the time counts
from when a delivery was to leave. The site has answered before, as one that runs has.

Site (one web process), worker and sandbox run on this machine beside the sender, on SQLite (or the database
that DATABASE_URL names), with settings as delivered.
"""

import http.client
import os
import random
import statistics
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from koalendar.sandbox.events import Announcer
from koalendar.sandbox.world import ZoomApp, ZoomWorld
from tests.house import House, eventually, running_house

MEETINGS = 20
CHANGES = 10
COPIES = 5
PACES = (50, 50 * COPIES)  # Deliveries a second: fifty in all, or fifty different ones five times each.
TARGET_MS = 500.0
SENDERS = 32


def main() -> int:
    print(
        f"\nNotifications, {MEETINGS} meetings, {CHANGES} changes each, each told {COPIES} times, shuffled\n"
    )
    print(f"  {os.cpu_count()} CPUs, load before {os.getloadavg()[0]:.1f}\n")
    print(
        f"  {'deliveries a second':>20}{'target ms':>11}{'median':>8}{'p90':>8}{'p99':>8}{'most':>8}  not 200"
    )
    for pace in PACES:
        with running_house() as house:
            run(house, pace)
    return 0


def run(house: House, pace: int) -> None:
    numbers = make_meetings(house)
    house.order("webhooks/sending", held=True)
    bodies = change_in_zoom(house, numbers) * COPIES
    random.Random(5).shuffle(bodies)
    answers = deliver(house, bodies, pace)
    times = sorted(ms for ms, _ in answers)
    p90, p99 = (times[int(len(times) * share)] for share in (0.9, 0.99))
    refused = sum(status != 200 for _, status in answers)
    print(
        f"  {pace:>20}{TARGET_MS:>11.0f}{statistics.median(times):>8.1f}{p90:>8.1f}{p99:>8.1f}"
        f"{times[-1]:>8.1f}  {refused}"
    )
    began = time.perf_counter()
    wanted = in_zoom(house, numbers)
    eventually(lambda: is_worked_off(house), seconds=120)
    found = on_the_site(house)
    same = sum(found.get(number) == state for number, state in wanted.items())
    print(
        f"  {'':>20}  {len(set(bodies))} notifications, worked off {time.perf_counter() - began:.1f} s after "
        f"the last delivery;\n  {'':>20}  {same} of {len(wanted)} bookings show what Zoom has"
    )


def make_meetings(house: House) -> list[int]:
    """Bookings with their meetings in place; the ids of these."""
    house.python(_BOOK % MEETINGS)
    eventually(lambda: len(house.state()["meetings"]) == MEETINGS and is_worked_off(house), seconds=60)
    return [row["id"] for row in house.state()["meetings"]]


def change_in_zoom(house: House, numbers: list[int]) -> list[str]:
    """Move every meeting again and again, and take every fourth away; the bodies that tell of it."""
    for change in range(1, CHANGES):
        for number in numbers:
            start = datetime.now(UTC) + timedelta(days=40 + change)
            house.order("meetings/move", id=number, start_time=f"{start:%Y-%m-%dT%H:%M:00Z}")
    for place, number in enumerate(numbers):
        if place % 4 == 0:
            house.order("meetings/delete", id=number)
        else:
            start = datetime.now(UTC) + timedelta(days=60)
            house.order("meetings/move", id=number, start_time=f"{start:%Y-%m-%dT%H:%M:00Z}")
    told = house.state()["notifications"][-MEETINGS * CHANGES :]
    return [note["body"] for note in told]


def in_zoom(house: House, numbers: list[int]) -> dict[str, str]:
    rows = {row["id"]: row for row in house.state()["meetings"]}
    return {
        str(number): "deleted" if rows[number]["deleted"] else rows[number]["body"]["start_time"]
        for number in numbers
    }


def on_the_site(house: House) -> dict[str, str]:
    """What the bookings say of their meetings, by meeting id."""
    lines = house.python(_SHOW).splitlines()
    return dict(line.split(" ", 1) for line in lines)


def is_worked_off(house: House) -> bool:
    return house.python(_OWED).strip() == "0"


def deliver(house: House, bodies: list[str], pace: int) -> list[tuple[float, int]]:
    """Send all, one every 1/pace seconds; milliseconds until the answer, and its status."""
    sender = Sender(house.site)
    with ThreadPoolExecutor(SENDERS) as pool:
        list(pool.map(sender.post, ['{"event":"meeting.started"}'] * SENDERS * 2))
    began = time.perf_counter() + 0.5

    def send(place: int) -> tuple[float, int]:
        due = began + place / pace
        time.sleep(max(0.0, due - time.perf_counter()))
        status = sender.post(bodies[place])
        return (time.perf_counter() - due) * 1000, status

    with ThreadPoolExecutor(SENDERS) as pool:
        return list(pool.map(send, range(len(bodies))))


class Sender:
    """Signs as the sandbox does, and keeps one network connection a thread."""

    def __init__(self, site: str) -> None:
        app = ZoomApp(webhook_secret="sandbox-zoom-webhook-secret")
        self._announcer = Announcer(ZoomWorld(app=app))
        self._address = urlsplit(site).netloc
        self._own = threading.local()

    def post(self, body: str) -> int:
        line: Any = getattr(self._own, "line", None)
        if line is None:
            line = self._own.line = http.client.HTTPConnection(self._address, timeout=30)
        line.request("POST", "/integrations/zoom/webhook", body, self._announcer.signed_headers(body))
        with line.getresponse() as answer:
            answer.read()
            return int(answer.status)


_BOOK = """
from datetime import timedelta
from koalendar import clock
from koalendar.booking.models import EventType
from tests.people import make_booking
event_type = EventType.objects.get()
noon = clock.now().replace(hour=12, minute=0, second=0, microsecond=0)
for number in range(%d):
    make_booking(event_type, now=clock.now(), start=noon + timedelta(days=2 + number))
"""
_OWED = """
from koalendar import clock
from koalendar.outbox.models import Entry
print(Entry.objects.filter(due_at__lte=clock.now()).count())
"""
_SHOW = """
from koalendar.booking.models import Meeting
for row in Meeting.objects.all():
    seen = row.seen_start and row.seen_start.strftime("%Y-%m-%dT%H:%M:%SZ")
    print(row.remote_id, "deleted" if row.was_deleted_there else seen)
"""

if __name__ == "__main__":
    sys.exit(main())
