"""What the calendars of hosts take of their time, as slots need it.

Read from the mirror, in one query and without any call. Where a look has just asked a calendar, its answer
counts in place of the mirror, for the time that was asked about.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache, reduce
from operator import or_

from django.db import DEFAULT_DB_ALIAS, DatabaseError
from django.db.models import Q

from koalendar.accounts.models import Host
from koalendar.booking import owed
from koalendar.booking.prepared import Given, Prepared
from koalendar.connections.calendars import is_ignored, is_unknown
from koalendar.connections.mirror import between
from koalendar.connections.models import Calendar, Connection
from koalendar.scheduling.interval import Interval
from koalendar.scheduling.zones import floor_minutes

log = logging.getLogger(__name__)

# How old a mirror may be while somebody looks at pages that are computed from it.
FRESH = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Look:
    """What calendars were just asked about one stretch of time, before anything is booked in it.

    `answered` are busy times in UTC minutes, without our own events, by the calendar's primary key;
    `unanswered` the hosts, by primary key, of whom a calendar did not answer in time.
    """

    answered: Mapping[int, Sequence[Interval]] = field(default_factory=dict)
    unanswered: frozenset[int] = frozenset()


NO_LOOK = Look()


@dataclass(frozen=True, slots=True)
class Busy:
    """Busy times in UTC minutes, by host and in no order; the hosts of whom nobody can say when they are
    free; and the connections whose mirrors are too old for somebody who looks, and could be read at once.
    """

    times: Mapping[int, Sequence[Interval]]
    unknown: frozenset[int]
    stale: frozenset[int]


_NOTHING = Busy({}, frozenset(), frozenset())


def busy_of(
    hosts: Sequence[int], begin: datetime, end: datetime, *, now: datetime, seen: Look = NO_LOOK
) -> Busy:
    """What the calendars that block the time of these hosts (primary keys) take near [begin, end).

    What a mirror does not reach to is taken, since nobody knows that it is free.
    """
    rows = _blocking_of(len(hosts))(**_given(hosts)) if hosts else []
    if not rows:
        return _NOTHING
    first, last = floor_minutes(begin), floor_minutes(end) + 1
    times: dict[int, list[Interval]] = defaultdict(list)
    unknown, stale = set(), set()
    for calendar, asked_at, state in map(_calendar_of, rows):
        if calendar.pk in seen.answered:
            times[calendar.host_id] += seen.answered[calendar.pk]
        elif is_unknown(calendar, now):
            unknown.add(calendar.host_id)
        elif not is_ignored(calendar):
            times[calendar.host_id] += _taken(calendar, first, last)
        is_waiting = state in Connection.LIVE and (asked_at is None or asked_at <= now - FRESH)
        if is_waiting and _is_stale(calendar, end, now):
            stale.add(calendar.connection_id)
    return Busy(times, frozenset(unknown), frozenset(stale))


def _taken(calendar: Calendar, begin: int, end: int) -> list[Interval]:
    assert calendar.read_from is not None  # As for all that were read.
    assert calendar.read_until is not None
    since, until = floor_minutes(calendar.read_from) + 1, floor_minutes(calendar.read_until)
    return [*between(calendar.busy, begin, end), (begin, min(since, end)), (max(until, begin), end)]


def _is_stale(calendar: Calendar, end: datetime, now: datetime) -> bool:
    if calendar.read_at is None or calendar.read_until is None:
        return True
    return calendar.read_at < now - FRESH or calendar.read_until < end


def note_looking(connections: Iterable[int], *, now: datetime) -> None:
    """Somebody looks at what is computed from the mirrors of these connections, which are too old: read them.

    Never fails whoever looks: what is not noted now is by the next one.
    """
    pks = list(connections)
    if not pks:
        return
    try:
        lately = Q(asked_at__gt=now - FRESH)
        if (
            Connection.objects.filter(pk__in=pks, state__in=Connection.LIVE)
            .exclude(lately)
            .update(asked_at=now)
        ):
            owed.calendars_soon(pks, now=now)
    except DatabaseError:
        log.warning("looking_not_noted", exc_info=True)


# ── Rows ──

_COLUMNS = (
    "id",
    "connection_id",
    "host_id",
    "gone_at",
    "ignored_at",
    "busy",
    "read_at",
    "read_from",
    "read_until",
)


def _given(hosts: Sequence[int]) -> dict[str, int]:
    return {f"host{number}": host for number, host in enumerate(hosts)}


@cache
def _blocking_of(many: int) -> Prepared:
    """The calendars that block the time of so many hosts."""
    pk = Host._meta.get_field("id")
    hosts = reduce(or_, [Q(host=Given(f"host{number}", pk)) for number in range(many)])
    rows = Calendar.objects.filter(hosts, blocks=True).exclude(connection__state=Connection.State.REVOKED)
    return Prepared(rows.values_list(*_columns(), "connection__asked_at", "connection__state"))


@cache
def _columns() -> list[str]:
    """Those that are read, in the order that `from_db` takes them in."""
    return [each.attname for each in Calendar._meta.concrete_fields if each.attname in _COLUMNS]


def _calendar_of(row: Sequence[object]) -> tuple[Calendar, datetime | None, object]:
    """One row of `_blocking_of`; what was not read is deferred."""
    *values, asked_at, state = row
    assert asked_at is None or isinstance(asked_at, datetime)
    return Calendar.from_db(DEFAULT_DB_ALIAS, _columns(), values), asked_at, state
