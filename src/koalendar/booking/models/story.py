"""What a booking's rows do not tell by themselves: what happened to it, and what its host notes about it."""

from django.conf import settings
from django.db import models

from koalendar import clock
from koalendar.booking.models.appointment import Appointment
from koalendar.booking.models.booking import Booking


class Happening(models.Model):
    """One thing that happened to an appointment's meeting or calendar event, or to one of its bookings.

    It is for the story of the booking, and names nobody. How a booking was made and changed stands in the
    booking and in its messages. `facts` of a meeting or event that was moved, by us or there, have its new
    `start`; those of a conflict have the `start` at which it was found.
    """

    class Kind(models.TextChoices):
        MEETING_MADE = "meeting_made"
        MEETING_MOVED = "meeting_moved"
        MEETING_REMOVED = "meeting_removed"
        LINK_CHANGED = "link_changed"
        LINK_ERASED = "link_erased"
        MOVED_THERE = "moved_there"
        MOVED_BACK_THERE = "moved_back_there"
        DELETED_THERE = "deleted_there"
        BROUGHT_BACK_THERE = "brought_back_there"
        EVENT_MADE = "event_made"
        EVENT_MOVED = "event_moved"
        EVENT_REMOVED = "event_removed"
        EVENT_MOVED_THERE = "event_moved_there"
        EVENT_MOVED_BACK_THERE = "event_moved_back"
        EVENT_DELETED_THERE = "event_deleted_there"
        CONFLICT = "conflict"
        NO_SHOW = "no_show"
        NO_SHOW_TAKEN_BACK = "no_show_taken_back"

    appointment = models.ForeignKey(Appointment, models.CASCADE, related_name="happenings")
    booking = models.ForeignKey(Booking, models.CASCADE, null=True, related_name="+")
    kind = models.CharField(max_length=20, choices=Kind)
    at = models.DateTimeField(default=clock.now)
    facts = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"{self.kind} {self.at:%Y-%m-%d %H:%M}"


class Note(models.Model):
    """What a host writes about a booking for himself alone: no page, mail or answer for others has it."""

    booking = models.ForeignKey(Booking, models.CASCADE, related_name="notes")
    host = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    text = models.TextField()
    changed_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["booking", "host"], name="note_unique")]

    def __str__(self) -> str:
        return f"{self.host_id} on {self.booking_id}"
