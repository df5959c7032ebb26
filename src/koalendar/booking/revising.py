"""What a host changes in what is set up already: event types and schedules, by revision.

Two windows may be open on the same thing. Whoever saves says which revision was read; if another one is
there meanwhile, nothing is overwritten.
"""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import F

from koalendar.booking.actions import lock_hosts
from koalendar.booking.errors import BookingRefused
from koalendar.booking.models import EventType, Schedule


class ChangedMeanwhile(BookingRefused):
    """Somebody else, or another window, has saved this since it was read."""


class InUse(BookingRefused):
    """It can't be deleted, because bookings were made of it."""


def change_event_type(
    event_type: EventType, *, revision: int, schedule: Schedule | None = None, **fields: Any
) -> None:
    """Give the event type these fields, and its hosts the schedule.

    Raises ValidationError for fields that no event type may have, or ChangedMeanwhile.
    """
    with transaction.atomic():
        if not EventType.objects.filter(pk=event_type.pk, revision=revision).update(
            revision=F("revision") + 1
        ):
            raise ChangedMeanwhile
        event_type.refresh_from_db()
        for name, value in fields.items():
            setattr(event_type, name, value)
        event_type.full_clean()
        event_type.save(update_fields=fields)
        if schedule is not None:
            event_type.event_type_hosts.filter(host=schedule.host_id).update(schedule=schedule)


def set_bookable(event_type: EventType, *, active: bool) -> None:
    """Open or close the booking page; what is booked stays."""
    EventType.objects.filter(pk=event_type.pk).update(active=active, revision=F("revision") + 1)


def delete_event_type(event_type: EventType) -> None:
    """Remove an event type that was never booked. Raises InUse for one that was."""
    with transaction.atomic():
        lock_hosts(event_type)  # As `book` does: a booking that is being made is done first, and then seen.
        locked = EventType.objects.select_for_update().filter(pk=event_type.pk).first()
        if locked is None:
            return  # Deleted in another window.
        if locked.appointments.exists():
            raise InUse
        locked.delete()


def change_schedule(
    schedule: Schedule,
    *,
    revision: int,
    zone: str,
    weekly: Mapping[str, list[list[str]]],
    overrides: Mapping[str, list[list[str]]],
) -> None:
    """Set the hours, already checked for form. Bookings that lie outside stay. Raises ChangedMeanwhile."""
    changed = Schedule.objects.filter(pk=schedule.pk, revision=revision).update(
        zone=zone, weekly=dict(weekly), overrides=dict(overrides), revision=F("revision") + 1
    )
    if not changed:
        raise ChangedMeanwhile
    schedule.refresh_from_db()
