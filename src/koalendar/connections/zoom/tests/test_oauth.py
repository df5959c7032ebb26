"""Zoom's OAuth: what we ask, what we believe, and what each refusal means."""

import base64
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from pytest_django import Settings

from koalendar.connections.provider import (
    Disconnected,
    Misconfigured,
    ProviderError,
    Reason,
    Rejected,
    Temporary,
    Tokens,
)
from koalendar.connections.tests.makers import ALL_SCOPES, API_URL, NOW, Purse, make_oauth
from koalendar.connections.zoom.app import Zoom
from koalendar.connections.zoom.oauth import SCOPES, ZoomOAuth, is_zoom_host, trusted_api_url
from koalendar.sandbox.faults import OAUTH_ERRORS

GRANT: dict[str, object] = {
    "access_token": "new-access",
    "refresh_token": "new-refresh",
    "token_type": "bearer",
    "expires_in": 3599,
    "scope": " ".join(sorted(ALL_SCOPES)),
    "api_url": "https://api-eu.zoom.us",
}


def granting(**changes: object) -> ZoomOAuth:
    return make_oauth(lambda _: httpx2.Response(200, json=GRANT | changes))


def saying(status: int, **body: object) -> ZoomOAuth:
    return make_oauth(lambda _: httpx2.Response(status, json=body))


def refreshed(oauth: ZoomOAuth) -> Tokens:
    return oauth.refresh("old-refresh", now=NOW)


def test_the_authorise_address_has_state_and_challenge_and_no_scope() -> None:
    url = granting().authorize_url(redirect_uri="https://k.example/cb", state="s t", challenge="c")
    parts = urlsplit(url)
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == "https://zoom.us/oauth/authorize"
    assert parse_qs(parts.query) == {
        "response_type": ["code"],
        "client_id": ["client"],
        "redirect_uri": ["https://k.example/cb"],
        "state": ["s t"],
        "code_challenge": ["c"],
        "code_challenge_method": ["S256"],
    }


def test_the_exchange_sends_the_secret_in_the_header_and_all_else_in_the_body() -> None:
    seen: list[httpx2.Request] = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return httpx2.Response(200, json=GRANT)

    tokens = make_oauth(handler).exchange(
        code="c", redirect_uri="https://k.example/cb", verifier="v", now=NOW
    )
    (request,) = seen
    assert request.headers["Authorization"] == "Basic " + base64.b64encode(b"client:secret").decode()
    assert request.url.query == b""
    assert parse_qs(request.content.decode()) == {
        "grant_type": ["authorization_code"],
        "code": ["c"],
        "redirect_uri": ["https://k.example/cb"],
        "code_verifier": ["v"],
    }
    assert tokens == Tokens(
        "new-access", "new-refresh", NOW + timedelta(seconds=3599), ALL_SCOPES, "https://api-eu.zoom.us/v2"
    )


def test_tokens_do_not_show_in_their_representation() -> None:
    assert "new-" not in repr(refreshed(granting()))


@pytest.mark.parametrize("absurd", [0, -5, 10**12, 10**15, "3600", "soon", None, True, 12.5, [3600]])
def test_an_absurd_lifetime_becomes_an_hour(absurd: object) -> None:
    assert refreshed(granting(expires_in=absurd)).expires_at == NOW + timedelta(hours=1)


def test_a_lifetime_that_is_missing_becomes_an_hour() -> None:
    grant = {name: value for name, value in GRANT.items() if name != "expires_in"}
    oauth = make_oauth(lambda _: httpx2.Response(200, json=grant))
    assert refreshed(oauth).expires_at == NOW + timedelta(hours=1)


@pytest.mark.parametrize("text", ["a:b c:d", "a:b,c:d", "a:b, c:d ", " a:b  c:d"])
def test_granted_scopes_are_split_at_spaces_and_commas(text: str) -> None:
    assert refreshed(granting(scope=text)).scopes == {"a:b", "c:d"}


@pytest.mark.parametrize("scope", ["", None, 7, ["a"]])
def test_scopes_that_are_no_text_grant_nothing(scope: object) -> None:
    assert refreshed(granting(scope=scope)).scopes == frozenset()


