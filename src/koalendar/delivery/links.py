"""Tells whoever waits for a link, or has another one, that it is there."""

from collections.abc import Sequence
from datetime import datetime

from koalendar.booking import owed
from koalendar.booking.models import Appointment, Booking, Meeting, Message


def lock_bookings(appointment: Appointment) -> list[Booking]:
    """The bookings that are told of the link, locked before their messages as everywhere."""
    live = appointment.bookings.filter(status__in=Booking.LIVE)
    return list(live.select_for_update().order_by("pk"))


def announce(bookings: Sequence[Booking], row: Meeting, *, is_another: bool, now: datetime) -> None:
    """Mails that wait for the link may leave; who was told without it, or of another one, gets it now."""
    for booking in bookings:
        owed.hasten_mails(booking, now=now)
        told = booking.messages.filter(state=Message.State.SENT)
        if not is_another:
            told = told.filter(link_owed=True)
        for audience, recipient in set(told.values_list("audience", "recipient")):
            owed.message(
                booking,
                audience,
                recipient,
                Message.Kind.LINK_HERE,
                facts=owed.times_of(booking.appointment),
                due=now,
                now=now,
                edition=row.edition,
            )
        booking.messages.filter(link_owed=True).update(link_owed=False)
