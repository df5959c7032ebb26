"""Whom a limit counts: the client's address, as the socket or a trusted proxy tells it."""

from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """The socket's; behind proxies of ours, the right-most one in X-Forwarded-For that is none of them."""
    peer = str(request.META.get("REMOTE_ADDR", ""))
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",")]
    while hops and _is_trusted(peer):
        peer = hops.pop() or peer
    return peer


def _is_trusted(address: str) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in settings.KOALENDAR_TRUSTED_PROXIES)
