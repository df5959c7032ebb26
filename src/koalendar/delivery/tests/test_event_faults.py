"""Whatever Google answers, or leaves unanswered: one event for each booking that stands, none for any other.

Bookings come, move, are answered and go by chance, while calls fail in every way that Google has. In the end
the faults cease, and what is left in the calendar is counted.
"""

import random
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection as database

from koalendar import clock
from koalendar.booking.actions import cancel, confirm, decline, reschedule
from koalendar.booking.errors import BookingRefused
from koalendar.booking.models import Booking, CalendarCopy, EventType
from koalendar.booking.queries import CopyState, calendar_copies_of, whereabouts_of
from koalendar.connections.models import Calendar
from koalendar.delivery.event_look import see_own_events
from koalendar.delivery.worker import run_due
from koalendar.outbox.models import Entry
from koalendar.sandbox.google.faults import NEW_EVENT
from koalendar.sandbox.google.world import Event
from koalendar.sandbox.server import Sandbox
from tests.people import connect_google, connect_zoom, make_booking, make_event_type, make_target

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("present")]

ADA = "ada@example.com"
BY_PHONE = {"kind": "phone", "who_calls": "host", "number": "+33 1 23 45 67 89"}
AT_ZOOM = {"kind": "zoom", "connection": None}
ONE_EVENT = "^/calendar/v3/calendars/[^/]+/events/[^/]+$"
STEPS = 30
SLOW, TIMEOUT = 1.1, 0.8

# Each with the calls that it spoils.
FAULTS: list[dict[str, Any]] = [
    *[{"kind": "store_then_drop", "method": "POST", "path": NEW_EVENT}] * 3,
    *[{"kind": "store_then_drop", "path": ONE_EVENT}] * 2,
    *[{"kind": "drop"}] * 2,
    {"preset": "rate_limit"},
    {"preset": "user_rate_limit"},
    {"preset": "too_many_requests_retry_after"},
    {"preset": "usage_limits"},
    {"preset": "server_error", "times": 2},
    {"preset": "bad_gateway"},
    {"preset": "precondition", "method": "PATCH"},
    {"kind": "not_json", "method": "POST", "path": NEW_EVENT},
    {"kind": "empty_body", "path": ONE_EVENT},
    {"kind": "huge_body", "method": "POST", "path": NEW_EVENT},
]


class Life:
    """Ada's bookings, made and changed by chance."""

    def __init__(self, sandbox: Sandbox, settings: Any, seed: int) -> None:
        self.sandbox, self.settings, self.chance = sandbox, settings, random.Random(seed)
        self.types: list[tuple[EventType, dict[str, Any]]] = [
            (make_event_type(title="Call", slug="call", locations=[BY_PHONE | {"number": ""}]), BY_PHONE),
            (make_event_type(title="Zoom", slug="zoom", locations=[AT_ZOOM]), AT_ZOOM),
            (
                make_event_type(title="Ask", slug="ask", locations=[AT_ZOOM], requires_confirmation=True),
                AT_ZOOM,
            ),
            (
                make_event_type(
                    title="Sent",
                    slug="sent",
                    locations=[BY_PHONE | {"number": ""}],
                    google_invites=True,
                ),
                BY_PHONE,
            ),
        ]

    def one_of_ours(self) -> Booking | None:
        live = list(Booking.objects.filter(status__in=Booking.LIVE).order_by("pk"))
        return self.chance.choice(live) if live else None

    def any_time(self) -> datetime:
        day = clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
        slot = self.chance.randrange(14)
        return day + timedelta(days=self.chance.randint(3, 20), hours=9, minutes=30 * slot)

    def book(self) -> None:
        event_type, place = self.chance.choice(self.types)
        make_booking(event_type, now=clock.now(), start=self.any_time(), location=place)

    def move(self, booking: Booking) -> None:
        reschedule(booking, start=self.any_time(), by=Booking.By.HOST, now=clock.now())

    def end(self, booking: Booking) -> None:
        cancel(booking, by=Booking.By.INVITEE, now=clock.now())

    def answer(self, booking: Booking) -> None:
        act: Callable[..., Booking] = self.chance.choice([confirm, confirm, decline])
        act(booking, now=clock.now())

    def touch(self, booking: Booking) -> None:
        """A person gives the event another colour, and so another version."""
        copy = booking.appointment.calendar_copies.filter(state="present").first()
        if copy is not None:
            event = self.sandbox.google.find_event(ADA, copy.remote_id)
            self.sandbox.google.change_event(event, event.body | {"colorId": "5"}, "changed", by="person")

    def step(self) -> None:
        act = self.chance.choice([*[None] * 5, *[self.move] * 3, *[self.end] * 2, self.answer, self.touch])
        booking = self.one_of_ours()
        try:
            if act is None or booking is None:
                self.book()
            else:
                act(booking)
        except BookingRefused:
            return

    def pass_time(self, most: float) -> None:
        self.settings.KOALENDAR_CLOCK_OFFSET += self.chance.uniform(0, most)
        database.close()
        run_due(now=clock.now)


