"""Zoom's OAuth below ``/oauth``: token and revoke endpoints for programs, the consent for people.

Facts are from https://developers.zoom.us/docs/integrations/oauth/ and
https://developers.zoom.us/docs/integrations/oauth-error-messages/, read 2026-11-23.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode, urlsplit

from koalendar.sandbox.faults import OAUTH_ERRORS
from koalendar.sandbox.wire import ConsentError, Request, Response, json_answer
from koalendar.sandbox.world import OAuthError, ZoomUser, ZoomWorld


@dataclass(frozen=True)
class Consent:
    """What an authorise request asks for, after its checks."""

    redirect_uri: str
    state: str | None
    challenge: str
    challenge_method: str

    def returns(self, **answer: str) -> str:
        """The redirect address with the answer and the caller's own state on it."""
        if self.state is not None:
            answer["state"] = self.state
        separator = "&" if urlsplit(self.redirect_uri).query else "?"
        return f"{self.redirect_uri}{separator}{urlencode(answer)}"


def read_consent(world: ZoomWorld, query: Mapping[str, str]) -> Consent:
    """The checked authorise request; ConsentError when Zoom would stop on its own page."""
    if "scope" in query:
        # Scopes come from the app's settings; asking for them fails the first authorisation:
        # https://github.com/mattermost/mattermost-plugin-zoom/pull/222
        raise ConsentError("Invalid scope", "The scope parameter is not accepted here (invalid scope).")
    if query.get("client_id") != world.app.client_id:
        raise ConsentError("Application not found", f"Invalid client_id: {query.get('client_id')} (4,702)")
    if query.get("response_type") != "code":
        raise ConsentError("Something went wrong", "Unsupported response type.")
    redirect_uri = query.get("redirect_uri", "")
    if not world.app.allows_redirect(redirect_uri):
        raise ConsentError("Invalid redirect", f"Invalid redirect: {redirect_uri} (4,709)")
    challenge = query.get("code_challenge", "")
    method = query.get("code_challenge_method", "plain")
    if challenge and method not in ("plain", "S256"):
        raise ConsentError("Something went wrong", "Unsupported code challenge method.")
    return Consent(redirect_uri, query.get("state"), challenge, method)


def allow(world: ZoomWorld, consent: Consent, user: ZoomUser, scopes: list[str]) -> str:
    """The user pressed Allow: the address to send the browser to."""
    code = world.issue_code(user, scopes, consent.redirect_uri, consent.challenge, consent.challenge_method)
    return consent.returns(code=code)


def token_endpoint(world: ZoomWorld, request: Request) -> Response:
    """``POST /oauth/token``: credentials in the Basic header, all else in the form body."""
    try:
        _check_client(world, request)
        return json_answer(200, _grant(world, request), {"Cache-Control": "no-store"})
    except OAuthError as refusal:
        return OAUTH_ERRORS[refusal.preset].response(request, world.now())


def _grant(world: ZoomWorld, request: Request) -> dict[str, object]:
    # Since 2023 Zoom refuses what stands in the query string; so a request with only that has no grant type.
    grant = request.field("grant_type")
    if grant == "authorization_code":
        return world.exchange_code(
            request.field("code"), request.field("redirect_uri"), request.field("code_verifier")
        )
    if grant == "refresh_token":
        if not request.field("refresh_token"):
            raise OAuthError("4700")
        return world.refresh(request.field("refresh_token"))
    raise OAuthError("4705" if grant else "4706")


def revoke_endpoint(world: ZoomWorld, request: Request) -> Response:
    """``POST /oauth/revoke``: ``{"status":"success"}``, and both tokens are dead."""
    try:
        _check_client(world, request)
        _revoke(world, request.field("token"))
    except OAuthError as refusal:
        return OAUTH_ERRORS[refusal.preset].response(request, world.now())
    return json_answer(200, {"status": "success"})


def _revoke(world: ZoomWorld, token: str) -> None:
    if not token:
        raise OAuthError("4700")
    if not world.revoke(token):
        raise OAuthError("refresh_token_dead")


def _check_client(world: ZoomWorld, request: Request) -> None:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic" or request.content_type != "application/x-www-form-urlencoded":
        raise OAuthError("4706")
    if set(parse_qs(request.query_string, True)) & {"grant_type", "code", "refresh_token", "token"}:
        raise OAuthError("4706")
    try:
        client_id, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except (ValueError, binascii.Error):
        raise OAuthError("4702") from None
    if not hmac.compare_digest(client_id.encode(), world.app.client_id.encode()):
        raise OAuthError("4702")
    if not hmac.compare_digest(secret.encode(), world.app.client_secret.encode()):
        raise OAuthError("4704")
