"""What an invitee may ask for: everything that is sent with a booking, judged.

The booking form judges each of its fields by these functions, and `wish_for` a whole request.
"""

import re
from collections.abc import Mapping
from copy import copy
from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from koalendar.booking import rules
from koalendar.booking.actions import Invitee, Wish
from koalendar.booking.judging import (
    Findings,
    email_address,
    fields,
    flag,
    items,
    line,
    lines,
    one_of,
    phone_number,
    refusal,
)
from koalendar.booking.languages import of_profile
from koalendar.booking.models import EventType

MAX_GUESTS = 10
LONGEST_NAME = 120
LONGEST_LOCALE = 16
_LONGEST_TEXT = {"short_text": 200, "long_text": 2000}
# Far enough from both ends of the calendar that no zone and no search for times leads beyond them.
YEARS = range(1971, 9001)
_MANY = 100  # Guests that are looked at, the same ones counted again.
_LOCALE = re.compile(r"[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*")

Question = Mapping[str, Any]
Answer = str | bool | list[str]


def wish_for(
    event_type: EventType,
    *,
    start: object,
    duration: object,
    location: object,
    name: object,
    email: object,
    zone: object,
    locale: object,
    guests: object,
    answers: object,
) -> Wish:
    """What is asked for, in the shape that `book` takes.

    `start` is an aware datetime. `duration` (minutes) and `location` may be None for the first that the event
    type offers. A location is an object with its `kind` and whatever tells it from others of that kind;
    where the host calls, its `number` is the invitee's. `answers` are by question code; unknown codes are
    ignored.

    Raises ValidationError with the paths of the API's request: `start`, `duration`, `location.number`,
    `invitee.name`, `invitee.email`, `invitee.timezone`, `invitee.locale`, `guests.2`, `answers.topic`.
    """
    found = Findings()
    own_email = ""
    with found.at("start"):
        begin = instant(start)
    with found.at("duration"):
        minutes = length(event_type, duration)
    with found.at("location"):
        where = place(event_type, location)
    with found.at("invitee.name"):
        own_name = full_name(name)
    with found.at("invitee.email"):
        own_email = own_address(email)
    with found.at("invitee.timezone"):
        own_zone = rules.zone(zone)
    with found.at("invitee.locale"):
        own_locale = language(locale, default=of_profile(event_type.profile))
    with found.at("guests"):
        others = invited(event_type, guests, by=own_email)
    with found.at("answers"):
        answered = answers_to(event_type, answers)
    found.refuse()
    return Wish(
        start=begin,
        duration=minutes,
        invitee=Invitee(own_name, own_email, own_zone, own_locale),
        location=where,
        answers=answered,
        guests=others,
    )


def at_will(event_type: EventType) -> EventType:
    """The event type for a host who books for somebody: he need not know what it asks invitees."""
    asked = copy(event_type)
    asked.questions = [{**question, "required": False} for question in event_type.questions]
    return asked


def instant(value: object) -> datetime:
    """An aware datetime, in UTC."""
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise ValidationError(_("Enter a time like 2026-12-01T09:00:00+01:00"), code="type")
    try:
        start = value.astimezone(UTC)
    except OverflowError:
        start = None
    if start is None or start.year not in YEARS:
        raise ValidationError(_("This time is too far away"), code="range")
    return start


def length(event_type: EventType, value: object) -> int:
    if value is None:
        return int(event_type.durations[0])
    if isinstance(value, int) and not isinstance(value, bool) and value in event_type.durations:
        return value
    offered = ", ".join(str(minutes) for minutes in event_type.durations)
    words = _("Choose one of these lengths, in minutes: %(offered)s")
    raise ValidationError(words % {"offered": offered}, code="invalid_choice")


# ── Who ──


def full_name(value: object) -> str:
    too_long = _("Name must be %(n)d characters or fewer") % {"n": LONGEST_NAME}
    return line(value, most=LONGEST_NAME, missing=_("Enter your name"), too_long=too_long)


def own_address(value: object) -> str:
    return email_address(value, missing=_("Enter your e-mail address"))


def own_phone(value: object) -> str:
    return phone_number("" if value is None else value, missing=_("Enter your phone number"))


def language(value: object, *, default: str) -> str:
    """A language tag like "en-GB"; `default` if none was given."""
    tag = default if value in (None, "") else value
    if not isinstance(tag, str) or len(tag) > LONGEST_LOCALE or not _LOCALE.fullmatch(tag):
        raise ValidationError(_("Enter a language like en-GB"), code="invalid_locale")
    return tag


def invited(event_type: EventType, value: object, *, by: str) -> list[str]:
    """The guests without who invites them; none at all where the event type takes none."""
    others = [guest for guest in _addresses(value) if guest != by]
    if others and not event_type.guests_allowed:
        raise ValidationError(_("No guests can be added here"), code="not_allowed")
    return _few(others)


