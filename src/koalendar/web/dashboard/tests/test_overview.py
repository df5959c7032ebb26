"""The week and the figures: what they count, where they put it, and how little they ask for it."""

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from koalendar.booking import keeping
from koalendar.booking.actions import Invitee, cancel, decline
from koalendar.booking.figures import Count, figures
from koalendar.booking.models import Booking
from koalendar.booking.queries import busy_between
from koalendar.web.dashboard.tests.browsers import sign_in
from tests.people import NOW, TUESDAY_NINE, ada, make_booking, make_event_type, make_host, minutes

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("present")]

DAY = timedelta(days=1)


@pytest.fixture
def browser(client: Client) -> Client:
    return sign_in(client, ada())


def blocks_of(answer: Any) -> dict[str, list[Any]]:
    return {day.iso: list(day.blocks) for day in answer.context["days"]}


# ── The week ──


def test_the_week_has_each_booking_on_its_day_and_row(browser: Client) -> None:
    booking = make_booking()

    answer = browser.get("/dashboard/week/")

    assert list(blocks_of(answer)) == [f"2026-{day}" for day in ("11-30", *(f"12-0{n}" for n in range(1, 7)))]
    [block] = blocks_of(answer)["2026-12-01"]
    assert (block.at, block.rows, block.name) == (4, 2, "Ina Berg")
    page = answer.content.decode()
    assert f'href="/dashboard/bookings/{booking.uid}/">Ina Berg</a>' in page
    assert "Today, Monday 30 November" in page
    assert "UTC (now" in page


def test_other_weeks_are_one_link_away_and_so_is_the_present_one(browser: Client) -> None:
    page = browser.get("/dashboard/week/?from=2026-12-03").content.decode()
    assert "?from=2026-11-23" in page
    assert "?from=2026-12-07" in page
    assert "This week" not in page
    assert (
        'href="/dashboard/week/">This week'
        in browser.get("/dashboard/week/?from=2026-12-24").content.decode()
    )


@pytest.mark.parametrize("text", ["", "soon", "0001-01-01", "9999-12-31", "2026-13-40"])
def test_a_date_that_makes_no_sense_shows_the_present_week(browser: Client, text: str) -> None:
    answer = browser.get("/dashboard/week/", {"from": text})
    assert next(iter(blocks_of(answer))) == "2026-11-30"


def test_the_week_begins_as_the_host_s_calendar_does(client: Client) -> None:
    browser = sign_in(client, make_host(locale="en-US"))
    assert next(iter(blocks_of(browser.get("/dashboard/week/")))) == "2026-11-29"


def test_buffers_are_shown_as_kept_free_and_what_is_cancelled_is_not_shown(browser: Client) -> None:
    event_type = make_event_type(buffer_before=15, buffer_after=30)
    make_booking(event_type)
    cancel(make_booking(event_type, start=TUESDAY_NINE + minutes(120)), by=Booking.By.HOST, now=NOW)

    blocks = blocks_of(browser.get("/dashboard/week/"))["2026-12-01"]

    assert [(block.begin, block.end, block.name) for block in blocks] == [
        (525, 540, ""),
        (540, 570, "Ina Berg"),
        (570, 600, ""),
    ]


def test_a_request_waits_in_the_week_until_it_lapses(browser: Client) -> None:
    request = make_booking(make_event_type(requires_confirmation=True, request_expires_after=60))
    [block] = blocks_of(browser.get("/dashboard/week/"))["2026-12-01"]
    assert block.chip.text == "Waiting for you"
    Booking.objects.filter(pk=request.pk).update(expires_at=NOW - minutes(1))
    assert blocks_of(browser.get("/dashboard/week/"))["2026-12-01"] == []


def test_a_booking_over_midnight_is_on_both_days(client: Client) -> None:
    browser = sign_in(client, make_host(zone="America/Los_Angeles"))
    booking = make_booking(make_event_type(), start=datetime(2026, 12, 1, 17, tzinfo=UTC))
    booking.appointment.start = datetime(2026, 12, 2, 7, 30, tzinfo=UTC)
    booking.appointment.end = datetime(2026, 12, 2, 8, 30, tzinfo=UTC)
    booking.appointment.save()
    booking.appointment.holds.update(
        blocks_from=booking.appointment.start, blocks_until=booking.appointment.end
    )

    answer = browser.get("/dashboard/week/")

    [evening], [night] = blocks_of(answer)["2026-12-01"], blocks_of(answer)["2026-12-02"]
    assert (evening.begin, evening.end) == (1410, 1440)
    assert (night.begin, night.end) == (0, 30)
    assert len(answer.context["hours"]) == 24


