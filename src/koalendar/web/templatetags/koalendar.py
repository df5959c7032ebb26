"""Template tags of the pages: icons, form controls, initials, and moments in words."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from django import template
from django.conf import settings
from django.forms import BoundField
from django.template import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from koalendar import clock
from koalendar.invitations import when as words

register = template.Library()

# Drawn for this product on a grid of 20 with a margin of 2: one path each, stroked, never filled.
ICONS = {
    "back": "M12 4 6 10l6 6",
    "forward": "M8 4l6 6-6 6",
    "up": "M4 12l6-6 6 6",
    "check": "M4 10.5l4 4 8-9",
    "close": "M5 5l10 10M15 5 5 15",
    "plus": "M10 4v12M4 10h12",
    "calendar": "M3 5.5h14v11H3zM3 9h14M7 3v4M13 3v4",
    "clock": "M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM10 6v4l3 2",
    "video": "M2.5 6h10v8h-10zM12.5 9l5-2.5v7l-5-2.5",
    "search": "M9 3.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11zM13 13l4 4",
    "warn": "M10 3.5l7.5 13h-15zM10 8v4M10 14.3v.1",
    "retry": "M16 8a6.5 6.5 0 1 0 .2 4M16.5 4v4h-4",
    "person": "M10 3.5a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM4 16.5c.6-3 3-4.5 6-4.5s5.4 1.5 6 4.5",
    "copy": "M7.5 7.5h9v9h-9zM4 12.5v-9h9",
    "globe": "M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM3 10h14M10 3c4 4.5 4 9.5 0 14-4-4.5-4-9.5 0-14z",
    "menu": "M3.5 5.5h13M3.5 10h13M3.5 14.5h13",
    "more": "M4.5 10h.1M10 10h.1M15.5 10h.1",
    "link": "M8 12l4-4M9 5.5l1.5-1.5a3.5 3.5 0 0 1 5 5L14 10.5M11 14.5 9.5 16a3.5 3.5 0 0 1-5-5L6 9.5",
    "mail": "M3 5h14v10.5H3zM3.5 5.5 10 11l6.5-5.5",
    "phone": "M4 3.5h3l1.5 4-2 1.5a9 9 0 0 0 4.5 4.5l1.5-2 4 1.5v3c-7 1-13.5-5.5-12.5-12.5z",
    "pin": "M10 17.5c3.5-4 5.5-6.5 5.5-9a5.5 5.5 0 0 0-11 0c0 2.5 2 5 5.5 9zM10 6.5v4M8 8.5h4",
    "settings": "M3.5 6h7M14.5 6h2M12.5 4v4M3.5 14h2M9.5 14h7M7.5 12v4",
    "help": "M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM8 8a2 2 0 1 1 2.8 1.8c-.5.3-.8.7-.8 1.4M10 13.7v.1",
    "info": "M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM10 9.5v4M10 6.5v.1",
    "out": "M8 4H4v12h4M12.5 6.5 16 10l-3.5 3.5M8 10h8",
    "open": "M8 4H4v12h12v-4M11.5 3.5h5v5M16 4l-7 7",
    "trash": "M3.5 5.5h13M8 5V3.5h4V5M5.5 5.5l.8 11h7.4l.8-11M8.5 9v4M11.5 9v4",
}


@register.simple_tag
def icon(name: str) -> SafeString:
    """The drawing called `name`, hidden from screen readers: the words beside it carry the meaning."""
    return format_html(
        '<svg class="icon" data-icon="{}" viewBox="0 0 20 20" aria-hidden="true"><path d="{}"/></svg>',
        name,
        ICONS[name],
    )


@register.simple_tag
def control(field: BoundField) -> SafeString:
    """The form control of `field`, with required said by ARIA instead of by the attribute.

    Browsers call a `required` control invalid before anybody has touched it. Placeholders are
    dropped: hints stand above a control, where they stay while one types.
    """
    attrs = field.build_widget_attrs({"id": field.auto_id})
    if attrs.pop("required", False) and not field.use_fieldset:
        attrs["aria-required"] = "true"
    attrs["placeholder"] = False
    html: SafeString = field.field.widget.render(
        name=field.html_name, value=field.value(), attrs=attrs, renderer=field.form.renderer
    )
    return html


@register.filter
def is_checkbox(field: BoundField) -> bool:
    """Whether the control of `field` is one tick box, whose label stands beside it."""
    return getattr(field.field.widget, "input_type", "") == "checkbox" and not field.use_fieldset


@register.filter
def initials(name: str) -> str:
    """At most two capitals for a face that has no picture: "Ada Lovelace" gives "AL"."""
    words = name.split()
    return "".join(word[0] for word in [*words[:1], *words[1:][-1:]]).upper()


@register.simple_tag(takes_context=True)
def when(context: Context, start: datetime, end: datetime, zone: str) -> SafeString:
    """ "Thursday 3 December, 09:00–09:30, Paris time", as the variable `wording` likes it if there is one."""
    text = _wording(context).when(start, end, zone, today=_today(zone))
    return _time(start, zone, text)


@register.simple_tag(takes_context=True)
def short_when(context: Context, start: datetime, zone: str) -> SafeString:
    """ "Thu 3 Dec 09:00", where the page already says which zone."""
    return _time(start, zone, _wording(context).short_when(start, zone, today=_today(zone)))


@register.simple_tag(takes_context=True)
def hours(context: Context, start: datetime, end: datetime, zone: str) -> SafeString:
    """ "09:00–09:30", where day and zone are said above."""
    there = ZoneInfo(zone)
    text = _wording(context).time_range(start.astimezone(there), end.astimezone(there))
    return _time(start, zone, text)


def _wording(context: Context) -> words.Wording:
    given = context.get("wording")
    return (
        given if isinstance(given, words.Wording) else words.Wording(get_language() or settings.LANGUAGE_CODE)
    )


def _today(zone: str) -> date:
    return clock.now().astimezone(ZoneInfo(zone)).date()


def _time(moment: datetime, zone: str, text: str) -> SafeString:
    there = moment.astimezone(ZoneInfo(zone))
    return format_html('<time datetime="{}">{}</time>', there.isoformat(), text)
