"""Attempts to connect an account: what ties the provider's answer to the browser and host that asked.

An attempt lives in the session: its state is random, counts once, for ten minutes, and only for the host
who began it. The S256 verifier never leaves the session before the code is exchanged (RFC 7636, RFC 9700).
"""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.contrib.sessions.backends.base import SessionBase

from koalendar.accounts.models import Host
from koalendar.connections.pkce import challenge_of, new_verifier

LIFE = timedelta(minutes=10)
_KEY = "connect_attempts"
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
    if row["host"] != host.pk or now.timestamp() - row["at"] > LIFE.total_seconds():
        return None
    return Attempt(state=state, verifier=row["verifier"], back_to=row["back_to"])
