"""What calendars cost whoever looks at a page with slots: five of them with 1000 busy times, against none.

One web process on one core, and nobody else who works: the mirror is as full as it is told to be, and the
stand-in for Google counts the calls that it gets, which must be none.
"""

import os
import sys
from contextlib import ExitStack

import httpx2

from bench.http import a_postgresql, event_type_of, in_turn, pin, say_where, show, slots_path, web_of
from bench.load import get, kept_on
from tests.house import House, running_house

CALENDARS, BUSY, RATIO = 5, 1000, 1.5
REQUESTS = 300


def main() -> int:
    cores = sorted(os.sched_getaffinity(0))
    with ExitStack() as stack:
        stack.enter_context(kept_on(cores[-1]))
        if not stack.enter_context(a_postgresql()):
            print("\nCalendars: left out, PostgreSQL is missing (apt-get install postgresql)")
            return 0
        house = stack.enter_context(running_house(run=("web",)))
        pin(web_of(house), cores[0])
        say_where(cores)
        for many, target in ((BUSY, RATIO), (CALENDARS * BUSY, None)):
            show_calendars(house, many, target)
    return 0


def show_calendars(house: House, many: int, target: float | None) -> None:
    free, full = (event_type_of(house, f"{name}{many}") for name in ("free", "full"))
    house.python(_FILL.format(event_type=full, calendars=CALENDARS, each=many // CALENDARS))
    before = outside_calls(house)
    for words, paths in (
        ("booking page", [page_path(house, each) for each in (free, full)]),
        ("slots call", [slots_path(each) for each in (free, full)]),
    ):
        medians = in_turn([house] * 2, [get(house.site, path) for path in paths], REQUESTS)
        ratio = medians[1] / medians[0]
        show(f"{words}, {CALENDARS} calendars, {many} busy, by none", target, ratio, digits=2, at_most=True)
        print(f"    medians {medians[0] * 1e3:.1f} and {medians[1] * 1e3:.1f} ms, one connection")
    show("  calls of Google meanwhile", 0, outside_calls(house) - before, at_most=True)


def outside_calls(house: House) -> int:
    return len(httpx2.get(f"{house.sandbox}/_control/google/calls").json()["calls"])


def page_path(house: House, event_type: str) -> str:
    return house.python(_PATH.format(event_type=event_type)).strip()


_PATH = """
from koalendar.booking.models import EventType
row = EventType.objects.select_related("profile").get(public_id="{event_type}")
print(f"/{{row.profile.slug}}/{{row.slug}}/")
"""

# Busy times of half an hour, spread over the two months that the pages show.
_FILL = """
import random
from datetime import timedelta
from types import SimpleNamespace
from django.conf import settings
from koalendar import clock
from koalendar.booking.models import EventType
from koalendar.connections.mirror import flat
from koalendar.connections.models import Calendar
from tests.people import connect_google

host = EventType.objects.get(public_id="{event_type}").profile.host
sandbox = SimpleNamespace(url=settings.GOOGLE_API_URL.removesuffix("/google/calendar/v3"))
connection = connect_google(sandbox, host, user="ada@example.com")
now, source = clock.now().replace(second=0, microsecond=0), random.Random(1)
for number in range({calendars}):
    starts = [now + timedelta(minutes=45 * place) for place in source.sample(range(60 * 32), {each})]
    Calendar.objects.create(
        connection=connection, host=host, remote_id=f"calendar-{{number}}", blocks=True,
        busy=flat((start, start + timedelta(minutes=30)) for start in starts),
        read_at=clock.now(), read_from=now - timedelta(days=1), read_until=now + timedelta(days=80),
    )
assert host.calendars.filter(blocks=True).count() == {calendars}
"""


if __name__ == "__main__":
    sys.exit(main())
