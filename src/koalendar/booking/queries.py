"""What pages, mails and the API read: rows and values that are ready to be shown."""

import base64
import binascii
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache
from itertools import islice
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS
from django.db.models import Count, Model, Q, QuerySet

from koalendar.accounts.models import Host
from koalendar.booking.ids import is_public_id
from koalendar.booking.models import (
    Appointment,
    Booking,
    CalendarCopy,
    EventType,
    EventTypeHost,
    Happening,
    Hold,
    Meeting,
    Message,
    Profile,
    ProfileAlias,
    Schedule,
)
from koalendar.booking.models.appointment import LONGEST_HOLD, ROOMS
from koalendar.booking.models.event_type import hours_without
from koalendar.booking.models.profile import Away
from koalendar.booking.owed import EVENT, MAIL, MEETING, entries_of
from koalendar.booking.prepared import Given, Prepared
from koalendar.booking.problems import DELETED_THERE, MOVED_THERE, NOT_CONNECTED
from koalendar.connections import mirror
from koalendar.connections import queries as connections
from koalendar.connections.calendars import blocking, is_ignored
from koalendar.connections.models import Connection, Deletion
from koalendar.connections.provider import Reason
from koalendar.outbox.models import Entry
from koalendar.scheduling.availability import Availability
from koalendar.scheduling.interval import merge
from koalendar.scheduling.zones import floor_minutes, load_zone, to_datetime, wall_to_minutes

PAGE = 25

# Why a meeting was given up, where a connection that works is all that it needs.
_MENDED_BY_CONNECTING = (
    NOT_CONNECTED,
    Reason.AUTHORIZATION_REFUSED,
    Reason.AUTHORIZATION_REPLACED,
    Reason.SCOPES_CHANGED,
    Reason.USER_GONE,
    Reason.INVITATION_EXPIRED,
    Reason.ADMIN_DISABLED,
    Reason.ERASED,
)


# ── What an invitee may look at ──


def profile_for(slug: str) -> Profile | None:
    """The profile at this address, or at one it had before."""
    open_profiles = Profile.objects.select_related("host").filter(Q(host=None) | Q(host__is_active=True))
    found = open_profiles.filter(slug__iexact=slug).first()
    if found is None:
        alias = ProfileAlias.objects.filter(slug__iexact=slug).first()
        found = None if alias is None else open_profiles.filter(pk=alias.profile_id).first()
    return found


def away_now(profile: Profile, *, now: datetime) -> Away | None:
    """The time away that the host is in today, by his own zone."""
    zone = profile.host.zone if profile.host is not None else "UTC"
    return profile.away_on(now.astimezone(load_zone(zone)).date()) if profile.away else None


def listed_event_types(profile: Profile) -> QuerySet[EventType]:
    """What the host's public page offers."""
    return profile.event_types.filter(active=True, hidden=False).order_by("title")


def bookable_event_type(profile: Profile, slug: str) -> EventType | None:
    """What can be booked at this address; hidden ones can, by whoever has their link."""
    return profile.event_types.filter(active=True, slug=slug.lower()).select_related("profile__host").first()


def event_type_by_id(public_id: str) -> EventType | None:
    """What anybody may look at and book: open, and of a host who is. None for anything else, any text."""
    if not is_public_id(public_id):
        return None
    rows = EventType.objects.select_related("profile__host")
    row = rows.filter(active=True, public_id=public_id).first()
    return row if row is not None and _is_open(row.profile) else None


# What slots are computed from; the texts of an event type would cost as much again.
_OF_SEATS: dict[str, tuple[type[Model], set[str]]] = {
    "": (EventTypeHost, {"id", "host_id", "event_type_id", "schedule_id"}),
    "event_type": (
        EventType,
        {"id", "public_id", "profile_id", "active", "durations", "hosts_needed", "slot_step"}
        | {"buffer_before", "buffer_after", "minimum_notice", "booking_window_days"}
        | {"max_per_day", "max_per_week"},
    ),
    "event_type__profile": (Profile, {"id", "host_id"}),
    "event_type__profile__host": (Host, {"id", "zone", "is_active"}),
    "schedule": (Schedule, {"id", "zone", "weekly", "overrides"}),
}


