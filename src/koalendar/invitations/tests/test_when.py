"""Dates and times read as people write them, in each language and in odd zones."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from babel.localedata import locale_identifiers
from hypothesis import given, settings
from hypothesis import strategies as st

from koalendar.invitations.when import (
    Clock,
    Wording,
    day,
    fold_of,
    month,
    place_name,
    repeated_hour_label,
    short_day,
    short_when,
    time,
    time_range,
    uses_12_hours,
    week_start,
    weekday_heads,
    weekday_names,
    when,
    zone_label,
)

DAY = date(2026, 12, 3)
PARIS = ZoneInfo("Europe/Paris")
START = datetime(2026, 12, 3, 9, 0, tzinfo=PARIS)
END = datetime(2026, 12, 3, 9, 30, tzinfo=PARIS)
TODAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    ("locale", "full", "short", "clock_time", "span"),
    [
        ("en_US", "Thursday, December 3", "Thu, Dec 3", "9:00 AM", "9:00 – 9:30 AM"),
        ("en_GB", "Thursday 3 December", "Thu 3 Dec", "09:00", "09:00–09:30"),
        ("en", "Thursday 3 December", "Thu 3 Dec", "09:00", "09:00–09:30"),
        ("de", "Donnerstag, 3. Dezember", "Do., 3. Dez.", "09:00", "09:00–09:30 Uhr"),
        ("fr", "jeudi 3 décembre", "jeu. 3 déc.", "09:00", "09:00 – 09:30"),
        ("es", "jueves, 3 de diciembre", "jue, 3 dic", "9:00", "9:00–9:30"),
        ("pt", "quinta-feira, 3 de dezembro", "qui., 3 de dez.", "09:00", "09:00–09:30"),
        ("it", "giovedì 3 dicembre", "gio 3 dic", "09:00", "09:00–09:30"),
        ("nl", "donderdag 3 december", "do 3 dec", "09:00", "09:00–09:30"),
        ("pl", "czwartek, 3 grudnia", "czw., 3 gru", "09:00", "09:00–09:30"),
        ("ja", "12月3日木曜日", "12月3日(木)", "9:00", "9:00～9:30"),
        ("ar", "الخميس، 3 ديسمبر", "الخميس، 3 ديسمبر", "9:00 ص", "9:00 – 9:30 ص"),
        # Without patterns of our own, in Babel's order.
        ("sv", "torsdag 3 december", "tors 3 dec.", "09:00", "09:00 – 09:30"),
        ("hu", "december 3., csütörtök", "dec. 3., Cs", "9:00", "9:00 – 9:30"),
        ("zh", "12月3日星期四", "12月3日周四", "09:00", "09:00 – 09:30"),
    ],
)
def test_each_language_has_its_order(locale: str, full: str, short: str, clock_time: str, span: str) -> None:
    assert day(DAY, locale) == full
    assert short_day(DAY, locale) == short
    assert time(START, locale) == clock_time
    assert time_range(START, END, locale) == span


@pytest.mark.parametrize(
    ("locale", "full", "short"),
    [
        ("en_US", "Thursday, December 3, 2026", "Thu, Dec 3, 2026"),
        ("en_GB", "Thursday 3 December 2026", "Thu 3 Dec 2026"),
        ("de", "Donnerstag, 3. Dezember 2026", "Do., 3. Dez. 2026"),
        ("fr", "jeudi 3 décembre 2026", "jeu. 3 déc. 2026"),
        ("es", "jueves, 3 de diciembre de 2026", "jue, 3 dic 2026"),
        ("ja", "2026年12月3日木曜日", "2026年12月3日(木)"),
        ("sv", "torsdag 3 december 2026", "tors 3 dec. 2026"),
    ],
)
def test_a_distant_date_has_its_year(locale: str, full: str, short: str) -> None:
    assert day(DAY, locale, today=date(2025, 12, 3)) == full
    assert short_day(DAY, locale, today=date(2028, 1, 1)) == short


@pytest.mark.parametrize(
    ("today", "has_year"),
    [
        (date(2026, 12, 3), False),
        (date(2026, 2, 4), False),
        (date(2026, 1, 3), True),
        (date(2027, 9, 30), False),
        (date(2027, 11, 3), True),
        (None, False),
    ],
)
def test_the_year_is_left_out_within_ten_months(today: date | None, has_year: bool) -> None:
    assert ("2026" in day(DAY, "en", today=today)) is has_year


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        ("en-GB", "Thursday 3 December"),
        ("en_gb", "Thursday 3 December"),
        ("en-US", "Thursday, December 3"),
        ("en-CA", "Thursday, December 3"),
        ("en-AU", "Thursday 3 December"),
        ("de-AT", "Donnerstag, 3. Dezember"),
        ("pt-BR", "quinta-feira, 3 de dezembro"),
        ("fr-ZZ", "jeudi 3 décembre"),
        ("zh-Hant-TW", "12月3日 星期四"),
        ("xx", "Thursday 3 December"),
        ("", "Thursday 3 December"),
        ("*", "Thursday 3 December"),
        ("../../etc/passwd", "Thursday 3 December"),
        ("de\n", "Thursday 3 December"),
    ],
)
def test_any_tag_is_understood_or_read_as_english(tag: str, text: str) -> None:
    assert day(DAY, tag) == text


@pytest.mark.parametrize(
    ("locale", "heads"),
    [
        ("en", "Mo Tu We Th Fr Sa Su"),
        ("fr", "lu ma me je ve sa di"),
        ("pt", "seg ter qua qui sex sáb dom"),
        ("ja", "月 火 水 木 金 土 日"),
        ("ar", "ن ث ر خ ج س ح"),
    ],
)
def test_the_columns_of_a_month_can_be_told_apart(locale: str, heads: str) -> None:
    assert weekday_heads(locale) == heads.split()


@pytest.mark.parametrize(
    ("zone", "code", "locale", "name"),
    [
        ("Europe/London", "GB", "fr", ("Londres", "Royaume-Uni")),
        ("Asia/Tokyo", "JP", "ja", ("東京", "日本")),
        ("Africa/Cairo", "EG", "ar", ("القاهرة", "مصر")),
        ("Asia/Kolkata", "IN", "pl", ("Kalkuta", "Indie")),
        ("America/Coyhaique", "CL", "de", ("Coyhaique", "Chile")),
        ("Europe/London", "ZZZ", "fr", ("Londres", "")),
    ],
)
def test_a_place_has_its_name_in_the_readers_language(
    zone: str, code: str, locale: str, name: tuple[str, str]
) -> None:
    assert place_name(zone, code, locale) == name


@given(tag=st.from_regex(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,4}){0,2}", fullmatch=True) | st.text(max_size=12))
@settings(max_examples=100, deadline=None)
def test_no_tag_is_an_error(tag: str) -> None:
    assert when(START, END, "Europe/Paris", tag)
    assert 0 <= week_start(tag) <= 6


def test_one_language_does_not_leak_into_another() -> None:
    for locale in ("fy", "he", "ru", "nb", "fr"):
        weekday_names(locale)
        month(DAY, locale)
    assert day(DAY, "ru") == "четверг, 3 декабря"
    assert weekday_names("fr")[0] == ("lun.", "lundi")
    assert month(DAY, "nb") == "desember 2026"
    assert weekday_names("ru")[3][1] == "четверг"


@pytest.mark.parametrize("locale", [name for name in locale_identifiers() if "_" not in name][::3])
def test_every_language_can_say_an_appointment(locale: str) -> None:
    for clock in ("12", "24"):
        text = when(START, END, "Europe/Paris", locale, clock=clock, today=date(2025, 1, 1))
        assert not {"\u202f", "\u2009", "\xa0", "{", "%"} & set(text)
    assert len(weekday_names(locale)) == 7
    assert month(DAY, locale)


@pytest.mark.parametrize(
    ("locale", "clock", "hour", "text"),
    [
        ("en_GB", "12", 15, "3:00 pm"),
        ("en_US", "24", 15, "15:00"),
        ("en_US", None, 0, "12:00 AM"),
        ("en_US", None, 12, "12:00 PM"),
        ("en_GB", None, 0, "00:00"),
        ("fr", "24", 15, "15:00"),
        ("ja", "12", 15, "午後3:00"),
    ],
)
def test_the_reader_may_choose_the_clock(locale: str, clock: Clock, hour: int, text: str) -> None:
    assert time(START.replace(hour=hour), locale, clock) == text


@pytest.mark.parametrize(
    ("locale", "clock", "text"),
    [
        ("en_US", None, "11:30 AM – 12:15 PM"),
        ("en_GB", "12", "11:30 am – 12:15 pm"),
        ("en_US", "24", "11:30 – 12:15"),
        ("de", None, "11:30–12:15 Uhr"),
        ("ja", "12", "午前11:30～午後0:15"),
        ("ko", None, "AM 11:30 ~ PM 12:15"),
    ],
)
def test_a_range_over_noon_names_both_halves(locale: str, clock: Clock, text: str) -> None:
    start = START.replace(hour=11, minute=30)
    assert time_range(start, start + timedelta(minutes=45), locale, clock) == text


def test_the_half_that_comes_first_is_said_first() -> None:
    assert time_range(START, END, "ja", "12") == "午前9:00～9:30"


@pytest.mark.parametrize(
    ("locale", "text"),
    [
        ("en_GB", "Thursday 3 December, 09:00–09:30, Paris time"),
        ("en_US", "Thursday, December 3, 9:00 – 9:30 AM, Paris time"),
        ("de", "Donnerstag, 3. Dezember, 09:00–09:30 Uhr, Ortszeit Paris"),
        ("fr", "jeudi 3 décembre, 09:00 – 09:30, heure locale à Paris"),
        ("it", "giovedì 3 dicembre, 09:00–09:30, ora di Parigi"),
        ("ja", "12月3日木曜日 9:00～9:30 パリ時間"),
        ("ru", "четверг, 3 декабря, 09:00 – 09:30, Париж"),
    ],
)
def test_when_says_day_time_and_place(locale: str, text: str) -> None:
    assert when(START.astimezone(UTC), END.astimezone(UTC), "Europe/Paris", locale, today=TODAY) == text


@pytest.mark.parametrize(
    ("zone", "text"),
    [
        ("Asia/Kathmandu", "Thursday 3 December, 13:45–14:15, Kathmandu time"),
        ("America/St_Johns", "Thursday 3 December, 04:30–05:00, St John’s time"),
        ("Australia/Lord_Howe", "Thursday 3 December, 19:00–19:30, Lord Howe Island time"),
        ("Pacific/Kiritimati", "Thursday 3 December, 22:00–22:30, Kiritimati time"),
        ("UTC", "Thursday 3 December, 08:00–08:30, UTC"),
    ],
)
def test_when_is_told_in_the_zone_asked_for(zone: str, text: str) -> None:
    assert when(START, END, zone, "en_GB") == text


@pytest.mark.parametrize(
    ("locale", "text"),
    [
        ("en_GB", "Thursday 3 December, 23:30 to 00:00, Friday 4 December, Paris time"),
        ("en_US", "Thursday, December 3, 11:30 PM to 12:00 AM, Friday, December 4, Paris time"),
        ("de", "Donnerstag, 3. Dezember, 23:30 bis 00:00, Freitag, 4. Dezember, Ortszeit Paris"),
    ],
)
def test_an_end_on_another_date_is_said(locale: str, text: str) -> None:
    start = START.replace(hour=23, minute=30)
    assert when(start, start + timedelta(minutes=30), "Europe/Paris", locale) == text


def test_a_repeated_hour_says_which_one_it_is() -> None:
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    second = first + timedelta(hours=1)
    both = "Sunday 25 October, 02:30 (summer time) to 02:30 (winter time), Paris time"
    assert when(first, second, "Europe/Paris", "en_GB") == both
    assert short_when(first, "Europe/Paris", "en_GB") == "Sun 25 Oct 02:30 (summer time)"
    assert short_when(second, "Europe/Paris", "en_GB") == "Sun 25 Oct 02:30 (winter time)"
    assert short_when(second, "Europe/Paris", "sv") == "sön 25 okt. 02:30 (UTC+1)"
    assert short_when(second + timedelta(hours=1), "Europe/Paris", "en_GB") == "Sun 25 Oct 03:30"


def test_only_a_time_that_comes_twice_is_first_or_second() -> None:
    repeated = datetime(2026, 10, 25, 2, 30, tzinfo=PARIS)
    skipped = datetime(2026, 3, 29, 2, 30, tzinfo=PARIS)
    assert fold_of(repeated) == "first"
    assert fold_of(repeated.replace(fold=1)) == "second"
    assert fold_of(skipped) is None
    assert fold_of(skipped.replace(fold=1)) is None
    assert fold_of(START) is None
    assert repeated_hour_label(START, "en") == ""


def test_half_an_hour_may_come_twice() -> None:
    lord_howe = ZoneInfo("Australia/Lord_Howe")
    assert fold_of(datetime(2026, 4, 5, 1, 45, tzinfo=lord_howe)) == "first"
    assert fold_of(datetime(2026, 4, 5, 1, 15, tzinfo=lord_howe)) is None


def test_clocks_that_go_back_for_good_are_told_by_their_offset() -> None:
    almaty = ZoneInfo("Asia/Almaty")
    repeated = datetime(2024, 2, 29, 23, 30, tzinfo=almaty)
    assert repeated_hour_label(repeated, "en") == "UTC+6"
    assert repeated_hour_label(repeated.replace(fold=1), "en") == "UTC+5"


@pytest.mark.parametrize(
    ("locale", "text"),
    [
        ("en_GB", "Thu 3 Dec 09:00"),
        ("en_US", "Thu, Dec 3, 9:00 AM"),
        ("de", "Do., 3. Dez. 09:00"),
        ("fr", "jeu. 3 déc. 09:00"),
        ("ja", "12月3日(木) 9:00"),
    ],
)
def test_subjects_have_a_short_form(locale: str, text: str) -> None:
    assert short_when(START, "Europe/Paris", locale, today=TODAY) == text


@pytest.mark.parametrize(
    ("zone", "locale", "label"),
    [
        ("Europe/Kyiv", "en", "Kyiv time"),
        ("Europe/Kiev", "en", "Kyiv time"),
        ("Asia/Kolkata", "en", "Kolkata time"),
        ("Asia/Calcutta", "en", "Kolkata time"),
        ("Asia/Kathmandu", "ja", "カトマンズ時間"),
        ("America/New_York", "es", "hora de Nueva York"),
        ("America/Argentina/Buenos_Aires", "en", "Buenos Aires time"),
        ("UTC", "de", "UTC"),
        ("Etc/UTC", "en", "UTC"),
        ("Etc/GMT+5", "en", "UTC−5"),
        ("Etc/GMT-14", "en", "UTC+14"),
    ],
)
def test_a_zone_is_named_by_its_city(zone: str, locale: str, label: str) -> None:
    assert zone_label(zone, locale) == label


@pytest.mark.parametrize(
    ("locale", "text"),
    [("en", "December 2026"), ("de", "Dezember 2026"), ("pl", "grudzień 2026"), ("ja", "2026年12月")],
)
def test_a_month_has_its_year(locale: str, text: str) -> None:
    assert month(DAY, locale) == text


def test_weekdays_begin_with_monday() -> None:
    assert weekday_names("en")[0] == ("Mon", "Monday")
    assert weekday_names("en")[6] == ("Sun", "Sunday")
    assert weekday_names("de")[0] == ("Mo", "Montag")


@pytest.mark.parametrize(
    ("locale", "first"), [("en", 0), ("en_GB", 0), ("en_US", 6), ("de", 0), ("ja", 6), ("ar", 5), ("xx", 0)]
)
def test_the_week_starts_where_the_reader_expects_it(locale: str, first: int) -> None:
    assert week_start(locale) == first


@pytest.mark.parametrize(
    ("locale", "twelve"),
    [("en", False), ("en_GB", False), ("en_US", True), ("en_IN", True), ("fr_CA", False), ("ar", True)],
)
def test_the_locale_decides_the_clock(locale: str, twelve: bool) -> None:
    assert uses_12_hours(locale) is twelve
    assert Wording(locale).uses_12_hours() is twelve


def test_a_wording_keeps_locale_and_clock_together() -> None:
    wording = Wording("en_GB", clock="12")
    assert wording.uses_12_hours()
    assert wording.time_range(START, END) == "9:00 – 9:30 am"
    assert wording.when(START, END, "Europe/Paris", today=TODAY) == when(
        START, END, "Europe/Paris", "en_GB", clock="12", today=TODAY
    )
    assert wording.short_when(START, "Europe/Paris", today=TODAY) == "Thu 3 Dec 9:00 am"
