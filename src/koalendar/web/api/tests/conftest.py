"""Programs that call the API: of Ada's, of Ben's, of a stranger's."""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.core.cache import caches
from django.test import Client

from koalendar.accounts.keys import Scope, make_key
from koalendar.accounts.models import Host
from tests.people import NOW, ada, make_host


@dataclass
class Answer:
    """What came back, read."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        assert self.headers["content-type"] == "application/problem+json", self.body
        assert self.json["status"] == self.status
        return str(self.json["code"])

    def errors(self) -> dict[str, str]:
        """Codes by field."""
        return {row["field"]: row["code"] for row in self.json["errors"]}


@dataclass
class Program:
    """Calls paths below /api/v1 with the headers that it has."""

    headers: dict[str, str] = field(default_factory=dict)

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        data = b"" if body is None else json.dumps(body).encode()
        return self.send(method, path, data, "application/json", **headers)

    def send(self, method: str, path: str, data: bytes, content_type: str, **headers: str) -> Answer:
        sent = self.headers | {name.replace("_", "-"): text for name, text in headers.items()}
        client = Client(raise_request_exception=False)
        got = client.generic(method, f"/api/v1{path}", data, content_type, headers=sent)
        return Answer(
            got.status_code, {name.lower(): value for name, value in got.headers.items()}, got.content
        )

    def get(self, path: str, **headers: str) -> Answer:
        return self.call("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Answer:
        return self.call("POST", path, body, **headers)

    def patch(self, path: str, body: Any) -> Answer:
        return self.call("PATCH", path, body)

    def delete(self, path: str) -> Answer:
        return self.call("DELETE", path)


def program_of(host: Host, scope: Scope = Scope.ALL) -> Program:
    key = make_key(host, name="tests", now=NOW, scope=scope)
    return Program({"Authorization": f"Bearer {key}"})


@pytest.fixture(autouse=True)
def quiet(settings: Any, present: None) -> None:
    """No limits but where a test sets one."""
    settings.KOALENDAR_RATE_BOOKINGS = settings.KOALENDAR_RATE_SLOTS = settings.KOALENDAR_RATE_MAIL = None
    for cache in ("default", "memory"):
        caches[cache].clear()


@pytest.fixture
def adas(db: None) -> Program:
    return program_of(ada())


@pytest.fixture
def bens(db: None) -> Program:
    return program_of(make_host("Ben Bitdiddle"))


@pytest.fixture
def stranger(db: None) -> Program:
    return Program()


def asks(event_type: str, start: str = "2026-12-01T09:00:00Z", **more: Any) -> dict[str, Any]:
    """What Ina sends to book."""
    invitee = {"name": "Ina Berg", "email": "ina@example.com", "timezone": "Europe/Paris"}
    return {"event_type": event_type, "start": start, "invitee": invitee} | more
