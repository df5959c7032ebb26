"""The Zoom client and the stored connection against the sandbox, over HTTP."""

import os
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from pytest_django import Settings

from koalendar import clock
from koalendar.connections import actions
from koalendar.connections.models import Connection
from koalendar.connections.pkce import challenge_of
from koalendar.connections.provider import (
    Disconnected,
    MeetingProvider,
    ProviderError,
    Reason,
    Rejected,
    Temporary,
    Uncertain,
)
from koalendar.connections.tests.contract import START, MeetingContract
from koalendar.connections.tests.makers import MARKER, make_host, make_spec, reread, stored
from koalendar.connections.zoom.app import Zoom
from koalendar.connections.zoom.tests.test_oauth import REFRESH_OUTCOMES
from koalendar.sandbox.server import Sandbox
from koalendar.sandbox.wire import Exchange
from koalendar.sandbox.world import SCOPES as EVERY_SCOPE
from tests.zoom_openapi import ZoomContract

pytestmark = pytest.mark.django_db

State = Connection.State
REDIRECT = "http://127.0.0.1:8000/integrations/zoom/callback"
VERIFIER = "v" * 64
ADA = "ada@example.com"


@pytest.fixture(scope="module")
def server() -> Iterator[Sandbox]:
    """One sandbox for all tests; with ZOOM_OPENAPI every exchange is held against Zoom's own document."""
    document = os.environ.get("ZOOM_OPENAPI")
    contract = ZoomContract(document) if document else None

    def judge(exchange: Exchange) -> None:
        if contract:
            contract.check(exchange)

    with Sandbox(validator=judge) as running:
        yield running


@pytest.fixture
def sandbox(server: Sandbox, settings: Settings) -> Iterator[Sandbox]:
    settings.ZOOM_BASE_URL = f"{server.url}/zoom"
    settings.ZOOM_API_URL = f"{server.url}/zoom/v2"
    server.zoom.reset()
    yield server
    assert server.violations == []


@pytest.fixture
def connection(sandbox: Sandbox) -> Connection:
    """Ada's connection, made as a browser would make it."""
    return connect(sandbox)


@pytest.fixture
def meetings(connection: Connection) -> MeetingProvider:
    return actions.open_meetings(connection.credential)


def consent(sandbox: Sandbox, scopes: tuple[str, ...] = EVERY_SCOPE) -> str:
    """The code that Zoom sends back after Ada's consent."""
    url = Zoom().oauth().authorize_url(redirect_uri=REDIRECT, state="s", challenge=challenge_of(VERIFIER))
    order = {"url": url, "user": ADA, "scopes": list(scopes)}
    answer = httpx2.post(f"{sandbox.url}/_control/authorize", json=order)
    query = parse_qs(urlsplit(str(answer.json()["location"])).query)
    assert query["state"] == ["s"]
    return query["code"][0]


def connect(sandbox: Sandbox, scopes: tuple[str, ...] = EVERY_SCOPE, host_name: str = "Ada") -> Connection:
    return actions.connect_with_code(
        host=make_host(host_name),
        provider="zoom",
        code=consent(sandbox, scopes),
        verifier=VERIFIER,
        redirect_uri=REDIRECT,
        now=clock.now(),
    )


def expired(connection: Connection) -> None:
    """The hour of the token is over, for us too."""
    connection.credential.expires_at = clock.now() - timedelta(minutes=1)
    connection.credential.save(update_fields=["expires_at"])


class TestZoomMeetings(MeetingContract):
    """Zoom does what every provider of meetings must do."""


# ── Connecting ──


def test_connecting_finds_out_whose_account_it_is(sandbox: Sandbox, connection: Connection) -> None:
    ada = sandbox.zoom.user(ADA)
    credential = stored(connection.credential)
    assert (credential.remote_user_id, credential.account_email) == (ada.id, ADA)
    assert (credential.account_plan, credential.account_zone) == ("licensed", "Europe/Paris")
    assert credential.api_url == f"{sandbox.url}/zoom/v2"
    assert (connection.state, connection.problem) == (State.ACTIVE, "")


