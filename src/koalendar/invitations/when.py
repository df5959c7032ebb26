"""Dates and times in words: one family of functions for pages, mails and what screen readers say.

`locale` is a language tag in any spelling ("en-GB", "en_GB", "fr"); an unknown one is read as English of no
country. `clock` is "12" or "24", or None to let the locale decide. `today` is the reader's present date: it
decides whether a date needs its year; without it no year is written. Spaces in the texts are plain ones.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Literal
from zoneinfo import ZoneInfo

from babel import Locale
from babel.core import get_global
from babel.dates import parse_pattern

from koalendar.invitations import locales

Clock = Literal["12", "24"] | None

# Ten months: a date of the same name in another year is further away.
_NEAR_DAYS = 304


def day(d: date, locale: str, *, today: date | None = None) -> str:
    """ "Thursday 3 December"; with the year if it lies ten months or more from `today`."""
    found = locales.find(locale)
    style = locales.style(found)
    return _apply(style.day_with_year if _needs_year(d, today) else style.day, d, found)


def short_day(d: date, locale: str, *, today: date | None = None) -> str:
    """ "Thu 3 Dec"; with the year as in `day`."""
    found = locales.find(locale)
    style = locales.style(found)
    return _apply(style.short_day_with_year if _needs_year(d, today) else style.short_day, d, found)


def time(t: datetime, locale: str, clock: Clock = None) -> str:
    """ "09:00" or "9:00 AM": what `t` shows, in whichever zone it is. Noon and midnight stay numbers."""
    found = locales.find(locale)
    return _apply(_time_pattern(found, clock), t, found)


def time_range(start: datetime, end: datetime, locale: str, clock: Clock = None) -> str:
    """ "09:00–09:30", "9:00 – 9:30 AM", "09:00–09:30 Uhr": both as they show the time, on one date."""
    found = locales.find(locale)
    style = locales.style(found)
    pattern = _time_pattern(found, clock)
    if not locales.is_twelve_hours(pattern):
        return f"{_apply(pattern, start, found)}{style.dash}{_apply(pattern, end, found)}{style.after_range}"
    first, second = _without_repeated_half(pattern, start, end)
    # "9:00–9:30 AM" would read as if the half belonged to the second time only.
    dash = " – " if style.dash == "–" else style.dash
    return f"{_apply(first, start, found)}{dash}{_apply(second, end, found)}"


def when(
    start: datetime,
    end: datetime,
    zone: str,
    locale: str,
    *,
    clock: Clock = None,
    today: date | None = None,
) -> str:
    """ "Thursday 3 December, 09:00–09:30, Paris time", in the wall time of `zone` (an IANA name).

    An end on another date says so: "Thursday 3 December, 23:30 to 00:00, Friday 4 December, Paris time".
    A time that comes twice says which one it is: "Sunday 25 October, 02:30 (summer time) to 02:30 (winter
    time), Paris time". `start` and `end` are aware.
    """
    start, end = start.astimezone(ZoneInfo(zone)), end.astimezone(ZoneInfo(zone))
    style = locales.style(locales.find(locale))
    parts = [day(start.date(), locale, today=today)]
    if start.date() == end.date() and fold_of(start) is None and fold_of(end) is None:
        parts.append(time_range(start, end, locale, clock))
    else:
        parts.append(f"{_exact_time(start, locale, clock)}{style.until}{_exact_time(end, locale, clock)}")
    if start.date() != end.date():
        parts.append(day(end.date(), locale, today=today))
    return style.comma.join([*parts, zone_label(zone, locale)])


def short_when(
    start: datetime, zone: str, locale: str, *, clock: Clock = None, today: date | None = None
) -> str:
    """ "Thu 3 Dec 09:00", for subjects: in the wall time of `zone`, which is not named."""
    start = start.astimezone(ZoneInfo(zone))
    before_time = locales.style(locales.find(locale)).before_time
    return f"{short_day(start.date(), locale, today=today)}{before_time}{_exact_time(start, locale, clock)}"


def month(d: date, locale: str) -> str:
    """ "December 2026"."""
    found = locales.find(locale)
    return _apply(found.datetime_skeletons["yMMMM"].pattern, d, found)


def weekday_names(locale: str) -> list[tuple[str, str]]:
    """Short and full names of the weekdays, from Monday: `[("Mon", "Monday"), …]`."""
    names = locales.find(locale).days["stand-alone"]
    return [(names["abbreviated"][number], names["wide"][number]) for number in range(7)]


def weekday_heads(locale: str) -> list[str]:
    """What stands above the columns of a month, from Monday: two letters where they tell the days apart
    ("Mo"), else three ("seg"), else the letter that calendars of the language have.
    """
    names = locales.find(locale).days["stand-alone"]
    for many in (2, 3):
        heads = [names["abbreviated"][number][:many] for number in range(7)]
        if len(set(heads)) == len(heads):
            return heads
    return [names["narrow"][number] for number in range(7)]


def week_start(locale: str) -> int:
    """The first day of the week in a calendar sheet, 0 for Monday to 6 for Sunday."""
    return locales.first_week_day(locales.find(locale))


def uses_12_hours(locale: str) -> bool:
    """Whether the locale says "9:00 PM" rather than "21:00"."""
    return locales.prefers_twelve_hours(locales.find(locale))


def zone_label(zone: str, locale: str) -> str:
    """ "Paris time": the zone by its city, in the reader's language where Babel knows it; "UTC", "UTC−5"."""
    if zone.startswith("Etc/") or zone in {"UTC", "GMT"}:
        return _offset_label(datetime(2000, 1, 1, tzinfo=ZoneInfo(zone)))
    found = locales.find(locale)
    return locales.style(found).zone.format(_city(zone, found))


