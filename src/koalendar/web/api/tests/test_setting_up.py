"""Schedules and event types by program."""

from typing import Any

import pytest

from koalendar.booking.models import EventType
from koalendar.web.api.shapes import EventTypeAsked
from koalendar.web.api.tests.conftest import Program
from tests.people import ada, make_booking, make_connection, make_event_type

pytestmark = pytest.mark.django_db

WEEKLY = {"mon": [["09:00", "12:00"], ["13:00", "24:00"]], "thu": [["10:00", "11:30"]]}


def test_a_schedule_is_made_read_changed_and_deleted(adas: Program) -> None:
    made = adas.post(
        "/schedules",
        {"name": "Odd hours", "timezone": "Asia/Calcutta", "weekly": WEEKLY, "overrides": {"2026-12-24": []}},
    )
    assert made.status == 201
    told = made.json
    assert told["timezone"] == "Asia/Kolkata"
    assert told["weekly"] == WEEKLY | {day: [] for day in ("tue", "wed", "fri", "sat", "sun")}
    path = f"/schedules/{told['id']}"
    assert adas.get(path).json == told
    changed = adas.patch(path, {"overrides": {"2026-12-31": [["09:00", "10:00"]]}}).json
    assert changed == told | {"overrides": {"2026-12-31": [["09:00", "10:00"]]}}
    assert [row["name"] for row in adas.get("/schedules").json["items"]] == ["Working hours", "Odd hours"]
    assert adas.delete(path).status == 204
    assert adas.get(path).code == "not_found"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"timezone": "UTC"}, "name"),
        ({"name": "", "timezone": "UTC"}, "name"),
        ({"name": "x" * 81, "timezone": "UTC"}, "name"),
        ({"name": "x", "timezone": "Mars/Base"}, "timezone"),
        ({"name": "x", "timezone": "UTC", "weekly": {"monday": []}}, "weekly"),
        ({"name": "x", "timezone": "UTC", "weekly": {"mon": [["09:00"]]}}, "weekly.mon.0"),
        ({"name": "x", "timezone": "UTC", "weekly": {"mon": [["9", "10"]]}}, "weekly.mon.0"),
        ({"name": "x", "timezone": "UTC", "weekly": {"mon": [["12:00", "09:00"]]}}, "weekly.mon.0"),
        ({"name": "x", "timezone": "UTC", "overrides": {"24.12.": []}}, "overrides.24.12."),
        ({"name": "x", "timezone": "UTC", "overrides": {"2026-12-24": None}}, "overrides.2026-12-24"),
    ],
)
def test_hours_that_are_none_are_refused_at_their_place(adas: Program, body: Any, field: str) -> None:
    answer = adas.post("/schedules", body)
    assert answer.code == "invalid"
    assert any(place.startswith(field) for place in answer.errors()), answer.json


def test_a_schedule_that_is_needed_stays(adas: Program) -> None:
    make_event_type()
    used = ada().schedules.earliest("pk")
    assert adas.delete(f"/schedules/{used.public_id}").code == "in_use"


def test_an_event_type_needs_a_title_only(adas: Program) -> None:
    made = adas.post("/event-types", {"title": "Erstgespräch"})
    assert made.status == 201
    told = made.json
    defaults = EventTypeAsked(title="Erstgespräch").model_dump()
    assert {name: told[name] for name in defaults if name not in ("slug", "schedule", "locations")} == {
        name: value for name, value in defaults.items() if name not in ("slug", "schedule", "locations")
    }
    assert told["slug"] == "erstgesprach"
    assert told["locations"] == [{"kind": "zoom", "connection": None}]
    assert told["schedule"] == ada().schedules.get().public_id
    assert told["url"] == "http://localhost:8000/ada/erstgesprach/"


def test_every_field_of_an_event_type_can_be_given_and_read(adas: Program) -> None:
    schedule = adas.post("/schedules", {"name": "Mornings", "timezone": "UTC", "weekly": WEEKLY}).json["id"]
    connection = make_connection().public_id
    given = {
        "title": "Long talk",
        "slug": "long",
        "description": "We look at it in depth.",
        "durations": [60, 90],
        "locations": [
            {"kind": "zoom", "connection": connection},
            {"kind": "phone", "who_calls": "invitee", "number": "+44 20 7946 0000"},
            {"kind": "in_person", "address": "1 Mill Lane"},
            {"kind": "link", "url": "https://meet.example.com/ada"},
        ],
        "schedule": schedule,
        "slot_step": 15,
        "buffer_before": 5,
        "buffer_after": 10,
        "minimum_notice": 60,
        "booking_window_days": 90,
        "max_per_day": 3,
        "max_per_week": 9,
        "questions": [
            {
                "code": "topic",
                "label": "Topic",
                "kind": "choice",
                "required": True,
                "choices": ["Bees", "Ants"],
            }
        ],
        "guests_allowed": False,
        "requires_confirmation": True,
        "request_expires_after": 720,
        "change_cutoff": 240,
        "reminders": [60, 1440],
        "redirect_url": "https://ada.example/thanks",
        "active": True,
        "hidden": True,
        "zone_locked": True,
        "google_invites": True,
    }
    made = adas.post("/event-types", given)
    assert made.status == 201, made.body
    assert {name: made.json[name] for name in given} == given
    assert set(given) == set(EventTypeAsked.model_fields)
    assert adas.get(f"/event-types/{made.json['id']}").json == made.json
    again = adas.patch(f"/event-types/{made.json['id']}", made.json)
    assert again.json == made.json


