"""What the card of a Zoom connection says: what is, what it means, what one can do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from koalendar.accounts.models import Host
from koalendar.booking import problems
from koalendar.booking import queries as bookings
from koalendar.booking.conditions import ending_for, kept_links, reason_of
from koalendar.booking.models import Booking, EventType
from koalendar.connections import queries
from koalendar.connections.models import Connection, Credential
from koalendar.connections.provider import Reason
from koalendar.web.dashboard.wording import HostWording, wording_for

SHOWN_BOOKINGS = 10


@dataclass(frozen=True, slots=True)
class Permission:
    """One thing that we may do at Zoom; `lack` says what does not work without it, where it is missing."""

    words: str
    lack: str


@dataclass(frozen=True, slots=True)
class ComingBooking:
    """One coming booking that the account concerns; `lacks` says what is missing, or is empty."""

    uid: UUID
    title: str
    when: str
    lacks: str


@dataclass(frozen=True, slots=True)
class ZoomCard:
    """`state` is a connection's, or `none`; `tone` is the chip's; `sentences` stand below each other.

    `event_types` are those that use the account; `coming` the first of `coming_count` bookings. `is_alone`
    says that the host has no other account.
    """

    state: str
    chip: str
    tone: str
    sentences: Sequence[str]
    public_id: str = ""
    account: str = ""
    last_worked: str = ""
    failure: str = ""
    test_result: str = ""
    test_went_well: bool = False
    last_problem: str = ""
    last_failure: str = ""
    permissions: Sequence[Permission] = ()
    event_types: Sequence[EventType] = ()
    coming: Sequence["ComingBooking"] = ()
    coming_count: int = 0
    without_link: int = 0
    is_default: bool = False
    is_alone: bool = True

    @property
    def is_live(self) -> bool:
        return self.state in Connection.LIVE


def cards_for(
    host: Host, *, now: datetime, failed: str = "", tested: str = "", outcome: str = ""
) -> list[ZoomCard]:
    """A card for each account in use; for a host without one, the one that leads there."""
    failure = connect_problem(failed)
    known = [row for row in queries.connections_of(host) if row.provider == "zoom"]
    used = [row for row in known if row.state != Connection.State.REVOKED]
    if not used:
        return [_unconnected(host, known, failure, now)]
    return [
        _card(
            row,
            host,
            now=now,
            failure=failure if place == 0 else "",
            outcome=outcome if row.public_id == tested else "",
            is_alone=len(used) == 1,
        )
        for place, row in enumerate(used)
    ]


def needs_attention(host: Host) -> bool:
    """Whether the menu should mark the integrations."""
    troubled = (Connection.State.ATTENTION, Connection.State.BROKEN)
    return host.connections.filter(state__in=troubled).exists()


def trouble_banner(host: Host, *, now: datetime) -> dict[str, str] | None:
    """What stands on top of the bookings while Zoom has to be connected again."""
    broken = host.connections.filter(provider="zoom", state=Connection.State.BROKEN).first()
    if broken is None:
        return _ending_banner(host, now=now)
    said = _sentences(broken, wording_for(host, now=now), bookings.coming_without_link(host, now=now))
    return {
        "name": _("Zoom"),
        "state": "bad",
        "text": " ".join([*said, *_kept_sentences(broken, host, now)]),
        "url": reverse("zoom-connect"),
        "action": _("Reconnect Zoom"),
    }


def _ending_banner(host: Host, *, now: datetime) -> dict[str, str] | None:
    """After a removal or disconnection: what is kept, and until when."""
    ending = ending_for(host, now=now)
    if ending is None:
        return None
    day = wording_for(host, now=now).date_of(ending.until)
    return {
        "name": _("Zoom"),
        "state": "bad" if ending.is_near else "warn",
        "text": f"{reason_of(ending.connection)} {_about_kept(ending.kept, day)}",
        "url": reverse("zoom-connect"),
        "action": _("Connect Zoom"),
    }


def _about_kept(kept: int, day: str) -> str:
    if not kept:
        return _("New bookings have no link until you connect Zoom.")
    return ngettext(
        "The link of %(many)d coming booking goes on working; on %(day)s it is erased here. "
        "Connect the same account before, and it stays.",
        "The links of %(many)d coming bookings go on working; on %(day)s they are erased here. "
        "Connect the same account before, and they stay.",
        kept,
    ) % {"many": kept, "day": day}


def _unconnected(host: Host, known: Sequence[Connection], failure: str, now: datetime) -> ZoomCard:
    removed = max((row for row in known if row.problem_since), key=_since, default=None)
    if failure:
        return ZoomCard("none", _("Not connected"), "bad", (), failure=failure)
    if removed is None:
        return ZoomCard(
            "none",
            _("Not connected"),
            "",
            [_("Connect Zoom and each booking gets its own meeting link.")],
            event_types=_event_types_at_zoom(host),
        )
    return ZoomCard(
        "revoked",
        _("Removed"),
        "",
        [
            _("Our access to Zoom ended on %(day)s, and we erased it.")
            % {"day": wording_for(host, now=now).date_of(_since(removed))},
            _("Meetings already made stay in Zoom; new bookings have no link."),
            *_kept_sentences(removed, host, now),
        ],
        event_types=_event_types_at_zoom(host),
        without_link=bookings.coming_without_link(host, now=now),
    )


def _kept_sentences(connection: Connection, host: Host, now: datetime) -> list[str]:
    """Until when links of this account stay here, if there are any."""
    ending = queries.ending_of(connection)
    kept = kept_links(connection, now=now) if ending is not None else 0
    if ending is None or not kept:
        return []
    return [_about_kept(kept, wording_for(host, now=now).date_of(ending.due_at))]


def _since(connection: Connection) -> datetime:
    return connection.problem_since or connection.created_at


def _card(
    connection: Connection, host: Host, *, now: datetime, failure: str, outcome: str, is_alone: bool
) -> ZoomCard:
    words = wording_for(host, now=now)
    chip, tone = {
        Connection.State.ACTIVE: (_("Connected"), "ok"),
        Connection.State.ATTENTION: (_("Needs attention"), "warn"),
        Connection.State.BROKEN: (_("Reconnect needed"), "bad"),
    }[Connection.State(connection.state)]
    without_link = bookings.coming_without_link(host, now=now)
    coming = bookings.coming_over(connection, now=now)
    return ZoomCard(
        state=connection.state,
        chip=chip,
        tone=tone,
        sentences=[*_sentences(connection, words, without_link), *_kept_sentences(connection, host, now)],
        public_id=connection.public_id,
        account=account_words(connection.credential),
        last_worked=words.moment(connection.last_ok_at) if connection.last_ok_at else "",
        failure=failure,
        test_result=_test_result(connection, outcome),
        test_went_well=outcome == "well",
        last_problem=_last_problem(connection, words),
        last_failure=_last_failure(connection, words),
        permissions=_permissions(connection),
        event_types=event_types_over(host, connection),
        coming=_coming(list(coming[:SHOWN_BOOKINGS]), words),
        coming_count=coming.count(),
        without_link=without_link,
        is_default=connection.is_default,
        is_alone=is_alone,
    )


def _last_problem(connection: Connection, words: HostWording) -> str:
    """Why it is broken, or what goes wrong with its meetings just now, since when, and what waits for it."""
    if connection.state == Connection.State.BROKEN:
        known = connection.problem == Reason.AUTHORIZATION_REFUSED  # Said on the card in any case.
        return "" if known else problems.in_words(connection.problem)
    trouble = bookings.trouble_over(connection, now=words.now)
    if trouble is None:
        return ""
    waiting = ngettext("%(many)d booking waits.", "%(many)d bookings wait.", trouble.bookings)
    return _("Since %(at)s: %(problem)s %(waiting)s") % {
        "at": words.moment(trouble.since),
        "problem": problems.in_words(trouble.problem),
        "waiting": waiting % {"many": trouble.bookings},
    }


def _last_failure(connection: Connection, words: HostWording) -> str:
    """The latest call that failed, and whether one has worked since."""
    credential = connection.credential
    if credential.failed_at is None:
        return ""
    # What it meant for a booking, and what there was to do, is said where that still holds.
    reason = problems.in_words(credential.failure).split(". ")[0].rstrip(".")
    told = {"at": words.moment(credential.failed_at), "problem": reason}
    if connection.is_live and connection.last_ok_at and connection.last_ok_at > credential.failed_at:
        return _("Last failed: %(at)s. %(problem)s. It has worked since.") % told
    return _("Last failed: %(at)s. %(problem)s.") % told


def _coming(rows: Sequence[Booking], words: HostWording) -> list[ComingBooking]:
    places = bookings.whereabouts_of(rows, now=words.now)
    return [
        ComingBooking(
            uid=row.uid,
            title=_("%(title)s with %(name)s")
            % {"title": row.appointment.event_type.title, "name": row.invitee_name},
            when=words.full(row.appointment.start, row.appointment.end),
            lacks="" if places[row.pk].join_url else _("No link"),
        )
        for row in rows
    ]


def account_words(credential: Credential) -> str:
    """ "ada@example.com, Licensed plan"; empty once the account is erased."""
    if not credential.account_email:
        return ""
    if credential.account_plan:
        return _("%(email)s, %(plan)s plan") % {
            "email": credential.account_email,
            "plan": credential.account_plan,
        }
    return credential.account_email


def _sentences(connection: Connection, words: HostWording, without_link: int) -> list[str]:
    if connection.state == Connection.State.ACTIVE and not connection.is_default:
        return [_("New bookings use another account of yours. Meetings that are in this one stay in it.")]
    if connection.state == Connection.State.ACTIVE:
        return [_("New bookings get a Zoom link."), *_about_recording(connection.credential)]
    if connection.state == Connection.State.ATTENTION:
        lacking = [scope.disables for scope in queries.missing_scopes(connection)]
        return lacking or [problems.in_words(connection.problem)]
    since = {"day": words.date_of(_since(connection))}
    if not without_link:
        return [
            _("Zoom no longer accepts our access since %(day)s.") % since,
            _("New bookings have no link until you reconnect."),
        ]
    return [
        _("Zoom no longer accepts our access since %(day)s.") % since,
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


def _permissions(connection: Connection) -> list[Permission]:
    """What the consent page asked for, in words, with a tick or what is lacking."""
    lacks = {scope.name: scope.disables for scope in queries.missing_scopes(connection)}
    words = {
        "user:read:user": _("See whose account it is"),
        "user:read:settings": _("Read your meeting settings"),
        "meeting:write:meeting": _("Make meetings"),
        "meeting:read:meeting": _("Read a meeting, and start it for you"),
        "meeting:update:meeting": _("Move meetings"),
        "meeting:delete:meeting": _("Delete meetings"),
        "meeting:read:list_meetings": _("Look through your meetings"),
    }
    if not connection.is_live:
        return []
    return [Permission(text, lacks.get(name, "")) for name, text in words.items()]


def _event_types_at_zoom(host: Host) -> list[EventType]:
    return [row for row in bookings.event_types_of(host) if row.active and is_at_zoom(row)]


def event_types_over(host: Host, connection: Connection) -> list[EventType]:
    """The bookable event types that make meetings in this account: they name it, or it is the default."""
    wanted = {connection.public_id} | ({None} if connection.is_default else set())
    return [
        row
        for row in _event_types_at_zoom(host)
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


def _test_result(connection: Connection, outcome: str) -> str:
    if not outcome:
        return ""
    if outcome != "well":
        return _("We asked Zoom who you are. %(problem)s") % {"problem": problems.in_words(outcome)}
    asked = _("We asked Zoom who you are: %(email)s.") % {"email": connection.credential.account_email}
    if queries.missing_scopes(connection):
        return f"{asked} {_('Not all permissions are there.')}"
    return f"{asked} {_('All permissions are there.')}"


def connect_problem(reason: str) -> str:
    """Why connecting did not work; the words are ours whatever `reason` the address bar holds."""
    if not reason:
        return ""
    told = {
        "declined": _("Zoom did not connect: you declined."),
        "no_code": _(
            "Zoom did not connect, and did not say why. Your Zoom admin may have to approve this app."
        ),
        "code_expired": _("Zoom did not connect: its permission came too late. Try again."),
        "code_invalid": _(
            "Zoom did not connect: it did not know the permission that it had given. Try again."
        ),
    }
    return told.get(reason) or _("Zoom did not connect. %(problem)s") % {"problem": problems.in_words(reason)}
