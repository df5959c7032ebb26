"""Pages with a picker: which step they are at, and what is sent back, whole or in part."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property, partial
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from koalendar.booking.models import Appointment, Booking, EventType
from koalendar.scheduling.zones import Place, search_zones, to_minutes, zone_names
from koalendar.web.limits import seconds_to_wait
from koalendar.web.public import places
from koalendar.web.public.address import Address
from koalendar.web.public.offer import Offer
from koalendar.web.public.picker import Choice, Picker, picker_of
from koalendar.web.public.reader import CLOCK_COOKIE, ZONE_COOKIE, Reader

_YEAR = 365 * 86400
_ALTERNATIVES = 3


class SeeOther(HttpResponseRedirect):
    """After a POST: look there, by GET (RFC 9110, section 15.4.4)."""

    status_code = 303


@dataclass(frozen=True)
class Desk:
    """One page with a picker: a booking page, or the rescheduling of `moving`; `by` says who books.

    `page` is the template of the whole page, `frame` what it needs besides, and `form` the partial of the
    second step.
    """

    event_type: EventType
    host: str
    host_zone: str
    durations: Sequence[int]
    address: Address
    reader: Reader
    page: str
    form: str
    moving: Appointment | None = None
    by: Booking.By = Booking.By.INVITEE
    frame: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def offer(self) -> Offer:
        return Offer(
            self.event_type,
            duration=self.address.duration,
            rules=self.reader.rules,
            now=self.reader.now,
            without=self.moving,
            by=self.by,
        )

    @cached_property
    def picker(self) -> Picker:
        return picker_of(
            self.address,
            self.reader,
            self.offer,
            host=self.host,
            whose=self.event_type.profile,
            durations=self.durations,
            moving=self.moving.start if self.moving else None,
        )

    def facts(self) -> dict[str, Any]:
        """What the information beside the picker shows, and the frame around it."""
        locations = [self.moving.location] if self.moving else self.event_type.locations
        return {
            "event_type": self.event_type,
            "title": self.event_type.title,
            "host": self.host,
            "length": _("%(n)d min") % {"n": self.address.duration},
            "places": [places.before_booking(location, self.host) for location in locations],
            "reader": self.reader,
            "zones_url": self.address.again(self.reader, zones="1"),
            "zone_to_detect": "" if self.reader.knows_zone else self.reader.zone,
            "form_template": self.form,
            "address": self.address,
            "moving": self.moving,
            **self.frame,
        }

    def at(self, start: datetime) -> dict[str, Any]:
        """What the second step shows of the chosen time."""
        end = start + timedelta(minutes=self.address.duration)
        return {
            "start": start,
            "slot": self.reader.local(start).isoformat(timespec="minutes"),
            "chosen": self.reader.when(start, end),
            "chosen_short": self.reader.day_and_time(start),
            "for_you": self.reader.for_you(start, end),
            "for_host": self.reader.elsewhere(start, end, self.host_zone),
            "change_url": self.address.to_day(self.reader.local(start).date()),
        }

    def instead_of(self, start: datetime) -> list[tuple[str, str]]:
        """Slots to press instead of `start`, each with its words: "09:30", "Friday 4 December, 10:00"."""
        day = self.reader.local(start).date()
        return [
            (
                self.reader.local(other).isoformat(timespec="minutes"),
                self.reader.time(other)
                if self.reader.local(other).date() == day
                else self.reader.day_and_time(other),
            )
            for other in self.offer.near(start, many=_ALTERNATIVES)
        ]


def look(request: HttpRequest, desk: Desk, second_step: Callable[[datetime], dict[str, Any]]) -> HttpResponse:
    """Answer a GET: the picker, or the second step once a slot is chosen that is open; writes nothing.

    `second_step` gives what that step shows besides the chosen time.
    """
    wait = seconds_to_wait(request, "slots", settings.KOALENDAR_RATE_SLOTS, cache="memory")
    if wait:
        return _too_often(request, desk, wait)
    if "keep" in request.GET:
        return _keep(request, desk)
    if "zones" in request.GET and not desk.reader.is_locked:
        return _choose_zone(request, desk)
    slot = desk.address.slot
    if slot is not None and desk.offer.is_open(slot):
        context = desk.facts() | desk.at(slot) | second_step(slot)
        return answer(request, desk, context)
    is_gone = slot is not None and desk.offer.is_readable
    notice = _("That time is not free any more. Choose another one.") if is_gone else ""
    response = answer(request, desk, desk.facts() | {"picker": desk.picker, "notice": notice})
    if request.headers.get("HX-Request"):
        response.headers["HX-Replace-Url"] = desk.picker.here
    return response


def answer(request: HttpRequest, desk: Desk, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    """The page, or of it what htmx asked for."""
    template = desk.page
    if request.headers.get("HX-Request"):
        template = "public/_swap.html"
        to_picker = request.headers.get("HX-Target") == "picker" and "picker" in context
        context = context | {
            "part": "public/_picker.html" if to_picker else "public/_card.html",
            "say": _said(request, context.get("picker"), desk.reader),
        }
    response = unstored(render(request, template, context, status=status))
    if request.GET:
        # One address of each booking page is enough for a search engine.
        response.headers["X-Robots-Tag"] = "noindex"
    return response


def unstored(response: HttpResponse) -> HttpResponse:
    """Says to ask us each time before it is shown again, and to keep apart what different readers get."""
    response.headers["Cache-Control"] = "private, no-cache"
    patch_vary_headers(response, ["HX-Request", "HX-Target", "Cookie"])
    return response


def _said(request: HttpRequest, picker: Picker | None, reader: Reader) -> str:
    """One sentence about what has just changed, by the id of what was pressed."""
    pressed = request.headers.get("HX-Trigger", "")
    if picker is None:
        return ""
    if pressed in ("previous", "following"):
        return picker.month_in_words
    if pressed.startswith("clock"):
        return (
            _("Times are now on the 12-hour clock.")
            if reader.twelve_hours
            else _("Times are now on the 24-hour clock.")
        )
    # The script that fetches the reader's own zone presses nothing.
    if not pressed or pressed.startswith("zone-"):
        return _("Times are now in %(zone)s.") % {"zone": reader.zone_label}
    return picker.day_in_words


def _keep(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Zone and clock as pressed, for the next visit too."""
    here = desk.address.again(desk.reader)
    if request.headers.get("HX-Request"):
        response = answer(request, desk, desk.facts() | {"picker": desk.picker})
        response.headers["HX-Replace-Url"] = here
    else:
        response = unstored(HttpResponseRedirect(here))
    kept = {ZONE_COOKIE: desk.reader.zone if "tz" in request.GET else "", CLOCK_COOKIE: desk.reader.clock}
    for name, text in kept.items():
        if text and request.COOKIES.get(name) != text:
            # zone.js writes the same cookie, so scripts may; it holds a name and nothing else.
            response.set_cookie(
                name, text, max_age=_YEAR, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE
            )
    return response