def seats_by_id(public_id: str) -> tuple[EventTypeHost, ...]:
    """The hosts of `event_type_by_id`, with it and their schedules, for `openings`; in one query."""
    if not is_public_id(public_id):
        return ()
    found = tuple(_seat(row) for row in _seats_of()(public_id=public_id))
    return found if found and _is_open(found[0].event_type.profile) else ()


@cache
def _seats_of() -> Prepared:
    columns = [f"{path}__{name}".removeprefix("__") for path, _, names in _seat_columns() for name in names]
    columns.append("host__profile__away")
    wanted = Given("public_id", EventType._meta.get_field("public_id"))
    rows = EventTypeHost.objects.filter(event_type__active=True, event_type__public_id=wanted)
    return Prepared(rows.values_list(*columns))


@cache
def _seat_columns() -> list[tuple[str, type[Model], list[str]]]:
    """_OF_SEATS with the columns in the order that `from_db` takes them in."""
    return [
        (path, model, [each.attname for each in model._meta.concrete_fields if each.attname in names])
        for path, (model, names) in _OF_SEATS.items()
    ]


def _seat(row: list[Any]) -> EventTypeHost:
    """One row of `_seats_of` as the models that it tells of; what was not read is deferred."""
    values = iter(row)
    made: dict[str, Any] = {}
    for path, model, names in _seat_columns():
        own = list(islice(values, len(names)))
        made[path] = model.from_db(DEFAULT_DB_ALIAS, names, own) if own[0] is not None else None
        if path:
            holder, _, name = path.rpartition("__")
            setattr(made[holder], name, made[path])
    seat: EventTypeHost = made[""]
    seat.away = next(values)
    return seat


def _is_open(profile: Profile) -> bool:
    return profile.host is None or profile.host.is_active


# ── Where a booking happens, and how far that is ──


class CopyState(StrEnum):
    """How far an outside copy is; the values of the public contract."""

    NONE = "none"
    PENDING = "pending"
    READY = "ready"
    FAILED = "failed"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where a booking happens. `join_url` is empty until there is a link, and again once it is of no use.

    `problem` is a code of `booking.problems`. `late` says that the link took longer than it should.
    `waits_for_host` says that it is the host who has to mend something. A meeting that was moved in Zoom, to
    `seen_start`, has failed in that the host has to choose; its link is as good as before. `kept_until` says
    that the account of the link is not connected any more: the link works, the meeting follows no change, and
    what we keep of it is erased then.
    """

    kind: str
    state: CopyState
    join_url: str = ""
    meeting_id: str = ""
    passcode: str = ""
    dial_in: Sequence[dict[str, str]] = ()
    problem: str = ""
    since: datetime | None = None
    next_try: datetime | None = None
    attempts: int = 0
    late: bool = False
    waits_for_host: bool = False
    kept_until: datetime | None = None
    seen_start: datetime | None = None

    @property
    def has_room(self) -> bool:
        """Whether it happens in a room of its own at a provider, whose link is made, and may follow."""
        return self.kind in ROOMS

    @property
    def room(self) -> str:
        """The name of that provider's rooms; empty for a place without one."""
        return ROOMS.get(self.kind, "")

    @property
    def can_start(self) -> bool:
        """Whether the host may ask Zoom for the address that starts the meeting."""
        if self.kind != "zoom":
            return False
        is_there = self.state is CopyState.READY or (self.seen_start is not None and bool(self.join_url))
        return is_there and self.kept_until is None

    @property
    def spoken_id(self) -> str:
        """The meeting id as Zoom's own pages write it, 854 1234 5678, 123 456 789; another's as it is."""
        if self.kind != "zoom":
            return self.meeting_id
        middle = 4 if len(self.meeting_id) == 11 else 3
        parts = (self.meeting_id[:3], self.meeting_id[3 : 3 + middle], self.meeting_id[3 + middle :])
        return " ".join(part for part in parts if part)


def whereabouts(booking: Booking, *, now: datetime) -> Whereabouts:
    """Where the booking happens as of now."""
    return whereabouts_of([booking], now=now)[booking.pk]


