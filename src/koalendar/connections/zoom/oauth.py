"""Zoom's OAuth: where to send a host, and the token and revoke endpoints.

Zoom: docs/integrations/oauth and docs/integrations/oauth-error-messages, read 2026-11-23.
"""

import base64
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
    Disconnected,
    Misconfigured,
    ProviderError,
    Reason,
    Rejected,
    Temporary,
    Tokens,
    WantedScope,
)
from koalendar.connections.reading import is_token, life
from koalendar.connections.wire import Answer, Wire, seconds_to_wait

logger = logging.getLogger(__name__)

# What we ask of Zoom: the one list. Each addition costs every host a new consent. The second column holds the
# classic names that older apps still have (Zoom: docs/integrations/oauth-scopes-granular, read 2026-11-23).
SCOPES: Final = (
    WantedScope(
        "user:read:user",
        ("user:read", "user_info:read"),
        gettext_noop("We cannot tell which Zoom account is connected."),
    ),
    WantedScope(
        "user:read:settings",
        ("user:read",),
        gettext_noop("New meetings do not follow your Zoom setting for automatic recording."),
    ),
    WantedScope(
        "meeting:write:meeting", ("meeting:write",), gettext_noop("New bookings get no Zoom meeting.")
    ),
    WantedScope(
        "meeting:read:meeting",
        ("meeting:read",),
        gettext_noop("We cannot check meetings, nor start one for you."),
    ),
    WantedScope(
        "meeting:update:meeting",
        ("meeting:write",),
        gettext_noop("A rescheduled booking does not move its Zoom meeting."),
    ),
    WantedScope(
        "meeting:delete:meeting",
        ("meeting:write",),
        gettext_noop("A cancelled booking leaves its Zoom meeting behind."),
    ),
    WantedScope(
        "meeting:read:list_meetings",
        ("meeting:read",),
        gettext_noop("After trouble on the way, we cannot find the meeting that we have just made."),
    ),
)

_Verdict = type[Misconfigured] | type[Disconnected] | type[Rejected]

# By Zoom's number, which stands in the text of `reason` ("Code is expired. (4,733)").
_BY_NUMBER: Final[Mapping[int, tuple[_Verdict, Reason]]] = {
    4702: (Misconfigured, Reason.CLIENT_REFUSED),
    4704: (Misconfigured, Reason.CLIENT_REFUSED),
    4705: (Misconfigured, Reason.GRANT_UNSUPPORTED),
    4706: (Misconfigured, Reason.GRANT_UNSUPPORTED),
    4709: (Misconfigured, Reason.REDIRECT_MISMATCH),
    4711: (Disconnected, Reason.SCOPES_CHANGED),
    4717: (Misconfigured, Reason.APP_DISABLED),
    4733: (Rejected, Reason.CODE_EXPIRED),
    4734: (Rejected, Reason.CODE_INVALID),
    4735: (Disconnected, Reason.USER_GONE),
    4737: (Disconnected, Reason.AUTHORIZATION_REFUSED),
    4738: (Disconnected, Reason.ADMIN_DISABLED),
    4740: (Disconnected, Reason.AUTHORIZATION_REPLACED),
    4741: (Disconnected, Reason.AUTHORIZATION_REPLACED),
}
# By the word of RFC 6749 section 5.2, where there is no number.
_BY_WORD: Final[Mapping[str, tuple[_Verdict, Reason]]] = {
    "invalid_client": (Misconfigured, Reason.CLIENT_REFUSED),
    "unsupported_grant_type": (Misconfigured, Reason.GRANT_UNSUPPORTED),
}


