"""Ada's call with Ina, as an event of which each test states only what matters to it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from koalendar.invitations.calendar import Conference, Event, Person

ADA = Person("Ada Lovelace", "bookings@koalendar.example")
INA = Person("Ina Berg", "ina@example.com")
BEN = Person("Ben Okri", "ben@example.com")
ZOOM = Conference("https://zoom.example/j/85412345678?pwd=a1b2,c3;d4", "Zoom")

STAMP = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
START = datetime(2026, 12, 3, 8, 0, tzinfo=UTC)

_EVENT = Event(
    uid="4b1f9c2e@koalendar.example",
    sequence=0,
    start=START,
    end=START + timedelta(minutes=30),
    zone="Europe/Paris",
    summary="Intro call",
    description="",
    location="",
    url="",
    organizer=ADA,
    attendee=INA,
)


def make_event(**changes: Any) -> Event:
    return replace(_EVENT, **changes)
