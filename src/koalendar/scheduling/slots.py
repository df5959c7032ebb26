"""Which starts an event type offers: one function for the booking page, the API and the check at booking.

Everything is in minutes; instants are UTC minutes since 1970-01-01 00:00. The functions work in the space of
starts: each rule becomes a list of half-open intervals of starts it allows, the lists are intersected, and
the grid is laid over what is left. So the cost follows the number of ranges and busy times, not the number
of minutes.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import chain
from typing import Literal
from zoneinfo import ZoneInfo

from koalendar.scheduling.availability import Availability, working_time
from koalendar.scheduling.interval import Interval, intersect, merge, subtract
from koalendar.scheduling.zones import DAY, day_of, days, load_zone

Need = Literal["all", "any"]


@dataclass(frozen=True, slots=True)
class Rules:
    """What an event type asks for. Minutes, except the window (local dates) and the limits (bookings).

    `duration` and `step` are at least 1, everything else at least 0, ValueError otherwise; a limit of None
    is none.
    """

    duration: int
    step: int
    buffer_before: int = 0
    buffer_after: int = 0
    minimum_notice: int = 0
    window_days: int = 60
    max_per_day: int | None = None
    max_per_week: int | None = None

    def __post_init__(self) -> None:
        if self.duration < 1 or self.step < 1:
            raise ValueError("duration and step must be at least one minute")
        others = (self.buffer_before, self.buffer_after, self.minimum_notice, self.window_days)
        if min(*others, self.max_per_day or 0, self.max_per_week or 0) < 0:
            raise ValueError("buffers, notice, window and limits cannot be negative")


@dataclass(frozen=True, slots=True)
class HostTime:
    """One host: the working hours, and what is taken of them.

    `taken` is in any order and may overlap; empty intervals are ignored. It holds what the new appointment's
    `[start - buffer_before, end + buffer_after)` must not overlap: own holds with their buffers, and the
    busy times of calendars as they are.
    """

    availability: Availability
    taken: Sequence[Interval]


def open_starts(
    hosts: Sequence[HostTime],
    rules: Rules,
    *,
    need: Need,
    begin: int,
    end: int,
    now: int,
    counted: Sequence[int] = (),
) -> list[int]:
    """Every start s with `begin <= s < end` that may be booked, sorted, each once. No hosts: none.

    Starts lie every `step` minutes from the start of the local date's own range they fall into. The whole
    duration lies in working time, which may run on past midnight, and with the buffers it overlaps nothing
    taken. The start is at least `minimum_notice` after `now`; its local date is at most `window_days` after
    today's, and neither that date nor its week from Monday has its full number of bookings.

    `need="all"`: the first host's zone and grid decide, and every host must be working and free.
    `need="any"`: what each host would offer alone, together. `counted` are the starts, in any order, of the
    pending and confirmed bookings of this event type, for the limits.
    """
    if need == "any":
        return sorted(
            {start for host in hosts for start in _offered([host], rules, begin, end, now, counted)}
        )
    return _offered(hosts, rules, begin, end, now, counted) if hosts else []


def is_open(
    hosts: Sequence[HostTime],
    rules: Rules,
    *,
    need: Need,
    start: int,
    now: int,
    counted: Sequence[int] = (),
) -> bool:
    """Whether `open_starts` offers this one start."""
    return bool(open_starts(hosts, rules, need=need, begin=start, end=start + 1, now=now, counted=counted))


def hosts_free_at(
    hosts: Sequence[HostTime], rules: Rules, *, start: int, now: int, counted: Sequence[int] = ()
) -> list[int]:
    """The positions of the hosts that would offer this start alone, on their own grid (for `need="any"`)."""
    return [
        position
        for position, host in enumerate(hosts)
        if is_open([host], rules, need="any", start=start, now=now, counted=counted)
    ]


def by_day(starts: Iterable[int], zone: ZoneInfo) -> dict[date, list[int]]:
    """The starts by local date in `zone`, both rising; dates without a start are left out."""
    ordered = sorted(starts)
    grouped: dict[date, list[int]] = {}
    if not ordered:
        return grouped
    spans = days(ordered[0], ordered[-1] + 1, zone)
    _, span_end, day = next(spans)
    for start in ordered:
        while start >= span_end:
            _, span_end, day = next(spans)
        grouped.setdefault(day, []).append(start)
    return dict(sorted(grouped.items()))


def _offered(
    hosts: Sequence[HostTime], rules: Rules, begin: int, end: int, now: int, counted: Sequence[int]
) -> list[int]:
    """The starts at which all of the hosts (at least one) can, on the first host's grid."""
    allowed = _within_limits(load_zone(hosts[0].availability.zone), rules, begin, end, now, counted)
    grid: list[Interval] = []
    for position, host in enumerate(hosts):
        if not allowed:
            return []
        own = _own_ranges(host.availability, allowed[0][0], allowed[-1][1] + rules.duration)
        if position == 0:
            grid = own
        allowed = _startable(allowed, own, host.taken, rules)
    # Own ranges overlap only where clocks skip midnight, and then a start may lie on two dates' grids.
    return sorted(set(_on_grid(grid, allowed, rules.step)))


