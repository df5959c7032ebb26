"""Keeps what providers tell us until a worker has seen to it."""

import hashlib
from datetime import datetime

from django.db import transaction

from koalendar.booking.owed import NOTIFICATION
from koalendar.connections.models import WebhookIn
from koalendar.outbox.queue import enqueue


def keep(provider: str, body: bytes, *, now: datetime) -> bool:
    """Store the notification and owe its working off. False if it is here already.

    Duplicates are the rule, so they are met by a read: on SQLite a write would have to wait its turn.
    """
    digest = hashlib.sha256(body).hexdigest()
    if WebhookIn.objects.filter(digest=digest).exists():
        return False
    with transaction.atomic():
        row, is_new = WebhookIn.objects.get_or_create(
            digest=digest, defaults={"provider": provider, "body": body, "received_at": now}
        )
        if is_new:
            enqueue(NOTIFICATION, row.pk, due=now)
    return is_new
