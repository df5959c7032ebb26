"""Google's Calendar API for one account: calendars, busy times, events, and channels that tell of changes.

Google: the discovery document of Calendar v3, revision 20261030, and the guides developers.google.com/
workspace/calendar/api/guides/{errors,quota,push,version-resources}, read 2026-11-23. Answers are treated as
if a stranger had written them: types, lengths, ids and links are checked before they go any further.
"""

import logging
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from urllib.parse import quote
from zoneinfo import ZoneInfo

import httpx2

from koalendar import clock
from koalendar.connections.calls import Ask, Caller
from koalendar.connections.google.answers import (
    Duplicate,
    Span,
    busy_of,
    calendar_of,
    classify,
    event_of,
    merged,
)
from koalendar.connections.google.oauth import BUSY, EVENTS, LIST
from koalendar.connections.provider import (
    Busy,
    Changed,
    Disconnected,
    EventSpec,
    Gone,
    Reason,
    Rejected,
    RemoteCalendar,
    RemoteChannel,
    RemoteEvent,
    Temporary,
    TokenSource,
)
from koalendar.connections.reading import Json, cut, text
from koalendar.connections.wire import Wire

logger = logging.getLogger(__name__)

SUMMARY_LIMIT = 1000
DESCRIPTION_LIMIT = 8000
LOCATION_LIMIT = 1000
# Longer spans are refused as too long; 90 days is the most that anybody has reported to pass.
LONGEST_SPAN = timedelta(days=60)
MOST_CALENDARS = 50
# An end for a list that never ends: 50,000 calendars, or half a million events.
MOST_PAGES = 200
# Google's own most; it may grant less.
CHANNEL_LIFE = timedelta(days=7)
Value = TypeVar("Value")


