"""Google Calendar: lists, free/busy, events, sync, limits."""

from __future__ import annotations

from typing import Any

import pytest

from koalendar.sandbox.google import faults
from koalendar.sandbox.google.world import FAMILY, HOLIDAYS, TEAM
from koalendar.sandbox.server import Sandbox
from koalendar.sandbox.tests.conftest import Client, Clock, event_order

UUID = "0f3a5c8e1b2d4f60a7c9e1b3d5f70246"


def reason(answer: Any) -> str:
    found: str = answer.json()["error"]["errors"][0]["reason"]
    return found


def listed(calendar: Client, query: str = "", of: str = "primary") -> dict[str, Any]:
    found: dict[str, Any] = calendar.call("GET", f"calendars/{of}/events{query}").json()
    return found


def by_hand(calendar: Client, of: str = "ada@example.com", **event: Any) -> dict[str, Any]:
    order = {"calendar": of, "event": event_order(**event)}
    answer = calendar.http.post(f"{calendar.sandbox.url}/_control/google/events", json=order)
    found: dict[str, Any] = answer.json()
    return found


# -- calendars ----------------------------------------------------------------------------------------------


def test_the_list_tells_roles_zones_and_the_primary_calendar(calendar: Client) -> None:
    found = {one["id"]: one for one in calendar.call("GET", "users/me/calendarList").json()["items"]}
    roles = {name: one["accessRole"] for name, one in found.items()}
    assert roles == {
        "ada@example.com": "owner",
        TEAM: "writer",
        FAMILY: "reader",
        "ben@example.com": "freeBusyReader",
        HOLIDAYS: "reader",
    }
    assert found["ada@example.com"]["primary"] is True
    assert "primary" not in found[TEAM]
    assert found["ben@example.com"]["timeZone"] == "America/New_York"


def test_the_list_can_be_narrowed_and_comes_in_pages(calendar: Client) -> None:
    able = calendar.call("GET", "users/me/calendarList?minAccessRole=writer").json()
    assert [one["accessRole"] for one in able["items"]] == ["owner", "writer"]
    first = calendar.call("GET", "users/me/calendarList?maxResults=3").json()
    rest = calendar.call("GET", f"users/me/calendarList?maxResults=3&pageToken={first['nextPageToken']}")
    assert len(first["items"]) + len(rest.json()["items"]) == 5
    assert "nextSyncToken" in rest.json()
    assert "nextSyncToken" not in first


def test_a_calendar_taken_off_the_list_is_gone_and_told_by_sync(calendar: Client) -> None:
    token = calendar.call("GET", "users/me/calendarList").json()["nextSyncToken"]
    calendar.sandbox.google.share(TEAM, "ada@example.com", "")
    assert calendar.call("GET", f"users/me/calendarList/{TEAM}").status_code == 404
    news = calendar.call("GET", f"users/me/calendarList?syncToken={token}").json()["items"]
    assert [(one["id"], one["deleted"]) for one in news] == [(TEAM, True)]


def test_an_id_with_a_hash_sign_is_reached_when_it_is_encoded(calendar: Client) -> None:
    holidays = listed(calendar, of=HOLIDAYS.replace("#", "%23"))
    assert {"New Year's Day", "Christmas Day"} <= {one["summary"] for one in holidays["items"]}


# -- scopes -------------------------------------------------------------------------------------------------


def test_a_box_that_was_not_ticked_is_a_403(google: Client) -> None:
    google.connect(ticked=["https://www.googleapis.com/auth/calendar.events.freebusy"])
    refused = google.call("GET", "users/me/calendarList")
    assert (refused.status_code, reason(refused)) == (403, "insufficientPermissions")
    assert google.insert().status_code == 403
    assert google.busy()["calendars"]["primary"]["busy"] == []


def test_the_scope_for_owned_calendars_does_not_reach_the_others(google: Client) -> None:
    base = "https://www.googleapis.com/auth/"
    google.connect(scope=f"{base}calendar.events.owned {base}calendar.events.freebusy")
    assert google.insert().status_code == 200
    assert google.insert(TEAM).status_code == 403


def test_without_a_good_token_it_is_a_401(calendar: Client) -> None:
    calendar.tokens["access_token"] = "unknown"
    refused = calendar.call("GET", "users/me/calendarList")
    assert (refused.status_code, reason(refused)) == (401, "authError")


# -- free/busy ----------------------------------------------------------------------------------------------


