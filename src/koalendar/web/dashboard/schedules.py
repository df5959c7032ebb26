"""Availability: the host's schedules, and the times at which he is away."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from koalendar import clock
from koalendar.accounts.models import Host
from koalendar.booking import queries, revising
from koalendar.booking.models import EventType, Schedule
from koalendar.booking.models.availability import working_week
from koalendar.booking.models.profile import Away
from koalendar.booking.rules import LONGEST_AWAY_MESSAGE, LONGEST_SCHEDULE_NAME
from koalendar.booking.setting_up import add_schedule, default_schedule, duplicate_schedule
from koalendar.invitations import when
from koalendar.scheduling.availability import WallRange
from koalendar.scheduling.zones import DAY
from koalendar.web.dashboard.forms import field_errors
from koalendar.web.dashboard.frame import for_host, own
from koalendar.web.dashboard.hours import weekdays
from koalendar.web.dashboard.wording import wording_for, zone_now


@dataclass(frozen=True, slots=True)
class Card:
    """One schedule in the list; `week` are lines like "Monday to Friday" and "09:00–17:00"."""

    schedule: Schedule
    week: Sequence[tuple[str, str]]
    zone_now: str
    used_by: Sequence[EventType]
    is_default: bool


@dataclass(frozen=True, slots=True)
class AwayRow:
    """One time away in the list; `shown` is what invitees read, `stay` what is booked in it."""

    first: str
    days: str
    shown: str
    message: str
    stay: str


class AwayForm(forms.Form):
    """When the host is away, both days included; what they may be is judged where it is stored."""

    first = forms.CharField(
        label=gettext_lazy("First day away"),
        error_messages={"required": gettext_lazy("Enter the first day away")},
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    last = forms.CharField(
        label=gettext_lazy("Last day away"),
        error_messages={"required": gettext_lazy("Enter the last day away")},
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    message = forms.CharField(
        label=gettext_lazy("Message"),
        required=False,
        max_length=LONGEST_AWAY_MESSAGE,
        help_text=gettext_lazy("One sentence for your public pages while you are away."),
    )


class NameForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=LONGEST_SCHEDULE_NAME,
        help_text=gettext_lazy("Only you see it, like Evenings or Summer."),
        error_messages={"required": gettext_lazy("Enter a name")},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


# ── The list ──


@require_GET
@for_host
def index(request: HttpRequest, host: Host) -> HttpResponse:
    return _show(request, host, AwayForm())


def _show(request: HttpRequest, host: Host, form: AwayForm) -> HttpResponse:
    now = clock.now()
    default = default_schedule(host)
    context = {
        "cards": [
            Card(
                schedule=row,
                week=week_in_words(row),
                zone_now=zone_now(row.zone, host.locale, now=now),
                used_by=queries.event_types_with(row),
                is_default=row == default,
            )
            for row in queries.schedules_of(host)
        ],
        "away": _away_rows(host, now),
        "form": form,
    }
    return render(request, "dashboard/availability.html", context, status=422 if form.errors else 200)


def week_in_words(schedule: Schedule) -> list[tuple[str, str]]:
    """Days that follow each other with the same hours on one line: ("Monday to Friday", "09:00–17:00")."""
    lines: list[tuple[str, str, str]] = []
    for (_key, name), ranges in zip(weekdays(), schedule.availability.weekly, strict=True):
        hours = hours_of(ranges, schedule.host.locale) or _("Closed")
        if lines and lines[-1][2] == hours:
            lines[-1] = (lines[-1][0], name, hours)
        else:
            lines.append((name, "", hours))
    return [
        (_("%(first)s to %(last)s") % {"first": first, "last": last} if last else first, hours)
        for first, last, hours in lines
    ]


def hours_of(ranges: Sequence[WallRange], locale: str) -> str:
    """ "09:00–12:00, 13:00–17:00"; "all day"; empty for none."""
    if list(ranges) == [(0, DAY)]:
        return _("all day")
    day = datetime(2000, 1, 1, tzinfo=UTC)
    return ", ".join(
        when.time_range(day + timedelta(minutes=start), day + timedelta(minutes=end), locale)
        for start, end in ranges
    )


# ── One of them ──


@require_http_methods(["GET", "HEAD", "POST"])
@for_host
def new(request: HttpRequest, host: Host) -> HttpResponse:
    """A name first: the rest is filled in and edited on its own page."""
    form = NameForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = add_schedule(
                host, name=form.cleaned_data["name"], zone=host.zone, weekly=working_week(), overrides={}
            )
        except ValidationError as error:
            form.add_error("name", error.messages)
        else:
            messages.success(request, _("Made. Now set its hours."))
            return redirect("schedule", made.public_id)
    status = 422 if form.errors else 200
    return render(request, "dashboard/schedule_new.html", {"form": form}, status=status)


@require_POST
@for_host
def duplicate(request: HttpRequest, host: Host, public_id: str) -> HttpResponse:
    made = duplicate_schedule(own(queries.schedule_by_id(host, public_id)))
    messages.success(request, _("This is the copy. No event type uses it yet."))
    return redirect("schedule", made.public_id)


@require_POST
@for_host
def make_default(request: HttpRequest, host: Host, public_id: str) -> HttpResponse:
    schedule = own(queries.schedule_by_id(host, public_id))
    revising.make_default(schedule)
    told = _("New event types get the hours “%(name)s”. Those that are there keep theirs.")
    messages.success(request, told % {"name": schedule.name})
    return redirect("availability")


@require_http_methods(["GET", "HEAD", "POST"])
@for_host
def delete(request: HttpRequest, host: Host, public_id: str) -> HttpResponse:
    """What event types use stays, and so does the last one; the page says which and why."""
    schedule = own(queries.schedule_by_id(host, public_id))
    if request.method == "POST":
        try:
            revising.delete_schedule(schedule)
        except revising.InUse:
            pass  # Said by the page, as it is now.
        else:
            messages.success(request, _("%(name)s is deleted.") % {"name": schedule.name})
            return redirect("availability")
    context = {
        "schedule": schedule,
        "used_by": queries.event_types_with(schedule),
        "is_last": not queries.schedules_of(host).exclude(pk=schedule.pk).exists(),
    }
    status = 409 if request.method == "POST" else 200
    return render(request, "dashboard/schedule_delete.html", context, status=status)


# ── Away ──


def away_banner(host: Host, *, now: datetime) -> dict[str, str] | None:
    """What stands on top of the bookings while the host is away."""
    found = queries.away_now(host.profile, now=now)
    if found is None:
        return None
    day = when.day(found.back, host.locale, today=wording_for(host, now=now).today)
    return {
        "name": _("Away"),
        "state": "",
        "text": _("You are away until %(day)s. Nobody can book a time before.") % {"day": day},
        "url": f"{reverse('availability')}#away",
        "action": _("Change"),
    }


def _away_rows(host: Host, now: datetime) -> list[AwayRow]:
    words = wording_for(host, now=now)
    return [
        AwayRow(
            first=away.first.isoformat(),
            days=_days(away, host, words.today),
            shown=_("%(host)s is away until %(day)s.")
            % {"host": host.name, "day": when.day(away.back, host.locale, today=words.today)},
            message=away.message,
            stay=_stay_in(away, host, now),
        )
        for away in host.profile.times_away
        if away.last >= words.today
    ]


def _days(away: Away, host: Host, today: date) -> str:
    first, last = (when.day(day, host.locale, today=today) for day in (away.first, away.last))
    return first if away.first == away.last else _("%(first)s to %(last)s") % {"first": first, "last": last}


def _stay_in(away: Away, host: Host, now: datetime) -> str:
    many = queries.booked_while(host, away, now=now)
    words = ngettext(
        "%(n)d booking in this time stays as it is.",
        "%(n)d bookings in this time stay as they are.",
        many,
    )
    return words % {"n": many} if many else ""


@require_http_methods(["GET", "HEAD", "POST"])
@for_host
def away(request: HttpRequest, host: Host) -> HttpResponse:
    if request.method != "POST":
        return redirect("availability")
    form = AwayForm(request.POST)
    if form.is_valid():
        data, now = form.cleaned_data, clock.now()
        today = wording_for(host, now=now).today
        try:
            profile = revising.add_away(
                host, first=data["first"], last=data["last"], message=data["message"], today=today
            )
        except ValidationError as error:
            for name, texts in field_errors(error).items():
                form.add_error(name, texts)
        else:
            added = next(row for row in profile.times_away if row.first.isoformat() == data["first"].strip())
            told = [_("Nobody can book you on these days."), _stay_in(added, host, now)]
            messages.success(request, " ".join(filter(None, told)))
            return redirect(f"{reverse('availability')}#away")
    return _show(request, host, form)


@require_http_methods(["GET", "HEAD", "POST"])
@for_host
def remove_away(request: HttpRequest, host: Host, first: str) -> HttpResponse:
    now = clock.now()
    today = wording_for(host, now=now).today
    found = next((row for row in host.profile.times_away if row.first.isoformat() == first), None)
    if request.method == "POST":
        if found is not None:
            revising.remove_away(host, first=found.first, today=today)
        messages.success(request, _("You can be booked again on these days."))
        return redirect(f"{reverse('availability')}#away")
    if found is None:
        raise Http404
    context = {
        "title": _("Be bookable on these days again?"),
        "body": [_days(found, host, today), _("Your pages offer the hours of your schedules again.")],
        "action": _("Take it back"),
        "keep_url": reverse("availability"),
        "keep": _("Stay away"),
    }
    return render(request, "confirm.html", context)