def _within_limits(
    zone: ZoneInfo, rules: Rules, begin: int, end: int, now: int, counted: Sequence[int]
) -> list[Interval]:
    """The part of `[begin, end)` that notice, booking window and limits leave open, sorted and disjoint."""
    last = day_of(now, zone) + timedelta(days=rules.window_days)
    begin = max(begin, now + rules.minimum_notice)
    # Clipped to a bound that is surely later than the window's end, so that no query is long; each date is
    # then judged by itself, because clocks that go back at midnight return to a date already left.
    end = min(end, now + (rules.window_days + 3) * DAY)
    if begin >= end or 0 in (rules.max_per_day, rules.max_per_week):
        return []
    full_days, full_weeks = _full(zone, rules, begin, end, counted)
    if not full_days and not full_weeks and day_of(end + DAY, zone) <= last:
        return [(begin, end)]  # The usual case, known without a look at each date.
    return merge(
        [
            (span_begin, span_end)
            for span_begin, span_end, day in days(begin, end, zone)
            if day <= last and day not in full_days and not (full_weeks and _monday(day) in full_weeks)
        ]
    )


def _full(
    zone: ZoneInfo, rules: Rules, begin: int, end: int, counted: Sequence[int]
) -> tuple[set[date], set[date]]:
    """The local dates, and the Mondays of the weeks, that have as many bookings as the limits allow."""
    if rules.max_per_day is None and rules.max_per_week is None:
        return set(), set()
    # A booking counts for at most a week around it; a day more covers clock changes.
    near = [day_of(start, zone) for start in counted if begin - 8 * DAY <= start < end + 8 * DAY]
    full_days = _at_limit(Counter(near), rules.max_per_day)
    full_weeks = _at_limit(Counter(map(_monday, near)), rules.max_per_week)
    return full_days, full_weeks


def _at_limit(bookings: Counter[date], limit: int | None) -> set[date]:
    if limit is None:
        return set()
    return {day for day, number in bookings.items() if number >= limit}


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _own_ranges(availability: Availability, begin: int, end: int) -> list[Interval]:
    """The own ranges of every local date that can have a minute in `[begin, end)`, by rising start.

    A date more on each side: skipped times move into the next date, and a repeated evening belongs to two.
    """
    zone = load_zone(availability.zone)
    one = timedelta(days=1)
    dates = working_time(availability, day_of(begin, zone) - one, day_of(end, zone) + one)
    return sorted(chain.from_iterable(dates))


def _startable(
    allowed: Sequence[Interval], own: Sequence[Interval], taken: Sequence[Interval], rules: Rules
) -> list[Interval]:
    """The starts of `allowed` (not empty) whose duration is working time and which overlap nothing taken."""
    begin, end = allowed[0][0], allowed[-1][1]
    working = [
        (first, last - rules.duration + 1) for first, last in merge(own) if last - first >= rules.duration
    ]
    # The new hold [s - before, s + duration + after) overlaps [first, last) for exactly these s.
    lead = rules.duration + rules.buffer_after - 1
    lag = rules.buffer_before
    blocked = merge(
        [
            (first - lead, last + lag)
            for first, last in taken
            if first < last and first - lead < end and last + lag > begin
        ]
    )
    return subtract(intersect(allowed, working), blocked)


def _on_grid(ranges: Sequence[Interval], allowed: Sequence[Interval], step: int) -> list[int]:
    """The starts on each range's own grid that lie in the range and `allowed`. `ranges` by rising start."""
    starts: list[int] = []
    first = 0
    for begin, end in ranges:
        while first < len(allowed) and allowed[first][1] <= begin:
            first += 1
        for position in range(first, len(allowed)):
            low, high = allowed[position]
            if low >= end:
                break
            late = max(low - begin, 0)
            starts.extend(range(begin + -(-late // step) * step, min(high, end), step))
    return starts
