"""A booking's event in its host's Google Calendar, made, changed and deleted against the sandbox."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client

from koalendar import clock
from koalendar.booking import owed
from koalendar.booking.actions import (
    Invitee,
    cancel,
    confirm,
    decline,
    owe_events,
    owe_meetings,
    reschedule,
    retry_copies,
)
from koalendar.booking.connecting import read_list
from koalendar.booking.links import token_for
from koalendar.booking.models import Booking, CalendarCopy, EventType
from koalendar.booking.queries import CopyState, InCalendar, calendar_copy, whereabouts
from koalendar.booking.story import happenings_of
from koalendar.connections.actions import disconnect
from koalendar.connections.deletions import LINKS_STAY
from koalendar.connections.models import Calendar, Connection
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
    connect_zoom,
    make_booking,
    make_event_type,
    make_target,
    minutes,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("present")]

ADA = "ada@example.com"
ONE_EVENT = "^/calendar/v3/calendars/[^/]+/events/[^/]+$"
INSERT = {"method": "POST", "path": NEW_EVENT}
CHANGE = {"method": "PATCH", "path": ONE_EVENT}
DELETE = {"method": "DELETE", "path": ONE_EVENT}
BY_PHONE = {"kind": "phone", "who_calls": "host", "number": "+33 1 23 45 67 89"}


def deliver(after: timedelta = timedelta()) -> None:
    """Do all that is due by then, as a worker started only now would."""
    database.close()
    run_due(now=lambda: clock.now() + after)


def a_while_later() -> None:
    deliver(timedelta(minutes=5))


@pytest.fixture
def calendar(sandbox: Sandbox) -> Calendar:
    """Ada's Google, with the calendar into which her bookings go; and her Zoom."""
    connect_zoom(sandbox)
    return make_target(connect_google(sandbox))


def phone_type(**fields: Any) -> EventType:
    return make_event_type(locations=[BY_PHONE | {"number": ""}], **fields)


def by_phone(event_type: EventType | None = None, **wish: Any) -> Booking:
    return make_booking(event_type or phone_type(), location=BY_PHONE, **wish)


def events(sandbox: Sandbox, calendar: str = ADA) -> list[Event]:
    return [event for event in sandbox.google.events[calendar].values() if not event.cancelled]


def calls(sandbox: Sandbox, method: str) -> int:
    """How many times an event was written, or read; channels that tell of events are none."""
    about = [call for call in sandbox.google.calls if "/events" in call.path and "/watch" not in call.path]
    return sum(call.method == method for call in about)


def state_of(booking: Booking) -> InCalendar:
    return calendar_copy(Booking.objects.get(pk=booking.pk), now=clock.now())


def test_a_booking_is_in_the_calendar_with_its_link_by_one_call(sandbox: Sandbox, calendar: Calendar) -> None:
    booking = make_booking()
    assert state_of(booking).state == CopyState.PENDING
    deliver()
    [event] = events(sandbox)
    place = whereabouts(booking, now=clock.now())
    assert event.body["location"] == place.join_url
    assert event.body["summary"] == "Intro call: Ina Berg and Ada Lovelace"
    assert place.passcode in event.body["description"]
    assert f"/dashboard/bookings/{booking.uid}/" in event.body["description"]
    assert "/b/" not in event.body["description"]
    assert event.body["start"]["dateTime"].startswith("2026-12-01T09:00:00")
    found = state_of(booking)
    assert (found.state, found.problem) == (CopyState.READY, "")
    assert found.url.startswith("https://")
    assert (calls(sandbox, "POST"), calls(sandbox, "PATCH")) == (1, 0)
    assert "event_made" in [row.kind for row in happenings_of(booking)]


def test_a_booking_without_a_calendar_owes_nothing(sandbox: Sandbox) -> None:
    booking = by_phone()
    deliver()
    assert state_of(booking).state == CopyState.NONE
    assert not CalendarCopy.objects.exists()
    assert not Entry.objects.filter(kind="event").exists()


