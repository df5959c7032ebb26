"""What a host sets up: the profile, schedules, event types."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from koalendar.accounts.models import Host
from koalendar.booking.ids import public_id
from koalendar.booking.judging import Findings
from koalendar.booking.languages import OF_HOSTS, supported
from koalendar.booking.models import EventType, EventTypeHost, Profile, ProfileAlias, Schedule
from koalendar.booking.models.event_type import taken_slug
from koalendar.booking.models.profile import RESERVED_SLUGS, validate_profile_slug
from koalendar.booking.rules import (
    LONGEST_SCHEDULE_NAME,
    LONGEST_SLUG,
    LONGEST_TITLE,
    free_name,
    slug_from,
)
from koalendar.connections import calendars
from koalendar.connections.models import Calendar


def move_in(host: Host, *, slug: str = "", setup: Sequence[str] = (), language: str = "") -> Profile:
    """Give a new host what every host has: a public address and working hours. `setup` are the steps of
    setting up that he is to be led through, `language` is the one for his invitees (else that of his dates).

    Without `slug` a free one is made from the name or the e-mail address. Raises ValidationError for a
    slug that is malformed, reserved or taken.
    """
    with transaction.atomic():
        chosen = slug or free_slug(host.name, host.email)
        judge_slug(chosen)
        with _taken_if_refused():
            profile = Profile.objects.create(
                slug=chosen,
                host=host,
                name=host.name,
                language=language or supported(host.locale) or OF_HOSTS,
                setup_left=list(setup),
            )
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
    """Move the profile to another address; the old one goes on leading here, if there was ever something to
    book at it: else nobody was given it, and it is free again.

    Raises ValidationError for a slug that is malformed, reserved or taken.
    """
    judge_slug(slug, profile=profile)
    if slug == profile.slug:
        return
    with transaction.atomic():
        ProfileAlias.objects.filter(slug__iexact=slug, profile=profile).delete()
        if profile.event_types.exists():
            ProfileAlias.objects.get_or_create(slug=profile.slug, profile=profile)
        profile.slug = slug
        with _taken_if_refused():
            profile.save(update_fields=["slug"])


# ── Schedules and event types ──


def add_schedule(host: Host, *, name: object, zone: object, weekly: object, overrides: object) -> Schedule:
    """A new schedule of this host; ValidationError by path for hours that are none (see `rules.SCHEDULE`)."""
    given: dict[str, Any] = {"name": name, "zone": zone, "weekly": weekly, "overrides": overrides}
    schedule = Schedule(host=host, **given)
    schedule.full_clean()
    schedule.save()
    return schedule


def duplicate_schedule(schedule: Schedule) -> Schedule:
    """Another schedule of the same hours and dates."""
    name = _("%(name)s, copy") % {"name": schedule.name}
    return add_schedule(
        schedule.host,
        name=name[:LONGEST_SCHEDULE_NAME],
        zone=schedule.zone,
        weekly=schedule.weekly,
        overrides=schedule.overrides,
    )


def default_schedule(host: Host) -> Schedule | None:
    """The hours of new event types: those that the host has chosen for them, or the oldest."""
    own = host.schedules.order_by("pk")
    chosen = own.filter(pk__in=Profile.objects.filter(host=host).values("default_schedule"))
    return chosen.first() or own.first()


def add_event_type(
    host: Host,
    *,
    title: object,
    slug: object = "",
    schedule: Schedule | None = None,
    calendar: str = "",
    **fields: Any,
) -> EventType:
    """A new event type of this host with this schedule, or with the host's default.

    `calendar` is the public id of the one that its bookings go into; the host's usual one without. Without
    `slug` a free one is made from the title. Raises ValidationError by path for what no event type may have
    (see `rules.EVENT_TYPE`), for a slug that is taken, and for a schedule or calendar of somebody else.
    """
    with transaction.atomic():
        lock_host(host)  # So that the schedule stays, and the address that is made stays free.
        given: dict[str, Any] = {"title": title, "slug": slug or _free_event_type_slug(host.profile, title)}
        event_type = EventType(profile=host.profile, **given, **fields)
        found = Findings()
        with found.at("schedule"):
            chosen = judge_schedule(host, schedule)
        with found.at("calendar"):
            target = judge_calendar(host, calendar)
        with found.at(""):
            event_type.full_clean()
        found.refuse()
        with slug_taken_if_refused(event_type):
            event_type.save()
        EventTypeHost.objects.create(event_type=event_type, host=host, schedule=chosen, calendar=target)
        return event_type


def duplicate_event_type(event_type: EventType, *, title: str) -> EventType:
    """The same once more under another title and address, closed; for the same hosts and hours."""
    with transaction.atomic():
        lock_host(Host.objects.get(profile=event_type.profile_id))
        made = EventType.objects.select_related("profile__host").get(pk=event_type.pk)
        made.pk, made.public_id, made.revision = None, public_id(), 1
        made._state.adding = True
        made.title = title[:LONGEST_TITLE]
        made.slug = _free_event_type_slug(made.profile, title)
        made.active = False
        made.full_clean()
        made.save()
        for seat in event_type.event_type_hosts.all():
            seat.pk, seat.event_type = None, made
            seat._state.adding = True
            seat.save()
        return made


def lock_host(host: Host) -> None:
    """Take this host's row for the rest of the transaction, before anything that belongs to the host."""
    Host.objects.select_for_update().get(pk=host.pk)


