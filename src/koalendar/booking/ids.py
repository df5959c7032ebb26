"""Identifiers: opaque, unguessable, safe in addresses and file names."""

import secrets
import uuid


def public_id() -> str:
    """22 URL-safe characters, 128 bits."""
    return secrets.token_urlsafe(16)


def uid() -> uuid.UUID:
    """A random uid for what keeps it for life: booking, appointment, meeting."""
    return uuid.uuid4()
