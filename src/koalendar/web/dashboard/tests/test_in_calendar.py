"""A booking's calendar event as its host sees it: how far it is, and what somebody did to it in Google."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from koalendar import clock
from koalendar.booking import owed, story
from koalendar.booking.models import Booking, CalendarCopy, Happening
from koalendar.booking.problems import DELETED_THERE
from koalendar.outbox.models import Entry
from koalendar.web.dashboard.tests.browsers import sign_in
from koalendar.web.dashboard.tests.test_bookings import book, next_tuesday
from tests.people import ada, make_booking, make_connection, make_event_type, make_host, make_target

pytestmark = pytest.mark.django_db
State = CalendarCopy.State
ADA = "ada@example.com"


@pytest.fixture
def browser(client: Client) -> Client:
    return sign_in(client, ada())


def shown(**fields: Any) -> Booking:
    """A booking whose event is in the calendar, or what `fields` make of it."""
    booking = book()
    appointment = booking.appointment
    copy = owed.next_copy(appointment, ada(), now=clock.now())
    there = {
        "state": State.PRESENT,
        "web_url": "https://www.google.com/calendar/event?eid=1",
        "told_start": appointment.start,
        "told_end": appointment.end,
    }
    CalendarCopy.objects.filter(pk=copy.pk).update(**(there | fields))
    return booking


def moved() -> Booking:
    booking = shown()
    start = booking.appointment.start + timedelta(hours=2)
    CalendarCopy.objects.update(seen_start=start, seen_end=start + timedelta(hours=1), seen_at=clock.now())
    story.tell(booking.appointment, Happening.Kind.EVENT_MOVED_THERE, at=clock.now(), start=start)
    return booking


def page_of(booking: Booking) -> str:
    return f"/dashboard/bookings/{booking.uid}/"


def look(browser: Client, booking: Booking) -> str:
    return browser.get(page_of(booking)).content.decode()


def press(browser: Client, booking: Booking, button: str, **fields: str) -> str:
    return browser.post(f"{page_of(booking)}{button}", fields, follow=True).content.decode()


def test_the_event_has_a_row_among_the_outside_copies(browser: Client) -> None:
    page = look(browser, shown())
    assert "Google Calendar" in page
    assert "https://www.google.com/calendar/event?eid=1" in page
    assert "Open in Google Calendar" in page


def test_one_that_needs_the_host_says_why_and_where_to_mend_it(browser: Client) -> None:
    booking = shown(state=State.BLOCKED, problem="missing_scope", problem_since=clock.now(), web_url="")
    Entry.objects.create(
        kind="event",
        subject=CalendarCopy.objects.get().subject,
        due_at=None,
        problem="missing_scope",
        needs_person=True,
    )
    page = look(browser, booking)
    assert "permission to write events" in page
    assert "Go to integrations" in page
    assert "Try again" in page
    press(browser, booking, "retry")
    assert Entry.objects.get(kind="event").due_at is not None


def test_a_moved_event_is_shown_with_both_times_and_two_ways(browser: Client) -> None:
    booking = moved()
    page = look(browser, booking)
    assert "In Google Calendar this booking is now at Tuesday" in page
    assert "11:00–11:30" in page
    assert "Follow the calendar" in page
    assert "Restore the booked time" in page
    assert "Event moved in Google Calendar to" in page
    assert "Moved in calendar" in browser.get("/dashboard/").content.decode()


def test_following_reschedules(browser: Client) -> None:
    booking = moved()
    start = CalendarCopy.objects.get().seen_start
    assert start is not None
    page = press(browser, booking, "take-time", start=start.isoformat())
    assert "The booking is rescheduled." in page
    booking.appointment.refresh_from_db()
    assert booking.appointment.start == start


def test_restoring_owes_the_event_the_booked_time(browser: Client) -> None:
    booking = moved()
    page = press(browser, booking, "restore-event")
    assert "We are telling Google Calendar the booked time again." in page
    assert CalendarCopy.objects.get().seen_at is None
    assert Entry.objects.get(kind="event").due_at is not None


def test_a_deleted_event_can_be_put_back_or_the_booking_cancelled(browser: Client) -> None:
    booking = shown(state=State.GONE, problem=DELETED_THERE, web_url="")
    page = look(browser, booking)
    assert "This booking was deleted in Google Calendar" in page
    assert f"{page_of(booking)}cancel" in page
    assert "Deleted in calendar" in browser.get("/dashboard/").content.decode()
    CalendarCopy.objects.update(problem="")  # Deleted by us, it is no news.
    assert "was deleted in Google Calendar" not in look(browser, booking)


def test_what_has_ended_changes_no_more_and_what_is_another_s_is_unknown(
    browser: Client, settings: Any
) -> None:
    booking = moved()
    bens = make_booking(make_event_type(make_host("Ben Katz")), now=clock.now(), start=next_tuesday())
    assert browser.post(f"{page_of(bens)}restore-event").status_code == 404
    assert browser.get(f"{page_of(booking)}restore-event").status_code == 405
    settings.KOALENDAR_CLOCK_OFFSET = timedelta(days=30).total_seconds()
    page = sign_in(Client(), ada()).post(f"{page_of(booking)}restore-event", follow=True)
    assert "This booking had ended already." in page.content.decode()


def test_an_event_type_may_let_google_invite_where_its_host_has_a_calendar(browser: Client) -> None:
    made = make_event_type()
    page = f"/dashboard/event-types/{made.public_id}/"
    assert "Google sends the invitation" not in browser.get(page).content.decode()
    make_target(make_connection(provider="google", user="google-ada"), ADA)
    assert "Google sends the invitation" in browser.get(page).content.decode()


def test_a_room_of_googles_is_called_by_its_name_alone(browser: Client) -> None:
    meet = {"kind": "google_meet"}
    booking = make_booking(make_event_type(title="Talk", slug="talk", locations=[meet]), location=meet)
    page = look(browser, booking)
    assert "<strong>Google Meet</strong>" in page
    assert "Google Meet meeting" not in page