def judge_schedule(host: Host, schedule: Schedule | None) -> Schedule:
    """The schedule as it is now, or the host's default. ValidationError unless it is the host's own."""
    found = default_schedule(host) if schedule is None else host.schedules.filter(pk=schedule.pk).first()
    if found is None:
        raise unknown_schedule()
    return found


def judge_calendar(host: Host, public_id: str, *, present: Calendar | None = None) -> Calendar | None:
    """The host's calendar of this id, into which bookings can go, or which is the present one. None for the
    host's usual one. Else ValidationError.
    """
    if not public_id:
        return None
    if present is not None and present.public_id == public_id:
        return present
    found = calendars.writable(host).filter(public_id=public_id).first()
    if found is None:
        raise ValidationError(_("Choose a calendar that bookings can go into"), code="unknown_calendar")
    return found


def unknown_schedule() -> ValidationError:
    return ValidationError(_("Choose one of your own schedules"), code="unknown_schedule")


@contextmanager
def slug_taken_if_refused(event_type: EventType) -> Iterator[None]:
    """Another window may take the address after we have looked for it; then the database refuses it."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        others = EventType.objects.filter(profile=event_type.profile_id, slug=event_type.slug)
        if not others.exclude(pk=event_type.pk).exists():
            raise
        raise ValidationError({"slug": taken_slug()}) from error


def _free_event_type_slug(profile: Profile, title: object) -> str:
    base = slug_from(str(title)[:LONGEST_TITLE]) or "event"
    taken = profile.event_types.filter(slug__startswith=base[:40]).values_list("slug", flat=True)
    return free_name(base, taken, most=LONGEST_SLUG)


# ── Addresses of hosts ──


def free_slug(*texts: str) -> str:
    """A free address made from the first of these texts (names, e-mail addresses) that one can be made of."""
    base = next((slug for text in texts if (slug := slug_from(text.split("@")[0]))), "")
    if len(base) < 2 or base in RESERVED_SLUGS:
        base = f"{base}-host".strip("-")
    taken = set(Profile.objects.filter(Q(slug__istartswith=base)).values_list("slug", flat=True))
    taken |= set(ProfileAlias.objects.filter(slug__istartswith=base).values_list("slug", flat=True))
    candidates = [base, *(f"{base[:55]}-{number}" for number in range(2, len(taken) + 3))]
    return next(slug for slug in candidates if slug not in taken)
