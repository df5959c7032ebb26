"""Who asks too often: the client's address, and how many times it may ask in a while."""

from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv6Address, ip_address
from math import ceil

from django.conf import settings
from django.core.cache import BaseCache, caches
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from koalendar import clock
from koalendar.web.counting import CountingCache, Taken

_NETWORK_OF_ONE = 64  # A household or a server is given 2^64 addresses of IPv6 at once.


def client_address(request: HttpRequest) -> str:
    """The right-most address in X-Forwarded-For that is no proxy of ours; else the socket's."""
    peer = str(request.META.get("REMOTE_ADDR", ""))
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",")]
    while hops and _is_trusted(peer):
        peer = hops.pop() or peer
    return peer


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a client may still do of `what`: `limit` times in any `window` seconds.

    `remaining` is how many are left now, `reset` the seconds until the next one comes back, and `wait` 0 if
    this one was allowed, else the seconds to wait for it, which are then `reset`.
    """

    what: str
    limit: int
    window: int
    remaining: int
    reset: int
    wait: int

    def headers(self) -> dict[str, str]:
        """The fields that tell a program of it, in the form of the IETF's draft.

        https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/11/ (May 2026): items named by
        their policy; q, w: its quota and window; r, t: what is left, and the seconds until there is more.
        """
        fields = {
            "RateLimit-Policy": f'"{self.what}";q={self.limit};w={self.window}',
            "RateLimit": f'"{self.what}";r={self.remaining};t={self.reset}',
        }
        if self.wait:
            fields["Retry-After"] = str(self.wait)
        return fields


def take(
    request: HttpRequest,
    what: str,
    rate: tuple[int, int] | None,
    *,
    cache: str = "default",
    now: datetime | None = None,
) -> Allowance | None:
    """Ask for one `what` for the client of `request`, which counts if it is allowed; None for no limit.

    `rate` is how many in how many seconds, None for no limit. Each client has that many tickets, and one
    that was taken comes back after those seconds. A refusal counts nothing.

    `cache` says where: "default" is the database's, which every process counts in, for what writes anyway;
    "memory" is this process's own, for reads, which must never take the database's write lock.
    """
    if rate is None:
        return None
    many, seconds = rate
    at = (now or clock.now()).timestamp()
    address = _counted_as(client_address(request))
    store = caches[cache]
    if isinstance(store, CountingCache):
        taken = store.take(what, address, many, seconds, at)
    else:
        # Addresses are personal: what is stored is a keyed hash, for as long as it counts.
        client = salted_hmac("koalendar.limits", address).hexdigest()[:32]
        taken = _take_shared(store, f"{what}:{client}", many, seconds, at)
    reset = min(max(1, ceil(taken.back - at)), seconds)
    return Allowance(what, many, seconds, many - taken.out, reset, 0 if taken.granted else reset)


def seconds_to_wait(
    request: HttpRequest, what: str, rate: tuple[int, int] | None, *, cache: str = "default"
) -> int:
    """0 if the client may do `what` now, which then counts; else the seconds until it may again."""
    allowance = take(request, what, rate, cache=cache)
    return allowance.wait if allowance is not None else 0


def _take_shared(store: BaseCache, key: str, many: int, seconds: int, now: float) -> Taken:
    """One ticket of those that all processes share.

    Taking one is `add`, which a shared cache grants to one of two processes only; counting up is a read and
    a write that both may do at once. One look finds those that are free, so that a client at its limit is
    refused by that look alone. Of a large limit, what was not looked at counts as free.
    """
    out: dict[str, float] = {}
    for first in range(0, many, _LOOK):
        tickets = [f"{key}:{number}" for number in range(first, min(first + _LOOK, many))]
        out |= store.get_many(tickets)
        for ticket in tickets:
            if ticket in out:
                continue
            granted = store.add(ticket, now + seconds, timeout=seconds)
            out[ticket] = now + seconds  # If it was not granted, then another process took it just now.
            if granted:
                return Taken(True, len(out), min(out.values()))
    return Taken(False, many, min(out.values()))


_LOOK = 500  # Databases take only so many values in a query.


def _counted_as(address: str) -> str:
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(int(parsed) >> _NETWORK_OF_ONE)
    return str(parsed)


def _is_trusted(address: str) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in settings.KOALENDAR_TRUSTED_PROXIES)
