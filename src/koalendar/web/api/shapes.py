"""What is read and what is answered, field by field. Types only: what values may be, the actions say.

Fields that a shape does not name are ignored when read and never answered. Instants are RFC 3339 texts: any
offset is read, UTC is answered. Lengths are minutes.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal, TypeAlias

from django.http import HttpResponse
from pydantic import (
    BaseModel,
    BeforeValidator,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    WithJsonSchema,
    create_model,
)

from koalendar.booking.models.booking import LONGEST_REASON

# ── Kinds of value ──

# Far enough from both ends of the calendar that no zone leads beyond them.
_YEARS = range(1971, 9001)
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ]"
    r"[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?"
    r"(?:[Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def read_instant(value: object) -> datetime:
    """The aware UTC instant of an RFC 3339 text. Raises ValueError."""
    if not (isinstance(value, str) and _INSTANT.fullmatch(value)):
        raise ValueError("give an instant with its offset, like 2026-12-01T09:00:00+01:00")
    try:
        instant = datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError("this instant does not exist") from error
    if instant.year not in _YEARS:
        raise ValueError("give an instant of our times")
    return instant


def read_date(value: object) -> date:
    """The date of a YYYY-MM-DD text. Raises ValueError."""
    if not (isinstance(value, str) and _DATE.fullmatch(value)):
        raise ValueError("give a date like 2026-12-01")
    try:
        day = date.fromisoformat(value)
    except ValueError as error:
        raise ValueError("this date does not exist") from error
    if day.year not in _YEARS:
        raise ValueError("give a date of our times")
    return day


def utc_text(instant: datetime) -> str:
    """ "2026-12-01T08:00:00Z"."""
    return instant.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


Instant = Annotated[
    datetime,
    BeforeValidator(read_instant),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-12-01T09:00:00+01:00"]}),
]
Day = Annotated[
    date,
    BeforeValidator(read_date),
    WithJsonSchema({"type": "string", "format": "date", "examples": ["2026-12-01"]}),
]
InstantText = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
Text: TypeAlias = StrictStr
Whole: TypeAlias = StrictInt
Flag: TypeAlias = StrictBool
ReasonText = Annotated[Text, Field(max_length=LONGEST_REASON, description="For the other side to read.")]
# Wall times of one range. A list and not a tuple: tools that read the document know lists better.
Range = Annotated[list[Text], Field(min_length=2, max_length=2, examples=[["09:00", "17:00"]])]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class Shape(BaseModel):
    """A JSON object."""


def partial(shape: type[Shape], name: str) -> type[Shape]:
    """The shape with every field optional: what a PATCH may send. What is not sent is not set."""
    fields: dict[str, Any] = {
        field: (
            Annotated[
                info.annotation, Field(description=info.description, examples=info.examples), *info.metadata
            ],
            None,
        )
        for field, info in shape.model_fields.items()
    }
    return create_model(name, __base__=Shape, __doc__=f"{shape.__doc__} Only what is sent changes.", **fields)


def reply(
    shape: type[Shape],
    data: Mapping[str, Any],
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> HttpResponse:
    """`data` as the shape says, kept out of caches."""
    body = shape.model_validate(data).model_dump_json(exclude_unset=True)
    told = {"Cache-Control": "no-store", **(headers or {})}
    return HttpResponse(body, status=status, content_type="application/json", headers=told)


# ── Problems ──


class FieldProblem(Shape):
    field: str = Field(description="A path like `invitee.email` or `weekly.mon.0`.")
    code: str
    message: str


class ProblemDocument(Shape):
    """An RFC 9457 problem. `code` is stable; texts may change."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str
    errors: list[FieldProblem] = Field(default=[], description="With `invalid`: what is wrong where.")
    reason: str = Field(
        default="",
        description="With `slot_unavailable`: `taken`, `hours`, `away`, `notice`, `window`, `limit`, "
        "`inactive` or `calendar`.",
    )
    state: str = Field(default="", description="With `wrong_state`: what the booking is, or `past`.")


# ── Hosts, schedules ──


class Me(Shape):
    """The host whose key it is."""

    id: str
    name: str
    email: str
    timezone: str
    locale: str
    slug: str
    url: str = Field(description="The host's public page.")


