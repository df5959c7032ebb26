"""Google's consent with its tick boxes, its tokens and their end."""

from __future__ import annotations

import base64
import json
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from koalendar.sandbox.google import faults
from koalendar.sandbox.tests.conftest import GOOGLE_REDIRECT, GOOGLE_SCOPES, Client, Clock

BUSY = "https://www.googleapis.com/auth/calendar.events.freebusy"


def decide(google: Client, **form: object) -> str:
    query = dict(parse_qsl(urlsplit(google.authorize_url()).query))
    answer = google.http.post(f"{google.sandbox.url}/google/o/oauth2/v2/auth", data=query | form)
    return answer.headers.get("location", "")


def test_the_page_has_a_box_for_each_scope_and_leads_back_with_what_was_ticked(google: Client) -> None:
    page = google.http.get(google.authorize_url())
    assert page.text.count('type="checkbox"') == 3
    assert "form-action 'self' http://127.0.0.1:8000" in page.headers["content-security-policy"]
    location = decide(google, user="ada@example.com", granted=[BUSY], decision="allow")
    assert location.startswith(GOOGLE_REDIRECT)
    back = dict(parse_qsl(urlsplit(location).query))
    assert back["state"] == "some-state"
    scopes = google.exchange(back["code"]).json()["scope"].split()
    assert set(scopes) == {"openid", "https://www.googleapis.com/auth/userinfo.email", BUSY}


def test_a_single_scope_has_no_box(google: Client) -> None:
    page = google.http.get(google.authorize_url(scope=f"openid {BUSY}"))
    assert 'type="checkbox"' not in page.text
    google.connect(scope=f"openid {BUSY}", ticked=[])
    assert BUSY in google.tokens["scope"]


def test_cancel_comes_back_with_access_denied(google: Client) -> None:
    location = decide(google, decision="cancel")
    assert parse_qs(urlsplit(location).query) == {"state": ["some-state"], "error": ["access_denied"]}


def test_a_blocked_app_never_comes_back(google: Client) -> None:
    assert decide(google, decision="blocked") == ""


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"client_id": "someone-else"}, "invalid_client"),
        ({"redirect_uri": "http://evil.example/integrations/google/callback"}, "redirect_uri_mismatch"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "https://www.googleapis.com/auth/calendar.everything"}, "invalid_scope"),
        ({"scope": ""}, "missing: scope"),
        ({"code_challenge_method": "MD5"}, "code challenge"),
    ],
)
def test_a_wrong_request_stops_at_google(google: Client, changes: dict[str, str], words: str) -> None:
    page = google.http.get(google.authorize_url(**changes))
    assert page.status_code == 400
    assert words in page.text


def test_another_person_gets_an_account_with_a_calendar(google: Client) -> None:
    location = decide(google, user="another", email="cleo@example.com", granted=list(GOOGLE_SCOPES))
    google.tokens = google.exchange(dict(parse_qsl(urlsplit(location).query))["code"]).json()
    assert google.call("GET", "users/me/calendarList").json()["items"][0]["id"] == "cleo@example.com"


def test_the_id_token_names_the_account(google: Client) -> None:
    tokens = google.connect()
    _head, claims, _signature = tokens["id_token"].split(".")
    told = json.loads(base64.urlsafe_b64decode(claims + "=="))
    assert (told["iss"], told["aud"]) == ("https://accounts.google.com", "sandbox-google-client")
    assert (told["email"], told["email_verified"]) == ("ada@example.com", True)
    assert told["sub"] == google.sandbox.google.user("ada@example.com").id


@pytest.mark.parametrize(
    ("access_type", "prompt", "again"),
    [("offline", "consent", True), ("offline", "select_account", False), ("online", "consent", False)],
)
def test_a_refresh_token_comes_with_offline_access_and_a_shown_consent_only(
    google: Client, access_type: str, prompt: str, again: bool
) -> None:
    assert "refresh_token" in google.connect(prompt="select_account")
    second = google.connect(access_type=access_type, prompt=prompt)
    assert ("refresh_token" in second) is again
    assert second["expires_in"] == 3599


def test_scopes_granted_earlier_come_along_when_asked_for(google: Client) -> None:
    google.connect()
    alone = google.connect(scope=f"openid {BUSY}")
    assert "calendar.calendarlist" not in alone["scope"]
    together = google.connect(scope=f"openid {BUSY}", include_granted_scopes="true")
    assert "calendar.calendarlist.readonly" in together["scope"]


