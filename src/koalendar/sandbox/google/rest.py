"""Google Calendar's API below ``/calendar/v3``, as far as a scheduling product needs it.

Facts are from Google's discovery document of Calendar v3, revision 20261030, unless a line says otherwise.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo, available_timezones

from koalendar.sandbox.faults import Answer
from koalendar.sandbox.google.faults import API_ERRORS, QUOTA_ERRORS, error_body
from koalendar.sandbox.google.world import (
    EVENT_TYPES,
    ROLES,
    WRITERS,
    Channel,
    Entry,
    Event,
    GoogleUser,
    GoogleWorld,
)
from koalendar.sandbox.wire import Json, Request, Response, json_answer

ZONES = frozenset(available_timezones())
SCOPE_PREFIX = "https://www.googleapis.com/auth/"
#: Which scopes open which method, without their prefix.
READ_LIST = frozenset(
    {"calendar", "calendar.calendarlist", "calendar.calendarlist.readonly", "calendar.readonly"}
)
READ_BUSY = frozenset({"calendar", "calendar.events.freebusy", "calendar.freebusy", "calendar.readonly"})
WRITE_EVENTS = frozenset({"calendar", "calendar.app.created", "calendar.events", "calendar.events.owned"})
READ_EVENTS = WRITE_EVENTS | {
    "calendar.events.freebusy",
    "calendar.events.owned.readonly",
    "calendar.events.public.readonly",
    "calendar.events.readonly",
    "calendar.readonly",
}
STOP_CHANNELS = READ_EVENTS | {
    "calendar.acls",
    "calendar.acls.readonly",
    "calendar.calendarlist",
    "calendar.calendarlist.readonly",
    "calendar.settings",
    "calendar.settings.readonly",
}
KNOWN_SCOPES = READ_LIST | READ_BUSY | STOP_CHANNELS
#: With none of these, events show when they are and no more. What Google shows is not written anywhere.
DETAIL_SCOPES = READ_EVENTS - {"calendar.events.freebusy"}
BARE_FIELDS = frozenset({"status", "start", "end", "transparency", "eventType", "iCalUID"})

MOST_CALENDARS = 50
#: Not in the document: "The requested time range is too long", https://github.com/calcom/cal.com/issues/11688
LONGEST_RANGE = timedelta(days=90)
MOST_EVENTS, MOST_ENTRIES = 2500, 250
NOT_WITH_SYNC = frozenset(
    "iCalUID orderBy privateExtendedProperty q sharedExtendedProperty timeMin timeMax updatedMin".split()
)
#: What only the organizer may change.
SHARED_FIELDS = frozenset("summary description location start end status attendees".split())
#: What an answer may bear of a stored event, and a request may write.
WRITABLE = frozenset(
    "anyoneCanAddSelf attendees colorId description eventType extendedProperties focusTimeProperties gadget "
    "guestsCanInviteOthers guestsCanModify guestsCanSeeOtherGuests location outOfOfficeProperties reminders "
    "source status summary transparency visibility workingLocationProperties attachments "
    "birthdayProperties".split()
)
CHOICES: dict[str, tuple[str, ...]] = {
    "status": ("confirmed", "tentative", "cancelled"),
    "transparency": ("opaque", "transparent"),
    "visibility": ("default", "public", "private", "confidential"),
    "eventType": EVENT_TYPES,
}
#: The types of what a write may carry.
SHAPES: dict[str, type] = {
    **dict.fromkeys("id iCalUID summary description location colorId".split(), str),
    **dict.fromkeys(CHOICES, str),
    **dict.fromkeys("start end reminders source extendedProperties conferenceData organizer".split(), dict),
    **dict.fromkeys("attendees recurrence attachments".split(), list),
    "sequence": int,
}
ANSWERS = ("needsAction", "declined", "tentative", "accepted")
COLORS: dict[str, str] = {"2": "#d06b64", "7": "#42d692", "8": "#16a765", "9": "#7bd148", "14": "#9fe1e7"}


class ApiError(Exception):
    """An error answer of Google."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.why)
        self.answer = answer


def refusal(status: int, reason: str, message: str, *, domain: str = "global", **where: str) -> ApiError:
    return ApiError(Answer(status, error_body(status, reason, message, domain=domain, **where)))


def known(preset: str) -> ApiError:
    return ApiError((API_ERRORS | QUOTA_ERRORS)[preset])


def invalid(message: str, **where: str) -> ApiError:
    return refusal(400, "invalid", message, **where)


@dataclass(frozen=True)
class Operation:
    """A method of the API: who answers, and the scopes of which one is needed."""

    method: str
    path: re.Pattern[str]
    answer: Callable[[RestApi, Visit], Response]
    scopes: frozenset[str]


