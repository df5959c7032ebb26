"""What an event type and a schedule may be. The rows judge themselves by these tables in `full_clean`.

Every length is in minutes. A judgement gives the value in the one shape in which it is stored, and raises
ValidationError with the path of what is wrong ("0.url" of `locations`). To judge one more field, add a line
to its table.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import partial
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from koalendar.booking.judging import (
    Findings,
    Judgement,
    fields,
    flag,
    items,
    judge_fields,
    line,
    lines,
    name_in_path,
    number,
    one_of,
    refusal,
    web_address,
)
from koalendar.connections import queries as connections
from koalendar.scheduling.availability import (
    WEEKDAYS,
    AvailabilityError,
    Problem,
    dump_overrides,
    dump_weekly,
    parse_overrides,
    parse_weekly,
)
from koalendar.scheduling.zones import canonical_zone

DAY = 1440
MIN_DURATION, MAX_DURATION, MAX_DURATIONS = 5, DAY, 8
MAX_NOTICE = 30 * DAY  # Of the cut-off for changes and the lead of a reminder as well.
# How long a request may wait for the host: long enough to read a mail, and 60 days.
SHORTEST_REQUEST, LONGEST_REQUEST = 5, 60 * DAY
MAX_WINDOW_DAYS = 730
MAX_PER_PERIOD = 500
MAX_REMINDERS = 8
LONGEST_TITLE, LONGEST_SLUG, LONGEST_DESCRIPTION = 120, 60, 1000
MAX_LOCATIONS, LONGEST_NUMBER, LONGEST_PLACE = 8, 40, 300
MAX_QUESTIONS, MAX_CHOICES = 10, 100
LONGEST_LABEL, LONGEST_CHOICE, LONGEST_CODE = 200, 200, 40
QUESTION_KINDS = ("short_text", "long_text", "choice", "choices", "checkbox", "phone")
WITH_CHOICES = ("choice", "choices")
WHO_CALLS = ("host", "invitee")
MAX_RANGES, MAX_DATES = 8, 100
MAX_AWAY, LONGEST_AWAY, LONGEST_AWAY_MESSAGE = 20, 366, 200
LONGEST_SCHEDULE_NAME = 80

Location = dict[str, Any]
Question = dict[str, Any]
Hours = list[list[str]]

_CODE = re.compile(r"[A-Za-z0-9_-]+")


# ── Basics ──


def slug_from(text: str) -> str:
    """`text` as an address: "Café & Büro" becomes "cafe-buro"; empty if nothing is left."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST_SLUG].strip("-")


def free_name(base: str, taken: Iterable[str], *, most: int) -> str:
    """`base`, or `base-2` and so on: the first that is not in `taken`, of at most `most` characters."""
    known = set(taken)
    stem = base[: most - len(f"-{len(known) + 2}")].rstrip("-")
    return next(
        name for name in (base, *(f"{stem}-{n}" for n in range(2, len(known) + 3))) if name not in known
    )


def _title(value: object) -> str:
    return line(value, most=LONGEST_TITLE, missing=_("Enter a title"))


def _slug(value: object) -> str:
    """Small letters; what an address may consist of is judged by the field itself."""
    return line(value, most=LONGEST_SLUG, missing=_("Enter an address, like intro-call")).lower()


def durations(value: object) -> list[int]:
    """1 to 8 different lengths; the first is what is offered when nothing is chosen."""
    lengths = items(value)
    if not 1 <= len(lengths) <= MAX_DURATIONS:
        raise ValidationError(
            _("Enter 1 to %(n)d lengths, like 30 or 15, 30, 60") % {"n": MAX_DURATIONS}, code="count"
        )
    return _different(
        [number(each, least=MIN_DURATION, most=MAX_DURATION, words=lengths_words()) for each in lengths]
    )


def lengths_words() -> str:
    bounds = {"least": MIN_DURATION, "most": MAX_DURATION}
    return _("Enter lengths of %(least)d to %(most)d minutes, like 30 or 15, 30, 60") % bounds


def _reminders(value: object) -> list[int]:
    """Minutes before the start; none is fine."""
    leads = items(value)
    if len(leads) > MAX_REMINDERS:
        raise ValidationError(_("At most %(n)d reminders") % {"n": MAX_REMINDERS}, code="count")
    return _different([number(each, least=1, most=MAX_NOTICE) for each in leads])


