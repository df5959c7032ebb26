"""What the web process carries: the slots call, bookings, and the booking page above a million past bookings.

One web process on one core; PostgreSQL, worker, sandbox and the load generator share another, where there
is one. Limits are off. DATABASE_URL may name the PostgreSQL to use, which then runs on the cores that it
has; without it the tests' own is started, which trades safety for speed.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from itertools import repeat
from pathlib import Path
from urllib.parse import urlencode

import httpx2
import psycopg

from bench.load import Figures, get, kept_on, pin, post, run
from tests.house import ROOT, House, running_house

CONNECTIONS = 8
ROUNDS = 5
SECONDS = 20.0  # No round lasts longer.
PAST = 1_000_000
SLOTS_PER_CORE, SLOTS_P99, BOOKINGS_PER_CORE, RATIO = 300, 0.050, 100, 1.2


def main() -> int:
    cores = sorted(os.sched_getaffinity(0))
    with ExitStack() as stack:
        stack.enter_context(kept_on(cores[-1]))
        if not stack.enter_context(a_postgresql()):
            print("\nOver HTTP: left out, PostgreSQL is missing (apt-get install postgresql)")
            return 0
        house, full = (stack.enter_context(running_house(run=("web", "worker"))) for _ in range(2))
        for each in (house, full):
            pin(web_of(each), cores[0])
        say_where(cores)
        show_slots(house)
        show_million(house, full)
        show_bookings(house)
    return 0


@contextmanager
def a_postgresql() -> Iterator[bool]:
    """DATABASE_URL names a PostgreSQL meanwhile. False: there is none."""
    if os.environ.get("DATABASE_URL", "").startswith("postgres"):
        yield True
        return
    folder = Path(tempfile.mkdtemp(prefix="koalendar-bench-"))
    folder.chmod(0o755)  # The tests' PostgreSQL runs as a user of its own where we are root.
    command = [sys.executable, "-m", "tests.postgresql"]
    environment = os.environ | {"TMPDIR": str(folder)}
    before = os.environ.get("DATABASE_URL")
    try:
        started = subprocess.run(
            [*command, "start"], env=environment, cwd=ROOT, check=False, stdout=subprocess.PIPE, text=True
        )
        os.environ["DATABASE_URL"] = started.stdout.strip().partition("=")[2]
        yield started.returncode == 0
        subprocess.run([*command, "stop"], env=environment, cwd=ROOT, check=True)
    finally:
        os.environ.pop("DATABASE_URL")
        if before is not None:
            os.environ["DATABASE_URL"] = before
        shutil.rmtree(folder, ignore_errors=True)


def web_of(house: House) -> int:
    return house.processes[1].pid  # After the sandbox.


def say_where(cores: Sequence[int]) -> None:
    rest = f"core {cores[-1]}" if len(cores) > 1 else "the same core, for there is only one"
    print(f"\nOver HTTP: one web process on core {cores[0]}, everything else on {rest};")
    print(f"{CONNECTIONS} connections, limits off, load of the machine {os.getloadavg()[0]:.1f}\n")
    print(f"  {'':46}{'target':>8}{'figure':>8}  met")


def show(words: str, target: float | None, figure: float, *, digits: int = 0, at_most: bool = False) -> None:
    met = "" if target is None else "yes" if (figure <= target if at_most else figure >= target) else "NO"
    wanted = "" if target is None else f"{target:.{digits}f}"
    print(f"  {words:46}{wanted:>8}{figure:>8.{digits}f}  {met}", flush=True)


def best_of(house: House, rounds: Iterable[Sequence[Iterable[bytes]]]) -> tuple[Figures, list[Figures]]:
    """The round in which the web process answered most in a second and core, and all of them."""
    found = [run(house.site, queues, web=web_of(house), at_most=SECONDS) for queues in rounds]
    return max(found, key=lambda each: each.per_core), found


def show_load(found: Figures, rounds: Sequence[Figures], *, good: int) -> None:
    statuses = sum((each.statuses for each in rounds), Counter[int]())
    others = {status: many for status, many in sorted(statuses.items()) if status != good}
    print(f"    all rounds: {', '.join(f'{each.per_core:.0f}' for each in rounds)}; of the best:")
    print(
        f"    {len(found.seconds)} answers, {found.per_second:.0f} a second, "
        f"median {found.median * 1e3:.1f} ms, p99 {found.p99 * 1e3:.1f} ms, "
        f"other statuses than {good}: {others or 'none'};\n"
        f"    CPU: web process {found.web_cpu / found.elapsed:.0%} of a core, "
        f"load generator {found.own_cpu / found.elapsed:.0%}"
    )


# ── Slots ──


def show_slots(house: House) -> None:
    office, around_the_clock = (event_type_of(house, f"slots{number}") for number in range(2))
    for words, event_type, target in (
        ("slots of 30 days, 60 bookings, office hours", office, SLOTS_PER_CORE),
        ("the same, open around the clock", around_the_clock, None),
    ):
        book_some(house, event_type, 60)
        request = get(house.site, slots_path(event_type))
        run(house.site, [[request] * 20] * CONNECTIONS, web=web_of(house), at_most=SECONDS)  # To warm up.
        found, rounds = best_of(house, [[[request] * 80] * CONNECTIONS] * ROUNDS)
        show(f"{words}, a second and core", target, found.per_core)
        show("  p99 (ms)", target and SLOTS_P99 * 1e3, found.p99 * 1e3, digits=1, at_most=True)
        show_load(found, rounds, good=200)


def slots_path(event_type: str) -> str:
    first = datetime.now(UTC).date() + timedelta(days=1)
    query = {"start": first, "end": first + timedelta(days=29), "timezone": "Europe/Paris"}
    return f"/api/v1/event-types/{event_type}/slots?{urlencode(query)}"


def book_some(house: House, event_type: str, many: int) -> None:
    """Book starts that are spread over the days of the slots call."""
    days = httpx2.get(house.site + slots_path(event_type)).json()["days"]
    starts = [start for day in days for start in day["slots"]]
    for start in starts[:: len(starts) // many][:many]:
        answer = httpx2.post(f"{house.site}/api/v1/bookings", json=asked(event_type, start))
        assert answer.status_code == 201, answer.text


# ── Bookings ──


def show_bookings(house: House) -> None:
    many = [event_type_of(house, f"bench{number}") for number in range(CONNECTIONS)]
    one = event_type_of(house, "lonely")
    stretches = [range(20 * number, 20 * number + 20) for number in range(ROUNDS)]
    spread = [[bookings(house, event_type, stretch) for event_type in many] for stretch in stretches]
    found, rounds = best_of(house, spread)
    show("bookings of 8 hosts, a second and core", BOOKINGS_PER_CORE, found.per_core)
    errors = sum(count for each in rounds for status, count in each.statuses.items() if status >= 500)
    show("  answers of 5xx", 0, errors, at_most=True)
    show_load(found, rounds, good=201)
    queued = [
        [bookings(house, one, stretch[number::CONNECTIONS]) for number in range(CONNECTIONS)]
        for stretch in (range(80 * number, 80 * number + 80) for number in range(ROUNDS))
    ]
    found, rounds = best_of(house, queued)
    show("bookings of one host, a second and core", None, found.per_core)
    show_load(found, rounds, good=201)


def bookings(house: House, event_type: str, numbers: Sequence[int]) -> list[bytes]:
    """A booking for each of these free half hours, with a key of its own."""
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    midnight = datetime.combine(tomorrow, datetime.min.time(), UTC)
    starts = [(midnight + timedelta(minutes=30 * number)).isoformat() for number in numbers]
    return [
        post(
            house.site,
            "/api/v1/bookings",
            json.dumps(asked(event_type, start)).encode(),
            Idempotency_Key=str(uuid.uuid4()),
        )
        for start in starts
    ]


def asked(event_type: str, start: str) -> dict[str, object]:
    address = f"ina-{uuid.uuid4().hex[:12]}@example.com"
    invitee = {"name": "Ina Berg", "email": address, "timezone": "Europe/Paris"}
    return {"event_type": event_type, "start": start, "invitee": invitee}


def event_type_of(house: House, name: str) -> str:
    """A new host called so with an event type, and Ada's Zoom; gives the event type's id.

    Hosts work around the clock, but for the first of the slots.
    """
    return house.python(_A_HOST.format(name=name, around_the_clock=name != "slots0")).strip()


_A_HOST = """
from types import SimpleNamespace
from django.conf import settings
from tests.people import connect_zoom, make_event_type, make_host

