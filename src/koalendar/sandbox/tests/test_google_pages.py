"""The pages and the remote control of the stand-in for Google, and what it says to nonsense."""

from __future__ import annotations

from typing import Any

import httpx2 as httpx
import pytest

from koalendar.sandbox.google.world import TEAM
from koalendar.sandbox.tests.conftest import Client, event_order

PAGES = ("/google/", "/google/access", "/google/calls")


def page(calendar: Client, path: str) -> str:
    return calendar.http.get(f"{calendar.sandbox.url}{path}").text


def press(calendar: Client, path: str, /, **fields: str) -> httpx.Response:
    return calendar.http.post(f"{calendar.sandbox.url}{path}", data=fields)


def order(calendar: Client, path: str, /, **body: Any) -> httpx.Response:
    return calendar.http.post(f"{calendar.sandbox.url}/_control/google/{path}", json=body)


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_labelled_and_allows_nothing_inline(calendar: Client, path: str) -> None:
    calendar.insert()
    answer = calendar.http.get(f"{calendar.sandbox.url}{path}")
    assert answer.status_code == 200
    assert "Sandbox: not Zoom, not Google" in answer.text
    assert "style=" not in answer.text
    assert "'unsafe-inline'" not in answer.headers["content-security-policy"]


def test_a_person_adds_busy_time_moves_it_and_deletes_it(calendar: Client) -> None:
    user = {"user": "ada@example.com", "calendar": "ada@example.com"}
    added = press(
        calendar,
        "/google/events/add",
        **user,
        summary="Dentist",
        start="2026-12-03T09:00",
        end="2026-12-03T10:15",
    )
    week = page(calendar, added.headers["location"])
    assert "Dentist" in week
    assert "from-8 to-13" in week
    busy = calendar.busy()["calendars"]["primary"]["busy"]
    assert busy == [{"start": "2026-12-03T08:00:00Z", "end": "2026-12-03T09:15:00Z"}]
    event = calendar.call("GET", "calendars/primary/events").json()["items"][0]
    moved = press(
        calendar,
        "/google/events/move",
        **user,
        id=event["id"],
        start="2026-12-09T14:00",
        end="2026-12-09T15:00",
    )
    card = page(calendar, moved.headers["location"])
    assert "moved by host" in card
    assert "Wed 9 Dec 2026, 14:00–15:00" in card
    press(calendar, "/google/events/delete", **user, id=event["id"], week="2026-12-07")
    assert "Dentist" not in page(calendar, "/google/?week=2026-12-07")
    assert calendar.call("GET", f"calendars/primary/events/{event['id']}").json()["status"] == "cancelled"


@pytest.mark.parametrize(
    ("kind", "busy"),
    [
        ("busy", True),
        ("tentative", True),
        ("outOfOffice", True),
        ("free", False),
        ("declined", False),
        ("workingLocation", False),
    ],
)
def test_it_can_be_shown_as_busy_or_free(calendar: Client, kind: str, busy: bool) -> None:
    fields = {"user": "ada@example.com", "calendar": "ada@example.com", "kind": kind}
    press(calendar, "/google/events/add", **fields, start="2026-12-03T09:00", end="2026-12-03T10:00")
    assert bool(calendar.busy()["calendars"]["primary"]["busy"]) is busy


def test_whole_days_include_the_last_one(calendar: Client) -> None:
    fields = {"user": "ada@example.com", "calendar": TEAM, "all_day": "yes"}
    press(calendar, "/google/events/add", **fields, start="2026-12-03T09:00", end="2026-12-04T10:00")
    event = calendar.call("GET", f"calendars/{TEAM}/events").json()["items"][0]
    assert (event["start"], event["end"]) == ({"date": "2026-12-03"}, {"date": "2026-12-05"})


@pytest.mark.parametrize(
    "fields",
    [
        {"start": "2026-12-03T10:00", "end": "2026-12-03T09:00"},
        {"start": "soon", "end": "later"},
        {"start": "2026-12-03T10:00", "end": "2026-12-03T11:00", "calendar": "nobody"},
    ],
)
def test_what_cannot_be_is_said_on_a_page(calendar: Client, fields: dict[str, str]) -> None:
    usual = {"user": "ada@example.com", "calendar": "ada@example.com"}
    assert press(calendar, "/google/events/add", **(usual | fields)).status_code == 400


def test_access_is_shown_and_removed(calendar: Client) -> None:
    assert "refresh token alive" in page(calendar, "/google/access")
    press(calendar, "/google/access/expire", user="ada@example.com")
    assert calendar.call("GET", "users/me/calendarList").status_code == 401
    press(calendar, "/google/access/remove", user="ada@example.com")
    assert "Nobody has given access" in page(calendar, "/google/access")
    assert calendar.refresh().status_code == 400


