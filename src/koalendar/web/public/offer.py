"""The open starts of one event type, read once and cut by days of the reader's zone."""

from datetime import date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from koalendar.booking.busy import note_looking
from koalendar.booking.models import Appointment, Booking, EventType
from koalendar.booking.openings import Openings, minute_of, openings
from koalendar.scheduling.slots import by_day
from koalendar.scheduling.zones import load_zone, to_datetime, to_minutes, wall_to_minutes

_STRIDE = timedelta(days=31)
_OTHER_ZONES = timedelta(days=3)  # No two zones are further apart, ends of the day included.


class Offer:
    """Everything that a picker asks of the slots, from one look at the database.

    `without` is the appointment that is being moved, `by` whoever books. Days are local dates of
    `rules`, the reader's zone.
    """

    def __init__(
        self,
        event_type: EventType,
        *,
        duration: int,
        rules: ZoneInfo,
        now: datetime,
        without: Appointment | None = None,
        by: Booking.By = Booking.By.INVITEE,
    ) -> None:
        self.rules, self._now = rules, minute_of(now)
        window = timedelta(days=event_type.booking_window_days)
        self._openings: Openings = openings(
            event_type,
            duration=duration,
            begin=now,
            end=now + window + _OTHER_ZONES,
            now=now,
            without=without,
            by=by,
        )
        note_looking(self._openings.stale, now=now)
        self.today = now.astimezone(rules).date()

    @property
    def is_readable(self) -> bool:
        """Whether anybody can say when the host is free; otherwise there are no starts at all."""
        return self._openings.is_readable

    @cached_property
    def last_day(self) -> date:
        """The last day that may have a time: the end of the booking window of any host."""
        ends = [self.today]
        for host in self._openings.times:
            there = load_zone(host.availability.zone)
            last = to_datetime(self._now).astimezone(there).date()
            last += timedelta(days=self._openings.rules.window_days)
            ends.append(to_datetime(wall_to_minutes(last, 1440, there) - 1).astimezone(self.rules).date())
        return max(ends)

    def days(self, first: date, last: date) -> dict[date, list[datetime]]:
        """The open starts from `first` to `last`, both included; days without one are left out."""
        begin, end = wall_to_minutes(first, 0, self.rules), wall_to_minutes(last, 1440, self.rules)
        starts = self._openings.starts(begin, end, now=self._now)
        return {
            day: [to_datetime(start) for start in found] for day, found in by_day(starts, self.rules).items()
        }

    def first_day(self, since: date) -> date | None:
        """The first day from `since` on that has a time."""
        while since <= self.last_day:
            if found := self.days(since, since + _STRIDE):
                return min(found)
            since += _STRIDE + timedelta(days=1)
        return None

    def is_open(self, start: datetime) -> bool:
        minute = to_minutes(start)
        return bool(self._openings.starts(minute, minute + 1, now=self._now))

    def near(self, start: datetime, *, many: int) -> list[datetime]:
        """Open starts to offer instead of `start`: of its day the nearest first, then of the days after."""
        day = start.astimezone(self.rules).date()
        found = self.days(day, day + timedelta(days=14))
        same_day = sorted(found.pop(day, []), key=lambda other: abs(other - start))
        later = [other for day in sorted(found) for other in found[day]]
        return [*same_day, *later][:many]
