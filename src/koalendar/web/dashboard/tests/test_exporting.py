"""The file of a host's bookings: what is in it, for whom, and that nothing in it calculates."""

import csv
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.test import Client

from koalendar import clock
from koalendar.booking import keeping, queries
from koalendar.booking.actions import Invitee, cancel
from koalendar.booking.models import Booking
from koalendar.booking.queries import Tab
from koalendar.web.dashboard.exporting import COLUMNS, harmless, lines
from koalendar.web.dashboard.tests.browsers import sign_in
from koalendar.web.dashboard.tests.test_bookings import book, next_tuesday
from tests.people import ada, make_host, minutes

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(client: Client) -> Client:
    return sign_in(client, ada())


def text_of(answer: Any) -> str:
    return b"".join(answer.streaming_content).decode()


def rows_of(answer: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(text_of(answer).removeprefix("\ufeff"), newline="")))


def test_the_file_has_stable_names_instants_and_the_zone(browser: Client) -> None:
    booking = book(guests=["max@example.com"], answers={})
    keeping.write_note(booking, ada(), "Two\nlines", now=clock.now())

    answer = browser.get("/dashboard/bookings/export")

    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="bookings-upcoming-')
    assert answer.headers["Cache-Control"] == "no-store"
    [row] = rows_of(answer)
    assert tuple(row) == COLUMNS
    assert row["start"] == f"{next_tuesday():%Y-%m-%dT%H:%M:%SZ}"
    assert row["end"] == f"{next_tuesday() + minutes(30):%Y-%m-%dT%H:%M:%SZ}"
    assert (row["zone"], row["invitee_zone"]) == ("UTC", "Europe/Paris")
    assert (row["status"], row["booked_by"], row["no_show"]) == ("confirmed", "invitee", "no")
    assert (row["guests"], row["private_note"]) == ("max@example.com", "Two\nlines")


def test_the_file_begins_with_a_byte_order_mark(browser: Client) -> None:
    assert text_of(browser.get("/dashboard/bookings/export")).startswith("\ufeffuid,status,")


def test_the_file_has_what_tab_and_search_show(browser: Client) -> None:
    book()
    other = book(next_tuesday() + minutes(60), invitee=Invitee("Bo Oz", "bo@example.com", "UTC"))
    gone = book(next_tuesday() + minutes(120), invitee=Invitee("Bo Gone", "gone@example.com", "UTC"))
    cancel(gone, by=Booking.By.INVITEE, now=clock.now(), reason="Ill")

    page = browser.get("/dashboard/?q=bo").content.decode()
    assert "/dashboard/bookings/export?q=bo" in page

    [row] = rows_of(browser.get("/dashboard/bookings/export?q=bo"))
    assert row["uid"] == str(other.uid)
    [row] = rows_of(browser.get("/dashboard/bookings/export?tab=cancelled"))
    assert (row["uid"], row["cancelled_by"], row["reason"]) == (str(gone.uid), "invitee", "Ill")


def test_nothing_of_anothers_is_in_the_file(client: Client) -> None:
    book()
    assert rows_of(sign_in(client, make_host("Ben Nevis")).get("/dashboard/bookings/export")) == []


@pytest.mark.parametrize("text", ["=1+1", "+33 1", "-2", "@SUM(A1)", "\t=1", "\r=1", "  =1", "\n=1", "＝1"])
def test_what_a_stranger_typed_never_calculates(text: str) -> None:
    assert harmless(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "Ina", "a=b", "2026-12-01", "'=1"])
def test_what_calculates_nothing_stays_as_it_is(text: str) -> None:
    assert harmless(text) == text


def test_a_name_that_is_a_formula_is_a_name_in_the_file(browser: Client) -> None:
    book(invitee=Invitee('=HYPERLINK("http://evil.example")', "ina@example.com", "UTC"))
    [row] = rows_of(browser.get("/dashboard/bookings/export"))
    assert row["invitee_name"] == '\'=HYPERLINK("http://evil.example")'


def test_the_rows_are_read_in_batches_as_they_are_taken(django_assert_num_queries: Any) -> None:
    for number in range(5):
        invitee = Invitee(f"Ina {number}", f"ina{number}@example.com", "UTC")
        book(next_tuesday() + timedelta(hours=number), invitee=invitee)
    rows = queries.found_on(ada(), Tab.UPCOMING, now=clock.now())

    file = lines(queries.in_batches(rows, size=2), ada(), now=clock.now())
    with django_assert_num_queries(0):
        next(file)
    with django_assert_num_queries(3):  # The numbers, and of each batch the bookings and the notes.
        first = next(file)
    with django_assert_num_queries(4):
        rest = "".join(file)

    assert "Ina 1" in first
    assert "Ina 2" not in first
    assert [f"Ina {number}" in rest for number in range(5)] == [False, False, True, True, True]
