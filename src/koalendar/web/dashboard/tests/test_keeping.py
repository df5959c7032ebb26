"""What a host keeps of a booking: the story of it, a note for himself, and whether the invitee came."""

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client

from koalendar import clock
from koalendar.accounts.keys import make_key
from koalendar.booking import keeping, story
from koalendar.booking.actions import cancel, reschedule
from koalendar.booking.errors import WrongState
from koalendar.booking.links import token_for
from koalendar.booking.models import Booking, Happening, Message, Note
from koalendar.outbox.models import Entry
from koalendar.web.dashboard.tests.browsers import sign_in
from koalendar.web.dashboard.tests.test_bookings import book, made, next_tuesday
from tests.people import NOW, TUESDAY_NINE, ada, make_booking, make_event_type, make_host, minutes

pytestmark = pytest.mark.django_db

SECRET = "Talks a lot; offer the long slot"


@pytest.fixture
def browser(client: Client) -> Client:
    return sign_in(client, ada())


def page_of(booking: Booking) -> str:
    return f"/dashboard/bookings/{booking.uid}/"


def lines_of(browser: Client, booking: Booking) -> list[str]:
    """The story as it is read, without its moments."""
    page = browser.get(page_of(booking)).content.decode()
    lines = re.findall(r"<li><span>(.*?)</span> <time", page)
    return [unescape(re.sub(r"<[^>]+>", "", line)) for line in lines]


def begun(browser: Client) -> Booking:
    """A booking whose time has begun."""
    booking = book()
    now = clock.now().replace(second=0, microsecond=0)
    appointment = booking.appointment
    appointment.start, appointment.end = now - minutes(10), now + minutes(20)
    appointment.save()
    appointment.holds.update(blocks_from=appointment.start, blocks_until=appointment.end)
    return booking


# ── What happened ──


def test_the_story_tells_who_did_what_and_why_in_order(browser: Client) -> None:
    booking = make_booking(make_event_type(reminders=[60]), now=clock.now(), start=next_tuesday())
    made(booking)
    for step, (kind, start) in enumerate(
        [
            (Happening.Kind.MEETING_MADE, None),
            (Happening.Kind.MOVED_THERE, next_tuesday() + timedelta(hours=3)),
        ]
    ):
        at = clock.now() + timedelta(seconds=1 + step)
        story.tell(booking.appointment, kind, at=at, start=start)
    later = clock.now() + timedelta(seconds=5)
    reschedule(
        booking, start=next_tuesday() + timedelta(hours=1), by=Booking.By.INVITEE, now=later, reason="A train"
    )
    cancel(booking, by=Booking.By.HOST, now=later + timedelta(seconds=1), reason="I am ill")

    told = [line for line in lines_of(browser, booking) if not line.startswith(("Mail", "Reminder"))]

    assert re.fullmatch(r"You cancelled “I am ill”", told[0])
    assert re.match(r"Ina Berg rescheduled from Tue .*09:00 to Tue .*10:00 “A train”$", told[1])
    assert re.match(r"Meeting moved in Zoom to Tue .*12:00$", told[2])
    assert told[3:] == ["Zoom meeting made", "Ina Berg booked"]


def test_each_mail_is_told_as_far_as_it_got(browser: Client) -> None:
    booking = make_booking(
        make_event_type(reminders=[60]), now=clock.now(), start=next_tuesday(), guests=["max@example.com"]
    )
    sent, waits, failed = (
        booking.messages.get(audience=audience, kind="booked") for audience in ("host", "invitee", "guest")
    )
    Message.objects.filter(pk=sent.pk).update(state="sent", sent_at=clock.now())
    Message.objects.filter(pk=failed.pk).update(state="failed")
    Entry.objects.filter(kind="mail", subject=str(waits.pk)).update(problem="mail_unreachable")
    Entry.objects.filter(kind="mail", subject=str(failed.pk)).update(problem="mail_refused")

    told = " / ".join(lines_of(browser, booking))

    assert "Reminder to ina@example.com, ada@example.com, max@example.com leaves" in told
    assert "Mail handed over to ada@example.com: confirmation" in told
    assert "Mail to ina@example.com waits: confirmation The mail server has not taken this mail yet." in told
    assert "Mail not delivered to max@example.com: confirmation The mail server refused" in told


def test_mails_that_left_together_share_a_line_and_stand_above_what_caused_them(browser: Client) -> None:
    booking = book(guests=["max@example.com"])
    for seconds, audience in ((0, "invitee"), (20, "host"), (300, "guest")):
        sent_at = booking.created_at + timedelta(seconds=seconds)
        booking.messages.filter(audience=audience).update(state="sent", sent_at=sent_at)

    assert lines_of(browser, booking) == [
        "Mail handed over to max@example.com: confirmation",
        "Mail handed over to ina@example.com, ada@example.com: confirmation",
        "Ina Berg booked",
    ]


def test_what_keeps_the_meeting_from_being_made_is_told_with_its_tries(browser: Client) -> None:
    booking = book()
    booking.appointment.meetings.update(problem="no_answer", problem_since=clock.now())
    Entry.objects.filter(kind="meeting").update(attempts=3, due_at=clock.now() + timedelta(minutes=4))

    told = lines_of(browser, booking)

    assert any(
        line.startswith("Zoom has not answered yet.") and "3 tries. Next try in 4" in line for line in told
    )


