"""Ways to hand out an event type: its link, a link that is filled in for somebody, and a QR code."""

from typing import Any
from urllib.parse import urlencode

import qrcode
from django import forms
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as now_
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET
from qrcode.image.svg import SvgPathFillImage

from koalendar.accounts.models import Host
from koalendar.booking import queries
from koalendar.booking.models import EventType
from koalendar.booking.rules import host_calls
from koalendar.web.dashboard.event_types import address_of
from koalendar.web.dashboard.frame import for_host, own_of
from koalendar.web.dashboard.wording import in_minutes
from koalendar.web.public.address import LONGEST_CARRIED


class FilledInForm(forms.Form):
    """What a link shall say already. Nothing is judged: the invitee sees it, and can change it."""

    prefix = "fill"

    def __init__(self, event_type: EventType, data: QueryDict | None) -> None:
        super().__init__(data)
        # A question may have the name of a field; the booking page fills both from the same name.
        self._ask("name", forms.CharField(label=_("Name"), max_length=200))
        self._ask("email", forms.CharField(label=_("E-mail"), max_length=320))
        if len(event_type.durations) > 1:
            lengths = [(str(minutes), in_minutes(minutes)) for minutes in event_type.durations]
            self._ask("duration", _choice(now_("Length"), lengths))
        if any(host_calls(place) for place in event_type.locations):
            self._ask("phone", forms.CharField(label=_("Phone"), max_length=40))
        for question in event_type.questions:
            self._ask(question["code"], _field_for(question))
        if event_type.guests_allowed:
            hint = _("E-mail addresses with commas between them")
            self._ask("guests", forms.CharField(label=_("Guests"), max_length=1000, help_text=hint))

    def _ask(self, name: str, field: forms.Field) -> None:
        field.required = False
        self.fields.setdefault(name, field)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if sum(len(name) + len(str(text)) for name, text in data.items()) > LONGEST_CARRIED:
            raise forms.ValidationError(now_("This is too much for a link. Leave out the longest answers."))
        return data

    def query(self) -> str:
        """What the valid form adds to the address."""
        return urlencode({name: text for name, text in self.cleaned_data.items() if text})


def _field_for(question: dict[str, Any]) -> forms.Field:
    label, kind = question["label"], question["kind"]
    if kind in ("choice", "choices"):
        return _choice(label, [(choice, choice) for choice in question["choices"]])
    if kind == "checkbox":
        return _choice(label, [("1", now_("Ticked"))])
    return forms.CharField(label=label, max_length=LONGEST_CARRIED)


def _choice(label: str, choices: list[tuple[str, str]]) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=[("", now_("Left to the invitee")), *choices])


@require_GET
@for_host
def share(request: HttpRequest, host: Host, public_id: str) -> HttpResponse:
    event_type = own_of(queries.event_types_of(host), public_id=public_id)
    address = address_of(event_type)
    is_asked = any(name.startswith("fill-") for name in request.GET)
    form = FilledInForm(event_type, request.GET if is_asked else None)
    is_filled = is_asked and form.is_valid()
    query = form.query() if is_filled else ""
    context = {
        "event_type": event_type,
        "address": address,
        "form": form,
        "filled": f"{address}?{query}" if query else "",
        "is_empty": is_filled and not query,
    }
    return render(request, "dashboard/event_type_share.html", context, status=422 if form.errors else 200)


@require_GET
@for_host
def qr_code(request: HttpRequest, host: Host, public_id: str) -> HttpResponse:
    """The link as a picture for paper; `?download` offers it as a file."""
    event_type = own_of(queries.event_types_of(host), public_id=public_id)
    picture = qrcode.make(address_of(event_type), image_factory=SvgPathFillImage)
    response = HttpResponse(picture.to_string(), content_type="image/svg+xml")
    if "download" in request.GET:
        response.headers["Content-Disposition"] = f'attachment; filename="{event_type.slug}.svg"'
    return response
