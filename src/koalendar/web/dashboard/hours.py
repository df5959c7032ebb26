"""Weekly hours and dates that differ, as the form of the availability page has them: right or wrong.

The form works without script: every button posts the whole of it, with what is to be done in its name
("add:mon", "remove:mon:0", "copy:mon"). What was typed lives in a Draft, which is judged only on saving.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext as _

from koalendar.booking import rules
from koalendar.booking.models import Schedule
from koalendar.booking.rules import MAX_DATES, MAX_RANGES
from koalendar.scheduling.availability import (
    WEEKDAYS,
    dump_overrides,
    dump_weekly,
    parse_overrides,
    parse_weekly,
)

_USUAL = ("09:00", "17:00")


@dataclass(slots=True)
class Range:
    """What was typed, "HH:MM" or anything else."""

    start: str
    end: str


@dataclass(slots=True)
class Day:
    """A weekday or a date; `key` is "mon" or "date-0". While closed it keeps the ranges that it had."""

    key: str
    is_open: bool
    ranges: list[Range] = field(default_factory=list)
    date: str = ""
    error: str = ""

    def as_data(self) -> list[list[str]]:
        """As the schedule stores it. A clock has no 24:00, so an end at 00:00 means the end of the day."""
        if not self.is_open:
            return []
        return [[each.start, "24:00" if each.end == "00:00" else each.end] for each in self.ranges]


@dataclass(slots=True)
class Draft:
    """The whole form. `focus` is the id of the control to go on with after an action."""

    zone: str
    week: list[Day]
    dates: list[Day]
    revision: int = 0
    focus: str = ""
    said: str = ""

    @property
    def has_errors(self) -> bool:
        return any(day.error for day in [*self.week, *self.dates])

    def day(self, key: str) -> Day | None:
        return next((day for day in [*self.week, *self.dates] if day.key == key), None)


# ── Where it comes from ──


def draft_of(schedule: Schedule, *, today: date) -> Draft:
    """The stored hours; dates that have passed are left out, and vanish on saving."""
    weekly = dump_weekly(parse_weekly(schedule.weekly))
    overrides = dump_overrides(parse_overrides(schedule.overrides))
    coming = [(day, ranges) for day, ranges in overrides.items() if day >= today.isoformat()]
    return Draft(
        zone=schedule.zone,
        week=[_stored_day(key, weekly[key]) for key in WEEKDAYS],
        dates=[_stored_day(f"date-{n}", ranges, date=day) for n, (day, ranges) in enumerate(coming)],
        revision=schedule.revision,
    )


def _stored_day(key: str, ranges: list[list[str]], *, date: str = "") -> Day:
    shown = [Range(start, "00:00" if end == "24:00" else end) for start, end in ranges]
    return Day(key=key, is_open=bool(ranges), ranges=shown, date=date)


def draft_from(data: QueryDict) -> Draft:
    """What the form was posted with."""
    many = _number(data.get("dates", ""))
    return Draft(
        zone=data.get("zone", ""),
        week=[_posted_day(data, key) for key in WEEKDAYS],
        dates=[
            _posted_day(data, f"date-{n}", date=data.get(f"date-{n}-date", ""))
            for n in range(min(many, MAX_DATES))
        ],
        revision=_number(data.get("revision", "")),
    )


def _posted_day(data: QueryDict, key: str, *, date: str = "") -> Day:
    starts, ends = data.getlist(f"{key}-start"), data.getlist(f"{key}-end")
    ranges = [Range(start.strip(), end.strip()) for start, end in zip(starts, ends, strict=False)]
    return Day(key=key, is_open=f"{key}-open" in data, ranges=ranges[:MAX_RANGES], date=date.strip())


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 10 else 0


# ── What its buttons do ──


def act(draft: Draft, action: str, data: QueryDict) -> None:
    """Do what the pressed button says; what makes no sense changes nothing."""
    verb, _colon, rest = action.partition(":")
    key, _colon, place = rest.partition(":")
    day = draft.day(key)
    if verb == "add-date":
        _add_date(draft)
    elif day is None:
        return
    elif verb == "add":
        _add_range(draft, day)
    elif verb == "remove":
        _remove_range(draft, day, _number(place))
    elif verb == "remove-date":
        draft.dates.remove(day)
        draft.focus = "add-date"
        draft.said = _("The date was removed.")
    elif verb == "copy":
        _copy(draft, day, data.getlist(f"{key}-copy"))


def _add_range(draft: Draft, day: Day) -> None:
    if len(day.ranges) >= MAX_RANGES:
        return
    if day.is_open and day.ranges:
        day.ranges.append(Range("", ""))
    elif not day.ranges:
        day.ranges.append(Range(*_USUAL))
    day.is_open = True
    draft.focus = f"{day.key}-start-{len(day.ranges) - 1}"
    draft.said = _("%(day)s: hours added.") % {"day": name_of(day)}


def _remove_range(draft: Draft, day: Day, place: int) -> None:
    del day.ranges[place : place + 1]
    day.is_open = day.is_open and bool(day.ranges)
    draft.focus = f"{day.key}-add"
    draft.said = _("%(day)s: hours removed.") % {"day": name_of(day)}


def _add_date(draft: Draft) -> None:
    taken = {day.key for day in draft.dates}
    key = next(f"date-{n}" for n in range(MAX_DATES + 1) if f"date-{n}" not in taken)
    draft.dates.append(Day(key=key, is_open=False))
    draft.focus = f"{key}-date"
    draft.said = _("A date was added. Choose which.")


def _copy(draft: Draft, day: Day, targets: list[str]) -> None:
    for target in draft.week:
        if target.key in targets and target is not day:
            target.is_open = day.is_open
            target.ranges = [Range(each.start, each.end) for each in day.ranges]
    draft.focus = f"{day.key}-open"
    draft.said = _("The hours of %(day)s were copied.") % {"day": name_of(day)}


def name_of(day: Day) -> str:
    names = {
        "mon": _("Monday"),
        "tue": _("Tuesday"),
        "wed": _("Wednesday"),
        "thu": _("Thursday"),
        "fri": _("Friday"),
        "sat": _("Saturday"),
        "sun": _("Sunday"),
    }
    return names.get(day.key) or day.date or _("New date")


# ── Judging ──

Stored = dict[str, list[list[str]]]


def judge(draft: Draft) -> tuple[Stored, Stored] | None:
    """Weekly hours and overrides for storing; None if something is wrong, which is then said at its day."""
    weekly: Stored = {}
    overrides: Stored = {}
    for day in draft.week:
        day.error = _problem_of(day)
        weekly[day.key] = day.as_data()
    for day in draft.dates:
        day.error = _problem_of_date(day, overrides)
        overrides[day.date] = day.as_data()
    if draft.has_errors:
        return None
    return rules.weekly(weekly), rules.overrides(overrides)


def _problem_of(day: Day) -> str:
    if day.is_open and not day.ranges:
        return _("Add hours, or untick the day")
    try:
        rules.hours(day.as_data())
    except ValidationError as error:
        return error.messages[0]
    return ""


def _problem_of_date(day: Day, before: Mapping[str, object]) -> str:
    if not day.date:
        return _("Choose the date")
    if day.date in before:
        return _("This date is in the list twice")
    try:
        rules.override_date(day.date)
    except ValidationError as error:
        return error.messages[0]
    return _problem_of(day)


# ── The next days ──


def next_dates(today: date, many: int = 14) -> list[date]:
    return [today + timedelta(days=n) for n in range(many)]