@dataclass(frozen=True)
class Visit:
    """One authorised call."""

    request: Request
    user: GoogleUser
    scopes: frozenset[str]
    calendar: str
    event: str

    @property
    def query(self) -> dict[str, str]:
        return self.request.query

    def flag(self, name: str) -> bool:
        return self.query.get(name) == "true"

    def body(self) -> Json:
        found = self.request.json_object()
        if found is None or self.request.content_type != "application/json":
            raise refusal(400, "parseError", "Parse Error")
        return found


def typed_event(body: Json) -> Json:
    """The body of a write, after a look at its types."""
    for name, shape in SHAPES.items():
        if body.get(name) is not None and not isinstance(body[name], shape):
            raise invalid(f"Invalid value for: {name}")
    for kind in ("private", "shared"):
        pairs = (body.get("extendedProperties") or {}).get(kind)
        if pairs is not None and not isinstance(pairs, dict):
            raise invalid("Invalid value for: extendedProperties")
    request = (body.get("conferenceData") or {}).get("createRequest")
    key = request.get("conferenceSolutionKey") if isinstance(request, dict) else None
    if not isinstance(request, dict | None) or not isinstance(key, dict | None):
        raise invalid("Invalid conference data.")
    return body


class RestApi:
    """Answers calls below ``/calendar/v3`` against a world."""

    def __init__(self, world: GoogleWorld) -> None:
        self.world = world

    def answer(self, request: Request) -> Response:
        """The answer to one call, errors included; never raises for what a client may send."""
        try:
            with self.world.lock:
                return self._authorised(request)
        except ApiError as error:
            return error.answer.response(request, self.world.now())

    def _authorised(self, request: Request) -> Response:
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        token = self.world.live_token(value.strip(), "access") if scheme.lower() == "bearer" else None
        if token is None:
            raise known("invalid_credentials")
        operation, found = self._operation(request)
        scopes = frozenset(scope.removeprefix(SCOPE_PREFIX) for scope in token.scopes)
        if not scopes & operation.scopes:
            raise known("insufficient_scopes")
        user = self.world.users[token.user_id]
        if not self.world.within_limit(user):
            raise known("user_rate_limit")
        named = found.groupdict()
        return operation.answer(
            self, Visit(request, user, scopes, named.get("calendar") or "", named.get("event") or "")
        )

    def _operation(self, request: Request) -> tuple[Operation, re.Match[str]]:
        path = request.path.removeprefix("/calendar/v3/")
        for entry in OPERATIONS:
            found = entry.path.fullmatch(path)
            if found and entry.method == request.method:
                return entry, found
        raise known("not_found")

    # -- calendar list --------------------------------------------------------------------------------------

    def list_calendars(self, visit: Visit) -> Response:
        query, entries = visit.query, list(self.world.lists[visit.user.id].values())
        least = query.get("minAccessRole", ROLES[0])
        if least not in ROLES:
            raise invalid("Invalid value for: minAccessRole")
        if "syncToken" in query and "minAccessRole" in query:
            raise refusal(400, "badRequest", "Sync token cannot be used with filters.")
        since = self._since(query.get("syncToken"), visit.user.id)
        shown = [
            entry
            for entry in entries
            if (since is not None and entry.version > since)
            or (
                since is None
                and (not entry.deleted or visit.flag("showDeleted"))
                and (not entry.hidden or visit.flag("showHidden"))
                and ROLES.index(entry.role) >= ROLES.index(least)
            )
        ]
        items, following = self._page(visit, shown, 100, MOST_ENTRIES)
        answer = {
            "kind": "calendar#calendarList",
            "etag": f'"p{self.world.version}"',
            "items": [self._entry(entry) for entry in items],
        }
        if not following and "minAccessRole" not in query:
            answer["nextSyncToken"] = self._sync_token(visit.user.id)
        return json_answer(200, answer | following)

    def read_calendar(self, visit: Visit) -> Response:
        return json_answer(200, self._entry(self._listed(visit)))

    def _entry(self, entry: Entry) -> Json:
        calendar = self.world.calendars[entry.calendar_id]
        shown: Json = {
            "kind": "calendar#calendarListEntry",
            "etag": f'"{entry.version:016d}"',
            "id": calendar.id,
            "summary": calendar.summary,
            "timeZone": calendar.timezone,
            "colorId": entry.color,
            "backgroundColor": COLORS.get(entry.color, "#9a9cff"),
            "foregroundColor": "#000000",
            "accessRole": entry.role,
            "defaultReminders": [{"method": "popup", "minutes": 10}] if entry.primary else [],
            "conferenceProperties": {"allowedConferenceSolutionTypes": ["hangoutsMeet"]},
        }
        if entry.name:
            shown["summaryOverride"] = entry.name
        # True ones only; what is not so is left out.
        flags = {"primary": entry.primary, "hidden": entry.hidden, "deleted": entry.deleted}
        flags["selected"] = not entry.hidden
        return shown | {name: True for name, value in flags.items() if value}

    # -- free/busy ------------------------------------------------------------------------------------------

    def free_busy(self, visit: Visit) -> Response:
        body = visit.body()
        start, end = (_moment(body.get(name), name) for name in ("timeMin", "timeMax"))
        zone = _zone(body.get("timeZone") or "UTC", "timeZone")
        if start >= end:
            raise refusal(400, "timeRangeEmpty", "The specified time range is empty.", domain="calendar")
        if end - start > LONGEST_RANGE:
            raise refusal(400, "timeRangeTooLong", "The requested time range is too long.", domain="calendar")
        items = body.get("items") or []
        if not isinstance(items, list) or not all(isinstance(i, dict) and "id" in i for i in items):
            raise invalid("Invalid value for: items")
        wished = body.get("calendarExpansionMax") or MOST_CALENDARS
        if not isinstance(wished, int):
            raise invalid("Invalid value for: calendarExpansionMax")
        most = min(wished, MOST_CALENDARS)
        calendars = {
            str(item["id"]): self._busy(visit.user, str(item["id"]), start, end, zone)
            if place < most
            else _unknown("tooManyCalendarsRequested")
            for place, item in enumerate(items)
        }
        answer = {
            "kind": "calendar#freeBusy",
            "timeMin": _wire_time(start, zone),
            "timeMax": _wire_time(end, zone),
            "calendars": calendars,
        }
        return json_answer(200, answer)

    def _busy(self, user: GoogleUser, name: str, start: datetime, end: datetime, zone: ZoneInfo) -> Json:
        entry = self.world.entry(user, name)
        if entry is None:
            return _unknown("notFound")
        calendar = self.world.calendars[entry.calendar_id]
        if calendar.trouble:
            return _unknown(calendar.trouble)
        own = ZoneInfo(calendar.timezone)
        spans = sorted(
            event.span(own)
            for event in self.world.events[calendar.id].values()
            if _takes_time(event, calendar.id)
        )
        merged: list[tuple[datetime, datetime]] = []
        for first, last in spans:
            first, last = max(first, start), min(last, end)
            if first >= last:
                continue
            if merged and first <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(merged[-1][1], last))
            else:
                merged.append((first, last))
        return {
            "busy": [{"start": _wire_time(one, zone), "end": _wire_time(two, zone)} for one, two in merged]
        }

    # -- events ---------------------------------------------------------------------------------------------

    def list_events(self, visit: Visit) -> Response:
        entry, query = self._readable(visit), visit.query
        calendar = self.world.calendars[entry.calendar_id]
        self.world.settle_conferences(calendar.id)
        if "syncToken" in query and (set(query) & NOT_WITH_SYNC or query.get("showDeleted") == "false"):
            raise refusal(
                400, "badRequest", "Sync token cannot be used with the other restrictions of this request."
            )
        since = self._since(query.get("syncToken"), calendar.id)
        events = [
            event
            for event in self.world.events[calendar.id].values()
            if (event.version > since if since is not None else self._wanted(visit, event))
        ]
        zone = ZoneInfo(calendar.timezone)
        if query.get("orderBy") == "startTime":
            if not visit.flag("singleEvents"):
                raise refusal(400, "badRequest", "The requested ordering is not available for the query.")
            events.sort(key=lambda event: (event.span(zone)[0], event.number))
        elif query.get("orderBy") == "updated":
            events.sort(key=lambda event: event.version)
        elif "orderBy" in query:
            raise invalid("Invalid value for: orderBy")
        items, following = self._page(visit, events, 250, MOST_EVENTS)
        answer: Json = {
            "kind": "calendar#events",
            "etag": f'"p{self.world.version}"',
            "summary": calendar.summary,
            "updated": max((event.updated for event in events), default="2026-01-01T00:00:00.000Z"),
            "timeZone": query.get("timeZone") or calendar.timezone,
            "accessRole": entry.role,
            "defaultReminders": [],
            "items": [
                # Of a deleted event a list promises the id, and no more.
                {"kind": "calendar#event", "etag": event.etag, "id": event.id, "status": "cancelled"}
                if event.cancelled
                else self._shown(visit, entry, event)
                for event in items
            ],
        }
        if not following and not set(query) & NOT_WITH_SYNC:
            answer["nextSyncToken"] = self._sync_token(calendar.id)
        return json_answer(200, answer | following)

    def _wanted(self, visit: Visit, event: Event) -> bool:
        query, body = visit.query, event.body
        if event.cancelled and not (visit.flag("showDeleted") or "updatedMin" in query):
            return False
        start, end = event.span(ZoneInfo(self.world.calendars[event.calendar_id].timezone))
        if "timeMin" in query and end <= _moment(query["timeMin"], "timeMin"):
            return False
        if "timeMax" in query and start >= _moment(query["timeMax"], "timeMax"):
            return False
        if "updatedMin" in query:
            since = _moment(query["updatedMin"], "updatedMin")
            if datetime.fromisoformat(event.updated) < since:
                return False
        if query.get("iCalUID", body["iCalUID"]) != body["iCalUID"]:
            return False
        words = " ".join(str(body.get(name, "")) for name in ("summary", "description", "location"))
        if query.get("q", "").lower() not in words.lower():
            return False
        several = parse_qs(visit.request.query_string, True)
        if "eventTypes" in several and body["eventType"] not in several["eventTypes"]:
            return False
        for kind in ("private", "shared"):
            stored = body.get("extendedProperties", {}).get(kind, {})
            for pair in several.get(f"{kind}ExtendedProperty", ()):
                name, _, value = pair.partition("=")
                if stored.get(name) != value:
                    return False
        return True

    def read_event(self, visit: Visit) -> Response:
        """A deleted event is still there, with the status cancelled."""
        entry = self._readable(visit)
        event = self._event(entry, visit)
        if visit.request.headers.get("if-none-match") == event.etag:
            return Response(304, headers={"ETag": event.etag})
        return self._one(visit, entry, event)

    def insert_event(self, visit: Visit) -> Response:
        entry, body = self._writable(visit), typed_event(visit.body())
        calendar = self.world.calendars[entry.calendar_id]
        if "id" in body and "iCalUID" in body:
            raise invalid("Only one of id and iCalUID may be given.")
        event_id = body.get("id")
        if event_id is not None and not re.fullmatch(r"[a-v0-9]{5,1024}", event_id):
            raise invalid("Invalid resource id value.")
        if event_id in self.world.events[calendar.id]:
            # A deleted event keeps its id: https://stackoverflow.com/questions/27542721
            raise known("duplicate")
        content = self._content(visit, calendar.id, {}, body)
        self._check_conference(visit, body, {})
        for name in ("id", "iCalUID"):
            if name in body:
                content[name] = body[name]
        event = self.world.put_event(calendar.id, content, by="API")
        self._ask_conference(visit, event, body)
        self._invite(visit, event, "invited")
        return self._one(visit, entry, event)

    def patch_event(self, visit: Visit) -> Response:
        """Objects are merged, lists replaced, null takes a field away."""
        entry, event = self._writable_event(visit)
        body = typed_event(visit.body())
        return self._write(visit, entry, event, body, _merged(event.body, body))

    def update_event(self, visit: Visit) -> Response:
        entry, event = self._writable_event(visit)
        body = typed_event(visit.body())
        sequence = body.get("sequence")
        if sequence is not None and sequence < event.body["sequence"]:
            raise invalid(
                "Invalid sequence value. The specified sequence number is below the current sequence number "
                "of the resource. Re-fetch the resource and use its sequence number on the following request."
            )
        return self._write(visit, entry, event, body, {"status": "confirmed"} | body)

    def _write(self, visit: Visit, entry: Entry, event: Event, sent: Json, wanted: Json) -> Response:
        changed = {name for name in sent if sent[name] != event.body.get(name)}
        if changed & SHARED_FIELDS and event.body["organizer"].get("email") != event.calendar_id:
            raise known("not_organizer")
        if event.cancelled and not self.world.behaviour.restores_deleted:
            raise refusal(403, "forbidden", "Forbidden")
        self._check_conference(visit, sent, event.body.get("conferenceData", {}))
        kept = {
            name: value
            for name, value in event.body.items()
            if name not in WRITABLE or name in ("status", "reminders", "eventType")
        }
        body = kept | self._content(visit, event.calendar_id, event.body, wanted)
        zone = ZoneInfo(self.world.calendars[event.calendar_id].timezone)
        moved = any(
            _instant_or_date(body[end], zone) != _instant_or_date(event.body[end], zone)
            for end in ("start", "end")
        )
        body["sequence"] = event.body["sequence"] + moved
        gone = body["status"] == "cancelled"
        what = "changed" if gone == event.cancelled else "deleted" if gone else "restored"
        self.world.change_event(event, body, what, by="API")
        self._ask_conference(visit, event, sent)
        self._invite(visit, event, "cancelled" if gone else "updated")
        return self._one(visit, entry, event)

    def delete_event(self, visit: Visit) -> Response:
        _entry, event = self._writable_event(visit)
        if event.cancelled:
            raise known("gone")
        self.world.change_event(event, event.body | {"status": "cancelled"}, "deleted", by="API")
        self._invite(visit, event, "cancelled")
        return Response(204)

    def _one(self, visit: Visit, entry: Entry, event: Event) -> Response:
        return json_answer(200, self._shown(visit, entry, event), {"ETag": event.etag})

    def _shown(self, visit: Visit, entry: Entry, event: Event) -> Json:
        """The event as this caller may see it, times in the calendar's or the wanted zone."""
        calendar = self.world.calendars[event.calendar_id]
        zone = _zone(visit.query.get("timeZone") or calendar.timezone, "timeZone")
        top = {"kind": "calendar#event", "etag": event.etag, "id": event.id}
        body = dict(event.body)
        for end in ("start", "end"):
            if "dateTime" in body[end]:
                wall = _wire_time(datetime.fromisoformat(body[end]["dateTime"]), zone)
                body[end] = {"dateTime": wall, "timeZone": body[end]["timeZone"]}
        if entry.role == "freeBusyReader" or not visit.scopes & DETAIL_SCOPES:
            shown = {name: value for name, value in body.items() if name in BARE_FIELDS}
            return top | shown | {"visibility": "private", "updated": event.updated}
        number = base64.urlsafe_b64encode(f"{event.id} {event.calendar_id}".encode()).decode().rstrip("=")
        link = f"https://www.google.com/calendar/event?eid={number}"
        return top | {"htmlLink": link} | body | {"updated": event.updated}

    # -- what a write may say -------------------------------------------------------------------------------

    def _content(self, visit: Visit, calendar_id: str, before: Json, body: Json) -> Json:
        """The checked fields of a new state; unknown ones are ignored, as Google does."""
        found = {name: body[name] for name in WRITABLE if body.get(name) is not None}
        for name, choices in CHOICES.items():
            if name in found and found[name] not in choices:
                raise invalid(f"Invalid value for: {name}")
        if "recurrence" in body:
            raise refusal(400, "badRequest", "This stand-in for Google has no recurring events.")
        found |= _checked_times(body, self.world.calendars[calendar_id].timezone)
        if "attendees" in found:
            found["attendees"] = _checked_attendees(found["attendees"], calendar_id)
        if "reminders" in found:
            _check_reminders(found["reminders"])
        if "source" in found and urlsplit(str(found["source"].get("url"))).scheme not in ("http", "https"):
            raise invalid("Invalid value for: source.url")
        kind = found.get("eventType", "default")
        primary = self.world.entry(visit.user, calendar_id)
        if kind in ("outOfOffice", "focusTime", "workingLocation") and not (primary and primary.primary):
            raise refusal(
                400,
                "eventTypeRestriction",
                "This event type is only for primary calendars.",
                domain="calendar",
            )
        if before and kind != before["eventType"] and "eventType" in found:
            raise refusal(400, "eventTypeRestriction", "The event type cannot change.", domain="calendar")
        return found

    def _ask_conference(self, visit: Visit, event: Event, sent: Json) -> None:
        """``conferenceDataVersion=1`` or the block is ignored, as is the same ``requestId`` again."""
        if visit.query.get("conferenceDataVersion") != "1" or "conferenceData" not in sent:
            return
        data = sent["conferenceData"]
        if data is None:
            body = {k: v for k, v in event.body.items() if k not in ("conferenceData", "hangoutLink")}
            event.meet_at = 0.0
            self.world.change_event(event, body, "conference removed", by="API")
            return
        request = data.get("createRequest")
        present = event.body.get("conferenceData", {})
        if not request or request["requestId"] == present.get("createRequest", {}).get("requestId"):
            return
        event.meet_at = self.world.now().timestamp() + self.world.behaviour.meet_seconds
        event.body["conferenceData"] = {"createRequest": request | {"status": {"statusCode": "pending"}}}

    def _check_conference(self, visit: Visit, sent: Json, present: Json) -> None:
        """What is wrong with the wish is said before anything is written."""
        data = sent.get("conferenceData")
        if visit.query.get("conferenceDataVersion") != "1" or data is None:
            return
        request = data.get("createRequest") if isinstance(data, dict) else None
        if not isinstance(request, dict):
            if (
                not isinstance(data, dict)
                or not present
                or data.get("conferenceId") != present.get("conferenceId")
            ):
                # addOn is not for ordinary clients: https://github.com/openclaw/gogcli/issues/590
                raise invalid("Invalid conference data.")
            return
        kind = (request.get("conferenceSolutionKey") or {}).get("type", "hangoutsMeet")
        if not request.get("requestId") or kind != "hangoutsMeet":
            raise invalid("Invalid conference type value.")

    def _invite(self, visit: Visit, event: Event, what: str) -> None:
        """Writes down the mails that Google would send to the guests."""
        wish = visit.query.get("sendUpdates", "all" if visit.flag("sendNotifications") else "none")
        guests = [one["email"] for one in event.body.get("attendees", ()) if not one.get("self")]
        if wish != "none" and guests:
            self.world.invitations.append({"event": event.id, "what": what, "to": guests, "wish": wish})

    # -- channels -------------------------------------------------------------------------------------------

    def watch_events(self, visit: Visit) -> Response:
        entry, body = self._readable(visit), visit.body()
        number, address = str(body.get("id") or ""), str(body.get("address") or "")
        if not re.fullmatch(r"[A-Za-z0-9\-_+/=]{1,64}", number):
            raise refusal(400, "channelIdInvalid", "Invalid channel id.", domain="push")
        if body.get("type") != "web_hook":
            raise refusal(400, "channelTypeInvalid", "Unknown channel type.", domain="push")
        if any(channel.id == number for channel in self.world.channels):
            raise refusal(400, "channelIdNotUnique", f"Channel id {number} not unique")
        parts = urlsplit(address)
        at_home = parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1")
        if parts.scheme != "https" and not at_home:
            # A product on this machine has no certificate; for all others the rule is Google's.
            raise refusal(400, "push.webhookUrlNotHttps", f"WebHook callback must be HTTPS: {address}")
        expires = self._channel_end(body)
        resource = base64.urlsafe_b64encode(secrets.token_bytes(20)).decode().rstrip("=")
        known_ones = [one for one in self.world.channels if one.calendar_id == entry.calendar_id]
        same = [one.resource_id for one in known_ones if one.user_id == visit.user.id]
        channel = Channel(
            number,
            same[0] if same else resource,
            entry.calendar_id,
            visit.user.id,
            address,
            str(body.get("token") or ""),
            expires,
        )
        self.world.open_channel(channel)
        answer = {
            "kind": "api#channel",
            "id": number,
            "resourceId": channel.resource_id,
            "resourceUri": self.world.resource_uri(entry.calendar_id),
            "expiration": str(int(expires * 1000)),
        }
        return json_answer(200, answer | ({"token": channel.token} if channel.token else {}))

    def _channel_end(self, body: Json) -> float:
        """The wished end, shortened to what this Google grants."""
        now = self.world.now().timestamp()
        longest = now + self.world.behaviour.channel_seconds
        try:
            wished = int(body["expiration"]) / 1000 if body.get("expiration") else longest
            if body.get("params"):
                wished = now + int(body["params"].get("ttl", self.world.behaviour.channel_seconds))
        except (TypeError, ValueError, AttributeError, OverflowError):
            raise invalid("Invalid value for: expiration") from None
        if wished <= now:
            raise invalid("Invalid value for: expiration")
        return min(wished, longest)

    def stop_channel(self, visit: Visit) -> Response:
        body = visit.body()
        for channel in self.world.live_channels():
            if (channel.id, channel.resource_id) == (body.get("id"), body.get("resourceId")):
                channel.stopped = True
                self.world.on_change()
                return Response(204)
        raise refusal(404, "notFound", f"Channel '{body.get('id')}' not found for project 'sandbox'")

    # -- finding and paging ---------------------------------------------------------------------------------

    def _listed(self, visit: Visit) -> Entry:
        entry = self.world.entry(visit.user, visit.calendar)
        if entry is None:
            raise known("not_found")
        return entry

    def _readable(self, visit: Visit) -> Entry:
        entry = self._listed(visit)
        trouble = self.world.calendars[entry.calendar_id].trouble
        if trouble:
            raise known("not_found" if trouble == "notFound" else "server_error")
        owned = {"calendar.events.owned", "calendar.events.owned.readonly"}
        if visit.scopes & READ_EVENTS <= owned and entry.role != "owner":
            raise known("insufficient_scopes")
        return entry

    def _writable(self, visit: Visit) -> Entry:
        entry = self._listed(visit)
        if visit.scopes & WRITE_EVENTS <= {"calendar.events.owned"} and entry.role != "owner":
            raise known("insufficient_scopes")
        if entry.role not in WRITERS:
            raise refusal(
                403,
                "requiredAccessLevel",
                "You need to have writer access to this calendar.",
                domain="calendar",
            )
        return entry

    def _event(self, entry: Entry, visit: Visit) -> Event:
        try:
            return self.world.find_event(entry.calendar_id, visit.event)
        except LookupError:
            raise known("not_found") from None

    def _writable_event(self, visit: Visit) -> tuple[Entry, Event]:
        entry = self._writable(visit)
        event = self._event(entry, visit)
        expected = visit.request.headers.get("if-match", "*")
        if expected not in ("*", event.etag):
            raise known("precondition")
        return entry, event

    def _page(self, visit: Visit, found: Sequence[Any], usual: int, most: int) -> tuple[Sequence[Any], Json]:
        query, behaviour = visit.query, self.world.behaviour
        wished = query.get("maxResults", str(usual))
        if not re.fullmatch(r"0*[1-9][0-9]{0,8}", wished):
            raise invalid("Invalid value for: maxResults")
        size = min(int(wished), most, behaviour.largest_page)
        offset = 0
        if "pageToken" in query:
            place = _opened(query["pageToken"])
            if place is None or place.get("for") != visit.request.path:
                raise invalid("Invalid page token value.")
            offset = int(place["offset"])
        elif behaviour.empty_pages and found:
            return [], {"nextPageToken": _sealed({"for": visit.request.path, "offset": 0})}
        following = offset + size
        if following >= len(found):
            return found[offset:], {}
        return found[offset:following], {
            "nextPageToken": _sealed({"for": visit.request.path, "offset": following})
        }

    def _sync_token(self, what: str) -> str:
        now = self.world.now().timestamp()
        return _sealed(
            {"of": what, "version": self.world.version, "at": now, "generation": self.world.sync_generation}
        )

    def _since(self, token: str | None, what: str) -> int | None:
        """The version up to which the caller knows everything; 410 when the token is dead."""
        if token is None:
            return None
        place = _opened(token)
        if place is None or place.get("of") != what:
            raise invalid("Invalid sync token value.", locationType="parameter", location="syncToken")
        age = self.world.now().timestamp() - place["at"]
        if place["generation"] != self.world.sync_generation or age > self.world.behaviour.sync_token_seconds:
            raise known("full_sync")
        return int(place["version"])


