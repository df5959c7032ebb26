"""What the picker shows: durations, a month with its free days, and the times of one day."""

import calendar
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from koalendar.booking import queries
from koalendar.booking.models import Profile
from koalendar.booking.models.profile import Away
from koalendar.invitations import when
from koalendar.scheduling.zones import clock_change, to_datetime, wall_to_minutes
from koalendar.web.public.address import Address
from koalendar.web.public.offer import Offer
from koalendar.web.public.reader import Reader

_MANY_TIMES = 12
_NOON, _EVENING = 12, 17


@dataclass(frozen=True, slots=True)
class Choice:
    """A link that may be the present one; without `url` it cannot be followed now."""

    label: str
    url: str
    is_here: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """One day of the month; `number` 0 fills up a week. `name` is how it is heard; `url` if it has times."""

    number: int = 0
    iso: str = ""
    name: str = ""
    url: str = ""
    is_today: bool = False
    is_here: bool = False
    is_past: bool = False


@dataclass(frozen=True, slots=True)
class Slot:
    """One time: what is seen, and what is heard after it."""

    url: str
    text: str
    more: str
    is_here: bool


@dataclass(frozen=True, slots=True)
class Part:
    """Times under one heading ("Morning"), which is empty where they are few."""

    heading: str
    slots: Sequence[Slot]


@dataclass(frozen=True, slots=True)
class Panel:
    """What stands where the times would be: why there are none, and the way on."""

    text: str
    url: str = ""
    action: str = ""


@dataclass(frozen=True, slots=True)
class Picker:
    away: str
    away_message: str
    durations: Sequence[Choice]
    month: str
    previous: Choice
    following: Choice
    weekdays: Sequence[tuple[str, str]]
    weeks: Sequence[Sequence[Cell]]
    first_free: Choice | None
    clock_change: str
    day: str
    parts: Sequence[Part]
    panel: Panel | None
    clocks: Sequence[Choice]
    month_in_words: str
    day_in_words: str
    here: str


@dataclass(frozen=True, slots=True)
class _View:
    """What all parts of a picker are made from; `moving` is the start that a rescheduled booking has, and
    `whose` the profile that knows when the host is away.
    """

    address: Address
    reader: Reader
    offer: Offer
    host: str
    whose: Profile
    durations: Sequence[int]
    moving: datetime | None
    first: date
    days: dict[date, list[datetime]]
    first_free: date | None

    @property
    def last(self) -> date:
        return self.first.replace(day=calendar.monthrange(self.first.year, self.first.month)[1])


def picker_of(
    address: Address,
    reader: Reader,
    offer: Offer,
    *,
    host: str,
    whose: Profile,
    durations: Sequence[int],
    moving: datetime | None = None,
) -> Picker:
    """The month asked for, else that of the first free day; in it the day asked for, else the first free."""
    first_free = offer.first_day(offer.today)
    first = _month(address, offer, first_free)
    last = first.replace(day=calendar.monthrange(first.year, first.month)[1])
    days = offer.days(first, last)
    view = _View(address, reader, offer, host, whose, durations, moving, first, days, first_free)
    chosen = _chosen(view)
    times = view.days.get(chosen, []) if chosen else []
    away = queries.away_now(whose, now=reader.now)
    return Picker(
        away=away_words(away, host, reader) if away else "",
        away_message=away.message if away else "",
        durations=_durations(view) if len(durations) > 1 else (),
        month=when.month(first, reader.locale),
        previous=_previous(view),
        following=_following(view),
        weekdays=_weekdays(reader.locale),
        weeks=_weeks(view, chosen),
        first_free=_first_free(view, chosen),
        clock_change=_clock_change(view),
        day=reader.day(chosen) if chosen else "",
        parts=_parts(view, times),
        panel=None if times else _panel(view, chosen),
        clocks=_clocks(view, chosen),
        month_in_words=_month_in_words(view),
        day_in_words=_day_in_words(view, chosen, times),
        here=address.to_day(chosen) if chosen else address.to_month(first),
    )


