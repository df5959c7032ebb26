"""Weekly hours as the forms of the availability pages have them: right or wrong.

The forms work without script: every button posts the whole of it, with what is to be done in its name
("add:mon", "remove:mon:0", "copy:mon"). What was typed lives in a Draft, which is judged only on saving.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext as _

from koalendar.booking import rules
from koalendar.booking.models import Schedule
from koalendar.booking.rules import LONGEST_SCHEDULE_NAME, MAX_RANGES
from koalendar.scheduling.availability import WEEKDAYS, dump_weekly, parse_weekly

_USUAL = ("09:00", "17:00")
_LONGEST_QUERY = 80


@dataclass(slots=True)
class Range:
    """What was typed, "HH:MM" or anything else."""

    start: str
    end: str
    error: str = ""

    def as_data(self) -> list[str]:
        """As the schedule stores it. A clock has no 24:00, so an end at 00:00 means the end of the day."""
        return [self.start, "24:00" if self.end == "00:00" else self.end]


@dataclass(slots=True)
class Day:
    """A weekday, or the hours of dates that differ. While closed it keeps the ranges that it had.

    `joined` is what ranges that overlap would be as one, for a button that joins them.
    """

    key: str
    name: str
    is_open: bool
    ranges: list[Range] = field(default_factory=list)
    error: str = ""
    joined: str = ""

    @property
    def has_errors(self) -> bool:
        return bool(self.error) or any(each.error for each in self.ranges)

    @property
    def errors(self) -> list[tuple[str, str]]:
        """What is wrong, each with the id of the field that it is about."""
        found = [(f"{self.key}-open", self.error)] if self.error else []
        return found + [
            (f"{self.key}-start-{at}", each.error) for at, each in enumerate(self.ranges) if each.error
        ]

    def as_data(self) -> list[list[str]]:
        return [each.as_data() for each in self.ranges] if self.is_open else []


@dataclass(slots=True)
class Draft:
    """The whole form. `focus` is the id of the control to go on with after an action, `said` what is told
    aloud; `query` is what was looked for among the time zones, None while nobody looks.
    """

    name: str
    zone: str
    week: list[Day]
    revision: int = 0
    name_error: str = ""
    zone_error: str = ""
    query: str | None = None
    focus: str = ""
    said: str = ""

    @property
    def has_errors(self) -> bool:
        return bool(self.name_error or self.zone_error) or any(day.has_errors for day in self.week)

    def day(self, key: str) -> Day | None:
        return next((day for day in self.week if day.key == key), None)


# ── Where it comes from ──


def draft_of(schedule: Schedule) -> Draft:
    """The stored hours."""
    weekly = dump_weekly(parse_weekly(schedule.weekly))
    return Draft(
        name=schedule.name,
        zone=schedule.zone,
        week=[stored_day(key, name, weekly[key]) for key, name in weekdays()],
        revision=schedule.revision,
    )


def stored_day(key: str, name: str, ranges: Sequence[Sequence[str]]) -> Day:
    shown = [Range(start, "00:00" if end == "24:00" else end) for start, end in ranges]
    return Day(key=key, name=name, is_open=bool(ranges), ranges=shown)


def draft_from(data: QueryDict) -> Draft:
    """What the form was posted with."""
    return Draft(
        name=data.get("name", ""),
        zone=data.get("zone", ""),
        week=[posted_day(data, key, name) for key, name in weekdays()],
        revision=number(data.get("revision", "")),
    )


def posted_day(data: QueryDict, key: str, name: str) -> Day:
    starts, ends = data.getlist(f"{key}-start"), data.getlist(f"{key}-end")
    ranges = [Range(start.strip(), end.strip()) for start, end in zip(starts, ends, strict=False)]
    return Day(key=key, name=name, is_open=f"{key}-open" in data, ranges=ranges[:MAX_RANGES])


def number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def weekdays() -> list[tuple[str, str]]:
    """The days by key, each with its name."""
    names = (
        _("Monday"),
        _("Tuesday"),
        _("Wednesday"),
        _("Thursday"),
        _("Friday"),
        _("Saturday"),
        _("Sunday"),
    )
    return list(zip(WEEKDAYS, names, strict=True))


# ── What its buttons do ──


def act(draft: Draft, action: str, data: QueryDict) -> None:
    """Do what the pressed button says; what makes no sense changes nothing."""
    verb, _colon, rest = action.partition(":")
    key, _colon, place = rest.partition(":")
    day = draft.day(key)
    if verb == "zone-search":
        draft.query, draft.focus = data.get("q", "").strip()[:_LONGEST_QUERY], "zone-search"
    elif verb == "zone":
        _choose_zone(draft, rest)
    elif day is None:
        return
    elif verb in ("copy", "copy-weekdays", "copy-all"):
        chosen = {"copy-weekdays": WEEKDAYS[:5], "copy-all": WEEKDAYS}.get(verb, data.getlist(f"{key}-copy"))
        _copy(draft, day, chosen)
    else:
        draft.focus, draft.said = act_on_day(day, verb, place)


def act_on_day(day: Day, verb: str, place: str) -> tuple[str, str]:
    """Add, remove or join ranges; gives the control to go on with, and what is said."""
    if verb == "add":
        return _add_range(day)
    if verb == "remove":
        del day.ranges[number(place) : number(place) + 1]
        day.is_open = day.is_open and bool(day.ranges)
        return f"{day.key}-add", _("%(day)s: hours removed.") % {"day": day.name}
    if verb == "join":
        return _join(day)
    return "", ""


def _choose_zone(draft: Draft, zone: str) -> None:
    try:
        draft.zone = rules.zone(zone)
    except ValidationError:
        return
    draft.focus, draft.said = "zone-change", _("The time zone is changed. Save to keep it.")


def _add_range(day: Day) -> tuple[str, str]:
    if len(day.ranges) >= MAX_RANGES:
        return "", ""
    if day.is_open and day.ranges:
        day.ranges.append(Range("", ""))
    elif not day.ranges:
        day.ranges.append(Range(*_USUAL))
    day.is_open = True
    return f"{day.key}-start-{len(day.ranges) - 1}", _("%(day)s: hours added.") % {"day": day.name}


def _join(day: Day) -> tuple[str, str]:
    try:
        joined = rules.hours(day.as_data())
    except ValidationError:
        return "", ""
    day.ranges = stored_day(day.key, day.name, joined).ranges
    return f"{day.key}-start-0", _("%(day)s: hours joined.") % {"day": day.name}


def _copy(draft: Draft, day: Day, targets: Sequence[str]) -> None:
    for target in draft.week:
        if target.key in targets and target is not day:
            target.is_open = day.is_open
            target.ranges = [Range(each.start, each.end) for each in day.ranges]
    draft.focus = f"{day.key}-open"
    draft.said = _("The hours of %(day)s were copied.") % {"day": day.name}


# ── Judging ──


def judge(draft: Draft) -> dict[str, list[list[str]]] | None:
    """Weekly hours for storing; None if something is wrong, which is then said at its place."""
    if not draft.name.strip():
        draft.name_error = _("Enter a name")
    elif len(draft.name.strip()) > LONGEST_SCHEDULE_NAME:
        draft.name_error = _("Name must be %(n)d characters or fewer") % {"n": LONGEST_SCHEDULE_NAME}
    try:
        rules.zone(draft.zone)
    except ValidationError as error:
        draft.zone_error = error.messages[0]
    for day in draft.week:
        judge_day(day)
    if draft.has_errors:
        return None
    return rules.weekly({day.key: day.as_data() for day in draft.week})


def judge_day(day: Day) -> None:
    """Say what is wrong with its hours, at the range that it is about."""
    if not day.is_open:
        return
    if not day.ranges:
        day.error = _("Add hours, or untick the day")
    for each in day.ranges:
        try:
            rules.hours([each.as_data()])
        except ValidationError as error:
            each.error = error.messages[0]
    if not day.has_errors:
        _judge_overlap(day)


def _judge_overlap(day: Day) -> None:
    places = rules.overlapping(day.as_data())
    if places is None:
        return
    first, second = (day.ranges[place] for place in places)
    words = {"first": f"{first.start}–{first.end}", "second": f"{second.start}–{second.end}"}
    second.error = _("%(first)s and %(second)s overlap. Change one of them, or join them") % words
    ((start, end), *_others) = rules.hours([first.as_data(), second.as_data()])
    day.joined = f"{start}–{end}"
