"""API keys: made here, shown once, stored as a hash."""

import hashlib
import secrets
from datetime import datetime

from koalendar.accounts.models import ApiKey, Host

# Scanners for leaked secrets find keys by a fixed beginning.
PREFIX = "koa_"


def make_key(host: Host, *, name: str, now: datetime) -> str:
    """A new key of 256 bits for `host`; this is the only time that its text is known."""
    text = PREFIX + secrets.token_urlsafe(32)
    ApiKey.objects.create(host=host, name=name, prefix=text[:10], digest=digest(text), created_at=now)
    return text


def digest(text: str) -> str:
    """What is stored of a key. It has 256 random bits, so a plain hash can't be guessed back."""
    return hashlib.sha256(text.encode()).hexdigest()
