"""Requests that are done once however often they are sent: who claims a key works, the others wait or read.

A claim is a row of its own, committed before the work begins. It ends by `keep` (the answer is stored, with
the work), by `release` (nothing was done), or, when the process died, after `LONGEST_WORK`.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from koalendar.booking.errors import BookingRefused, KeyReused
from koalendar.booking.models import Idempotency

KEPT = timedelta(hours=24)
LONGEST_WORK = timedelta(seconds=60)


class InFlight(BookingRefused):
    """The same request is being worked on in this moment."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to work on a request, or, with an `answer`, what came of it."""

    pk: int
    name: str
    claimed_at: datetime
    answer: str | None = None

    def keep(self, answer: str) -> None:
        """Store the answer, in the caller's transaction. Raises InFlight if another took the claim over."""
        mine = Idempotency.objects.filter(pk=self.pk, created_at=self.claimed_at)
        if not mine.update(answer=answer):
            raise InFlight

    def release(self) -> None:
        """Nothing was done; the key is free again."""
        Idempotency.objects.filter(pk=self.pk, created_at=self.claimed_at, answer__isnull=True).delete()


def claim(*, caller: str, key: str, request_hash: str, now: datetime) -> Claim:
    """Claim `key` of `caller`, or find what the same request was answered within `KEPT`.

    Raises KeyReused if the key came with another request, InFlight while the same one is worked on. Commits.
    """
    name = f"{caller}/{key}"
    try:
        with transaction.atomic():
            row = Idempotency.objects.create(
                caller=caller, key=key, request_hash=request_hash, created_at=now
            )
        return Claim(row.pk, name, now)
    except IntegrityError:
        pass
    there = Idempotency.objects.filter(caller=caller, key=key).first()
    if there is None:
        raise InFlight  # Released in this very moment: whoever asks again finds it free.
    age = now - there.created_at
    if age < KEPT and there.request_hash != request_hash:
        raise KeyReused
    if age < KEPT and there.answer is not None:
        return Claim(there.pk, name, there.created_at, str(there.answer))
    if there.answer is None and age < LONGEST_WORK:
        raise InFlight
    return _taken_over(there, name, request_hash, now)


def _taken_over(row: Idempotency, name: str, request_hash: str, now: datetime) -> Claim:
    """The claim of a process that died, or an answer that nobody may rely on any more."""
    old = Idempotency.objects.filter(pk=row.pk, created_at=row.created_at)
    if not old.update(request_hash=request_hash, created_at=now, answer=None, booking=None):
        raise InFlight
    return Claim(row.pk, name, now)


def forget(*, now: datetime) -> int:
    """Delete what is past its time; returns how many rows."""
    deleted, _ = Idempotency.objects.filter(created_at__lt=now - KEPT).delete()
    return deleted
