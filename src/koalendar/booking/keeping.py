"""What a host keeps of a booking: a note for himself, and whether the invitee came."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from koalendar.accounts.models import Host
from koalendar.booking import story
from koalendar.booking.errors import WrongState
from koalendar.booking.models import Booking, Happening, Note

LONGEST_NOTE = 5000


def write_note(booking: Booking, host: Host, text: str, *, now: datetime) -> None:
    """Keep `text` as this host's note; an empty one is none. Nobody else is ever shown it."""
    if text:
        values = {"text": text[:LONGEST_NOTE], "changed_at": now}
        Note.objects.update_or_create(booking=booking, host=host, defaults=values)
    else:
        Note.objects.filter(booking=booking, host=host).delete()


def note_of(booking: Booking, host: Host) -> str:
    return Note.objects.filter(booking=booking, host=host).values_list("text", flat=True).first() or ""


def notes_of(bookings: Iterable[Booking], host: Host) -> dict[int, str]:
    """This host's notes, by booking id; in one query for all of them."""
    return dict(Note.objects.filter(booking__in=bookings, host=host).values_list("booking_id", "text"))


def note_no_show(booking: Booking, *, now: datetime) -> Booking:
    """The invitee did not come. Noted once; raises WrongState unless the booking stands and has begun."""
    return _note(booking, now, Happening.Kind.NO_SHOW, now=now)


def take_back_no_show(booking: Booking, *, now: datetime) -> Booking:
    """The invitee came after all. Raises WrongState as `note_no_show` does."""
    return _note(booking, None, Happening.Kind.NO_SHOW_TAKEN_BACK, now=now)


def may_be_no_show(booking: Booking, *, now: datetime) -> bool:
    return booking.status == Booking.Status.CONFIRMED and booking.appointment.start <= now


def _note(booking: Booking, at: datetime | None, kind: Happening.Kind, *, now: datetime) -> Booking:
    with transaction.atomic():
        rows = Booking.objects.select_for_update(of=("self",)).select_related("appointment")
        booking = rows.get(pk=booking.pk)
        if not may_be_no_show(booking, now=now):
            status = booking.status_at(now)
            raise WrongState("upcoming" if status == Booking.Status.CONFIRMED else status)
        if (booking.no_show_at is None) != (at is None):
            booking.no_show_at = at
            booking.save(update_fields=["no_show_at"])
            story.tell(booking.appointment, kind, at=now, booking=booking)
        return booking