def standing(sandbox: Sandbox) -> list[Event]:
    return [event for event in sandbox.google.events[ADA].values() if not event.cancelled]


@pytest.fixture
def calendar(sandbox: Sandbox, settings: Any) -> Calendar:
    settings.KOALENDAR_HTTP_TIMEOUT = TIMEOUT
    settings.KOALENDAR_RATE_MAIL = None
    connect_zoom(sandbox)
    return make_target(connect_google(sandbox))


@pytest.mark.parametrize("seed", [2, 3, 4, 5])
def test_one_event_for_each_booking_and_none_for_any_other(
    sandbox: Sandbox, calendar: Calendar, settings: Any, seed: int
) -> None:
    life = Life(sandbox, settings, seed)
    slow_steps = life.chance.sample(range(STEPS), 2)
    for number in range(STEPS):
        if life.chance.random() < 0.7:
            sandbox.google.fail_next(**life.chance.choice(FAULTS))
        if number in slow_steps:
            sandbox.google.fail_next(kind="slow", seconds=SLOW, method="POST", path=NEW_EVENT)
        for _ in range(life.chance.randint(1, 3)):
            life.step()
        life.pass_time(most=0 if number in slow_steps else 40)
        if number in slow_steps:
            time.sleep(SLOW)  # What left arrives in real time, while the clock here runs ahead of it.
    sandbox.google.clear_faults()
    for _ in range(6):
        life.pass_time(most=3 * 3600)
    see_own_events(calendar.connection, now=clock.now())
    _judge(sandbox)


def _judge(sandbox: Sandbox) -> None:
    owed = Entry.objects.filter(kind="event", due_at__isnull=False)
    assert list(owed.values_list("subject", "problem")) == []
    live = [
        booking
        for booking in Booking.objects.select_related("appointment__event_type")
        if booking.status_at(clock.now()) in Booking.LIVE
    ]
    assert len(live) > 5
    by_booking: dict[str, list[Event]] = {}
    for event in standing(sandbox):
        name = event.body["extendedProperties"]["private"]["booking"]
        by_booking.setdefault(name, []).append(event)
    assert sorted(by_booking) == sorted(str(booking.uid) for booking in live)
    places = whereabouts_of(live, now=clock.now())
    copies = calendar_copies_of(live, now=clock.now())
    for booking in live:
        [event] = by_booking[str(booking.uid)]
        appointment = booking.appointment
        assert event.span(None) == (appointment.start, appointment.end)  # type: ignore[arg-type]  # No all-day event.
        assert (event.body["status"] == "tentative") == (booking.status == Booking.Status.PENDING)
        if appointment.at_zoom:
            assert event.body["location"] == places[booking.pk].join_url
        assert copies[booking.pk].state is CopyState.READY
        if booking.status == Booking.Status.CONFIRMED:
            by_mail = any(str(booking.uid) in mail.calendar for mail in sandbox.mailbox.messages)
            assert bool(event.body.get("attendees")) != by_mail  # Never both, and never neither.
    assert not CalendarCopy.objects.filter(state="insert_pending").exists()
