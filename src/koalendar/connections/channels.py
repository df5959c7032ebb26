"""Channels, by which a provider tells us at once that something has changed in a calendar.

They only hasten what is read by the clock anyway: a provider may lose what it tells, or refuse to tell of
some calendars. One that is about to end is replaced by a new one before it is stopped.
"""

import hashlib
import hmac
import logging
import secrets
import time
import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q
from django.urls import reverse

from koalendar.connections import registry
from koalendar.connections.at_hand import calendars_at_hand
from koalendar.connections.models import Calendar, Channel, Connection
from koalendar.connections.provider import CalendarProvider, ProviderError, Rejected, Temporary

log = logging.getLogger(__name__)

RENEWED_BEFORE = timedelta(days=1)
# A calendar of which a provider does not want to tell is asked about again after a day.
_REFUSED_FOR = RENEWED_BEFORE + timedelta(days=1)
_SECONDS_TO_STOP = 3.0


def keep_up(connection: Connection, client: CalendarProvider, *, now: datetime) -> None:
    """Have each calendar that this host uses told of, and no other.

    Raises Disconnected or Misconfigured; of any other trouble the calendars are none the worse.
    """
    Channel.objects.filter(calendar__connection=connection, expires_at__lte=now).delete()
    used = connection.calendars.filter(Q(blocks=True) | Q(is_target=True), gone_at=None)
    wanted = list(used) if registry.calendars(connection.provider).can_tell else []
    for calendar in wanted:
        if not calendar.channels.filter(expires_at__gt=now + RENEWED_BEFORE).exists():
            _open(calendar, client, now)
    for channel in _spare(connection, wanted):
        _stop(channel, client)


def _open(calendar: Calendar, client: CalendarProvider, now: datetime) -> None:
    """The row is there before the provider knows of it, since it speaks before it answers.

    Without a `resource_id` it stands for a provider who refused, and for how long that is not tried again.
    """
    token = secrets.token_urlsafe(32)
    row = Channel.objects.create(
        uid=uuid.uuid4(), calendar=calendar, token_digest=_digest(token), expires_at=now + _REFUSED_FOR
    )
    address = settings.KOALENDAR_BASE_URL + reverse(f"{calendar.connection.provider}-webhook")
    try:
        remote = client.watch(calendar.remote_id, channel_id=str(row.uid), token=token, address=address)
    except Rejected as error:
        log.warning("channel_refused", extra={"calendar": calendar.pk, "reason": str(error.reason)})
    except Temporary as error:
        row.delete()
        log.info("channel_not_opened", extra={"calendar": calendar.pk, "reason": str(error.reason)})
    else:
        Channel.objects.filter(pk=row.pk).update(resource_id=remote.resource_id, expires_at=remote.expires_at)


def _spare(connection: Connection, wanted: Iterable[Calendar]) -> list[Channel]:
    """Those that go on telling although a later one does, or although nobody needs to know."""
    pks = {calendar.pk for calendar in wanted}
    latest: dict[int, Channel] = {}
    spare = []
    rows = Channel.objects.filter(calendar__connection=connection).exclude(resource_id="")
    for channel in rows.order_by("expires_at", "pk"):
        before = latest.get(channel.calendar_id)
        if channel.calendar_id not in pks:
            spare.append(channel)
            continue
        if before is not None:
            spare.append(before)
        latest[channel.calendar_id] = channel
    return spare


def _stop(channel: Channel, client: CalendarProvider) -> None:
    """One that could not be stopped stays, and is stopped next time, or ends by itself."""
    try:
        client.stop(channel_id=str(channel.uid), resource_id=channel.resource_id)
    except (Rejected, Temporary) as error:
        log.info("channel_not_stopped", extra={"channel": str(channel.uid), "reason": str(error.reason)})
    else:
        channel.delete()


def stop_all(connection: Connection, *, now: datetime) -> None:
    """Before the host's access is given up, while the token is there; within a few seconds, or not at all.

    A provider that goes on telling is not listened to: the rows go with the calendars.
    """
    rows = Channel.objects.filter(calendar__connection=connection, expires_at__gt=now).exclude(resource_id="")
    open_ones = list(rows)
    client = calendars_at_hand(connection.credential, now=now, seconds=1) if open_ones else None
    deadline = time.monotonic() + _SECONDS_TO_STOP
    for channel in open_ones:
        if client is None or time.monotonic() > deadline:
            return
        try:
            _stop(channel, client)
        except ProviderError:
            return


def told_by(uid: str, token: str, *, now: datetime) -> Channel | None:
    """The channel that speaks, if it knows the token; None for any other, in the same time."""
    try:
        row = Channel.objects.select_related("calendar__connection").filter(uid=uuid.UUID(uid)).first()
    except ValueError:
        row = None
    expected = row.token_digest if row is not None else _digest("")
    is_known = hmac.compare_digest(_digest(token), expected)
    return row if row is not None and is_known and row.expires_at > now else None


def note_told(channel: Channel, *, now: datetime) -> None:
    """It has told of a change."""
    Channel.objects.filter(pk=channel.pk).update(told_at=now)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
