"""The calendars of a host's accounts: which there are, which of them block his time, and where bookings go.

What a host uses a calendar for is his choice, and stays through trouble: an account that is broken, or a
calendar that is missing, makes its busy times unknown, which is not free. Choices end with the connection.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from koalendar.accounts.models import Host
from koalendar.connections import queries
from koalendar.connections.actions import open_calendars
from koalendar.connections.deletions import forgotten_id
from koalendar.connections.models import Calendar, Connection
from koalendar.connections.provider import Ability, Reason, RemoteCalendar

logger = logging.getLogger(__name__)


class NotWritable(Exception):
    """Bookings cannot go into this calendar, or it is not one of the host's."""


# ── What is known ──


def calendars_of(host: Host) -> QuerySet[Calendar]:
    """What a host can choose from, and what he has chosen although it is gone: by account, primary first."""
    rows = Calendar.objects.filter(_HELD, Q(gone_at=None) | _IN_USE, host=host)
    return rows.select_related("connection__credential").order_by(
        "connection__created_at", "connection_id", "-is_primary", "name", "pk"
    )


def calendar_by_id(host: Host, public_id: str) -> Calendar | None:
    """The host's own calendar of this id; another host's is as unknown as one that never was."""
    return calendars_of(host).filter(public_id=public_id).first()


def target_of(host: Host) -> Calendar | None:
    """Where the host's bookings go, by a connection that may be broken; None: they go nowhere."""
    return targets().filter(host=host).select_related("connection__credential").first()


def targets() -> QuerySet[Calendar]:
    """As `target_of`, of all hosts."""
    return Calendar.objects.filter(_HELD, is_target=True, is_writable=True, gone_at=None)


def writable(host: Host) -> QuerySet[Calendar]:
    """The host's calendars that bookings can go into, now or once their account is connected again."""
    return calendars_of(host).filter(is_writable=True, gone_at=None)


def blocking(host: Host) -> QuerySet[Calendar]:
    """The host's calendars whose busy times count; see `is_ignored` and `is_unknown` for each."""
    return calendars_of(host).filter(blocks=True)


def gone_from(connection: Connection) -> QuerySet[Calendar]:
    """Calendars that the host uses and that are missing from the account's list."""
    return connection.calendars.filter(_IN_USE, gone_at__isnull=False).order_by("name", "pk")


def closed_in(connection: Connection) -> QuerySet[Calendar]:
    """The calendar that bookings were to go into and that takes none any more, though we may write events."""
    lost = connection.calendars.filter(is_target=True, is_writable=False, gone_at=None)
    return lost if queries.may(connection, Ability.WRITE_EVENTS) else lost.none()


def unknown_of(host: Host, now: datetime) -> list[Calendar]:
    """The host's blocking calendars for which nobody can say when he is free: no time of his is offered."""
    return [row for row in blocking(host) if is_unknown(row, now)]


def is_unknown(calendar: Calendar, now: datetime) -> bool:
    """Whether what we know of its busy times cannot be used, and the host waits for it.

    Never read, gone from the account's list, or read longer ago than `KOALENDAR_BUSY_MAX_AGE`.
    """
    if is_ignored(calendar):
        return False
    oldest = now - timedelta(seconds=settings.KOALENDAR_BUSY_MAX_AGE)
    return calendar.gone_at is not None or calendar.read_at is None or calendar.read_at < oldest


def is_ignored(calendar: Calendar) -> bool:
    """Whether the host chose not to wait for it, and it has not been read since: then it blocks nothing."""
    ignored_at, read_at = calendar.ignored_at, calendar.read_at
    return ignored_at is not None and (read_at is None or read_at <= ignored_at)


_HELD = ~Q(connection__state=Connection.State.REVOKED)
_IN_USE = Q(blocks=True) | Q(is_target=True)


# ── What a host chooses ──


def choose(host: Host, *, blocks: set[str], target: str | None) -> None:
    """Let exactly these of the host's calendars block his time, and bookings go into `target`, or nowhere.

    Busy times of a calendar that blocks no longer are erased; one that blocks from now on is unknown until it
    is read. Raises NotWritable; nothing is changed then.
    """
    with transaction.atomic():
        Host.objects.select_for_update().get(pk=host.pk)
        rows = list(calendars_of(host))
        aim = next((row for row in rows if row.public_id == target), None)
        if target is not None and (aim is None or not (aim.is_target or _can_be_target(aim))):
            raise NotWritable(target)
        _choose_blocking(rows, blocks)
        host.calendars.filter(is_target=True).update(is_target=False)
        if aim is not None:
            Calendar.objects.filter(pk=aim.pk).update(is_target=True)
        for connection in {row.connection_id: row.connection for row in rows}.values():
            _lift_what_is_over(connection)


def _can_be_target(calendar: Calendar) -> bool:
    return calendar.is_writable and calendar.gone_at is None


def _choose_blocking(rows: Sequence[Calendar], blocks: set[str]) -> None:
    begun = [row.pk for row in rows if row.public_id in blocks and not row.blocks]
    ended = [row.pk for row in rows if row.public_id not in blocks and row.blocks]
    Calendar.objects.filter(pk__in=begun).update(blocks=True, **_UNREAD)
    Calendar.objects.filter(pk__in=ended).update(blocks=False, **_UNREAD)


_UNREAD: dict[str, Any] = {
    "busy": [],
    "read_at": None,
    "read_from": None,
    "read_until": None,
    "ignored_at": None,
    "problem": "",
    "problem_since": None,
}


def ignore(calendar: Calendar, now: datetime) -> bool:
    """Do not wait for this calendar until it has been read. False if it is known, and nothing was changed."""
    with transaction.atomic():
        row = Calendar.objects.select_for_update().get(pk=calendar.pk)
        if not (row.blocks and is_unknown(row, now)):
            return False
        row.ignored_at = now
        row.save(update_fields=["ignored_at"])
    logger.info("calendar_ignored", extra={"calendar": row.pk, "host": row.host_id})
    return True


