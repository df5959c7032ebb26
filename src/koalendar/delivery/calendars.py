"""Reads the calendars of an account: which there are, when those that block are busy, and our own events.

One outbox entry a connection, which comes due again by itself: soon while somebody looks at the host's pages,
else rarely, and at once when the provider tells of a change. What is read replaces the mirror whole. What
cannot be read stays as it was, and ages: slots count it for KOALENDAR_BUSY_MAX_AGE and not longer.
"""

import logging
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import CharField, Exists, Max, OuterRef
from django.db.models.functions import Cast

from koalendar.accounts.models import Host
from koalendar.booking import owed
from koalendar.booking.busy import FRESH
from koalendar.booking.connecting import read_list
from koalendar.booking.models import EventType
from koalendar.booking.models.appointment import LONGEST_HOLD
from koalendar.booking.openings import WINDOW_SPARE
from koalendar.booking.own_events import own_spans
from koalendar.connections import actions as connections
from koalendar.connections import calendars, channels, mirror
from koalendar.connections.models import Calendar, Connection
from koalendar.connections.provider import (
    Busy,
    CalendarProvider,
    Disconnected,
    Misconfigured,
    Reason,
    Rejected,
    Temporary,
)
from koalendar.connections.queries import with_calendars
from koalendar.delivery.event_look import see_own_events
from koalendar.delivery.outcomes import Done, Outcome, Retry, Wait, later, until_mended
from koalendar.delivery.trouble import tell_hosts
from koalendar.outbox import queue
from koalendar.outbox.models import Entry

log = logging.getLogger(__name__)

SELDOM = timedelta(minutes=20)
# So long after the last look at a host's pages they count as looked at.
LOOKED_AT = timedelta(minutes=15)
LIST_EVERY = timedelta(days=1)
SHORTEST_WINDOW = timedelta(days=60)
_A_DAY = timedelta(days=1)


def read_calendars(subject: str, *, now: datetime) -> Outcome:
    """Read the calendars of the connection with primary key `subject`, and say when to come again."""
    rows = Connection.objects.select_related("credential", "host")
    connection = rows.filter(pk=int(subject)).first()
    if connection is None or not connection.is_live:
        return Done()
    try:
        _read(connection, now)
    except Temporary as error:
        _note_trouble(connection, error.reason, now)
        return _later(connection, error, now)
    except Misconfigured as error:
        _note_trouble(connection, error.reason, now)
        return until_mended(error)
    except Disconnected:
        tell_hosts(connection.credential, now=now)
        return Done()
    except Rejected as error:
        _note_rights(connection, error, now)
        _note_trouble(connection, error.reason, now)
    else:
        connections.note_success(connection.credential, now)
        calendars.note_reading(connection, now)
    tell_hosts(connection.credential, now=now)
    return Wait(now + _pause(connection, now))


def _read(connection: Connection, now: datetime) -> None:
    # Bookings ask with the token that is there, so it has to last until the next visit.
    due = now + 2 * _pause(connection, now)
    connections.keep_at_hand(connection.credential, until=due, now=now)
    client = connections.open_calendars(connection.credential)
    is_due = connection.listed_at is None or connection.listed_at <= now - LIST_EVERY
    trouble = _read_list(connection, now) if is_due else None
    told = _read_busy(connection, client, now)
    are_there = see_own_events(connection, now=now)
    if Reason.NO_CALENDAR in told.values() or not are_there:
        trouble = _read_list(connection, now)
    channels.keep_up(connection, client, now=now)
    if trouble is not None:
        raise trouble


def _read_list(connection: Connection, now: datetime) -> Rejected | Temporary | None:
    """Why there is no list now, which is no reason not to read the calendars that are known. One that is
    refused is asked for again when it is due.
    """
    refusal: Rejected | None = None
    try:
        read_list(connection, now=now)
    except Temporary as error:
        return error
    except Rejected as error:
        refusal = error
    Connection.objects.filter(pk=connection.pk).update(listed_at=now)
    return refusal


# ── Busy times ──


def _read_busy(connection: Connection, client: CalendarProvider, now: datetime) -> Mapping[str, Busy]:
    """Keep what each calendar that blocks says of itself; one that does not say anything has a problem."""
    rows = list(_blocking(connection))
    begin, end = window_of(connection.host, now)
    told = client.busy([row.remote_id for row in rows], begin=begin, end=end) if rows else {}
    for row in rows:
        answer = told[row.remote_id]
        if isinstance(answer, Reason):
            mirror.note_problem([row], answer, asked_at=now, now=now)
            log.warning("calendar_unreadable", extra={"calendar": row.pk, "reason": str(answer)})
            continue
        minutes = mirror.flat(answer, without=own_spans(row, begin, end))
        mirror.keep(row, minutes, read_at=now, begin=begin, end=end)
    return told


def _blocking(connection: Connection) -> Iterable[Calendar]:
    return connection.calendars.filter(blocks=True, gone_at=None).select_related("connection").order_by("pk")


def window_of(host: Host, now: datetime) -> tuple[datetime, datetime]:
    """What slots of this host may need before it is read again: to the end of his farthest booking window, in
    any zone, with what an appointment there takes.
    """
    offered = EventType.objects.filter(event_type_hosts__host=host, active=True)
    days = offered.aggregate(days=Max("booking_window_days"))["days"] or 0
    reach = timedelta(days=days + WINDOW_SPARE) + LONGEST_HOLD
    return now - _A_DAY, now + max(reach, SHORTEST_WINDOW) + _A_DAY


# ── When it fails, and when to come again ──


def _note_trouble(connection: Connection, reason: Reason, now: datetime) -> None:
    """None of its calendars could be read; the host hears of it once that has lasted."""
    connections.note_failure(connection.credential, reason, now)
    mirror.note_problem(_blocking(connection), reason, asked_at=now, now=now)
    calendars.note_reading(connection, now)
    tell_hosts(connection.credential, now=now)


def _note_rights(connection: Connection, error: Rejected, now: datetime) -> None:
    if error.reason == Reason.MISSING_SCOPE:
        connections.note_missing_scope(connection.credential, error.scopes, now)


def _later(connection: Connection, error: Temporary, now: datetime) -> Outcome:
    """As for all passing trouble, but no later than usual: what is not read in time closes the pages."""
    outcome = later(error)
    if not isinstance(outcome, Retry) or outcome.after is not None:
        return outcome
    tried = Entry.objects.filter(kind=owed.CALENDARS, subject=str(connection.pk))
    attempts = tried.values_list("attempts", flat=True).first() or 0
    return Retry(outcome.problem, after=min(queue.backoff(attempts), _pause(connection, now)))


def _pause(connection: Connection, now: datetime) -> timedelta:
    asked_at = Connection.objects.filter(pk=connection.pk).values_list("asked_at", flat=True).first()
    is_looked_at = asked_at is not None and asked_at > now - LOOKED_AT
    most = timedelta(seconds=settings.KOALENDAR_BUSY_MAX_AGE) * 2 / 3
    return min(FRESH if is_looked_at else SELDOM, most)


def wake(*, now: datetime) -> int:
    """Owe the reading of each connection that has no entry due; gives how many."""
    entry = Entry.objects.filter(kind=owed.CALENDARS, subject=Cast(OuterRef("pk"), CharField()))
    asleep = with_calendars(Connection.objects.filter(~Exists(entry.filter(due_at__isnull=False))))
    found = list(asleep)
    for connection in found:
        owed.calendars(connection, now=now)
    return len(found)
