"""Ask calendars right before something is booked: what changed there a moment ago is in no mirror yet.

Called before any transaction begins, since it waits for the outside, for KOALENDAR_BUSY_LOOK seconds at most.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from itertools import chain

from django.conf import settings

from koalendar.booking import owed
from koalendar.booking.busy import NO_LOOK, Look
from koalendar.booking.models import Appointment, EventType
from koalendar.booking.openings import WINDOW_SPARE
from koalendar.booking.own_events import own_spans
from koalendar.booking.prepared import Given, Prepared
from koalendar.connections.calendars import is_ignored
from koalendar.connections.glance import glance
from koalendar.connections.mirror import Span, amend, between, flat, pairs
from koalendar.connections.models import Calendar, Connection
from koalendar.scheduling.interval import subtract
from koalendar.scheduling.zones import floor_minutes


def look(
    event_type: EventType,
    *,
    start: datetime,
    duration: int,
    now: datetime,
    without: Appointment | None = None,
) -> Look:
    """What the hosts' calendars say about the time that an appointment of `duration` minutes would take.

    `without` is an appointment that is being moved, which keeps its hosts. What is found busy is kept in the
    mirror too, so that the same start is not offered again. Calendars that their host does not wait for are
    not asked; where none is to be asked this costs one small query.
    """
    last = now + timedelta(days=event_type.booking_window_days + WINDOW_SPARE)
    if not now < start < last:
        return NO_LOOK  # Nothing there can be booked.
    calendars = _to_ask(event_type, without)
    if not calendars:
        return NO_LOOK
    begin = start - timedelta(minutes=event_type.buffer_before)
    end = start + timedelta(minutes=duration + event_type.buffer_after)
    live = [row for row in calendars if row.connection.is_live]
    told = glance(live, begin=begin, end=end, now=now, seconds=settings.KOALENDAR_BUSY_LOOK)
    answered = {row.pk: _theirs(row, told[row.pk], begin, end) for row in live if row.pk in told}
    for row in live:
        if answered.get(row.pk):
            _keep(row, answered[row.pk], begin, end, now)
    return Look(
        answered={pk: pairs(minutes) for pk, minutes in answered.items()},
        unanswered=frozenset(row.host_id for row in calendars if row.pk not in answered),
    )


def look_for(appointment: Appointment, *, start: datetime, now: datetime) -> Look:
    """As `look`, before the appointment is moved to `start`."""
    minutes = (appointment.end - appointment.start) // timedelta(minutes=1)
    return look(appointment.event_type, start=start, duration=minutes, now=now, without=appointment)


def _to_ask(event_type: EventType, without: Appointment | None) -> list[Calendar]:
    pks = list(chain.from_iterable(_blocking_of()(event_type=event_type.pk)))
    if not pks:
        return []
    rows = Calendar.objects.filter(pk__in=pks, gone_at=None)
    if without is not None:
        rows = rows.filter(host__in=[host.pk for host in without.hosts])
    return [row for row in rows.select_related("connection__credential") if not is_ignored(row)]


@cache
def _blocking_of() -> Prepared:
    """The calendars that block the time of any host of an event type."""
    given = Given("event_type", EventType._meta.get_field("id"))
    rows = Calendar.objects.filter(blocks=True, host__event_type_hosts__event_type=given)
    return Prepared(rows.exclude(connection__state=Connection.State.REVOKED).values_list("pk"))


def _theirs(calendar: Calendar, busy: Sequence[Span], begin: datetime, end: datetime) -> list[int]:
    return flat(busy, without=own_spans(calendar, begin, end)) if busy else []


def _keep(calendar: Calendar, minutes: Sequence[int], begin: datetime, end: datetime, now: datetime) -> None:
    """Let the mirror know of it, unless it does, and have the rest read soon."""
    first, last = floor_minutes(begin), floor_minutes(end)
    known = between(calendar.busy, first, last)
    if not subtract(pairs(minutes), known):
        return
    amend(calendar, minutes, begin=first, end=last)
    owed.calendars_changed(calendar.connection, now=now)