def _unknown(reason: str) -> Json:
    return {
        "errors": [
            {"domain": "calendar" if reason == "tooManyCalendarsRequested" else "global", "reason": reason}
        ],
        "busy": [],
    }


def _takes_time(event: Event, calendar_id: str) -> bool:
    """Whether free/busy counts it. That a declined invitation is free is a guess."""
    body = event.body
    if event.cancelled or body.get("transparency") == "transparent":
        return False
    if body["eventType"] in ("workingLocation", "birthday"):
        return False
    own = [one for one in body.get("attendees", ()) if one.get("self") or one.get("email") == calendar_id]
    return not any(one.get("responseStatus") == "declined" for one in own)


def _moment(text: object, name: str) -> datetime:
    """An instant with its offset, as RFC 3339 wants it."""
    if not text:
        raise refusal(400, "required", f"Missing {name} parameter.")
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        raise refusal(400, "badRequest", "Bad Request") from None
    if moment.tzinfo is None or "T" not in str(text) or not _is_sane(moment):
        raise refusal(400, "badRequest", "Bad Request")
    return moment


def _is_sane(moment: date) -> bool:
    """Whether other zones have a name for it as well."""
    return 1 < moment.year < 9999


def _zone(name: object, where: str) -> ZoneInfo:
    if not isinstance(name, str) or name not in ZONES:
        raise invalid(f"Invalid value for: {where}")
    return ZoneInfo(name)


