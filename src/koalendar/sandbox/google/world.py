"""What the stand-in for Google knows: users, grants, tokens, calendars, events, channels.

Every public method takes the world's lock; the state is plain enough to be written as JSON.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from koalendar.sandbox.base import Call, World
from koalendar.sandbox.google import faults
from koalendar.sandbox.wire import Json

CODE_LIFE = timedelta(minutes=10)
ACCESS_LIFE = timedelta(hours=1)
#: Refresh tokens: https://developers.google.com/identity/protocols/oauth2 ("Refresh token expiration").
IDLE_LIFE = timedelta(days=183)
TESTING_LIFE = timedelta(days=7)
LIVE_REFRESH_TOKENS = 100
SIGN_IN_SCOPES = ("openid", "email", "profile")
#: How Google writes the sign-in scopes in its answers.
ANSWERED_SCOPES = {
    "email": "https://www.googleapis.com/auth/userinfo.email",
    "profile": "https://www.googleapis.com/auth/userinfo.profile",
}
ROLES = ("freeBusyReader", "reader", "writerWithoutPrivateAccess", "writer", "owner")
WRITERS = ROLES[2:]
EVENT_TYPES = ("default", "outOfOffice", "focusTime", "workingLocation", "birthday", "fromGmail")
FREE_BUSY_ERRORS = ("notFound", "internalError")
HOLIDAYS = "en.french#holiday@group.v.calendar.google.com"
TEAM = "c_sandboxteam0000000000000001@group.calendar.google.com"
FAMILY = "c_sandboxfamily00000000000001@group.calendar.google.com"


@dataclass
class GoogleApp:
    """The one OAuth client, of one Google Cloud project."""

    client_id: str = "sandbox-google-client"
    client_secret: str = "sandbox-google-secret"  # noqa: S105 - known to everyone
    redirect_uris: tuple[str, ...] = ()
    #: Publishing status Testing: what is granted dies seven days after the consent.
    testing: bool = False


@dataclass
class Behaviour:
    """How this Google behaves, where Google is free to choose.

    ``meet``: what becomes of a conference that is asked for: ``success``, ``failure``, or ``pending`` for
    good. ``meet_seconds``: how long it takes. ``restores_deleted``: whether a deleted event can be written
    again; reports differ. ``largest_page``: lists never show more at once. ``empty_pages``: each list begins
    with an empty page. ``calls_per_minute``: limit for each user (0: none). ``channel_seconds``: the longest
    life of a channel. ``sync_token_seconds``: how long a sync token is good for. ``loses_notifications``:
    channels keep silent, as they may.
    """

    meet: str = "success"
    meet_seconds: float = 0.0
    restores_deleted: bool = True
    largest_page: int = 2500
    empty_pages: bool = False
    calls_per_minute: int = 0
    channel_seconds: int = 604_800
    sync_token_seconds: int = 28 * 86_400
    loses_notifications: bool = False


@dataclass
class GoogleUser:
    """A person with a Google account; ``id`` is the ``sub`` of ID tokens."""

    id: str
    email: str
    name: str
    timezone: str = "Europe/Paris"


@dataclass
class GoogleCalendar:
    """A calendar. ``trouble`` is the reason that free/busy gives for not telling (empty: it tells)."""

    id: str
    summary: str
    timezone: str
    trouble: str = ""


@dataclass
class Entry:
    """A calendar on one user's list."""

    calendar_id: str
    role: str
    color: str
    version: int
    primary: bool = False
    hidden: bool = False
    deleted: bool = False
    name: str = ""


