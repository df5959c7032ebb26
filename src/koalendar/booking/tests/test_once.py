"""A request with a key is done once."""

import threading
from datetime import timedelta

import pytest
from django.db import connection

from koalendar.booking import once
from koalendar.booking.errors import KeyReused
from koalendar.booking.models import Idempotency
from tests.people import NOW

pytestmark = pytest.mark.django_db


def claim(*, request_hash: str = "asked", now: object = NOW, caller: str = "anyone") -> once.Claim:
    return once.claim(caller=caller, key="k", request_hash=request_hash, now=now)  # type: ignore[arg-type]


def test_a_kept_answer_is_given_to_the_same_request() -> None:
    claim().keep("the answer")
    assert claim().answer == "the answer"


def test_a_key_serves_one_request_of_one_caller() -> None:
    claim().keep("the answer")
    with pytest.raises(KeyReused):
        claim(request_hash="something else")
    assert claim(request_hash="something else", caller="host:7").answer is None


def test_what_is_being_worked_on_is_in_flight() -> None:
    claim()
    with pytest.raises(once.InFlight):
        claim()


def test_a_released_key_is_free_for_another_request() -> None:
    claim().release()
    assert claim(request_hash="the mended one").answer is None


def test_a_release_that_comes_late_takes_nothing_from_whoever_took_over() -> None:
    first = claim()
    later = NOW + once.LONGEST_WORK
    second = claim(now=later)
    first.release()
    with pytest.raises(once.InFlight):
        first.keep("too late")
    second.keep("in time")
    assert claim(now=later).answer == "in time"


def test_an_answer_is_kept_for_a_day_and_no_longer() -> None:
    claim().keep("the answer")
    almost = NOW + once.KEPT - timedelta(seconds=1)
    assert claim(now=almost).answer == "the answer"
    assert claim(request_hash="something else", now=NOW + once.KEPT).answer is None


def test_what_is_past_its_time_is_forgotten() -> None:
    claim().keep("the answer")
    assert once.forget(now=NOW + once.KEPT) == 0
    assert once.forget(now=NOW + once.KEPT + timedelta(seconds=1)) == 1
    assert not Idempotency.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_many_at_the_same_moment_one_works() -> None:
    got: list[str] = []
    together = threading.Barrier(8)

    def ask() -> None:
        together.wait()
        try:
            got.append("works" if claim().answer is None else "replayed")
        except once.InFlight:
            got.append("waits")
        finally:
            connection.close()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == ["waits"] * 7 + ["works"]