def test_an_event_type_may_name_another_calendar(sandbox: Sandbox, calendar: Calendar) -> None:
    entry = sandbox.google.add_calendar(ADA, "Calls")
    other = make_target(calendar.connection, entry.calendar_id, is_target=False)
    event_type = phone_type()
    event_type.event_type_hosts.update(calendar=other)
    by_phone(event_type)
    deliver()
    assert events(sandbox) == []
    assert len(events(sandbox, entry.calendar_id)) == 1


def test_the_event_moves_with_the_booking_and_goes_with_it(sandbox: Sandbox, calendar: Calendar) -> None:
    booking = by_phone()
    deliver()
    reschedule(booking, start=TUESDAY_NINE + minutes(60), by=Booking.By.INVITEE, now=NOW)
    assert state_of(booking).state == CopyState.PENDING
    deliver()
    [event] = events(sandbox)
    assert event.body["start"]["dateTime"].startswith("2026-12-01T10:00:00")
    cancel(booking, by=Booking.By.HOST, now=NOW)
    deliver()
    deliver()
    assert events(sandbox) == []
    assert calls(sandbox, "DELETE") == 1
    assert state_of(booking).state == CopyState.REMOVED
    assert [row.kind for row in happenings_of(booking)] == ["event_made", "event_moved", "event_removed"]


def test_a_request_is_tentative_until_it_is_confirmed(sandbox: Sandbox, calendar: Calendar) -> None:
    booking = by_phone(phone_type(requires_confirmation=True))
    deliver()
    [event] = events(sandbox)
    assert event.body["status"] == "tentative"
    assert event.body["summary"].startswith("?? Intro call")
    confirm(booking, now=NOW)
    deliver()
    [event] = events(sandbox)
    assert event.body["status"] == "confirmed"
    assert event.body["summary"] == "Intro call: Ina Berg and Ada Lovelace"


def test_a_declined_request_leaves_no_event(sandbox: Sandbox, calendar: Calendar) -> None:
    booking = by_phone(phone_type(requires_confirmation=True))
    deliver()
    decline(booking, now=NOW)
    deliver()
    assert events(sandbox) == []


def test_a_late_link_is_added(sandbox: Sandbox) -> None:
    make_target(connect_google(sandbox))
    booking = make_booking()
    deliver()
    [event] = events(sandbox)
    assert event.body["location"] == ""
    connect_zoom(sandbox)
    owe_meetings(ada(), now=NOW)
    deliver()
    [event] = events(sandbox)
    assert event.body["location"] == whereabouts(booking, now=clock.now()).join_url != ""
    assert calls(sandbox, "POST") == 1


def test_what_strangers_type_is_escaped(sandbox: Sandbox, calendar: Calendar) -> None:
    asked = [
        {"code": "why", "label": "Why <b>now</b>?", "kind": "long_text", "required": False, "choices": []}
    ]
    mallory = Invitee(name="<script>x</script>", email="ina@example.com", zone="Europe/Paris")
    by_phone(
        phone_type(questions=asked), invitee=mallory, answers={"why": '<a href="https://evil.example">x</a>'}
    )
    deliver()
    [event] = events(sandbox)
    described = event.body["description"]
    assert "<script" not in described
    assert '<a href="https://evil' not in described
    assert "Why &lt;b&gt;now&lt;/b&gt;?: &lt;a href=" in described


def test_long_answers_cut_off_no_link(sandbox: Sandbox, calendar: Calendar) -> None:
    asked = [
        {"code": code, "label": "Why", "kind": "long_text", "required": False, "choices": []}
        for code in "abc"
    ]
    booking = by_phone(phone_type(questions=asked), answers=dict.fromkeys("abc", "<because>" * 500))
    deliver()
    described = events(sandbox)[0].body["description"]
    assert f'/dashboard/bookings/{booking.uid}/">Open booking in the dashboard</a>' in described
    assert len(described) == 8000


def test_work_done_twice_calls_google_once(sandbox: Sandbox, calendar: Calendar) -> None:
    by_phone()
    deliver()
    Entry.objects.filter(kind="event").update(due_at=NOW)
    deliver()
    assert (calls(sandbox, "POST"), calls(sandbox, "PATCH")) == (1, 0)