def whereabouts_of(bookings: Iterable[Booking], *, now: datetime) -> dict[int, Whereabouts]:
    """Where each of these bookings happens as of now, by booking id; in three queries for all of them."""
    bookings = list(bookings)
    at_zoom = [booking.appointment for booking in bookings if booking.appointment.at_zoom]
    at_meet = [booking.appointment for booking in bookings if booking.appointment.at_meet]
    meetings = Meeting.objects.filter(appointment__in=[*at_zoom, *at_meet]).order_by("generation")
    latest = {meeting.appointment_id: meeting for meeting in meetings}
    entries, endings = entries_of(at_zoom), _endings_of(latest.values())
    if at_meet:
        entries |= _events_that_bring_rooms(at_meet, latest)
    return {
        booking.pk: _place_of(
            booking,
            latest.get(booking.appointment_id),
            entries.get(booking.appointment_id),
            endings.get(booking.appointment_id),
            now=now,
        )
        for booking in bookings
    }


def _events_that_bring_rooms(
    appointments: Sequence[Appointment], rooms: Mapping[int, Meeting]
) -> dict[int, Entry]:
    """What is owed on the calendar events of these appointments at Google Meet, by appointment id.

    What is wrong with an event is wrong with its room, which has no entry of its own.
    """
    copies = CalendarCopy.objects.filter(appointment__in=appointments).order_by("generation")
    latest = {copy.appointment_id: copy for copy in copies}
    subjects = {copy.subject: number for number, copy in latest.items()}
    for number, copy in latest.items():
        if (room := rooms.get(number)) is not None and not room.problem:
            room.problem, room.problem_since = copy.problem, copy.problem_since
    entries = Entry.objects.filter(kind=EVENT, subject__in=subjects)
    return {subjects[entry.subject]: entry for entry in entries}


def _endings_of(meetings: Iterable[Meeting]) -> dict[int, datetime]:
    """When the links of meetings are erased here whose accounts have been cut off, by appointment id."""
    credentials = {row.appointment_id: row.credential_id for row in meetings if row.join_url}
    told = Deletion.objects.filter(
        finished_at=None,
        connection__credential__in=set(credentials.values()),
        connection__host__holds__appointment__in=credentials,
    ).values_list("connection__host__holds__appointment", "connection__credential", "due_at")
    return {
        appointment: due
        for appointment, credential, due in told
        if credentials.get(appointment) == credential
    }


def _place_of(
    booking: Booking, row: Meeting | None, entry: Entry | None, ending: datetime | None, *, now: datetime
) -> Whereabouts:
    kind = str(booking.appointment.location.get("kind", ""))
    if row is None:
        return Whereabouts(kind=kind, state=CopyState.NONE)
    drift = _drift(booking, row, now=now)
    state = _copy_state(booking, row, entry, drift)
    shown = booking.is_live and bool(row.join_url)
    given_up = entry is not None and entry.needs_person
    return Whereabouts(
        kind=kind,
        state=state,
        join_url=row.join_url if shown else "",
        meeting_id=row.remote_id if shown else "",
        passcode=row.passcode if shown else "",
        dial_in=row.dial_in if shown else (),
        problem=_problem(row, drift, given_up=given_up) if state in _TELLING else "",
        since=row.problem_since or (row.seen_at if drift else None) or row.changed_at,
        next_try=entry.due_at if entry is not None else None,
        attempts=entry.attempts if entry is not None else 0,
        late=not row.join_url and now - row.created_at > timedelta(seconds=settings.KOALENDAR_LINK_WAIT),
        waits_for_host=given_up or (bool(drift) and state is CopyState.FAILED),
        kept_until=ending if shown else None,
        seen_start=row.seen_start if drift == MOVED_THERE else None,
    )


_TELLING = (CopyState.PENDING, CopyState.FAILED)


def _problem(row: Meeting | CalendarCopy, drift: str, *, given_up: bool) -> str:
    """Why a change of ours was refused comes first: it says why choosing again would not help."""
    return row.problem if given_up and row.problem else drift or row.problem


def _drift(booking: Booking, row: Meeting | CalendarCopy, *, now: datetime) -> str:
    """What somebody did there, to the meeting or event, and the host has still to decide about; empty for
    nothing."""
    if not booking.is_live or booking.appointment.end <= now:
        return ""
    if row.was_deleted_there:
        return DELETED_THERE
    return MOVED_THERE if row.seen_start is not None and row.state == row.State.PRESENT else ""


