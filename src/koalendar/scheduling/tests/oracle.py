"""A slow and obviously right answer to "which starts are offered", minute by minute, for comparison.

It shares nothing with the engine but the value types: clocks are read for every single minute, ranges and
busy times are sets of minutes, and each rule is asked of each start.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from koalendar.scheduling.slots import HostTime, Need, Rules

DAY = 1440
MINUTE = timedelta(minutes=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Clock:
    """What the clocks of a zone show at every minute of `[begin, end)`."""

    def __init__(self, name: str, begin: int, end: int) -> None:
        self.zone = ZoneInfo(name)
        self.shown = {minute: self.at(minute) for minute in range(begin, end)}
        self.first: dict[datetime, int] = {}
        for minute, wall in self.shown.items():
            self.first.setdefault(wall.replace(fold=0), minute)
        self.dates = {wall.date() for wall in self.shown.values()}

    def at(self, minute: int) -> datetime:
        return (EPOCH + minute * MINUTE).astimezone(self.zone).replace(tzinfo=None)

    def instant(self, wall: datetime) -> int:
        """The first minute that shows `wall`; a skipped time as long after the jump as it lies in the gap."""
        if wall in self.first:
            return self.first[wall]
        for minute, after in self.shown.items():
            before = self.shown.get(minute - 1)
            if before is not None and before < wall < after:
                skipped = wall - (before + MINUTE)
                return minute + skipped // MINUTE
        raise AssertionError(f"{wall} lies outside the clock")


@lru_cache(maxsize=64)
def clock(name: str, begin: int, end: int) -> Clock:
    return Clock(name, begin, end)


@dataclass
class Person:
    """A host as sets of minutes."""

    clock: Clock
    range_starts: list[dict[int, int]]
    works: set[int]
    taken: set[int]

    @classmethod
    def of(cls, host: HostTime, begin: int, end: int) -> "Person":
        """Reads the clocks of `[begin, end)`, and the hours of its dates but the first and last two."""
        shown = clock(host.availability.zone, begin, end)
        own: list[set[int]] = []
        for day in sorted(shown.dates)[2:-2]:
            ranges = host.availability.weekly[day.weekday()]
            if day in host.availability.overrides:
                ranges = host.availability.overrides[day]
            midnight = datetime.combine(day, datetime.min.time())
            spans = [
                range(shown.instant(midnight + start * MINUTE), shown.instant(midnight + stop * MINUTE))
                for start, stop in ranges
            ]
            own.append(set().union(*spans))
        taken = {minute for first, last in host.taken for minute in range(first, last)}
        return cls(shown, [range_starts(minutes) for minutes in own], set().union(*own), taken)

    def on_grid(self, start: int, step: int) -> bool:
        return any(start in starts and (start - starts[start]) % step == 0 for starts in self.range_starts)

    def can(self, start: int, rules: Rules) -> bool:
        works = all(minute in self.works for minute in range(start, start + rules.duration))
        hold = range(start - rules.buffer_before, start + rules.duration + rules.buffer_after)
        return works and not any(minute in self.taken for minute in hold)

    def within_limits(self, start: int, rules: Rules, now: int, counted: Sequence[int]) -> bool:
        day = self.clock.at(start).date()
        last = self.clock.at(now).date() + timedelta(days=rules.window_days)
        if start < now + rules.minimum_notice or day > last:
            return False
        days = [self.clock.at(booking).date() for booking in counted]
        same_day = sum(other == day for other in days)
        same_week = sum(other.isocalendar()[:2] == day.isocalendar()[:2] for other in days)
        return not (
            (rules.max_per_day is not None and same_day >= rules.max_per_day)
            or (rules.max_per_week is not None and same_week >= rules.max_per_week)
        )


def range_starts(minutes: set[int]) -> dict[int, int]:
    """For each minute of a date's hours, where the unbroken stretch that it lies in begins."""
    starts: dict[int, int] = {}
    for minute in sorted(minutes):
        starts[minute] = starts.get(minute - 1, minute)
    return starts


def offered(
    hosts: Sequence[HostTime],
    rules: Rules,
    *,
    need: Need,
    begin: int,
    end: int,
    now: int,
    counted: Sequence[int],
    clocks: tuple[int, int],
) -> list[int]:
    """The starts; `clocks` is the stretch of time whose clocks are read, days wider than the query."""
    people = [Person.of(host, *clocks) for host in hosts]

    def alone(person: Person, start: int) -> bool:
        return (
            person.on_grid(start, rules.step)
            and person.within_limits(start, rules, now, counted)
            and person.can(start, rules)
        )

    def together(start: int) -> bool:
        return alone(people[0], start) and all(person.can(start, rules) for person in people)

    if need == "any":
        return [start for start in range(begin, end) if any(alone(person, start) for person in people)]
    return [start for start in range(begin, end) if together(start)]