def _choose_zone(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The search in place; without script a page with every zone."""
    target = request.headers.get("HX-Target", "")
    reader, address = desk.reader, desk.address
    text = request.GET.get("q", "").strip()[:80]
    found = [
        Choice(_with_time(place, reader), address.again(reader, tz=place.zone, keep="1"))
        for place in search_zones(
            text,
            now=to_minutes(reader.now.replace(second=0, microsecond=0)),
            said=None if reader.reads_english else partial(_said_there, reader=reader),
        )
    ]
    context = desk.facts() | {
        "query": text,
        "found": found,
        "search_url": desk.address.again(reader, zones="1"),
        "back_url": desk.address.again(reader),
    }
    if target == "zone-results":
        say = ngettext("%(n)d zone found", "%(n)d zones found", len(found)) % {"n": len(found)}
        return unstored(
            render(request, "public/_swap.html", context | {"part": "public/_zone_results.html", "say": say})
        )
    if target == "zone":
        return unstored(render(request, "public/_zone_search.html", context))
    # Pairs, since a template would take a parameter called "items" for the dictionary's own method.
    context["carried"] = list({**address.carried, **address.shown(reader)}.items())
    context["zones"] = zone_names()
    return unstored(render(request, "public/zones.html", context))


def _with_time(place: Place, reader: Reader) -> str:
    """ "Kathmandu, Nepal, 18:17"."""
    names = (place.city, place.country) if reader.reads_english else reader.place_name(place)
    time = replace(reader, zone=place.zone).time(reader.now)
    return reader.comma.join(part for part in (*names, time) if part)


def _said_there(place: Place, *, reader: Reader) -> str:
    return " ".join(reader.place_name(place))


def _too_often(request: HttpRequest, desk: Desk, wait: int) -> HttpResponse:
    """The page without times, and when to come back."""
    words = ngettext(
        "Too many looks from this connection. Try again in %(n)d second.",
        "Too many looks from this connection. Try again in %(n)d seconds.",
        wait,
    ) % {"n": wait}
    context = desk.facts() | {"too_often": words, "again_url": desk.address.again(desk.reader)}
    response = answer(request, desk, context, status=429)
    response.headers["Retry-After"] = str(wait)
    return response
