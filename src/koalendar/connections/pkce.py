"""Proof Key for Code Exchange, RFC 7636: only who began a sign-in can finish it."""

import base64
import hashlib
import secrets


def new_verifier() -> str:
    """64 URL-safe characters, 384 bits."""
    return secrets.token_urlsafe(48)


def challenge_of(verifier: str) -> str:
    """The S256 challenge (RFC 7636, section 4.2)."""
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
