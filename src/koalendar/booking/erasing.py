"""Erases what is kept of the meetings and events of an account that may not be used any more, in time."""

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from koalendar.accounts.models import Host
from koalendar.booking import owed, story
from koalendar.booking.models import Appointment, Booking, CalendarCopy, Happening, Meeting
from koalendar.booking.problems import LINK_ERASED
from koalendar.connections import deletions
from koalendar.connections.models import Connection, Deletion
from koalendar.outbox.queue import enqueue

_BLANK = {"remote_id": "", "join_url": "", "passcode": "", "dial_in": [], "applied_hash": ""}


def erase_links(record: Deletion, *, now: datetime) -> int:
    """Blank links, ids, passcodes and numbers of this host's meetings in the account; gives how many rows.

    The meetings stay in Zoom. A booking that is still to come owes another meeting, which waits until the
    host has connected Zoom. Each appointment is a transaction of its own: what a crash leaves is done when
    this is called again, and connecting the account again ends it in between.
    """
    assert record.connection is not None  # An open record knows its connection.
    kept = _kept_rows(record.connection)
    appointments = Appointment.objects.filter(meetings__in=kept).distinct().order_by("pk")
    return sum(_erase_of(appointment, record, now) for appointment in appointments)


def erase_events(record: Deletion, *, now: datetime) -> int:
    """Blank ids and addresses of this host's events in the account's calendars; gives how many rows.

    The events stay in the calendars. Those of coming bookings wait until the host has connected the account
    again, and are then known by the id that we would choose anew.
    """
    connection = record.connection
    assert connection is not None  # An open record knows its connection.
    rows = CalendarCopy.objects.filter(host=connection.host_id, credential=connection.credential_id)
    kept = rows.filter(~Q(remote_id="") | ~Q(remote_calendar_id="") | ~Q(web_url="")).order_by("pk")
    return sum(_erase_event(row, record, now) for row in kept.select_related("appointment"))


def _erase_event(row: CalendarCopy, record: Deletion, now: datetime) -> int:
    with transaction.atomic():
        if not deletions.is_open(record):
            return 0
        appointment, is_live = row.appointment, row.state != CalendarCopy.State.GONE
        is_wanted = is_live and appointment.status != Appointment.Status.CANCELLED
        state = CalendarCopy.State.BLOCKED if is_wanted else CalendarCopy.State.GONE
        CalendarCopy.objects.filter(pk=row.pk).update(**_NO_EVENT, state=state, fence=row.fence + 1)
        deletions.count_rows(record, 1)
        if is_wanted and appointment.end > now:
            owed.event(appointment, now=now)
        elif is_live:
            enqueue(owed.EVENT, row.subject, due=now)  # Its deletion, which had been given up, is off.
        return 1


# `attempted_at` stays: it says that an event of our id may be there.
_NO_EVENT = {
    "credential": None,
    "remote_calendar_id": "",
    "remote_id": "",
    "etag": "",
    "web_url": "",
    "applied_hash": "",
    "seen_start": None,
    "seen_end": None,
    "seen_at": None,
}


def _kept_rows(connection: Connection) -> QuerySet[Meeting]:
    """Rows of this host under this account in which anything is left, and nobody else may still use it."""
    others = Connection.objects.filter(
        credential=connection.credential_id,
        state__in=Connection.LIVE,
        host__holds__appointment=OuterRef("appointment"),
    )
    rows = Meeting.objects.filter(
        credential=connection.credential_id, appointment__holds__host=connection.host_id
    )
    anything = ~Q(remote_id="") | ~Q(join_url="") | ~Q(passcode="") | Q(state=Meeting.State.CREATE_PENDING)
    return rows.filter(anything).exclude(Exists(others))


def _erase_of(appointment: Appointment, record: Deletion, now: datetime) -> int:
    with transaction.atomic():
        holders = Host.objects.filter(holds__appointment=appointment).order_by("pk")
        list(holders.select_for_update(of=("self",)).values_list("pk", flat=True))
        list(Booking.objects.filter(appointment=appointment).order_by("pk").select_for_update())
        if not deletions.is_open(record):
            return 0
        assert record.connection is not None  # As above.
        rows = list(
            _kept_rows(record.connection).filter(appointment=appointment).select_for_update(of=("self",))
        )
        for row in rows:
            _blank(row, now)
        if any(row.join_url for row in rows):
            story.tell(appointment, Happening.Kind.LINK_ERASED, at=now)
        deletions.count_rows(record, len(rows))
        appointment.refresh_from_db()
        if appointment.status == Appointment.Status.CANCELLED:
            # Its deletion, which had been given up, is off: nobody here can name it to Zoom any more.
            enqueue(owed.MEETING, appointment.pk, due=now)
        elif appointment.end > now:
            owed.meeting(appointment, now=now)
            owed.event_follows(appointment, now=now)
        return len(rows)


def _blank(row: Meeting, now: datetime) -> None:
    """A row that is history already keeps its date and its reason."""
    ends = (
        {}
        if row.state == Meeting.State.GONE
        else {"state": Meeting.State.GONE, "problem": LINK_ERASED, "problem_since": now, "changed_at": now}
    )
    Meeting.objects.filter(pk=row.pk).update(**_BLANK, **ends, fence=row.fence + 1)
