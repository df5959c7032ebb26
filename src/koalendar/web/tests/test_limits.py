"""Who is counted, and how often: client addresses and tickets."""

from ipaddress import ip_network
from typing import Any

import pytest
from django.core.cache import caches
from django.test import RequestFactory

from koalendar.web.limits import client_address, seconds_to_wait

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh_counters() -> None:
    caches["memory"].clear()


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
