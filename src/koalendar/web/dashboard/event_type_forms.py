"""The editor of an event type: a form over what the model stores, and one small form for each question."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator, URLValidator
from django.http import QueryDict
from django.utils.translation import gettext as now_
from django.utils.translation import gettext_lazy as _

from koalendar.accounts.models import Host
from koalendar.booking.models import EventType, Schedule
from koalendar.booking.models.event_type import (
    LONGEST_REQUEST,
    MAX_DURATION,
    SHORTEST_REQUEST,
    validate_redirect_url,
)
from koalendar.booking.setting_up import slug_from
from koalendar.web.dashboard.wording import in_minutes

MAX_DURATIONS = 8
MAX_QUESTIONS = 10
_UNITS = ((1, _("minutes")), (60, _("hours")), (1440, _("days")))
_STEPS = (5, 10, 15, 20, 30, 45, 60)
_BUFFERS = (0, 5, 10, 15, 20, 30, 45, 60, 90, 120)
_REMINDERS = (15, 60, 180, 1440, 2880)
_MONTH = 30 * 1440


class EventTypeForm(forms.Form):
    """All of an event type but its questions. Lengths are minutes unless a unit is asked beside them."""

    # Basics
    title = forms.CharField(label=_("Title"), max_length=120, error_messages={"required": _("Enter a title")})
    slug = forms.CharField(
        label=_("Address"),
        max_length=60,
        required=False,
        widget=forms.TextInput(
            attrs={"autocapitalize": "none", "autocomplete": "off", "spellcheck": "false"}
        ),
    )
    description = forms.CharField(
        label=_("Description"),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("Plain text, shown beside the calendar."),
    )
    durations = forms.CharField(
        label=_("Lengths in minutes"),
        max_length=60,
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
        help_text=_("Like 30, or 15, 30, 60: then the invitee chooses."),
        error_messages={"required": _("Enter a length, like 30")},
    )
    # Where
    places = forms.MultipleChoiceField(
        label=_("Where it happens"),
        choices=(
            ("zoom", _("Zoom")),
            ("phone", _("Phone")),
            ("in_person", _("In person")),
            ("link", _("A link of your own")),
        ),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose where it happens")},
        help_text=_("With several, the invitee chooses."),
    )
    who_calls = forms.ChoiceField(
        label=_("Who calls"),
        choices=(
            ("host", _("You call the invitee, who is asked for a number")),
            ("invitee", _("The invitee calls you")),
        ),
        initial="host",
        widget=forms.RadioSelect,
    )
    number = forms.CharField(label=_("Your number"), max_length=40, required=False)
    address = forms.CharField(
        label=_("Place"), max_length=300, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    url = forms.CharField(label=_("Link"), max_length=500, required=False)
    # When
    schedule = forms.ModelChoiceField(label=_("Hours"), queryset=Schedule.objects.none(), empty_label=None)
    # Limits
    notice = forms.IntegerField(label=_("Shortest notice"), min_value=0)
    notice_unit = forms.TypedChoiceField(label=_("Unit of notice"), choices=_UNITS, coerce=int)
    booking_window_days = forms.IntegerField(label=_("How far ahead, in days"), min_value=1, max_value=730)
    slot_step = forms.TypedChoiceField(label=_("A start every"), coerce=int)
    buffer_before = forms.TypedChoiceField(label=_("Keep free before"), coerce=int)
    buffer_after = forms.TypedChoiceField(label=_("Keep free after"), coerce=int)
    max_per_day = forms.IntegerField(label=_("At most a day"), required=False, min_value=1, max_value=500)
    max_per_week = forms.IntegerField(label=_("At most a week"), required=False, min_value=1, max_value=500)
    # Questions
    guests_allowed = forms.BooleanField(label=_("Invitees may add guests"), required=False)
    # Approval
    requires_confirmation = forms.BooleanField(
        label=_("You confirm each booking"),
        required=False,
        help_text=_("The time is held meanwhile; the Zoom meeting is made when you confirm."),
    )
    expires = forms.IntegerField(
        label=_("A request lapses unanswered after"),
        min_value=1,
        help_text=_("At its start at the latest."),
        error_messages={"required": _("Enter after how long a request lapses")},
    )
    expires_unit = forms.TypedChoiceField(label=_("Unit of that"), choices=_UNITS, coerce=int)
    # Messages
    reminders = forms.TypedMultipleChoiceField(
        label=_("Reminders before the start"),
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("By mail, to both sides."),
    )
    cutoff = forms.IntegerField(
        label=_("Invitees may reschedule or cancel until"),
        min_value=0,
        help_text=_("Before the start; 0 is any time."),
    )
    cutoff_unit = forms.TypedChoiceField(label=_("Unit"), choices=_UNITS, coerce=int)
    # More
    redirect_url = forms.CharField(
        label=_("After booking, go on to"),
        max_length=500,
        required=False,
        validators=[validate_redirect_url],
        widget=forms.TextInput(attrs={"inputmode": "url", "autocapitalize": "none", "spellcheck": "false"}),
        help_text=_("A page of your own, like https://example.com/thanks. Empty for none."),
    )
    active = forms.BooleanField(label=_("Bookable"), required=False)
    hidden = forms.BooleanField(
        label=_("Hidden"), required=False, help_text=_("Not on your page; whoever has the link can book.")
    )
    revision = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, host: Host, event_type: EventType | None, *args: Any, **kwargs: Any) -> None:
        self.host, self.event_type = host, event_type
        shown = event_type or new_event_type(host)
        kwargs["initial"] = _initial(shown, host) | kwargs.get("initial", {})
        super().__init__(*args, **kwargs)
        schedules = host.schedules.order_by("pk")
        self.fields["schedule"].queryset = schedules  # type: ignore[attr-defined]  # A ModelChoiceField.
        self._offer("slot_step", {*_STEPS, shown.slot_step})
        self._offer("buffer_before", {*_BUFFERS, shown.buffer_before})
        self._offer("buffer_after", {*_BUFFERS, shown.buffer_after})
        self._offer("reminders", {*_REMINDERS, *shown.reminders})
        self.fields["slug"].help_text = now_("Made from the title if left empty.")

    def _offer(self, name: str, minutes: set[int]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(n, in_minutes(n) if n else now_("Nothing")) for n in sorted(minutes)]

    def clean_slug(self) -> str:
        slug = str(self.cleaned_data["slug"]).strip().lower() or slug_from(self.data.get("title", ""))
        others = EventType.objects.filter(profile=self.host.profile, slug=slug)
        if self.event_type is not None:
            others = others.exclude(pk=self.event_type.pk)
        if others.exists():
            raise forms.ValidationError(now_("Another event type of yours has this address"))
        return slug

    def clean_durations(self) -> list[int]:
        texts = [text for text in re.split(r"[\s,;]+", str(self.cleaned_data["durations"])) if text]
        lengths = sorted({int(text) for text in texts if text.isdecimal()})
        is_whole = all(text.isdecimal() for text in texts) and 0 < len(lengths) <= MAX_DURATIONS
        if not is_whole or lengths[0] < 5 or lengths[-1] > MAX_DURATION:
            raise forms.ValidationError(now_("Enter lengths of 5 to 1440 minutes, like 30 or 15, 30, 60"))
        return lengths

    def clean_notice(self) -> int:
        return self._bounded("notice", "notice_unit", now_("Notice must be between 0 and 30 days"))

    def clean_cutoff(self) -> int:
        return self._bounded("cutoff", "cutoff_unit", now_("This must be between 0 and 30 days"))

    def clean_expires(self) -> int:
        refusal = now_("This must be between 5 minutes and 60 days")
        return self._bounded("expires", "expires_unit", refusal, SHORTEST_REQUEST, LONGEST_REQUEST)

    def _bounded(self, name: str, unit: str, refusal: str, least: int = 0, most: int = _MONTH) -> int:
        """The field in minutes; its unit stands after it in the form and is not cleaned yet."""
        factors = {str(factor): factor for factor, _word in _UNITS}
        minutes = int(self.cleaned_data[name]) * factors.get(self.data.get(unit, ""), 1)
        for judge in (MinValueValidator(least, refusal), MaxValueValidator(most, refusal)):
            judge(minutes)
        return minutes

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        places = data.get("places", [])
        if "phone" in places and data.get("who_calls") == "invitee" and not data.get("number"):
            self.add_error("number", now_("Enter the number that the invitee calls"))
        if "in_person" in places and not data.get("address"):
            self.add_error("address", now_("Enter the place"))
        if "link" in places:
            self._judge_link(data.get("url", ""))
        return data

    def _judge_link(self, url: str) -> None:
        if not url:
            self.add_error("url", now_("Enter the link"))
            return
        try:
            URLValidator(["http", "https"])(url)
        except forms.ValidationError:
            self.add_error("url", now_("Enter a link like https://meet.example.com/ada"))

    def fields_of_event_type(self) -> dict[str, Any]:
        """The cleaned form as the model stores it."""
        data = self.cleaned_data
        same = (
            "title", "slug", "description", "booking_window_days", "slot_step", "buffer_before",
            "buffer_after", "max_per_day", "max_per_week", "guests_allowed", "requires_confirmation",
            "redirect_url", "active", "hidden",
        )  # fmt: skip
        return {name: data[name] for name in same} | {
            "durations": data["durations"],
            "locations": self._locations(),
            "minimum_notice": data["notice"],
            "request_expires_after": data["expires"],
            "change_cutoff": data["cutoff"],
            "reminders": sorted(data["reminders"]),
        }

    def _locations(self) -> list[dict[str, Any]]:
        data = self.cleaned_data
        chosen = _zoom_of(self.event_type.locations if self.event_type else [])
        details: dict[str, dict[str, Any]] = {
            "zoom": {"connection": chosen},
            "phone": {"who_calls": data["who_calls"] or "host", "number": data["number"]},
            "in_person": {"address": data["address"]},
            "link": {"url": data["url"]},
        }
        return [{"kind": kind, **details[kind]} for kind in details if kind in data["places"]]


def _zoom_of(locations: Sequence[Mapping[str, Any]]) -> str | None:
    """The connection chosen for Zoom, which this form shows nowhere and keeps."""
    return next((place.get("connection") for place in locations if place.get("kind") == "zoom"), None)


def new_event_type(host: Host) -> EventType:
    """What the editor opens with."""
    return EventType(profile=host.profile, title="", slug="")


def _initial(event_type: EventType, host: Host) -> dict[str, Any]:
    place = {location["kind"]: location for location in event_type.locations}
    notice, notice_unit = _in_unit(event_type.minimum_notice)
    cutoff, cutoff_unit = _in_unit(event_type.change_cutoff)
    expires, expires_unit = _in_unit(event_type.request_expires_after)
    same = (
        "title", "slug", "description", "booking_window_days", "slot_step", "buffer_before",
        "buffer_after", "max_per_day", "max_per_week", "guests_allowed", "requires_confirmation", "reminders",
        "redirect_url", "active", "hidden", "revision",
    )  # fmt: skip
    return {name: getattr(event_type, name) for name in same} | {
        "durations": ", ".join(str(minutes) for minutes in event_type.durations),
        "places": list(place),
        "who_calls": place.get("phone", {}).get("who_calls", "host"),
        "number": place.get("phone", {}).get("number", ""),
        "address": place.get("in_person", {}).get("address", ""),
        "url": place.get("link", {}).get("url", ""),
        "schedule": _schedule(event_type, host),
        "notice": notice,
        "notice_unit": notice_unit,
        "expires": expires,
        "expires_unit": expires_unit,
        "cutoff": cutoff,
        "cutoff_unit": cutoff_unit,
    }


def _schedule(event_type: EventType, host: Host) -> Schedule | None:
    seat = None
    if event_type.pk:
        seat = event_type.event_type_hosts.filter(host=host).select_related("schedule").first()
    return seat.schedule if seat is not None else host.schedules.order_by("pk").first()


def _in_unit(minutes: int) -> tuple[int, int]:
    """The number and the largest unit in which it is whole."""
    unit = next(factor for factor, _word in reversed(_UNITS) if minutes % factor == 0)
    return (minutes // unit, unit) if minutes else (0, 60)


class QuestionForm(forms.Form):
    """One question of the host's. `code` names its answers and stays when the words change."""

    code = forms.CharField(max_length=40, required=False, widget=forms.HiddenInput)
    label = forms.CharField(label=_("Question"), max_length=200, required=False)
    kind = forms.ChoiceField(
        label=_("Answer"),
        required=False,
        choices=(
            ("short_text", _("A line of text")),
            ("long_text", _("Several lines")),
            ("choice", _("One of some choices")),
            ("choices", _("Any of some choices")),
            ("checkbox", _("A tick")),
            ("phone", _("A phone number")),
        ),
    )
    choices = forms.CharField(
        label=_("Choices"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("One on each line; only for choices."),
    )
    required = forms.BooleanField(label=_("Must be answered"), required=False)

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if data.get("DELETE") or not self.has_changed():
            return data
        if not data.get("label"):
            self.add_error("label", now_("Enter the question, or remove it"))
        if data.get("kind") in ("choice", "choices") and len(_lines(data.get("choices", ""))) < 2:
            self.add_error("choices", now_("Enter at least 2 choices, one on each line"))
        return data


class Questions(forms.BaseFormSet):  # type: ignore[type-arg]  # At run time it takes none.
    """The rows of the editor; rows that are empty or ticked for removal are left out."""

    deletion_widget = forms.CheckboxInput

    def add_fields(self, form: QuestionForm, index: int | None) -> None:
        super().add_fields(form, index)
        form.fields["DELETE"].label = _("Remove this question")

    def questions(self) -> list[dict[str, Any]]:
        """As the model stores them, each with a code of its own."""
        kept = [
            form.cleaned_data
            for form in self.forms
            if form.cleaned_data.get("label") and not form.cleaned_data.get("DELETE")
        ]
        codes: set[str] = {data["code"] for data in kept if data["code"]}
        return [_question(data, codes) for data in kept]


def _question(data: Mapping[str, Any], codes: set[str]) -> dict[str, Any]:
    code = data["code"] or _free_code(data["label"], codes)
    codes.add(code)
    has_choices = data["kind"] in ("choice", "choices")
    return {
        "code": code,
        "label": data["label"].strip(),
        "kind": data["kind"] or "short_text",
        "required": data["required"],
        "choices": _lines(data["choices"]) if has_choices else [],
    }


def _free_code(label: str, taken: set[str]) -> str:
    base = slug_from(label)[:36].strip("-") or "question"
    return next(
        code for code in (base, *(f"{base}-{n}" for n in range(2, MAX_QUESTIONS + 3))) if code not in taken
    )


def _lines(text: str) -> list[str]:
    return list(dict.fromkeys(line.strip()[:200] for line in text.splitlines() if line.strip()))


_QuestionSet = forms.formset_factory(
    QuestionForm,
    formset=Questions,
    extra=0,
    max_num=MAX_QUESTIONS,
    absolute_max=MAX_QUESTIONS + 1,  # However many rows a form claims to have, no more are read or drawn.
    validate_max=True,
    can_delete=True,
)


def question_set(event_type: EventType | None, data: QueryDict | None = None) -> Questions:
    """The rows of the stored questions, or as `data` has them."""
    stored = event_type.questions if event_type is not None else []
    initial = [row | {"choices": "\n".join(row.get("choices", []))} for row in stored]
    return cast(Questions, _QuestionSet(data, prefix="questions", initial=initial))


def leave_unjudged(form: forms.Form) -> None:
    """Show the form with what was typed and without errors, although it was posted."""
    form._errors = forms.utils.ErrorDict()  # type: ignore[attr-defined]  # Where `errors` keeps them.