def _month(address: Address, offer: Offer, first_free: date | None) -> date:
    """The month to show, within those that can have times at all."""
    asked = address.month or (first_free or offer.today)
    return max(min(asked, offer.last_day), offer.today).replace(day=1)


def _chosen(view: _View) -> date | None:
    """The day whose times are shown: the one asked for if it can be booked at all, else the first free."""
    asked = view.address.day
    if (
        asked is not None
        and view.offer.today <= asked <= view.offer.last_day
        and view.first <= asked <= view.last
    ):
        return asked
    return min(view.days, default=None)


# ── Month ──


def _durations(view: _View) -> list[Choice]:
    here = view.address
    return [
        Choice(
            label=_("%(n)d min") % {"n": minutes},
            url=here.to(
                month=f"{view.first:%Y-%m}",
                date=here.day.isoformat() if here.day else "",
                duration="" if minutes == view.durations[0] else str(minutes),
            ),
            is_here=minutes == here.duration,
        )
        for minutes in view.durations
    ]


def _previous(view: _View) -> Choice:
    month = (view.first - timedelta(days=1)).replace(day=1)
    label = _("Previous month, %(month)s") % {"month": when.month(month, view.reader.locale)}
    return Choice(label, view.address.to_month(month) if view.first > view.offer.today else "")


def _following(view: _View) -> Choice:
    month = view.last + timedelta(days=1)
    label = _("Next month, %(month)s") % {"month": when.month(month, view.reader.locale)}
    return Choice(label, view.address.to_month(month) if month <= view.offer.last_day else "")


def _weekdays(locale: str) -> list[tuple[str, str]]:
    full = [name for _short, name in when.weekday_names(locale)]
    names, first = list(zip(when.weekday_heads(locale), full, strict=True)), when.week_start(locale)
    return names[first:] + names[:first]


def _weeks(view: _View, chosen: date | None) -> list[list[Cell]]:
    sheet = calendar.Calendar(when.week_start(view.reader.locale))
    return [
        [_cell(view, day, chosen) if day.month == view.first.month else Cell() for day in week]
        for week in sheet.monthdatescalendar(view.first.year, view.first.month)
    ]


def _cell(view: _View, day: date, chosen: date | None) -> Cell:
    free = len(view.days.get(day, ()))
    name = view.reader.day(day)
    if day == view.offer.today:
        name = _("Today, %(day)s") % {"day": name}
    heard = (
        ngettext("%(day)s, %(n)d time free", "%(day)s, %(n)d times free", free)
        if free
        else _("%(day)s, no times")
    )
    return Cell(
        number=day.day,
        iso=day.isoformat(),
        name=heard % {"day": name, "n": free},
        url=view.address.to_day(day) if free else "",
        is_today=day == view.offer.today,
        is_here=day == chosen,
        is_past=day < view.offer.today,
    )


def _first_free(view: _View, chosen: date | None) -> Choice | None:
    """The line above the month; always there while anything is free, so that nothing moves."""
    first = view.first_free
    if first is None:
        return None
    return Choice(view.reader.day(first), view.address.to_day(first), is_here=first == chosen)


def _clock_change(view: _View) -> str:
    """One sentence if clocks change in what is still to come of the month that is shown."""
    rules = view.reader.rules
    begin = wall_to_minutes(max(view.first, view.offer.today), 0, rules)
    end = wall_to_minutes(view.last, 1440, rules)
    for instant, shift in clock_change(rules, begin, end):
        words = {
            "zone": view.reader.zone_label,
            "day": view.reader.day(view.reader.local(to_datetime(instant)).date()),
        }
        if shift < 0:
            return _("%(zone)s: clocks go back on %(day)s. The times already allow for it.") % words
        return _("%(zone)s: clocks go forward on %(day)s. The times already allow for it.") % words
    return ""


# ── Times ──


