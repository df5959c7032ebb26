"""See how our events are in a host's calendars, and keep what somebody did to them there.

Part of each reading of a connection's calendars: one list of our own coming events per calendar, without
any state to keep. Nothing is set right here: an event that was moved or deleted is shown as that, its host
hears of it by mail, and he chooses.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from koalendar.booking import owed, story
from koalendar.booking.models import Appointment, CalendarCopy, Happening
from koalendar.booking.problems import DELETED_THERE
from koalendar.connections.actions import open_calendars
from koalendar.connections.models import Calendar, Connection
from koalendar.connections.provider import Ability, CalendarProvider, Gone, Reason, Rejected, RemoteEvent
from koalendar.connections.queries import may
from koalendar.delivery.event import note_deleted, note_moved
from koalendar.delivery.event_spec import OURS, instance
from koalendar.delivery.records import Overtaken, record
from koalendar.outbox.models import Entry

log = logging.getLogger(__name__)

State = CalendarCopy.State
# The list is asked for a little more time than our events take, since some may have been moved.
_MARGIN = timedelta(days=31)


def see_own_events(connection: Connection, *, now: datetime) -> bool:
    """Look at the events of coming bookings in this connection's calendars; whether all of these are
    there and ours.

    Nothing is looked at without the right to events. Raises Temporary, Rejected, Disconnected or
    Misconfigured; what was seen until then is kept.
    """
    if not may(connection, Ability.WRITE_EVENTS):
        return True
    google, are_there = open_calendars(connection.credential), True
    for calendar in connection.calendars.filter(gone_at=None):
        if copies := _coming(calendar, now):
            are_there &= _see(calendar, copies, google, now)
    return are_there


def _coming(calendar: Calendar, now: datetime) -> list[CalendarCopy]:
    """Events that are there as far as we know, or were before somebody deleted them; none that we change."""
    standing = Q(state=State.PRESENT) | Q(state=State.GONE, problem=DELETED_THERE)
    live = Q(appointment__status__in=[Appointment.Status.TENTATIVE, Appointment.Status.CONFIRMED])
    rows = calendar.copies.filter(standing, live, appointment__end__gt=now, told_start__isnull=False)
    copies = list(rows.select_related("appointment", "host", "credential", "calendar").order_by("generation"))
    latest = {copy.subject: copy for copy in copies}
    entries = Entry.objects.filter(kind=owed.EVENT, subject__in=latest, due_at__isnull=False)
    under_way = set(entries.values_list("subject", flat=True))
    return [copy for subject, copy in latest.items() if subject not in under_way]


def _see(calendar: Calendar, copies: Sequence[CalendarCopy], google: CalendarProvider, now: datetime) -> bool:
    """Whether the calendar itself is there, and ours to look into: without it, its events are not deleted but
    lost."""
    farthest = max(copy.appointment.end for copy in copies) + _MARGIN
    try:
        listed = google.events_with(calendar.remote_id, OURS, instance(), begin=now, end=farthest)
    except Rejected as error:
        if error.code not in (Reason.NO_CALENDAR, Reason.FORBIDDEN):
            raise
        return False
    shown = {event.remote_id: event for event in listed}
    for copy in copies:
        there = shown.get(copy.remote_id) or _outside_list(copy, google)
        try:
            _note(copy, there, now)
        except Overtaken:
            log.info("event_overtaken", extra={"copy": str(copy)})  # Whoever was faster has seen it.
    return True


def _outside_list(copy: CalendarCopy, google: CalendarProvider) -> RemoteEvent | None:
    """An event that the list lacks: moved far away, or not there. One known to be deleted is no news."""
    if copy.was_deleted_there:
        return None
    try:
        return google.read_event(copy.remote_calendar_id, copy.remote_id)
    except Gone:
        return None


def _note(copy: CalendarCopy, there: RemoteEvent | None, now: datetime) -> None:
    if there is None:
        if not copy.was_deleted_there:
            note_deleted(copy.appointment, copy, now)
    elif copy.was_deleted_there:
        _note_brought_back(copy, there, now)
    else:
        note_moved(copy.appointment, copy, there, now)


def _note_brought_back(copy: CalendarCopy, there: RemoteEvent, now: datetime) -> None:
    """Taken out of the calendar's bin: it is ours again, and told what has changed meanwhile."""
    if copy.appointment.calendar_copies.filter(host=copy.host, generation__gt=copy.generation).exists():
        return  # Another one has been made in its place since.
    with transaction.atomic():
        record(
            copy,
            now,
            state=State.PRESENT,
            etag=there.etag,
            web_url=there.web_url,
            seen_at=None,
            problem="",
            problem_since=None,
        )
        story.tell(copy.appointment, Happening.Kind.EVENT_MOVED_BACK_THERE, at=now)
        if copy.appointment.at_meet:
            owed.meeting(copy.appointment, now=now)  # Its room is asked for anew.
        owed.event_follows(copy.appointment, now=now)
    note_moved(copy.appointment, copy, there, now)
