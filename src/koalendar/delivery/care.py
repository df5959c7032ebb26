"""Looks after the accounts that hosts have connected: proves their access, tells of trouble, erases in time.

One outbox entry an account, which comes due again by itself; there is no other clock. What it finds to do it
reads from the rows, so it may run early, late or twice. `wake` makes the entries that are missing: of
accounts connected before there were any, and of whatever a crash left unsaid.
"""

import logging
from datetime import datetime, timedelta

from django.db.models import CharField, Exists, OuterRef, Q
from django.db.models.functions import Cast

from koalendar.booking import owed
from koalendar.booking.actions import owe_what_waited
from koalendar.booking.erasing import erase_events, erase_links
from koalendar.connections import actions as connections
from koalendar.connections import deletions
from koalendar.connections.models import Connection, Credential, Deletion
from koalendar.connections.provider import Disconnected, Misconfigured, Reason, Rejected, Temporary
from koalendar.delivery import calendars
from koalendar.delivery.outcomes import Done, Outcome, Wait, later, until_mended
from koalendar.delivery.trouble import tell_hosts
from koalendar.outbox.models import Entry

log = logging.getLogger(__name__)

# An account is looked at this long after its last call that worked: a removal that nobody tells us of is
# found within 24 hours, tries that failed included. Each look renews the tokens, which Zoom lets die after
# 90 days without use.
LOOK_AFTER = timedelta(hours=20)


def look_after(subject: str, *, now: datetime) -> Outcome:
    """Do for the account with primary key `subject` what is due, and say when to come again."""
    credential = Credential.objects.filter(pk=int(subject)).first()
    if credential is None:
        return Done()
    trouble = _look(credential, now) if _is_due_for_a_look(credential, now) else None
    for record in deletions.open_of(credential).filter(due_at__lte=now):
        rows = erase_links(record, now=now) + erase_events(record, now=now)
        if deletions.finish(record, now):
            log.info("account_forgotten", extra={"credential": credential.pk, "rows": rows})
    tell_hosts(credential, now=now)
    owe_what_waited(credential, now=now)
    if trouble is not None:
        return trouble
    due = _next(credential, now)
    return Done() if due is None else Wait(due)


def _is_due_for_a_look(credential: Credential, now: datetime) -> bool:
    live = credential.connections.filter(state__in=Connection.LIVE)
    return live.filter(Q(last_ok_at=None) | Q(last_ok_at__lte=now - LOOK_AFTER)).exists()


def _look(credential: Credential, now: datetime) -> Outcome | None:
    """Ask whose account it is. None if that has settled how the account is, whatever it is."""
    try:
        account = connections.open_account(credential).me()
    except Temporary as error:
        connections.note_failure(credential, error.reason, now)
        return later(error)
    except Misconfigured as error:
        return until_mended(error, credential=credential.pk)
    except Disconnected:
        return None  # Erased and marked by now; the hosts are told next.
    except Rejected as error:
        _note(credential, error, now)
        return None
    connections.note_account(credential, account, now)
    return None


def _note(credential: Credential, error: Rejected, now: datetime) -> None:
    """The access holds, though not for this question: that is known of the account now.

    A provider that says which right is missing is taken at its word.
    """
    connections.note_failure(credential, error.code, now)
    if error.code == Reason.MISSING_SCOPE:
        connections.note_missing_scope(credential, error.scopes, now)
    else:
        connections.note_attention(credential, error.code, now)


def _next(credential: Credential, now: datetime) -> datetime | None:
    """When there is something to do again; None for an account that nobody uses and nothing is kept of."""
    due = [connections.next_telling(credential, now)]
    due += deletions.open_of(credential).filter(due_at__gt=now).values_list("due_at", flat=True)
    live = credential.connections.filter(state__in=Connection.LIVE).values_list("last_ok_at", flat=True)
    due += [min(max(at or now, now - LOOK_AFTER / 2), now) + LOOK_AFTER for at in live]
    return min((at for at in due if at is not None), default=None)


# ── What has no entry yet ──


def wake(*, now: datetime) -> int:
    """Owe the care of each account that has something to look to and no entry due; gives how many."""
    entry = Entry.objects.filter(kind=owed.CARE, subject=Cast(OuterRef("pk"), CharField()))
    users = Connection.objects.filter(credential=OuterRef("pk"))
    ending = Deletion.objects.filter(connection__credential=OuterRef("pk"), finished_at=None)
    is_live = Exists(users.filter(state__in=Connection.LIVE))
    is_untold = Exists(users.filter(state__in=_IN_TROUBLE, problem_told_at=None)) | Exists(
        ending.filter(connection__problem_told_at=None)
    )
    due = entry.filter(due_at__isnull=False)
    # One that has a problem has been told by the provider when to come again.
    is_asleep = is_live & ~Exists(due.filter(~Q(problem="") | Q(due_at__lte=now + LOOK_AFTER)))
    is_forgotten = Exists(ending) & ~Exists(due)
    is_late = is_untold & ~Exists(due.filter(due_at__lte=now))
    found = list(Credential.objects.filter(is_asleep | is_forgotten | is_late).order_by("pk"))
    for credential in found:
        owed.care(credential, now=now)
    return len(found) + calendars.wake(now=now)


_IN_TROUBLE = (Connection.State.BROKEN, Connection.State.ATTENTION)
