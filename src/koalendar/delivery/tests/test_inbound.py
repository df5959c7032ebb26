"""What Zoom tells us, delivered as the sandbox sends it: twice, late, in any order, to several workers."""

import json
import random
import threading
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client

from koalendar import clock
from koalendar.booking.actions import cancel, follow, reschedule
from koalendar.booking.models import Booking
from koalendar.booking.queries import CopyState
from koalendar.connections import consents
from koalendar.connections.actions import disconnect
from koalendar.connections.models import Connection, Consent, WebhookIn
from koalendar.delivery.inbound import KEPT
from koalendar.delivery.tests.test_meeting import (
    CHANGE,
    CREATE,
    calls,
    deliver,
    present,
    shift_clock,
    state_of,
)
from koalendar.delivery.worker import Worker
from koalendar.outbox.models import Entry
from koalendar.sandbox.server import Sandbox
from koalendar.sandbox.world import Notification, Sending
from tests.house import eventually
from tests.people import NOW, TUESDAY_NINE, connect_zoom, make_booking, make_event_type, make_host, minutes

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("present")]

LATER = TUESDAY_NINE + timedelta(days=3)
IN_ZOOM = LATER + minutes(90)


@pytest.fixture
def zoom(sandbox: Sandbox, settings: Any) -> Sandbox:
    """Ada's Zoom, which holds back what it has to tell; the tests carry it over."""
    settings.KOALENDAR_RATE_MAIL = None
    sandbox.zoom.app.webhook_url = "http://127.0.0.1:9/held-back"
    sandbox.zoom.app.published = True
    sandbox.announcer.change(Sending(held=True))
    connect_zoom(sandbox)
    return sandbox


def booked(start: Any = LATER) -> Booking:
    booking = make_booking(start=start) if not Booking.objects.exists() else another(start)
    deliver()
    return booking


def another(start: Any) -> Booking:
    return make_booking(Booking.objects.all()[0].appointment.event_type, start=start)


def told(zoom: Sandbox, event: str = "") -> list[Notification]:
    return [note for note in zoom.zoom.notifications if note.event.startswith(event)]


def carry(zoom: Sandbox, notes: Sequence[Notification]) -> None:
    """Deliver these to the site."""
    for note in notes:
        headers = zoom.announcer.signed_headers(note.body)
        path = note.url.removeprefix(zoom.zoom.app.product_url)
        path = path if path.startswith("/integrations/") else "/integrations/zoom/webhook"
        answer = Client().post(path, note.body, content_type=headers.pop("Content-Type"), headers=headers)
        assert answer.status_code == 200


def number_of(booking: Booking) -> int:
    return int(state_of(booking).meeting_id)


# ── Changes of meetings ──


@pytest.mark.parametrize("ids", ["documented", "text", "number"])
def test_a_move_is_shown_as_soon_as_zoom_tells_of_it(zoom: Sandbox, ids: str) -> None:
    booking = booked()
    zoom.announcer.change(Sending(held=True, ids=ids))
    zoom.zoom.move_meeting(number_of(booking), IN_ZOOM, by="host")
    carry(zoom, told(zoom, "meeting.updated"))
    deliver()
    assert state_of(booking).seen_start == IN_ZOOM


def test_a_deletion_is_shown_as_soon_as_zoom_tells_of_it_and_so_is_a_recovery(zoom: Sandbox) -> None:
    booking = booked()
    number = number_of(booking)
    zoom.zoom.delete_meeting(number, by="host")
    carry(zoom, told(zoom, "meeting.deleted"))
    deliver()
    assert (state_of(booking).state, state_of(booking).problem) == (CopyState.FAILED, "deleted_there")
    zoom.zoom.recover_meeting(number, by="host")
    carry(zoom, told(zoom, "meeting.recovered"))
    deliver()
    assert state_of(booking).state == CopyState.READY


def test_what_a_notification_says_is_not_believed(zoom: Sandbox) -> None:
    booking = booked()
    zoom.zoom.tell_about(zoom.zoom.meetings[number_of(booking)], "meeting.deleted")
    carry(zoom, told(zoom, "meeting.deleted"))
    deliver()
    assert state_of(booking).state == CopyState.READY
    assert len(calls(zoom, "GET")) == 1


