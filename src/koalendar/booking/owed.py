"""Writes down what a change owes to the outside: the meeting's state, calendar events, mails, reminders.

Called inside the transaction of the change. The kinds of entry are named here once; the delivery room
says how each is brought about.
"""

import base64
import hashlib
import hmac
import uuid
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.db.models import Count, F, Min, Q, QuerySet

from koalendar.accounts.models import AccountMail, Host
from koalendar.booking.errors import TooManyMails
from koalendar.booking.models import (
    Appointment,
    Booking,
    CalendarCopy,
    EventTypeHost,
    Meeting,
    Message,
)
from koalendar.booking.prepared import Given, Prepared
from koalendar.connections import consents
from koalendar.connections import queries as connections
from koalendar.connections.calendars import blocking, is_ignored, target_of, targets, writable
from koalendar.connections.models import Calendar, Connection, Consent, Credential
from koalendar.outbox.models import Entry
from koalendar.outbox.queue import enqueue, enqueue_new, hasten

MEETING = "meeting"
EVENT = "event"
EXPIRY = "expiry"
MAIL = "mail"
ACCOUNT_MAIL = "account_mail"
CARE = "connection"
NOTIFICATION = "notification"
LOOK = "look"
CONSENT = "consent"
CALENDARS = "calendars"
CONFLICT = "conflict"

_SECOND_THOUGHTS = timedelta(minutes=1)
# Whoever changes a calendar is told of by several notifications, and goes on changing it.
_AFTER_CHANGES = timedelta(seconds=2)

Facts = dict[str, Any]
_Due = tuple[Message, datetime]


def times_of(appointment: Appointment) -> Facts:
    return {"start": appointment.start.isoformat(), "end": appointment.end.isoformat()}


def facts_of(booking: Booking) -> Facts:
    """The times; and of a request, as long as it is one, until when it waits for its answer."""
    facts = times_of(booking.appointment)
    if booking.status == Booking.Status.PENDING and booking.expires_at is not None:
        facts["until"] = booking.expires_at.isoformat()
    return facts


def meeting(appointment: Appointment, *, now: datetime) -> None:
    """The appointment's meeting shall be as the appointment is now: made, moved, or gone."""
    live = appointment.meetings.exclude(state=Meeting.State.GONE).first()
    if live is None:
        if not appointment.needs_meeting:
            return
        live = new_meeting(appointment, now=now)
    if appointment.at_meet:
        return  # It comes and goes with the calendar event.
    enqueue(MEETING, appointment.pk, due=now, lane=_lane(appointment, live))


def new_meeting(appointment: Appointment, *, now: datetime) -> Meeting:
    """A row for a meeting that is yet to be made, of the next generation."""
    return _meeting_row(appointment, generation=appointment.meetings.count() + 1, now=now)


def _meeting_row(appointment: Appointment, *, generation: int, now: datetime) -> Meeting:
    uid = uuid.uuid4()
    return Meeting.objects.create(
        uid=uid,
        appointment=appointment,
        generation=generation,
        marker=_marker(uid),
        created_at=now,
        changed_at=now,
    )


def _marker(uid: uuid.UUID) -> str:
    """`ref:` and 24 base32 characters (120 bits) that only we can make, and that tell nobody anything."""
    mac = hmac.digest(settings.SECRET_KEY.encode(), b"koalendar.meeting.marker:" + uid.bytes, hashlib.sha256)
    return "ref:" + base64.b32encode(mac[:15]).decode()


def connection_for(appointment: Appointment) -> Connection | None:
    """What the appointment's meeting is made with: its location's own connection, or the host's default."""
    host, chosen = _host_and_connection(appointment)
    return None if host is None else connections.connection_for(host, "zoom", chosen)


def _host_and_connection(appointment: Appointment) -> tuple[Host | None, str | None]:
    """Whose account makes the meeting, and which of his connections; None for his default."""
    if not appointment.seats:
        return None, None
    seat = appointment.seats[0]
    of_seat = None if seat.connection is None else seat.connection.public_id
    host = next(host for host in appointment.hosts if host.pk == seat.host_id)
    return host, appointment.location.get("connection") or of_seat


def calendar_for(appointment: Appointment, host: Host) -> Calendar | None:
    """Where the appointment is to stand: the calendar that the event type names for this host, else his usual
    one for bookings. None if he has none, or none that we may still write into."""
    return calendar_of_seat(next((seat for seat in appointment.seats if seat.host_id == host.pk), None), host)


