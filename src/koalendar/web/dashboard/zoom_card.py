"""What a Zoom connection means for a host's bookings, in the words of its card."""

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from koalendar.accounts.models import Host
from koalendar.booking import problems
from koalendar.booking import queries as bookings
from koalendar.booking.conditions import kept_links, lacks_of
from koalendar.booking.models import EventType
from koalendar.connections import queries
from koalendar.connections.models import Connection, Credential
from koalendar.web.dashboard.wording import HostWording, wording_for

PERMISSIONS = {
    "user:read:user": gettext_noop("See whose account it is"),
    "user:read:settings": gettext_noop("Read your meeting settings"),
    "meeting:write:meeting": gettext_noop("Make meetings"),
    "meeting:read:meeting": gettext_noop("Read a meeting, and start it for you"),
    "meeting:update:meeting": gettext_noop("Move meetings"),
    "meeting:delete:meeting": gettext_noop("Delete meetings"),
    "meeting:read:list_meetings": gettext_noop("Look through your meetings"),
}


def sentences(connection: Connection, host: Host, words: HostWording) -> list[str]:
    """How it is, what that means, and until when links stay."""
    without_link = bookings.coming_without_link(host, now=words.now)
    return [*_how_it_is(connection, words, without_link), *kept_sentences(connection, host, words.now)]


def _how_it_is(connection: Connection, words: HostWording, without_link: int) -> list[str]:
    if connection.state == Connection.State.ACTIVE and not connection.is_default:
        return [_("New bookings use another account of yours. Meetings that are in this one stay in it.")]
    if connection.state == Connection.State.ACTIVE:
        return [_("New bookings get a Zoom link."), *_about_recording(connection.credential)]
    if connection.state == Connection.State.ATTENTION:
        return lacks_of(connection) or [problems.in_words(connection.problem)]
    began = {"day": words.date_of(since(connection))}
    if not without_link:
        return [
            _("Zoom no longer accepts our access since %(day)s.") % began,
            _("New bookings have no link until you reconnect."),
        ]
    return [
        _("Zoom no longer accepts our access since %(day)s.") % began,
        ngettext(
            "%(many)d coming booking has no link. Reconnect and it is made and sent by itself.",
            "%(many)d coming bookings have no link. Reconnect and they are made and sent by themselves.",
            without_link,
        )
        % {"many": without_link},
    ]


def _about_recording(credential: Credential) -> list[str]:
    """What the account's own setting does with each meeting, which invitees should not learn from Zoom."""
    told = {
        "cloud": _("Its meetings are recorded to the cloud by themselves, as your Zoom settings say."),
        "local": _("Its meetings are recorded on your computer by themselves, as your Zoom settings say."),
    }
    return [told[credential.account_recording]] if credential.account_recording in told else []


def before_connecting() -> list[str]:
    return [_("Connect Zoom and each booking gets its own meeting link.")]


def after_removal(connection: Connection, host: Host, now: datetime) -> list[str]:
    return [
        _("Our access to Zoom ended on %(day)s, and we erased it.")
        % {"day": wording_for(host, now=now).date_of(since(connection))},
        _("Meetings already made stay in Zoom; new bookings have no link."),
        *kept_sentences(connection, host, now),
    ]


def kept_sentences(connection: Connection, host: Host, now: datetime) -> list[str]:
    """Until when links of this account stay here, if there are any."""
    ending = queries.ending_of(connection)
    kept = kept_links(connection, now=now) if ending is not None else 0
    if ending is None or not kept:
        return []
    return [about_kept(kept, wording_for(host, now=now).date_of(ending.due_at))]


def about_kept(kept: int, day: str) -> str:
    if not kept:
        return _("New bookings have no link until you connect Zoom.")
    return ngettext(
        "The link of %(many)d coming booking goes on working; on %(day)s it is erased here. "
        "Connect the same account before, and it stays.",
        "The links of %(many)d coming bookings go on working; on %(day)s they are erased here. "
        "Connect the same account before, and they stay.",
        kept,
    ) % {"many": kept, "day": day}


def since(connection: Connection) -> datetime:
    return connection.problem_since or connection.created_at


def event_types_at_zoom(host: Host) -> list[EventType]:
    return [row for row in bookings.event_types_of(host) if row.active and is_at_zoom(row)]


def event_types_over(host: Host, connection: Connection) -> list[EventType]:
    """The bookable event types that make meetings in this account: they name it, or it is the default."""
    wanted = {connection.public_id} | ({None} if connection.is_default else set())
    return [
        row
        for row in event_types_at_zoom(host)
        if any(place.get("kind") == "zoom" and place.get("connection") in wanted for place in row.locations)
    ]


def is_at_zoom(event_type: EventType) -> bool:
    return any(place.get("kind") == "zoom" for place in event_type.locations)


def live_accounts(host: Host) -> list[Connection]:
    """The Zoom accounts that meetings can be made in, the default first."""
    rows = [row for row in queries.connections_of(host) if row.provider == "zoom" and row.is_live]
    return sorted(rows, key=lambda row: not row.is_default)


def zoom_works(host: Host) -> bool:
    """Whether a booking made now would get its link."""
    connection = queries.connection_for(host, "zoom")
    return connection is not None and connection.is_live