# ── Google invites ──


def test_google_invites_where_the_event_type_says_so(sandbox: Sandbox, calendar: Calendar) -> None:
    booking = by_phone(phone_type(google_invites=True), guests=["tom@example.com"])
    deliver()
    [event] = events(sandbox)
    assert [guest["email"] for guest in event.body["attendees"]] == ["ina@example.com", "tom@example.com"]
    assert {guest["responseStatus"] for guest in event.body["attendees"]} == {"needsAction"}
    assert sandbox.google.invitations
    described = event.body["description"]
    assert "/b/" not in described
    assert "/dashboard/" not in described
    assert "+33" not in str(event.body["location"]) + described
    mails = sandbox.mailbox.to("ina@example.com")
    assert mails
    assert not any("text/calendar" in mail.raw for mail in mails)
    told = " ".join(mails[-1].text.split())
    assert "separate mail from Google Calendar" in told
    assert "An answer given in your calendar does not" not in told  # Google tells the host of it.
    own_page = Client().get(f"/b/{token_for(booking)}/").content.decode()
    assert "Add to your calendar" not in own_page
    cancel(booking, by=Booking.By.HOST, now=NOW)
    deliver()
    assert [each["what"] for each in sandbox.google.invitations][-1] != "created"


def test_a_lone_invitee_finds_his_link_in_googles_invitation(sandbox: Sandbox, calendar: Calendar) -> None:
    by_phone(phone_type(google_invites=True))
    deliver()
    [event] = events(sandbox)
    assert "/b/" in event.body["description"]


def test_a_request_invites_nobody_before_it_is_agreed(sandbox: Sandbox, calendar: Calendar) -> None:
    booking = by_phone(phone_type(google_invites=True, requires_confirmation=True))
    deliver()
    assert "attendees" not in events(sandbox)[0].body
    confirm(booking, now=NOW)
    deliver()
    assert [guest["email"] for guest in events(sandbox)[0].body["attendees"]] == ["ina@example.com"]


def our_invitations(sandbox: Sandbox, address: str = "ina@example.com") -> int:
    return sum("text/calendar" in mail.raw for mail in sandbox.mailbox.to(address))


def test_our_mail_invites_where_the_host_has_no_calendar_and_google_never_does_later(
    sandbox: Sandbox,
) -> None:
    by_phone(phone_type(google_invites=True))
    deliver()
    assert our_invitations(sandbox) == 1
    make_target(connect_google(sandbox))
    owe_meetings(ada(), now=NOW)
    deliver()
    [event] = events(sandbox)
    assert "attendees" not in event.body
    assert not sandbox.google.invitations


def test_google_does_not_invite_who_was_invited_by_mail_before_the_host_chose_that(
    sandbox: Sandbox, calendar: Calendar
) -> None:
    booking = by_phone()
    deliver()
    assert our_invitations(sandbox) == 1
    EventType.objects.update(google_invites=True)
    sandbox.google.delete_event(ADA, events(sandbox)[0].id, by="person")
    reschedule(booking, start=TUESDAY_NINE + minutes(60), by=Booking.By.HOST, now=NOW)
    deliver()
    a_while_later()
    assert "attendees" not in events(sandbox)[0].body
    assert our_invitations(sandbox) == 2
    assert not sandbox.google.invitations


def test_our_mail_invites_where_the_account_is_out_of_reach(sandbox: Sandbox, calendar: Calendar) -> None:
    Connection.objects.filter(pk=calendar.connection_id).update(state="broken")
    by_phone(phone_type(google_invites=True), guests=["tom@example.com"])
    deliver()
    assert (our_invitations(sandbox), our_invitations(sandbox, "tom@example.com")) == (1, 1)
    Connection.objects.filter(pk=calendar.connection_id).update(state="active")
    owe_meetings(ada(), now=NOW)
    deliver()
    assert "attendees" not in events(sandbox)[0].body


