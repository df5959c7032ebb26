"""Which slots are open: loads what the pure engine needs, and asks it.

The pages, the API and `book` all ask here, so that what is offered and what is accepted are one rule.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache, reduce
from operator import or_
from typing import Literal

from django.db.models import Q

from koalendar.booking.busy import NO_LOOK, Busy, Look, busy_of, note_looking
from koalendar.booking.errors import BookingRefused, OutsideRules, SlotTaken
from koalendar.booking.models import Appointment, Booking, EventType, EventTypeHost, Hold
from koalendar.booking.models.appointment import LONGEST_HOLD
from koalendar.booking.prepared import Given, Prepared
from koalendar.scheduling.interval import Interval
from koalendar.scheduling.slots import HostTime, Rules, by_day, hosts_free_at, is_open, open_starts
from koalendar.scheduling.zones import load_zone, to_datetime, to_minutes, wall_to_minutes

MAX_DAYS = 62
WINDOW_SPARE = 3  # Days after its number of days by which a booking window has surely ended.
_TENTATIVE = Appointment.Status.TENTATIVE
_LIMIT_REACH = timedelta(days=8)  # A week of the schedule's zone around any instant.


@dataclass(frozen=True, slots=True)
class Openings:
    """Everything that decides about one event type in a stretch of time, read once.

    Without `is_readable` nobody can say when the hosts are free, and nothing is offered. `stale` are the
    connections whose calendars should be read for somebody who looks at this.
    """

    event_type: EventType
    hosts: tuple[EventTypeHost, ...]
    times: tuple[HostTime, ...]
    rules: Rules
    need: Literal["all", "any"]
    counted: tuple[int, ...]
    is_readable: bool = True
    stale: frozenset[int] = frozenset()

    def starts(self, begin: int, end: int, *, now: int) -> list[int]:
        """The open starts in [begin, end), in UTC minutes."""
        if not (self.event_type.active and self.times and self.is_readable):
            return []
        return open_starts(
            self.times, self.rules, need=self.need, begin=begin, end=end, now=now, counted=self.counted
        )

    def judge(self, start: int, *, now: int) -> tuple[EventTypeHost, ...]:
        """The hosts whose time the start takes. Raises SlotTaken or OutsideRules when it is not open."""
        if not (self.event_type.active and self.times):
            raise OutsideRules("inactive")
        if not self.is_readable:
            raise OutsideRules("calendar")
        if not is_open(self.times, self.rules, need=self.need, start=start, now=now, counted=self.counted):
            raise self._reason(start, now=now)
        if self.need == "all":
            return self.hosts
        free = hosts_free_at(self.times, self.rules, start=start, now=now, counted=self.counted)
        return (self.hosts[free[0]],)

    def _reason(self, start: int, *, now: int) -> BookingRefused:
        idle = [HostTime(availability=host.availability, taken=()) for host in self.times]
        unlimited = Rules(
            duration=self.rules.duration, step=self.rules.step, window_days=self.rules.window_days + 36_500
        )
        if not is_open(idle, unlimited, need=self.need, start=start, now=min(now, start)):
            present = [replace(host, availability=replace(host.availability, away=())) for host in idle]
            works = is_open(present, unlimited, need=self.need, start=start, now=min(now, start))
            return OutsideRules("away" if works else "hours")
        if start < now + self.rules.minimum_notice:
            return OutsideRules("notice")
        if not is_open(idle, self.rules, need=self.need, start=start, now=now):
            return OutsideRules("window")
        if not is_open(idle, self.rules, need=self.need, start=start, now=now, counted=self.counted):
            return OutsideRules("limit")
        return SlotTaken()


def openings(
    event_type: EventType,
    *,
    duration: int,
    begin: datetime,
    end: datetime,
    now: datetime,
    without: Appointment | None = None,
    seats: Sequence[EventTypeHost] | None = None,
    by: Booking.By = Booking.By.INVITEE,
    seen: Look = NO_LOOK,
) -> Openings:
    """What decides about starts in [begin, end). `without` is an appointment that is being moved: it holds
    nothing, counts for no limit, and keeps its hosts. Nor does a request hold anything that is overdue at
    `now`, since `book` ends it before it judges. `seats` are its hosts where they are just read. `by` says
    who books: the notice that a host asks for does not hold up himself. `seen` is what calendars have just
    answered about [begin, end) with the buffers.
    """
    seats = _seats(event_type) if seats is None else tuple(seats)
    if without is not None:
        keeping = {host.pk for host in without.hosts}
        seats = tuple(seat for seat in seats if seat.host_id in keeping)
    rules = event_type.rules(duration)
    if by == Booking.By.HOST:
        rules = replace(rules, minimum_notice=0)
    hosts = [seat.host_id for seat in seats]
    taken = _taken(hosts, rules, begin, end, now, without)
    busy = _busy(hosts, rules, begin, end, now, seen)
    need: Literal["all", "any"] = (
        "any" if event_type.hosts_needed == EventType.HostsNeeded.ANY and without is None else "all"
    )
    known = tuple(seat for seat in seats if seat.host_id not in busy.unknown)
    is_readable = len(known) == len(seats) or (need == "any" and bool(known))
    shown = known if is_readable else seats
    return Openings(
        event_type=event_type,
        hosts=shown,
        times=tuple(
            HostTime(seat.availability, [*taken[seat.host_id], *busy.times.get(seat.host_id, ())])
            for seat in shown
        ),
        rules=rules,
        need=need,
        counted=tuple(_counted(event_type, begin, end, now, without)) if _is_limited(rules) else (),
        is_readable=is_readable,
        stale=busy.stale,
    )


def _busy(
    hosts: Sequence[int], rules: Rules, begin: datetime, end: datetime, now: datetime, seen: Look
) -> Busy:
    """What calendars take, near enough to matter: widened by the buffers of the new event, as the engine
    widens it, and no further than the booking window reaches in any zone."""
    before, after = (
        timedelta(minutes=rules.buffer_before),
        timedelta(minutes=rules.duration + rules.buffer_after),
    )
    last = min(end, now + timedelta(days=rules.window_days + WINDOW_SPARE))
    return busy_of(hosts, begin - before, last + after, now=now, seen=seen)


def _seats(event_type: EventType) -> tuple[EventTypeHost, ...]:
    """One that was closed or deleted after `event_type` was read has none."""
    rows = event_type.event_type_hosts.filter(event_type__active=True)
    return tuple(rows.select_related("schedule", "host__profile"))


def open_slots(
    event_type: EventType,
    *,
    duration: int,
    first: date,
    last: date,
    zone: str,
    now: datetime,
    without: Appointment | None = None,
) -> dict[date, list[datetime]]:
    """The open starts from `first` to `last`, both dates included, by date of `zone`; aware UTC datetimes.

    At most MAX_DAYS days. Dates without a slot are left out.
    """
    starts = open_minutes(
        event_type, duration=duration, first=first, last=last, zone=zone, now=now, without=without
    )
    grouped = by_day(starts, load_zone(zone))
    return {day: [to_datetime(start) for start in found] for day, found in grouped.items()}


def open_minutes(
    event_type: EventType,
    *,
    duration: int,
    first: date,
    last: date,
    zone: str,
    now: datetime,
    without: Appointment | None = None,
    seats: Sequence[EventTypeHost] | None = None,
) -> list[int]:
    """The same as rising UTC minutes, for whoever has many to write; `seats` as for `openings`."""
    if not first <= last < first + timedelta(days=MAX_DAYS):
        raise ValueError(f"from {first} to {last} is not 1 to {MAX_DAYS} days")
    here = load_zone(zone)
    begin, end = wall_to_minutes(first, 0, here), wall_to_minutes(last, 1440, here)
    found = openings(
        event_type,
        duration=duration,
        begin=to_datetime(begin),
        end=to_datetime(end),
        now=now,
        without=without,
        seats=seats,
    )
    note_looking(found.stale, now=now)
    return found.starts(begin, end, now=minute_of(now))


def minute_of(now: datetime) -> int:
    """The present as the engine reads it: the minute that has begun, or the next, whichever is not past."""
    floor = now.replace(second=0, microsecond=0)
    return to_minutes(floor) + (floor != now)


def _taken(
    host_ids: Sequence[int],
    rules: Rules,
    begin: datetime,
    end: datetime,
    now: datetime,
    without: Appointment | None,
) -> dict[int, list[Interval]]:
    """What the appointments of each host take, near enough to matter."""
    if not host_ids:
        return {}
    before, after = (
        timedelta(minutes=rules.buffer_before),
        timedelta(minutes=rules.duration + rules.buffer_after),
    )
    given = {f"host{position}": host for position, host in enumerate(host_ids)}
    found = _holds_of(len(host_ids))(
        # The index is on the begin alone. No appointment takes longer than this, so older ones can't reach
        # in, and a million past bookings cost nothing.
        earliest=begin - before - LONGEST_HOLD,
        begin=begin - before,
        end=end + after,
        **given,
    )
    free = _overdue((appointment for *_, appointment, status in found if status == _TENTATIVE), now)
    if without is not None:
        free.add(without.pk)
    taken: dict[int, list[Interval]] = defaultdict(list)
    for host, blocks_from, blocks_until, appointment, _status in found:
        if appointment not in free:
            taken[host].append((to_minutes(blocks_from), to_minutes(blocks_until)))
    return taken


@cache
def _holds_of(many: int) -> Prepared:
    """The active holds of so many hosts."""
    instant = Hold._meta.get_field("blocks_from")
    hosts = [Q(host=Given(f"host{number}", Hold._meta.get_field("id"))) for number in range(many)]
    rows = Hold.objects.filter(
        reduce(or_, hosts),
        active=True,
        blocks_from__gt=Given("earliest", instant),
        blocks_from__lt=Given("end", instant),
        blocks_until__gt=Given("begin", instant),
    )
    return Prepared(
        rows.values_list("host_id", "blocks_from", "blocks_until", "appointment", "appointment__status")
    )


def _overdue(tentative: Iterable[int], now: datetime) -> set[int]:
    """Those of these tentative appointments whose request is overdue. Mostly there are none to ask about."""
    requests = list(tentative)
    if not requests:
        return set()
    overdue = Booking.objects.filter(Booking.overdue(now), appointment__in=requests)
    return set(overdue.values_list("appointment_id", flat=True))


def _counted(
    event_type: EventType, begin: datetime, end: datetime, now: datetime, without: Appointment | None
) -> list[int]:
    """Starts of the live bookings of this event type that a daily or weekly limit may count."""
    live = Q(status__in=Booking.LIVE, appointment__event_type=event_type)
    near = Q(appointment__start__gte=begin - _LIMIT_REACH, appointment__start__lt=end + _LIMIT_REACH)
    rows = Booking.objects.filter(live & near).exclude(Booking.overdue(now))
    if without is not None:
        rows = rows.exclude(appointment=without)
    return [to_minutes(start) for start in rows.values_list("appointment__start", flat=True)]


def _is_limited(rules: Rules) -> bool:
    return rules.max_per_day is not None or rules.max_per_week is not None
