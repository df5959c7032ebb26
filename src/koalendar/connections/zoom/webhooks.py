"""Zoom's notifications: whether Zoom sent one, the answer to its challenge, and what one is about.

Zoom: docs/api/webhooks and the changelog "webhook URL validation", read 2026-11-23. Everything here takes
the body as the bytes that came, because those are what Zoom has signed.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from koalendar.connections.provider import Notice, NoticeKind

# Zoom tries again after 5, then 20, then 60 minutes, and does not say whether it signs anew.
LATEST = timedelta(hours=2)
EARLIEST = timedelta(minutes=5)
CHALLENGE: Final = "endpoint.url_validation"
MOST_BYTES = 256 * 1024
_DEEPEST = 20

Json = dict[str, object]

_KINDS: Final[Mapping[str, NoticeKind]] = {
    "meeting.created": NoticeKind.MEETING_MADE,
    "meeting.updated": NoticeKind.MEETING_CHANGED,
    "meeting.deleted": NoticeKind.MEETING_CHANGED,
    "meeting.permanently_deleted": NoticeKind.MEETING_CHANGED,
    "meeting.recovered": NoticeKind.MEETING_CHANGED,
    "app_deauthorized": NoticeKind.ACCESS_REMOVED,
}


# ── Whether Zoom sent it ──


def is_from_zoom(body: bytes, *, timestamp: str, signature: str, secret: str, now: datetime) -> bool:
    """Whether `x-zm-signature` is Zoom's of this body, and of a time not long gone.

    `v0=` and the HMAC-SHA256, in hex, of `v0:<x-zm-request-timestamp>:<body>` under the app's secret token.
    """
    signed = b"v0:" + timestamp.encode() + b":" + body
    expected = "v0=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    is_signed = hmac.compare_digest(expected.encode(), signature.encode())
    sent_at = _stamp(timestamp)
    return is_signed and sent_at is not None and now - LATEST <= sent_at <= now + EARLIEST


def _stamp(timestamp: str) -> datetime | None:
    """Seconds since 1970; milliseconds have been seen too."""
    if not re.fullmatch(r"[0-9]{10}(?:[0-9]{3})?", timestamp, re.ASCII):
        return None
    return datetime.fromtimestamp(int(timestamp[:10]), UTC)


def answer_to_challenge(message: Json, *, secret: str) -> Json | None:
    """What Zoom wants to hear, on configuration and every 72 hours; None for a challenge that is none.

    Only a short token without a colon is signed. Whoever could have any text signed here could have a
    notification of his own signed.
    """
    token = _object(message.get("payload")).get("plainToken")
    if not isinstance(token, str) or not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", token, re.ASCII):
        return None
    proof = hmac.new(secret.encode(), token.encode(), hashlib.sha256).hexdigest()
    return {"plainToken": token, "encryptedToken": proof}


# ── What it is about ──


def decode(body: bytes) -> Json | None:
    """The JSON object of a notification; None for anything else, or one nested beyond reason."""
    try:
        message = json.loads(body.decode())
    except (ValueError, RecursionError):
        return None
    is_plain = isinstance(message, dict) and all(depth <= _DEEPEST for depth in _depths(message))
    return message if is_plain else None


def _depths(value: object) -> Iterator[int]:
    """How deep each object and list lies, without recursion."""
    waiting = [(value, 1)]
    while waiting:
        here, depth = waiting.pop()
        if isinstance(here, dict | list):
            yield depth
            inside = here.values() if isinstance(here, dict) else here
            waiting += [(each, depth + 1) for each in inside]


def notice_of(message: Json) -> Notice | None:
    """What the notification is about; None for events that we make nothing of.

    A meeting's id comes as a number with some events and as text with others, and `event_ts` at either level.
    """
    kind = _KINDS.get(str(message.get("event")))
    if kind is None:
        return None
    payload = _object(message.get("payload"))
    meeting = _object(payload.get("object"))
    notice = Notice(
        kind=kind,
        at=_instant(payload.get("deauthorization_time"))
        or _milliseconds(message.get("event_ts"))
        or _milliseconds(payload.get("event_ts")),
        remote_id=_number(meeting.get("id")),
        remote_user_id=_word(payload.get("user_id") or meeting.get("host_id")),
        account_id=_word(payload.get("account_id")),
        client_id=_word(payload.get("client_id")),
    )
    says_of_what = notice.remote_user_id if kind is NoticeKind.ACCESS_REMOVED else notice.remote_id
    return notice if says_of_what else None


def _object(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def _number(value: object) -> str:
    """A meeting id as text, empty for what cannot be one."""
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    return text if re.fullmatch(r"[0-9]{1,20}", text, re.ASCII) else ""


def _word(value: object) -> str:
    """An id of Zoom's; empty for what cannot be one, and could not be looked for either."""
    return value if isinstance(value, str) and re.fullmatch(r"[!-~]{1,128}", value, re.ASCII) else ""


def _milliseconds(value: object) -> datetime | None:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 10**14:
        return None
    return datetime.fromtimestamp(value / 1000, UTC)


def _instant(value: object) -> datetime | None:
    if not isinstance(value, str) or not re.fullmatch(r"[0-9TZ:.+-]{10,40}", value, re.ASCII):
        return None
    try:
        moment = datetime.fromisoformat(value)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