def test_busy_times_are_merged_instants_in_the_zone_that_was_asked_for(calendar: Client) -> None:
    by_hand(calendar)
    by_hand(calendar, start={"dateTime": "2026-12-03T08:15:00Z"}, end={"dateTime": "2026-12-03T09:00:00Z"})
    busy = calendar.busy("ada@example.com")["calendars"]["ada@example.com"]["busy"]
    assert busy == [{"start": "2026-12-03T08:00:00Z", "end": "2026-12-03T09:00:00Z"}]
    local = calendar.busy(timeZone="Europe/Paris")["calendars"]["primary"]["busy"]
    assert local[0]["start"] == "2026-12-03T09:00:00+01:00"


@pytest.mark.parametrize(
    "event",
    [
        {"transparency": "transparent"},
        {"eventType": "workingLocation"},
        {"status": "cancelled"},
        {"attendees": [{"email": "ada@example.com", "responseStatus": "declined"}]},
    ],
)
def test_what_takes_no_time_is_not_busy(calendar: Client, event: dict[str, Any]) -> None:
    by_hand(calendar, **event)
    assert calendar.busy()["calendars"]["primary"]["busy"] == []


def test_an_all_day_event_fills_the_day_of_the_calendars_zone(calendar: Client) -> None:
    by_hand(calendar, start={"date": "2026-12-03"}, end={"date": "2026-12-04"})
    busy = calendar.busy()["calendars"]["primary"]["busy"]
    assert busy == [{"start": "2026-12-02T23:00:00Z", "end": "2026-12-03T23:00:00Z"}]


def test_what_cannot_be_told_is_an_error_inside_a_good_answer(calendar: Client) -> None:
    calendar.sandbox.google.set_trouble(TEAM, "internalError")
    found = calendar.busy("primary", TEAM, "nobody@example.org")["calendars"]
    assert "errors" not in found["primary"]
    assert found[TEAM]["errors"][0]["reason"] == "internalError"
    assert found["nobody@example.org"]["errors"][0]["reason"] == "notFound"
    many = calendar.busy(*(f"c{n}" for n in range(51)))["calendars"]
    assert many["c50"]["errors"][0]["reason"] == "tooManyCalendarsRequested"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"timeMax": "2026-11-01T00:00:00Z"}, "timeRangeEmpty"),
        ({"timeMax": "2027-03-05T00:00:00Z"}, "timeRangeTooLong"),
        ({"timeMin": "2026-12-01T00:00:00"}, "badRequest"),
        ({"timeMin": None}, "required"),
    ],
)
def test_a_span_that_cannot_be_is_refused(calendar: Client, changes: dict[str, Any], expected: str) -> None:
    assert calendar.busy(**changes)["error"]["errors"][0]["reason"] == expected


# -- events -------------------------------------------------------------------------------------------------


def test_an_event_comes_back_in_the_calendars_time(calendar: Client) -> None:
    made = calendar.insert(
        extendedProperties={"private": {"bookingId": "b1"}}, location="https://z.example/1"
    )
    event = made.json()
    assert event["start"] == {"dateTime": "2026-12-03T09:00:00+01:00", "timeZone": "Europe/Paris"}
    assert (event["status"], event["sequence"], event["iCalUID"]) == (
        "confirmed",
        0,
        f"{event['id']}@google.com",
    )
    assert made.headers["etag"] == event["etag"]
    found = listed(calendar, "?privateExtendedProperty=bookingId%3Db1")["items"]
    assert [one["id"] for one in found] == [event["id"]]
    assert listed(calendar, "?privateExtendedProperty=bookingId%3Db2")["items"] == []


def test_an_id_works_once_even_after_its_event_was_deleted(calendar: Client) -> None:
    assert calendar.insert(id=UUID).status_code == 200
    assert (calendar.insert(id=UUID).status_code, reason(calendar.insert(id=UUID))) == (409, "duplicate")
    assert calendar.call("DELETE", f"calendars/primary/events/{UUID}").status_code == 204
    assert calendar.insert(id=UUID).status_code == 409
    gone = calendar.call("GET", f"calendars/primary/events/{UUID}").json()
    assert gone["status"] == "cancelled"


@pytest.mark.parametrize("event_id", ["abcd", "ABCDE", "xyzxyz", "a-b-c-d"])
def test_an_id_is_of_the_alphabet_of_base32hex(calendar: Client, event_id: str) -> None:
    assert calendar.insert(id=event_id).status_code == 400


