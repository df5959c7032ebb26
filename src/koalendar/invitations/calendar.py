"""An appointment as an iCalendar object that calendars accept as invitation, change or cancellation.

The rules are those of RFC 5545 (the format), RFC 5546 (who sends which METHOD when) and RFC 7986
(CONFERENCE).
"""

import unicodedata
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import quote
from zoneinfo import ZoneInfo

import icalendar

from koalendar.invitations.timezones import describe

_PRODUCT = "-//Koalendar//Koalendar//EN"

# RFC 6068, section 2: besides letters, digits and "-._~" only these stand in a mailto address as they are.
_PLAIN_IN_ADDRESS = "@+!$'*"

_Status = Literal["CONFIRMED", "TENTATIVE", "CANCELLED"]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in an invitation: the name to show and a bare e-mail address."""

    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Conference:
    """Where the video call is. `label` names the service: "Zoom"."""

    url: str
    label: str


@dataclass(frozen=True, slots=True)
class Event:
    """What a calendar is told about one appointment.

    - `uid` stays for the life of a booking; `sequence` rises with every change of time or status, and for
      the cancellation (RFC 5546, section 2.1.4).
    - `start` and `end` are aware; `zone` is the IANA name of the zone in which calendars show them.
    - `summary` and `location` are one line, `description` may have several; all three are plain text from
      anybody.
    - `url` is an address of our own where the booking can be changed, or "".
    - `organizer` has the address that sends the mail: programs distrust an organizer who is not the sender.
    - `attendee` is who the mail goes to; `guests` are those invited besides.
    - `tentative`: the host has not confirmed yet.

    ValueError for a time without a zone, and for an end before the start. An unknown `zone` is found out when
    the object is made (ZoneInfoNotFoundError).
    """

    uid: str
    sequence: int
    start: datetime
    end: datetime
    zone: str
    summary: str
    description: str
    location: str
    url: str
    organizer: Person
    attendee: Person | None
    guests: tuple[Person, ...] = ()
    conference: Conference | None = None
    tentative: bool = False

    def __post_init__(self) -> None:
        if self.start.utcoffset() is None or self.end.utcoffset() is None:
            raise ValueError("start and end of an event need a time zone")
        if self.end < self.start:
            raise ValueError("an event cannot end before it starts")

    @property
    def place(self) -> str:
        """The location; without one the address of the call, which calendars turn into a link."""
        return self.location or (self.conference.url if self.conference else "")

    @property
    def details(self) -> str:
        """The description, with the address of the call at its end if it is not in there yet."""
        if self.conference is None or self.conference.url in self.description:
            return self.description
        call = f"{self.conference.label}: {self.conference.url}"
        return f"{self.description}\n\n{call}" if self.description else call


def request(event: Event, *, stamp: datetime) -> bytes:
    """The invitation, and with a higher `sequence` each change to it (RFC 5546, section 3.2.2).

    `stamp` is when this object is made, aware; between two objects of one sequence the later one counts.
    ValueError if nobody is invited.
    """
    _require_attendee(event)
    return _object(event, "REQUEST", stamp, "TENTATIVE" if event.tentative else "CONFIRMED")


def cancel(event: Event, *, stamp: datetime) -> bytes:
    """Takes the appointment off calendars (RFC 5546, section 3.2.5).

    Its `sequence` must be higher than that of the last request. Start, end and summary are repeated for
    people who never saw the invitation. ValueError if nobody is invited.
    """
    _require_attendee(event)
    # The call is taken down with the appointment; its address would only mislead.
    return _object(replace(event, conference=None), "CANCEL", stamp, "CANCELLED")


def publish(event: Event, *, stamp: datetime) -> bytes:
    """A copy without attendees, to which nobody is asked to answer (RFC 5546, section 3.2.1).

    For the host, whom Outlook refuses a request of their own, and for files to download.
    """
    return _object(event, "PUBLISH", stamp, "TENTATIVE" if event.tentative else "CONFIRMED")


def _require_attendee(event: Event) -> None:
    if event.attendee is None and not event.guests:
        raise ValueError("an invitation or cancellation needs an attendee")


def _object(event: Event, method: str, stamp: datetime, status: _Status) -> bytes:
    calendar = icalendar.Calendar()
    calendar.add("PRODID", _PRODUCT)
    calendar.add("VERSION", "2.0")
    calendar.add("METHOD", method)
    start, end = event.start.astimezone(UTC), event.end.astimezone(UTC)
    zone = ZoneInfo(event.zone)
    if _can_be_told_in(zone, start, end):
        calendar.add_component(describe(zone, start, end))
        start, end = start.astimezone(zone), end.astimezone(zone)
    entry = icalendar.Event()
    entry.add("UID", event.uid)
    entry.add("SEQUENCE", event.sequence)
    entry.add("DTSTAMP", stamp.astimezone(UTC))
    entry.add("DTSTART", start)
    entry.add("DTEND", end)
    entry.add("STATUS", status)
    _add_texts(entry, event)
    entry.add("ORGANIZER", _address(event.organizer))
    if method != "PUBLISH":
        for attendee in _attendees(event):
            entry.add("ATTENDEE", attendee)
    if event.conference is not None:
        entry.conferences = [_call(event.conference)]
    calendar.add_component(entry)
    return bytes(calendar.to_ical())


def _can_be_told_in(zone: ZoneInfo, start: datetime, end: datetime) -> bool:
    """Whether wall times say what is meant. Not in the second of a repeated hour, nor for UTC itself.

    RFC 5545, section 3.3.5: a local time that comes twice means the first, and UTC has no TZID. Such events
    are written in UTC, which is never in doubt.
    """
    if zone.key in {"UTC", "Etc/UTC"}:
        return False
    return not (start.astimezone(zone).fold or end.astimezone(zone).fold)


def _add_texts(entry: icalendar.Event, event: Event) -> None:
    entry.add("SUMMARY", one_line(event.summary))
    for name, text in [("DESCRIPTION", plain(event.details)), ("LOCATION", one_line(event.place))]:
        if text:
            entry.add(name, text)
    if event.url:
        entry.add("URL", event.url)


def _call(conference: Conference) -> icalendar.Conference:
    return icalendar.Conference(conference.url, feature="VIDEO", label=_parameter(conference.label))


def _attendees(event: Event) -> list[icalendar.vCalAddress]:
    """Each address once, the first counts: RFC 5546 allows no second ATTENDEE with the same address.

    We read no replies, so none is asked for. The attendee chose the time and has accepted; the others have
    not been asked.
    """
    states = {}
    if event.attendee is not None:
        states[event.attendee.email.casefold()] = (event.attendee, "ACCEPTED")
    for guest in event.guests:
        states.setdefault(guest.email.casefold(), (guest, "NEEDS-ACTION"))
    attendees = []
    for person, state in states.values():
        attendee = _address(person)
        attendee.params["CUTYPE"] = "INDIVIDUAL"
        attendee.params["ROLE"] = "REQ-PARTICIPANT"
        attendee.params["PARTSTAT"] = state
        attendee.params["RSVP"] = "FALSE"
        attendees.append(attendee)
    return attendees


def _address(person: Person) -> icalendar.vCalAddress:
    address = icalendar.vCalAddress("mailto:" + quote(person.email, safe=_PLAIN_IN_ADDRESS))
    name = _parameter(person.name)
    if name:
        address.params["CN"] = name
    return address


def _parameter(text: str) -> str:
    # A parameter cannot hold a double quote, and old programs show its escape (RFC 6868) as it is. Some
    # programs take a backslash for an escape here, and a last one would swallow the next parameter.
    return one_line(text).replace('"', "'").replace("\\", "/")


def plain(text: str) -> str:
    """The text with newlines as its only line breaks, and without control characters but the tab.

    Escaping is left to the library; this takes away what the format cannot hold at all (RFC 5545, section
    3.3.11), and characters that some readers take for the end of a line.
    """
    lines = "\n".join(text.splitlines())
    return "".join(char for char in lines if char in "\n\t" or unicodedata.category(char) not in {"Cc", "Cs"})


def one_line(text: str) -> str:
    """The text on one line, without control characters, with single spaces."""
    return " ".join(plain(text).split())