def test_our_mail_invites_where_google_takes_no_event_for_hours(
    sandbox: Sandbox, calendar: Calendar, settings: Any
) -> None:
    by_phone(phone_type(google_invites=True), guests=["tom@example.com"])
    sandbox.google.fail_next("usage_limits", **INSERT)
    deliver()
    assert sandbox.mailbox.to("ina@example.com") == []  # Google may be the one yet.
    deliver(timedelta(seconds=settings.KOALENDAR_LINK_WAIT + 5))
    assert (our_invitations(sandbox), our_invitations(sandbox, "tom@example.com")) == (1, 1)
    deliver(timedelta(hours=3))
    assert "attendees" not in events(sandbox)[0].body
    assert not sandbox.google.invitations


def test_our_mail_invites_where_the_account_broke_before_a_request_was_agreed(
    sandbox: Sandbox, calendar: Calendar
) -> None:
    booking = by_phone(phone_type(google_invites=True, requires_confirmation=True))
    deliver()
    assert our_invitations(sandbox) == 0
    Connection.objects.filter(pk=calendar.connection_id).update(state="broken")
    confirm(booking, now=NOW)
    deliver()
    assert our_invitations(sandbox) == 1
    Connection.objects.filter(pk=calendar.connection_id).update(state="active")
    owe_meetings(ada(), now=NOW)
    deliver()
    assert "attendees" not in events(sandbox)[0].body


# ── Answers that are lost, late, or no ──


@pytest.mark.parametrize("trouble", ["store_then_drop", "empty_body", "not_json", "huge_body"])
def test_an_insert_whose_answer_was_lost_makes_one_event(
    sandbox: Sandbox, calendar: Calendar, trouble: str
) -> None:
    booking = by_phone()
    sandbox.google.fail_next(kind=trouble, **INSERT)
    deliver()
    a_while_later()
    assert len(sandbox.google.events[ADA]) == 1
    assert state_of(booking).state == CopyState.READY


def test_a_lost_insert_that_was_overtaken_by_a_change_says_the_new_time(
    sandbox: Sandbox, calendar: Calendar
) -> None:
    booking = by_phone()
    sandbox.google.fail_next(kind="store_then_drop", **INSERT)
    deliver()
    reschedule(booking, start=TUESDAY_NINE + minutes(60), by=Booking.By.HOST, now=NOW)
    a_while_later()
    [event] = events(sandbox)
    assert event.body["start"]["dateTime"].startswith("2026-12-01T10:00:00")


@pytest.mark.parametrize("kind", ["store_then_drop", "drop"])
def test_a_lost_insert_before_the_account_was_left_makes_one_event_in_the_end(
    sandbox: Sandbox, calendar: Calendar, kind: str
) -> None:
    booking = by_phone()
    sandbox.google.fail_next(kind=kind, times=3, **INSERT)
    deliver()
    disconnect(calendar.connection, now=clock.now())
    deliver()
    reschedule(booking, start=TUESDAY_NINE + minutes(60), by=Booking.By.HOST, now=NOW)
    sandbox.google.clear_faults()
    connection = connect_google(sandbox)
    other = sandbox.google.add_calendar(ADA, "Calls")
    make_target(connection, other.calendar_id)
    owe_meetings(connection.host, now=clock.now())
    a_while_later()
    [event] = [*events(sandbox), *events(sandbox, other.calendar_id)]
    assert event.body["start"]["dateTime"].startswith("2026-12-01T10:00:00")
    assert state_of(booking).state == CopyState.READY


def test_cancelling_after_a_lost_insert_looks_twice_before_it_is_done(
    sandbox: Sandbox, calendar: Calendar, settings: Any
) -> None:
    booking = by_phone()
    sandbox.google.fail_next(kind="drop", times=5, **INSERT)  # However slow the machine is.
    deliver()
    cancel(booking, by=Booking.By.HOST, now=NOW)
    deliver(timedelta(seconds=10))
    assert (calls(sandbox, "DELETE"), state_of(booking).state) == (1, CopyState.PENDING)
    # The insert arrives after all.
    copy = CalendarCopy.objects.get()
    times = {"start": {"dateTime": "2026-12-01T09:00:00Z"}, "end": {"dateTime": "2026-12-01T09:30:00Z"}}
    sandbox.google.put_event(ADA, {"id": copy.remote_id, **times}, by="product")
    deliver(timedelta(seconds=settings.KOALENDAR_UNCERTAIN_WAIT + 10))
    assert (calls(sandbox, "DELETE"), events(sandbox)) == (2, [])
    assert state_of(booking).state == CopyState.REMOVED


