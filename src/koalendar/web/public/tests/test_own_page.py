"""A booking's own page over HTTP: shown by its link, changed only by POST, in every state."""

import re
from datetime import timedelta
from typing import Any

import icalendar
import pytest
from django.core.cache import caches
from django.test import Client

from koalendar.booking.erasing import erase_links
from koalendar.booking.links import LIFE_AFTER_END, token_for
from koalendar.booking.models import Booking, Meeting
from koalendar.connections.actions import removed_at_provider
from koalendar.connections.models import Deletion
from koalendar.outbox.models import Entry
from tests.people import (
    NOW,
    TUESDAY_NINE,
    make_booking,
    make_calendar,
    make_connection,
    make_event_type,
    make_host,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("present")]

LATER = "2026-12-02T09:00+00:00"


def own(booking: Booking, part: str = "") -> str:
    return f"/b/{token_for(booking)}/{part}"


def text_of(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def get(client: Client, path: str) -> Any:
    return client.get(path, headers={"Accept-Language": "en-GB"})


def at(settings: Any, moment: Any) -> None:
    """Move the clock from the tests' present to `moment`."""
    settings.KOALENDAR_CLOCK_OFFSET += (moment - NOW).total_seconds()


def give_link(booking: Booking) -> None:
    booking.appointment.meetings.update(
        state=Meeting.State.PRESENT,
        remote_id="85412345678",
        join_url="https://zoom.example/j/85412345678?pwd=a",
        passcode="x3Kd9a",
    )
    Entry.objects.update(due_at=None)


@pytest.mark.parametrize("part", ["", "link/", "invite.ics", "reschedule/", "cancel/"])
def test_pages_behind_the_link_are_kept_by_nobody(client: Client, part: str) -> None:
    for path in (own(make_booking(), part), f"/b/{'x' * 43}/{part}"):
        answer = client.get(path)
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] in ("no-referrer", "same-origin")
        assert answer.headers["X-Robots-Tag"] == "noindex"


def test_a_dead_link_says_so(client: Client, settings: Any) -> None:
    booking = make_booking()
    assert get(client, f"/b/{booking.uid}/").status_code == 404
    at(settings, booking.appointment.end + LIFE_AFTER_END + timedelta(minutes=1))
    answer = get(client, own(booking))
    assert answer.status_code == 404
    assert "This link no longer works" in text_of(answer)


def test_both_clocks_place_answers_and_guests_are_shown(client: Client) -> None:
    event_type = make_event_type(
        make_host(zone="Europe/London"),
        questions=[{"code": "q", "label": "Topic", "kind": "short_text", "required": False, "choices": []}],
    )
    booking = make_booking(event_type, answers={"q": "Engines"}, guests=["ben@example.com"])
    shown = text_of(get(client, own(booking)))
    assert "Tuesday 1 December, 10:00–10:30, Paris time" in shown
    assert "For Ada Lovelace Tuesday 1 December, 09:00–09:30, London time" in shown
    assert "Topic Engines" in shown
    assert "Guests ben@example.com" in shown


def test_looking_changes_nothing(client: Client) -> None:
    booking = make_booking()
    for part in ("", "cancel/", "reschedule/", f"reschedule/?slot={LATER.replace('+', '%2B')}"):
        assert get(client, own(booking, part)).status_code == 200
    booking.refresh_from_db()
    assert (booking.status, booking.sequence) == ("confirmed", 0)


# ── The link box ──


def test_a_link_that_is_being_made_is_asked_for_again_soon(client: Client) -> None:
    booking = make_booking()
    page = get(client, own(booking)).content.decode()
    assert "Your Zoom link is being made. This takes a few seconds." in page
    assert 'hx-trigger="load delay:300ms"' in page
    gaps = []
    number = 1
    while found := re.search(
        r"delay:(\d+)ms", get(client, own(booking, f"link/?n={number}")).content.decode()
    ):
        gaps.append(int(found[1]))
        number += 1
    assert gaps[:5] == [300, 500, 1000, 2000, 4000]
    assert max(gaps) == 15_000
    assert 570_000 < sum(gaps) < 630_000


def test_a_link_that_is_late_is_said_to_follow(client: Client, settings: Any) -> None:
    booking = make_booking()
    at(settings, NOW + timedelta(minutes=3))
    shown = text_of(get(client, own(booking)))
    assert "Your booking stands. Zoom has not answered yet, so your link follows by e-mail." in shown
    assert "Check again" in shown


