"""Keeps what happened to a booking and its meeting, where nothing else tells it."""

from datetime import datetime

from koalendar.booking.models import Appointment, Booking, Happening


def tell(
    appointment: Appointment,
    kind: Happening.Kind,
    *,
    at: datetime,
    booking: Booking | None = None,
    start: datetime | None = None,
) -> None:
    """Write down that this happened, in the transaction of what has brought it about.

    `booking` is the one of the appointment's that it concerns, none for its meeting; `start` the time that
    the meeting was moved to, or at which there is a conflict.
    """
    facts = {} if start is None else {"start": start.isoformat()}
    Happening.objects.create(appointment=appointment, booking=booking, kind=kind, at=at, facts=facts)


def happenings_of(booking: Booking) -> list[Happening]:
    """What happened to this booking, and to the meeting of its appointment; the oldest first."""
    rows = Happening.objects.filter(appointment=booking.appointment_id)
    return [row for row in rows.order_by("at", "pk") if row.booking_id in (None, booking.pk)]
