"""Calls that make somebody wait: with the access token that is there, for so many seconds, and no longer.

Nothing is refreshed or marked broken by them; the worker's own calls do that.
"""

from datetime import datetime

from koalendar.connections import registry
from koalendar.connections.actions import token_at_hand
from koalendar.connections.models import Credential
from koalendar.connections.provider import CalendarProvider, Misconfigured, ProviderError, Reason, Temporary


def calendars_at_hand(credential: Credential, *, now: datetime, seconds: float) -> CalendarProvider | None:
    """A client for the account's calendars, whose calls touch no database and take no refused token amiss;
    None if there is no token that is still good.
    """
    token = token_at_hand(credential, now=now)
    if token is None:
        return None
    try:
        kind = registry.calendars(credential.provider)
    except Misconfigured:
        return None
    return kind.calendars(api_url=credential.api_url, tokens=_AtHand(token), timeout=seconds)


class _AtHand:
    """A token source that has one token and asks for no other."""

    def __init__(self, token: str) -> None:
        self._token = token

    def current(self) -> str:
        return self._token

    def after_refusal(self, refused: str) -> str:  # noqa: ARG002  the interface's argument
        raise Temporary(Reason.REFRESH_BUSY)

    def ended(self, token: str, reason: Reason) -> ProviderError:  # noqa: ARG002  the interface's argument
        return Temporary(reason)
