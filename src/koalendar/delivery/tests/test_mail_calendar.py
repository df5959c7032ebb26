"""The calendar object of a mail: one, of the right method, in the parts that mail programs read."""

import re
from datetime import timedelta

import pytest
from django.core import mail

from koalendar.booking.actions import cancel, reschedule
from koalendar.booking.links import token_for
from koalendar.booking.models import Booking
from koalendar.delivery.tests.letterbox import (
    JOIN_URL,
    KINDS,
    TUESDAY_THREE_PM,
    arrived,
    calendar_of,
    event_of,
    full_booking,
    give_link,
    owe,
    owed,
    parts,
    raw_of,
)
from tests.people import NOW

pytestmark = pytest.mark.django_db

METHODS = {"booked": "REQUEST", "rescheduled": "REQUEST", "link_here": "REQUEST", "cancelled": "CANCEL"}


@pytest.mark.parametrize("audience", ["invitee", "guest"])
@pytest.mark.parametrize("kind", KINDS)
def test_invitee_and_guest_get_one_calendar_part_of_the_method_it_names(kind: str, audience: str) -> None:
    booking = full_booking()
    give_link(booking)
    came = arrived(owe(booking, kind, audience))
    if kind == "reminder":
        assert parts(came, "text/calendar") == parts(came, "application/ics") == []
        return
    (part,) = parts(came, "text/calendar")
    assert part["Content-Type"].params["method"] == METHODS[kind]
    assert calendar_of(came)["METHOD"] == METHODS[kind]


def test_the_bytes_have_the_parts_in_the_order_that_outlook_and_gmail_read() -> None:
    booking = full_booking()
    give_link(booking)
    came = arrived(owed(booking, "booked", "invitee"))
    assert [part.get_content_type() for part in came.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "text/calendar",
        "application/ics",
    ]
    (header,) = re.findall(rb"Content-Type: (text/calendar;.*?)\r\n\S", raw_of(mail.outbox[-1]), re.DOTALL)
    assert header == b'text/calendar; method="REQUEST"; charset="utf-8"'
    (attachment,) = parts(came, "application/ics")
    assert attachment.get_filename() == "invite.ics"
    assert attachment.get_content().decode() == parts(came, "text/calendar")[0].get_content()


def test_a_booking_keeps_its_uid_and_raises_its_sequence_through_its_life() -> None:
    booking = full_booking()
    give_link(booking)
    came = [arrived(owed(booking, "booked", "invitee"))]
    reschedule(booking, start=TUESDAY_THREE_PM + timedelta(hours=1), by=Booking.By.INVITEE, now=NOW)
    came.append(arrived(owed(booking, "rescheduled", "invitee")))
    cancel(booking, by=Booking.By.INVITEE, now=NOW)
    came.append(arrived(owed(booking, "cancelled", "invitee")))
    events = [event_of(calendar_of(one)) for one in came]
    assert {str(event["UID"]) for event in events} == {f"{booking.uid}@localhost"}
    assert [int(event["SEQUENCE"]) for event in events] == [0, 1, 2]
    assert [str(event["STATUS"]) for event in events] == ["CONFIRMED", "CONFIRMED", "CANCELLED"]
    assert events[1].start == TUESDAY_THREE_PM + timedelta(hours=1)


def test_a_link_that_comes_later_updates_the_same_sequence_by_a_later_stamp() -> None:
    booking = full_booking()
    without = owed(booking, "booked", "invitee")
    first = event_of(calendar_of(arrived(without, now=NOW + timedelta(minutes=5))))
    give_link(booking)
    second = event_of(
        calendar_of(arrived(owe(booking, "link_here", "invitee"), now=NOW + timedelta(minutes=6)))
    )
    assert first["SEQUENCE"] == second["SEQUENCE"]
    assert first["DTSTAMP"].dt < second["DTSTAMP"].dt
    assert "LOCATION" not in first
    assert str(second["LOCATION"]) == JOIN_URL


def test_the_invitees_entry_has_link_details_and_the_way_to_change_it_in_the_hosts_zone() -> None:
    booking = full_booking()
    give_link(booking)
    came = calendar_of(arrived(owed(booking, "booked", "invitee")))
    event = event_of(came)
    assert event["DTSTART"].params["TZID"] == "America/New_York"
    assert [str(zone["TZID"]) for zone in came.walk("VTIMEZONE")] == ["America/New_York"]
    token = token_for(booking)
    facts = [JOIN_URL, "854 1234 5678", "k4x&Zq", "Bring your drawings.", f"/b/{token}/cancel/"]
    assert all(fact in str(event["DESCRIPTION"]) for fact in facts)
    assert str(event["URL"]) == f"http://localhost:8000/b/{token}/"
    assert str(event["ORGANIZER"]) == "mailto:bookings@koalendar.example"
    assert event["ORGANIZER"].params["CN"] == "Ada Lovelace"
    attendees = {str(one): one.params["PARTSTAT"] for one in event["ATTENDEE"]}
    assert attendees == {"mailto:ina@example.com": "ACCEPTED", "mailto:gus@example.com": "NEEDS-ACTION"}


def test_a_guest_is_invited_alone_and_gets_no_way_to_change_the_booking() -> None:
    booking = full_booking()
    give_link(booking)
    event = event_of(calendar_of(arrived(owed(booking, "booked", "guest"))))
    assert str(event["ATTENDEE"]) == "mailto:gus@example.com"
    assert "URL" not in event
    assert token_for(booking) not in str(event["DESCRIPTION"])
    assert "ina@example.com" not in str(event)


@pytest.mark.parametrize("kind", ["booked", "rescheduled", "link_here"])
def test_the_host_gets_a_file_to_open_and_no_request_to_answer(kind: str) -> None:
    booking = full_booking()
    give_link(booking)
    came = arrived(owe(booking, kind, "host"))
    assert parts(came, "text/calendar") == []
    (attachment,) = parts(came, "application/ics")
    content = attachment.get_content().decode()
    assert "METHOD:PUBLISH" in content
    assert "ATTENDEE" not in content
    assert attachment.get_filename() == "invite.ics"


@pytest.mark.parametrize("kind", ["cancelled", "reminder"])
def test_the_host_gets_no_file_where_there_is_nothing_to_add(kind: str) -> None:
    came = arrived(owe(full_booking(), kind, "host"))
    assert parts(came, "application/ics") == parts(came, "text/calendar") == []