def _copy_state(booking: Booking, row: Meeting | CalendarCopy, entry: Entry | None, drift: str) -> CopyState:
    if entry is not None and entry.needs_person:
        return CopyState.FAILED
    if entry is not None and entry.due_at is not None:
        return CopyState.PENDING
    if drift:
        return CopyState.FAILED
    if row.state == row.State.GONE:
        return CopyState.REMOVED
    return CopyState.READY if booking.is_live and row.state == row.State.PRESENT else CopyState.PENDING


# ── In the host's calendar ──


@dataclass(frozen=True, slots=True)
class InCalendar:
    """How far the event in the host's calendar is.

    `problem` is a code of `booking.problems`. `seen_start` and `seen_end` are the time that somebody gave the
    event there; such an event, and one that was deleted there, has failed in that the host has to choose.
    `url` shows it to its host. `is_inviting` says that the provider invites, and not our own mail.
    """

    state: CopyState
    problem: str = ""
    since: datetime | None = None
    next_try: datetime | None = None
    attempts: int = 0
    waits_for_host: bool = False
    seen_start: datetime | None = None
    seen_end: datetime | None = None
    url: str = ""
    is_inviting: bool = False

    @property
    def is_drifted(self) -> bool:
        """Whether the host has to choose about what was done to the event there."""
        return self.problem in (MOVED_THERE, DELETED_THERE)


def calendar_copy(booking: Booking, *, now: datetime) -> InCalendar:
    """How far the event of this booking is, in the calendar of the first host who has one."""
    return calendar_copies_of([booking], now=now)[booking.pk]


def calendar_copies_of(bookings: Iterable[Booking], *, now: datetime) -> dict[int, InCalendar]:
    """As `calendar_copy` of each of these bookings, by booking id; in two queries for all of them."""
    bookings = list(bookings)
    rows = CalendarCopy.objects.filter(appointment__in={booking.appointment_id for booking in bookings})
    latest = {row.appointment_id: row for row in rows.order_by("-host_id", "generation")}
    subjects = [row.subject for row in latest.values()]
    entries = (
        {entry.subject: entry for entry in Entry.objects.filter(kind=EVENT, subject__in=subjects)}
        if subjects
        else {}
    )
    return {
        booking.pk: _in_calendar(booking, row, entries.get(row.subject), now=now)
        if (row := latest.get(booking.appointment_id)) is not None
        else InCalendar(CopyState.NONE)
        for booking in bookings
    }


def _in_calendar(booking: Booking, row: CalendarCopy, entry: Entry | None, *, now: datetime) -> InCalendar:
    drift = _drift(booking, row, now=now)
    state = _copy_state(booking, row, entry, drift)
    given_up = entry is not None and entry.needs_person
    return InCalendar(
        state=state,
        problem=_problem(row, drift, given_up=given_up) if state in _TELLING else "",
        since=row.problem_since or (row.seen_at if drift else None) or row.changed_at,
        next_try=entry.due_at if entry is not None else None,
        attempts=entry.attempts if entry is not None else 0,
        waits_for_host=given_up or (bool(drift) and state is CopyState.FAILED),
        seen_start=row.seen_start if drift == MOVED_THERE else None,
        seen_end=row.seen_end if drift == MOVED_THERE else None,
        url=row.web_url,
        is_inviting=row.is_inviting,
    )


def google_invites(booking: Booking) -> bool:
    """Whether Google invites invitee and guests, so that our own mails must not."""
    return CalendarCopy.objects.filter(appointment=booking.appointment_id, is_inviting=True).exists()


def is_in_calendar(booking: Booking, host: Host) -> bool:
    """Whether the booking stands in this host's calendar by itself, or soon does."""
    rows = CalendarCopy.objects.filter(appointment=booking.appointment_id, host=host)
    return rows.exclude(state=CalendarCopy.State.GONE).exists()


def calendar_at_first(booking: Booking) -> InCalendar:
    """How far the event of a booking is that has just been made: nothing of it is outside yet."""
    is_owed = CalendarCopy.objects.filter(appointment=booking.appointment_id).exists()
    return InCalendar(CopyState.PENDING if is_owed else CopyState.NONE)


def meeting_of(booking: Booking) -> Meeting | None:
    """The meeting that is there now, if one is."""
    return (
        booking.appointment.meetings.filter(state=Meeting.State.PRESENT).select_related("credential").first()
    )


