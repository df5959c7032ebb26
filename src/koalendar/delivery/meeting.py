"""Bring an appointment's Zoom meeting to where the appointment says: made, moved, or gone.

The step reads what is wanted now, compares, makes at most one change, and records it. It may run twice,
late, or after a crash at any line:

- `create_pending` is committed before the create is sent. From there on the provider is always asked
  first, by the marker, since it has no idempotency key: a create whose answer was lost is found and
  adopted, never repeated blindly. An empty look proves nothing at once; only two of them, late and far
  enough apart, allow a second create.
- A result is recorded only while this row is still in the state it was read in.
- What changed meanwhile (cancelled, moved) raised the entry's version, so the step runs again.
"""

import hashlib
import json
import logging
import random
from dataclasses import asdict, replace
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext, override

from koalendar.booking import owed, story
from koalendar.booking.languages import OF_HOSTS
from koalendar.booking.models import Appointment, Happening, Meeting
from koalendar.booking.problems import NOT_CONNECTED
from koalendar.connections import actions as connections
from koalendar.connections.models import Credential
from koalendar.connections.provider import (
    Disconnected,
    Gone,
    MeetingProvider,
    MeetingSpec,
    Misconfigured,
    ProviderError,
    Reason,
    Rejected,
    RemoteMeeting,
    Temporary,
    Uncertain,
)
from koalendar.connections.queries import connection_to
from koalendar.delivery.links import announce, lock_bookings
from koalendar.delivery.outcomes import Done, GiveUp, Outcome, Retry
from koalendar.delivery.records import note_problem, note_rights, note_trouble, record

log = logging.getLogger(__name__)

UNCERTAIN = "uncertain"
UNRESOLVED = "unresolved"
TIME_DIFFERS = "time_differs"
State = Meeting.State
# A little under a day: whatever nobody told us of is found within one.
LOOK_EVERY = timedelta(hours=23, minutes=30)
LAST_LOOK = timedelta(hours=1)


def sync_meeting(subject: str, *, now: datetime) -> Outcome:
    """Bring the meeting of the appointment with primary key `subject` to where it should be."""
    appointment = Appointment.objects.select_related("event_type__profile").get(pk=int(subject))
    row = appointment.meetings.exclude(state=State.GONE).select_related("credential").first()
    if row is None:
        return Done()
    try:
        return _make(appointment, row, now) if is_wanted(appointment) else _unmake(appointment, row, now)
    except (Temporary, Disconnected, Misconfigured) as error:
        return note_trouble(row, error, now)
    except Uncertain as error:
        note_problem(row, UNCERTAIN, now)
        connections.note_failure(row.credential, error.reason, now)
        return _look_again(row, now)
    except Rejected as error:
        if error.code != Reason.PAST_START:  # Refused by ourselves; Zoom was not asked.
            connections.note_failure(row.credential, error.code, now)
        # A create that is pending stays so, whatever else was refused: it must not be forgotten.
        note_problem(row, error.reason, now, state=State.BLOCKED if row.state == State.NEEDED else None)
        note_rights(row, error, now)
        if error.reason == Reason.PAST_START and appointment.end > now:
            return Retry(error.reason, after=timedelta(seconds=1))
        return GiveUp(error.reason)


def is_wanted(appointment: Appointment) -> bool:
    return appointment.at_zoom and appointment.status == Appointment.Status.CONFIRMED


# ── There shall be a meeting ──


def _make(appointment: Appointment, row: Meeting, now: datetime) -> Outcome:
    if appointment.end <= now:
        if row.state == State.PRESENT:
            return Done()
        note_problem(row, Reason.PAST_START, now)
        return GiveUp(Reason.PAST_START)
    credential = credential_for(appointment, row)
    if credential is None and _is_told(row) and _has_another_account(appointment, row):
        problem = UNRESOLVED if row.state == State.CREATE_PENDING else ""
        return _begin_again(appointment, row, problem, None, now)
    if credential is None:
        note_problem(row, NOT_CONNECTED, now)
        return GiveUp(NOT_CONNECTED)
    spec = spec_for(appointment, row.marker, now=now)
    zoom = connections.open_meetings(credential)
    if row.state == State.PRESENT:
        return _move(appointment, row, zoom, spec, now)
    if row.state == State.CREATE_PENDING:
        return _adopt(appointment, row, zoom, spec, now)
    return _create(appointment, row, credential, zoom, spec, now)


