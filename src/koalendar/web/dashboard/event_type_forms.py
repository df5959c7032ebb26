"""The editor of an event type: a form over what the model stores, and one small form for each question."""

import re
from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any, cast

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as now_
from django.utils.translation import gettext_lazy as _

from koalendar.accounts.models import Host
from koalendar.booking import rules
from koalendar.booking.judging import LONGEST_LINK
from koalendar.booking.models import EventType, Schedule
from koalendar.booking.rules import MAX_QUESTIONS
from koalendar.booking.setting_up import default_schedule
from koalendar.connections import calendars
from koalendar.connections.models import Calendar
from koalendar.connections.queries import is_enabled
from koalendar.web.dashboard.account_card import account_words
from koalendar.web.dashboard.forms import field_errors
from koalendar.web.dashboard.wording import in_minutes
from koalendar.web.dashboard.zoom_card import live_accounts

_UNITS = ((1, _("minutes")), (60, _("hours")), (1440, _("days")))
_STEPS = (5, 10, 15, 20, 30, 45, 60)
_BUFFERS = (0, 5, 10, 15, 20, 30, 45, 60, 90, 120)
_REMINDERS = (15, 60, 180, 1440, 2880)
_PLACES = ("places", "connection", "who_calls", "number", "address", "url")
_SAME = (
    "title", "slug", "description", "durations", "booking_window_days", "slot_step", "buffer_before",
    "buffer_after", "max_per_day", "max_per_week", "guests_allowed", "requires_confirmation", "reminders",
    "redirect_url", "active", "hidden", "zone_locked", "google_invites",
)  # fmt: skip
# By what is stored, the field that asks for it.
_ASKED_AS = {name: name for name in _SAME} | {
    "minimum_notice": "notice",
    "change_cutoff": "cutoff",
    "request_expires_after": "expires",
}


_PLACE_CHOICES = (
    ("zoom", _("Zoom")),
    ("google_meet", _("Google Meet")),
    ("phone", _("Phone")),
    ("in_person", _("In person")),
    ("link", _("A link of your own")),
)