def test_a_problem_that_the_host_has_to_mend_is_never_shown_raw(client: Client) -> None:
    booking = make_booking()
    booking.appointment.meetings.update(problem="authorization_refused")
    Entry.objects.filter(kind="meeting").update(needs_person=True)
    shown = text_of(get(client, own(booking)))
    assert "Ada Lovelace has been told." in shown
    assert "accepts our access" not in shown


def test_a_ready_link_comes_with_id_and_passcode_and_is_told(client: Client) -> None:
    booking = make_booking()
    give_link(booking)
    part = get(client, own(booking, "link/?n=2"))
    assert "Your Zoom link is ready" in text_of(part)
    assert "854 1234 5678" in text_of(part)
    assert "x3Kd9a" in text_of(part)
    assert "hx-trigger" not in part.content.decode()


@pytest.mark.parametrize(("minutes", "is_primary"), [(-16, False), (-14, True), (20, True), (40, False)])
def test_joining_is_the_thing_to_do_around_the_start(
    client: Client, settings: Any, minutes: int, is_primary: bool
) -> None:
    booking = make_booking()
    give_link(booking)
    at(settings, TUESDAY_NINE + timedelta(minutes=minutes))
    assert ("btn primary" in get(client, own(booking)).content.decode()) is is_primary


def test_an_hour_after_the_end_the_link_is_gone(client: Client, settings: Any) -> None:
    booking = make_booking()
    give_link(booking)
    at(settings, booking.appointment.end + timedelta(minutes=61))
    shown = get(client, own(booking)).content.decode()
    assert "zoom.example" not in shown
    assert "This booking is over" in shown
    assert "reschedule/" not in shown


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ({"kind": "phone", "who_calls": "host", "number": "+33 6"}, "Ada Lovelace calls you on +33 6"),
        ({"kind": "phone", "who_calls": "invitee", "number": "+44 2"}, "Call Ada Lovelace on +44 2"),
        ({"kind": "in_person", "address": "12 St James's Square"}, "12 St James&#x27;s Square"),
    ],
)
def test_other_places_are_told_in_words(client: Client, location: dict[str, str], words: str) -> None:
    shown = text_of(get(client, own(make_booking(location=location))))
    assert words in shown
    assert "Zoom" not in shown


def test_a_hosts_own_address_becomes_a_button_unless_it_is_no_web_address(client: Client) -> None:
    good = make_booking(location={"kind": "link", "url": "https://meet.example/ada"})
    assert 'href="https://meet.example/ada"' in get(client, own(good)).content.decode()
    good.appointment.location = {"kind": "link", "url": "javascript:alert(1)"}
    good.appointment.save()
    assert "javascript:" not in get(client, own(good)).content.decode()


# ── Calendars ──


def test_the_calendar_file_is_a_copy_with_the_bookings_own_uid(client: Client) -> None:
    booking = make_booking()
    give_link(booking)
    answer = get(client, own(booking, "invite.ics"))
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    calendar = icalendar.Calendar.from_ical(answer.content)
    event = calendar.walk("VEVENT")[0]
    assert calendar["METHOD"] == "PUBLISH"
    assert event["UID"] == f"{booking.uid}@localhost"
    assert event.decoded("DTSTART") == TUESDAY_NINE
    assert "https://zoom.example/j/85412345678" in str(event["DESCRIPTION"])
    assert "ATTENDEE" not in event


def test_what_google_invites_to_is_given_to_no_calendar_again(client: Client) -> None:
    make_calendar(is_writable=True, is_target=True)
    booking = make_booking(make_event_type(google_invites=True))
    assert get(client, own(booking, "invite.ics")).status_code == 404
    assert "Add to your calendar" not in get(client, own(booking)).content.decode()


def test_what_was_called_off_is_given_to_no_calendar(client: Client) -> None:
    booking = make_booking()
    client.post(own(booking, "cancel/"))
    assert get(client, own(booking, "invite.ics")).status_code == 404
    page = get(client, own(booking)).content.decode()
    assert "Add to your calendar" not in page
    assert "invite.ics" not in page
    assert "calendar.google.com" not in page


# ── Changing ──


def test_a_reschedule_moves_the_booking_and_keeps_its_address(client: Client) -> None:
    booking = make_booking()
    answer = client.post(own(booking, "reschedule/"), {"slot": LATER, "tz": "UTC", "reason": "A cold"})
    assert (answer.status_code, answer.headers["Location"]) == (303, own(booking))
    booking.refresh_from_db()
    assert (booking.appointment.start.day, booking.sequence, booking.reason) == (2, 1, "A cold")


