"""What the calendar event of an appointment says: title, place, text, and by which properties it is known.

The event is the host's own and others may read his calendar: it carries no capability of the invitee's. Where
Google invites, invitee and guests read it too: then it says what they may all know, in no stranger's words.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import override

from koalendar.booking.languages import OF_HOSTS
from koalendar.booking.links import token_for
from koalendar.booking.models import Appointment, Booking, CalendarCopy
from koalendar.booking.queries import Whereabouts
from koalendar.connections.provider import EventSpec
from koalendar.delivery.letters import answers_of
from koalendar.delivery.words import Fact, is_linkable
from koalendar.invitations.calendar import one_line, plain

OURS, BOOKING, COPY, GENERATION = "koalendar", "booking", "copy", "generation"
_DIAL_IN_NUMBERS = 6


def instance() -> str:
    """What events of ours carry under `OURS`: the name of this site's host, so no other site's match."""
    return urlsplit(settings.KOALENDAR_BASE_URL).hostname or ""


def event_id(row: CalendarCopy) -> str:
    """Ours alone and never used before: Google takes 0-9 and a-v, and a deleted event keeps its id."""
    return f"{row.uid.hex}{row.generation}"


def spec_for(
    appointment: Appointment, booking: Booking, row: CalendarCopy, place: Whereabouts, *, conference: str = ""
) -> EventSpec:
    """The event as it should be, in the hosts' language."""
    with override(OF_HOSTS):
        is_tentative = appointment.status == Appointment.Status.TENTATIVE
        page = settings.KOALENDAR_BASE_URL + reverse("dashboard-booking", args=[booking.uid])
        blocks = _for_all(booking, place) if row.is_inviting else _for_host(booking, place, page)
        return EventSpec(
            summary=_summary(booking, is_tentative=is_tentative, is_inviting=row.is_inviting),
            description=_html(blocks),
            location=_location(appointment, booking, place, is_inviting=row.is_inviting),
            start=appointment.start,
            end=appointment.end,
            zone=appointment.zone,
            is_tentative=is_tentative,
            source_title=settings.KOALENDAR_BRAND,
            source_url=page,
            properties={
                OURS: instance(),
                BOOKING: str(booking.uid),
                COPY: str(row.uid),
                GENERATION: str(row.generation),
            },
            invitees=_invited(booking) if row.is_inviting and not is_tentative else (),
            conference=conference,
        )


def fingerprint(spec: EventSpec) -> str:
    """Tells whether the provider was told of the event as it should be now."""
    facts = asdict(spec) | {"start": spec.start.isoformat(), "end": spec.end.isoformat()}
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _summary(booking: Booking, *, is_tentative: bool, is_inviting: bool) -> str:
    names = {
        "title": one_line(booking.snapshot["title"]),
        "invitee": _name(booking, is_inviting=is_inviting),
        "host": one_line(booking.snapshot["host"]),
    }
    summary = _("%(title)s: %(invitee)s and %(host)s") % names
    return f"?? {summary}" if is_tentative else summary


def _name(booking: Booking, *, is_inviting: bool) -> str:
    """Google mails the title to whoever is invited: there, a name that is something to press is none."""
    name = one_line(booking.invitee_name)
    return booking.invitee_email if is_inviting and is_linkable(name) else name


def _invited(booking: Booking) -> tuple[str, ...]:
    return tuple(dict.fromkeys([booking.invitee_email, *booking.guests]))


def _location(appointment: Appointment, booking: Booking, place: Whereabouts, *, is_inviting: bool) -> str:
    where = appointment.location
    match where.get("kind"):
        case "phone":
            return _by_phone(booking, where, is_inviting=is_inviting)
        case "in_person":
            return one_line(str(where.get("address", "")))
        case "link":
            return str(where.get("url", ""))
    return place.join_url if place.kind == "zoom" else ""  # Google shows the Meet of an event by itself.


def _by_phone(booking: Booking, where: dict[str, object], *, is_inviting: bool) -> str:
    """A number of the invitee's is told to the host alone."""
    names = {"invitee": one_line(booking.invitee_name), "number": one_line(str(where.get("number") or ""))}
    if is_inviting:
        return _("By phone")
    if where.get("who_calls") == "invitee":
        return _("%(invitee)s calls you on %(number)s") % names
    return _("You call %(invitee)s on %(number)s") % names


# ── The text ──

_Line = Fact | SafeString
_Block = list[_Line]


def _for_host(booking: Booking, place: Whereabouts, page: str) -> Iterator[_Block]:
    yield _joining(place)
    invitee = f"{one_line(booking.invitee_name)}, {booking.invitee_email}, {booking.invitee_zone}"
    people = [Fact(_("Invitee"), invitee)]
    if booking.guests:
        people.append(Fact(_("Guests"), ", ".join(booking.guests)))
    yield [*people]
    is_request = booking.status == Booking.Status.PENDING
    label = _("Confirm or decline this request") if is_request else _("Open booking in the dashboard")
    yield [format_html('<a href="{}">{}</a>', page, label)]
    yield [*answers_of(booking)]  # Last, as the part that may be long, and is cut then.


def _for_all(booking: Booking, place: Whereabouts) -> Iterator[_Block]:
    """What Google mails to invitee and guests. Only a lone invitee may change the booking by its link."""
    yield _joining(place)
    if not booking.guests:
        own = f"{settings.KOALENDAR_BASE_URL}/b/{token_for(booking)}/"
        yield [format_html('<a href="{}">{}</a>', own, _("View, reschedule or cancel"))]
    described = plain(str(booking.snapshot.get("description", "")))
    yield [escape(line) for line in described.splitlines()]


def _joining(place: Whereabouts) -> _Block:
    if place.kind != "zoom" or not place.join_url:
        return []
    link = format_html('Zoom: <a href="{}">{}</a>', place.join_url, place.join_url)
    known = []
    if place.meeting_id:
        known.append(Fact(_("Meeting ID"), place.spoken_id))
    if place.passcode:
        known.append(Fact(_("Passcode"), place.passcode))
    numbers = [f"{each['number']} ({each['country']})" for each in place.dial_in[:_DIAL_IN_NUMBERS]]
    if numbers:
        known.append(Fact(_("By phone"), ", ".join(numbers)))
    return [link, *known]


def _html(blocks: Iterable[_Block]) -> str:
    """Blocks with an empty line between them, every value escaped."""
    return "<br><br>".join("<br>".join(_escaped(line) for line in block) for block in blocks if block)


def _escaped(line: _Line) -> str:
    if isinstance(line, Fact):
        text = "<br>".join(escape(part) for part in plain(line.text).splitlines())
        return f"{escape(one_line(line.term))}: {text}"
    return str(line)
