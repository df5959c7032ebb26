"""Links that open a booking: each for its own purpose, until it is over."""

from datetime import timedelta

import pytest

from koalendar.booking.errors import LinkExpired
from koalendar.booking.links import (
    LIFE_AFTER_END,
    answer_token_for,
    booking_for_token,
    request_for_token,
    token_for,
)
from tests.people import NOW, make_booking, make_event_type

pytestmark = pytest.mark.django_db


def test_neither_link_opens_what_the_other_does() -> None:
    booking = make_booking(make_event_type(requires_confirmation=True))
    assert booking_for_token(token_for(booking), now=NOW) == booking
    assert request_for_token(answer_token_for(booking), now=NOW) == booking
    with pytest.raises(LinkExpired):
        booking_for_token(answer_token_for(booking), now=NOW)
    with pytest.raises(LinkExpired):
        request_for_token(token_for(booking), now=NOW)


def test_a_raised_version_and_the_end_of_its_life_end_a_link() -> None:
    booking = make_booking(make_event_type(requires_confirmation=True))
    token = answer_token_for(booking)
    over = booking.appointment.end + LIFE_AFTER_END + timedelta(seconds=1)
    with pytest.raises(LinkExpired):
        request_for_token(token, now=over)
    booking.link_version += 1
    booking.save()
    with pytest.raises(LinkExpired):
        request_for_token(token, now=NOW)
