"""What invitees fill in: the booking form, whose fields the event type decides, and a reason for a change."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.encoding import punycode
from django.utils.translation import gettext as _

from koalendar.booking.actions import Invitee, Wish
from koalendar.booking.models import EventType
from koalendar.web.public import places
from koalendar.web.public.reader import Reader

MAX_GUESTS = 10
_LONGEST_ADDRESS = 254  # As the booking stores it, and as RFC 5321 lets it stand in a mail's envelope.
_LONGEST = {"short_text": 200, "long_text": 2000}
# What people write between the digits of a phone number is theirs to choose.
_PHONE = re.compile(r"[+(]?[0-9][0-9 ()./-]{3,28}")
# The dot-atom of RFC 5322, section 3.2.3.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL_PART = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")

Question = Mapping[str, Any]


def _no_control_characters(text: str) -> None:
    if any(unicodedata.category(char) in ("Cc", "Zl", "Zp") for char in text):
        raise ValidationError(_("Use letters, digits and punctuation on one line"), code="control")


def _email(text: str) -> str:
    """The address as mail servers take it, or a ValidationError that names the likely slip."""
    if (address := _mailable(text)) is not None:
        return address
    mended = _mailable(re.sub(r"\s+", "", text).replace(",", "."))
    if mended is None:
        raise ValidationError(_("Enter an e-mail address like ina@example.com"), code="email")
    raise ValidationError(_("Did you mean %(address)s?") % {"address": mended}, code="email_slip")


def _mailable(text: str) -> str | None:
    """The address in lower case, an international domain in its ASCII form; None if no mail could go there.

    RFC 5322 allows more than is let through: quotes around anything, even control characters, which cannot
    be written into a header. Beyond ASCII the part before the @ needs servers that speak RFC 6531.
    """
    local, _at, domain = text.rpartition("@")
    if not _LOCAL_PART.fullmatch(local):
        return None
    try:
        address = f"{local}@{punycode(domain)}".lower()
        validate_email(address)
        Address(addr_spec=address)
    except (ValidationError, ValueError, MessageError):
        return None
    return address if len(address) <= _LONGEST_ADDRESS else None


class EmailField(forms.CharField):
    """Unlike Django's own it says what it thinks was meant."""

    def clean(self, value: Any) -> str:
        text = str(super().clean(value))
        return _email(text) if text else ""


class PhoneField(forms.CharField):
    def __init__(self, **options: Any) -> None:
        super().__init__(
            max_length=40,
            widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
            help_text=_("With country code, like +33 6 12 34 56 78"),
            **options,
        )

    def clean(self, value: Any) -> str:
        text = str(super().clean(value))
        if text and not _PHONE.fullmatch(text):
            raise ValidationError(_("Enter a phone number like +33 6 12 34 56 78"), code="phone")
        return text


class GuestsField(forms.CharField):
    """Addresses one a line, or with commas between them."""

    def __init__(self) -> None:
        super().__init__(
            label=_("Guests"),
            required=False,
            max_length=3000,
            widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off", "inputmode": "email"}),
            help_text=_("One e-mail address on each line, at most %(n)d") % {"n": MAX_GUESTS},
        )

    def clean(self, value: Any) -> list[str]:
        texts = [part.strip() for part in re.split(r"[\n\r,;]+", str(super().clean(value))) if part.strip()]
        guests = list(dict.fromkeys(_email(text) for text in texts))
        if len(guests) > MAX_GUESTS:
            raise ValidationError(_("Guests must be %(n)d or fewer") % {"n": MAX_GUESTS}, code="guests")
        return guests