def place_name(zone: str, country: str, locale: str) -> tuple[str, str]:
    """The city of a zone and the country with this code of two letters, in the reader's language; a country
    that Babel does not know is empty."""
    found = locales.find(locale)
    return _city(zone, found), found.territories.get(country, "")


def comma(locale: str) -> str:
    """What stands between day, time and zone: ", ", "، ", a space."""
    return locales.style(locales.find(locale)).comma


def fold_of(t: datetime) -> Literal["first", "second"] | None:
    """Which one it is, if clocks in the zone of `t` show this time twice because they go back; else None."""
    first, second = t.replace(fold=0).utcoffset(), t.replace(fold=1).utcoffset()
    # In an hour that is skipped the two differ as well, but the other way round (PEP 495).
    if first is None or second is None or first <= second:
        return None
    return "second" if t.fold else "first"


def repeated_hour_label(t: datetime, locale: str) -> str:
    """ "summer time" or "winter time" where the clock alone leaves doubt, else "".

    The offset ("UTC+5") where clocks go back for another reason than the end of summer time, and in
    languages whose words we do not know.
    """
    which = fold_of(t)
    if which is None:
        return ""
    style = locales.style(locales.find(locale))
    words = style.summer if which == "first" else style.winter
    is_end_of_summer = t.replace(fold=0).dst() != t.replace(fold=1).dst()
    return words if words and is_end_of_summer else _offset_label(t)


@dataclass(frozen=True, slots=True)
class Wording:
    """How one reader likes dates: the functions of this module with locale and clock already chosen."""

    locale: str
    clock: Clock = None

    def uses_12_hours(self) -> bool:
        return uses_12_hours(self.locale) if self.clock is None else self.clock == "12"

    def time_range(self, start: datetime, end: datetime) -> str:
        return time_range(start, end, self.locale, self.clock)

    def when(self, start: datetime, end: datetime, zone: str, *, today: date | None = None) -> str:
        return when(start, end, zone, self.locale, clock=self.clock, today=today)

    def short_when(self, start: datetime, zone: str, *, today: date | None = None) -> str:
        return short_when(start, zone, self.locale, clock=self.clock, today=today)


def _apply(pattern: str, value: date | datetime, locale: Locale) -> str:
    # Babel would move an aware datetime to UTC; what counts here is what it shows.
    if isinstance(value, datetime):
        value = value.replace(tzinfo=None)
    return locales.plain_spaces(parse_pattern(pattern).apply(value, locale))


def _needs_year(d: date, today: date | None) -> bool:
    return today is not None and abs((d - today).days) > _NEAR_DAYS


def _time_pattern(locale: Locale, clock: Clock) -> str:
    twelve = locales.prefers_twelve_hours(locale) if clock is None else clock == "12"
    return locales.time_pattern(locale, twelve_hours=twelve)


def _without_repeated_half(pattern: str, start: datetime, end: datetime) -> tuple[str, str]:
    """The patterns of both times, with "AM" or "PM" only once if it is the same."""
    if (start.hour < 12) != (end.hour < 12) or "B" in pattern:
        return pattern, pattern
    bare = re.sub(r"\s*a+\s*", "", pattern)
    return (pattern, bare) if pattern.startswith("a") else (bare, pattern)


def _exact_time(t: datetime, locale: str, clock: Clock) -> str:
    label = repeated_hour_label(t, locale)
    return f"{time(t, locale, clock)} ({label})" if label else time(t, locale, clock)


def _city(zone: str, locale: Locale) -> str:
    """The city that CLDR shows for a zone; CLDR files some under the name that the zone once had."""
    for name in (zone, *_older_names().get(zone, ())):
        city = locale.time_zones.get(name, {}).get("city")
        if city:
            return str(city)
    return zone.rpartition("/")[2].replace("_", " ")


@cache
def _older_names() -> dict[str, list[str]]:
    names: dict[str, list[str]] = {}
    for old, new in get_global("zone_aliases").items():
        names.setdefault(new, []).append(old)
    return names


def _offset_label(t: datetime) -> str:
    """ "UTC+5:45". Written from the offset: the name "Etc/GMT+5" means five hours behind UTC."""
    offset = t.utcoffset() or timedelta()
    minutes = round(offset.total_seconds() / 60)
    if minutes == 0:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    sign = "+" if minutes > 0 else "−"
    return f"UTC{sign}{hours}:{rest:02}" if rest else f"UTC{sign}{hours}"
