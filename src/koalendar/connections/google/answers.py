"""What Google's answers mean: errors by their reasons, and calendars, busy times, events as our values.

Everything here raises ValueError for what cannot be trusted.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Final, NamedTuple
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from koalendar.connections.provider import (
    Busy,
    Changed,
    Conference,
    DialIn,
    Disconnected,
    Gone,
    Misconfigured,
    ProviderError,
    Reason,
    Rejected,
    RemoteCalendar,
    RemoteEvent,
    Temporary,
)
from koalendar.connections.reading import Json, instant, lenient, text
from koalendar.connections.wire import Answer, seconds_to_wait

# "Calendar usage limits exceeded." lasts for hours, and trying in between prolongs it.
USAGE_WAIT = 3600.0

Span = tuple[datetime, datetime]


# ── What an answer means ──


class Duplicate(ProviderError):
    """There is an event of this id."""

    def __init__(self) -> None:
        super().__init__(Reason.CHANGED)


_TOO_FAST: Final = frozenset({"rateLimitExceeded", "userRateLimitExceeded"})
_NO_SCOPE: Final = frozenset({"insufficientPermissions", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"})
_SPENT: Final[Mapping[str, Reason]] = {
    "quotaExceeded": Reason.USAGE_LIMIT,
    "dailyLimitExceeded": Reason.ACCOUNT_DAILY_LIMIT,
}


def classify(answer: Answer, *, needs: str, now: datetime) -> ProviderError:
    """The error behind an answer: by HTTP status and Google's own word for the reason."""
    status, reasons = answer.status, _reasons(lenient(answer))
    if status == 429 or (status == 403 and reasons & _TOO_FAST):
        return Temporary(Reason.RATE_LIMITED, retry_after=seconds_to_wait(answer.headers, now))
    if status >= 500 or status < 400 or status == 408:
        reason = Reason.SERVER_ERROR if status >= 400 else Reason.BAD_ANSWER
        return Temporary(reason, retry_after=seconds_to_wait(answer.headers, now))
    if status == 401:
        return Disconnected(Reason.AUTHORIZATION_REFUSED)
    if not reasons:
        # Not Google's way to say so: a proxy, or a wrong address. It must never count as "the event is gone".
        return Temporary(Reason.BAD_ANSWER)
    if status in (404, 410):
        return Gone()
    if status == 412:
        return Changed()
    if status == 409:
        return Duplicate() if "duplicate" in reasons else Temporary(Reason.IN_PROGRESS)
    return _forbidden(reasons, needs) if status == 403 else Rejected(Reason.BAD_REQUEST, {"status": status})


def _forbidden(reasons: frozenset[str], needs: str) -> ProviderError:
    for word in sorted(reasons & _SPENT.keys()):
        return Temporary(_SPENT[word], retry_after=USAGE_WAIT)
    if reasons & _NO_SCOPE:
        return Rejected(Reason.MISSING_SCOPE, {"status": 403, "scopes": (needs,)})
    if "accessNotConfigured" in reasons:
        return Misconfigured(Reason.APP_DISABLED)
    return Rejected(Reason.FORBIDDEN, {"status": 403})


def _reasons(body: Json) -> frozenset[str]:
    """Google's words for what is wrong: of `errors`, and of `details` in its newer shape."""
    error = body.get("error")
    if not isinstance(error, dict):
        return frozenset()
    lists = [found for name in ("errors", "details") if isinstance(found := error.get(name), list)]
    rows = [row for found in lists for row in found[:20] if isinstance(row, dict)]
    return frozenset(reason[:64] for row in rows if isinstance(reason := row.get("reason"), str))


# ── Values in an answer ──


_WRITERS: Final = frozenset({"owner"})


def calendar_of(body: Json) -> RemoteCalendar:
    """Google: the calendarList resource. `summaryOverride` is the person's own name for it."""
    remote_id = body.get("id")
    if not isinstance(remote_id, str) or not re.fullmatch(r"[!-~]{1,255}", remote_id):
        raise ValueError("id")
    role, color = text(body, "accessRole", 32), text(body, "backgroundColor", 32)
    return RemoteCalendar(
        remote_id=remote_id,
        name=_name(body, "summaryOverride") or _name(body, "summary") or remote_id,
        color=color if re.fullmatch(r"#[0-9a-fA-F]{6}", color) else "",
        role=role,
        zone=_zone(body.get("timeZone")),
        is_primary=body.get("primary") is True,
        is_writable=role in _WRITERS,
    )


def _name(body: Json, name: str) -> str:
    """Cut and not refused: one odd name must not hide the other calendars."""
    value = body.get(name)
    return "".join(part for part in value[:255] if part.isprintable()) if isinstance(value, str) else ""


def _zone(value: object) -> str:
    return value if isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9_+/-]{1,64}", value) else ""


# Google: freebusy.query, "errors"; it says that there may be others in the future.
_BUSY_ERRORS: Final[Mapping[object, Reason]] = {
    "notFound": Reason.NO_CALENDAR,
    "internalError": Reason.SERVER_ERROR,
}


