"""Slots: what is offered is what is accepted, said in the zone that was asked for."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from koalendar.web.api.tests.conftest import Program, asks
from tests.people import ada, make_booking, make_event_type

pytestmark = pytest.mark.django_db


def ask(program: Program, event_type: Any, query: str = "start=2026-12-01&end=2026-12-01") -> Any:
    return program.get(f"/event-types/{event_type.public_id}/slots?{query}")


def test_the_open_starts_of_the_days_asked_for(stranger: Program) -> None:
    told = ask(stranger, make_event_type(), "start=2026-12-01&end=2026-12-06&timezone=Europe/Paris").json
    assert (told["timezone"], told["duration"]) == ("Europe/Paris", 30)
    assert [day["date"] for day in told["days"]] == ["2026-12-01", "2026-12-02", "2026-12-03", "2026-12-04"]
    assert told["days"][0]["slots"][0] == "2026-12-01T10:00:00+01:00"
    assert len(told["days"][0]["slots"]) == 16


def test_dates_are_of_the_zone_asked_for(stranger: Program) -> None:
    made = make_event_type()
    ada().schedules.update(weekly={"tue": [["23:00", "24:00"]]})
    told = ask(stranger, made, "start=2026-12-02&end=2026-12-02&timezone=Europe/Paris").json
    assert told["days"] == [
        {"date": "2026-12-02", "slots": ["2026-12-02T00:00:00+01:00", "2026-12-02T00:30:00+01:00"]}
    ]
    assert ask(stranger, made, "start=2026-12-02&end=2026-12-02&timezone=UTC").json["days"] == []


def test_zone_and_duration_have_the_defaults_of_the_event_type(stranger: Program) -> None:
    told = ask(stranger, make_event_type(durations=[45, 60])).json
    assert (told["timezone"], told["duration"]) == ("UTC", 45)
    assert (
        len(
            ask(stranger, make_event_type(slug="b", durations=[30, 480]), _query(duration=480)).json["days"][
                0
            ]["slots"]
        )
        == 1
    )


def _query(**more: Any) -> str:
    return "&".join(
        ["start=2026-12-01", "end=2026-12-01", *(f"{name}={text}" for name, text in more.items())]
    )


def test_an_old_name_of_a_zone_is_taken(stranger: Program) -> None:
    assert (
        ask(stranger, make_event_type(), _query(timezone="Asia/Calcutta")).json["timezone"] == "Asia/Kolkata"
    )


def test_each_offered_start_can_be_booked_and_no_other(stranger: Program) -> None:
    made = make_event_type(durations=[60], slot_step=30, buffer_after=15)
    make_booking(made, duration=60)
    offered = ask(stranger, made).json["days"][0]["slots"]
    every_half_hour = [
        f"2026-12-01T{hour:02}:{minute}:00+00:00" for hour in range(7, 19) for minute in ("00", "30")
    ]
    for start in every_half_hour:
        answer = stranger.post("/bookings", asks(made.public_id, start))
        if start in offered:
            assert answer.status == 201, start
            stranger.post(f"/bookings/{answer.json['uid']}/cancel", X_Booking_Token=answer.json["token"])
        else:
            assert answer.code == "slot_unavailable", start
            assert answer.json["reason"] in ("taken", "hours", "notice")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("end=2026-12-01", "start"),
        ("start=2026-12-01", "end"),
        ("start=tomorrow&end=2026-12-01", "start"),
        ("start=2026-02-30&end=2026-12-01", "start"),
        ("start=0001-01-01&end=2026-12-01", "start"),
        ("start=1764547200&end=2026-12-01", "start"),
        ("start=2026-12-02&end=2026-12-01", "end"),
        ("start=2026-12-01&end=2027-02-01", "end"),
        ("start=2026-12-01&end=2026-12-01&timezone=Mars/Olympus", "timezone"),
        ("start=2026-12-01&end=2026-12-01&timezone=a%00b", "timezone"),
        ("start=2026-12-01&end=2026-12-01&duration=31", "duration"),
        ("start=2026-12-01&end=2026-12-01&duration=long", "duration"),
        (f"start=2026-12-01&end=2026-12-01&duration={'9' * 40}", "duration"),
    ],
)
def test_a_wrong_question_is_said_to_be(stranger: Program, query: str, field: str) -> None:
    answer = ask(stranger, make_event_type(), query)
    assert (answer.status, answer.code) == (422, "invalid")
    assert list(answer.errors()) == [field]
    assert all(row["message"] for row in answer.json["errors"])


def test_sixty_two_days_can_be_asked_at_once(stranger: Program) -> None:
    assert ask(stranger, make_event_type(), "start=2026-12-01&end=2027-01-31").status == 200


def test_what_cannot_be_booked_has_no_slots(stranger: Program) -> None:
    assert ask(stranger, make_event_type(active=False)).status == 404
    assert stranger.get("/event-types/unknown/slots?" + _query()).code == "not_found"
    hidden = make_event_type(slug="hidden", hidden=True)
    assert ask(stranger, hidden).status == 200


def test_an_answer_that_is_the_same_need_not_be_sent_again(stranger: Program) -> None:
    made = make_event_type()
    first = ask(stranger, made)
    path = f"/event-types/{made.public_id}/slots?{_query()}"
    same = stranger.get(path, If_None_Match=first.headers["etag"])
    assert (same.status, same.body, same.headers["etag"]) == (304, b"", first.headers["etag"])
    make_booking(made)
    changed = stranger.get(path, If_None_Match=first.headers["etag"])
    assert changed.status == 200
    assert changed.headers["etag"] != first.headers["etag"]


def test_what_is_left_of_the_limit_is_told(stranger: Program, settings: Any) -> None:
    settings.KOALENDAR_RATE_SLOTS = (2, 60)
    made = make_event_type()
    first, second, third = (ask(stranger, made) for _ in range(3))
    assert [answer.status for answer in (first, second, third)] == [200, 200, 429]
    assert "q=2" in first.headers["ratelimit-policy"]
    assert "r=1" in first.headers["ratelimit"]
    assert "r=0" in second.headers["ratelimit"]
    assert third.code == "rate_limited"
    assert 1 <= int(third.headers["retry-after"]) <= 60


def test_a_read_writes_nothing(stranger: Program, settings: Any) -> None:
    """On SQLite a write would take the one lock that bookings need."""
    settings.KOALENDAR_RATE_SLOTS = (60, 60)
    made = make_event_type()
    with CaptureQueriesContext(connection) as asked:
        ask(stranger, made)
    assert len(asked) == 3, "the hosts with the event type and their schedules; what they hold; calendars"
    assert [query["sql"] for query in asked if not query["sql"].startswith("SELECT")] == []
