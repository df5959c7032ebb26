"""Makers with sane defaults, and a Zoom of a few lines for tests that need no sandbox."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import httpx2

from koalendar.accounts.models import Host
from koalendar.connections.models import Connection, Credential
from koalendar.connections.provider import (
    Account,
    Disconnected,
    MeetingSpec,
    ProviderError,
    Reason,
    Tokens,
)
from koalendar.connections.zoom.client import ZoomClient
from koalendar.connections.zoom.oauth import SCOPES, ZoomOAuth

NOW = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)
ALL_SCOPES = frozenset(scope.name for scope in SCOPES)
API_URL = "https://api.zoom.us/v2"
MARKER = "ref:ABCDEFGHIJ234567KLMN"

Handler = Callable[[httpx2.Request], httpx2.Response]


def make_host(name: str = "Ada") -> Host:
    return Host.objects.create_user(email=f"{name.lower()}@example.com", name=name, zone="Europe/Paris")


def make_tokens(
    access: str = "access-1",
    refresh: str = "refresh-1",
    *,
    expires_at: datetime = NOW + timedelta(hours=1),
    scopes: frozenset[str] = ALL_SCOPES,
) -> Tokens:
    return Tokens(access, refresh, expires_at, scopes, API_URL)


def make_account(remote_user_id: str = "zoom-ada") -> Account:
    return Account(
        remote_user_id, "account-1", "Ada Lovelace", "ada@zoom.example", "licensed", "Europe/Paris"
    )


def make_spec(**changes: object) -> MeetingSpec:
    fields: dict[str, object] = {
        "marker": MARKER,
        "topic": "Intro call with Ina",
        "agenda": "Booked on Koalendar.",
        "start": NOW + timedelta(days=1),
        "zone": "Europe/Paris",
        "duration": 30,
    }
    return MeetingSpec(**(fields | changes))  # type: ignore[arg-type]  # a maker takes any field by name


def make_oauth(handler: Handler) -> ZoomOAuth:
    return ZoomOAuth(
        base_url="https://zoom.us",
        api_url=API_URL,
        client_id="client",
        client_secret="secret",
        timeout=5,
        transport=httpx2.MockTransport(handler),
    )


def make_client(handler: Handler, tokens: "Purse | None" = None) -> ZoomClient:
    return ZoomClient(
        api_url=API_URL,
        tokens=tokens or Purse(),
        timeout=5,
        transport=httpx2.MockTransport(handler),
        now=lambda: NOW,
    )


def meeting_body(**changes: object) -> dict[str, object]:
    """A meeting as Zoom answers it, in the fields that matter and some that do not."""
    body: dict[str, object] = {
        "id": 85412345678,
        "uuid": "aDYlohsHRtCd4ii1uC2+hA==",
        "type": 2,
        "topic": "Intro call with Ina",
        "agenda": f"{MARKER}\n\nBooked on Koalendar.",
        "start_time": "2026-12-02T08:00:00Z",
        "duration": 30,
        "timezone": "Europe/Paris",
        "created_at": "2026-12-01T08:00:00Z",
        "join_url": "https://us05web.zoom.us/j/85412345678?pwd=abc.1",
        "start_url": "https://us05web.zoom.us/s/85412345678?zak=host-secret",
        "password": "Ax7kq2",
        "settings": {
            "use_pmi": False,
            "global_dial_in_numbers": [
                {"country": "US", "country_name": "US", "number": "+1 646 558 8656", "type": "toll"}
            ],
        },
    }
    return body | changes


class Purse:
    """A token source that hands out token after token, and remembers what became of them."""

    def __init__(self) -> None:
        self.number = 1
        self.ended_with: list[Reason] = []

    def current(self) -> str:
        return f"token-{self.number}"

    def after_refusal(self, refused: str) -> str:
        assert refused == self.current()
        self.number += 1
        return self.current()

    def ended(self, token: str, reason: Reason) -> ProviderError:
        assert token == self.current()
        self.ended_with.append(reason)
        return Disconnected(reason)


class TokenEndpoint:
    """A token endpoint that rotates as Zoom does: each refresh token works once."""

    def __init__(self, live: str = "refresh-1") -> None:
        self.live = live
        self.refreshes = 0
        self.revoked: list[str] = []
        self.scopes = " ".join(sorted(ALL_SCOPES))
        self.troubles: list[Handler] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        form = {name: values[0] for name, values in parse_qs(request.content.decode()).items()}
        if self.troubles:
            return self.troubles.pop(0)(request)
        if request.url.path.endswith("/revoke"):
            self.revoked.append(form["token"])
            return httpx2.Response(200, json={"status": "success"})
        if form["refresh_token"] != self.live:
            return invalid_grant(request)
        return self.rotate(request)

    def rotate(self, _: httpx2.Request) -> httpx2.Response:
        self.refreshes += 1
        self.live = f"refresh-{self.refreshes + 1}"
        return httpx2.Response(
            200,
            json={
                "access_token": f"access-{self.refreshes + 1}",
                "refresh_token": self.live,
                "expires_in": 3599,
                "scope": self.scopes,
                "api_url": "https://api-eu.zoom.us",
            },
        )

    def rotate_and_lose(self, request: httpx2.Request) -> httpx2.Response:
        self.rotate(request)
        raise httpx2.ReadTimeout("lost")


def invalid_grant(_: httpx2.Request) -> httpx2.Response:
    return httpx2.Response(400, json={"reason": "Invalid Token!", "error": "invalid_grant"})


def sent_json(request: httpx2.Request) -> dict[str, object]:
    body = json.loads(request.content)
    assert isinstance(body, dict)
    return body


def stored(credential: Credential) -> Credential:
    return Credential.objects.get(pk=credential.pk)


def reread(connection: Connection) -> Connection:
    return Connection.objects.select_related("credential").get(pk=connection.pk)