def busy_of(told: object) -> Busy:
    """What Google says of one calendar; anything but a list of stretches is unknown."""
    if not isinstance(told, dict):
        return Reason.BAD_ANSWER
    if errors := told.get("errors"):
        first = errors[0] if isinstance(errors, list) else None
        word = first.get("reason") if isinstance(first, dict) else None
        return _BUSY_ERRORS.get(word, Reason.REFUSED) if isinstance(word, str) else Reason.REFUSED
    stretches = told.get("busy")
    if not isinstance(stretches, list):
        return Reason.BAD_ANSWER
    try:
        return tuple(_stretch(row) for row in stretches)
    except (ValueError, OverflowError):
        return Reason.BAD_ANSWER


def _stretch(row: object) -> Span:
    begin, end = (
        (instant(row.get(name)) for name in ("start", "end")) if isinstance(row, dict) else (None, None)
    )
    if begin is None or end is None or begin > end:
        raise ValueError("busy")
    return begin, end


def merged(spans: Sequence[Span]) -> tuple[Span, ...]:
    """What lies across the border of two windows comes in two pieces."""
    merged: list[Span] = []
    for begin, end in sorted(spans):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((begin, end))
    return tuple(merged)


def event_of(body: Json) -> RemoteEvent:
    """Google: the event resource. Raises ValueError for anything that cannot be trusted."""
    remote_id, etag = body.get("id"), body.get("etag")
    if not isinstance(remote_id, str) or not re.fullmatch(r"[a-zA-Z0-9_-]{1,1024}", remote_id):
        raise ValueError("id")
    if not isinstance(etag, str) or not re.fullmatch(r"[!-~]{1,64}", etag):
        raise ValueError("etag")
    properties = _properties(body)
    room = _room(body)
    return RemoteEvent(
        remote_id=remote_id,
        etag=etag,
        start=_moment(body.get("start"), properties.get("zone", "")),
        end=_moment(body.get("end"), properties.get("zone", "")),
        properties=properties,
        web_url=_own_page(body.get("htmlLink")),
        conference=room.conference,
        join_url=room.join_url,
        conference_id=room.conference_id,
        dial_in=room.dial_in,
    )


def _properties(body: Json) -> dict[str, str]:
    extended = body.get("extendedProperties")
    private = extended.get("private") if isinstance(extended, dict) else None
    if not isinstance(private, dict):
        return {}
    pairs = list(private.items())[:300]
    return {name: value for name, value in pairs if isinstance(name, str) and isinstance(value, str)}


def _moment(end: object, zone: str) -> datetime | None:
    """A `dateTime`, or the midnight of a `date` in `zone`; UTC where that is none."""
    if not isinstance(end, dict):
        return None
    if "dateTime" in end:
        return instant(end["dateTime"])
    day = end.get("date")
    if not isinstance(day, str):
        return None
    try:
        here = ZoneInfo(zone) if _zone(zone) else ZoneInfo("UTC")
    except (LookupError, OSError):
        here = ZoneInfo("UTC")
    return datetime.combine(date.fromisoformat(day), time(), here).astimezone(UTC)


def _own_page(link: object) -> str:
    """The event's page at Google; anything else is no link that we would show."""
    return link if isinstance(link, str) and _leads_to(link, "google.com") and len(link) <= 1000 else ""


class _Room(NamedTuple):
    """The conference of an event, as `RemoteEvent` has it."""

    conference: Conference
    join_url: str = ""
    conference_id: str = ""
    dial_in: tuple[DialIn, ...] = ()


def _room(body: Json) -> _Room:
    data = body.get("conferenceData")
    if not isinstance(data, dict):
        return _Room(Conference.NONE)
    request, entries = data.get("createRequest"), data.get("entryPoints")
    status = request.get("status") if isinstance(request, dict) else None
    has_failed = isinstance(status, dict) and status.get("statusCode") == "failure"
    points = [each for each in entries[:200] if isinstance(each, dict)] if isinstance(entries, list) else []
    link = next((each.get("uri") for each in points if each.get("entryPointType") == "video"), None)
    if not isinstance(link, str) or not _leads_to(link, "meet.google.com"):
        # Said to be ready, without a way in, is not yet ready.
        return _Room(Conference.FAILED if has_failed else Conference.PENDING)
    numbers = tuple(number for each in points if (number := _dial_in(each)))
    return _Room(Conference.READY, link, text(data, "conferenceId", 64), numbers)


def _leads_to(link: str, domain: str) -> bool:
    """An https link into the domain. No backslash: browsers read it as a slash."""
    if not re.fullmatch(r"https://[!-\[\]-~]{1,1000}", link):
        return False
    parts = urlsplit(link)
    host = parts.hostname or ""
    return parts.netloc == host and (host == domain or host.endswith(f".{domain}"))


def _dial_in(point: Json) -> DialIn | None:
    """`tel:+1-555-0100` with the country; its PIN stands behind the number, as phones dial it."""
    if point.get("entryPointType") != "phone":
        return None
    uri, country = point.get("uri"), point.get("regionCode")
    number = uri.removeprefix("tel:").split(",")[0] if isinstance(uri, str) else ""
    if not re.fullmatch(r"[+]?[0-9 ()./-]{3,40}", number, re.ASCII):
        return None
    return DialIn(country if isinstance(country, str) and re.fullmatch(r"[A-Z]{2}", country) else "", number)
