"""Signed notifications from Zoom to the product, sent by one thread in the order they happen.

https://developers.zoom.us/docs/api/webhooks, read 2026-11-23. Zoom tries again after 5, 20 and 60 minutes;
the sandbox sends once, unless ``Sending`` says otherwise.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets

from koalendar.sandbox.courier import Courier
from koalendar.sandbox.wire import Json
from koalendar.sandbox.world import Notification, Sending, ZoomWorld, iso

DEAUTHORIZATION_PATH = "/integrations/zoom/deauthorize"


class Announcer:
    """Delivers notifications; ``announce`` returns at once."""

    def __init__(self, world: ZoomWorld) -> None:
        self.world = world
        self._courier: Courier[Notification] = Courier(
            lambda note: self.signed_headers(note.body, stamp=note.stamp), lambda: self.world.on_change()
        )
        self._held: list[Notification] = []
        self.start, self.stop = self._courier.start, self._courier.stop

    def announce(self, event: str, payload: Json) -> None:
        """Queues one event; nothing happens for meeting events while no webhook address is set."""
        app = self.world.app
        url = app.webhook_url
        if event == "app_deauthorized":
            # A separate address of the app's settings, not the event subscription.
            url = app.product_url.rstrip("/") + DEAUTHORIZATION_PATH
        if not url:
            return
        now = self.world.now()
        body = {
            "event": event,
            "event_ts": int(now.timestamp() * 1000),
            "payload": _with_ids(payload, self.world.sending.ids),
        }
        text = json.dumps(body, separators=(",", ":"))
        with self.world.lock:
            sending = self.world.sending
            notes = [
                Notification(event, url, iso(now), text, stamp=int(now.timestamp()))
                for _ in range(sending.copies)
            ]
            self.world.notifications.extend(notes)
            if sending.held:
                self._held += notes
                return
        for note in notes:
            self._courier.send(note)

    def change(self, sending: Sending) -> None:
        """Notifications leave like this from now on; those that were held leave unless they are to wait."""
        with self.world.lock:
            self.world.sending = sending
            if sending.held:
                return
            notes, self._held = self._held, []
        if sending.shuffled:
            secrets.SystemRandom().shuffle(notes)
        for note in notes:
            if sending.restamped:
                note.stamp = int(self.world.now().timestamp())
            self._courier.send(note)

    def forget_held(self) -> None:
        with self.world.lock:
            self._held.clear()

    def validate_address(self) -> str:
        """The challenge that Zoom sends on configuration and every 72 hours; returns the plain token.

        https://developers.zoom.us/changelog/platform/webhook-url-validation
        """
        token = secrets.token_urlsafe(16)
        self.announce("endpoint.url_validation", {"plainToken": token})
        return token

    def signed_headers(self, body: str, *, stamp: int = 0) -> dict[str, str]:
        """``v0=`` and the HMAC-SHA256 of ``v0:<timestamp>:<body>`` under the app's secret token.

        ``stamp`` is in seconds since 1970; now, if it is 0.
        """
        stamp = stamp or int(self.world.now().timestamp())
        secret = self.world.app.webhook_secret.encode()
        signature = hmac.new(secret, f"v0:{stamp}:{body}".encode(), hashlib.sha256).hexdigest()
        return {
            "Content-Type": "application/json; charset=utf-8",
            "x-zm-request-timestamp": str(stamp),
            "x-zm-signature": f"v0={signature}",
        }


def _with_ids(payload: Json, form: str) -> Json:
    """The payload with its meeting id in the form that is wanted; see ``Sending``."""
    if form == "documented" or "object" not in payload:
        return payload
    write = str if form == "text" else int
    changed = {name: payload[name] | {"id": write(payload[name]["id"])} for name in _ABOUT if name in payload}
    return payload | changed


_ABOUT = ("object", "old_object")
