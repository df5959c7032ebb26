"""Each slot rule in a table of its own, and the nights on which clocks change."""

from datetime import date
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest

from koalendar.scheduling.availability import WallRange
from koalendar.scheduling.slots import HostTime, Need, Rules, by_day, hosts_free_at, is_open, open_starts
from koalendar.scheduling.tests.makers import ALWAYS, every_day, hold, make_host, shown, utc
from koalendar.scheduling.zones import day_of, load_zone

HOURLY = Rules(duration=60, step=60)


def starts(
    *hosts: HostTime,
    rules: Rules = HOURLY,
    need: Need = "all",
    begin: str = "2026-12-01 00:00",
    end: str = "2026-12-02 00:00",
    now: str = "2026-11-01 00:00",
    counted: tuple[str, ...] = (),
    zone: str = "UTC",
) -> list[str]:
    """What is offered on Tuesday 1 December 2026, unless the test says otherwise."""
    bookings = [utc(start) for start in counted]
    found = open_starts(
        hosts, rules, need=need, begin=utc(begin), end=utc(end), now=utc(now), counted=bookings
    )
    return shown(found, zone)


def test_a_working_day_is_offered_in_steps_until_the_last_that_fits() -> None:
    assert starts(make_host(every_day((540, 750)))) == ["01 09:00", "01 10:00", "01 11:00"]


def test_the_appointment_must_end_in_working_time_and_may_end_with_it() -> None:
    assert starts(make_host(every_day((540, 660)))) == ["01 09:00", "01 10:00"]
    assert starts(make_host(every_day((540, 659)))) == ["01 09:00"]
    assert starts(make_host(every_day((540, 599)))) == []


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (30, ["01 09:10", "01 09:40", "01 10:10"]),
        (45, ["01 09:10", "01 09:55"]),
        (120, ["01 09:10"]),
    ],
)
def test_the_grid_counts_from_the_start_of_the_range(step: int, expected: list[str]) -> None:
    assert starts(make_host(every_day((550, 670))), rules=Rules(duration=60, step=step)) == expected


def test_each_range_of_a_date_has_its_own_grid() -> None:
    host = make_host(every_day((540, 610), (785, 845)))
    assert starts(host, rules=Rules(duration=30, step=30)) == ["01 09:00", "01 09:30", "01 13:05", "01 13:35"]


def test_ranges_that_touch_or_overlap_are_one_with_one_grid() -> None:
    host = make_host(every_day((540, 610), (610, 700), (650, 720)))
    assert starts(host) == ["01 09:00", "01 10:00", "01 11:00"]


def test_busy_times_do_not_move_the_grid() -> None:
    host = make_host(every_day((540, 780)), taken=(hold("2026-12-01 09:00", "2026-12-01 10:10"),))
    assert starts(host) == ["01 11:00", "01 12:00"]


def test_the_query_does_not_move_the_grid() -> None:
    host = make_host(every_day((540, 780)))
    assert starts(host, begin="2026-12-01 09:20", end="2026-12-01 11:00") == ["01 10:00"]
    assert starts(host, begin="2026-12-01 10:00", end="2026-12-01 11:01") == ["01 10:00", "01 11:00"]


@pytest.mark.parametrize(
    ("busy", "expected"),
    [
        (("10:00", "11:00"), ["01 09:00", "01 11:00"]),  # touching is free
        (("10:01", "10:59"), ["01 09:00", "01 11:00"]),
        (("09:59", "11:01"), []),
        (("10:30", "10:30"), ["01 09:00", "01 10:00", "01 11:00"]),  # holds no minute
        (("08:00", "09:00"), ["01 09:00", "01 10:00", "01 11:00"]),
        (("12:00", "13:00"), ["01 09:00", "01 10:00", "01 11:00"]),
    ],
)
def test_nothing_overlaps_a_busy_time_and_touching_is_free(
    busy: tuple[str, str], expected: list[str]
) -> None:
    begin, end = busy
    host = make_host(every_day((540, 720)), taken=(hold(f"2026-12-01 {begin}", f"2026-12-01 {end}"),))
    assert starts(host) == expected


