"""What stands on top of a host's pages while one of his accounts needs him."""

from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from koalendar.accounts.models import Host
from koalendar.booking.conditions import ending_for, reason_of
from koalendar.connections import queries
from koalendar.connections.models import Connection
from koalendar.web.dashboard import google_card, zoom_card
from koalendar.web.dashboard.wording import wording_for


def needs_attention(host: Host) -> bool:
    """Whether the menu should mark the integrations."""
    troubled = (Connection.State.ATTENTION, Connection.State.BROKEN)
    return host.connections.filter(state__in=troubled).exists()


def trouble_banner(host: Host, *, now: datetime) -> dict[str, str] | None:
    """The account that has to be connected again; a broken one before one that has ended."""
    broken = host.connections.filter(state=Connection.State.BROKEN).select_related("credential")
    # What cannot be booked at all weighs more than a link that is missing.
    worst = broken.order_by("-calendars__blocks", "-provider", "pk").first()
    return _ending_banner(host, now=now) if worst is None else _broken_banner(worst, host, now=now)


def _broken_banner(broken: Connection, host: Host, *, now: datetime) -> dict[str, str]:
    words = wording_for(host, now=now)
    is_google = queries.keeps_calendars(broken.provider)
    said = google_card.briefly(broken, words) if is_google else zoom_card.sentences(broken, host, words)
    name = queries.name_of(broken.provider)
    return {
        "name": name,
        "state": "bad",
        "text": " ".join(said),
        "url": reverse(f"{broken.provider}-connect"),
        "action": _("Reconnect %(name)s") % {"name": name},
    }


def _ending_banner(host: Host, *, now: datetime) -> dict[str, str] | None:
    """After a removal or disconnection: what is kept, and until when."""
    ending = ending_for(host, now=now)
    if ending is None:
        return None
    provider = ending.connection.provider
    name = queries.name_of(provider)
    day = wording_for(host, now=now).date_of(ending.until)
    about = (
        ""
        if queries.keeps_calendars(provider) and not ending.kept
        else zoom_card.about_kept(ending.kept, day)
    )
    return {
        "name": name,
        "state": "bad" if ending.is_near else "warn",
        "text": f"{reason_of(ending.connection)} {about}".strip(),
        "url": reverse(f"{provider}-connect"),
        "action": _("Connect %(name)s") % {"name": name},
    }
