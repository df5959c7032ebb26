"""What the worker throws away from time to time: rows that nobody may ask for any more."""

import logging
from datetime import datetime, timedelta

from django.contrib.sessions.models import Session

from koalendar.accounts.models import AccountMail
from koalendar.booking import once
from koalendar.outbox import queue

log = logging.getLogger(__name__)

EVERY = timedelta(hours=1)


class Housekeeping:
    """Tidies up at once and then `EVERY` so often; several workers may do so at the same time."""

    def __init__(self) -> None:
        self._next: datetime | None = None

    def look(self, *, now: datetime) -> None:
        """Tidy up if it is time."""
        if self._next is not None and now < self._next:
            return
        self._next = now + EVERY
        gone = {
            "answers": once.forget(now=now),
            "entries": queue.forget(now=now),
            "mails": _forget_account_mails(now),
            "sessions": _forget_sessions(now),
        }
        log.info("tidied_up", extra=gone)


def _forget_account_mails(now: datetime) -> int:
    """Their texts went when they were handed over; who got one and when is of use for a while."""
    deleted, _ = AccountMail.objects.filter(text="", created_at__lt=now - queue.KEPT).delete()
    return deleted


def _forget_sessions(now: datetime) -> int:
    deleted, _ = Session.objects.filter(expire_date__lt=now).delete()
    return deleted
