"""Wall time and instants, through every odd night."""

from datetime import UTC, date, datetime, timedelta, timezone
from importlib.resources import files
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from koalendar.scheduling.tests.makers import utc
from koalendar.scheduling.zones import (
    DAY,
    canonical_zone,
    clock_change,
    day_of,
    days,
    load_zone,
    local_texts,
    search_zones,
    to_datetime,
    to_minutes,
    wall_to_minutes,
    zone_names,
)

WINTER = utc("2026-12-01 12:00")
SUMMER = utc("2026-07-01 12:00")


def test_a_place_is_also_found_by_what_the_reader_calls_it() -> None:
    names = {"Europe/London": "Londres Royaume-Uni", "Asia/Tokyo": "東京 日本"}

    def found(text: str) -> list[str]:
        return [
            place.zone
            for place in search_zones(text, now=WINTER, said=lambda place: names.get(place.zone, ""))
        ]

    assert found("londr") == ["Europe/London"]
    assert found("royaume")[0] == "Europe/London"
    assert found("日本") == ["Asia/Tokyo"]
    assert "Europe/London" in found("london")
    assert found("londres japon") == []


def test_minutes_count_from_1970_in_utc_whatever_the_offset() -> None:
    assert to_minutes(datetime(1970, 1, 1, tzinfo=UTC)) == 0
    assert to_minutes(datetime(1970, 1, 2, 5, 45, tzinfo=timezone(timedelta(hours=5, minutes=45)))) == DAY
    assert to_minutes(datetime(1969, 12, 31, 23, 59, tzinfo=UTC)) == -1


@pytest.mark.parametrize(
    "instant",
    [
        datetime(2026, 1, 1, 9, 0),  # noqa: DTZ001 - naive is what is refused
        datetime(2026, 1, 1, 9, 0, 30, tzinfo=UTC),
        datetime(2026, 1, 1, 9, 0, 0, 1, tzinfo=UTC),
    ],
)
def test_naive_datetimes_and_parts_of_a_minute_are_refused(instant: datetime) -> None:
    with pytest.raises(ValueError):
        to_minutes(instant)


@given(st.integers(-60_000_000, 60_000_000))
def test_minutes_and_datetimes_convert_both_ways(minute: int) -> None:
    assert to_minutes(to_datetime(minute)) == minute


@given(
    st.sampled_from(["Europe/Paris", "Asia/Kathmandu", "America/St_Johns", "Australia/Lord_Howe", "UTC"]),
    st.lists(st.integers(20_000_000, 40_000_000), max_size=40),
)
def test_texts_are_those_of_datetimes(name: str, minutes: list[int]) -> None:
    zone = load_zone(name)
    starts = sorted(minutes)
    assert local_texts(starts, zone) == [to_datetime(start).astimezone(zone).isoformat() for start in starts]


def test_texts_follow_the_clocks_through_their_change() -> None:
    paris = load_zone("Europe/Paris")
    first = to_minutes(datetime(2026, 10, 25, 0, 0, tzinfo=UTC))
    assert local_texts([first, first + 60], paris) == [
        "2026-10-25T02:00:00+02:00",
        "2026-10-25T02:00:00+01:00",
    ]


@pytest.mark.parametrize(
    ("zone", "day", "wall", "instant"),
    [
        ("Europe/Paris", date(2026, 3, 29), "01:59", "2026-03-29 00:59"),
        ("Europe/Paris", date(2026, 3, 29), "02:00", "2026-03-29 01:00"),  # skipped: becomes 03:00
        ("Europe/Paris", date(2026, 3, 29), "02:30", "2026-03-29 01:30"),  # skipped: becomes 03:30
        ("Europe/Paris", date(2026, 3, 29), "03:00", "2026-03-29 01:00"),
        ("Europe/Paris", date(2026, 10, 25), "02:30", "2026-10-25 00:30"),  # repeated: the first
        ("Europe/Paris", date(2026, 10, 25), "03:00", "2026-10-25 02:00"),
        ("Europe/Paris", date(2026, 10, 25), "24:00", "2026-10-25 23:00"),
        ("Asia/Kathmandu", date(2026, 12, 1), "09:00", "2026-12-01 03:15"),
        ("Asia/Kathmandu", date(1986, 1, 1), "00:10", "1985-12-31 18:40"),  # skipped: becomes 00:25
        ("Australia/Lord_Howe", date(2026, 10, 4), "02:15", "2026-10-03 15:45"),  # becomes 02:45
        ("Australia/Lord_Howe", date(2026, 4, 5), "01:45", "2026-04-04 14:45"),  # the first
        ("America/Havana", date(2026, 3, 8), "00:30", "2026-03-08 05:30"),  # becomes 01:30
        ("America/Havana", date(2026, 3, 7), "24:00", "2026-03-08 05:00"),  # becomes 01:00 of the 8th
        ("Africa/Cairo", date(2026, 4, 24), "00:00", "2026-04-23 22:00"),  # becomes 01:00
        ("Asia/Beirut", date(2026, 10, 24), "23:30", "2026-10-24 20:30"),  # the first
        ("Asia/Beirut", date(2026, 10, 24), "24:00", "2026-10-24 22:00"),  # after the second 23:30
        ("America/St_Johns", date(2010, 11, 7), "00:00", "2010-11-07 02:30"),
        ("America/St_Johns", date(2010, 11, 7), "00:01", "2010-11-07 03:31"),
        ("America/St_Johns", date(2010, 3, 14), "00:30", "2010-03-14 04:00"),  # becomes 01:30
        ("Pacific/Apia", date(2011, 12, 29), "24:00", "2011-12-30 10:00"),  # the 31st begins
        ("Pacific/Apia", date(2011, 12, 31), "00:00", "2011-12-30 10:00"),
    ],
)
def test_a_skipped_time_moves_forward_and_a_repeated_one_is_its_first(
    zone: str, day: date, wall: str, instant: str
) -> None:
    hour, minute = map(int, wall.split(":"))
    assert wall_to_minutes(day, hour * 60 + minute, ZoneInfo(zone)) == utc(instant)


