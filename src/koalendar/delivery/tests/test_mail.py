"""When a mail leaves, what happens to it when the mail server misbehaves, and that nothing is told twice."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives

from koalendar.accounts.models import AccountMail
from koalendar.booking.actions import cancel, reschedule
from koalendar.booking.models import Booking, Meeting
from koalendar.booking.models import Message as Owed
from koalendar.delivery.mail import deliver_account_mail
from koalendar.delivery.outcomes import Done, GiveUp, Retry, Wait
from koalendar.delivery.tests.letterbox import (
    TUESDAY_THREE_PM,
    deliver,
    full_booking,
    give_link,
    owe,
    owed,
    read,
)
from koalendar.outbox.models import Entry
from koalendar.sandbox.mail import Mailbox, MailServer
from tests.people import NOW

pytestmark = pytest.mark.django_db

PATIENCE = timedelta(seconds=120)
SECOND = timedelta(seconds=1)


@pytest.fixture
def mailbox(settings: Any) -> Iterator[Mailbox]:
    """A mail server on loopback that Django's own SMTP backend speaks to."""
    box = Mailbox()
    server = MailServer(box, host="127.0.0.1", port=0)
    server.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", server.port, 0.3
    try:
        yield box
    finally:
        server.stop()


def state_of(message: Owed) -> str:
    return Owed.objects.get(pk=message.pk).state


# ── The link ──


def test_a_confirmation_waits_for_its_link_in_growing_steps_and_then_leaves_with_it() -> None:
    booking = full_booking()
    message = owed(booking, "booked", "invitee")
    assert deliver(message) == Wait(NOW + SECOND)
    assert deliver(message, now=NOW + 4 * SECOND) == Wait(NOW + 8 * SECOND)
    assert deliver(message, now=NOW + 100 * SECOND) == Wait(NOW + PATIENCE)
    assert mail.outbox == []
    give_link(booking)
    assert deliver(message, now=NOW + 101 * SECOND) == Done()
    message.refresh_from_db()
    assert (message.state, message.link_owed) == ("sent", False)
    assert message.sent_at == NOW + 101 * SECOND


def test_a_confirmation_whose_time_is_over_leaves_without_its_link_which_is_then_owed() -> None:
    message = owed(full_booking(), "booked", "invitee")
    assert deliver(message, now=NOW + PATIENCE) == Done()
    message.refresh_from_db()
    assert (message.state, message.link_owed) == ("sent", True)
    assert mail.outbox[0].subject.startswith("Booked; your Zoom link follows: ")


def test_a_confirmation_does_not_wait_for_what_only_the_host_can_mend() -> None:
    booking = full_booking()
    booking.appointment.meetings.update(problem="not_connected")
    Entry.objects.filter(kind="meeting").update(needs_person=True, due_at=None)
    message = owed(booking, "booked", "host")
    assert deliver(message) == Done()
    message.refresh_from_db()
    assert message.link_owed


@pytest.mark.parametrize("kind", ["rescheduled", "reminder"])
def test_what_has_its_own_news_leaves_at_once_and_the_link_follows(kind: str) -> None:
    message = owe(full_booking(), kind, "invitee")
    assert deliver(message) == Done()
    message.refresh_from_db()
    assert message.link_owed


def test_a_mail_that_brings_the_link_waits_until_there_is_one() -> None:
    booking = full_booking()
    message = owe(booking, "link_here", "invitee")
    assert deliver(message, now=NOW + 30 * SECOND) == Wait(NOW + 60 * SECOND)
    give_link(booking)
    assert deliver(message, now=NOW + 60 * SECOND) == Done()


