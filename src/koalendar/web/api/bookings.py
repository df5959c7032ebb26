"""Bookings: made by anyone, changed by the invitee's token or the host's key."""

from datetime import datetime
from typing import Literal

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import Router
from ninja.params.functions import Query

from koalendar import clock
from koalendar.booking import actions, looking, queries
from koalendar.booking.asking import wish_for
from koalendar.booking.links import token_for
from koalendar.booking.looking import look_for
from koalendar.booking.models import Booking
from koalendar.scheduling.zones import load_zone, to_datetime, wall_to_minutes
from koalendar.web.api import callers, paging, problems, shown
from koalendar.web.api.callers import READ, TOKEN, InviteeCaller, host_of
from koalendar.web.api.document import says
from koalendar.web.api.hosts import CURSOR, LIMIT
from koalendar.web.api.limits import within
from koalendar.web.api.once import Work, once_only, once_prepared
from koalendar.web.api.problems import not_found
from koalendar.web.api.shapes import (
    BookingAsked,
    BookingList,
    BookingMade,
    BookingShown,
    Reason,
    Reschedule,
    read_date,
    read_instant,
    reply,
)

router = Router(tags=["Bookings"])

_BY_HOST = callers.BOOKINGS
_BOUND = "An instant, or a date of the host's zone; empty for no bound."
_STATUS = Query("", description="Empty for all.")
_FROM, _TO = Query("", alias="from", description=_BOUND), Query("", alias="to", description=_BOUND)
_Status = Literal["", "pending", "confirmed", "declined", "expired", "cancelled"]


# ── Booking ──


@router.post(
    "",
    response=says(BookingMade, 404, 409, 422, 429, status=201),
    tags=["Booking"],
    summary="Book a start",
)
@once_prepared
def book(request: HttpRequest, asked: BookingAsked) -> Work:
    """Agrees the time at once; the Zoom meeting, the calendar event and the mails follow within moments:
    read the booking again until `location.state` is `ready`. `token` opens this booking and no other."""
    allowance = within(request, "bookings", settings.KOALENDAR_RATE_BOOKINGS)
    event_type = queries.event_type_by_id(asked.event_type)
    if event_type is None:
        raise not_found()
    now = clock.now()
    wish = wish_for(
        event_type,
        start=asked.start,
        duration=asked.duration,
        location=asked.location.model_dump(exclude_none=True) if asked.location else None,
        name=asked.invitee.name,
        email=asked.invitee.email,
        zone=asked.invitee.timezone,
        locale=asked.invitee.locale,
        guests=asked.guests,
        answers=asked.answers,
    )
    seen = looking.look(event_type, start=wish.start, duration=wish.duration, now=now)

    def work() -> HttpResponse:
        booking = actions.book(event_type, wish, now=now, seen=seen)
        told = shown.new_booking(booking, now=now) | {"token": token_for(booking)}
        return reply(BookingMade, told, status=201, headers=allowance)

    return work


# ── Looking ──


@router.get("", auth=READ, response=says(BookingList, 401, 403, 422), summary="List bookings")
def index(
    request: HttpRequest,
    status: _Status = _STATUS,
    since: str = _FROM,
    until: str = _TO,
    cursor: str = CURSOR,
    limit: int = LIMIT,
) -> HttpResponse:
    """The host's bookings by their start, past and future: those that start in `[from, to)`."""
    host = host_of(request)
    try:
        found = queries.bookings_by_start(
            host,
            now=clock.now(),
            status=status,
            begin=_bound("from", since, host.zone),
            end=_bound("to", until, host.zone),
            cursor=cursor,
            limit=limit,
        )
    except queries.UnknownCursor as error:
        raise paging.unknown_cursor() from error
    items = shown.bookings(found.bookings, for_host=True, now=clock.now())
    return reply(BookingList, {"items": items, "next_cursor": found.next_cursor or None})


@router.get(
    "/{uid}", auth=[READ, TOKEN], response=says(BookingShown, 401, 403, 404), summary="Read a booking"
)
def read(request: HttpRequest, uid: str) -> HttpResponse:
    """With the state of its Zoom meeting and its calendar event."""
    return _shown(request, _own(request, uid))


# ── Changing ──

_CHANGE = (401, 403, 404, 409, 422, 429)


