"""A mail that one side is owed about a booking."""

from django.db import models

from koalendar import clock
from koalendar.booking.models.booking import Booking


class Message(models.Model):
    """One mail to one side, once: unique by audience, booking, kind and sequence.

    `facts` are those of the change it tells of (times before and after), since the booking may have
    changed again when the mail leaves. `lead` is the minutes before the start for reminders, else 0.
    """

    class Audience(models.TextChoices):
        INVITEE = "invitee"
        HOST = "host"

    class Kind(models.TextChoices):
        BOOKED = "booked"
        RESCHEDULED = "rescheduled"
        CANCELLED = "cancelled"
        LINK_HERE = "link_here"
        REMINDER = "reminder"

    class State(models.TextChoices):
        WAITING = "waiting"
        SENT = "sent"
        SUPERSEDED = "superseded"
        FAILED = "failed"

    audience = models.CharField(max_length=8, choices=Audience)
    booking = models.ForeignKey(Booking, models.CASCADE, related_name="messages")
    kind = models.CharField(max_length=12, choices=Kind)
    sequence = models.PositiveIntegerField()
    lead = models.PositiveIntegerField(default=0)
    facts = models.JSONField(default=dict)
    message_id = models.CharField(max_length=200, unique=True)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    link_owed = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=clock.now)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["audience", "booking", "kind", "sequence", "lead"], name="message_once"
            )
        ]

    def __str__(self) -> str:
        return self.message_id
