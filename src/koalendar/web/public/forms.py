"""What invitees fill in: the booking form, whose fields the event type decides, and a reason for a change."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from koalendar.booking import asking
from koalendar.booking.actions import Wish
from koalendar.booking.judging import LONGEST_ADDRESS, phone_number
from koalendar.booking.models import EventType
from koalendar.booking.rules import host_calls
from koalendar.web.public import places
from koalendar.web.public.reader import Reader

Question = Mapping[str, Any]


class Judged(forms.Field):
    """A field that leaves the judgement of what was sent to a function, which gives what is kept."""

    def __init__(self, judgement: Callable[[object], object], **options: Any) -> None:
        super().__init__(**options)
        self.judgement = judgement

    def clean(self, value: Any) -> Any:
        return self.judgement(self.to_python(value))


class JudgedText(Judged, forms.CharField):
    pass


class JudgedChoice(Judged, forms.ChoiceField):
    pass


class JudgedChoices(Judged, forms.MultipleChoiceField):
    pass


class JudgedTick(Judged, forms.BooleanField):
    pass


def _email_field(judgement: Callable[[object], object], **options: Any) -> JudgedText:
    attrs = {"type": "email", "autocomplete": "email", "inputmode": "email", "spellcheck": "false"}
    return JudgedText(judgement, max_length=LONGEST_ADDRESS, widget=forms.TextInput(attrs=attrs), **options)


def _phone_field(judgement: Callable[[object], object], **options: Any) -> JudgedText:
    return JudgedText(
        judgement,
        max_length=40,
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
        help_text=_("With country code, like +33 6 12 34 56 78"),
        **options,
    )


class GuestsField(forms.CharField):
    """Addresses one a line, or with commas between them."""

    def __init__(self) -> None:
        super().__init__(
            label=_("Guests"),
            required=False,
            max_length=3000,
            widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off", "inputmode": "email"}),
            help_text=_("One e-mail address on each line, at most %(n)d") % {"n": asking.MAX_GUESTS},
        )

    def clean(self, value: Any) -> list[str]:
        texts = [part.strip() for part in re.split(r"[\n\r,;]+", str(super().clean(value))) if part.strip()]
        try:
            return asking.guests(texts)
        except ValidationError as error:
            # One sentence for the whole field, not one for each address.
            raise ValidationError(error.messages[0], code="guests") from error


class BookingForm(forms.Form):
    """Name, address, place, the host's questions, guests. What the event type does not ask for is ignored."""

    def __init__(self, event_type: EventType, *, host: str, data: Any = None, initial: Any = None) -> None:
        super().__init__(data=data, initial=initial)
        self.event_type, self._host = event_type, host
        self.fields["name"] = JudgedText(
            asking.full_name,
            label=_("Name"),
            max_length=asking.LONGEST_NAME,
            widget=forms.TextInput(attrs={"autocomplete": "name"}),
        )
        self.fields["email"] = _email_field(
            asking.own_address,
            label=_("E-mail"),
            help_text=_("The link goes here") if self._may_be_online else _("The confirmation goes here"),
        )
        self._ask_where()
        for question in event_type.questions:
            self.fields[_name_of(question)] = _field_for(question)
        if event_type.guests_allowed:
            self.fields["guests"] = GuestsField()
        self._fill_in(initial or {})

    def judge_phone(self, value: object) -> str:
        return asking.own_phone(value)

    @property
    def _may_be_online(self) -> bool:
        return any(
            place.get("kind") in ("zoom", "google_meet", "link") for place in self.event_type.locations
        )

    def _ask_where(self) -> None:
        locations = self.event_type.locations
        if len(locations) > 1:
            self.fields["location"] = forms.ChoiceField(
                label=_("Where"),
                choices=[
                    (str(number), places.before_booking(place, self._host).text)
                    for number, place in enumerate(locations)
                ],
                widget=forms.RadioSelect,
                error_messages={"required": _("Choose where"), "invalid_choice": _("Choose where")},
            )
        if any(host_calls(place) for place in locations):
            only = len(locations) == 1
            self.fields["phone"] = _phone_field(
                self.judge_phone if only else phone_number,
                label=_("Phone") if only else _("Phone, if %(host)s calls you") % {"host": self._host},
                required=only,
            )

    def _fill_in(self, initial: Mapping[str, str]) -> None:
        """An address may fill in a question by its code."""
        for question in self.event_type.questions:
            if question["code"] in initial:
                self.initial[_name_of(question)] = initial[question["code"]]

    def main_fields(self) -> Iterator[forms.BoundField]:
        return (field for field in self if field.name != "guests")

    @property
    def guests_are_asked(self) -> bool:
        return "guests" in self.fields

    @property
    def guests_are_open(self) -> bool:
        return bool(self["guests"].value() or self["guests"].errors)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        where = self._location()
        if where is not None and host_calls(where) and "phone" not in self.errors:
            try:
                self.judge_phone(data["phone"])
            except ValidationError as error:
                self.add_error("phone", error)
        return data

    def _location(self) -> dict[str, Any] | None:
        locations = self.event_type.locations
        if len(locations) == 1:
            return dict(locations[0])
        chosen = self.cleaned_data.get("location", "")
        return dict(locations[int(chosen)]) if chosen else None

    def wish(self, *, start: datetime, duration: int, reader: Reader) -> Wish:
        """What is asked for; the form is valid."""
        data = self.cleaned_data
        return asking.wish_for(
            self.event_type,
            start=start,
            duration=duration,
            location={**(self._location() or {}), **({"number": data["phone"]} if data.get("phone") else {})},
            name=data["name"],
            email=data["email"],
            zone=reader.home_zone,
            locale=reader.locale,
            guests=data.get("guests"),
            answers={question["code"]: data[_name_of(question)] for question in self.event_type.questions},
        )


def _name_of(question: Question) -> str:
    """A name of its own, for a host may call a question "email"."""
    return f"answer-{question['code']}"


def _field_for(question: Question) -> forms.Field:
    kind, judgement = question["kind"], partial(asking.answer, question)
    shown: dict[str, Any] = {"label": question["label"], "required": bool(question.get("required"))}
    choices = [(choice, choice) for choice in question.get("choices", [])]
    if kind == "choice":
        return JudgedChoice(judgement, choices=choices, widget=forms.RadioSelect, **shown)
    if kind == "choices":
        return JudgedChoices(judgement, choices=choices, widget=forms.CheckboxSelectMultiple, **shown)
    if kind == "checkbox":
        return JudgedTick(judgement, **shown)
    if kind == "phone":
        return _phone_field(judgement, **shown)
    widget = forms.Textarea(attrs={"rows": 4}) if kind == "long_text" else forms.TextInput()
    return JudgedText(judgement, max_length=asking.longest(kind), widget=widget, **shown)


class ReasonForm(forms.Form):
    """Why a booking is changed; nobody has to say."""

    reason = forms.CharField(required=False, max_length=500, widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, *, label: str, data: Any = None) -> None:
        super().__init__(data=data)
        self.fields["reason"].label = label
        self.fields["reason"].error_messages["max_length"] = _("Reason must be 500 characters or fewer")
