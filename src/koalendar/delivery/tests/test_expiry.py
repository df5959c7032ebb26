"""Requests that nobody answers end by themselves, when they should and not before."""

from datetime import timedelta
from typing import Any

import pytest

from koalendar.booking.actions import confirm, reschedule
from koalendar.booking.models import Booking
from koalendar.delivery.expiry import expire_request
from koalendar.delivery.outcomes import Done, Wait
from koalendar.delivery.worker import run_due
from tests.people import NOW, TUESDAY_NINE, make_booking, make_event_type

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


def ask() -> Booking:
    event_type = make_event_type(
        requires_confirmation=True,
        request_expires_after=60,
        locations=[{"kind": "phone", "who_calls": "host"}],
    )
    return make_booking(event_type, location={"kind": "phone", "who_calls": "host"})


def status_of(booking: Booking) -> str:
    return Booking.objects.get(pk=booking.pk).status


def test_the_worker_ends_a_request_when_its_time_is_over_and_both_sides_hear_of_it(
    mailoutbox: list[Any],
) -> None:
    booking = ask()
    run_due(now=lambda: NOW + HOUR - timedelta(seconds=1))
    assert status_of(booking) == "pending"
    mailoutbox.clear()
    run_due(now=lambda: NOW + HOUR)
    assert status_of(booking) == "expired"
    assert sorted(mail.to[0] for mail in mailoutbox) == ["ada@example.com", "ina@example.com"]


def test_a_request_that_was_moved_is_looked_at_again_at_its_new_end() -> None:
    booking = ask()
    reschedule(booking, start=TUESDAY_NINE + HOUR, by=Booking.By.INVITEE, now=NOW + HOUR / 2)
    assert expire_request(str(booking.pk), now=NOW + HOUR) == Wait(NOW + HOUR * 1.5)
    assert status_of(booking) == "pending"


def test_an_answered_request_is_left_alone() -> None:
    booking = confirm(ask(), now=NOW)
    assert expire_request(str(booking.pk), now=NOW + HOUR) == Done()
    assert status_of(booking) == "confirmed"
