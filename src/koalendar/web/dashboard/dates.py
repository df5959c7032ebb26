"""Dates that differ from the week, on a month: choose some, say what they are, save.

The month is a form of tick boxes. Its buttons post all of it, so what is chosen stays chosen from month to
month, without script too; dates of other months travel in hidden fields.
"""

import calendar
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from koalendar import clock
from koalendar.accounts.models import Host
from koalendar.booking import queries, revising
from koalendar.booking.models import Schedule
from koalendar.booking.rules import MAX_DATES
from koalendar.invitations import when
from koalendar.scheduling.availability import dump_overrides, working_time
from koalendar.scheduling.zones import load_zone
from koalendar.web.dashboard.availability import dates_of
from koalendar.web.dashboard.frame import HostRequest, for_host, own
from koalendar.web.dashboard.hours import Day, act_on_day, judge_day, number, posted_day, stored_day
from koalendar.web.dashboard.schedules import hours_of
from koalendar.web.dashboard.wording import bookings_stay, saved

_AHEAD = 24  # Months; no booking window is longer.
_KINDS = ("off", "hours", "weekly")


@dataclass(slots=True)
class DatesDraft:
    """What the form holds: the dates that are chosen, and what they are to be (one of _KINDS)."""

    month: date
    chosen: list[date]
    kind: str
    hours: Day
    revision: int
    error: str = ""
    focus: str = ""
    said: str = ""

    @property
    def has_errors(self) -> bool:
        return bool(self.error) or self.hours.has_errors


@dataclass(frozen=True, slots=True)
class Cell:
    """One day of the month; `number` 0 fills up a week. `name` is how it is heard."""

    number: int = 0
    iso: str = ""
    name: str = ""
    is_past: bool = False
    is_today: bool = False
    is_chosen: bool = False
    is_open: bool = False
    differs: bool = False


@dataclass(frozen=True, slots=True)
class Month:
    """The sheet; `previous` and `following` are months to turn to, or empty at an end."""

    name: str
    previous: str
    following: str
    weekdays: Sequence[tuple[str, str]]
    weeks: Sequence[Sequence[Cell]] = field(default=())


@require_http_methods(["GET", "HEAD", "POST"])
@for_host
def edit(request: HostRequest, host: Host, public_id: str) -> HttpResponse:
    schedule = own(queries.schedule_by_id(host, public_id))
    now = clock.now()
    today = now.astimezone(load_zone(schedule.zone)).date()
    if request.method != "POST":
        return _show(request, host, schedule, _asked(request.GET, schedule, today), now)
    draft = _posted(request.POST, today)
    verb, _colon, rest = request.POST.get("do", "").partition(":")
    if verb == "month":
        turned, draft.month = draft.month, _month(rest, today)
        draft.focus = "previous" if draft.month < turned else "following"
        draft.said = when.month(draft.month, host.locale)
        return _show(request, host, schedule, draft, now)
    if verb in ("add", "remove", "join"):
        draft.kind = "hours"
        draft.focus, draft.said = act_on_day(draft.hours, verb, rest.rpartition(":")[2])
        return _show(request, host, schedule, draft, now)
    if verb == "forget":
        draft.chosen, draft.kind = _dates([rest], today), "weekly"
    return _save(request, host, schedule, draft, now)


def _asked(data: QueryDict, schedule: Schedule, today: date) -> DatesDraft:
    """As the address has it; what the first date that it names is already is filled in."""
    chosen = _dates(data.getlist("day"), today)
    stored = dump_overrides(schedule.availability.overrides)
    ranges = stored.get(chosen[0].isoformat()) if chosen else None
    usual = [["09:00", "17:00"]]
    hours = stored_day("hours", _("These dates"), ranges or usual)
    hours.is_open = True
    month = data.get("month", "") or (f"{chosen[0]:%Y-%m}" if chosen else "")
    kind = "hours" if ranges else "off"
    return DatesDraft(_month(month, today), chosen, kind, hours, schedule.revision)


def _posted(data: QueryDict, today: date) -> DatesDraft:
    hours = posted_day(data, "hours", _("These dates"))
    hours.is_open = True
    kind = data.get("kind", "")
    return DatesDraft(
        month=_month(data.get("month", ""), today),
        chosen=_dates(data.getlist("day"), today),
        kind=kind if kind in _KINDS else "off",
        hours=hours,
        revision=number(data.get("revision", "")),
    )


def _dates(texts: Sequence[str], today: date) -> list[date]:
    """The dates to come that these texts name, each once; others were on no page of ours."""
    found = set()
    for text in texts[: 2 * MAX_DATES]:
        try:
            found.add(date.fromisoformat(text))
        except ValueError:
            continue
    return [day for day in sorted(found) if today <= day <= _last(today)]


