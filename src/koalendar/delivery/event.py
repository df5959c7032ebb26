"""Bring an appointment's event in a host's calendar to where the appointment says: made, changed, or gone.

The step reads what is wanted now, compares, makes at most one change, and records it. It may run twice,
late, or after a crash at any line:

- We choose the event's id, and commit it before the insert is sent. An insert whose answer was lost is
  repeated: the provider answers with the event that is there.
- A deletion that finds nothing after such an insert proves nothing at once: it is repeated when the insert
  can no longer be under way.
- Changes are made of the version that we know. Another one there is read first: what somebody changed in the
  calendar is left as it is, and its time is shown to the host.
- A result is recorded only while this row is still in the state it was read in.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from koalendar.booking import owed, story
from koalendar.booking.models import Appointment, Booking, CalendarCopy, Happening, Meeting
from koalendar.booking.problems import DELETED_THERE, NOT_CONNECTED
from koalendar.booking.queries import CopyState, Whereabouts, whereabouts
from koalendar.connections import actions as connections
from koalendar.connections.models import Calendar, Connection, Credential
from koalendar.connections.provider import (
    CalendarProvider,
    Changed,
    Disconnected,
    EventSpec,
    Gone,
    Misconfigured,
    ProviderError,
    Reason,
    Rejected,
    RemoteEvent,
    Temporary,
)
from koalendar.connections.queries import connection_to
from koalendar.delivery import meet
from koalendar.delivery.event_spec import event_id, fingerprint, spec_for
from koalendar.delivery.outcomes import Done, GiveUp, Outcome, Retry, Wait
from koalendar.delivery.records import note_problem, note_rights, note_trouble, record

log = logging.getLogger(__name__)

UNCERTAIN = "uncertain"
State = CalendarCopy.State
# How long an event waits for its link at first, so that mostly one call does.
_LINK_PATIENCE = timedelta(seconds=5)
_AT_ONCE = timedelta(milliseconds=100)
_A_MOMENT = timedelta(seconds=2)
_TRIES = 3
# The provider was not reached, or said at its door that it does nothing now.
_NOT_DONE = frozenset({Reason.UNREACHABLE, Reason.RATE_LIMITED, Reason.USAGE_LIMIT, Reason.REFRESH_BUSY})


@dataclass(frozen=True, slots=True)
class _Job:
    """One appointment and its event, with what the event has to say."""

    appointment: Appointment
    booking: Booking
    row: CalendarCopy
    place: Whereabouts
    room: Meeting | None
    now: datetime

    @property
    def spec(self) -> EventSpec:
        request = meet.request_of(self.room) if self.room is not None else ""
        return spec_for(self.appointment, self.booking, self.row, self.place, conference=request)

    @property
    def remote(self) -> tuple[str, str]:
        """Calendar and event, as the provider names them."""
        return self.row.remote_calendar_id, self.row.remote_id


def sync_event(subject: str, *, now: datetime) -> Outcome:
    """Bring the event of `subject`, "<appointment>/<host>" by their primary keys, to where it should be."""
    appointment_id, _, host_id = subject.partition("/")
    appointment = Appointment.objects.select_related("event_type__profile").get(pk=int(appointment_id))
    row = live_copy(appointment, int(host_id))
    if row is None:
        return Done()
    try:
        if appointment.status == Appointment.Status.CANCELLED:
            return _unmake(appointment, row, now)
        return _make(_job(appointment, row, now))
    except (Temporary, Disconnected, Misconfigured) as error:
        return note_trouble(row, error, now)
    except Rejected as error:
        note_problem(row, error.reason, now)
        connections.note_failure(row.credential, error.code, now)
        note_rights(row, error, now)
        if error.code in (Reason.NO_CALENDAR, Reason.FORBIDDEN) and row.calendar is not None:
            # By its list the host is told, and may choose another.
            owed.list_changed(row.calendar.connection, now=now)
        return GiveUp(error.reason)


def live_copy(appointment: Appointment, host_id: int) -> CalendarCopy | None:
    """The event that is there, or is to be, in this host's calendar."""
    rows = appointment.calendar_copies.exclude(state=State.GONE).filter(host=host_id)
    return rows.select_related("credential", "calendar__connection", "host").first()


def _job(appointment: Appointment, row: CalendarCopy, now: datetime) -> _Job:
    booking = appointment.bookings.order_by("-pk")[0]
    booking.appointment = appointment
    room = meet.room_of(appointment, row.host)
    return _Job(appointment, booking, row, whereabouts(booking, now=now), room, now)


# ── There shall be an event ──


