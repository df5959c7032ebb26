"""A running sandbox per test, and a small client that behaves like a careful integrator."""

from __future__ import annotations

import base64
import hashlib
import json
import queue
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import httpx2 as httpx
import pytest

from koalendar.sandbox.server import Sandbox
from koalendar.sandbox.wire import Json
from koalendar.sandbox.world import SCOPES
from tests import contracts
from tests.google_discovery import GoogleContract
from tests.zoom_openapi import ZoomContract

REDIRECT = "http://127.0.0.1:8000/integrations/zoom/callback"
GOOGLE_REDIRECT = "http://127.0.0.1:8000/integrations/google/callback"
GOOGLE_SCOPES = (
    "openid",
    "email",
    "https://www.googleapis.com/auth/calendar.calendarlist.readonly",
    "https://www.googleapis.com/auth/calendar.events.freebusy",
    "https://www.googleapis.com/auth/calendar.events",
)
VERIFIER = "v" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
NOON = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)


class Integrator:
    """Connects as a Zoom user and calls the API; every method returns the raw answer."""

    def __init__(self, sandbox: Sandbox, http: httpx.Client) -> None:
        self.sandbox = sandbox
        self.http = http
        self.tokens: dict[str, Any] = {}

    def authorize_url(self, **changes: str) -> str:
        query = {
            "response_type": "code",
            "client_id": "sandbox-zoom-client",
            "redirect_uri": REDIRECT,
            "state": "some-state",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }
        return f"{self.sandbox.url}/zoom/oauth/authorize?{urlencode(query | changes)}"

    def code(self, user: str = "ada@example.com", scopes: tuple[str, ...] = SCOPES) -> str:
        order = {"url": self.authorize_url(), "user": user, "scopes": list(scopes)}
        answer = self.http.post(f"{self.sandbox.url}/_control/authorize", json=order)
        location: str = answer.json()["location"]
        return parse_qs(urlsplit(location).query)["code"][0]

    def token(self, **form: str) -> httpx.Response:
        return self.http.post(
            f"{self.sandbox.url}/zoom/oauth/token",
            data=form,
            auth=("sandbox-zoom-client", "sandbox-zoom-secret"),
        )

    def exchange(self, code: str, **changes: str) -> httpx.Response:
        form = {"code": code, "redirect_uri": REDIRECT, "code_verifier": VERIFIER} | changes
        return self.token(grant_type="authorization_code", **form)

    def refresh(self, token: str) -> httpx.Response:
        return self.token(grant_type="refresh_token", refresh_token=token)

    def connect(self, user: str = "ada@example.com", scopes: tuple[str, ...] = SCOPES) -> dict[str, Any]:
        self.tokens = self.exchange(self.code(user, scopes)).json()
        return self.tokens

    def call(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.tokens['access_token']}"}
        return self.http.request(method, f"{self.sandbox.url}/zoom/v2{path}", headers=headers, **options)

    def create(self, **changes: Any) -> httpx.Response:
        return self.call("POST", "/users/me/meetings", json=meeting_order(**changes))


def meeting_order(**changes: Any) -> dict[str, Any]:
    order = {
        "topic": "Intro with Ina",
        "type": 2,
        "start_time": "2026-12-03T09:00:00Z",
        "duration": 30,
        "timezone": "Europe/Paris",
        "agenda": "Booked by Ina",
        "settings": {"use_pmi": False},
    }
    return order | changes


