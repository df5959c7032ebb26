"""Booking for somebody: the host picks a time from the picker that invitees have, and says for whom."""

import secrets
from dataclasses import replace
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from koalendar import clock
from koalendar.accounts.models import Host
from koalendar.booking import asking, looking, queries
from koalendar.booking.actions import Wish, book
from koalendar.booking.errors import BookingRefused
from koalendar.booking.judging import email_address, line, phone_number
from koalendar.booking.models import Booking, EventType
from koalendar.web.dashboard.booking_pages import where
from koalendar.web.dashboard.forms import zone_field
from koalendar.web.dashboard.frame import for_host, own_of
from koalendar.web.dashboard.wording import in_minutes
from koalendar.web.public.address import picker_part, read_address, read_slot
from koalendar.web.public.booking_page import form_again, host_name, once_of, refused
from koalendar.web.public.desk import Desk, SeeOther, look
from koalendar.web.public.forms import BookingForm, JudgedText
from koalendar.web.public.reader import Reader, reader_of


def _their_name(value: object) -> str:
    too_long = _("Name must be %(n)d characters or fewer") % {"n": asking.LONGEST_NAME}
    return line(value, most=asking.LONGEST_NAME, missing=_("Enter their name"), too_long=too_long)


def _their_address(value: object) -> str:
    return email_address(value, missing=_("Enter their e-mail address"))


class BookForForm(BookingForm):
    """What the host knows of the invitee. The questions of the event type need no answer."""

    def __init__(self, event_type: EventType, *, host: Host, data: Any = None) -> None:
        super().__init__(event_type, host=host.name, data=data)
        self.host = host
        self._ask_as_host("name", _their_name, label=_("Their name"), hint="")
        self._ask_as_host(
            "email", _their_address, label=_("Their e-mail address"), hint=_("The confirmation goes here.")
        )
        if "location" in self.fields:
            choices = [(str(at), where(place)) for at, place in enumerate(event_type.locations)]
            self.fields["location"] = forms.ChoiceField(
                label=_("Where"),
                choices=choices,
                widget=forms.RadioSelect,
                error_messages={"required": _("Choose where"), "invalid_choice": _("Choose where")},
            )
        self.fields["zone"] = zone_field(host.zone)
        self.fields["zone"].label = _("Their time zone")
        self.fields["zone"].help_text = _("Mails to them have times in it.")
        self.initial["zone"] = host.zone
        self.order_fields(["name", "email", "zone"])

    def _ask_as_host(self, name: str, judgement: Any, *, label: str, hint: str) -> None:
        field = self.fields[name]
        assert isinstance(field, JudgedText)
        field.judgement, field.label, field.help_text = judgement, label, hint
        # What the browser would fill in is the host's own.
        field.widget.attrs["autocomplete"] = "off"

    def judge_phone(self, value: object) -> str:
        return phone_number("" if value is None else value, missing=_("Enter their phone number"))

    def their_wish(self, *, start: datetime, duration: int, reader: Reader) -> Wish:
        """What is asked for, by the invitee's clock; the form is valid."""
        theirs = replace(reader, zone=self.cleaned_data["zone"], locale=self.host.locale)
        return self.wish(start=start, duration=duration, reader=theirs)


@require_GET
@for_host
def choose(request: HttpRequest, host: Host) -> HttpResponse:
    rows = [
        {
            "title": event_type.title,
            "url": reverse("booking-for", args=[event_type.public_id]),
            "lengths": ", ".join(in_minutes(length) for length in event_type.durations),
        }
        for event_type in queries.event_types_of(host).filter(active=True)
    ]
    return render(request, "dashboard/booking_for_choose.html", {"event_types": rows})


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@for_host
def book_for(request: HttpRequest, host: Host, public_id: str) -> HttpResponse:
    event_type = asking.at_will(own_of(queries.event_types_of(host), public_id=public_id, active=True))
    desk = _desk(request, host, event_type)
    if request.method == "POST":
        return _post(request, host, desk)

    def form_step(_start: datetime) -> dict[str, Any]:
        return {"form": BookForForm(event_type, host=host), "key": secrets.token_urlsafe(16)}

    return look(request, desk, form_step)


def _desk(request: HttpRequest, host: Host, event_type: EventType) -> Desk:
    """The picker in the host's own zone, as everywhere on his side."""
    reader = reader_of(request, default_zone=host.zone, now=clock.now(), knows_zone=True)
    asked = {name: text for name, text in reader.asked.items() if name != "tz"}
    reader = replace(reader, zone=host.zone, asked=asked, asked_unknown_zone=False)
    source = picker_part(request.POST) if request.method == "POST" else request.GET
    return Desk(
        event_type=event_type,
        host=host_name(event_type.profile),
        host_zone=host.zone,
        durations=event_type.durations,
        address=read_address(request.path, source, durations=event_type.durations, reader=reader),
        reader=reader,
        page="dashboard/booking_for.html",
        form="dashboard/_booking_for_form.html",
        by=Booking.By.HOST,
        frame={"zones_url": ""},
    )


def _post(request: HttpRequest, host: Host, desk: Desk) -> HttpResponse:
    start = read_slot(request.POST.get("slot", ""), None, desk.reader)
    if start is None:
        return SeeOther(request.path)
    form = BookForForm(desk.event_type, host=host, data=request.POST)
    if not form.is_valid():
        return form_again(request, desk, form, start, 422, {})
    wish = form.their_wish(start=start, duration=desk.address.duration, reader=desk.reader)
    once = once_of(request, wish, caller=f"host:{host.pk}:{desk.event_type.public_id}")
    now = desk.reader.now
    seen = looking.look(desk.event_type, start=wish.start, duration=wish.duration, now=now)
    try:
        booking = book(desk.event_type, wish, now=now, once=once, by=Booking.By.HOST, seen=seen)
    except BookingRefused as error:
        return refused(request, desk, form, start, error)
    messages.success(request, _("Booked: %(name)s gets a mail.") % {"name": booking.invitee_name})
    return SeeOther(reverse("dashboard-booking", args=[booking.uid]))
