"""Which delivery step serves which kind of outbox entry."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from koalendar.booking import owed
from koalendar.delivery.calendars import read_calendars
from koalendar.delivery.care import look_after
from koalendar.delivery.conflict import look_for_conflict
from koalendar.delivery.consents import end_consent
from koalendar.delivery.event import sync_event
from koalendar.delivery.expiry import expire_request
from koalendar.delivery.inbound import work_off
from koalendar.delivery.look import look_at_meeting
from koalendar.delivery.mail import deliver_account_mail, deliver_message
from koalendar.delivery.meeting import sync_meeting
from koalendar.delivery.outcomes import Outcome


class Handler(Protocol):
    """Brings one subject to where it should be; may be called twice, late, or after a crash."""

    def __call__(self, subject: str, *, now: datetime) -> Outcome: ...


HANDLERS: Mapping[str, Handler] = {
    owed.MEETING: sync_meeting,
    owed.EVENT: sync_event,
    owed.EXPIRY: expire_request,
    owed.MAIL: deliver_message,
    owed.ACCOUNT_MAIL: deliver_account_mail,
    owed.CARE: look_after,
    owed.NOTIFICATION: work_off,
    owed.LOOK: look_at_meeting,
    owed.CONSENT: end_consent,
    owed.CALENDARS: read_calendars,
    owed.CONFLICT: look_for_conflict,
}
