"""What a host sets up: the profile, schedules, event types."""

import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from koalendar.accounts.models import Host
from koalendar.booking.models import EventType, EventTypeHost, Profile, ProfileAlias, Schedule
from koalendar.booking.models.profile import RESERVED_SLUGS, validate_profile_slug


def move_in(host: Host, *, slug: str = "") -> Profile:
    """Give a new host what every host has: a public address and working hours.

    Without `slug` a free one is made from the name or the e-mail address. Raises ValidationError for a
    slug that is malformed, reserved or taken.
    """
    with transaction.atomic():
        chosen = slug or _free_slug(host)
        judge_slug(chosen)
        with _taken_if_refused():
            profile = Profile.objects.create(slug=chosen, host=host, name=host.name)
        Schedule.objects.create(host=host, name="Working hours", zone=host.zone)
        return profile


def judge_slug(slug: str, *, profile: Profile | None = None) -> None:
    """Raises ValidationError unless `slug` can be the address of `profile` (or of a new one)."""
    validate_profile_slug(slug)
    others = Profile.objects.filter(slug__iexact=slug)
    aliases = ProfileAlias.objects.filter(slug__iexact=slug)
    if profile is not None:
        others, aliases = others.exclude(pk=profile.pk), aliases.exclude(profile=profile)
    if others.exists() or aliases.exists():
        raise _taken()


@contextmanager
def _taken_if_refused() -> Iterator[None]:
    """Somebody else may take an address after we have looked for it; then the database refuses it."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        raise _taken() from error


def _taken() -> ValidationError:
    return ValidationError(_("This address is taken. Choose another one."), code="taken_slug")


def change_address(profile: Profile, slug: str) -> None:
    """Move the profile to another address; the old one goes on leading here.

    Raises ValidationError for a slug that is malformed, reserved or taken.
    """
    judge_slug(slug, profile=profile)
    if slug == profile.slug:
        return
    with transaction.atomic():
        ProfileAlias.objects.filter(slug__iexact=slug, profile=profile).delete()
        ProfileAlias.objects.get_or_create(slug=profile.slug, profile=profile)
        profile.slug = slug
        with _taken_if_refused():
            profile.save(update_fields=["slug"])


def add_event_type(host: Host, *, title: str, slug: str, **fields: Any) -> EventType:
    """A new event type of this host, with the host's first schedule."""
    with transaction.atomic():
        event_type = EventType(profile=host.profile, title=title, slug=slug, **fields)
        event_type.full_clean()
        event_type.save()
        schedule = host.schedules.earliest("pk")
        EventTypeHost.objects.create(event_type=event_type, host=host, schedule=schedule)
        return event_type


def slug_from(text: str) -> str:
    """`text` as an address: "Café & Büro" becomes "cafe-buro"; empty if nothing is left."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-")


def _free_slug(host: Host) -> str:
    base = slug_from(host.name) or slug_from(host.email.split("@")[0])
    if len(base) < 2 or base in RESERVED_SLUGS:
        base = f"{base}-host".strip("-")
    taken = set(Profile.objects.filter(Q(slug__istartswith=base)).values_list("slug", flat=True))
    taken |= set(ProfileAlias.objects.filter(slug__istartswith=base).values_list("slug", flat=True))
    candidates = [base, *(f"{base[:55]}-{number}" for number in range(2, len(taken) + 3))]
    return next(slug for slug in candidates if slug not in taken)
