"""Asking for a time that the host has to agree to: the form, the own page in each state, and going on."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from koalendar.booking.actions import confirm, decline, expire
from koalendar.booking.models import Booking
from koalendar.web.public.tests.test_own_page import LATER, at, get, own, text_of
from tests.people import NOW, TUESDAY_NINE, make_booking, make_event_type

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("present")]

PAGE = "/ada/intro-call/"
SLOT = "2026-12-01T09:00+00:00"
INA = {"name": "Ina Berg", "email": "ina@example.com", "slot": SLOT, "tz": "UTC", "duration": "30"}
THANKS = "https://thanks.example/ina?from=a&to=b"


def ask(**wish: Any) -> Booking:
    return make_booking(make_event_type(requires_confirmation=True), **wish)


def test_the_form_says_that_the_host_decides_and_its_button_asks(client: Client) -> None:
    make_event_type(requires_confirmation=True)
    shown = text_of(get(client, f"{PAGE}?slot={SLOT.replace('+', '%2B')}&tz=UTC"))
    assert "Ada Lovelace confirms each booking. You hear by e-mail." in shown
    assert "Ask for Tuesday 1 December, 09:00" in shown
    assert "Book Tuesday" not in shown


def test_asking_leads_to_the_own_page_which_says_until_when_the_time_is_held(client: Client) -> None:
    make_event_type(requires_confirmation=True)
    answer = client.post(PAGE, INA)
    assert answer.status_code == 303
    page = get(client, answer.headers["Location"])
    shown = text_of(page)
    assert "Your request is sent" in shown
    assert "Until Tuesday 1 December, 08:00 this time is held for you." in shown
    assert "The answer goes to ina@example.com." in shown
    assert "You are booked" not in shown
    assert "being made" not in shown
    assert "Add to your calendar" not in shown
    assert 'href="' + answer.headers["Location"] + 'cancel/"' in page.content.decode()


def test_a_taken_time_offers_others_to_ask_for(client: Client) -> None:
    event_type = make_event_type(requires_confirmation=True)
    make_booking(event_type)
    assert "Ask for 09:30 instead" in text_of(client.post(PAGE, INA))


@pytest.mark.parametrize(
    ("end", "heading"),
    [
        (lambda booking: decline(booking, now=NOW, reason="On a train"), "Ada Lovelace cannot make it"),
        (lambda booking: expire(booking, now=NOW + timedelta(days=1)), "Ada Lovelace did not answer in time"),
    ],
)
def test_what_came_to_nothing_says_so_and_offers_to_book_again(
    client: Client, end: Callable[[Booking], Booking], heading: str
) -> None:
    booking = end(ask())
    page = get(client, own(booking))
    assert heading in text_of(page)
    assert "Book again" in text_of(page)
    assert ("Reason On a train" in text_of(page)) == (booking.status == "declined")
    assert "reschedule/" not in page.content.decode()
    assert get(client, own(booking, "invite.ics")).status_code == 404
    assert client.post(own(booking, "cancel/")).status_code == 409


def test_an_overdue_request_reads_as_expired_before_anybody_noted_it(client: Client, settings: Any) -> None:
    booking = ask(start=TUESDAY_NINE + timedelta(days=2))
    at(settings, NOW + timedelta(days=1))
    assert "Ada Lovelace did not answer in time" in text_of(get(client, own(booking)))
    booking.refresh_from_db()
    assert booking.status == "pending"


def test_a_confirmed_request_looks_like_any_booking(client: Client) -> None:
    booking = confirm(ask(), now=NOW)
    shown = text_of(get(client, own(booking)))
    assert "You are booked" in shown
    assert "Your Zoom link is being made." in shown
    assert get(client, own(booking, "invite.ics")).status_code == 200


def test_no_calendar_file_is_given_of_what_is_not_agreed(client: Client) -> None:
    assert get(client, own(ask(), "invite.ics")).status_code == 404


@pytest.mark.parametrize(
    ("location", "secret"),
    [
        ({"kind": "link", "url": "https://call.example/ada"}, "call.example"),
        ({"kind": "phone", "who_calls": "invitee", "number": "+44 20 7946"}, "7946"),
    ],
)
def test_the_hosts_own_link_and_number_are_shown_once_it_is_agreed(
    client: Client, location: dict[str, str], secret: str
) -> None:
    booking = ask(location=location)
    assert secret not in get(client, own(booking)).content.decode()
    confirm(booking, now=NOW)
    assert secret in get(client, own(booking)).content.decode()


def test_a_request_is_moved_and_called_off_as_one(client: Client) -> None:
    booking = ask()
    form = text_of(get(client, own(booking, f"reschedule/?slot={LATER.replace('+', '%2B')}&tz=UTC")))
    assert "Ada Lovelace is asked again, and confirms the new time or declines it." in form
    assert "Your Zoom link stays the same" not in form
    client.post(own(booking, "reschedule/"), {"slot": LATER, "tz": "UTC"})
    assert "Cancel this request?" in text_of(get(client, own(booking, "cancel/")))
    client.post(own(booking, "cancel/"))
    booking.refresh_from_db()
    assert (booking.status, booking.sequence) == ("cancelled", 2)


# ── Going on to the host's own page ──


def led_to(page: Any) -> list[str]:
    return re.findall(r'<meta http-equiv="refresh" content="0; url=([^"]*)">', page.content.decode())


@pytest.mark.parametrize("requires_confirmation", [False, True])
def test_whoever_has_just_booked_is_led_on_once_and_no_token_goes_along(
    client: Client, requires_confirmation: bool
) -> None:
    make_event_type(redirect_url=THANKS, requires_confirmation=requires_confirmation)
    path = client.post(PAGE, INA).headers["Location"]
    first, again = get(client, path), get(client, path)
    assert led_to(first) == [THANKS.replace("&", "&amp;")]
    assert "You go on to thanks.example now." in text_of(first)
    assert first.headers["Referrer-Policy"] == "no-referrer"
    assert led_to(again) == []


def test_nobody_else_is_led_on_whatever_the_address_says(client: Client) -> None:
    booking = make_booking(make_event_type(redirect_url=THANKS))
    page = get(client, own(booking, "?redirect_url=https://evil.example&just_booked=1"))
    assert led_to(page) == []
    assert "evil.example" not in page.content.decode()


def test_without_such_a_page_nobody_is_led_on(client: Client) -> None:
    make_event_type()
    answer = client.post(PAGE, INA)
    assert "just_booked" not in answer.cookies
    assert led_to(get(client, answer.headers["Location"])) == []


def test_the_mark_of_a_fresh_booking_is_for_its_own_page_alone(client: Client) -> None:
    make_event_type(redirect_url=THANKS)
    answer = client.post(PAGE, INA)
    mark = answer.cookies["just_booked"]
    assert (mark["path"], mark["httponly"], mark["samesite"]) == (answer.headers["Location"], True, "Lax")
    assert mark["max-age"] == 60
