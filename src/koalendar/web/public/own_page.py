"""A booking's own page, behind the invitee's link: what was booked, where, and how to change it.

GET shows and only POST changes, since mail scanners follow links.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from koalendar import clock
from koalendar.booking import actions, queries
from koalendar.booking.errors import BookingRefused, LinkExpired
from koalendar.booking.languages import locale_of_invitee, supported
from koalendar.booking.links import booking_for_token, calendar_uid
from koalendar.booking.looking import look_for
from koalendar.booking.models import Booking
from koalendar.booking.queries import CopyState, Whereabouts, google_invites
from koalendar.invitations import calendar, links
from koalendar.web.headers import keep_to_reader
from koalendar.web.languages import speak
from koalendar.web.limits import seconds_to_wait
from koalendar.web.public import places
from koalendar.web.public.address import picker_part, read_address, read_number, read_slot
from koalendar.web.public.booking_page import (
    JUST_BOOKED,
    host_name,
    locked_zone,
    taken_words,
    too_many_words,
    zone_of,
)
from koalendar.web.public.desk import Desk, SeeOther, answer, look
from koalendar.web.public.forms import ReasonForm
from koalendar.web.public.reader import Reader, reader_of

_View = Callable[[HttpRequest, Booking], HttpResponse]

# When the page asks again for the link, in milliseconds: soon at first, for most links are there within a
# second; then every 15 seconds until ten minutes have gone by.
_GAPS = (300, 300, 500, 1000, 2000, 4000, 8000, *[15_000] * 39)
_SOON = timedelta(minutes=15)
_LINK_STAYS = timedelta(hours=1)


def _with_booking(view: _View) -> Callable[[HttpRequest, str], HttpResponse]:
    """Turns the token into its booking; keeps these pages to the invitee."""

    @wraps(view)
    def answer_privately(request: HttpRequest, token: str) -> HttpResponse:
        try:
            booking = booking_for_token(token, now=clock.now())
        except LinkExpired:
            response = render(request, "public/gone.html", status=404)
        else:
            speak(request, supported(locale_of_invitee(booking)))
            response = view(request, booking)
        keep_to_reader(response, has_form=request.path.endswith(("/reschedule/", "/cancel/")))
        return response

    return answer_privately


@dataclass(frozen=True, slots=True)
class LinkBox:
    """Where the room is, and its link. `state` is being_made, late, ready or empty for nothing to show.

    `ask_again` is the delay in milliseconds until the page asks again, 0 for never.
    """

    state: str
    place: Whereabouts
    meeting_id: str
    is_soon: bool
    ask_again: int
    number: int


@require_safe
@_with_booking
def booking(request: HttpRequest, booking: Booking) -> HttpResponse:
    reader = _reader(request, booking)
    leads_to = _led_on(request, booking)
    context = _context(request, booking, reader) | {
        "leads_to": leads_to,
        "leads_where": urlsplit(leads_to).netloc,
    }
    response = render(request, "public/own_page.html", context)
    if leads_to:
        response.delete_cookie(JUST_BOOKED, path=_own_path(request))
    return response


@require_safe
@_with_booking
def link(request: HttpRequest, booking: Booking) -> HttpResponse:
    """The link box alone, for the page that waits for it."""
    box = _link_box(booking, clock.now(), number=read_number(request.GET.get("n", "")))
    say = {"ready": _("Your %(room)s link is ready") % {"room": box.place.room}, "late": ""}.get(
        box.state, ""
    )
    context = {"booking_path": _own_path(request), "box": box, "host": booking.snapshot["host"]}
    return render(request, "public/_swap.html", context | {"part": "public/_link_box.html", "say": say})


@require_safe
@_with_booking
def invite(request: HttpRequest, booking: Booking) -> HttpResponse:
    """The calendar file: a copy that nobody is asked to answer. There is none of what is not agreed, nor of
    what Google invites to, which would stand in a calendar twice."""
    if booking.status != Booking.Status.CONFIRMED or queries.google_invites(booking):
        return render(request, "404.html", status=404)
    now = clock.now()
    body = calendar.publish(_event(booking, _place(booking, now), _own_path(request)), stamp=now)
    return HttpResponse(
        body,
        content_type="text/calendar; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="invite.ics"'},
    )


@require_http_methods(["GET", "HEAD", "POST"])
@_with_booking
def reschedule(request: HttpRequest, booking: Booking) -> HttpResponse:
    reader = _reader(request, booking)
    if not actions.may_change(booking, now=reader.now):
        return _closed(request, booking, reader)
    desk = _desk(request, booking, reader)
    if request.method == "POST":
        return _move(request, booking, desk)

    def form_step(_start: datetime) -> dict[str, Any]:
        return {"form": _move_form()}

    return look(request, desk, form_step)


@require_http_methods(["GET", "HEAD", "POST"])
@_with_booking
def cancel(request: HttpRequest, booking: Booking) -> HttpResponse:
    reader = _reader(request, booking)
    form = ReasonForm(label=_("Reason"), data=request.POST if request.method == "POST" else None)
    if booking.status == Booking.Status.CANCELLED:
        return SeeOther(_own_path(request))
    if not actions.may_change(booking, now=reader.now):
        return _closed(request, booking, reader)
    refusal = _too_many_changes(request) if request.method == "POST" else {}
    if request.method == "POST" and not refusal and form.is_valid():
        try:
            actions.cancel(booking, by=Booking.By.INVITEE, now=reader.now, reason=form.cleaned_data["reason"])
        except BookingRefused:
            return _closed(request, booking, reader)
        return SeeOther(_own_path(request))
    context = _context(request, booking, reader) | {"form": form} | refusal
    status = 429 if refusal else 422 if form.errors else 200
    return render(request, "public/cancel.html", context, status=status)


def _too_many_changes(request: HttpRequest) -> dict[str, Any]:
    """Why this change has to wait; empty if it may be made now, which then counts.

    Each change sends mails, and a booking can be moved to and fro without end. Changes and bookings are
    counted apart, so whoever has just booked a lot can still cancel.
    """
    wait = seconds_to_wait(request, "changes", settings.KOALENDAR_RATE_BOOKINGS)
    return too_many_words(_("Too many changes from this connection"), wait) if wait else {}


# ── What is shown ──


def _led_on(request: HttpRequest, booking: Booking) -> str:
    """Where this very reader goes on to, having just booked: a page that the host has set, else nowhere."""
    return booking.appointment.event_type.redirect_url if request.COOKIES.get(JUST_BOOKED) else ""


def _own_path(request: HttpRequest) -> str:
    """The address of the booking's own page, with the very token that was used."""
    assert request.resolver_match is not None
    return reverse("invitee-booking", args=[request.resolver_match.kwargs["token"]])


