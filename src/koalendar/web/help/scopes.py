"""Why we ask Zoom for each permission, in words for the person who is asked."""

from dataclasses import dataclass

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from koalendar.connections.zoom.oauth import SCOPES

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


@dataclass(frozen=True, slots=True)
class AskedFor:
    """A permission: its name at Zoom, what it is for, and what does not work without it."""

    name: str
    why: str
    without: str


def asked_for() -> list[AskedFor]:
    return [AskedFor(scope.name, str(WHY[scope.name]), gettext(scope.disables)) for scope in SCOPES]