def test_a_second_delete_is_410_and_an_unknown_event_404(calendar: Client) -> None:
    calendar.insert(id=UUID)
    path = f"calendars/primary/events/{UUID}"
    assert calendar.call("DELETE", path).status_code == 204
    again = calendar.call("DELETE", path)
    assert (again.status_code, reason(again)) == (410, "deleted")
    assert calendar.call("DELETE", "calendars/primary/events/unknown").status_code == 404


def test_a_deleted_event_can_be_written_back_where_google_lets_it(calendar: Client) -> None:
    calendar.insert(id=UUID)
    path = f"calendars/primary/events/{UUID}"
    calendar.call("DELETE", path)
    assert calendar.call("PUT", path, json=event_order()).json()["status"] == "confirmed"
    calendar.call("DELETE", path)
    calendar.sandbox.google.behaviour.restores_deleted = False
    assert calendar.call("PATCH", path, json={"status": "confirmed"}).status_code == 403


def test_a_write_with_an_old_etag_is_412_and_changes_nothing(calendar: Client) -> None:
    old = calendar.insert(id=UUID).json()["etag"]
    path = f"calendars/primary/events/{UUID}"
    changed = calendar.call("PATCH", path, json={"summary": "New"}, headers={"If-Match": old})
    assert changed.status_code == 200
    assert changed.json()["etag"] != old
    for method in ("PATCH", "DELETE"):
        body = {"json": {"summary": "Newer"}} if method == "PATCH" else {}
        late = calendar.call(method, path, headers={"If-Match": old}, **body)
        assert (late.status_code, reason(late)) == (412, "conditionNotMet")
    assert calendar.call("GET", path).json()["summary"] == "New"
    same = calendar.call("GET", path, headers={"If-None-Match": changed.json()["etag"]})
    assert same.status_code == 304


def test_patch_merges_and_counts_the_moves(calendar: Client) -> None:
    calendar.insert(id=UUID, description="d", extendedProperties={"private": {"a": "1"}})
    path = f"calendars/primary/events/{UUID}"
    change = {
        "description": None,
        "extendedProperties": {"private": {"b": "2"}},
        "start": {"dateTime": "2026-12-04T10:00:00+01:00"},
        "end": {"dateTime": "2026-12-04T10:30:00+01:00"},
    }
    event = calendar.call("PATCH", path, json=change).json()
    assert "description" not in event
    assert event["summary"] == "Intro with Ina"
    assert event["extendedProperties"]["private"] == {"a": "1", "b": "2"}
    assert (event["sequence"], event["start"]["dateTime"]) == (1, "2026-12-04T10:00:00+01:00")
    replaced = calendar.call("PUT", path, json=event_order() | {"sequence": 1}).json()
    assert "extendedProperties" not in replaced
    assert calendar.call("PUT", path, json=event_order() | {"sequence": 0}).status_code == 400


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"end": None}, "required"),
        ({"start": {"dateTime": "2026-12-03T09:00:00"}}, "required"),
        ({"start": {"dateTime": "2026-12-03T11:00:00+01:00"}}, "timeRangeEmpty"),
        ({"start": {"date": "2026-12-03"}}, "invalid"),
        ({"start": {"dateTime": "2026-12-03T09:00:00", "timeZone": "Mars/Base"}}, "invalid"),
        ({"iCalUID": "u@example.com", "id": UUID}, "invalid"),
        ({"reminders": {"useDefault": True, "overrides": [{"method": "email", "minutes": 5}]}}, None),
        ({"reminders": {"useDefault": False, "overrides": [{"method": "sms", "minutes": 5}]}}, "invalid"),
        ({"attendees": [{"email": "nobody"}]}, "invalid"),
        ({"source": {"url": "ftp://example.com"}}, "invalid"),
        ({"transparency": "glass"}, "invalid"),
    ],
)
def test_an_event_that_cannot_be_is_refused(
    calendar: Client, changes: dict[str, Any], expected: str | None
) -> None:
    refused = calendar.insert(**changes)
    assert refused.status_code == 400
    assert expected is None or reason(refused) == expected
    assert listed(calendar)["items"] == []


def test_only_writers_write(calendar: Client) -> None:
    assert calendar.insert(TEAM).status_code == 200
    refused = calendar.insert(FAMILY)
    assert (refused.status_code, reason(refused)) == (403, "requiredAccessLevel")
    assert calendar.insert("nobody@example.org").status_code == 404