def _make(job: _Job) -> Outcome:
    row, now = job.row, job.now
    until = _time_of_link(job) or _time_of_look(job)
    if until is not None:
        return Wait(until)
    if row.calendar is not None and row.calendar.gone_at is not None:
        with transaction.atomic():
            _let_go(row, Reason.NO_CALENDAR, now)
            meet.renew(job.appointment, job.room, now=now)
        job = _job(job.appointment, row, now)
    if row.state not in _TOLD:
        return _make_anew(job)
    credential = _reachable(row)
    if credential is None:
        return _make_elsewhere(job)
    google = connections.open_calendars(credential)
    if row.state == State.PRESENT:
        return _change(job, google)
    assert row.calendar is not None or row.remote_calendar_id  # An insert has left for a calendar.
    return _insert(job, google, may_be_there=True)


_TOLD = (State.INSERT_PENDING, State.PRESENT)


def _time_of_link(job: _Job) -> datetime | None:
    """When to look again for the link, while it may come soon; None if there is nothing to wait for.

    What Google mails to the invitee shall have the link, so it waits nearly as long as a confirmation of
    ours, which waits for Google in turn.
    """
    if not (job.appointment.at_zoom and job.appointment.needs_meeting) or job.place.join_url:
        return None
    if job.place.state is not CopyState.PENDING or job.place.waits_for_host:
        return None
    patience = _LINK_PATIENCE
    if job.row.is_inviting:
        patience = timedelta(seconds=settings.KOALENDAR_LINK_WAIT) * 0.9
    until = max(job.row.created_at, job.booking.changed_at) + patience
    return until if job.now < until else None


def _time_of_look(job: _Job) -> datetime | None:
    """When to look again, while the account of its calendar is still asked about the time of this one.

    Google merges what it says of busy times, so that behind an event of ours no other one could be seen.
    """
    if job.row.state in _TOLD:
        return None
    calendar = owed.calendar_for(job.appointment, job.row.host)
    if calendar is None or not calendar.connection.is_live:
        return None
    is_asked = owed.is_looked_for(job.appointment, calendar.connection.credential_id)
    return job.now + _A_MOMENT if is_asked else None


def _let_go(row: CalendarCopy, problem: str, now: datetime) -> None:
    """The event is beyond our reach: nothing there is ours to change any more, and another may be made."""
    record(
        row,
        now,
        state=State.BLOCKED,
        credential=None,
        calendar=None,
        remote_calendar_id="",
        remote_id="",
        etag="",
        web_url="",
        applied_hash="",
        attempted_at=None,
        told_start=None,
        told_end=None,
        seen_start=None,
        seen_end=None,
        seen_at=None,
        problem=problem,
        problem_since=now,
    )


def _reachable(row: CalendarCopy) -> Credential | None:
    """The account that knows the event, if its host still has a connection to it that works."""
    if row.credential is None or connection_to(row.host, row.credential) is None:
        return None
    return row.credential


def _make_anew(job: _Job) -> Outcome:
    """Nobody was told of this event yet: make it where bookings of this host go now."""
    row, now = job.row, job.now
    calendar = owed.calendar_for(job.appointment, row.host)
    was_told = row.attempted_at is not None  # Before its account was forgotten: our id may be in use.
    if calendar is None and not was_told and job.room is None and not _awaits_calendar(row):
        _end(row, now)  # The host wants his bookings in no calendar any more.
        return Done()
    if calendar is None or not calendar.connection.is_live:
        problem = row.problem if row.problem in _MENDED_BY_HOST else NOT_CONNECTED
        note_problem(row, problem, now, state=State.BLOCKED)
        return GiveUp(problem)
    spec = job.spec
    record(
        row,
        now,
        state=State.INSERT_PENDING,
        credential=calendar.connection.credential,
        calendar=calendar,
        remote_calendar_id=calendar.remote_id,
        remote_id=event_id(row),
        attempted_at=now,
        applied_hash="" if was_told else fingerprint(spec),
        told_start=spec.start,
        told_end=spec.end,
    )
    google = connections.open_calendars(calendar.connection.credential)
    return _insert(job, google, may_be_there=False)


def _awaits_calendar(row: CalendarCopy) -> bool:
    """Whether the host has chosen a calendar that cannot be written now, or was to choose another."""
    chosen = Calendar.objects.filter(host=row.host, is_target=True)
    is_chosen = chosen.exclude(connection__state=Connection.State.REVOKED).exists()
    return is_chosen or row.problem == Reason.NO_CALENDAR


_MENDED_BY_HOST = (Reason.NO_CALENDAR, Reason.MISSING_SCOPE)


