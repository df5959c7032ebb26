"""Connecting, refreshing and disconnecting: what is stored, what is erased, and who is told once."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import httpx2
import pytest
from django.db import IntegrityError, transaction
from pytest_django import Settings

from koalendar.connections import actions, registry
from koalendar.connections.models import Connection, Credential
from koalendar.connections.provider import (
    Disconnected,
    Misconfigured,
    Reason,
    Rejected,
    Temporary,
    Tokens,
)
from koalendar.connections.tests.makers import (
    ALL_SCOPES,
    NOW,
    TokenEndpoint,
    invalid_grant,
    make_account,
    make_host,
    make_tokens,
    reread,
    stored,
)
from koalendar.connections.zoom.app import Zoom
from koalendar.connections.zoom.oauth import trusted_api_url

pytestmark = pytest.mark.django_db

State = Connection.State
EXPIRED = NOW + timedelta(hours=2)
SOON = NOW + timedelta(minutes=57)


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[TokenEndpoint]:
    zoom = TokenEndpoint()
    monkeypatch.setitem(registry.MEETINGS, "zoom", Zoom(transport=httpx2.MockTransport(zoom)))
    yield zoom
    assert zoom.troubles == []


def connect(name: str = "Ada", *, account: str = "zoom-ada", tokens: Tokens | None = None) -> Connection:
    host = make_host(name)
    return actions.connect(
        host=host, provider="zoom", tokens=tokens or make_tokens(), account=make_account(account), now=NOW
    )


def connect_again(connection: Connection, tokens: Tokens, now: datetime = NOW) -> Connection:
    account = make_account(connection.credential.remote_user_id)
    return actions.connect(host=connection.host, provider="zoom", tokens=tokens, account=account, now=now)


# ── Connecting ──


def test_connecting_stores_sealed_tokens_and_the_account() -> None:
    connection = connect()
    row = stored(connection.credential)
    assert "access-1" not in row.tokens
    assert "refresh-1" not in row.tokens
    assert (row.provider, row.client_id, row.remote_user_id) == ("zoom", "sandbox-zoom-client", "zoom-ada")
    assert (row.account_email, row.account_plan, row.account_zone) == (
        "ada@zoom.example",
        "licensed",
        "Europe/Paris",
    )
    assert row.granted_scopes == ALL_SCOPES
    assert (connection.state, connection.is_default, connection.problem) == (State.ACTIVE, True, "")
    assert actions.access_token(row, now=NOW) == "access-1"


def test_missing_scopes_give_attention_but_no_mail_to_the_host_who_sees_the_page() -> None:
    connection = connect(tokens=make_tokens(scopes=ALL_SCOPES - {"meeting:delete:meeting"}))
    assert (connection.state, connection.problem) == (State.ATTENTION, "missing_scope")
    assert actions.take_untold(connection.credential, NOW) == []


def test_a_second_host_of_the_same_account_shares_its_credential() -> None:
    ada = connect()
    ben = connect("Ben", tokens=make_tokens("access-9", "refresh-9"))
    assert ada.credential_id == ben.credential_id
    assert actions.access_token(ada.credential, now=NOW) == "access-9"
    assert reread(ada).state == State.ACTIVE


def test_connecting_again_mends_a_broken_connection_and_those_of_other_hosts() -> None:
    ada, ben = connect(), connect("Ben")
    actions.mark_broken(ada.credential, Reason.AUTHORIZATION_REFUSED, NOW)
    again = connect_again(ada, make_tokens("access-2"))
    assert again.pk == ada.pk
    assert again.public_id == ada.public_id
    assert [reread(each).state for each in (ada, ben)] == [State.ACTIVE, State.ACTIVE]
    assert reread(ben).problem == ""
    assert stored(ada.credential).account_email == "ada@zoom.example"


def test_connecting_does_not_bring_back_what_another_host_has_disconnected(endpoint: TokenEndpoint) -> None:
    ada, ben = connect(), connect("Ben")
    actions.disconnect(ben, now=NOW)
    connect_again(ada, make_tokens("access-2"))
    assert reread(ben).state == State.REVOKED


def test_the_first_of_several_accounts_is_the_default() -> None:
    first = connect()
    second = actions.connect(
        host=first.host, provider="zoom", tokens=make_tokens(), account=make_account("zoom-other"), now=NOW
    )
    assert (first.is_default, second.is_default) == (True, False)


def test_the_database_refuses_a_second_default() -> None:
    first = connect()
    second = actions.connect(
        host=first.host, provider="zoom", tokens=make_tokens(), account=make_account("zoom-other"), now=NOW
    )
    with pytest.raises(IntegrityError), transaction.atomic():
        Connection.objects.filter(pk=second.pk).update(is_default=True)


def test_a_code_becomes_a_connection_of_the_account_that_zoom_names(monkeypatch: pytest.MonkeyPatch) -> None:
    zoom = TokenEndpoint()

    def handler(request: httpx2.Request) -> httpx2.Response:
        if request.url.path == "/oauth/token":
            return zoom.rotate(request)
        assert (request.url.host, request.headers["Authorization"]) == ("api-eu.zoom.us", "Bearer access-2")
        return httpx2.Response(200, json={"id": "zoom-ada", "email": "ada@zoom.example", "type": 2})

    monkeypatch.setitem(registry.MEETINGS, "zoom", Zoom(transport=httpx2.MockTransport(handler)))
    connection = actions.connect_with_code(
        host=make_host(),
        provider="zoom",
        code="c",
        verifier="v",
        redirect_uri="https://k.example/cb",
        now=NOW,
    )
    assert connection.credential.remote_user_id == "zoom-ada"
    assert connection.credential.api_url == "https://api-eu.zoom.us/v2"
    assert actions.access_token(connection.credential, now=NOW) == "access-2"


def test_an_account_that_zoom_does_not_name_is_not_connected(monkeypatch: pytest.MonkeyPatch) -> None:
    zoom = TokenEndpoint()

    def handler(request: httpx2.Request) -> httpx2.Response:
        if request.url.path == "/oauth/token":
            return zoom.rotate(request)
        return httpx2.Response(
            400, json={"code": 4711, "message": "does not contain scopes:[user:read:user]."}
        )

    monkeypatch.setitem(registry.MEETINGS, "zoom", Zoom(transport=httpx2.MockTransport(handler)))
    with pytest.raises(Rejected) as error:
        actions.connect_with_code(
            host=make_host(), provider="zoom", code="c", verifier="v", redirect_uri="r", now=NOW
        )
    assert error.value.code == Reason.MISSING_SCOPE
    assert not Credential.objects.exists()


# ── Refreshing ──


def test_a_live_token_is_used_without_asking_anybody(endpoint: TokenEndpoint) -> None:
    assert actions.access_token(connect().credential, now=NOW + timedelta(minutes=54)) == "access-1"
    assert endpoint.refreshes == 0


@pytest.mark.parametrize("now", [SOON, EXPIRED])
def test_a_token_near_its_end_is_refreshed_and_the_new_pair_stored(
    endpoint: TokenEndpoint, now: datetime
) -> None:
    credential = connect().credential
    assert actions.access_token(credential, now=now) == "access-2"
    row = stored(credential)
    assert row.expires_at == now + timedelta(seconds=3599)
    assert row.api_url == trusted_api_url("https://api-eu.zoom.us", configured="")
    assert (row.lease_owner, row.lease_until) == ("", None)
    assert actions.access_token(credential, now=now) == "access-2"
    assert actions.access_token(credential, now=now + timedelta(hours=2)) == "access-3"
    assert endpoint.refreshes == 2


def test_a_token_that_was_replaced_meanwhile_is_not_refreshed_again(endpoint: TokenEndpoint) -> None:
    credential = connect().credential
    assert actions.refresh(credential, refused="an-older-token", now=NOW) == "access-1"
    assert endpoint.refreshes == 0


def test_an_answer_lost_before_anything_happened_is_asked_for_once_more(endpoint: TokenEndpoint) -> None:
    def lose(_: httpx2.Request) -> httpx2.Response:
        raise httpx2.ReadTimeout("lost")

    endpoint.troubles = [lose]
    assert actions.access_token(connect().credential, now=EXPIRED) == "access-2"


def test_a_pair_that_was_made_and_lost_breaks_the_connection(endpoint: TokenEndpoint) -> None:
    connection = connect()
    endpoint.troubles = [endpoint.rotate_and_lose]
    with pytest.raises(Disconnected):
        actions.access_token(connection.credential, now=EXPIRED)
    assert reread(connection).state == State.BROKEN


@pytest.mark.parametrize("status", [500, 503, 429])
def test_trouble_at_zoom_costs_nothing_while_the_token_lives(endpoint: TokenEndpoint, status: int) -> None:
    connection = connect()
    endpoint.troubles = [lambda _: httpx2.Response(status)]
    assert actions.access_token(connection.credential, now=SOON) == "access-1"
    endpoint.troubles = [lambda _: httpx2.Response(status)]
    with pytest.raises(Temporary):
        actions.access_token(connection.credential, now=EXPIRED)
    assert reread(connection).state == State.ACTIVE
    assert actions.access_token(connection.credential, now=EXPIRED) == "access-2"


def test_a_refused_refresh_breaks_every_connection_and_erases_the_account(endpoint: TokenEndpoint) -> None:
    ada, ben = connect(), connect("Ben")
    endpoint.troubles = [invalid_grant]
    with pytest.raises(Disconnected) as error:
        actions.access_token(ada.credential, now=EXPIRED)
    assert error.value.reason == Reason.AUTHORIZATION_REFUSED
    for connection in (reread(ada), reread(ben)):
        assert (connection.state, connection.problem) == (State.BROKEN, "authorization_refused")
        assert connection.problem_since == EXPIRED
    row = stored(ada.credential)
    assert (row.tokens, row.account_name, row.account_email, row.account_plan) == ("", "", "", "")
    assert row.remote_user_id == "zoom-ada"


def test_a_broken_credential_makes_no_more_calls(endpoint: TokenEndpoint) -> None:
    credential = connect().credential
    actions.mark_broken(credential, Reason.AUTHORIZATION_REFUSED, NOW)
    with pytest.raises(Disconnected) as error:
        actions.access_token(credential, now=EXPIRED)
    assert error.value.reason == Reason.ERASED


def test_when_the_host_connects_during_a_refused_refresh_the_new_tokens_win(endpoint: TokenEndpoint) -> None:
    connection = connect()

    def reconnect_meanwhile(request: httpx2.Request) -> httpx2.Response:
        connect_again(
            connection, make_tokens("access-9", "refresh-9", expires_at=EXPIRED + timedelta(hours=1))
        )
        return invalid_grant(request)

    endpoint.troubles = [reconnect_meanwhile]
    assert actions.access_token(connection.credential, now=EXPIRED) == "access-9"
    assert reread(connection).state == State.ACTIVE


def test_a_late_refresh_does_not_overwrite_the_tokens_of_a_new_consent(endpoint: TokenEndpoint) -> None:
    connection = connect()

    def reconnect_meanwhile(request: httpx2.Request) -> httpx2.Response:
        connect_again(
            connection, make_tokens("access-9", "refresh-9", expires_at=EXPIRED + timedelta(hours=1))
        )
        return endpoint.rotate(request)

    endpoint.troubles = [reconnect_meanwhile]
    assert actions.access_token(connection.credential, now=EXPIRED) == "access-9"
    assert actions.access_token(connection.credential, now=EXPIRED) == "access-9"


def test_a_refresh_that_ends_after_a_disconnect_stores_nothing(endpoint: TokenEndpoint) -> None:
    connection = connect()

    def disconnect_meanwhile(request: httpx2.Request) -> httpx2.Response:
        actions.disconnect(connection, now=NOW)
        return endpoint.rotate(request)

    endpoint.troubles = [disconnect_meanwhile]
    with pytest.raises(Disconnected):
        actions.access_token(connection.credential, now=EXPIRED)
    assert stored(connection.credential).tokens == ""
    assert reread(connection).state == State.REVOKED


def test_a_lease_left_by_a_dead_worker_runs_out(endpoint: TokenEndpoint) -> None:
    credential = connect().credential
    Credential.objects.update(lease_owner="dead", lease_until=EXPIRED - timedelta(seconds=1))
    assert actions.access_token(credential, now=EXPIRED) == "access-2"


def test_waiting_for_a_held_lease_ends(endpoint: TokenEndpoint, settings: Settings) -> None:
    settings.KOALENDAR_HTTP_TIMEOUT = 0.04
    credential = connect().credential
    Credential.objects.update(lease_owner="other", lease_until=EXPIRED + timedelta(minutes=1))
    with pytest.raises(Temporary) as error:
        actions.access_token(credential, now=EXPIRED)
    assert error.value.reason == Reason.REFRESH_BUSY
    assert stored(credential).lease_owner == "other"


def test_scopes_that_shrink_at_a_refresh_are_noticed_once(endpoint: TokenEndpoint) -> None:
    connection = connect()
    endpoint.scopes = "user:read:user meeting:write:meeting"
    actions.access_token(connection.credential, now=EXPIRED)
    assert (reread(connection).state, reread(connection).problem) == (State.ATTENTION, "missing_scope")
    assert actions.take_untold(connection.credential, NOW) == [connection]
    actions.access_token(connection.credential, now=EXPIRED + timedelta(hours=2))
    assert actions.take_untold(connection.credential, NOW) == []


def test_a_refresh_that_names_no_scopes_keeps_those_granted(endpoint: TokenEndpoint) -> None:
    connection = connect()
    endpoint.scopes = ""
    actions.access_token(connection.credential, now=EXPIRED)
    assert stored(connection.credential).granted_scopes == ALL_SCOPES
    assert reread(connection).state == State.ACTIVE


def test_a_wrong_encryption_key_damages_nothing(endpoint: TokenEndpoint, settings: Settings) -> None:
    connection = connect()
    before = stored(connection.credential).tokens
    right, settings.KOALENDAR_ENCRYPTION_KEYS = (
        settings.KOALENDAR_ENCRYPTION_KEYS,
        ["A" * 43 + "="],
    )
    with pytest.raises(Misconfigured) as error:
        actions.access_token(connection.credential, now=NOW)
    assert error.value.reason == Reason.ENCRYPTION_KEY
    assert (stored(connection.credential).tokens, reread(connection).state) == (before, State.ACTIVE)
    settings.KOALENDAR_ENCRYPTION_KEYS = right
    assert actions.access_token(connection.credential, now=NOW) == "access-1"


def test_another_client_id_damages_nothing(endpoint: TokenEndpoint, settings: Settings) -> None:
    connection = connect()
    settings.ZOOM_CLIENT_ID = "a-slip-of-the-operator"
    with pytest.raises(Misconfigured) as error:
        actions.access_token(connection.credential, now=EXPIRED)
    assert error.value.reason == Reason.CLIENT_CHANGED
    assert reread(connection).state == State.ACTIVE


def test_a_provider_that_is_switched_off_makes_no_calls(settings: Settings) -> None:
    connection = connect()
    settings.ZOOM_CLIENT_ID = ""
    with pytest.raises(Misconfigured) as error:
        actions.open_meetings(connection.credential)
    assert error.value.reason == Reason.PROVIDER_OFF


def test_a_refused_call_refreshes_and_then_breaks_the_connection(endpoint: TokenEndpoint) -> None:
    connection = connect(tokens=make_tokens(expires_at=NOW + timedelta(days=36_500)))
    endpoint.troubles = [
        lambda _: httpx2.Response(401, json={"code": 124, "message": "Invalid access token."}),
        endpoint.rotate,
        lambda _: httpx2.Response(401, json={"code": 124, "message": "Invalid access token."}),
    ]
    with pytest.raises(Disconnected):
        actions.open_meetings(connection.credential).read("85412345678")
    assert reread(connection).state == State.BROKEN


def test_a_call_refused_while_the_host_connects_again_is_tried_again_later(endpoint: TokenEndpoint) -> None:
    far = NOW + timedelta(days=36_500)
    connection = connect(tokens=make_tokens(expires_at=far))

    def reconnect_meanwhile(_: httpx2.Request) -> httpx2.Response:
        connect_again(connection, make_tokens("access-9", "refresh-9", expires_at=far))
        return httpx2.Response(404, json={"code": 1001, "message": "User does not exist."})

    endpoint.troubles = [reconnect_meanwhile]
    with pytest.raises(Temporary):
        actions.open_meetings(connection.credential).read("85412345678")
    assert reread(connection).state == State.ACTIVE
    assert actions.access_token(connection.credential, now=NOW) == "access-9"


# ── Disconnecting ──


def test_disconnecting_erases_here_and_revokes_there(endpoint: TokenEndpoint) -> None:
    connection = connect()
    outcome = actions.disconnect(connection, now=NOW)
    assert outcome == actions.Disconnection(is_new=True, is_shared=False, revoked=True, problem=None)
    assert endpoint.revoked == ["access-1"]
    row = stored(connection.credential)
    assert (row.tokens, row.scopes, row.account_name, row.account_email, row.account_plan) == ("",) * 5
    assert (connection.state, connection.is_default) == (State.REVOKED, False)


def test_an_expired_token_is_renewed_so_that_it_can_be_revoked(endpoint: TokenEndpoint) -> None:
    connection = connect()
    assert actions.disconnect(connection, now=EXPIRED).revoked
    assert endpoint.revoked == ["access-2"]
    assert stored(connection.credential).tokens == ""


def test_a_failing_revoke_is_told_and_erases_all_the_same(endpoint: TokenEndpoint) -> None:
    connection = connect()
    endpoint.troubles = [lambda _: httpx2.Response(503)]
    outcome = actions.disconnect(connection, now=NOW)
    assert (outcome.revoked, outcome.problem) == (False, Reason.SERVER_ERROR)
    assert stored(connection.credential).tokens == ""


def test_a_wrong_key_does_not_keep_a_host_from_disconnecting(
    endpoint: TokenEndpoint, settings: Settings
) -> None:
    connection = connect()
    settings.KOALENDAR_ENCRYPTION_KEYS = ["A" * 43 + "="]
    assert actions.disconnect(connection, now=NOW).problem == Reason.ENCRYPTION_KEY
    assert stored(connection.credential).tokens == ""


def test_disconnecting_one_host_leaves_the_other_at_work(endpoint: TokenEndpoint) -> None:
    ada, ben = connect(), connect("Ben")
    outcome = actions.disconnect(ada, now=NOW)
    assert (outcome.is_shared, outcome.revoked) == (True, False)
    assert endpoint.revoked == []
    assert actions.access_token(ben.credential, now=NOW) == "access-1"
    assert actions.disconnect(ben, now=NOW).revoked


def test_disconnecting_twice_revokes_once(endpoint: TokenEndpoint) -> None:
    connection = connect()
    actions.disconnect(connection, now=NOW)
    assert actions.disconnect(connection, now=NOW) == actions.Disconnection(False, False, False, None)
    assert len(endpoint.revoked) == 1


def test_disconnecting_the_default_makes_the_next_one_the_default(endpoint: TokenEndpoint) -> None:
    first = connect()
    second = actions.connect(
        host=first.host, provider="zoom", tokens=make_tokens(), account=make_account("zoom-other"), now=NOW
    )
    actions.disconnect(first, now=NOW)
    assert reread(second).is_default


def test_a_revoked_connection_is_connected_again_under_the_same_id(endpoint: TokenEndpoint) -> None:
    connection = connect()
    actions.disconnect(connection, now=NOW)
    again = connect_again(connection, make_tokens("access-2"))
    assert (again.public_id, again.state, again.is_default) == (connection.public_id, State.ACTIVE, True)


# ── What calls have shown ──


def test_trouble_is_handed_out_for_telling_once() -> None:
    ada, ben = connect(), connect("Ben")
    assert actions.mark_broken(ada.credential, Reason.AUTHORIZATION_REFUSED, NOW)
    assert not actions.mark_broken(ada.credential, Reason.AUTHORIZATION_REFUSED, NOW)
    told = actions.take_untold(ada.credential, NOW)
    assert {connection.pk for connection in told} == {ada.pk, ben.pk}
    assert actions.take_untold(ada.credential, NOW) == []


def test_new_trouble_after_a_mend_is_told_again() -> None:
    connection = connect()
    actions.mark_broken(connection.credential, Reason.AUTHORIZATION_REFUSED, NOW)
    actions.take_untold(connection.credential, NOW)
    connect_again(connection, make_tokens("access-2"))
    assert actions.mark_broken(connection.credential, Reason.USER_GONE, NOW)
    assert actions.take_untold(connection.credential, NOW) == [connection]


def test_a_scope_that_a_call_missed_counts_as_not_granted() -> None:
    connection = connect()
    assert actions.note_missing_scope(connection.credential, ["meeting:delete:meeting"], NOW)
    assert not actions.note_missing_scope(connection.credential, ["meeting:delete:meeting"], NOW)
    assert reread(connection).state == State.ATTENTION
    assert stored(connection.credential).granted_scopes == ALL_SCOPES - {"meeting:delete:meeting"}


def test_two_problems_do_not_take_turns() -> None:
    connection = connect()
    assert actions.note_attention(connection.credential, Reason.CANNOT_HOST, NOW)
    assert not actions.note_missing_scope(connection.credential, ["meeting:delete:meeting"], NOW)
    assert reread(connection).problem == "cannot_host"


def test_attention_does_not_lift_a_broken_connection() -> None:
    connection = connect()
    actions.mark_broken(connection.credential, Reason.USER_GONE, NOW)
    assert not actions.note_attention(connection.credential, Reason.CANNOT_HOST, NOW)
    assert reread(connection).state == State.BROKEN


def test_success_is_written_at_most_once_a_minute() -> None:
    connection = connect()
    actions.note_success(connection.credential, NOW)
    actions.note_success(connection.credential, NOW + timedelta(seconds=59))
    assert reread(connection).last_ok_at == NOW
    actions.note_success(connection.credential, NOW + timedelta(seconds=60))
    assert reread(connection).last_ok_at == NOW + timedelta(seconds=60)


def test_tokens_do_not_reach_the_log(endpoint: TokenEndpoint, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG"):
        connection = connect()
        actions.access_token(connection.credential, now=EXPIRED)
        actions.disconnect(connection, now=EXPIRED)
    lines = str([record.__dict__ for record in caplog.records if record.name.startswith("koalendar")])
    assert "connected" in lines
    assert not any(word in lines for word in ("access-", "refresh-", "@", "Lovelace"))
