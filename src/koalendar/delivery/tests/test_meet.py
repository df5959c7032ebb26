"""Google Meet: a room that comes with the calendar event, and the same promises as for any link."""

from datetime import timedelta

import pytest
from django.db import connection as database

from koalendar import clock
from koalendar.booking.actions import (
    cancel,
    confirm,
    owe_meetings,
    reschedule,
    restore_in_calendar,
)
from koalendar.booking.calendar_problems import about_link
from koalendar.booking.models import Booking, EventType, Meeting
from koalendar.booking.queries import CopyState, Whereabouts, whereabouts, whereabouts_at_first
from koalendar.connections.models import Calendar
from koalendar.delivery.event_look import see_own_events
from koalendar.delivery.worker import run_due
from koalendar.outbox.models import Entry
from koalendar.sandbox.google.faults import NEW_EVENT
from koalendar.sandbox.google.world import Event
from koalendar.sandbox.server import Sandbox
from tests.people import (
    NOW,
    TUESDAY_NINE,
    ada,
    connect_google,
    make_booking,
    make_event_type,
    make_target,
    minutes,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("present")]

ADA = "ada@example.com"
MEET = {"kind": "google_meet"}


def deliver(after: timedelta = timedelta()) -> None:
    database.close()
    run_due(now=lambda: clock.now() + after)


@pytest.fixture
def calendar(sandbox: Sandbox) -> Calendar:
    return make_target(connect_google(sandbox))


def at_meet(event_type: EventType | None = None) -> Booking:
    return make_booking(event_type or make_event_type(locations=[MEET]), location=MEET)


def settled(sandbox: Sandbox) -> None:
    """Google takes a moment for a room."""
    for wait in (0, 1, 2, 4):
        deliver(timedelta(seconds=wait))


@pytest.fixture(autouse=True)
def quick(sandbox: Sandbox) -> None:
    sandbox.google.behaviour.meet_seconds = 0


def state_of(booking: Booking) -> Whereabouts:
    return whereabouts(Booking.objects.get(pk=booking.pk), now=clock.now())


def events(sandbox: Sandbox) -> list[Event]:
    return [event for event in sandbox.google.events[ADA].values() if not event.cancelled]


def test_the_room_comes_with_the_event_and_the_confirmation_has_its_link(
    sandbox: Sandbox, calendar: Calendar
) -> None:
    booking = at_meet()
    assert whereabouts_at_first(booking).state == CopyState.PENDING
    settled(sandbox)
    found = state_of(booking)
    assert (found.state, found.room) == (CopyState.READY, "Google Meet")
    assert found.join_url.startswith("https://meet.google.com/")
    [event] = events(sandbox)
    assert event.body["hangoutLink"] == found.join_url
    for who in ("ina@example.com", ADA):
        [mail] = sandbox.mailbox.to(who)
        assert found.join_url in mail.text
        assert "Zoom" not in mail.text + mail.subject
    assert not Entry.objects.filter(kind="meeting").exists()


def test_the_link_stays_through_a_new_time_and_goes_with_the_booking(
    sandbox: Sandbox, calendar: Calendar
) -> None:
    booking = at_meet()
    settled(sandbox)
    link = state_of(booking).join_url
    reschedule(booking, start=TUESDAY_NINE + minutes(60), by=Booking.By.HOST, now=NOW)
    settled(sandbox)
    assert (state_of(booking).join_url, state_of(booking).state) == (link, CopyState.READY)
    [event] = events(sandbox)
    assert event.body["hangoutLink"] == link
    cancel(booking, by=Booking.By.HOST, now=NOW)
    settled(sandbox)
    assert events(sandbox) == []
    assert (state_of(booking).join_url, state_of(booking).state) == ("", CopyState.REMOVED)
    assert Meeting.objects.get().join_url == ""


