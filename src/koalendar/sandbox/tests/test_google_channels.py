"""Channels: where Google tells that a calendar has changed."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import Any

import httpx2 as httpx
import pytest

from koalendar.sandbox.google.world import TEAM
from koalendar.sandbox.tests.conftest import NOON, Client, Clock, Product, event_order


def watch(calendar: Client, address: str = "https://shop.example/hook", /, **changes: Any) -> httpx.Response:
    channel = {"id": "channel-1", "type": "web_hook", "address": address, "token": "secret"}
    return calendar.call("POST", "calendars/primary/events/watch", json=channel | changes)


def heard(product: Product) -> dict[str, str]:
    path, headers, body = product.received.get(timeout=5)
    assert (path, body) == ("/integrations/google/webhook", b"")
    return {name: value for name, value in headers.items() if name.startswith("x-goog-")}


def test_a_channel_tells_that_something_changed_and_not_what(calendar: Client, product: Product) -> None:
    channel = watch(calendar, f"{product.url}/integrations/google/webhook").json()
    first = heard(product)
    assert first["x-goog-resource-state"] == "sync"
    assert first["x-goog-channel-id"] == "channel-1"
    assert first["x-goog-channel-token"] == "secret"
    assert first["x-goog-resource-id"] == channel["resourceId"]
    assert first["x-goog-message-number"] == "1"
    ends = parsedate_to_datetime(first["x-goog-channel-expiration"]).timestamp()
    assert int(channel["expiration"]) == ends * 1000 == (NOON.timestamp() + 604_800) * 1000
    calendar.insert()
    calendar.insert(TEAM)
    second = heard(product)
    assert (second["x-goog-resource-state"], second["x-goog-message-number"]) == ("exists", "2")
    assert product.received.empty()
    assert calendar.sandbox.google.pushes[-1].status in (0, 204)


def test_a_stopped_channel_is_silent(calendar: Client, product: Product) -> None:
    channel = watch(calendar, f"{product.url}/integrations/google/webhook").json()
    stop = {"id": channel["id"], "resourceId": channel["resourceId"]}
    assert calendar.call("POST", "channels/stop", json=stop | {"resourceId": "x"}).status_code == 404
    assert calendar.call("POST", "channels/stop", json=stop).status_code == 204
    calendar.insert()
    assert [push.state for push in calendar.sandbox.google.pushes] == ["sync"]


def test_a_channel_ends_when_it_was_said_to_and_is_not_renewed(
    calendar: Client, product: Product, clock: Clock
) -> None:
    calendar.sandbox.google.behaviour.channel_seconds = 3600
    wished = str(int((NOON.timestamp() + 86_400) * 1000))
    answer = watch(calendar, product.url, expiration=wished).json()
    assert int(answer["expiration"]) == int((NOON.timestamp() + 3600) * 1000)
    short = watch(calendar, product.url, id="channel-2", params={"ttl": "60"}).json()
    assert int(short["expiration"]) == int((NOON.timestamp() + 60) * 1000)
    clock.advance(seconds=61)
    calendar.sandbox.google.put_event("ada@example.com", event_order(), by="host")
    assert [push.channel for push in calendar.sandbox.google.pushes if push.state == "exists"] == [
        "channel-1"
    ]
    clock.advance(hours=1)
    assert calendar.sandbox.google.live_channels() == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"address": "http://shop.example/hook"}, "push.webhookUrlNotHttps"),
        ({"type": "web_socket"}, "channelTypeInvalid"),
        ({"id": "x" * 65}, "channelIdInvalid"),
        ({"expiration": "1000"}, "invalid"),
        ({"params": "x"}, "invalid"),
    ],
)
def test_a_channel_that_cannot_be_is_refused(calendar: Client, changes: dict[str, Any], reason: str) -> None:
    refused = watch(calendar, **changes)
    assert refused.status_code == 400
    assert refused.json()["error"]["errors"][0]["reason"] == reason


def test_an_id_names_one_channel_only(calendar: Client) -> None:
    assert watch(calendar, "https://127.0.0.1:1/hook").status_code == 200
    again = watch(calendar, "https://127.0.0.1:1/hook")
    assert again.json()["error"]["errors"][0]["reason"] == "channelIdNotUnique"


def test_notifications_can_get_lost_and_be_sent_by_hand(calendar: Client, product: Product) -> None:
    watch(calendar, f"{product.url}/integrations/google/webhook")
    assert heard(product)["x-goog-resource-state"] == "sync"
    control = f"{calendar.sandbox.url}/_control/google"
    calendar.http.post(f"{control}/settings", json={"loses_notifications": True})
    calendar.insert()
    calendar.http.post(f"{control}/settings", json={"loses_notifications": False})
    calendar.http.post(f"{control}/channels/tell", json={"calendar": "ada@example.com"})
    assert heard(product)["x-goog-message-number"] == "2"


def test_revoking_ends_the_channels(calendar: Client, product: Product) -> None:
    watch(calendar, f"{product.url}/integrations/google/webhook")
    calendar.sandbox.google.revoke_user("ada@example.com")
    assert calendar.sandbox.google.live_channels() == []
