"""Event types: what can be booked, and which starts are open."""

import hashlib
import json
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext as _
from ninja import Router
from ninja.params.functions import Query

from koalendar import clock
from koalendar.booking import queries
from koalendar.booking.models import EventType
from koalendar.booking.openings import MAX_DAYS, open_minutes
from koalendar.booking.revising import change_event_type, delete_event_type
from koalendar.booking.setting_up import add_event_type
from koalendar.scheduling.zones import canonical_zone, load_zone, local_texts
from koalendar.web.api import paging, problems, shown
from koalendar.web.api.callers import ALL, READ, host_of
from koalendar.web.api.document import says
from koalendar.web.api.hosts import CURSOR, LIMIT
from koalendar.web.api.limits import within
from koalendar.web.api.once import once_only
from koalendar.web.api.problems import not_found
from koalendar.web.api.shapes import (
    Day,
    EventTypeAsked,
    EventTypeChanged,
    EventTypeList,
    EventTypeShown,
    Shape,
    Slots,
    reply,
)

router = Router(tags=["Event types"])


@router.get("", auth=READ, response=says(EventTypeList, 401, 403, 422), summary="List event types")
def index(request: HttpRequest, cursor: str = CURSOR, limit: int = LIMIT) -> HttpResponse:
    """The host's event types, oldest first; inactive and hidden ones too."""
    host = host_of(request)
    rows = queries.event_types_of(host).prefetch_related("event_type_hosts__schedule")
    found, next_cursor = paging.page(rows, cursor=cursor, limit=limit)
    items = [shown.event_type(row, host) for row in found]
    return reply(EventTypeList, {"items": items, "next_cursor": next_cursor})


@router.post(
    "", auth=ALL, response=says(EventTypeShown, 401, 403, 422, status=201), summary="Add an event type"
)
@once_only
def add(request: HttpRequest, asked: EventTypeAsked) -> HttpResponse:
    """Only a title is needed; everything else has a default."""
    host = host_of(request)
    row = add_event_type(host, **_fields(request, asked))
    return reply(EventTypeShown, shown.event_type(row, host), status=201)


@router.get("/{id}", auth=READ, response=says(EventTypeShown, 401, 403, 404), summary="Read an event type")
def read(request: HttpRequest, id: str) -> HttpResponse:  # noqa: A002
    """One event type."""
    return reply(EventTypeShown, shown.event_type(_own(request, id), host_of(request)))


@router.patch(
    "/{id}", auth=ALL, response=says(EventTypeShown, 401, 403, 404, 422), summary="Change an event type"
)
def change(request: HttpRequest, id: str, asked: EventTypeChanged) -> HttpResponse:  # type: ignore[valid-type]  # noqa: A002
    """What is booked already stays as it was agreed."""
    row = change_event_type(_own(request, id), revision=None, **_fields(request, asked))
    return reply(EventTypeShown, shown.event_type(row, host_of(request)))


@router.delete(
    "/{id}", auth=ALL, response=says(None, 401, 403, 404, 409, status=204), summary="Delete an event type"
)
def delete(request: HttpRequest, id: str) -> HttpResponse:  # noqa: A002
    """One that was ever booked stays, with its history: 409 `in_use`. Set `active` to false instead."""
    delete_event_type(_own(request, id))
    return HttpResponse(status=204)


def _own(request: HttpRequest, public_id: str) -> EventType:
    row = queries.event_types_of(host_of(request)).filter(public_id=public_id).first()
    if row is None:
        raise not_found()
    return row


def _fields(request: HttpRequest, asked: Shape) -> dict[str, Any]:
    """What was sent, as the action takes it."""
    fields = asked.model_dump(exclude_unset=True)
    if "schedule" in fields:
        fields["schedule"] = _schedule(request, fields["schedule"])
    if "redirect_url" in fields:
        fields["redirect_url"] = fields["redirect_url"] or ""
    if fields.get("slug", "") is None:
        del fields["slug"]
    return fields


def _schedule(request: HttpRequest, public_id: str | None) -> Any:
    if public_id is None:
        return None
    row = queries.schedules_of(host_of(request)).filter(public_id=public_id).first()
    if row is None:
        raise problems.wrong("schedule", "unknown", _("You have no schedule of this id."))
    return row


# ── Slots ──

_FIRST = Query(..., description="The first date, in `timezone`.")
_LAST = Query(..., description=f"The last date; at most {MAX_DAYS} days in all.")
_ZONE = Query("", description="IANA name like Europe/Paris; the host's if it is left out.")
_DURATION = Query(None, description="Minutes; the first of the event type if it is left out.")


@router.get(
    "/{id}/slots",
    response=says(Slots, 304, 404, 422, 429),
    tags=["Booking"],
    summary="List open starts",
)
def slots(
    request: HttpRequest,
    id: str,  # noqa: A002
    start: Day = _FIRST,
    end: Day = _LAST,
    timezone: str = _ZONE,
    duration: int | None = _DURATION,
) -> HttpResponse:
    """Exactly the starts that a booking would be accepted for at this moment. Days without one are left
    out. Send the `ETag` back as `If-None-Match`, and an answer that is the same costs nothing: 304."""
    allowance = within(request, "slots", settings.KOALENDAR_RATE_SLOTS, cache="memory")
    seats = queries.seats_by_id(id)
    if not seats:
        raise not_found()
    event_type = seats[0].event_type
    zone = _zone(event_type, timezone)
    minutes = _duration(event_type, duration)
    _judge_days(start, end)
    found = open_minutes(
        event_type, duration=minutes, first=start, last=end, zone=zone, now=clock.now(), seats=seats
    )
    body = json.dumps({"timezone": zone, "duration": minutes, "days": _days(found, zone)})
    etag = f'"{hashlib.sha256(body.encode()).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": "no-cache", **allowance}
    response = HttpResponse(body, content_type="application/json", headers=headers)
    return get_conditional_response(request, etag, None, response) or response


def _zone(event_type: EventType, asked: str) -> str:
    host = event_type.profile.host
    zone = canonical_zone(asked) if asked else (host.zone if host is not None else "UTC")
    if zone is None:
        raise problems.wrong("timezone", "unknown", _("Give an IANA name like Europe/Paris."))
    return zone


def _duration(event_type: EventType, asked: int | None) -> int:
    if asked is None:
        return int(event_type.durations[0])
    if asked not in event_type.durations:
        offered = ", ".join(str(minutes) for minutes in event_type.durations)
        raise problems.wrong(
            "duration", "not_offered", _("Choose one of %(offered)s.") % {"offered": offered}
        )
    return asked


def _judge_days(first: date, last: date) -> None:
    if last < first:
        raise problems.wrong("end", "before_start", _("Give an end that is not before the start."))
    if last - first >= timedelta(days=MAX_DAYS):
        raise problems.wrong("end", "too_far", _("Ask for %(n)d days at most.") % {"n": MAX_DAYS})


def _days(starts: list[int], zone: str) -> list[dict[str, Any]]:
    """All starts are written at once and then parted by the date that they say."""
    days: dict[str, list[str]] = {}
    for text in local_texts(starts, load_zone(zone)):
        days.setdefault(text[:10], []).append(text)
    return [{"date": day, "slots": texts} for day, texts in days.items()]
