"""Calendar objects keep the rules of RFC 5545 and 5546, whatever people type."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from koalendar.invitations.calendar import Person, cancel, one_line, plain, publish, request
from koalendar.invitations.tests.makers import ADA, BEN, INA, STAMP, START, ZOOM, make_event

ZONES = [
    "Europe/Paris",
    "Europe/Dublin",
    "Africa/Casablanca",
    "America/New_York",
    "America/St_Johns",
    "America/Nuuk",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "UTC",
]


def parsed(content: bytes) -> Any:
    """The calendar, and its one event."""
    calendar = icalendar.Calendar.from_ical(content)
    (event,) = calendar.walk("VEVENT")
    return calendar, event


def people(event: Any, name: str) -> list[Any]:
    found = event.get(name, [])
    return found if isinstance(found, list) else [found]


def test_a_request_carries_all_that_a_calendar_needs() -> None:
    content = request(
        make_event(
            location="https://zoom.example/j/85412345678",
            description="Bring questions.",
            url="https://koalendar.example/b/token/",
            conference=ZOOM,
            sequence=2,
        ),
        stamp=STAMP,
    )
    calendar, event = parsed(content)
    assert calendar["METHOD"] == "REQUEST"
    assert calendar["VERSION"] == "2.0"
    assert calendar["PRODID"] == "-//Koalendar//Koalendar//EN"
    assert event["UID"] == "4b1f9c2e@koalendar.example"
    assert event["SEQUENCE"] == 2
    assert event["STATUS"] == "CONFIRMED"
    assert event["SUMMARY"] == "Intro call"
    assert event["LOCATION"] == "https://zoom.example/j/85412345678"
    assert event["URL"] == "https://koalendar.example/b/token/"
    assert event["DESCRIPTION"] == f"Bring questions.\n\nZoom: {ZOOM.url}"
    assert b"DTSTAMP:20261124T100000Z\r\n" in content
    assert b"DTSTART;TZID=Europe/Paris:20261203T090000\r\n" in content
    assert b"DTEND;TZID=Europe/Paris:20261203T093000\r\n" in content


def test_organizer_and_attendee_are_mailto_addresses_and_no_reply_is_asked_for() -> None:
    _, event = parsed(request(make_event(), stamp=STAMP))
    (organizer,) = people(event, "ORGANIZER")
    (attendee,) = people(event, "ATTENDEE")
    assert organizer == "mailto:bookings@koalendar.example"
    assert organizer.params == {"CN": "Ada Lovelace"}
    assert attendee == "mailto:ina@example.com"
    assert attendee.params == {
        "CN": "Ina Berg",
        "CUTYPE": "INDIVIDUAL",
        "ROLE": "REQ-PARTICIPANT",
        "PARTSTAT": "ACCEPTED",
        "RSVP": "FALSE",
    }


def test_guests_have_not_accepted_and_nobody_is_invited_twice() -> None:
    again = Person("Ina again", "INA@example.com")
    _, event = parsed(request(make_event(guests=(BEN, again, BEN)), stamp=STAMP))
    states = {str(person): person.params["PARTSTAT"] for person in people(event, "ATTENDEE")}
    assert states == {"mailto:ina@example.com": "ACCEPTED", "mailto:ben@example.com": "NEEDS-ACTION"}


def test_the_call_is_given_as_conference_and_as_location_and_in_the_description() -> None:
    content = request(make_event(conference=ZOOM), stamp=STAMP)
    _, event = parsed(content)
    assert event["LOCATION"] == ZOOM.url
    assert event["DESCRIPTION"] == f"Zoom: {ZOOM.url}"
    (conference,) = event.conferences
    assert (conference.uri, conference.label, conference.feature) == (ZOOM.url, "Zoom", "VIDEO")
    assert b"CONFERENCE;FEATURE=VIDEO;LABEL=Zoom;VALUE=URI:https" in content.replace(b"\r\n ", b"")


def test_a_description_that_has_the_link_gets_no_second_one() -> None:
    _, event = parsed(request(make_event(conference=ZOOM, description=f"Join: {ZOOM.url}"), stamp=STAMP))
    assert event["DESCRIPTION"] == f"Join: {ZOOM.url}"


def test_a_reschedule_keeps_the_uid_and_raises_the_sequence() -> None:
    moved = make_event(sequence=1, start=START + timedelta(days=1), end=START + timedelta(days=1, minutes=30))
    _, before = parsed(request(make_event(), stamp=STAMP))
    _, after = parsed(request(moved, stamp=STAMP + timedelta(hours=1)))
    assert after["UID"] == before["UID"]
    assert after["SEQUENCE"] > before["SEQUENCE"]
    assert after["DTSTAMP"].dt > before["DTSTAMP"].dt


def test_what_the_host_has_not_confirmed_is_tentative() -> None:
    for make in (request, publish):
        _, event = parsed(make(make_event(tentative=True), stamp=STAMP))
        assert event["STATUS"] == "TENTATIVE"


def test_a_cancellation_names_the_same_event_and_whom_it_no_longer_invites() -> None:
    content = cancel(make_event(sequence=3, tentative=True, guests=(BEN,), conference=ZOOM), stamp=STAMP)
    calendar, event = parsed(content)
    assert calendar["METHOD"] == "CANCEL"
    assert event["STATUS"] == "CANCELLED"
    assert event["UID"] == make_event().uid
    assert event["SEQUENCE"] == 3
    assert event["SUMMARY"] == "Intro call"
    assert event["DTSTART"].dt == START
    assert people(event, "ORGANIZER") == ["mailto:bookings@koalendar.example"]
    assert people(event, "ATTENDEE") == ["mailto:ina@example.com", "mailto:ben@example.com"]
    assert b"VALARM" not in content


def test_a_cancellation_no_longer_leads_to_the_call() -> None:
    assert b"zoom.example" not in cancel(make_event(conference=ZOOM), stamp=STAMP)


def test_a_published_copy_has_an_organizer_and_no_attendee() -> None:
    calendar, event = parsed(publish(make_event(guests=(BEN,)), stamp=STAMP))
    assert calendar["METHOD"] == "PUBLISH"
    assert people(event, "ORGANIZER") == ["mailto:bookings@koalendar.example"]
    assert people(event, "ATTENDEE") == []


@pytest.mark.parametrize("make", [request, cancel])
def test_an_invitation_to_nobody_is_refused(make: Any) -> None:
    with pytest.raises(ValueError, match="attendee"):
        make(make_event(attendee=None), stamp=STAMP)


def test_times_without_a_zone_and_ends_before_the_start_are_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        make_event(start=datetime(2026, 12, 3, 8, 0))  # noqa: DTZ001 - the naive time is what is tested
    with pytest.raises(ValueError, match="before it starts"):
        make_event(end=START - timedelta(minutes=1))


def parameter(text: str) -> str:
    """How a name is written where the format has no room for quotes and backslashes."""
    return one_line(text).replace('"', "'").replace("\\", "/")


# Time zones.


def wall_to_utc(timezone: Any, wall: datetime) -> datetime:
    """What a receiver makes of a local time that knows nothing of the zone but this VTIMEZONE."""
    onsets: list[tuple[datetime, timedelta]] = [
        (part["DTSTART"].dt, part["TZOFFSETTO"].td) for part in timezone.subcomponents
    ]
    _, offset = max((onset for onset in onsets if onset[0] <= wall), key=lambda onset: onset[0])
    return (wall - offset).replace(tzinfo=UTC)


def told_instants(content: bytes) -> tuple[datetime, datetime]:
    """Start and end by the bytes alone, without tzdb; the TZID must be the VTIMEZONE's."""
    lines = content.decode().replace("\r\n ", "").split("\r\n")
    timezones = icalendar.Calendar.from_ical(content).walk("VTIMEZONE")
    event = lines[lines.index("BEGIN:VEVENT") :]
    instants = []
    for name in ("DTSTART", "DTEND"):
        parameters, value = next(line for line in event if line.startswith(name)).split(":", 1)
        wall = datetime.strptime(value.removesuffix("Z"), "%Y%m%dT%H%M%S")  # noqa: DTZ007 - a wall time
        if value.endswith("Z"):
            assert parameters == name
            assert not timezones
            instants.append(wall.replace(tzinfo=UTC))
        else:
            (timezone,) = timezones
            assert parameters == f"{name};TZID={timezone['TZID']}"
            instants.append(wall_to_utc(timezone, wall))
    return instants[0], instants[1]


