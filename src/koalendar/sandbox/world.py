"""What the stand-in for Zoom knows: users, tokens, meetings, limits, and what was asked of it.

Every public method takes the world's lock; the state is plain enough to be written as JSON.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from koalendar.sandbox import faults
from koalendar.sandbox.base import Call, World
from koalendar.sandbox.wire import Json

SCOPES = (
    "user:read:user",
    "user:read:settings",
    "meeting:write:meeting",
    "meeting:read:meeting",
    "meeting:update:meeting",
    "meeting:delete:meeting",
    "meeting:read:list_meetings",
)
BASIC, LICENSED = 1, 2

CODE_LIFE = timedelta(minutes=5)  # https://developers.zoom.us/docs/integrations/oauth-error-messages/ (4733)
ACCESS_LIFE = timedelta(hours=1)
REFRESH_LIFE = timedelta(days=90)  # Zoom's token-lifecycle text in https://github.com/zoom/skills
MEETING_LIFE = timedelta(days=30)  # https://support.zoom.us/hc/en-us/articles/201362373
WRITES_PER_HOST_AND_DAY = 100  # https://developers.zoom.us/docs/api/rate-limits/
#: What a meeting.updated event names; it carries changed fields only.
TOLD_CHANGES = frozenset("topic type start_time duration timezone agenda join_url password".split())
# Calls per second and account by label, https://developers.zoom.us/docs/api/rate-limits/
CALLS_PER_SECOND = {BASIC: {"Light": 4, "Medium": 2}, LICENSED: {"Light": 30, "Medium": 20}}


@dataclass
class ZoomApp:
    """The one app registered in this Zoom, with its credentials and addresses."""

    client_id: str = "sandbox-zoom-client"
    client_secret: str = "sandbox-zoom-secret"  # noqa: S105 - known to everyone
    webhook_secret: str = "sandbox-zoom-webhook-secret"  # noqa: S105
    redirect_uris: tuple[str, ...] = ()
    product_url: str = "http://127.0.0.1:8000"
    webhook_url: str = ""
    published: bool = False
    api_url: str = ""
    #: Whether the admins of all Zoom accounts have switched Pre-Approve on for the app.
    pre_approved: bool = True

    def allows_redirect(self, uri: str) -> bool:
        """Exact matches only, as under Zoom's strict mode; any port of this machine counts as registered."""
        loopback = r"http://(localhost|127\.0\.0\.1)(:\d{1,5})?/integrations/zoom/callback"
        return uri in self.redirect_uris or re.fullmatch(loopback, uri) is not None

    @property
    def default_redirect(self) -> str:
        """Where "Add" in the marketplace sends a browser."""
        if self.redirect_uris:
            return self.redirect_uris[0]
        return f"{self.product_url.rstrip('/')}/integrations/zoom/callback"


@dataclass
class ZoomUser:
    """A person with a Zoom login. ``preferences`` hold when a request is silent, ``locked`` always win."""

    id: str
    email: str
    first_name: str
    last_name: str
    type: int = LICENSED
    timezone: str = "Europe/Paris"
    account_id: str = "sandboxAccountOne01"
    pmi: int = 0
    pmi_passcode: str = ""
    status: str = "active"
    preferences: Json = field(default_factory=dict)
    locked: Json = field(default_factory=dict)
    passcode_policy: Json = field(default_factory=dict)
    daily_writes: Json = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def plan(self) -> str:
        return "Licensed" if self.type == LICENSED else "Basic"


@dataclass
class AuthorizationCode:
    """A code on its way through the browser; times are seconds since 1970."""

    user_id: str
    scopes: tuple[str, ...]
    redirect_uri: str
    challenge: str
    challenge_method: str
    expires_at: float


@dataclass
class Token:
    """An access or refresh token that is accepted until ``expires_at`` (seconds since 1970)."""

    kind: str
    user_id: str
    scopes: tuple[str, ...]
    expires_at: float


@dataclass
class Meeting:
    """A meeting as Zoom stores it; ``body`` is what a GET answers."""

    id: int
    host_id: str
    body: Json
    deleted: bool = False
    hidden_until: float = 0.0
    history: list[Json] = field(default_factory=list)

    def remember(self, what: str, by: str, at: datetime, detail: str = "") -> None:
        self.history.append({"what": what, "by": by, "at": iso(at), "detail": detail})

    @property
    def start(self) -> datetime:
        return parse_instant(self.body["start_time"])

    @property
    def end(self) -> datetime:
        return self.start + timedelta(minutes=self.body["duration"])

    def expired(self, now: datetime) -> bool:
        return now > self.start + MEETING_LIFE