def _wire_time(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).isoformat(timespec="seconds").replace("+00:00", "Z")


def _instant_or_date(time: Json, zone: ZoneInfo) -> object:
    if time.get("date"):
        return time["date"]
    moment = datetime.fromisoformat(time["dateTime"])
    own = ZoneInfo(time["timeZone"]) if time.get("timeZone") else zone
    return (moment if moment.tzinfo else moment.replace(tzinfo=own)).astimezone(UTC)


def _checked_times(body: Json, zone: str) -> Json:
    found: Json = {}
    for name in ("start", "end"):
        time = body.get(name)
        if not isinstance(time, dict) or not (time.get("date") or time.get("dateTime")):
            raise refusal(400, "required", f"Missing {name} time.")
        found[name] = _checked_time(time, name)
    start, end = found["start"], found["end"]
    if ("date" in start) != ("date" in end):
        raise invalid("Start and end times must either both be date or both be dateTime.")
    if _instant_or_date(start, ZoneInfo(zone)) > _instant_or_date(end, ZoneInfo(zone)):  # type: ignore[operator]
        raise refusal(400, "timeRangeEmpty", "The specified time range is empty.", domain="calendar")
    if "date" in start and start["date"] == end["date"]:
        raise refusal(400, "timeRangeEmpty", "The specified time range is empty.", domain="calendar")
    return found


