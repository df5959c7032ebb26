"""Identifiers: opaque, unguessable, safe in addresses and file names."""

import re
import secrets
import uuid


def public_id() -> str:
    """22 URL-safe characters, 128 bits."""
    return secrets.token_urlsafe(16)


def is_public_id(text: str) -> bool:
    """Whether it could be one; a database is not asked for what it cannot even hold."""
    return re.fullmatch(r"[A-Za-z0-9_-]{22}", text) is not None


def uid() -> uuid.UUID:
    """A random uid for what keeps it for life: booking, appointment, meeting."""
    return uuid.uuid4()