@dataclass
class Notification:
    """A webhook sent to the product, and what the product said (0: no answer).

    ``stamp`` is the time it was signed at, in seconds since 1970.
    """

    event: str
    url: str
    at: str
    body: str
    status: int = 0
    answer: str = ""
    stamp: int = 0


MOST_COPIES = 20
ID_FORMS = ("documented", "text", "number")


@dataclass
class Sending:
    """How notifications leave: what integrators have met, to be met again.

    ``copies``: each is sent so often. Deliveries are at least once, and the same event in two subscriptions
    arrives twice (https://developers.zoom.us/docs/api/webhooks).
    ``ids``: ``documented`` writes meeting ids as Zoom's schemas do, a number in created, updated, deleted
    and recovered; started and ended, which the sandbox does not send, have text. ``text`` and ``number``
    write one form always (`controllers.py` of https://github.com/indico/indico-plugins, vc_zoom, takes
    both).
    ``held``: nothing leaves until it is false again, as with a delayed delivery; Zoom tries again for
    85 minutes. ``shuffled``: what was held leaves in any order.
    ``restamped``: whether what was held is signed anew when it leaves. Zoom says nothing of that.
    """

    copies: int = 1
    ids: str = "documented"
    held: bool = False
    shuffled: bool = False
    restamped: bool = True


class OAuthError(Exception):
    """A token request that Zoom refuses; ``preset`` is a key of ``faults.OAUTH_ERRORS``."""

    def __init__(self, preset: str) -> None:
        super().__init__(preset)
        self.preset = preset


def iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def from_to(old: str, new: str) -> str:
    """Two instants of Zoom's form, short: ``12-03 09:00 → 12-04 10:00 UTC``."""
    short_old, short_new = (text[5:16].replace("T", " ") for text in (old, new))
    return f"{short_old} → {short_new} UTC"


