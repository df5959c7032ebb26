"""The operator's Zoom app, as the settings describe it."""

from typing import ClassVar
from urllib.parse import urlsplit

import httpx2
from django.conf import settings

from koalendar.connections.provider import Notice, TokenSource, WantedScope
from koalendar.connections.zoom import webhooks
from koalendar.connections.zoom.client import ZoomClient
from koalendar.connections.zoom.oauth import SCOPES, ZoomOAuth, is_zoom_host, trusted_api_url


class Zoom:
    """One General App of the operator's, user-managed. Tests may give a transport."""

    kind: ClassVar[str] = "zoom"
    name: ClassVar[str] = "Zoom"
    wanted_scopes: ClassVar[tuple[WantedScope, ...]] = SCOPES

    def __init__(self, transport: httpx2.BaseTransport | None = None) -> None:
        self._transport = transport

    @property
    def is_enabled(self) -> bool:
        return bool(settings.ZOOM_CLIENT_ID and settings.ZOOM_CLIENT_SECRET)

    @property
    def client_id(self) -> str:
        return str(settings.ZOOM_CLIENT_ID)

    @property
    def marketplace_url(self) -> str:
        """Zoom for Government has one of its own; what stands in for Zoom has it beside its OAuth."""
        host = urlsplit(settings.ZOOM_BASE_URL).hostname or ""
        if not is_zoom_host(host):
            return f"{settings.ZOOM_BASE_URL}/marketplace"
        return f"https://marketplace.{'zoomgov.com' if host.endswith('zoomgov.com') else 'zoom.us'}"

    @property
    def installed_url(self) -> str:
        """Zoom: docs/integrations/end-user-auth, "Manage, Added Apps", read 2026-11-23."""
        if not is_zoom_host(urlsplit(settings.ZOOM_BASE_URL).hostname or ""):
            return f"{settings.ZOOM_BASE_URL}/installed"
        return f"{self.marketplace_url}/user/installed"

    def oauth(self) -> ZoomOAuth:
        return ZoomOAuth(
            base_url=settings.ZOOM_BASE_URL,
            api_url=settings.ZOOM_API_URL,
            client_id=settings.ZOOM_CLIENT_ID,
            client_secret=settings.ZOOM_CLIENT_SECRET,
            timeout=settings.KOALENDAR_HTTP_TIMEOUT,
            transport=self._transport,
        )

    def account(self, *, api_url: str, tokens: TokenSource) -> ZoomClient:
        return self.meetings(api_url=api_url, tokens=tokens)

    def meetings(self, *, api_url: str, tokens: TokenSource) -> ZoomClient:
        """A client for one account.

        The address was believed when it was stored, under the settings of that day; those of today count.
        """
        return ZoomClient(
            api_url=trusted_api_url(api_url or None, configured=settings.ZOOM_API_URL),
            tokens=tokens,
            timeout=settings.KOALENDAR_HTTP_TIMEOUT,
            web_url=settings.ZOOM_BASE_URL,
            transport=self._transport,
        )

    def notice(self, body: bytes) -> Notice | None:
        message = webhooks.decode(body)
        return None if message is None else webhooks.notice_of(message)
