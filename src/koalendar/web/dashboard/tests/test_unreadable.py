"""What a host is told while a calendar of his keeps everybody from booking."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from koalendar.accounts.models import Host
from koalendar.booking.queries import busy_between
from koalendar.connections.models import Calendar
from koalendar.web.dashboard.unreadable import unreadable_banner
from tests.people import NOW, TUESDAY_NINE, ada, make_booking, make_calendar, make_event_type, minutes

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("present")]

HOUR = timedelta(hours=1)


def signed_in(host: Host) -> Client:
    client = Client()
    client.force_login(host)
    return client


def text(page: Any) -> str:
    return " ".join(str(page.content.decode()).split())


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({"read_at": NOW - HOUR}, "“Private” has not been read since today 07:00"),
        ({"read_at": None}, "“Private” is being read"),
        (
            {"read_at": None, "problem": "server_error", "problem_since": NOW - HOUR},
            "since today 07:00",
        ),
        ({"gone_at": NOW - HOUR}, "“Private” is not in your Google account any more"),
        ({"read_at": NOW - HOUR, "name": ""}, "“a calendar that you chose”"),
    ],
)
def test_the_dashboard_says_why_nobody_can_book(found: dict[str, Any], said: str) -> None:
    make_event_type()
    make_calendar(**found)
    page = text(signed_in(ada()).get("/dashboard/"))
    assert "Nobody can book you" in page
    assert said in page
    assert 'href="/dashboard/integrations/"' in page


@pytest.mark.parametrize(
    "found",
    [
        {},
        {"read_at": NOW - HOUR, "blocks": False},
        {"read_at": NOW - HOUR, "ignored_at": NOW},
    ],
)
def test_it_says_nothing_while_the_host_can_be_booked(found: dict[str, Any]) -> None:
    make_calendar(**found)
    assert unreadable_banner(ada(), now=NOW) is None


def test_the_week_tells_calendars_and_bookings_apart() -> None:
    booking = make_booking(make_event_type(buffer_after=15))
    start = int(TUESDAY_NINE.timestamp()) // 60
    make_calendar(busy=[start + 60, start + 90])
    found = busy_between(ada(), NOW, NOW + timedelta(days=7), now=NOW)
    assert sorted(found) == [
        (booking.appointment.start, booking.appointment.end + minutes(15), False),
        (TUESDAY_NINE + minutes(60), TUESDAY_NINE + minutes(90), True),
    ]
    page = text(signed_in(ada()).get("/dashboard/week/?from=2026-12-01"))
    assert page.count("Busy in Google Calendar") == page.count("Kept free") == 1


def test_a_reschedule_by_the_host_says_what_keeps_it(client: Client) -> None:
    booking = make_booking(make_event_type())
    make_calendar()
    Calendar.objects.update(read_at=NOW - HOUR)
    answer = signed_in(ada()).post(
        f"/dashboard/bookings/{booking.uid}/reschedule", {"start": "2026-12-01T11:00:00+00:00", "reason": ""}
    )
    assert answer.status_code == 409
    assert "Your calendar cannot be read at the moment" in text(answer)


def test_the_public_page_says_it_and_keeps_what_was_typed(client: Client) -> None:
    event_type = make_event_type()
    make_calendar()
    form = text(client.get("/ada/intro-call/?slot=2026-12-01T11:00%2B00:00"))
    assert 'name="name"' in form
    Calendar.objects.update(read_at=NOW - HOUR)
    sent = {"slot": "2026-12-01T11:00+00:00", "name": "Ina Berg", "email": "ina@example.com"}
    answer = client.post("/ada/intro-call/", sent)
    assert answer.status_code == 409
    assert "The calendar of Ada Lovelace cannot be read at the moment" in text(answer)
    assert "Ina Berg" in text(answer)
    picker = text(client.get("/ada/intro-call/?slot=2026-12-01T11:00%2B00:00"))
    assert "Try again in a few minutes." in picker
    assert "That time is not free any more" not in picker
    german = text(client.get("/ada/intro-call/", headers={"accept-language": "de"}))
    assert "lässt sich im Moment nicht lesen" in german
    assert event_type.appointments.count() == 0
