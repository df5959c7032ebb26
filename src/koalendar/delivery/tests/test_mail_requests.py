"""What mails tell of a request: what is not agreed yet, how the host answers, and what came of it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from koalendar.booking.actions import cancel, confirm, decline, expire, reschedule
from koalendar.booking.links import answer_token_for, token_for
from koalendar.booking.models import Booking
from koalendar.delivery.outcomes import Done
from koalendar.delivery.tests.letterbox import (
    JOIN_URL,
    TUESDAY_THREE_PM,
    arrived,
    calendar_of,
    deliver,
    event_of,
    everything_in,
    full_booking,
    give_link,
    owed,
    parts,
    text_of,
)
from tests.people import NOW, ada, make_event_type, minutes

pytestmark = pytest.mark.django_db

INVITEE, HOST = Booking.By.INVITEE, Booking.By.HOST
ANSWER_BY = NOW + timedelta(days=1)


def ask(**wish: Any) -> Booking:
    """Ina in Paris asks Ada in New York for Tuesday, 15:00 UTC; the answer is due by 08:00 UTC."""
    host = ada()
    host.zone = "America/New_York"
    host.save(update_fields=["zone"])
    topic = {"code": "topic", "label": "Topic", "kind": "short_text", "required": True}
    event_type = make_event_type(host, requires_confirmation=True, questions=[topic])
    return full_booking(event_type=event_type, **wish)


def one_line_of(message: Any) -> str:
    return " ".join(text_of(message).split())


def test_the_host_is_asked_for_an_answer_with_the_way_to_give_it() -> None:
    booking = ask()
    came = arrived(owed(booking, "requested", "host"))
    assert came["Subject"] == "Please answer: Ina Berg asks for Intro call, Tue 1 Dec 10:00"
    assert "Confirm or decline it until Tue 1 Dec 03:00, New York time." in one_line_of(came)
    page = f"http://localhost:8000/b/{answer_token_for(booking)}/answer/"
    assert f"Confirm:\n{page}\n" in text_of(came)
    assert f"Decline:\n{page}#decline\n" in text_of(came)
    assert "The engine, see https://spam.example" in text_of(came)
    assert token_for(booking) not in everything_in(came)


def test_the_invitee_hears_that_nothing_is_agreed_until_when_it_is_held_and_how_to_change_it() -> None:
    booking = ask()
    came = arrived(owed(booking, "requested", "invitee"))
    assert came["Subject"] == "Waiting for Ada Lovelace: Intro call, Tue 1 Dec 16:00"
    assert "Nothing is agreed yet. The time is held for you until Tue 1 Dec 09:00, Paris time" in one_line_of(
        came
    )
    assert f"/b/{token_for(booking)}/cancel/" in text_of(came)
    assert answer_token_for(booking) not in everything_in(came)
    assert "The link follows" not in text_of(came)


def test_a_request_is_tentative_in_the_hosts_file_and_in_no_calendar_of_the_invitee() -> None:
    booking = ask()
    to_ina = arrived(owed(booking, "requested", "invitee"))
    assert parts(to_ina, "text/calendar") == parts(to_ina, "application/ics") == []
    (attached,) = parts(arrived(owed(booking, "requested", "host")), "application/ics")
    file = attached.get_content().decode()
    assert "METHOD:PUBLISH" in file
    assert "STATUS:TENTATIVE" in file
    assert answer_token_for(booking) not in file.replace("\r\n ", "")


def test_the_first_calendar_object_of_the_invitee_is_the_confirmed_one_with_its_link() -> None:
    booking = confirm(ask(), now=NOW)
    give_link(booking)
    came = arrived(owed(booking, "booked", "invitee"))
    assert came["Subject"] == "Confirmed: Intro call with Ada Lovelace, Tue 1 Dec 16:00"
    assert "Ada Lovelace has confirmed: you are booked" in text_of(came)
    assert JOIN_URL in text_of(came)
    assert calendar_of(came)["METHOD"] == "REQUEST"
    assert str(event_of(calendar_of(came))["STATUS"]) == "CONFIRMED"
    host = arrived(owed(booking, "booked", "host"))
    assert "You confirmed this booking" in text_of(host)
    guest = arrived(owed(booking, "booked", "guest"))
    assert guest["Subject"] == "Intro call with Ada Lovelace, Tue 1 Dec 16:00"
    assert calendar_of(guest)["METHOD"] == "REQUEST"


@pytest.mark.parametrize(
    ("end", "kind", "to_ina", "to_ada"),
    [
        (
            lambda booking: decline(booking, now=NOW, reason="On a train"),
            "declined",
            "Ada Lovelace cannot make it: Intro call, Tue 1 Dec 16:00",
            "Declined: Intro call with Ina Berg, Tue 1 Dec 10:00",
        ),
        (
            lambda booking: expire(booking, now=ANSWER_BY),
            "expired",
            "No answer in time: Intro call with Ada Lovelace, Tue 1 Dec 16:00",
            "Not answered in time: Intro call with Ina Berg, Tue 1 Dec 10:00",
        ),
        (
            lambda booking: cancel(booking, by=INVITEE, now=NOW),
            "cancelled",
            "Cancelled: Intro call with Ada Lovelace, Tue 1 Dec 16:00",
            "Cancelled: Intro call with Ina Berg, Tue 1 Dec 10:00",
        ),
    ],
)
def test_what_came_to_nothing_is_told_to_both_with_no_calendar_object_and_another_time_to_book(
    end: Callable[[Booking], Booking], kind: str, to_ina: str, to_ada: str
) -> None:
    booking = end(ask())
    ina, host = (arrived(owed(booking, kind, audience), now=ANSWER_BY) for audience in ("invitee", "host"))
    assert (ina["Subject"], host["Subject"]) == (to_ina, to_ada)
    assert "Nothing is booked, and the time is no longer held for you." in one_line_of(ina)
    assert "The time is free again." in one_line_of(host)
    assert "Book another time:\nhttp://localhost:8000/ada/intro-call/" in text_of(ina)
    for came in (ina, host):
        assert parts(came, "text/calendar") == parts(came, "application/ics") == []
        assert answer_token_for(booking) not in everything_in(came)
    assert ("On a train" in text_of(ina)) == (kind == "declined")


def test_a_request_that_is_moved_asks_the_host_again_and_keeps_the_invitees_reason_from_others() -> None:
    booking = ask()
    for audience in ("invitee", "host"):
        arrived(owed(booking, "requested", audience))
    later = TUESDAY_THREE_PM + minutes(60)
    reschedule(booking, start=later, by=INVITEE, now=NOW, reason="See https://spam.example")
    host = arrived(owed(booking, "rescheduled", "host"))
    assert host["Subject"] == "Please answer: new time Tue 1 Dec 11:00, Intro call with Ina Berg"
    assert "Ina Berg moved this request." in text_of(host)
    assert f"{answer_token_for(booking)}/answer/" in text_of(host)
    ina = arrived(owed(booking, "rescheduled", "invitee"))
    assert ina["Subject"] == "New time Tue 1 Dec 17:00, waiting for Ada Lovelace: Intro call"
    assert "You moved this request." in text_of(ina)
    assert "spam.example" not in everything_in(ina)
    assert parts(ina, "text/calendar") == []


@pytest.mark.parametrize(
    ("location", "secret"),
    [
        ({"kind": "link", "url": "https://call.example/ada"}, "call.example"),
        ({"kind": "phone", "who_calls": "invitee", "number": "+44 20 7946"}, "7946"),
    ],
)
def test_the_hosts_own_link_and_number_come_with_the_confirmation(
    location: dict[str, str], secret: str
) -> None:
    booking = ask(location=location)
    assert secret not in everything_in(arrived(owed(booking, "requested", "invitee")))
    assert secret in everything_in(arrived(owed(booking, "requested", "host")))
    confirm(booking, now=NOW)
    assert secret in text_of(arrived(owed(booking, "booked", "invitee")))


def test_a_mail_about_a_request_promises_no_link_and_none_follows_it() -> None:
    booking = ask()
    message = owed(booking, "requested", "invitee")
    arrived(message)
    message.refresh_from_db()
    assert not message.link_owed


@pytest.mark.parametrize("audience", ["invitee", "host"])
def test_a_request_that_was_answered_while_its_mail_waited_is_not_asked_for_any_more(audience: str) -> None:
    booking = ask()
    message = owed(booking, "requested", audience)
    assert deliver(message, now=ANSWER_BY) == Done()
    message.refresh_from_db()
    assert message.state == "superseded"


def test_the_host_moving_a_request_is_told_so_by_name_to_the_invitee() -> None:
    booking = ask()
    for audience in ("invitee", "host"):
        arrived(owed(booking, "requested", audience))
    reschedule(booking, start=TUESDAY_THREE_PM + minutes(60), by=HOST, now=NOW)
    assert "Ada Lovelace moved this request." in text_of(arrived(owed(booking, "rescheduled", "invitee")))
    assert "You moved this request." in text_of(arrived(owed(booking, "rescheduled", "host")))
