"""Setting up in four steps, each with an address of its own: who you are, when you work, where you meet, and
your link. Each can be left for later, and the bookings page leads back to what is left.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from koalendar import clock
from koalendar.accounts.models import Host
from koalendar.booking import first_steps, queries, rules
from koalendar.booking.models import EventType, Schedule
from koalendar.booking.models.profile import SETUP_STEPS
from koalendar.booking.revising import change_schedule
from koalendar.booking.setting_up import default_schedule, free_slug, judge_slug
from koalendar.connections import calendars
from koalendar.connections import queries as connections
from koalendar.scheduling.availability import WEEKDAYS, dump_weekly
from koalendar.scheduling.zones import load_zone
from koalendar.web import trail
from koalendar.web.dashboard.event_types import address_of
from koalendar.web.dashboard.frame import for_host
from koalendar.web.dashboard.schedules import week_in_words
from koalendar.web.dashboard.setup_forms import PLACE_DETAILS, HoursForm, PlaceForm, YouForm
from koalendar.web.dashboard.wording import in_minutes, wording_for, zone_now
from koalendar.web.public import places
from koalendar.web.public.offer import Offer

_PRESETS = (
    ("office", gettext_lazy("Office hours"), WEEKDAYS[:5], "09:00", "17:00"),
    ("early", gettext_lazy("Early"), WEEKDAYS[:5], "07:00", "15:00"),
    ("mornings", gettext_lazy("Mornings"), WEEKDAYS[:5], "09:00", "12:00"),
    ("evenings", gettext_lazy("Evenings"), WEEKDAYS[:5], "17:00", "20:00"),
)


@dataclass(frozen=True, slots=True)
class Card:
    """What the bookings page says of what is left; `left` are short names, `url` leads to the next."""

    left: Sequence[str]
    url: str


@dataclass(frozen=True, slots=True)
class StepLink:
    """One of the four on top of each page."""

    name: str
    url: str
    is_here: bool
    is_done: bool


def card_for(host: Host) -> Card | None:
    left = first_steps.steps_left(host)
    names = _names()
    return Card([names[step] for step in left], _url(left[0])) if left else None


def _names() -> dict[str, str]:
    return {"you": _("You"), "hours": _("Hours"), "place": _("Place"), "link": _("Your link")}


def _url(step: str) -> str:
    return reverse(f"setup-{step}")


def _after(step: str) -> str:
    return _url(SETUP_STEPS[SETUP_STEPS.index(step) + 1])


@require_GET
@for_host
def index(request: HttpRequest, host: Host) -> HttpResponse:  # noqa: ARG001 - what for_host hands over.
    left = first_steps.steps_left(host)
    return redirect(_url(left[0]) if left else "dashboard")


@require_POST
@for_host
def dismiss(request: HttpRequest, host: Host) -> HttpResponse:
    first_steps.dismiss(host)
    messages.success(request, _("All of it stays under Event types, Availability and Integrations."))
    return redirect("dashboard")


def _show(
    request: HttpRequest, host: Host, step: str, context: Mapping[str, Any], *, status: int = 200
) -> HttpResponse:
    at, left = SETUP_STEPS.index(step), first_steps.steps_left(host)
    frame = {
        "steps": [
            StepLink(name, _url(each), is_here=each == step, is_done=each not in left)
            for each, name in _names().items()
        ],
        "at": at + 1,
        "back_url": _url(SETUP_STEPS[at - 1]) if at else "",
    }
    return render(request, f"dashboard/setup_{step}.html", {**frame, **context}, status=status)


def _done(host: Host, step: str) -> HttpResponse:
    first_steps.take(host, step)
    return redirect(_after(step))


def _later(host: Host, step: str) -> HttpResponse:
    first_steps.put_off(host, step)
    return redirect(_after(step))


# ── 1: you ──


@require_http_methods(["GET", "HEAD", "POST"])
@for_host
def you(request: HttpRequest, host: Host) -> HttpResponse:
    if request.method != "POST":
        return _show(request, host, "you", {"form": YouForm(host)})
    if "later" in request.POST:
        return _later(host, "you")
    data = request.POST.copy()
    if taken := data.get("take"):
        data["slug"] = taken
    form, before = YouForm(host, data), host.profile.slug
    if form.is_valid():
        try:
            first_steps.introduce(host, **form.cleaned_data)
        except ValidationError as error:  # Another host took the address after the form had looked for it.
            form.add_error("slug", error)
        else:
            if host.profile.slug != before:
                trail.record(host, "address_changed", request, before=before, after=host.profile.slug)
            return _done(host, "you")
    return _show(request, host, "you", {"form": form, "proposal": form.proposal}, status=422)


@require_GET
@for_host
def address(request: HttpRequest, host: Host) -> HttpResponse:
    """Whether the address that is being typed is free; a free one, where it is not."""
    slug = request.GET.get("slug", "").strip().lower()[:60]
    problem = ""
    try:
        judge_slug(slug, profile=host.profile)
    except ValidationError as error:
        problem = error.messages[0]
    context = {
        "checked": f"{settings.KOALENDAR_BASE_URL}/{slug}/",
        "problem": problem,
        "proposal": free_slug(slug, host.name, host.email) if problem else "",
    }
    return render(request, "dashboard/_address_check.html", context)


# ── 2: hours ──


@require_http_methods(["GET", "HEAD", "POST"])
@for_host
def hours(request: HttpRequest, host: Host) -> HttpResponse:
    schedule = default_schedule(host)
    assert schedule is not None  # Every host has one, and the last cannot be deleted.
    is_own = _simple_week(schedule) is None
    if request.method != "POST":
        return _show_hours(request, host, schedule, _hours_form(schedule, request.GET.get("preset", "")))
    if "later" in request.POST:
        return _later(host, "hours")
    if is_own and "days" not in request.POST:
        return _done(host, "hours")
    form = HoursForm(request.POST)
    if form.is_valid():
        try:
            change_schedule(schedule, weekly=form.weekly())
        except ValidationError as error:
            form.add_error("end", next(iter(error.messages)))
        else:
            return _done(host, "hours")
    return _show_hours(request, host, schedule, form, status=422)


def _hours_form(schedule: Schedule, preset: str) -> HoursForm | None:
    """Filled in with a preset, or as stored; none for hours that this form cannot show."""
    for name, _label, days, start, end in _PRESETS:
        if name == preset:
            return HoursForm(initial={"days": list(days), "start": start, "end": end})
    stored = _simple_week(schedule)
    return None if stored is None else HoursForm(initial=stored)


def _simple_week(schedule: Schedule) -> dict[str, Any] | None:
    """What the form would show of it, if all open days have the same single range."""
    weekly = {day: spans for day, spans in dump_weekly(schedule.availability.weekly).items() if spans}
    if not weekly:
        return {"days": [], "start": "09:00", "end": "17:00"}
    first = next(iter(weekly.values()))
    if len(first) > 1 or any(spans != first for spans in weekly.values()):
        return None
    start, end = first[0]
    return {"days": list(weekly), "start": start, "end": "00:00" if end == "24:00" else end}


def _show_hours(
    request: HttpRequest, host: Host, schedule: Schedule, form: HoursForm | None, *, status: int = 200
) -> HttpResponse:
    context = {
        "form": form,
        "presets": [(name, label, f"{start}–{end}") for name, label, _days, start, end in _PRESETS],
        "schedule": schedule,
        "week": week_in_words(schedule),
        "zone": zone_now(schedule.zone, host.locale, now=clock.now()),
        "google": _google(host, "hours"),
    }
    return _show(request, host, "hours", context, status=status)


def _google(host: Host, step: str) -> dict[str, object] | None:
    """Whether Google Calendar is connected, and where that is begun; None where it is off."""
    if not connections.is_enabled("google"):
        return None
    connection = connections.connection_for(host, "google")
    return {
        "account": connection.credential.account_email if connection and connection.is_live else "",
        "is_connected": connection is not None and connection.is_live,
        "blocks": calendars.blocking(host).exists(),
        "connect_url": reverse("google-connect", query={"next": _url(step)}),
    }


# ── 3: where you meet ──


@require_http_methods(["GET", "HEAD", "POST"])
@for_host
def place(request: HttpRequest, host: Host) -> HttpResponse:
    rooms = {"with_zoom": connections.is_enabled("zoom"), "with_meet": _offers_meet(host)}
    if request.method != "POST":
        form = PlaceForm(None, **rooms, initial=_place_now(host, **rooms))
        return _show_place(request, host, form)
    if "later" in request.POST:
        if queries.first_event_type(host) is None:
            first_steps.meet_at(host, first_steps.HOST_CALLS)  # So that the page can be booked all the same.
        return _later(host, "place")
    form = PlaceForm(request.POST, **rooms)
    if not form.is_valid():
        return _show_place(request, host, form, status=422)
    made = first_steps.meet_at(host, form.place())
    if queries.lacks_zoom(made, host):
        return redirect(reverse("zoom-install", query={"next": _url("place")}))
    return _done(host, "place")


def _offers_meet(host: Host) -> bool:
    """A room comes with an event, so there has to be a calendar for it; what was chosen stays offered."""
    made, target = queries.first_event_type(host), calendars.target_of(host)
    is_chosen = made is not None and made.locations[0]["kind"] == "google_meet"
    return is_chosen or (target is not None and target.connection.is_live)


def _place_now(host: Host, *, with_zoom: bool, with_meet: bool) -> dict[str, str]:
    made = queries.first_event_type(host)
    if made is None:
        return {"places": "zoom" if with_zoom else "google_meet" if with_meet else "phone"}
    stored = made.locations[0]
    calls_me = stored["kind"] == "phone" and not rules.host_calls(stored)
    return {
        "places": "call_me" if calls_me else stored["kind"],
        **{name: stored.get(name, "") for name in PLACE_DETAILS},
    }


def _show_place(request: HttpRequest, host: Host, form: PlaceForm, *, status: int = 200) -> HttpResponse:
    zoom = connections.connection_for(host, "zoom")
    context = {
        "form": form,
        "zoom_is_on": connections.is_enabled("zoom"),
        "zoom": zoom if zoom is not None and zoom.is_live else None,
        "connect_url": reverse("zoom-connect", query={"next": _url("place")}),
    }
    return _show(request, host, "place", context, status=status)


# ── 4: your link ──


@require_http_methods(["GET", "HEAD", "POST"])
@for_host
def link(request: HttpRequest, host: Host) -> HttpResponse:
    made = queries.first_event_type(host)
    if request.method == "POST":
        if made is None:
            first_steps.meet_at(host, first_steps.HOST_CALLS)
            return redirect(_url("link"))
        first_steps.take(host, "link")
        messages.success(request, _("You are set up. Bookings appear here."))
        return redirect("dashboard")
    return _show(request, host, "link", {"made": made, **(_preview(host, made) if made else {})})


def _preview(host: Host, made: EventType) -> dict[str, Any]:
    """What an invitee sees first, and what to send them."""
    now, names = clock.now(), _names()
    return {
        "host": host.name,
        "length": in_minutes(made.durations[0]),
        "places": [places.before_booking(place, host.name) for place in made.locations],
        "first_free": _first_free(host, made, now),
        "address": address_of(made),
        "signature": _("Book a time with me: %(address)s") % {"address": address_of(made)},
        "lacks_zoom": queries.lacks_zoom(made, host),
        "left": [(names[step], _url(step)) for step in first_steps.steps_left(host) if step != "link"],
    }


def _first_free(host: Host, made: EventType, now: datetime) -> str:
    """ "Friday 4 December, 09:00–09:30, Paris time"; empty for none."""
    zone = load_zone(host.zone)
    offer = Offer(made, duration=made.durations[0], rules=zone, now=now)
    day = offer.first_day(offer.today)
    if day is None:
        return ""
    start = offer.days(day, day)[day][0]
    return wording_for(host, now=now).full(start, start + timedelta(minutes=made.durations[0]))