def guests(value: object) -> list[str]:
    """At most 10 e-mail addresses, each once."""
    return _few(_addresses(value))


def _addresses(value: object) -> list[str]:
    texts = items([] if value is None else value)
    if len(texts) > _MANY:
        raise _too_many_guests()
    found = Findings()
    kept: list[str] = []
    for position, text in enumerate(texts):
        with found.at(str(position)):
            kept.append(email_address(text))
    found.refuse()
    return list(dict.fromkeys(kept))


def _few(addresses: list[str]) -> list[str]:
    if len(addresses) > MAX_GUESTS:
        raise _too_many_guests()
    return addresses


def _too_many_guests() -> ValidationError:
    return ValidationError(_("Guests must be %(n)d or fewer") % {"n": MAX_GUESTS}, code="count")


# ── Where ──


def place(event_type: EventType, value: object) -> rules.Location:
    """The stored place that is meant, with the invitee's number where the host calls."""
    asked = {} if value is None else fields(value)
    chosen = dict(event_type.locations[0]) if value is None else _offered(event_type, asked)
    if rules.host_calls(chosen):
        found = Findings()
        with found.at("number"):
            chosen["number"] = own_phone(asked.get("number"))
        found.refuse()
    return chosen


def _offered(event_type: EventType, asked: Mapping[str, object]) -> rules.Location:
    fitting = [stored for stored in event_type.locations if _is_meant(stored, asked)]
    if not fitting:
        words = _("Choose one of the places that are offered")
        raise refusal(words, "invalid_choice", at="" if asked.get("kind") else "kind")
    # Two places may differ in what a stranger is not told; whoever knows it means the one that agrees most.
    meant: rules.Location = max(fitting, key=lambda stored: _agreeing(stored, asked))
    return dict(meant)


def _agreeing(stored: rules.Location, asked: Mapping[str, object]) -> int:
    return sum(name in asked and asked[name] == what for name, what in stored.items())


def _is_meant(stored: rules.Location, asked: Mapping[str, object]) -> bool:
    """Whether all that is said of the place is true of the stored one; what is left out may be anything."""
    said = {name: asked[name] for name in stored if name != "number" and asked.get(name) not in (None, "")}
    return "kind" in said and all(stored[name] == what for name, what in said.items())


# ── Answers ──


def answers_to(event_type: EventType, value: object) -> dict[str, Answer]:
    """What was answered, by question code."""
    given = fields({} if value is None else value)
    found = Findings()
    kept: dict[str, Answer] = {}
    for question in event_type.questions:
        code = question["code"]
        with found.at(code):
            answered = answer(question, given.get(code))
            if answered is not None:
                kept[code] = answered
    found.refuse()
    return kept


def answer(question: Question, value: object) -> Answer | None:
    """The answer to one question; None if there is none and none is needed. What was not ticked is False."""
    kind = question["kind"]
    if kind == "checkbox":
        return _tick(question, value)
    if value in (None, "", []):
        return _unanswered(question)
    if kind == "choice":
        return one_of(value, question["choices"], words=_choose_words(question))
    if kind == "choices":
        return _some(question, value)
    text = phone_number(value) if kind == "phone" else _words(question, value)
    return text or _unanswered(question)


def _unanswered(question: Question) -> str | None:
    if not question.get("required"):
        return None
    chooses = question["kind"] in rules.WITH_CHOICES
    answer_it = _("Answer “%(question)s”") % {"question": question["label"]}
    raise ValidationError(_choose_words(question) if chooses else answer_it, code="required")


def _choose_words(question: Question) -> str:
    return _("Choose an answer to “%(question)s”") % {"question": question["label"]}


def _tick(question: Question, value: object) -> bool:
    ticked = value is not None and flag(value)
    if question.get("required") and not ticked:
        raise ValidationError(_("Tick “%(question)s”") % {"question": question["label"]}, code="required")
    return ticked


def _some(question: Question, value: object) -> list[str]:
    """Each choice once, in the order of the question."""
    chosen = items(value)
    if len(chosen) > rules.MAX_CHOICES:
        raise ValidationError(_choose_words(question), code="invalid_choice")
    for each in chosen:
        one_of(each, question["choices"], words=_choose_words(question))
    return [choice for choice in question["choices"] if choice in chosen]


def _words(question: Question, value: object) -> str:
    kind, words = question["kind"], _("“%(question)s” must be %(n)d characters or fewer")
    too_long = words % {"question": question["label"], "n": longest(kind)}
    judgement = lines if kind == "long_text" else line
    return judgement(value, most=longest(kind), too_long=too_long)


def longest(kind: str) -> int:
    """How many characters an answer of this kind may have."""
    return _LONGEST_TEXT[kind]