def _reader(request: HttpRequest, booking: Booking) -> Reader:
    return reader_of(
        request,
        default_zone=booking.invitee_zone,
        now=clock.now(),
        knows_zone=True,
        locked_zone=locked_zone(booking.appointment.event_type),
    )


def _place(booking: Booking, now: datetime) -> Whereabouts:
    return queries.whereabouts(booking, now=now)


def _context(request: HttpRequest, booking: Booking, reader: Reader) -> dict[str, Any]:
    appointment, now = booking.appointment, reader.now
    path = _own_path(request)
    status = booking.status_at(now)
    is_agreed = status == Booking.Status.CONFIRMED
    is_coming = is_agreed and now < appointment.end
    box = _link_box(booking, now)
    event = _event(booking, box.place, path)
    return {
        "booking": booking,
        "booking_path": path,
        "title": booking.snapshot["title"],
        "host": booking.snapshot["host"],
        "state": "past" if is_agreed and not is_coming else status,
        "facts": list(_facts(booking, reader)),
        "cancelled_when": _cancelled_when(booking, reader),
        "held_until": reader.day_and_time(booking.expires_at) if booking.expires_at else "",
        "own_link": _own_link(booking) if is_coming else "",
        "box": box,
        # What Google invites to would be there twice.
        "calendars": _calendars(event, path) if is_coming and not google_invites(booking) else [],
        "may_change": actions.may_change(booking, now=now),
        "cutoff": _cutoff(booking) if status in Booking.LIVE else "",
        "again_url": _booking_page(booking),
        "reader": reader,
    }


def _link_box(booking: Booking, now: datetime, *, number: int = 0) -> LinkBox:
    place = _place(booking, now)
    state = _box_state(booking, place, now)
    appointment = booking.appointment
    asks = state in ("being_made", "late") and number < len(_GAPS)
    return LinkBox(
        state=state,
        place=place,
        meeting_id=place.spoken_id,
        is_soon=appointment.start - _SOON <= now < appointment.end,
        ask_again=_GAPS[number] if asks else 0,
        number=number + 1,
    )


