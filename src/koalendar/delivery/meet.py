"""The Google Meet of an appointment: a room that its calendar event brings along.

It is asked for with the event and made a little later. Its link is kept in a Meeting, as every link; of that
the uid names the request, which Google answers once: another room takes another Meeting.
"""

from dataclasses import asdict
from datetime import datetime, timedelta

from django.db import transaction

from koalendar.accounts.models import Host
from koalendar.booking import owed, story
from koalendar.booking.models import Appointment, CalendarCopy, Happening, Meeting
from koalendar.booking.problems import NO_ROOM
from koalendar.connections.provider import Conference, RemoteEvent
from koalendar.delivery.links import announce, lock_bookings
from koalendar.delivery.outcomes import Done, GiveUp, Outcome, Retry, Wait
from koalendar.delivery.records import record

State = Meeting.State
_A_MOMENT = timedelta(seconds=1)
_LONGEST_PAUSE = timedelta(hours=1)
# After so many rooms that Google failed to make the host has to look to it.
_MOST_REQUESTS = 4
_BLANK = {"remote_id": "", "join_url": "", "passcode": "", "dial_in": []}


def room_of(appointment: Appointment, host: Host) -> Meeting | None:
    """The room that is there or to be made with the event of this host; None for an event without one."""
    is_here = appointment.needs_meeting and owed.hosts_room(appointment, host)
    return appointment.meetings.exclude(state=State.GONE).first() if is_here else None


def request_of(room: Meeting) -> str:
    return room.uid.hex


def take(
    appointment: Appointment, room: Meeting, copy: CalendarCopy, event: RemoteEvent, *, now: datetime
) -> Outcome:
    """Store what the event says of its room, and tell whoever waits for the link."""
    match event.conference:
        case Conference.READY:
            _arrive(appointment, room, copy, event, now)
            return Done()
        case Conference.PENDING:
            if room.attempted_at is None:
                record(room, now, attempted_at=now)
            waited = now - (room.attempted_at or now)
            return Wait(now + min(max(_A_MOMENT, waited), _LONGEST_PAUSE))
    return _ask_again(appointment, room, now)


def _arrive(
    appointment: Appointment, room: Meeting, copy: CalendarCopy, event: RemoteEvent, now: datetime
) -> None:
    had_link = room.join_url
    if had_link == event.join_url:
        return
    with transaction.atomic():
        bookings = lock_bookings(appointment)
        record(
            room,
            now,
            state=State.PRESENT,
            credential=copy.credential,
            remote_id=event.conference_id[:32],
            join_url=event.join_url,
            passcode=event.passcode,
            dial_in=[asdict(number) for number in event.dial_in],
            problem="",
            problem_since=None,
        )
        kind = Happening.Kind.LINK_CHANGED if had_link or room.generation > 1 else Happening.Kind.MEETING_MADE
        story.tell(appointment, kind, at=now)
        announce(bookings, room, is_another=bool(had_link) or room.generation > 1, now=now)


def _ask_again(appointment: Appointment, room: Meeting, now: datetime) -> Outcome:
    """Google made no room, or somebody took it out of the event: another request, after a while."""
    with transaction.atomic():
        following = _replace(appointment, room, now)
        record(following, now, problem=NO_ROOM, problem_since=now)
    return Retry(NO_ROOM) if following.generation <= _MOST_REQUESTS else GiveUp(NO_ROOM)


def renew(appointment: Appointment, room: Meeting | None, *, now: datetime) -> None:
    """The event of this room is lost to us, and the room with it: another comes with the next event."""
    if room is not None:
        _replace(appointment, room, now)


def _replace(appointment: Appointment, room: Meeting, now: datetime) -> Meeting:
    record(room, now, state=State.GONE, **_BLANK)
    return owed.new_meeting(appointment, now=now)


def end(appointment: Appointment, *, problem: str, now: datetime) -> None:
    """The room has gone with its event."""
    if not appointment.at_meet:
        return
    for room in appointment.meetings.exclude(state=State.GONE):
        record(room, now, state=State.GONE, problem=problem, problem_since=now if problem else None, **_BLANK)
