"""API keys: made here, shown once, stored as a hash, found again by it, revoked."""

import hashlib
import logging
import secrets
import unicodedata
from datetime import datetime, timedelta
from enum import StrEnum

from django.db import DatabaseError, transaction
from django.db.models import Q, QuerySet

from koalendar.accounts.models import ApiKey, Host

log = logging.getLogger(__name__)

# Scanners for leaked secrets find keys by a fixed beginning.
PREFIX = "koa_"
MOST_KEYS = 50  # that one host may have alive
LONGEST_NAME = 80
_LONGEST_KEY = 100  # What is longer is none of ours, and isn't worth a hash.
_USE_NOTED_FOR = timedelta(minutes=1)


class Scope(StrEnum):
    """What a key may do; each allows all that the ones before it do."""

    READ = "read"
    BOOKINGS = "bookings"
    ALL = "all"

    def allows(self, wanted: "Scope") -> bool:
        order = list(Scope)
        return order.index(self) >= order.index(wanted)


class KeyRefused(Exception):
    """A key was asked for that can't be made."""


class TooManyKeys(KeyRefused):
    """The host has as many live keys as it may; one has to be revoked first."""

    def __init__(self, most: int) -> None:
        super().__init__(f"{most} keys are alive already; revoke one that is not needed")
        self.most = most


class UnfitName(KeyRefused):
    """A key's name has 1 to 80 characters in one line."""

    def __init__(self) -> None:
        super().__init__(f"a key's name has 1 to {LONGEST_NAME} characters in one line")


class ExpiresTooEarly(KeyRefused):
    """A key that is made has to be alive."""

    def __init__(self) -> None:
        super().__init__("a key has to expire later than now")


def make_key(
    host: Host, *, name: str, now: datetime, scope: Scope = Scope.ALL, expires_at: datetime | None = None
) -> str:
    """A new key of 256 bits for `host`; this is the only time that its text is known.

    It ends at `expires_at`, with None when somebody revokes it. Raises UnfitName, ExpiresTooEarly and
    TooManyKeys.
    """
    name = _judged(name)
    if expires_at is not None and expires_at <= now:
        raise ExpiresTooEarly
    text = PREFIX + secrets.token_urlsafe(32)
    with transaction.atomic():
        # Two that ask at once would else both see room for one.
        Host.objects.select_for_update().get(pk=host.pk)
        if live_keys(host, now=now).count() >= MOST_KEYS:
            raise TooManyKeys(MOST_KEYS)
        ApiKey.objects.create(
            host=host,
            name=name,
            prefix=beginning(text),
            digest=digest(text),
            scopes=scope.value,
            created_at=now,
            expires_at=expires_at,
        )
    return text


def _judged(name: str) -> str:
    name = name.strip()
    if not 1 <= len(name) <= LONGEST_NAME or any(unicodedata.category(char) in _NO_TEXT for char in name):
        raise UnfitName
    return name


# Control characters, the ends of lines and paragraphs, and halves of characters, which no database takes.
_NO_TEXT = ("Cc", "Zl", "Zp", "Cs")


def find_key(text: str, *, now: datetime) -> ApiKey | None:
    """The live key that reads `text`, with its host; None if there is none, or not any more.

    Asked anew each time and never remembered, so that a revoked key is dead for the very next request.
    """
    if not text.startswith(PREFIX) or len(text) > _LONGEST_KEY or not text.isascii():
        return None
    keys = ApiKey.objects.select_related("host").filter(_live(now), digest=digest(text))
    return keys.filter(host__is_active=True).first()


def note_use(key: ApiKey, *, now: datetime) -> None:
    """Write down that `key`, as just found, was used now; to the minute, since reads use keys too.

    It never fails the request: what can't be written is logged, and tried again a minute later.
    """
    seen = max((at for at in (key.last_used_at, _noted.get(key.digest)) if at is not None), default=None)
    if seen is not None and now - seen < _USE_NOTED_FOR:
        return
    _remember(key.digest, now)
    before = Q(last_used_at=None) | Q(last_used_at__lt=now)
    try:
        with transaction.atomic():
            ApiKey.objects.filter(before, pk=key.pk).update(last_used_at=now)
    except DatabaseError as error:
        log.warning("key_use_not_noted", extra={"key": key.pk, "error": type(error).__name__})


# When this process wrote, or tried to write, that a key was used.
_noted: dict[str, datetime] = {}
_MOST_NOTED = 10_000


def _remember(digest: str, now: datetime) -> None:
    if len(_noted) >= _MOST_NOTED:
        _noted.clear()  # At worst each key is written once more than it need be.
    _noted[digest] = now


def revoke_key(key: ApiKey, *, now: datetime) -> bool:
    """End `key` for good; False if it was revoked before, and then that first time stands."""
    done = ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=now) == 1
    key.refresh_from_db(fields=["revoked_at"])
    return done


def keys_of(host: Host) -> QuerySet[ApiKey]:
    """All keys that the host ever made, newest first."""
    return ApiKey.objects.filter(host=host).order_by("-created_at", "-pk")


def live_keys(host: Host, *, now: datetime) -> QuerySet[ApiKey]:
    """Those of them that open something."""
    return keys_of(host).filter(_live(now))


def _live(now: datetime) -> Q:
    return Q(revoked_at=None) & (Q(expires_at=None) | Q(expires_at__gt=now))


def beginning(text: str) -> str:
    """What is kept and shown of a key, so that people can tell their keys apart."""
    return text[: len(PREFIX) + 6]


def digest(text: str) -> str:
    """What is stored of a key. It has 256 random bits, so a plain hash can't be guessed back."""
    return hashlib.sha256(text.encode()).hexdigest()
