"""The form in which a host says which of his calendars block his time, and where bookings go."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from django.http import QueryDict
from django.utils.translation import gettext as _

from koalendar.accounts.models import Host
from koalendar.booking import problems
from koalendar.connections import calendars, queries
from koalendar.connections.models import Calendar, Connection
from koalendar.connections.provider import Ability
from koalendar.web.dashboard.account_card import account_words
from koalendar.web.dashboard.wording import HostWording, wording_for


@dataclass(frozen=True, slots=True)
class Line:
    """One calendar. `color` is `#rrggbb` or empty; `facts` stand under its name. `trouble` is why nobody can
    say whether the host is busy, or empty; `is_being_read` that nobody has looked yet.
    """

    public_id: str
    name: str
    color: str
    facts: Sequence[str]
    blocks: bool
    can_block: bool
    is_target: bool
    can_be_target: bool
    trouble: str
    is_being_read: bool
    is_ignored: bool


@dataclass(frozen=True, slots=True)
class Account:
    """The calendars of one account; `why_not` says why bookings can go into none of them, or is empty."""

    name: str
    why_not: str
    lines: Sequence[Line]


@dataclass(frozen=True, slots=True)
class CalendarForm:
    """What the host can choose. `has_target` says that bookings go somewhere, `is_waiting` that no times are
    offered because of a calendar that cannot be read.
    """

    accounts: Sequence[Account]
    has_target: bool
    is_waiting: bool


def form_for(host: Host, *, now: datetime) -> CalendarForm | None:
    """The form as of now; None for a host without any calendar."""
    rows = list(calendars.calendars_of(host))
    if not rows:
        return None
    words = wording_for(host, now=now)
    accounts = [
        Account(_account(connection), _why_not(connection), [_line(row, words) for row in own])
        for connection, own in groupby(rows, key=lambda row: row.connection)
    ]
    lines = [line for account in accounts for line in account.lines]
    return CalendarForm(
        accounts,
        has_target=any(line.is_target for line in lines),
        is_waiting=any(line.trouble for line in lines),
    )


def chosen_in(posted: QueryDict, host: Host) -> tuple[set[str], str | None]:
    """What `calendars.choose` takes. What the page did not show stays as it is."""
    shown = set(posted.getlist("shown"))
    unseen = {row.public_id for row in calendars.blocking(host) if row.public_id not in shown}
    return set(posted.getlist("blocks")) & shown | unseen, posted.get("target") or None


def _account(connection: Connection) -> str:
    return account_words(connection.credential) or queries.name_of(connection.provider)


def _line(row: Calendar, words: HostWording) -> Line:
    is_unknown = row.blocks and calendars.is_unknown(row, words.now)
    is_being_read = is_unknown and _is_being_read(row)
    return Line(
        public_id=row.public_id,
        name=row.name or _("A calendar whose name we have erased"),
        color=row.color,
        facts=_facts(row, words),
        blocks=row.blocks,
        can_block=row.blocks or (row.gone_at is None and queries.may(row.connection, Ability.READ_BUSY)),
        is_target=row.is_target,
        can_be_target=row.is_target or (row.is_writable and row.gone_at is None),
        trouble=_trouble(row) if is_unknown and not is_being_read else "",
        is_being_read=is_being_read,
        is_ignored=row.blocks and calendars.is_ignored(row),
    )


def _facts(row: Calendar, words: HostWording) -> list[str]:
    roles = {
        "owner": _("You own it"),
        "writer": _("You may write in it"),
        "writerWithoutPrivateAccess": _("You may write in it"),
        "reader": _("You may read it"),
        "freeBusyReader": _("You see only when it is busy"),
    }
    facts = [_("Your main calendar")] if row.is_primary else []
    facts += [roles[row.role]] if row.role in roles else []
    if row.gone_at is not None and not row.blocks:
        facts.append(_("not in your account any more"))
    elif row.blocks and row.read_at is not None:
        facts.append(_("read %(at)s") % {"at": words.moment(row.read_at)})
    return facts


def _why_not(connection: Connection) -> str:
    if not connection.is_live or queries.may(connection, Ability.WRITE_EVENTS):
        return ""
    return _("We may not write events in this account, so bookings cannot go there.")


def _is_being_read(row: Calendar) -> bool:
    """Whether the worker has only just been asked to."""
    return row.read_at is None and not row.problem and row.gone_at is None and row.connection.is_live


def _trouble(row: Calendar) -> str:
    """Why it is unknown whether the host is busy."""
    if row.gone_at is not None:
        return _(
            "It is not in your account any more, so we cannot see when you are busy. Untick it, or ignore it."
        )
    if not row.connection.is_live:
        return _("Its account has to be connected again, so we cannot see when you are busy.")
    if row.problem in problems.PASSING:
        # That there is nothing to do is said of what waits; here nobody can be booked meanwhile.
        reason = problems.in_words(row.problem, row.connection.provider).split(". ")[0].rstrip(".")
        told = _("%(reason)s. We keep asking. If you need not wait for this calendar, ignore it for now.")
        return told % {"reason": reason}
    if row.problem:
        return problems.in_words(row.problem, row.connection.provider)
    return _("It could not be read for a while. Until it has been read, no times are offered.")