def test_the_behaviour_is_changed_by_buttons(calendar: Client) -> None:
    press(calendar, "/google/testing", testing="yes")
    press(calendar, "/google/trouble", calendar="ada@example.com", reason="internalError")
    press(calendar, "/google/behaviour", meet="failure", largest_page="3", calls_per_minute="0")
    press(calendar, "/google/fail-next", preset="rate_limit", times="1")
    world = calendar.sandbox.google
    assert world.app.testing
    assert (world.behaviour.meet, world.behaviour.largest_page) == ("failure", 3)
    assert calendar.call("GET", "users/me/calendarList").status_code == 403
    assert "rate_limit" in page(calendar, "/google/calls")
    assert calendar.busy()["calendars"]["primary"]["errors"][0]["reason"] == "internalError"
    assert calendar.call("GET", "calendars/primary/events").status_code == 500


def test_the_remote_control_makes_calendars_and_events_and_shows_them(calendar: Client) -> None:
    assert order(calendar, "users", email="cleo@example.com", timezone="Asia/Tokyo").status_code == 200
    made = order(calendar, "calendars", user="ada@example.com", summary="Side", role="reader").json()
    assert order(calendar, "calendars/share", calendar=TEAM, user="cleo@example.com", role="writer").json()
    event = order(calendar, "events", calendar=made["calendar_id"], event=event_order(id="abcde")).json()
    start = {"dateTime": "2026-12-04T09:00:00+01:00"}
    end = {"dateTime": "2026-12-04T10:00:00+01:00"}
    changed = order(
        calendar,
        "events/change",
        calendar=made["calendar_id"],
        id=event["id"],
        event={"start": start, "end": end},
    ).json()
    assert (changed["body"]["sequence"], changed["history"][-1]["what"]) == (1, "moved")
    state = calendar.http.get(f"{calendar.sandbox.url}/_control/state").json()["google"]
    assert [one["id"] for one in state["events"] if one["calendar_id"] == made["calendar_id"]] == ["abcde"]
    assert state["grants"]["ada@example.com"]["scopes"]
    assert order(calendar, "events/delete", calendar=made["calendar_id"], id="abcde").status_code == 200
    assert order(calendar, "events/delete", calendar=made["calendar_id"], id="abcde").status_code == 404


def test_one_order_moves_both_clocks(calendar: Client) -> None:
    control = f"{calendar.sandbox.url}/_control/clock"
    calendar.http.post(control, json={"advance_seconds": 3601})
    assert calendar.call("GET", "users/me/calendarList").status_code == 401
    assert calendar.sandbox.zoom.now() == calendar.sandbox.google.now()


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("settings", {"meet": "perhaps"}),
        ("settings", {"largest_page": 0}),
        ("settings", {"empty_pages": 1}),
        ("settings", {"colour": "blue"}),
        ("users", {"email": "nobody"}),
        ("calendars", {"user": "ada@example.com"}),
        ("calendars/trouble", {"calendar": TEAM, "reason": "bored"}),
        ("events", {"calendar": TEAM, "event": {"summary": "When?"}}),
        ("events", {"calendar": TEAM, "event": 7}),
        ("faults", {"preset": "paid_only"}),
        ("authorize", {"url": "http://127.0.0.1/?client_id=x"}),
    ],
)
def test_nonsense_is_refused_without_a_trace(calendar: Client, path: str, body: dict[str, Any]) -> None:
    before = calendar.sandbox.google.dump()
    assert order(calendar, path, **body).status_code == 400
    assert calendar.sandbox.google.dump() == before


@pytest.mark.parametrize(
    "changes",
    [
        {"start": []},
        {"start": {"dateTime": 7}},
        {"start": {"dateTime": "0001-01-01T00:00:00+14:00"}},
        {"start": {"date": "9999-12-31"}, "end": {"date": "9999-12-31"}},
        {"start": {"dateTime": "2026-12-03T09:00:00", "timeZone": {}}},
        {"id": 1234567},
        {"id": ["abcde"]},
        {"attendees": {}},
        {"attendees": [7]},
        {"reminders": {"overrides": {}}},
        {"reminders": {"overrides": [{"method": [], "minutes": "x"}]}},
        {"source": "x"},
        {"extendedProperties": {"private": []}},
        {"eventType": {}},
        {"conferenceData": []},
        {"conferenceData": {"createRequest": []}},
        {"conferenceData": {"createRequest": {"requestId": 1, "conferenceSolutionKey": 1}}},
    ],
)
def test_hostile_events_get_a_400_in_googles_shape(calendar: Client, changes: dict[str, Any]) -> None:
    refused = calendar.insert(query="?conferenceDataVersion=1", **changes)
    assert refused.status_code == 400
    assert refused.json()["error"]["code"] == 400


@pytest.mark.parametrize(
    "query",
    [
        "?maxResults=²",
        "?maxResults=0",
        "?pageToken=e30=",
        "?pageToken=%FF",
        "?syncToken=e30=",
        "?syncToken=W10=",
        "?timeMin=0001-01-01T00:00:00%2B14:00",
        "?timeZone=Mars",
        "?orderBy=colour",
    ],
)
def test_hostile_queries_get_a_400_in_googles_shape(calendar: Client, query: str) -> None:
    calendar.insert()
    refused = calendar.call("GET", f"calendars/primary/events{query}")
    assert refused.status_code == 400
    assert refused.json()["error"]["errors"]
