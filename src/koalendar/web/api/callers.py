"""Who calls: a host by key, an invitee by the booking's token, or anyone."""

from dataclasses import dataclass

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja.security import APIKeyHeader, HttpBearer

from koalendar import clock
from koalendar.accounts.keys import Scope, find_key, note_use
from koalendar.accounts.models import Host
from koalendar.booking.errors import LinkExpired
from koalendar.booking.links import booking_for_token
from koalendar.booking.models import Booking
from koalendar.web.api.problems import Problem


@dataclass(frozen=True, slots=True)
class HostCaller:
    """A host's program."""

    host: Host

    @property
    def name(self) -> str:
        return f"host:{self.host.pk}"


@dataclass(frozen=True, slots=True)
class InviteeCaller:
    """Whoever holds the token of this one booking."""

    booking: Booking

    @property
    def name(self) -> str:
        return f"booking:{self.booking.uid}"


class Key(HttpBearer):
    """A host's key, with at least this scope."""

    def __init__(self, scope: Scope) -> None:
        super().__init__()
        self.scope = scope

    def authenticate(self, _request: HttpRequest, token: str) -> HostCaller | None:
        now = clock.now()
        key = find_key(token, now=now)
        if key is None:
            return None
        if not Scope(key.scopes).allows(self.scope):
            raise Problem(
                "insufficient_scope",
                _("This key may only do what its scope “%(scope)s” allows.") % {"scope": key.scopes},
            )
        note_use(key, now=now)
        return HostCaller(key.host)


class BookingToken(APIKeyHeader):
    """The secret part of an invitee's link; it opens one booking."""

    param_name = "X-Booking-Token"

    def authenticate(self, _request: HttpRequest, key: str | None) -> InviteeCaller | None:
        try:
            return InviteeCaller(booking_for_token(key or "", now=clock.now()))
        except LinkExpired:
            return None


READ, BOOKINGS, ALL = Key(Scope.READ), Key(Scope.BOOKINGS), Key(Scope.ALL)
TOKEN = BookingToken()


def host_of(request: HttpRequest) -> Host:
    """The host whose key the call came with."""
    caller = request.auth  # type: ignore[attr-defined]  # Set by the framework once a caller is known.
    assert isinstance(caller, HostCaller)
    return caller.host
