"""The hours of one schedule: name, time zone, the week; and the next days as they come out of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from koalendar import clock
from koalendar.accounts.models import Host
from koalendar.booking import queries, revising
from koalendar.booking.models import Schedule
from koalendar.invitations import when
from koalendar.scheduling.availability import working_time
from koalendar.scheduling.zones import load_zone, search_zones, to_datetime, to_minutes
from koalendar.web.dashboard.frame import HostRequest, for_host, own
from koalendar.web.dashboard.hours import Draft, act, draft_from, draft_of, judge
from koalendar.web.dashboard.schedules import hours_of
from koalendar.web.dashboard.wording import bookings_stay, saved, zone_now

_SHOWN = 14


@dataclass(frozen=True, slots=True)
class PreviewDay:
    """One day of the strip: its name, and its hours as an invitee could use them; none: closed."""

    name: str
    hours: Sequence[str]


@dataclass(frozen=True, slots=True)
class FoundZone:
    """A zone to choose: "Kathmandu, Nepal, 18:17"."""

    zone: str
    label: str


@require_http_methods(["GET", "HEAD", "POST"])
@for_host
def edit(request: HostRequest, host: Host, public_id: str) -> HttpResponse:
    schedule = own(queries.schedule_by_id(host, public_id))
    now = clock.now()
    if request.method != "POST":
        return _show(request, host, schedule, draft_of(schedule), now)
    draft = draft_from(request.POST)
    action = request.POST.get("do", "")
    if action == "enter":
        # The Enter key presses the first button of a form, whichever field it was pressed in.
        action = "zone-search" if request.POST.get("q") else ""
    if action:
        act(draft, action, request.POST)
        return _show(request, host, schedule, draft, now)
    return _save(request, host, schedule, draft, now)


def _save(request: HostRequest, host: Host, schedule: Schedule, draft: Draft, now: datetime) -> HttpResponse:
    weekly = judge(draft)
    if weekly is None:
        return _show(request, host, schedule, draft, now, status=422)
    problem = ""
    try:
        revising.change_schedule(
            schedule, revision=draft.revision, name=draft.name, zone=draft.zone, weekly=weekly
        )
    except revising.ChangedMeanwhile:
        # With the present revision saving again is a decision and no accident.
        draft.revision = own(queries.schedule_by_id(host, schedule.public_id)).revision
        problem = _("These hours were saved in another window meanwhile. Save again to replace that.")
    except ValidationError as error:
        problem = error.messages[0]
    if problem:
        return _show(request, host, schedule, draft, now, status=422, problem=problem)
    messages.success(request, saved(queries.coming_with(schedule, now=now)))
    return redirect("schedule", schedule.public_id)


def _show(
    request: HostRequest,
    host: Host,
    schedule: Schedule,
    draft: Draft,
    now: datetime,
    *,
    status: int = 200,
    problem: str = "",
) -> HttpResponse:
    context = {
        "schedule": schedule,
        "draft": draft,
        "problem": problem,
        "has_errors": bool(problem) or draft.has_errors,
        "zone_now": zone_now(draft.zone, host.locale, now=now),
        "found": _found(draft.query or "", host, now),
        "used_by": queries.event_types_with(schedule),
        "stay": bookings_stay(queries.coming_with(schedule, now=now)),
        "dates": dates_of(schedule, host, now),
        "preview": _preview(schedule, host, now),
    }
    template = "dashboard/_hours.html" if request.htmx else "dashboard/schedule.html"
    response = render(request, template, context, status=status)
    response.headers["Vary"] = "HX-Request"
    return response


@require_GET
@for_host
def zones(request: HostRequest, host: Host) -> HttpResponse:
    """What is found while one types, for the search field of the editor."""
    query = request.GET.get("q", "").strip()[:80]
    found = _found(query, host, clock.now())
    say = ngettext("%(n)d zone found", "%(n)d zones found", len(found)) % {"n": len(found)}
    context = {"found": found, "query": query, "say": say}
    return render(request, "dashboard/_zones_found.html", context)


def _found(query: str, host: Host, now: datetime) -> list[FoundZone]:
    minute = to_minutes(now.replace(second=0, microsecond=0))
    return [
        FoundZone(
            place.zone,
            ", ".join(
                part
                for part in (
                    place.city,
                    place.country,
                    when.time(now.astimezone(load_zone(place.zone)), host.locale),
                )
                if part
            ),
        )
        for place in search_zones(query, now=minute)
    ]


def dates_of(schedule: Schedule, host: Host, now: datetime) -> list[tuple[str, str, str]]:
    """The dates to come that differ: as stored, in words, and their hours."""
    today = now.astimezone(load_zone(schedule.zone)).date()
    return [
        (
            day.isoformat(),
            when.day(day, host.locale, today=today),
            hours_of(ranges, host.locale) or _("Not available"),
        )
        for day, ranges in sorted(schedule.availability.overrides.items())
        if day >= today
    ]


def _preview(schedule: Schedule, host: Host, now: datetime) -> list[PreviewDay]:
    """The stored hours of the next days, with what the clocks do to them, and without days away."""
    zone = load_zone(schedule.zone)
    first = now.astimezone(zone).date()
    days = [first + timedelta(days=n) for n in range(_SHOWN)]
    spans = working_time(queries.availability_of(schedule), days[0], days[-1])
    return [
        PreviewDay(
            name=when.short_day(day, host.locale),
            hours=[
                when.time_range(
                    to_datetime(begin).astimezone(zone), to_datetime(end).astimezone(zone), host.locale
                )
                for begin, end in ranges
            ],
        )
        for day, ranges in zip(days, spans, strict=True)
    ]
