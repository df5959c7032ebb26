"""A mail that one side is owed about a booking."""

from django.db import models

from koalendar import clock
from koalendar.booking.models.booking import Booking


class Message(models.Model):
    """One mail to one person, once.

    `facts` are those of the change it tells of (times before and after), since the booking may have
    changed again when the mail leaves; with `until` among them it tells of a request that is not agreed.
    `seen` among them is the start to which the meeting was moved in Zoom, or the event in the calendar, or
    null if it was deleted there. `edition` tells apart what may be said twice of one sequence: the minutes
    before the start of a reminder, the meeting's or event's own edition of a link or of what was done to it
    there; else 0. `link_owed`
    says that the mail left without its link, which has to follow.
    """

    class Audience(models.TextChoices):
        INVITEE = "invitee"
        HOST = "host"
        GUEST = "guest"

    class Kind(models.TextChoices):
        REQUESTED = "requested"
        BOOKED = "booked"
        RESCHEDULED = "rescheduled"
        CANCELLED = "cancelled"
        DECLINED = "declined"
        EXPIRED = "expired"
        LINK_HERE = "link_here"
        REMINDER = "reminder"
        IN_ZOOM = "in_zoom"
        CONFLICT = "conflict"
        IN_CALENDAR = "in_calendar"

    # What tells that nothing takes place.
    ENDINGS = (Kind.CANCELLED, Kind.DECLINED, Kind.EXPIRED)
    # What was seen of the booking elsewhere, for its host to decide about.
    SEEN_THERE = (Kind.IN_ZOOM, Kind.IN_CALENDAR, Kind.CONFLICT)

    class State(models.TextChoices):
        WAITING = "waiting"
        SENT = "sent"
        SUPERSEDED = "superseded"
        FAILED = "failed"

    audience = models.CharField(max_length=8, choices=Audience)
    booking = models.ForeignKey(Booking, models.CASCADE, related_name="messages")
    recipient = models.EmailField(max_length=254)
    kind = models.CharField(max_length=12, choices=Kind)
    sequence = models.PositiveIntegerField()
    edition = models.PositiveIntegerField(default=0)
    facts = models.JSONField(default=dict)
    message_id = models.CharField(max_length=200, unique=True)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    link_owed = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=clock.now)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["booking", "audience", "recipient", "kind", "sequence", "edition"],
                name="message_once",
            )
        ]
        # How many confirmations an address got lately, which is limited.
        indexes = [models.Index(fields=["recipient", "created_at"], name="message_by_recipient")]

    def __str__(self) -> str:
        return self.message_id
