"""The operator's Google Cloud project, as the settings describe it."""

from typing import ClassVar
from urllib.parse import urlsplit

import httpx2
from django.conf import settings

from koalendar.connections.google.client import GoogleClient
from koalendar.connections.google.oauth import SCOPES, GoogleOAuth
from koalendar.connections.provider import TokenSource, WantedScope


class Google:
    """One OAuth client of the operator's. Tests may give a transport."""

    kind: ClassVar[str] = "google"
    name: ClassVar[str] = "Google Calendar"
    wanted_scopes: ClassVar[tuple[WantedScope, ...]] = SCOPES

    def __init__(self, transport: httpx2.BaseTransport | None = None) -> None:
        self._transport = transport

    @property
    def is_enabled(self) -> bool:
        return bool(settings.GOOGLE_CLIENT_ID and settings.GOOGLE_CLIENT_SECRET)

    @property
    def client_id(self) -> str:
        return str(settings.GOOGLE_CLIENT_ID)

    @property
    def installed_url(self) -> str:
        """Google: support.google.com/accounts/answer/13533235, "third-party connections", read 2026-11-23.

        What stands in for Google has it beside its OAuth.
        """
        if settings.GOOGLE_AUTH_URL.startswith("https://accounts.google.com/"):
            return "https://myaccount.google.com/connections"
        return f"{settings.GOOGLE_AUTH_URL.split('/o/oauth2/')[0]}/access"

    def oauth(self) -> GoogleOAuth:
        return GoogleOAuth(
            auth_url=settings.GOOGLE_AUTH_URL,
            token_url=settings.GOOGLE_TOKEN_URL,
            revoke_url=settings.GOOGLE_REVOKE_URL,
            client_id=settings.GOOGLE_CLIENT_ID,
            client_secret=settings.GOOGLE_CLIENT_SECRET,
            timeout=settings.KOALENDAR_HTTP_TIMEOUT,
            transport=self._transport,
        )

    def account(self, *, api_url: str, tokens: TokenSource) -> GoogleClient:
        return self.calendars(api_url=api_url, tokens=tokens)

    @property
    def can_tell(self) -> bool:
        """Google calls public https addresses; what stands in for it on this machine calls this machine."""
        if settings.LOCAL:
            return urlsplit(settings.GOOGLE_API_URL).hostname in ("localhost", "127.0.0.1")
        return bool(settings.HTTPS)

    def calendars(self, *, api_url: str, tokens: TokenSource, timeout: float | None = None) -> GoogleClient:
        """A client for one account. Google has one address for all of them, so `api_url` is of no use."""
        del api_url
        return GoogleClient(
            api_url=settings.GOOGLE_API_URL,
            tokens=tokens,
            timeout=timeout or settings.KOALENDAR_HTTP_TIMEOUT,
            transport=self._transport,
        )
