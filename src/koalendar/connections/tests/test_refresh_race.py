"""Many workers, one expired token: one refresh."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import httpx2
import pytest
from django.db import connection as database

import tests.people
from koalendar import clock
from koalendar.connections import actions, registry
from koalendar.connections.models import Connection, Credential
from koalendar.connections.provider import Disconnected
from koalendar.connections.tests.makers import (
    NOW,
    TokenEndpoint,
    make_account,
    make_host,
    make_tokens,
    reread,
)
from koalendar.connections.zoom.app import Zoom
from koalendar.sandbox.server import Sandbox
from tests.people import connect_zoom

pytestmark = pytest.mark.django_db(transaction=True)

WORKERS = 50
EXPIRED = NOW + timedelta(hours=2)


class SlowEndpoint(TokenEndpoint):
    """Answers a refresh only after every worker has asked for the token."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0
        self.everybody_is_here = threading.Barrier(WORKERS + 1)

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.calls += 1
        self.everybody_is_here.wait(30)
        return super().__call__(request)


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> SlowEndpoint:
    zoom = SlowEndpoint()
    monkeypatch.setitem(registry.MEETINGS, "zoom", Zoom(transport=httpx2.MockTransport(zoom)))
    return zoom


def connect() -> Connection:
    return actions.connect(
        host=make_host(), provider="zoom", tokens=make_tokens(), account=make_account(), now=NOW
    )


def ask_at_once(credential: Credential, endpoint: SlowEndpoint) -> list[str]:
    """What fifty threads get. The winner's answer waits until the last of them has begun."""

    def ask(_: int) -> str:
        arrived = threading.Thread(target=endpoint.everybody_is_here.wait, args=(30,))
        arrived.start()
        try:
            return actions.access_token(credential, now=EXPIRED)
        except Disconnected:
            return "disconnected"
        finally:
            database.close()
            arrived.join()

    with ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(ask, range(WORKERS)))


def test_fifty_workers_with_an_expired_token_make_one_refresh(endpoint: SlowEndpoint) -> None:
    connection = connect()
    assert ask_at_once(connection.credential, endpoint) == ["access-2"] * WORKERS
    assert (endpoint.calls, endpoint.refreshes) == (1, 1)
    assert reread(connection).state == Connection.State.ACTIVE


def test_fifty_workers_with_a_dead_token_break_the_connection_once(endpoint: SlowEndpoint) -> None:
    connection = connect()
    endpoint.live = "somebody-else-rotated"
    assert ask_at_once(connection.credential, endpoint) == ["disconnected"] * WORKERS
    assert endpoint.calls == 1
    assert reread(connection).state == Connection.State.BROKEN
    assert len(actions.take_untold(connection.credential, NOW)) == 1


def test_fifty_workers_at_zoom_itself_make_one_refresh(sandbox: Sandbox, present: None) -> None:
    """Each makes a call with the expired token, as steps of fifty appointments would."""
    connection = connect_zoom(sandbox, tests.people.make_host())
    sandbox.zoom.expire_access("ada@example.com")
    Credential.objects.update(expires_at=clock.now() - timedelta(hours=1))
    assert call_at_once(connection.credential) == ["ada@example.com"] * WORKERS
    assert refreshes(sandbox) == 1
    assert reread(connection).state == Connection.State.ACTIVE


def test_fifty_workers_whose_token_zoom_refuses_make_one_refresh(sandbox: Sandbox, present: None) -> None:
    """Nothing here says that the token is over; fifty refusals of Zoom do, at once."""
    connection = connect_zoom(sandbox, tests.people.make_host())
    sandbox.zoom.expire_access("ada@example.com")
    assert call_at_once(connection.credential) == ["ada@example.com"] * WORKERS
    assert refreshes(sandbox) == 1


def call_at_once(credential: Credential) -> list[str]:
    """Whose account fifty threads are told it is, each by a call of its own."""
    start = threading.Barrier(WORKERS)

    def ask(_: int) -> str:
        start.wait(30)
        try:
            return actions.open_meetings(credential).me().email
        finally:
            database.close()

    with ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(ask, range(WORKERS)))


def refreshes(sandbox: Sandbox) -> int:
    grants = [call.request_body for call in sandbox.zoom.exchanges if call.path == "/oauth/token"]
    return len([body for body in grants if "grant_type=refresh_token" in body])