def _box_state(booking: Booking, place: Whereabouts, now: datetime) -> str:
    if not booking.is_live or not place.has_room:
        return ""
    if now >= booking.appointment.end + _LINK_STAYS:
        return ""
    if place.join_url:
        return "ready"
    if place.state == CopyState.FAILED or place.late:
        return "late"
    return "being_made" if place.state == CopyState.PENDING else ""


def _when(booking: Booking, reader: Reader) -> str:
    return reader.when(booking.appointment.start, booking.appointment.end)


def _facts(booking: Booking, reader: Reader) -> Iterator[tuple[str, str]]:
    appointment, snapshot = booking.appointment, booking.snapshot
    host = snapshot["host"]
    yield _("What"), snapshot["title"]
    yield _("When"), _when(booking, reader)
    profile = appointment.event_type.profile
    if for_host := reader.elsewhere(appointment.start, appointment.end, zone_of(profile)):
        yield _("For %(host)s") % {"host": host}, for_host
    if for_you := reader.for_you(appointment.start, appointment.end):
        yield _("For you"), for_you
    yield _("Where"), _where(booking, host)
    yield _("With"), host
    you = {"name": booking.invitee_name, "email": booking.invitee_email}
    yield _("You"), _("%(name)s, %(email)s") % you
    if booking.guests:
        yield _("Guests"), ", ".join(booking.guests)
    for question in snapshot.get("questions", []):
        if text := _in_words(booking.answers.get(question["code"])):
            yield question["label"], text
    if booking.reason:
        yield _("Reason"), booking.reason


def _where(booking: Booking, host: str) -> str:
    location = booking.appointment.location
    if booking.status == Booking.Status.CONFIRMED:
        return places.after_booking(location, host).text
    if booking.status == Booking.Status.PENDING:
        return places.before_booking(location, host).text
    return places.when_called_off(location, host).text


def _in_words(answered: Any) -> str:
    if isinstance(answered, bool):
        return _("Yes") if answered else _("No")
    if isinstance(answered, list):
        return ", ".join(str(part) for part in answered)
    return str(answered or "")


def _cancelled_when(booking: Booking, reader: Reader) -> str:
    if booking.cancelled_at is None:
        return ""
    day = {"day": reader.day(reader.local(booking.cancelled_at).date()), "host": booking.snapshot["host"]}
    if booking.cancelled_by == Booking.By.HOST:
        return _("%(host)s cancelled it on %(day)s.") % day
    return _("You cancelled it on %(day)s.") % day


def _cutoff(booking: Booking) -> str:
    """Until when it may be changed, if that is not simply the start."""
    minutes, host = booking.appointment.event_type.change_cutoff, booking.snapshot["host"]
    if not minutes:
        return ""
    hours, rest = divmod(minutes, 60)
    if rest:
        return ngettext(
            "Changes close %(n)d minute before the start. "
            "After that, reply to your confirmation to reach %(host)s.",
            "Changes close %(n)d minutes before the start. "
            "After that, reply to your confirmation to reach %(host)s.",
            minutes,
        ) % {"n": minutes, "host": host}
    return ngettext(
        "Changes close %(n)d hour before the start. "
        "After that, reply to your confirmation to reach %(host)s.",
        "Changes close %(n)d hours before the start. "
        "After that, reply to your confirmation to reach %(host)s.",
        hours,
    ) % {"n": hours, "host": host}


def _after_cutoff(booking: Booking) -> str:
    minutes, host = booking.appointment.event_type.change_cutoff, booking.snapshot["host"]
    hours, rest = divmod(minutes, 60)
    if rest:
        return ngettext(
            "Changes closed %(n)d minute before the start. Reply to your confirmation to reach %(host)s.",
            "Changes closed %(n)d minutes before the start. Reply to your confirmation to reach %(host)s.",
            minutes,
        ) % {"n": minutes, "host": host}
    return ngettext(
        "Changes closed %(n)d hour before the start. Reply to your confirmation to reach %(host)s.",
        "Changes closed %(n)d hours before the start. Reply to your confirmation to reach %(host)s.",
        hours,
    ) % {"n": hours, "host": host}


