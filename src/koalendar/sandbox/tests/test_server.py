"""The process: its pages, its remote control, its state file, its manners towards bad input."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from koalendar.sandbox.server import Sandbox, main
from koalendar.sandbox.tests.conftest import Integrator
from koalendar.sandbox.wire import Exchange

PAGES = ("/", "/zoom/", "/zoom/marketplace", "/zoom/installed", "/mail/")


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_labelled_and_allows_nothing_inline(ada: Integrator, path: str) -> None:
    ada.create(topic="<b>Bold</b>")
    page = ada.http.get(ada.sandbox.url + path)
    assert page.status_code == 200
    assert "Sandbox: not Zoom, not Google" in page.text
    assert "<b>Bold" not in page.text
    assert " style=" not in page.text
    assert "onclick" not in page.text
    assert "unsafe-inline" not in page.headers["content-security-policy"]


def test_the_meetings_page_tells_how_a_meeting_changed(ada: Integrator) -> None:
    meeting = ada.create().json()
    path = f"/meetings/{meeting['id']}"
    ada.call("PATCH", path, json={"start_time": "2026-12-04T10:00:00Z"})
    ada.call("DELETE", path)
    text = ada.http.get(f"{ada.sandbox.url}/zoom/").text
    assert "11:00–11:30" in text
    assert "12-03 09:00 → 12-04 10:00 UTC" in text
    for word in ("created by API", "moved by API", "deleted by API"):
        assert word in text


def test_a_host_moves_and_deletes_a_meeting_by_hand(ada: Integrator) -> None:
    meeting = ada.create().json()
    site, form = ada.sandbox.url, {"id": str(meeting["id"])}
    ada.http.post(f"{site}/zoom/meetings/move", data=form | {"start": "2026-12-05T10:00"})
    assert ada.call("GET", f"/meetings/{meeting['id']}").json()["start_time"] == "2026-12-05T09:00:00Z"
    ada.http.post(f"{site}/zoom/meetings/delete", data=form)
    assert ada.call("GET", f"/meetings/{meeting['id']}").json()["code"] == 3001
    assert ada.http.post(f"{site}/zoom/meetings/delete", data=form).status_code == 400


def test_the_buttons_for_trouble_work(ada: Integrator) -> None:
    site = ada.sandbox.url
    ada.http.post(f"{site}/zoom/fail-next", data={"preset": "server_error", "times": "2"})
    assert "2×" in ada.http.get(f"{site}/zoom/").text
    assert ada.call("GET", "/users/me").status_code == 500
    ada.http.post(f"{site}/zoom/clear-faults")
    assert ada.call("GET", "/users/me").status_code == 200
    ada.http.post(f"{site}/zoom/revoke", data={"user": "ada@example.com"})
    assert ada.call("GET", "/users/me").json()["code"] == 124
    assert "tokens revoked" in ada.http.get(f"{site}/zoom/installed").text
    ada.http.post(f"{site}/zoom/installed/remove", data={"user": "ada@example.com"})
    assert "Nobody has installed" in ada.http.get(f"{site}/zoom/installed").text


def test_the_remote_control_shows_the_state_and_resets_it(ada: Integrator) -> None:
    ada.create()
    control = f"{ada.sandbox.url}/_control"
    state = ada.http.get(f"{control}/state").json()
    assert [one["body"]["topic"] for one in state["meetings"]] == ["Intro with Ina"]
    assert {"path": "/v2/users/me/meetings", "status": 201} in [
        {"path": call["path"], "status": call["status"]} for call in state["calls"]
    ]
    exchanges = ada.http.get(f"{control}/exchanges").json()["exchanges"]
    assert json.loads(exchanges[-1]["request_body"])["topic"] == "Intro with Ina"
    assert json.loads(exchanges[-1]["response_body"])["topic"] == "Intro with Ina"
    ada.http.post(f"{control}/reset")
    state = ada.http.get(f"{control}/state").json()
    assert (state["meetings"], state["calls"], state["installed"]) == ([], [], {})
    assert [user["email"] for user in state["users"]] == ["ada@example.com", "ben@example.com"]


def test_the_remote_control_moves_the_clock_and_expires_tokens(ada: Integrator) -> None:
    control = f"{ada.sandbox.url}/_control"
    ada.http.post(f"{control}/clock", json={"advance_seconds": 3600})
    assert ada.call("GET", "/users/me").json()["code"] == 124
    ada.tokens = ada.refresh(ada.tokens["refresh_token"]).json()
    assert ada.call("GET", "/users/me").status_code == 200
    ada.http.post(f"{control}/expire", json={"user": "ada@example.com"})
    assert ada.call("GET", "/users/me").json()["message"] == "Access token is expired."


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/_control/nonsense", b"{}"),
        ("POST", "/_control/users", b"[]"),
        ("POST", "/_control/users", b"{"),
        ("POST", "/_control/users", b'{"email": 5}'),
        ("POST", "/_control/users", b'{"email": "a@b", "type": [1]}'),
        ("POST", "/_control/expire", b'{"user": "nobody"}'),
        ("POST", "/_control/expire", b"{}"),
        ("POST", "/_control/clock", b'{"advance_seconds": "soon"}'),
        ("POST", "/_control/clock", b'{"advance_seconds": 1e300}'),
        ("POST", "/_control/clock", b'{"advance_seconds": NaN}'),
        ("POST", "/_control/users", b'{"email": "a@b", "preferences": {"alternative_hosts": 5}}'),
        ("POST", "/_control/users", b'{"email": "a@b", "passcode_policy": {"length": "8"}}'),
        ("POST", "/_control/authorize", b'{"url": 5}'),
        ("POST", "/_control/faults", b'{"status": 200, "headers": {"X": "\xc3\xa9"}}'),
        ("POST", "/_control/settings", b'{"published": "yes"}'),
        ("POST", "/_control/settings", b'{"webhook_url": "file:///etc/passwd"}'),
        ("POST", "/_control/meetings/move", b'{"id": "x", "start_time": "y"}'),
        ("POST", "/_control/mail", b'{"trouble": "nonsense"}'),
        ("POST", "/_control/authorize", b'{"url": "http://x/?client_id=y"}'),
        ("POST", "/_control/reset", b"[" * 100_000),
        ("GET", "/nowhere", b""),
        ("GET", "/static/../server.py", b""),
        ("GET", "/mail/999999", b""),
        ("POST", "/zoom/fail-next", b"preset=drop&times=many"),
        ("POST", "/zoom/meetings/move", b"id=5&start=soon"),
        ("POST", "/zoom/oauth/authorize", b"\xff\xfe"),
        ("PUT", "/zoom/oauth/token", b""),
        ("POST", "/zoom/oauth/revoke", b"token=unknown"),
    ],
)
def test_nonsense_is_refused_without_a_trace(
    sandbox: Sandbox, http: httpx.Client, method: str, path: str, body: bytes
) -> None:
    answer = http.request(method, sandbox.url + path, content=body)
    assert 400 <= answer.status_code < 500
    assert "Traceback" not in answer.text
    assert http.get(f"{sandbox.url}/zoom/").status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "body", "kind"),
    [
        ("POST", "/users/me/meetings", b"[" * 100_000, "application/json"),
        ("POST", "/users/me/meetings", b"\xff", "application/json"),
        ("POST", "/users/me/meetings", b"{}", "text/plain"),
        ("POST", "/users/me/meetings", b'{"settings": {"alternative_hosts": 5}}', "application/json"),
        ("POST", "/users/me/meetings", b'{"type": [2], "topic": null}', "application/json"),
        ("GET", "/users/me/meetings?page_size=0", b"", ""),
        ("GET", "/users/me/meetings?page_size=%00", b"", ""),
        ("GET", "/users/me/meetings?next_page_token=W10=", b"", ""),
        ("GET", "/users/me/meetings?next_page_token=%C3%A9", b"", ""),
        ("GET", "/users/me/meetings?from=yesterday", b"", ""),
        ("GET", "/users/me/meetings?type=nonsense", b"", ""),
        ("GET", "/meetings/99999999999999999999999", b"", ""),
        ("GET", "/meetings/%2e%2e", b"", ""),
        ("PUT", "/users/me", b"", ""),
        ("GET", "/groups", b"", ""),
    ],
)
def test_hostile_calls_get_zooms_error_shape(
    sandbox: Sandbox, zoom: Integrator, method: str, path: str, body: bytes, kind: str
) -> None:
    zoom.connect()
    headers = {"Authorization": f"Bearer {zoom.tokens['access_token']}", "Content-Type": kind}
    answer = zoom.http.request(method, f"{sandbox.url}/zoom/v2{path}", content=body, headers=headers)
    assert 400 <= answer.status_code < 500
    assert set(answer.json()) <= {"code", "message", "errors"}
    sandbox.violations.clear()  # The contract rightly objects to such requests.


@pytest.mark.parametrize(
    "raw",
    [
        b"nonsense\r\n\r\n",
        b"BREW /coffee HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: lots\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n",
    ],
)
def test_malformed_http_gets_a_4xx_in_json(sandbox: Sandbox, raw: bytes) -> None:
    with socket.create_connection(("127.0.0.1", sandbox.port), timeout=5) as connection:
        connection.sendall(raw)
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 4")
    assert json.loads(body)["error"]


def test_pages_of_another_origin_cannot_give_orders(sandbox: Sandbox, http: httpx.Client) -> None:
    answer = http.post(f"{sandbox.url}/_control/reset", headers={"Origin": "http://evil.example"})
    assert answer.status_code == 403
    assert http.post(f"{sandbox.url}/_control/reset", headers={"Origin": sandbox.url}).status_code == 200


def test_a_violation_of_the_contract_is_raised_when_the_sandbox_is_left(http: httpx.Client) -> None:
    def judge(exchange: Exchange) -> None:
        raise AssertionError(f"{exchange.method} {exchange.path} is not allowed")

    with (
        pytest.raises(AssertionError, match="GET /v2/users/me is not allowed"),
        Sandbox(validator=judge) as one,
    ):
        http.get(f"{one.url}/zoom/v2/users/me")


def test_stopping_cuts_open_connections_and_ends_slow_answers() -> None:
    started = time.monotonic()
    with Sandbox() as one:
        one.zoom.fail_next("slow", seconds=300)
        idle = socket.create_connection(("127.0.0.1", one.port), timeout=5)
        idle.sendall(b"GET /_control/health HTTP/1.1\r\nHost: x\r\n\r\n")
        assert idle.recv(1000).startswith(b"HTTP/1.1 200")
        slow = socket.create_connection(("127.0.0.1", one.port), timeout=5)
        slow.sendall(b"GET /zoom/v2/users/me HTTP/1.1\r\nHost: x\r\n\r\n")
    with idle, slow:
        assert idle.recv(1000) == b""
    assert time.monotonic() - started < 5


def test_the_state_file_carries_tokens_meetings_and_mails_over(tmp_path: Path, http: httpx.Client) -> None:
    path = tmp_path / "deep" / "state.json"
    with Sandbox(state_file=path) as first:
        before = Integrator(first, http)
        before.connect()
        meeting = before.create(start_time="2099-12-03T09:00:00Z").json()
        first.mailbox.add(b"Subject: Kept\r\n\r\n", sender="", recipients=["ina@example.com"])
    with Sandbox(state_file=path) as second:
        after = Integrator(second, http)
        after.tokens = before.tokens
        assert after.call("GET", f"/meetings/{meeting['id']}").json()["join_url"] == meeting["join_url"]
        assert after.refresh(before.tokens["refresh_token"]).status_code == 200
        assert [mail.subject for mail in second.mailbox.messages] == ["Kept"]
    assert list(path.parent.iterdir()) == [path]


def test_a_broken_state_file_is_explained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "state.json"
    path.write_text("{", "utf-8")
    assert main(["--port", "0", "--smtp-port", "0", "--state", str(path)]) == 1
    assert "cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_program_prints_its_pages_and_ends_quickly(number: signal.Signals, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "koalendar.sandbox", "--port", "0", "--smtp-port", "0"]
    environment: dict[str, Any] = dict(os.environ)
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=environment, cwd=tmp_path
    ) as process:
        assert process.stdout
        lines = [process.stdout.readline() for _ in range(6)]
        assert any("/mail/" in line for line in lines)
        started = time.monotonic()
        process.send_signal(number)
        assert process.wait(10) == 0
        assert time.monotonic() - started < 2