def test_a_code_works_once_for_ten_minutes_with_its_address_and_verifier(
    google: Client, clock: Clock
) -> None:
    code = google.allow()["code"]
    assert google.exchange(code).status_code == 200
    assert google.exchange(code).json()["error"] == "invalid_grant"
    assert google.exchange(google.allow()["code"], redirect_uri="http://x").json()["error"] == (
        "redirect_uri_mismatch"
    )
    assert "verifier" in google.exchange(google.allow()["code"], code_verifier="").json()["error_description"]
    wrong = google.exchange(google.allow()["code"], code_verifier="x" * 64)
    assert wrong.json() == {"error": "invalid_grant", "error_description": "Invalid code verifier."}
    late = google.allow()["code"]
    clock.advance(minutes=10, seconds=1)
    assert google.exchange(late).json()["error"] == "invalid_grant"


def test_credentials_are_taken_from_the_form_or_the_header(calendar: Client) -> None:
    assert calendar.token(client_secret="wrong", grant_type="refresh_token").status_code == 401
    assert calendar.token(client_id="wrong", grant_type="refresh_token").json()["error"] == "invalid_client"
    assert calendar.token(grant_type="password").json()["error"] == "unsupported_grant_type"
    form = {"grant_type": "refresh_token", "refresh_token": calendar.tokens["refresh_token"]}
    url = f"{calendar.sandbox.url}/google/token"
    basic = calendar.http.post(url, data=form, auth=("sandbox-google-client", "sandbox-google-secret"))
    assert basic.status_code == 200


def test_refreshing_gives_an_access_token_and_no_second_refresh_token(calendar: Client, clock: Clock) -> None:
    clock.advance(minutes=61)
    assert calendar.call("GET", "users/me/calendarList").status_code == 401
    fresh = calendar.refresh().json()
    assert "refresh_token" not in fresh
    calendar.tokens |= fresh
    assert calendar.call("GET", "users/me/calendarList").status_code == 200
    assert calendar.refresh().status_code == 200


def test_an_unused_refresh_token_dies_after_half_a_year(calendar: Client, clock: Clock) -> None:
    for _ in range(3):
        clock.advance(days=150)
        assert calendar.refresh().status_code == 200
    clock.advance(days=184)
    assert calendar.refresh().json()["error"] == "invalid_grant"


def test_in_testing_everything_ends_seven_days_after_the_consent(google: Client, clock: Clock) -> None:
    google.sandbox.google.app.testing = True
    google.connect()
    google.sandbox.google.app.testing = False  # Publishing does not save what was given before.
    clock.advance(days=6, hours=23)
    assert google.refresh().status_code == 200
    clock.advance(hours=1)
    assert google.refresh().json() == {
        "error": "invalid_grant",
        "error_description": "Token has been expired or revoked.",
    }


def test_the_hundred_and_first_refresh_token_kills_the_oldest(calendar: Client) -> None:
    world, user = calendar.sandbox.google, calendar.sandbox.google.user("ada@example.com")
    for _ in range(99):
        world.issue_refresh(user.id, GOOGLE_SCOPES)
    assert calendar.refresh().status_code == 200
    world.issue_refresh(user.id, GOOGLE_SCOPES)
    assert calendar.refresh().json()["error"] == "invalid_grant"


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_revoking_either_token_ends_the_whole_grant(calendar: Client, kind: str) -> None:
    url = f"{calendar.sandbox.url}/google/revoke"
    answer = calendar.http.post(url, data={"token": calendar.tokens[kind]})
    assert (answer.status_code, answer.json()) == (200, {})
    assert calendar.call("GET", "users/me/calendarList").status_code == 401
    assert calendar.refresh().json()["error"] == "invalid_grant"
    assert calendar.http.post(url, data={"token": "x"}).json()["error"] == "invalid_token"


@pytest.mark.parametrize("preset", faults.OAUTH_ERRORS)
def test_every_named_answer_of_the_token_endpoint_can_be_ordered(calendar: Client, preset: str) -> None:
    order = {"preset": preset}
    calendar.http.post(f"{calendar.sandbox.url}/_control/google/faults", json=order)
    assert calendar.refresh().status_code == faults.OAUTH_ERRORS[preset].status
    assert calendar.refresh().status_code == 200
