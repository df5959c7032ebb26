"""The public address of a host (later of a team), and the line between tenants."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

# First parts of addresses that are, or may become, pages of the site itself.
RESERVED_SLUGS = frozenset(
    """
    about abuse account accounts admin api app apps assets auth b billing blog book booking bookings calendar
    calendars callback changelog cookies contact dashboard demo dev developers docs download email embed
    error event-types events export faq favicon feed feeds group health healthz help home host hosts hooks
    ical ics imprint integrations install invite jobs koalendar legal livez login logout mail mailbox manage
    me media meeting meetings metrics news notifications oauth official organisations organizations page
    pages partners password pay payments ping plans poll polls press pricing privacy profile profiles public
    readyz register reports reschedule reset robots root sandbox schedule schedules search security service
    settings setup share sign-in sign-out sign-up signin signout signup sitemap slots sso staff static status
    styleguide support system team teams terms test tos unsubscribe upload user username users verify web
    webhook webhooks welcome well-known widget widgets www zoom zoomverify
    """.split()
)

_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,58}[a-z0-9])?")


def validate_profile_slug(slug: str) -> None:
    """An address is lower-case letters, digits and inner hyphens, at least 2, and no page of ours."""
    if len(slug) < 2 or not _SLUG.fullmatch(slug):
        raise ValidationError(
            _("Use 2 to 60 small letters, digits and hyphens, like ada-lovelace."), code="invalid_slug"
        )
    if slug in RESERVED_SLUGS:
        raise ValidationError(_("This address is taken. Choose another one."), code="reserved_slug")


def validate_event_type_slug(slug: str) -> None:
    if not _SLUG.fullmatch(slug):
        raise ValidationError(
            _("Use up to 60 small letters, digits and hyphens, like intro-call."), code="invalid_slug"
        )


SETUP_STEPS = ("you", "hours", "place", "link")


@dataclass(frozen=True, slots=True)
class Away:
    """Days, both included, on which the host cannot be booked at all, and what invitees read about it."""

    first: date
    last: date
    message: str

    @property
    def back(self) -> date:
        """The day after."""
        return self.last + timedelta(days=1)


class Profile(models.Model):
    """What `/<slug>/` shows: a host, later a team.

    `away` are the host's times away, by rising date, as `rules.away` judges them. New event types get the
    hours of `default_schedule`, or the host's first. `setup_left` are the steps of setting up that a new host
    has still to take, in the order in which they are offered.
    """

    class Kind(models.TextChoices):
        HOST = "host"
        TEAM = "team"

    slug = models.CharField(max_length=60, validators=[validate_profile_slug])
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.HOST)
    host = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="profile", null=True)
    name = models.CharField(max_length=80)
    welcome = models.TextField(blank=True, max_length=1000)
    # For invitees whose own language we do not speak; one of settings.LANGUAGES.
    language = models.CharField(max_length=8, default="en")
    away = models.JSONField(default=list, blank=True)
    default_schedule = models.ForeignKey(
        "booking.Schedule", models.SET_NULL, null=True, blank=True, related_name="+"
    )
    setup_left = models.JSONField(default=list, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(Lower("slug"), name="profile_slug_unique")]

    def __str__(self) -> str:
        return self.slug

    @property
    def times_away(self) -> Sequence[Away]:
        return [
            Away(date.fromisoformat(row["first"]), date.fromisoformat(row["last"]), row["message"])
            for row in self.away
        ]

    def away_on(self, day: date) -> Away | None:
        """The time away that this day lies in, until the host is really back; None if he is there."""
        found = None
        for away in self.times_away:
            if found is None:
                found = away if away.first <= day <= away.last else None
            elif away.first == found.back:
                found = Away(found.first, away.last, found.message or away.message)
        return found


class ProfileAlias(models.Model):
    """An address that the profile had before: old links go on working."""

    slug = models.CharField(max_length=60)
    profile = models.ForeignKey(Profile, models.CASCADE, related_name="aliases")

    class Meta:
        constraints = [models.UniqueConstraint(Lower("slug"), name="profile_alias_unique")]

    def __str__(self) -> str:
        return self.slug
