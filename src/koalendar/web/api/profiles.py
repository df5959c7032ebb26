"""What the public pages show, for programs."""

from django.http import HttpRequest, HttpResponse
from ninja import Router

from koalendar.booking import queries
from koalendar.booking.models import Profile
from koalendar.web.api import shown
from koalendar.web.api.document import says
from koalendar.web.api.problems import not_found
from koalendar.web.api.shapes import OfferOfHost, ProfileShown, reply

router = Router(tags=["Booking"])
_FRESH = {"Cache-Control": "no-cache"}


@router.get("/{slug}", response=says(ProfileShown, 404), summary="Read a public page")
def profile(request: HttpRequest, slug: str) -> HttpResponse:  # noqa: ARG001  The framework's argument.
    """The host and what he offers openly. A former address leads to the present one."""
    return reply(ProfileShown, shown.profile(_open(slug)), headers=_FRESH)


@router.get("/{slug}/{event_type_slug}", response=says(OfferOfHost, 404), summary="Read a booking page")
def offer(request: HttpRequest, slug: str, event_type_slug: str) -> HttpResponse:  # noqa: ARG001
    """One event type; also a hidden one, for whoever knows its address."""
    row = _open(slug)
    event_type = queries.bookable_event_type(row, event_type_slug)
    if event_type is None:
        raise not_found()
    told = shown.offer(event_type, row) | {"host": shown.whose(row)}
    return reply(OfferOfHost, told, headers=_FRESH)


def _open(slug: str) -> Profile:
    row = queries.profile_for(slug)
    if row is None:
        raise not_found()
    return row
