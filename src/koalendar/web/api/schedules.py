"""Schedules: when a host works."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from ninja import Router

from koalendar.booking import queries
from koalendar.booking.models import Schedule
from koalendar.booking.revising import change_schedule, delete_schedule
from koalendar.booking.setting_up import add_schedule
from koalendar.web.api import paging, shown
from koalendar.web.api.callers import ALL, READ, host_of
from koalendar.web.api.document import says
from koalendar.web.api.hosts import CURSOR, LIMIT
from koalendar.web.api.once import once_only
from koalendar.web.api.problems import not_found
from koalendar.web.api.shapes import ScheduleAsked, ScheduleChanged, ScheduleList, ScheduleShown, Shape, reply

router = Router(tags=["Schedules"])


@router.get("", auth=READ, response=says(ScheduleList, 401, 403, 422), summary="List schedules")
def index(request: HttpRequest, cursor: str = CURSOR, limit: int = LIMIT) -> HttpResponse:
    """The host's schedules, oldest first."""
    rows, next_cursor = paging.page(queries.schedules_of(host_of(request)), cursor=cursor, limit=limit)
    return reply(ScheduleList, {"items": [shown.schedule(row) for row in rows], "next_cursor": next_cursor})


@router.post("", auth=ALL, response=says(ScheduleShown, 401, 403, 422, status=201), summary="Add a schedule")
@once_only
def add(request: HttpRequest, asked: ScheduleAsked) -> HttpResponse:
    """Times are local to `timezone`, whatever its clocks do; `24:00` is the end of the day."""
    with _named_as_asked():
        return _shown(add_schedule(host_of(request), **_fields(asked)), status=201)


@router.get("/{id}", auth=READ, response=says(ScheduleShown, 401, 403, 404), summary="Read a schedule")
def read(request: HttpRequest, id: str) -> HttpResponse:  # noqa: A002
    """One schedule."""
    return _shown(_own(request, id))


@router.patch(
    "/{id}", auth=ALL, response=says(ScheduleShown, 401, 403, 404, 422), summary="Change a schedule"
)
def change(request: HttpRequest, id: str, asked: ScheduleChanged) -> HttpResponse:  # type: ignore[valid-type]  # noqa: A002
    """Bookings that lie outside the new hours stay as they are."""
    with _named_as_asked():
        return _shown(change_schedule(_own(request, id), **_fields(asked)))


@router.delete(
    "/{id}", auth=ALL, response=says(None, 401, 403, 404, 409, status=204), summary="Delete a schedule"
)
def delete(request: HttpRequest, id: str) -> HttpResponse:  # noqa: A002
    """One that event types use, or the only one, stays: 409 `in_use`."""
    delete_schedule(_own(request, id))
    return HttpResponse(status=204)


def _own(request: HttpRequest, public_id: str) -> Schedule:
    row = queries.schedules_of(host_of(request)).filter(public_id=public_id).first()
    if row is None:
        raise not_found()
    return row


@contextmanager
def _named_as_asked() -> Iterator[None]:
    """What is wrong with the zone is wrong with `timezone`."""
    try:
        yield
    except ValidationError as error:
        named = {"timezone" if name == "zone" else name: rows for name, rows in error.error_dict.items()}
        raise ValidationError(named) from error


def _fields(asked: Shape) -> dict[str, Any]:
    fields = asked.model_dump(exclude_unset=True)
    if "timezone" in fields:
        fields["zone"] = fields.pop("timezone")
    return {"weekly": {}, "overrides": {}, **fields} if isinstance(asked, ScheduleAsked) else fields


def _shown(row: Schedule, *, status: int = 200) -> HttpResponse:
    return reply(ScheduleShown, shown.schedule(row), status=status)
