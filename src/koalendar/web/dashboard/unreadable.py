"""What a host is told while nobody can say when he is free, so that nothing of his can be booked."""

from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from koalendar.accounts.models import Host
from koalendar.connections.calendars import unknown_of
from koalendar.connections.models import Calendar, Connection
from koalendar.web.dashboard.wording import wording_for


def unreadable_banner(host: Host, *, now: datetime) -> dict[str, str] | None:
    """What stands on top of the dashboard while one of the host's calendars is unknown; of an account that
    has to be connected again, its own banner says so.
    """
    found = [row for row in unknown_of(host, now) if row.connection.state != Connection.State.BROKEN]
    if not found:
        return None
    worst = min(found, key=lambda row: (row.read_at is None and not row.problem, row.read_at or now))
    return {
        "name": _("Google Calendar"),
        "state": "bad",
        "text": _why(worst, host, now),
        "url": reverse("integrations"),
        "action": _("See Integrations"),
    }


def _why(calendar: Calendar, host: Host, now: datetime) -> str:
    names = {"calendar": calendar.name or _("a calendar that you chose")}
    if calendar.gone_at is not None:
        return _("Nobody can book you: “%(calendar)s” is not in your Google account any more.") % names
    if calendar.read_at is None and not calendar.problem:
        return _("Nobody can book you yet: “%(calendar)s” is being read. This takes a few seconds.") % names
    since = calendar.read_at or calendar.problem_since
    if since is None:
        return _("Nobody can book you: “%(calendar)s” cannot be read.") % names
    when = wording_for(host, now=now).moment(since)
    return _("Nobody can book you: “%(calendar)s” has not been read since %(when)s.") % (
        names | {"when": when}
    )
