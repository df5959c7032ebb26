"""Google's OAuth: the token and revoke endpoints for programs, the consent for people.

Facts are from https://developers.google.com/identity/protocols/oauth2/web-server and
https://developers.google.com/identity/protocols/oauth2/resources/granular-permissions, read 2026-11-23.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlencode, urlsplit

from koalendar.sandbox.google.faults import OAUTH_ERRORS
from koalendar.sandbox.google.rest import KNOWN_SCOPES, SCOPE_PREFIX
from koalendar.sandbox.google.world import (
    ACCESS_LIFE,
    ANSWERED_SCOPES,
    CODE_LIFE,
    SIGN_IN_SCOPES,
    Code,
    GoogleUser,
    GoogleWorld,
    OAuthError,
)
from koalendar.sandbox.wire import ConsentError, Json, Request, Response, json_answer


@dataclass(frozen=True)
class Consent:
    """What an authorise request asks for, after its checks."""

    redirect_uri: str
    state: str | None
    scopes: tuple[str, ...]
    challenge: str
    challenge_method: str
    offline: bool
    #: ``prompt=consent``: the page is shown although everything is granted already.
    insists: bool
    together: bool
    login_hint: str

    @property
    def optional(self) -> tuple[str, ...]:
        """The scopes with a tick box: none when there is only one besides those of the sign-in."""
        asked = tuple(scope for scope in self.scopes if scope not in SIGN_IN_SCOPES)
        return asked if len(asked) > 1 else ()

    def returns(self, **answer: str) -> str:
        """The redirect address with the answer and the caller's own state on it."""
        if self.state is not None:
            answer = {"state": self.state} | answer
        separator = "&" if urlsplit(self.redirect_uri).query else "?"
        return f"{self.redirect_uri}{separator}{urlencode(answer)}"


def allows_redirect(world: GoogleWorld, uri: str) -> bool:
    """Exact matches only; any port of this machine counts as registered."""
    loopback = r"http://(localhost|127\.0\.0\.1)(:\d{1,5})?/integrations/google/callback"
    return uri in world.app.redirect_uris or re.fullmatch(loopback, uri) is not None


def read_consent(world: GoogleWorld, query: Mapping[str, str]) -> Consent:
    """The checked authorise request; ConsentError when Google would stop on its own page."""
    blocked = "Access blocked: Authorization Error"
    for name in ("client_id", "response_type", "redirect_uri", "scope"):
        if not query.get(name):
            raise ConsentError(blocked, f"Error 400: invalid_request. Required parameter is missing: {name}")
    if query["client_id"] != world.app.client_id:
        raise ConsentError(blocked, "Error 401: invalid_client. The OAuth client was not found.")
    redirect_uri = query["redirect_uri"]
    if not allows_redirect(world, redirect_uri):
        raise ConsentError(
            "Access blocked: This app’s request is invalid",
            f"Error 400: redirect_uri_mismatch. redirect_uri={redirect_uri}",
        )
    if query["response_type"] != "code":
        raise ConsentError(blocked, "Error 400: unsupported_response_type.")
    scopes = tuple(dict.fromkeys(query["scope"].split()))
    wrong = [scope for scope in scopes if not _is_known(scope)]
    if wrong:
        raise ConsentError(
            blocked,
            f"Error 400: invalid_scope. Some requested scopes were invalid. invalid=[{', '.join(wrong)}]",
        )
    method = query.get("code_challenge_method", "plain")
    if query.get("code_challenge") and method not in ("plain", "S256"):
        raise ConsentError(blocked, "Error 400: invalid_request. Invalid code challenge method.")
    return Consent(
        redirect_uri,
        query.get("state"),
        scopes,
        query.get("code_challenge", ""),
        method,
        query.get("access_type") == "offline",
        "consent" in query.get("prompt", "").split(),
        query.get("include_granted_scopes") == "true",
        query.get("login_hint", ""),
    )


def _is_known(scope: str) -> bool:
    return scope in SIGN_IN_SCOPES or (
        scope.startswith(SCOPE_PREFIX)
        and (scope.removeprefix(SCOPE_PREFIX) in KNOWN_SCOPES or scope in ANSWERED_SCOPES.values())
    )


def allow(world: GoogleWorld, consent: Consent, user: GoogleUser, ticked: Iterable[str]) -> str:
    """The user pressed Continue: the address to send the browser to.

    A refresh token goes with the code only if offline access was asked for and the consent was shown: it
    is not when all was granted before and the request does not insist.
    """
    with world.lock:
        earlier = world.grants[user.id].scopes if user.id in world.grants else ()
        shown = consent.insists or not set(consent.scopes) <= set(earlier)
        wanted = set(ticked)
        given = tuple(
            scope for scope in consent.scopes if not shown or scope in wanted or scope not in consent.optional
        )
        together = world.grant(user, given) if shown else earlier
        code = Code(
            user.id,
            together if consent.together else given,
            consent.redirect_uri,
            consent.challenge,
            consent.challenge_method,
            consent.offline and shown,
            (world.now() + CODE_LIFE).timestamp(),
        )
        scope = answered(code.scopes)
        text = world.issue_code(code)
    return consent.returns(code=text, scope=scope, authuser="0", prompt="consent" if shown else "none")


