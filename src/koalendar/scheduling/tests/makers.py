"""Makers with sane defaults, so that each test states only what matters to it."""

from datetime import UTC, date, datetime

from koalendar.scheduling.availability import Availability, WallRange, Weekly
from koalendar.scheduling.interval import Interval
from koalendar.scheduling.slots import HostTime
from koalendar.scheduling.zones import load_zone, to_datetime, to_minutes

NINE_TO_FIVE: Weekly = (((540, 1020),),) * 5 + ((), ())
ALWAYS: Weekly = (((0, 1440),),) * 7


def every_day(*ranges: WallRange) -> Weekly:
    return (ranges,) * 7


def make_host(
    weekly: Weekly = NINE_TO_FIVE,
    *,
    zone: str = "UTC",
    overrides: dict[date, tuple[WallRange, ...]] | None = None,
    taken: tuple[Interval, ...] = (),
) -> HostTime:
    return HostTime(Availability(zone, weekly, overrides or {}), taken)


def utc(text: str) -> int:
    """The instant of a UTC time such as "2026-12-01 09:00"."""
    return to_minutes(datetime.fromisoformat(text).replace(tzinfo=UTC))


def hold(begin: str, end: str) -> Interval:
    return utc(begin), utc(end)


def shown(starts: list[int], zone: str = "UTC") -> list[str]:
    """Starts as "01 09:00", the day of the month and the wall time in a zone."""
    return [to_datetime(start).astimezone(load_zone(zone)).strftime("%d %H:%M") for start in starts]
