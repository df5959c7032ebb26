"""Google's OAuth: where to send a host, and the token and revoke endpoints.

Google: developers.google.com/identity/protocols/oauth2/web-server and
/identity/protocols/oauth2/resources/granular-permissions, read 2026-11-23.
"""

import base64
import binascii
import json
import logging
import re
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Final
from urllib.parse import urlencode

import httpx2
from django.utils.translation import gettext_noop

from koalendar.connections.calls import logged
from koalendar.connections.provider import (
    Ability,
    Account,
    Disconnected,
    Misconfigured,
    ProviderError,
    Reason,
    Rejected,
    Temporary,
    Tokens,
    WantedScope,
)
from koalendar.connections.reading import Json, is_token, lenient, life, text
from koalendar.connections.wire import Answer, Wire, seconds_to_wait

logger = logging.getLogger(__name__)

_PREFIX: Final = "https://www.googleapis.com/auth/"
LIST: Final = f"{_PREFIX}calendar.calendarlist.readonly"
BUSY: Final = f"{_PREFIX}calendar.events.freebusy"
EVENTS: Final = f"{_PREFIX}calendar.events.owned"
_WHOLE: Final = f"{_PREFIX}calendar"
_READ: Final = f"{_PREFIX}calendar.readonly"

# What we ask of Google besides who it is: the one list. The second column holds wider scopes that a person
# may have granted to this project before, and that open the same (discovery document, revision 20261030).
SCOPES: Final = (
    WantedScope(
        LIST,
        (_WHOLE, _READ, f"{_PREFIX}calendar.calendarlist"),
        gettext_noop("We cannot see which calendars you have, so you cannot choose any."),
        Ability.LIST_CALENDARS,
    ),
    WantedScope(
        BUSY,
        (_WHOLE, _READ),
        gettext_noop("Your busy times do not take slots away, so you can be booked twice."),
        Ability.READ_BUSY,
    ),
    WantedScope(
        EVENTS,
        (_WHOLE, f"{_PREFIX}calendar.events"),
        gettext_noop("Bookings do not appear in your Google Calendar, and get no Google Meet."),
        Ability.WRITE_EVENTS,
    ),
)
_SIGN_IN: Final = ("openid", "email")
_ISSUERS: Final = ("https://accounts.google.com", "accounts.google.com")

_Verdict = type[Misconfigured] | type[Disconnected]

# By the word of RFC 6749 section 5.2, and Google's own.
_BY_WORD: Final[Mapping[str, tuple[_Verdict, Reason]]] = {
    "invalid_client": (Misconfigured, Reason.CLIENT_REFUSED),
    "unauthorized_client": (Misconfigured, Reason.CLIENT_REFUSED),
    "deleted_client": (Misconfigured, Reason.APP_DISABLED),
    "redirect_uri_mismatch": (Misconfigured, Reason.REDIRECT_MISMATCH),
    "unsupported_grant_type": (Misconfigured, Reason.GRANT_UNSUPPORTED),
    "invalid_request": (Misconfigured, Reason.GRANT_UNSUPPORTED),
    "admin_policy_enforced": (Disconnected, Reason.ADMIN_DISABLED),
    "access_denied": (Disconnected, Reason.ADMIN_DISABLED),
}