def test_a_scope_that_was_not_granted_is_known_from_the_start(sandbox: Sandbox) -> None:
    connection = connect(sandbox, tuple(scope for scope in EVERY_SCOPE if "delete" not in scope))
    assert (connection.state, connection.problem) == (State.ATTENTION, "missing_scope")
    client = actions.open_meetings(connection.credential)
    meeting = client.create(make_spec(start=START))
    with pytest.raises(Rejected) as error:
        client.delete(meeting.remote_id)
    assert error.value.facts["scopes"] == ("meeting:delete:meeting",)


def test_a_code_works_once(sandbox: Sandbox) -> None:
    code = consent(sandbox)
    oauth = Zoom().oauth()
    oauth.exchange(code=code, redirect_uri=REDIRECT, verifier=VERIFIER, now=clock.now())
    with pytest.raises(Rejected) as error:
        oauth.exchange(code=code, redirect_uri=REDIRECT, verifier=VERIFIER, now=clock.now())
    assert error.value.code == Reason.CODE_INVALID


def test_a_code_without_its_verifier_is_worth_nothing(sandbox: Sandbox) -> None:
    with pytest.raises(Rejected):
        Zoom().oauth().exchange(
            code=consent(sandbox), redirect_uri=REDIRECT, verifier="w" * 64, now=clock.now()
        )


def test_a_second_host_of_the_same_zoom_user_keeps_the_first_one_working(sandbox: Sandbox) -> None:
    """Zoom kills the older tokens at the new consent; the shared row has the new ones."""
    ada = connect(sandbox)
    ben = connect(sandbox, host_name="Ben")
    assert ada.credential_id == ben.credential_id
    actions.open_meetings(ada.credential).create(make_spec(start=START))
    assert reread(ada).state == State.ACTIVE


# ── Tokens ──


def test_an_expired_token_is_refreshed_and_the_old_refresh_token_is_never_used_again(
    sandbox: Sandbox, connection: Connection, meetings: MeetingProvider
) -> None:
    for _ in range(3):
        sandbox.zoom.expire_access(ADA)
        expired(connection)
        meetings.create(make_spec(start=START))
        connection.credential.refresh_from_db()
    assert reread(connection).state == State.ACTIVE


def test_a_token_that_zoom_refuses_early_costs_one_refresh_and_one_repeat(
    sandbox: Sandbox, connection: Connection, meetings: MeetingProvider
) -> None:
    sandbox.zoom.expire_access(ADA)
    meetings.create(make_spec(start=START))
    assert [(call.path, call.status) for call in list(sandbox.zoom.calls)[-3:]] == [
        ("/v2/users/me/meetings", 401),
        ("/oauth/token", 200),
        ("/v2/users/me/meetings", 201),
    ]


@pytest.mark.parametrize("how", ["revoke_user", "uninstall"])
def test_an_app_removed_in_zoom_breaks_the_connection_and_erases_the_account(
    sandbox: Sandbox, connection: Connection, meetings: MeetingProvider, how: str
) -> None:
    getattr(sandbox.zoom, how)(ADA)
    with pytest.raises(Disconnected):
        meetings.create(make_spec(start=START))
    row = reread(connection)
    assert (row.state, row.problem) == (State.BROKEN, "authorization_refused")
    assert (row.credential.tokens, row.credential.account_email) == ("", "")
    assert actions.take_untold(row.credential, clock.now()) == [connection]
    calls = len(sandbox.zoom.calls)
    with pytest.raises(Disconnected):
        meetings.create(make_spec(start=START))
    assert len(sandbox.zoom.calls) == calls