def calendar_of_seat(seat: EventTypeHost | None, host: Host) -> Calendar | None:
    """As `calendar_for`, for all bookings of the event type in which the host has this seat."""
    chosen = None
    if seat is not None and seat.calendar_id is not None:
        chosen = writable(host).filter(pk=seat.calendar_id).first()
    return chosen or (target_of(host) if _have_target()(host=host.pk) else None)


@cache
def _have_target() -> Prepared:
    """Each booking asks, and most hosts have none: looking for the whole row costs six times as much."""
    return Prepared(targets().filter(host=Given("host", Host._meta.get_field("id"))).values_list("pk"))


def first_events(appointment: Appointment, *, now: datetime) -> None:
    """The appointment is new: it shall stand in the calendar of each of its hosts who has one for that."""
    shown = [(host, calendar_for(appointment, host)) for host in appointment.hosts]
    enqueue_new(
        [
            _first_event(appointment, host, calendar, now=now)
            for host, calendar in shown
            if calendar is not None or hosts_room(appointment, host)
        ]
    )


def _first_event(appointment: Appointment, host: Host, calendar: Calendar | None, *, now: datetime) -> Entry:
    """Of several hosts one has the invitee invited, if it is Google that invites and it can be asked."""
    can_invite = calendar is not None and calendar.connection.is_live and host.pk == appointment.hosts[0].pk
    is_inviting = can_invite and appointment.event_type.google_invites
    copy = _new_copy(appointment, host, generation=1, is_inviting=is_inviting, now=now)
    lane = _lane_of(calendar.connection.credential_id if calendar is not None else None)
    return Entry(kind=EVENT, subject=copy.subject, due_at=now, lane=lane)


def hosts_room(appointment: Appointment, host: Host) -> bool:
    """Whether this host's calendar event brings the room: it is owed even while he has no calendar for it."""
    return appointment.at_meet and host.pk == appointment.hosts[0].pk


def event(appointment: Appointment, *, now: datetime) -> None:
    """The appointment's events shall be as the appointment is now: made, changed, or gone.

    One that somebody deleted in the calendar is made anew: the change of ours is the newer word.
    """
    live = {copy.host_id: copy for copy in _live_copies(appointment)}
    for host in appointment.hosts:
        copy = live.get(host.pk)
        calendar = None if copy is not None and copy.credential_id else calendar_for(appointment, host)
        is_wanted = calendar is not None or hosts_room(appointment, host)
        if copy is None and is_wanted and appointment.status != Appointment.Status.CANCELLED:
            copy = next_copy(appointment, host, now=now)
        if copy is not None:
            _enqueue_event(copy, calendar, now=now)


def event_follows(appointment: Appointment, *, now: datetime) -> None:
    """What the events show besides the time has changed, such as the link; none is made for that alone."""
    for copy in _live_copies(appointment):
        calendar = None if copy.credential_id else calendar_for(appointment, copy.host)
        _enqueue_event(copy, calendar, now=now)


def _live_copies(appointment: Appointment) -> QuerySet[CalendarCopy]:
    return appointment.calendar_copies.exclude(state=CalendarCopy.State.GONE).select_related("host")


def _enqueue_event(copy: CalendarCopy, calendar: Calendar | None, *, now: datetime) -> None:
    credential = copy.credential_id or (calendar.connection.credential_id if calendar is not None else None)
    enqueue(EVENT, copy.subject, due=now, lane=_lane_of(credential))


def next_copy(appointment: Appointment, host: Host, *, now: datetime) -> CalendarCopy:
    """A row for an event that is yet to be made, of the next generation.

    Who invites was settled when it was booked: whoever was invited by our mail then gets no other invitation.
    """
    before = list(appointment.calendar_copies.filter(host=host).order_by("generation"))
    is_inviting = bool(before) and before[-1].is_inviting
    return _new_copy(appointment, host, generation=len(before) + 1, is_inviting=is_inviting, now=now)


def _new_copy(
    appointment: Appointment, host: Host, *, generation: int, is_inviting: bool, now: datetime
) -> CalendarCopy:
    return CalendarCopy.objects.create(
        appointment=appointment,
        host=host,
        generation=generation,
        is_inviting=is_inviting,
        created_at=now,
        changed_at=now,
    )


def invite_by_mail(appointment: Appointment) -> bool:
    """Our own mails invite, since Google was asked by nobody yet. False if it may have been."""
    unasked = Q(state__in=[CalendarCopy.State.NEEDED, CalendarCopy.State.BLOCKED], attempted_at=None)
    rows = appointment.calendar_copies.filter(unasked, is_inviting=True, generation=1)
    return bool(rows.update(is_inviting=False, fence=F("fence") + 1))


