"""What a provider is to the rest of the house: value types, interfaces, and the tree of what can go wrong.

Instants are aware UTC datetimes; durations are minutes; ids are opaque text, whatever the provider sends.
"""

from collections.abc import Mapping
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
    REFUSED = "refused"
    GONE = "gone"
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


class Gone(ProviderError):
    """The object is not there: deleted, expired, or never made."""

    def __init__(self) -> None:
        super().__init__(Reason.GONE)


class Disconnected(ProviderError):
    """The authorisation has ended; no call can work before the host connects again."""


class Misconfigured(ProviderError):
    """The operator's app or settings are wrong; no host can mend it."""


# ── What is said ──


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a token endpoint grants. Never logged: the secrets stay out of `repr`."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_at: datetime
    scopes: frozenset[str]
    api_url: str


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
class WantedScope:
    """A right we ask for, other names that grant the same, and what does not work without it.

    `disables` is an English message id; whoever shows it translates it.
    """

    name: str
    also: tuple[str, ...]
    disables: str

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


class MeetingProvider(Protocol):
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


class Provider(Protocol):
    """One kind of account that hosts can link."""

    kind: ClassVar[str]
    wanted_scopes: ClassVar[tuple[WantedScope, ...]]

    @property
    def is_enabled(self) -> bool:
        """Whether the operator has given credentials; a provider that is off is hidden."""

    @property
    def client_id(self) -> str:
        """The operator's app. Another app cannot refresh the tokens of this one."""

    @property
    def marketplace_url(self) -> str:
        """Where an admin approves the app."""

    @property
    def installed_url(self) -> str:
        """Where people see and remove the apps that they have installed."""

    def oauth(self) -> OAuthProvider:
        """The token endpoint with the operator's app."""

    def meetings(self, *, api_url: str, tokens: TokenSource) -> MeetingProvider:
        """A client for one account; an empty `api_url` means the configured one."""

    def notice(self, body: bytes) -> Notice | None:
        """What a stored notification is about; None if we make nothing of it."""
