"""What has to be forgotten of an account once we may no longer use it, and the record that it was.

Zoom grants ten days after an app was removed to delete what came from the account (Marketplace Developer
Agreement, "Deactivation and Data Deletion", as Zoom's staff quotes it in devforum threads 38327 and 19719,
read 2026-11-23; the meetings themselves stay in Zoom). A provider that merely refuses our access does not
say whether the app was removed, so every end counts as one.
"""

import hashlib
import hmac
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet

from koalendar.connections.models import Calendar, Connection, Credential, Deletion

# How long join links, ids and passcodes of meetings stay here after the end, to be adopted on reconnecting.
LINKS_STAY = timedelta(days=10)
# How long before they are erased the host is warned.
WARNED_BEFORE = timedelta(days=3)


def begin(connection: Connection, how: Deletion.How, now: datetime) -> None:
    """The host's use of the account has ended; a record that is open already stays, with its time.

    Call it in the transaction that erases tokens and account.
    """
    record, is_new = Deletion.objects.get_or_create(
        connection=connection,
        finished_at=None,
        defaults={
            "provider": connection.provider,
            "how": how,
            "began_at": now,
            "due_at": now + LINKS_STAY,
            "rows": 1,
        },
    )
    if not is_new and record.how == Deletion.How.REFUSED:
        Deletion.objects.filter(pk=record.pk).update(how=how)


def call_off(connections: Iterable[Connection], now: datetime) -> None:
    """These are connected again, so what is left of their meetings stays."""
    open_ones = Deletion.objects.filter(connection__in=connections, finished_at=None)
    open_ones.update(finished_at=now, ended=Deletion.Ended.RECONNECTED, connection=None)


def open_of(credential: Credential) -> QuerySet[Deletion]:
    """What is still to be deleted of this account, for each host who used it."""
    rows = Deletion.objects.filter(connection__credential=credential, finished_at=None)
    return rows.select_related("connection__host", "connection__credential")


def is_open(record: Deletion) -> bool:
    """Whether it still holds, which is then so until the end of the caller's transaction."""
    return Deletion.objects.select_for_update().filter(pk=record.pk, finished_at=None).exists()


def count_rows(record: Deletion, rows: int) -> None:
    """Note that something was erased in so many more rows; in the transaction that did it."""
    Deletion.objects.filter(pk=record.pk).update(rows=F("rows") + rows)


def finish(record: Deletion, now: datetime) -> bool:
    """Nothing is left of this host's meetings: close the record, and forget the account with its last user.

    False if it was closed meanwhile.
    """
    with transaction.atomic():
        assert record.connection is not None  # An open record knows its connection.
        credential = Credential.objects.select_for_update().get(pk=record.connection.credential_id)
        closed = Deletion.objects.filter(pk=record.pk, finished_at=None).update(
            finished_at=now, ended=Deletion.Ended.ERASED, connection=None
        )
        if closed and not credential.tokens and not open_of(credential).exists():
            _forget(credential)
    return bool(closed)


def _forget(credential: Credential) -> None:
    credential.remote_user_id = forgotten_id(credential.provider, credential.remote_user_id)
    credential.account_id = credential.account_zone = credential.api_url = ""
    credential.fence += 1
    credential.save(update_fields=["remote_user_id", "account_id", "account_zone", "api_url", "fence"])
    for calendar in Calendar.objects.filter(connection__credential=credential):
        _forget_calendar(calendar, credential.provider)


def _forget_calendar(calendar: Calendar, provider: str) -> None:
    """What the host uses it for stays: a calendar that blocks is unknown from now on, and not free."""
    if not calendar.remote_id.startswith(_FORGOTTEN):
        calendar.remote_id = forgotten_id(provider, calendar.remote_id)
    calendar.name = calendar.color = calendar.role = calendar.zone = ""
    calendar.busy, calendar.read_at, calendar.read_from, calendar.read_until = [], None, None, None
    calendar.save(
        update_fields=[
            "remote_id",
            "name",
            "color",
            "role",
            "zone",
            "busy",
            "read_at",
            "read_from",
            "read_until",
        ]
    )


_FORGOTTEN = "forgotten:"


def forgotten_id(provider: str, remote_user_id: str) -> str:
    """What stands for the id of an account, or of a calendar, once it is forgotten.

    The same account that is connected again gets its old row, which locations name; nobody else can tell
    from it which account it was.
    """
    text = f"koalendar.forgotten:{provider}:{remote_user_id}".encode()
    return _FORGOTTEN + hmac.digest(settings.SECRET_KEY.encode(), text, hashlib.sha256).hex()