def _parts(view: _View, times: Sequence[datetime]) -> list[Part]:
    slots = [(start, _slot(view, start)) for start in times]
    if len(slots) <= _MANY_TIMES:
        return [Part("", [slot for _start, slot in slots])] if slots else []
    return list(_by_part_of_day(view.reader, slots))


def _by_part_of_day(reader: Reader, slots: Sequence[tuple[datetime, Slot]]) -> Iterator[Part]:
    for heading, begin, end in (
        (_("Morning"), 0, _NOON),
        (_("Afternoon"), _NOON, _EVENING),
        (_("Evening"), _EVENING, 24),
    ):
        part = [slot for start, slot in slots if begin <= reader.local(start).hour < end]
        if part:
            yield Part(heading, part)


def _slot(view: _View, start: datetime) -> Slot:
    reader = view.reader
    end = start + timedelta(minutes=view.address.duration)
    words = {"end": reader.time(end), "day": reader.day(reader.local(start).date())}
    return Slot(
        url=view.address.to_slot(start, reader),
        text=reader.time(start),
        more=_(" to %(end)s, %(day)s") % words,
        is_here=start == view.moving,
    )


def _panel(view: _View, chosen: date | None) -> Panel:
    reader, offer = view.reader, view.offer
    if not offer.is_readable:
        text = _("The calendar of %(host)s cannot be read at the moment. Try again in a few minutes.")
        return Panel(text % {"host": view.host}, view.address.to_month(view.first), _("Try again"))
    if view.first_free is None:
        day = reader.day(offer.last_day)
        if away := view.whose.away_on(chosen or max(view.first, offer.today)):
            return Panel(away_words(away, view.host, reader))
        return Panel(_("%(host)s has no free times until %(day)s.") % {"host": view.host, "day": day})
    if chosen is not None:
        since = offer.first_day(chosen) or view.first_free
        away = view.whose.away_on(chosen)
        text = away_words(away, view.host, reader) if away else _("All times on this day are taken now.")
        return Panel(text, view.address.to_day(since), _next_free(reader, since))
    since = offer.first_day(max(view.first, offer.today)) or view.first_free
    text = _("No times in %(month)s.") % {"month": when.month(view.first, reader.locale)}
    if away := view.whose.away_on(max(view.first, offer.today)):
        text = away_words(away, view.host, reader)
    return Panel(text, view.address.to_day(since), _next_free(reader, since))


def away_words(away: Away, host: str, reader: Reader) -> str:
    """ "Ada Lovelace is away until Monday 4 January." """
    return _("%(host)s is away until %(day)s.") % {"host": host, "day": reader.day(away.back)}


def _next_free(reader: Reader, day: date) -> str:
    return _("Next free: %(day)s") % {"day": reader.day(day)}


def _clocks(view: _View, chosen: date | None) -> list[Choice]:
    def address(clock: str) -> str:
        day = chosen.isoformat() if chosen else ""
        return view.address.to_month(view.first, date=day, clock=clock, keep="1")

    twelve = view.reader.twelve_hours
    return [
        Choice(_("12 h"), address("12"), is_here=twelve),
        Choice(_("24 h"), address("24"), is_here=not twelve),
    ]


# ── What is said aloud after a change ──


def _month_in_words(view: _View) -> str:
    many = len(view.days)
    month = when.month(view.first, view.reader.locale)
    if not many:
        return _("%(month)s, no times.") % {"month": month}
    first = view.reader.day(min(view.days))
    return ngettext(
        "%(month)s, %(n)d day with times. First: %(day)s.",
        "%(month)s, %(n)d days with times. First: %(day)s.",
        many,
    ) % {"month": month, "n": many, "day": first}


def _day_in_words(view: _View, chosen: date | None, times: Sequence[datetime]) -> str:
    if chosen is None:
        return _month_in_words(view)
    words = {"n": len(times), "day": view.reader.day(chosen)}
    if not times:
        return _("No times on %(day)s.") % words
    return ngettext("%(n)d time on %(day)s.", "%(n)d times on %(day)s.", len(times)) % words
