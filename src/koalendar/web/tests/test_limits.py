"""Who is counted, and how often: client addresses and tickets."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import pytest
from django.core.cache import caches
from django.core.cache.backends.locmem import LocMemCache
from django.db import connection, connections
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from koalendar.web.counting import Window
from koalendar.web.limits import Allowance, _take_shared, client_address, seconds_to_wait, take
from tests.people import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_counters")]


def seconds(many: float) -> timedelta:
    return timedelta(seconds=many)


def asked(peer: str, rate: tuple[int, int] | None, **how: Any) -> Allowance:
    """What Ina at `peer` may still do, having asked once more."""
    allowance = take(request_from(peer), "slots", rate, **how)
    assert allowance is not None
    return allowance


def request_from(peer: str, forwarded: str = "") -> Any:
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    return RequestFactory().get("/", REMOTE_ADDR=peer, headers=headers)


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("198.51.100.1", "203.0.113.9", "198.51.100.1"),
        ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "192.0.2.66, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
        ("10.0.0.1", "", "10.0.0.1"),
    ],
)
def test_only_what_trusted_proxies_say_counts(settings: Any, peer: str, forwarded: str, client: str) -> None:
    settings.KOALENDAR_TRUSTED_PROXIES = [ip_network("10.0.0.0/8")]
    assert client_address(request_from(peer, forwarded)) == client


def test_the_last_ticket_is_granted_and_no_more() -> None:
    waits = [seconds_to_wait(request_from("192.0.2.1"), "x", (2, 60), cache="memory") for _time in range(3)]
    assert waits[:2] == [0, 0]
    assert 0 < waits[2] <= 60
    assert seconds_to_wait(request_from("192.0.2.2"), "x", (2, 60), cache="memory") == 0
    assert seconds_to_wait(request_from("192.0.2.1"), "y", (2, 60), cache="memory") == 0


def test_one_network_of_ipv6_is_one_client() -> None:
    first, second = request_from("2001:db8:0:1::1"), request_from("2001:db8:0:1:ffff::2")
    assert seconds_to_wait(first, "x", (1, 60), cache="memory") == 0
    assert seconds_to_wait(second, "x", (1, 60), cache="memory") > 0
    assert seconds_to_wait(request_from("2001:db8:0:2::1"), "x", (1, 60), cache="memory") == 0


def test_off_means_no_limit() -> None:
    assert seconds_to_wait(request_from("192.0.2.1"), "x", None) == 0
    assert take(request_from("192.0.2.1"), "x", None) is None


@pytest.mark.parametrize("cache", ["default", "memory"])
def test_what_is_left_counts_down_and_a_refusal_says_how_long_to_wait(cache: str) -> None:
    said = [asked("192.0.2.1", (2, 60), cache=cache, now=NOW + seconds(after)) for after in (0, 10, 20, 30)]
    assert [(one.remaining, one.reset, one.wait) for one in said] == [
        (1, 60, 0),
        (0, 50, 0),
        (0, 40, 40),
        (0, 30, 30),
    ]
    assert {(one.limit, one.window) for one in said} == {(2, 60)}


def test_a_ticket_comes_back_when_its_own_time_is_over() -> None:
    def at(after: float) -> Allowance:
        return asked("192.0.2.1", (2, 60), cache="memory", now=NOW + seconds(after))

    assert (at(0).wait, at(30).wait, at(59.5).wait) == (0, 0, 1)
    assert (at(60).wait, at(61).wait) == (0, 29)
    assert at(89.9).wait == 1
    assert at(90).wait == 0


def test_a_shared_ticket_is_free_again_when_the_cache_lets_go_of_it() -> None:
    assert [asked("192.0.2.1", (1, 60)).wait > 0 for _time in range(2)] == [False, True]
    with connection.cursor() as cursor:
        cursor.execute("UPDATE cache SET expires = %s", [NOW - timedelta(days=3650)])
    assert asked("192.0.2.1", (1, 60)).wait == 0


def test_a_clock_that_is_set_back_locks_nobody_out_for_long() -> None:
    assert asked("192.0.2.1", (1, 60), cache="memory", now=NOW).wait == 0
    assert asked("192.0.2.1", (1, 60), cache="memory", now=NOW - seconds(5)).wait == 60
    assert asked("192.0.2.1", (1, 60), cache="memory", now=NOW - timedelta(hours=1)).wait == 0


def test_the_headers_are_those_of_the_draft() -> None:
    first = asked("192.0.2.1", (1, 60), cache="memory", now=NOW)
    assert first.headers() == {"RateLimit-Policy": '"slots";q=1;w=60', "RateLimit": '"slots";r=0;t=60'}
    second = asked("192.0.2.1", (1, 60), cache="memory", now=NOW + seconds(18.2))
    assert second.headers() == {
        "RateLimit-Policy": '"slots";q=1;w=60',
        "RateLimit": '"slots";r=0;t=42',
        "Retry-After": "42",
    }


def test_counting_in_memory_asks_the_database_nothing() -> None:
    with CaptureQueriesContext(connection) as asked_for:
        for _time in range(3):
            asked("192.0.2.1", (2, 60), cache="memory")
    assert len(asked_for) == 0


def test_a_client_at_its_limit_is_refused_by_one_look_at_the_shared_cache() -> None:
    for _time in range(10):
        assert asked("192.0.2.1", (10, 60)).wait == 0
    with CaptureQueriesContext(connection) as asked_for:
        assert asked("192.0.2.1", (10, 60)).wait > 0
    assert [query["sql"].split()[0] for query in asked_for] == ["SELECT"]


def test_a_large_shared_limit_is_looked_at_in_parts() -> None:
    with CaptureQueriesContext(connection) as asked_for:
        assert asked("192.0.2.1", (100_000, 60)).remaining == 99_999
    assert len(asked_for) < 10
    caches["default"].clear()
    shared = caches["default"]
    limit = (501, 60)
    assert asked("192.0.2.1", limit).remaining == 500
    with connection.cursor() as cursor:
        cursor.execute("SELECT cache_key FROM cache")
        key = cursor.fetchone()[0].split(":", 2)[2].removesuffix(":0")
    shared.set_many({f"{key}:{number}": NOW.timestamp() + 60 for number in range(1, 500)}, 60)
    assert asked("192.0.2.1", limit).remaining == 0
    assert asked("192.0.2.1", limit).wait > 0


def test_processes_that_ask_the_shared_cache_at_once_get_each_ticket_once() -> None:
    class Overtaken(LocMemCache):
        """Before our first take, another process takes the ticket that looked free."""

        def add(self, key: Any, value: Any, timeout: Any = None, version: int | None = None) -> bool:
            if key.endswith(":0"):
                super().add(key, value, timeout, version)
            return super().add(key, value, timeout, version)

    store = Overtaken("overtaken", {})
    assert _take_shared(store, "x", 2, 60, 1000) == (True, 2, 1060)
    assert _take_shared(store, "x", 2, 60, 1001) == (False, 2, 1060)
    store.clear()
    assert _take_shared(store, "x", 1, 60, 1000) == (False, 1, 1060)


def test_a_client_behind_a_trusted_proxy_is_counted_alone(settings: Any) -> None:
    settings.KOALENDAR_TRUSTED_PROXIES = [ip_network("10.0.0.0/8")]
    for forwarded, refused in (
        ("203.0.113.1", False),
        ("203.0.113.2", False),
        ("6.6.6.6, 203.0.113.1", True),
    ):
        allowance = take(request_from("10.0.0.1", forwarded), "slots", (1, 60), cache="memory")
        assert allowance is not None
        assert bool(allowance.wait) is refused


def test_an_address_that_a_stranger_forwards_buys_no_further_ticket() -> None:
    assert seconds_to_wait(request_from("192.0.2.1", "203.0.113.1"), "x", (1, 60), cache="memory") == 0
    assert seconds_to_wait(request_from("192.0.2.1", "203.0.113.2"), "x", (1, 60), cache="memory") > 0


def test_threads_that_ask_at_once_get_each_ticket_once() -> None:
    window = Window(100, 60)

    def ask(number: int) -> bool:
        return window.take("ina", 1000 + number / 1000).granted

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(ask, range(400))) == 100


@pytest.mark.django_db(transaction=True)
def test_threads_that_ask_the_database_at_once_get_each_ticket_once() -> None:
    def ask(_number: int) -> bool:
        try:
            return asked("192.0.2.1", (5, 60)).wait == 0
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(ask, range(20))) == 5


def test_memory_is_bounded_and_the_latest_clients_are_still_known() -> None:
    window = Window(2, 60, at_most=50)
    for number in range(1000):
        window.take(f"client {number}", 1000)
    assert (len(window), window.held) == (50, 50)
    assert window.take("client 999", 1001).out == 2
    assert window.take("client 0", 1001).out == 1


def test_clients_who_stopped_asking_are_forgotten_as_others_come() -> None:
    window = Window(5, 60)
    for number in range(100):
        window.take(f"early {number}", 1000)
    for number in range(60):
        window.take(f"late {number}", 1061)
    assert (len(window), window.held) == (60, 60)