@router.post(
    "/{uid}/reschedule",
    auth=[_BY_HOST, TOKEN],
    response=says(BookingShown, *_CHANGE),
    summary="Move a booking",
)
@once_prepared
def reschedule(request: HttpRequest, uid: str, asked: Reschedule) -> Work:
    """The same meeting moves and keeps its link. The start that it has already changes nothing."""
    _judge_rate(request)
    booking, now = _own(request, uid), clock.now()
    seen = look_for(booking.appointment, start=asked.start, now=now)

    def work() -> HttpResponse:
        moved = actions.reschedule(
            booking, start=asked.start, by=_by(request), now=now, reason=asked.reason, seen=seen
        )
        return _shown(request, moved)

    return work


@router.post(
    "/{uid}/cancel",
    auth=[_BY_HOST, TOKEN],
    response=says(BookingShown, *_CHANGE),
    summary="Cancel a booking",
)
@once_only
def cancel(request: HttpRequest, uid: str, asked: Reason | None = None) -> HttpResponse:
    """Frees the time and deletes the meeting. What is cancelled already stays so."""
    _judge_rate(request)
    reason = asked.reason if asked else ""
    return _shown(
        request, actions.cancel(_own(request, uid), by=_by(request), now=clock.now(), reason=reason)
    )


@router.post(
    "/{uid}/confirm",
    auth=_BY_HOST,
    response=says(BookingShown, 401, 403, 404, 409, 422),
    summary="Confirm a request",
)
@once_only
def confirm(request: HttpRequest, uid: str) -> HttpResponse:
    """Agrees what waits for the host; its meeting is made now."""
    return _shown(request, actions.confirm(_own(request, uid), now=clock.now()))


@router.post(
    "/{uid}/decline",
    auth=_BY_HOST,
    response=says(BookingShown, 401, 403, 404, 409, 422),
    summary="Decline a request",
)
@once_only
def decline(request: HttpRequest, uid: str, asked: Reason | None = None) -> HttpResponse:
    """Frees the time of what waits for the host, and tells the invitee."""
    reason = asked.reason if asked else ""
    return _shown(request, actions.decline(_own(request, uid), now=clock.now(), reason=reason))


@router.post(
    "/{uid}/sync",
    auth=_BY_HOST,
    response=says(BookingShown, 401, 403, 404, 409, 422),
    summary="Try the outside copies again",
)
@once_only
def sync(request: HttpRequest, uid: str) -> HttpResponse:
    """Meeting, calendar event and unsent mails are tried now, whatever wait was set."""
    booking = _own(request, uid)
    actions.retry_copies(booking, now=clock.now())
    return _shown(request, booking)


# ── Whose booking, by whom ──


def _own(request: HttpRequest, uid: str) -> Booking:
    """The caller's booking; another's is as unknown as one that never was."""
    caller = request.auth  # type: ignore[attr-defined]
    if isinstance(caller, InviteeCaller):
        if str(caller.booking.uid) == uid.lower():
            return caller.booking
        raise not_found()
    booking = queries.booking_of(caller.host, uid)
    if booking is None:
        raise not_found()
    return booking


def _by(request: HttpRequest) -> Booking.By:
    caller = request.auth  # type: ignore[attr-defined]
    return Booking.By.INVITEE if isinstance(caller, InviteeCaller) else Booking.By.HOST


def _judge_rate(request: HttpRequest) -> None:
    """Each change sends mails, so strangers' changes are counted as their own pages count them."""
    if _by(request) is Booking.By.INVITEE:
        within(request, "changes", settings.KOALENDAR_RATE_BOOKINGS)


def _shown(request: HttpRequest, booking: Booking) -> HttpResponse:
    for_host = _by(request) is Booking.By.HOST
    return reply(BookingShown, shown.booking(booking, for_host=for_host, now=clock.now()))


def _bound(name: str, text: str, zone: str) -> datetime | None:
    if not text:
        return None
    try:
        if len(text) == len("2026-12-01"):
            return to_datetime(wall_to_minutes(read_date(text), 0, load_zone(zone)))
        return read_instant(text.replace(" ", "+"))  # A plus that was not encoded arrives as a space.
    except ValueError as error:
        raise problems.wrong(name, "invalid", _("Give an instant with its offset, or a date.")) from error
