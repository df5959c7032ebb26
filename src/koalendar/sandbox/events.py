"""Signed notifications from Zoom to the product, sent by one thread in the order they happen.

https://developers.zoom.us/docs/api/webhooks, read 2026-11-23. Zoom tries again after 5, 20 and 60 minutes;
the sandbox sends once, unless ``Sending`` says otherwise.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import queue
import secrets
import threading
import urllib.error
import urllib.request

from koalendar.sandbox.wire import Json
from koalendar.sandbox.world import Notification, Sending, ZoomWorld, iso

ANSWER_WITHIN_SECONDS = 3  # what Zoom grants before it counts a delivery as failed
DEAUTHORIZATION_PATH = "/integrations/zoom/deauthorize"


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Zoom does not follow redirects of a notification endpoint."""

    def redirect_request(self, *_arguments: object) -> None:
        return None


class Announcer:
    """Delivers notifications; ``announce`` returns at once."""

    def __init__(self, world: ZoomWorld) -> None:
        self.world = world
        self._queue: queue.Queue[Notification | None] = queue.Queue()
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirects())
        self._thread: threading.Thread | None = None
        self._held: list[Notification] = []

    def start(self) -> None:
        self._thread = threading.Thread(target=self._deliver_all, name="sandbox-events", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._queue.put(None)
        if self._thread:
            self._thread.join(1)  # A delivery still under way is not worth waiting for.

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
            self._queue.put(note)

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
            self._queue.put(note)

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

    def _deliver_all(self) -> None:
        while (note := self._queue.get()) is not None:
            self._deliver(note)
            self.world.on_change()

    def _deliver(self, note: Notification) -> None:
        headers = self.signed_headers(note.body, stamp=note.stamp)
        request = urllib.request.Request(note.url, note.body.encode(), headers)  # noqa: S310 - own settings
        try:
            with self._opener.open(request, timeout=ANSWER_WITHIN_SECONDS) as answer:
                note.status, note.answer = answer.status, answer.read(2000).decode("utf-8", "replace")
        except urllib.error.HTTPError as error:
            note.status, note.answer = error.code, error.read(2000).decode("utf-8", "replace")
        except (OSError, ValueError) as error:
            note.answer = f"No answer: {error}"

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
