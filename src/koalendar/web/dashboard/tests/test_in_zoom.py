"""A meeting that somebody moved or deleted in Zoom: what the host is shown, and what he can do about it."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from koalendar import clock
from koalendar.booking import story
from koalendar.booking.actions import Invitee
from koalendar.booking.links import token_for
from koalendar.booking.models import Booking, Happening, Meeting
from koalendar.booking.problems import DELETED_THERE
from koalendar.outbox.models import Entry
from koalendar.web.dashboard.tests.browsers import sign_in
from koalendar.web.dashboard.tests.test_bookings import book, made, next_tuesday
from tests.people import ada, make_booking, make_event_type, make_host

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(client: Client) -> Client:
    return sign_in(client, ada())


def moved(start: datetime | None = None) -> Booking:
    booking = book(start)
    start = booking.appointment.start + timedelta(hours=2)
    made(booking, seen_start=start, seen_at=clock.now())
    story.tell(booking.appointment, Happening.Kind.MOVED_THERE, at=clock.now(), start=start)
    return booking


def deleted() -> Booking:
    booking = book()
    made(booking, state=Meeting.State.GONE, problem=DELETED_THERE, join_url="", passcode="")
    story.tell(booking.appointment, Happening.Kind.DELETED_THERE, at=clock.now())
    return booking


def page_of(booking: Booking) -> str:
    return f"/dashboard/bookings/{booking.uid}/"


def press(browser: Client, booking: Booking, button: str, **fields: str) -> str:
    return browser.post(f"{page_of(booking)}{button}", fields, follow=True).content.decode()


def seen(booking: Booking) -> str:
    return Meeting.objects.get(appointment=booking.appointment).seen_start.isoformat()  # type: ignore[union-attr]


def test_a_moved_meeting_is_shown_with_both_times_and_two_ways(browser: Client) -> None:
    booking = moved()
    page = browser.get(page_of(booking)).content.decode()
    assert "In Zoom this meeting is now at Tuesday" in page
    assert "11:00–11:30" in page
    assert "Take Zoom’s time" in page
    assert "Restore the booked time" in page
    assert "https://zoom.example/j/85412345678" in page
    assert "Start meeting" in page
    assert "Go to integrations" not in page
    assert "Meeting moved in Zoom" in page
    assert "Moved in Zoom" in browser.get("/dashboard/").content.decode()


def test_taking_zooms_time_reschedules(browser: Client) -> None:
    booking = moved()
    page = press(browser, booking, "take-time", start=seen(booking))
    assert "The booking is rescheduled." in page
    assert "In Zoom this meeting is now" not in page
    booking.refresh_from_db()
    assert booking.appointment.start == next_tuesday() + timedelta(hours=2)


def test_a_time_that_is_taken_is_said_and_nothing_moves(browser: Client) -> None:
    booking = moved()
    book(next_tuesday() + timedelta(hours=2), invitee=Invitee("Bo", "bo@example.com", "UTC"))
    page = press(browser, booking, "take-time", start=seen(booking))
    assert "You have another booking at that time" in page
    assert "Take Zoom’s time" in page
    booking.refresh_from_db()
    assert booking.sequence == 0


@pytest.mark.parametrize("start", ["", "soon", "2026-12-01T09:00:00", "9999-12-31T23:59:59+00:00", "\0"])
def test_a_time_that_no_page_showed_changes_nothing(browser: Client, start: str) -> None:
    booking = moved()
    assert "has been changed there again" in press(browser, booking, "take-time", start=start)
    booking.refresh_from_db()
    assert booking.sequence == 0


def test_restoring_owes_zoom_the_booked_time(browser: Client) -> None:
    booking = moved()
    page = press(browser, booking, "restore-time")
    assert "telling Zoom the booked time again" in page
    assert "In Zoom this meeting is now" not in page
    assert Entry.objects.get(kind="meeting", subject=str(booking.appointment_id)).due_at is not None


def test_a_deleted_meeting_is_remade_by_one_press(browser: Client) -> None:
    booking = deleted()
    page = browser.get(page_of(booking)).content.decode()
    assert "This meeting was deleted in Zoom" in page
    assert "Start meeting" not in page
    assert "Meeting deleted in Zoom" in page
    assert "No link" in browser.get("/dashboard/").content.decode()

    page = press(browser, booking, "new-link")

    assert "A new meeting is being made" in page
    assert "This meeting was deleted in Zoom" not in page
    states = booking.appointment.meetings.order_by("generation").values_list("state", flat=True)
    assert list(states) == ["gone", "needed"]


def test_the_invitee_is_told_that_a_new_link_follows(browser: Client) -> None:
    booking = deleted()
    page = browser.get(f"/b/{token_for(booking)}/").content.decode()
    assert "its Zoom meeting was removed" in page
    assert "Join Zoom meeting" not in page


@pytest.mark.parametrize("button", ["take-time", "restore-time", "new-link"])
def test_what_has_ended_changes_no_more_and_what_is_another_s_is_unknown(
    browser: Client, button: str, settings: Any
) -> None:
    booking = moved()
    shown = seen(booking)
    bens = make_booking(make_event_type(make_host("Ben Katz")), now=clock.now(), start=next_tuesday())
    assert browser.post(f"{page_of(bens)}{button}", {"start": shown}).status_code == 404
    assert browser.get(f"{page_of(booking)}{button}").status_code == 405
    settings.KOALENDAR_CLOCK_OFFSET = timedelta(days=30).total_seconds()
    page = sign_in(Client(), ada()).post(f"{page_of(booking)}{button}", {"start": shown}, follow=True)
    assert "This booking had ended already." in page.content.decode()
