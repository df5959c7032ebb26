"""What a provider is to the rest of the house: value types, interfaces, and the tree of what can go wrong.

Instants are aware UTC datetimes; durations are minutes; ids are opaque text, whatever the provider sends.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Protocol

# ── What can go wrong ──


class Reason(StrEnum):
    """Stable codes for everything a provider can do to us; they are stored, logged, and put into words."""

    # Passing trouble.
    UNREACHABLE = "unreachable"
    NO_ANSWER = "no_answer"
    SERVER_ERROR = "server_error"
    BAD_ANSWER = "bad_answer"
    RATE_LIMITED = "rate_limited"
    ACCOUNT_DAILY_LIMIT = "account_daily_limit"
    HOST_DAILY_LIMIT = "host_daily_limit"
    IN_PROGRESS = "in_progress"
    REFRESH_BUSY = "refresh_busy"
    USAGE_LIMIT = "usage_limit"
    CHANGED = "changed"
    # Refused, and asking again would not help.
    MISSING_SCOPE = "missing_scope"
    PLAN_LIMIT = "plan_limit"
    BAD_REQUEST = "bad_request"
    NOT_ALLOWED = "not_allowed"
    CANNOT_HOST = "cannot_host"
    FORBIDDEN = "forbidden"
    NOT_HOST = "not_host"
    ENDED = "ended"
    PERSONAL_ROOM = "personal_room"
    PAST_START = "past_start"
    CALENDAR_GONE = "calendar_gone"
    CALENDAR_CLOSED = "calendar_closed"
    CALENDAR_UNREADABLE = "calendar_unreadable"
    REFUSED = "refused"
    GONE = "gone"
    NO_CALENDAR = "no_calendar"
    # Refused while connecting.
    CODE_EXPIRED = "code_expired"
    CODE_INVALID = "code_invalid"
    # The authorisation is gone; the host must connect again.
    AUTHORIZATION_REFUSED = "authorization_refused"
    AUTHORIZATION_REPLACED = "authorization_replaced"
    SCOPES_CHANGED = "scopes_changed"
    USER_GONE = "user_gone"
    INVITATION_EXPIRED = "invitation_expired"
    ADMIN_DISABLED = "admin_disabled"
    ERASED = "erased"
    # Ended on purpose; nothing is broken.
    REMOVED_AT_PROVIDER = "removed_at_provider"
    OTHER_ACCOUNT = "other_account"
    # Only the operator can mend it.
    CLIENT_REFUSED = "client_refused"
    REDIRECT_MISMATCH = "redirect_mismatch"
    GRANT_UNSUPPORTED = "grant_unsupported"
    APP_DISABLED = "app_disabled"
    CLIENT_CHANGED = "client_changed"
    PROVIDER_OFF = "provider_off"
    ENCRYPTION_KEY = "encryption_key"


# What a host mends by choosing other calendars, without a new consent.
MENDED_BY_CHOICE = frozenset({Reason.CALENDAR_GONE, Reason.CALENDAR_CLOSED, Reason.CALENDAR_UNREADABLE})


class ProviderError(Exception):
    """What the outside did. It carries facts and codes; a page or a mail chooses the words.

    Its kinds are named for what happened, without the suffix: `except Gone` reads as it should.
    """

    def __init__(self, reason: Reason) -> None:
        super().__init__(str(reason))
        self.reason = reason


class Temporary(ProviderError):
    """Not done; the same call may work later.

    `retry_after` is seconds to wait at least; `held_until` is the instant before which no call can succeed.
    """

    def __init__(
        self, reason: Reason, *, retry_after: float | None = None, held_until: datetime | None = None
    ) -> None:
        super().__init__(reason)
        self.retry_after = retry_after
        self.held_until = held_until


class Uncertain(ProviderError):
    """A create was sent and its outcome is unknown: look for the marker before anything else."""


class Rejected(ProviderError):
    """Understood and refused; the same call will never work.

    `facts` are the provider's numbers and names (status, code, missing scopes), never its sentences.
    """

    def __init__(self, code: Reason, facts: Mapping[str, object] | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.facts: Mapping[str, object] = facts or {}

    @property
    def scopes(self) -> list[str]:
        """The rights that are missing, as far as the provider names them."""
        told = self.facts.get("scopes", ())
        return [str(scope) for scope in told] if isinstance(told, list | tuple) else []


class Gone(ProviderError):
    """The object is not there: deleted, expired, or never made."""

    def __init__(self) -> None:
        super().__init__(Reason.GONE)


class Changed(ProviderError):
    """Not done: somebody changed the object since we read it. Read it again, then decide again."""

    def __init__(self) -> None:
        super().__init__(Reason.CHANGED)


class Disconnected(ProviderError):
    """The authorisation has ended; no call can work before the host connects again."""


class Misconfigured(ProviderError):
    """The operator's app or settings are wrong; no host can mend it."""


