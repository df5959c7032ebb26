"""Attempts to connect an account: what ties the provider's answer to the browser and host that asked.

An attempt lives in the session: its state is random, counts once, for ten minutes, and only at the provider
and for the host who began it. The S256 verifier never leaves the session before the code is exchanged (RFC
7636, RFC 9700). A provider that refuses on a page of its own never calls us back, so attempts are remembered
for a day: to say what may have happened. What was allowed and waits to be confirmed is bound to the session
here too.
"""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.contrib.sessions.backends.base import SessionBase

from koalendar.accounts.models import Host
from koalendar.connections.pkce import challenge_of, new_verifier

LIFE = timedelta(minutes=10)
# Whoever has not come back by then is told why that may be.
PATIENCE = timedelta(minutes=2)
REMEMBERED = timedelta(days=1)
# Sessions outlive an update, and hold under older names what older versions made of it.
_KEY = "connecting"
_ANSWERED = "connecting_answered"
_CONSENTS = "connect_consents"
_KEPT = 5  # Several windows may be open; an endless list may not.


@dataclass(frozen=True, slots=True)
class Attempt:
    """`back_to` is the page of ours to return to."""

    state: str = field(repr=False)
    verifier: str = field(repr=False)
    back_to: str

    @property
    def challenge(self) -> str:
        return challenge_of(self.verifier)


def begin(session: SessionBase, host: Host, provider: str, *, back_to: str, now: datetime) -> Attempt:
    attempt = Attempt(state=secrets.token_urlsafe(32), verifier=new_verifier(), back_to=back_to)
    kept = list(session.get(_KEY, {}).items())[1 - _KEPT :]
    row = {
        "host": host.pk,
        "provider": provider,
        "at": now.timestamp(),
        "verifier": attempt.verifier,
        "back_to": back_to,
    }
    session[_KEY] = {**dict(kept), attempt.state: row}
    return attempt


def take(session: SessionBase, host: Host, provider: str, state: str, *, now: datetime) -> Attempt | None:
    """The attempt that `state` belongs to, which is spent by this; None if this browser made no such one."""
    attempts = session.get(_KEY, {})
    row = attempts.pop(state, None)
    if row is None:
        return None
    session[_KEY] = attempts
    _note_answered(session, provider, row["at"])
    if (row["host"], row["provider"]) != (host.pk, provider):
        return None
    if now.timestamp() - row["at"] > LIFE.total_seconds():
        return None
    return Attempt(state=state, verifier=row["verifier"], back_to=row["back_to"])


# ── Attempts that nobody answered ──


@dataclass(frozen=True, slots=True)
class Unanswered:
    """The latest attempt, which the provider has not answered; `is_late` from two minutes on."""

    is_late: bool
    back_to: str


def unanswered(session: SessionBase, host: Host, provider: str, *, now: datetime) -> Unanswered | None:
    """The host's latest attempt of this day there, if neither it nor a later one was answered."""
    rows = session.get(_KEY, {}).values()
    mine = [row for row in rows if (row["host"], row["provider"]) == (host.pk, provider)]
    latest = max(mine, key=lambda row: float(row["at"]), default=None)
    if latest is None or latest["at"] <= session.get(_ANSWERED, {}).get(provider, 0):
        return None
    age = now.timestamp() - latest["at"]
    if age > REMEMBERED.total_seconds():
        return None
    return Unanswered(is_late=age >= PATIENCE.total_seconds(), back_to=latest["back_to"])


def forget_unanswered(session: SessionBase, provider: str, *, now: datetime) -> None:
    """The host knows; a late answer to what he began still counts."""
    _note_answered(session, provider, now.timestamp())


def _note_answered(session: SessionBase, provider: str, at: float) -> None:
    known = session.get(_ANSWERED, {})
    session[_ANSWERED] = {**known, provider: max(at, known.get(provider, 0))}


# ── What waits to be confirmed ──


def keep_consent(session: SessionBase, public_id: str, *, back_to: str) -> None:
    """Only this session can confirm it."""
    kept = list(session.get(_CONSENTS, {}).items())[1 - _KEPT :]
    session[_CONSENTS] = {**dict(kept), public_id: back_to}


def back_to_of(session: SessionBase, public_id: str) -> str | None:
    """The page that asked for the connection; None if this consent is not of this session."""
    found = session.get(_CONSENTS, {}).get(public_id)
    return None if found is None else str(found)