class EventTypeForm(forms.Form):
    """All of an event type but its questions. Lengths are minutes unless a unit is asked beside them."""

    # Basics
    title = forms.CharField(
        label=_("Title"), max_length=rules.LONGEST_TITLE, error_messages={"required": _("Enter a title")}
    )
    slug = forms.CharField(
        label=_("Address"),
        max_length=rules.LONGEST_SLUG,
        required=False,
        widget=forms.TextInput(
            attrs={"autocapitalize": "none", "autocomplete": "off", "spellcheck": "false"}
        ),
    )
    description = forms.CharField(
        label=_("Description"),
        max_length=rules.LONGEST_DESCRIPTION,
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
        choices=_PLACE_CHOICES,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose where it happens")},
        help_text=_("With several, the invitee chooses."),
    )
    connection = forms.ChoiceField(label=_("Zoom account"), required=False)
    who_calls = forms.ChoiceField(
        label=_("Who calls"),
        choices=(
            ("host", _("You call the invitee, who is asked for a number")),
            ("invitee", _("The invitee calls you")),
        ),
        initial="host",
        widget=forms.RadioSelect,
    )
    number = forms.CharField(
        label=_("Your number"),
        max_length=rules.LONGEST_NUMBER,
        required=False,
        help_text=_("For invitees who call you."),
    )
    address = forms.CharField(
        label=_("Place"),
        max_length=rules.LONGEST_PLACE,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    url = forms.CharField(label=_("Link"), max_length=LONGEST_LINK, required=False)
    calendar = forms.ChoiceField(label=_("Bookings go into"), required=False)
    google_invites = forms.BooleanField(
        label=_("Google sends the invitation"),
        required=False,
        help_text=_(
            "Google Calendar invites the invitee and the guests, and tells you of their answers. Our mails "
            "then carry no invitation. It counts for new bookings."
        ),
    )
    # When
    schedule = forms.ModelChoiceField(label=_("Hours"), queryset=Schedule.objects.none(), empty_label=None)
    # Limits
    notice = forms.IntegerField(label=_("Shortest notice"), min_value=0)
    notice_unit = forms.TypedChoiceField(label=_("Unit of notice"), choices=_UNITS, coerce=int)
    booking_window_days = forms.IntegerField(
        label=_("How far ahead, in days"), min_value=1, max_value=rules.MAX_WINDOW_DAYS
    )
    slot_step = forms.TypedChoiceField(label=_("A start every"), coerce=int)
    buffer_before = forms.TypedChoiceField(label=_("Keep free before"), coerce=int)
    buffer_after = forms.TypedChoiceField(label=_("Keep free after"), coerce=int)
    max_per_day = forms.IntegerField(
        label=_("At most a day"), required=False, min_value=1, max_value=rules.MAX_PER_PERIOD
    )
    max_per_week = forms.IntegerField(
        label=_("At most a week"), required=False, min_value=1, max_value=rules.MAX_PER_PERIOD
    )
    # Questions
    guests_allowed = forms.BooleanField(label=_("Invitees may add guests"), required=False)
    # Approval
    requires_confirmation = forms.BooleanField(
        label=_("You confirm each booking"),
        required=False,
        help_text=_("The time is held meanwhile; a link is made when you confirm."),
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
        max_length=LONGEST_LINK,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "url", "autocapitalize": "none", "spellcheck": "false"}),
        help_text=_("A page of your own, like https://example.com/thanks. Empty for none."),
    )
    active = forms.BooleanField(label=_("Bookable"), required=False)
    hidden = forms.BooleanField(
        label=_("Hidden"), required=False, help_text=_("Not on your page; whoever has the link can book.")
    )
    zone_locked = forms.BooleanField(
        label=_("All times in your own time zone"),
        required=False,
        help_text=_("For what happens at a place: invitees cannot choose a zone, and see their time beside."),
    )
    revision = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, host: Host, event_type: EventType | None, *args: Any, **kwargs: Any) -> None:
        self.host, self.event_type = host, event_type
        shown = event_type or new_event_type(host)
        kwargs["initial"] = _initial(shown, host) | kwargs.get("initial", {})
        super().__init__(*args, **kwargs)
        schedules = host.schedules.order_by("pk")
        self.fields["schedule"].queryset = schedules  # type: ignore[attr-defined]  # A ModelChoiceField.
        self._offer_places(shown.locations)
        self._offer_accounts(_zoom_of(shown.locations))
        self._offer_calendars(event_type)
        self._offer("slot_step", {*_STEPS, shown.slot_step})
        self._offer("buffer_before", {*_BUFFERS, shown.buffer_before})
        self._offer("buffer_after", {*_BUFFERS, shown.buffer_after})
        self._offer("reminders", {*_REMINDERS, *shown.reminders})
        self.fields["slug"].help_text = now_("Made from the title if left empty.")

    def _offer(self, name: str, minutes: set[int]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(n, in_minutes(n) if n else now_("Nothing")) for n in sorted(minutes)]

    def _offer_places(self, chosen: Sequence[Mapping[str, Any]]) -> None:
        """Google Meet where the site has Google, or where it was chosen while it had."""
        if is_enabled("google") or any(place.get("kind") == "google_meet" for place in chosen):
            return
        field = self.fields["places"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(kind, words) for kind, words in _PLACE_CHOICES if kind != "google_meet"]

    def _offer_accounts(self, chosen: str | None) -> None:
        """The host's Zoom accounts that work; another that was chosen before stays until he chooses."""
        live = {row.public_id: account_words(row.credential) for row in live_accounts(self.host)}
        if chosen is not None and chosen not in live:
            live[chosen] = now_("An account that is not connected any more")
        field = self.fields["connection"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", now_("The one for new bookings")), *live.items()]
        self.offers_accounts = len(live) > 1 or chosen is not None

    def _offer_calendars(self, event_type: EventType | None) -> None:
        """Those that bookings can go into, and the present one; a host without any is not asked."""
        present = _calendar_of(event_type, self.host)
        offered = {row.public_id: _calendar_words(row) for row in calendars.writable(self.host)}
        if present is not None and present.public_id not in offered:
            offered[present.public_id] = now_("%(name)s (bookings cannot go there now)") % {
                "name": present.name
            }
        if not offered:
            del self.fields["calendar"], self.fields["google_invites"]
            return
        field = self.fields["calendar"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", now_("My usual calendar")), *offered.items()]

    def clean_slug(self) -> str:
        return str(self.cleaned_data["slug"]) or rules.slug_from(self.cleaned_data.get("title", ""))

    def clean_durations(self) -> list[int]:
        texts = [text for text in re.split(r"[\s,;]+", str(self.cleaned_data["durations"])) if text]
        if not all(text.isdecimal() for text in texts):
            raise forms.ValidationError(rules.lengths_words())
        return sorted({int(text) for text in texts})

    def clean_notice(self) -> int:
        return self._in_minutes("notice", "notice_unit")

    def clean_reminders(self) -> list[int]:
        return sorted(self.cleaned_data["reminders"])

    def clean_cutoff(self) -> int:
        return self._in_minutes("cutoff", "cutoff_unit")

    def clean_expires(self) -> int:
        return self._in_minutes("expires", "expires_unit")

    def _in_minutes(self, name: str, unit: str) -> int:
        """The field in minutes; its unit stands after it in the form and is not cleaned yet."""
        factors = {str(factor): factor for factor, _word in _UNITS}
        return int(self.cleaned_data[name]) * factors.get(self.data.get(unit, ""), 1)

    def clean(self) -> dict[str, Any]:
        """What was filled in is judged as a part of the event type that it is to become."""
        event_type = copy(self.event_type) if self.event_type else new_event_type(self.host)
        fields = self._readable_fields()
        for name, value in fields.items():
            setattr(event_type, name, value)
        unjudged = set(rules.EVENT_TYPE) - set(fields)
        if "title" in unjudged and not event_type.slug:
            unjudged.add("slug")  # It would be made from the title.
        try:
            event_type.full_clean(exclude=unjudged)
        except forms.ValidationError as error:
            self.say(error)
        return self.cleaned_data

    def say(self, error: forms.ValidationError) -> None:
        """What the event type may not be, each at the field that asks for it."""
        for path, texts in field_errors(error).items():
            first, last = path.split(".")[0], path.split(".")[-1]
            asked = "places" if first == "locations" else _ASKED_AS.get(first)
            self.add_error(last if first == "locations" and last in _PLACES else asked, texts)

    def fields_of_event_type(self) -> dict[str, Any]:
        """The valid form as the model stores it."""
        return self._readable_fields()

    def _readable_fields(self) -> dict[str, Any]:
        """What could be read of the form, as the model stores it."""
        data = self.cleaned_data
        fields = {name: data[asked] for name, asked in _ASKED_AS.items() if asked in data}
        if all(name in data for name in _PLACES):
            fields["locations"] = self._locations()
        return fields

    def _locations(self) -> list[dict[str, Any]]:
        data = self.cleaned_data
        details: dict[str, dict[str, Any]] = {
            "zoom": {"connection": data["connection"] or None},
            "google_meet": {},
            "phone": {"who_calls": data["who_calls"] or "host", "number": data["number"]},
            "in_person": {"address": data["address"]},
            "link": {"url": data["url"]},
        }
        places = []
        for kind in details:
            if kind in data["places"]:
                # A program may have given several of a kind; the form asks for the first, and keeps the rest.
                stored = self.event_type.locations if self.event_type else []
                others = [place for place in stored if place.get("kind") == kind][1:]
                places += [{"kind": kind, **details[kind]}, *others]
        return places


def _zoom_of(locations: Sequence[Mapping[str, Any]]) -> str | None:
    """The connection chosen for Zoom; none for the host's default."""
    return next((place.get("connection") for place in locations if place.get("kind") == "zoom"), None)


def new_event_type(host: Host) -> EventType:
    """What the editor opens with."""
    return EventType(profile=host.profile, title="", slug="")


def _initial(event_type: EventType, host: Host) -> dict[str, Any]:
    place = {location["kind"]: location for location in reversed(event_type.locations)}
    notice, notice_unit = _in_unit(event_type.minimum_notice)
    cutoff, cutoff_unit = _in_unit(event_type.change_cutoff)
    expires, expires_unit = _in_unit(event_type.request_expires_after)
    return {name: getattr(event_type, name) for name in (*_SAME, "revision")} | {
        "durations": ", ".join(str(minutes) for minutes in event_type.durations),
        "places": list(place),
        "connection": _zoom_of(event_type.locations) or "",
        "who_calls": place.get("phone", {}).get("who_calls", "host"),
        "number": place.get("phone", {}).get("number", ""),
        "address": place.get("in_person", {}).get("address", ""),
        "url": place.get("link", {}).get("url", ""),
        "schedule": _schedule(event_type, host),
        "calendar": calendar.public_id if (calendar := _calendar_of(event_type, host)) else "",
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
    return seat.schedule if seat is not None else default_schedule(host)


def _calendar_of(event_type: EventType | None, host: Host) -> Calendar | None:
    """Where its bookings go, if that is not the host's usual calendar."""
    if event_type is None or not event_type.pk:
        return None
    seat = event_type.event_type_hosts.filter(host=host).select_related("calendar").first()
    return None if seat is None else seat.calendar


def _calendar_words(row: Calendar) -> str:
    """Its name, and that of its account where that says more."""
    email = row.connection.credential.account_email
    return row.name if email in ("", row.name) else f"{row.name} ({email})"


def _in_unit(minutes: int) -> tuple[int, int]:
    """The number and the largest unit in which it is whole."""
    unit = next(factor for factor, _word in reversed(_UNITS) if minutes % factor == 0)
    return (minutes // unit, unit) if minutes else (0, 60)


class QuestionForm(forms.Form):
    """One question of the host's. `code` names its answers and stays when the words change."""

    code = forms.CharField(max_length=rules.LONGEST_CODE, required=False, widget=forms.HiddenInput)
    label = forms.CharField(label=_("Question"), max_length=rules.LONGEST_LABEL, required=False)
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
        self._judge(data)
        return data

    def _judge(self, data: Mapping[str, Any]) -> None:
        try:
            rules.question(_question(data))
        except forms.ValidationError as error:
            for path, texts in field_errors(error).items():
                if (name := path.split(".")[0]) not in self.errors:
                    self.add_error(name, texts)


class Questions(forms.BaseFormSet):  # type: ignore[type-arg]  # At run time it takes none.
    """The rows of the editor; rows that are empty or ticked for removal are left out."""

    deletion_widget = forms.CheckboxInput

    def add_fields(self, form: QuestionForm, index: int | None) -> None:
        super().add_fields(form, index)
        form.fields["DELETE"].label = _("Remove this question")

    def questions(self) -> list[dict[str, Any]]:
        """As the event type takes them: one without a code gets one."""
        return [
            _question(form.cleaned_data)
            for form in self.forms
            if form.cleaned_data.get("label") and not form.cleaned_data.get("DELETE")
        ]


def _question(data: Mapping[str, Any]) -> dict[str, Any]:
    texts = {name: data.get(name, "") for name in ("code", "label", "kind")}
    choices = _lines(data.get("choices", ""))
    return texts | {"kind": texts["kind"] or None, "required": data["required"], "choices": choices}


def _lines(text: str) -> list[str]:
    lines = (line.strip()[: rules.LONGEST_CHOICE] for line in text.splitlines())
    return list(dict.fromkeys(line for line in lines if line))


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