@pytest.mark.parametrize("zone", ZONES)
def test_a_receiver_without_tzdb_finds_the_same_instants_around_every_clock_change(zone: str) -> None:
    rules = ZoneInfo(zone)
    noons = [datetime(2026, 1, 1, 12, tzinfo=UTC) + timedelta(days=number) for number in range(365)]
    for noon in noons:
        next_noon = noon + timedelta(days=1)
        if noon.astimezone(rules).utcoffset() == next_noon.astimezone(rules).utcoffset():
            continue
        for half_hours in range(48):
            start = noon + timedelta(minutes=15 + 30 * half_hours)
            event = make_event(zone=zone, start=start, end=start + timedelta(minutes=30))
            assert told_instants(publish(event, stamp=STAMP)) == (event.start, event.end)


@given(
    minute=st.integers(0, 60 * 24 * 365 * 20),
    length=st.integers(5, 1440),
    zone=st.sampled_from(ZONES),
)
@settings(max_examples=100, deadline=None)
def test_any_time_of_twenty_years_comes_back_as_the_same_instant(minute: int, length: int, zone: str) -> None:
    start = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
    event = make_event(zone=zone, start=start, end=start + timedelta(minutes=length))
    assert told_instants(publish(event, stamp=STAMP)) == (event.start, event.end)