def _checked_time(time: Json, name: str) -> Json:
    if time.get("date") and time.get("dateTime"):
        raise invalid(f"Invalid {name} time.")
    zone = time.get("timeZone")
    if zone is not None and (not isinstance(zone, str) or zone not in ZONES):
        raise invalid(f"Invalid time zone definition for {name} time.")
    try:
        if time.get("date"):
            day = date.fromisoformat(time["date"])
            if not _is_sane(day):
                raise invalid(f"Invalid {name} time.")
            return {"date": day.isoformat()}
        moment = datetime.fromisoformat(time["dateTime"])
    except (TypeError, ValueError):
        raise invalid(f"Invalid {name} time.") from None
    if not _is_sane(moment):
        raise invalid(f"Invalid {name} time.")
    if moment.tzinfo is None and zone is None:
        raise refusal(400, "required", f"Missing time zone definition for {name} time.")
    return {"dateTime": time["dateTime"]} | ({"timeZone": zone} if zone else {})


def _checked_attendees(attendees: object, calendar_id: str) -> list[Json]:
    if not isinstance(attendees, list):
        raise invalid("Invalid value for: attendees")
    found = []
    for one in attendees:
        if not isinstance(one, dict) or not re.fullmatch(r"[^@\s]+@[^@\s]+", str(one.get("email"))):
            raise invalid("Invalid attendee email.")
        if one.get("responseStatus", "needsAction") not in ANSWERS:
            raise invalid("Invalid value for: responseStatus")
        itself = {"self": True} if one["email"] == calendar_id else {}
        found.append({"responseStatus": "needsAction"} | one | itself)
    return found