def _create(
    appointment: Appointment,
    row: Meeting,
    credential: Credential,
    zoom: MeetingProvider,
    spec: MeetingSpec,
    now: datetime,
) -> Outcome:
    """Commit that a create is about to leave, then let it leave."""
    record(row, now, state=State.CREATE_PENDING, credential=credential, attempted_at=now, looked_at=None)
    try:
        made = zoom.create(replace(spec, recording=credential.account_recording))
    except Uncertain:
        return _adopt(appointment, row, zoom, spec, now)
    except ProviderError:
        # Surely not made: the next try may create without looking.
        record(row, now, state=State.NEEDED, attempted_at=None)
        raise
    return _arrive(appointment, row, made, spec, now)


def _adopt(
    appointment: Appointment, row: Meeting, zoom: MeetingProvider, spec: MeetingSpec, now: datetime
) -> Outcome:
    """A create may have happened: look for its marker, and go on from what is there."""
    found = zoom.find(row.marker)
    if not found:
        if not _may_create_again(row, now):
            raise Uncertain(Reason.NO_ANSWER)
        credential = row.credential
        assert credential is not None  # A create is pending under an account.
        return _create(appointment, row, credential, zoom, spec, now)
    for spare in found[1:]:
        zoom.delete(spare.remote_id)
    try:
        adopted = zoom.update(found[0].remote_id, spec)
    except Gone as error:
        raise Uncertain(Reason.NO_ANSWER) from error
    except Rejected as error:
        if error.reason == Reason.PERSONAL_ROOM:
            zoom.delete(found[0].remote_id)
            record(row, now, state=State.NEEDED, attempted_at=None)
        raise
    return _arrive(appointment, row, adopted, spec, now)


def _may_create_again(row: Meeting, now: datetime) -> bool:
    """Only after two empty looks, the first late enough after the attempt, the second far enough after it.

    A list may lag behind a create. Zoom documents no bound; these waits are our own judgement.
    """
    assert row.attempted_at is not None  # A create is pending since then.
    if now - row.attempted_at < timedelta(seconds=settings.KOALENDAR_UNCERTAIN_WAIT):
        return False
    if row.looked_at is None:
        record(row, now, looked_at=now)
        return False
    return now - row.looked_at >= timedelta(seconds=settings.KOALENDAR_UNCERTAIN_GAP)


def _look_again(row: Meeting, now: datetime) -> Outcome:
    """When the next look can teach something: soon at first, and at the two instants that count."""
    assert row.attempted_at is not None
    waited = now - row.attempted_at
    if row.looked_at is not None:
        rest = row.looked_at + timedelta(seconds=settings.KOALENDAR_UNCERTAIN_GAP) - now
    else:
        rest = timedelta(seconds=settings.KOALENDAR_UNCERTAIN_WAIT) - waited
        rest = min(rest, max(waited, timedelta(seconds=settings.KOALENDAR_RETRY_BASE)))
    return Retry(UNCERTAIN, after=max(rest, timedelta(milliseconds=100)))


def _move(
    appointment: Appointment, row: Meeting, zoom: MeetingProvider, spec: MeetingSpec, now: datetime
) -> Outcome:
    if row.seen_start is not None:
        return Done()  # Moved by somebody in Zoom: nothing is told before the host has chosen.
    is_told = row.applied_hash == _hash(appointment)
    if is_told and not _is_out_of_sight(row):
        record(row, now, problem="", problem_since=None)
        return Done()
    try:
        # What was told already is only looked at: Zoom counts changes, a hundred a day. And where it is not
        # the time that has changed here, the time there is not ours to set back unasked.
        there = zoom.read(row.remote_id) if is_told or row.told_start == appointment.start else None
        if there is not None and note_moved(appointment, row, there, now):
            return Done()
        moved = there if is_told and there is not None else zoom.update(row.remote_id, spec)
    except Gone:
        # Deleted by hand, or expired: Zoom forgets a meeting 30 days after its date. A new one replaces
        # it with all its fields, and both sides get the new link.
        return _begin_again(appointment, row, "", Happening.Kind.DELETED_THERE, now)
    return _arrive(appointment, row, moved, spec, now)


