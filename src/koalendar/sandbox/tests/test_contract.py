"""The judge itself: Zoom's OpenAPI document, where ZOOM_OPENAPI names it, must catch what is wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest

from koalendar.sandbox.tests.conftest import Integrator, meeting_order
from koalendar.sandbox.wire import Exchange
from tests.zoom_openapi import ZoomContract

REASON = "ZOOM_OPENAPI is not set, so nothing is held against Zoom's OpenAPI document"


@pytest.fixture
def judge(contract: ZoomContract | None) -> ZoomContract:
    if contract is None:
        pytest.skip(REASON)
    return contract


def exchange(**changes: Any) -> Exchange:
    usual: dict[str, Any] = {
        "method": "POST",
        "path": "/v2/users/me/meetings",
        "query": "",
        "request_headers": {},
        "request_body": json.dumps(meeting_order()),
        "status": 201,
        "response_headers": {},
        "response_body": '{"id": 81234567890}',
        "at": "2026-12-01T12:00:00Z",
    }
    return Exchange(**(usual | changes))


def test_a_good_call_passes(judge: ZoomContract) -> None:
    judge.check(exchange())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"path": "/v2/users/me/meeting"}, "no such operation"),
        ({"method": "PUT", "path": "/v2/meetings/81234567890"}, "no such operation"),
        ({"query": "notify=true"}, "unknown query parameter"),
        ({"request_body": "topic=x"}, "not JSON"),
        ({"request_body": json.dumps(meeting_order(colour="blue"))}, "unknown fields colour"),
        ({"request_body": json.dumps(meeting_order(settings={"use_pmy": False}))}, "unknown fields use_pmy"),
        ({"request_body": json.dumps(meeting_order(duration=0))}, "duration"),
        ({"request_body": json.dumps(meeting_order(start_time="tomorrow"))}, "start_time"),
        ({"status": 202}, "not among"),
        ({"response_body": '{"id": "81234567890"}'}, "id"),
        ({"response_body": '{"id": 8, "surprise": 1}'}, "unknown fields surprise"),
        (
            {"method": "DELETE", "path": "/v2/meetings/81234567890", "status": 204},
            "body where Zoom expects none",
        ),
        (
            {"method": "GET", "path": "/v2/users/me/meetings", "query": "type=soon", "request_body": ""},
            "query parameter type",
        ),
        ({"status": 404, "response_body": '{"code": "3001", "message": "x"}'}, "code is not a number"),
    ],
)
def test_a_wrong_call_is_named(judge: ZoomContract, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(AssertionError, match=words):
        judge.check(exchange(**changes))


def test_the_sandbox_keeps_the_contract_in_a_whole_story(judge: ZoomContract, ada: Integrator) -> None:
    meeting = ada.create().json()
    ada.call("GET", "/users/me")
    ada.call("GET", "/users/me/settings")
    ada.call("GET", "/users/me/settings?option=meeting_security")
    ada.call("GET", "/users/me/meetings?type=upcoming&page_size=300")
    ada.call("PATCH", f"/meetings/{meeting['id']}", json={"topic": "New"})
    ada.call("GET", f"/meetings/{meeting['id']}")
    ada.call("DELETE", f"/meetings/{meeting['id']}?schedule_for_reminder=false")
    assert len(ada.sandbox.zoom.exchanges) >= 8
    assert ada.sandbox.violations == []
