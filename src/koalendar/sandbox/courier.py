"""Carries notifications to the product: one thread, in the order in which they were given."""

from __future__ import annotations

import queue
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import Generic, Protocol, TypeVar

ANSWER_WITHIN_SECONDS = 3  # what Zoom grants before it counts a delivery as failed


class Parcel(Protocol):
    """Something to POST, which keeps what the product answered (0: no answer)."""

    url: str
    body: str
    status: int
    answer: str


P = TypeVar("P", bound=Parcel)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Neither Zoom nor Google follows redirects of a notification address."""

    def redirect_request(self, *_arguments: object) -> None:
        return None


class Courier(Generic[P]):
    """``send`` returns at once; ``headers`` are asked for when a parcel leaves."""

    def __init__(self, headers: Callable[[P], Mapping[str, str]], delivered: Callable[[], None]) -> None:
        self._headers = headers
        self._delivered = delivered
        self._queue: queue.Queue[P | None] = queue.Queue()
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirects())
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._deliver_all, name="sandbox-courier", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._queue.put(None)
        if self._thread:
            self._thread.join(1)  # A delivery still under way is not worth waiting for.

    def send(self, parcel: P) -> None:
        self._queue.put(parcel)

    def _deliver_all(self) -> None:
        while (parcel := self._queue.get()) is not None:
            self._deliver(parcel)
            self._delivered()

    def _deliver(self, parcel: P) -> None:
        headers = dict(self._headers(parcel))
        request = urllib.request.Request(  # noqa: S310 - addresses of the product's own settings
            parcel.url, parcel.body.encode(), headers, method="POST"
        )
        try:
            with self._opener.open(request, timeout=ANSWER_WITHIN_SECONDS) as answer:
                parcel.status, parcel.answer = answer.status, answer.read(2000).decode("utf-8", "replace")
        except urllib.error.HTTPError as error:
            parcel.status, parcel.answer = error.code, error.read(2000).decode("utf-8", "replace")
        except (OSError, ValueError) as error:
            parcel.answer = f"No answer: {error}"