def test_classic_scope_names_satisfy_what_we_want() -> None:
    classic = frozenset({"user:read", "meeting:read", "meeting:write"})
    assert [scope.name for scope in SCOPES if not scope.is_in(classic)] == []


def test_a_classic_read_scope_does_not_grant_writing() -> None:
    lacking = [scope.name for scope in SCOPES if not scope.is_in(frozenset({"user:read", "meeting:read"}))]
    assert lacking == ["meeting:write:meeting", "meeting:update:meeting", "meeting:delete:meeting"]


@pytest.mark.parametrize(
    ("said", "believed"),
    [
        ("https://api.zoom.us", API_URL),
        ("https://api-us.zoom.us", "https://api-us.zoom.us/v2"),
        ("https://api.zoomgov.com/", "https://api.zoomgov.com/v2"),
        ("http://api-us.zoom.us", API_URL),
        ("https://zoom.us.evil.example", API_URL),
        ("https://evilzoom.us", API_URL),
        ("https://ada@api-us.zoom.us", API_URL),
        ("https://api-us.zoom.us:8443", API_URL),
        ("https://evil.example\\.zoom.us", API_URL),
        ("https://[", API_URL),
        ("https://127.0.0.1", API_URL),
        ("https://api-eu.zoom.us/v2", "https://api-eu.zoom.us/v2"),
        ("https://company.zoom.us/v2/", "https://company.zoom.us/v2"),
        ("https://api-eu.zoom.us/v2/../../x", API_URL),
        ("https://api-eu.zoom.us/v3", API_URL),
        ("https://api-eu.zoom.us.", API_URL),
        ("https://api-eu.zoom.us..", API_URL),
        ("https://api-eu.zoom.us:443", API_URL),
        ("https://api-eu.zoom.us?x=https://evil.example", API_URL),
        ("https://api-eu.zoom.us#evil.example", API_URL),
        ("https://evil.example#.zoom.us", API_URL),
        ("https://evil.example/.zoom.us", API_URL),
        ("https://api.zoom.us:x@evil.example", API_URL),
        ("https://api.zoom.us%2eevil.example", API_URL),
        ("https://zoomgov.com.evil.example", API_URL),
        ("https://evil-zoomgov.com", API_URL),
        ("https://xn--zom-xqa.us", API_URL),
        ("https://api.z\u043eom.us", API_URL),
        ("https://api\u3002zoom.us", API_URL),
        ("https://api-eu.zoom.us\n", API_URL),
        (" https://api-eu.zoom.us", API_URL),
        ("HTTPS://API-EU.ZOOM.US", API_URL),
        ("ftp://api-eu.zoom.us", API_URL),
        ("javascript://api-eu.zoom.us", API_URL),
        ("//api-eu.zoom.us", API_URL),
        ("api-eu.zoom.us", API_URL),
        ("https://[::1]", API_URL),
        ("https://" + "a" * 300 + ".zoom.us", API_URL),
        (["https://api-eu.zoom.us"], API_URL),
        ({"host": "api-eu.zoom.us"}, API_URL),
        (True, API_URL),
        (None, API_URL),
        (5, API_URL),
    ],
)
def test_only_zooms_own_hosts_are_believed_as_the_api(said: object, believed: str) -> None:
    assert trusted_api_url(said, configured=API_URL) == believed


def test_a_host_that_the_operator_configured_is_trusted_as_the_api() -> None:
    ours = "http://127.0.0.1:9000/zoom/v2"
    assert trusted_api_url("http://127.0.0.1:9000/zoom", configured=ours) == ours
    assert trusted_api_url("http://127.0.0.1:9001/zoom", configured=ours) == ours


@pytest.mark.parametrize(
    "said",
    [
        "http://127.0.0.1:9000@evil.example",
        "http://127.0.0.1:90001/zoom",
        "https://127.0.0.1:9000/zoom",
        "http://127.0.0.1:9000.evil.example/zoom",
        "http://user@127.0.0.1:9000/zoom",
    ],
)
def test_what_only_looks_like_the_configured_host_leads_nowhere_else(said: str) -> None:
    ours = "http://127.0.0.1:9000/zoom/v2"
    assert trusted_api_url(said, configured=ours) == ours