def test_busy_times_come_in_any_order_and_overlap() -> None:
    taken = (
        hold("2026-12-01 14:00", "2026-12-01 15:00"),
        hold("2026-12-01 09:00", "2026-12-01 12:30"),
        hold("2026-12-01 10:00", "2026-12-01 11:00"),
    )
    assert starts(make_host(taken=taken)) == ["01 13:00", "01 15:00", "01 16:00"]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (0, 0, ["01 11:00", "01 11:30", "01 13:00", "01 13:30"]),
        (10, 0, ["01 11:00", "01 11:30", "01 13:30"]),
        (0, 10, ["01 11:00", "01 13:00", "01 13:30"]),
        (30, 30, ["01 11:00", "01 13:30"]),
        (31, 0, ["01 11:00", "01 11:30"]),
    ],
)
def test_buffers_keep_a_distance_to_what_is_taken(before: int, after: int, expected: list[str]) -> None:
    host = make_host(every_day((660, 840)), taken=(hold("2026-12-01 12:00", "2026-12-01 13:00"),))
    rules = Rules(duration=30, step=30, buffer_before=before, buffer_after=after)
    assert starts(host, rules=rules) == expected


def test_buffers_of_neighbours_add_up() -> None:
    # Ada's booking from 12:00 to 13:00 holds 15 minutes more on each side, and the new one asks for 15 too.
    host = make_host(every_day((600, 900)), taken=(hold("2026-12-01 11:45", "2026-12-01 13:15"),))
    rules = Rules(duration=30, step=30, buffer_before=15, buffer_after=15)
    assert starts(host, rules=rules) == [
        "01 10:00",
        "01 10:30",
        "01 11:00",
        "01 13:30",
        "01 14:00",
        "01 14:30",
    ]


def test_buffers_may_reach_outside_working_hours() -> None:
    rules = Rules(duration=60, step=60, buffer_before=60, buffer_after=60)
    assert starts(make_host(every_day((540, 600))), rules=rules) == ["01 09:00"]
    taken = (hold("2026-12-01 08:30", "2026-12-01 08:45"),)
    assert starts(make_host(every_day((540, 600)), taken=taken), rules=rules) == []


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ({}, ["01 09:00", "01 10:00"]),
        ({date(2026, 12, 1): ()}, []),
        ({date(2026, 12, 1): ((780, 840),)}, ["01 13:00"]),
        ({date(2026, 12, 1): ((780, 900), (810, 960))}, ["01 13:00", "01 14:00", "01 15:00"]),
        ({date(2026, 12, 2): ()}, ["01 09:00", "01 10:00"]),
    ],
)
def test_overrides_replace_the_weekly_hours_of_their_date(
    overrides: dict[date, tuple[WallRange, ...]], expected: list[str]
) -> None:
    assert starts(make_host(every_day((540, 660)), overrides=overrides)) == expected


def test_the_week_begins_on_monday_and_dates_are_those_of_the_schedules_zone() -> None:
    only_tuesday = ((), ((0, 120),), (), (), (), (), ())
    host = make_host(
        only_tuesday, zone="Pacific/Kiritimati"
    )  # fourteen hours ahead: Tuesday begins on Monday
    found = starts(host, begin="2026-11-30 00:00", end="2026-12-02 00:00")
    assert found == ["30 10:00", "30 11:00"]


def test_an_appointment_runs_past_midnight_into_the_next_dates_range() -> None:
    host = make_host(every_day((0, 90), (1380, 1440)))
    rules = Rules(duration=120, step=30)
    assert starts(host, rules=rules, begin="2026-12-01 12:00", end="2026-12-02 12:00") == [
        "01 23:00",
        "01 23:30",
    ]


def test_the_grid_starts_anew_at_midnight() -> None:
    host = make_host(every_day((0, 120), (1320, 1440)))
    rules = Rules(duration=50, step=50)
    found = starts(host, rules=rules, begin="2026-12-01 12:00", end="2026-12-02 12:00")
    assert found == ["01 22:00", "01 22:50", "01 23:40", "02 00:00", "02 00:50"]


@pytest.mark.parametrize(
    ("now", "notice", "expected"),
    [
        ("2026-12-01 09:00", 0, ["01 09:00", "01 10:00", "01 11:00"]),
        ("2026-12-01 09:01", 0, ["01 10:00", "01 11:00"]),
        ("2026-12-01 09:00", 60, ["01 10:00", "01 11:00"]),
        ("2026-12-01 09:00", 61, ["01 11:00"]),
        ("2026-11-30 11:00", 1440, ["01 11:00"]),
        ("2026-12-02 09:00", 0, []),
    ],
)
def test_minimum_notice_counts_from_now_in_minutes(now: str, notice: int, expected: list[str]) -> None:
    rules = Rules(duration=60, step=60, minimum_notice=notice)
    assert starts(make_host(every_day((540, 720))), rules=rules, now=now) == expected


