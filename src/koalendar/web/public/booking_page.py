"""A host's page, and the booking page: pick a time, say who you are, book."""

import hashlib
import json
import re
import secrets
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import conditional_page, require_http_methods, require_safe

from koalendar import clock
from koalendar.booking import looking, queries
from koalendar.booking.actions import OnceOnly, Wish, book
from koalendar.booking.errors import BookingRefused, OutsideRules, TooManyMails
from koalendar.booking.languages import of_profile
from koalendar.booking.links import token_for
from koalendar.booking.models import EventType, Profile
from koalendar.web.languages import speak
from koalendar.web.limits import seconds_to_wait
from koalendar.web.public import places
from koalendar.web.public.address import picker_part, read_address, read_slot
from koalendar.web.public.desk import Desk, SeeOther, answer, look, unstored
from koalendar.web.public.forms import BookingForm
from koalendar.web.public.picker import away_words
from koalendar.web.public.reader import reader_of

# Set for the own page alone, which leads on to where the host wants invitees to go and takes it back: a
# reload, the way back and a later visit stay there.
JUST_BOOKED = "just_booked"
_MOMENT = 60  # Seconds from the press on Book to the page that follows.
_KEY = re.compile(r"[A-Za-z0-9_-]{16,43}")


@gzip_page
@conditional_page
@require_safe
def host_page(request: HttpRequest, username: str) -> HttpResponse:
    profile = _open_profile(request, username)
    if profile.slug != username:
        return redirect("host-page", profile.slug)
    host = host_name(profile)
    rows = [
        {
            "title": event_type.title,
            "description": event_type.description,
            "url": reverse("booking-page", args=[profile.slug, event_type.slug]),
            "lengths": [_("%(n)d min") % {"n": minutes} for minutes in event_type.durations],
            "places": [places.before_booking(place, host) for place in event_type.locations],
        }
        for event_type in queries.listed_event_types(profile)
    ]
    reader = reader_of(request, default_zone=zone_of(profile), now=clock.now())
    away = queries.away_now(profile, now=reader.now)
    context = {
        "profile": profile,
        "host": host,
        "event_types": rows,
        "away": away_words(away, host, reader) if away else "",
        "away_message": away.message if away else "",
    }
    return unstored(render(request, "public/host_page.html", context))


@gzip_page
@conditional_page
@require_http_methods(["GET", "HEAD", "POST"])
def booking_page(request: HttpRequest, username: str, slug: str) -> HttpResponse:
    profile = _open_profile(request, username)
    event_type = queries.bookable_event_type(profile, slug)
    if event_type is None:
        raise Http404
    if (profile.slug, event_type.slug) != (username, slug):
        path = reverse("booking-page", args=[profile.slug, event_type.slug])
        query = request.GET.urlencode()
        return redirect(f"{path}?{query}" if query else path)
    desk = _desk(request, profile, event_type)
    if request.method == "POST":
        return _post(request, desk)

    def form_step(_start: datetime) -> dict[str, Any]:
        form = BookingForm(event_type, host=desk.host, initial=desk.address.carried)
        return {"form": form, "key": secrets.token_urlsafe(16)}

    return look(request, desk, form_step)


def host_name(profile: Profile) -> str:
    return (
        profile.host.name if profile.host is not None and profile.host.name else profile.name or profile.slug
    )


def zone_of(profile: Profile) -> str:
    return profile.host.zone if profile.host is not None else "UTC"


def locked_zone(event_type: EventType) -> str:
    """The zone in which every reader sees the times, if the host wants that; else empty."""
    return zone_of(event_type.profile) if event_type.zone_locked else ""


def _open_profile(request: HttpRequest, username: str) -> Profile:
    """The profile, which is also who says what language is spoken where the reader asks for none of ours."""
    profile = queries.profile_for(username)
    if profile is None:
        raise Http404
    speak(request, of_profile(profile))
    return profile


def _desk(request: HttpRequest, profile: Profile, event_type: EventType) -> Desk:
    reader = reader_of(
        request, default_zone=zone_of(profile), now=clock.now(), locked_zone=locked_zone(event_type)
    )
    # Of what a form sends, only what the picker knows belongs into addresses.
    source = picker_part(request.POST) if request.method == "POST" else request.GET
    return Desk(
        event_type=event_type,
        host=host_name(profile),
        host_zone=zone_of(profile),
        durations=event_type.durations,
        address=read_address(request.path, source, durations=event_type.durations, reader=reader),
        reader=reader,
        page="public/booking_page.html",
        form="public/_booking_form.html",
    )


# ── Booking ──


