"""Ends requests that the host did not answer in time."""

import logging
from datetime import datetime

from koalendar.booking import actions
from koalendar.booking.models import Booking
from koalendar.delivery.outcomes import Done, Outcome, Wait

log = logging.getLogger(__name__)


def expire_request(subject: str, *, now: datetime) -> Outcome:
    """Bring the booking with primary key `subject` to its end, if it is a request whose time is over.

    One that was moved has a later end, and is looked at again then.
    """
    booking = actions.expire(Booking.objects.get(pk=int(subject)), now=now)
    if booking.status == Booking.Status.PENDING and booking.expires_at is not None:
        return Wait(booking.expires_at)
    if booking.status == Booking.Status.EXPIRED:
        log.info("request_expired", extra={"booking": str(booking)})
    return Done()
