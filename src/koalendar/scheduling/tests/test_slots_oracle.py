"""The engine against the oracle: random hosts, rules and queries around the oddest nights of tzdb."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from koalendar.scheduling.availability import Availability, WallRange
from koalendar.scheduling.interval import Interval
from koalendar.scheduling.slots import HostTime, Need, Rules, by_day, hosts_free_at, is_open, open_starts
from koalendar.scheduling.tests import oracle
from koalendar.scheduling.zones import DAY, load_zone, to_minutes

# Each scene is a zone and a date; what its clocks do there is said beside it.
SCENES = [
    ("Europe/Paris", date(2026, 3, 29)),  # 02:00 becomes 03:00
    ("Europe/Paris", date(2026, 10, 25)),  # 03:00 becomes 02:00
    ("Australia/Lord_Howe", date(2026, 10, 4)),  # half an hour forward
    ("Australia/Lord_Howe", date(2026, 4, 5)),  # half an hour back
    ("Antarctica/Troll", date(2026, 3, 29)),  # two hours forward
    ("America/Havana", date(2026, 3, 8)),  # 00:00 becomes 01:00
    ("America/Havana", date(2026, 11, 1)),  # 01:00 becomes 00:00
    ("Africa/Cairo", date(2026, 4, 24)),  # 00:00 becomes 01:00
    ("Africa/Cairo", date(2026, 10, 30)),  # 00:00 becomes 23:00 of the date before
    ("Asia/Beirut", date(2026, 3, 29)),  # 00:00 becomes 01:00
    ("Asia/Beirut", date(2026, 10, 25)),  # 00:00 becomes 23:00 of the date before
    ("America/St_Johns", date(2010, 3, 14)),  # 00:01 becomes 01:01
    ("America/St_Johns", date(2010, 11, 7)),  # 00:01 becomes 23:01 of the date before
    ("America/Toronto", date(1919, 3, 31)),  # 23:30 becomes 00:30 of the next date
    ("Pacific/Apia", date(2011, 12, 30)),  # a date that never was
    ("Pacific/Kwajalein", date(1993, 8, 21)),  # another
    ("Pacific/Kwajalein", date(1969, 9, 30)),  # nearly a whole day twice
    ("Asia/Kathmandu", date(1986, 1, 1)),  # a quarter of an hour forward
    ("Asia/Kathmandu", date(2026, 11, 3)),  # nothing
]

# The default profile's 100 examples are few for so many rules; a bigger profile scales this with it.
thorough = settings(max_examples=2 * settings().max_examples)

minutes_of_day = st.one_of(
    st.sampled_from([0, 1, 30, 60, 90, 120, 150, 180, 1380, 1410, 1439, 1440]),
    st.integers(0, 96).map(lambda quarter: quarter * 15),
    st.integers(0, 1440),
)


@st.composite
def wall_ranges(draw: st.DrawFn) -> tuple[WallRange, ...]:
    """None to three ranges in any order, touching and overlapping as they come."""
    pairs = draw(st.lists(st.tuples(minutes_of_day, minutes_of_day), max_size=3))
    return tuple((min(pair), max(pair)) for pair in pairs if pair[0] != pair[1])


def days_of_ranges() -> st.SearchStrategy[tuple[WallRange, ...]]:
    return st.sampled_from([((0, 1440),), ((0, 1440),), ((540, 1020),), None]).flatmap(
        lambda ranges: wall_ranges() if ranges is None else st.just(ranges)
    )


@st.composite
def host_times(draw: st.DrawFn, zone: str, day: date) -> HostTime:
    weekly = tuple(draw(st.lists(days_of_ranges(), min_size=7, max_size=7)))
    near = st.integers(-3, 3).map(lambda number: day + timedelta(days=number))
    overrides = draw(st.dictionaries(near, days_of_ranges(), max_size=3))
    middle = midday(day)
    begins = st.integers(middle - 3 * DAY, middle + 3 * DAY)
    busy = st.tuples(begins, st.integers(0, 300)).map(lambda pair: (pair[0], pair[0] + pair[1]))
    taken: list[Interval] = draw(st.lists(busy, max_size=8))
    return HostTime(Availability(zone, weekly, overrides), taken)


def midday(day: date) -> int:
    return to_minutes(datetime(day.year, day.month, day.day, 12, tzinfo=UTC))


@st.composite
def rule_sets(draw: st.DrawFn) -> Rules:
    buffers = st.sampled_from([0, 0, 5, 10, 31])
    # Mostly lenient, so that most questions have starts for an answer.
    limits = st.sampled_from([None] * 6 + [0, 1, 2, 2, 3])
    return Rules(
        duration=draw(st.sampled_from([1, 15, 15, 30, 30, 45, 60, 240, 1500])),
        step=draw(st.sampled_from([5, 7, 15, 20, 30, 60, 90])),
        buffer_before=draw(buffers),
        buffer_after=draw(buffers),
        minimum_notice=draw(st.sampled_from([0, 0, 1, 120, 1440])),
        window_days=draw(st.sampled_from([0, 1, 2, 3, 60, 60, 60])),
        max_per_day=draw(limits),
        max_per_week=draw(limits),
    )


@st.composite
def questions(draw: st.DrawFn) -> tuple[list[HostTime], Rules, dict[str, int], list[int], tuple[int, int]]:
    zone, day = draw(st.sampled_from(SCENES))
    middle = midday(day)
    zones = st.sampled_from([zone, zone, "UTC", "America/New_York"])
    number = draw(st.sampled_from([1, 1, 2, 3]))
    # The first host lives where the clocks are odd.
    hosts = [draw(host_times(zone if i == 0 else draw(zones), day)) for i in range(number)]
    begin = middle + draw(st.integers(-2 * DAY, DAY))
    query = {
        "begin": begin,
        "end": begin + draw(st.sampled_from([2 * DAY, DAY, 600, 1, 0])),
        "now": draw(st.sampled_from([begin - DAY, begin])) + draw(st.integers(-600, 600)),
    }
    counted = draw(st.lists(st.integers(middle - 6 * DAY, middle + 6 * DAY), max_size=4))
    return hosts, draw(rule_sets()), query, counted, (middle - 6 * DAY, middle + 7 * DAY)


@pytest.mark.parametrize("need", ["all", "any"])
@thorough
@given(question=questions())
def test_the_engine_offers_exactly_what_the_oracle_offers(
    need: Need, question: tuple[list[HostTime], Rules, dict[str, int], list[int], tuple[int, int]]
) -> None:
    hosts, rules, query, counted, clocks = question
    expected = oracle.offered(hosts, rules, need=need, counted=counted, clocks=clocks, **query)
    event("some starts" if expected else "none")
    assert open_starts(hosts, rules, need=need, counted=counted, **query) == expected


@given(question=questions(), need=st.sampled_from(["all", "any"]), shift=st.integers(0, 1440))
def test_one_start_is_open_exactly_if_the_list_has_it(
    question: tuple[list[HostTime], Rules, dict[str, int], list[int], tuple[int, int]], need: Need, shift: int
) -> None:
    hosts, rules, query, counted, _ = question
    starts = open_starts(hosts, rules, need=need, counted=counted, **query)
    now = query["now"]
    for start in [*starts[:20], query["begin"] + shift]:
        listed = query["begin"] <= start < query["end"]
        answer = is_open(hosts, rules, need=need, start=start, now=now, counted=counted)
        assert answer == (start in starts) or not listed
        free = hosts_free_at(hosts, rules, start=start, now=now, counted=counted)
        assert bool(free) == is_open(hosts, rules, need="any", start=start, now=now, counted=counted)


@given(scene=st.sampled_from(SCENES), shifts=st.lists(st.integers(-3 * DAY, 3 * DAY)))
def test_starts_are_grouped_by_the_date_the_clock_shows(scene: tuple[str, date], shifts: list[int]) -> None:
    zone, day = scene
    starts = [midday(day) + shift for shift in shifts]
    shown = oracle.clock(zone, midday(day) - 6 * DAY, midday(day) + 7 * DAY)
    grouped = by_day(starts, load_zone(zone))
    assert list(grouped) == sorted({shown.at(start).date() for start in starts})
    for local_date, members in grouped.items():
        assert members == sorted(start for start in starts if shown.at(start).date() == local_date)
