"""Who asks too often: the client's address, and how many times it may ask in a while."""

from ipaddress import IPv6Address, ip_address
from time import time

from django.conf import settings
from django.core.cache import caches
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

_NETWORK_OF_ONE = 64  # A household or a server is given 2^64 addresses of IPv6 at once.


def client_address(request: HttpRequest) -> str:
    """The right-most address in X-Forwarded-For that is no proxy of ours; else the socket's."""
    peer = str(request.META.get("REMOTE_ADDR", ""))
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",")]
    while hops and _is_trusted(peer):
        peer = hops.pop() or peer
    return peer


def seconds_to_wait(
    request: HttpRequest, what: str, rate: tuple[int, int] | None, *, cache: str = "default"
) -> int:
    """0 if the client may do `what` now, which then counts; else the seconds until it may again.

    `rate` is how many in how many seconds, None for no limit. Each client has that many tickets, and one
    that was taken comes back after those seconds. Taking one is `add`, which a shared cache grants to one
    of two processes only; counting up is a read and a write that both may do at once.
    """
    if rate is None:
        return 0
    many, seconds = rate
    # Addresses are personal: what is stored is a keyed hash, for as long as it counts.
    client = salted_hmac("koalendar.limits", _counted_as(client_address(request))).hexdigest()[:32]
    tickets = [f"{what}:{client}:{number}" for number in range(many)]
    now = time()
    store = caches[cache]
    if any(store.add(ticket, now + seconds, timeout=seconds) for ticket in tickets):
        return 0
    back = [float(until) for until in store.get_many(tickets).values()]
    return max(1, round(min(back, default=now) - now))


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
