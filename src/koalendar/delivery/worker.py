"""The worker: a plain loop over the outbox, in a few threads, until it is told to stop.

1. A thread leases the entry that has been due longest. One lease a lane: an account's calls follow one
   another.
2. While the step runs, a heartbeat keeps all leases of this process alive, so that only the death of the
   process (or of its database) ends them early. The same thread tidies up each hour.
3. The outcome is settled under the lease's fence; a lease that was lost meanwhile changes nothing.
4. A step that raises is a bug: it is logged once with its trace, and the entry is tried again later.
5. SIGTERM stops the leasing; what runs is finished, its lease kept alive until then. A step makes a few
   calls of a provider at most, each with its own time limit.

`run_due` does the same in the caller's thread, for tests and for `koalendar worker --once`.
"""

import logging
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import Error as DatabaseTrouble
from django.db import close_old_connections, connection

from koalendar import clock
from koalendar.delivery.care import wake
from koalendar.delivery.handlers import HANDLERS
from koalendar.delivery.housekeeping import Housekeeping
from koalendar.delivery.outcomes import Done, GiveUp, HoldLane, Outcome, Retry, Wait
from koalendar.delivery.records import Overtaken
from koalendar.outbox import queue
from koalendar.outbox.models import Heartbeat

log = logging.getLogger(__name__)

DEFAULT_THREADS = 4
# Seconds after which accounts that nobody has been told of are looked for again.
WAKE_EVERY = 60.0
BUG = "bug"


def owner_name() -> str:
    return f"{socket.gethostname()[:30]}:{os.getpid()}:{uuid.uuid4().hex[:8]}"


def run_due(*, now: Callable[[], datetime] = clock.now, most: int = 10_000) -> int:
    """Do all that is due, one after another, and return how much that was."""
    owner = owner_name()
    wake(now=now())
    for done in range(most):
        held = queue.lease(owner, now=now())
        if held is None:
            return done
        work(held, now=now)
    return most


def work(held: queue.Lease, *, now: Callable[[], datetime] = clock.now) -> None:
    """Run the step for one leased entry and settle what it says."""
    try:
        outcome = HANDLERS[held.kind](held.subject, now=now())
    except Overtaken:
        outcome = Wait(now() + timedelta(seconds=1))
    except Exception:
        # Sanctioned: one entry's bug must not stop the others. It is logged with its trace, and retried.
        log.exception("step_failed", extra={"kind": held.kind, "entry": held.entry_id})
        outcome = Retry(BUG)
    _settle(held, outcome, now())


def _settle(held: queue.Lease, outcome: Outcome, now: datetime) -> None:
    match outcome:
        case Done():
            queue.settle(held, now=now)
        case Wait(until):
            queue.wait(held, due=until)
        case Retry(problem, after):
            queue.retry(held, now=now, problem=problem, after=after)
        case HoldLane(problem, until):
            queue.retry(held, now=now, problem=problem, after=until - now)
            if held.lane:
                queue.hold_lane(held.lane, until=until)
        case GiveUp(problem):
            queue.give_up(held, now=now, problem=problem)
    if not isinstance(outcome, Done | Wait):
        log.info(
            "step_unfinished", extra={"kind": held.kind, "entry": held.entry_id, "problem": outcome.problem}
        )


class Worker:
    """Threads that work the outbox until `stop`."""

    def __init__(self, *, threads: int = DEFAULT_THREADS) -> None:
        self._owner = owner_name()
        self._stopping, self._ended = threading.Event(), threading.Event()
        self._held: set[queue.Lease] = set()
        self._held_lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._loop, name=f"worker-{number}", daemon=True)
            for number in range(threads)
        ]
        self._heart = threading.Thread(target=self._beat, name="worker-heartbeat", daemon=True)

    def start(self) -> None:
        for thread in [*self._threads, self._heart]:
            thread.start()

    def stop(self) -> None:
        """Take no more work. May be called from a signal handler."""
        self._stopping.set()

    def join(self, timeout: float | None = None) -> None:
        """Wait until what is running is finished."""
        for thread in self._threads:
            thread.join(timeout)
        self._ended.set()
        self._heart.join(timeout)

    def _loop(self) -> None:
        while not self._stopping.is_set():
            held = self._lease()
            if held is None:
                self._stopping.wait(settings.KOALENDAR_WORKER_POLL)
                continue
            with self._held_lock:
                self._held.add(held)
            try:
                work(held)
            except DatabaseTrouble:
                # The outcome could not be written; the lease runs out and the step is run again.
                log.exception("settling_failed", extra={"kind": held.kind, "entry": held.entry_id})
            finally:
                with self._held_lock:
                    self._held.discard(held)
        connection.close()

    def _lease(self) -> queue.Lease | None:
        try:
            close_old_connections()
            return queue.lease(self._owner, now=clock.now())
        except DatabaseTrouble:
            log.exception("leasing_failed")
            self._stopping.wait(1)
            return None

    def _beat(self) -> None:
        """Until the last step has ended."""
        pause = min(10.0, settings.KOALENDAR_LEASE / 4)
        housekeeping = Housekeeping()
        woken = -WAKE_EVERY
        while True:
            try:
                close_old_connections()
                self._extend_leases()
                housekeeping.look(now=clock.now())
                if time.monotonic() - woken >= WAKE_EVERY and not self._stopping.is_set():
                    wake(now=clock.now())
                    woken = time.monotonic()
            except DatabaseTrouble:
                log.exception("heartbeat_failed")
            if self._ended.wait(pause):
                break
        connection.close()

    def _extend_leases(self) -> None:
        Heartbeat.beat(self._owner, now=clock.now())
        with self._held_lock:
            held = list(self._held)
        for lease in held:
            queue.extend(lease, now=clock.now())