class GoogleOAuth:
    """The token endpoint as seen by the operator's project. The addresses are Google's, or a stand-in's."""

    def __init__(
        self,
        *,
        auth_url: str,
        token_url: str,
        revoke_url: str,
        client_id: str,
        client_secret: str,
        timeout: float,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        self._auth_url = auth_url
        self._token_url = token_url
        self._revoke_url = revoke_url
        self._client_id = client_id
        self._client_secret = client_secret
        self._wire = Wire(timeout=timeout, transport=transport)

    def authorize_url(self, *, redirect_uri: str, state: str, challenge: str) -> str:
        """Where to send the host's browser.

        Offline access and a consent that is always shown, since Google gives a refresh token with no other.
        What was granted before counts on, so that choosing again adds to it.
        """
        query = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": redirect_uri,
            "scope": " ".join((*_SIGN_IN, *(scope.name for scope in SCOPES))),
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            "access_type": "offline",
            "prompt": "consent",
            "include_granted_scopes": "true",
        }
        return f"{self._auth_url}?{urlencode(query)}"

    def exchange(self, *, code: str, redirect_uri: str, verifier: str, now: datetime) -> Tokens:
        """Turn the code into tokens, and into whose they are.

        Raises Rejected(CODE_INVALID), Misconfigured, Temporary.
        """
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        answer = self._granted("exchange", form, Rejected(Reason.CODE_INVALID), now)
        refresh_token = answer.get("refresh_token")
        if not is_token(refresh_token):
            raise Temporary(Reason.BAD_ANSWER)
        return self._tokens(answer, refresh_token, self._account(answer), now)

    def refresh(self, refresh_token: str, *, now: datetime) -> Tokens:
        """A new access token; the refresh token stays, unless Google gives another with it.

        Raises Disconnected, Misconfigured or Temporary.
        """
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        answer = self._granted("refresh", form, Disconnected(Reason.AUTHORIZATION_REFUSED), now)
        newer = answer.get("refresh_token")
        return self._tokens(answer, newer if is_token(newer) else refresh_token, None, now)

    def revoke(self, access_token: str) -> None:
        """End the whole authorisation, whichever of its tokens is named.

        Raises Misconfigured or Temporary. A token that is already dead (400, invalid_token) is a success.
        """
        answer = self._post("revoke", self._revoke_url, {"token": access_token})
        if 200 <= answer.status < 300 or lenient(answer).get("error") == "invalid_token":
            return
        error = _judge(answer, Disconnected(Reason.AUTHORIZATION_REFUSED), None)
        if not isinstance(error, Disconnected):
            raise error

    def _granted(self, call: str, form: Mapping[str, str], dead: ProviderError, now: datetime) -> Json:
        secrets = {"client_id": self._client_id, "client_secret": self._client_secret}
        answer = self._post(call, self._token_url, {**form, **secrets})
        if not 200 <= answer.status < 300:
            raise _judge(answer, dead, now)
        return lenient(answer)

    def _tokens(self, answer: Json, refresh_token: str, account: Account | None, now: datetime) -> Tokens:
        access_token, scope = answer.get("access_token"), answer.get("scope")
        if not is_token(access_token):
            raise Temporary(Reason.BAD_ANSWER)
        return Tokens(
            access_token=access_token,
            refresh_token=refresh_token,
            expires_at=now + life(answer.get("expires_in")),
            scopes=frozenset(scope[:20_000].split()) if isinstance(scope, str) else frozenset(),
            api_url="",
            account=account,
        )

    def _account(self, answer: Json) -> Account:
        """Whose tokens these are, by the ID token that came with them.

        Its signature need not be checked, since it came from the token endpoint itself over TLS (OpenID
        Connect Core 1.0, section 3.1.3.7); for whom it was made is.
        """
        try:
            claims = _claims(answer.get("id_token"))
            remote_user_id, email = text(claims, "sub", 128), text(claims, "email", 320)
        except ValueError as error:
            raise Temporary(Reason.BAD_ANSWER) from error
        is_for_us = claims.get("iss") in _ISSUERS and claims.get("aud") == self._client_id
        if not is_for_us or not remote_user_id:
            raise Temporary(Reason.BAD_ANSWER)
        return Account(remote_user_id=remote_user_id, account_id="", name="", email=email, plan="", zone="")

    def _post(self, call: str, address: str, form: Mapping[str, str]) -> Answer:
        send = partial(self._wire.send, "POST", address, headers={}, form=form)
        return logged(send, logger, "google_oauth", call=call)


def _judge(answer: Answer, dead: ProviderError, now: datetime | None) -> ProviderError:
    """What an error answer means; `dead` is raised for a code or token that Google does not know."""
    if answer.status == 429:
        wait = seconds_to_wait(answer.headers, now) if now else None
        return Temporary(Reason.RATE_LIMITED, retry_after=wait)
    if answer.status >= 500:
        return Temporary(Reason.SERVER_ERROR)
    word = str(lenient(answer).get("error", ""))
    if word == "invalid_grant":
        return dead
    if word in _BY_WORD:
        kind, reason = _BY_WORD[word]
        return kind(reason)
    return Temporary(Reason.BAD_ANSWER)


def _claims(id_token: object) -> Json:
    """The middle part of a JWT. Raises ValueError."""
    shape = r"[\w-]{1,8192}\.([\w-]{1,8192})\.[\w-]{1,8192}"
    found = re.fullmatch(shape, id_token, re.ASCII) if isinstance(id_token, str) else None
    if found is None:
        raise ValueError("id_token")
    part = found.group(1)
    try:
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (binascii.Error, RecursionError) as error:
        raise ValueError("id_token") from error
    return claims if isinstance(claims, dict) else {}
