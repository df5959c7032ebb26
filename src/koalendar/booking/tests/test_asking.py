"""What an invitee may ask for, as a program sends it."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from koalendar.booking.actions import Invitee, Wish, book
from koalendar.booking.asking import wish_for
from koalendar.booking.models import EventType
from tests.people import NOW, TUESDAY_NINE, make_connection, make_event_type

pytestmark = pytest.mark.django_db

HOSTILE: list[Any] = [
    True,
    -1,
    10**30,
    1.5,
    "\0",
    "\ud800",
    "a\x07\nb",
    "x" * 100_000,
    ["x"] * 1000,
    [[[]]],
    [None],
    [{}],
    {"kind": ["zoom"]},
    {"kind": "phone", "number": ["+33612345678"]},
    {"topic": {"text": "x"}, "\0": []},
    {"topic": "x", "lang": ["English"], "parts": "Mill", "read": "yes", "desk": 5},
    {"topic": "x", "lang": "English", "parts": [["Mill"]], "read": 1, "desk": "\0"},
    datetime(2026, 12, 1, 9, 0),  # noqa: DTZ001  # Naive on purpose.
    datetime.max.replace(tzinfo=timezone(timedelta(hours=-14))),
    datetime.min.replace(tzinfo=timezone(timedelta(hours=14))),
]

QUESTIONS = [
    {"code": "topic", "label": "Topic", "kind": "long_text", "required": True},
    {"code": "nick", "label": "Nick", "kind": "short_text"},
    {
        "code": "lang",
        "label": "Language",
        "kind": "choice",
        "required": True,
        "choices": ["English", "French"],
    },
    {"code": "parts", "label": "Parts", "kind": "choices", "choices": ["Mill", "Store"]},
    {"code": "read", "label": "Read", "kind": "checkbox", "required": True},
    {"code": "desk", "label": "Desk phone", "kind": "phone"},
]
ANSWERS: dict[str, Any] = {"topic": "Engines\nand more", "lang": "French", "read": True}
PLACES = [
    {"kind": "zoom", "connection": None},
    {"kind": "phone", "who_calls": "host"},
    {"kind": "phone", "who_calls": "invitee", "number": "+44 20 7946 0000"},
    {"kind": "in_person", "address": "12 St James's Square"},
    {"kind": "in_person", "address": "Dorset Street"},
]


def wish(event_type: EventType, **sent: Any) -> Wish:
    usual: dict[str, Any] = {
        "start": TUESDAY_NINE, "duration": None, "location": None, "name": "Ina Berg",
        "email": "ina@example.com", "zone": "Europe/Paris", "locale": "fr", "guests": [], "answers": {},
    }  # fmt: skip
    return wish_for(event_type, **(usual | sent))


def refused(event_type: EventType, **sent: Any) -> dict[str, list[str | None]]:
    with pytest.raises(ValidationError) as refusal:
        wish(event_type, **sent)
    return {path: [each.code for each in errors] for path, errors in refusal.value.error_dict.items()}


PATHS = {
    "start": "start", "duration": "duration", "location": "location", "name": "invitee.name",
    "email": "invitee.email", "zone": "invitee.timezone", "locale": "invitee.locale", "guests": "guests",
    "answers": "answers",
}  # fmt: skip


@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("name", PATHS)
def test_whatever_is_sent_is_refused_at_its_place(name: str, value: Any) -> None:
    event_type = make_event_type(questions=QUESTIONS, locations=PLACES)

    found = refused(event_type, **({"answers": ANSWERS} | {name: value}))

    assert all(path == PATHS[name] or path.startswith(f"{PATHS[name]}.") for path in found)


def test_what_is_left_out_is_the_first_that_is_offered() -> None:
    event_type = make_event_type(durations=[45, 30])

    made = wish(event_type, locale=None, guests=None, answers=None)

    assert made == Wish(
        start=TUESDAY_NINE,
        duration=45,
        invitee=Invitee("Ina Berg", "ina@example.com", "Europe/Paris", "en"),
        location={"kind": "zoom", "connection": None},
        answers={},
        guests=[],
    )


def test_a_wish_can_be_booked() -> None:
    event_type = make_event_type(questions=QUESTIONS, locations=PLACES)

    sent = wish(event_type, answers=ANSWERS, guests=["Max@Example.com"], location={"kind": "zoom"})
    booking = book(event_type, sent, now=NOW)

    assert booking.answers == ANSWERS
    assert booking.guests == ["max@example.com"]


def test_all_that_is_wrong_is_said_at_once() -> None:
    event_type = make_event_type(questions=QUESTIONS, locations=[PLACES[1]])

    found = refused(
        event_type,
        duration=45,
        name=" ",
        email="ina@example,com",
        zone="Mars",
        locale="?",
        guests=["a@b.de", "x"],
    )

    assert found == {
        "duration": ["invalid_choice"],
        "location.number": ["required"],
        "invitee.name": ["required"],
        "invitee.email": ["email_slip"],
        "invitee.timezone": ["unknown_zone"],
        "invitee.locale": ["invalid_locale"],
        "guests.1": ["email"],
        "answers.topic": ["required"],
        "answers.lang": ["required"],
        "answers.read": ["required"],
    }


# ── When ──


def test_a_start_of_any_offset_is_the_same_instant() -> None:
    paris = TUESDAY_NINE.astimezone(timezone(timedelta(hours=1)))

    assert wish(make_event_type(), start=paris).start == TUESDAY_NINE


@pytest.mark.parametrize("year", [1, 1970, 9001, 9999])
def test_a_start_at_the_ends_of_the_calendar_is_refused(year: int) -> None:
    assert refused(make_event_type(), start=datetime(year, 1, 1, tzinfo=UTC)) == {"start": ["range"]}


@pytest.mark.parametrize("duration", [45, 0, True, 30.0, "30"])
def test_a_length_that_is_not_offered_is_refused(duration: Any) -> None:
    assert refused(make_event_type(durations=[30, 60]), duration=duration) == {"duration": ["invalid_choice"]}


# ── Who ──


def test_a_slip_in_an_address_is_named() -> None:
    with pytest.raises(ValidationError) as refusal:
        wish(make_event_type(), email="ina@example,com")

    assert refusal.value.message_dict == {"invitee.email": ["Did you mean ina@example.com?"]}


def test_an_old_zone_name_is_kept_as_its_modern_one() -> None:
    assert wish(make_event_type(), zone="Asia/Calcutta").invitee.zone == "Asia/Kolkata"


def test_ten_guests_may_come_and_the_invitee_is_none_of_them() -> None:
    ten = [f"guest{n}@example.com" for n in range(10)]
    event_type = make_event_type()

    assert wish(event_type, guests=[*ten, "INA@example.com", ten[0].upper()]).guests == ten
    assert refused(event_type, guests=[*ten, "eleven@example.com"]) == {"guests": ["count"]}


def test_guests_are_refused_where_none_are_asked_for() -> None:
    event_type = make_event_type(guests_allowed=False)

    assert refused(event_type, guests=["max@example.com"]) == {"guests": ["not_allowed"]}
    assert wish(event_type, guests=["ina@example.com"]).guests == []


# ── Where ──


@pytest.mark.parametrize(
    ("asked", "kept"),
    [
        ({"kind": "zoom", "connection": None, "join_url": "https://evil.example"}, PLACES[0]),
        ({"kind": "phone", "who_calls": "invitee", "number": "+1 555 0100"}, PLACES[2]),
        ({"kind": "in_person", "address": "Dorset Street"}, PLACES[4]),
        ({"kind": "in_person"}, PLACES[3]),
        (
            {"kind": "phone", "number": "+33 6 12 34 56 78"},
            {"kind": "phone", "who_calls": "host", "number": "+33 6 12 34 56 78"},
        ),
    ],
)
def test_a_place_is_the_stored_one_that_all_that_is_said_is_true_of(asked: Any, kept: Any) -> None:
    assert wish(make_event_type(locations=PLACES), location=asked).location == kept


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, {"location.kind": ["invalid_choice"]}),
        ({"kind": "link", "url": "https://evil.example"}, {"location": ["invalid_choice"]}),
        ({"kind": "in_person", "address": "Elsewhere"}, {"location": ["invalid_choice"]}),
        ({"kind": "phone", "who_calls": "host"}, {"location.number": ["required"]}),
        ({"kind": "phone", "who_calls": "host", "number": "call me"}, {"location.number": ["phone"]}),
    ],
)
def test_a_place_that_is_not_offered_is_refused(asked: Any, found: Any) -> None:
    assert refused(make_event_type(locations=PLACES), location=asked) == found


def test_a_place_keeps_the_account_that_the_host_chose() -> None:
    chosen = {"kind": "zoom", "connection": make_connection().public_id}

    assert wish(make_event_type(locations=[chosen]), location={"kind": "zoom"}).location == chosen


def test_of_places_that_look_alike_the_one_that_agrees_most_is_meant_or_else_the_first() -> None:
    named, usual = (
        {"kind": "zoom", "connection": make_connection().public_id},
        {"kind": "zoom", "connection": None},
    )
    calls = [{"kind": "phone", "who_calls": "invitee", "number": f"+1 555 010{n}"} for n in range(2)]
    event_type = make_event_type(locations=[named, usual, *calls])

    for place in (named, usual, *calls):
        assert wish(event_type, location=place).location == place
    assert wish(event_type, location={"kind": "zoom"}).location == named


# ── Answers ──


def answered(**answers: Any) -> dict[str, Any]:
    event_type = make_event_type(questions=QUESTIONS)
    return dict(wish(event_type, answers=ANSWERS | answers).answers)


def test_answers_are_kept_by_code_and_unknown_ones_are_ignored() -> None:
    kept = answered(parts=["Store", "Mill", "Store"], desk="+33 6 12 34 56 78", nick="", status="paid")

    assert kept == ANSWERS | {"parts": ["Mill", "Store"], "desk": "+33 6 12 34 56 78"}


def test_a_box_that_nobody_has_to_tick_is_false_until_it_is_ticked() -> None:
    event_type = make_event_type(questions=[{"code": "news", "label": "News", "kind": "checkbox"}])

    assert wish(event_type).answers == {"news": False}


@pytest.mark.parametrize(
    ("code", "value", "wrong"),
    [
        ("topic", "", "required"),
        ("topic", " \n", "required"),
        ("topic", "x" * 2001, "max_length"),
        ("topic", ["x"], "type"),
        ("nick", "x" * 201, "max_length"),
        ("nick", "two\nlines", "control"),
        ("lang", "Latin", "invalid_choice"),
        ("lang", ["French"], "invalid_choice"),
        ("parts", ["Mill", "Wheel"], "invalid_choice"),
        ("parts", "Mill", "type"),
        ("read", False, "required"),
        ("read", "on", "type"),
        ("desk", "call me", "phone"),
        ("desk", 33612345678, "type"),
    ],
)
def test_an_answer_that_is_none_is_refused_at_its_code(code: str, value: Any, wrong: str) -> None:
    event_type = make_event_type(questions=QUESTIONS)

    assert refused(event_type, answers=ANSWERS | {code: value}) == {f"answers.{code}": [wrong]}
