"""Reads what a provider answered as if a stranger had written it; ValueError is for nonsense."""

import re
from datetime import UTC, datetime, timedelta
from typing import TypeGuard

from koalendar.connections.wire import Answer

Json = dict[str, object]

USUAL_LIFE = timedelta(hours=1)
_SENSIBLE_LIFE = range(600, 86_401)


def lenient(answer: Answer) -> Json:
    """The body of an error, which is not always JSON; empty where it is no object."""
    try:
        body = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def text(body: Json, name: str, limit: int) -> str:
    """A text without control characters; empty where there is none."""
    value = body.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > limit:
        raise ValueError(name)
    return value if value.isprintable() else "".join(part for part in value if part.isprintable())


def instant(value: object) -> datetime | None:
    """RFC 3339 with an offset, as UTC; None where there is none."""
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > 40:
        raise ValueError("instant")
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError("instant")
    return moment.astimezone(UTC)


def cut(text: str, limit: int) -> str:
    """At most `limit` UTF-16 units: vendors do not say how they count, and no way of counting finds more."""
    encoded = text.encode("utf-16-le", "surrogatepass")
    return encoded[: 2 * limit].decode("utf-16-le", "ignore")


def is_token(value: object) -> TypeGuard[str]:
    """Opaque text that fits into a header."""
    return isinstance(value, str) and re.fullmatch(r"[!-~]{1,16384}", value) is not None


def life(expires_in: object) -> timedelta:
    """How long the access token lives; an hour where the provider says something absurd.

    Much less would refresh before each call, much more would never refresh in time.
    """
    if isinstance(expires_in, int) and expires_in in _SENSIBLE_LIFE:
        return timedelta(seconds=expires_in)
    return USUAL_LIFE