def test_a_request_gets_its_room_when_it_is_confirmed(sandbox: Sandbox, calendar: Calendar) -> None:
    booking = at_meet(make_event_type(locations=[MEET], requires_confirmation=True))
    settled(sandbox)
    assert "conferenceData" not in events(sandbox)[0].body
    confirm(booking, now=NOW)
    settled(sandbox)
    assert state_of(booking).join_url


def test_a_room_that_takes_its_time_follows_by_mail(sandbox: Sandbox, calendar: Calendar) -> None:
    sandbox.google.behaviour.meet = "pending"
    booking = at_meet()
    deliver()
    assert state_of(booking).state == CopyState.PENDING
    deliver(timedelta(seconds=130))
    assert "follows" in sandbox.mailbox.to("ina@example.com")[-1].subject
    sandbox.google.behaviour.meet = "success"
    deliver(timedelta(hours=1))
    assert state_of(booking).state == CopyState.READY
    assert "Your Google Meet link" in sandbox.mailbox.to("ina@example.com")[-1].subject


def test_a_room_that_google_cannot_make_is_asked_for_again_and_then_the_host_is(
    sandbox: Sandbox, calendar: Calendar
) -> None:
    sandbox.google.behaviour.meet = "failure"
    booking = at_meet()
    deliver()
    for days in range(1, 9):
        deliver(timedelta(days=days / 10))
    found = state_of(booking)
    assert (found.state, found.problem) == (CopyState.FAILED, "no_room")
    assert len(events(sandbox)) == 1


def test_an_insert_whose_answer_was_lost_makes_one_room(sandbox: Sandbox, calendar: Calendar) -> None:
    booking = at_meet()
    sandbox.google.fail_next(kind="store_then_drop", method="POST", path=NEW_EVENT)
    deliver()
    deliver(timedelta(minutes=5))
    deliver(timedelta(minutes=6))
    [event] = sandbox.google.events[ADA].values()
    assert event.body["hangoutLink"] == state_of(booking).join_url


def test_without_a_calendar_the_host_is_told_what_mends_it(sandbox: Sandbox) -> None:
    booking = at_meet()
    deliver()
    found = state_of(booking)
    assert (found.state, found.problem) == (CopyState.FAILED, "not_connected")
    assert "Google Calendar is not connected" in about_link(found.kind, found.problem)
    mail = sandbox.mailbox.to(ADA)[-1]
    assert mail.subject.startswith("Google Meet needs you")
    make_target(connect_google(sandbox))
    owe_meetings(ada(), now=clock.now())
    settled(sandbox)
    assert state_of(booking).state == CopyState.READY
    assert "Your Google Meet link" in sandbox.mailbox.to("ina@example.com")[-1].subject


def test_a_deleted_event_kills_the_link_and_putting_it_back_sends_another(
    sandbox: Sandbox, calendar: Calendar
) -> None:
    booking = at_meet()
    settled(sandbox)
    old = state_of(booking).join_url
    sandbox.google.delete_event(ADA, events(sandbox)[0].id, by="person")
    see_own_events(calendar.connection, now=clock.now())
    found = state_of(booking)
    assert (found.state, found.problem, found.join_url) == (CopyState.FAILED, "deleted_there", "")
    restore_in_calendar(booking, now=NOW)
    settled(sandbox)
    assert state_of(booking).state == CopyState.READY
    assert state_of(booking).join_url not in ("", old)
    assert state_of(booking).join_url in sandbox.mailbox.to("ina@example.com")[-1].text


def test_a_new_time_makes_another_room_for_a_deleted_event(sandbox: Sandbox, calendar: Calendar) -> None:
    booking = at_meet()
    settled(sandbox)
    old = state_of(booking).join_url
    sandbox.google.delete_event(ADA, events(sandbox)[0].id, by="person")
    reschedule(booking, start=TUESDAY_NINE + minutes(60), by=Booking.By.HOST, now=NOW)
    settled(sandbox)
    assert state_of(booking).join_url not in ("", old)
    assert len(events(sandbox)) == 1