# ── What is said ──


@dataclass(frozen=True, slots=True)
class Account:
    """Whose account it is. `plan` is a word of the provider's own; `zone` an IANA name or empty.

    `recording` is where meetings are recorded by themselves, by the account's own setting: "local", "cloud"
    or "none"; None where the provider has not told.
    """

    remote_user_id: str
    account_id: str
    name: str = field(repr=False)
    email: str = field(repr=False)
    plan: str
    zone: str
    recording: str | None = None


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a token endpoint grants. Never logged: the secrets stay out of `repr`.

    A provider that keeps the refresh token for life gives the same one again. `account` is whose tokens they
    are, where the answer itself says so; None where the API has to be asked.
    """

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_at: datetime
    scopes: frozenset[str]
    api_url: str
    account: Account | None = None


class Ability(StrEnum):
    """What we can do with calendars by a right of its own."""

    LIST_CALENDARS = "list_calendars"
    READ_BUSY = "read_busy"
    WRITE_EVENTS = "write_events"


@dataclass(frozen=True, slots=True)
class WantedScope:
    """A right we ask for, other names that grant the same, and what does not work without it.

    `disables` is an English message id; whoever shows it translates it. `gives` is what the right is for,
    where something here depends on that.
    """

    name: str
    also: tuple[str, ...]
    disables: str
    gives: Ability | None = None

    def is_in(self, granted: frozenset[str]) -> bool:
        return self.name in granted or not granted.isdisjoint(self.also)


@dataclass(frozen=True, slots=True)
class MeetingSpec:
    """The meeting as it should be.

    `marker` is opaque text without personal data by which the meeting is found again; `duration` is minutes;
    `zone` is the IANA zone in which the provider shows the time and moves nothing. `recording` is said when
    the meeting is made, as for `Account`; afterwards it is the host's to change there.
    """

    marker: str
    topic: str = field(repr=False)
    agenda: str = field(repr=False)
    start: datetime
    zone: str
    duration: int
    recording: str | None = None


@dataclass(frozen=True, slots=True)
class DialIn:
    """A telephone number for the meeting; `country` is the two-letter code the provider gives."""

    country: str
    number: str


@dataclass(frozen=True, slots=True)
class RemoteMeeting:
    """The meeting as the provider has it, which may differ from what was asked.

    `passcode` may be empty although there is one inside the link. Meetings from `find` may lack `passcode`
    and `dial_in`; `read` has them. `marker` is empty where the meeting carries none of ours.
    """

    remote_id: str
    join_url: str = field(repr=False)
    passcode: str = field(repr=False)
    dial_in: tuple[DialIn, ...]
    start: datetime | None
    duration: int
    zone: str
    topic: str = field(repr=False)
    marker: str
    created_at: datetime | None


@dataclass(frozen=True, slots=True)
class RemoteCalendar:
    """One calendar of an account's list. `color` is `#rrggbb` or empty; `zone` an IANA name or empty.

    `role` is what the account may do there, in the provider's word; `is_writable` whether we may write there
    with what we ask for.
    """

    remote_id: str
    name: str = field(repr=False)
    color: str
    role: str
    zone: str
    is_primary: bool
    is_writable: bool


Busy = tuple[tuple[datetime, datetime], ...] | Reason
"""When a calendar is busy, as [start, end) in rising order; or why that is unknown, which is not free."""


@dataclass(frozen=True, slots=True)
class EventSpec:
    """A calendar event as it should be. `description` is HTML whose values are escaped.

    `properties` are ours alone, without personal data; by them events are found and recognised. `invitees`
    are e-mail addresses that the provider itself invites; empty where our own mail does. `conference` is the
    id of a request for a meeting of the provider's own, one per meeting for ever; empty for none.
    """

    summary: str = field(repr=False)
    description: str = field(repr=False)
    location: str = field(repr=False)
    start: datetime
    end: datetime
    zone: str
    is_tentative: bool
    source_title: str
    source_url: str
    properties: Mapping[str, str]
    invitees: tuple[str, ...] = field(default=(), repr=False)
    conference: str = ""


class Conference(StrEnum):
    """How far a requested conference is."""

    NONE = "none"
    PENDING = "pending"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class RemoteEvent:
    """The event as the provider has it. An all-day event begins and ends at midnight of its calendar's zone.

    `etag` is the version, for changing this one and no other. `join_url` and `conference_id` are those of its
    conference; empty until that is ready.
    """

    remote_id: str
    etag: str
    start: datetime | None
    end: datetime | None
    properties: Mapping[str, str]
    web_url: str
    conference: Conference
    join_url: str = field(default="", repr=False)
    conference_id: str = ""
    dial_in: tuple[DialIn, ...] = ()
    passcode: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class RemoteChannel:
    """Where a provider tells us of changes until `expires_at`; `resource_id` is needed to stop it."""

    resource_id: str
    expires_at: datetime


class NoticeKind(StrEnum):
    """What a provider tells us by itself."""

    MEETING_MADE = "meeting_made"
    MEETING_CHANGED = "meeting_changed"  # Also deleted, or brought back.
    ACCESS_REMOVED = "access_removed"


@dataclass(frozen=True, slots=True)
class Notice:
    """A hint of the provider's: it may come late, twice and in any order, so what it says is asked for anew.

    `at` is when it happened, by the provider's clock. Texts are empty where nothing was said.
    """

    kind: NoticeKind
    at: datetime | None
    remote_id: str
    remote_user_id: str
    account_id: str
    client_id: str


# ── Who can do it ──


class TokenSource(Protocol):
    """Where a client takes its access token from. May raise Disconnected, Temporary or Misconfigured."""

    def current(self) -> str:
        """A token that is not about to expire; refreshes when needed."""

    def after_refusal(self, refused: str) -> str:
        """A token other than the one just refused; refreshes unless somebody else already did."""

    def ended(self, token: str, reason: Reason) -> ProviderError:
        """Note that the authorisation behind `token` is over, and say what to raise.

        Disconnected; or Temporary if the host has connected again while the call was under way.
        """


class OAuthProvider(Protocol):
    """The provider's side of connecting. A call takes the configured timeout at most, follows no redirect."""

    def authorize_url(self, *, redirect_uri: str, state: str, challenge: str) -> str:
        """Where to send the host's browser. `challenge` is the S256 code challenge of RFC 7636."""

    def exchange(self, *, code: str, redirect_uri: str, verifier: str, now: datetime) -> Tokens:
        """Turn the code of the callback into tokens.

        Raises Rejected(CODE_EXPIRED or CODE_INVALID), Misconfigured, Temporary.
        """

    def refresh(self, refresh_token: str, *, now: datetime) -> Tokens:
        """A new pair for the old refresh token, which is spent by it.

        Raises Disconnected when the token is dead, Misconfigured, or Temporary; Temporary(NO_ANSWER) may mean
        that the pair was made and lost.
        """

    def revoke(self, access_token: str) -> None:
        """End the authorisation at the provider. A token that is already dead counts as revoked."""


