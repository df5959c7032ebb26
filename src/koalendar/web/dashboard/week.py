"""Seven days of a host at a glance: bookings, and when he cannot be booked besides."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from itertools import pairwise

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from koalendar import clock
from koalendar.accounts.models import Host
from koalendar.booking import queries
from koalendar.booking.asking import YEARS
from koalendar.booking.models import Booking
from koalendar.booking.queries import BusyTime
from koalendar.invitations import when
from koalendar.scheduling.interval import Interval, merge, subtract
from koalendar.scheduling.zones import to_datetime, to_minutes
from koalendar.web.dashboard.booking_pages import Chip, status_chip
from koalendar.web.dashboard.frame import for_host
from koalendar.web.dashboard.wording import HostWording, wording_for

_QUARTER = 15
_ALWAYS_SHOWN = (8 * 60, 18 * 60)  # From 08:00 to 18:00, in minutes of the day.


@dataclass(frozen=True, slots=True)
class Block:
    """A booking, or with neither name nor `url` a time in which the host cannot be booked.

    `begin` and `end` are minutes of the day that it is shown on; `at` and `rows` are its place among the
    quarters of an hour that the week shows.
    """

    begin: int
    end: int
    hours: str
    name: str = ""
    title: str = ""
    url: str = ""
    chip: Chip | None = None
    at: int = 0
    rows: int = 1


@dataclass(frozen=True, slots=True)
class Day:
    iso: str
    weekday: str
    number: str
    heading: str
    is_today: bool
    blocks: Sequence[Block]


@require_GET
@for_host
def week(request: HttpRequest, host: Host) -> HttpResponse:
    words = wording_for(host, now=clock.now())
    first = _first_day(request.GET.get("from", ""), words)
    days = _days(host, first, words)
    blocks = [block for day in days for block in day.blocks]
    begin = min([_ALWAYS_SHOWN[0], *(block.begin for block in blocks)]) // 60 * 60
    end = -(-max([_ALWAYS_SHOWN[1], *(block.end for block in blocks)]) // 60) * 60
    last = first + timedelta(days=6)
    context = {
        "days": [_placed(day, begin) for day in days],
        "hours": [_clock(hour, words) for hour in range(begin // 60, end // 60)],
        "span": f"{_short(first, words)} – {_short(last, words)}",
        "previous": _address(first - timedelta(days=7)),
        "following": _address(last + timedelta(days=1)),
        "this_week": "" if first <= words.today <= last else reverse("week"),
        "zone": words.zone_now(),
        "is_empty": not any(block.url for block in blocks),
    }
    return render(request, "dashboard/week.html", context)


def _first_day(text: str, words: HostWording) -> date:
    """The first day of the week that holds this date; of the present week for any other text."""
    try:
        asked = date.fromisoformat(text)
    except ValueError:
        asked = words.today
    if asked.year not in YEARS:
        asked = words.today
    return asked - timedelta(days=(asked.weekday() - when.week_start(words.locale)) % 7)


def _address(day: date) -> str:
    return reverse("week", query={"from": day.isoformat()})


def _short(day: date, words: HostWording) -> str:
    return when.short_day(day, words.locale, today=words.today)


def _clock(hour: int, words: HostWording) -> str:
    return when.time(datetime.combine(words.today, time(hour)), words.locale)


def _days(host: Host, first: date, words: HostWording) -> list[Day]:
    midnights = [datetime.combine(first + timedelta(days=n), time(), words.here) for n in range(8)]
    bookings = queries.live_between(host, [(midnights[0], midnights[-1])], now=words.now)
    besides = _besides(queries.busy_between(host, midnights[0], midnights[-1], now=words.now), bookings)
    names = dict(enumerate(when.weekday_names(words.locale)))
    return [
        Day(
            iso=begin.date().isoformat(),
            weekday=names[begin.weekday()][0],
            number=str(begin.day),
            heading=words.day(begin.date()),
            is_today=begin.date() == words.today,
            blocks=sorted(_blocks(begin, end, bookings, besides, words), key=lambda block: block.begin),
        )
        for begin, end in pairwise(midnights)
    ]


def _besides(busy: Sequence[BusyTime], bookings: Sequence[Booking]) -> list[BusyTime]:
    """What is taken and no booking: what stands in calendars, and the buffers around bookings."""
    shown = merge(
        [(to_minutes(each.appointment.start), to_minutes(each.appointment.end)) for each in bookings]
    )
    there = subtract(_taken(busy, is_in_calendar=True), shown)
    kept = subtract(_taken(busy, is_in_calendar=False), merge([*shown, *there]))
    return [
        BusyTime(to_datetime(begin), to_datetime(end), is_in_calendar)
        for spans, is_in_calendar in ((there, True), (kept, False))
        for begin, end in spans
    ]


def _taken(busy: Sequence[BusyTime], *, is_in_calendar: bool) -> list[Interval]:
    alike = [each for each in busy if each.is_in_calendar == is_in_calendar]
    return merge([(to_minutes(each.begin), to_minutes(each.end)) for each in alike])


def _blocks(
    begin: datetime,
    end: datetime,
    bookings: Sequence[Booking],
    besides: Sequence[BusyTime],
    words: HostWording,
) -> Iterator[Block]:
    """What lies on the day from midnight `begin` to midnight `end`, cut at both."""
    for booking in bookings:
        appointment = booking.appointment
        if appointment.start < end and appointment.end > begin:
            yield Block(
                *_minutes(appointment.start, appointment.end, begin, end, words),
                hours=words.hours(appointment.start, appointment.end),
                name=booking.invitee_name,
                title=str(booking.snapshot.get("title", "")) or appointment.event_type.title,
                url=reverse("dashboard-booking", kwargs={"uid": booking.uid}),
                chip=status_chip(booking, words.now),
            )
    for since, until, is_in_calendar in besides:
        if since < end and until > begin:
            hours = words.hours(max(since, begin), min(until, end - timedelta(minutes=1)))
            # Free/busy says no more than when, and we ask for no more.
            title = _("Busy in Google Calendar") if is_in_calendar else _("Kept free")
            yield Block(*_minutes(since, until, begin, end, words), hours=hours, title=title)


def _minutes(
    start: datetime, stop: datetime, begin: datetime, end: datetime, words: HostWording
) -> tuple[int, int]:
    """From and to as clocks of the day show it."""
    first, last = words.local(max(start, begin)), words.local(min(stop, end))
    until = 1440 if stop >= end else last.hour * 60 + last.minute
    since = first.hour * 60 + first.minute
    return since, max(until, since + 1)  # An hour that clocks repeat may end before it began.


def _placed(day: Day, begin: int) -> Day:
    """The day with its blocks on the rows of a week that begins at minute `begin` of each day."""
    blocks = [
        replace(
            block,
            at=(block.begin - begin) // _QUARTER,
            rows=-(-block.end // _QUARTER) - block.begin // _QUARTER,
        )
        for block in day.blocks
    ]
    return replace(day, blocks=blocks)