def is_in_conflict(booking: Booking, *, now: datetime) -> bool:
    """Whether something else was found in a host's calendar at the time that a booking to come has now."""
    if not booking.is_live or booking.appointment.end <= now:
        return False
    found = Happening.objects.filter(appointment=booking.appointment_id, kind=Happening.Kind.CONFLICT)
    return found.filter(facts__start=booking.appointment.start.isoformat()).exists()


def mail_entries(booking: Booking) -> dict[int, Entry]:
    """What is owed, or went wrong, of the mails of this booking that have not left, by message id."""
    unsent = booking.messages.filter(state__in=[Message.State.WAITING, Message.State.FAILED])
    rows = Entry.objects.filter(
        kind=MAIL, subject__in=[str(pk) for pk in unsent.values_list("pk", flat=True)]
    )
    return {int(row.subject): row for row in rows}


def whereabouts_at_first(booking: Booking) -> Whereabouts:
    """Where a booking happens that has just been made: nothing of it is outside yet."""
    appointment = booking.appointment
    state = CopyState.PENDING if appointment.needs_meeting else CopyState.NONE
    return Whereabouts(kind=str(appointment.location.get("kind", "")), state=state)


# ── The host's side ──


class Tab(StrEnum):
    UPCOMING = "upcoming"
    PENDING = "pending"
    PAST = "past"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Agenda:
    """One page of a host's bookings. `next_cursor` is empty on the last page."""

    bookings: list[Booking]
    next_cursor: str


def bookings_of(host: Host) -> QuerySet[Booking]:
    """Every booking that takes this host's time, and no other: the line between tenants."""
    return _shown(Booking.objects.filter(appointment__holds__host=host))


def _shown(rows: QuerySet[Booking]) -> QuerySet[Booking]:
    return rows.select_related("appointment__event_type__profile")


def booking_of(host: Host, uid: str | UUID) -> Booking | None:
    """The host's own booking; whatever is no uid of one is as unknown as another host's."""
    try:
        known = uid if isinstance(uid, UUID) else UUID(uid)
    except ValueError:
        return None
    return bookings_of(host).filter(uid=known).first()


def agenda(
    host: Host, tab: Tab, *, now: datetime, search: str = "", cursor: str = "", limit: int = PAGE
) -> Agenda:
    """The bookings of a tab: upcoming and pending from the next one on, past and cancelled from the latest
    back. Cancelled are also those that were declined or have expired.

    A cursor that is not ours starts at the beginning.
    """
    place = _read_cursor(cursor)
    if tab is Tab.CANCELLED:
        return _page(found_on(host, tab, now=now, search=search), place, forward=False, limit=limit)
    return _held_page(host, tab, place, now=now, search=search, limit=limit)


_FORWARD = (Tab.UPCOMING, Tab.PENDING)


def _held_page(
    host: Host, tab: Tab, place: tuple[datetime, int] | None, *, now: datetime, search: str, limit: int
) -> Agenda:
    """As `_page`, along the index of the holds that are active: they never overlap, so they lie in the order
    of the starts, and a page costs the same however much lies before or behind it.
    """
    forward = tab in _FORWARD
    within = Q(appointment__holds__host=host, appointment__holds__active=True)
    begin, end = (now, None) if forward else (None, now)
    if place is not None:
        begin, end = (place[0], None) if forward else (None, place[0])
    if begin is not None:
        within &= Q(appointment__holds__blocks_from__gt=begin - LONGEST_HOLD)
    if end is not None:
        within &= Q(appointment__holds__blocks_from__lte=end)
    rows = Booking.objects.filter(within).filter(_tab_filter(tab, now), _matching(search))
    order = ("appointment__holds__blocks_from", "pk")
    return _page(_shown(rows), place, forward=forward, limit=limit, order=order)


def found_on(host: Host, tab: Tab, *, now: datetime, search: str = "") -> QuerySet[Booking]:
    """What a tab shows of the host's bookings, where `search` stands in the invitee's name or e-mail address
    or in the title, as it is or as it was when it was booked; in no order."""
    return bookings_of(host).filter(_tab_filter(tab, now), _matching(search))


