"""What can be booked, and by whose time."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, URLValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from koalendar.booking.ids import public_id
from koalendar.booking.models.availability import Schedule
from koalendar.booking.models.profile import Profile, validate_event_type_slug
from koalendar.connections.models import Connection
from koalendar.scheduling.slots import Rules

MAX_DURATION = 1440
# How long a request may wait for the host, in minutes: long enough to read a mail, and 60 days.
SHORTEST_REQUEST, LONGEST_REQUEST = 5, 60 * 1440


def half_hour() -> list[int]:
    return [30]


def a_day_before() -> list[int]:
    return [1440]


def zoom_location() -> list[dict[str, Any]]:
    return [{"kind": "zoom", "connection": None}]


def validate_redirect_url(url: str) -> None:
    """Where invitees go after booking: another page, over https, without a name and password in it."""
    refusal = _("Enter a link like https://example.com/thanks")
    URLValidator(["https"], message=refusal)(url)
    if not url.startswith("https://") or "@" in urlsplit(url).netloc:
        raise ValidationError(refusal, code="invalid")


class EventType(models.Model):
    """What can be booked: title, length, location, rules. Its public face is the booking page.

    Every length is in minutes. `locations` are objects such as {"kind": "zoom", "connection": null}, with
    null for the host's default connection. `hosts_needed` says whether an appointment takes all of its
    hosts or any one of them. With `requires_confirmation` a booking is a request until the host agrees, and
    lapses unanswered after `request_expires_after`. `redirect_url` is where invitees go after booking.
    """

    class HostsNeeded(models.TextChoices):
        ALL = "all"
        ANY = "any"

    public_id = models.CharField(max_length=24, unique=True, default=public_id, editable=False)
    profile = models.ForeignKey(Profile, models.CASCADE, related_name="event_types")
    slug = models.CharField(max_length=60, validators=[validate_event_type_slug])
    title = models.CharField(max_length=120)
    description = models.TextField(blank=True, max_length=1000)
    durations = models.JSONField(default=half_hour)
    locations = models.JSONField(default=zoom_location)
    hosts_needed = models.CharField(max_length=3, choices=HostsNeeded, default=HostsNeeded.ALL)
    slot_step = models.PositiveSmallIntegerField(default=30)
    buffer_before = models.PositiveSmallIntegerField(default=0)
    buffer_after = models.PositiveSmallIntegerField(default=0)
    minimum_notice = models.PositiveIntegerField(default=120)
    booking_window_days = models.PositiveSmallIntegerField(default=60)
    max_per_day = models.PositiveSmallIntegerField(null=True, blank=True)
    max_per_week = models.PositiveSmallIntegerField(null=True, blank=True)
    questions = models.JSONField(default=list, blank=True)
    guests_allowed = models.BooleanField(default=True)
    requires_confirmation = models.BooleanField(default=False)
    request_expires_after = models.PositiveIntegerField(
        default=1440, validators=[MinValueValidator(SHORTEST_REQUEST), MaxValueValidator(LONGEST_REQUEST)]
    )
    change_cutoff = models.PositiveIntegerField(default=0)
    reminders = models.JSONField(default=a_day_before, blank=True)
    redirect_url = models.CharField(max_length=500, blank=True, validators=[validate_redirect_url])
    active = models.BooleanField(default=True)
    hidden = models.BooleanField(default=False)
    revision = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["profile", "slug"], name="event_type_slug_unique"),
            models.CheckConstraint(condition=Q(slot_step__gte=1), name="event_type_step_positive"),
            models.CheckConstraint(
                condition=Q(request_expires_after__range=(SHORTEST_REQUEST, LONGEST_REQUEST)),
                name="event_type_request_bounded",
            ),
            models.CheckConstraint(
                condition=Q(redirect_url="") | Q(redirect_url__startswith="https://"),
                name="event_type_redirect_safe",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def rules(self, duration: int) -> Rules:
        """The rules of this event type for one of its durations, as the slot engine reads them."""
        return Rules(
            duration=duration,
            step=self.slot_step,
            buffer_before=self.buffer_before,
            buffer_after=self.buffer_after,
            minimum_notice=self.minimum_notice,
            window_days=self.booking_window_days,
            max_per_day=self.max_per_day,
            max_per_week=self.max_per_week,
        )


class EventTypeHost(models.Model):
    """One host of an event type, with the schedule and the connection that he uses for it."""

    class Role(models.TextChoices):
        FIXED = "fixed"
        ROTATING = "rotating"

    event_type = models.ForeignKey(EventType, models.CASCADE, related_name="event_type_hosts")
    host = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="event_type_hosts")
    schedule = models.ForeignKey(Schedule, models.PROTECT, related_name="event_type_hosts")
    connection = models.ForeignKey(Connection, models.SET_NULL, null=True, related_name="+")
    role = models.CharField(max_length=8, choices=Role, default=Role.FIXED)
    weight = models.PositiveSmallIntegerField(default=1)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["event_type", "host"], name="event_type_host_unique")]
        ordering = [F("id").asc()]

    def __str__(self) -> str:
        return f"{self.host_id} for {self.event_type_id}"