@pytest.mark.parametrize(
    ("stored", "used"),
    [
        ("", "https://api.zoomgov.com/v2"),
        ("https://api-us.zoomgov.com/v2", "https://api-us.zoomgov.com/v2"),
        ("http://127.0.0.1:9000/zoom/v2", "https://api.zoomgov.com/v2"),
        ("https://evil.example/v2", "https://api.zoomgov.com/v2"),
    ],
)
def test_a_stored_address_is_believed_by_the_settings_of_today(
    settings: Settings, stored: str, used: str
) -> None:
    """A site that moved from the sandbox to ZoomGov sends no token to where the sandbox was."""
    settings.ZOOM_API_URL = "https://api.zoomgov.com/v2"
    asked: list[str] = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        asked.append(str(request.url))
        return httpx2.Response(200, json={"id": "zoom-ada", "type": 2})

    Zoom(transport=httpx2.MockTransport(handler)).meetings(api_url=stored, tokens=Purse()).me()
    assert asked == [f"{used}/users/me", f"{used}/users/me/settings"]


def test_oauth_of_zoom_for_government_is_where_the_settings_say(settings: Settings) -> None:
    settings.ZOOM_BASE_URL = "https://zoomgov.com"
    settings.ZOOM_API_URL = "https://api.zoomgov.com/v2"
    asked: list[str] = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        asked.append(str(request.url))
        return httpx2.Response(200, json=GRANT | {"api_url": "https://api-us.zoomgov.com"})

    oauth = Zoom(transport=httpx2.MockTransport(handler)).oauth()
    tokens = oauth.exchange(code="c", redirect_uri="r", verifier="v", now=NOW)
    assert asked == ["https://zoomgov.com/oauth/token"]
    assert tokens.api_url == "https://api-us.zoomgov.com/v2"
    assert oauth.authorize_url(redirect_uri="r", state="s", challenge="c").startswith(
        "https://zoomgov.com/oauth/authorize?"
    )


@pytest.mark.parametrize("host", ["zoom.us", "us05web.zoom.us", "x.zoomgov.com"])
def test_zooms_hosts_are_recognised(host: str) -> None:
    assert is_zoom_host(host)


@pytest.mark.parametrize("host", ["notzoom.us", "zoom.us.example", "evil.example\\.zoom.us", ".zoom.us", ""])
def test_strangers_are_not_taken_for_zoom(host: str) -> None:
    assert not is_zoom_host(host)


# Zoom: docs/integrations/oauth-error-messages, read 2026-11-23; what each means when a token is refreshed.
REFRESH_OUTCOMES: dict[str, tuple[type[ProviderError], Reason]] = {
    "refresh_token_dead": (Disconnected, Reason.AUTHORIZATION_REFUSED),
    "refresh_token_dead_old_form": (Disconnected, Reason.AUTHORIZATION_REFUSED),
    "4700": (Disconnected, Reason.AUTHORIZATION_REFUSED),
    "4702": (Misconfigured, Reason.CLIENT_REFUSED),
    "4704": (Misconfigured, Reason.CLIENT_REFUSED),
    "4705": (Misconfigured, Reason.GRANT_UNSUPPORTED),
    "4706": (Misconfigured, Reason.GRANT_UNSUPPORTED),
    "4709": (Misconfigured, Reason.REDIRECT_MISMATCH),
    "4711": (Disconnected, Reason.SCOPES_CHANGED),
    "4717": (Misconfigured, Reason.APP_DISABLED),
    "4733": (Rejected, Reason.CODE_EXPIRED),
    "4734": (Rejected, Reason.CODE_INVALID),
    "4735": (Disconnected, Reason.USER_GONE),
    "4737": (Disconnected, Reason.AUTHORIZATION_REFUSED),
    "4738": (Disconnected, Reason.ADMIN_DISABLED),
    "4740": (Disconnected, Reason.AUTHORIZATION_REPLACED),
    "4741": (Disconnected, Reason.AUTHORIZATION_REPLACED),
    "oauth_unavailable": (Temporary, Reason.SERVER_ERROR),
    "oauth_not_json": (Temporary, Reason.BAD_ANSWER),
}


def test_every_refusal_of_the_sandbox_has_a_meaning_here() -> None:
    assert set(REFRESH_OUTCOMES) == set(OAUTH_ERRORS)


