"""Why we ask Zoom and Google for each permission, in words for the person who is asked."""

from dataclasses import dataclass

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from koalendar.connections import queries as connections
from koalendar.connections.provider import Ability

WHY = {
    "user:read:user": _("To show which Zoom account is connected: its name, e-mail address and plan."),
    "user:read:settings": _(
        "So that a new meeting is recorded by itself if your own settings say so. Nothing changes them."
    ),
    "meeting:write:meeting": _("To make a meeting for each booking."),
    "meeting:read:meeting": _("To read the link, id and passcode of that meeting, and to start it for you."),
    "meeting:update:meeting": _("To move that meeting when its booking is rescheduled."),
    "meeting:delete:meeting": _("To delete that meeting when its booking is cancelled."),
    "meeting:read:list_meetings": _(
        "To find a meeting again when Zoom’s answer was lost on the way, so that no booking gets two."
    ),
}

WHY_CALENDARS = {
    Ability.LIST_CALENDARS: _("To show you your calendars, so that you can choose."),
    Ability.READ_BUSY: _(
        "To see when you are busy, and to be told when that changes. Not what an event says."
    ),
    Ability.WRITE_EVENTS: _(
        "To write, move and delete the events of bookings in calendars that you own, with Google Meet if you "
        "choose that."
    ),
}


@dataclass(frozen=True, slots=True)
class AskedFor:
    """A permission: its name at Zoom, what it is for, and what does not work without it."""

    name: str
    why: str
    without: str


def asked_for(provider: str) -> list[AskedFor]:
    return [
        AskedFor(
            scope.name,
            str(WHY_CALENDARS[scope.gives] if scope.gives else WHY[scope.name]),
            gettext(scope.disables),
        )
        for scope in connections.wanted_scopes(provider)
    ]