class ZoomOAuth:
    """The token endpoint as seen by the operator's app.

    `base_url` is `https://zoom.us` or what stands in for it; `api_url` is the configured address of the REST
    API.
    """

    def __init__(
        self,
        *,
        base_url: str,
        api_url: str,
        client_id: str,
        client_secret: str,
        timeout: float,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        self._base_url = base_url
        self._api_url = api_url
        self._client_id = client_id
        self._basic = base64.b64encode(f"{client_id}:{client_secret}".encode()).decode()
        self._wire = Wire(timeout=timeout, transport=transport)

    def authorize_url(self, *, redirect_uri: str, state: str, challenge: str) -> str:
        """Where to send the host's browser.

        There is no `scope`: Zoom takes the scopes from the app's settings, and refuses a first authorisation
        that names them.
        """
        query = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": redirect_uri,
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return f"{self._base_url}/oauth/authorize?{urlencode(query)}"

    def exchange(self, *, code: str, redirect_uri: str, verifier: str, now: datetime) -> Tokens:
        """Turn the code into tokens; a code works once and for five minutes.

        Raises Rejected(CODE_EXPIRED or CODE_INVALID), Misconfigured, Temporary.
        """
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        return self._tokens("exchange", form, Rejected(Reason.CODE_INVALID), now)

    def refresh(self, refresh_token: str, *, now: datetime) -> Tokens:
        """A new pair; Zoom replaces the refresh token each time.

        Raises Disconnected, Misconfigured or Temporary; NO_ANSWER and BAD_ANSWER may hide a spent token.
        """
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        return self._tokens("refresh", form, Disconnected(Reason.AUTHORIZATION_REFUSED), now)

    def revoke(self, access_token: str) -> None:
        """End the authorisation; both tokens die and the app leaves the host's list of apps.

        Raises Misconfigured or Temporary. A token that is already dead is a success.
        """
        dead = Disconnected(Reason.AUTHORIZATION_REFUSED)
        answer = self._post("revoke", {"token": access_token})
        if not _is_success(answer):
            error = _judge(answer, dead, now=None)
            if not isinstance(error, Disconnected):
                raise error

    def _tokens(self, call: str, form: Mapping[str, str], dead: ProviderError, now: datetime) -> Tokens:
        answer = self._post(call, form)
        if not _is_success(answer):
            raise _judge(answer, dead, now=now)
        grant = _object(answer) or {}
        access_token, refresh_token = grant.get("access_token"), grant.get("refresh_token")
        if not is_token(access_token) or not is_token(refresh_token):
            raise Temporary(Reason.BAD_ANSWER)
        return Tokens(
            access_token=access_token,
            refresh_token=refresh_token,
            expires_at=now + life(grant.get("expires_in")),
            scopes=_scopes(grant.get("scope")),
            api_url=trusted_api_url(grant.get("api_url"), configured=self._api_url),
        )

    def _post(self, call: str, form: Mapping[str, str]) -> Answer:
        """Credentials in the header and all else in the body: Zoom refuses tokens in the query string."""
        address = f"{self._base_url}/oauth/{'revoke' if call == 'revoke' else 'token'}"
        headers = {"Authorization": f"Basic {self._basic}"}
        send = partial(self._wire.send, "POST", address, headers=headers, form=form)
        return logged(send, logger, "zoom_oauth", call=call)


def _is_success(answer: Answer) -> bool:
    return 200 <= answer.status < 300


def _judge(answer: Answer, dead: ProviderError, *, now: datetime | None) -> ProviderError:
    """What an error answer means; `dead` is raised for a code or token that Zoom does not know."""
    if answer.status == 429:
        wait = seconds_to_wait(answer.headers, now) if now else None
        return Temporary(Reason.RATE_LIMITED, retry_after=wait)
    if answer.status >= 500:
        return Temporary(Reason.SERVER_ERROR)
    body = _object(answer)
    if body is None:
        return Temporary(Reason.BAD_ANSWER)
    word = str(body.get("error", ""))
    text = f"{body.get('reason', '')} {body.get('error_description', '')} {body.get('code', '')}"
    number = _number(text)
    verdict = _BY_NUMBER.get(number) or _BY_WORD.get(word)
    if verdict:
        kind, reason = verdict
        return kind(reason)
    # A dead token comes as invalid_grant, from older deployments as invalid_request; 4700 is Zoom's
    # catch-all.
    if number == 4700 or word == "invalid_grant" or "invalid token" in text.lower():
        return dead
    return Misconfigured(Reason.GRANT_UNSUPPORTED)


def _object(answer: Answer) -> dict[str, object] | None:
    try:
        body = answer.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _number(text: str) -> int:
    found = re.search(r"\b4,?7\d\d\b", text[:2000], re.ASCII)
    return int(found.group().replace(",", "")) if found else 0


def _scopes(scope: object) -> frozenset[str]:
    """Zoom's examples separate by spaces; commas have been seen too."""
    return (
        frozenset(re.split(r"[\s,]+", scope.strip(" ,")[:20_000])) - {""}
        if isinstance(scope, str)
        else frozenset()
    )


def trusted_api_url(said: object, *, configured: str) -> str:
    """The API's address for this account: Zoom names the host of its region in each token answer.

    Only https within Zoom's own domains, or the configured host itself, is believed; anything else would be a
    way to make us send tokens elsewhere. Otherwise the configured address serves every region.
    """
    if said is None or (isinstance(said, str) and _origin(said) == _origin(configured)):
        return configured
    shape = r"https://([a-z0-9.-]{1,200})(?:/|/v2/?)?"
    found = re.fullmatch(shape, said, re.ASCII) if isinstance(said, str) else None
    if found and is_zoom_host(found.group(1)):
        return f"https://{found.group(1)}/v2"
    logger.warning("zoom_api_url_refused")
    return configured


def _origin(url: str) -> str:
    return "/".join(url.split("/", 3)[:3])


def is_zoom_host(host: str) -> bool:
    """Whether it is a host name, and within Zoom's own domains."""
    return re.fullmatch(r"(?:[a-z0-9-]+\.)*(?:zoom\.us|zoomgov\.com)", host, re.ASCII) is not None
