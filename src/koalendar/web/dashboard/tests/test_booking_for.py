"""A host books for somebody: any time of his hours that is free, with the mails of any other booking."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.cache import caches
from django.test import Client

from koalendar.booking.actions import book
from koalendar.booking.errors import OutsideRules, SlotTaken
from koalendar.booking.models import Booking, EventType
from koalendar.outbox.models import Entry
from koalendar.web.dashboard.tests.browsers import sign_in
from tests.people import NOW, TUESDAY_NINE, ada, make_booking, make_event_type, make_host, make_wish, minutes

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("present")]

HOST = Booking.By.HOST


@pytest.fixture
def browser(client: Client) -> Client:
    caches["memory"].clear()
    return sign_in(client, ada())


def page_of(event_type: EventType) -> str:
    return f"/dashboard/bookings/new/{event_type.public_id}/"


def send(browser: Client, event_type: EventType, start: datetime = TUESDAY_NINE, **fields: Any) -> Any:
    sent = {
        "slot": start.isoformat(timespec="minutes"),
        "key": "k" * 20,
        "name": "Ina Berg",
        "email": "ina@example.com",
        "zone": "Europe/Paris",
    }
    return browser.post(page_of(event_type), sent | fields, follow=True)


def test_a_host_books_for_somebody_who_gets_the_usual_mails(browser: Client) -> None:
    event_type = make_event_type()

    page = send(browser, event_type).content.decode()

    booking = Booking.objects.get()
    assert (booking.status, booking.booked_by) == ("confirmed", "host")
    assert booking.invitee_zone == "Europe/Paris"
    assert "Booked: Ina Berg gets a mail." in page
    assert "You booked for Ina Berg" in page
    told = set(booking.messages.values_list("audience", "recipient", "kind"))
    assert told == {("invitee", "ina@example.com", "booked"), ("host", "ada@example.com", "booked")}
    assert Entry.objects.filter(kind="meeting").exists()


def test_the_way_leads_from_the_list_over_the_event_types_to_a_time(browser: Client) -> None:
    event_type = make_event_type()
    closed = make_event_type(title="Closed", slug="closed", active=False)
    assert "/dashboard/bookings/new/" in browser.get("/dashboard/").content.decode()

    choice = browser.get("/dashboard/bookings/new/").content.decode()
    assert page_of(event_type) in choice
    assert "Closed" not in choice
    assert browser.get(page_of(closed)).status_code == 404

    times = browser.get(page_of(event_type), {"date": "2026-12-01"}).content.decode()
    assert "slot=2026-12-01T09%3A00%2B00%3A00" in times
    form = browser.get(page_of(event_type), {"slot": "2026-12-01T09:00+00:00"}).content.decode()
    assert "Book Tuesday 1 December, 09:00" in form


def test_the_notice_asked_of_others_does_not_hold_up_the_host(browser: Client) -> None:
    event_type = make_event_type(minimum_notice=3 * 1440)
    with pytest.raises(OutsideRules, match="notice"):
        make_booking(event_type)

    assert (
        "slot=2026-12-01T09%3A00" in browser.get(page_of(event_type), {"date": "2026-12-01"}).content.decode()
    )
    send(browser, event_type)

    assert Booking.objects.get().appointment.start == TUESDAY_NINE


def test_what_has_passed_is_not_booked_by_anybody() -> None:
    with pytest.raises(OutsideRules, match="notice"):
        book(make_event_type(), make_wish(), now=TUESDAY_NINE + minutes(1), by=HOST)


@pytest.mark.parametrize(
    ("rules", "start"),
    [
        ({}, TUESDAY_NINE + timedelta(hours=12)),
        ({"booking_window_days": 3}, TUESDAY_NINE + timedelta(days=7)),
        ({"max_per_day": 1}, TUESDAY_NINE + minutes(60)),
    ],
    ids=["hours", "window", "limit"],
)
def test_the_other_rules_hold_for_the_host_too(rules: dict[str, Any], start: datetime) -> None:
    event_type = make_event_type(**rules)
    make_booking(event_type)
    with pytest.raises(OutsideRules):
        book(event_type, make_wish(start), now=NOW, by=HOST)


def test_a_time_that_is_held_is_not_booked_and_others_are_one_press_away(browser: Client) -> None:
    event_type = make_event_type()
    make_booking(event_type)
    with pytest.raises(SlotTaken):
        book(event_type, make_wish(), now=NOW, by=HOST)

    answer = send(browser, event_type, name="Max Holm", email="max@example.com")

    assert answer.status_code == 409
    assert "09:00 has just been taken" in answer.content.decode()
    assert "Book 09:30 instead" in answer.content.decode()
    assert "max@example.com" in answer.content.decode()


def test_a_host_who_books_has_confirmed_already(browser: Client) -> None:
    send(browser, make_event_type(requires_confirmation=True))

    booking = Booking.objects.get()
    assert (booking.status, booking.expires_at) == ("confirmed", None)
    assert booking.appointment.status == "confirmed"


def test_mistakes_are_said_at_their_fields_and_nothing_is_lost(browser: Client) -> None:
    answer = send(browser, make_event_type(), name="", email="ina", zone="Mars/Base")

    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Enter their name" in page
    assert 'value="ina"' in page
    assert not Booking.objects.exists()


def test_the_host_need_not_know_the_answers_but_the_number_to_call(browser: Client) -> None:
    question = {"code": "topic", "label": "Topic", "kind": "short_text", "required": True, "choices": []}
    phone = {"kind": "phone", "who_calls": "host", "number": ""}
    event_type = make_event_type(questions=[question], locations=[phone])

    assert "Enter their phone number" in send(browser, event_type).content.decode()
    send(browser, event_type, phone="+33 6 12 34 56 78")

    assert Booking.objects.get().answers.get("topic") is None


def test_pressing_twice_books_once(browser: Client) -> None:
    event_type = make_event_type()
    for _ in range(2):
        assert send(browser, event_type).status_code == 200
    assert Booking.objects.count() == 1


def test_nobody_books_on_anothers_event_type(client: Client) -> None:
    event_type = make_event_type()
    stranger = sign_in(client, make_host("Ben Nevis"))

    assert stranger.get(page_of(event_type)).status_code == 404
    assert send(stranger, event_type).status_code == 404
    assert client.get("/dashboard/bookings/new/x/").status_code == 404