def parse_instant(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


class ZoomWorld(World):
    """Zoom's side of the world, shared by all threads of the server."""

    presets = faults.PRESETS
    any_api = faults.ANY_API

    def __init__(self, *, app: ZoomApp | None = None, now: Callable[[], datetime] | None = None) -> None:
        super().__init__(now)
        self.app = app or ZoomApp()
        self.announce: Callable[[str, Json], None] = lambda _event, _payload: None
        self.reset()

    # -- the whole state ------------------------------------------------------------------------------------

    def reset(self) -> None:
        """Back to two users, no tokens, no meetings, no faults."""
        with self.lock:
            self._forget()
            self.users: dict[str, ZoomUser] = {}
            self.codes: dict[str, AuthorizationCode] = {}
            self.tokens: dict[str, Token] = {}
            self.retired: dict[str, str] = {}
            self.installed: dict[str, tuple[str, ...]] = {}
            self.meetings: dict[int, Meeting] = {}
            self.notifications: deque[Notification] = deque(maxlen=200)
            self.per_second_limits = False
            self.sending = Sending()
            self.app.pre_approved = True
            self._recent: dict[tuple[str, str], deque[float]] = {}
            # Ada's own default is her personal room: a client that forgets `use_pmi: false` gets the same
            # room for all her meetings. Zoom: settings.use_pmi in https://developers.zoom.us/docs/api/meetings/
            self.add_user("ada@example.com", "Ada Lovelace", preferences={"use_pmi": True})
            self.add_user("ben@example.com", "Ben Okri", type=BASIC, account_id="sandboxAccountTwo02")
            self.on_change()

    def dump(self) -> Json:
        """The state as JSON, for the state file."""
        with self.lock:
            return {
                "clock_offset": self.clock_offset,
                "published": self.app.published,
                "pre_approved": self.app.pre_approved,
                "users": [asdict(user) for user in self.users.values()],
                "codes": {code: asdict(value) for code, value in self.codes.items()},
                "tokens": {token: asdict(value) for token, value in self.tokens.items()},
                "retired": self.retired,
                "installed": self.installed,
                "meetings": [asdict(meeting) for meeting in self.meetings.values()],
                "calls": [asdict(call) for call in self.calls],
                "notifications": [asdict(note) for note in self.notifications],
                "call_count": self._call_count,
            }

    def load(self, state: Mapping[str, Any]) -> None:
        """Take over a state written by ``dump``."""
        with self.lock:
            self.clock_offset = state["clock_offset"]
            self.app.published = state["published"]
            self.app.pre_approved = state.get("pre_approved", True)  # Files of earlier versions lack it.
            self.users = {item["id"]: ZoomUser(**item) for item in state["users"]}
            self.codes = {code: AuthorizationCode(**item) for code, item in state["codes"].items()}
            self.tokens = {token: Token(**item) for token, item in state["tokens"].items()}
            self.retired = dict(state["retired"])
            self.installed = {user: tuple(scopes) for user, scopes in state["installed"].items()}
            self.meetings = {item["id"]: Meeting(**item) for item in state["meetings"]}
            self.calls.extend(Call(**item) for item in state["calls"])
            self.notifications.extend(Notification(**item) for item in state["notifications"])
            self._call_count = state["call_count"]

    # -- users ----------------------------------------------------------------------------------------------

    def add_user(
        self,
        email: str,
        name: str = "",
        *,
        type: int = LICENSED,  # noqa: A002 - Zoom's own name of the field
        timezone: str = "Europe/Paris",
        account_id: str = "sandboxAccountOne01",
        preferences: Json | None = None,
        locked: Json | None = None,
        passcode_policy: Json | None = None,
    ) -> ZoomUser:
        """A new Zoom user; the id follows from the address, so it is the same after a reset."""
        digest = hashlib.sha256(email.lower().encode()).digest()
        first, _, last = (name or email.partition("@")[0]).partition(" ")
        user = ZoomUser(
            id=base64.urlsafe_b64encode(digest[:16]).decode().rstrip("="),
            email=email,
            first_name=first,
            last_name=last,
            type=type,
            timezone=timezone,
            account_id=account_id,
            pmi=5_000_000_000 + int.from_bytes(digest[16:20], "big") % 4_000_000_000,
            pmi_passcode=f"{int.from_bytes(digest[20:24], 'big') % 1_000_000:06d}",
            preferences=preferences or {},
            locked=locked or {},
            passcode_policy=passcode_policy or {},
        )
        with self.lock:
            self.users[user.id] = user
            self.on_change()
        return user

    def user(self, who: str) -> ZoomUser:
        """The user with this id or e-mail address; LookupError when there is none."""
        with self.lock:
            for user in self.users.values():
                if who in (user.id, user.email):
                    return user
        raise LookupError(f"There is no Zoom user {who!r}.")

    # -- consent and tokens ---------------------------------------------------------------------------------

    def issue_code(
        self,
        user: ZoomUser,
        scopes: Iterable[str],
        redirect_uri: str,
        challenge: str = "",
        challenge_method: str = "plain",
    ) -> str:
        """The user said yes: a code for one exchange within five minutes."""
        code = secrets.token_urlsafe(24)
        with self.lock:
            self.codes[code] = AuthorizationCode(
                user.id,
                tuple(scope for scope in SCOPES if scope in set(scopes)),
                redirect_uri,
                challenge,
                challenge_method,
                (self.now() + CODE_LIFE).timestamp(),
            )
            self.on_change()
        return code

    def exchange_code(self, code: str, redirect_uri: str, verifier: str) -> Json:
        """First tokens for a code. Older tokens of the same user die: the last authorisation wins.

        Source: code 4741 in https://developers.zoom.us/docs/integrations/oauth-error-messages/ and
        https://devforum.zoom.us/t/95429
        """
        with self.lock:
            stored = self.codes.pop(code, None)
            if stored is None:
                raise OAuthError("4734")
            self.on_change()
            if self.now().timestamp() > stored.expires_at:
                raise OAuthError("4733")
            if redirect_uri != stored.redirect_uri:
                raise OAuthError("4709")
            if not _verifier_fits(stored, verifier):
                raise OAuthError("4734")
            self._retire(stored.user_id, "superseded")
            self.installed[stored.user_id] = stored.scopes
            return self._issue_tokens(stored.user_id, stored.scopes)

    def refresh(self, token: str) -> Json:
        """A new pair for a refresh token, which is dead from then on.

        Zoom always returns a new refresh token; using an older one is "Invalid Token!":
        https://developers.zoom.us/docs/integrations/oauth/ and
        https://github.com/raycast/extensions/issues/10896
        """
        with self.lock:
            stored = self.tokens.get(token)
            if stored is None or stored.kind != "refresh" or self._is_over(stored):
                raise OAuthError("4741" if self.retired.get(token) == "superseded" else "refresh_token_dead")
            if stored.user_id not in self.users:
                raise OAuthError("4735")
            del self.tokens[token]
            self.retired[token] = "rotated"
            return self._issue_tokens(stored.user_id, stored.scopes)

    def _issue_tokens(self, user_id: str, scopes: tuple[str, ...]) -> Json:
        now = self.now()
        # Real tokens are several hundred characters long; a column for 255 would cut them.
        access, refresh = (secrets.token_urlsafe(390) for _ in range(2))
        self.tokens[access] = Token("access", user_id, scopes, (now + ACCESS_LIFE).timestamp())
        self.tokens[refresh] = Token("refresh", user_id, scopes, (now + REFRESH_LIFE).timestamp())
        self.on_change()
        return {
            "access_token": access,
            "token_type": "bearer",
            "refresh_token": refresh,
            "expires_in": int(ACCESS_LIFE.total_seconds()),
            "scope": " ".join(scopes),
            "api_url": self.app.api_url,
        }

    def _is_over(self, token: Token) -> bool:
        return self.now().timestamp() >= token.expires_at

    def access(self, token: str) -> Token | None:
        """The live access token, or None. A pair's access token outlives a refresh, as measured on Zoom."""
        with self.lock:
            stored = self.tokens.get(token)
            usable = stored is not None and stored.kind == "access" and not self._is_over(stored)
            return stored if usable else None

    def _retire(self, user_id: str, reason: str) -> None:
        for value in [value for value, token in self.tokens.items() if token.user_id == user_id]:
            del self.tokens[value]
            self.retired[value] = reason

    def expire_access(self, who: str) -> None:
        """The hour of the user's access tokens is over; the refresh token still works."""
        with self.lock:
            user = self.user(who)
            for token in self.tokens.values():
                if token.user_id == user.id and token.kind == "access":
                    token.expires_at = 0
            self.on_change()

    def revoke_user(self, who: str) -> None:
        """Zoom takes the tokens back without a word: 401/124 on calls, ``invalid_grant`` on refresh."""
        with self.lock:
            self._retire(self.user(who).id, "revoked")
            self.on_change()

    def uninstall(self, who: str) -> None:
        """The user removes the app: tokens die; a published app is told by ``app_deauthorized``.

        https://developers.zoom.us/docs/api/webhooks and https://devforum.zoom.us/t/18432
        """
        with self.lock:
            user = self.user(who)
            self._retire(user.id, "uninstalled")
            was_installed = self.installed.pop(user.id, None) is not None
            self.on_change()
        if was_installed and self.app.published:
            self.announce("app_deauthorized", self._deauthorization(user))

    def _deauthorization(self, user: ZoomUser) -> Json:
        return {
            "account_id": user.account_id,
            "user_id": user.id,
            "client_id": self.app.client_id,
            "deauthorization_time": iso(self.now()),
            "signature": secrets.token_hex(32),
        }

    def revoke(self, token: str) -> bool:
        """``POST /oauth/revoke``: kills both tokens and uninstalls the app (https://devforum.zoom.us/t/18432)."""
        with self.lock:
            stored = self.tokens.get(token)
        if stored is None:
            return False
        self.uninstall(stored.user_id)
        return True

    # -- meetings -------------------------------------------------------------------------------------------

    def new_meeting_id(self) -> int:
        """Eleven digits, above 2^31, never given twice. https://support.zoom.us/hc/en-us/articles/201362373"""
        with self.lock:
            while True:
                number = 80_000_000_000 + secrets.randbelow(19_999_999_999)
                if number not in self.meetings:
                    return number

    def find_meeting(self, number: int, user_id: str) -> Meeting | None:
        """The user's meeting, unless deleted or expired."""
        with self.lock:
            meeting = self.meetings.get(number)
            if meeting is None or meeting.host_id != user_id or meeting.deleted:
                return None
            return None if meeting.expired(self.now()) else meeting

    def present_meetings(self) -> list[Meeting]:
        with self.lock:
            return [
                meeting
                for meeting in self.meetings.values()
                if not meeting.deleted and not meeting.expired(self.now())
            ]

    def delete_meeting(self, number: int, *, by: str) -> None:
        """Takes the meeting away; LookupError when it is not there."""
        with self.lock:
            meeting = self.meetings.get(number)
            if meeting is None or meeting.deleted:
                raise LookupError(f"There is no meeting {number}.")
            meeting.deleted = True
            meeting.remember("deleted", by, self.now())
            self.on_change()
            self.tell_about(meeting, "meeting.deleted")

    def recover_meeting(self, number: int, *, by: str) -> None:
        """The host takes it out of the bin, where it stays for about a week, and its links work again.

        https://developers.zoom.us/docs/api/meetings/events/ (meeting.recovered)
        """
        with self.lock:
            meeting = self.meetings.get(number)
            if meeting is None or not meeting.deleted:
                raise LookupError(f"There is no deleted meeting {number}.")
            meeting.deleted = False
            meeting.remember("recovered", by, self.now())
            self.on_change()
            self.tell_about(meeting, "meeting.recovered")

    def move_meeting(self, number: int, start: datetime, *, by: str) -> None:
        """The host gives the meeting another start in Zoom; LookupError when it is not there."""
        if not 2000 <= start.year <= 2999:
            raise ValueError("The start must be between the years 2000 and 2999.")
        with self.lock:
            meeting = self.meetings.get(number)
            if meeting is None or meeting.deleted:
                raise LookupError(f"There is no meeting {number}.")
            old = {"start_time": meeting.body["start_time"]}
            meeting.body["start_time"] = iso(start)
            meeting.remember("moved", by, self.now(), from_to(old["start_time"], iso(start)))
            self.on_change()
            self.tell_about(meeting, "meeting.updated", old=old)

    def tell_about(self, meeting: Meeting, event: str, *, old: Json | None = None) -> None:
        """Sends a meeting event. Hosts on the Basic plan get no ``updated`` and no ``deleted``.

        "Prerequisites: a Pro or higher plan" in https://developers.zoom.us/docs/api/meetings/events/
        """
        host = self.users[meeting.host_id]
        is_for_all = event in ("meeting.created", "meeting.recovered")
        if host.id not in self.installed or not (is_for_all or host.type == LICENSED):
            return
        payload: Json = {"account_id": host.account_id, "operator": host.email, "operator_id": host.id}
        names = ("uuid", "id", "host_id", "topic", "type", "start_time", "duration", "timezone")
        thing = {name: meeting.body[name] for name in names}
        if event == "meeting.updated":
            told = [name for name in old or {} if name in TOLD_CHANGES and name in meeting.body]
            payload |= {
                "scope": "all",
                "time_stamp": int(self.now().timestamp() * 1000),
                "object": {"id": meeting.id} | {name: meeting.body[name] for name in told},
                "old_object": {"id": meeting.id} | {name: (old or {})[name] for name in told},
            }
        elif event == "meeting.created":
            more = ("join_url", "settings", "creation_source")
            payload |= {"operation": "all", "object": thing | {name: meeting.body[name] for name in more}}
        else:
            payload |= {"operation": "all", "object": thing}
        self.announce(event, payload)

    # -- limits ----------------------------------------------------------------------------------------------

    def spend_daily_write(self, user: ZoomUser) -> bool:
        """Counts one create or update of the host's hundred a day; False when they are spent.

        Starts anew at 00:00 UTC. Whether deletes count is disputed; here they do not
        (https://devforum.zoom.us/t/59670 shows them drawing from another budget).
        """
        today = self.now().astimezone(UTC).date().isoformat()
        with self.lock:
            used = user.daily_writes.get(today, 0)
            if used >= WRITES_PER_HOST_AND_DAY:
                return False
            user.daily_writes = {today: used + 1}
            return True

    def within_per_second_limit(self, user: ZoomUser, label: str) -> bool:
        """Whether the account may make one more call of this label within the running second."""
        if not self.per_second_limits:
            return True
        moment = self.now().timestamp()
        with self.lock:
            recent = self._recent.setdefault((user.account_id, label), deque())
            while recent and recent[0] <= moment - 1:
                recent.popleft()
            if len(recent) >= CALLS_PER_SECOND[user.type][label]:
                return False
            recent.append(moment)
            return True


def _verifier_fits(code: AuthorizationCode, verifier: str) -> bool:
    """PKCE, RFC 7636 section 4.6; a code without a challenge needs no verifier."""
    if not code.challenge:
        return True
    sent = verifier
    if code.challenge_method == "S256":
        digest = hashlib.sha256(verifier.encode()).digest()
        sent = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    return hmac.compare_digest(sent.encode(), code.challenge.encode())
