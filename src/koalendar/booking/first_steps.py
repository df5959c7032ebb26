"""The four steps in which a new host sets up: who he is, when he works, where he meets, his link.

What is left of them stands on his profile, in the order in which it is offered; what the data shows to be
done otherwise is not asked for again. Hosts who were made without being led through have none.
"""

from collections.abc import Callable, Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from koalendar.accounts.models import Host
from koalendar.booking import queries
from koalendar.booking.models import EventType, Profile
from koalendar.booking.models.profile import SETUP_STEPS
from koalendar.booking.revising import change_event_type
from koalendar.booking.setting_up import add_event_type, change_address, lock_host

# Works at once: the invitee is asked for a number, and nothing has to be connected.
HOST_CALLS: Mapping[str, Any] = {"kind": "phone", "who_calls": "host", "number": ""}


def steps_left(host: Host) -> list[str]:
    """What is still to do, what comes next first."""
    left = host.profile.setup_left
    return [step for step in left if not _is_done(step, host)] if left else []


def _is_done(step: str, host: Host) -> bool:
    match step:
        case "hours":
            return host.schedules.filter(revision__gt=1).exists()
        case "place":
            made = queries.first_event_type(host)
            fallback = [dict(HOST_CALLS)]  # Which those get who leave the step for later.
            return made is not None and made.locations != fallback and not queries.lacks_zoom(made, host)
        case "link":
            return queries.bookings_of(host).exists()
    return False


def is_fresh(host: Host) -> bool:
    """Whether the host has not even begun."""
    profile = Profile.objects.filter(host=host).first()
    return profile is not None and profile.setup_left == list(SETUP_STEPS)


def take(host: Host, step: str) -> None:
    """The step is done."""
    _rewrite(host, lambda left: [each for each in left if each != step])


def put_off(host: Host, step: str) -> None:
    """The step stays to be done, after the others."""
    _rewrite(host, lambda left: [each for each in left if each != step] + [step] * (step in left))


def dismiss(host: Host) -> None:
    """The host wants to hear no more of it."""
    _rewrite(host, lambda _left: [])


def _rewrite(host: Host, change: Callable[[list[str]], list[str]]) -> None:
    with transaction.atomic():
        lock_host(host)
        profile = Profile.objects.get(host=host)
        profile.setup_left = change(profile.setup_left)
        profile.save(update_fields=["setup_left"])


# ── What the steps change ──


def introduce(host: Host, *, name: str, slug: str, zone: str) -> None:
    """Who the host is to others. Hours that nobody has touched yet move to the new zone with him.

    Raises ValidationError for a slug that is malformed, reserved or taken.
    """
    with transaction.atomic():
        lock_host(host)
        host.schedules.filter(zone=host.zone, revision=1).update(zone=zone)
        host.name, host.zone = name, zone
        host.save(update_fields=["name", "zone"])
        change_address(host.profile, slug)
        host.profile.name = name
        host.profile.save(update_fields=["name"])


def meet_at(host: Host, place: Mapping[str, Any]) -> EventType:
    """Let the host's first event type take place there; he gets one if he has none.

    Raises ValidationError by path for what is no place (see `rules.location`).
    """
    made = queries.first_event_type(host)
    if made is None:
        return add_event_type(host, title=_("Intro call"), locations=[dict(place)])
    return change_event_type(made, revision=None, locations=[dict(place)])
