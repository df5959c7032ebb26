"""A host's availability: weekly hours and date overrides as wall time, and the instants that they mean."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from koalendar.scheduling.interval import Interval, merge
from koalendar.scheduling.zones import DAY, day_of, load_zone, wall_to_minutes

WallRange = tuple[int, int]
"""`(start, end)` in minutes of the local day, 0 <= start < end <= 1440; 1440 ("24:00") is its end."""

Weekly = tuple[tuple[WallRange, ...], ...]
"""Seven days, Monday first, each with its ranges; a closed day has none."""

Days = tuple[date, date]
"""The first and the last of a stretch of dates, both included."""

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

Problem = Literal["bad_shape", "unknown_day", "bad_date", "bad_range", "bad_time", "end_before_start"]


class AvailabilityError(ValueError):
    """Weekly hours or overrides that cannot be understood.

    `field` is the path to the place, such as `weekly.mon.0` or `overrides.2026-12-24`. `problem` is one of:
    `bad_shape` (not a list of ranges), `unknown_day` (not mon to sun), `bad_date` (not a YYYY-MM-DD of the
    calendar), `bad_range` (not a pair of texts), `bad_time` (not HH:MM from 00:00 to 24:00),
    `end_before_start` (the end is not after the start).
    """

    def __init__(self, field: str, problem: Problem) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Availability:
    """When a host works: `weekly` hours, and `overrides` that replace them on single dates (none: closed).
    On dates of `away` it is closed whatever the others say.

    `zone` is a name that `zones.load_zone` knows. The ranges of a day may come in any order and may overlap.
    """

    zone: str
    weekly: Weekly
    overrides: Mapping[date, tuple[WallRange, ...]]
    away: tuple[Days, ...] = ()


def working_time(availability: Availability, first: date, last: date) -> list[list[Interval]]:
    """For each local date from `first` to `last` (included) its own ranges as UTC minutes, sorted, disjoint.

    Ranges of one date that overlap or touch as instants are joined; those of different dates are not, even
    if they meet at midnight. What the clocks skip is moved or shortened as `wall_to_minutes` says, and a
    range of which nothing is left vanishes. A date that the zone never had (2011-12-30 in Pacific/Apia) has
    no ranges.
    """
    zone = load_zone(availability.zone)
    weekly = [merge(ranges) for ranges in availability.weekly]
    away = _dates_away(availability.away, first, last)
    own = []
    day, midnight = first, wall_to_minutes(first, 0, zone)
    while day <= last:
        override = () if day in away else availability.overrides.get(day)
        next_midnight = wall_to_minutes(day, DAY, zone)
        if next_midnight - midnight == DAY:
            # No change between the two midnights: nearly always so, and it saves two conversions per range.
            joined = weekly[day.weekday()] if override is None else merge(override)
            own.append([(midnight + start, midnight + end) for start, end in joined])
        else:
            ranges = availability.weekly[day.weekday()] if override is None else override
            own.append(_own_on_changing_date(day, ranges, zone))
        day, midnight = day + timedelta(days=1), next_midnight
    return own


def _dates_away(away: tuple[Days, ...], first: date, last: date) -> set[date]:
    return {
        date.fromordinal(day)
        for begin, end in away
        for day in range(max(begin, first).toordinal(), min(end, last).toordinal() + 1)
    }


def _own_on_changing_date(day: date, ranges: tuple[WallRange, ...], zone: ZoneInfo) -> list[Interval]:
    if day_of(wall_to_minutes(day, 0, zone), zone) != day:
        return []  # Midnight moved forward by a gap of a whole day: the zone skipped this date.
    return merge(
        [(wall_to_minutes(day, start, zone), wall_to_minutes(day, end, zone)) for start, end in ranges]
    )


def parse_weekly(data: Mapping[str, object]) -> Weekly:
    """Weekly hours from `{"mon": [["09:00", "17:00"]], …}`; a day that is missing is closed.

    Ranges of a day that overlap or touch are joined. Raises AvailabilityError.
    """
    for name in data:
        if name not in WEEKDAYS:
            raise AvailabilityError(f"weekly.{name}", "unknown_day")
    return tuple(_parse_ranges(data.get(name, []), f"weekly.{name}") for name in WEEKDAYS)


def parse_overrides(data: Mapping[str, object]) -> dict[date, tuple[WallRange, ...]]:
    """Date overrides from `{"2026-12-24": [], "2026-12-31": [["09:00", "12:00"]]}`; no ranges means closed.

    Ranges of a date that overlap or touch are joined. Raises AvailabilityError.
    """
    return {
        _parse_date(text, f"overrides.{text}"): _parse_ranges(ranges, f"overrides.{text}")
        for text, ranges in data.items()
    }


def dump_weekly(weekly: Weekly) -> dict[str, list[list[str]]]:
    """The shape that `parse_weekly` reads, with all seven days."""
    return {name: _dump_ranges(ranges) for name, ranges in zip(WEEKDAYS, weekly, strict=True)}


def dump_overrides(overrides: Mapping[date, tuple[WallRange, ...]]) -> dict[str, list[list[str]]]:
    """The shape that `parse_overrides` reads, by rising date."""
    return {day.isoformat(): _dump_ranges(ranges) for day, ranges in sorted(overrides.items())}


_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(r"([0-9]{2}):([0-5][0-9])")


def _parse_date(text: str, field: str) -> date:
    if _DATE.fullmatch(text) is None:
        raise AvailabilityError(field, "bad_date")
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise AvailabilityError(field, "bad_date") from error


def _parse_ranges(value: object, field: str) -> tuple[WallRange, ...]:
    if not isinstance(value, list | tuple):
        raise AvailabilityError(field, "bad_shape")
    return tuple(merge([_parse_range(pair, f"{field}.{index}") for index, pair in enumerate(value)]))


def _parse_range(value: object, field: str) -> WallRange:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise AvailabilityError(field, "bad_range")
    start, end = (_parse_time(text, field) for text in value)
    if end <= start:
        raise AvailabilityError(field, "end_before_start")
    return start, end


def _parse_time(value: object, field: str) -> int:
    if not isinstance(value, str):
        raise AvailabilityError(field, "bad_range")
    match = _TIME.fullmatch(value)
    minute = int(match[1]) * 60 + int(match[2]) if match else DAY + 1
    if minute > DAY:
        raise AvailabilityError(field, "bad_time")
    return minute


def _dump_ranges(ranges: tuple[WallRange, ...]) -> list[list[str]]:
    return [[_dump_time(start), _dump_time(end)] for start, end in ranges]


def _dump_time(minute: int) -> str:
    return "{:02}:{:02}".format(*divmod(minute, 60))
