"""The mirror of calendars' busy times: what is kept of an answer, and how slots read it.

It is a flat rising list of UTC minutes, [from, until) by turns, merged. Nothing here calls a provider.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain

from django.db.models import Case, F, Q, QuerySet, Value, When

from koalendar.connections.models import Calendar
from koalendar.connections.provider import Reason
from koalendar.scheduling.interval import Interval, merge, subtract

Span = tuple[datetime, datetime]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)


def flat(busy: Iterable[Span], *, without: Iterable[Span] = ()) -> list[int]:
    """What a mirror keeps of `busy`, in any order. A minute that is busy in part is busy.

    `without` are the times of events that are ours. They are taken out by the second, whatever a provider has
    merged them with.
    """
    theirs = subtract(merge(_seconds(busy)), merge(_seconds(without)))
    minutes = merge([(begin // 60, -(-end // 60)) for begin, end in theirs])
    return list(chain.from_iterable(minutes))


def _seconds(spans: Iterable[Span]) -> list[Interval]:
    return [((begin - _EPOCH) // _SECOND, -((_EPOCH - end) // _SECOND)) for begin, end in spans]


def between(minutes: Sequence[int], begin: int, end: int) -> list[Interval]:
    """The busy times of a flat list that have a minute in [begin, end), whole; by two searches."""
    first = bisect_right(minutes, begin) & ~1
    last = (bisect_left(minutes, end) + 1) & ~1
    return list(zip(minutes[first:last:2], minutes[first + 1 : last : 2], strict=True))


def replaced(minutes: Sequence[int], found: Sequence[int], begin: int, end: int) -> list[int]:
    """A flat list that says of [begin, end) what `found` does, and of all else what it did."""
    kept = subtract(pairs(minutes), [(begin, end)])
    return list(chain.from_iterable(merge([*kept, *pairs(found)])))


def pairs(minutes: Sequence[int]) -> list[Interval]:
    """A flat list as intervals."""
    return list(zip(minutes[::2], minutes[1::2], strict=True))


# ── Keeping ──


def keep(
    calendar: Calendar, minutes: Sequence[int], *, read_at: datetime, begin: datetime, end: datetime
) -> bool:
    """Replace the mirror by what was asked of [begin, end) at `read_at`. False if it knows a newer answer."""
    return bool(
        _blocking(calendar, Q(read_at=None) | Q(read_at__lte=read_at)).update(
            busy=list(minutes),
            read_at=read_at,
            read_from=begin,
            read_until=end,
            problem="",
            problem_since=None,
        )
    )


def amend(calendar: Calendar, minutes: Sequence[int], *, begin: int, end: int) -> bool:
    """Put what a look has just found in [begin, end), in minutes, into a mirror that was read before.

    False if it was never read, or has been read meanwhile.
    """
    row = Calendar.objects.filter(pk=calendar.pk, read_at__isnull=False).first()
    if row is None:
        return False
    same = Calendar.objects.filter(pk=row.pk, read_at=row.read_at)
    return bool(same.update(busy=replaced(row.busy, minutes, begin, end)))


def note_problem(calendars: Iterable[Calendar], reason: Reason, *, asked_at: datetime, now: datetime) -> None:
    """These could not be read at `asked_at`. What was read before stays, and ages."""
    for calendar in calendars:
        _blocking(calendar, Q(read_at=None) | Q(read_at__lt=asked_at)).update(
            problem=reason,
            problem_since=Case(When(problem="", then=Value(now)), default=F("problem_since")),
        )


def _blocking(calendar: Calendar, so_far: Q) -> QuerySet[Calendar]:
    """The row, if that holds of it so far and it still blocks."""
    return Calendar.objects.filter(so_far, pk=calendar.pk, blocks=True)