class ScheduleAsked(Shape):
    """Weekly hours and dates that differ, as wall time in one zone."""

    name: Text
    timezone: Text = Field(examples=["Europe/Paris"])
    weekly: dict[Weekday, list[Range]] = Field(
        default={}, description="A day that is missing is closed.", examples=[{"mon": [["09:00", "17:00"]]}]
    )
    overrides: dict[str, list[Range]] = Field(
        default={},
        description="Hours of single dates instead of the weekly ones; an empty list is a day off.",
        examples=[{"2026-12-24": []}],
    )


ScheduleChanged = partial(ScheduleAsked, "ScheduleChanged")


class ScheduleShown(ScheduleAsked):
    """A schedule."""

    id: str


# ── Event types ──


class LocationAsked(Shape):
    """Where it happens. `connection`: of Zoom, null for the default; `number`: of a phone call."""

    kind: Literal["zoom", "google_meet", "phone", "in_person", "link"]
    connection: Text | None = None
    who_calls: Literal["host", "invitee"] | None = None
    number: Text | None = None
    address: Text | None = None
    url: Text | None = None


class QuestionAsked(Shape):
    """What invitees are asked. `code` names the answer; made from the label if it is left out."""

    code: Text | None = None
    label: Text
    kind: Literal["short_text", "long_text", "choice", "choices", "checkbox", "phone"] = "short_text"
    required: Flag = False
    choices: list[Text] = []


class EventTypeAsked(Shape):
    """What can be booked. Every length is in minutes."""

    title: Text = Field(examples=["Intro call"])
    slug: Text | None = Field(default=None, description="Made from the title if it is left out.")
    description: Text = ""
    durations: list[Whole] = Field(default=[30], description="With several, the invitee chooses.")
    locations: list[LocationAsked] = Field(
        default=[{"kind": "zoom"}],
        validate_default=True,
        description="With several, the invitee chooses.",
    )
    schedule: Text | None = Field(
        default=None, description="The id of a schedule; null for the host's default."
    )
    slot_step: Whole = 30
    buffer_before: Whole = 0
    buffer_after: Whole = 0
    minimum_notice: Whole = 120
    booking_window_days: Whole = 60
    max_per_day: Whole | None = None
    max_per_week: Whole | None = None
    questions: list[QuestionAsked] = []
    guests_allowed: Flag = True
    requires_confirmation: Flag = False
    request_expires_after: Whole = 1440
    change_cutoff: Whole = 0
    reminders: list[Whole] = [1440]
    redirect_url: Text | None = None
    active: Flag = True
    hidden: Flag = False
    zone_locked: Flag = Field(
        default=False, description="Whether the booking page shows all times in the host's own zone."
    )
    google_invites: Flag = Field(
        default=False, description="Whether Google Calendar invites invitee and guests, and not our own mail."
    )


EventTypeChanged = partial(EventTypeAsked, "EventTypeChanged")


class LocationShown(Shape):
    """Where it happens; each kind has the members that belong to it."""

    kind: str
    connection: str | None = None
    who_calls: str | None = None
    number: str | None = None
    address: str | None = None
    url: str | None = None


class EventTypeShown(EventTypeAsked):
    """An event type."""

    id: str
    slug: str
    locations: list[LocationShown]  # type: ignore[assignment]  # What is stored needs no judgement.
    url: str = Field(description="The booking page.")


class Slots(Shape):
    """The open starts of a stretch of days, in the zone that was asked for."""

    timezone: str
    duration: int
    days: list["SlotDay"]


class SlotDay(Shape):
    """A date of that zone with at least one slot."""

    date: str
    slots: list[InstantText]


# ── Public profiles ──


class OfferShown(Shape):
    """What a stranger may know of an event type."""

    id: str
    title: str
    slug: str
    description: str
    durations: list[int]
    locations: list[LocationShown]
    questions: list[QuestionAsked]
    guests_allowed: bool
    requires_confirmation: bool
    url: str


class ProfileShown(Shape):
    """A public page: the host, and what can be booked."""

    slug: str
    name: str
    welcome: str
    timezone: str
    away: "AwayShown | None"
    url: str
    event_types: list[OfferShown]


