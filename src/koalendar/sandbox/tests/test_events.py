"""Notifications that Zoom sends to the product."""

from __future__ import annotations

import hashlib
import hmac
import json

import pytest

from koalendar.sandbox.tests.conftest import Integrator, Product
from koalendar.sandbox.wire import Json
from tests.zoom_openapi import ZoomContract


@pytest.fixture
def told(ada: Integrator, product: Product) -> Integrator:
    """Ada, with events going to the product."""
    ada.sandbox.zoom.app.webhook_url = f"{product.url}/hooks/zoom"
    return ada


def test_events_are_signed_over_timestamp_and_raw_body(told: Integrator, product: Product) -> None:
    told.create()
    path, headers, body = product.received.get(timeout=5)
    assert path == "/hooks/zoom"
    signed = b"v0:" + headers["x-zm-request-timestamp"].encode() + b":" + body
    expected = hmac.new(b"sandbox-zoom-webhook-secret", signed, hashlib.sha256).hexdigest()
    assert headers["x-zm-signature"] == f"v0={expected}"


def test_create_move_and_delete_are_told_with_what_changed(told: Integrator, product: Product) -> None:
    meeting = told.create().json()
    created = product.next_event()
    assert (created["event"], created["payload"]["object"]["id"]) == ("meeting.created", meeting["id"])
    told.call("PATCH", f"/meetings/{meeting['id']}", json={"start_time": "2026-12-04T10:00:00Z"})
    updated = product.next_event()
    assert updated["payload"]["object"] == {"id": meeting["id"], "start_time": "2026-12-04T10:00:00Z"}
    assert updated["payload"]["old_object"] == {"id": meeting["id"], "start_time": meeting["start_time"]}
    told.sandbox.zoom.delete_meeting(meeting["id"], by="host")
    assert product.next_event()["event"] == "meeting.deleted"


def test_every_event_fits_zooms_schema(
    told: Integrator, product: Product, contract: ZoomContract | None
) -> None:
    if contract is None:
        pytest.skip("ZOOM_OPENAPI is not set, so events are not held against Zoom's document")
    meeting = told.create().json()
    told.call("PATCH", f"/meetings/{meeting['id']}", json={"duration": 45, "topic": "Longer"})
    told.sandbox.zoom.delete_meeting(meeting["id"], by="host")
    told.sandbox.zoom.recover_meeting(meeting["id"], by="host")
    for _ in range(4):
        contract.check_event(product.received.get(timeout=5)[2].decode())


def test_hosts_on_the_basic_plan_are_told_of_creations_only(told: Integrator, product: Product) -> None:
    told.connect("ben@example.com")
    meeting = told.create().json()
    told.call("DELETE", f"/meetings/{meeting['id']}")
    told.create(topic="Second")
    assert [product.next_event()["payload"]["object"]["topic"] for _ in range(2)] == [
        "Intro with Ina",
        "Second",
    ]


def test_removing_a_published_app_is_told_at_its_own_address(ada: Integrator, product: Product) -> None:
    ada.sandbox.zoom.app.published = True
    ada.sandbox.zoom.app.product_url = product.url
    user = ada.sandbox.zoom.user("ada@example.com")
    ada.sandbox.zoom.uninstall("ada@example.com")
    path, _, body = product.received.get(timeout=5)
    assert path == "/integrations/zoom/deauthorize"
    payload = json.loads(body)["payload"]
    assert (payload["user_id"], payload["account_id"]) == (user.id, user.account_id)
    assert payload["client_id"] == "sandbox-zoom-client"


def test_removing_an_unpublished_app_is_told_to_nobody(told: Integrator, product: Product) -> None:
    told.sandbox.zoom.app.product_url = product.url
    told.sandbox.zoom.uninstall("ada@example.com")
    told.sandbox.announcer.validate_address()
    assert product.next_event()["event"] == "endpoint.url_validation"


# ── How they leave ──


def ordered(told: Integrator, what: str, **fields: object) -> int:
    """The status that the remote control answers."""
    return told.http.post(f"{told.sandbox.url}/_control/{what}", json=fields).status_code


def change_sending(told: Integrator, **fields: object) -> None:
    assert ordered(told, "webhooks/sending", **fields) == 200


def test_each_leaves_as_often_as_was_ordered_with_one_body(told: Integrator, product: Product) -> None:
    change_sending(told, copies=3)
    told.create()
    assert len({product.received.get(timeout=5)[2] for _ in range(3)}) == 1
    assert product.received.empty()


@pytest.mark.parametrize(("form", "kind"), [("text", str), ("number", int), ("documented", int)])
def test_ids_leave_as_text_or_number(told: Integrator, product: Product, form: str, kind: type) -> None:
    change_sending(told, ids=form)
    meeting = told.create().json()
    told.call("PATCH", f"/meetings/{meeting['id']}", json={"duration": 45})
    product.next_event()
    payload = product.next_event()["payload"]
    assert [type(payload[name]["id"]) for name in ("object", "old_object")] == [kind, kind]


def test_what_is_held_leaves_later_and_bears_its_own_time_if_wanted(
    told: Integrator, product: Product
) -> None:
    change_sending(told, held=True, restamped=False)
    told.create()
    told.create()
    happened = told.sandbox.zoom.now().timestamp()
    told.sandbox.zoom.advance_clock(3600)
    assert product.received.empty()
    change_sending(told, held=False, shuffled=True)
    stamps = [int(product.received.get(timeout=5)[1]["x-zm-request-timestamp"]) for _ in range(2)]
    assert all(abs(stamp - happened) < 60 for stamp in stamps)


def test_a_meeting_is_taken_out_of_the_bin(told: Integrator, product: Product) -> None:
    meeting = told.create().json()
    told.sandbox.zoom.delete_meeting(meeting["id"], by="host")
    assert ordered(told, "meetings/recover", id=meeting["id"]) == 200
    events = [product.next_event()["event"] for _ in range(3)]
    assert events == ["meeting.created", "meeting.deleted", "meeting.recovered"]
    assert told.call("GET", f"/meetings/{meeting['id']}").status_code == 200


@pytest.mark.parametrize("fields", [{"copies": 0}, {"copies": "5"}, {"ids": "roman"}, {"unknown": 1}])
def test_an_order_that_makes_no_sense_changes_nothing(told: Integrator, fields: Json) -> None:
    assert ordered(told, "webhooks/sending", **fields) == 400
    assert told.sandbox.zoom.sending.copies == 1