@dataclass
class Event:
    """An event as stored: ``body`` as in answers, but times in UTC; ``version`` becomes the ETag."""

    id: str
    calendar_id: str
    body: Json
    number: int
    version: int
    updated: str
    history: list[Json] = field(default_factory=list)
    #: When a conference that was asked for is settled, in seconds since 1970 (0: nothing is open).
    meet_at: float = 0.0

    @property
    def cancelled(self) -> bool:
        return bool(self.body["status"] == "cancelled")

    @property
    def etag(self) -> str:
        return f'"{self.version:016d}"'

    def span(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """Start and end as instants; all-day events begin and end at midnight of the calendar's zone."""
        return instant_of(self.body["start"], zone), instant_of(self.body["end"], zone)


@dataclass
class Grant:
    """What a user has allowed, and when (seconds since 1970)."""

    scopes: tuple[str, ...]
    at: float


@dataclass
class Code:
    """A code on its way through the browser."""

    user_id: str
    scopes: tuple[str, ...]
    redirect_uri: str
    challenge: str
    challenge_method: str
    refreshable: bool
    expires_at: float


@dataclass
class Token:
    """An access or refresh token; times are seconds since 1970."""

    kind: str
    user_id: str
    scopes: tuple[str, ...]
    expires_at: float
    #: A refresh token of a project in Testing ends here, whatever is used (0: never).
    ends_at: float = 0.0


@dataclass
class Channel:
    """Where changes of one calendar are told."""

    id: str
    resource_id: str
    calendar_id: str
    user_id: str
    address: str
    token: str
    expires_at: float
    messages: int = 0
    stopped: bool = False


@dataclass
class Push:
    """A notification of a channel, and what the product said (0: no answer)."""

    channel: str
    state: str
    number: int
    url: str
    at: str
    headers: dict[str, str]
    status: int = 0
    answer: str = ""
    body: str = ""


class OAuthError(Exception):
    """A token request that Google refuses; ``preset`` is a key of ``faults.OAUTH_ERRORS``."""

    def __init__(self, preset: str) -> None:
        super().__init__(preset)
        self.preset = preset


def zulu(moment: datetime) -> str:
    """An instant as Google writes it: UTC, milliseconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def instant_of(time: Mapping[str, str], zone: ZoneInfo) -> datetime:
    if "dateTime" in time:
        return datetime.fromisoformat(time["dateTime"])
    day = date.fromisoformat(time["date"])
    return datetime(day.year, day.month, day.day, tzinfo=zone)


class GoogleWorld(World):
    """Google's side of the world, shared by all threads of the server."""

    presets = faults.PRESETS
    any_api = faults.ANY_API

    def __init__(self, *, app: GoogleApp | None = None, now: Callable[[], datetime] | None = None) -> None:
        super().__init__(now)
        self.app = app or GoogleApp()
        self.push: Callable[[Push], None] = lambda _push: None
        self.url = ""
        self.reset()

    # -- the whole state ------------------------------------------------------------------------------------

    def reset(self) -> None:
        """Back to two users with their calendars, no tokens, no events but holidays."""
        with self.lock:
            self._forget()
            self.behaviour = Behaviour()
            self.app.testing = False
            self.version = 0
            self.sync_generation = 0
            self.users: dict[str, GoogleUser] = {}
            self.calendars: dict[str, GoogleCalendar] = {}
            self.lists: dict[str, dict[str, Entry]] = {}
            self.events: dict[str, dict[str, Event]] = {}
            self.grants: dict[str, Grant] = {}
            self.codes: dict[str, Code] = {}
            self.tokens: dict[str, Token] = {}
            self.channels: list[Channel] = []
            self.pushes: deque[Push] = deque(maxlen=500)
            #: Mails that Google would have sent to guests.
            self.invitations: deque[Json] = deque(maxlen=500)
            self._recent: dict[str, deque[float]] = {}
            self._seed()
            self.on_change()

    def _seed(self) -> None:
        self.calendars[HOLIDAYS] = GoogleCalendar(HOLIDAYS, "Holidays in France", "Europe/Paris")
        self.calendars[TEAM] = GoogleCalendar(TEAM, "Team", "Europe/Paris")
        self.calendars[FAMILY] = GoogleCalendar(FAMILY, "Family", "Europe/Paris")
        self.events |= {HOLIDAYS: {}, TEAM: {}, FAMILY: {}}
        ada = self.add_user("ada@example.com", "Ada Lovelace")
        ben = self.add_user("ben@example.com", "Ben Okri", timezone="America/New_York")
        self.share(TEAM, ada.email, "writer", color="7")
        self.share(FAMILY, ada.email, "reader", color="2")
        self.share(ben.email, ada.email, "freeBusyReader", color="9")
        self.share(HOLIDAYS, ada.email, "reader", color="8")
        self.share(TEAM, ben.email, "owner", color="7")
        year = self.now().year
        for day, name in (("01-01", "New Year's Day"), ("05-01", "Labour Day"), ("12-25", "Christmas Day")):
            for one in (year, year + 1):
                start = date.fromisoformat(f"{one}-{day}")
                self.put_event(
                    HOLIDAYS,
                    {
                        "summary": name,
                        "start": {"date": start.isoformat()},
                        "end": {"date": (start + timedelta(days=1)).isoformat()},
                        "transparency": "transparent",
                        "visibility": "public",
                    },
                    by="Google",
                )

    def dump(self) -> Json:
        """The state as JSON, for the state file."""
        with self.lock:
            return {
                "clock_offset": self.clock_offset,
                "testing": self.app.testing,
                "behaviour": asdict(self.behaviour),
                "version": self.version,
                "sync_generation": self.sync_generation,
                "users": [asdict(user) for user in self.users.values()],
                "calendars": [asdict(calendar) for calendar in self.calendars.values()],
                "lists": {
                    user: [asdict(entry) for entry in entries.values()]
                    for user, entries in self.lists.items()
                },
                "events": [asdict(event) for events in self.events.values() for event in events.values()],
                "grants": {user: asdict(grant) for user, grant in self.grants.items()},
                "codes": {code: asdict(value) for code, value in self.codes.items()},
                "tokens": {token: asdict(value) for token, value in self.tokens.items()},
                "channels": [asdict(channel) for channel in self.channels],
                "pushes": [asdict(push) for push in self.pushes],
                "invitations": list(self.invitations),
                "calls": [asdict(call) for call in self.calls],
                "call_count": self._call_count,
            }

    def load(self, state: Mapping[str, Any]) -> None:
        """Take over a state written by ``dump``."""
        with self.lock:
            self.clock_offset = state["clock_offset"]
            self.app.testing = state["testing"]
            self.behaviour = Behaviour(**state["behaviour"])
            self.version, self.sync_generation = state["version"], state["sync_generation"]
            self.users = {item["id"]: GoogleUser(**item) for item in state["users"]}
            self.calendars = {item["id"]: GoogleCalendar(**item) for item in state["calendars"]}
            self.lists = {
                user: {item["calendar_id"]: Entry(**item) for item in entries}
                for user, entries in state["lists"].items()
            }
            self.events = {calendar: {} for calendar in self.calendars}
            for item in state["events"]:
                self.events[item["calendar_id"]][item["id"]] = Event(**item)
            self.grants = {user: Grant(**_tupled(item)) for user, item in state["grants"].items()}
            self.codes = {code: Code(**_tupled(item)) for code, item in state["codes"].items()}
            self.tokens = {token: Token(**_tupled(item)) for token, item in state["tokens"].items()}
            self.channels = [Channel(**item) for item in state["channels"]]
            self.pushes.extend(Push(**item) for item in state["pushes"])
            self.invitations.extend(state["invitations"])
            self.calls.extend(Call(**item) for item in state["calls"])
            self._call_count = state["call_count"]

    # -- users and calendars --------------------------------------------------------------------------------

    def add_user(self, email: str, name: str = "", *, timezone: str = "Europe/Paris") -> GoogleUser:
        """A new account with its primary calendar; the id follows from the address."""
        number = int.from_bytes(hashlib.sha256(email.lower().encode()).digest()[:8], "big")
        user = GoogleUser(
            f"1{number % 10**20:020d}", email, name or email.partition("@")[0].title(), timezone
        )
        with self.lock:
            self.users[user.id] = user
            self.calendars[email] = GoogleCalendar(email, email, timezone)
            self.events.setdefault(email, {})
            self.lists[user.id] = {email: Entry(email, "owner", "14", self.next_version(), primary=True)}
            self.on_change()
        return user

    def user(self, who: str) -> GoogleUser:
        """The user with this id or e-mail address; LookupError when there is none."""
        with self.lock:
            for user in self.users.values():
                if who in (user.id, user.email):
                    return user
        raise LookupError(f"There is no Google user {who!r}.")

    def add_calendar(self, who: str, summary: str, *, timezone: str = "", role: str = "owner") -> Entry:
        """A new calendar on the user's list."""
        user = self.user(who)
        digest = hashlib.sha256(f"{user.id} {summary}".encode()).hexdigest()[:24]
        number = f"c_{digest}@group.calendar.google.com"
        with self.lock:
            self.calendars[number] = GoogleCalendar(number, summary, timezone or user.timezone)
            self.events.setdefault(number, {})
            return self.share(number, who, role)

    def share(self, calendar_id: str, who: str, role: str, *, color: str = "17") -> Entry:
        """Puts the calendar on the user's list, or changes the role; an empty role takes it off."""
        if role and role not in ROLES:
            raise ValueError(f"A role is one of {', '.join(ROLES)}.")
        with self.lock:
            calendar, entries = self.calendar(calendar_id), self.lists[self.user(who).id]
            entry = entries.get(calendar.id) or Entry(calendar.id, role, color, 0)
            entry.role, entry.deleted = role or entry.role, not role
            entry.version = self.next_version()
            entries[calendar.id] = entry
            self.on_change()
        return entry

    def calendar(self, calendar_id: str) -> GoogleCalendar:
        with self.lock:
            if calendar_id not in self.calendars:
                raise LookupError(f"There is no calendar {calendar_id!r}.")
            return self.calendars[calendar_id]

    def set_trouble(self, calendar_id: str, reason: str) -> None:
        """From now on free/busy answers this reason for the calendar; an empty one ends it."""
        if reason and reason not in FREE_BUSY_ERRORS:
            raise ValueError(f"A reason is one of {', '.join(FREE_BUSY_ERRORS)}, or empty.")
        self.calendar(calendar_id).trouble = reason
        self.on_change()

    def entry(self, user: GoogleUser, calendar_id: str) -> Entry | None:
        """The user's entry for this calendar; ``primary`` names the main one."""
        wanted = user.email if calendar_id == "primary" else calendar_id
        entry = self.lists[user.id].get(wanted)
        return None if entry is None or entry.deleted else entry

    def next_version(self) -> int:
        with self.lock:
            self.version += 1
            return self.version

    # -- events ---------------------------------------------------------------------------------------------

    def put_event(self, calendar_id: str, content: Json, *, by: str) -> Event:
        """Stores a new event; ``content`` is checked already. Times are kept in UTC."""
        with self.lock:
            now, number = self.now(), self.next_version()
            calendar = self.calendar(calendar_id)
            event_id = content.get("id") or _base32(secrets.token_bytes(16))
            person = {"email": calendar_id, "self": True}
            body: Json = {
                "status": "confirmed",
                "created": zulu(now),
                "creator": person,
                "organizer": person
                | ({} if "@group." not in calendar_id else {"displayName": calendar.summary}),
                "iCalUID": f"{event_id}@google.com",
                "sequence": 0,
                "reminders": {"useDefault": True},
                "eventType": "default",
            }
            body |= {name: value for name, value in content.items() if name != "id"}
            for end in ("start", "end"):
                body[end] = in_utc(body[end], calendar.timezone)
            event = Event(event_id, calendar_id, body, number, number, zulu(now))
            self.events[calendar_id][event_id] = event
            self._remember(event, "created", by, describe_span(event))
            self.tell(calendar_id)
            return event

    def change_event(self, event: Event, body: Json, what: str, *, by: str) -> None:
        """Gives the event another content: a new version, and a message to whoever watches."""
        with self.lock:
            calendar = self.calendar(event.calendar_id)
            before = describe_span(event)
            event.body = body
            for end in ("start", "end"):
                event.body[end] = in_utc(event.body[end], calendar.timezone)
            after = describe_span(event)
            event.version, event.updated = self.next_version(), zulu(self.now())
            detail = f"{before} → {after}" if before != after else ""
            self._remember(event, "moved" if detail and what == "changed" else what, by, detail)
            self.tell(event.calendar_id)

    def _remember(self, event: Event, what: str, by: str, detail: str) -> None:
        event.history.append({"what": what, "by": by, "at": zulu(self.now()), "detail": detail})
        self.on_change()

    def find_event(self, calendar_id: str, event_id: str) -> Event:
        """The event, deleted or not; LookupError when it never was."""
        with self.lock:
            self.settle_conferences(calendar_id)
            event = self.events.get(calendar_id, {}).get(event_id)
            if event is None:
                raise LookupError(f"There is no event {event_id!r} in {calendar_id!r}.")
            return event

    def delete_event(self, calendar_id: str, event_id: str, *, by: str) -> None:
        """The event stays, cancelled; LookupError when it is gone already."""
        with self.lock:
            event = self.find_event(calendar_id, event_id)
            if event.cancelled:
                raise LookupError(f"The event {event_id!r} is deleted already.")
            self.change_event(event, event.body | {"status": "cancelled"}, "deleted", by=by)

    def move_event(self, calendar_id: str, event_id: str, start: Json, end: Json, *, by: str) -> None:
        with self.lock:
            event = self.find_event(calendar_id, event_id)
            if event.cancelled:
                raise LookupError(f"The event {event_id!r} is deleted.")
            sequence = event.body["sequence"] + 1
            body = event.body | {"start": start, "end": end, "sequence": sequence}
            self.change_event(event, body, "changed", by=by)

    def settle_conferences(self, calendar_id: str) -> None:
        """A conference that was asked for comes into being, which changes the event once more."""
        with self.lock:
            now = self.now().timestamp()
            for event in self.events.get(calendar_id, {}).values():
                due = 0 < event.meet_at <= now and not event.cancelled
                if due and self.behaviour.meet != "pending":
                    event.meet_at = 0.0
                    self._settle(event)

    def _settle(self, event: Event) -> None:
        body: Json = json.loads(json.dumps(event.body))
        request = body["conferenceData"]["createRequest"]
        request["status"] = {"statusCode": self.behaviour.meet}
        if self.behaviour.meet == "success":
            letters = hashlib.sha256(f"{event.id} {request['requestId']}".encode()).digest()
            code = "".join(chr(ord("a") + byte % 26) for byte in letters[:10])
            name = f"{code[:3]}-{code[3:7]}-{code[7:]}"
            body["hangoutLink"] = f"https://meet.google.com/{name}"
            body["conferenceData"] |= {
                "conferenceId": name,
                "conferenceSolution": {"key": {"type": "hangoutsMeet"}, "name": "Google Meet"},
                "entryPoints": [
                    {
                        "entryPointType": "video",
                        "uri": body["hangoutLink"],
                        "label": body["hangoutLink"].removeprefix("https://"),
                    }
                ],
            }
        self.change_event(event, body, f"conference: {self.behaviour.meet}", by="Google")

    # -- consent and tokens ---------------------------------------------------------------------------------

    def grant(self, user: GoogleUser, scopes: Iterable[str]) -> tuple[str, ...]:
        """The user allows these as well; all that is allowed now."""
        with self.lock:
            earlier = self.grants.get(user.id, Grant((), 0.0)).scopes
            together = tuple(dict.fromkeys((*earlier, *scopes)))
            self.grants[user.id] = Grant(together, self.now().timestamp())
            self.on_change()
            return together

    def issue_code(self, code: Code) -> str:
        text = f"4/0{secrets.token_urlsafe(48)}"
        with self.lock:
            self.codes[text] = code
            self.on_change()
        return text

    def issue_access(self, user_id: str, scopes: tuple[str, ...]) -> str:
        token = f"ya29.{secrets.token_urlsafe(160)}"
        with self.lock:
            expires = (self.now() + ACCESS_LIFE).timestamp()
            self.tokens[token] = Token("access", user_id, scopes, expires)
            self.on_change()
        return token

    def issue_refresh(self, user_id: str, scopes: tuple[str, ...]) -> str:
        """One more refresh token; beyond a hundred of an account, the oldest dies without a word."""
        token = f"1//0{secrets.token_urlsafe(70)}"
        with self.lock:
            now = self.now()
            ends = (now + TESTING_LIFE).timestamp() if self.app.testing else 0.0
            idle = (now + IDLE_LIFE).timestamp()
            self.tokens[token] = Token("refresh", user_id, scopes, idle, ends)
            own = [
                name for name, one in self.tokens.items() if one.user_id == user_id and one.kind == "refresh"
            ]
            for old in own[:-LIVE_REFRESH_TOKENS]:
                del self.tokens[old]
            self.on_change()
        return token

    def live_token(self, token: str, kind: str) -> Token | None:
        with self.lock:
            stored, now = self.tokens.get(token), self.now().timestamp()
            if stored is None or stored.kind != kind or now >= stored.expires_at:
                return None
            return None if stored.ends_at and now >= stored.ends_at else stored

    def use_refresh(self, stored: Token) -> None:
        """A refresh token that is used stays good for another half year."""
        stored.expires_at = (self.now() + IDLE_LIFE).timestamp()

    def expire_access(self, who: str) -> None:
        """The hour of all access tokens of this user is over."""
        with self.lock:
            user = self.user(who)
            for token in self.tokens.values():
                if token.user_id == user.id and token.kind == "access":
                    token.expires_at = 0.0
            self.on_change()

    def revoke_user(self, who: str) -> None:
        """The user takes the access back: grant and tokens are gone, and channels fall silent."""
        with self.lock:
            user = self.user(who)
            self.grants.pop(user.id, None)
            self.tokens = {name: token for name, token in self.tokens.items() if token.user_id != user.id}
            for channel in self.channels:
                channel.stopped = channel.stopped or channel.user_id == user.id
            self.on_change()

    # -- channels -------------------------------------------------------------------------------------------

    def open_channel(self, channel: Channel) -> None:
        with self.lock:
            self.channels.append(channel)
            self._push(channel, "sync")

    def live_channels(self, calendar_id: str = "") -> list[Channel]:
        now = self.now().timestamp()
        with self.lock:
            return [
                channel
                for channel in self.channels
                if not channel.stopped
                and channel.expires_at > now
                and calendar_id in ("", channel.calendar_id)
            ]

    def tell(self, calendar_id: str) -> None:
        """Something changed in the calendar: its channels say so, and not what."""
        if self.behaviour.loses_notifications:
            return
        for channel in self.live_channels(calendar_id):
            self._push(channel, "exists")

    def _push(self, channel: Channel, state: str) -> None:
        with self.lock:
            channel.messages += 1
            ends = datetime.fromtimestamp(channel.expires_at, UTC)
            headers = {
                "X-Goog-Channel-ID": channel.id,
                "X-Goog-Channel-Expiration": ends.strftime("%a, %d %b %Y %H:%M:%S GMT"),
                "X-Goog-Resource-ID": channel.resource_id,
                "X-Goog-Resource-URI": self.resource_uri(channel.calendar_id),
                "X-Goog-Resource-State": state,
                "X-Goog-Message-Number": str(channel.messages),
                "Content-Type": "application/json; utf-8",
            }
            if channel.token:
                headers["X-Goog-Channel-Token"] = channel.token
            now = zulu(self.now())
            push = Push(channel.id, state, channel.messages, channel.address, now, headers)
            self.pushes.append(push)
            self.on_change()
        self.push(push)

    def resource_uri(self, calendar_id: str) -> str:
        return f"{self.url}/google/calendar/v3/calendars/{calendar_id.replace('#', '%23')}/events?alt=json"

    # -- limits and sync ------------------------------------------------------------------------------------

    def within_limit(self, user: GoogleUser) -> bool:
        """Whether the user may make one more call within the running minute."""
        limit, moment = self.behaviour.calls_per_minute, self.now().timestamp()
        if not limit:
            return True
        with self.lock:
            recent = self._recent.setdefault(user.id, deque())
            while recent and recent[0] <= moment - 60:
                recent.popleft()
            if len(recent) >= limit:
                return False
            recent.append(moment)
            return True

    def expire_sync_tokens(self) -> None:
        """Every sync token given so far is dead: 410."""
        with self.lock:
            self.sync_generation += 1
            self.on_change()


def in_utc(time: Mapping[str, str], zone: str) -> Json:
    """A checked time of an event, its instant in UTC; the named zone stays."""
    if time.get("date"):
        return {"date": time["date"]}
    moment = datetime.fromisoformat(time["dateTime"])
    name = time.get("timeZone") or zone
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(name))
    return {"dateTime": moment.astimezone(UTC).isoformat(), "timeZone": name}


def describe_span(event: Event) -> str:
    """Short words for when the event is."""
    start, end = event.body["start"], event.body["end"]
    if "date" in start:
        return f"{start['date']} (all day)"
    return f"{start['dateTime'][5:16].replace('T', ' ')}–{end['dateTime'][11:16]} UTC"


def _base32(raw: bytes) -> str:
    """Lower-case base32hex, the alphabet of event ids."""
    return base64.b32hexencode(raw).decode().rstrip("=").lower()


def _tupled(item: Mapping[str, Any]) -> Json:
    return {**item, "scopes": tuple(item["scopes"])}
