"""Work off what providers told us: any order, any number of times, and believed only after a look.

A notification never changes a booking. It makes us owe a look at the meeting that it names, one however many
name it, and what is seen there counts. So our own changes, which Zoom reports like anybody's, show nothing:
what is there is what we told.
"""

import logging
from datetime import datetime, timedelta

from django.db import transaction

from koalendar.booking import owed
from koalendar.booking.models import Meeting
from koalendar.connections import actions as connections
from koalendar.connections import consents, registry
from koalendar.connections.models import WebhookIn
from koalendar.connections.provider import Notice, NoticeKind
from koalendar.delivery.outcomes import Done, Outcome, Wait
from koalendar.outbox.queue import hasten

log = logging.getLogger(__name__)

KEPT = WebhookIn.KEPT


def work_off(subject: str, *, now: datetime) -> Outcome:
    """Work off the notification with primary key `subject`, and delete it when its time is over.

    One entry does both, so each is deleted on its own day even if no other ever comes.
    """
    row = WebhookIn.objects.filter(pk=int(subject)).first()
    if row is None:
        return Done()
    if now >= row.received_at + KEPT:
        row.delete()
        return Done()
    if row.worked_at is None:
        notice = registry.MEETINGS[row.provider].notice(bytes(row.body))
        if notice is not None:
            _act_on(notice, row.provider, now)
        WebhookIn.objects.filter(pk=row.pk).update(worked_at=now)
    return Wait(row.received_at + KEPT)


def _act_on(notice: Notice, provider: str, now: datetime) -> None:
    match notice.kind:
        case NoticeKind.ACCESS_REMOVED:
            _remove(notice, provider, now)
        case NoticeKind.MEETING_CHANGED:
            _look(notice, provider, now)
        case NoticeKind.MEETING_MADE:
            _hasten_looks_for(notice, provider, now)


def _look(notice: Notice, provider: str, now: datetime) -> None:
    rows = Meeting.objects.filter(credential__provider=provider, remote_id=notice.remote_id)
    row = rows.order_by("-generation").first()
    if row is not None and (row.state == Meeting.State.PRESENT or row.was_deleted_there):
        with transaction.atomic():
            owed.look_now(row, now=now)


def _hasten_looks_for(notice: Notice, provider: str, now: datetime) -> None:
    """A meeting was made: maybe by a create whose answer was lost, which is looked for by its marker."""
    pending = Meeting.objects.filter(
        credential__provider=provider,
        credential__remote_user_id=notice.remote_user_id,
        state=Meeting.State.CREATE_PENDING,
    )
    hasten(owed.MEETING, pending.values_list("appointment_id", flat=True), now=now)


def _remove(notice: Notice, provider: str, now: datetime) -> None:
    """The user took our access away. Told late, it may be about a consent that another has replaced."""
    client_id = registry.known(provider).client_id
    if notice.client_id not in ("", client_id):
        log.warning("removal_of_another_app", extra={"provider": provider})
        return
    # Told in whole seconds: in doubt it is about the present consent.
    removed_at = None if notice.at is None else notice.at + timedelta(seconds=1)
    with transaction.atomic():
        ended = connections.removed_at_provider(
            provider,
            notice.remote_user_id,
            now=now,
            account_id=notice.account_id,
            removed_at=removed_at,
        )
        for credential in {connection.credential for connection in ended}:
            owed.care(credential, now=now)
        consents.forget_removed(provider, notice.remote_user_id, removed_at=removed_at)