@pytest.mark.parametrize("name", REFRESH_OUTCOMES)
def test_what_each_refusal_of_a_refresh_leaves_behind(
    sandbox: Sandbox, connection: Connection, name: str
) -> None:
    """A dead authorisation breaks the connection; the operator's mistakes and passing trouble do not."""
    kind, reason = REFRESH_OUTCOMES[name]
    expired(connection)
    sandbox.zoom.fail_next(name, times=2)
    with pytest.raises(kind) as error:
        actions.access_token(connection.credential, now=clock.now())
    assert error.value.reason == reason
    row = reread(connection)
    if kind is Disconnected:
        assert (row.state, row.problem, row.credential.tokens) == (State.BROKEN, str(reason), "")
    else:
        assert (row.state, row.problem) == (State.ACTIVE, "")
        sandbox.zoom.clear_faults()
        assert actions.access_token(row.credential, now=clock.now())


def test_a_pair_that_was_made_and_lost_needs_a_new_consent(sandbox: Sandbox, connection: Connection) -> None:
    expired(connection)
    sandbox.zoom.fail_next("token_store_then_drop")
    with pytest.raises(Disconnected):
        actions.access_token(connection.credential, now=clock.now())
    assert reread(connection).state == State.BROKEN


def test_a_token_request_that_was_cut_off_is_repeated(sandbox: Sandbox, connection: Connection) -> None:
    expired(connection)
    sandbox.zoom.fail_next("token_drop")
    assert actions.access_token(connection.credential, now=clock.now())
    assert reread(connection).state == State.ACTIVE


def test_an_absurd_lifetime_does_not_make_every_call_refresh(
    sandbox: Sandbox, connection: Connection
) -> None:
    expired(connection)
    sandbox.zoom.fail_next("absurd_expiry")
    now = clock.now()
    token = actions.access_token(connection.credential, now=now)
    assert stored(connection.credential).expires_at == now + timedelta(hours=1)
    assert actions.access_token(connection.credential, now=now) == token


def test_disconnecting_takes_the_app_away_in_zoom(sandbox: Sandbox, connection: Connection) -> None:
    outcome = actions.disconnect(connection, now=clock.now())
    assert (outcome.revoked, outcome.problem) == (True, None)
    assert sandbox.zoom.tokens == {}
    assert sandbox.zoom.installed == {}


# ── Calls that go wrong ──


@pytest.mark.parametrize("trouble", ["user_missing", "old_user_not_in_account", "invitation_expired"])
def test_an_account_that_is_gone_breaks_the_connection(
    sandbox: Sandbox, connection: Connection, meetings: MeetingProvider, trouble: str
) -> None:
    sandbox.zoom.fail_next(trouble)
    with pytest.raises(Disconnected) as error:
        meetings.create(make_spec(start=START))
    row = reread(connection)
    assert (row.state, row.problem) == (State.BROKEN, str(error.value.reason))


@pytest.mark.parametrize(
    "trouble",
    [
        "scope_missing",
        "scope_missing_401",
        "paid_only",
        "validation_failed",
        "cannot_schedule_for",
        "may_not_host",
        "shared_access_denied",
        "per_second",
        "account_daily",
        "host_daily",
        "concurrent",
        "drop",
        "server_error",
        "bad_gateway",
        "unavailable",
        "gateway_timeout",
        "empty_body",
        "huge_body",
        "not_json",
    ],
)
def test_other_trouble_with_a_create_leaves_the_connection_and_its_tokens_alone(
    sandbox: Sandbox, connection: Connection, meetings: MeetingProvider, trouble: str
) -> None:
    before = stored(connection.credential).tokens
    sandbox.zoom.fail_next(trouble)
    with pytest.raises(ProviderError) as error:
        meetings.create(make_spec(start=START))
    assert isinstance(error.value, Rejected | Temporary | Uncertain)
    assert (reread(connection).state, stored(connection.credential).tokens) == (State.ACTIVE, before)
    # Whatever Zoom has now, it has it only if we were left in doubt.
    assert isinstance(error.value, Uncertain) or sandbox.zoom.present_meetings() == []


