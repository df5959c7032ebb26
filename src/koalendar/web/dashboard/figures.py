"""The last thirty days in numbers: a drawing for the eye, and the same numbers as tables."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from koalendar import clock
from koalendar.accounts.models import Host
from koalendar.booking.figures import Count, figures
from koalendar.invitations import when
from koalendar.web.dashboard.frame import for_host
from koalendar.web.dashboard.wording import HostWording, wording_for

DAYS = 30
_HEIGHT, _STEP, _BAR = 100, 10, 7  # Of the drawing, in units that stretch with it.


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of a bar of the drawing; `kind` names its colour."""

    kind: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a table; the bar beside it is made of `pieces`, in per cent."""

    label: str
    count: Count
    pieces: Sequence[Piece] = ()


@require_GET
@for_host
def show(request: HttpRequest, host: Host) -> HttpResponse:
    words = wording_for(host, now=clock.now())
    first = words.today - timedelta(days=DAYS - 1)
    found = figures(host, first=first, last=words.today)
    counts = [count for _day, count in found.days]
    most = max(count.booked for count in counts)
    context = {
        "total": found.total,
        "most": most,
        "bars": [piece for at, count in enumerate(counts) for piece in _upright(at, count, most)],
        "width": DAYS * _STEP,
        "height": _HEIGHT,
        "marks": [_short(day, words) for day, _count in found.days[:: DAYS // 3]],
        "days": [Line(_short(day, words), count) for day, count in found.days if count.booked][::-1],
        "event_types": [
            Line(title, count, _lying(count, found.event_types[0][1].booked))
            for title, count in found.event_types
        ],
        "first": _short(first, words),
        "last": _short(words.today, words),
    }
    return render(request, "dashboard/figures.html", context)


def _short(day: date, words: HostWording) -> str:
    return when.short_day(day, words.locale, today=words.today)


def _parts(count: Count) -> list[tuple[str, int]]:
    return [("kept", count.kept), ("no-show", count.no_shows), ("cancelled", count.cancelled)]


def _upright(at: int, count: Count, most: int) -> list[Piece]:
    """The bar of day number `at`, from the ground up; nothing for a day without bookings."""
    pieces, top = [], float(_HEIGHT)
    for kind, many in _parts(count):
        height = round(many / most * _HEIGHT, 2) if many else 0.0
        top -= height
        if many:
            pieces.append(Piece(kind, at * _STEP + (_STEP - _BAR) / 2, round(top, 2), _BAR, height))
    return pieces


def _lying(count: Count, most: int) -> list[Piece]:
    pieces, left = [], 0.0
    for kind, many in _parts(count):
        width = round(many / most * 100, 2)
        if many:
            pieces.append(Piece(kind, left, 0, width, 100))
        left = round(left + width, 2)
    return pieces
