"""Where a booking takes place, in words and icons: before it is agreed, after, and when it is called off."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from koalendar.booking.models.appointment import ROOMS
from koalendar.booking.rules import host_calls

Location = Mapping[str, Any]

_ICONS = {"zoom": "video", "google_meet": "video", "phone": "phone", "in_person": "pin", "link": "link"}


@dataclass(frozen=True, slots=True)
class Place:
    icon: str
    text: str


def before_booking(location: Location, host: str) -> Place:
    """What a stranger may know: addresses to join and numbers to call come with the booking."""
    kind = str(location.get("kind", ""))
    words = {
        **{room: _("%(room)s; link comes with the confirmation") % {"room": ROOMS[room]} for room in ROOMS},
        "in_person": str(location.get("address", "")) or _("In person"),
        "link": _("Video call; link comes with the confirmation"),
        "phone": (_("%(host)s calls you") if host_calls(location) else _("You call %(host)s"))
        % {"host": host},
    }
    return Place(_ICONS.get(kind, "info"), words.get(kind, ""))


def when_called_off(location: Location, host: str) -> Place:
    """What nobody joins or calls any more, or never did."""
    kind = str(location.get("kind", ""))
    words = {**ROOMS, "link": _("Video call")}
    return Place(_ICONS[kind], words[kind]) if kind in words else before_booking(location, host)


def after_booking(location: Location, host: str) -> Place:
    """The same for whoever has booked."""
    kind, number = str(location.get("kind", "")), str(location.get("number", ""))
    if kind == "phone" and number:
        words = {"host": host, "number": number}
        text = (
            _("%(host)s calls you on %(number)s")
            if host_calls(location)
            else _("Call %(host)s on %(number)s")
        )
        return Place("phone", text % words)
    if kind in ROOMS:
        return Place("video", ROOMS[kind])
    if kind == "link":
        return Place("link", _("Video call"))
    return before_booking(location, host)
