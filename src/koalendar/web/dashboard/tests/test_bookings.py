"""The agenda, one booking and its outside copies, and what a host does with it."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NoReturn

import pytest
from django.db import connection
from django.db.models import F
from django.test import Client
from django.test.utils import CaptureQueriesContext

from koalendar import clock
from koalendar.booking.actions import Invitee, cancel, reschedule
from koalendar.booking.erasing import erase_links
from koalendar.booking.models import Booking, EventType, Meeting
from koalendar.booking.owed import entries_of
from koalendar.booking.queries import Tab, agenda
from koalendar.connections.actions import open_meetings, removed_at_provider
from koalendar.connections.models import Connection, Deletion
from koalendar.connections.provider import MeetingSpec
from koalendar.outbox.models import Entry
from koalendar.sandbox.server import Sandbox
from koalendar.web.dashboard import bookings
from koalendar.web.dashboard.tests.browsers import sign_in
from tests.people import ada, connect_zoom, make_booking, make_connection, make_event_type, make_host

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(client: Client) -> Client:
    return sign_in(client, ada())


@pytest.fixture
def zoom(settings: Any) -> Iterator[Connection]:
    with Sandbox() as running:
        settings.ZOOM_BASE_URL = f"{running.url}/zoom"
        settings.ZOOM_API_URL = f"{running.url}/zoom/v2"
        yield connect_zoom(running)


def next_tuesday() -> datetime:
    today = clock.now().replace(hour=9, minute=0, second=0, microsecond=0)
    return today + timedelta(days=(1 - today.weekday()) % 7 + 7)


def book(start: datetime | None = None, **wish: Any) -> Booking:
    event_type = EventType.objects.first() or make_event_type()
    return make_booking(event_type, now=clock.now(), start=start or next_tuesday(), **wish)


def made(booking: Booking, connection: Connection | None = None, **fields: Any) -> Meeting:
    """The booking with its meeting as the worker leaves it."""
    meeting: Meeting = booking.appointment.meetings.get()
    defaults = {
        "state": Meeting.State.PRESENT,
        "remote_id": "85412345678",
        "join_url": "https://zoom.example/j/85412345678",
        "passcode": "Xy12Ab",
        "credential": connection.credential if connection else None,
    }
    for name, value in (defaults | fields).items():
        setattr(meeting, name, value)
    meeting.save()
    Entry.objects.filter(kind="meeting", subject=str(booking.appointment_id)).update(due_at=None)
    return meeting


def test_the_agenda_names_the_day_once_and_the_zone(browser: Client) -> None:
    book()
    book(next_tuesday() + timedelta(hours=1), invitee=Invitee("Bo", "bo@example.com", "UTC"))

    page = browser.get("/dashboard/").content.decode()

    assert page.count("<h2>Tuesday") == 1
    assert "All times in UTC" in page
    assert "09:00–09:30" in page or "9:00 – 9:30 AM" in page


@pytest.mark.parametrize("text", ["ina b", "INA@EXAMPLE", "intro", "ö", "ÖLAND"])
def test_searching_finds_by_name_e_mail_and_title(browser: Client, text: str) -> None:
    book(invitee=Invitee("Ina Berg-Öland", "ina@example.com", "UTC"))

    assert "Ina Berg" in browser.get("/dashboard/", {"q": text}).content.decode()


def test_a_title_is_found_as_it_is_and_as_it_was_booked(browser: Client) -> None:
    event_type = book().appointment.event_type
    event_type.title = "First talk"
    event_type.save()

    for text in ("intro call", "first talk"):
        assert "Ina Berg" in browser.get("/dashboard/", {"q": text}).content.decode()


def test_a_search_in_vain_says_what_to_do(browser: Client) -> None:
    book()

    page = browser.get("/dashboard/?q=nobody").content.decode()

    assert "No booking here matches “nobody”." in page
    assert "Try a part of the name" in page
    assert 'href="/dashboard/">Show all' in page


def test_a_search_goes_with_the_tabs_and_says_where_else_something_is(browser: Client) -> None:
    cancel(book(), by=Booking.By.HOST, now=clock.now())

    upcoming = browser.get("/dashboard/?q=ina")
    assert 'Found elsewhere: <a href="/dashboard/?tab=cancelled&amp;q=ina">Cancelled (1)</a>' in (
        upcoming.content.decode()
    )

    assert "Ina Berg" in browser.get("/dashboard/?tab=cancelled&q=ina").content.decode()
    assert [tab.count for tab in browser.get("/dashboard/?q=nobody").context["tabs"]] == [0, 0, 0, 0]


@pytest.mark.parametrize("text", ["%", "_", "\\"])
def test_what_is_a_wildcard_to_the_database_is_a_letter_to_the_search(browser: Client, text: str) -> None:
    book()
    assert "Nothing found" in browser.get("/dashboard/", {"q": text}).content.decode()

    book(next_tuesday() + timedelta(hours=1), invitee=Invitee(f"Bo {text} Oz", "bo@example.com", "UTC"))

    page = browser.get("/dashboard/", {"q": text}).content.decode()
    assert "Bo " in page
    assert "Ina Berg" not in page


def test_more_than_a_page_is_shown_by_a_link(browser: Client) -> None:
    event_type = make_event_type()
    for number in range(27):
        start = next_tuesday() + timedelta(days=number // 8 + 0, hours=number % 8)
        invitee = Invitee(f"Ina {number:02}", f"ina{number}@example.com", "UTC")
        make_booking(event_type, now=clock.now(), start=start, invitee=invitee)

    first = browser.get("/dashboard/")
    more = first.context["more_url"]

    assert "Ina 26" not in first.content.decode()
    assert "Ina 26" in browser.get(more).content.decode()


@pytest.mark.parametrize("tab", ["upcoming", "past", "cancelled"])
def test_a_full_page_asks_the_database_as_often_as_one_booking(
    browser: Client, django_assert_num_queries: Any, tab: str
) -> None:
    def fill(numbers: range) -> None:
        for number in numbers:
            start = next_tuesday() + timedelta(days=number // 8, hours=number % 8)
            booking = book(start, invitee=Invitee("Ina", f"ina{number}@example.com", "UTC"))
            made(booking)
            if tab == "cancelled":
                cancel(booking, by=Booking.By.HOST, now=clock.now())
            if tab == "past":
                appointment, back = booking.appointment, timedelta(days=60)
                appointment.holds.update(
                    blocks_from=F("blocks_from") - back, blocks_until=F("blocks_until") - back
                )
                appointment.start, appointment.end = appointment.start - back, appointment.end - back
                appointment.save()

    address = f"/dashboard/?tab={tab}"
    fill(range(1))
    with CaptureQueriesContext(connection) as for_one:
        browser.get(address)
    fill(range(1, 25))

    with django_assert_num_queries(len(for_one)):
        page = browser.get(address)

    assert sum(len(rows) for _day, rows in page.context["days"]) == 25


def test_a_link_under_way_shows_as_a_chip_and_a_made_one_does_not(browser: Client) -> None:
    booking = book()
    assert "Link is being made" in browser.get("/dashboard/").content.decode()

    made(booking)

    assert "Link is being made" not in browser.get("/dashboard/").content.decode()


def test_the_page_of_a_booking_shows_link_id_and_passcode(browser: Client) -> None:
    booking = book()
    made(booking)

    page = browser.get(f"/dashboard/bookings/{booking.uid}/").content.decode()

    assert "https://zoom.example/j/85412345678" in page
    assert "85412345678" in page
    assert "Xy12Ab" in page
    assert "Up to date" in page


def test_a_box_that_was_left_empty_is_an_answer_like_any_other(browser: Client) -> None:
    agree = {"code": "agree", "label": "I agree", "kind": "checkbox", "required": False}
    colours = {"code": "colours", "label": "Colours", "kind": "choices", "required": False}
    make_event_type(ada(), questions=[agree, colours | {"choices": ["Red", "Blue"]}])
    booking = book(answers={"agree": False, "colours": []})
    shown = browser.get(f"/dashboard/bookings/{booking.uid}/").content.decode()
    assert re.search(r"I agree</dt>\s*<dd><bdi>No<", shown)
    assert "Colours" not in shown


def test_trouble_is_told_in_words_with_the_next_try(browser: Client) -> None:
    booking = book()
    booking.appointment.meetings.update(problem="server_error")
    due = clock.now() + timedelta(minutes=4)
    Entry.objects.filter(kind="meeting", subject=str(booking.appointment_id)).update(due_at=due, attempts=3)

    page = browser.get(f"/dashboard/bookings/{booking.uid}/").content.decode()

    assert "Zoom has trouble of its own" in page
    assert "Next try in 4 min." in page
    assert "Try again" in page


def test_what_only_takes_its_time_asks_for_no_press(browser: Client) -> None:
    page = browser.get(f"/dashboard/bookings/{book().uid}/").content.decode()

    assert "Being made" in page
    assert "Try again" not in page


def test_trying_again_makes_it_due_now(browser: Client) -> None:
    booking = book()
    late = clock.now() + timedelta(hours=1)
    Entry.objects.filter(kind="meeting", subject=str(booking.appointment_id)).update(due_at=late)

    browser.post(f"/dashboard/bookings/{booking.uid}/retry")

    entry = entries_of([booking.appointment]).get(booking.appointment_id)
    assert entry is not None
    assert entry.due_at is not None
    assert entry.due_at <= clock.now()


def test_starting_goes_to_zoom_and_leaves_no_trace_of_the_address(browser: Client, zoom: Connection) -> None:
    booking = book()
    remote = _remote_meeting(zoom, booking)

    answer = browser.get(f"/dashboard/bookings/{booking.uid}/start")

    assert answer.status_code == 302
    assert remote in answer["Location"]
    assert (answer["Referrer-Policy"], answer["Cache-Control"]) == ("no-referrer", "no-store")
    row = Meeting.objects.filter(appointment=booking.appointment).values().get()
    assert answer["Location"] not in str(row)


def _remote_meeting(zoom: Connection, booking: Booking) -> str:
    """Make the booking's meeting at the sandbox; gives its id."""
    appointment = booking.appointment
    spec = MeetingSpec(
        marker=appointment.meetings.get().marker,
        topic="Intro call",
        agenda="",
        start=appointment.start,
        zone="UTC",
        duration=30,
    )
    remote = open_meetings(zoom.credential).create(spec)
    made(booking, zoom, remote_id=remote.remote_id, join_url=remote.join_url)
    return remote.remote_id