def test_a_guest_does_not_move_the_event_of_another(calendar: Client) -> None:
    event = by_hand(
        calendar,
        organizer={"email": "somebody@example.org"},
        attendees=[{"email": "ada@example.com", "responseStatus": "accepted"}],
    )
    refused = calendar.call("PATCH", f"calendars/primary/events/{event['id']}", json={"summary": "Mine"})
    assert (refused.status_code, reason(refused)) == (403, "forbiddenForNonOrganizer")


def test_a_free_busy_reader_sees_when_and_not_what(calendar: Client) -> None:
    by_hand(calendar, of="ben@example.com", description="secret")
    shown = listed(calendar, of="ben@example.com")["items"][0]
    assert "summary" not in shown
    assert "description" not in shown
    assert shown["start"]["dateTime"] == "2026-12-03T03:00:00-05:00"


def test_guests_hear_of_it_only_when_that_is_asked_for(calendar: Client) -> None:
    guests = [{"email": "ina@example.com"}]
    calendar.insert(attendees=guests)
    assert list(calendar.sandbox.google.invitations) == []
    calendar.insert(query="?sendUpdates=all", attendees=guests)
    assert calendar.sandbox.google.invitations[0]["to"] == ["ina@example.com"]


# -- conferences --------------------------------------------------------------------------------------------

MEET = {"createRequest": {"requestId": "r1", "conferenceSolutionKey": {"type": "hangoutsMeet"}}}


def test_a_meet_is_pending_first_and_there_later(calendar: Client, clock: Clock) -> None:
    calendar.sandbox.google.behaviour.meet_seconds = 5
    made = calendar.insert(query="?conferenceDataVersion=1", id=UUID, conferenceData=MEET).json()
    assert made["conferenceData"]["createRequest"]["status"] == {"statusCode": "pending"}
    path = f"calendars/primary/events/{UUID}"
    assert "hangoutLink" not in calendar.call("GET", path).json()
    clock.advance(seconds=5)
    ready = calendar.call("GET", path).json()
    assert ready["conferenceData"]["createRequest"]["status"] == {"statusCode": "success"}
    assert ready["conferenceData"]["entryPoints"][0]["uri"] == ready["hangoutLink"]
    assert ready["etag"] != made["etag"]
    calendar.call("PATCH", path, json={"summary": "Moved"})
    again = calendar.call("PATCH", f"{path}?conferenceDataVersion=1", json={"conferenceData": MEET})
    assert again.json()["hangoutLink"] == ready["hangoutLink"]


def test_a_meet_can_fail_and_needs_its_version(calendar: Client) -> None:
    ignored = calendar.insert(conferenceData=MEET).json()
    assert "conferenceData" not in ignored
    calendar.sandbox.google.behaviour.meet = "failure"
    calendar.insert(query="?conferenceDataVersion=1", id=UUID, conferenceData=MEET)
    failed = calendar.call("GET", f"calendars/primary/events/{UUID}").json()
    assert failed["conferenceData"]["createRequest"]["status"] == {"statusCode": "failure"}
    foreign = {"conferenceSolution": {"key": {"type": "addOn"}, "name": "Zoom"}, "entryPoints": []}
    refused = calendar.insert(query="?conferenceDataVersion=1", conferenceData=foreign)
    assert refused.status_code == 400


# -- lists and sync -----------------------------------------------------------------------------------------


def test_bounds_are_exclusive_and_order_needs_single_events(calendar: Client) -> None:
    by_hand(calendar)
    window = "?timeMin=2026-12-03T08:30:00Z&timeMax=2026-12-04T00:00:00Z"
    assert listed(calendar, window)["items"] == []
    assert len(listed(calendar, window.replace("08:30", "08:29"))["items"]) == 1
    assert calendar.call("GET", "calendars/primary/events?orderBy=startTime").status_code == 400
    assert calendar.call("GET", "calendars/primary/events?timeMin=2026-12-03T08:30:00").status_code == 400
    assert listed(calendar, "?orderBy=startTime&singleEvents=true")["timeZone"] == "Europe/Paris"
    assert listed(calendar, "?eventTypes=default&eventTypes=outOfOffice")["items"]
    assert listed(calendar, "?eventTypes=outOfOffice")["items"] == []


