"""See how an appointment's meeting is in Zoom, and keep what somebody did to it there.

Owed when Zoom tells us of a change, and about once a day for every meeting to come: free plans send no
notification of changes, sites may have no event subscription, and notifications get lost.

Nothing is set right here without the host. A meeting that was moved or deleted in Zoom is shown as that, the
host hears of it by mail, and he chooses. A new link is none of his choices: the old one is dead, so both
sides are told of it.
"""

import logging
from dataclasses import asdict
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from koalendar.booking import owed, story
from koalendar.booking.models import Appointment, Happening, Meeting
from koalendar.booking.problems import DELETED_THERE
from koalendar.connections import actions as connections
from koalendar.connections.provider import (
    Disconnected,
    Gone,
    Misconfigured,
    Reason,
    Rejected,
    RemoteMeeting,
    Temporary,
)
from koalendar.delivery.links import announce, lock_bookings
from koalendar.delivery.meeting import (
    State,
    credential_for,
    is_wanted,
    next_look,
    note_moved,
)
from koalendar.delivery.outcomes import Done, Outcome, Wait, later, until_mended
from koalendar.delivery.records import note_rights, record
from koalendar.delivery.trouble import tell_hosts

log = logging.getLogger(__name__)

_A_MOMENT = timedelta(seconds=1)


def look_at_meeting(subject: str, *, now: datetime) -> Outcome:
    """Look at the meeting of the appointment with primary key `subject`, until the appointment has ended.

    What Zoom says of a meeting after that is no news: it forgets ids 30 days after their date.
    """
    appointment = Appointment.objects.get(pk=int(subject))
    row = _row_of(appointment)
    if row is None or not is_wanted(appointment) or appointment.end <= now:
        return Done()
    ours = owed.entries_of([appointment]).get(appointment.pk)
    if ours is not None and ours.due_at is not None:
        return Wait(max(ours.due_at, now) + _A_MOMENT)  # A change of ours is under way, and looks by itself.
    if row.credential is None or credential_for(appointment, row) is None:
        return _again(appointment, now)
    try:
        there = connections.open_meetings(row.credential).read(row.remote_id)
    except Gone:
        _note_deleted(appointment, row, now)
    except Temporary as error:
        connections.note_failure(row.credential, error.reason, now)
        return later(error)
    except Rejected as error:
        connections.note_failure(row.credential, error.code, now)
        _note_refusal(appointment, row, error, now)
    except Disconnected:
        tell_hosts(row.credential, now=now)
    except Misconfigured as error:
        return until_mended(error)
    else:
        connections.note_success(row.credential, now)
        _note_present(appointment, row, there, now)
    return _again(appointment, now)


def _row_of(appointment: Appointment) -> Meeting | None:
    """The meeting that is there as far as we know, or that was until somebody deleted it in Zoom."""
    rows = appointment.meetings.select_related("credential").order_by("-generation")
    row: Meeting | None = rows.first()
    return row if row is not None and (row.state == State.PRESENT or row.was_deleted_there) else None


def _again(appointment: Appointment, now: datetime) -> Outcome:
    due = next_look(appointment, now=now)
    return Wait(due) if due < appointment.end else Done()


def _note_deleted(appointment: Appointment, row: Meeting, now: datetime) -> None:
    if row.was_deleted_there:
        return
    with transaction.atomic():
        record(
            row,
            now,
            state=State.GONE,
            join_url="",
            passcode="",
            dial_in=[],
            seen_start=None,
            seen_at=now,
            problem=DELETED_THERE,
            problem_since=now,
        )
        owed.seen_in_zoom(row, now=now)
        owed.event_follows(appointment, now=now)
        story.tell(appointment, Happening.Kind.DELETED_THERE, at=now)
    log.info("meeting_deleted_there", extra={"appointment": str(appointment.uid)})


def _note_present(appointment: Appointment, row: Meeting, there: RemoteMeeting, now: datetime) -> None:
    """Keep another link, or a meeting that was brought back; then see whether it was moved."""
    if row.was_deleted_there or row.join_url != there.join_url:
        with transaction.atomic():
            bookings = lock_bookings(appointment)
            had_link = row.join_url
            told = Happening.Kind
            kind = told.BROUGHT_BACK_THERE if row.was_deleted_there else told.LINK_CHANGED
            story.tell(appointment, kind, at=now)
            record(
                row,
                now,
                state=State.PRESENT,
                join_url=there.join_url,
                passcode=there.passcode,
                dial_in=[asdict(number) for number in there.dial_in],
                problem="",
                problem_since=None,
            )
            announce(bookings, row, is_another=bool(had_link), now=now)
            owed.event_follows(appointment, now=now)
        log.info("meeting_link_changed_there", extra={"appointment": str(appointment.uid)})
    note_moved(appointment, row, there, now)


def _note_refusal(appointment: Appointment, row: Meeting, error: Rejected, now: datetime) -> None:
    """The host's personal room must never be a booking's: a meeting that became it is set right at once."""
    note_rights(row, error, now)
    if error.reason != Reason.PERSONAL_ROOM:
        return
    with transaction.atomic():
        mine = Meeting.objects.filter(pk=row.pk, fence=row.fence, state=State.PRESENT)
        if mine.update(applied_hash="", told_start=None, fence=F("fence") + 1):
            owed.meeting(appointment, now=now)