def test_the_week_of_another_host_is_empty(client: Client) -> None:
    make_booking()
    answer = sign_in(client, make_host("Ben Nevis")).get("/dashboard/week/")
    assert not any(blocks_of(answer).values())
    assert "Nothing is booked in these days." in answer.content.decode()


def test_a_full_week_asks_the_database_as_often_as_one_booking(
    browser: Client, django_assert_num_queries: Any
) -> None:
    event_type = make_event_type()
    make_booking(event_type)
    with CaptureQueriesContext(connection) as for_one:
        browser.get("/dashboard/week/")
    for number in range(1, 12):
        invitee = Invitee("Ina", f"ina{number}@example.com", "UTC")
        make_booking(event_type, start=TUESDAY_NINE + minutes(30 * number), invitee=invitee)

    with django_assert_num_queries(len(for_one)):
        browser.get("/dashboard/week/")


def test_every_place_in_a_day_has_its_rule() -> None:
    css = (Path(__file__).parents[2] / "static/koalendar/week.css").read_text()
    assert re.findall(r'\[data-at="(\d+)"\] \{ grid-row-start: (\d+); \}', css) == [
        (str(at), str(at + 1)) for at in range(96)
    ]
    assert re.findall(r'\[data-rows="(\d+)"\] \{ grid-row-end: span (\d+); \}', css) == [
        (str(rows), str(rows)) for rows in range(1, 97)
    ]


def test_holds_are_what_keeps_a_host_busy() -> None:
    make_booking(make_event_type(buffer_before=15))
    span = TUESDAY_NINE - minutes(15), TUESDAY_NINE + minutes(30)
    assert busy_between(ada(), NOW, NOW + 2 * DAY, now=NOW) == [(*span, False)]
    assert busy_between(ada(), NOW + 2 * DAY, NOW + 3 * DAY, now=NOW) == []
    assert busy_between(make_host("Ben Nevis"), NOW, NOW + 2 * DAY, now=NOW) == []


# ── The figures ──


def of_a_day() -> date:
    """One kept, one that nobody came to, one cancelled, one request that was declined."""
    event_type = make_event_type()
    _kept, missed, off = (
        make_booking(
            event_type,
            start=TUESDAY_NINE + minutes(60 * number),
            invitee=Invitee("Ina", f"ina{number}@example.com", "UTC"),
        )
        for number in range(3)
    )
    keeping.note_no_show(missed, now=TUESDAY_NINE + DAY)
    cancel(off, by=Booking.By.HOST, now=NOW)
    asking = make_event_type(title="Advice", slug="advice", requires_confirmation=True)
    decline(make_booking(asking, start=TUESDAY_NINE + minutes(240)), now=NOW)
    return TUESDAY_NINE.date()


def test_figures_tell_what_became_of_each_booking(django_assert_num_queries: Any) -> None:
    day, host = of_a_day(), ada()

    with django_assert_num_queries(1):
        found = figures(host, first=day - DAY, last=day + DAY)

    assert found.total == Count(booked=3, cancelled=1, no_shows=1)
    assert found.total.kept == 1
    assert found.event_types == [("Intro call", found.total)]
    assert list(found.days) == [(day - DAY, Count()), (day, found.total), (day + DAY, Count())]


def test_figures_follow_the_dates_of_the_host_s_zone_and_nobody_elses_bookings() -> None:
    host = make_host(zone="Pacific/Auckland")
    make_booking(make_event_type(host), start=datetime(2026, 11, 30, 21, tzinfo=UTC))
    day = date(2026, 12, 1)
    assert figures(host, first=day, last=day).total == Count(booked=1)
    assert figures(host, first=day - DAY, last=day - DAY).total == Count()
    assert figures(make_host("Ben Nevis"), first=day, last=day).total == Count()


def test_the_page_draws_the_days_and_says_the_same_numbers(browser: Client, settings: Any) -> None:
    of_a_day()
    settings.KOALENDAR_CLOCK_OFFSET += (3 * DAY).total_seconds()

    page = sign_in(Client(), ada()).get("/dashboard/figures/").content.decode()

    assert page.count('<rect class="bar"') == 6
    assert "style=" not in page
    assert re.search(r"<th scope=\"row\">Tue 1 Dec</th><td>3</td><td>1</td><td>1</td>", page)
    assert re.search(r"<dt>Booked</dt><dd>3</dd>", page)


def test_without_bookings_the_page_says_so(browser: Client) -> None:
    assert "Nothing to count yet" in browser.get("/dashboard/figures/").content.decode()
