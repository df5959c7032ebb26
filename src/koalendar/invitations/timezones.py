"""The rules of a time zone around an appointment, as the VTIMEZONE that goes with it."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from icalendar import Timezone, TimezoneDaylight, TimezoneStandard

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)

# Half a year to both sides holds the neighbouring changes of a zone that changes its clocks twice a year;
# more only makes the mail longer.
_AROUND = timedelta(days=183)


def describe(zone: ZoneInfo, begin: datetime, end: datetime) -> Timezone:
    """A VTIMEZONE that is right from half a year before `begin` until half a year after `end`.

    One observance for the offset at the beginning and one for each change, without recurrence rules.
    RFC 5545, section 3.6.5: the onset of a change is written as the clock shows it just before, that is with
    TZOFFSETFROM. (`Timezone.from_tzid` of icalendar 7.3 writes the onset of summer time an hour late.)
    """
    first = begin.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - _AROUND
    component = Timezone()
    component.add("TZID", zone.key)
    component.add_component(_observance(zone, first, before=first))
    for change in _changes(zone, first, end.astimezone(UTC) + _AROUND):
        component.add_component(_observance(zone, change, before=change - _SECOND))
    return component


def _observance(zone: ZoneInfo, onset: datetime, *, before: datetime) -> TimezoneStandard | TimezoneDaylight:
    here = onset.astimezone(zone)
    is_summer = (here.dst() or timedelta()) > timedelta()
    offset_from = _offset(zone, before)
    observance = TimezoneDaylight() if is_summer else TimezoneStandard()
    observance.add("DTSTART", (onset + offset_from).replace(tzinfo=None))
    observance.add("TZOFFSETFROM", offset_from)
    observance.add("TZOFFSETTO", _offset(zone, onset))
    observance.add("TZNAME", here.tzname())
    return observance


def _changes(zone: ZoneInfo, begin: datetime, end: datetime) -> list[datetime]:
    """The instants in `(begin, end]` at which the offset from UTC becomes another, to the second."""
    changes = []
    at = begin
    while at < end:
        after = min(at + _DAY, end)
        if _offset(zone, at) != _offset(zone, after):
            changes.append(_first_change(zone, at, after))
        at = after
    return changes


def _first_change(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    old = _offset(zone, before)
    while after - before > _SECOND:
        middle = (before + (after - before) / 2).replace(microsecond=0)
        if _offset(zone, middle) == old:
            before = middle
        else:
            after = middle
    return after


def _offset(zone: ZoneInfo, instant: datetime) -> timedelta:
    # Only fixed `time` values have no offset in a ZoneInfo; an instant always has.
    return instant.astimezone(zone).utcoffset() or timedelta()