def answered(scopes: Iterable[str]) -> str:
    """Scopes as Google writes them back: ``email`` comes home as an address, in no promised order."""
    return " ".join(sorted(ANSWERED_SCOPES.get(scope, scope) for scope in scopes))


def token_endpoint(world: GoogleWorld, request: Request) -> Response:
    """``POST /token``: credentials in the form or the Basic header."""
    try:
        with world.lock:
            _check_client(world, request)
            answer = _grant(world, request)
        return json_answer(200, answer, {"Cache-Control": "no-store"})
    except OAuthError as refusal:
        return OAUTH_ERRORS[refusal.preset].response(request, world.now())


def _grant(world: GoogleWorld, request: Request) -> Json:
    grant = request.field("grant_type")
    if grant == "authorization_code":
        return _exchange(world, request)
    if grant == "refresh_token":
        return _refresh(world, request)
    raise OAuthError("grant_type" if grant else "missing_field")


def _exchange(world: GoogleWorld, request: Request) -> Json:
    stored = world.codes.pop(request.field("code"), None)
    if stored is None or world.now().timestamp() > stored.expires_at or stored.user_id not in world.grants:
        raise OAuthError("bad_code")
    if request.field("redirect_uri") != stored.redirect_uri:
        raise OAuthError("redirect_mismatch")
    _check_verifier(stored, request.field("code_verifier"))
    answer = _tokens(world, stored.user_id, stored.scopes)
    if stored.refreshable:
        answer["refresh_token"] = world.issue_refresh(stored.user_id, stored.scopes)
    return answer


def _refresh(world: GoogleWorld, request: Request) -> Json:
    """A new access token; the refresh token stays as it is and is not repeated."""
    if not request.field("refresh_token"):
        raise OAuthError("missing_field")
    stored = world.live_token(request.field("refresh_token"), "refresh")
    if stored is None:
        raise OAuthError("invalid_grant")
    world.use_refresh(stored)
    return _tokens(world, stored.user_id, stored.scopes)


def _tokens(world: GoogleWorld, user_id: str, scopes: tuple[str, ...]) -> Json:
    access = world.issue_access(user_id, scopes)
    answer: Json = {
        "access_token": access,
        "expires_in": int(ACCESS_LIFE.total_seconds()) - 1,
        "scope": answered(scopes),
        "token_type": "Bearer",
    }
    if "openid" in scopes:
        answer["id_token"] = id_token(world, world.users[user_id], scopes, access)
    return answer


def id_token(world: GoogleWorld, user: GoogleUser, scopes: Iterable[str], access: str) -> str:
    """An ID token with the claims of OpenID Connect. Its signature is made of chance.

    A client that fetched it from the token endpoint itself need not check it: OpenID Connect Core, 3.1.3.7.
    """
    now = int(world.now().timestamp())
    claims: Json = {
        "iss": "https://accounts.google.com",
        "azp": world.app.client_id,
        "aud": world.app.client_id,
        "sub": user.id,
        "at_hash": _b64(hashlib.sha256(access.encode()).digest()[:16]),
        "iat": now,
        "exp": now + 3600,
    }
    if "email" in scopes or ANSWERED_SCOPES["email"] in scopes:
        claims |= {"email": user.email, "email_verified": True}
    if "profile" in scopes or ANSWERED_SCOPES["profile"] in scopes:
        claims |= {"name": user.name, "given_name": user.name.partition(" ")[0]}
    head = {"alg": "RS256", "kid": "sandbox", "typ": "JWT"}
    parts = [_b64(json.dumps(part).encode()) for part in (head, claims)]
    return ".".join((*parts, _b64(secrets.token_bytes(256))))


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def revoke_endpoint(world: GoogleWorld, request: Request) -> Response:
    """``POST /revoke``: the whole grant ends, whichever of its tokens is named."""
    token = request.field("token") or request.query.get("token", "")
    with world.lock:
        stored = world.tokens.get(token)
        if stored is None:
            error = {"error": "invalid_token", "error_description": "Token expired or revoked"}
            return json_answer(400, error)
        world.revoke_user(stored.user_id)
    return json_answer(200, {})


def _check_verifier(code: Code, verifier: str) -> None:
    """PKCE, RFC 7636 section 4.6; a code without a challenge needs no verifier."""
    if not code.challenge:
        return
    if not verifier:
        raise OAuthError("no_verifier")
    sent = verifier
    if code.challenge_method == "S256":
        sent = _b64(hashlib.sha256(verifier.encode()).digest())
    if not hmac.compare_digest(sent.encode(), code.challenge.encode()):
        raise OAuthError("bad_verifier")


def _check_client(world: GoogleWorld, request: Request) -> None:
    client_id, secret = request.field("client_id"), request.field("client_secret")
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            client_id, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
        except (ValueError, binascii.Error):
            raise OAuthError("client_missing") from None
        client_id, secret = unquote(client_id), unquote(secret)
    if request.content_type != "application/x-www-form-urlencoded":
        raise OAuthError("missing_field")
    if not hmac.compare_digest(client_id.encode(), world.app.client_id.encode()):
        raise OAuthError("client_missing")
    if not hmac.compare_digest(secret.encode(), world.app.client_secret.encode()):
        raise OAuthError("client_secret")
