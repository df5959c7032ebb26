"""The invitee's link, and the one by which a host answers a request: signed capabilities that any later mail
can carry, and that nothing stores.

A token is the booking's uid and a 128-bit MAC of purpose, uid and link version, so whoever knows a uid can't
make one, neither opens what the other does, and raising `link_version` ends all that were handed out.
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
_VIEW, _ANSWER = "koalendar.booking.link", "koalendar.booking.answer"
LIFE_AFTER_END = timedelta(days=30)


def token_for(booking: Booking) -> str:
    """The invitee's: 43 URL-safe characters."""
    return _token(booking, _VIEW)


def answer_token_for(booking: Booking) -> str:
    """For the mail that asks a host to answer, which may then be done without signing in."""
    return _token(booking, _ANSWER)


def booking_for_token(token: str, *, now: datetime) -> Booking:
    """The booking that an invitee's `token` is for. Raises LinkExpired, with no hint whether it existed."""
    return _booking_for(token, _VIEW, now=now)


def request_for_token(token: str, *, now: datetime) -> Booking:
    """The booking that a host may answer by `token`, answered or not. Raises LinkExpired alike."""
    return _booking_for(token, _ANSWER, now=now)


def _token(booking: Booking, purpose: str) -> str:
    raw = booking.uid.bytes + _mac(booking, purpose, settings.SECRET_KEY)
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _booking_for(token: str, purpose: str, *, now: datetime) -> Booking:
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise LinkExpired from error
    if len(raw) != 16 + _MAC_BYTES:
        raise LinkExpired
    rows = Booking.objects.select_related("appointment__event_type__profile")
    booking = rows.filter(uid=uuid.UUID(bytes=raw[:16])).first()
    if booking is None or not _matches(booking, purpose, raw[16:]):
        raise LinkExpired
    if now > booking.appointment.end + LIFE_AFTER_END:
        raise LinkExpired
    return booking


def calendar_uid(booking: Booking) -> str:
    """What calendars know the booking by, for life: the UID of every iCalendar object about it."""
    return f"{booking.uid}@{urlsplit(settings.KOALENDAR_BASE_URL).hostname}"


def _matches(booking: Booking, purpose: str, mac: bytes) -> bool:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return any(hmac.compare_digest(_mac(booking, purpose, key), mac) for key in keys)


def _mac(booking: Booking, purpose: str, key: str) -> bytes:
    text = f"{purpose}:{booking.uid}:{booking.link_version}"
    return hmac.digest(key.encode(), text.encode(), hashlib.sha256)[:_MAC_BYTES]
