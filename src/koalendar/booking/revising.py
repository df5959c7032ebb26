"""What a host changes in what is set up already: event types and schedules, by revision.

Two windows may be open on the same thing. Whoever saves says which revision was read; if another one is
there meanwhile, nothing is overwritten.
"""

from collections.abc import Mapping
from datetime import date
from typing import TypeVar

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils.translation import gettext as _

from koalendar.accounts.models import Host
from koalendar.booking import rules
from koalendar.booking.actions import lock_hosts
from koalendar.booking.errors import BookingRefused
from koalendar.booking.judging import Findings
from koalendar.booking.models import EventType, Profile, Schedule
from koalendar.booking.setting_up import (
    judge_calendar,
    judge_schedule,
    lock_host,
    slug_taken_if_refused,
    unknown_schedule,
)


class ChangedMeanwhile(BookingRefused):
    """Somebody else, or another window, has saved this since it was read."""


class InUse(BookingRefused):
    """It can't be deleted: `by` is `bookings` (made of it), `event_types` (with these hours), or `host`, who
    has no other hours.
    """

    def __init__(self, by: str) -> None:
        super().__init__(by)
        self.by = by


def change_event_type(
    event_type: EventType,
    *,
    revision: int | None,
    schedule: Schedule | None = None,
    calendar: str | None = None,
    **fields: object,
) -> EventType:
    """Give the event type these fields, and its host the schedule and calendar. Returns it as it is now.

    `calendar` is the public id of the one that its bookings go into, empty for the host's usual one, None for
    no change. Without `revision` whatever is there is changed. Raises ChangedMeanwhile (also when it was
    deleted), or ValidationError by path for what no event type may have (see `rules.EVENT_TYPE`), for a slug
    that is taken, and for a schedule or calendar of somebody else.
    """
    with transaction.atomic():
        lock_hosts(event_type)
        fresh = _fresh(EventType.objects.select_related("profile__host"), event_type.pk, revision)
        found = Findings()
        if schedule is not None:
            with found.at("schedule"):
                _give_hours(fresh, schedule)
        if calendar is not None:
            with found.at("calendar"):
                _give_calendar(fresh, calendar)
        with found.at(""):
            _judge_with(fresh, fields)
        found.refuse()
        fresh.revision += 1
        with slug_taken_if_refused(fresh):
            fresh.save(update_fields=[*fields, "revision"])
        return fresh


def _give_hours(event_type: EventType, schedule: Schedule) -> None:
    seat = event_type.event_type_hosts.filter(host=schedule.host_id).first()
    if seat is None:
        raise unknown_schedule()
    seat.schedule = judge_schedule(seat.host, schedule)
    seat.save(update_fields=["schedule"])


def _give_calendar(event_type: EventType, public_id: str) -> None:
    seats = event_type.event_type_hosts.select_related("host", "calendar")
    seat = seats.get(host=event_type.profile.host_id)
    seat.calendar = judge_calendar(seat.host, public_id, present=seat.calendar)
    seat.save(update_fields=["calendar"])


def _judge_with(row: EventType | Schedule, fields: Mapping[str, object]) -> None:
    for name, value in fields.items():
        setattr(row, name, value)
    row.full_clean()


Row = TypeVar("Row", EventType, Schedule)


def _fresh(rows: QuerySet[Row], pk: int, revision: int | None) -> Row:
    """The row as it is now, locked. Raises ChangedMeanwhile if another revision is there, or none."""
    row = rows.select_for_update(of=("self",), no_key=True).filter(pk=pk).first()
    if row is None or revision not in (None, row.revision):
        raise ChangedMeanwhile
    return row


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
            raise InUse("bookings")
        locked.delete()


def change_schedule(schedule: Schedule, *, revision: int | None = None, **fields: object) -> Schedule:
    """Give the schedule these of `name`, `zone`, `weekly` and `overrides`, in any shape. Returns it as it is.

    Bookings that lie outside its hours stay. Raises ChangedMeanwhile (also when it was deleted), or
    ValidationError by path (see `rules.SCHEDULE`).
    """
    with transaction.atomic():
        fresh = _fresh(Schedule.objects.all(), schedule.pk, revision)
        _judge_with(fresh, fields)
        fresh.revision += 1
        fresh.save(update_fields=[*fields, "revision"])
        return fresh


def make_default(schedule: Schedule) -> None:
    """New event types get these hours from now on; those that are there keep theirs."""
    Profile.objects.filter(host=schedule.host_id).update(default_schedule=schedule)


def delete_schedule(schedule: Schedule) -> None:
    """Remove a schedule. Raises InUse if an event type has these hours, or the host no others."""
    with transaction.atomic():
        lock_host(schedule.host)
        if not Schedule.objects.filter(pk=schedule.pk).exists():
            return  # Deleted in another window.
        if schedule.event_type_hosts.exists():
            raise InUse("event_types")
        if not schedule.host.schedules.exclude(pk=schedule.pk).exists():
            raise InUse("host")
        Schedule.objects.filter(pk=schedule.pk).delete()


# ── Away ──


def add_away(host: Host, *, first: str, last: str, message: str, today: date) -> Profile:
    """Offer nothing on these days, both included, on any page of the host; what is booked stays.

    Times away that have passed are forgotten. Raises ValidationError by `first`, `last` and `message`.
    """
    with transaction.atomic():
        lock_host(host)
        profile = Profile.objects.get(host=host)
        coming = _coming_away(profile, today)
        given = {"first": first, "last": last, "message": message}
        found = Findings()
        try:
            profile.away = rules.away([*coming, given])
        except ValidationError as error:
            raise _about_the_last(error, len(coming)) from error
        with found.at("last"):
            if last < today.isoformat():
                raise ValidationError(_("These days have passed"), code="past")
        found.refuse()
        profile.save(update_fields=["away"])
        return profile


def remove_away(host: Host, *, first: date, today: date) -> None:
    """Be there again on the days of the time away that begins with `first`; one that is gone stays gone."""
    with transaction.atomic():
        lock_host(host)
        profile = Profile.objects.get(host=host)
        kept = [row for row in _coming_away(profile, today) if row["first"] != first.isoformat()]
        profile.away = kept
        profile.save(update_fields=["away"])


def _coming_away(profile: Profile, today: date) -> list[dict[str, str]]:
    return [row for row in profile.away if row["last"] >= today.isoformat()]


def _about_the_last(error: ValidationError, place: int) -> ValidationError:
    """What is wrong with a list, as it is wrong with what was added to it."""
    if not hasattr(error, "error_dict"):
        return ValidationError({"first": error.error_list})
    named = {path.removeprefix(f"{place}."): errors for path, errors in error.error_dict.items()}
    return ValidationError(named)
