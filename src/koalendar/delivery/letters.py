"""Turns what changed on a booking into the mail that one reader gets: words, facts, calendar object."""

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext as to_host  # What hosts alone read, in English.

from koalendar.booking.languages import OF_HOSTS, locale_of_invitee, supported
from koalendar.booking.links import answer_token_for, calendar_uid, token_for
from koalendar.booking.models import Booking, Message
from koalendar.booking.problems import NOT_CONNECTED
from koalendar.booking.queries import Whereabouts, google_invites, is_in_calendar
from koalendar.delivery import words
from koalendar.delivery.words import Fact, Scene
from koalendar.invitations import calendar, mime
from koalendar.invitations.calendar import one_line

_Audience = Message.Audience
_Kind = Message.Kind

# Zoom may list dozens of numbers; a mail names the first ones.
_DIAL_IN_NUMBERS = 6
_TEXT_WIDTH = 75


@dataclass(frozen=True, slots=True)
class Action:
    """Something a reader can press."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """What the templates show, in this order; each part may be missing. `place` is when and where."""

    brand: str
    subject: str
    preheader: str
    heading: str
    lead: Sequence[str]
    place: Sequence[Fact]
    button: Action | None
    people: Sequence[Fact]
    actions: Sequence[Action]
    why: Sequence[str]


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail before it is addressed. `invitation` and `copy` are calendar objects: the one asks to be put
    into a calendar, the other can be opened by hand."""

    subject: str
    text: str
    html: str
    sender: str
    reply_to: str
    invitation: bytes = b""
    copy: bytes = b""

    def mail(self, message: Message) -> EmailMultiAlternatives:
        """The mail to the message's recipient, its parts in the order that Outlook and Gmail read."""
        mail = EmailMultiAlternatives(
            subject=self.subject,
            body=self.text,
            from_email=self.sender,
            to=[message.recipient],
            reply_to=[self.reply_to],
            headers={
                "Message-ID": message.message_id,
                # One thread a booking, although no mail has this id.
                "References": f"<{calendar_uid(message.booking)}>",
                "Auto-Submitted": "auto-generated",
            },
        )
        mail.attach_alternative(self.html, "text/html")
        if self.invitation:
            mail.attach_alternative(*mime.alternative(self.invitation))
        if self.invitation or self.copy:
            mail.attach(*mime.attachment(self.invitation or self.copy))
        return mail


def compose(message: Message, place: Whereabouts, *, now: datetime) -> Letter:
    """The mail for `message`, with the link as `place` has it now and the times of the message's own facts.

    In the reader's zone and language; hosts read English, with dates their way. What an invitee typed
    (answers, reasons) goes to the host alone: anyone can book with anyone's address, and our mails must not
    carry strangers' texts. Only a name that nobody can take for a link stands in the invitee's own calendar
    object.
    """
    scene = _scene(message, place, now)
    with translation.override(OF_HOSTS if scene.for_host else supported(scene.locale)):
        sheet = _sheet(scene)
        invitation, copy = _calendar_objects(scene, sequence=message.sequence)
        return Letter(
            subject=sheet.subject,
            text=_narrow(render_to_string("mail/booking/letter.txt", _context(sheet))),
            html=render_to_string("mail/booking/letter.html", _context(sheet)),
            sender=sender(_("%(host)s via %(brand)s") % {"host": scene.host, "brand": sheet.brand}),
            reply_to=_reply_to(scene),
            invitation=invitation,
            copy=copy,
        )


def sender(name: str) -> str:
    """Our one sending address under `name`."""
    return _mailbox(name, sending_address())


def sending_address() -> str:
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1]


def _mailbox(name: str, address: str) -> str:
    return str(Address(display_name=one_line(name), addr_spec=address))


# ── Who reads, and what there is to tell ──


def _scene(message: Message, place: Whereabouts, now: datetime) -> Scene:
    booking, facts = message.booking, message.facts
    hosts = [hold.host for hold in booking.appointment.holds.select_related("host").order_by("pk")]
    host = next((host for host in hosts if host.email == message.recipient), hosts[0])
    for_host = message.audience == _Audience.HOST
    before = facts.get("before")
    return Scene(
        booking=booking,
        kind=_Kind(message.kind),
        audience=_Audience(message.audience),
        recipient=message.recipient,
        title=one_line(booking.snapshot["title"]),
        host=one_line(booking.snapshot["host"]),
        host_email=host.email,
        host_zone=host.zone,
        invitee=one_line(booking.invitee_name),
        # A guest has told us nothing about himself; he is likely near whoever named him.
        zone=host.zone if for_host else booking.invitee_zone,
        locale=host.locale if for_host else locale_of_invitee(booking),
        start=datetime.fromisoformat(facts["start"]),
        end=datetime.fromisoformat(facts["end"]),
        before=None if before is None else _span(before),
        by=facts.get("by", ""),
        reason=facts.get("reason", ""),
        until=_instant(facts.get("until")),
        seen=_instant(facts.get("seen")),
        is_in_calendar=is_in_calendar(booking, host) if for_host else google_invites(booking),
        place=place,
        now=now,
    )


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _span(times: Mapping[str, str]) -> tuple[datetime, datetime]:
    return datetime.fromisoformat(times["start"]), datetime.fromisoformat(times["end"])


