"""A page with every component in every state, to look at and to test; only where a demo runs."""

from datetime import UTC, datetime

from django import forms
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from koalendar.web.templatetags.koalendar import ICONS

FRAMES = {"public": "base_public.html", "host": "base_dashboard.html"}


class SampleForm(forms.Form):
    """One field of each kind."""

    name = forms.CharField(label=_("Name"), error_messages={"required": _("Enter your name")})
    email = forms.EmailField(
        label=_("E-mail"),
        help_text=_("The link goes here"),
        error_messages={"invalid": _("Enter an e-mail address like ina@example.com")},
    )
    phone = forms.CharField(
        label=_("Phone"),
        required=False,
        help_text=_("With country code, like +33 6 12 34 56 78"),
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
    )
    topic = forms.ChoiceField(label=_("Topic"), choices=[("a", _("A first talk")), ("b", _("A second one"))])
    caller = forms.ChoiceField(
        label=_("Who calls whom"),
        choices=[("host", _("Ada calls me")), ("invitee", _("I call Ada"))],
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose who calls whom")},
    )
    days = forms.MultipleChoiceField(
        label=_("Days"),
        choices=[("mo", _("Monday")), ("tu", _("Tuesday"))],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    begins = forms.TimeField(label=_("Begins"), widget=forms.TimeInput(attrs={"type": "time", "step": 900}))
    day = forms.DateField(label=_("Date"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    note = forms.CharField(label=_("Note"), required=False, widget=forms.Textarea(attrs={"rows": 3}))
    remind = forms.BooleanField(label=_("Remind me a day before"), required=False)
    fixed = forms.CharField(label=_("Cannot be changed"), initial="ada@example.com", disabled=True)


@require_safe
def styleguide(request: HttpRequest) -> HttpResponse:
    """`?frame=host` shows the dashboard's frame and the components it adds."""
    if not (settings.DEBUG or settings.KOALENDAR_DEMO):
        raise Http404
    frame = request.GET.get("frame", "public")
    return render(
        request,
        "styleguide/page.html",
        {
            "frame": FRAMES.get(frame, FRAMES["public"]),
            "is_host": frame == "host",
            "pending_count": 2,
            "needs_attention": True,
            "icons": ICONS,
            "form": SampleForm(auto_id="new_%s", initial={"begins": "09:00"}),
            "wrong": SampleForm(
                {"email": "ada@example,com", "phone": "+33", "topic": "a"}, auto_id="wrong_%s"
            ),
            "banners": BANNERS,
            "weeks": WEEKS,
            "times": ["09:00", "09:30", "10:00", "10:30", "14:00", "14:30", "15:00", "16:30", "17:00"],
            "facts": [
                (_("What"), _("Intro call, 30 minutes")),
                (_("When"), _("Thursday 3 December, 09:00 to 09:30, Paris time")),
                (_("With"), "Ada Lovelace"),
            ],
            "tabs": [
                {"label": _("Upcoming"), "url": "#", "is_here": True, "count": 12},
                {"label": _("Pending"), "url": "#", "count": 2},
                {"label": _("Past"), "url": "#"},
            ],
            "steps": [
                {"name": name, "url": "#steps", "is_here": at == 2, "is_done": at < 2}
                for at, name in enumerate((_("You"), _("Hours"), _("Place"), _("Your link")))
            ],
            "copies": COPIES,
            "events": EVENTS,
        },
    )


BANNERS = [
    {"name": _("Notice, plain"), "state": "", "text": _("You are away until 10 January.")},
    {"name": _("Notice, good"), "state": "ok", "text": _("Zoom works again. The 4 missing links were sent.")},
    {
        "name": _("Notice, warning"),
        "state": "warn",
        "text": _("Zoom has not answered since 13:58. 3 links follow as soon as it does."),
    },
    {
        "name": _("Notice, bad"),
        "state": "bad",
        "text": _("Zoom no longer accepts our access since 30 November. 4 coming bookings have no link."),
        "url": "#",
        "action": _("Reconnect Zoom"),
    },
]

# December 2026 begins on a Tuesday: (day, times free); 0 is a day of another month.
_FREE = {1: 0, 3: 9, 4: 5, 7: 2, 8: 12, 10: 1, 16: 4, 17: 4, 21: 6}
_DAYS = [0, *range(1, 32), *[0] * 10]
WEEKS = [[(day, _FREE.get(day, 0)) for day in _DAYS[at : at + 7]] for at in range(0, 42, 7)]

COPIES = [
    {"what": _("Zoom meeting"), "state": "ok", "word": _("Up to date"), "since": _("since 30 Nov, 14:02")},
    {"what": _("Mail to Ina"), "state": "busy", "word": _("Being made"), "since": ""},
    {
        "what": _("Zoom meeting"),
        "state": "warn",
        "word": _("Being updated"),
        "since": _("since 13:58"),
        "problem": _("Zoom has not answered since 13:58."),
        "next_try": _("Next try in 4 minutes."),
    },
    {
        "what": _("Zoom meeting"),
        "state": "bad",
        "word": _("Needs you"),
        "since": _("since 30 November"),
        "problem": _("Zoom no longer accepts our access."),
        "mend_url": "#",
        "mend": _("Reconnect Zoom"),
    },
    {"what": _("Calendar event"), "state": "", "word": _("Not needed"), "since": ""},
]

EVENTS = [
    {
        "text": _("Mail to Ina handed over"),
        "at": datetime(2026, 11, 30, 13, 2, 12, tzinfo=UTC),
        "shown": _("30 Nov, 14:02:12"),
    },
    {
        "text": _("Zoom meeting made"),
        "at": datetime(2026, 11, 30, 13, 2, 12, tzinfo=UTC),
        "shown": _("30 Nov, 14:02:12"),
    },
    {
        "text": _("Ina booked"),
        "at": datetime(2026, 11, 30, 13, 2, 11, tzinfo=UTC),
        "shown": _("30 Nov, 14:02:11"),
    },
]