class BookingForm(forms.Form):
    """Name, address, place, the host's questions, guests. What the event type does not ask for is ignored."""

    def __init__(self, event_type: EventType, *, host: str, data: Any = None, initial: Any = None) -> None:
        super().__init__(data=data, initial=initial)
        self.event_type, self._host = event_type, host
        self.fields["name"] = forms.CharField(
            label=_("Name"),
            max_length=120,
            validators=[_no_control_characters],
            widget=forms.TextInput(attrs={"autocomplete": "name"}),
            error_messages={
                "required": _("Enter your name"),
                "max_length": _("Name must be 120 characters or fewer"),
            },
        )
        self.fields["email"] = EmailField(
            label=_("E-mail"),
            max_length=_LONGEST_ADDRESS,
            widget=forms.TextInput(
                attrs={"type": "email", "autocomplete": "email", "inputmode": "email", "spellcheck": "false"}
            ),
            help_text=_("The link goes here") if self._may_be_online else _("The confirmation goes here"),
            error_messages={
                "required": _("Enter your e-mail address"),
                "max_length": _("E-mail address must be %(n)d characters or fewer") % {"n": _LONGEST_ADDRESS},
            },
        )
        self._ask_where()
        for question in event_type.questions:
            self.fields[_name_of(question)] = _field_for(question)
        if event_type.guests_allowed:
            self.fields["guests"] = GuestsField()
        self._fill_in(initial or {})

    @property
    def _may_be_online(self) -> bool:
        return any(place.get("kind") in ("zoom", "link") for place in self.event_type.locations)

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
        if any(places.host_calls(place) for place in locations):
            only = len(locations) == 1
            self.fields["phone"] = PhoneField(
                label=_("Phone") if only else _("Phone, if %(host)s calls you") % {"host": self._host},
                required=only,
                error_messages={"required": _("Enter your phone number")},
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
        if (
            where is not None
            and places.host_calls(where)
            and not data.get("phone")
            and "phone" not in self.errors
        ):
            self.add_error("phone", _("Enter your phone number"))
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
        location = self._location() or {}
        answers = {
            question["code"]: data[_name_of(question)]
            for question in self.event_type.questions
            if data[_name_of(question)] not in ("", [])
        }
        if places.host_calls(location):
            location["number"] = data["phone"]
        guests = [guest for guest in data.get("guests", []) if guest != data["email"]]
        return Wish(
            start=start,
            duration=duration,
            invitee=Invitee(data["name"], data["email"], reader.zone, reader.locale),
            location=location,
            answers=answers,
            guests=guests,
        )


def _name_of(question: Question) -> str:
    """A name of its own, for a host may call a question "email"."""
    return f"answer-{question['code']}"


def _field_for(question: Question) -> forms.Field:
    label, kind, required = question["label"], question["kind"], bool(question.get("required"))
    choices = [(choice, choice) for choice in question.get("choices", [])]
    unanswered = {"required": _("Answer “%(question)s”") % {"question": label}}
    unchosen = {
        name: _("Choose an answer to “%(question)s”") % {"question": label}
        for name in ("required", "invalid_choice", "invalid_list")
    }
    if kind == "choice":
        return forms.ChoiceField(
            label=label, required=required, choices=choices, widget=forms.RadioSelect, error_messages=unchosen
        )
    if kind == "choices":
        return forms.MultipleChoiceField(
            label=label,
            required=required,
            choices=choices,
            widget=forms.CheckboxSelectMultiple,
            error_messages=unchosen,
        )
    if kind == "checkbox":
        return forms.BooleanField(
            label=label,
            required=required,
            error_messages={"required": _("Tick “%(question)s”") % {"question": label}},
        )
    if kind == "phone":
        return PhoneField(label=label, required=required, error_messages=unanswered)
    longest = _LONGEST.get(kind, 200)
    too_long = _("“%(question)s” must be %(n)d characters or fewer") % {"question": label, "n": longest}
    widget = forms.Textarea(attrs={"rows": 4}) if kind == "long_text" else forms.TextInput()
    return forms.CharField(
        label=label,
        required=required,
        max_length=longest,
        widget=widget,
        validators=[] if kind == "long_text" else [_no_control_characters],
        error_messages={**unanswered, "max_length": too_long},
    )


class ReasonForm(forms.Form):
    """Why a booking is changed; nobody has to say."""

    reason = forms.CharField(required=False, max_length=500, widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, *, label: str, data: Any = None) -> None:
        super().__init__(data=data)
        self.fields["reason"].label = label
        self.fields["reason"].error_messages["max_length"] = _("Reason must be 500 characters or fewer")