def _sheet(scene: Scene) -> Sheet:
    return Sheet(
        brand=settings.KOALENDAR_BRAND,
        subject=one_line(words.subject(scene)),
        preheader=words.preheader(scene),
        heading=words.heading(scene),
        lead=words.lead(scene),
        place=[*words.times(scene), *_where(scene)],
        button=_button(scene),
        people=list(_people(scene)),
        actions=_actions(scene),
        why=words.why(scene),
    )


def _context(sheet: Sheet) -> dict[str, object]:
    return {"brand": sheet.brand, "letter": sheet}


def _reply_to(scene: Scene) -> str:
    if scene.for_host:
        return _mailbox(scene.invitee, scene.booking.invitee_email)
    return _mailbox(scene.host, scene.host_email)


# ── Facts ──


def _where(scene: Scene) -> Iterator[Fact]:
    if scene.has_ended:
        return
    location = scene.booking.appointment.location
    place = scene.place
    if scene.is_withheld:
        location = {name: text for name, text in location.items() if name not in ("url", "number")}
    match location.get("kind"):
        case "zoom" | "google_meet":
            yield Fact(_("Where"), words.in_room(scene))
        case "phone":
            yield Fact(_("Where"), words.phone(scene, location))
        case "in_person" if location.get("address"):
            yield Fact(_("Where"), location["address"])
        case "link" if location.get("url"):
            yield Fact(_("Where"), location["url"])
        case "link" if scene.is_withheld:
            yield Fact(_("Where"), _("Video call; link comes with the confirmation"))
    if not scene.has_link:
        return
    if place.meeting_id:
        yield Fact(_("Meeting ID"), place.spoken_id)
    if place.passcode:
        yield Fact(_("Passcode"), place.passcode)
    numbers = [f"{number['number']} ({number['country']})" for number in place.dial_in[:_DIAL_IN_NUMBERS]]
    if numbers:
        yield Fact(_("By phone"), "\n".join(numbers))


def _people(scene: Scene) -> Iterator[Fact]:
    booking = scene.booking
    yield Fact(_("What"), scene.title)
    if not scene.for_host:
        yield Fact(_("With"), scene.host)
        if scene.by == Booking.By.HOST and scene.reason:
            yield Fact(_("Reason"), scene.reason)
        if scene.audience is _Audience.INVITEE and booking.guests:
            yield Fact(_("Guests"), "\n".join(booking.guests))
        if booking.snapshot.get("description"):
            yield Fact(_("Details"), calendar.plain(booking.snapshot["description"]))
        return
    yield Fact(to_host("Invitee"), f"{scene.invitee}\n{booking.invitee_email}")
    if booking.guests:
        yield Fact(_("Guests"), "\n".join(booking.guests))
    if scene.reason:
        yield Fact(_("Reason"), scene.reason)
    yield from answers_of(booking)


def answers_of(booking: Booking) -> Iterator[Fact]:
    for question in booking.snapshot.get("questions", []):
        answer = _answer_in_words(booking.answers.get(question["code"]))
        if answer:
            yield Fact(question["label"], answer)


def _answer_in_words(answer: Any) -> str:
    match answer:
        case bool():
            return _("Yes") if answer else _("No")
        case list():
            return "\n".join(str(part) for part in answer)
        case None:
            return ""
    return str(answer)


# ── What can be pressed ──


def _button(scene: Scene) -> Action | None:
    """The one thing to do next."""
    if scene.has_ended:
        return None if scene.for_host else Action(_("Book another time"), _booking_page(scene.booking))
    if scene.kind in Message.SEEN_THERE:
        return Action(words.seen_there(scene).button, _detail_page(scene.booking))
    if scene.is_request:
        return Action(to_host("Confirm"), _answer_page(scene.booking)) if scene.for_host else None
    if scene.has_link:
        at_zoom = scene.place.kind == "zoom"
        label = _("Join Zoom meeting") if at_zoom else _("Join with Google Meet")
        return Action(label, scene.place.join_url)
    address = str(scene.booking.appointment.location.get("url", ""))
    if address.startswith(("https://", "http://")):
        return Action(_("Join"), address)
    if scene.host_must_act and scene.place.problem == NOT_CONNECTED:
        label = to_host("Connect Zoom") if scene.place.kind == "zoom" else to_host("Connect Google Calendar")
        return Action(label, _absolute("/dashboard/integrations/"))
    return None


