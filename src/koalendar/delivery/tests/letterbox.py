"""Bookings with everything that a mail can tell, and what arrives of it."""

from datetime import datetime, timedelta
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from typing import Any

import icalendar
from django.core import mail

from koalendar.booking.models import Booking
from koalendar.booking.models import Message as Owed
from koalendar.delivery.mail import deliver_message
from koalendar.delivery.outcomes import Done, Outcome
from tests.people import NOW, ada, make_booking, make_event_type

JOIN_URL = "https://us05web.zoom.us/j/85412345678?pwd=secret.1"
START_URL = "https://us05web.zoom.us/s/85412345678?zak=bearer"
TUESDAY_THREE_PM = datetime.fromisoformat("2026-12-01T15:00:00+00:00")
KINDS = ["booked", "rescheduled", "cancelled", "link_here", "reminder"]
AUDIENCES = ["invitee", "host", "guest"]


def full_booking(**wish: Any) -> Booking:
    """Ada in New York, Ina in Paris with a guest; questions and a description."""
    if not wish.get("event_type"):
        host = ada()
        host.zone = "America/New_York"
        host.save(update_fields=["zone"])
        wish["event_type"] = make_event_type(
            host,
            description="Bring your drawings.",
            questions=[{"code": "topic", "label": "Topic", "kind": "short_text", "required": True}],
            reminders=[60],
        )
    defaults: dict[str, Any] = {
        "start": TUESDAY_THREE_PM,
        "guests": ["gus@example.com"],
        "answers": {"topic": "The engine, see https://spam.example"},
    }
    booking = make_booking(**(defaults | wish))
    booking.appointment.zone = "America/New_York"
    booking.appointment.save(update_fields=["zone"])
    return booking


def give_link(booking: Booking) -> None:
    """The meeting is ready, as the delivery step would record it."""
    booking.appointment.meetings.update(
        state="present",
        remote_id="85412345678",
        join_url=JOIN_URL,
        passcode="k4x&Zq",
        dial_in=[{"country": "US", "number": "+1 646 558 8656"}],
    )


def owed(booking: Booking, kind: str, audience: str) -> Owed:
    return booking.messages.get(kind=kind, audience=audience)


def owe(booking: Booking, kind: str, audience: str, **facts: Any) -> Owed:
    """A mail owed out of the blue, with the facts that its kind has."""
    recipient = {"invitee": booking.invitee_email, "host": ada().email, "guest": "gus@example.com"}[audience]
    booking.messages.filter(audience=audience, state="waiting").exclude(kind=kind).update(state="sent")
    start, end = booking.appointment.start, booking.appointment.end
    known: dict[str, Any] = {"start": start.isoformat(), "end": end.isoformat()}
    if kind in ("rescheduled", "cancelled"):
        known |= {"by": "invitee", "reason": "A train, see https://spam.example"}
    if kind == "rescheduled":
        day = timedelta(days=1)
        known["before"] = {"start": (start - day).isoformat(), "end": (end - day).isoformat()}
    if kind == "cancelled":
        Booking.objects.filter(pk=booking.pk).update(status="cancelled")
    values = {"facts": known | facts, "message_id": f"<{kind}-{audience}@localhost>", "created_at": NOW}
    message, _ = booking.messages.update_or_create(
        audience=audience, kind=kind, recipient=recipient, sequence=booking.sequence, defaults=values
    )
    return message


def deliver(message: Owed, *, now: datetime = NOW) -> Outcome:
    return deliver_message(str(message.pk), now=now)


def arrived(message: Owed, *, now: datetime = NOW) -> EmailMessage:
    """What is handed over for `message`, read back from its bytes."""
    assert deliver(message, now=now) == Done()
    return read(raw_of(mail.outbox[-1]))


def raw_of(sent: Any) -> bytes:
    """The bytes that Django's SMTP backend gives to smtplib."""
    raw = sent.message().as_bytes(linesep="\r\n")
    assert isinstance(raw, bytes)
    return raw


def read(raw: bytes) -> EmailMessage:
    message = BytesParser(policy=default).parsebytes(raw)
    assert isinstance(message, EmailMessage)
    return message


def parts(message: EmailMessage, content_type: str) -> list[Any]:
    return [part for part in message.walk() if part.get_content_type() == content_type]


def text_of(message: EmailMessage) -> str:
    return str(parts(message, "text/plain")[0].get_content()).replace("\r\n", "\n")


def html_of(message: EmailMessage) -> str:
    return str(parts(message, "text/html")[0].get_content())


def everything_in(message: EmailMessage) -> str:
    """Headers and the decoded content of every part."""
    leaves: list[Any] = [part for part in message.walk() if not part.is_multipart()]
    contents = [part.get_payload(decode=True).decode() for part in leaves]
    return "\n".join([*(f"{name}: {value}" for name, value in message.items()), *contents])


def calendar_of(message: EmailMessage) -> icalendar.Calendar:
    (part,) = parts(message, "text/calendar")
    return icalendar.Calendar.from_ical(part.get_content())


def event_of(calendar: icalendar.Calendar) -> Any:
    """The one event; untyped, since the library types each property as any of its thirty kinds."""
    (event,) = calendar.walk("VEVENT")
    return event