class Client:
    """A careful client of Google; every method returns the raw answer."""

    def __init__(self, sandbox: Sandbox, http: httpx.Client) -> None:
        self.sandbox = sandbox
        self.http = http
        self.tokens: dict[str, Any] = {}

    def authorize_url(self, **changes: str) -> str:
        query = {
            "response_type": "code",
            "client_id": "sandbox-google-client",
            "redirect_uri": GOOGLE_REDIRECT,
            "scope": " ".join(GOOGLE_SCOPES),
            "state": "some-state",
            "access_type": "offline",
            "prompt": "consent",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }
        return f"{self.sandbox.url}/google/o/oauth2/v2/auth?{urlencode(query | changes)}"

    def allow(self, user: str = "ada@example.com", **changes: Any) -> dict[str, str]:
        """Presses Continue; the parameters that come back. ``ticked`` are the boxes, all when absent."""
        ticked = changes.pop("ticked", None)
        order: dict[str, Any] = {"url": self.authorize_url(**changes), "user": user}
        order |= {} if ticked is None else {"scopes": list(ticked)}
        answer = self.http.post(f"{self.sandbox.url}/_control/google/authorize", json=order)
        location: str = answer.json()["location"]
        return dict(parse_qsl(urlsplit(location).query))

    def token(self, **form: str) -> httpx.Response:
        client = {"client_id": "sandbox-google-client", "client_secret": "sandbox-google-secret"}
        return self.http.post(f"{self.sandbox.url}/google/token", data=client | form)

    def exchange(self, code: str, **changes: str) -> httpx.Response:
        form = {"code": code, "redirect_uri": GOOGLE_REDIRECT, "code_verifier": VERIFIER} | changes
        return self.token(grant_type="authorization_code", **form)

    def refresh(self, token: str = "") -> httpx.Response:
        return self.token(
            grant_type="refresh_token", refresh_token=token or self.tokens.get("refresh_token", "")
        )

    def connect(self, user: str = "ada@example.com", **changes: Any) -> dict[str, Any]:
        self.tokens = self.exchange(self.allow(user, **changes)["code"]).json()
        return self.tokens

    def call(self, method: str, path: str, headers: Any = None, **options: Any) -> httpx.Response:
        bearer = {"Authorization": f"Bearer {self.tokens['access_token']}"}
        url = f"{self.sandbox.url}/google/calendar/v3/{path}"
        return self.http.request(method, url, headers=bearer | (headers or {}), **options)

    def insert(self, calendar: str = "primary", query: str = "", **changes: Any) -> httpx.Response:
        body = event_order(**changes)
        return self.call("POST", f"calendars/{calendar}/events{query}", json=body)

    def busy(self, *calendars: str, **changes: Any) -> dict[str, Any]:
        body = {
            "timeMin": "2026-12-01T00:00:00Z",
            "timeMax": "2026-12-08T00:00:00Z",
            "items": [{"id": name} for name in calendars or ("primary",)],
        }
        found: dict[str, Any] = self.call("POST", "freeBusy", json=body | changes).json()
        return found


def event_order(**changes: Any) -> dict[str, Any]:
    order = {
        "summary": "Intro with Ina",
        "start": {"dateTime": "2026-12-03T09:00:00", "timeZone": "Europe/Paris"},
        "end": {"dateTime": "2026-12-03T09:30:00", "timeZone": "Europe/Paris"},
    }
    return order | changes


class Clock:
    """The sandbox's time, moved by hand."""

    def __init__(self) -> None:
        self.time = NOON

    def __call__(self) -> datetime:
        return self.time

    def advance(self, **amount: float) -> None:
        self.time += timedelta(**amount)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def contract() -> ZoomContract | None:
    return contracts.zoom_contract()


@pytest.fixture(scope="session")
def google_contract() -> GoogleContract | None:
    return contracts.google_contract()


@pytest.fixture
def sandbox(
    clock: Clock, contract: ZoomContract | None, google_contract: GoogleContract | None
) -> Iterator[Sandbox]:
    """A sandbox on free ports. With ZOOM_OPENAPI every exchange with Zoom is held against it; with
    google-api-python-client, every one with Google against Google's discovery document."""
    with Sandbox(now=clock, validator=contracts.judge(contract, google_contract)) as running:
        yield running


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=5) as client:
        yield client


@pytest.fixture
def zoom(sandbox: Sandbox, http: httpx.Client) -> Integrator:
    """Nobody is connected yet."""
    return Integrator(sandbox, http)


@pytest.fixture
def google(sandbox: Sandbox, http: httpx.Client) -> Client:
    """Nobody has given access yet."""
    return Client(sandbox, http)


@pytest.fixture
def calendar(google: Client) -> Client:
    """Ada's calendar, with all boxes ticked."""
    google.connect()
    return google


@pytest.fixture
def ada(zoom: Integrator) -> Integrator:
    """Connected as Ada with all scopes."""
    zoom.connect()
    return zoom


class Product(HTTPServer):
    """Keeps what it is sent."""

    def __init__(self) -> None:
        self.received: queue.Queue[tuple[str, dict[str, str], bytes]] = queue.Queue()
        super().__init__(("127.0.0.1", 0), _Receiver)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def next_event(self) -> Json:
        body: Json = json.loads(self.received.get(timeout=5)[2])
        return body


class _Receiver(BaseHTTPRequestHandler):
    server: Product

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.received.put(
            (self.path, {name.lower(): value for name, value in self.headers.items()}, body)
        )
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def product() -> Iterator[Product]:
    with Product() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()