host = make_host("{name} Bench")
if {around_the_clock}:
    days = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    host.schedules.update(weekly={{day: [["00:00", "24:00"]] for day in days}})
zoom = SimpleNamespace(url=settings.ZOOM_BASE_URL.removesuffix("/zoom"))
connect_zoom(zoom, host, user="ada@example.com")
print(make_event_type(host).public_id)
"""


# ── A million past bookings ──


def show_million(empty: House, full: House) -> None:
    """Time of a page where a million past bookings of its host are stored, by the time where none is.

    One request to either house in turn, so that what else the machine does meets both alike.
    """
    houses = (empty, full)
    ids = [house.python(_ADAS).strip() for house in houses]
    book_some(full, ids[1], 1)
    print(f"    {PAST:,} past bookings stored in {fill(full):.0f} s")
    for words, paths in (
        ("booking page", ["/ada/intro-call/"] * 2),
        ("slots call", [slots_path(event_type) for event_type in ids]),
    ):
        requests = [get(house.site, path) for house, path in zip(houses, paths, strict=True)]
        medians = in_turn(houses, requests, 300)
        ratio = medians[1] / medians[0]
        show(f"{words}, with a million past bookings by none", RATIO, ratio, digits=2, at_most=True)
        print(f"    medians {medians[0] * 1e3:.1f} and {medians[1] * 1e3:.1f} ms, one connection")
        if ratio > RATIO:
            print(full.python(_PLANS))


_ADAS = """
from koalendar.booking.models import EventType
print(EventType.objects.get(slug="intro-call", profile__slug="ada").public_id)
"""

_PLANS = """
from datetime import timedelta
from django.db import connection
from koalendar import clock
from koalendar.booking.models import EventType
from koalendar.booking.openings import open_slots

