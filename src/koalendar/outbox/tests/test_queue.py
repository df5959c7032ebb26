"""Leases, fences, versions and lanes: who may work on what, and whose result counts."""

import threading
from datetime import datetime, timedelta

import pytest
from django.db import connection

from koalendar.outbox import queue
from koalendar.outbox.models import Entry, Heartbeat
from tests.people import NOW

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(seconds=1)


def entry(subject: object = 1) -> Entry:
    return Entry.objects.get(subject=str(subject))


def enqueue(subject: object = 1, *, due: datetime = NOW, lane: str = "") -> None:
    queue.enqueue("meeting", subject, due=due, lane=lane)


def lease(owner: str = "one", now: datetime = NOW) -> queue.Lease:
    held = queue.lease(owner, now=now)
    assert held is not None
    return held


def test_what_is_due_is_leased_once_and_longest_due_first() -> None:
    enqueue("young", due=NOW)
    enqueue("old", due=NOW - timedelta(hours=1))
    enqueue("future", due=LATER)
    assert [lease().subject, lease("two").subject] == ["old", "young"]
    assert queue.lease("three", now=NOW) is None


def test_settled_work_is_not_done_again() -> None:
    enqueue()
    assert queue.settle(lease(), now=NOW)
    assert queue.lease("two", now=LATER) is None
    assert entry().due_at is None


def test_a_change_made_meanwhile_stays_owed() -> None:
    enqueue()
    held = lease()
    enqueue(due=LATER)
    assert not queue.settle(held, now=LATER)
    again = lease("two", LATER)
    assert again.version == held.version + 1
    assert queue.settle(again, now=LATER)


def test_enqueueing_the_same_effect_again_keeps_one_entry_and_forgets_its_failures() -> None:
    enqueue()
    queue.retry(lease(), now=NOW, problem="no_answer")
    enqueue()
    row = entry()
    assert (row.attempts, row.problem, row.due_at) == (0, "", NOW)


@pytest.mark.parametrize("report", ["settle", "retry", "give_up", "wait"])
def test_a_worker_that_lost_its_lease_changes_nothing(report: str, settings: object) -> None:
    enqueue()
    dead = lease()
    over = NOW + timedelta(seconds=61)
    held = lease("two", over)
    match report:
        case "settle":
            assert not queue.settle(dead, now=over)
        case "retry":
            queue.retry(dead, now=over, problem="late")
        case "give_up":
            queue.give_up(dead, now=over, problem="late")
        case "wait":
            queue.wait(dead, due=over + timedelta(hours=1))
    row = entry()
    assert (row.lease_owner, row.fence, row.problem, row.due_at) == ("two", held.fence, "", NOW)
    assert not queue.extend(dead, now=over)
    assert queue.settle(held, now=over)


def test_an_extended_lease_outlives_its_first_end() -> None:
    enqueue()
    held = lease()
    assert queue.extend(held, now=NOW + timedelta(seconds=50))
    assert queue.lease("two", now=NOW + timedelta(seconds=70)) is None


def test_a_lane_has_one_lease_at_a_time_and_frees_itself_when_its_worker_dies() -> None:
    enqueue(1, lane="credential:7")
    enqueue(2, lane="credential:7")
    enqueue(3, lane="credential:8")
    first, other = lease(), lease("two")
    assert (first.subject, other.subject) == ("1", "3")
    assert queue.lease("three", now=NOW) is None
    over = NOW + timedelta(seconds=61)
    assert {lease("four", over).subject, lease("four", over).subject} == {"1", "3"}


def test_work_without_a_lane_runs_side_by_side() -> None:
    enqueue(1)
    enqueue(2)
    assert {lease().subject, lease("two").subject} == {"1", "2"}


def test_a_retry_waits_longer_each_time_and_never_longer_than_the_cap(settings: object) -> None:
    for attempts in range(40):
        ceiling = min(3600, 5 * 2**attempts)
        assert timedelta(seconds=ceiling / 10) <= queue.backoff(attempts) <= timedelta(seconds=ceiling)


