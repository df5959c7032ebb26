"""The forms of setting up: small ones, each with what a step asks and no more."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from koalendar.accounts.models import Host
from koalendar.booking import first_steps, rules
from koalendar.booking.judging import LONGEST_LINK
from koalendar.booking.setting_up import free_slug, judge_slug
from koalendar.web.dashboard.forms import address_field, address_hint, field_errors, zone_field
from koalendar.web.dashboard.hours import Range, weekdays

PLACE_DETAILS = ("number", "address", "url")


class YouForm(forms.Form):
    """Who the host is to others. `proposal` is a free address, where the one that was typed cannot be."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=80,
        help_text=gettext_lazy("As invitees see it."),
        error_messages={"required": gettext_lazy("Enter your name")},
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    slug = address_field(error_messages={"required": gettext_lazy("Enter an address")})
    zone = forms.ChoiceField(label=gettext_lazy("Time zone"))

    def __init__(self, host: Host, data: QueryDict | None = None) -> None:
        self.host, self.proposal = host, ""
        initial = {"name": host.name, "slug": host.profile.slug, "zone": host.zone}
        super().__init__(data, initial=initial)
        self.fields["slug"].help_text = address_hint(host.profile.slug)
        self.fields["slug"].widget.attrs.update(
            {
                "hx-get": reverse("setup-address"),
                "hx-trigger": "input changed delay:300ms",
                "hx-target": "#address-check",
                "hx-sync": "this:replace",
            }
        )
        self.fields["zone"] = zone_field(host.zone)
        if data is None and host.zone == "UTC":  # As stored where the browser could not be asked.
            self.fields["zone"].widget.attrs["data-zone"] = ""

    def clean_slug(self) -> str:
        slug = str(self.cleaned_data["slug"]).strip().lower()
        try:
            judge_slug(slug, profile=self.host.profile)
        except ValidationError:
            self.proposal = free_slug(slug, self.cleaned_data.get("name", ""), self.host.email)
            raise
        return slug


class HoursForm(forms.Form):
    """The same hours on some days of the week."""

    days = forms.MultipleChoiceField(
        label=gettext_lazy("Days"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Choose at least one day")},
    )
    start = forms.CharField(
        label=gettext_lazy("From"),
        error_messages={"required": gettext_lazy("Enter times like 09:00")},
        widget=forms.TimeInput(attrs={"type": "time", "step": 300}),
    )
    end = forms.CharField(
        label=gettext_lazy("To"),
        error_messages={"required": gettext_lazy("Enter times like 09:00")},
        widget=forms.TimeInput(attrs={"type": "time", "step": 300}),
    )

    def __init__(self, data: QueryDict | None = None, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        days = self.fields["days"]
        assert isinstance(days, forms.MultipleChoiceField)
        days.choices = weekdays()

    def weekly(self) -> dict[str, list[list[str]]]:
        span = Range(self.cleaned_data["start"], self.cleaned_data["end"]).as_data()
        return {day: [span] for day in self.cleaned_data["days"]}


class PlaceForm(forms.Form):
    """One place. The radio is called `places` as in the editor, so that the same script shows its details."""

    places = forms.ChoiceField(
        label=gettext_lazy("Choose a place"),
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose where it happens")},
    )
    number = forms.CharField(
        label=gettext_lazy("Your number"), max_length=rules.LONGEST_NUMBER, required=False
    )
    address = forms.CharField(
        label=gettext_lazy("Place"),
        max_length=rules.LONGEST_PLACE,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    url = forms.CharField(label=gettext_lazy("Link"), max_length=LONGEST_LINK, required=False)

    def __init__(
        self, data: QueryDict | None = None, *, with_zoom: bool, with_meet: bool, **kwargs: Any
    ) -> None:
        super().__init__(data, **kwargs)
        field = self.fields["places"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [
            *([("zoom", _("Zoom: each booking gets a meeting of its own"))] if with_zoom else []),
            *([("google_meet", _("Google Meet: each booking gets a room of its own"))] if with_meet else []),
            ("phone", _("Phone: you call the invitee, who is asked for a number")),
            ("call_me", _("Phone: the invitee calls you")),
            ("in_person", _("In person")),
            ("link", _("A link of your own")),
        ]

    def clean(self) -> dict[str, Any]:
        if "places" in self.cleaned_data and not self.errors:
            try:
                rules.location(self.place())
            except ValidationError as error:
                for path, texts in field_errors(error).items():
                    self.add_error(path if path in PLACE_DETAILS else "places", texts)
        return self.cleaned_data

    def place(self) -> dict[str, Any]:
        data = self.cleaned_data
        kinds: dict[str, dict[str, Any]] = {
            "zoom": {"kind": "zoom", "connection": None},
            "google_meet": {"kind": "google_meet"},
            "phone": dict(first_steps.HOST_CALLS),
            "call_me": {"kind": "phone", "who_calls": "invitee", "number": data.get("number", "")},
            "in_person": {"kind": "in_person", "address": data.get("address", "")},
            "link": {"kind": "link", "url": data.get("url", "")},
        }
        return kinds[data["places"]]