@pytest.mark.parametrize(
    "preset", ["rate_limit", "user_rate_limit", "too_many_requests", "usage_limits", "server_error"]
)
def test_trouble_that_passes_is_waited_out(sandbox: Sandbox, calendar: Calendar, preset: str) -> None:
    booking = by_phone()
    sandbox.google.fail_next(preset, **INSERT)
    deliver()
    found = state_of(booking)
    assert found.state == CopyState.PENDING
    assert found.problem
    deliver(timedelta(days=1))
    assert state_of(booking).state == CopyState.READY
    assert len(sandbox.google.events[ADA]) == 1


def test_a_missing_permission_needs_the_host(sandbox: Sandbox, calendar: Calendar) -> None:
    booking = by_phone()
    sandbox.google.fail_next("insufficient_scopes", **INSERT)
    deliver()
    found = state_of(booking)
    assert (found.state, found.problem) == (CopyState.FAILED, "missing_scope")
    connection = connect_google(sandbox)
    read_list(connection, now=clock.now())
    deliver()
    assert state_of(booking).state == CopyState.READY


def test_connecting_by_the_pages_puts_coming_bookings_into_the_primary_calendar(sandbox: Sandbox) -> None:
    booking = by_phone()
    owed.calendars(connect_google(sandbox), now=clock.now())
    deliver()
    assert state_of(booking).state == CopyState.READY
    assert len(events(sandbox)) == 1


def test_a_booking_that_is_not_yet_known_to_be_free_waits_with_its_event(
    sandbox: Sandbox, calendar: Calendar
) -> None:
    booking = by_phone()
    subject = f"{booking.appointment_id}/{calendar.connection.credential_id}"
    conflict = Entry.objects.create(kind="conflict", subject=subject, due_at=NOW + minutes(9))
    deliver()
    assert events(sandbox) == []
    conflict.delete()
    deliver(minutes(1))
    assert len(events(sandbox)) == 1


def test_a_calendar_that_was_deleted_asks_for_another(sandbox: Sandbox, calendar: Calendar) -> None:
    entry = sandbox.google.add_calendar(ADA, "Calls")
    Calendar.objects.update(is_target=False)
    lost = make_target(calendar.connection, entry.calendar_id)
    booking = by_phone()
    sandbox.google.share(entry.calendar_id, ADA, "")
    deliver()
    found = state_of(booking)
    assert (found.state, found.problem) == (CopyState.FAILED, "no_calendar")
    Calendar.objects.filter(pk=lost.pk).update(is_target=False, gone_at=NOW)
    Calendar.objects.filter(pk=calendar.pk).update(is_target=True)
    owe_events(calendar.host, now=NOW)
    deliver()
    assert state_of(booking).state == CopyState.READY
    assert len(events(sandbox)) == 1


def test_a_calendar_that_takes_no_events_any_more_asks_for_another(
    sandbox: Sandbox, calendar: Calendar
) -> None:
    entry = sandbox.google.add_calendar(ADA, "Calls")
    Calendar.objects.update(is_target=False)
    make_target(calendar.connection, entry.calendar_id)
    Connection.objects.filter(pk=calendar.connection_id).update(listed_at=clock.now())
    booking = by_phone()
    sandbox.google.share(entry.calendar_id, ADA, "reader")
    deliver()
    assert state_of(booking).state == CopyState.FAILED
    a_while_later()
    connection = Connection.objects.get(pk=calendar.connection_id)
    assert (connection.state, connection.problem) == ("attention", "calendar_closed")
    assert any("needs you" in mail.subject for mail in sandbox.mailbox.to(ADA))