def in_batches(rows: QuerySet[Booking], *, size: int) -> Iterator[list[Booking]]:
    """All of these bookings by rising start, with their event types, `size` at a time.

    Only their numbers are kept meanwhile, and no cursor stays open in the database however slowly they are
    taken. What was deleted meanwhile is left out.
    """
    numbers = list(rows.order_by("appointment__start", "pk").values_list("pk", flat=True))
    for begin in range(0, len(numbers), size):
        found = Booking.objects.select_related("appointment__event_type").in_bulk(
            numbers[begin : begin + size]
        )
        yield [found[pk] for pk in numbers[begin : begin + size] if pk in found]


def _matching(search: str) -> Q:
    """Django escapes the wildcards of LIKE. Databases may know no capitals but those of ASCII, so that other
    letters are looked for in each of their spellings.
    """
    if not search:
        return Q()
    spellings = {search} if search.isascii() else {search, search.lower(), search.upper(), search.title()}
    found = Q(pk__in=())
    for text in sorted(spellings):
        found |= Q(invitee_name__icontains=text) | Q(invitee_email__icontains=text)
        found |= Q(appointment__event_type__title__icontains=text) | Q(snapshot__title__icontains=text)
    return found


class UnknownCursor(ValueError):
    """A cursor that no page of ours has given."""


def bookings_by_start(
    host: Host,
    *,
    now: datetime,
    status: str = "",
    begin: datetime | None = None,
    end: datetime | None = None,
    cursor: str = "",
    limit: int = PAGE,
) -> Agenda:
    """The host's bookings by rising start, past and future: of this status by the clock, that start in
    [begin, end).

    Raises UnknownCursor.
    """
    rows = bookings_of(host)
    if status:
        rows = rows.filter(_with_status(status, now))
    if begin is not None:
        rows = rows.filter(appointment__start__gte=begin)
    if end is not None:
        rows = rows.filter(appointment__start__lt=end)
    place = _read_cursor(cursor)
    if cursor and place is None:
        raise UnknownCursor(cursor)
    return _page(rows, place, forward=True, limit=limit)


def _with_status(status: str, now: datetime) -> Q:
    match status:
        case Booking.Status.PENDING:
            return _tab_filter(Tab.PENDING, now)
        case Booking.Status.EXPIRED:
            return Q(status=status) | Booking.overdue(now)
    return Q(status=status)


def _page(
    rows: QuerySet[Booking],
    place: tuple[datetime, int] | None,
    *,
    forward: bool,
    limit: int,
    order: tuple[str, str] = ("appointment__start", "pk"),
) -> Agenda:
    """The next rows beyond `place` by start, forward or backward; `order` is one that comes to the same."""
    if place is not None:
        start, pk = place
        beyond = Q(appointment__start__gt=start) if forward else Q(appointment__start__lt=start)
        tied = Q(appointment__start=start) & (Q(pk__gt=pk) if forward else Q(pk__lt=pk))
        rows = rows.filter(beyond | tied)
    found = list(rows.order_by(*(order if forward else (f"-{name}" for name in order)))[: limit + 1])
    more = len(found) > limit
    return Agenda(bookings=found[:limit], next_cursor=_cursor(found[limit - 1]) if more else "")


def tab_counts(host: Host, *, now: datetime, search: str) -> dict[Tab, int]:
    """How many bookings of each tab match. Counted for a search only: it reads them all anyway."""
    rows = bookings_of(host).filter(_matching(search))
    counts = rows.aggregate(**{tab.value: Count("pk", filter=_tab_filter(tab, now)) for tab in Tab})
    return {tab: counts[tab.value] for tab in Tab}


def waiting_for(host: Host, *, now: datetime) -> int:
    """How many requests wait for this host's answer."""
    return bookings_of(host).filter(_tab_filter(Tab.PENDING, now)).count()


def request_after(host: Host, booking: Booking, *, now: datetime) -> Booking | None:
    """The request that stands in the list where this one stood before it was answered."""
    waiting = bookings_of(host).filter(_tab_filter(Tab.PENDING, now)).order_by("appointment__start", "pk")
    return waiting.filter(appointment__start__gte=booking.appointment.start).first() or waiting.last()