def test_pages_end_with_a_sync_token_and_may_be_empty(calendar: Client) -> None:
    for _ in range(5):
        by_hand(calendar)
    calendar.sandbox.google.behaviour.largest_page = 2
    calendar.sandbox.google.behaviour.empty_pages = True
    sizes, query = [], ""
    while True:
        page = listed(calendar, query)
        sizes.append(len(page["items"]))
        if "nextPageToken" not in page:
            break
        query = f"?pageToken={page['nextPageToken']}"
    assert sizes == [0, 2, 2, 1]
    assert "nextSyncToken" in page


def test_sync_tells_what_changed_and_what_was_deleted(calendar: Client) -> None:
    one, two, three = (by_hand(calendar)["id"] for _ in range(3))
    token = listed(calendar)["nextSyncToken"]
    assert listed(calendar, f"?syncToken={token}")["items"] == []
    world = calendar.sandbox.google
    world.delete_event("ada@example.com", one, by="host")
    calendar.call("PATCH", f"calendars/primary/events/{two}", json={"summary": "New"})
    news = listed(calendar, f"?syncToken={token}")
    assert {item["id"]: item["status"] for item in news["items"]} == {one: "cancelled", two: "confirmed"}
    gone = next(item for item in news["items"] if item["id"] == one)
    assert set(gone) == {"kind", "etag", "id", "status"}
    assert {item["id"] for item in listed(calendar)["items"]} == {two, three}
    assert len(listed(calendar, "?showDeleted=true")["items"]) == 3


def test_a_sync_token_dies_and_goes_with_no_bounds(calendar: Client, clock: Clock) -> None:
    by_hand(calendar)
    token = listed(calendar)["nextSyncToken"]
    bounded = calendar.call("GET", f"calendars/primary/events?syncToken={token}&timeMin=2026-12-01T00:00:00Z")
    assert bounded.status_code == 400
    assert "nextSyncToken" not in listed(calendar, "?timeMin=2026-12-01T00:00:00Z")
    calendar.http.post(f"{calendar.sandbox.url}/_control/google/sync/expire")
    dead = calendar.call("GET", f"calendars/primary/events?syncToken={token}")
    assert (dead.status_code, reason(dead)) == (410, "fullSyncRequired")
    fresh = listed(calendar)["nextSyncToken"]
    clock.advance(minutes=30)
    assert calendar.call("GET", f"calendars/primary/events?syncToken={fresh}").status_code == 200
    assert calendar.call("GET", "calendars/primary/events?syncToken=x").status_code == 400


# -- trouble ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("preset", faults.API_ERRORS | faults.QUOTA_ERRORS)
def test_every_named_answer_can_be_ordered(calendar: Client, preset: str) -> None:
    calendar.sandbox.google.fail_next(preset)
    expected = (faults.API_ERRORS | faults.QUOTA_ERRORS)[preset]
    answer = calendar.call("GET", "users/me/calendarList")
    assert answer.status_code == expected.status
    if expected.body:
        assert answer.json() == expected.body
    assert calendar.call("GET", "users/me/calendarList").status_code == 200


def test_an_event_can_be_made_although_no_answer_arrives(calendar: Client) -> None:
    calendar.sandbox.google.fail_next("store_then_drop")
    with pytest.raises(Exception, match="disconnected"):
        calendar.insert(id=UUID)
    assert calendar.call("GET", f"calendars/primary/events/{UUID}").status_code == 200
    assert calendar.insert(id=UUID).status_code == 409


def test_a_user_has_so_many_calls_a_minute(calendar: Client, clock: Clock) -> None:
    calendar.sandbox.google.behaviour.calls_per_minute = 2
    codes = [calendar.call("GET", "users/me/calendarList").status_code for _ in range(3)]
    assert codes == [200, 200, 403]
    clock.advance(seconds=60)
    assert calendar.call("GET", "users/me/calendarList").status_code == 200


def test_the_state_survives_a_restart(sandbox: Sandbox, calendar: Client) -> None:
    event = calendar.insert(id=UUID).json()
    token = listed(calendar)["nextSyncToken"]
    stored = sandbox.google.dump()
    sandbox.google.reset()
    assert calendar.call("GET", "users/me/calendarList").status_code == 401
    sandbox.google.load(stored)
    assert calendar.call("GET", f"calendars/primary/events/{UUID}").json() == event
    assert listed(calendar, f"?syncToken={token}")["items"] == []
    assert sandbox.google.dump() | {"calls": 0, "call_count": 0} == stored | {"calls": 0, "call_count": 0}