def test_an_event_in_a_calendar_that_has_gone_is_made_in_the_next(
    sandbox: Sandbox, calendar: Calendar
) -> None:
    booking = by_phone()
    deliver()
    Calendar.objects.filter(pk=calendar.pk).update(is_target=False, gone_at=NOW)
    reschedule(booking, start=TUESDAY_NINE + minutes(60), by=Booking.By.HOST, now=NOW)
    deliver()
    assert state_of(booking).problem == "no_calendar"
    entry = sandbox.google.add_calendar(ADA, "Calls")
    make_target(calendar.connection, entry.calendar_id)
    owe_events(calendar.host, now=NOW)
    deliver()
    assert len(events(sandbox, entry.calendar_id)) == 1


def test_what_was_changed_there_is_kept(sandbox: Sandbox, calendar: Calendar) -> None:
    booking = by_phone()
    deliver()
    [event] = events(sandbox)
    sandbox.google.change_event(event, event.body | {"colorId": "5"}, "changed", by="person")
    reschedule(booking, start=TUESDAY_NINE + minutes(60), by=Booking.By.HOST, now=NOW)
    deliver()
    [event] = events(sandbox)
    assert event.body["colorId"] == "5"
    assert event.body["start"]["dateTime"].startswith("2026-12-01T10:00:00")


def test_a_deleted_event_is_put_back_by_a_new_time_and_not_by_a_late_link(
    sandbox: Sandbox, calendar: Calendar
) -> None:
    booking = by_phone()
    deliver()
    [event] = events(sandbox)
    sandbox.google.delete_event(ADA, event.id, by="person")
    retry_copies(booking, now=NOW)
    deliver()
    found = state_of(booking)
    assert (found.state, found.problem) == (CopyState.FAILED, "deleted_there")
    reschedule(booking, start=TUESDAY_NINE + minutes(60), by=Booking.By.HOST, now=NOW)
    deliver()
    [event] = events(sandbox)
    assert event.id.endswith("2")
    assert state_of(booking).state == CopyState.READY


def test_nothing_is_called_after_disconnecting(sandbox: Sandbox, calendar: Calendar) -> None:
    booking = by_phone()
    deliver()
    disconnect(calendar.connection, now=NOW)
    before = len(sandbox.google.calls)
    reschedule(booking, start=TUESDAY_NINE + minutes(60), by=Booking.By.HOST, now=NOW)
    deliver()
    assert len(sandbox.google.calls) == before
    assert state_of(booking).problem == "not_connected"
    connection = connect_google(sandbox)
    owe_meetings(connection.host, now=clock.now())
    deliver()
    assert state_of(booking).state == CopyState.READY
    assert len(events(sandbox)) == 1


def test_connecting_brings_coming_bookings_into_the_calendar(sandbox: Sandbox) -> None:
    booking = by_phone()
    deliver()
    connection = connect_google(sandbox)
    make_target(connection)
    owe_meetings(ada(), now=NOW)
    deliver()
    assert len(events(sandbox)) == 1
    assert state_of(booking).state == CopyState.READY


def test_what_is_kept_of_events_is_erased_in_time_and_the_same_event_goes_on(
    sandbox: Sandbox, calendar: Calendar, settings: Any
) -> None:
    far = by_phone(phone_type(), start=TUESDAY_NINE + timedelta(days=20))
    deliver()
    disconnect(calendar.connection, now=NOW)
    owed.care(calendar.connection.credential, now=NOW)
    deliver()
    assert CalendarCopy.objects.get().remote_id
    settings.KOALENDAR_CLOCK_OFFSET += LINKS_STAY.total_seconds() + 60
    deliver()
    copy = CalendarCopy.objects.get()
    assert (copy.remote_id, copy.remote_calendar_id, copy.web_url) == ("", "", "")
    assert state_of(far).state == CopyState.FAILED
    reschedule(far, start=TUESDAY_NINE + timedelta(days=21), by=Booking.By.HOST, now=clock.now())
    connection = connect_google(sandbox)
    Calendar.objects.all().delete()
    make_target(connection)
    owe_meetings(connection.host, now=clock.now())
    deliver()
    [event] = events(sandbox)
    assert event.body["start"]["dateTime"].startswith("2026-12-22T09:00:00")
    assert state_of(far).state == CopyState.READY
