"""Book, answer a request, reschedule, cancel. Each judges, changes rows in one transaction, and writes down
what is owed.

Locks are always taken in one order: the hosts by id, then the booking. On PostgreSQL they are row locks;
SQLite has one writer at a time from BEGIN on. Nothing here waits for the outside.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import DatabaseError, IntegrityError, OperationalError, transaction
from django.db.models import F, Q, QuerySet

from koalendar.accounts.models import Host
from koalendar.booking import owed, story
from koalendar.booking.busy import NO_LOOK, Look
from koalendar.booking.errors import KeyReused, OtherThere, OutsideRules, SlotTaken, WrongState
from koalendar.booking.guards import OVERLAP
from koalendar.booking.models import (
    Appointment,
    Booking,
    CalendarCopy,
    EventType,
    EventTypeHost,
    Happening,
    Hold,
    Idempotency,
    Meeting,
    Message,
)
from koalendar.booking.openings import minute_of, openings
from koalendar.booking.problems import DELETED_THERE
from koalendar.booking.queries import waits_for_connection
from koalendar.connections.models import Connection, Credential
from koalendar.connections.queries import with_calendars
from koalendar.scheduling.zones import to_minutes

# What PostgreSQL says when another transaction was faster: exclusion violated, deadlock, serialisation
# failure (https://www.postgresql.org/docs/15/errcodes-appendix.html).
_LOST_RACES = frozenset({"23P01", "40P01", "40001"})
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Invitee:
    """Who books: `zone` is an IANA name that is known, `locale` a language tag."""

    name: str
    email: str
    zone: str
    locale: str = "en"


@dataclass(frozen=True, slots=True)
class Wish:
    """What an invitee asks for, already checked for form: `duration` in minutes, `start` aware.

    `answers` are texts (or lists of texts) by question code; `guests` are e-mail addresses.
    """

    start: datetime
    duration: int
    invitee: Invitee
    location: Mapping[str, Any]
    answers: Mapping[str, Any] = field(default_factory=dict)
    guests: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class OnceOnly:
    """Marks a request, so that the same one sent twice is answered once. The hash is of what it asks for."""

    caller: str
    key: str
    request_hash: str


def book(
    event_type: EventType,
    wish: Wish,
    *,
    now: datetime,
    once: OnceOnly | None = None,
    by: Booking.By = Booking.By.INVITEE,
    seen: Look = NO_LOOK,
) -> Booking:
    """Agree the time with the hosts of `event_type` and owe its meeting, mails and reminders.

    Where the event type requires confirmation the time is held and the host is asked; nothing else is owed
    yet but the end of the request. A host who books for the invitee has agreed already, and the notice that
    he asks of others does not hold him up. `seen` is what `looking.look` has found of this very time; where a
    calendar did not answer, its mirror decides, and a conflict is looked for afterwards.

    Raises SlotTaken, OutsideRules, TooManyMails or KeyReused, and then nothing has changed. A request that
    `once` has seen gives the booking that it made.
    """
    with _one_winner(), transaction.atomic():
        hosts = {host.pk: host for host in lock_hosts(event_type)}
        if once is not None and (made := _made_before(once)) is not None:
            return made
        _expire_overdue(hosts, now=now)
        takes = _judge(event_type, wish.start, wish.duration, now=now, by=by, seen=seen)
        owed.judge_mail([wish.invitee.email, *wish.guests], now=now)
        is_request = event_type.requires_confirmation and by != Booking.By.HOST
        appointment = _agree(event_type, wish, takes, is_request=is_request)
        appointment.hosts, appointment.seats = [hosts[seat.host_id] for seat in takes], list(takes)
        booking = _seat(appointment, wish, now=now, by=by)
        _doubt(appointment, seen, now=now)
        owed.first_events(appointment, now=now)
        if once is not None:
            Idempotency.objects.create(
                caller=once.caller,
                key=once.key,
                request_hash=once.request_hash,
                booking=booking,
                created_at=now,
            )
        if is_request:
            _ask(booking, Message.Kind.REQUESTED, owed.facts_of(booking), now=now)
        else:
            owed.agreed(booking, owed.facts_of(booking), now=now)
        return booking


def confirm(booking: Booking, *, now: datetime) -> Booking:
    """Agree to a request, and owe its meeting, mails and reminders. A confirmed booking stays as it is.

    Raises WrongState; `expired` for a request that is overdue, whether or not that has been noted.
    """
    with transaction.atomic():
        booking = _locked(booking)
        if booking.status == Booking.Status.CONFIRMED:
            return booking
        _judge_answer(booking, now=now)
        appointment = booking.appointment
        booking.status, booking.sequence = Booking.Status.CONFIRMED, booking.sequence + 1
        booking.changed_at = now
        booking.save(update_fields=["status", "sequence", "changed_at"])
        appointment.status, appointment.revision = Appointment.Status.CONFIRMED, appointment.revision + 1
        appointment.save(update_fields=["status", "revision"])
        owed.silence(booking)
        owed.invite_by_mail_without_google(appointment)
        owed.agreed(booking, owed.facts_of(booking) | {"by": Booking.By.HOST}, now=now)
        owed.event(appointment, now=now)
        return booking


def decline(booking: Booking, *, now: datetime, reason: str = "") -> Booking:
    """Refuse a request, free its time and tell both sides. A declined one stays as it is.

    Raises WrongState; `expired` for a request that is overdue, whether or not that has been noted.
    """
    with transaction.atomic():
        booking = _locked(booking)
        if booking.status == Booking.Status.DECLINED:
            return booking
        _judge_answer(booking, now=now)
        facts = owed.facts_of(booking) | {"by": Booking.By.HOST, "reason": reason}
        _end(booking, Booking.Status.DECLINED, now=now, reason=reason)
        owed.mails(booking, Message.Kind.DECLINED, facts, now=now)
        return booking


def expire(booking: Booking, *, now: datetime) -> Booking:
    """End a request that nobody answered in time, free its time and tell both sides.

    Whatever else the booking is by now stays as it is.
    """
    with transaction.atomic():
        booking = _locked(booking)
        if booking.status == Booking.Status.PENDING and booking.status_at(now) == Booking.Status.EXPIRED:
            _lapse(booking, now=now)
        return booking


def reschedule(
    booking: Booking,
    *,
    start: datetime,
    by: Booking.By,
    now: datetime,
    reason: str = "",
    seen: Look = NO_LOOK,
) -> Booking:
    """Move the booking, its holds and its meeting to `start`. The same start again changes nothing.

    A request stays one: the host is asked anew, with as much time to answer as at first. `seen` is as for
    `book`.

    Raises SlotTaken or OutsideRules (the slot rules; `cutoff` for an invitee who is too late), or WrongState.
    """
    with _one_winner(), transaction.atomic():
        booking = _locked(booking)
        appointment = booking.appointment
        _judge_change(booking, by=by, now=now)
        if appointment.start == start:
            return booking
        _expire_overdue([host.pk for host in appointment.hosts], now=now)
        length = appointment.end - appointment.start
        minutes = length // timedelta(minutes=1)
        _judge(appointment.event_type, start, minutes, now=now, without=appointment, seen=seen)
        _move_to(booking, start, by=by, now=now, reason=reason)
        _doubt(appointment, seen, now=now)
        return booking


def follow(booking: Booking, *, start: datetime, now: datetime) -> Booking:
    """Reschedule to the time that the host gave the meeting in Zoom, or the event in his calendar, which was
    shown to him as `start`. A length that he gave it there is not taken over.

    It is his own change, so his own rules (hours, notice, window, limits) do not hold it up; what else he has
    booked does. Raises SlotTaken, WrongState, OutsideRules(`notice`) for a time that has passed, or
    OtherThere.
    """
    with _one_winner(), transaction.atomic():
        booking = _locked(booking)
        appointment = booking.appointment
        _judge_change(booking, by=Booking.By.HOST, now=now)
        if not _is_seen(appointment, start):
            raise OtherThere
        begin = start.replace(second=0, microsecond=0)
        if begin <= now:
            raise OutsideRules("notice")
        _judge_holds(appointment, begin)
        _move_to(booking, begin, by=Booking.By.HOST, now=now, reason="")
        return booking


def restore_in_zoom(booking: Booking, *, now: datetime) -> None:
    """Give the meeting the booked time again, whatever somebody did to it in Zoom."""
    with transaction.atomic():
        booking = _locked(booking)
        _judge_change(booking, by=Booking.By.HOST, now=now)
        _forget_seen_in_zoom(booking.appointment)
        owed.meeting(booking.appointment, now=now)


def restore_in_calendar(booking: Booking, *, now: datetime) -> None:
    """Give the calendar event the booked time again, or put it back where somebody deleted it."""
    with transaction.atomic():
        booking = _locked(booking)
        _judge_change(booking, by=Booking.By.HOST, now=now)
        _forget_seen_in_calendar(booking.appointment)
        if booking.appointment.at_meet:
            owed.meeting(booking.appointment, now=now)  # The room went with the event that was deleted.
        owed.event(booking.appointment, now=now)


def remake_meeting(booking: Booking, *, now: datetime, gone: str = "") -> None:
    """Make a new meeting, and a new link for both sides, for one that somebody deleted in Zoom.

    `gone` is the provider's id of a meeting that was just found missing; without it that is known already.
    """
    with transaction.atomic():
        booking = _locked(booking)
        _judge_change(booking, by=Booking.By.HOST, now=now)
        present = booking.appointment.meetings.filter(state=Meeting.State.PRESENT, remote_id=gone)
        lost = present.exclude(remote_id="").update(
            state=Meeting.State.GONE,
            join_url="",
            passcode="",
            dial_in=[],
            problem=DELETED_THERE,
            problem_since=now,
            seen_start=None,
            seen_at=now,
            changed_at=now,
            fence=F("fence") + 1,
        )
        if lost:
            story.tell(booking.appointment, Happening.Kind.DELETED_THERE, at=now)
            owed.event_follows(booking.appointment, now=now)
        owed.meeting(booking.appointment, now=now)


def cancel(booking: Booking, *, by: Booking.By, now: datetime, reason: str = "") -> Booking:
    """End the booking, free its time and owe the deletion of its meeting. A cancelled one stays as it is.

    Raises OutsideRules(`cutoff`) for an invitee who is too late, or WrongState.
    """
    with transaction.atomic():
        booking = _locked(booking)
        if booking.status == Booking.Status.CANCELLED:
            return booking
        _judge_change(booking, by=by, now=now)
        facts = owed.facts_of(booking) | {"by": by, "reason": reason}
        booking.cancelled_at, booking.cancelled_by = now, by
        booking.save(update_fields=["cancelled_at", "cancelled_by"])
        _end(booking, Booking.Status.CANCELLED, now=now, reason=reason)
        owed.mails(booking, Message.Kind.CANCELLED, facts, now=now)
        return booking


def retry_copies(booking: Booking, *, now: datetime) -> None:
    """Try the outside copies and unsent mails of this booking again now, whatever wait was set.

    Meeting and calendar event are told and read anew even if they should be up to date: somebody may have
    deleted them there. What was moved there stays where it is until the host has chosen.
    """
    with transaction.atomic():
        booking = _locked(booking)
        present = booking.appointment.meetings.filter(state=Meeting.State.PRESENT)
        present.filter(seen_start=None).update(applied_hash="", fence=F("fence") + 1)
        events = booking.appointment.calendar_copies.filter(state=CalendarCopy.State.PRESENT)
        events.filter(seen_at=None).update(applied_hash="", fence=F("fence") + 1)
        owed.meeting(booking.appointment, now=now)
        owed.event(booking.appointment, now=now)
        owed.send_again(booking, now=now)


def owe_meetings(host: Host, *, now: datetime) -> int:
    """A connection of `host` works again: owe what coming appointments need, and what cancelled ones left.

    That concerns every host who uses the same accounts, since their tokens came back with it. Calendar events
    are owed alike. Returns how many meetings are owed.
    """
    accounts = Credential.objects.filter(connections__host=host, connections__state__in=Connection.LIVE)
    with transaction.atomic():
        many = sum(_owe_copies_of(account, now) for account in accounts.distinct().order_by("pk"))
        for account in accounts:
            owed.care(account, now=now)
            owed.conflicts_soon(account, now=now)
        for connection in with_calendars(Connection.objects.filter(credential__in=accounts)):
            owed.calendars(connection, now=now)
    return many


def owe_what_waited(credential: Credential, *, now: datetime) -> int:
    """As `owe_meetings`, for an account that works, where something still waits for that.

    Nothing does, unless the program ended between connecting and owing.
    """
    unseen = Q(looked_at=None) | Q(looked_at__lt=credential.connected_at or _LONG_AGO)
    present = Meeting.objects.filter(unseen, credential=credential, state=Meeting.State.PRESENT)
    hosts = Host.objects.filter(connections__credential=credential, connections__state__in=Connection.LIVE)
    is_unseen = credential.connected_at is not None and present.filter(appointment__end__gt=now).exists()
    if not is_unseen and not any(waits_for_connection(host, now=now) for host in hosts):
        return 0
    with transaction.atomic():
        return _owe_copies_of(credential, now)


def owe_events(host: Host, *, now: datetime) -> None:
    """The host's calendars can be written, or he has chosen another for his bookings: owe the events that
    coming appointments need, and the end of those that cancelled ones left.

    What he deleted in the calendar stays deleted.
    """
    live = CalendarCopy.objects.exclude(state=CalendarCopy.State.GONE).filter(host=host)
    deleted = CalendarCopy.objects.filter(host=host, state=CalendarCopy.State.GONE, problem=DELETED_THERE)
    is_shown = Q(calendar_copies__in=live)
    coming = Q(status__in=_LIVE, end__gt=now) & (is_shown | ~Q(calendar_copies__in=deleted))
    left_behind = Q(status=Appointment.Status.CANCELLED) & is_shown
    concerned = Appointment.objects.filter(coming | left_behind, holds__host=host).distinct()
    with transaction.atomic():
        for appointment in concerned.select_related("event_type").order_by("start"):
            owed.event(appointment, now=now)


_LIVE = (Appointment.Status.TENTATIVE, Appointment.Status.CONFIRMED)


def _owe_copies_of(credential: Credential, now: datetime) -> int:
    """What this account is for; gives how many meetings are owed."""
    if credential.provider != "zoom":
        users = Host.objects.filter(connections__credential=credential)
        for host in users.filter(connections__state__in=Connection.LIVE).distinct().order_by("pk"):
            owe_events(host, now=now)
        return 0
    return _owe_meetings_of(credential, now)


def _owe_meetings_of(credential: Credential, now: datetime) -> int:
    hosts = credential.connections.filter(state__in=Connection.LIVE).values("host_id")
    coming = Q(status=Appointment.Status.CONFIRMED, end__gt=now)
    left_behind = Q(status=Appointment.Status.CANCELLED) & Q(
        meetings__in=Meeting.objects.exclude(state=Meeting.State.GONE)
    )
    concerned = Appointment.objects.filter(coming | left_behind, holds__host_id__in=hosts).distinct()
    at_zoom = [appointment for appointment in concerned.order_by("start") if appointment.at_zoom]
    for appointment in at_zoom:
        owed.meeting(appointment, now=now)
    return len(at_zoom)


def lock_hosts(event_type: EventType) -> list[Host]:
    """Take the hosts of `event_type`, in id order, for the rest of the transaction."""
    ids = EventTypeHost.objects.filter(event_type=event_type).values("host_id")
    return _lock(Host.objects.filter(pk__in=ids))


def _lock(hosts: QuerySet[Host]) -> list[Host]:
    return list(hosts.order_by("pk").select_for_update())


def _locked(booking: Booking) -> Booking:
    """The booking as it is now, locked after its hosts."""
    _lock(
        Host.objects.filter(pk__in=Hold.objects.filter(appointment=booking.appointment_id).values("host_id"))
    )
    rows = Booking.objects.select_for_update(of=("self",))
    return rows.select_related("appointment__event_type__profile").get(pk=booking.pk)


def _judge(
    event_type: EventType,
    start: datetime,
    duration: int,
    *,
    now: datetime,
    without: Appointment | None = None,
    by: Booking.By = Booking.By.INVITEE,
    seen: Look = NO_LOOK,
) -> tuple[EventTypeHost, ...]:
    if start.second or start.microsecond or (duration not in event_type.durations and without is None):
        raise OutsideRules("hours")
    end = start + timedelta(minutes=duration)
    found = openings(
        event_type, duration=duration, begin=start, end=end, now=now, without=without, by=by, seen=seen
    )
    return found.judge(to_minutes(start), now=minute_of(now))


def _doubt(appointment: Appointment, seen: Look, *, now: datetime) -> None:
    """A calendar of its hosts has not confirmed that they are free: it is asked again afterwards."""
    if seen.unanswered and not seen.unanswered.isdisjoint(host.pk for host in appointment.hosts):
        owed.conflict(appointment, now=now)


def _judge_answer(booking: Booking, *, now: datetime) -> None:
    if (status := booking.status_at(now)) != Booking.Status.PENDING:
        raise WrongState(status)


def _judge_change(booking: Booking, *, by: Booking.By, now: datetime) -> None:
    if (status := booking.status_at(now)) not in Booking.LIVE:
        raise WrongState(status)
    appointment = booking.appointment
    if appointment.end <= now:
        raise WrongState("past")
    if by == Booking.By.INVITEE and not may_change(booking, now=now):
        raise OutsideRules("cutoff")


def _move_to(booking: Booking, start: datetime, *, by: Booking.By, now: datetime, reason: str) -> None:
    """Give the locked booking its new time, and owe what follows from it."""
    appointment = booking.appointment
    before = owed.times_of(appointment)
    length = appointment.end - appointment.start
    appointment.start, appointment.end = start, start + length
    appointment.revision += 1
    appointment.save(update_fields=["start", "end", "revision"])
    _move_holds(appointment)
    _forget_seen_in_zoom(appointment)
    _forget_seen_in_calendar(appointment)
    booking.sequence += 1
    booking.changed_at, booking.reason, booking.no_show_at = now, reason, None
    is_request = booking.status == Booking.Status.PENDING
    if is_request:
        booking.expires_at = _answer_until(appointment, now=now)
    booking.save(update_fields=["sequence", "changed_at", "reason", "no_show_at", "expires_at"])
    facts = owed.facts_of(booking) | {"before": before, "by": by, "reason": reason}
    owed.event(appointment, now=now)
    if is_request:
        _ask(booking, Message.Kind.RESCHEDULED, facts, now=now)
        return
    owed.meeting(appointment, now=now)
    owed.mails(booking, Message.Kind.RESCHEDULED, facts, now=now)
    owed.reminders(booking, now=now)


def _is_seen(appointment: Appointment, start: datetime) -> bool:
    """Whether the meeting is at this other time in Zoom, or the event in the calendar."""
    meetings = appointment.meetings.filter(state=Meeting.State.PRESENT, seen_start=start)
    events = appointment.calendar_copies.filter(state=CalendarCopy.State.PRESENT, seen_start=start)
    return meetings.exists() or events.exists()


def _forget_seen_in_zoom(appointment: Appointment) -> None:
    """What was chosen here counts: Zoom is told of it whatever it was told before and shows now."""
    seen = appointment.meetings.filter(state=Meeting.State.PRESENT).exclude(seen_start=None)
    seen.update(**_UNSEEN, fence=F("fence") + 1)


def _forget_seen_in_calendar(appointment: Appointment) -> None:
    """As for Zoom."""
    seen = appointment.calendar_copies.filter(state=CalendarCopy.State.PRESENT).exclude(seen_at=None)
    seen.update(**_UNSEEN, seen_end=None, told_end=None, fence=F("fence") + 1)


_UNSEEN = {"seen_start": None, "seen_at": None, "told_start": None, "applied_hash": ""}


def _judge_holds(appointment: Appointment, start: datetime) -> None:
    """Raises SlotTaken if at `start` the appointment would overlap another one of its hosts."""
    event_type, length = appointment.event_type, appointment.end - appointment.start
    others = Hold.objects.filter(
        active=True,
        host_id__in=appointment.holds.values("host_id"),
        blocks_from__lt=start + length + timedelta(minutes=event_type.buffer_after),
        blocks_until__gt=start - timedelta(minutes=event_type.buffer_before),
    )
    if others.exclude(appointment=appointment).exists():
        raise SlotTaken


def may_change(booking: Booking, *, now: datetime) -> bool:
    """Whether the invitee may still reschedule or cancel."""
    cutoff = timedelta(minutes=booking.appointment.event_type.change_cutoff)
    return booking.status_at(now) in Booking.LIVE and now < booking.appointment.start - cutoff


def _agree(
    event_type: EventType, wish: Wish, takes: Sequence[EventTypeHost], *, is_request: bool
) -> Appointment:
    appointment = Appointment.objects.create(
        event_type=event_type,
        start=wish.start,
        end=wish.start + timedelta(minutes=wish.duration),
        zone=takes[0].schedule.zone,
        location=dict(wish.location),
        status=Appointment.Status.TENTATIVE if is_request else Appointment.Status.CONFIRMED,
    )
    begin, end = _taken_span(appointment)
    Hold.objects.bulk_create(
        Hold(appointment=appointment, host_id=seat.host_id, blocks_from=begin, blocks_until=end)
        for seat in takes
    )
    return appointment


def _seat(appointment: Appointment, wish: Wish, *, now: datetime, by: Booking.By) -> Booking:
    event_type = appointment.event_type
    is_request = appointment.status == Appointment.Status.TENTATIVE
    return Booking.objects.create(
        appointment=appointment,
        status=Booking.Status.PENDING if is_request else Booking.Status.CONFIRMED,
        expires_at=_answer_until(appointment, now=now) if is_request else None,
        invitee_name=wish.invitee.name,
        invitee_email=wish.invitee.email,
        invitee_zone=wish.invitee.zone,
        invitee_locale=wish.invitee.locale,
        answers=dict(wish.answers),
        guests=list(wish.guests),
        snapshot={
            "title": event_type.title,
            "description": event_type.description,
            "questions": event_type.questions,
            "host": appointment.hosts[0].name or event_type.profile.name,
        },
        booked_by=by,
        created_at=now,
        changed_at=now,
    )


def _answer_until(appointment: Appointment, *, now: datetime) -> datetime:
    """Until when the host may answer: as long as the event type says, and not beyond the start."""
    lapse = timedelta(minutes=appointment.event_type.request_expires_after)
    return min(now + lapse, appointment.start)


def _ask(booking: Booking, kind: Message.Kind, facts: owed.Facts, *, now: datetime) -> None:
    owed.mails(booking, kind, facts, now=now)
    owed.expiry(booking)


def _expire_overdue(host_ids: Collection[int], *, now: datetime) -> None:
    """End the overdue requests that hold time of these locked hosts: no constraint can see the clock."""
    holding = Hold.objects.filter(host_id__in=host_ids, active=True).values("appointment_id")
    overdue = Booking.objects.filter(Booking.overdue(now), appointment_id__in=holding)
    # There is hardly ever one, and the hosts' lock keeps others out: a short look comes before the long one.
    if not overdue.exists():
        return
    rows = overdue.order_by("pk").select_for_update(of=("self",))
    for booking in rows.select_related("appointment__event_type"):
        _lapse(booking, now=now)


def _lapse(booking: Booking, *, now: datetime) -> None:
    facts = owed.facts_of(booking)
    _end(booking, Booking.Status.EXPIRED, now=now)
    owed.mails(booking, Message.Kind.EXPIRED, facts, now=now)


def _end(booking: Booking, status: Booking.Status, *, now: datetime, reason: str = "") -> None:
    """Free the time of a locked booking, owe the deletion of its meeting, and tell nothing older of it."""
    appointment = booking.appointment
    booking.status, booking.sequence = status, booking.sequence + 1
    booking.changed_at, booking.reason = now, reason
    booking.save(update_fields=["status", "sequence", "changed_at", "reason"])
    appointment.status, appointment.revision = Appointment.Status.CANCELLED, appointment.revision + 1
    appointment.save(update_fields=["status", "revision"])
    appointment.holds.update(active=False)
    owed.meeting(appointment, now=now)
    owed.event(appointment, now=now)
    owed.silence(booking)


def _move_holds(appointment: Appointment) -> None:
    begin, end = _taken_span(appointment)
    appointment.holds.update(blocks_from=begin, blocks_until=end)


def _taken_span(appointment: Appointment) -> tuple[datetime, datetime]:
    event_type = appointment.event_type
    return (
        appointment.start - timedelta(minutes=event_type.buffer_before),
        appointment.end + timedelta(minutes=event_type.buffer_after),
    )


def _made_before(once: OnceOnly) -> Booking | None:
    row = Idempotency.objects.filter(caller=once.caller, key=once.key).select_related("booking").first()
    if row is None:
        return None
    if row.request_hash != once.request_hash:
        raise KeyReused
    return row.booking


@contextmanager
def _one_winner() -> Iterator[None]:
    """The database's own refusal of an overlap, or a lost race, is the same news as a taken slot."""
    try:
        yield
    except (IntegrityError, OperationalError) as error:
        if _is_lost_race(error):
            raise SlotTaken from error
        raise


def _is_lost_race(error: DatabaseError) -> bool:
    state = getattr(error.__cause__, "sqlstate", None)
    return state in _LOST_RACES or (state is None and OVERLAP in str(error))
