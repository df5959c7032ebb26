"""Which providers there are: one line each."""

from koalendar.connections.google.app import Google
from koalendar.connections.provider import CalendarKind, MeetingKind, Misconfigured, Provider, Reason
from koalendar.connections.zoom.app import Zoom

MEETINGS: dict[str, MeetingKind] = {
    Zoom.kind: Zoom(),
}
CALENDARS: dict[str, CalendarKind] = {
    Google.kind: Google(),
}


def known(kind: str) -> Provider:
    """The provider, on or off."""
    return MEETINGS.get(kind) or CALENDARS[kind]


def get(kind: str) -> Provider:
    """The provider. Raises Misconfigured while the operator has not given credentials for it."""
    provider = known(kind)
    if not provider.is_enabled:
        raise Misconfigured(Reason.PROVIDER_OFF)
    return provider


def meetings(kind: str) -> MeetingKind:
    """The provider, for its meetings. Raises as `get`."""
    get(kind)
    return MEETINGS[kind]


def calendars(kind: str) -> CalendarKind:
    """The provider, for its calendars. Raises as `get`."""
    get(kind)
    return CALENDARS[kind]


def is_enabled(kind: str) -> bool:
    """Whether the operator has given credentials; a provider that is off is hidden."""
    return (kind in MEETINGS or kind in CALENDARS) and known(kind).is_enabled