def test_a_change_concerns_what_it_names(adas: Program) -> None:
    told = adas.post("/event-types", {"title": "Talk", "buffer_after": 15}).json
    changed = adas.patch(f"/event-types/{told['id']}", {"title": "Chat", "max_per_day": 2}).json
    assert changed == told | {"title": "Chat", "max_per_day": 2}
    assert adas.patch(f"/event-types/{told['id']}", {"max_per_day": None}).json["max_per_day"] is None


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": None}, "title"),
        ({"title": "two\nlines"}, "title"),
        ({"slug": "No Slug"}, "slug"),
        ({"slug": "intro-call"}, "slug"),
        ({"durations": []}, "durations"),
        ({"durations": [30, "60"]}, "durations"),
        ({"durations": [2]}, "durations"),
        ({"durations": list(range(5, 50, 5))}, "durations"),
        ({"locations": []}, "locations"),
        ({"locations": [{"kind": "link", "url": "javascript:alert(1)"}]}, "locations.0"),
        ({"locations": [{"kind": "zoom", "connection": "unknown"}]}, "locations.0"),
        ({"slot_step": 0}, "slot_step"),
        ({"slot_step": 10**30}, "slot_step"),
        ({"buffer_before": -5}, "buffer_before"),
        ({"booking_window_days": 0}, "booking_window_days"),
        ({"max_per_day": 0}, "max_per_day"),
        ({"minimum_notice": "soon"}, "minimum_notice"),
        ({"questions": [{"label": ""}]}, "questions.0"),
        ({"questions": [{"label": "Which?", "kind": "choice", "choices": ["one"]}]}, "questions.0"),
        ({"reminders": [-1]}, "reminders"),
        ({"redirect_url": "http://plain.example"}, "redirect_url"),
        ({"active": "yes"}, "active"),
        ({"schedule": "unknown"}, "schedule"),
    ],
)
def test_what_no_event_type_may_be_is_refused_at_its_place(adas: Program, change: Any, field: str) -> None:
    make_event_type()
    before = list(EventType.objects.values())
    told = adas.post("/event-types", {"title": "Talk"} | change)
    assert told.code == "invalid"
    assert any(place == field or place.startswith(f"{field}.") for place in told.errors()), told.json
    assert all(row["message"] for row in told.json["errors"])
    assert list(EventType.objects.values()) == before


def test_what_was_booked_stays(adas: Program) -> None:
    booked = make_booking().appointment.event_type
    assert adas.delete(f"/event-types/{booked.public_id}").code == "in_use"
    other = adas.post("/event-types", {"title": "Never booked"}).json
    assert adas.delete(f"/event-types/{other['id']}").status == 204


def test_lists_come_in_pages(adas: Program) -> None:
    names = [f"Talk {n}" for n in range(5)]
    for name in names:
        adas.post("/event-types", {"title": name})
    first = adas.get("/event-types?limit=3").json
    second = adas.get(f"/event-types?limit=3&cursor={first['next_cursor']}").json
    assert [row["title"] for row in [*first["items"], *second["items"]]] == names
    assert second["next_cursor"] is None
    assert list(adas.get("/event-types?cursor=bm9uc2Vuc2U").errors()) == ["cursor"]


# ── Public pages ──


def test_strangers_see_what_the_pages_show_and_no_more(stranger: Program) -> None:
    make_event_type(
        description="A first talk.",
        locations=[
            {"kind": "link", "url": "https://secret.example/room"},
            {"kind": "phone", "who_calls": "invitee", "number": "+44 20 7946 0000"},
            {"kind": "in_person", "address": "1 Mill Lane"},
        ],
    )
    make_event_type(title="Hidden", slug="hidden", hidden=True)
    make_event_type(title="Closed", slug="closed", active=False)
    told = stranger.get("/profiles/ADA").json
    assert (told["slug"], told["name"], told["timezone"]) == ("ada", "Ada Lovelace", "UTC")
    [offer] = told["event_types"]
    assert offer["locations"] == [
        {"kind": "link"},
        {"kind": "phone", "who_calls": "invitee"},
        {"kind": "in_person", "address": "1 Mill Lane"},
    ]
    for secret in ("secret.example", "7946", "ada@example.com"):
        assert secret not in str(told)
    assert stranger.get("/profiles/ada/hidden").json["host"]["name"] == "Ada Lovelace"
    assert stranger.get("/profiles/ada/closed").code == "not_found"
    assert stranger.get("/profiles/nobody").code == "not_found"