def _check_reminders(reminders: Json) -> None:
    overrides = reminders.get("overrides", [])
    if not isinstance(overrides, list):
        raise invalid("Invalid value for: reminders")
    if reminders.get("useDefault") and overrides:
        raise refusal(
            400,
            "cannotUseDefaultRemindersAndSpecifyOverride",
            "Cannot specify both default reminders and overrides at the same time.",
            domain="calendar",
        )
    if len(overrides) > 5 or not all(_is_reminder(one) for one in overrides):
        raise invalid("Invalid value for: reminders")


def _is_reminder(one: object) -> bool:
    if not isinstance(one, dict) or one.get("method") not in ("email", "popup"):
        return False
    minutes = one.get("minutes")
    return isinstance(minutes, int) and 0 <= minutes <= 40_320


def _merged(stored: Json, change: Json) -> Json:
    """Google's patch: objects merge, lists are replaced, null removes."""
    result = dict(stored)
    for name, value in change.items():
        if value is None:
            result.pop(name, None)
        elif isinstance(value, dict) and isinstance(result.get(name), dict):
            result[name] = _merged(result[name], value)
        else:
            result[name] = value
    return result


def _sealed(place: Json) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


def _opened(token: str) -> Json | None:
    try:
        place = json.loads(base64.urlsafe_b64decode(token.encode()))
    except ValueError:
        return None
    return place if isinstance(place, dict) else None