@pytest.mark.parametrize("trouble", ["store_then_drop", "empty_body", "huge_body", "not_json"])
def test_a_meeting_made_without_a_readable_answer_is_found_again(
    sandbox: Sandbox, meetings: MeetingProvider, trouble: str
) -> None:
    sandbox.zoom.fail_next(trouble)
    with pytest.raises(Uncertain):
        meetings.create(make_spec(start=START))
    (found,) = meetings.find(MARKER)
    assert meetings.read(found.remote_id).start == START


@pytest.mark.parametrize("trouble", ["drop", "not_json", "huge_body", "server_error", "unavailable"])
def test_an_update_or_delete_may_simply_be_repeated(
    sandbox: Sandbox, meetings: MeetingProvider, trouble: str
) -> None:
    meeting = meetings.create(make_spec(start=START))
    later = make_spec(start=START + timedelta(hours=1))
    sandbox.zoom.fail_next(trouble)
    with pytest.raises(Temporary):
        meetings.update(meeting.remote_id, later)
    assert meetings.update(meeting.remote_id, later).start == START + timedelta(hours=1)
    sandbox.zoom.fail_next(trouble)
    with pytest.raises(Temporary):
        meetings.delete(meeting.remote_id)
    meetings.delete(meeting.remote_id)
    assert sandbox.zoom.present_meetings() == []


def test_a_meeting_hidden_from_lists_is_not_found_and_must_be_looked_for_again(
    sandbox: Sandbox, meetings: MeetingProvider
) -> None:
    sandbox.zoom.fail_next("hide_from_lists")
    meeting = meetings.create(make_spec(start=START))
    assert meetings.find(MARKER) == []
    sandbox.zoom.advance_clock(31)
    assert [found.remote_id for found in meetings.find(MARKER)] == [meeting.remote_id]


def test_a_create_without_a_passcode_is_fine(sandbox: Sandbox, meetings: MeetingProvider) -> None:
    sandbox.zoom.fail_next("no_password")
    assert meetings.create(make_spec(start=START)).passcode == ""


def test_an_account_that_forces_the_personal_room_gets_no_meeting(
    sandbox: Sandbox, meetings: MeetingProvider
) -> None:
    sandbox.zoom.user(ADA).locked = {"use_pmi": True}
    with pytest.raises(Rejected) as error:
        meetings.create(make_spec(start=START))
    assert error.value.code == Reason.PERSONAL_ROOM
    assert sandbox.zoom.present_meetings() == []


def test_a_host_who_prefers_the_personal_room_gets_a_room_of_its_own_all_the_same(
    sandbox: Sandbox, meetings: MeetingProvider
) -> None:
    ada = sandbox.zoom.user(ADA)
    ada.preferences = {"use_pmi": True}
    meeting = meetings.create(make_spec(start=START))
    assert str(ada.pmi) not in meeting.join_url


def test_the_hundred_of_a_day_are_held_until_midnight(sandbox: Sandbox, meetings: MeetingProvider) -> None:
    ada = sandbox.zoom.user(ADA)
    while sandbox.zoom.spend_daily_write(ada):
        continue
    with pytest.raises(Temporary) as error:
        meetings.create(make_spec(start=START))
    assert error.value.reason == Reason.HOST_DAILY_LIMIT
    assert error.value.held_until is not None
    assert error.value.held_until > clock.now()


def test_a_list_of_several_pages_is_read_to_its_end(sandbox: Sandbox, meetings: MeetingProvider) -> None:
    meeting = meetings.create(make_spec(start=START))
    original = sandbox.zoom.meetings[int(meeting.remote_id)]
    for number in range(80_000_000_001, 80_000_000_401):
        body = original.body | {
            "id": number,
            "agenda": "somebody else's",
            "start_time": "2100-01-01T08:00:00Z",
        }
        sandbox.zoom.meetings[number] = type(original)(number, original.host_id, body)
    asked = len(sandbox.zoom.calls)
    assert [found.remote_id for found in meetings.find(MARKER)] == [meeting.remote_id]
    assert len(sandbox.zoom.calls) - asked == 2
