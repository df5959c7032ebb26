"""Availability: the hours of a week and the dates that differ, in one form."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from koalendar import clock
from koalendar.accounts.models import Host
from koalendar.booking import revising, rules
from koalendar.booking.models import Schedule
from koalendar.invitations import when
from koalendar.scheduling.availability import Availability, parse_overrides, parse_weekly, working_time
from koalendar.scheduling.zones import load_zone, to_datetime, zone_names
from koalendar.web.dashboard.frame import HostRequest, for_host
from koalendar.web.dashboard.hours import Day, Draft, act, draft_from, draft_of, judge, name_of, next_dates


@dataclass(frozen=True, slots=True)
class PreviewDay:
    """One day of the strip: its name, and its hours as an invitee could use them; none: closed."""

    name: str
    hours: Sequence[str]


@require_http_methods(["GET", "HEAD", "POST"])
@for_host
def edit(request: HostRequest, host: Host) -> HttpResponse:
    schedule = host.schedules.order_by("pk")[0]
    now = clock.now()
    if request.method != "POST":
        today = now.astimezone(load_zone(schedule.zone)).date()
        return _show(request, host, schedule, draft_of(schedule, today=today), now)
    draft = draft_from(request.POST)
    action = request.POST.get("do", "")
    if action:
        act(draft, action, request.POST)
        return _show(request, host, schedule, draft, now)
    return _save(request, host, schedule, draft, now)


def _save(request: HostRequest, host: Host, schedule: Schedule, draft: Draft, now: datetime) -> HttpResponse:
    problem, stored = _zone_problem(draft.zone), judge(draft)
    if problem or stored is None:
        return _show(request, host, schedule, draft, now, status=422, problem=problem)
    weekly, overrides = stored
    try:
        revising.change_schedule(
            schedule, revision=draft.revision, zone=draft.zone, weekly=weekly, overrides=overrides
        )
    except revising.ChangedMeanwhile:
        draft.revision = Schedule.objects.values_list("revision", flat=True).get(pk=schedule.pk)
        problem = _("These hours were saved in another window meanwhile. Save again to replace that.")
        return _show(request, host, schedule, draft, now, status=422, problem=problem)
    messages.success(request, _("Saved."))
    return redirect("availability")


def _zone_problem(zone: str) -> str:
    try:
        rules.zone(zone)
    except ValidationError as error:
        return error.messages[0]
    return ""


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
        "draft": draft,
        "week": [_named(day) for day in draft.week],
        "dates": [_named(day) for day in draft.dates],
        "problem": problem,
        "has_errors": bool(problem) or draft.has_errors,
        "zone_label": when.zone_label(schedule.zone, host.locale),
        "zones": _zones(draft.zone),
        "preview": _preview(schedule, host, now),
    }
    template = "dashboard/_hours.html" if request.htmx else "dashboard/availability.html"
    response = render(request, template, context, status=status)
    response.headers["Vary"] = "HX-Request"
    return response


def _named(day: Day) -> tuple[str, Day]:
    return name_of(day), day


def _zones(present: str) -> list[str]:
    names = list(zone_names())
    return names if present in names else [present, *names]


def _preview(schedule: Schedule, host: Host, now: datetime) -> list[PreviewDay]:
    """The stored hours of the next days, with what the clocks do to them."""
    zone = load_zone(schedule.zone)
    availability = Availability(
        zone=schedule.zone,
        weekly=parse_weekly(schedule.weekly),
        overrides=parse_overrides(schedule.overrides),
    )
    dates = next_dates(now.astimezone(zone).date())
    spans = working_time(availability, dates[0], dates[-1])
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
        for day, ranges in zip(dates, spans, strict=True)
    ]