def _operation(
    method: str, path: str, answer: Callable[[RestApi, Visit], Response], scopes: frozenset[str]
) -> Operation:
    pattern = path.replace("{calendar}", "(?P<calendar>[^/]+)").replace("{event}", "(?P<event>[^/]+)")
    return Operation(method, re.compile(pattern), answer, scopes)


OPERATIONS = (
    _operation("GET", "users/me/calendarList", RestApi.list_calendars, READ_LIST),
    _operation(
        "GET", "users/me/calendarList/{calendar}", RestApi.read_calendar, READ_LIST | {"calendar.app.created"}
    ),
    _operation("POST", "freeBusy", RestApi.free_busy, READ_BUSY),
    _operation("GET", "calendars/{calendar}/events", RestApi.list_events, READ_EVENTS),
    _operation("POST", "calendars/{calendar}/events", RestApi.insert_event, WRITE_EVENTS),
    _operation("POST", "calendars/{calendar}/events/watch", RestApi.watch_events, READ_EVENTS),
    _operation("GET", "calendars/{calendar}/events/{event}", RestApi.read_event, READ_EVENTS),
    _operation("PATCH", "calendars/{calendar}/events/{event}", RestApi.patch_event, WRITE_EVENTS),
    _operation("PUT", "calendars/{calendar}/events/{event}", RestApi.update_event, WRITE_EVENTS),
    _operation("DELETE", "calendars/{calendar}/events/{event}", RestApi.delete_event, WRITE_EVENTS),
    _operation("POST", "channels/stop", RestApi.stop_channel, STOP_CHANNELS),
)


def check_by_hand(world: GoogleWorld, calendar_id: str, event: object) -> Json:
    """The content of an event that a person makes; ValueError with Google's words when it cannot be."""
    if not isinstance(event, dict):
        raise TypeError("event must be an object.")
    try:
        typed_event(event)
        content = {name: event[name] for name in (*WRITABLE, "id", "iCalUID", "organizer") if name in event}
        content |= _checked_times(event, world.calendar(calendar_id).timezone)
        if "attendees" in content:
            content["attendees"] = _checked_attendees(content["attendees"], calendar_id)
        for name, choices in CHOICES.items():
            if name in content and content[name] not in choices:
                raise invalid(f"Invalid value for: {name}")
    except ApiError as error:
        raise ValueError((error.answer.body or {})["error"]["message"]) from None
    return content