class OfferOfHost(OfferShown):
    """One event type with whom it is booked."""

    host: "HostShown"


class HostShown(Shape):
    slug: str
    name: str
    timezone: str
    away: "AwayShown | None"


class AwayShown(Shape):
    """The host is away today, and nothing is offered before this date, on which he is back."""

    until: str = Field(json_schema_extra={"format": "date"})
    message: str


# ── Bookings ──


class InviteeAsked(Shape):
    """Who books. `timezone` is for the mails' times, `locale` for their language; without one it is the
    host's choice."""

    name: Text
    email: Text = Field(examples=["ina@example.com"])
    timezone: Text = Field(default="UTC", examples=["Europe/Paris"])
    locale: Text | None = Field(default=None, examples=["fr"])


Answer: TypeAlias = Text | Flag | list[Text] | None


class BookingAsked(Shape):
    """A start that the slots call offers, and for whom."""

    event_type: Text
    start: Instant
    duration: Whole | None = Field(default=None, description="Null for the first of the event type.")
    location: LocationAsked | None = Field(
        default=None,
        description="One that the event type offers, by its kind (and by what tells apart two of a kind); "
        "null for the first. Where the host calls, `number` is the invitee's.",
    )
    invitee: InviteeAsked
    guests: list[Text] = Field(default=[], description="E-mail addresses.")
    answers: dict[str, Answer] = Field(default={}, description="By the questions' codes.")


class Reschedule(Shape):
    """Where to."""

    start: Instant
    reason: ReasonText = ""


class Reason(Shape):
    """Why; nobody has to say."""

    reason: ReasonText = ""


class EventTypeNamed(Shape):
    id: str
    title: str
    slug: str


class InviteeShown(Shape):
    name: str
    email: str
    timezone: str
    locale: str


class DialInShown(Shape):
    country: str
    number: str


CopyStateText = Literal["none", "pending", "ready", "failed", "removed"]


class Whereabout(Shape):
    """Where a booking happens, and how far that is."""

    kind: str
    state: CopyStateText
    join_url: str | None
    meeting_id: str | None
    passcode: str | None
    dial_in: list[DialInShown]
    problem: str | None = Field(description="What is wrong and what mends it, for the host.")
    who_calls: str | None = None
    number: str | None = None
    address: str | None = None


class CalendarCopy(Shape):
    """How far the host's calendar is."""

    state: CopyStateText
    problem: str | None


class BookingUrls(Shape):
    """The invitee's own pages."""

    manage: str
    reschedule: str
    cancel: str


class Ending(Shape):
    """When, by whom (`host`, `invitee` or nobody) and why a booking ended."""

    at: InstantText
    by: str | None
    reason: str


class BookingShown(Shape):
    """One invitee's booking."""

    uid: str
    status: Literal["pending", "confirmed", "declined", "expired", "cancelled"]
    sequence: int
    event_type: EventTypeNamed
    start: InstantText
    end: InstantText
    invitee: InviteeShown
    guests: list[str]
    answers: dict[str, Answer]
    location: Whereabout
    calendar: CalendarCopy
    urls: BookingUrls
    created_at: InstantText
    cancelled: Ending | None


class BookingMade(BookingShown):
    """The new booking with the token that opens it."""

    token: str


# ── Connections ──


class AccountShown(Shape):
    name: str
    email: str


class ConnectionShown(Shape):
    """A linked account; its tokens are in no answer."""

    id: str
    provider: str
    account: AccountShown
    state: Literal["active", "attention", "broken", "revoked"]
    problem: str | None
    scopes: list[str]
    missing_scopes: list[str]
    last_ok_at: InstantText | None


# ── Lists ──


class ScheduleList(Shape):
    items: list[ScheduleShown]
    next_cursor: str | None


class EventTypeList(Shape):
    items: list[EventTypeShown]
    next_cursor: str | None


class BookingList(Shape):
    items: list[BookingShown]
    next_cursor: str | None


class ConnectionList(Shape):
    items: list[ConnectionShown]
    next_cursor: str | None