@pytest.mark.parametrize(
    ("window_days", "dates"),
    [(0, ["01"]), (1, ["01", "02"]), (3, ["01", "02", "03", "04"])],
)
def test_the_window_ends_with_its_last_local_date(window_days: int, dates: list[str]) -> None:
    rules = Rules(duration=30, step=30, window_days=window_days)
    host = make_host(every_day((1380, 1440)), zone="Asia/Kathmandu")
    # In Kathmandu it is 23:45 on the 1st; the last half hour of each date is offered.
    found = starts(host, rules=rules, now="2026-12-01 18:00", end="2026-12-09 00:00", zone="Asia/Kathmandu")
    assert found == [
        f"{day} {time}" for day in dates for time in ("23:00", "23:30") if (day, time) > ("01", "23:45")
    ]


def test_today_is_the_schedules_date_not_utcs() -> None:
    rules = Rules(duration=60, step=60, window_days=0)
    host = make_host(every_day((540, 600)), zone="Asia/Tokyo")
    assert starts(host, rules=rules, now="2026-12-01 14:59") == []  # 23:59 on the 1st
    assert starts(host, rules=rules, now="2026-12-01 15:00", end="2026-12-03 00:00") == [
        "02 00:00"
    ]  # the 2nd


@pytest.mark.parametrize(
    ("limit", "counted", "expected"),
    [
        (1, (), ["01 22:00", "02 21:00", "02 22:00"]),
        (1, ("2026-12-01 03:00",), ["01 22:00", "02 21:00", "02 22:00"]),  # still the 30th in Los Angeles
        (1, ("2026-12-01 20:00",), ["02 21:00", "02 22:00"]),
        (1, ("2026-12-02 03:00",), ["02 21:00", "02 22:00"]),  # the evening of the 1st there
        (2, ("2026-12-01 20:00",), ["01 22:00", "02 21:00", "02 22:00"]),
        (2, ("2026-12-01 20:00", "2026-12-01 21:00", "2026-12-02 23:00"), ["02 21:00", "02 22:00"]),
        (0, (), []),
    ],
)
def test_the_daily_limit_counts_local_dates(
    limit: int, counted: tuple[str, ...], expected: list[str]
) -> None:
    host = make_host(every_day((780, 900)), zone="America/Los_Angeles")  # 21:00 to 23:00 in UTC
    rules = Rules(duration=60, step=60, max_per_day=limit)
    found = starts(host, rules=rules, begin="2026-12-01 21:30", end="2026-12-03 00:00", counted=counted)
    assert found == expected


@pytest.mark.parametrize(
    ("counted", "expected"),
    [
        ((), ["06 10:00", "07 10:00"]),
        (("2026-11-30 10:00", "2026-12-02 10:00"), ["07 10:00"]),  # Monday and Wednesday of the first week
        (
            ("2026-11-29 10:00", "2026-12-02 10:00"),
            ["06 10:00", "07 10:00"],
        ),  # the Sunday before is no part of it
        (("2026-12-13 10:00", "2026-12-08 10:00"), ["06 10:00"]),  # the week after
        (("2026-12-06 23:00", "2026-12-08 10:00"), ["06 10:00"]),  # 00:00 on Monday in Paris
    ],
)
def test_the_weekly_limit_counts_from_monday_of_the_schedules_zone(
    counted: tuple[str, ...], expected: list[str]
) -> None:
    host = make_host(every_day((660, 720)), zone="Europe/Paris")
    rules = Rules(duration=60, step=60, max_per_week=2)
    assert (
        starts(host, rules=rules, begin="2026-12-06 00:00", end="2026-12-08 00:00", counted=counted)
        == expected
    )


def test_all_hosts_share_the_first_ones_grid_and_must_be_working_and_free() -> None:
    ada = make_host(every_day((540, 780)))
    ben = make_host(every_day((570, 780)), taken=(hold("2026-12-01 11:00", "2026-12-01 11:10"),))
    assert starts(ada, ben) == ["01 10:00", "01 12:00"]
    assert starts(ben, ada) == ["01 09:30", "01 11:30"]


def test_all_hosts_go_by_the_first_ones_zone_for_window_and_limits() -> None:
    ada = make_host(ALWAYS, zone="Asia/Tokyo")
    ben = make_host(ALWAYS, zone="UTC")
    rules = Rules(duration=60, step=60, window_days=0)
    assert starts(ada, ben, rules=rules, now="2026-12-01 12:00")[-1] == "01 14:00"
    assert starts(ben, ada, rules=rules, now="2026-12-01 12:00")[-1] == "01 23:00"


