"""Consent, tokens and their end."""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime
from urllib.parse import parse_qs, urlsplit

import httpx2 as httpx
import pytest

from koalendar.sandbox import faults
from koalendar.sandbox.server import Sandbox
from koalendar.sandbox.tests.conftest import REDIRECT, VERIFIER, Clock, Integrator
from koalendar.sandbox.world import SCOPES


def decide(zoom: Integrator, **form: object) -> httpx.Response:
    query = {name: values[0] for name, values in parse_qs(urlsplit(zoom.authorize_url()).query).items()}
    return zoom.http.post(f"{zoom.sandbox.url}/zoom/oauth/authorize", data=query | form)


def test_allowing_returns_code_and_state_to_the_redirect_address(zoom: Integrator) -> None:
    answer = decide(zoom, user="ada@example.com", scope=list(SCOPES), decision="allow")
    location = answer.headers["location"]
    assert location.startswith(REDIRECT)
    assert parse_qs(urlsplit(location).query)["state"] == ["some-state"]
    assert zoom.exchange(parse_qs(urlsplit(location).query)["code"][0]).status_code == 200


def test_the_consent_page_lets_its_form_be_redirected_to_the_product(zoom: Integrator) -> None:
    page = zoom.http.get(zoom.authorize_url())
    assert "form-action 'self' http://127.0.0.1:8000" in page.headers["content-security-policy"]
    assert "Ada Lovelace" in page.text


def test_declining_returns_access_denied(zoom: Integrator) -> None:
    location = decide(zoom, decision="decline").headers["location"]
    assert parse_qs(urlsplit(location).query) == {"error": ["access_denied"], "state": ["some-state"]}


@pytest.mark.parametrize("decision", ["admin", "wrong"])
def test_zooms_own_error_pages_never_call_the_redirect_address(zoom: Integrator, decision: str) -> None:
    answer = decide(zoom, decision=decision)
    assert answer.status_code == 400
    assert "location" not in answer.headers


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"scope": "user:read:user"}, "invalid scope"),
        ({"client_id": "someone-else"}, "4,702"),
        ({"redirect_uri": "http://evil.example/integrations/zoom/callback"}, "4,709"),
        ({"response_type": "token"}, "Something went wrong"),
        ({"code_challenge_method": "MD5"}, "Something went wrong"),
    ],
)
def test_a_wrong_authorise_request_stops_at_zoom(
    zoom: Integrator, changes: dict[str, str], words: str
) -> None:
    page = zoom.http.get(zoom.authorize_url(**changes))
    assert page.status_code == 400
    assert words in page.text


def test_another_person_gets_a_zoom_account_of_their_own(zoom: Integrator) -> None:
    answer = decide(zoom, user="another", email="cleo@example.com", scope=list(SCOPES), decision="allow")
    zoom.tokens = zoom.exchange(parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]).json()
    assert zoom.call("GET", "/users/me").json()["email"] == "cleo@example.com"


def test_the_token_answer_has_zooms_fields_and_long_opaque_tokens(zoom: Integrator) -> None:
    tokens = zoom.connect()
    assert tokens["token_type"] == "bearer"
    assert tokens["expires_in"] == 3600
    assert tokens["scope"].split() == list(SCOPES)
    assert tokens["api_url"] == f"{zoom.sandbox.url}/zoom"
    assert len(tokens["access_token"]) > 255


def test_a_code_works_once(zoom: Integrator) -> None:
    code = zoom.code()
    assert zoom.exchange(code).status_code == 200
    again = zoom.exchange(code)
    assert again.status_code == 400
    assert "4734" in again.json()["reason"]


def test_a_code_dies_after_five_minutes(zoom: Integrator, clock: Clock) -> None:
    code = zoom.code()
    clock.advance(minutes=5, seconds=1)
    assert "4733" in zoom.exchange(code).json()["reason"]


def test_the_code_needs_its_redirect_address_and_its_verifier(zoom: Integrator) -> None:
    assert "4709" in zoom.exchange(zoom.code(), redirect_uri=REDIRECT + "/").json()["reason"]
    assert "4734" in zoom.exchange(zoom.code(), code_verifier=VERIFIER + "x").json()["reason"]


def test_a_refresh_kills_the_refresh_token_at_once(ada: Integrator) -> None:
    old = ada.tokens["refresh_token"]
    fresh = ada.refresh(old).json()
    dead = ada.refresh(old)
    assert (dead.status_code, dead.json()) == (400, {"reason": "Invalid Token!", "error": "invalid_grant"})
    assert ada.refresh(fresh["refresh_token"]).status_code == 200


def test_the_access_token_lives_an_hour(ada: Integrator, clock: Clock) -> None:
    clock.advance(minutes=59)
    assert ada.call("GET", "/users/me").status_code == 200
    clock.advance(minutes=2)
    answer = ada.call("GET", "/users/me")
    assert (answer.status_code, answer.json()["code"]) == (401, 124)


def test_the_refresh_token_lives_ninety_days(ada: Integrator, clock: Clock) -> None:
    clock.advance(days=91)
    assert ada.refresh(ada.tokens["refresh_token"]).json()["error"] == "invalid_grant"