def _different(numbers: list[int]) -> list[int]:
    if len(set(numbers)) < len(numbers):
        raise ValidationError(_("Each of these may stand here once"), code="duplicate")
    return numbers


def _notice(value: object) -> int:
    return number(value, least=0, most=MAX_NOTICE, words=_("Notice must be between 0 and 30 days"))


def _cutoff(value: object) -> int:
    return number(value, least=0, most=MAX_NOTICE, words=_("This must be between 0 and 30 days"))


def _request(value: object) -> int:
    words = _("This must be between 5 minutes and 60 days")
    return number(value, least=SHORTEST_REQUEST, most=LONGEST_REQUEST, words=words)


def _redirect(value: object) -> str:
    """Where invitees go after booking: another page, over https, without a name and password in it."""
    url = web_address(_or_empty(value))
    if url and (not url.startswith("https://") or "@" in urlsplit(url).netloc):
        raise ValidationError(_("Enter a link like https://example.com/thanks"), code="url")
    return url


def _limit(value: object) -> int | None:
    return None if value is None else number(value, least=1, most=MAX_PER_PERIOD)


# ── Where it happens ──


def host_calls(location: Mapping[str, Any]) -> bool:
    """Whether the host needs the invitee's number."""
    return location.get("kind") == "phone" and location.get("who_calls") == "host"


def locations(value: object) -> list[Location]:
    """1 to 8 places, each in the shape of its kind and no two alike."""
    places = items(value)
    if not places:
        raise ValidationError(_("Choose where it happens"), code="required")
    if len(places) > MAX_LOCATIONS:
        raise ValidationError(_("At most %(n)d places") % {"n": MAX_LOCATIONS}, code="count")
    kept: list[Location] = []
    found = Findings()
    for position, place in enumerate(places):
        with found.at(str(position)):
            kept.append(_one_more(location(place), kept))
    found.refuse()
    return kept


def _one_more(place: Location, before: Sequence[Location]) -> Location:
    if place in before:
        raise ValidationError(_("This place is in the list already"), code="duplicate")
    return place


def location(value: object) -> Location:
    """One place, with the keys of its kind and no others."""
    place = fields(value)
    kind = judge_fields(place, {"kind": _kind_of_place})["kind"]
    kept = {"kind": kind, **judge_fields(place, _PLACES[kind])}
    if kind == "phone" and not host_calls(kept) and not kept["number"]:
        raise refusal(_("Enter the number that the invitee calls"), "required", at="number")
    return kept


def _kind_of_place(value: object) -> str:
    if value == "google_meet" and not connections.is_enabled("google"):
        words = _("Google Meet is not offered here. Choose one of these: %(offered)s")
        others = [kind for kind in _PLACES if kind != value]
        raise ValidationError(words % {"offered": ", ".join(others)}, code="not_offered")
    return one_of(value, tuple(_PLACES))


def _connection(value: object) -> str | None:
    """Whose connection it is, is for the event type to say, which knows its host."""
    if value is None:
        return None
    if not isinstance(value, str) or not _CODE.fullmatch(value):
        raise unknown_connection()
    return value


def unknown_connection() -> ValidationError:
    return ValidationError(
        _("Choose a Zoom account that you have connected and that works"), code="unknown_connection"
    )


_PLACES: Mapping[str, Mapping[str, Judgement]] = {
    "zoom": {"connection": _connection},
    "google_meet": {},
    "phone": {
        "who_calls": lambda value: one_of(value, WHO_CALLS),
        # Kept when the host calls too: the editor shows it again when that is changed back.
        "number": lambda value: line(_or_empty(value), most=LONGEST_NUMBER),
    },
    "in_person": {
        "address": lambda value: lines(_or_empty(value), most=LONGEST_PLACE, missing=_("Enter the place"))
    },
    "link": {"url": lambda value: web_address(_or_empty(value), missing=_("Enter the link"))},
}


def _or_empty(value: object) -> object:
    return "" if value is None else value


# ── Questions ──


def questions(value: object) -> list[Question]:
    """At most 10, each with a code of its own, which names its answers."""
    rows = items(value)
    if len(rows) > MAX_QUESTIONS:
        raise ValidationError(_("At most %(n)d questions") % {"n": MAX_QUESTIONS}, code="count")
    kept: list[Question] = []
    found = Findings()
    for position, row in enumerate(rows):
        with found.at(str(position)):
            kept.append(question(row))
    found.refuse()
    _judge_codes(kept)
    return _with_codes(kept)