def test_any_host_offers_each_hosts_own_grid() -> None:
    ada = make_host(every_day((540, 660)))
    ben = make_host(every_day((570, 690)), taken=(hold("2026-12-01 10:30", "2026-12-01 11:00"),))
    assert starts(ada, ben, need="any") == ["01 09:00", "01 09:30", "01 10:00"]


def test_the_hosts_who_offer_a_start_are_named_by_position() -> None:
    ada, ben = make_host(every_day((540, 660))), make_host(every_day((570, 690)))
    also_ada = make_host(every_day((480, 720)))

    def free_at(text: str) -> list[int]:
        return hosts_free_at([ada, ben, also_ada], HOURLY, start=utc(text), now=utc("2026-11-01 00:00"))

    assert free_at("2026-12-01 09:00") == [0, 2]
    assert free_at("2026-12-01 09:30") == [1]
    assert free_at("2026-12-01 09:15") == []


@pytest.mark.parametrize("need", ["all", "any"])
def test_nobody_offers_nothing(need: Need) -> None:
    assert starts(need=need) == []


def test_an_empty_or_reversed_query_finds_nothing() -> None:
    assert starts(make_host(ALWAYS), begin="2026-12-01 09:00", end="2026-12-01 09:00") == []
    assert starts(make_host(ALWAYS), begin="2026-12-01 09:00", end="2026-12-01 08:00") == []


def test_a_start_is_open_only_on_the_grid_and_when_free() -> None:
    host = make_host(taken=(hold("2026-12-01 12:00", "2026-12-01 13:00"),))

    def open_at(text: str) -> bool:
        return is_open([host], HOURLY, need="all", start=utc(text), now=utc("2026-12-01 10:00"))

    assert open_at("2026-12-01 13:00")
    assert not open_at("2026-12-01 13:30")
    assert not open_at("2026-12-01 12:00")
    assert not open_at("2026-12-01 09:00")


@pytest.mark.parametrize(
    ("busy", "is_free"),
    [
        (("11:00", "11:51"), False),  # a minute less than the buffer before
        (("11:00", "11:50"), True),
        (("13:19", "14:00"), False),  # a minute less than the buffer after
        (("13:20", "14:00"), True),
    ],
)
def test_one_minute_decides_whether_a_single_start_is_open(busy: tuple[str, str], is_free: bool) -> None:
    host = make_host(taken=(hold(f"2026-12-01 {busy[0]}", f"2026-12-01 {busy[1]}"),))
    rules = Rules(duration=60, step=60, buffer_before=10, buffer_after=20)
    noon, now = utc("2026-12-01 12:00"), utc("2026-11-01 00:00")
    assert is_open([host], rules, need="all", start=noon, now=now) == is_free


@pytest.mark.parametrize(
    ("zone", "ranges", "begin", "end", "expected"),
    [
        # Paris, no 02:00 to 03:00: the grid runs on in real time.
        (
            "Europe/Paris",
            ((90, 270),),
            "2026-03-29 00:00",
            "2026-03-29 06:00",
            ["29 01:30", "29 03:00", "29 03:30", "29 04:00"],
        ),
        # Paris, 02:00 to 03:00 twice.
        (
            "Europe/Paris",
            ((120, 210),),
            "2026-10-25 00:00",
            "2026-10-25 06:00",
            ["25 02:00", "25 02:30", "25 02:00", "25 02:30", "25 03:00"],
        ),
        # Lord Howe, 02:00 becomes 02:30.
        (
            "Australia/Lord_Howe",
            ((90, 210),),
            "2026-10-03 12:00",
            "2026-10-03 20:00",
            ["04 01:30", "04 02:30", "04 03:00"],
        ),
        # Kathmandu, on the quarter hour.
        ("Asia/Kathmandu", ((540, 600),), "2026-12-01 03:00", "2026-12-01 06:00", ["01 09:00", "01 09:30"]),
        # Apia went from the 29th to the 31st; the last hour of the one meets the first of the other.
        (
            "Pacific/Apia",
            ((0, 30), (1410, 1440)),
            "2011-12-30 09:00",
            "2011-12-31 09:00",
            ["29 23:30", "31 00:00"],
        ),
        # Havana, midnight becomes 01:00.
        (
            "America/Havana",
            ((0, 120), (1410, 1440)),
            "2026-03-08 04:00",
            "2026-03-08 12:00",
            ["07 23:30", "08 01:00", "08 01:30"],
        ),
        # St John's in 2010, 00:01 became 01:01: one minute of midnight, then the rest of the range.
        ("America/St_Johns", ((0, 91),), "2010-03-14 03:00", "2010-03-14 12:00", ["14 00:00"]),
        # Cairo, midnight becomes 23:00 of the date before, whose range has that hour twice.
        (
            "Africa/Cairo",
            ((1380, 1440),),
            "2026-10-29 19:00",
            "2026-10-29 23:00",
            ["29 23:00", "29 23:30", "29 23:00", "29 23:30"],
        ),
    ],
)
def test_slots_around_clock_changes(
    zone: str, ranges: tuple[WallRange, ...], begin: str, end: str, expected: list[str]
) -> None:
    host = make_host(every_day(*ranges), zone=zone)
    now = "2010-01-01 00:00" if begin < "2026" else "2026-01-01 00:00"
    rules = Rules(duration=30, step=30, window_days=1000)
    assert starts(host, rules=rules, begin=begin, end=end, now=now, zone=zone) == expected