def _make_elsewhere(job: _Job) -> Outcome:
    """The account that knows the event is out of reach; with another one, a new event is made there."""
    calendar = owed.calendar_for(job.appointment, job.row.host)
    is_other = calendar is not None and calendar.connection.credential_id != job.row.credential_id
    if calendar is None or not is_other or not calendar.connection.is_live:
        note_problem(job.row, NOT_CONNECTED, job.now)
        return GiveUp(NOT_CONNECTED)
    return _begin_again(job, problem="", happened=None)


def _insert(job: _Job, google: CalendarProvider, *, may_be_there: bool) -> Outcome:
    """Make the event, or take over the one that an earlier insert made although its answer was lost."""
    row, now, spec = job.row, job.now, job.spec
    if may_be_there:
        record(row, now, attempted_at=now)
    try:
        made = google.insert_event(*job.remote, spec)
        if row.applied_hash != fingerprint(spec):
            # Which of our inserts has made it is not known, nor therefore what it says.
            made = google.change_event(*job.remote, spec, etag=made.etag, keeps_time=False)
    except Gone:
        return _begin_again(job, problem="", happened=None)
    except Changed as error:
        raise Temporary(Reason.CHANGED) from error
    except ProviderError as error:
        if not may_be_there and _is_surely_not_made(error):
            record(row, now, state=_state_after(error), remote_id="", attempted_at=None, applied_hash="")
        raise
    return _arrive(job, made, spec)


def _is_surely_not_made(error: ProviderError) -> bool:
    return not isinstance(error, Temporary) or error.reason in _NOT_DONE


def _state_after(error: ProviderError) -> CalendarCopy.State:
    return State.BLOCKED if isinstance(error, Rejected) else State.NEEDED


def _change(job: _Job, google: CalendarProvider) -> Outcome:
    row, now, spec = job.row, job.now, job.spec
    if row.seen_at is not None:
        return _see_room(job, google)  # Moved by somebody there: nothing is told before the host has chosen.
    if row.applied_hash == fingerprint(spec):
        return _see_room(job, google)
    keeps_time = (row.told_start, row.told_end) == (spec.start, spec.end)
    etag = row.etag
    for _try in range(_TRIES):
        try:
            changed = google.change_event(*job.remote, spec, etag=etag, keeps_time=keeps_time)
        except Changed:
            there = _read(job, google)
            if there is None:
                return _was_deleted(job, keeps_time=keeps_time)
            if keeps_time and note_moved(job.appointment, row, there, now):
                return Done()
            etag = there.etag
        except Gone:
            return _was_deleted(job, keeps_time=keeps_time)
        else:
            return _arrive(job, changed, spec)
    raise Temporary(Reason.CHANGED)


def _see_room(job: _Job, google: CalendarProvider) -> Outcome:
    """All is told; but a room that was asked for may still be being made."""
    record(job.row, job.now, problem="", problem_since=None)
    if job.room is None or job.room.state == Meeting.State.PRESENT:
        return Done()
    there = _read(job, google)
    if there is None:
        return _was_deleted(job, keeps_time=True)
    return _take_room(job, there)


def _take_room(job: _Job, event: RemoteEvent) -> Outcome:
    if job.room is None:
        return Done()
    return meet.take(job.appointment, job.room, job.row, event, now=job.now)


def _read(job: _Job, google: CalendarProvider) -> RemoteEvent | None:
    try:
        return google.read_event(*job.remote)
    except Gone:
        return None


def _was_deleted(job: _Job, *, keeps_time: bool) -> Outcome:
    """Somebody deleted the event. A new time is a newer word and makes it anew; else the host is asked."""
    if not keeps_time:
        return _begin_again(job, problem="", happened=Happening.Kind.EVENT_DELETED_THERE)
    note_deleted(job.appointment, job.row, job.now)
    return Done()


def _begin_again(job: _Job, *, problem: str, happened: Happening.Kind | None) -> Outcome:
    """This event is lost to us: the next generation takes its place, ever more slowly if that goes on."""
    with transaction.atomic():
        record(job.row, job.now, state=State.GONE, etag="", web_url="", problem=problem, problem_since=None)
        meet.renew(job.appointment, job.room, now=job.now)
        if happened is not None:
            story.tell(job.appointment, happened, at=job.now)
        following = owed.next_copy(job.appointment, job.row.host, now=job.now)
    return Retry(Reason.GONE, after=_AT_ONCE if following.generation <= _TRIES else None)


