"""The worker throws away what is past its time, each hour."""

from datetime import timedelta

import pytest

from koalendar.booking.models import Idempotency
from koalendar.booking.once import KEPT
from koalendar.delivery.housekeeping import EVERY, Housekeeping
from tests.people import NOW

pytestmark = pytest.mark.django_db


def make_answer(key: str, age: timedelta) -> None:
    Idempotency.objects.create(caller="anyone", key=key, request_hash="", created_at=NOW - age)


def kept() -> list[str]:
    return list(Idempotency.objects.order_by("key").values_list("key", flat=True))


def test_answers_older_than_a_day_go() -> None:
    make_answer("old", KEPT + timedelta(seconds=1))
    make_answer("young", KEPT - timedelta(seconds=1))
    Housekeeping().look(now=NOW)
    assert kept() == ["young"]


def test_it_is_done_once_an_hour() -> None:
    housekeeping = Housekeeping()
    housekeeping.look(now=NOW)
    make_answer("old", 2 * KEPT)
    housekeeping.look(now=NOW + EVERY - timedelta(seconds=1))
    assert kept() == ["old"]
    housekeeping.look(now=NOW + EVERY)
    assert kept() == []
