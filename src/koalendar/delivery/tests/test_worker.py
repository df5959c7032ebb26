"""The worker: one bug harms one entry, a stop loses nothing, and work is picked up at once."""

import threading
from collections.abc import Mapping
from datetime import timedelta

import pytest
from django.conf import settings as django_settings

from koalendar import clock
from koalendar.delivery import worker as worker_module
from koalendar.delivery.handlers import Handler
from koalendar.delivery.outcomes import Done, HoldLane, Outcome, Retry
from koalendar.delivery.worker import Worker, run_due
from koalendar.outbox.models import Entry, Heartbeat
from koalendar.outbox.queue import enqueue

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def handlers(monkeypatch: pytest.MonkeyPatch) -> dict[str, Handler]:
    """The kinds of entry that the worker knows in this test."""
    kinds: dict[str, Handler] = {}
    table: Mapping[str, Handler] = kinds
    monkeypatch.setattr(worker_module, "HANDLERS", table)
    return kinds


def always(outcome: Outcome) -> Handler:
    def step(subject: str, *, now: object) -> Outcome:
        return outcome

    return step


def test_a_bug_in_one_step_is_logged_and_the_others_are_done(
    handlers: dict[str, Handler], caplog: pytest.LogCaptureFixture
) -> None:
    done: list[str] = []

    def step(subject: str, *, now: object) -> Outcome:
        if subject == "bad":
            raise ZeroDivisionError
        done.append(subject)
        return Done()

    handlers["test"] = step
    for subject in ("one", "bad", "two"):
        enqueue("test", subject, due=clock.now())
    run_due()
    assert done == ["one", "two"]
    bad = Entry.objects.get(subject="bad")
    assert (bad.problem, bad.attempts) == ("bug", 1)
    assert bad.due_at is not None
    assert any(record.exc_info for record in caplog.records if record.getMessage() == "step_failed")


def test_an_entry_of_a_kind_that_this_version_does_not_know_waits_for_one_that_does(
    handlers: dict[str, Handler],
) -> None:
    enqueue("from_the_future", 1, due=clock.now())
    run_due()
    row = Entry.objects.get()
    assert (row.problem, row.needs_person) == ("bug", False)
    assert row.due_at is not None


def test_a_limit_puts_off_the_whole_lane(handlers: dict[str, Handler]) -> None:
    until = clock.now() + timedelta(hours=3)
    handlers["test"] = always(HoldLane("host_daily_limit", until=until))
    for subject in ("one", "two"):
        enqueue("test", subject, due=clock.now(), lane="credential:1")
    assert run_due() == 1
    assert set(Entry.objects.values_list("due_at", flat=True)) == {until}


def test_a_running_worker_picks_up_what_is_enqueued_and_a_stop_finishes_what_runs(
    handlers: dict[str, Handler],
) -> None:
    started, released, finished = threading.Event(), threading.Event(), threading.Event()

    def step(subject: str, *, now: object) -> Outcome:
        started.set()
        assert released.wait(20)
        finished.set()
        return Done()

    handlers["test"] = step
    worker = Worker(threads=2)
    worker.start()
    enqueue("test", 1, due=clock.now())
    assert started.wait(django_settings.KOALENDAR_WORKER_POLL * 20)
    worker.stop()
    released.set()
    worker.join(20)
    assert finished.is_set()
    row = Entry.objects.get()
    assert (row.due_at, row.lease_until) == (None, None)
    assert Heartbeat.objects.count() == 1


def test_the_problem_of_a_try_is_kept_for_people_to_read(handlers: dict[str, Handler]) -> None:
    handlers["test"] = always(Retry("no_answer", after=timedelta(minutes=1)))
    enqueue("test", 1, due=clock.now())
    run_due()
    assert Entry.objects.get().problem == "no_answer"