def _arrive(job: _Job, event: RemoteEvent, spec: EventSpec) -> Outcome:
    """Store what the calendar shows now; another time than ours there was given by somebody there."""
    appointment, row, now = job.appointment, job.row, job.now
    with transaction.atomic():
        happened = _happened(row, spec)
        record(
            row,
            now,
            state=State.PRESENT,
            etag=event.etag,
            web_url=event.web_url,
            applied_hash=fingerprint(spec),
            looked_at=now,
            told_start=spec.start,
            told_end=spec.end,
            seen_start=None,
            seen_end=None,
            seen_at=None,
            problem="",
            problem_since=None,
        )
        if happened is not None:
            story.tell(appointment, happened, at=now, start=spec.start)
        note_moved(appointment, row, event, now)
        _read_busy_again(row, now)
        if row.is_inviting:
            owed.hasten_mails(job.booking, now=now)  # They say that Google invites.
    assert row.credential is not None  # It has just answered.
    connections.note_success(row.credential, now)
    log.info("event_in_place", extra={"appointment": str(appointment.uid), "generation": row.generation})
    return _take_room(job, event)


def _happened(row: CalendarCopy, spec: EventSpec) -> Happening.Kind | None:
    if row.state != State.PRESENT:
        return Happening.Kind.EVENT_MADE
    is_moved = (row.told_start, row.told_end) != (spec.start, spec.end)
    return Happening.Kind.EVENT_MOVED if is_moved else None


def _read_busy_again(row: CalendarCopy, now: datetime) -> None:
    """Busy times with an event of ours among them are other ones now."""
    if row.calendar is not None and row.calendar.blocks:
        owed.calendars_changed(row.calendar.connection, now=now)


# ── What the calendar shows ──


def note_moved(appointment: Appointment, row: CalendarCopy, there: RemoteEvent, now: datetime) -> bool:
    """Note the time that the calendar shows, where it is not the one we told. Whether it is another one.

    The length there is the host's own affair.
    """
    is_moved = there.start is not None and there.start != row.told_start
    seen = (there.start, there.end) if is_moved else (None, None)
    if seen != (row.seen_start, row.seen_end):
        with transaction.atomic():
            record(
                row,
                now,
                seen_start=seen[0],
                seen_end=seen[1],
                seen_at=now if is_moved else None,
                etag=there.etag,
            )
            if is_moved:
                owed.seen_in_calendar(row, now=now)
            kind = Happening.Kind
            story.tell(
                appointment,
                kind.EVENT_MOVED_THERE if is_moved else kind.EVENT_MOVED_BACK_THERE,
                at=now,
                start=seen[0],
            )
        log.info("event_moved_there", extra={"appointment": str(appointment.uid), "moved": is_moved})
    return is_moved


def note_deleted(appointment: Appointment, row: CalendarCopy, now: datetime) -> None:
    """Somebody deleted the event there: it is not made again unasked."""
    with transaction.atomic():
        record(
            row,
            now,
            state=State.GONE,
            etag="",
            web_url="",
            seen_start=None,
            seen_end=None,
            seen_at=now,
            problem=DELETED_THERE,
            problem_since=now,
        )
        meet.end(appointment, problem=DELETED_THERE, now=now)
        owed.seen_in_calendar(row, now=now)
        story.tell(appointment, Happening.Kind.EVENT_DELETED_THERE, at=now)
    log.info("event_deleted_there", extra={"appointment": str(appointment.uid)})


# ── There shall be none ──


def _unmake(appointment: Appointment, row: CalendarCopy, now: datetime) -> Outcome:
    if row.state not in _TOLD or (row.calendar is not None and row.calendar.gone_at is not None):
        with transaction.atomic():
            _end(row, now)
            meet.end(appointment, problem="", now=now)
        return Done()
    credential = _reachable(row)
    if credential is None:
        note_problem(row, NOT_CONNECTED, now)
        return GiveUp(NOT_CONNECTED)
    google = connections.open_calendars(credential)
    was_there = google.delete_event(row.remote_calendar_id, row.remote_id, tells_invitees=row.is_inviting)
    if row.state == State.INSERT_PENDING and not was_there:
        assert row.attempted_at is not None  # An insert has left then, and may be on its way.
        rest = row.attempted_at + timedelta(seconds=settings.KOALENDAR_UNCERTAIN_WAIT) - now
        if rest > timedelta():
            note_problem(row, UNCERTAIN, now)
            return Retry(UNCERTAIN, after=rest)
    with transaction.atomic():
        _end(row, now)
        meet.end(appointment, problem="", now=now)
        if was_there:
            story.tell(appointment, Happening.Kind.EVENT_REMOVED, at=now)
        _read_busy_again(row, now)
    connections.note_success(credential, now)
    log.info("event_removed", extra={"appointment": str(appointment.uid), "generation": row.generation})
    return Done()


def _end(row: CalendarCopy, now: datetime) -> None:
    record(row, now, state=State.GONE, etag="", web_url="", problem="", problem_since=None)