def invite_by_mail_without_google(appointment: Appointment) -> None:
    """A request is agreed, so that its invitee is invited now: by our own mails, if the account that has its
    event is out of reach."""
    for copy in _live_copies(appointment).filter(is_inviting=True).select_related("credential"):
        if copy.credential is not None and connections.connection_to(copy.host, copy.credential) is None:
            appointment.calendar_copies.filter(pk=copy.pk).update(is_inviting=False, fence=F("fence") + 1)


def look_now(meeting: Meeting, *, now: datetime) -> None:
    """Something may have happened to the meeting at its provider: see how it is there."""
    enqueue(LOOK, meeting.appointment_id, due=now, lane=_lane_of(meeting.credential_id))


def look_later(meeting: Meeting, *, due: datetime) -> None:
    """See how the meeting is at its provider at `due`, unless that is owed earlier already."""
    earlier = Entry.objects.filter(kind=LOOK, subject=str(meeting.appointment_id), due_at__lte=due)
    if not earlier.exists():
        enqueue(LOOK, meeting.appointment_id, due=due, lane=_lane_of(meeting.credential_id))


def _lane(appointment: Appointment, live: Meeting) -> str:
    """One lane an account, so that its calls follow each other and its trouble stays its own."""
    if live.credential_id is not None:
        return _lane_of(live.credential_id)
    host, chosen = _host_and_connection(appointment)
    found = None if host is None else connections.credential_id_for(host, "zoom", chosen)
    return _lane_of(found)


def consent(held: Consent, *, due: datetime | None = None) -> None:
    """What is not confirmed in time is given back to the provider."""
    enqueue(CONSENT, held.pk, due=due or held.expires_at + consents.SPARE)


def _lane_of(credential_id: int | None) -> str:
    return "" if credential_id is None else f"credential:{credential_id}"


def care(credential: Credential, *, now: datetime) -> None:
    """The account shall be looked after now: its hosts told, what is due erased, its access proved.

    There is one entry an account, which comes due again by itself as long as there is something to look to.
    """
    enqueue(CARE, credential.pk, due=now, lane=_lane_of(credential.pk))


def calendars(connection: Connection, *, now: datetime) -> None:
    """The connection's calendars shall be read now; the entry then comes due again by itself."""
    enqueue(CALENDARS, connection.pk, due=now, lane=_lane_of(connection.credential_id))


def calendars_changed(connection: Connection, *, now: datetime) -> None:
    """Something in these calendars has just changed, there or by us: read them in a moment.

    A read that is under way may have missed the change, so another one follows it.
    """
    due = now + _AFTER_CHANGES
    sooner = Entry.objects.filter(kind=CALENDARS, subject=str(connection.pk), due_at__lte=due)
    if not sooner.filter(lease_until=None).exists():
        enqueue(CALENDARS, connection.pk, due=due, lane=_lane_of(connection.credential_id))


def list_changed(connection: Connection, *, now: datetime) -> None:
    """As `calendars_changed`, and the list of these calendars does not tell the truth any more."""
    Connection.objects.filter(pk=connection.pk).update(listed_at=None)
    calendars_changed(connection, now=now)


def calendars_soon(connections: Iterable[int], *, now: datetime) -> None:
    """The calendars of these connections (primary keys) are read now, not when it was their turn."""
    hasten(CALENDARS, connections, now=now)


def conflict(appointment: Appointment, *, now: datetime) -> None:
    """Calendars that did not answer before it was booked are asked again, until they do: each account by an
    entry of its own, so that one in trouble holds up no other.

    No event of ours may be made in an account before that (`is_looked_for`): a provider merges what it says
    of busy times, so nothing that lies behind an event of ours could be seen.
    """
    rows = [row for host in appointment.hosts for row in blocking(host) if not is_ignored(row)]
    for credential_id in dict.fromkeys(row.connection.credential_id for row in rows):
        enqueue(CONFLICT, f"{appointment.pk}/{credential_id}", due=now, lane=_lane_of(credential_id))


def conflicts_soon(credential: Credential, *, now: datetime) -> None:
    """Where a conflict is still to be looked for in this account, that can be done now."""
    rows = Entry.objects.filter(kind=CONFLICT, subject__endswith=f"/{credential.pk}", due_at__gt=now)
    hasten(CONFLICT, list(rows.values_list("subject", flat=True)), now=now)


