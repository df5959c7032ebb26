"""Looks for a conflict behind a booking that was taken while a calendar did not answer.

The booking stands whatever is found. The host is told once, and decides.
"""

import logging
from datetime import datetime

from django.db import transaction

from koalendar.booking import owed, story
from koalendar.booking.models import Appointment, Happening
from koalendar.booking.own_events import own_spans
from koalendar.connections import actions as connections
from koalendar.connections import mirror
from koalendar.connections.calendars import is_ignored
from koalendar.connections.models import Calendar, Connection, Credential
from koalendar.connections.provider import Disconnected, Misconfigured, Reason, Rejected, Temporary
from koalendar.delivery.outcomes import Done, Outcome, Retry, later, until_mended
from koalendar.delivery.trouble import tell_hosts

log = logging.getLogger(__name__)


def look_for_conflict(subject: str, *, now: datetime) -> Outcome:
    """Ask the calendars of one account about the time of an appointment, until it has answered or the
    appointment is over. One that does not let us ask is asked once it is connected again.

    `subject` is "<appointment>/<credential>", by their primary keys.
    """
    appointment_id, _, credential_id = subject.partition("/")
    appointment = Appointment.objects.get(pk=int(appointment_id))
    if appointment.status == Appointment.Status.CANCELLED or appointment.end <= now:
        return Done()
    rows = _asked(appointment, int(credential_id))
    if not rows:
        return Done()
    credential = rows[0].connection.credential
    try:
        if _is_busy(appointment, credential, rows, now):
            _tell(appointment, now)
    except Temporary as error:
        connections.note_failure(credential, error.reason, now)
        return later(error)
    except Misconfigured as error:
        return until_mended(error)
    except Disconnected as error:
        tell_hosts(credential, now=now)
        return Retry(error.reason)
    except Rejected as error:
        connections.note_failure(credential, error.reason, now)
    return Done()


def _asked(appointment: Appointment, credential_id: int) -> list[Calendar]:
    """The calendars of this account that block its hosts' time, as of now."""
    used = Calendar.objects.exclude(connection__state=Connection.State.REVOKED)
    rows = used.filter(
        blocks=True, gone_at=None, host__in=appointment.hosts, connection__credential=credential_id
    )
    ordered = rows.select_related("connection__credential").order_by("pk")
    return [row for row in ordered if not is_ignored(row)]


def _is_busy(appointment: Appointment, credential: Credential, rows: list[Calendar], now: datetime) -> bool:
    """Whether one of these calendars has something at that time which is not ours. Raises Temporary if one
    that says nothing might."""
    if not rows[0].connection.is_live:
        raise Disconnected(Reason.AUTHORIZATION_REFUSED)
    begin, end = appointment.start, appointment.end
    names = list(dict.fromkeys(row.remote_id for row in rows))
    told = connections.open_calendars(credential).busy(names, begin=begin, end=end)
    connections.note_success(credential, now)
    unknown = [answer for answer in told.values() if isinstance(answer, Reason)]
    for row in rows:
        answer = told[row.remote_id]
        if not isinstance(answer, Reason) and mirror.flat(answer, without=own_spans(row, begin, end)):
            return True
    if unknown:
        raise Temporary(unknown[0])
    return False


def _tell(appointment: Appointment, now: datetime) -> None:
    with transaction.atomic():
        if owed.conflict_found(appointment, now=now):
            story.tell(appointment, Happening.Kind.CONFLICT, at=now, start=appointment.start)
    log.info("conflict_found", extra={"appointment": str(appointment.uid)})
