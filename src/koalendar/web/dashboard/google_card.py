"""What a Google connection means for a host's time and bookings, in the words of its card."""

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from koalendar.accounts.models import Host
from koalendar.booking.conditions import hint_of_testing, reason_of
from koalendar.connections.models import Connection
from koalendar.connections.provider import Ability, Reason
from koalendar.web.dashboard.wording import HostWording, wording_for

PERMISSIONS = {
    Ability.LIST_CALENDARS: gettext_noop("See which calendars you have"),
    Ability.READ_BUSY: gettext_noop("See when you are busy, and not with what"),
    Ability.WRITE_EVENTS: gettext_noop("Write bookings into calendars that you own"),
}


def sentences(connection: Connection, words: HostWording) -> list[str]:
    """How it is, and what that means."""
    if connection.state == Connection.State.ACTIVE:
        return [use_of_calendars(connection)]
    if connection.state == Connection.State.ATTENTION:
        return [reason_of(connection), use_of_calendars(connection)]
    first, *rest = briefly(connection, words)
    return [first, *hint_of_testing(connection), *rest]


def briefly(connection: Connection, words: HostWording) -> list[str]:
    """Of a broken one, for a banner: what is, and what that means. Why is told on the card."""
    if connection.problem != Reason.AUTHORIZATION_REFUSED:
        return [reason_of(connection), *_what_broken_means(connection)]
    since = words.date_of(connection.problem_since or connection.created_at)
    ended = _("Google no longer accepts our access since %(day)s.") % {"day": since}
    return [ended, *_what_broken_means(connection)]


def _what_broken_means(connection: Connection) -> list[str]:
    blocking = connection.calendars.filter(blocks=True).exists()
    target = connection.calendars.filter(is_target=True).exists()
    return [
        *([_("While we cannot see when you are busy there, no times are offered.")] if blocking else []),
        *([_("Bookings are written there once you reconnect.")] if target else []),
    ]


def use_of_calendars(connection: Connection) -> str:
    """ "2 calendars block your time, and bookings go into “Work”." """
    many = connection.calendars.filter(blocks=True).count()
    target = connection.calendars.filter(is_target=True, is_writable=True, gone_at=None).first()
    blocking = (
        ngettext("%(many)d calendar blocks your time", "%(many)d calendars block your time", many)
        if many
        else _("None of its calendars blocks your time")
    ) % {"many": many}
    if target is None:
        return _("%(blocking)s, and bookings do not go into this account.") % {"blocking": blocking}
    return _("%(blocking)s, and bookings go into “%(target)s”.") % {
        "blocking": blocking,
        "target": target.name,
    }


def before_connecting() -> list[str]:
    return [
        _("Connect it, and times when you are busy are not offered; each booking appears in your calendar.")
    ]


def after_removal(connection: Connection, host: Host, now: datetime) -> list[str]:
    day = wording_for(host, now=now).date_of(connection.problem_since or connection.created_at)
    return [
        _("Our access to Google ended on %(day)s, and we erased it.") % {"day": day},
        _("Its calendars block nothing any more. Events already written stay in Google."),
    ]