def _last(today: date) -> date:
    """The end of the last month that can be turned to."""
    months = today.year * 12 + today.month + _AHEAD
    return date(months // 12, months % 12 + 1, 1) - timedelta(days=1)


def _month(text: str, today: date) -> date:
    try:
        asked = date.fromisoformat(f"{text}-01")
    except ValueError:
        asked = today
    return max(today, min(asked, _last(today))).replace(day=1)


# ── Saving ──


def _save(
    request: HostRequest, host: Host, schedule: Schedule, draft: DatesDraft, now: datetime
) -> HttpResponse:
    if not draft.chosen:
        draft.error = _("Choose at least one date")
    if draft.kind == "hours":
        judge_day(draft.hours)
        if not draft.hours.ranges:
            draft.hours.error = _("Add hours, or choose “Not available”")
    if draft.has_errors:
        return _show(request, host, schedule, draft, now, status=422)
    try:
        revising.change_schedule(schedule, revision=draft.revision, overrides=_merged(schedule, draft, now))
    except revising.ChangedMeanwhile:
        # With the present revision saving again is a decision and no accident.
        schedule = own(queries.schedule_by_id(host, schedule.public_id))
        draft.revision = schedule.revision
        draft.error = _("This schedule was saved in another window meanwhile. Look again, then save again.")
    except ValidationError as error:
        draft.error = error.messages[0]
    if draft.error:
        return _show(request, host, schedule, draft, now, status=422)
    messages.success(request, saved(queries.coming_with(schedule, now=now)))
    address = reverse("schedule-dates", args=[schedule.public_id])
    return redirect(f"{address}?month={draft.month:%Y-%m}")


def _merged(schedule: Schedule, draft: DatesDraft, now: datetime) -> dict[str, list[list[str]]]:
    """All dates that differ as they will be; those that have passed are forgotten."""
    today = now.astimezone(load_zone(schedule.zone)).date().isoformat()
    stored = dump_overrides(schedule.availability.overrides)
    kept = {day: ranges for day, ranges in stored.items() if day >= today}
    for chosen in draft.chosen:
        kept.pop(chosen.isoformat(), None)
        if draft.kind != "weekly":
            kept[chosen.isoformat()] = draft.hours.as_data() if draft.kind == "hours" else []
    return kept


# ── Showing ──


def _show(
    request: HostRequest,
    host: Host,
    schedule: Schedule,
    draft: DatesDraft,
    now: datetime,
    *,
    status: int = 200,
) -> HttpResponse:
    today = now.astimezone(load_zone(schedule.zone)).date()
    elsewhere = [day for day in draft.chosen if day.replace(day=1) != draft.month]
    context = {
        "schedule": schedule,
        "draft": draft,
        "day": draft.hours,
        "month": _sheet(schedule, draft, host.locale, today),
        "elsewhere": [day.isoformat() for day in elsewhere],
        "elsewhere_words": _elsewhere(elsewhere, host.locale, today),
        "dates": dates_of(schedule, host, now),
        "zone": when.zone_label(schedule.zone, host.locale),
        "stay": bookings_stay(queries.coming_with(schedule, now=now)),
    }
    template = "dashboard/_dates.html" if request.htmx else "dashboard/schedule_dates.html"
    response = render(request, template, context, status=status)
    response.headers["Vary"] = "HX-Request"
    return response


def _elsewhere(chosen: Sequence[date], locale: str, today: date) -> str:
    """ "2 dates of other months are chosen too: Thu 24 Dec, Fri 25 Dec." """
    if not chosen:
        return ""
    words = ngettext(
        "%(n)d date of another month is chosen too: %(days)s.",
        "%(n)d dates of other months are chosen too: %(days)s.",
        len(chosen),
    )
    days = ", ".join(when.short_day(day, locale, today=today) for day in chosen)
    return words % {"n": len(chosen), "days": days}


def _sheet(schedule: Schedule, draft: DatesDraft, locale: str, today: date) -> Month:
    first = draft.month
    last = first.replace(day=calendar.monthrange(first.year, first.month)[1])
    start = when.week_start(locale)
    names = when.weekday_names(locale)
    hours = working_time(queries.availability_of(schedule), first, last)
    sheet = calendar.Calendar(start).monthdatescalendar(first.year, first.month)
    before, after = first - timedelta(days=1), last + timedelta(days=1)
    return Month(
        name=when.month(first, locale),
        previous=f"{before:%Y-%m}" if first > today else "",
        following=f"{after:%Y-%m}" if after <= _last(today) else "",
        weekdays=[(short[:2], full) for short, full in names[start:] + names[:start]],
        weeks=[
            [
                _cell(schedule, draft, day, locale, today, is_open=bool(hours[day.day - 1]))
                if day.month == first.month
                else Cell()
                for day in week
            ]
            for week in sheet
        ],
    )


def _cell(
    schedule: Schedule, draft: DatesDraft, day: date, locale: str, today: date, *, is_open: bool
) -> Cell:
    override = schedule.availability.overrides.get(day)
    weekly = schedule.availability.weekly[day.weekday()]
    hours = hours_of(weekly if override is None else override, locale)
    if override is not None:
        words = _("%(day)s, differs: %(hours)s") if hours else _("%(day)s, differs: not available")
    elif hours and not is_open:
        words = _("%(day)s, you are away")
    else:
        words = _("%(day)s, %(hours)s") if hours else _("%(day)s, closed")
    return Cell(
        number=day.day,
        iso=day.isoformat(),
        name=words % {"day": when.day(day, locale, today=today), "hours": hours},
        is_past=day < today,
        is_today=day == today,
        is_chosen=day in draft.chosen,
        is_open=is_open,
        differs=override is not None and day >= today,
    )
