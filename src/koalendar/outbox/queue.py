"""Put work into the outbox, lease it, settle it; all by compare-and-set, on either database.

The life of an entry:

1. `enqueue` makes it due and raises its version, inside the transaction that changed its subject.
2. `lease` gives the longest due entry to one worker for a while and raises its fence. On PostgreSQL
   rows that another worker is just taking are skipped (SKIP LOCKED); SQLite has one writer at a time.
3. The worker acts, outside any transaction, and reports with `settle`, `retry` or `give_up`. Each
   counts only under the fence of the lease, and closes the entry only if its version is still the
   leased one: what was enqueued meanwhile stays owed.
4. A worker that dies reports nothing. When its lease is over, the entry is leased again.
"""

import random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Greatest

from koalendar.outbox.models import Entry

# How long settled entries stay: pages tell of them while a booking is near.
KEPT = timedelta(days=30)
_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to work on one entry until `until`."""

    entry_id: int
    kind: str
    subject: str
    lane: str
    version: int
    fence: int
    attempts: int
    until: datetime


def enqueue(kind: str, subject: object, *, due: datetime, lane: str = "") -> None:
    """Owe the effect `kind` on `subject` from `due` on, in the caller's transaction.

    There is one entry a kind and subject. Enqueued again it gets a new version, forgets earlier
    failures, and is due at once if it was to be tried later. While it is leased it stays in its lane, where
    a place is kept for it.
    """
    changed = Entry.objects.filter(kind=kind, subject=str(subject)).update(
        version=F("version") + 1,
        due_at=due,
        lane=Case(When(lease_until__isnull=True, then=Value(lane)), default=F("lane")),
        attempts=0,
        problem="",
        needs_person=False,
    )
    if not changed:
        Entry.objects.create(kind=kind, subject=str(subject), due_at=due, lane=lane)


def enqueue_new(entries: Iterable[Entry]) -> None:
    """Owe what has just come to be: these subjects are new, so no entry of theirs is there. One INSERT."""
    Entry.objects.bulk_create(entries)


def hasten(kind: str, subjects: Iterable[object], *, now: datetime) -> None:
    """What is owed on these subjects is due now, without being a new version."""
    texts = [str(subject) for subject in subjects]
    Entry.objects.filter(kind=kind, subject__in=texts, due_at__gt=now).update(due_at=now)


def hold_lane(lane: str, *, until: datetime) -> None:
    """Nothing of this lane is tried before `until`: an account's limit concerns all that is owed to it."""
    Entry.objects.filter(lane=lane, due_at__isnull=False).update(due_at=Greatest("due_at", until))


def lease(owner: str, *, now: datetime) -> Lease | None:
    """Take the entry that has been due longest, or None if nothing can be taken now."""
    if not Entry.objects.filter(due_at__lte=now).exists():
        return None  # A read alone: an idle worker must not take SQLite's write lock at each poll.
    for _ in range(_TRIES):
        try:
            return _lease(owner, now)
        except IntegrityError:
            continue  # Another worker took this lane in this very moment; there may be work in others.
    return None


_TRIES = 5


def _lease(owner: str, now: datetime) -> Lease | None:
    until = now + timedelta(seconds=settings.KOALENDAR_LEASE)
    with transaction.atomic():
        entry = _next_due(now)
        if entry is None:
            return None
        Entry.objects.filter(pk=entry.pk).update(lease_owner=owner, lease_until=until, fence=F("fence") + 1)
    return Lease(
        entry_id=entry.pk,
        kind=entry.kind,
        subject=entry.subject,
        lane=entry.lane,
        version=entry.version,
        fence=entry.fence + 1,
        attempts=entry.attempts,
        until=until,
    )


def _next_due(now: datetime) -> Entry | None:
    free = Q(lease_until__isnull=True) | Q(lease_until__lt=now)
    lane_taken = Exists(
        Entry.objects.filter(lane=OuterRef("lane"), lease_until__isnull=False).exclude(pk=OuterRef("pk"))
    )
    _forget_dead_leases(now)
    due = (
        Entry.objects.filter(free, due_at__lte=now).filter(Q(lane="") | ~lane_taken).order_by("due_at", "pk")
    )
    return due.select_for_update(skip_locked=connection.features.has_select_for_update_skip_locked).first()


def _forget_dead_leases(now: datetime) -> None:
    """A lane is free again when the worker that held it died."""
    dead = Entry.objects.filter(lease_until__lt=now)
    if dead.exists():
        dead.update(lease_until=None, lease_owner="")


def extend(held: Lease, *, now: datetime) -> bool:
    """Keep the lease alive; False says that it was lost and the work must not be recorded."""
    until = now + timedelta(seconds=settings.KOALENDAR_LEASE)
    return bool(_held(held).update(lease_until=until))


def settle(held: Lease, *, now: datetime) -> bool:
    """The effect is there. True if nothing new was enqueued meanwhile; False leaves the entry due."""
    closed = _held(held).filter(version=held.version)
    if closed.update(
        due_at=None,
        settled_at=now,
        lease_until=None,
        lease_owner="",
        attempts=0,
        problem="",
        needs_person=False,
    ):
        return True
    _held(held).update(lease_until=None, lease_owner="")
    return False


def wait(held: Lease, *, due: datetime) -> None:
    """Nothing failed, it is only too early: look again at `due`, unless a newer version is due sooner."""
    _held(held).filter(version=held.version).update(due_at=due, attempts=0, problem="")
    _held(held).update(lease_until=None, lease_owner="")


def retry(held: Lease, *, now: datetime, problem: str, after: timedelta | None = None) -> datetime:
    """The outside failed for now: try again after `after`, or after the next step of the backoff."""
    due = now + (backoff(held.attempts) if after is None else after)
    _held(held).filter(version=held.version).update(
        due_at=due, attempts=F("attempts") + 1, problem=problem[:200]
    )
    _held(held).update(lease_until=None, lease_owner="")
    return due


def give_up(held: Lease, *, now: datetime, problem: str) -> None:
    """The outside refuses for good: nothing is tried until somebody enqueues the entry again."""
    _held(held).filter(version=held.version).update(
        due_at=None, settled_at=now, problem=problem[:200], needs_person=True
    )
    _held(held).update(lease_until=None, lease_owner="")


def forget(*, now: datetime) -> int:
    """Delete what was settled long ago and needs nobody; returns how many. Owed again it is a new entry."""
    old = Entry.objects.filter(due_at=None, needs_person=False, settled_at__lt=now - KEPT)
    deleted, _ = (
        Entry.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:_AT_ONCE]))
        .filter(due_at=None)
        .delete()
    )
    return deleted


def backoff(attempts: int) -> timedelta:
    """The next pause: doubling from the base to the cap, with full jitter.

    AWS Architecture Blog, "Exponential Backoff And Jitter".
    """
    ceiling = min(settings.KOALENDAR_RETRY_CAP, settings.KOALENDAR_RETRY_BASE * 2 ** min(attempts, 30))
    return timedelta(seconds=random.uniform(ceiling / 10, ceiling))  # noqa: S311  Jitter is no secret.


def _held(held: Lease) -> QuerySet[Entry]:
    return Entry.objects.filter(pk=held.entry_id, fence=held.fence, lease_until__isnull=False)