@pytest.mark.parametrize(
    ("zone", "day", "hours", "start"),
    [
        # Toronto in 1919, 23:30 became 00:30: the last half hour of the 30th lies on the 31st.
        ("America/Toronto", date(1919, 3, 30), (1380, 1440), "1919-03-31 04:30"),
        # St John's in 2010, 00:01 became 23:01: the range of the 7th runs on in the evening of the 6th.
        ("America/St_Johns", date(2010, 11, 7), (0, 540), "2010-11-07 03:00"),
    ],
)
def test_a_start_counts_for_the_range_it_falls_into_even_if_clocks_show_another_date(
    zone: str, day: date, hours: tuple[int, int], start: str
) -> None:
    host = make_host(every_day(), zone=zone, overrides={day: (hours,)})
    rules = Rules(duration=15, step=30)
    assert day_of(utc(start), load_zone(zone)) != day
    assert is_open([host], rules, need="all", start=utc(start), now=utc(start))


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (30, ["30 23:00", "31 00:30", "31 01:00"]),
        (40, ["30 23:00", "31 00:30", "31 00:40", "31 01:10"]),
    ],
)
def test_a_start_on_the_grids_of_two_dates_is_offered_once_and_in_order(
    step: int, expected: list[str]
) -> None:
    # Toronto again: the hour from 23:00 of the 30th ends at 01:00 of the 31st, whose range begins at 00:30.
    overrides: dict[date, tuple[WallRange, ...]] = {
        date(1919, 3, 30): ((1380, 1440),),
        date(1919, 3, 31): ((30, 90),),
    }
    host = make_host(every_day(), zone="America/Toronto", overrides=overrides)
    rules = Rules(duration=15, step=step)
    begin, end, now = "1919-03-30 12:00", "1919-03-31 12:00", "1919-03-30 00:00"
    assert starts(host, rules=rules, begin=begin, end=end, now=now, zone="America/Toronto") == expected


def test_starts_are_grouped_by_local_date() -> None:
    times = ["2026-12-01 18:15", "2026-12-01 18:14", "2026-12-03 00:00"]
    assert by_day(map(utc, times), ZoneInfo("Asia/Kathmandu")) == {
        date(2026, 12, 1): [utc("2026-12-01 18:14")],
        date(2026, 12, 2): [utc("2026-12-01 18:15")],
        date(2026, 12, 3): [utc("2026-12-03 00:00")],
    }
    assert by_day([], ZoneInfo("Asia/Kathmandu")) == {}


@pytest.mark.parametrize(
    "impossible",
    [
        {"duration": 0, "step": 15},
        {"duration": 15, "step": 0},
        {"duration": 15, "step": 15, "buffer_before": -1},
        {"duration": 15, "step": 15, "buffer_after": -1},
        {"duration": 15, "step": 15, "minimum_notice": -1},
        {"duration": 15, "step": 15, "window_days": -1},
        {"duration": 15, "step": 15, "max_per_day": -1},
        {"duration": 15, "step": 15, "max_per_week": -1},
    ],
)
def test_rules_that_mean_nothing_are_refused(impossible: dict[str, int]) -> None:
    with pytest.raises(ValueError):
        Rules(**impossible)


def test_an_unknown_zone_is_an_error_not_an_empty_list() -> None:
    with pytest.raises(ZoneInfoNotFoundError):
        starts(make_host(zone="Europe/Atlantis"))
