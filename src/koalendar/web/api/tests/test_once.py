"""`Idempotency-Key`: done once, answered again byte for byte."""

import threading
from typing import Any

import pytest
from django.db import connection

from koalendar.booking import once
from koalendar.booking.models import Booking, EventType, Idempotency, Schedule
from koalendar.web.api.tests.conftest import Program, asks, program_of
from tests.people import ada, make_booking, make_event_type

pytestmark = pytest.mark.django_db
KEY = {"Idempotency_Key": "5f0c7b2e-8a41"}


def test_the_same_request_is_done_once_and_answered_alike(stranger: Program) -> None:
    asked = asks(make_event_type().public_id)
    first, again = (stranger.post("/bookings", asked, **KEY) for _ in range(2))
    assert (first.status, again.status) == (201, 201)
    assert again.body == first.body
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["content-type"] == first.headers["content-type"]
    assert "idempotency-replayed" not in first.headers
    assert Booking.objects.count() == 1


def test_the_answer_stays_what_it_was_although_the_booking_goes_on(stranger: Program, adas: Program) -> None:
    asked = asks(make_event_type().public_id)
    first = stranger.post("/bookings", asked, **KEY)
    adas.post(f"/bookings/{first.json['uid']}/cancel")
    assert stranger.post("/bookings", asked, **KEY).body == first.body


def test_members_may_come_in_another_order(stranger: Program) -> None:
    asked = asks(make_event_type().public_id)
    first = stranger.post("/bookings", asked, **KEY)
    assert stranger.post("/bookings", dict(reversed(asked.items())), **KEY).body == first.body


def test_a_key_with_another_body_is_refused(stranger: Program) -> None:
    made = make_event_type()
    stranger.post("/bookings", asks(made.public_id), **KEY)
    other = stranger.post("/bookings", asks(made.public_id, "2026-12-01T10:00:00Z"), **KEY)
    assert (other.status, other.code) == (422, "idempotency_key_reused")
    assert Booking.objects.count() == 1


def test_a_key_with_another_call_is_refused(adas: Program) -> None:
    booking = make_booking()
    assert adas.post(f"/bookings/{booking.uid}/sync", **KEY).status == 200
    assert adas.post(f"/bookings/{booking.uid}/cancel", **KEY).code == "idempotency_key_reused"


def test_callers_have_keys_of_their_own(adas: Program, bens: Program) -> None:
    one = adas.post("/event-types", {"title": "Talk"}, **KEY)
    two = bens.post("/event-types", {"title": "Talk"}, **KEY)
    assert (one.status, two.status) == (201, 201)
    assert one.json["id"] != two.json["id"]


def test_another_key_of_the_same_host_is_the_same_caller(adas: Program) -> None:
    first = adas.post("/event-types", {"title": "Talk"}, **KEY)
    assert program_of(ada()).post("/event-types", {"title": "Talk"}, **KEY).body == first.body
    assert EventType.objects.count() == 1


def test_what_is_in_flight_is_said_to_be(stranger: Program) -> None:
    made = make_event_type()
    stranger.post("/bookings", asks(made.public_id), **KEY)
    Idempotency.objects.update(answer=None)  # As it is while the first one is being worked on.
    answer = stranger.post("/bookings", asks(made.public_id), **KEY)
    assert (answer.status, answer.code) == (409, "idempotency_in_flight")
    assert answer.headers["retry-after"] == "1"


def test_a_request_that_was_wrong_leaves_the_key_free(stranger: Program) -> None:
    made = make_event_type()
    wrong = asks(made.public_id, invitee={"name": "Ina", "email": "nobody"})
    assert stranger.post("/bookings", wrong, **KEY).status == 422
    assert stranger.post("/bookings", asks(made.public_id), **KEY).status == 201


def test_a_refusal_of_the_domain_is_an_answer_like_any_other(stranger: Program) -> None:
    made = make_event_type()
    taken = make_booking(made)
    asked = asks(made.public_id)
    refused = stranger.post("/bookings", asked, **KEY)
    assert refused.code == "slot_unavailable"
    taken.appointment.holds.update(active=False)
    again = stranger.post("/bookings", asked, **KEY)
    assert again.body == refused.body
    assert again.headers["idempotency-replayed"] == "true"


