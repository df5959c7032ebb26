"""What somebody does to a booking's event in Google Calendar: seen, told to its host, and his to decide."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection as database

from koalendar import clock
from koalendar.booking import owed
from koalendar.booking.actions import cancel, follow, reschedule, restore_in_calendar
from koalendar.booking.connecting import read_list
from koalendar.booking.errors import OtherThere, SlotTaken
from koalendar.booking.models import Booking, Message
from koalendar.booking.queries import CopyState, InCalendar, calendar_copy, whereabouts
from koalendar.booking.story import happenings_of
from koalendar.connections.actions import disconnect
from koalendar.connections.models import Calendar
from koalendar.delivery.event_look import see_own_events
from koalendar.delivery.look import look_at_meeting
from koalendar.delivery.worker import run_due
from koalendar.sandbox.google.world import Event
from koalendar.sandbox.server import Sandbox
from tests.people import (
    NOW,
    TUESDAY_NINE,
    connect_google,
    connect_zoom,
    make_booking,
    make_event_type,
    make_target,
    minutes,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("present")]

ADA = "ada@example.com"
THERE = TUESDAY_NINE + minutes(240)
BY_PHONE = {"kind": "phone", "who_calls": "host", "number": "+33 1 23 45 67 89"}


def deliver(after: timedelta = timedelta()) -> None:
    database.close()
    run_due(now=lambda: clock.now() + after)


@pytest.fixture
def calendar(sandbox: Sandbox) -> Calendar:
    return make_target(connect_google(sandbox))


@pytest.fixture
def booking(calendar: Calendar) -> Booking:
    made = make_booking(make_event_type(locations=[BY_PHONE | {"number": ""}]), location=BY_PHONE)
    deliver()
    return made


def event_of(sandbox: Sandbox) -> Event:
    [event] = [event for event in sandbox.google.events[ADA].values() if not event.cancelled]
    return event


def time(at: datetime) -> dict[str, str]:
    return {"dateTime": at.isoformat()}


def move(sandbox: Sandbox, start: datetime = THERE, *, length: int = 30) -> None:
    event = event_of(sandbox)
    sandbox.google.move_event(ADA, event.id, time(start), time(start + minutes(length)), by="person")


def see(calendar: Calendar) -> None:
    see_own_events(calendar.connection, now=clock.now())


def state_of(booking: Booking) -> InCalendar:
    return calendar_copy(Booking.objects.get(pk=booking.pk), now=clock.now())


def kinds(booking: Booking) -> list[str]:
    return [row.kind for row in happenings_of(booking)]


def told(sandbox: Sandbox) -> list[str]:
    return [mail.subject for mail in sandbox.mailbox.to(ADA) if "your calendar" in mail.subject]


def test_what_is_as_we_told_is_no_news(sandbox: Sandbox, calendar: Calendar, booking: Booking) -> None:
    see(calendar)
    assert state_of(booking).state == CopyState.READY
    assert kinds(booking) == ["event_made"]
    assert sandbox.google.calls[-1].method == "GET"


def test_a_moved_event_is_shown_told_once_and_left_where_it_is(
    sandbox: Sandbox, calendar: Calendar, booking: Booking
) -> None:
    move(sandbox)
    see(calendar)
    see(calendar)
    found = state_of(booking)
    assert (found.state, found.problem, found.seen_start) == (CopyState.FAILED, "moved_there", THERE)
    deliver(timedelta(minutes=2))
    deliver(timedelta(minutes=3))
    assert told(sandbox) == ["Moved in your calendar: Intro call with Ina Berg, Tue 1 Dec 09:00"]
    assert event_of(sandbox).body["start"]["dateTime"].startswith("2026-12-01T13:00")
    assert not sandbox.mailbox.to("ina@example.com")[1:]


def test_an_event_moved_out_of_the_list_is_found_by_its_id(
    sandbox: Sandbox, calendar: Calendar, booking: Booking
) -> None:
    far = TUESDAY_NINE + timedelta(days=200)
    move(sandbox, far)
    see(calendar)
    assert state_of(booking).seen_start == far


def test_one_moved_back_by_hand_is_well_again_and_told_to_nobody(
    sandbox: Sandbox, calendar: Calendar, booking: Booking
) -> None:
    move(sandbox)
    see(calendar)
    move(sandbox, TUESDAY_NINE)
    see(calendar)
    assert state_of(booking).state == CopyState.READY
    assert kinds(booking) == ["event_made", "event_moved_there", "event_moved_back"]
    deliver(timedelta(minutes=2))
    assert told(sandbox) == []


def test_a_length_changed_there_is_the_host_s_own_affair(
    sandbox: Sandbox, calendar: Calendar, booking: Booking
) -> None:
    move(sandbox, TUESDAY_NINE, length=60)
    see(calendar)
    assert state_of(booking).state == CopyState.READY


def test_following_is_a_reschedule_like_any_other(
    sandbox: Sandbox, calendar: Calendar, booking: Booking
) -> None:
    move(sandbox, length=60)
    see(calendar)
    follow(booking, start=THERE, now=NOW)
    deliver()
    booking.refresh_from_db()
    assert (booking.appointment.start, booking.appointment.end) == (THERE, THERE + minutes(30))
    body = event_of(sandbox).body
    assert (body["start"]["dateTime"][:16], body["end"]["dateTime"][:16]) == (
        "2026-12-01T13:00",
        "2026-12-01T13:30",
    )
    assert state_of(booking).state == CopyState.READY
    assert booking.messages.filter(kind=Message.Kind.RESCHEDULED, state=Message.State.SENT).count() == 2


def test_following_moves_the_zoom_meeting_too(sandbox: Sandbox, calendar: Calendar) -> None:
    connect_zoom(sandbox)
    booking = make_booking()
    deliver()
    move(sandbox)
    see(calendar)
    follow(booking, start=THERE, now=NOW)
    deliver()
    [meeting] = sandbox.zoom.present_meetings()
    assert meeting.start == THERE


@pytest.mark.parametrize("followed", ["google", "zoom"])
def test_moved_to_one_time_in_google_and_to_another_in_zoom_both_are_shown_and_one_is_followed(
    sandbox: Sandbox, calendar: Calendar, followed: str
) -> None:
    connect_zoom(sandbox)
    booking, in_zoom = make_booking(), THERE + minutes(60)
    deliver()
    move(sandbox)
    see(calendar)
    sandbox.zoom.move_meeting(int(whereabouts(booking, now=NOW).meeting_id), in_zoom, by="host")
    look_at_meeting(str(booking.appointment_id), now=clock.now())
    assert state_of(booking).seen_start == THERE
    assert whereabouts(booking, now=NOW).seen_start == in_zoom

    chosen = THERE if followed == "google" else in_zoom
    follow(booking, start=chosen, now=NOW)
    deliver()
    [meeting] = sandbox.zoom.present_meetings()
    assert meeting.start == chosen
    assert event_of(sandbox).span(None)[0] == chosen  # type: ignore[arg-type]  # No all-day event.
    assert not state_of(booking).is_drifted
    assert whereabouts(booking, now=NOW).seen_start is None


def test_following_is_refused_where_the_host_is_booked_or_it_has_changed_again(
    sandbox: Sandbox, calendar: Calendar, booking: Booking
) -> None:
    move(sandbox)
    see(calendar)
    with pytest.raises(OtherThere):
        follow(booking, start=THERE + minutes(30), now=NOW)
    make_booking(booking.appointment.event_type, start=THERE, location=BY_PHONE)
    with pytest.raises(SlotTaken):
        follow(booking, start=THERE, now=NOW)


def test_restoring_gives_the_event_the_booked_time_and_mails_nobody(
    sandbox: Sandbox, calendar: Calendar, booking: Booking
) -> None:
    move(sandbox)
    see(calendar)
    mails = len(sandbox.mailbox.messages)
    restore_in_calendar(booking, now=NOW)
    deliver(timedelta(minutes=2))
    assert event_of(sandbox).body["start"]["dateTime"].startswith("2026-12-01T09:00")
    assert state_of(booking).state == CopyState.READY
    assert len(sandbox.mailbox.messages) == mails


def test_nothing_but_a_choice_overwrites_the_time_there(
    sandbox: Sandbox, calendar: Calendar, booking: Booking
) -> None:
    """Seen by the change of ours, which finds another version, and by no look before."""
    move(sandbox)
    Booking.objects.update(invitee_name="Ina Bergmann")
    owed.event_follows(booking.appointment, now=NOW)
    deliver()
    assert event_of(sandbox).body["start"]["dateTime"].startswith("2026-12-01T13:00")
    assert state_of(booking).problem == "moved_there"


def test_a_reschedule_here_wins(sandbox: Sandbox, calendar: Calendar, booking: Booking) -> None:
    move(sandbox)
    see(calendar)
    reschedule(booking, start=TUESDAY_NINE + minutes(60), by=Booking.By.INVITEE, now=NOW)
    deliver()
    assert event_of(sandbox).body["start"]["dateTime"].startswith("2026-12-01T10:00")
    assert state_of(booking).state == CopyState.READY


def test_a_deleted_event_is_shown_told_and_put_back_by_one_click(
    sandbox: Sandbox, calendar: Calendar, booking: Booking
) -> None:
    sandbox.google.delete_event(ADA, event_of(sandbox).id, by="person")
    see(calendar)
    see(calendar)
    assert state_of(booking).problem == "deleted_there"
    deliver(timedelta(minutes=2))
    assert told(sandbox) == ["Deleted in your calendar: Intro call with Ina Berg, Tue 1 Dec 09:00"]
    restore_in_calendar(booking, now=NOW)
    deliver(timedelta(minutes=2))
    assert state_of(booking).state == CopyState.READY
    assert event_of(sandbox).body["start"]["dateTime"].startswith("2026-12-01T09:00")
    assert kinds(booking) == ["event_made", "event_deleted_there", "event_made"]


def test_an_event_taken_out_of_the_bin_is_well_again(
    sandbox: Sandbox, calendar: Calendar, booking: Booking
) -> None:
    event = event_of(sandbox)
    sandbox.google.delete_event(ADA, event.id, by="person")
    see(calendar)
    sandbox.google.change_event(event, event.body | {"status": "confirmed"}, "restored", by="person")
    see(calendar)
    deliver()
    assert state_of(booking).state == CopyState.READY
    assert event_of(sandbox).id == event.id


def test_what_we_delete_or_change_ourselves_is_no_news(
    sandbox: Sandbox, calendar: Calendar, booking: Booking
) -> None:
    reschedule(booking, start=TUESDAY_NINE + minutes(60), by=Booking.By.HOST, now=NOW)
    see(calendar)
    deliver()
    see(calendar)
    cancel(booking, by=Booking.By.HOST, now=NOW)
    see(calendar)
    deliver()
    see(calendar)
    assert kinds(booking) == ["event_made", "event_moved", "event_removed"]


def test_after_the_end_nothing_is_looked_at(
    sandbox: Sandbox, calendar: Calendar, booking: Booking, settings: Any
) -> None:
    settings.KOALENDAR_CLOCK_OFFSET += timedelta(days=3).total_seconds()
    before = len(sandbox.google.calls)
    see(calendar)
    assert len(sandbox.google.calls) == before


def test_events_from_before_the_account_was_disconnected_are_looked_at_again(
    sandbox: Sandbox, calendar: Calendar, booking: Booking
) -> None:
    disconnect(calendar.connection, now=clock.now())
    connection = connect_google(sandbox)
    read_list(connection, now=clock.now())
    deliver()
    move(sandbox)
    see_own_events(connection, now=clock.now())
    assert state_of(booking).seen_start == THERE