@pytest.mark.parametrize(
    ("zone", "begin", "end", "changes"),
    [
        ("Europe/Paris", "2026-10-01 00:00", "2026-11-01 00:00", [("2026-10-25 01:00", -60)]),
        ("Europe/Paris", "2026-10-25 01:00", "2026-10-25 01:01", [("2026-10-25 01:00", -60)]),
        ("Europe/Paris", "2026-10-25 00:00", "2026-10-25 01:00", []),
        ("Europe/Paris", "2026-10-25 01:01", "2026-11-25 01:00", []),
        ("Europe/Paris", "2026-10-25 01:00", "2026-10-25 01:00", []),
        (
            "Australia/Lord_Howe",
            "2026-01-01 00:00",
            "2027-01-01 00:00",
            [("2026-04-04 15:00", -30), ("2026-10-03 15:30", 30)],
        ),
        ("Pacific/Apia", "2011-12-01 00:00", "2012-01-01 00:00", [("2011-12-30 10:00", 24 * 60)]),
        ("Asia/Kathmandu", "2026-01-01 00:00", "2027-01-01 00:00", []),
        # The closest two changes in tzdb, a week apart, and they cancel.
        (
            "America/Recife",
            "2000-10-01 00:00",
            "2000-11-01 00:00",
            [("2000-10-08 03:00", 60), ("2000-10-15 02:00", -60)],
        ),
    ],
)
def test_clock_changes_are_found_with_their_shift(
    zone: str, begin: str, end: str, changes: list[tuple[str, int]]
) -> None:
    found = clock_change(ZoneInfo(zone), utc(begin), utc(end))
    assert found == [(utc(instant), shift) for instant, shift in changes]


def test_days_cut_a_stretch_of_time_at_local_midnights() -> None:
    apia = ZoneInfo("Pacific/Apia")
    assert list(days(utc("2011-12-30 09:00"), utc("2011-12-30 12:00"), apia)) == [
        (utc("2011-12-30 09:00"), utc("2011-12-30 10:00"), date(2011, 12, 29)),
        (utc("2011-12-30 10:00"), utc("2011-12-30 12:00"), date(2011, 12, 31)),
    ]


def test_days_come_back_to_a_date_when_clocks_go_back_over_midnight() -> None:
    st_johns = ZoneInfo("America/St_Johns")
    begin, end = utc("2010-11-07 00:00"), utc("2010-11-07 06:00")
    assert [day.day for _, _, day in days(begin, end, st_johns)] == [6, 7, 6, 7]
    for first, last, day in days(begin, end, st_johns):
        assert {day_of(minute, st_johns) for minute in range(first, last)} == {day}


@pytest.mark.parametrize(
    ("name", "modern"),
    [
        ("Europe/Kiev", "Europe/Kyiv"),
        ("Asia/Calcutta", "Asia/Kolkata"),
        ("Asia/Katmandu", "Asia/Kathmandu"),
        ("US/Pacific", "America/Los_Angeles"),
        ("America/Buenos_Aires", "America/Argentina/Buenos_Aires"),
        ("Africa/Asmera", "Africa/Asmara"),
        ("Pacific/Ponape", "Pacific/Pohnpei"),
        ("Iceland", "Atlantic/Reykjavik"),
        ("Europe/Oslo", "Europe/Oslo"),
        ("Europe/Paris", "Europe/Paris"),
        ("europe/PARIS", "Europe/Paris"),
        ("Etc/UTC", "UTC"),
        ("Zulu", "UTC"),
        ("UTC", "UTC"),
        ("Etc/GMT+5", "Etc/GMT+5"),
        ("Europe/Atlantis", None),
        ("Factory", None),
        ("localtime", None),
        ("../../etc/passwd", None),
        ("", None),
    ],
)
def test_every_alias_has_its_modern_name(name: str, modern: str | None) -> None:
    assert canonical_zone(name) == modern