class GoogleClient:
    """The calendars of one Google account.

    `api_url` ends in `/calendar/v3`, `timeout` is the total seconds of one HTTP call. Safe to share between
    threads.
    """

    def __init__(
        self,
        *,
        api_url: str,
        tokens: TokenSource,
        timeout: float,
        transport: httpx2.BaseTransport | None = None,
        now: Callable[[], datetime] = clock.now,
    ) -> None:
        self._tokens = tokens
        self._caller = Caller(
            api_url=api_url,
            tokens=tokens,
            wire=Wire(timeout=timeout, transport=transport),
            logger=logger,
            event="google_call",
            refuses=lambda answer: answer.status == 401,
        )
        self._now = now

    # ── The account ──

    def me(self) -> None:
        """Prove that the access works; the API does not tell whose it is. Google: calendarList.get."""
        self._call(Ask("me", "GET", "/users/me/calendarList/primary"), needs=LIST)

    def calendars(self) -> list[RemoteCalendar]:
        """The account's list, the primary calendar first. Google: calendarList.list.

        Hidden ones too, since they may be busy all the same. With `calendar.events.owned` we write where the
        account is the owner, and nowhere else.
        """
        ask = Ask(
            "calendars", "GET", "/users/me/calendarList", query={"maxResults": "250", "showHidden": "true"}
        )
        rows = [self._read(calendar_of, item) for item in self._pages(ask, needs=LIST)]
        return sorted(rows, key=lambda row: not row.is_primary)

    # ── Busy times ──

    def busy(self, calendars: Sequence[str], *, begin: datetime, end: datetime) -> dict[str, Busy]:
        """When each calendar is busy in [begin, end), merged. Google: freebusy.query.

        It is asked in windows that touch, 50 calendars at a time. Whatever Google says is wrong with one, or
        nothing of it at all, makes it unknown for the whole time. All-day events come as instants, by the
        zone of their calendar.
        """
        found: dict[str, list[Span]] = {calendar: [] for calendar in calendars}
        unknown: dict[str, Reason] = {}
        for group in _groups(list(found), MOST_CALENDARS):
            for since, until in _windows(begin, end):
                for calendar, spans in self._window(group, since, until).items():
                    if isinstance(spans, Reason):
                        unknown.setdefault(calendar, spans)
                    else:
                        found[calendar] += spans
        return {calendar: unknown.get(calendar) or merged(spans) for calendar, spans in found.items()}

    def _window(self, calendars: Sequence[str], begin: datetime, end: datetime) -> dict[str, Busy]:
        body: Json = {
            "timeMin": _written(begin),
            "timeMax": _written(end),
            "items": [{"id": calendar} for calendar in calendars],
        }
        told = self._call(Ask("busy", "POST", "/freeBusy", body=body), needs=BUSY).get("calendars")
        answers = told if isinstance(told, dict) else {}
        return {calendar: busy_of(answers.get(calendar)) for calendar in calendars}

    # ── Events ──

    def insert_event(self, calendar: str, event_id: str, spec: EventSpec) -> RemoteEvent:
        """Make the event. Google: events.insert with an id of ours, 409 where there is one of that id.

        A deleted event keeps its id, so one that is there may be one that was: Gone. Raises
        Rejected(NO_CALENDAR) if the calendar is not there.
        """
        body = _body(spec) | {"id": event_id}
        if spec.invitees:
            body["attendees"] = [_guest(email) for email in spec.invitees]
        ask = Ask("insert_event", "POST", f"{_path(calendar)}/events", query=_query(spec), body=body)
        try:
            return self._read(event_of, self._call(ask, needs=EVENTS, calendar=calendar))
        except Gone as error:
            raise Rejected(Reason.NO_CALENDAR) from error
        except Duplicate:
            return self.read_event(calendar, event_id)

    def read_event(self, calendar: str, event_id: str) -> RemoteEvent:
        """The event as it is now. Google: events.get; a deleted one is still there, with status cancelled."""
        return self._read(event_of, self._standing(calendar, event_id))

    def _standing(self, calendar: str, event_id: str) -> Json:
        body = self._call(
            Ask("read_event", "GET", _path(calendar, event_id)), needs=EVENTS, calendar=calendar
        )
        if body.get("status") == "cancelled":
            raise Gone
        return body

    def change_event(
        self, calendar: str, event_id: str, spec: EventSpec, *, etag: str, keeps_time: bool
    ) -> RemoteEvent:
        """Change our fields of this version of the event, and nothing else. Google: events.patch, If-Match.

        Lists are replaced whole, so the guests who are there, with their answers, are sent along with those
        who are not. Raises Changed or Gone.
        """
        body = _body(spec)
        if keeps_time:
            del body["start"], body["end"]
        if spec.invitees:
            there = self._standing(calendar, event_id)
            if there.get("etag") != etag:
                raise Changed
            body |= _guests_missing(there, spec.invitees)
        ask = Ask(
            "change_event",
            "PATCH",
            _path(calendar, event_id),
            query=_query(spec),
            body=body,
            headers={"If-Match": etag},
        )
        changed = self._call(ask, needs=EVENTS, calendar=calendar)
        if changed.get("status") == "cancelled":
            raise Gone
        return self._read(event_of, changed)

    def delete_event(self, calendar: str, event_id: str, *, tells_invitees: bool) -> bool:
        """Remove the event. Google: events.delete; 404 and 410 say that it is not there."""
        query = {"sendUpdates": "all" if tells_invitees else "none"}
        try:
            ask = Ask("delete_event", "DELETE", _path(calendar, event_id), query=query)
            self._call(ask, needs=EVENTS, calendar=calendar)
        except Gone:
            return False
        return True

    def events_with(
        self, calendar: str, key: str, value: str, *, begin: datetime, end: datetime
    ) -> list[RemoteEvent]:
        """All events of [begin, end) with this private property. Google: events.list."""
        query = {
            "privateExtendedProperty": f"{key}={value}",
            "singleEvents": "true",
            "timeMin": _written(begin),
            "timeMax": _written(end),
            "maxResults": "2500",
        }
        ask = Ask("events_with", "GET", f"{_path(calendar)}/events", query=query)
        try:
            items = list(self._pages(ask, needs=EVENTS, calendar=calendar))
        except Gone as error:
            raise Rejected(Reason.NO_CALENDAR) from error
        return [self._read(event_of, item) for item in items if item.get("status") != "cancelled"]

    # ── Channels ──

    def watch(self, calendar: str, *, channel_id: str, token: str, address: str) -> RemoteChannel:
        """Have changes told to `address`. Google: events.watch; it must be https with a known certificate."""
        body: Json = {
            "id": channel_id,
            "type": "web_hook",
            "address": address,
            "token": token,
            "params": {"ttl": str(int(CHANNEL_LIFE.total_seconds()))},
        }
        try:
            answer = self._call(
                Ask("watch", "POST", f"{_path(calendar)}/events/watch", body=body), needs=BUSY
            )
        except Gone as error:
            raise Rejected(Reason.NO_CALENDAR) from error
        return self._read(self._channel, answer)

    def _channel(self, body: Json) -> RemoteChannel:
        """An end that is absurd counts as the one that was asked for."""
        resource_id, said = text(body, "resourceId", 255), text(body, "expiration", 20)
        if not resource_id:
            raise ValueError("resourceId")
        latest = self._now() + CHANNEL_LIFE
        if not re.fullmatch(r"[0-9]{10,15}", said, re.ASCII):
            return RemoteChannel(resource_id, latest)
        return RemoteChannel(resource_id, min(datetime.fromtimestamp(int(said) / 1000, UTC), latest))

    def stop(self, *, channel_id: str, resource_id: str) -> None:
        """End a channel. Google: channels.stop; 404 says that it has ended."""
        body: Json = {"id": channel_id, "resourceId": resource_id}
        try:
            self._call(Ask("stop", "POST", "/channels/stop", body=body), needs=BUSY)
        except Gone:
            return

    # ── One call ──

    def _call(self, ask: Ask, *, needs: str, calendar: str = "") -> Json:
        """The decoded answer, empty where there is none. Raises the errors of `provider`.

        `needs` is the scope that is missing where Google says that one is, since it does not say which. It
        says the same of events in a `calendar` that the account does not own.
        """
        answer, token = self._caller.ask(ask)
        if not 200 <= answer.status < 300:
            error = classify(answer, needs=needs, now=self._now())
            if calendar and error.reason == Reason.MISSING_SCOPE and not self._owns(calendar):
                raise Rejected(Reason.FORBIDDEN, {"status": answer.status})
            raise self._tokens.ended(token, error.reason) if isinstance(error, Disconnected) else error
        if not answer.body and answer.status == 204:
            return {}
        try:
            body = answer.json()
        except ValueError as error:
            raise Temporary(Reason.BAD_ANSWER) from error
        if not isinstance(body, dict):
            raise Temporary(Reason.BAD_ANSWER)
        return body

    def _owns(self, calendar: str) -> bool:
        """Whether the account owns this calendar, by its list; also if that cannot be told. Google:
        calendarList.get."""
        ask = Ask("calendar", "GET", f"/users/me/calendarList/{quote(calendar, safe='')}")
        try:
            return self._read(calendar_of, self._call(ask, needs=LIST)).is_writable
        except Gone:
            return False
        except Rejected:
            return True

    def _pages(self, ask: Ask, *, needs: str, calendar: str = "") -> Iterator[Json]:
        """The items of all pages; one may be empty and still have another after it."""
        query, seen = dict(ask.query or {}), set[str]()
        while len(seen) < MOST_PAGES:
            asked = Ask(ask.name, ask.method, ask.path, query=query)
            page = self._call(asked, needs=needs, calendar=calendar)
            items, following = page.get("items", []), page.get("nextPageToken") or ""
            if not isinstance(items, list) or not isinstance(following, str) or following in seen:
                raise Temporary(Reason.BAD_ANSWER)
            if not all(isinstance(item, dict) for item in items):
                raise Temporary(Reason.BAD_ANSWER)
            yield from items
            if not following:
                return
            seen.add(following)
            query["pageToken"] = following
        # An unfinished list must not look like a whole one.
        raise Temporary(Reason.BAD_ANSWER)

    def _read(self, parse: Callable[[Json], Value], body: Json) -> Value:
        try:
            return parse(body)
        except (ValueError, OverflowError) as error:  # The second: beyond the years that there are.
            raise Temporary(Reason.BAD_ANSWER) from error