def test_our_own_changes_show_nothing(zoom: Sandbox) -> None:
    booking, gone = booked(), booked(LATER + minutes(120))
    reschedule(booking, start=LATER + minutes(30), by=Booking.By.HOST, now=NOW)
    cancel(gone, by=Booking.By.HOST, now=NOW)
    deliver()
    assert {note.event for note in told(zoom)} == {"meeting.created", "meeting.updated", "meeting.deleted"}
    carry(zoom, told(zoom))
    deliver()
    assert state_of(booking).state == CopyState.READY
    assert state_of(gone).state == CopyState.REMOVED
    assert [meeting.start for meeting in present(zoom)] == [LATER + minutes(30)]


def test_an_echo_that_comes_before_we_have_noted_our_own_change_shows_nothing(zoom: Sandbox) -> None:
    booking = booked()
    reschedule(booking, start=LATER + minutes(30), by=Booking.By.HOST, now=NOW)
    zoom.zoom.fail_next("store_then_drop", **CHANGE)
    deliver()
    Entry.objects.filter(kind="meeting").update(due_at=NOW + minutes(60))
    carry(zoom, told(zoom, "meeting.updated"))
    deliver()
    assert (state_of(booking).state, state_of(booking).seen_start) == (CopyState.PENDING, None)
    assert calls(zoom, "GET") == []
    deliver(minutes(65))
    assert state_of(booking).state == CopyState.READY


def test_many_notifications_of_one_meeting_cost_one_look(zoom: Sandbox) -> None:
    booking = booked()
    for number in range(1, 11):
        zoom.zoom.move_meeting(number_of(booking), LATER + minutes(number), by="host")
    notes = told(zoom, "meeting.updated") * 5
    random.Random(7).shuffle(notes)
    carry(zoom, notes)
    deliver()
    assert WebhookIn.objects.exclude(worked_at=None).count() == 10
    assert len(calls(zoom, "GET")) == 1
    assert state_of(booking).seen_start == LATER + minutes(10)


def test_a_late_notification_of_what_the_host_has_followed_shows_nothing(zoom: Sandbox) -> None:
    booking = booked()
    zoom.zoom.move_meeting(number_of(booking), IN_ZOOM, by="host")
    deliver(timedelta(days=1))
    follow(booking, start=IN_ZOOM, now=NOW)
    deliver(timedelta(days=1))
    carry(zoom, told(zoom, "meeting.updated"))
    deliver(timedelta(days=1))
    assert state_of(booking).state == CopyState.READY


def test_a_meeting_that_is_not_ours_or_is_over_costs_no_call(zoom: Sandbox, settings: Any) -> None:
    booking = booked()
    zoom.zoom.move_meeting(number_of(booking), IN_ZOOM, by="host")
    [note] = told(zoom, "meeting.updated")
    note.body = note.body.replace(state_of(booking).meeting_id, "81111111111")
    carry(zoom, [note])
    deliver()
    assert calls(zoom, "GET") == []
    zoom.zoom.delete_meeting(number_of(booking), by="host")
    shift_clock(settings, timedelta(days=5))
    carry(zoom, told(zoom, "meeting.deleted"))
    deliver()
    assert calls(zoom, "GET") == []
    assert state_of(booking).problem == ""


def test_hearing_of_a_new_meeting_hastens_the_look_for_a_create_without_an_answer(zoom: Sandbox) -> None:
    connect_zoom(zoom)
    booking = make_booking(start=LATER)
    zoom.zoom.fail_next("store_then_drop", **CREATE)
    zoom.zoom.fail_next("server_error", method="GET", path="^/v2/users/me/meetings")
    deliver()
    entry = Entry.objects.get(kind="meeting")
    Entry.objects.filter(pk=entry.pk).update(due_at=NOW + timedelta(hours=1))
    carry(zoom, told(zoom, "meeting.created"))
    deliver()
    assert state_of(booking).state == CopyState.READY
    assert len(present(zoom)) == 1


def test_two_workers_and_any_order_end_where_zoom_is(zoom: Sandbox, settings: Any) -> None:
    settings.KOALENDAR_WORKER_POLL = 0.02
    event_type = make_event_type()
    bookings = [make_booking(event_type, start=LATER + minutes(30 * number)) for number in range(6)]
    deliver()
    numbers = [number_of(booking) for booking in bookings]
    for step in range(1, 4):
        for number in numbers[:-2]:
            zoom.zoom.move_meeting(number, IN_ZOOM + timedelta(days=1, minutes=step), by="host")
    for number in numbers[-3:]:
        zoom.zoom.delete_meeting(number, by="host")
    zoom.zoom.recover_meeting(numbers[-1], by="host")
    notes = [note for note in told(zoom) if note.event != "meeting.created"] * 3
    random.Random(11).shuffle(notes)
    workers = [Worker(threads=2) for _ in range(2)]
    for worker in workers:
        worker.start()
    carriers = [threading.Thread(target=_carry_and_close, args=(zoom, notes[part::3])) for part in range(3)]
    for carrier in carriers:
        carrier.start()
    for carrier in carriers:
        carrier.join()
    eventually(lambda: not Entry.objects.filter(due_at__lte=clock.now()).exists())
    for worker in workers:
        worker.stop()
        worker.join(20)
    expected = [IN_ZOOM + timedelta(days=1, minutes=3)] * 3 + ["deleted_there"] * 2 + [""]
    found = [state_of(booking) for booking in bookings]
    assert [place.seen_start or place.problem for place in found] == expected
    assert not Entry.objects.exclude(problem="").exists()