def test_a_meeting_that_is_gone_is_told_on_the_bookings_page(browser: Client, zoom: Connection) -> None:
    booking = book()
    made(booking, zoom)

    answer = browser.get(f"/dashboard/bookings/{booking.uid}/start", follow=True)

    assert "We could not start the meeting." in answer.content.decode()
    told = "The meeting was deleted in Zoom; a new one is being made and its link sent."
    assert told in answer.content.decode()
    entry = entries_of([booking.appointment])[booking.appointment_id]
    assert entry.due_at is not None


def test_a_meeting_that_is_gone_and_over_is_not_made_again(
    browser: Client, zoom: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    booking = book()
    made(booking, zoom)
    monkeypatch.setattr(clock, "now", lambda: booking.appointment.end)

    answer = browser.get(f"/dashboard/bookings/{booking.uid}/start", follow=True)

    assert "The meeting has ended in Zoom." in answer.content.decode()
    assert entries_of([booking.appointment])[booking.appointment_id].due_at is None


@pytest.mark.parametrize("state", [Connection.State.BROKEN, Connection.State.REVOKED])
def test_a_meeting_is_not_started_over_a_connection_that_ended(
    browser: Client, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    booking = book()
    own = make_connection(state=state, is_default=False)
    make_connection(make_host("Ben Adida"))  # The same account of Zoom, and this one works.
    made(booking, own)
    monkeypatch.setattr(bookings, "open_meetings", _no_call)

    answer = browser.get(f"/dashboard/bookings/{booking.uid}/start", follow=True)

    assert "Zoom is not connected" in answer.content.decode()


def _no_call(*_words: object) -> NoReturn:
    raise AssertionError("Zoom was called")


def test_cancelling_says_whom_it_tells_then_tells_them_with_the_reason(browser: Client) -> None:
    booking = book(guests=["guest@example.com"])
    address = f"/dashboard/bookings/{booking.uid}/cancel"

    asked = browser.get(address).content.decode()
    browser.post(address, {"reason": "I am ill"})

    assert "ina@example.com" in asked
    assert "guest@example.com" in asked
    assert "The Zoom meeting is deleted." in asked
    booking.refresh_from_db()
    assert (booking.status, booking.cancelled_by, booking.reason) == ("cancelled", "host", "I am ill")
    story = browser.get(f"/dashboard/bookings/{booking.uid}/").content.decode()
    assert "You cancelled" in story


def test_rescheduling_offers_free_times_and_moves_the_booking(browser: Client) -> None:
    booking = book()
    later = booking.appointment.start + timedelta(hours=2)
    address = f"/dashboard/bookings/{booking.uid}/reschedule"

    offered = browser.get(address, {"page": "2"}).content.decode()
    asked = browser.get(address, {"start": later.isoformat()}).content.decode()
    browser.post(address, {"start": later.isoformat(), "reason": ""})

    assert "Free times" in offered
    assert "its link stays the same" in asked
    booking.refresh_from_db()
    assert booking.appointment.start == later
    assert "You rescheduled from" in browser.get(f"/dashboard/bookings/{booking.uid}/").content.decode()


def test_a_booking_that_is_cancelled_while_a_time_is_chosen_is_said_to_have_ended(
    browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    booking = book()
    later = booking.appointment.start + timedelta(hours=2)

    def first_cancelled(booking: Booking, **wish: Any) -> Booking:
        cancel(booking, by=Booking.By.INVITEE, now=clock.now())
        return reschedule(booking, **wish)

    monkeypatch.setattr("koalendar.booking.actions.reschedule", first_cancelled)
    answer = browser.post(
        f"/dashboard/bookings/{booking.uid}/reschedule", {"start": later.isoformat()}, follow=True
    )

    assert "This booking had ended already." in answer.content.decode()


def test_a_time_that_somebody_took_is_said_and_other_times_are_offered(browser: Client) -> None:
    booking = book()
    other = book(next_tuesday() + timedelta(hours=1), invitee=Invitee("Bo", "bo@example.com", "UTC"))

    answer = browser.post(
        f"/dashboard/bookings/{booking.uid}/reschedule", {"start": other.appointment.start.isoformat()}
    )

    assert answer.status_code == 409
    assert "not free any more" in answer.content.decode()


def test_a_cancelled_booking_offers_no_more_changes(browser: Client) -> None:
    booking = book()
    browser.post(f"/dashboard/bookings/{booking.uid}/cancel", {"reason": ""})

    assert browser.get(f"/dashboard/bookings/{booking.uid}/reschedule").status_code == 302
    assert "Reschedule" not in browser.get(f"/dashboard/bookings/{booking.uid}/").content.decode()


def test_the_page_looks_again_ever_more_slowly_and_then_stops(browser: Client) -> None:
    address = f"/dashboard/bookings/{book().uid}/copies"

    assert "?look=1" in browser.get(address).content.decode()
    assert "delay:15s" in browser.get(address, {"look": "30"}).content.decode()
    assert "hx-get" not in browser.get(address, {"look": "46"}).content.decode()


def test_when_all_is_done_the_rest_of_the_page_follows_its_copies(browser: Client) -> None:
    booking = book()
    address = f"/dashboard/bookings/{booking.uid}/"
    begun = browser.get(address).content.decode()
    assert "Link is being made" in begun
    assert "Why is there no link?" in begun

    made(booking)
    on_the_way = browser.get(f"{address}copies").content.decode()
    booking.messages.update(state="sent", sent_at=clock.now())
    done = browser.get(f"{address}copies").content.decode()

    for look in (on_the_way, done):
        assert "Link is being made" not in look
    assert "https://zoom.example/j/85412345678" not in on_the_way  # Who copies it is not disturbed.
    assert "https://zoom.example/j/85412345678" in done
    assert "Why is there no link?" not in done
    assert "Start meeting" in done


# ── A Zoom account that is gone ──


def test_a_removal_is_on_a_banner_and_at_its_booking_with_the_day_of_erasure(browser: Client) -> None:
    zoom = make_connection()
    booking = book()
    made(booking, zoom)
    removed_at_provider("zoom", zoom.credential.remote_user_id, now=clock.now())
    shown = browser.get("/dashboard/").content.decode()
    assert "The app was removed in Zoom" in shown
    assert "The link of 1 coming booking goes on working" in shown
    assert "Connect Zoom" in shown
    shown = browser.get(f"/dashboard/bookings/{booking.uid}/").content.decode()
    assert "The link works; Zoom is disconnected" in shown
    assert "We erase its link here on" in shown
    assert "Start meeting" not in shown
    assert "Why is there no link?" not in shown


def test_a_link_that_was_erased_here_is_explained(browser: Client) -> None:
    zoom = make_connection()
    booking = book()
    made(booking, zoom)
    removed_at_provider("zoom", zoom.credential.remote_user_id, now=clock.now())
    erase_links(Deletion.objects.get(), now=clock.now())
    shown = browser.get(f"/dashboard/bookings/{booking.uid}/").content.decode()
    assert "Why is there no link?" in shown
    assert "The link was erased here when Zoom had been disconnected for ten days." in shown
    assert "Link erased here; the meeting stays in Zoom" in shown


def test_disconnecting_owes_the_host_a_mail_at_once(browser: Client, zoom: Connection) -> None:
    browser.post(f"/dashboard/integrations/zoom/{zoom.public_id}/disconnect")
    due = Entry.objects.get(kind="connection", subject=str(zoom.credential_id)).due_at
    assert due is not None
    assert due <= clock.now()


def test_the_pages_of_a_tab_show_each_booking_once_and_in_order(browser: Client) -> None:
    hours = range(30)
    event_types = [make_event_type(slug=f"type-{buffer}", buffer_before=buffer) for buffer in (0, 15)]
    for number in hours:
        start = next_tuesday() + timedelta(days=number // 8, hours=number % 8)
        invitee = Invitee(f"Ina {number:02}", f"ina{number}@example.com", "UTC")
        make_booking(event_types[number % 2], now=clock.now(), start=start, invitee=invitee)

    later = next_tuesday() + timedelta(days=40)
    for tab, now in ((Tab.UPCOMING, clock.now()), (Tab.PAST, later)):
        first = agenda(ada(), tab, now=now)
        second = agenda(ada(), tab, now=now, cursor=first.next_cursor)
        names = [booking.invitee_name for booking in [*first.bookings, *second.bookings]]
        expected = [f"Ina {number:02}" for number in hours]
        assert names == (expected if tab is Tab.UPCOMING else expected[::-1])
