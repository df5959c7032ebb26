"""One HTTP call to a provider, bounded in time and size; no redirects, cookies, proxies or retries.

Each call opens its own network connection. A kept one may have died unnoticed, and a create that is sent into
it is a create whose outcome nobody knows.
"""

import contextlib
import json
import math
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any

import httpx2

CONNECT_SECONDS = 3.0
MAX_BODY = 1_000_000


class NotSent(Exception):
    """The request has not left: nothing can have happened on the other side."""


class NoAnswer(Exception):
    """The request may have arrived, but no complete answer came back in time."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, as it came."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    def json(self) -> object:
        """The decoded body. Raises ValueError if it isn't JSON."""
        try:
            return json.loads(self.body)
        except RecursionError as error:
            raise ValueError("nested too deeply") from error


class Wire:
    """Sends requests with one total deadline in seconds; a transport may be given by tests."""

    def __init__(self, *, timeout: float, transport: httpx2.BaseTransport | None = None) -> None:
        self._timeout = timeout
        self._transport = transport or _shared_transport()

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        query: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
    ) -> Answer:
        """The answer, whatever its status. Raises NotSent or NoAnswer."""
        watch = _Watch(self._timeout)
        request = httpx2.Request(
            method,
            url,
            # Not compressed, so that the cap on the size means what it says.
            headers={"Accept": "application/json", "Accept-Encoding": "identity", **headers},
            params=query,
            data=form,
            json=body,
            extensions={"timeout": self._limits(), "trace": watch.note},
        )
        with watch:
            try:
                response = self._transport.handle_request(request)
            except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
                raise NotSent(type(error).__name__) from error
            except httpx2.TransportError as error:
                raise NoAnswer(type(error).__name__) from error
            with contextlib.closing(response):
                return Answer(response.status_code, response.headers, self._read(response, watch))

    def _limits(self) -> dict[str, float | None]:
        limits = httpx2.Timeout(self._timeout, connect=min(CONNECT_SECONDS, self._timeout))
        return limits.as_dict()

    def _read(self, response: httpx2.Response, watch: "_Watch") -> bytes:
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise NoAnswer("compressed although asked not to")
        body = bytearray()
        try:
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > MAX_BODY:
                    raise NoAnswer("too large")
        except httpx2.TransportError as error:
            raise NoAnswer(type(error).__name__) from error
        if watch.is_over:
            # Cut off in a body without a length, which then looks complete.
            raise NoAnswer("too slow")
        return bytes(body)


class _Watch:
    """Ends a call at its deadline.

    The transport's own timeouts begin anew with every byte, so a server that drips could hold a call for
    hours.
    """

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds
        self._socket: socket.socket | None = None
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    @property
    def is_over(self) -> bool:
        return time.monotonic() > self._until

    def note(self, event: str, info: Mapping[str, Any]) -> None:
        """Called by the transport at each step; remembers the socket once there is one."""
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            self._socket = info["return_value"].get_extra_info("socket")

    def _cut(self) -> None:
        if self._socket is not None:
            with contextlib.suppress(OSError):  # Already closed: the call has just ended by itself.
                # Past SSLSocket's own method, which would touch state that the calling thread is using.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


@cache
def _shared_transport() -> httpx2.BaseTransport:
    # Shared for its TLS settings, which take long to load; it keeps no connection.
    return httpx2.HTTPTransport(
        trust_env=False, limits=httpx2.Limits(max_connections=None, max_keepalive_connections=0)
    )


def seconds_to_wait(headers: Mapping[str, str], now: datetime) -> float | None:
    """The `Retry-After` header as seconds from now, between 1 s and 24 h; None if it is missing or senseless.

    RFC 9110 section 10.2.3 knows seconds and HTTP dates; Zoom sends ISO 8601 with daily limits. An instant is
    one of the sender's clock, which counts where the answer tells it: ours may be wrong by hours.
    """
    now = senders_now(headers, now)
    value = headers.get("Retry-After", "").strip()
    for seconds in _readings(value, now):
        if math.isfinite(seconds):
            return min(max(seconds, 1.0), 86_400.0)
    return None


def senders_now(headers: Mapping[str, str], now: datetime) -> datetime:
    """The present by the clock of whoever answered (`Date`, RFC 9110 section 6.6.1), else ours."""
    with contextlib.suppress(ValueError):
        told = parsedate_to_datetime(headers.get("Date", ""))
        return told if told.tzinfo else told.replace(tzinfo=UTC)
    return now


def _readings(value: str, now: datetime) -> Iterator[float]:
    with contextlib.suppress(ValueError):
        yield float(value)
    with contextlib.suppress(ValueError):
        yield _seconds_until(datetime.fromisoformat(value), now)
    with contextlib.suppress(ValueError):
        yield _seconds_until(parsedate_to_datetime(value), now)


def _seconds_until(moment: datetime, now: datetime) -> float:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - now).total_seconds()
