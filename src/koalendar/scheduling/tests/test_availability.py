"""Weekly hours and overrides: reading, writing, and the instants that they mean."""

from datetime import date

import pytest

from koalendar.scheduling.availability import (
    Availability,
    AvailabilityError,
    WallRange,
    dump_overrides,
    dump_weekly,
    parse_overrides,
    parse_weekly,
    working_time,
)
from koalendar.scheduling.tests.makers import every_day, hold


def test_missing_days_are_closed_and_all_days_are_written() -> None:
    weekly = parse_weekly({"mon": [["09:00", "17:00"]], "sun": [["00:00", "24:00"]]})
    assert weekly == (((540, 1020),), (), (), (), (), (), ((0, 1440),))
    assert dump_weekly(weekly) == {
        "mon": [["09:00", "17:00"]],
        "tue": [],
        "wed": [],
        "thu": [],
        "fri": [],
        "sat": [],
        "sun": [["00:00", "24:00"]],
    }
    assert parse_weekly(dict(dump_weekly(weekly))) == weekly


def test_overrides_are_read_and_written_by_rising_date() -> None:
    overrides = parse_overrides({"2026-12-31": [["09:00", "12:00"]], "2026-12-24": []})
    assert overrides == {date(2026, 12, 24): (), date(2026, 12, 31): ((540, 720),)}
    dumped = dump_overrides(overrides)
    assert list(dumped.items()) == [("2026-12-24", []), ("2026-12-31", [["09:00", "12:00"]])]


@pytest.mark.parametrize(
    ("ranges", "joined"),
    [
        ([["13:00", "17:00"], ["09:00", "12:00"]], ((540, 720), (780, 1020))),
        ([["09:00", "12:00"], ["11:00", "13:00"]], ((540, 780),)),
        ([["09:00", "12:00"], ["12:00", "13:00"]], ((540, 780),)),
        ([["09:00", "12:00"], ["09:00", "12:00"]], ((540, 720),)),
    ],
)
def test_overlapping_and_touching_ranges_are_joined(ranges: object, joined: tuple[WallRange, ...]) -> None:
    assert parse_weekly({"tue": ranges})[1] == joined
    assert parse_overrides({"2026-12-24": ranges})[date(2026, 12, 24)] == joined


@pytest.mark.parametrize(
    ("data", "field", "problem"),
    [
        ({"monday": []}, "weekly.monday", "unknown_day"),
        ({"mon": None}, "weekly.mon", "bad_shape"),
        ({"mon": "09:00-17:00"}, "weekly.mon", "bad_shape"),
        ({"mon": [["09:00", "12:00"], ["13:00"]]}, "weekly.mon.1", "bad_range"),
        ({"mon": ["09:00"]}, "weekly.mon.0", "bad_range"),
        ({"mon": [[9, 17]]}, "weekly.mon.0", "bad_range"),
        ({"mon": [["9:00", "17:00"]]}, "weekly.mon.0", "bad_time"),
        ({"mon": [["09:60", "17:00"]]}, "weekly.mon.0", "bad_time"),
        ({"mon": [["09:00", "24:01"]]}, "weekly.mon.0", "bad_time"),
        ({"mon": [["09:00", "17:00\n"]]}, "weekly.mon.0", "bad_time"),
        ({"mon": [["٠٩:٠٠", "17:00"]]}, "weekly.mon.0", "bad_time"),
        ({"mon": [["17:00", "09:00"]]}, "weekly.mon.0", "end_before_start"),
        ({"mon": [["09:00", "09:00"]]}, "weekly.mon.0", "end_before_start"),
        ({"mon": [["24:00", "24:00"]]}, "weekly.mon.0", "end_before_start"),
    ],
)
def test_bad_weekly_hours_name_the_place_and_the_problem(
    data: dict[str, object], field: str, problem: str
) -> None:
    with pytest.raises(AvailabilityError) as caught:
        parse_weekly(data)
    assert (caught.value.field, caught.value.problem) == (field, problem)


@pytest.mark.parametrize(
    ("data", "field", "problem"),
    [
        ({"2026-02-29": []}, "overrides.2026-02-29", "bad_date"),
        ({"20261224": []}, "overrides.20261224", "bad_date"),
        ({"24.12.2026": []}, "overrides.24.12.2026", "bad_date"),
        ({"2026-12-24": [["12:00", "09:00"]]}, "overrides.2026-12-24.0", "end_before_start"),
        ({"2026-12-24": {}}, "overrides.2026-12-24", "bad_shape"),
    ],
)
def test_bad_overrides_name_the_place_and_the_problem(
    data: dict[str, object], field: str, problem: str
) -> None:
    with pytest.raises(AvailabilityError) as caught:
        parse_overrides(data)
    assert (caught.value.field, caught.value.problem) == (field, problem)


