"""What the card of a connected account says: what is, what it means, what one can do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from koalendar.accounts.models import Host
from koalendar.booking import problems
from koalendar.booking import queries as bookings
from koalendar.booking.models import Booking, EventType
from koalendar.connections import queries
from koalendar.connections.models import Connection, Credential
from koalendar.connections.provider import MENDED_BY_CHOICE, Reason
from koalendar.web.dashboard import google_card, zoom_card
from koalendar.web.dashboard.wording import HostWording, wording_for

SHOWN_BOOKINGS = 10


@dataclass(frozen=True, slots=True)
class Permission:
    """One thing that we may do there; `lack` says what does not work without it, where it is missing."""

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
class AccountCard:
    """`provider` is its kind, `name` what people call it. `state` is a connection's, or `none`; `tone` is the
    chip's; `sentences` stand below each other.

    `needs_consent` says that connecting again mends what is wrong. `event_types` are those that use the
    account; `coming` the first of `coming_count` bookings. `is_alone` says that the host has no other
    account.
    """

    provider: str
    name: str
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
    needs_consent: bool = False
    is_default: bool = False
    is_alone: bool = True

    @property
    def is_live(self) -> bool:
        return self.state in Connection.LIVE

    @property
    def is_in_use(self) -> bool:
        """Whether it stands for an account, however that is: another one may be connected beside it."""
        return self.is_live or self.state == Connection.State.BROKEN


def cards_for(
    host: Host, provider: str, *, now: datetime, failed: str = "", tested: str = "", outcome: str = ""
) -> list[AccountCard]:
    """A card for each account in use there; for a host without one, the one that leads there."""
    failure = connect_problem(provider, failed)
    known = [row for row in queries.connections_of(host) if row.provider == provider]
    used = [row for row in known if row.state != Connection.State.REVOKED]
    if not used:
        return [_unconnected(host, provider, known, failure, now)]
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


def _unconnected(
    host: Host, provider: str, known: Sequence[Connection], failure: str, now: datetime
) -> AccountCard:
    of_provider = google_card if queries.keeps_calendars(provider) else zoom_card
    removed = max((row for row in known if row.problem_since), key=zoom_card.since, default=None)
    if failure:
        sentences, chip, tone = [], _("Not connected"), "bad"
    elif removed is None:
        sentences, chip, tone = of_provider.before_connecting(), _("Not connected"), ""
    else:
        sentences, chip, tone = of_provider.after_removal(removed, host, now), _("Removed"), ""
    is_at_zoom = provider == "zoom" and not failure
    return AccountCard(
        provider,
        queries.name_of(provider),
        "none" if failure or removed is None else "revoked",
        chip,
        tone,
        sentences,
        failure=failure,
        event_types=zoom_card.event_types_at_zoom(host) if is_at_zoom else (),
        without_link=bookings.coming_without_link(host, now=now) if is_at_zoom and removed else 0,
    )


def _card(
    connection: Connection, host: Host, *, now: datetime, failure: str, outcome: str, is_alone: bool
) -> AccountCard:
    words = wording_for(host, now=now)
    chip, tone = {
        Connection.State.ACTIVE: (_("Connected"), "ok"),
        Connection.State.ATTENTION: (_("Needs attention"), "warn"),
        Connection.State.BROKEN: (_("Reconnect needed"), "bad"),
    }[Connection.State(connection.state)]
    is_google = queries.keeps_calendars(connection.provider)
    coming = Booking.objects.none() if is_google else bookings.coming_over(connection, now=now)
    return AccountCard(
        provider=connection.provider,
        name=queries.name_of(connection.provider),
        state=connection.state,
        chip=chip,
        tone=tone,
        sentences=google_card.sentences(connection, words)
        if is_google
        else zoom_card.sentences(connection, host, words),
        public_id=connection.public_id,
        account=account_words(connection.credential),
        last_worked=words.moment(connection.last_ok_at) if connection.last_ok_at else "",
        failure=failure,
        test_result=_test_result(connection, outcome),
        test_went_well=outcome == "well",
        last_problem=_last_problem(connection, words),
        last_failure=_last_failure(connection, words),
        permissions=_permissions(connection),
        event_types=() if is_google else zoom_card.event_types_over(host, connection),
        coming=_coming(list(coming[:SHOWN_BOOKINGS]), words),
        coming_count=coming.count(),
        without_link=0 if is_google else bookings.coming_without_link(host, now=now),
        needs_consent=connection.state == Connection.State.ATTENTION
        and connection.problem not in MENDED_BY_CHOICE,
        is_default=connection.is_default,
        is_alone=is_alone,
    )


def _last_problem(connection: Connection, words: HostWording) -> str:
    """Why it is broken, or what goes wrong with its meetings just now, since when, and what waits for it."""
    if queries.keeps_calendars(connection.provider):
        return ""  # What is wrong with a calendar stands beside it.
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
    reason = problems.in_words(credential.failure, credential.provider).split(". ")[0].rstrip(".")
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


def _permissions(connection: Connection) -> list[Permission]:
    """What the consent page asked for, in words, with a tick or what is lacking."""
    if not connection.is_live:
        return []
    lacks = {scope.name: scope.disables for scope in queries.missing_scopes(connection)}
    return [
        Permission(_(words), lacks.get(name, "")) for name, words in _asked_for(connection.provider).items()
    ]


def _asked_for(provider: str) -> dict[str, str]:
    if not queries.keeps_calendars(provider):
        return zoom_card.PERMISSIONS
    scopes = queries.wanted_scopes(provider)
    return {scope.name: google_card.PERMISSIONS[scope.gives] for scope in scopes if scope.gives}


def _test_result(connection: Connection, outcome: str) -> str:
    if not outcome:
        return ""
    known = {
        "name": queries.name_of(connection.provider),
        "email": connection.credential.account_email,
        "problem": problems.in_words(outcome, connection.provider),
    }
    is_google = queries.keeps_calendars(connection.provider)
    if outcome != "well":
        asked = (
            _("We asked %(name)s for your calendar. %(problem)s"),
            _("We asked %(name)s who you are. %(problem)s"),
        )
        return asked[0 if is_google else 1] % known
    asked = (
        _("We asked %(name)s for your calendar: it answers."),
        _("We asked %(name)s who you are: %(email)s."),
    )
    rest = (
        _("Not all permissions are there.")
        if queries.missing_scopes(connection)
        else _("All permissions are there.")
    )
    return f"{asked[0 if is_google else 1] % known} {rest}"


def connect_problem(provider: str, reason: str) -> str:
    """Why connecting did not work; the words are ours whatever `reason` the address bar holds."""
    if not reason:
        return ""
    told = {
        "declined": _("%(name)s did not connect: you declined."),
        "no_code": _(
            "%(name)s did not connect, and did not say why. Your %(name)s admin may have to approve this app."
        ),
        "code_expired": _("%(name)s did not connect: its permission came too late. Try again."),
        "code_invalid": _(
            "%(name)s did not connect: it did not know the permission that it had given. Try again."
        ),
    }
    sentence = told.get(reason) or _("%(name)s did not connect. %(problem)s")
    known = {"name": queries.name_of(provider), "problem": problems.in_words(reason, provider)}
    return sentence % known