def live_between(host: Host, spans: Iterable[tuple[datetime, datetime]], *, now: datetime) -> list[Booking]:
    """The host's bookings that take place, or may, within any of these stretches of time; by start."""
    spans = list(spans)
    if not spans:
        return []
    within = Q(pk__in=())
    for begin, end in spans:
        within |= Q(appointment__start__lt=end, appointment__end__gt=begin)
    first, last = min(begin for begin, _end in spans), max(end for _begin, end in spans)
    live = Booking.objects.filter(_held(host, first, last)).filter(within, status__in=Booking.LIVE)
    return list(_shown(live).exclude(Booking.overdue(now)).order_by("appointment__start", "pk"))


def _held(host: Host, begin: datetime, end: datetime) -> Q:
    """Bookings with an active hold of this host near [begin, end), along the index of those."""
    return Q(
        appointment__holds__host=host,
        appointment__holds__active=True,
        appointment__holds__blocks_from__gt=begin - LONGEST_HOLD,
        appointment__holds__blocks_from__lt=end,
    )


class BusyTime(NamedTuple):
    """A time at which a host cannot be booked: a hold, with its buffers, or what stands in a calendar."""

    begin: datetime
    end: datetime
    is_in_calendar: bool = False


def busy_between(host: Host, begin: datetime, end: datetime, *, now: datetime) -> list[BusyTime]:
    """When the host cannot be booked within [begin, end), as far as is known; in no order."""
    overdue = Booking.objects.filter(Booking.overdue(now)).values("appointment_id")
    holds = Hold.objects.filter(
        host=host,
        active=True,
        blocks_from__gt=begin - LONGEST_HOLD,
        blocks_from__lt=end,
        blocks_until__gt=begin,
    )
    held = holds.exclude(appointment__in=overdue).values_list("blocks_from", "blocks_until")
    first, last = floor_minutes(begin), floor_minutes(end)
    mirrors = [row.busy for row in blocking(host) if not is_ignored(row)]
    there = merge([span for minutes in mirrors for span in mirror.between(minutes, first, last)])
    return [
        *(BusyTime(since, until) for since, until in held),
        *(BusyTime(to_datetime(since), to_datetime(until), True) for since, until in there),
    ]


def _tab_filter(tab: Tab, now: datetime) -> Q:
    match tab:
        case Tab.PENDING:
            return Q(status=Booking.Status.PENDING, expires_at__gt=now)
        case Tab.CANCELLED:
            return ~Q(status__in=Booking.LIVE) | Booking.overdue(now)
        case Tab.UPCOMING:
            return Q(status=Booking.Status.CONFIRMED, appointment__end__gt=now)
    return Q(status=Booking.Status.CONFIRMED, appointment__end__lte=now)


def _cursor(booking: Booking) -> str:
    text = f"{booking.appointment.start.isoformat()}|{booking.pk}"
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def _read_cursor(cursor: str) -> tuple[datetime, int] | None:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        start, pk = text.split("|")
        instant = datetime.fromisoformat(start)
        # No booking of ours is near the ends of the calendar, where it cannot be counted with.
        is_ours = instant.tzinfo is not None and 1970 < instant.year < 9999
        return (instant.astimezone(UTC), int(pk)) if is_ours else None
    except (binascii.Error, ValueError, OverflowError):  # The last: beyond the years that there are.
        return None


def coming_without_link(host: Host, *, now: datetime) -> int:
    """How many coming bookings at Zoom have no link, for the integrations page and its banner."""
    coming = bookings_of(host).filter(_tab_filter(Tab.UPCOMING, now), appointment__location__kind="zoom")
    return coming.exclude(appointment__meetings__in=Meeting.objects.exclude(join_url="")).count()


def coming_over(connection: Connection, *, now: datetime) -> QuerySet[Booking]:
    """The coming bookings whose meeting lies, or is to be made, in this account; soonest first."""
    live = Meeting.objects.exclude(state=Meeting.State.GONE)
    there = live.filter(credential=connection.credential_id).values("appointment_id")
    elsewhere = live.exclude(credential=None).values("appointment_id")
    over = Q(appointment_id__in=there)
    if connection.is_default:
        over |= Q(appointment__location__connection=None) & ~Q(appointment_id__in=elsewhere)
    over |= Q(appointment__location__connection=connection.public_id) & ~Q(appointment_id__in=elsewhere)
    coming = bookings_of(connection.host).filter(
        _tab_filter(Tab.UPCOMING, now), appointment__location__kind="zoom"
    )
    return coming.filter(over).order_by("appointment__start", "pk")


