"""Answers that a stranger might have written: nonsense is refused as such, and nothing else escapes."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from koalendar.connections.google.answers import busy_of, calendar_of, classify, event_of
from koalendar.connections.google.client import GoogleClient
from koalendar.connections.google.oauth import GoogleOAuth
from koalendar.connections.provider import (
    Conference,
    Disconnected,
    Gone,
    Misconfigured,
    ProviderError,
    Reason,
    Rejected,
    Temporary,
)
from koalendar.connections.tests.makers import Purse
from koalendar.connections.wire import Answer

NOW = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)

_WORDS = st.sampled_from(
    "id etag start end date dateTime busy errors reason extendedProperties private zone conferenceData "
    "entryPoints createRequest status statusCode uri entryPointType htmlLink accessRole summary "
    "backgroundColor timeZone primary".split()
)
_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=20)
    | st.sampled_from(
        ["2026-12-01", "2026-12-01T09:00:00Z", "9999-12-31T23:59:59-23:59", "Europe/Paris", "video"]
    )
    | st.sampled_from(["https://meet.google.com/abc", "https://evil.example/", "phone", "tel:+1-555"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(_WORDS | st.text(max_size=5), inner, max_size=5)
    ),
    max_leaves=12,
)
_BODIES = st.dictionaries(_WORDS, _VALUES, max_size=10)


@given(_BODIES)
def test_no_calendar_or_event_breaks_the_reading(body: dict[str, Any]) -> None:
    for parse in (calendar_of, event_of):
        for whole in (body, body | {"id": "abcde", "etag": '"1"'}):
            try:
                parse(whole)
            except (ValueError, OverflowError):
                continue


@pytest.mark.parametrize(
    ("summary", "name"), [("x" * 5000, "x" * 255), ("a\x00b\nc", "abc"), (["x"], "abcde"), (None, "abcde")]
)
def test_an_odd_name_hides_no_calendar(summary: object, name: str) -> None:
    assert calendar_of({"id": "abcde", "accessRole": "owner", "summary": summary}).name == name


@given(_VALUES)
def test_what_is_no_list_of_stretches_is_unknown(told: object) -> None:
    found = busy_of(told)
    assert isinstance(found, Reason) or all(begin <= end for begin, end in found)


@pytest.mark.parametrize(
    "told",
    [
        None,
        {},
        {"busy": None},
        {"busy": [{"start": "2026-12-01T09:00:00Z"}]},
        {"busy": [{"start": "2026-12-01T09:00:00", "end": "2026-12-01T10:00:00"}]},
        {"busy": [{"start": "2026-12-01T10:00:00Z", "end": "2026-12-01T09:00:00Z"}]},
        {"busy": [], "errors": [{"reason": "somethingNew"}]},
        {"busy": [], "errors": "x"},
    ],
)
def test_half_an_answer_is_not_free(told: object) -> None:
    assert isinstance(busy_of(told), Reason)


def test_a_calendar_that_the_answer_leaves_out_is_unknown() -> None:
    def handler(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, json={"kind": "calendar#freeBusy", "calendars": {}})

    told = _client(handler).busy(["a@example.com"], begin=NOW, end=NOW.replace(hour=10))
    assert told == {"a@example.com": Reason.BAD_ANSWER}


@pytest.mark.parametrize(
    ("link", "is_ours"),
    [
        ("https://meet.google.com/abc-defg-hij", True),
        ("http://meet.google.com/abc", False),
        ("https://meet.google.com.evil.example/abc", False),
        ("https://evil.example\\@meet.google.com/abc", False),
        ("https://meet.google.com:8443/abc", False),
        ("javascript:alert(1)", False),
    ],
)
def test_only_a_link_of_google_s_own_becomes_a_way_in(link: str, is_ours: bool) -> None:
    data = {"entryPoints": [{"entryPointType": "video", "uri": link}], "conferenceId": "abc"}
    event = event_of({"id": "abcde", "etag": '"1"', "conferenceData": data})
    assert (event.conference is Conference.READY) is is_ours
    assert event.join_url == (link if is_ours else "")


def test_a_status_of_any_shape_is_no_success() -> None:
    data = {"createRequest": {"status": {"statusCode": ["success"]}}}
    event = event_of({"id": "abcde", "etag": '"1"', "conferenceData": data})
    assert event.conference is Conference.PENDING


@given(st.integers(min_value=300, max_value=599), _VALUES)
def test_every_refusal_has_a_meaning(status: int, body: object) -> None:
    answer = Answer(status, {}, json.dumps(body).encode())
    assert isinstance(classify(answer, needs="scope", now=NOW), ProviderError)


@pytest.mark.parametrize(
    ("status", "reasons", "kind"),
    [
        (404, ["notFound"], Gone),
        (404, [], Temporary),
        (410, ["deleted"], Gone),
        (403, [], Temporary),
        (403, ["ACCESS_TOKEN_SCOPE_INSUFFICIENT"], Rejected),
        (401, [], Disconnected),
    ],
)
def test_a_status_counts_only_with_google_s_own_word(
    status: int, reasons: list[str], kind: type[ProviderError]
) -> None:
    body = {"error": {"code": status, "errors": [{"reason": reason} for reason in reasons]}}
    answer = Answer(status, {}, json.dumps(body).encode())
    assert isinstance(classify(answer, needs="scope", now=NOW), kind)


# ── Tokens ──


def _client(handler: Any) -> GoogleClient:
    transport = httpx2.MockTransport(handler)
    return GoogleClient(
        api_url="https://api.example/calendar/v3", tokens=Purse(), timeout=5, transport=transport
    )


def _oauth(answer: httpx2.Response) -> GoogleOAuth:
    return GoogleOAuth(
        auth_url="https://auth.example",
        token_url="https://token.example",
        revoke_url="https://revoke.example",
        client_id="client",
        client_secret="secret",
        timeout=5,
        transport=httpx2.MockTransport(lambda _: answer),
    )


def _id_token(**claims: object) -> str:
    usual = {"iss": "https://accounts.google.com", "aud": "client", "sub": "108", "email": "ada@example.com"}
    return ".".join(
        base64.urlsafe_b64encode(part).decode().rstrip("=")
        for part in (b"{}", json.dumps(usual | claims).encode(), b"signature")
    )


def _exchange(answer: httpx2.Response) -> Any:
    return _oauth(answer).exchange(code="c", redirect_uri="https://x.example", verifier="v", now=NOW)


def _grant(**fields: object) -> httpx2.Response:
    usual = {"access_token": "a", "refresh_token": "r", "expires_in": 3599, "scope": "openid x"}
    return httpx2.Response(200, json={**usual, "id_token": _id_token(), **fields})


def test_tokens_and_whose_they_are() -> None:
    tokens = _exchange(_grant())
    assert (tokens.access_token, tokens.refresh_token, tokens.scopes) == ("a", "r", {"openid", "x"})
    assert (tokens.account.remote_user_id, tokens.account.email) == ("108", "ada@example.com")


@pytest.mark.parametrize(
    "fields",
    [
        {"id_token": None},
        {"id_token": "no.token"},
        {"id_token": _id_token(aud="another")},
        {"id_token": _id_token(iss="https://evil.example")},
        {"id_token": _id_token(sub="")},
        {"id_token": _id_token(sub=7)},
        {"access_token": None},
        {"access_token": "two words"},
        {"refresh_token": None},
    ],
)
def test_an_answer_that_does_not_say_whose_tokens_these_are_gives_none(fields: dict[str, object]) -> None:
    with pytest.raises(Temporary) as error:
        _exchange(_grant(**fields))
    assert error.value.reason == Reason.BAD_ANSWER


def test_a_refresh_keeps_the_refresh_token_unless_there_is_a_newer_one() -> None:
    kept = _oauth(_grant(refresh_token=None)).refresh("old", now=NOW)
    replaced = _oauth(_grant(refresh_token="new")).refresh("old", now=NOW)
    assert (kept.refresh_token, replaced.refresh_token) == ("old", "new")


@pytest.mark.parametrize(
    ("status", "word", "kind", "reason"),
    [
        (400, "invalid_grant", Disconnected, Reason.AUTHORIZATION_REFUSED),
        (400, "admin_policy_enforced", Disconnected, Reason.ADMIN_DISABLED),
        (401, "invalid_client", Misconfigured, Reason.CLIENT_REFUSED),
        (400, "redirect_uri_mismatch", Misconfigured, Reason.REDIRECT_MISMATCH),
        (400, "something_new", Temporary, Reason.BAD_ANSWER),
        (503, "", Temporary, Reason.SERVER_ERROR),
        (429, "", Temporary, Reason.RATE_LIMITED),
    ],
)
def test_a_refusal_of_the_token_endpoint(
    status: int, word: str, kind: type[ProviderError], reason: Reason
) -> None:
    with pytest.raises(kind) as error:
        _oauth(httpx2.Response(status, json={"error": word})).refresh("r", now=NOW)
    assert getattr(error.value, "reason", None) == reason


def test_only_a_dead_grant_breaks_a_connection() -> None:
    with pytest.raises(Rejected) as error:
        _exchange(httpx2.Response(400, json={"error": "invalid_grant"}))
    assert error.value.code == Reason.CODE_INVALID


def test_a_token_that_is_dead_already_counts_as_revoked() -> None:
    _oauth(httpx2.Response(400, json={"error": "invalid_token"})).revoke("a")
    with pytest.raises(Temporary):
        _oauth(httpx2.Response(500)).revoke("a")