def _own_link(booking: Booking) -> str:
    """The host's own address for the call, if that is where it happens."""
    address = str(booking.appointment.location.get("url", ""))
    return address if address.startswith(("https://", "http://")) else ""


def _booking_page(booking: Booking) -> str:
    event_type = booking.appointment.event_type
    if not event_type.active:
        return ""
    return reverse("booking-page", args=[event_type.profile.slug, event_type.slug])


def _closed(request: HttpRequest, booking: Booking, reader: Reader) -> HttpResponse:
    """Too late, or ended: said, with the way back."""
    if booking.status_at(reader.now) not in Booking.LIVE:
        text = _("This booking has ended; nothing is left to change.")
    elif booking.appointment.start <= reader.now:
        text = _("The time has come, so it cannot be changed any more.")
    else:
        text = _after_cutoff(booking)
    context = _context(request, booking, reader) | {"why": text}
    return render(request, "public/closed.html", context, status=409 if request.method == "POST" else 200)


# ── Calendars ──


def _event(booking: Booking, place: Whereabouts, own_path: str) -> calendar.Event:
    """What a calendar is told; the same uid as in the invitation by mail, so that nothing doubles."""
    appointment, snapshot = booking.appointment, booking.snapshot
    address = settings.DEFAULT_FROM_EMAIL.rpartition("<")[2].rstrip(">")
    return calendar.Event(
        uid=calendar_uid(booking),
        sequence=booking.sequence,
        start=appointment.start,
        end=appointment.end,
        zone=appointment.zone,
        summary=_("%(title)s with %(host)s") % {"title": snapshot["title"], "host": snapshot["host"]},
        description=snapshot.get("description", ""),
        location=""
        if place.has_room
        else _own_link(booking) or places.after_booking(appointment.location, snapshot["host"]).text,
        url=f"{settings.KOALENDAR_BASE_URL}{own_path}",
        organizer=calendar.Person(snapshot["host"], address),
        attendee=None,
        conference=calendar.Conference(place.join_url, place.room) if place.join_url else None,
    )


def _calendars(event: calendar.Event, own_path: str) -> list[tuple[str, str, bool]]:
    """Words, address, and whether it leads to another site."""
    return [
        (_("Calendar file (.ics)"), f"{own_path}invite.ics", False),
        (_("Google"), links.google_link(event), True),
        (_("Outlook"), links.outlook_link(event), True),
        (_("Microsoft 365"), links.office_link(event), True),
    ]


# ── Rescheduling ──


def _desk(request: HttpRequest, booking: Booking, reader: Reader) -> Desk:
    appointment = booking.appointment
    minutes = int((appointment.end - appointment.start).total_seconds()) // 60
    profile = appointment.event_type.profile
    source = picker_part(request.POST) if request.method == "POST" else request.GET
    return Desk(
        event_type=appointment.event_type,
        host=host_name(profile),
        host_zone=zone_of(profile),
        durations=[minutes],
        address=read_address(request.path, source, durations=[minutes], reader=reader),
        reader=reader,
        page="public/reschedule.html",
        form="public/_move_form.html",
        moving=appointment,
        frame={"booking_path": _own_path(request), "now_at": _when(booking, reader)},
    )


def _move_form(data: Any = None) -> ReasonForm:
    return ReasonForm(label=_("Reason"), data=data)


def _move(request: HttpRequest, booking: Booking, desk: Desk) -> HttpResponse:
    start = read_slot(request.POST.get("slot", ""), None, desk.reader)
    if start is None:
        return SeeOther(request.path)
    form = _move_form(request.POST)
    shown = desk.facts() | desk.at(start) | {"form": form}
    if refusal := _too_many_changes(request):
        return answer(request, desk, shown | refusal, status=429)
    if not form.is_valid():
        return answer(request, desk, shown, status=422)
    reason = form.cleaned_data["reason"]
    seen = look_for(booking.appointment, start=start, now=desk.reader.now)
    try:
        actions.reschedule(
            booking, start=start, by=Booking.By.INVITEE, now=desk.reader.now, reason=reason, seen=seen
        )
    except BookingRefused as error:
        if not actions.may_change(booking, now=desk.reader.now):
            return _closed(request, booking, desk.reader)
        return answer(request, desk, shown | taken_words(desk, start, error), status=409)
    return SeeOther(_own_path(request))