@dataclass(frozen=True, slots=True)
class Trouble:
    """What goes wrong with meetings of an account: the latest `problem`, and how many bookings wait."""

    problem: str
    since: datetime
    bookings: int


def trouble_over(connection: Connection, *, now: datetime) -> Trouble | None:
    """What goes wrong at present with the coming bookings of this account; None if all is well."""
    coming = coming_over(connection, now=now).values("appointment_id")
    troubled = Meeting.objects.filter(appointment_id__in=coming, problem_since__isnull=False)
    troubled = troubled.exclude(state=Meeting.State.GONE).exclude(problem="")
    latest = troubled.order_by("-problem_since", "-pk").first()
    if latest is None or latest.problem_since is None:
        return None
    return Trouble(problem=latest.problem, since=latest.problem_since, bookings=troubled.count())


def waits_for_connection(host: Host, *, now: datetime) -> bool:
    """Whether a meeting or a calendar event was given up because its account was not connected: one to be
    made, or one to be deleted."""
    left_behind = Meeting.objects.exclude(state=Meeting.State.GONE)
    concerned = bookings_of(host).filter(
        _tab_filter(Tab.UPCOMING, now)
        | Q(_tab_filter(Tab.CANCELLED, now), appointment__meetings__in=left_behind)
    )
    subjects = [str(pk) for pk in concerned.values_list("appointment_id", flat=True)]
    given_up = Entry.objects.filter(needs_person=True, problem__in=_MENDED_BY_CONNECTING)
    events = given_up.filter(kind=EVENT, subject__endswith=f"/{host.pk}")
    return events.exists() or given_up.filter(kind=MEETING, subject__in=subjects).exists()


def event_types_of(host: Host) -> QuerySet[EventType]:
    return EventType.objects.filter(profile__host=host).select_related("profile").order_by("title", "pk")


def first_event_type(host: Host) -> EventType | None:
    """The oldest of those that can be booked."""
    rows = EventType.objects.filter(profile__host=host, active=True).select_related("profile__host")
    return rows.order_by("pk").first()


def schedules_of(host: Host) -> QuerySet[Schedule]:
    """The host's own hours, the oldest first."""
    return Schedule.objects.filter(host=host).order_by("pk")


def schedule_by_id(host: Host, public_id: str) -> Schedule | None:
    """The host's own schedule of this id; another host's is as unknown as one that never was."""
    return schedules_of(host).filter(public_id=public_id).first() if is_public_id(public_id) else None


def coming_with(schedule: Schedule, *, now: datetime) -> int:
    """How many bookings are to come of the event types with these hours, requests included."""
    rows = bookings_of(schedule.host).filter(
        appointment__event_type__event_type_hosts__schedule=schedule, appointment__end__gt=now
    )
    return rows.filter(status__in=Booking.LIVE).exclude(Booking.overdue(now)).count()


def event_types_with(schedule: Schedule) -> list[EventType]:
    """The event types that have these hours, by title."""
    rows = EventType.objects.filter(event_type_hosts__schedule=schedule).select_related("profile")
    return list(rows.order_by("title", "pk"))


def availability_of(schedule: Schedule) -> Availability:
    """When the host of these hours can be booked by them, which is not while he is away."""
    return hours_without(schedule.availability, schedule.host.profile.away)


def booked_while(host: Host, away: Away, *, now: datetime) -> int:
    """How many bookings to come, requests included, lie in this time away, by the host's zone."""
    zone = load_zone(host.zone)
    begin, end = (wall_to_minutes(away.first, 0, zone), wall_to_minutes(away.last, 1440, zone))
    span = (max(to_datetime(begin), now), to_datetime(end))
    return len(live_between(host, [span], now=now)) if span[0] < span[1] else 0


def lacks_zoom(event_type: EventType, host: Host) -> bool:
    """Whether bookings of this event type would get no link: it is at Zoom, and Zoom is not connected."""
    at_zoom = any(place.get("kind") == "zoom" for place in event_type.locations)
    return at_zoom and connections.connection_for(host, "zoom", None) is None
