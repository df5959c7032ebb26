"""Clocks that are wrong, here or on another machine: nobody is disconnected, and nothing waits for hours."""

from datetime import timedelta
from typing import Any

import httpx2
import pytest

import tests.people
from koalendar import clock
from koalendar.connections import actions, registry
from koalendar.connections.models import Connection, Credential
from koalendar.connections.provider import Disconnected, Reason, Temporary
from koalendar.connections.tests.makers import (
    NOW,
    TokenEndpoint,
    invalid_grant,
    make_account,
    make_host,
    make_tokens,
    reread,
)
from koalendar.connections.zoom.app import Zoom
from koalendar.sandbox.server import Sandbox
from tests.people import connect_zoom

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("present")]

State = Connection.State
HOURS = [timedelta(hours=-26), timedelta(hours=-5), timedelta(hours=5), timedelta(hours=26)]


class Clocks:
    """Ours and Zoom's, which the fixture lets go alike."""

    def __init__(self, settings: Any, sandbox: Sandbox) -> None:
        self._settings = settings
        self._sandbox = sandbox

    def set_ours_off(self, by: timedelta) -> None:
        self._settings.KOALENDAR_CLOCK_OFFSET += by.total_seconds()
        self._sandbox.zoom.advance_clock(-by.total_seconds())

    def pass_by(self, span: timedelta) -> None:
        self._settings.KOALENDAR_CLOCK_OFFSET += span.total_seconds()


@pytest.fixture
def clocks(settings: Any, sandbox: Sandbox) -> Clocks:
    return Clocks(settings, sandbox)


def refreshes(sandbox: Sandbox) -> int:
    grants = [call.request_body for call in sandbox.zoom.exchanges if call.path == "/oauth/token"]
    return len([body for body in grants if "grant_type=refresh_token" in body])


def ask(connection: Connection) -> str:
    return actions.open_meetings(connection.credential).me().email


@pytest.mark.parametrize("off", HOURS, ids=str)
def test_a_clock_that_is_always_wrong_refreshes_in_time(
    sandbox: Sandbox, clocks: Clocks, off: timedelta
) -> None:
    clocks.set_ours_off(off)
    connection = connect_zoom(sandbox, tests.people.make_host())
    for _ in range(4):
        clocks.pass_by(timedelta(minutes=50))
        assert ask(connection) == "ada@example.com"
    assert refreshes(sandbox) == 2
    assert not [call for call in sandbox.zoom.calls if call.status == 401]
    assert reread(connection).state == State.ACTIVE


@pytest.mark.parametrize("off", HOURS, ids=str)
def test_a_clock_that_was_wrong_and_is_set_right_disconnects_nobody(
    sandbox: Sandbox, clocks: Clocks, off: timedelta
) -> None:
    clocks.set_ours_off(off)
    connection = connect_zoom(sandbox, tests.people.make_host())
    clocks.set_ours_off(-off)
    clocks.pass_by(timedelta(hours=2))
    for _ in range(2):
        assert ask(connection) == "ada@example.com"
    assert refreshes(sandbox) == 1
    assert reread(connection).state == State.ACTIVE


def test_a_lease_written_by_a_clock_that_was_ahead_holds_up_nobody(sandbox: Sandbox) -> None:
    connection = connect_zoom(sandbox, tests.people.make_host())
    late = clock.now() + timedelta(hours=5)
    Credential.objects.update(expires_at=clock.now(), lease_owner="ahead", lease_until=late)
    assert ask(connection) == "ada@example.com"
    assert refreshes(sandbox) == 1


def test_of_two_machines_that_refresh_at_once_the_slower_one_breaks_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By the other machine's clock our lease was over, so it took the lease and spent our refresh token."""
    zoom = TokenEndpoint()
    monkeypatch.setitem(registry.MEETINGS, "zoom", Zoom(transport=httpx2.MockTransport(zoom)))
    connection = actions.connect(
        host=make_host(), provider="zoom", tokens=make_tokens(), account=make_account(), now=NOW
    )

    def overtaken(request: httpx2.Request) -> httpx2.Response:
        until = NOW + timedelta(hours=3)
        Credential.objects.update(lease_owner="the other machine", lease_until=until)
        return invalid_grant(request)

    zoom.troubles = [overtaken]
    with pytest.raises(Temporary) as error:
        actions.access_token(connection.credential, now=NOW + timedelta(hours=2))
    assert error.value.reason == Reason.REFRESH_BUSY
    row = reread(connection)
    assert (row.state, row.credential.lease_owner) == (State.ACTIVE, "the other machine")
    assert row.credential.tokens


# ── A later authorisation elsewhere (4741) ──


def test_an_authorisation_made_elsewhere_ends_ours_and_says_why(sandbox: Sandbox) -> None:
    """Staging and production with the same app: who connected last has the account."""
    connection = connect_zoom(sandbox, tests.people.make_host())
    user = sandbox.zoom.user("ada@example.com")
    redirect_uri = "http://localhost:8000/integrations/zoom/callback"
    code = sandbox.zoom.issue_code(user, ["user:read:user"], redirect_uri)
    sandbox.zoom.exchange_code(code, redirect_uri, "")
    with pytest.raises(Disconnected) as error:
        ask(connection)
    assert error.value.reason == Reason.AUTHORIZATION_REPLACED
    row = reread(connection)
    assert (row.state, row.problem, row.credential.tokens) == (
        State.BROKEN,
        "authorization_replaced",
        "",
    )


def test_an_authorisation_made_here_by_another_host_goes_on_for_both(sandbox: Sandbox) -> None:
    ada = connect_zoom(sandbox, tests.people.make_host())
    before = ada.credential
    connect_zoom(sandbox, tests.people.make_host("Ben Katz"), user="ada@example.com")
    assert actions.open_meetings(before).me().email == "ada@example.com"
    assert refreshes(sandbox) == 0
    assert reread(ada).state == State.ACTIVE
