"""Things that go wrong because somebody asked for it."""

from __future__ import annotations

from typing import Any

import httpx2 as httpx
import pytest

from koalendar.sandbox import faults
from koalendar.sandbox.server import Sandbox
from koalendar.sandbox.tests.conftest import Integrator


@pytest.mark.parametrize("name", sorted(faults.REST_ERRORS | faults.RATE_LIMITS))
def test_every_documented_answer_can_be_ordered_once(ada: Integrator, name: str) -> None:
    ada.sandbox.zoom.fail_next(name)
    answer = ada.call("GET", "/meetings/81234567890")
    expected = (faults.REST_ERRORS | faults.RATE_LIMITS)[name]
    assert answer.status_code == expected.status
    if expected.body is not None:
        assert answer.json().get("code") == expected.code
        assert "{" not in answer.json()["message"]
    assert set(expected.headers) <= {
        header.title().replace("Ratelimit", "RateLimit") for header in answer.headers
    }
    assert ada.call("GET", "/users/me").status_code == 200


def test_a_daily_limit_names_the_next_midnight_as_iso_time(ada: Integrator) -> None:
    ada.sandbox.zoom.fail_next("account_daily")
    assert ada.call("GET", "/users/me").headers["retry-after"] == "2026-12-02T00:00:00Z"


def test_a_missing_meeting_is_named_in_the_message(ada: Integrator) -> None:
    ada.sandbox.zoom.fail_next("meeting_missing")
    assert "81234567890" in ada.call("GET", "/meetings/81234567890").json()["message"]


def test_a_fault_waits_for_the_call_it_is_meant_for(ada: Integrator) -> None:
    ada.sandbox.zoom.fail_next("server_error", method="POST", times=2)
    assert ada.call("GET", "/users/me").status_code == 200
    assert [ada.create().status_code for _ in range(3)] == [500, 500, 201]


def test_dropping_does_nothing_and_answers_nothing(ada: Integrator) -> None:
    ada.sandbox.zoom.fail_next("drop")
    with pytest.raises(httpx.HTTPError):
        ada.create()
    assert not ada.sandbox.zoom.meetings
    assert ada.sandbox.zoom.calls[-1].status == 0


def test_store_then_drop_makes_the_meeting_but_answers_nothing(ada: Integrator) -> None:
    ada.sandbox.zoom.fail_next("store_then_drop")
    with pytest.raises(httpx.HTTPError):
        ada.create()
    assert len(ada.call("GET", "/users/me/meetings").json()["meetings"]) == 1


def test_a_lost_token_answer_leaves_the_client_with_a_dead_token(ada: Integrator) -> None:
    ada.sandbox.zoom.fail_next("token_store_then_drop")
    with pytest.raises(httpx.HTTPError):
        ada.refresh(ada.tokens["refresh_token"])
    assert ada.refresh(ada.tokens["refresh_token"]).json()["error"] == "invalid_grant"


def test_a_hidden_meeting_is_missing_from_lists_but_can_be_read(ada: Integrator, clock: Any) -> None:
    ada.sandbox.zoom.fail_next("hide_from_lists")
    path = f"/meetings/{ada.create().json()['id']}"
    assert ada.call("GET", "/users/me/meetings").json()["meetings"] == []
    assert ada.call("GET", path).status_code == 200
    clock.advance(seconds=31)
    assert len(ada.call("GET", "/users/me/meetings").json()["meetings"]) == 1


def test_answers_can_be_empty_huge_or_a_web_page(ada: Integrator) -> None:
    for name in ("empty_body", "huge_body", "not_json"):
        ada.sandbox.zoom.fail_next(name)
    empty, huge, page = ada.create(), ada.create(), ada.create()
    assert (empty.status_code, empty.content) == (201, b"")
    assert len(huge.content) > 8_000_000
    assert page.text.startswith("<html>")
    assert len(ada.sandbox.zoom.meetings) == 3


def test_the_passcode_can_be_missing_from_the_answer(ada: Integrator) -> None:
    ada.sandbox.zoom.fail_next("no_password")
    meeting = ada.create().json()
    assert "password" not in meeting
    assert "join_url" in meeting


def test_expires_in_can_be_absurd(ada: Integrator) -> None:
    ada.sandbox.zoom.fail_next("absurd_expiry")
    assert ada.refresh(ada.tokens["refresh_token"]).json()["expires_in"] > 10**9


def test_any_answer_can_be_ordered_over_http(ada: Integrator) -> None:
    control = f"{ada.sandbox.url}/_control/faults"
    order = {"status": 418, "code": 7, "message": "teapot", "headers": {"X-Extra": "1"}, "path": "^/v2/users"}
    assert ada.http.post(control, json=order).status_code == 200
    answer = ada.call("GET", "/users/me")
    assert (answer.status_code, answer.json(), answer.headers["x-extra"]) == (
        418,
        {"code": 7, "message": "teapot"},
        "1",
    )
    assert ada.http.post(control, json={"preset": "drop", "times": 3}).status_code == 200
    assert len(ada.http.get(control).json()["armed"]) == 1
    ada.http.delete(control)
    assert ada.http.get(control).json()["armed"] == []


@pytest.mark.parametrize(
    "order",
    [
        {"preset": "nonsense"},
        {"kind": "nonsense"},
        {"kind": "answer"},
        {"status": 9000},
        {"status": 200, "headers": {"X": "a\r\nb"}},
        {"preset": "drop", "times": 0},
        {"preset": "drop", "times": True},
        {"preset": "drop", "path": "("},
        {"preset": "drop", "seconds": -1},
        {"preset": ["drop"]},
        {"surprise": 1},
    ],
)
def test_a_nonsensical_order_is_refused_with_a_sentence(
    sandbox: Sandbox, http: httpx.Client, order: dict[str, Any]
) -> None:
    answer = http.post(f"{sandbox.url}/_control/faults", json=order)
    assert answer.status_code == 400
    assert answer.json()["error"]