def wait_again(calendar: Calendar) -> None:
    """The host waits for this calendar again: while it cannot be read, he offers nothing."""
    Calendar.objects.filter(pk=calendar.pk).update(ignored_at=None)


# ── What the provider lists ──


def refresh_list(connection: Connection, now: datetime) -> list[Calendar]:
    """Ask for the account's calendars and keep them; gives those in use that have gone missing by this.

    Raises Temporary, Rejected, Disconnected or Misconfigured; nothing is changed then.
    """
    found = open_calendars(connection.credential).calendars()
    return keep_list(connection, found, now)


def keep_list(connection: Connection, found: Sequence[RemoteCalendar], now: datetime) -> list[Calendar]:
    """Keep what the account's list says as of `now`; gives those in use that have gone missing by this.

    The primary calendar blocks as soon as we may read busy times, and is where bookings go as soon as we may
    write into it and the host has no such calendar: at the first list, or when that was granted later. The
    host's own choice is not undone. What is in use and missing, or takes no bookings any more, makes the
    connection need attention, until the host has chosen or the calendar is back.
    """
    with transaction.atomic():
        Host.objects.select_for_update().get(pk=connection.host_id)
        current = Connection.objects.select_for_update(of=("self",)).select_related("credential")
        held = current.get(pk=connection.pk)
        if not held.is_live:
            return []
        rows = {row.remote_id: row for row in held.calendars.select_for_update()}
        for remote in found:
            if len(remote.remote_id) <= _LONGEST_ID:
                _keep(held, _row_of(held, remote, rows), remote)
        missing = [row for row in rows.values() if row.gone_at is None]
        Calendar.objects.filter(pk__in=[row.pk for row in missing]).update(gone_at=now)
        newly_gone = [row for row in missing if row.blocks or row.is_target]
        _lift_what_is_over(held)
        for reason, lost in _lost_from(held).items():
            if lost.exists():
                _need_attention(held, reason, now)
    if newly_gone:
        logger.warning("calendars_gone", extra={"connection": held.pk, "calendars": len(newly_gone)})
    return newly_gone


_LONGEST_ID = 255


def _row_of(connection: Connection, remote: RemoteCalendar, rows: dict[str, Calendar]) -> Calendar:
    """The row of this calendar, also if it had been forgotten, taken out of `rows`; or a new one."""
    for name in (remote.remote_id, forgotten_id(connection.provider, remote.remote_id)):
        if name in rows:
            return rows.pop(name)
    return Calendar(connection=connection, host_id=connection.host_id)


def _keep(connection: Connection, row: Calendar, remote: RemoteCalendar) -> None:
    is_new, was_writable = row.pk is None, row.is_writable
    row.remote_id, row.is_primary, row.gone_at = remote.remote_id, remote.is_primary, None
    row.name, row.color, row.role, row.zone = (
        remote.name[:255],
        remote.color[:7],
        remote.role[:32],
        remote.zone[:64],
    )
    row.is_writable = remote.is_writable and queries.may(connection, Ability.WRITE_EVENTS)
    if row.is_primary:
        _use_by_itself(connection, row, is_new=is_new, was_writable=was_writable)
    row.save()


def _use_by_itself(connection: Connection, row: Calendar, *, is_new: bool, was_writable: bool) -> None:
    """What becomes of a primary calendar without a choice, and only once for each permission."""
    awaits_permission = row.problem == Reason.MISSING_SCOPE and not row.blocks
    if is_new or awaits_permission:
        row.blocks = queries.may(connection, Ability.READ_BUSY)
        row.problem = "" if row.blocks else str(Reason.MISSING_SCOPE)
    if row.is_writable and (is_new or not was_writable):
        has_target = Calendar.objects.filter(_HELD, host=row.host_id, is_target=True).exists()
        row.is_target = row.is_target or not has_target


def note_reading(connection: Connection, now: datetime) -> None:
    """The connection needs attention while one of its calendars has been unreadable for so long that nothing
    of its host's can be booked. That ends by itself, as soon as all of them are read again.
    """
    rows = list(connection.calendars.filter(blocks=True).exclude(problem=""))
    lasting = now - timedelta(seconds=settings.KOALENDAR_BUSY_MAX_AGE)
    if any(row.problem_since and row.problem_since <= lasting and is_unknown(row, now) for row in rows):
        _need_attention(connection, Reason.CALENDAR_UNREADABLE, now)
    elif not rows:
        _lift(connection, Reason.CALENDAR_UNREADABLE)


def _need_attention(connection: Connection, reason: Reason, now: datetime) -> None:
    """The first problem stays, as for every other."""
    Connection.objects.filter(pk=connection.pk, state=Connection.State.ACTIVE).update(
        state=Connection.State.ATTENTION,
        problem=reason,
        problem_since=now,
        problem_told_at=None,
    )


def _lost_from(connection: Connection) -> dict[Reason, QuerySet[Calendar]]:
    return {Reason.CALENDAR_GONE: gone_from(connection), Reason.CALENDAR_CLOSED: closed_in(connection)}


def _lift_what_is_over(connection: Connection) -> None:
    for reason, lost in _lost_from(connection).items():
        if not lost.exists():
            _lift(connection, reason)


def _lift(connection: Connection, reason: Reason) -> None:
    """This problem is over. Others, which it hid, show themselves by the next call that meets them."""
    held = Connection.objects.filter(pk=connection.pk, state=Connection.State.ATTENTION, problem=reason)
    held.update(state=Connection.State.ACTIVE, problem="", problem_since=None, problem_told_at=None)