@pytest.mark.parametrize("name", REFRESH_OUTCOMES)
def test_each_refusal_of_a_refresh_has_its_meaning(name: str) -> None:
    kind, reason = REFRESH_OUTCOMES[name]
    answer = OAUTH_ERRORS[name]
    response = httpx2.Response(answer.status, json=answer.body) if answer.body else None
    oauth = make_oauth(lambda _: response or httpx2.Response(answer.status, text=answer.raw or ""))
    with pytest.raises(kind) as error:
        refreshed(oauth)
    assert error.value.reason == reason


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (400, {"reason": "Code is expired. (4,733)", "error": "invalid_grant"}, Reason.CODE_EXPIRED),
        (400, {"reason": "Invalid authorization code", "error": "invalid_grant"}, Reason.CODE_INVALID),
        (400, {"reason": "Invalid Token!", "error": "invalid_request"}, Reason.CODE_INVALID),
        (400, {"reason": "Empty (4700)", "error": "invalid_request"}, Reason.CODE_INVALID),
    ],
)
def test_a_code_that_is_no_good_sends_the_host_back_to_the_start(
    status: int, body: dict[str, object], reason: Reason
) -> None:
    with pytest.raises(Rejected) as error:
        saying(status, **body).exchange(code="c", redirect_uri="r", verifier="v", now=NOW)
    assert error.value.code == reason


def test_a_number_in_its_own_field_is_understood_too() -> None:
    with pytest.raises(Misconfigured) as error:
        refreshed(saying(400, code=4717, error="invalid_client", reason="disabled"))
    assert error.value.reason == Reason.APP_DISABLED


def test_a_wrong_client_without_a_number_is_the_operators_matter() -> None:
    with pytest.raises(Misconfigured) as error:
        refreshed(saying(401, error="invalid_client", reason="Invalid client_id or client_secret"))
    assert error.value.reason == Reason.CLIENT_REFUSED


def test_a_busy_token_endpoint_says_when_to_come_back() -> None:
    oauth = make_oauth(lambda _: httpx2.Response(429, headers={"Retry-After": "30"}))
    with pytest.raises(Temporary) as error:
        refreshed(oauth)
    assert (error.value.reason, error.value.retry_after) == (Reason.RATE_LIMITED, 30)


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (httpx2.ConnectError("refused"), Reason.UNREACHABLE),
        (httpx2.ReadTimeout("silent"), Reason.NO_ANSWER),
        (httpx2.RemoteProtocolError("cut"), Reason.NO_ANSWER),
    ],
)
def test_trouble_on_the_way_is_temporary_and_says_whether_the_token_may_be_spent(
    failure: httpx2.TransportError, reason: Reason
) -> None:
    def handler(_: httpx2.Request) -> httpx2.Response:
        raise failure

    with pytest.raises(Temporary) as error:
        refreshed(make_oauth(handler))
    assert error.value.reason == reason


@pytest.mark.parametrize("field", ["access_token", "refresh_token"])
@pytest.mark.parametrize("value", [None, "", 5, "two\nlines", "ü", "x" * 20_000])
def test_a_grant_without_usable_tokens_is_a_bad_answer(field: str, value: object) -> None:
    with pytest.raises(Temporary) as error:
        refreshed(granting(**{field: value}))
    assert error.value.reason == Reason.BAD_ANSWER


def test_revoking_a_token_that_is_already_dead_is_a_success() -> None:
    saying(400, reason="Invalid Token!", error="invalid_grant").revoke("dead")


def test_revoking_fails_when_zoom_cannot_be_asked() -> None:
    with pytest.raises(Temporary):
        saying(503).revoke("token")


def test_no_token_or_code_reaches_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG"):
        granting().exchange(code="secret-code", redirect_uri="r", verifier="secret-verifier", now=NOW)
        refreshed(granting())
    lines = [record.__dict__ for record in caplog.records if record.name.startswith("koalendar")]
    assert [(line["msg"], line["call"], line["outcome"]) for line in lines] == [
        ("zoom_oauth", "exchange", 200),
        ("zoom_oauth", "refresh", 200),
    ]
    assert not any(word in str(lines) for word in ("secret-", "new-", "old-refresh"))
