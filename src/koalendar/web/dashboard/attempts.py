"""Attempts to connect an account: what ties the provider's answer to the browser and host that asked.

An attempt lives in the session: its state is random, counts once, for ten minutes, and only for the host
who began it. The S256 verifier never leaves the session before the code is exchanged (RFC 7636, RFC 9700).
A provider that refuses on a page of its own never calls us back, so attempts are remembered for a day: to
say what may have happened. What was allowed and waits to be confirmed is bound to the session here too.
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
_KEY = "connect_attempts"
_ANSWERED = "connect_answered_at"
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


def begin(session: SessionBase, host: Host, *, back_to: str, now: datetime) -> Attempt:
    attempt = Attempt(state=secrets.token_urlsafe(32), verifier=new_verifier(), back_to=back_to)
    kept = list(session.get(_KEY, {}).items())[1 - _KEPT :]
    row = {"host": host.pk, "at": now.timestamp(), "verifier": attempt.verifier, "back_to": back_to}
    session[_KEY] = {**dict(kept), attempt.state: row}
    return attempt


def take(session: SessionBase, host: Host, state: str, *, now: datetime) -> Attempt | None:
    """The attempt that `state` belongs to, which is spent by this; None if this browser made no such one."""
    attempts = session.get(_KEY, {})
    row = attempts.pop(state, None)
    if row is None:
        return None
    session[_KEY] = attempts
    session[_ANSWERED] = max(row["at"], session.get(_ANSWERED, 0))
    if row["host"] != host.pk or now.timestamp() - row["at"] > LIFE.total_seconds():
        return None
    return Attempt(state=state, verifier=row["verifier"], back_to=row["back_to"])


# ── Attempts that nobody answered ──


@dataclass(frozen=True, slots=True)
class Unanswered:
    """The latest attempt, which the provider has not answered; `is_late` from two minutes on."""

    is_late: bool
    back_to: str


def unanswered(session: SessionBase, host: Host, *, now: datetime) -> Unanswered | None:
    """The host's latest attempt of this day, if neither it nor a later one was answered."""
    mine = [row for row in session.get(_KEY, {}).values() if row["host"] == host.pk]
    latest = max(mine, key=lambda row: float(row["at"]), default=None)
    if latest is None or latest["at"] <= session.get(_ANSWERED, 0):
        return None
    age = now.timestamp() - latest["at"]
    if age > REMEMBERED.total_seconds():
        return None
    return Unanswered(is_late=age >= PATIENCE.total_seconds(), back_to=latest["back_to"])


def forget_unanswered(session: SessionBase, *, now: datetime) -> None:
    """The host knows; a late answer to what he began still counts."""
    session[_ANSWERED] = now.timestamp()


# ── What waits to be confirmed ──


def keep_consent(session: SessionBase, public_id: str, *, back_to: str) -> None:
    """Only this session can confirm it."""
    kept = list(session.get(_CONSENTS, {}).items())[1 - _KEPT :]
    session[_CONSENTS] = {**dict(kept), public_id: back_to}


def back_to_of(session: SessionBase, public_id: str) -> str | None:
    """The page that asked for the connection; None if this consent is not of this session."""
    found = session.get(_CONSENTS, {}).get(public_id)
    return None if found is None else str(found)