def test_the_present_time_is_offered_and_marked_while_rescheduling(client: Client) -> None:
    shown = text_of(get(client, own(make_booking(), "reschedule/?date=2026-12-01")))
    assert "Now: Tuesday 1 December, 10:00–10:30, Paris time" in shown
    assert "10:00 to 10:30, Tuesday 1 December current" in shown


def test_a_taken_time_offers_others_while_rescheduling(client: Client) -> None:
    event_type = make_event_type()
    booking = make_booking(event_type)
    make_booking(event_type, start=TUESDAY_NINE + timedelta(days=1))
    answer = client.post(own(booking, "reschedule/"), {"slot": LATER, "tz": "UTC"})
    assert answer.status_code == 409
    assert "09:00 has just been taken" in text_of(answer)
    assert "Reschedule to 09:30 instead" in text_of(answer)


def test_a_cancelled_booking_is_still_shown_and_stays_cancelled(client: Client) -> None:
    booking = make_booking()
    for _time in range(2):
        answer = client.post(own(booking, "cancel/"), {"reason": "A cold"})
        assert (answer.status_code, answer.headers["Location"]) == (303, own(booking))
    shown = text_of(get(client, own(booking)))
    assert "Cancelled" in shown
    assert "You cancelled it on Monday 30 November." in shown
    assert "Book again" in shown
    booking.refresh_from_db()
    assert booking.sequence == 1


def test_after_the_cutoff_only_the_host_can_be_asked(client: Client) -> None:
    booking = make_booking(make_event_type(change_cutoff=48 * 60))
    for part in ("reschedule/", "cancel/"):
        assert "Changes closed 48 hours before the start." in text_of(get(client, own(booking, part)))
        assert client.post(own(booking, part), {"slot": LATER}).status_code == 409
    booking.refresh_from_db()
    assert (booking.status, booking.sequence) == ("confirmed", 0)


def test_too_many_changes_from_one_connection_wait_with_the_form_kept(client: Client, settings: Any) -> None:
    settings.KOALENDAR_RATE_BOOKINGS = (1, 300)
    caches["default"].clear()
    booking = make_booking()
    client.post(own(booking, "reschedule/"), {"slot": LATER, "tz": "UTC"})
    move = {"slot": "2026-12-03T09:00+00:00", "tz": "UTC", "reason": "A cold"}
    for part in ("reschedule/", "cancel/"):
        answer = client.post(own(booking, part), move)
        assert answer.status_code == 429
        assert "Too many changes from this connection" in text_of(answer)
        assert "Your answers are kept. Try again in 5 minutes." in text_of(answer)
        assert "A cold" in text_of(answer)
        assert "<title>Error:" in answer.content.decode()
    booking.refresh_from_db()
    assert (booking.status, booking.sequence) == ("confirmed", 1)
    assert client.post(own(booking, "cancel/"), REMOTE_ADDR="192.0.2.7").status_code == 303


def test_a_change_from_another_site_is_refused() -> None:
    booking = make_booking()
    for part in ("reschedule/", "cancel/"):
        stranger = Client(enforce_csrf_checks=True)
        assert stranger.post(own(booking, part), {"slot": LATER}).status_code == 403


def test_a_link_whose_account_was_removed_is_said_to_work_still(client: Client) -> None:
    booking = make_booking()
    give_link(booking)
    connection = make_connection()
    Meeting.objects.update(credential=connection.credential)
    assert "still works" not in text_of(get(client, own(booking)))
    removed_at_provider("zoom", connection.credential.remote_user_id, now=NOW)
    shown = text_of(get(client, own(booking)))
    assert "This link still works, although Ada Lovelace has to connect Zoom again." in shown
    assert "Join Zoom meeting" in shown


def test_a_link_that_was_erased_is_said_to_follow(client: Client) -> None:
    booking = make_booking()
    give_link(booking)
    connection = make_connection()
    Meeting.objects.update(credential=connection.credential)
    removed_at_provider("zoom", connection.credential.remote_user_id, now=NOW)
    assert erase_links(Deletion.objects.get(), now=NOW) == 1
    Entry.objects.filter(kind="meeting").update(due_at=None, needs_person=True, problem="not_connected")
    shown = text_of(get(client, own(booking)))
    assert "zoom.example" not in shown
    assert "Your booking stands." in shown
    assert "follows by e-mail" in shown