def conflict_found(appointment: Appointment, *, now: datetime) -> bool:
    """The hosts shall hear that a calendar has something else at this time. False if they have."""
    told = False
    for booking in appointment.bookings.filter(status__in=Booking.LIVE):
        for host in appointment.hosts:
            told |= message(
                booking,
                Message.Audience.HOST,
                host.email,
                Message.Kind.CONFLICT,
                facts=times_of(appointment),
                due=now,
                now=now,
            )
    return told


def is_looked_for(appointment: Appointment, credential_id: int) -> bool:
    """Whether a conflict is still to be looked for in this account."""
    subject = f"{appointment.pk}/{credential_id}"
    return Entry.objects.filter(kind=CONFLICT, subject=subject, due_at__isnull=False).exists()


def agreed(booking: Booking, facts: Facts, *, now: datetime) -> None:
    """The booking has just been agreed: its first meeting, the mails about it, and the reminders."""
    told = _messages(booking, Message.Kind.BOOKED, facts, due=now, now=now)
    enqueue_new(
        [
            *_first_meeting(booking.appointment, now=now),
            *_written([*told, *_reminders(booking, now=now)]),
        ]
    )


def _first_meeting(appointment: Appointment, *, now: datetime) -> list[Entry]:
    if not appointment.needs_meeting:
        return []
    row = _meeting_row(appointment, generation=1, now=now)
    if appointment.at_meet:
        return []  # It comes with the calendar event.
    lane = _lane(appointment, row)
    return [Entry(kind=MEETING, subject=str(appointment.pk), due_at=now, lane=lane)]


def mails(booking: Booking, kind: str, facts: Facts, *, now: datetime) -> None:
    """Both sides are told of what has just begun the booking, or raised its sequence: nobody was told of it
    before. Guests too, unless the facts are those of a request, which is between host and invitee until it is
    agreed.
    """
    enqueue_new(_written(_messages(booking, kind, facts, due=now, now=now)))


def _messages(
    booking: Booking, kind: str, facts: Facts, *, due: datetime, now: datetime, edition: int = 0
) -> Iterator[_Due]:
    for audience, recipient in _people(booking):
        if audience == Message.Audience.GUEST and "until" in facts:
            continue
        row = Message(
            booking=booking,
            audience=audience,
            recipient=recipient,
            kind=kind,
            sequence=booking.sequence,
            edition=edition,
            facts=facts,
            message_id=_message_id(),
            created_at=now,
        )
        yield row, due


def _written(messages: Iterable[_Due]) -> list[Entry]:
    """Store these messages, in one INSERT, and give the entries that they need."""
    owed = list(messages)
    Message.objects.bulk_create([row for row, _due in owed])
    assert all(row.pk for row, _due in owed)  # As SQLite tells since 3.35, and PostgreSQL always.
    return [Entry(kind=MAIL, subject=str(row.pk), due_at=due, lane=_mail_lane(row.pk)) for row, due in owed]


def expiry(booking: Booking) -> None:
    """The request shall end when the time to answer it does."""
    assert booking.expires_at is not None  # Every request has an end.
    enqueue(EXPIRY, booking.pk, due=booking.expires_at)


def seen_in_zoom(meeting: Meeting, *, now: datetime) -> None:
    """The hosts shall hear what somebody did to the meeting in Zoom."""
    _seen_there(meeting, Message.Kind.IN_ZOOM, meeting.appointment.hosts, now=now)


def seen_in_calendar(copy: CalendarCopy, *, now: datetime) -> None:
    """The host shall hear what somebody did to the event in his calendar."""
    _seen_there(copy, Message.Kind.IN_CALENDAR, [copy.host], now=now)


def _seen_there(
    copy: Meeting | CalendarCopy, kind: Message.Kind, hosts: Sequence[Host], *, now: datetime
) -> None:
    """A little later, since whoever moves something there often moves it twice."""
    appointment, seen = copy.appointment, copy.seen_start
    facts = times_of(appointment) | {"seen": None if seen is None else seen.isoformat()}
    for booking in appointment.bookings.filter(status__in=Booking.LIVE):
        for host in hosts:
            message(
                booking,
                Message.Audience.HOST,
                host.email,
                kind,
                facts=facts,
                due=now + _SECOND_THOUGHTS,
                now=now,
                edition=copy.edition,
            )


def reminders(booking: Booking, *, now: datetime) -> None:
    """Those of earlier times are off; those of the present one leave at their minutes before the start."""
    booking.messages.filter(kind=Message.Kind.REMINDER, state=Message.State.WAITING).update(
        state=Message.State.SUPERSEDED
    )
    enqueue_new(_written(_reminders(booking, now=now)))