def test_the_onset_of_summer_time_is_written_as_clocks_show_it_just_before() -> None:
    calendar, _ = parsed(request(make_event(), stamp=STAMP))
    (timezone,) = calendar.walk("VTIMEZONE")
    onsets = [
        (
            part.name,
            part["DTSTART"].dt.isoformat(),
            part["TZOFFSETFROM"].to_ical(),
            part["TZOFFSETTO"].to_ical(),
        )
        for part in timezone.subcomponents
    ]
    assert onsets == [
        ("DAYLIGHT", "2026-06-03T02:00:00", "+0200", "+0200"),
        ("STANDARD", "2026-10-25T03:00:00", "+0200", "+0100"),
        ("DAYLIGHT", "2027-03-28T02:00:00", "+0100", "+0200"),
    ]


def test_the_zone_takes_little_room_and_is_described_once() -> None:
    content = request(make_event(), stamp=STAMP)
    timezone = content[content.index(b"BEGIN:VTIMEZONE") : content.index(b"BEGIN:VEVENT")]
    assert len(timezone) < 600
    assert timezone.count(b"BEGIN:VTIMEZONE") == 1


@pytest.mark.parametrize("zone", ["UTC", "Etc/UTC"])
def test_utc_needs_no_zone(zone: str) -> None:
    content = request(make_event(zone=zone), stamp=STAMP)
    assert b"DTSTART:20261203T080000Z\r\n" in content
    assert b"TZID" not in content


@pytest.mark.parametrize(
    ("zone", "start"),
    [
        ("Europe/Paris", datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
        ("Australia/Lord_Howe", datetime(2026, 4, 4, 15, 15, tzinfo=UTC)),
    ],
)
def test_the_second_of_a_repeated_hour_is_told_in_utc(zone: str, start: datetime) -> None:
    event = make_event(zone=zone, start=start, end=start + timedelta(hours=1))
    content = request(event, stamp=STAMP)
    assert f"DTSTART:{start:%Y%m%dT%H%M%SZ}\r\n".encode() in content
    assert b"TZID" not in content


# What people type.

HOSTILE = [
    "Intro\r\nATTENDEE:mailto:eve@example.com",
    "Intro\nATTENDEE:mailto:eve@example.com",
    "Intro\rBEGIN:VALARM",
    "Intro\u2028END:VEVENT",
    "Intro\x85END:VEVENT",
    "Intro\x0bEND:VEVENT\x0c",
    'a,b;c:d\\n"quoted" ^n ^\' \\',
    "nul\x00bell\x07",
    ";VALUE=URI:https://evil.example",
    "\ud800 half a pair",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_can_add_a_line_of_its_own(text: str) -> None:
    person = Person(text, INA.email)
    event = make_event(
        summary=text, description=text, location=text, organizer=Person(text, ADA.email), attendee=person
    )
    content = request(event, stamp=STAMP)
    names = [re.split("[;:]", line)[0] for line in content.decode().replace("\r\n ", "").splitlines()]
    harmless = request(make_event(description="x", location="x"), stamp=STAMP)
    assert names == [
        re.split("[;:]", line)[0] for line in harmless.decode().replace("\r\n ", "").splitlines()
    ]
    _, entry = parsed(content)
    assert entry["SUMMARY"] == entry["LOCATION"] == one_line(text)
    assert entry["DESCRIPTION"] == plain(text)
    assert entry["ATTENDEE"].params["CN"] == parameter(text)


def test_an_address_cannot_leave_its_place() -> None:
    attendee = Person("Ina", "ina@example.com\r\nATTENDEE:mailto:eve@example.com")
    _, event = parsed(request(make_event(attendee=attendee), stamp=STAMP))
    assert people(event, "ATTENDEE") == ["mailto:ina@example.com%0D%0AATTENDEE%3Amailto%3Aeve@example.com"]


def test_ordinary_addresses_are_written_as_they_are() -> None:
    attendee = Person("", "ina.berg+calls_2@sub-domain.example.com")
    _, event = parsed(request(make_event(attendee=attendee), stamp=STAMP))
    assert event["ATTENDEE"] == "mailto:ina.berg+calls_2@sub-domain.example.com"
    assert "CN" not in event["ATTENDEE"].params


@given(text=st.text(max_size=400), name=st.text(max_size=100))
@settings(max_examples=80, deadline=None)
def test_any_text_comes_back_as_it_was_in_lines_of_75_octets(text: str, name: str) -> None:
    event = make_event(summary=text, description=text, attendee=Person(name, INA.email))
    content = request(event, stamp=STAMP)
    assert content.endswith(b"\r\n")
    assert b"\n" not in content.replace(b"\r\n", b"")
    assert b"\r" not in content.replace(b"\r\n", b"")
    assert max(len(line) for line in content.split(b"\r\n")) <= 75
    _, entry = parsed(content)
    assert entry["SUMMARY"] == one_line(text)
    assert entry.get("DESCRIPTION", "") == plain(text)
    assert entry["ATTENDEE"].params.get("CN", "") == parameter(name)


def test_text_without_oddities_is_left_alone() -> None:
    text = "Zoë’s 2nd call 🐨\n\n\tfirst, then: a;b\\c\n"
    assert plain(text) == text.rstrip("\n")


def test_every_clock_change_within_a_long_event_is_described() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    event = make_event(start=start, end=start + timedelta(days=365))
    assert told_instants(publish(event, stamp=STAMP)) == (event.start, event.end)
