"""The judge itself: Google's discovery document must catch what is wrong, and the sandbox must keep it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from koalendar.sandbox.google.rest import LONGEST_RANGE, OPERATIONS, SCOPE_PREFIX
from koalendar.sandbox.tests.conftest import Client, event_order
from koalendar.sandbox.wire import Exchange
from tests.google_discovery import GoogleContract

REASON = "google-api-python-client is not installed, so nothing is held against Google's discovery document"


@pytest.fixture
def judge(google_contract: GoogleContract | None) -> GoogleContract:
    if google_contract is None:
        pytest.skip(REASON)
    return google_contract


def exchange(**changes: Any) -> Exchange:
    usual: dict[str, Any] = {
        "method": "POST",
        "path": "/calendar/v3/calendars/primary/events",
        "query": "",
        "request_headers": {},
        "request_body": json.dumps(event_order()),
        "status": 200,
        "response_headers": {},
        "response_body": '{"id": "abcde", "status": "confirmed"}',
        "at": "2026-12-01T12:00:00Z",
    }
    return Exchange(**(usual | changes))


def test_a_good_call_passes(judge: GoogleContract) -> None:
    judge.check(exchange())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"path": "/calendar/v3/calendars/primary/event"}, "no such method"),
        ({"query": "notify=true"}, "unknown query parameter"),
        ({"query": "sendUpdates=everyone"}, "sendUpdates cannot be"),
        ({"query": "conferenceDataVersion=one"}, "conferenceDataVersion cannot be"),
        ({"query": "sendUpdates=all&sendUpdates=none"}, "given twice"),
        ({"request_body": "summary=x"}, "not JSON"),
        ({"request_body": json.dumps(event_order(colour="blue"))}, "unknown field colour"),
        ({"request_body": json.dumps(event_order(sequence="1"))}, "sequence is not of type integer"),
        ({"request_body": json.dumps(event_order(start={"dateTime": "soon"}))}, "no date-time"),
        ({"request_body": json.dumps(event_order(start={"date": "3 Dec"}))}, "no date"),
        ({"status": 201}, "not among"),
        ({"response_body": '{"surprise": 1}'}, "unknown field surprise"),
        ({"status": 404, "response_body": '{"error": "gone"}'}, "unknown field"),
        ({"method": "GET", "query": "timeMin=2026-12-01T00:00:00"}, "no instant"),
    ],
)
def test_a_wrong_call_is_named(judge: GoogleContract, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(AssertionError, match=words):
        judge.check(exchange(**changes))


def test_each_method_takes_the_scopes_that_the_document_names(judge: GoogleContract) -> None:
    for operation in OPERATIONS:
        path = operation.path.pattern.replace("(?P<calendar>[^/]+)", "c").replace("(?P<event>[^/]+)", "e")
        method = judge.method(operation.method, path)
        assert method is not None
        assert {scope.removeprefix(SCOPE_PREFIX) for scope in method.scopes} == operation.scopes


def test_the_sandbox_keeps_the_contract_in_a_whole_story(judge: GoogleContract, calendar: Client) -> None:
    rich: dict[str, Any] = {
        "id": "abcde12345",
        "attendees": [{"email": "ina@example.com"}],
        "reminders": {"useDefault": False, "overrides": [{"method": "popup", "minutes": 10}]},
        "source": {"title": "Koalendar", "url": "https://example.com/b/1"},
        "extendedProperties": {"private": {"bookingId": "1"}},
        "guestsCanModify": False,
        "conferenceData": {
            "createRequest": {"requestId": "r", "conferenceSolutionKey": {"type": "hangoutsMeet"}}
        },
    }
    path = "calendars/primary/events"
    calendar.call("GET", "users/me/calendarList?minAccessRole=freeBusyReader&maxResults=250")
    calendar.insert(query="?conferenceDataVersion=1&sendUpdates=none", **rich)
    calendar.call("GET", f"{path}/abcde12345?timeZone=UTC")
    calendar.call(
        "PATCH", f"{path}/abcde12345", json={"location": "https://zoom.example/j/1", "source": None}
    )
    calendar.call("PUT", f"{path}/abcde12345", json=event_order())
    calendar.call("GET", f"{path}?singleEvents=true&orderBy=startTime&timeMin=2026-12-01T00:00:00Z")
    calendar.busy(timeMax=f"2026-12-{1 + min(LONGEST_RANGE.days, 20)}T00:00:00Z")
    channel = {"id": "c", "type": "web_hook", "address": "https://127.0.0.1:1/x", "params": {"ttl": "60"}}
    opened = calendar.call("POST", f"{path}/watch", json=channel).json()
    calendar.call("POST", "channels/stop", json={"id": "c", "resourceId": opened["resourceId"]})
    calendar.call("DELETE", f"{path}/abcde12345?sendUpdates=none")
    calendar.call("GET", f"{path}?showDeleted=true")
    statuses = [one.status for one in calendar.sandbox.google.exchanges if one.path.startswith("/calendar")]
    assert statuses == [200] * 8 + [204, 204, 200]
    assert calendar.sandbox.violations == []