# ── A note for himself ──


def test_a_note_is_kept_changed_and_emptied(browser: Client) -> None:
    booking = book()
    browser.post(f"{page_of(booking)}note", {"note": SECRET})
    assert SECRET in browser.get(page_of(booking)).content.decode()

    browser.post(f"{page_of(booking)}note", {"note": "Another"})
    assert Note.objects.get().text == "Another"

    browser.post(f"{page_of(booking)}note", {"note": "  "})
    assert not Note.objects.exists()


def test_a_note_that_is_too_long_is_said_and_not_lost(browser: Client) -> None:
    booking = book()
    text = "x" * (keeping.LONGEST_NOTE + 1)

    answer = browser.post(f"{page_of(booking)}note", {"note": text})

    assert answer.status_code == 422
    assert "Note must be 5000 characters or fewer" in answer.content.decode()
    assert text in answer.content.decode()
    assert not Note.objects.exists()


def test_nobody_but_its_host_is_shown_a_note(browser: Client, client: Client, settings: Any) -> None:
    settings.KOALENDAR_RATE_SLOTS = None
    booking = book()
    keeping.write_note(booking, ada(), SECRET, now=clock.now())
    text = make_key(ada(), name="shop", now=clock.now())

    for path in ("", "reschedule/", "cancel/"):
        assert SECRET not in client.get(f"/b/{token_for(booking)}/{path}").content.decode()
    headers = {"Authorization": f"Bearer {text}"}
    assert SECRET not in client.get(f"/api/v1/bookings/{booking.uid}", headers=headers).content.decode()
    assert SECRET not in client.get("/api/v1/bookings", headers=headers).content.decode()
    assert not any(SECRET in str(message.facts) for message in booking.messages.all())


def test_anothers_booking_takes_no_note_and_no_mark(client: Client) -> None:
    booking = book()
    stranger = sign_in(client, make_host("Ben Nevis"))

    assert stranger.post(f"{page_of(booking)}note", {"note": "mine"}).status_code == 404
    assert stranger.post(f"{page_of(booking)}no-show").status_code == 404


# ── Whether the invitee came ──


def test_a_no_show_is_noted_shown_in_the_list_and_taken_back(browser: Client) -> None:
    booking = begun(browser)
    assert "Mark as no-show" in browser.get(page_of(booking)).content.decode()

    page = browser.post(f"{page_of(booking)}no-show", follow=True).content.decode()

    assert "Noted as a no-show." in page
    assert "Came after all" in page
    assert "No-show" in browser.get("/dashboard/").content.decode()
    assert "You noted that Ina Berg did not come" in lines_of(browser, booking)

    browser.post(f"{page_of(booking)}no-show", {"came": "yes"})

    booking.refresh_from_db()
    assert booking.no_show_at is None
    assert lines_of(browser, booking)[0] == "You noted that Ina Berg came after all"


def test_a_no_show_is_noted_from_the_list_and_leads_back_to_it(browser: Client) -> None:
    booking = begun(browser)
    page = browser.get("/dashboard/?q=ina").content.decode()
    assert '<input type="hidden" name="back" value="/dashboard/?q=ina">' in page

    answer = browser.post(f"{page_of(booking)}no-show", {"back": "/dashboard/?q=ina"})
    assert answer.headers["Location"] == "/dashboard/?q=ina"

    for elsewhere in ("https://evil.example/", "//evil.example", "/dashboard/../x", ""):
        answer = browser.post(f"{page_of(booking)}no-show", {"back": elsewhere})
        assert answer.headers["Location"] == page_of(booking)


def test_noting_twice_is_told_once() -> None:
    booking = make_booking()
    for _ in range(2):
        keeping.note_no_show(booking, now=TUESDAY_NINE)
    assert Happening.objects.filter(booking=booking).count() == 1


def test_a_booking_that_has_not_begun_is_no_no_show(browser: Client) -> None:
    booking = make_booking()
    with pytest.raises(WrongState, match="upcoming"):
        keeping.note_no_show(booking, now=TUESDAY_NINE - minutes(1))

    coming = book(next_tuesday())
    assert "Mark as no-show" not in browser.get(page_of(coming)).content.decode()
    page = browser.post(f"{page_of(coming)}no-show", follow=True).content.decode()
    assert "once a booking has begun" in page


def test_a_cancelled_booking_is_no_no_show() -> None:
    booking = make_booking()
    cancel(booking, by=Booking.By.HOST, now=NOW)
    with pytest.raises(WrongState, match="cancelled"):
        keeping.note_no_show(booking, now=TUESDAY_NINE)


def test_another_time_is_another_chance_to_come() -> None:
    booking = make_booking()
    keeping.note_no_show(booking, now=TUESDAY_NINE)
    moved = reschedule(
        booking, start=TUESDAY_NINE + timedelta(days=1), by=Booking.By.HOST, now=TUESDAY_NINE + minutes(5)
    )
    assert moved.no_show_at is None