def test_a_new_authorisation_of_the_same_user_kills_the_older_tokens(ada: Integrator) -> None:
    old = dict(ada.tokens)
    ada.connect()
    assert "4741" in ada.refresh(old["refresh_token"]).json()["reason"]
    ada.tokens = old
    assert ada.call("GET", "/users/me").status_code == 401


def test_credentials_belong_in_the_basic_header_and_the_rest_in_the_body(ada: Integrator) -> None:
    url, body = f"{ada.sandbox.url}/zoom/oauth/token", {"grant_type": "refresh_token", "refresh_token": "x"}
    inside = body | {"client_id": "sandbox-zoom-client", "client_secret": "sandbox-zoom-secret"}
    assert "4706" in ada.http.post(url, data=inside).json()["reason"]
    auth = ("sandbox-zoom-client", "sandbox-zoom-secret")
    assert "4706" in ada.http.post(url, params=body, auth=auth).json()["reason"]
    assert "4702" in ada.http.post(url, data=body, auth=("wrong", "x")).json()["reason"]
    assert "4704" in ada.http.post(url, data=body, auth=("sandbox-zoom-client", "x")).json()["reason"]
    assert "4705" in ada.token(grant_type="password").json()["reason"]


def test_revoking_kills_both_tokens_and_uninstalls(ada: Integrator) -> None:
    answer = ada.http.post(
        f"{ada.sandbox.url}/zoom/oauth/revoke",
        data={"token": ada.tokens["access_token"]},
        auth=("sandbox-zoom-client", "sandbox-zoom-secret"),
    )
    assert answer.json() == {"status": "success"}
    assert ada.call("GET", "/users/me").json()["code"] == 124
    assert ada.refresh(ada.tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert not ada.sandbox.zoom.installed


def test_a_private_app_learns_of_its_removal_by_refusals_alone(ada: Integrator) -> None:
    """Published ones are notified: https://developers.zoom.us/docs/api/webhooks, read 2026-11-23."""
    ada.sandbox.zoom.uninstall("ada@example.com")
    answer = ada.call("GET", "/users/me")
    assert (answer.status_code, answer.json()["code"]) == (401, 124)
    assert ada.refresh(ada.tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert list(ada.sandbox.zoom.notifications) == []


def test_meetings_stay_when_the_app_is_removed_and_are_there_when_it_is_added_again(
    ada: Integrator,
) -> None:
    made = ada.create().json()
    ada.sandbox.zoom.uninstall("ada@example.com")
    assert [meeting.id for meeting in ada.sandbox.zoom.present_meetings()] == [made["id"]]
    ada.connect()
    found = ada.call("GET", f"/meetings/{made['id']}").json()
    assert (found["join_url"], found["password"]) == (made["join_url"], made["password"])


def test_the_date_of_an_answer_is_of_zooms_own_clock(ada: Integrator) -> None:
    ada.sandbox.zoom.advance_clock(5 * 3600)
    told = parsedate_to_datetime(ada.call("GET", "/users/me").headers["Date"])
    assert abs((told - ada.sandbox.zoom.now()).total_seconds()) < 5


def test_adding_from_the_marketplace_arrives_without_a_state(sandbox: Sandbox, http: httpx.Client) -> None:
    answer = http.post(f"{sandbox.url}/zoom/marketplace/add", data={"user": "ada@example.com"})
    query = parse_qs(urlsplit(answer.headers["location"]).query)
    assert set(query) == {"code"}


@pytest.mark.parametrize("name", sorted(faults.OAUTH_ERRORS))
def test_every_documented_oauth_error_can_be_ordered(ada: Integrator, name: str) -> None:
    ada.sandbox.zoom.fail_next(name)
    answer = ada.refresh(ada.tokens["refresh_token"])
    expected = faults.OAUTH_ERRORS[name]
    assert answer.status_code == expected.status
    if expected.body is not None:
        assert answer.json() == expected.body
    if re.fullmatch(r"\d{4}", name):
        assert name in answer.json()["reason"]
    assert ada.refresh(ada.tokens["refresh_token"]).status_code == 200


@pytest.mark.parametrize("decision", ["admin", "unpublished", "wrong", "lost"])
def test_where_zoom_stops_on_a_page_of_its_own_nobody_is_sent_back(zoom: Integrator, decision: str) -> None:
    answer = decide(zoom, user="ada@example.com", decision=decision)

    assert answer.status_code == 400
    assert "location" not in answer.headers


def test_zoom_may_come_back_with_nothing_but_the_state(zoom: Integrator) -> None:
    assert decide(zoom, decision="no_code").headers["location"] == f"{REDIRECT}?state=some-state"


def test_without_pre_approve_nobody_gets_past_zoom(zoom: Integrator) -> None:
    site = zoom.sandbox.url
    zoom.http.post(f"{site}/zoom/pre-approved", data={"pre_approved": ""})

    for answer in (
        zoom.http.get(zoom.authorize_url()),
        decide(zoom, user="ada@example.com", decision="allow"),
        zoom.http.post(f"{site}/zoom/marketplace/add", data={"user": "ada@example.com"}),
    ):
        assert answer.status_code == 400
        assert "You cannot authorize this app" in answer.text
    assert "Pre-Approve is off" in zoom.http.get(f"{site}/zoom/marketplace").text

    zoom.http.post(f"{site}/zoom/pre-approved", data={"pre_approved": "yes"})
    assert decide(zoom, user="ada@example.com", decision="allow").status_code == 302