class AccountProvider(Protocol):
    """One account, through its tokens."""

    def me(self) -> Account | None:
        """Prove that the access works. Whose account it is, or None where only the tokens' answer tells.

        Raises Temporary, Rejected, Disconnected, Misconfigured.
        """


class MeetingProvider(AccountProvider, Protocol):
    """Meetings of one account. Each method may be repeated safely, except `create` after Uncertain.

    All may raise Temporary, Rejected, Disconnected and Misconfigured.
    """

    chooses_id: ClassVar[bool]
    """True if we name the meeting and a repeated create cannot make two; False if the provider names it."""

    def me(self) -> Account:
        """Whose account this is."""

    def find(self, marker: str) -> list[RemoteMeeting]:
        """All meetings that carry the marker, oldest first; returns only after seeing the whole list."""

    def create(self, spec: MeetingSpec) -> RemoteMeeting:
        """Make a meeting. Raises Uncertain if it may have been made all the same."""

    def read(self, remote_id: str) -> RemoteMeeting:
        """The meeting as it is now. Raises Gone."""

    def update(self, remote_id: str, spec: MeetingSpec) -> RemoteMeeting:
        """Bring the meeting to the spec and return it as it is afterwards. Raises Gone."""

    def delete(self, remote_id: str) -> None:
        """Remove the meeting; one that is not there is a success."""

    def start_url(self, remote_id: str) -> str:
        """An address that signs its bearer in as the host: redirect at once; never store, mail or log it."""