def _reminders(booking: Booking, *, now: datetime) -> Iterator[_Due]:
    appointment = booking.appointment
    for lead in sorted(set(appointment.event_type.reminders)):
        due = appointment.start - timedelta(minutes=lead)
        if due > now:
            facts = times_of(appointment)
            yield from _messages(booking, Message.Kind.REMINDER, facts, due=due, now=now, edition=lead)


def message(
    booking: Booking,
    audience: str,
    recipient: str,
    kind: str,
    *,
    facts: Facts,
    due: datetime,
    now: datetime,
    edition: int = 0,
) -> bool:
    """Owe one mail to one person. False if it was owed before."""
    row, is_new = Message.objects.get_or_create(
        booking=booking,
        audience=audience,
        recipient=recipient,
        kind=kind,
        sequence=booking.sequence,
        edition=edition,
        defaults={"facts": facts, "message_id": _message_id(), "created_at": now},
    )
    if is_new:
        enqueue(MAIL, row.pk, due=due, lane=_mail_lane(row.pk))
    return is_new


def account_mail(recipient: str, *, subject: str, text: str, html: str, now: datetime) -> None:
    """A mail about an account, whole as it is: it waits with the others for the mail server."""
    with transaction.atomic():
        mail = AccountMail.objects.create(
            recipient=recipient,
            subject=subject[:200],
            text=text,
            html=html,
            message_id=_message_id(),
            created_at=now,
        )
        enqueue(ACCOUNT_MAIL, mail.pk, due=now, lane=_mail_lane(mail.pk))


def _mail_lane(pk: int) -> str:
    """One of three lanes: a mail server that hangs holds up three threads, and leaves one for links."""
    return f"mail:{pk % 3}"


def silence(booking: Booking) -> None:
    """Nothing that was still to be told is told: the booking has ended, or a request was answered."""
    booking.messages.filter(state=Message.State.WAITING).update(state=Message.State.SUPERSEDED)


def hasten_mails(booking: Booking, *, now: datetime) -> None:
    """Unsent mails leave as soon as they can, without waiting out a backoff."""
    waiting = booking.messages.filter(state=Message.State.WAITING).exclude(kind=Message.Kind.REMINDER)
    hasten(MAIL, waiting.values_list("pk", flat=True), now=now)


def send_again(booking: Booking, *, now: datetime) -> None:
    """Mails that are waiting leave now, and those that were refused get another try."""
    failed = booking.messages.filter(state=Message.State.FAILED)
    for pk in failed.values_list("pk", flat=True):
        enqueue(MAIL, pk, due=now, lane=_mail_lane(pk))
    failed.update(state=Message.State.WAITING)
    hasten_mails(booking, now=now)


def judge_mail(recipients: Sequence[str], *, now: datetime) -> None:
    """Raises TooManyMails when one of these addresses got its share of first confirmations already.

    Anybody can type anybody's address into a booking page.
    """
    limit = settings.KOALENDAR_RATE_MAIL
    if limit is None:
        return
    many, seconds = limit
    since = now - timedelta(seconds=seconds)
    first = Q(kind__in=[Message.Kind.REQUESTED, Message.Kind.BOOKED])
    # The host's answer, not a stranger, sends the invitee of a request the second of these.
    answer = Q(kind=Message.Kind.BOOKED, audience=Message.Audience.INVITEE, booking__expires_at__isnull=False)
    lately = Message.objects.filter(first & ~answer, recipient__in=recipients, created_at__gt=since)
    counted = lately.exclude(audience=Message.Audience.HOST).values("recipient")
    full = counted.annotate(got=Count("pk"), oldest=Min("created_at")).filter(got__gte=many)
    if oldest := [row["oldest"] for row in full]:
        raise TooManyMails(max(oldest) + timedelta(seconds=seconds) - now)


def _people(booking: Booking) -> Iterable[tuple[str, str]]:
    yield Message.Audience.INVITEE, booking.invitee_email
    for host in booking.appointment.hosts:
        yield Message.Audience.HOST, host.email
    for guest in dict.fromkeys(booking.guests):
        yield Message.Audience.GUEST, guest


def _message_id() -> str:
    return f"<{uuid.uuid4()}@{urlsplit(settings.KOALENDAR_BASE_URL).hostname}>"


def entries_of(appointments: Iterable[Appointment]) -> dict[int, Entry]:
    """What is owed on the appointments' meetings, by appointment id, for a page that tells of it."""
    subjects = [str(appointment.pk) for appointment in appointments]
    return {int(entry.subject): entry for entry in Entry.objects.filter(kind=MEETING, subject__in=subjects)}
