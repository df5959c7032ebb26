"""A call to a provider ends in time, stays small, and says whether it can have been carried out."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import httpx2
import pytest

from koalendar.connections.wire import MAX_BODY, NoAnswer, NotSent, Wire, seconds_to_wait, senders_now

NOW = datetime(2026, 12, 1, 23, 0, tzinfo=UTC)


def wire(handler: Callable[[httpx2.Request], httpx2.Response]) -> Wire:
    return Wire(timeout=5, transport=httpx2.MockTransport(handler))


@contextmanager
def server(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server for one connection, which does with it what `answer` does."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65_536)
                try:
                    answer(connection)
                except OSError:
                    return  # The client has had enough.

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        thread.join(5)


def drip(first: bytes, drop: bytes) -> Callable[[socket.socket], None]:
    def answer(connection: socket.socket) -> None:
        connection.sendall(first)
        pause = threading.Event()
        while not pause.wait(0.02):
            connection.sendall(drop)

    return answer


@pytest.mark.parametrize(
    ("first", "drop"),
    [
        (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b" "),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", b" "),
    ],
    ids=["headers", "body", "body without a length"],
)
def test_a_server_that_drips_is_cut_off_at_the_deadline(first: bytes, drop: bytes) -> None:
    with server(drip(first, drop)) as url:
        began = time.monotonic()
        with pytest.raises(NoAnswer):
            Wire(timeout=0.3).send("GET", url, headers={})
        assert time.monotonic() - began < 2


def test_a_closed_port_means_that_nothing_was_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(NotSent):
        Wire(timeout=2).send("POST", f"http://127.0.0.1:{port}/", headers={}, body={})


def test_a_connection_that_closes_after_the_request_means_that_nobody_knows() -> None:
    with server(lambda _: None) as url, pytest.raises(NoAnswer):
        Wire(timeout=2).send("POST", url, headers={}, body={})


def test_an_answer_above_a_megabyte_is_refused() -> None:
    with pytest.raises(NoAnswer, match="large"):
        wire(lambda _: httpx2.Response(200, content=b" " * (MAX_BODY + 1))).send(
            "GET", "https://x/", headers={}
        )


def test_a_compressed_answer_is_refused_because_its_size_is_unknown() -> None:
    bomb = httpx2.Response(200, headers={"Content-Encoding": "gzip"}, stream=httpx2.ByteStream(b"..."))
    with pytest.raises(NoAnswer):
        wire(lambda _: bomb).send("GET", "https://x/", headers={})


def test_redirects_are_answers_and_not_followed() -> None:
    calls: list[str] = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        calls.append(str(request.url))
        return httpx2.Response(302, headers={"Location": "https://evil.example/"})

    assert wire(handler).send("GET", "https://x/", headers={}).status == 302
    assert calls == ["https://x/"]


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7),
        ("0", 1),
        ("-3", 1),
        ("99999999", 86_400),
        ("Wed, 02 Dec 2026 00:00:00 GMT", 3600),
        ("2026-12-02T00:00:00Z", 3600),
        ("2026-12-02T01:00:00+01:00", 3600),
        ("2020-01-01T00:00:00Z", 1),
        ("", None),
        ("soon", None),
        ("nan", None),
        ("inf", None),
    ],
)
def test_retry_after_is_read_in_every_form_and_kept_sensible(value: str, seconds: float | None) -> None:
    assert seconds_to_wait(httpx2.Headers({"Retry-After": value}), NOW) == seconds


@pytest.mark.parametrize("until", ["Wed, 02 Dec 2026 04:00:30 GMT", "2026-12-02T04:00:30Z"])
def test_an_instant_to_wait_for_is_one_of_the_senders_clock(until: str) -> None:
    """Ours is five hours behind."""
    headers = {"Retry-After": until, "Date": "Wed, 02 Dec 2026 04:00:00 GMT"}
    assert seconds_to_wait(headers, NOW) == 30


@pytest.mark.parametrize("date", ["", "soon", "2026-12-02", "Wed, 99 Dec 2026 04:00:00 GMT"])
def test_a_date_that_is_none_leaves_our_own_clock(date: str) -> None:
    assert senders_now({"Date": date}, NOW) == NOW