def question(value: object) -> Question:
    """One question; its code is empty if it is yet to get one."""
    kept = judge_fields(fields(value), _QUESTION)
    if kept["kind"] not in WITH_CHOICES:
        return kept | {"choices": []}
    if len(kept["choices"]) < 2:
        raise refusal(_("Enter at least 2 choices"), "count", at="choices")
    if len(set(kept["choices"])) < len(kept["choices"]):
        raise refusal(_("Each of these may stand here once"), "duplicate", at="choices")
    return kept


def _code(value: object) -> str:
    code = line(_or_empty(value), most=LONGEST_CODE)
    if code and not _CODE.fullmatch(code):
        raise ValidationError(_("Use letters, digits, hyphens and underscores"), code="invalid_code")
    return code


def _label(value: object) -> str:
    return line(_or_empty(value), most=LONGEST_LABEL, missing=_("Enter the question"))


def _choices(value: object) -> list[str]:
    choices = items([] if value is None else value)
    if len(choices) > MAX_CHOICES:
        raise ValidationError(_("At most %(n)d choices") % {"n": MAX_CHOICES}, code="count")
    found = Findings()
    kept: list[str] = []
    for position, choice in enumerate(choices):
        with found.at(str(position)):
            kept.append(line(choice, most=LONGEST_CHOICE, missing=_("Enter the choice")))
    found.refuse()
    return kept


_QUESTION: Mapping[str, Judgement] = {
    "code": _code,
    "label": _label,
    "kind": lambda value: one_of("short_text" if value is None else value, QUESTION_KINDS),
    "required": lambda value: value is not None and flag(value),
    "choices": _choices,
}


def _judge_codes(rows: Sequence[Question]) -> None:
    codes = [row["code"] for row in rows]
    for position, code in enumerate(codes):
        if code and code in codes[:position]:
            raise refusal(_("Another question has this code"), "duplicate", at=f"{position}.code")


def _with_codes(rows: Sequence[Question]) -> list[Question]:
    """A code from the label for each question that has none; it stays when the words change."""
    taken = {row["code"] for row in rows}
    for row in rows:
        base = slug_from(row["label"])[:LONGEST_CODE].strip("-") or "question"
        row["code"] = row["code"] or free_name(base, taken, most=LONGEST_CODE)
        taken.add(row["code"])
    return list(rows)


# ── Hours ──


def zone(value: object) -> str:
    """The modern id of any name that a zone is known by."""
    known = canonical_zone(value) if isinstance(value, str) else None
    if known is None:
        raise ValidationError(_("Choose a time zone, like Europe/Paris"), code="unknown_zone")
    return known


def weekly(value: object) -> dict[str, Hours]:
    """Like {"mon": [["09:00", "17:00"]]}, with all seven days; one that was not given is closed."""
    week = fields(value)
    if unknown := sorted(set(week) - set(WEEKDAYS)):
        words = _("Days are named %(names)s") % {"names": ", ".join(WEEKDAYS)}
        raise refusal(words, "unknown_day", at=name_in_path(unknown[0]))
    return judge_fields(week, dict.fromkeys(WEEKDAYS, lambda ranges: hours([] if ranges is None else ranges)))


def overrides(value: object) -> dict[str, Hours]:
    """Like {"2026-12-24": []}, by rising date."""
    dates = fields(value)
    if len(dates) > MAX_DATES:
        raise ValidationError(_("At most %(n)d dates") % {"n": MAX_DATES}, code="count")
    found = Findings()
    kept: dict[str, Hours] = {}
    for text in dates:
        with found.at(name_in_path(text)):
            kept[override_date(text)] = hours(dates[text])
    found.refuse()
    return {day: kept[day] for day in sorted(kept)}


def hours(value: object) -> Hours:
    """The ranges of a day, like [["09:00", "12:00"], ["13:00", "24:00"]]: sorted, joined where they touch."""
    if len(items(value)) > MAX_RANGES:
        raise ValidationError(_("At most %(n)d ranges a day") % {"n": MAX_RANGES}, code="count")
    try:
        return dump_weekly(parse_weekly({"mon": value}))["mon"]
    except AvailabilityError as error:
        place = error.field.removeprefix("weekly.mon.")
        raise refusal(_hours_words(error.problem), error.problem, at=place) from error


