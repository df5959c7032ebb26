"""Encryption of secrets at rest, bound to what they are for and to the row they belong to.

Fernet binds no context: a sealed value copied to another row would open there. So purpose and row lie inside
the plaintext and are compared on opening. A key's id stands in front of the sealed text, so that one can tell
without opening what an old key still holds.
"""

import hashlib
import json
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class SealError(Exception):
    """A sealed text cannot be opened: no key fits, or it was sealed for another purpose or row."""


def seal(value: str, *, purpose: str, row: str) -> str:
    """Encrypt `value` with the newest key."""
    plaintext = json.dumps({"purpose": purpose, "row": row, "value": value})
    return f"{newest_key_id()}:{_fernet(_keys()).encrypt(plaintext.encode()).decode()}"


def unseal(sealed: str, *, purpose: str, row: str) -> str:
    """The value sealed for exactly this purpose and row. Raises SealError."""
    content = json.loads(_decrypt(sealed))
    if (content["purpose"], content["row"]) != (purpose, row):
        raise SealError("the value was sealed for another purpose or row")
    return str(content["value"])


def reseal(sealed: str) -> str:
    """The same content under the newest key; for rotating keys while the product runs. Raises SealError."""
    return f"{newest_key_id()}:{_fernet(_keys()).encrypt(_decrypt(sealed)).decode()}"


def is_current(sealed: str) -> bool:
    """Whether the newest key sealed it."""
    return sealed.partition(":")[0] == newest_key_id()


def newest_key_id() -> str:
    """A name for the newest key that tells nothing of it."""
    return hashlib.sha256(_keys()[0].encode()).hexdigest()[:8]


def _decrypt(sealed: str) -> bytes:
    _, _, token = sealed.partition(":")
    try:
        return _fernet(_keys()).decrypt(token.encode())
    except InvalidToken as error:
        raise SealError("no key in KOALENDAR_ENCRYPTION_KEYS opens the stored value") from error


def _keys() -> tuple[str, ...]:
    return tuple(settings.KOALENDAR_ENCRYPTION_KEYS)


@lru_cache(maxsize=4)
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])
