"""The outbox entry."""

from datetime import datetime, timedelta

from django.db import models
from django.db.models import F, Q

from koalendar import clock


class Entry(models.Model):
    """One effect still owed to the outside, such as "meeting 17 is as its booking says".

    `due_at` is empty when nothing is owed. Whoever changes the subject raises `version` and makes the
    entry due, so that work on an older version can't close it. `fence` counts leases: a result counts
    only under the fence that it was leased with.
    """

    kind = models.CharField(max_length=40)
    subject = models.CharField(max_length=80)
    lane = models.CharField(max_length=80, blank=True)
    due_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)
    fence = models.PositiveIntegerField(default=0)
    lease_owner = models.CharField(max_length=64, blank=True)
    lease_until = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    problem = models.CharField(max_length=200, blank=True)
    needs_person = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=clock.now)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "subject"], name="entry_unique"),
            # One leased entry a lane: one account's calls come one after another, whoever works.
            models.UniqueConstraint(
                fields=["lane"],
                condition=Q(lease_until__isnull=False) & ~Q(lane=""),
                name="entry_one_per_lane",
            ),
        ]
        indexes = [
            models.Index(F("due_at"), condition=Q(due_at__isnull=False), name="entry_due"),
            models.Index(F("lease_until"), condition=Q(lease_until__isnull=False), name="entry_leased"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}:{self.subject}"


class Heartbeat(models.Model):
    """When a worker was last alive, for `koalendar doctor`."""

    owner = models.CharField(max_length=64, unique=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.owner

    @classmethod
    def beat(cls, owner: str, *, now: datetime) -> None:
        """Say that `owner` is alive; workers not heard of for a day are forgotten."""
        cls.objects.update_or_create(owner=owner, defaults={"at": now})
        cls.objects.filter(at__lt=now - timedelta(days=1)).delete()
