"""What the help with Google Calendar says is so: numbers, what blocks, what events hold, what is erased."""

from datetime import timedelta
from typing import Any

import pytest

from koalendar import clock
from koalendar.booking.actions import reschedule
from koalendar.booking.busy import FRESH
from koalendar.booking.models import Booking, EventType
from koalendar.booking.openings import open_slots
from koalendar.connections.actions import disconnect
from koalendar.connections.models import Calendar, Connection
from koalendar.delivery import calendars
from koalendar.delivery.worker import run_due
from koalendar.sandbox.google.world import Event
from koalendar.sandbox.server import Sandbox
from koalendar.web.help import facts
from koalendar.web.help.tests.test_claims import page, section, signed_in, words
from tests.busy import ADA, connect_calendars, primary, put
from tests.people import TUESDAY_NINE, ada, connect_zoom, make_booking, make_event_type, make_host, minutes

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("present")]

HELP = "/help/google/"


def offered(event_type: EventType) -> list[str]:
    day = TUESDAY_NINE.date()
    found = open_slots(event_type, duration=30, first=day, last=day, zone="UTC", now=clock.now())
    return [f"{start:%H:%M}" for start in found.get(day, [])]


def present(sandbox: Sandbox) -> list[Event]:
    return [event for event in sandbox.google.events[ADA].values() if not event.cancelled]


def test_how_often_calendars_are_read_is_how_often_the_worker_reads_them(settings: Any) -> None:
    assert facts.CALENDARS_SELDOM == calendars.SELDOM
    assert (minutes(5), minutes(20)) == (FRESH, calendars.SELDOM)
    assert "every 5 minutes while people look at your pages, else every 20 minutes" in section(
        "how-soon", HELP
    )
    settings.KOALENDAR_BUSY_MAX_AGE = 7200
    assert "has not been read for 2 hours" in section("nobody", HELP)


def test_busy_events_block_and_free_ones_do_not(sandbox: Sandbox) -> None:
    assert "Events marked as free block nothing" in section("blocking", HELP)
    put(sandbox, TUESDAY_NINE, minutes(30))
    put(sandbox, TUESDAY_NINE + minutes(60), minutes(30), transparency="transparent")
    connect_calendars(sandbox)
    shown = offered(make_event_type())
    assert "09:00" not in shown
    assert "10:00" in shown


def test_no_event_of_others_is_read(sandbox: Sandbox) -> None:
    assert "What the events say, and who takes part, we do not read." in section("blocking", HELP)
    put(sandbox, TUESDAY_NINE, summary="Dentist, room 7")
    connect_calendars(sandbox)
    run_due()
    told = "".join(str(each.response_body) for each in sandbox.google.exchanges)
    assert "freeBusy" in told
    assert "Dentist" not in told


def test_what_cannot_be_read_closes_the_pages_until_it_is_ignored(sandbox: Sandbox, settings: Any) -> None:
    connect_calendars(sandbox)
    made = make_event_type()
    assert offered(made)
    old = clock.now() - timedelta(seconds=settings.KOALENDAR_BUSY_MAX_AGE + 1)
    Calendar.objects.update(read_at=old)
    assert offered(made) == []
    signed_in().post(f"/dashboard/integrations/calendars/{primary().public_id}/ignore")
    assert offered(made)


def test_the_event_holds_what_the_help_says_and_follows_its_booking(sandbox: Sandbox) -> None:
    assert "link, meeting ID and passcode, what your invitee answered" in section("bookings", HELP)
    connect_zoom(sandbox)
    connect_calendars(sandbox)
    question = {"code": "topic", "label": "Topic", "kind": "short_text", "required": True}
    booking = make_booking(make_event_type(questions=[question]), answers={"topic": "The engine"})
    run_due()
    meeting = booking.appointment.meetings.get()
    [event] = present(sandbox)
    assert event.body["location"] == meeting.join_url
    spaced = f"{meeting.remote_id[:3]} {meeting.remote_id[3:7]} {meeting.remote_id[7:]}"
    for told in (spaced, meeting.passcode, "The engine", f"/dashboard/bookings/{booking.uid}/"):
        assert told in event.body["description"]

    later = booking.appointment.start + timedelta(days=1)
    reschedule(booking, start=later, by=Booking.By.HOST, now=clock.now())
    run_due()
    [moved] = present(sandbox)
    assert moved.id == event.id
    assert moved.body["start"]["dateTime"].startswith(f"{later:%Y-%m-%dT%H:%M}")


def test_a_request_stands_there_with_its_mark(sandbox: Sandbox) -> None:
    assert "with ?? before its title" in section("bookings", HELP)
    connect_calendars(sandbox)
    make_booking(make_event_type(requires_confirmation=True))
    run_due()
    [event] = present(sandbox)
    assert event.body["summary"].startswith("?? ")


def test_disconnecting_erases_what_the_help_says_and_leaves_the_events(sandbox: Sandbox) -> None:
    assert "its calendars, and when they are busy" in section("erased", HELP)
    assert "10 days" in section("erased", HELP)
    connection, made = connect_calendars(sandbox), make_event_type()
    make_booking(made)
    run_due()

    disconnect(connection, now=clock.now())
    connection.credential.refresh_from_db()

    credential = connection.credential
    assert (credential.tokens, credential.scopes, credential.account_email) == ("", "", "")
    assert not Calendar.objects.exists()
    assert len(present(sandbox)) == 1
    assert not sandbox.google.grants
    assert offered(made)


def test_access_that_was_taken_away_in_google_closes_the_pages_until_it_is_disconnected_here(
    sandbox: Sandbox, settings: Any
) -> None:
    assert "until then its calendars count as unknown, and nobody can book you" in section(
        "disconnecting", HELP
    )
    connection, made = connect_calendars(sandbox), make_event_type()
    Connection.objects.update(state=Connection.State.BROKEN, problem="authorization_refused")
    settings.KOALENDAR_CLOCK_OFFSET += settings.KOALENDAR_BUSY_MAX_AGE + 1
    assert offered(made) == []
    connection.refresh_from_db()
    disconnect(connection, now=clock.now())
    assert offered(made)


def test_the_help_shows_a_host_how_his_own_google_is_and_nobody_else(sandbox: Sandbox) -> None:
    connect_calendars(sandbox)
    assert 'id="own-google"' not in page(HELP)
    assert "bookings go into “ada@example.com”" in words(page(HELP, signed_in()))
    ben = make_host("Ben Adida")
    stranger = signed_in()
    stranger.force_login(ben)
    assert "Not connected" in words(page(HELP, stranger))
    assert ada().email not in words(page(HELP, stranger))


def test_a_site_without_google_says_so_and_leads_nobody_there(settings: Any) -> None:
    settings.GOOGLE_CLIENT_ID = settings.GOOGLE_CLIENT_SECRET = ""
    assert "no Google project of its own yet" in words(page(HELP))
    for path in ("/help/support/", "/help/zoom/", "/dashboard/integrations/", "/dashboard/support/"):
        assert "/help/google/" not in page(path, signed_in())