class CalendarProvider(AccountProvider, Protocol):
    """Calendars of one account. Every method may be repeated safely.

    All may raise Temporary, Rejected, Disconnected and Misconfigured.
    """

    def calendars(self) -> list[RemoteCalendar]:
        """The account's whole list, the primary one first."""

    def busy(self, calendars: Sequence[str], *, begin: datetime, end: datetime) -> dict[str, Busy]:
        """When each of these calendars is busy in [begin, end), however long that is and however many.

        Each of `calendars` has an answer; one that the provider said nothing of is unknown.
        """

    def insert_event(self, calendar: str, event_id: str, spec: EventSpec) -> RemoteEvent:
        """Make the event under an id that we choose. One that is there already is given as it is.

        Raises Gone if the id belongs to an event that was deleted, and can't be used again.
        """

    def read_event(self, calendar: str, event_id: str) -> RemoteEvent:
        """The event as it is now. Raises Gone, also for one that was cancelled."""

    def change_event(
        self, calendar: str, event_id: str, spec: EventSpec, *, etag: str, keeps_time: bool
    ) -> RemoteEvent:
        """Bring our fields of the event to the spec, and nothing else; with `keeps_time` not its time.

        Raises Changed if it is not the version of `etag` any more, or Gone.
        """

    def delete_event(self, calendar: str, event_id: str, *, tells_invitees: bool) -> bool:
        """Remove the event; one that is not there is a success. Whether it was there."""

    def events_with(
        self, calendar: str, key: str, value: str, *, begin: datetime, end: datetime
    ) -> list[RemoteEvent]:
        """All events of [begin, end) that carry this property of ours."""

    def watch(self, calendar: str, *, channel_id: str, token: str, address: str) -> RemoteChannel:
        """Have changes of the calendar told to `address`, an https address of ours, with `token`."""

    def stop(self, *, channel_id: str, resource_id: str) -> None:
        """End a channel; one that has ended is a success."""


class Provider(Protocol):
    """One kind of account that hosts can link."""

    kind: ClassVar[str]
    name: ClassVar[str]
    wanted_scopes: ClassVar[tuple[WantedScope, ...]]

    @property
    def is_enabled(self) -> bool:
        """Whether the operator has given credentials; a provider that is off is hidden."""

    @property
    def client_id(self) -> str:
        """The operator's app. Another app cannot refresh the tokens of this one."""

    @property
    def installed_url(self) -> str:
        """Where people see and remove the apps that they have given access."""

    def oauth(self) -> OAuthProvider:
        """The token endpoint with the operator's app."""

    def account(self, *, api_url: str, tokens: TokenSource) -> AccountProvider:
        """A client for one account; an empty `api_url` means the configured one."""


class MeetingKind(Provider, Protocol):
    """A provider that makes meetings."""

    @property
    def marketplace_url(self) -> str:
        """Where an admin approves the app."""

    def meetings(self, *, api_url: str, tokens: TokenSource) -> MeetingProvider:
        """As `account`."""

    def notice(self, body: bytes) -> Notice | None:
        """What a stored notification is about; None if we make nothing of it."""


class CalendarKind(Provider, Protocol):
    """A provider that keeps calendars."""

    @property
    def can_tell(self) -> bool:
        """Whether our address is one to which it would tell of changes."""

    def calendars(
        self, *, api_url: str, tokens: TokenSource, timeout: float | None = None
    ) -> CalendarProvider:
        """As `account`; each call takes `timeout` seconds at most, or the configured time."""
