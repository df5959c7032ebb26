"""What can be booked, and by whose time."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from django.conf import settings
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from koalendar.booking import rules
from koalendar.booking.ids import public_id
from koalendar.booking.judging import Findings, judge_row
from koalendar.booking.models.availability import Schedule
from koalendar.booking.models.profile import Profile, validate_event_type_slug
from koalendar.connections import queries as connections
from koalendar.connections.models import Calendar, Connection
from koalendar.scheduling.availability import Availability
from koalendar.scheduling.slots import Rules


def half_hour() -> list[int]:
    return [30]


def a_day_before() -> list[int]:
    return [1440]


def zoom_location() -> list[dict[str, Any]]:
    return [{"kind": "zoom", "connection": None}]


class EventType(models.Model):
    """What can be booked: title, length, location, rules. Its public face is the booking page.

    Every length is in minutes. `locations` are objects such as {"kind": "zoom", "connection": null}, with
    null for the host's default connection. `hosts_needed` says whether an appointment takes all of its
    hosts or any one of them. With `requires_confirmation` a booking is a request until the host agrees, and
    lapses unanswered after `request_expires_after`. With `zone_locked` invitees see all times in the host's
    zone. With `google_invites` the host's Google Calendar invites invitee and guests, and our mails carry no
    invitation. `redirect_url` is where invitees go after booking.
    `full_clean` judges every field by `booking.rules`, and brings it into the one shape in which it is
    stored.
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
    request_expires_after = models.PositiveIntegerField(default=1440)
    change_cutoff = models.PositiveIntegerField(default=0)
    reminders = models.JSONField(default=a_day_before, blank=True)
    redirect_url = models.CharField(max_length=500, blank=True)
    active = models.BooleanField(default=True)
    hidden = models.BooleanField(default=False)
    zone_locked = models.BooleanField(default=False)
    google_invites = models.BooleanField(default=False)
    revision = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["profile", "slug"], name="event_type_slug_unique"),
            models.CheckConstraint(condition=Q(slot_step__gte=1), name="event_type_step_positive"),
            models.CheckConstraint(
                condition=Q(request_expires_after__range=(rules.SHORTEST_REQUEST, rules.LONGEST_REQUEST)),
                name="event_type_request_bounded",
            ),
            models.CheckConstraint(
                condition=Q(redirect_url="") | Q(redirect_url__startswith="https://"),
                name="event_type_redirect_safe",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def clean_fields(self, exclude: Collection[str] | None = None) -> None:
        without = set(exclude or ())
        found = judge_row(self, rules.EVENT_TYPE, without=without)
        if "locations" not in without | found.fields:
            with found.at("locations"):
                self._judge_connections()
        with found.at(""):
            super().clean_fields(exclude=without | found.fields)
        found.refuse()

    def _judge_connections(self) -> None:
        """A place may name a Zoom account of the host's own that works, or go on naming what it named."""
        found = Findings()
        for position, place in enumerate(self.locations):
            connection = place.get("connection")
            with found.at(f"{position}.connection"):
                if connection is not None and not self._may_use(connection):
                    raise rules.unknown_connection()
        found.refuse()

    def _may_use(self, connection: str) -> bool:
        host = self.profile.host
        own = connections.connection_for(host, "zoom", connection) if host is not None else None
        return (own is not None and own.is_live) or connection in self._named_before()

    def _named_before(self) -> set[str | None]:
        """By what is stored: an account that has broken since keeps no host from changing the title."""
        before = EventType.objects.filter(pk=self.pk).values_list("locations", flat=True).first()
        return {place.get("connection") for place in before or []}

    def validate_constraints(self, exclude: Collection[str] | None = None) -> None:
        """As Django does it, but an address that is taken is an error of the address."""
        try:
            super().validate_constraints(exclude=exclude)
        except ValidationError as error:
            if any(each.code == "unique_together" for each in error.error_dict.get(NON_FIELD_ERRORS, [])):
                raise ValidationError({"slug": taken_slug()}) from error
            raise

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


def taken_slug() -> ValidationError:
    return ValidationError(_("Another event type of yours has this address"), code="taken_slug")


class EventTypeHost(models.Model):
    """One host of an event type, with the schedule and the connection that he uses for it."""

    class Role(models.TextChoices):
        FIXED = "fixed"
        ROTATING = "rotating"

    event_type = models.ForeignKey(EventType, models.CASCADE, related_name="event_type_hosts")
    host = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="event_type_hosts")
    schedule = models.ForeignKey(Schedule, models.PROTECT, related_name="event_type_hosts")
    connection = models.ForeignKey(Connection, models.SET_NULL, null=True, related_name="+")
    # Where its bookings go, instead of the host's usual calendar.
    calendar = models.ForeignKey(Calendar, models.SET_NULL, null=True, blank=True, related_name="+")
    role = models.CharField(max_length=8, choices=Role, default=Role.FIXED)
    weight = models.PositiveSmallIntegerField(default=1)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["event_type", "host"], name="event_type_host_unique")]
        ordering = [F("id").asc()]

    def __str__(self) -> str:
        return f"{self.host_id} for {self.event_type_id}"

    @property
    def availability(self) -> Availability:
        """The hours of the schedule, but for the days on which the host is away."""
        return hours_without(self.schedule.availability, self.away)

    @cached_property
    def away(self) -> list[dict[str, str]]:
        """The host's times away, as his profile stores them."""
        stored: list[dict[str, str]] = self.host.profile.away
        return stored


def hours_without(hours: Availability, away: Sequence[Mapping[str, str]]) -> Availability:
    """These hours, closed while their host is away."""
    if not away:
        return hours
    days = [(date.fromisoformat(row["first"]), date.fromisoformat(row["last"])) for row in away]
    return replace(hours, away=tuple(days))
