"""One invitee's seat in an appointment."""

from datetime import datetime

from django.db import models
from django.db.models import Q

from koalendar import clock
from koalendar.booking import ids
from koalendar.booking.models.appointment import Appointment

LONGEST_REASON = 500


class Booking(models.Model):
    """One invitee: who, what was answered, in which state. `uid` stays for life; `sequence` counts changes.

    `snapshot` is what was booked as it read then (title, description, questions, host's name), so that a
    later edit of the event type rewrites no agreement. `expires_at` is until when a request waits, or waited,
    for the host's answer; none for a booking that needed no answer. `no_show_at` is when the host noted that
    the invitee did not come.
    """

    class Status(models.TextChoices):
        PENDING = "pending"
        CONFIRMED = "confirmed"
        DECLINED = "declined"
        EXPIRED = "expired"
        CANCELLED = "cancelled"

    class By(models.TextChoices):
        HOST = "host"
        INVITEE = "invitee"

    LIVE = (Status.PENDING, Status.CONFIRMED)

    uid = models.UUIDField(unique=True, default=ids.uid, editable=False)
    appointment = models.ForeignKey(Appointment, models.PROTECT, related_name="bookings")
    seat = models.PositiveSmallIntegerField(default=1)
    status = models.CharField(max_length=10, choices=Status, default=Status.CONFIRMED)
    sequence = models.PositiveIntegerField(default=0)
    link_version = models.PositiveIntegerField(default=1)
    invitee_name = models.CharField(max_length=120)
    invitee_email = models.EmailField(max_length=254)
    invitee_zone = models.CharField(max_length=64)
    invitee_locale = models.CharField(max_length=16, default="en")
    answers = models.JSONField(default=dict)
    guests = models.JSONField(default=list)
    snapshot = models.JSONField(default=dict)
    expires_at = models.DateTimeField(null=True)
    booked_by = models.CharField(max_length=8, choices=By, default=By.INVITEE)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    changed_at = models.DateTimeField(default=clock.now)
    no_show_at = models.DateTimeField(null=True)
    cancelled_at = models.DateTimeField(null=True)
    cancelled_by = models.CharField(max_length=8, choices=By, blank=True)
    reason = models.CharField(max_length=LONGEST_REASON, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["appointment", "seat"],
                condition=Q(status__in=["pending", "confirmed"]),
                name="booking_seat_unique",
            ),
            models.CheckConstraint(
                condition=~Q(status="pending") | Q(expires_at__isnull=False), name="booking_request_lapses"
            ),
        ]
        indexes = [models.Index(fields=["status", "expires_at"], name="booking_expiry")]

    def __str__(self) -> str:
        return str(self.uid)

    @property
    def is_live(self) -> bool:
        return self.status in self.LIVE

    @staticmethod
    def overdue(now: datetime) -> Q:
        """Requests whose time to be answered is over, although nobody has noted it yet."""
        return Q(status=Booking.Status.PENDING, expires_at__lte=now)

    def status_at(self, now: datetime) -> str:
        """The status by the clock: a request that is overdue has expired, noted or not."""
        if self.status != self.Status.PENDING or self.expires_at is None or now < self.expires_at:
            return self.status
        return self.Status.EXPIRED

    @property
    def was_moved(self) -> bool:
        """Whether a confirmed booking is at another time than first: the host's answer is a change too."""
        return self.sequence > (self.expires_at is not None)


class Idempotency(models.Model):
    """A request that was answered once and is answered alike when it is sent again."""

    caller = models.CharField(max_length=80)
    key = models.CharField(max_length=128)
    request_hash = models.CharField(max_length=64)
    booking = models.ForeignKey(Booking, models.CASCADE, null=True, related_name="+")
    answer = models.JSONField(null=True)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["caller", "key"], name="idempotency_unique")]

    def __str__(self) -> str:
        return f"{self.caller} {self.key}"
