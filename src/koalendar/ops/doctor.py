"""`koalendar doctor`: a line for each thing that must be well, with what mends it."""

import smtplib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx2
from django.conf import settings
from django.core.mail import get_connection

from koalendar import clock
from koalendar.connections import registry
from koalendar.connections.provider import Disconnected, Misconfigured, ProviderError
from koalendar.ops import health
from koalendar.outbox.models import Entry, Heartbeat

HEARTBEAT_SECONDS = 60
SKEW_SECONDS = 30
OLD_ENTRY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Finding:
    """How one thing is: `level` is `ok`, `warn` or `fail`."""

    subject: str
    level: str
    words: str

    def __str__(self) -> str:
        return f"{self.level:<5} {self.subject}: {self.words}"


def examine() -> Iterator[Finding]:
    """All findings, in the order in which one depends on the other."""
    yield Finding(
        "settings", "ok", f"site at {settings.KOALENDAR_BASE_URL}, data in {settings.KOALENDAR_DATA_DIR}"
    )
    trouble = health.problems()
    yield from _database(trouble)
    if "database" in trouble or "migrations" in trouble:
        return
    yield _mail()
    yield _worker()
    yield _outbox()
    yield from _provider("zoom", settings.ZOOM_BASE_URL)
    yield from _provider("google", settings.GOOGLE_TOKEN_URL)
    yield _support()


def _database(trouble: list[str]) -> Iterator[Finding]:
    mends = {
        "database": "cannot be reached; check DATABASE_URL and that the server runs",
        "migrations": "lacks migrations; run koalendar migrate",
        "encryption key": "does not open stored tokens; add the old one to KOALENDAR_ENCRYPTION_KEYS",
    }
    for subject, mend in mends.items():
        if subject in trouble:
            yield Finding(subject, "fail", mend)
            return
        yield Finding(subject, "ok", "well")


def _mail() -> Finding:
    if "smtp" not in settings.EMAIL_BACKEND:
        return Finding("mail", "warn", "goes nowhere; set EMAIL_URL to smtp://user:password@host:port")
    try:
        connection = get_connection()
        connection.open()
        connection.close()
    except (OSError, smtplib.SMTPException) as error:
        return Finding(
            "mail", "fail", f"the server does not take mail ({type(error).__name__}); check EMAIL_URL"
        )
    return Finding("mail", "ok", "the server takes mail")


def _worker() -> Finding:
    latest = Heartbeat.objects.order_by("-at").first()
    if latest is None:
        return Finding("worker", "fail", "was never started; run koalendar worker, or koalendar serve")
    age = clock.now() - latest.at
    if age > timedelta(seconds=HEARTBEAT_SECONDS):
        return Finding(
            "worker", "fail", f"last heard of {latest.at:%Y-%m-%d %H:%M} UTC; start koalendar worker"
        )
    return Finding("worker", "ok", f"heard of {age.total_seconds():.0f} s ago")


def _outbox() -> Finding:
    overdue = Entry.objects.filter(due_at__lt=clock.now() - OLD_ENTRY, attempts=0).count()
    stuck = Entry.objects.filter(needs_person=True).count()
    if overdue:
        return Finding(
            "outbox", "fail", f"{overdue} entries have waited over an hour; check the worker's log"
        )
    return Finding("outbox", "ok", f"nothing overdue; {stuck} wait for somebody to mend something")


def _provider(kind: str, address: str) -> Iterator[Finding]:
    if not registry.is_enabled(kind):
        yield Finding(kind, "ok", "off, since no credentials are set")
        return
    yield _credentials(kind)
    yield _clock(address)


def _credentials(kind: str) -> Finding:
    """A refresh token that cannot exist is refused as such only by a server that accepts our client."""
    try:
        registry.get(kind).oauth().refresh("doctor", now=clock.now())
    except Disconnected:
        return Finding(kind, "ok", "accepts our client id and secret")
    except Misconfigured as error:
        return Finding(
            kind, "fail", f"refuses our client id or secret ({error.reason}); check the app's credentials"
        )
    except ProviderError as error:
        return Finding(kind, "fail", f"did not answer as expected ({error.reason})")
    return Finding(kind, "fail", f"accepted a token that nobody issued; check {_ADDRESSES[kind]}")


_ADDRESSES = {"zoom": "ZOOM_BASE_URL", "google": "GOOGLE_TOKEN_URL"}


def _clock(address: str) -> Finding:
    try:
        told = httpx2.head(address, timeout=settings.KOALENDAR_HTTP_TIMEOUT).headers.get("date", "")
        skew = abs((parsedate_to_datetime(told) - datetime.now(UTC)).total_seconds())
    except (httpx2.HTTPError, ValueError):
        return Finding("clock", "warn", "could not be compared with the provider's")
    if skew > SKEW_SECONDS:
        return Finding("clock", "fail", f"is {skew:.0f} s off; run a time service on this machine")
    return Finding("clock", "ok", f"within {max(skew, 1):.0f} s of the provider's")


def _support() -> Finding:
    if not settings.KOALENDAR_SUPPORT_EMAIL:
        return Finding("support", "warn", "no address; set KOALENDAR_SUPPORT_EMAIL")
    return Finding("support", "ok", "has an address")


def run(say: Callable[[str], None]) -> int:
    """Say all findings; 1 if one of them fails."""
    findings = list(examine())
    for finding in findings:
        say(str(finding))
    return int(any(finding.level == "fail" for finding in findings))