def test_all_names_of_tzdata_lead_to_a_modern_name_with_the_same_time() -> None:
    names = files("tzdata").joinpath("zones").read_text(encoding="utf-8").split()
    for name in set(names) - {"Factory"}:
        modern = canonical_zone(name)
        assert modern is not None
        assert canonical_zone(modern) == modern
        for now in (WINTER, SUMMER):
            local = to_datetime(now)
            assert (
                local.astimezone(ZoneInfo(name)).utcoffset()
                == local.astimezone(load_zone(modern)).utcoffset()
            )


def test_the_select_holds_each_modern_name_once_in_order() -> None:
    names = zone_names()
    assert list(names) == sorted(set(names))
    assert {"Europe/Kyiv", "Asia/Kathmandu", "Europe/Oslo", "UTC"} <= set(names)
    assert not {"Europe/Kiev", "Etc/GMT+5", "EST"} & set(names)
    assert all(canonical_zone(name) == name for name in names)


def found(text: str, now: int = WINTER) -> list[str]:
    return [place.zone for place in search_zones(text, now=now)]


@pytest.mark.parametrize(
    ("text", "best"),
    [
        ("kath", "Asia/Kathmandu"),
        ("Kathmandu", "Asia/Kathmandu"),
        ("katmandu", "Asia/Kathmandu"),  # the old spelling
        ("nepal", "Asia/Kathmandu"),
        ("+5:45", "Asia/Kathmandu"),
        ("UTC+05:45", "Asia/Kathmandu"),
        ("são paulo", "America/Sao_Paulo"),
        ("SAO PAU", "America/Sao_Paulo"),
        ("cote d'ivoire", "Africa/Abidjan"),
        ("Aland", "Europe/Mariehamn"),
        ("saigon", "Asia/Ho_Chi_Minh"),
        ("new york", "America/New_York"),
        ("york", "America/New_York"),
        ("America/New_York", "America/New_York"),
        ("us eastern", "America/New_York"),
        ("eastern", "America/New_York"),
        ("south korea", "Asia/Seoul"),
        ("united kingdom", "Europe/London"),
        ("paris, france", "Europe/Paris"),
        ("norway", "Europe/Oslo"),
        ("india", "Asia/Kolkata"),  # before Indianapolis
        ("united states", "America/New_York"),
        ("\N{MINUS SIGN}3:30", "America/St_Johns"),
        ("utc", "UTC"),
    ],
)
def test_a_search_finds_city_country_old_name_and_offset(text: str, best: str) -> None:
    assert found(text)[0] == best


def test_a_place_is_told_by_city_and_country() -> None:
    place = search_zones("kath", now=WINTER)[0]
    assert (place.zone, place.city, place.country) == ("Asia/Kathmandu", "Kathmandu", "Nepal")


def test_abbreviations_in_force_come_first_and_offsets_are_those_in_force() -> None:
    assert found("CET", WINTER)[:2] == ["Africa/Algiers", "Europe/Paris"]
    assert found("CET", SUMMER)[:2] == [
        "Africa/Algiers",
        "Africa/Tunis",
    ]  # There CET is in force in summer too.
    assert found("cest", SUMMER)[0] == "Europe/Paris"
    assert found("NPT") == []  # tzdb has only "+0545" for Nepal.
    assert "Europe/London" in found("+0", WINTER)
    assert "Europe/London" not in found("+0", SUMMER)


@pytest.mark.parametrize("text", ["", "   ", "xyzzy", "+", "+99", "/", "-5:99"])
def test_a_search_for_nothing_finds_nothing(text: str) -> None:
    assert found(text) == []


def test_a_search_for_a_large_country_shows_the_zones_of_most_of_it() -> None:
    canada = found("canada")
    assert {
        "America/Halifax",
        "America/Toronto",
        "America/Winnipeg",
        "America/Edmonton",
        "America/Vancouver",
    } <= {*canada}


def test_a_search_gives_at_most_its_limit() -> None:
    assert len(search_zones("a", now=WINTER)) == 8
    assert len(search_zones("a", now=WINTER, limit=3)) == 3