def _carry_and_close(zoom: Sandbox, notes: Sequence[Notification]) -> None:
    try:
        carry(zoom, notes)
    finally:
        database.close()


# ── Access removed ──


def test_a_removal_in_zoom_is_carried_out_without_a_call(zoom: Sandbox) -> None:
    booking = booked()
    ben = make_host("Ben Katz")
    connect_zoom(zoom, ben, user="ada@example.com")
    before = len(zoom.zoom.calls)
    zoom.zoom.uninstall("ada@example.com")
    carry(zoom, told(zoom, "app_deauthorized") * 2)
    deliver()
    assert {connection.state for connection in Connection.objects.all()} == {"revoked"}
    assert Connection.objects.all()[0].credential.tokens == ""
    deliver(timedelta(days=1))
    assert len(zoom.zoom.calls) == before
    assert state_of(booking).join_url


def test_a_removal_told_after_the_host_has_connected_again_is_old_news(zoom: Sandbox) -> None:
    zoom.zoom.uninstall("ada@example.com")
    [note] = told(zoom, "app_deauthorized")
    body = json.loads(note.body)
    body["payload"]["deauthorization_time"] = (clock.now() - minutes(30)).strftime("%Y-%m-%dT%H:%M:%SZ")
    note.body = json.dumps(body)
    connect_zoom(zoom)
    carry(zoom, [note])
    deliver()
    assert Connection.objects.get().state == "active"


@pytest.mark.parametrize(("allowed", "is_left"), [("before", False), ("after", True)])
def test_a_removal_ends_what_was_allowed_before_it_and_waits_to_be_confirmed(
    zoom: Sandbox, allowed: str, is_left: bool
) -> None:
    ben = make_host("Ben Katz")
    user = zoom.zoom.user("ada@example.com")
    Consent.objects.create(
        host=ben,
        provider="zoom",
        client_id=Connection.objects.get().credential.client_id,
        remote_user_id=user.id,
        sealed="sealed",
        expires_at=clock.now() + consents.LIFE + minutes(-1 if allowed == "before" else 1),
    )
    zoom.zoom.uninstall("ada@example.com")
    carry(zoom, told(zoom, "app_deauthorized"))
    deliver()
    assert Consent.objects.exists() == is_left


def test_the_echo_of_a_disconnect_here_is_nothing_new(zoom: Sandbox) -> None:
    disconnect(Connection.objects.get(), now=clock.now())
    carry(zoom, told(zoom, "app_deauthorized"))
    deliver()
    assert Connection.objects.get().state == "revoked"


@pytest.mark.parametrize(
    ("field", "value"), [("client_id", "another-app"), ("user_id", "nobody"), ("account_id", "x")]
)
def test_a_removal_of_another_app_or_account_is_none_of_ours(zoom: Sandbox, field: str, value: str) -> None:
    zoom.zoom.uninstall("ada@example.com")
    [note] = told(zoom, "app_deauthorized")
    body = json.loads(note.body)
    body["payload"][field] = value
    note.body = json.dumps(body)
    carry(zoom, [note])
    deliver()
    assert Connection.objects.get().state == "active"


# ── How long it is kept ──


def test_a_notification_is_deleted_after_fourteen_days_worked_off_or_not(
    zoom: Sandbox, settings: Any
) -> None:
    booked()
    carry(zoom, told(zoom))
    deliver()
    assert WebhookIn.objects.get().worked_at is not None
    deliver(KEPT - minutes(1))
    assert WebhookIn.objects.count() == 1
    shift_clock(settings, KEPT + minutes(1))
    deliver()
    assert not WebhookIn.objects.exists()
    assert not Entry.objects.filter(kind="notification", due_at__isnull=False).exists()