def override_date(text: str) -> str:
    try:
        (day,) = dump_overrides(parse_overrides({text: []}))
    except AvailabilityError as error:
        raise ValidationError(_hours_words(error.problem), code=error.problem) from error
    return day


def _hours_words(problem: Problem) -> str:
    if problem == "end_before_start":
        return _(
            "The end is before the start. For hours past midnight, end at 00:00 and begin again at 00:00 "
            "of the next day"
        )
    if problem == "bad_date":
        return _("Enter a date like 2026-12-24")
    return _("Enter times like 09:00")


def overlapping(value: object) -> tuple[int, int] | None:
    """The places of two ranges of a day that overlap, of ranges that `hours` takes; None if none do.

    `hours` joins them. Whoever types hours by hand may have slipped, and is asked.
    """
    placed = sorted((span, place) for place, span in enumerate(_spans(value)))
    for (before, first), (after, second) in pairwise(placed):
        if after[0] < before[1]:
            return min(first, second), max(first, second)
    return None


def _spans(value: object) -> list[tuple[int, int]]:
    return [parse_weekly({"mon": [each]})[0][0] for each in items(value)]


# ── Away ──


def away(value: object) -> list[dict[str, str]]:
    """Times away like [{"first": "2026-12-24", "last": "2027-01-03", "message": ""}], by rising date."""
    rows = items(value)
    if len(rows) > MAX_AWAY:
        raise ValidationError(_("At most %(n)d times away") % {"n": MAX_AWAY}, code="count")
    kept: list[dict[str, str]] = []
    found = Findings()
    for position, row in enumerate(rows):
        with found.at(str(position)):
            kept.append(_one_more_away(judge_fields(fields(row), _AWAY), kept))
    found.refuse()
    return sorted(kept, key=lambda row: row["first"])


def _one_more_away(row: dict[str, str], before: Sequence[dict[str, str]]) -> dict[str, str]:
    first, last = (date.fromisoformat(row[name]) for name in ("first", "last"))
    if last < first:
        raise refusal(_("The last day is before the first"), "end_before_start", at="last")
    if (last - first).days >= LONGEST_AWAY:
        raise refusal(_("At most %(n)d days at a time") % {"n": LONGEST_AWAY}, "range", at="last")
    if any(row["first"] <= other["last"] and other["first"] <= row["last"] for other in before):
        raise refusal(_("You are away on some of these days already"), "duplicate", at="first")
    return row


def _day_away(value: object, *, missing: str) -> str:
    return override_date(line(_or_empty(value), most=10, missing=missing))


_AWAY: Mapping[str, Judgement] = {
    "first": lambda value: _day_away(value, missing=_("Enter the first day away")),
    "last": lambda value: _day_away(value, missing=_("Enter the last day away")),
    "message": lambda value: line(_or_empty(value), most=LONGEST_AWAY_MESSAGE),
}


# ── The tables ──

EVENT_TYPE: Mapping[str, Judgement] = {
    "title": _title,
    "slug": _slug,
    "description": partial(lines, most=LONGEST_DESCRIPTION),
    "durations": durations,
    "locations": locations,
    "slot_step": partial(number, least=1, most=DAY),
    "buffer_before": partial(number, least=0, most=DAY),
    "buffer_after": partial(number, least=0, most=DAY),
    "minimum_notice": _notice,
    "booking_window_days": partial(number, least=1, most=MAX_WINDOW_DAYS),
    "max_per_day": _limit,
    "max_per_week": _limit,
    "questions": questions,
    "guests_allowed": flag,
    "requires_confirmation": flag,
    "request_expires_after": _request,
    "change_cutoff": _cutoff,
    "reminders": _reminders,
    "redirect_url": _redirect,
    "active": flag,
    "hidden": flag,
    "zone_locked": flag,
    "google_invites": flag,
}

SCHEDULE: Mapping[str, Judgement] = {
    "name": lambda value: line(value, most=LONGEST_SCHEDULE_NAME, missing=_("Enter a name")),
    "zone": zone,
    "weekly": weekly,
    "overrides": overrides,
}