def _is_out_of_sight(row: Meeting) -> bool:
    """Whether the account was connected again since we saw the meeting: it may be gone, or another."""
    since = row.credential.connected_at if row.credential is not None else None
    return since is not None and (row.looked_at is None or row.looked_at < since)


def _begin_again(
    appointment: Appointment, row: Meeting, problem: str, happened: Happening.Kind | None, now: datetime
) -> Outcome:
    """This meeting is lost to us: the next generation takes its place."""
    with transaction.atomic():
        record(row, now, state=State.GONE, join_url="", passcode="", dial_in=[], problem=problem)
        if happened is not None:
            story.tell(appointment, happened, at=now)
        owed.new_meeting(appointment, now=now)
    return sync_meeting(str(appointment.pk), now=now)


def _arrive(
    appointment: Appointment, row: Meeting, made: RemoteMeeting, spec: MeetingSpec, now: datetime
) -> Outcome:
    """Store what Zoom answered, and tell whoever waits for the link."""
    # Zoom says 204 to a change and may ignore it all the same; what it shows afterwards is what counts.
    is_applied = made.start in (None, spec.start, appointment.start)
    with transaction.atomic():
        bookings = lock_bookings(appointment)
        had_link, happened = row.join_url, _happened(row, spec, is_applied=is_applied)
        record(
            row,
            now,
            state=State.PRESENT,
            remote_id=made.remote_id,
            join_url=made.join_url,
            passcode=made.passcode,
            dial_in=[asdict(number) for number in made.dial_in],
            looked_at=now,
            applied_hash=_hash(appointment) if is_applied else "",
            told_start=spec.start if is_applied else None,
            seen_start=None,
            seen_at=None,
            problem="" if is_applied else TIME_DIFFERS,
            problem_since=None if is_applied else row.problem_since or now,
        )
        if happened is not None:
            story.tell(appointment, happened, at=now, start=made.start or spec.start)
        if had_link != made.join_url:
            announce(bookings, row, is_another=bool(had_link) or row.generation > 1, now=now)
            owed.event_follows(appointment, now=now)
        owed.look_later(row, due=first_look(appointment, now=now))
    assert row.credential is not None  # It has just answered.
    connections.note_success(row.credential, now)
    log.info("meeting_in_place", extra={"appointment": str(appointment.uid), "generation": row.generation})
    return Done() if is_applied else Retry(TIME_DIFFERS)


def _happened(row: Meeting, spec: MeetingSpec, *, is_applied: bool) -> Happening.Kind | None:
    """What an answer of Zoom's has brought about: that the meeting is there, or that its time is another."""
    if row.state != State.PRESENT:
        return Happening.Kind.MEETING_MADE
    return Happening.Kind.MEETING_MOVED if is_applied and row.told_start != spec.start else None


# ── What Zoom shows ──


def note_moved(appointment: Appointment, row: Meeting, there: RemoteMeeting, now: datetime) -> bool:
    """Note the start that Zoom shows, where it is not the one we told. Whether it is another one."""
    told = row.told_start or appointment.start
    seen = None if there.start in (None, told) else there.start
    if seen != row.seen_start:
        with transaction.atomic():
            record(row, now, seen_start=seen, seen_at=now if seen else None)
            if seen is not None:
                owed.seen_in_zoom(row, now=now)
            kind = Happening.Kind.MOVED_THERE if seen else Happening.Kind.MOVED_BACK_THERE
            story.tell(appointment, kind, at=now, start=seen)
        log.info(
            "meeting_moved_there", extra={"appointment": str(appointment.uid), "moved": seen is not None}
        )
    return seen is not None