@pytest.mark.parametrize(
    ("zone", "day", "ranges", "hours"),
    [
        ("Europe/Paris", date(2026, 12, 1), ((540, 1020),), [("2026-12-01 08:00", "2026-12-01 16:00")]),
        # The night without 02:00 to 03:00: a range inside it moves, one that ends after it shrinks or
        # vanishes.
        ("Europe/Paris", date(2026, 3, 29), ((130, 140),), [("2026-03-29 01:10", "2026-03-29 01:20")]),
        ("Europe/Paris", date(2026, 3, 29), ((60, 240),), [("2026-03-29 00:00", "2026-03-29 02:00")]),
        ("Europe/Paris", date(2026, 3, 29), ((120, 180),), []),
        ("Europe/Paris", date(2026, 3, 29), ((150, 195),), []),
        # Apart on the wall, one as instants: 02:00 to 02:30 becomes 03:00 to 03:30.
        (
            "Europe/Paris",
            date(2026, 3, 29),
            ((120, 150), (210, 240)),
            [("2026-03-29 01:00", "2026-03-29 02:00")],
        ),
        # The night with 02:00 to 03:00 twice: both belong to a range around it, the first to one that ends
        # in it.
        ("Europe/Paris", date(2026, 10, 25), ((60, 180),), [("2026-10-24 23:00", "2026-10-25 02:00")]),
        ("Europe/Paris", date(2026, 10, 25), ((60, 150),), [("2026-10-24 23:00", "2026-10-25 00:30")]),
        ("Asia/Beirut", date(2026, 10, 24), ((1380, 1440),), [("2026-10-24 20:00", "2026-10-24 22:00")]),
        ("America/Havana", date(2026, 3, 8), ((0, 120),), [("2026-03-08 05:00", "2026-03-08 06:00")]),
        # A date that never was has no hours, although its wall times would move to the next one's.
        ("Pacific/Apia", date(2011, 12, 30), ((540, 1020),), []),
        ("Pacific/Apia", date(2011, 12, 31), ((540, 1020),), [("2011-12-30 19:00", "2011-12-31 03:00")]),
        ("UTC", date(2026, 12, 1), ((660, 780), (540, 720)), [("2026-12-01 09:00", "2026-12-01 13:00")]),
    ],
)
def test_the_hours_of_a_date_become_instants_by_the_rules_of_that_date(
    zone: str, day: date, ranges: tuple[WallRange, ...], hours: list[tuple[str, str]]
) -> None:
    expected = [[hold(begin, end) for begin, end in hours]]
    assert working_time(Availability(zone, every_day(*ranges), {}), day, day) == expected
    closed: dict[date, tuple[WallRange, ...]] = {day: ranges}
    assert working_time(Availability(zone, every_day(), closed), day, day) == expected


@pytest.mark.parametrize("day", [date(2026, 3, 28), date(2026, 3, 29)])
def test_a_date_closed_by_an_override_has_no_hours(day: date) -> None:
    assert working_time(Availability("Europe/Paris", every_day((540, 1020)), {day: ()}), day, day) == [[]]


def test_ranges_of_two_dates_that_meet_at_midnight_stay_apart() -> None:
    availability = Availability("UTC", every_day((0, 1440)), {})
    assert working_time(availability, date(2026, 12, 1), date(2026, 12, 2)) == [
        [hold("2026-12-01 00:00", "2026-12-02 00:00")],
        [hold("2026-12-02 00:00", "2026-12-03 00:00")],
    ]


def test_no_dates_have_no_hours() -> None:
    assert (
        working_time(Availability("UTC", every_day((0, 60)), {}), date(2026, 12, 2), date(2026, 12, 1)) == []
    )


def test_dates_away_are_closed_whatever_else_is_said_of_them() -> None:
    away = ((date(2026, 12, 2), date(2026, 12, 3)), (date(2026, 12, 31), date(2027, 1, 9)))
    hours = Availability("UTC", every_day((540, 600)), {date(2026, 12, 3): ((0, 60),)}, away)

    found = working_time(hours, date(2026, 12, 1), date(2026, 12, 4))

    assert [bool(ranges) for ranges in found] == [True, False, False, True]
    assert working_time(hours, date(2027, 1, 2), date(2027, 1, 3)) == [[], []]
