"""The invitee's link: a signed capability that any later mail can carry, and that nothing stores.

A token is the booking's uid and a 128-bit MAC of uid and link version, so whoever knows a uid can't make
one, and raising `link_version` ends all that were handed out.
"""

import base64
import binascii
import hashlib
import hmac
import uuid
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings

from koalendar.booking.errors import LinkExpired
from koalendar.booking.models import Booking

_MAC_BYTES = 16
LIFE_AFTER_END = timedelta(days=30)


def token_for(booking: Booking) -> str:
    """43 URL-safe characters."""
    raw = booking.uid.bytes + _mac(booking, settings.SECRET_KEY)
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def booking_for_token(token: str, *, now: datetime) -> Booking:
    """The booking that `token` is for. Raises LinkExpired, with no hint whether it ever existed."""
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise LinkExpired from error
    if len(raw) != 16 + _MAC_BYTES:
        raise LinkExpired
    rows = Booking.objects.select_related("appointment__event_type__profile")
    booking = rows.filter(uid=uuid.UUID(bytes=raw[:16])).first()
    if booking is None or not _matches(booking, raw[16:]):
        raise LinkExpired
    if now > booking.appointment.end + LIFE_AFTER_END:
        raise LinkExpired
    return booking


def calendar_uid(booking: Booking) -> str:
    """What calendars know the booking by, for life: the UID of every iCalendar object about it."""
    return f"{booking.uid}@{urlsplit(settings.KOALENDAR_BASE_URL).hostname}"


def _matches(booking: Booking, mac: bytes) -> bool:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return any(hmac.compare_digest(_mac(booking, key), mac) for key in keys)


def _mac(booking: Booking, key: str) -> bytes:
    text = f"koalendar.booking.link:{booking.uid}:{booking.link_version}"
    return hmac.digest(key.encode(), text.encode(), hashlib.sha256)[:_MAC_BYTES]
