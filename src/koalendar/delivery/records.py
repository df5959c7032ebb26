"""Writes what a step has learned of a meeting or calendar event, unless another worker was faster."""

from datetime import datetime

from koalendar.booking.models import CalendarCopy, Meeting
from koalendar.connections import actions as connections
from koalendar.connections.provider import Disconnected, Misconfigured, Reason, Rejected, Temporary
from koalendar.delivery.outcomes import GiveUp, Outcome, later, until_mended
from koalendar.delivery.trouble import tell_hosts

Copy = Meeting | CalendarCopy


class Overtaken(Exception):
    """Another worker went on with this meeting or event: its record counts, ours doesn't."""


def record(row: Copy, now: datetime, **values: object) -> None:
    """Write `values`, if nobody else wrote since `row` was read. Raises Overtaken."""
    changes = values | {"changed_at": now, "fence": row.fence + 1}
    if not type(row)._default_manager.filter(pk=row.pk, fence=row.fence).update(**changes):
        raise Overtaken
    for name, value in changes.items():
        setattr(row, name, value)


def note_problem(row: Copy, problem: str, now: datetime, *, state: str | None = None) -> None:
    since = row.problem_since if row.problem == problem else now
    values: dict[str, object] = {"problem": str(problem), "problem_since": since}
    record(row, now, **(values | ({"state": state} if state else {})))


def note_trouble(row: Copy, error: Temporary | Disconnected | Misconfigured, now: datetime) -> Outcome:
    """What no step for a meeting or event can go on with: keep it with row and account, tell hosts whose
    access has ended, and say when to come again."""
    note_problem(row, error.reason, now)
    if isinstance(error, Misconfigured):
        return until_mended(error, appointment=str(row.appointment.uid))
    connections.note_failure(row.credential, error.reason, now)
    if isinstance(error, Temporary):
        return later(error)
    if row.credential is not None:
        tell_hosts(row.credential, now=now)
    return GiveUp(error.reason)


def note_rights(row: Copy, error: Rejected, now: datetime) -> None:
    """Some refusals are about the account and not about this one: the integrations page says so too."""
    if row.credential is None:
        return
    if error.reason == Reason.MISSING_SCOPE:
        connections.note_missing_scope(row.credential, error.scopes, now)
    elif error.reason == Reason.CANNOT_HOST:
        connections.note_attention(row.credential, error.reason, now)
    tell_hosts(row.credential, now=now)