def test_a_retry_says_why_and_when() -> None:
    enqueue()
    due = queue.retry(lease(), now=NOW, problem="no_answer", after=timedelta(seconds=30))
    row = entry()
    assert (row.due_at, row.problem, row.attempts) == (due, "no_answer", 1)
    assert due == NOW + timedelta(seconds=30)
    assert queue.lease("two", now=NOW + timedelta(seconds=29)) is None


def test_an_entry_that_waits_for_its_time_forgets_what_failed_before() -> None:
    enqueue()
    queue.retry(lease(), now=NOW, problem="no_answer", after=timedelta())
    queue.wait(lease("two"), due=NOW + timedelta(days=1))
    row = entry()
    assert (row.due_at, row.problem, row.attempts) == (NOW + timedelta(days=1), "", 0)


def test_what_was_given_up_waits_for_a_person_and_then_for_nobody() -> None:
    enqueue()
    queue.give_up(lease(), now=NOW, problem="missing_scope")
    assert queue.lease("two", now=NOW + timedelta(days=30)) is None
    assert entry().needs_person
    enqueue()
    assert lease("two").subject == "1"
    assert not entry().needs_person


@pytest.mark.parametrize("report", ["retry", "give_up", "wait"])
def test_a_newer_version_is_not_put_off_by_the_outcome_of_the_older(report: str) -> None:
    enqueue()
    held = lease()
    enqueue()
    if report == "retry":
        queue.retry(held, now=NOW, problem="no_answer")
    elif report == "give_up":
        queue.give_up(held, now=NOW, problem="refused")
    else:
        queue.wait(held, due=NOW + timedelta(hours=1))
    assert lease("two").subject == "1"


def test_a_held_lane_waits_and_other_lanes_do_not() -> None:
    enqueue(1, lane="a")
    enqueue(2, lane="b")
    enqueue(3, lane="a", due=NOW + timedelta(hours=2))
    queue.hold_lane("a", until=NOW + timedelta(hours=1))
    assert entry(1).due_at == NOW + timedelta(hours=1)
    assert entry(2).due_at == NOW
    assert entry(3).due_at == NOW + timedelta(hours=2)


def test_hastened_work_is_due_now_and_settled_work_stays_settled() -> None:
    enqueue(1, due=NOW + timedelta(hours=1))
    enqueue(2)
    queue.settle(lease(), now=NOW)
    queue.hasten("meeting", [1, 2], now=NOW)
    assert (entry(1).due_at, entry(2).due_at) == (NOW, None)


def test_a_worker_not_heard_of_for_a_day_is_forgotten() -> None:
    Heartbeat.beat("old", now=NOW)
    Heartbeat.beat("new", now=NOW + timedelta(days=1, seconds=1))
    Heartbeat.beat("new", now=NOW + timedelta(days=1, seconds=2))
    assert list(Heartbeat.objects.values_list("owner", flat=True)) == ["new"]


@pytest.mark.django_db(transaction=True)
def test_many_workers_share_the_work_without_taking_any_twice() -> None:
    for number in range(60):
        enqueue(number, lane=f"lane:{number % 6}" if number % 2 else "")
    taken: list[str] = []
    lock, in_lane = threading.Lock(), set[str]()

    def run(owner: str) -> None:
        idle = 0
        while idle < 200:
            held = queue.lease(owner, now=NOW)
            if held is None:
                idle += 1
                continue
            with lock:
                assert not held.lane or held.lane not in in_lane
                in_lane.add(held.lane)
                taken.append(held.subject)
            with lock:
                in_lane.discard(held.lane)
            queue.settle(held, now=NOW)
        connection.close()

    threads = [threading.Thread(target=run, args=(f"worker-{number}",)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken, key=int) == [str(number) for number in range(60)]
    assert not Entry.objects.filter(due_at__isnull=False).exists()


def test_an_entry_that_is_enqueued_into_another_lane_while_it_is_leased_stays_in_its_own() -> None:
    enqueue(1, lane="")
    lease()
    enqueue(2, lane="credential:7")
    lease("two")
    enqueue(1, lane="credential:7")
    assert entry(1).lane == ""