def test_a_link_that_arrives_while_the_mail_leaves_without_it_is_sent_after(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    booking = full_booking()
    message = owed(booking, "booked", "invitee")
    send = EmailMultiAlternatives.send

    def while_the_link_arrives(self: EmailMultiAlternatives) -> int:
        give_link(booking)
        return send(self)

    monkeypatch.setattr(EmailMultiAlternatives, "send", while_the_link_arrives)
    assert deliver(message, now=NOW + PATIENCE) == Done()
    message.refresh_from_db()
    assert not message.link_owed
    follow_up = owed(booking, "link_here", "invitee")
    assert follow_up.edition == Meeting.objects.get().edition
    assert Entry.objects.get(kind="mail", subject=str(follow_up.pk)).due_at == NOW + PATIENCE


def test_other_places_than_zoom_have_no_link_to_wait_for() -> None:
    booking = full_booking(location={"kind": "in_person", "address": "12 St James's Square"})
    message = owed(booking, "booked", "invitee")
    assert deliver(message) == Done()
    message.refresh_from_db()
    assert not message.link_owed


# ── One after the other ──


def test_mails_to_one_reader_leave_in_the_order_of_the_changes() -> None:
    booking = full_booking()
    reschedule(booking, start=TUESDAY_THREE_PM + timedelta(hours=1), by=Booking.By.HOST, now=NOW)
    first, second = owed(booking, "booked", "invitee"), owed(booking, "rescheduled", "invitee")
    assert deliver(second) == Wait(NOW + SECOND)
    give_link(booking)
    assert deliver(second) == Wait(NOW + SECOND)
    assert deliver(first) == deliver(second) == Done()
    assert [one.subject.split(":")[0] for one in mail.outbox] == [
        "Intro call with Ada Lovelace, Tue 1 Dec 16",
        "New time Tue 1 Dec 17",
    ]


def test_a_mail_behind_one_that_is_tried_again_later_waits_as_long() -> None:
    booking = full_booking()
    reschedule(booking, start=TUESDAY_THREE_PM + timedelta(hours=1), by=Booking.By.HOST, now=NOW)
    first = owed(booking, "booked", "invitee")
    Entry.objects.filter(kind="mail", subject=str(first.pk)).update(due_at=NOW + timedelta(minutes=10))
    assert deliver(owed(booking, "rescheduled", "invitee")) == Wait(NOW + timedelta(minutes=10))
    assert deliver(owed(booking, "rescheduled", "host")) == Wait(NOW + SECOND)


def test_nobody_waits_behind_a_mail_that_nobody_tries_again() -> None:
    booking = full_booking()
    reschedule(booking, start=TUESDAY_THREE_PM + timedelta(hours=1), by=Booking.By.HOST, now=NOW)
    first = owed(booking, "booked", "invitee")
    Entry.objects.filter(kind="mail", subject=str(first.pk)).update(due_at=None, needs_person=True)
    assert deliver(owed(booking, "rescheduled", "invitee")) == Done()


def test_nobody_waits_behind_a_mail_whose_link_is_not_there() -> None:
    booking = full_booking()
    owe(booking, "link_here", "invitee")
    reminder = booking.messages.get(kind="reminder", audience="invitee")
    Owed.objects.filter(pk=reminder.pk).update(state="waiting")
    assert deliver(reminder) == Done()


def test_a_link_is_not_told_twice_when_a_later_mail_will_tell_it() -> None:
    booking = full_booking()
    message = owe(booking, "link_here", "invitee")
    give_link(booking)
    reschedule(booking, start=TUESDAY_THREE_PM + timedelta(hours=1), by=Booking.By.HOST, now=NOW)
    assert deliver(message) == Done()
    assert state_of(message) == "superseded"
    assert deliver(owed(booking, "rescheduled", "invitee")) == Done()
    assert len(mail.outbox) == 1


# ── What has no use any more ──


def test_of_a_cancelled_booking_only_the_cancellation_is_told() -> None:
    booking = full_booking()
    message = owed(booking, "booked", "invitee")
    cancel(booking, by=Booking.By.INVITEE, now=NOW)
    Owed.objects.filter(pk=message.pk).update(state="waiting")
    assert deliver(message) == Done()
    assert state_of(message) == "superseded"
    assert deliver(owed(booking, "cancelled", "invitee")) == Done()
    assert [one.subject for one in mail.outbox] == [
        "Cancelled: Intro call with Ada Lovelace, Tue 1 Dec 16:00"
    ]


def test_a_reminder_of_an_earlier_time_or_after_the_start_is_not_sent() -> None:
    booking = full_booking()
    late = owe(booking, "reminder", "invitee")
    assert deliver(late, now=TUESDAY_THREE_PM) == Done()
    old = owe(booking, "reminder", "host")
    Booking.objects.filter(pk=booking.pk).update(sequence=1)
    assert deliver(old) == Done()
    assert [state_of(late), state_of(old)] == ["superseded", "superseded"]
    assert mail.outbox == []


def test_a_mail_that_was_sent_is_not_sent_again() -> None:
    booking = full_booking()
    give_link(booking)
    message = owed(booking, "booked", "invitee")
    assert deliver(message) == deliver(message) == Done()
    assert len(mail.outbox) == 1


def test_a_mail_whose_booking_was_erased_is_no_trouble() -> None:
    message = owed(full_booking(), "booked", "invitee")
    Owed.objects.all().delete()
    assert deliver(message) == Done()


# ── The mail server ──


def test_a_mail_crosses_a_real_connection_with_its_calendar_part_whole(mailbox: Mailbox) -> None:
    booking = full_booking()
    booking.snapshot["host"] = "Ada Löwe"
    booking.save()
    give_link(booking)
    message = owed(booking, "booked", "invitee")
    assert deliver(message) == Done()
    (came,) = mailbox.to("ina@example.com")
    assert came.sender == "bookings@koalendar.example"
    assert came.headers["Message-ID"] == message.message_id
    assert "Intro call with Ada Löwe" in came.subject
    assert came.calendar.replace("\r\n", "\n").startswith("BEGIN:VCALENDAR\nVERSION:2.0\n")
    assert came.raw.count('text/calendar; method="REQUEST"; charset="utf-8"') == 1
    assert read(came.raw.encode()).get_content_type() == "multipart/mixed"


@pytest.mark.parametrize("trouble", ["refuse", "temporary", "black_hole"])
def test_a_mail_that_the_server_does_not_take_now_is_tried_again(mailbox: Mailbox, trouble: str) -> None:
    booking = full_booking()
    give_link(booking)
    message = owed(booking, "booked", "invitee")
    mailbox.set_trouble(trouble)
    assert deliver(message) == Retry("mail_unreachable")
    assert state_of(message) == "waiting"
    mailbox.set_trouble("none")
    assert deliver(message) == Done()
    assert len(mailbox.to("ina@example.com")) == 1


def test_an_address_that_the_server_refuses_is_given_up_and_said(mailbox: Mailbox) -> None:
    booking = full_booking()
    give_link(booking)
    message = owed(booking, "booked", "invitee")
    mailbox.set_trouble("reject")
    assert deliver(message) == GiveUp("mail_refused")
    assert state_of(message) == "failed"
    mailbox.set_trouble("none")
    assert deliver(message) == Done()
    assert mailbox.messages == []


def test_a_mail_without_an_answer_goes_again_under_the_same_id(mailbox: Mailbox) -> None:
    booking = full_booking()
    give_link(booking)
    message = owed(booking, "booked", "invitee")
    mailbox.set_trouble("store_then_drop")
    assert deliver(message) == Retry("mail_unreachable")
    mailbox.set_trouble("none")
    assert deliver(message) == Done()
    assert [one.headers["Message-ID"] for one in mailbox.messages] == [message.message_id] * 2


def test_a_mail_that_was_overtaken_while_it_left_keeps_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    booking = full_booking()
    give_link(booking)
    message = owed(booking, "booked", "invitee")
    send = EmailMultiAlternatives.send

    def while_the_booking_is_cancelled(self: EmailMultiAlternatives) -> int:
        cancel(booking, by=Booking.By.HOST, now=NOW)
        return send(self)

    monkeypatch.setattr(EmailMultiAlternatives, "send", while_the_booking_is_cancelled)
    assert deliver(message) == Done()
    assert state_of(message) == "superseded"


# ── Mails about an account ──


def account_mail() -> AccountMail:
    return AccountMail.objects.create(
        recipient="ada@example.com",
        subject="Confirm your e-mail address",
        text="http://localhost:8000/confirm/secret",
        html="<p>http://localhost:8000/confirm/secret</p>",
        message_id="<a@localhost>",
    )


def test_an_account_mail_is_sent_once_and_its_text_forgotten() -> None:
    row = account_mail()
    assert deliver_account_mail(str(row.pk), now=NOW) == Done()
    assert deliver_account_mail(str(row.pk), now=NOW) == Done()
    (came,) = mail.outbox
    assert came.from_email == "Koalendar <bookings@koalendar.example>"
    assert came.extra_headers["Message-ID"] == "<a@localhost>"
    row.refresh_from_db()
    assert (row.text, row.html, row.sent_at) == ("", "", NOW)


def test_an_account_mail_keeps_its_text_while_the_server_is_away(mailbox: Mailbox) -> None:
    row = account_mail()
    mailbox.set_trouble("refuse")
    assert deliver_account_mail(str(row.pk), now=NOW) == Retry("mail_unreachable")
    mailbox.set_trouble("none")
    assert deliver_account_mail(str(row.pk), now=NOW) == Done()
    assert "secret" in mailbox.to("ada@example.com")[0].text


def test_an_account_mail_that_is_refused_is_given_up_and_forgotten(mailbox: Mailbox) -> None:
    row = account_mail()
    mailbox.set_trouble("reject")
    assert deliver_account_mail(str(row.pk), now=NOW) == GiveUp("mail_refused")
    row.refresh_from_db()
    assert (row.text, row.html, row.sent_at) == ("", "", None)