def _actions(scene: Scene) -> list[Action]:
    """A guest gets none: what changes a booking is the invitee's alone."""
    if scene.for_host:
        if scene.kind in Message.SEEN_THERE:
            return []  # The button leads there already.
        detail = Action(to_host("Open booking in the dashboard"), _detail_page(scene.booking))
        if not scene.is_request or scene.has_ended:
            return [detail]
        # No address acts when it is opened: mail scanners do that. It leads to the form that declines.
        return [Action(to_host("Decline"), f"{_answer_page(scene.booking)}#decline"), detail]
    if scene.audience is _Audience.GUEST:
        return []
    return [Action(_("View booking"), _own_page(scene.booking)), *_changes(scene)]


def _changes(scene: Scene) -> list[Action]:
    if scene.audience is not _Audience.INVITEE or scene.has_ended:
        return []
    own = _own_page(scene.booking)
    return [Action(_("Reschedule"), f"{own}reschedule/"), Action(_("Cancel"), f"{own}cancel/")]


# These paths are public: they stand in mails that people keep.


def _own_page(booking: Booking) -> str:
    return _absolute(f"/b/{token_for(booking)}/")


def _answer_page(booking: Booking) -> str:
    return _absolute(f"/b/{answer_token_for(booking)}/answer/")


def _detail_page(booking: Booking) -> str:
    return _absolute(f"/dashboard/bookings/{booking.uid}/")


def _booking_page(booking: Booking) -> str:
    event_type = booking.appointment.event_type
    return _absolute(f"/{event_type.profile.slug}/{event_type.slug}/")


def _absolute(path: str) -> str:
    return f"{settings.KOALENDAR_BASE_URL}{path}"


# ── The calendar object ──


def _calendar_objects(scene: Scene, *, sequence: int) -> tuple[bytes, bytes]:
    """What asks to be put into a calendar, and what is only attached; either may be empty.

    A host gets no request: Outlook refuses one whose organizer it stands for. What is not agreed yet is put
    into no invitee's calendar, and so has not to be taken out of it again. What Google has put into the
    reader's calendar, or invites him to, would be there twice by a second object.
    """
    if scene.kind in (_Kind.REMINDER, *Message.SEEN_THERE) or (scene.is_request and not scene.for_host):
        return b"", b""
    if scene.is_in_calendar:
        return b"", b""
    event = _event(scene, sequence=sequence)
    if scene.for_host:
        return b"", b"" if scene.has_ended else calendar.publish(event, stamp=scene.now)
    make = calendar.cancel if scene.has_ended else calendar.request
    return make(event, stamp=scene.now), b""


def _event(scene: Scene, *, sequence: int) -> calendar.Event:
    booking = scene.booking
    attendee, guests = _invited(scene)
    return calendar.Event(
        uid=calendar_uid(booking),
        sequence=sequence,
        start=scene.start,
        end=scene.end,
        zone=booking.appointment.zone,
        summary=words.with_company(scene),
        description=_description(scene),
        location=_location(scene),
        url=_page_of(scene),
        organizer=calendar.Person(scene.host, sending_address()),
        attendee=attendee,
        guests=guests,
        conference=calendar.Conference(scene.place.join_url, scene.place.room) if scene.has_link else None,
        tentative=scene.is_request,
    )


def _page_of(scene: Scene) -> str:
    """The booking's page that is the reader's; a guest has none."""
    if scene.for_host:
        return _detail_page(scene.booking)
    return _own_page(scene.booking) if scene.audience is _Audience.INVITEE else ""


def _invited(scene: Scene) -> tuple[calendar.Person | None, tuple[calendar.Person, ...]]:
    """The invitee and his guests, as this reader may see them: a guest sees himself alone."""
    match scene.audience:
        case _Audience.HOST:
            return None, ()
        case _Audience.GUEST:
            return None, (calendar.Person("", scene.recipient),)
    guests = tuple(calendar.Person("", address) for address in scene.booking.guests)
    return calendar.Person(words.invitee_as_shown(scene), scene.recipient), guests


def _location(scene: Scene) -> str:
    """One line; of a meeting in a room the calendar shows the link instead."""
    if scene.place.has_room:
        return ""
    return next((fact.text for fact in _where(scene)), "")


def _description(scene: Scene) -> str:
    parts = [scene.booking.snapshot.get("description", "")]
    if scene.has_link:
        known = [f"{fact.term}: {fact.text}" for fact in _where(scene) if fact.term != _("Where")]
        parts.append("\n".join([f"{scene.place.room}: {scene.place.join_url}", *known]))
    parts.append("\n".join(f"{action.label}: {action.url}" for action in _changes(scene)))
    return "\n\n".join(part for part in parts if part)


# ── Plain text ──


def _narrow(text: str) -> str:
    """No line over 75 characters but addresses, which must stay whole, and no two empty lines in a row."""
    lines = []
    for line in text.strip().splitlines():
        is_address = re.fullmatch(r"\s*https?://\S+", line)
        lines.extend([line] if is_address else textwrap.wrap(line, _TEXT_WIDTH) or [""])
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)) + "\n"