def _post(request: HttpRequest, desk: Desk) -> HttpResponse:
    start = read_slot(request.POST.get("slot", ""), None, desk.reader)
    if start is None:
        return SeeOther(request.path)
    form = BookingForm(desk.event_type, host=desk.host, data=request.POST)
    wait = seconds_to_wait(request, "bookings", settings.KOALENDAR_RATE_BOOKINGS)
    if wait:
        heading = _("Too many bookings from this connection")
        return form_again(request, desk, form, start, 429, too_many_words(heading, wait))
    if not form.is_valid():
        return form_again(request, desk, form, start, 422, {})
    wish = form.wish(start=start, duration=desk.address.duration, reader=desk.reader)
    now = desk.reader.now
    seen = looking.look(desk.event_type, start=wish.start, duration=wish.duration, now=now)
    try:
        booking = book(
            desk.event_type,
            wish,
            now=now,
            once=once_of(request, wish, caller=f"form:{desk.event_type.public_id}"),
            seen=seen,
        )
    except BookingRefused as error:
        return refused(request, desk, form, start, error)
    own_path = reverse("invitee-booking", args=[token_for(booking)])
    response = SeeOther(own_path)
    if desk.event_type.redirect_url:
        response.set_cookie(
            JUST_BOOKED,
            "1",
            path=own_path,
            max_age=_MOMENT,
            httponly=True,
            samesite="Lax",
            secure=settings.SESSION_COOKIE_SECURE,
        )
    return response


def once_of(request: HttpRequest, wish: Wish, *, caller: str) -> OnceOnly:
    """The same form sent twice is one booking; the same form filled in otherwise is another."""
    asked = hashlib.sha256(json.dumps(asdict(wish), default=str, sort_keys=True).encode()).hexdigest()
    return OnceOnly(caller=caller, key=f"{form_key(request)}:{asked}", request_hash=asked)


def form_key(request: HttpRequest) -> str:
    key = request.POST.get("key", "")
    return key if _KEY.fullmatch(key) else secrets.token_urlsafe(16)


def form_again(
    request: HttpRequest,
    desk: Desk,
    form: BookingForm,
    start: datetime,
    status: int,
    why: dict[str, Any],
) -> HttpResponse:
    context = desk.facts() | desk.at(start) | {"form": form, "key": form_key(request)} | why
    return answer(request, desk, context, status=status)


def too_many_words(heading: str, wait: int) -> dict[str, Any]:
    """What a form says above what was typed when it has to wait; `wait` in seconds."""
    minutes = max(1, -(-wait // 60))
    again = ngettext(
        "Your answers are kept. Try again in %(n)d minute.",
        "Your answers are kept. Try again in %(n)d minutes.",
        minutes,
    ) % {"n": minutes}
    return {"refusal": heading, "refusal_text": again}


def refused(
    request: HttpRequest, desk: Desk, form: BookingForm, start: datetime, error: BookingRefused
) -> HttpResponse:
    """The form with what `book` said no to. Where the time is gone, others are one press away."""
    if isinstance(error, TooManyMails):
        heading = _("Too many bookings for this e-mail address")
        words = too_many_words(heading, round(error.after.total_seconds()))
        return form_again(request, desk, form, start, 429, words)
    if isinstance(error, OutsideRules) and error.which == "inactive":
        heading = _("%(host)s no longer offers this") % {"host": desk.host}
        words = {"refusal": heading, "refusal_text": _("Nothing was booked.")}
        return form_again(request, desk, form, start, 409, words)
    return form_again(request, desk, form, start, 409, taken_words(desk, start, error))


def taken_words(desk: Desk, start: datetime, error: BookingRefused) -> dict[str, Any]:
    """What the summary says, and what can be pressed instead."""
    if isinstance(error, OutsideRules) and error.which == "calendar":
        return {
            "refusal": _("The calendar of %(host)s cannot be read at the moment") % {"host": desk.host},
            "refusal_text": _("Your answers are kept. Try again in a few minutes."),
        }
    time = {"time": desk.reader.time(start)}
    heading = _("%(time)s has just been taken") % time
    if isinstance(error, OutsideRules):
        heading = _("%(time)s cannot be booked any more") % time
        if error.which == "away":
            heading = _("%(host)s is away on this day") % {"host": desk.host}
    if start + timedelta(minutes=desk.address.duration) <= desk.reader.now:
        heading = _("%(time)s has passed") % time
    instead = desk.instead_of(start)
    text = _("Your answers are kept.")
    if instead:
        text = _("Your answers are kept. Choose another time, in %(zone)s:") % {
            "zone": desk.reader.zone_label
        }
    return {
        "refusal": heading,
        "refusal_text": text,
        "instead": instead,
        "is_taken": True,
        "all_url": desk.address.to_day(desk.reader.local(start).date()),
    }
