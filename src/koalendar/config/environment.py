"""Read one setting of the environment, or stop with a sentence that names it and says what to do."""

import ipaddress
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

T = TypeVar("T")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class SettingError(ImproperlyConfigured):
    """A setting is missing or malformed; the text is one line for the operator."""

    def __init__(self, name: str, mend: str) -> None:
        super().__init__(f"{name}: {mend}")
        self.name = name


class Environment:
    """The settings as text, with `NAME_FILE` as the other way to give `NAME`."""

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        self._values = os.environ if values is None else values

    def text(self, name: str, default: str = "") -> str:
        """The value of `name`, or of the file that `name`_FILE points to; both at once are refused."""
        direct, path = self._values.get(name, ""), self._values.get(f"{name}_FILE", "")
        if direct and path:
            raise SettingError(name, f"is set twice; remove either {name} or {name}_FILE")
        if not path:
            return direct.strip() or default
        try:
            return Path(path).read_text(encoding="utf-8").strip() or default
        except (OSError, UnicodeDecodeError) as error:
            raise SettingError(
                f"{name}_FILE", f"cannot read {path} ({error}); give a readable file"
            ) from error

    def number(self, name: str, default: float, *, minimum: float = 0) -> float:
        raw = self.text(name)
        if not raw:
            return default
        try:
            value = float(raw)
        except ValueError:
            value = float("nan")
        if not minimum <= value < float("inf"):
            raise SettingError(name, f"is {raw!r}; give a number of seconds, at least {minimum:g}")
        return value

    def choice(self, name: str, default: str, allowed: tuple[str, ...]) -> str:
        value = self.text(name, default)
        if value not in allowed:
            raise SettingError(name, f"is {value!r}; give one of {', '.join(allowed)}")
        return value

    def url(self, name: str, default: str) -> str:
        """An absolute http(s) address without a slash at its end, a query or a fragment."""
        value = self.text(name, default).rstrip("/")
        if not is_plain_url(value):
            raise SettingError(name, f"is {value!r}; give an address like https://example.com")
        return value

    def words(self, name: str) -> list[str]:
        return [word.strip() for word in self.text(name).split(",") if word.strip()]

    def parsed(self, name: str, default: str, parse: Callable[[str], T], mend: str) -> T:
        """What `parse` makes of the value; its ValueError becomes a SettingError that says `mend`."""
        raw = self.text(name, default)
        try:
            return parse(raw)
        except ValueError as error:
            raise SettingError(name, f"is not understood; {mend}") from error


def is_plain_url(value: str) -> bool:
    try:
        parts = urlsplit(value)
        port_is_good = parts.port is None or parts.port > 0
    except ValueError:
        return False
    return (
        parts.scheme in ("http", "https")
        and bool(parts.hostname)
        and port_is_good
        and not (parts.query or parts.fragment or parts.username)
    )


def is_local(url: str) -> bool:
    """Whether the site is reached on this machine only."""
    return urlsplit(url).hostname in ("localhost", "127.0.0.1", "::1")


def parse_rate(value: str) -> tuple[int, int] | None:
    """`10/min` as (10, 60): how many in how many seconds; `off` as None."""
    if value == "off":
        return None
    found = re.fullmatch(r"([1-9][0-9]{0,8})/(s|min|h|day)", value)
    if found is None:
        raise ValueError(value)
    return int(found[1]), {"s": 1, "min": 60, "h": 3600, "day": 86400}[found[2]]


def parse_networks(value: str) -> list[Network]:
    return [ipaddress.ip_network(word.strip()) for word in value.split(",") if word.strip()]


def parse_database(value: str, data_dir: Path) -> dict[str, Any]:
    """DATABASE_URL as Django's dictionary; nothing given means SQLite in the data folder.

    SQLite takes its write lock at BEGIN: a deferred transaction that turns into a write fails at
    once with "database is locked" when another was faster, whatever the timeout
    (https://docs.djangoproject.com/en/5.2/ref/databases/#transactions-behavior).
    FULL, because NORMAL may lose the last commits when the power goes.
    """
    if not value or value.startswith("sqlite:"):
        path = (
            unquote(value.removeprefix("sqlite:").removeprefix("//").replace("//", "/", 1)) if value else ""
        )
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": path or str(data_dir / "koalendar.sqlite3"),
            "CONN_MAX_AGE": None,
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;",
            },
        }
    parts = urlsplit(value)
    if parts.scheme not in ("postgresql", "postgres") or len(parts.path) < 2:
        raise ValueError(value)
    options = dict(pair.split("=", 1) for pair in parts.query.split("&") if "=" in pair)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path[1:]),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {key: unquote(text) for key, text in options.items()},
    }


def parse_email(value: str) -> dict[str, object]:
    """EMAIL_URL as Django's EMAIL_* settings: `console`, `smtp://`, `smtp+tls://` or `smtp+ssl://`."""
    if value == "console":
        return {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}
    parts = urlsplit(value)
    if parts.scheme not in ("smtp", "smtp+tls", "smtp+ssl") or not parts.hostname:
        raise ValueError(value)
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": parts.port or {"smtp": 25, "smtp+tls": 587, "smtp+ssl": 465}[parts.scheme],
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_TLS": parts.scheme == "smtp+tls",
        "EMAIL_USE_SSL": parts.scheme == "smtp+ssl",
    }