def explained(execute, sql, params, many, context):
    with connection.connection.cursor() as cursor:
        cursor.execute("EXPLAIN (ANALYZE, BUFFERS) " + sql, params)
        print(sql, *(row[0] for row in cursor.fetchall()), sep="\\n")
    return execute(sql, params, many, context)

event_type, now = EventType.objects.get(profile__slug="ada"), clock.now()
days = {"first": now.date(), "last": now.date() + timedelta(days=29)}
with connection.execute_wrapper(explained):
    open_slots(event_type, duration=30, zone="UTC", now=now, **days)
"""


def in_turn(houses: Sequence[House], requests: Sequence[bytes], many: int) -> list[float]:
    """The median seconds of each house's answers."""
    seconds: list[list[float]] = [[] for _ in houses]
    for _ in range(many // _AT_ONCE):
        for house, request, found in zip(houses, requests, seconds, strict=True):
            figures = run(house.site, [repeat(request, _AT_ONCE)], web=web_of(house), at_most=SECONDS)
            assert set(figures.statuses) == {200}, figures.statuses
            found += figures.seconds
    return [statistics.median(found) for found in seconds]


_AT_ONCE = 5  # Requests to one house before it is the other's turn.


def fill(house: House) -> float:
    """Store PAST copies of the one booking, a quarter of an hour apart; gives the seconds that it took."""
    began = time.perf_counter()
    with psycopg.connect(house.environment["DATABASE_URL"], autocommit=True) as server:
        # Checking each row against the others takes minutes; adding the guard afterwards checks them all.
        (guard,) = server.execute(_GUARD).fetchone() or ("",)
        server.execute("ALTER TABLE booking_hold DROP CONSTRAINT hold_no_overlap")
        past = "now() - interval '15 minutes' * (n + 1)"
        end = f"{past} + interval '15 minutes'"
        copy(server, "booking_appointment", uid="gen_random_uuid()", start=past, end=end)
        copy(server, "booking_hold", appointment_id=_ID, blocks_from=past, blocks_until=end)
        copy(server, "booking_booking", appointment_id=_ID, uid="gen_random_uuid()")
        server.execute(f"ALTER TABLE booking_hold ADD CONSTRAINT hold_no_overlap {guard}".encode())
        server.execute("ANALYZE")
    return time.perf_counter() - began


_ID = "1000000 + n"  # Beyond what the sequence has given out.
_GUARD = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'hold_no_overlap'"
_COLUMNS = "SELECT column_name FROM information_schema.columns WHERE table_name = %s"


def copy(server: "psycopg.Connection[tuple[str]]", table: str, **other: str) -> None:
    """Copy the one row of `table` PAST times; what differs is told in SQL, of the copy's number `n`."""
    values = {"id": _ID, **other}
    names = [name for (name,) in server.execute(_COLUMNS, [table])]
    told = ", ".join(values.get(name, f'one."{name}"') for name in names)
    quoted = ", ".join(f'"{name}"' for name in names)
    copies = f"FROM {table} AS one, generate_series(1, {PAST}) AS n"
    server.execute(f"INSERT INTO {table} ({quoted}) SELECT {told} {copies}".encode())


if __name__ == "__main__":
    sys.exit(main())