def test_a_replay_counts_towards_no_limit(stranger: Program, settings: Any) -> None:
    settings.KOALENDAR_RATE_BOOKINGS = (1, 60)
    asked = asks(make_event_type().public_id)
    first = stranger.post("/bookings", asked, **KEY)
    assert [stranger.post("/bookings", asked, **KEY).body for _ in range(3)] == [first.body] * 3
    assert stranger.post("/bookings", asked).code == "rate_limited"


def test_a_limit_leaves_the_key_free(stranger: Program, settings: Any) -> None:
    made = make_event_type()
    settings.KOALENDAR_RATE_BOOKINGS = (1, 60)
    stranger.post("/bookings", asks(made.public_id))
    later = asks(made.public_id, "2026-12-01T10:00:00Z")
    assert stranger.post("/bookings", later, **KEY).status == 429
    settings.KOALENDAR_RATE_BOOKINGS = None
    assert stranger.post("/bookings", later, **KEY).status == 201


def test_an_answer_is_kept_for_a_day(stranger: Program, settings: Any) -> None:
    made = make_event_type()
    stranger.post("/bookings", asks(made.public_id), **KEY)
    settings.KOALENDAR_CLOCK_OFFSET += once.KEPT.total_seconds() + 1
    later = stranger.post("/bookings", asks(made.public_id, "2026-12-02T10:00:00Z"), **KEY)
    assert later.status == 201
    assert Booking.objects.count() == 2


def test_no_token_lies_open_in_the_database(stranger: Program) -> None:
    first = stranger.post("/bookings", asks(make_event_type().public_id), **KEY)
    assert first.json["token"] not in str(Idempotency.objects.get().answer)


@pytest.mark.parametrize("key", ["", " ", "x" * 129, "söme"])
def test_a_key_that_is_none_is_refused(stranger: Program, key: str) -> None:
    answer = stranger.post("/bookings", asks(make_event_type().public_id), Idempotency_Key=key)
    if key == " ":  # Plain, if odd.
        assert answer.status == 201
    else:
        assert answer.errors() == {"Idempotency-Key": "invalid"}


@pytest.mark.parametrize("path", ["/schedules", "/event-types"])
def test_every_post_keeps_its_promise(adas: Program, path: str) -> None:
    body = {"title": "Talk"} if path == "/event-types" else {"name": "Mornings", "timezone": "UTC"}
    first, again = (adas.post(path, body, **KEY) for _ in range(2))
    assert (first.status, again.body) == (201, first.body)
    model: Any = EventType if path == "/event-types" else Schedule
    assert (
        model.objects.filter(**({"title": "Talk"} if model is EventType else {"name": "Mornings"})).count()
        == 1
    )


def test_a_change_is_made_once(adas: Program) -> None:
    booking = make_booking()
    asked = {"start": "2026-12-01T11:00:00Z"}
    first, again = (adas.post(f"/bookings/{booking.uid}/reschedule", asked, **KEY) for _ in range(2))
    assert (first.json["sequence"], again.body) == (1, first.body)
    cancelled = adas.post(f"/bookings/{booking.uid}/cancel", Idempotency_Key="another")
    assert cancelled.json["sequence"] == 2


@pytest.mark.django_db(transaction=True)
def test_of_many_that_come_at_once_one_books_and_none_fails(settings: Any) -> None:
    made = make_event_type()
    answers: list[tuple[int, bytes]] = []
    together = threading.Barrier(6)

    def ask() -> None:
        together.wait()
        try:
            answer = Program().post("/bookings", asks(made.public_id), **KEY)
            answers.append((answer.status, answer.body))
        finally:
            connection.close()

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    made_once = {body for status, body in answers if status == 201}
    assert len(made_once) == 1
    assert {status for status, _ in answers} <= {201, 409}
    assert Booking.objects.count() == 1
