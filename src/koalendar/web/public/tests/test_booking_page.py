"""The booking page over HTTP: pick, fill in, book, and every way in which that is refused."""

import pytest
from django.test import Client

from koalendar.booking.models import Booking
from tests.people import make_event_type

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("present")]

NINE = "2026-12-01T09:00+00:00"


def answers(**changes: str) -> dict[str, str]:
    return {
        "slot": NINE,
        "tz": "UTC",
        "duration": "30",
        "key": "a-key-of-this-form",
        "name": "Ina Berg",
        "email": "ina@example.com",
        **changes,
    }


def test_a_slot_is_picked_and_booked_and_leads_to_its_own_page(client: Client) -> None:
    make_event_type()
    page = client.get("/ada/intro-call/", {"date": "2026-12-01"}).content.decode()
    assert "slot=2026-12-01T09%3A00%2B00%3A00" in page
    form = client.get("/ada/intro-call/", {"slot": NINE}).content.decode()
    assert "Book Tuesday 1 December, 09:00" in form or "Book Tuesday, December 1" in form
    answer = client.post("/ada/intro-call/", answers())
    assert answer.status_code == 303
    assert Booking.objects.get().invitee_email == "ina@example.com"
    own = client.get(answer.headers["Location"])
    assert own.status_code == 200
    assert "You are booked" in own.content.decode()
