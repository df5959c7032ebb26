"""What became of a host's bookings in a stretch of days, in numbers."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from koalendar.accounts.models import Host
from koalendar.booking.models import Booking
from koalendar.booking.queries import bookings_of
from koalendar.scheduling.zones import load_zone


@dataclass(frozen=True, slots=True)
class Count:
    """Bookings that were agreed; of them, those that were cancelled, and those whose invitee did not come."""

    booked: int = 0
    cancelled: int = 0
    no_shows: int = 0

    @property
    def kept(self) -> int:
        return self.booked - self.cancelled - self.no_shows

    def __add__(self, other: "Count") -> "Count":
        return Count(
            self.booked + other.booked, self.cancelled + other.cancelled, self.no_shows + other.no_shows
        )


@dataclass(frozen=True, slots=True)
class Figures:
    """`days` has each date, `event_types` the titles with the most bookings first."""

    days: Sequence[tuple[date, Count]]
    event_types: Sequence[tuple[str, Count]]
    total: Count


def figures(host: Host, *, first: date, last: date) -> Figures:
    """The bookings that begin from `first` to `last`, both dates of the host's zone included; in one query.

    Requests that were declined or have lapsed are no bookings.
    """
    here = load_zone(host.zone)
    begin, end = (datetime.combine(day, time(), here) for day in (first, last + timedelta(days=1)))
    agreed = bookings_of(host).filter(
        status__in=[Booking.Status.CONFIRMED, Booking.Status.CANCELLED],
        appointment__start__gte=begin,
        appointment__start__lt=end,
    )
    rows = agreed.values_list(
        "appointment__start", "appointment__event_type__title", "status", "no_show_at"
    ).order_by()
    return _summed(rows.iterator(), [first + timedelta(days=n) for n in range((last - first).days + 1)], here)


def _summed(
    rows: Iterable[tuple[datetime, str, str, datetime | None]], days: Sequence[date], here: ZoneInfo
) -> Figures:
    by_day: dict[date, Count] = defaultdict(Count)
    by_type: dict[str, Count] = defaultdict(Count)
    for start, title, status, no_show_at in rows:
        is_cancelled = status == Booking.Status.CANCELLED
        one = Count(1, int(is_cancelled), int(no_show_at is not None and not is_cancelled))
        by_day[start.astimezone(here).date()] += one
        by_type[title] += one
    return Figures(
        days=[(day, by_day[day]) for day in days],
        event_types=sorted(by_type.items(), key=lambda pair: (-pair[1].booked, pair[0])),
        total=sum(by_type.values(), Count()),
    )