def first_look(appointment: Appointment, *, now: datetime) -> datetime:
    """When to look at a meeting that is in place: some time within a day, so that not all are due at once."""
    return _before_start(appointment, now + LOOK_EVERY * random.uniform(0.1, 1), now=now)  # noqa: S311  Jitter is no secret.


def next_look(appointment: Appointment, *, now: datetime) -> datetime:
    return _before_start(appointment, now + LOOK_EVERY, now=now)


def _before_start(appointment: Appointment, due: datetime, *, now: datetime) -> datetime:
    """Not later than shortly before the start, while that is to come: the last moment to mend something."""
    last = appointment.start - LAST_LOOK
    return last if now < last < due else due


# ── There shall be none ──


def _unmake(appointment: Appointment, row: Meeting, now: datetime) -> Outcome:
    if not _is_told(row):
        record(row, now, state=State.GONE, problem="", problem_since=None)
        return Done()
    credential = credential_for(appointment, row)
    if credential is None:
        note_problem(row, NOT_CONNECTED, now)
        return GiveUp(NOT_CONNECTED)
    zoom = connections.open_meetings(credential)
    if row.state == State.CREATE_PENDING:
        found = zoom.find(row.marker)
        if not found and not _may_create_again(row, now):
            raise Uncertain(Reason.NO_ANSWER)
        for meeting in found:
            zoom.delete(meeting.remote_id)
    else:
        zoom.delete(row.remote_id)
    with transaction.atomic():
        record(
            row, now, state=State.GONE, join_url="", passcode="", dial_in=[], problem="", problem_since=None
        )
        story.tell(appointment, Happening.Kind.MEETING_REMOVED, at=now)
    connections.note_success(credential, now)
    log.info("meeting_removed", extra={"appointment": str(appointment.uid), "generation": row.generation})
    return Done()


# ── What is wanted, what is known ──


def _is_told(row: Meeting) -> bool:
    """Whether the provider may know of this meeting, so that only its own account can go on with it."""
    return row.state in (State.CREATE_PENDING, State.PRESENT) or bool(row.remote_id)


def credential_for(appointment: Appointment, row: Meeting) -> Credential | None:
    """The account to call: the one that knows the meeting, else the one that new meetings are made with.

    None if the host has no live connection to it, whoever else still has.
    """
    if not _is_told(row):
        chosen = owed.connection_for(appointment)
        return chosen.credential if chosen is not None and chosen.is_live else None
    assert row.credential is not None  # Whatever was told to an account knows which.
    for hold in appointment.holds.select_related("host"):
        if connection_to(hold.host, row.credential) is not None:
            return row.credential
    return None


def _has_another_account(appointment: Appointment, row: Meeting) -> bool:
    """Whether a new meeting can be made elsewhere, now that the account of this one is out of reach."""
    chosen = owed.connection_for(appointment)
    return chosen is not None and chosen.is_live and chosen.credential_id != row.credential_id


def spec_for(appointment: Appointment, marker: str, *, now: datetime) -> MeetingSpec:
    """The meeting as it should be. One that should have begun begins in a moment: Zoom takes no past time."""
    booking = appointment.bookings.order_by("-pk")[0]
    with override(OF_HOSTS):
        topic = gettext("%(title)s: %(invitee)s and %(host)s") % {
            "title": booking.snapshot["title"],
            "invitee": booking.invitee_name,
            "host": booking.snapshot["host"],
        }
    return MeetingSpec(
        marker=marker,
        topic=topic,
        agenda=booking.snapshot["description"],
        start=max(appointment.start, now.replace(second=0, microsecond=0) + timedelta(minutes=2)),
        zone=appointment.zone,
        duration=(appointment.end - appointment.start) // timedelta(minutes=1),
    )


def _hash(appointment: Appointment) -> str:
    """Tells whether the provider was told of the appointment as it is now, whatever the clock says."""
    spec = spec_for(appointment, "", now=appointment.start - timedelta(days=1))
    facts = [spec.topic, spec.agenda, spec.start.isoformat(), spec.zone, spec.duration]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()
