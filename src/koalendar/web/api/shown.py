"""Rows as the shapes of the API say them."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urljoin

from django.conf import settings
from django.urls import reverse

from koalendar import clock
from koalendar.accounts.models import Host
from koalendar.booking import calendar_problems, problems, queries
from koalendar.booking.links import token_for
from koalendar.booking.models import Booking, EventType, Profile, Schedule
from koalendar.booking.queries import InCalendar, Whereabouts
from koalendar.connections.models import Connection
from koalendar.connections.queries import missing_scopes
from koalendar.scheduling.availability import dump_overrides, dump_weekly
from koalendar.web.api.shapes import utc_text

Json = dict[str, Any]

# What each kind of location has besides its kind; and of that, what a stranger may know before booking.
_OF_KIND: Mapping[str, tuple[str, ...]] = {
    "zoom": ("connection",),
    "phone": ("who_calls", "number"),
    "in_person": ("address",),
    "link": ("url",),
}
_PUBLIC = ("who_calls", "address")


def _absolute(name: str, *words: str) -> str:
    return urljoin(settings.KOALENDAR_BASE_URL, reverse(name, args=words))


# ── Hosts, schedules ──


def me(host: Host) -> Json:
    slug = host.profile.slug
    return {
        "id": slug,
        "name": host.name,
        "email": host.email,
        "timezone": host.zone,
        "locale": host.locale,
        "slug": slug,
        "url": _absolute("host-page", slug),
    }


def schedule(row: Schedule) -> Json:
    hours = row.availability
    return {
        "id": row.public_id,
        "name": row.name,
        "timezone": row.zone,
        "weekly": dump_weekly(hours.weekly),
        "overrides": dump_overrides(hours.overrides),
    }


# ── Event types ──

_AS_STORED = (
    "title", "slug", "description", "durations", "slot_step", "buffer_before", "buffer_after",
    "minimum_notice", "booking_window_days", "max_per_day", "max_per_week", "questions", "guests_allowed",
    "requires_confirmation", "request_expires_after", "change_cutoff", "reminders", "active", "hidden",
    "zone_locked", "google_invites",
)  # fmt: skip


def event_type(row: EventType, host: Host) -> Json:
    """As its host sees it. `event_type_hosts` with their schedules are read, so prefetch them for many."""
    seat = next(seat for seat in row.event_type_hosts.all() if seat.host_id == host.pk)
    return {name: getattr(row, name) for name in _AS_STORED} | {
        "id": row.public_id,
        "locations": [location(place, _OF_KIND) for place in row.locations],
        "schedule": seat.schedule.public_id,
        "redirect_url": row.redirect_url or None,
        "url": _absolute("booking-page", row.profile.slug, row.slug),
    }


def location(place: Mapping[str, Any], of_kind: Mapping[str, tuple[str, ...]]) -> Json:
    kind = str(place["kind"])
    return {"kind": kind} | {name: place.get(name) for name in of_kind.get(kind, ())}


_PUBLIC_OF_KIND = {kind: tuple(name for name in names if name in _PUBLIC) for kind, names in _OF_KIND.items()}


def offer(row: EventType, profile: Profile) -> Json:
    """What a stranger may know of an event type: what its booking page shows."""
    return {
        "id": row.public_id,
        "title": row.title,
        "slug": row.slug,
        "description": row.description,
        "durations": row.durations,
        "locations": [location(place, _PUBLIC_OF_KIND) for place in row.locations],
        "questions": row.questions,
        "guests_allowed": row.guests_allowed,
        "requires_confirmation": row.requires_confirmation,
        "url": _absolute("booking-page", profile.slug, row.slug),
    }


def profile(row: Profile) -> Json:
    return whose(row) | {
        "welcome": row.welcome,
        "url": _absolute("host-page", row.slug),
        "event_types": [offer(each, row) for each in queries.listed_event_types(row)],
    }


def whose(row: Profile) -> Json:
    host = row.host
    return {
        "slug": row.slug,
        "name": (host.name if host is not None else "") or row.name or row.slug,
        "timezone": host.zone if host is not None else "UTC",
        "away": _away(row),
    }


def _away(row: Profile) -> Json | None:
    found = queries.away_now(row, now=clock.now())
    return None if found is None else {"until": found.back.isoformat(), "message": found.message}


# ── Bookings ──


def bookings(rows: Iterable[Booking], *, for_host: bool, now: datetime) -> list[Json]:
    rows = list(rows)
    places, events = queries.whereabouts_of(rows, now=now), queries.calendar_copies_of(rows, now=now)
    return [_booking(row, places[row.pk], events[row.pk], for_host=for_host, now=now) for row in rows]


def booking(row: Booking, *, for_host: bool, now: datetime) -> Json:
    """The host is told what is wrong and what mends it; to the invitee that is no help."""
    place, event = queries.whereabouts(row, now=now), queries.calendar_copy(row, now=now)
    return _booking(row, place, event, for_host=for_host, now=now)


def new_booking(row: Booking, *, now: datetime) -> Json:
    """One that was made just now, for whoever made it."""
    place, event = queries.whereabouts_at_first(row), queries.calendar_at_first(row)
    return _booking(row, place, event, for_host=False, now=now)


def _booking(row: Booking, place: Whereabouts, event: InCalendar, *, for_host: bool, now: datetime) -> Json:
    appointment = row.appointment
    kind = appointment.event_type
    token = token_for(row)
    return {
        "uid": str(row.uid),
        "status": row.status_at(now),
        "sequence": row.sequence,
        "event_type": {"id": kind.public_id, "title": row.snapshot["title"], "slug": kind.slug},
        "start": utc_text(appointment.start),
        "end": utc_text(appointment.end),
        "invitee": {
            "name": row.invitee_name,
            "email": row.invitee_email,
            "timezone": row.invitee_zone,
            "locale": row.invitee_locale,
        },
        "guests": row.guests,
        "answers": row.answers,
        "location": _whereabouts(row, place, for_host=for_host),
        "calendar": {
            "state": event.state.value,
            "problem": (calendar_problems.in_words(event.problem) or None) if for_host else None,
        },
        "urls": {
            "manage": _absolute("invitee-booking", token),
            "reschedule": _absolute("invitee-reschedule", token),
            "cancel": _absolute("invitee-cancel", token),
        },
        "created_at": utc_text(row.created_at),
        "cancelled": _ending(row),
    }


def _whereabouts(row: Booking, place: Whereabouts, *, for_host: bool) -> Json:
    where = row.appointment.location
    of_kind = {name: where.get(name) for name in ("who_calls", "number", "address") if name in where}
    link = place.join_url or (where.get("url", "") if row.is_live else "")
    return {
        "kind": place.kind,
        "state": place.state.value,
        "join_url": link or None,
        "meeting_id": place.meeting_id or None,
        "passcode": place.passcode or None,
        "dial_in": [{"country": each["country"], "number": each["number"]} for each in place.dial_in],
        "problem": (calendar_problems.about_link(place.kind, place.problem) or None) if for_host else None,
        **of_kind,
    }


def _ending(row: Booking) -> Json | None:
    if row.cancelled_at is None:
        return None
    return {"at": utc_text(row.cancelled_at), "by": row.cancelled_by or None, "reason": row.reason}


# ── Connections ──


def connection(row: Connection) -> Json:
    account = row.credential
    return {
        "id": row.public_id,
        "provider": row.provider,
        "account": {"name": account.account_name, "email": account.account_email},
        "state": row.state,
        "problem": problems.in_words(row.problem, row.provider) or None,
        "scopes": sorted(account.granted_scopes),
        "missing_scopes": [scope.name for scope in missing_scopes(row)],
        "last_ok_at": utc_text(row.last_ok_at) if row.last_ok_at else None,
    }
