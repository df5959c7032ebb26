"""The agreed time itself, and what it takes of each host."""

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.functional import cached_property

from koalendar import clock
from koalendar.accounts.models import Host
from koalendar.booking import ids
from koalendar.booking.models.event_type import EventType, EventTypeHost

# Kinds of location that are rooms made at a provider, each booking its own, and what people call them.
ROOMS = {"zoom": "Zoom", "google_meet": "Google Meet"}
LONGEST_HOLD = timedelta(days=4)  # A day's appointment with a day's buffers on either side, and some.


class Appointment(models.Model):
    """Event type, hosts, start, end, location, capacity. The meeting and the calendar event belong to it.

    `start` and `end` are UTC and are never derived again from a schedule; `zone` is the zone in which
    they were agreed. `revision` counts changes that the outside must follow.
    """

    class Status(models.TextChoices):
        TENTATIVE = "tentative"
        CONFIRMED = "confirmed"
        CANCELLED = "cancelled"

    uid = models.UUIDField(unique=True, default=ids.uid, editable=False)
    event_type = models.ForeignKey(EventType, models.PROTECT, related_name="appointments")
    start = models.DateTimeField()
    end = models.DateTimeField()
    zone = models.CharField(max_length=64)
    location = models.JSONField()
    capacity = models.PositiveSmallIntegerField(default=1)
    revision = models.PositiveIntegerField(default=0)
    status = models.CharField(max_length=10, choices=Status, default=Status.CONFIRMED)
    series = models.UUIDField(null=True, db_index=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(end__gt=F("start")), name="appointment_has_length")]
        indexes = [models.Index(fields=["event_type", "start"], name="appointment_by_type")]

    def __str__(self) -> str:
        return str(self.uid)

    @property
    def at_zoom(self) -> bool:
        return bool(self.location.get("kind") == "zoom")

    @property
    def at_meet(self) -> bool:
        """At Google Meet, whose room comes with the calendar event."""
        return bool(self.location.get("kind") == "google_meet")

    @property
    def room(self) -> str:
        """The name of the rooms in one of which it happens; empty for a place of another kind."""
        return ROOMS.get(str(self.location.get("kind", "")), "")

    @property
    def needs_meeting(self) -> bool:
        return bool(self.room) and self.status == self.Status.CONFIRMED

    @cached_property
    def hosts(self) -> list[Host]:
        """Whose time it takes. That never changes, so it is read once."""
        return [hold.host for hold in self.holds.select_related("host").order_by("pk")]

    @cached_property
    def seats(self) -> list[EventTypeHost]:
        """How the event type is set up for these hosts as of now, read once."""
        return list(self.event_type.event_type_hosts.filter(host__in=self.hosts).select_related("connection"))


class Hold(models.Model):
    """What an appointment takes of one host's time, buffers included: [blocks_from, blocks_until).

    Active holds of one host never overlap. That rule is kept under a lock of the host's row, and again
    by the database (see `booking.guards`).
    """

    appointment = models.ForeignKey(Appointment, models.CASCADE, related_name="holds")
    host = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="holds")
    blocks_from = models.DateTimeField()
    blocks_until = models.DateTimeField()
    active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["appointment", "host"], name="hold_unique"),
            models.CheckConstraint(condition=Q(blocks_until__gt=F("blocks_from")), name="hold_has_length"),
        ]
        indexes = [
            models.Index(fields=["host", "blocks_from"], condition=Q(active=True), name="hold_by_host")
        ]

    def __str__(self) -> str:
        return f"{self.host_id}: {self.blocks_from:%Y-%m-%d %H:%M} to {self.blocks_until:%H:%M}"