# ── Requests ──


def _path(calendar: str, event_id: str | None = None) -> str:
    """Calendar ids hold @ and #, and are written by others than us."""
    place = f"/calendars/{quote(calendar, safe='')}"
    return place if event_id is None else f"{place}/events/{quote(event_id, safe='')}"


def _query(spec: EventSpec) -> dict[str, str]:
    """A write without the version of conferences drops the one that is there."""
    query = {"sendUpdates": "all" if spec.invitees else "none"}
    return query | ({"conferenceDataVersion": "1"} if spec.conference else {})


def _body(spec: EventSpec) -> Json:
    """Our fields of the event. Little is sent, so that the host's own settings rule: his reminders, his
    colours. The zone goes with the properties, since Google says an all-day event's nowhere else."""
    body: Json = {
        "summary": cut(" ".join(spec.summary.split()), SUMMARY_LIMIT),
        "description": cut(spec.description, DESCRIPTION_LIMIT),
        "location": cut(spec.location, LOCATION_LIMIT),
        "start": {"dateTime": _written(spec.start, spec.zone), "timeZone": spec.zone},
        "end": {"dateTime": _written(spec.end, spec.zone), "timeZone": spec.zone},
        "status": "tentative" if spec.is_tentative else "confirmed",
        "transparency": "opaque",
        "source": {"title": spec.source_title, "url": spec.source_url},
        "extendedProperties": {"private": {**spec.properties, "zone": spec.zone}},
        "guestsCanModify": False,
        "guestsCanInviteOthers": False,
    }
    if spec.conference:
        key = {"type": "hangoutsMeet"}
        # The same id again is ignored by Google, so it may be sent with each change.
        request = {"requestId": spec.conference, "conferenceSolutionKey": key}
        body["conferenceData"] = {"createRequest": request}
    return body


def _guest(email: str) -> Json:
    """`accepted` would hide the event from guests whose calendars add only what they answered."""
    return {"email": email, "responseStatus": "needsAction"}


def _guests_missing(there: Json, invitees: Sequence[str]) -> Json:
    listed = there.get("attendees")
    present = [guest for guest in listed if isinstance(guest, dict)] if isinstance(listed, list) else []
    known = {str(guest.get("email", "")).lower() for guest in present}
    missing = [_guest(email) for email in invitees if email.lower() not in known]
    return {"attendees": [*present, *missing]} if missing else {}


def _written(moment: datetime, zone: str = "UTC") -> str:
    wall = moment.astimezone(ZoneInfo(zone))
    return wall.isoformat(timespec="seconds").replace("+00:00", "Z")


def _windows(begin: datetime, end: datetime) -> Iterator[Span]:
    """[begin, end) in spans that Google answers, each beginning where the one before it ends."""
    while begin < end:
        until = min(begin + LONGEST_SPAN, end)
        yield begin, until
        begin = until


def _groups(calendars: Sequence[str], most: int) -> Iterator[Sequence[str]]:
    for first in range(0, len(calendars), most):
        yield calendars[first : first + most]
