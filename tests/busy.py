"""Ada's Google as tests of busy times use it: connected, read, and filled by hand."""

from datetime import datetime, timedelta
from typing import Any

from koalendar import clock
from koalendar.accounts.models import Host
from koalendar.booking import owed
from koalendar.connections.models import Calendar, Connection
from koalendar.delivery.calendars import read_calendars
from koalendar.delivery.outcomes import Outcome
from koalendar.sandbox.server import Sandbox
from tests.people import ada, connect_google

ADA = "ada@example.com"
HALF_AN_HOUR = timedelta(minutes=30)


def connect_calendars(sandbox: Sandbox, host: Host | None = None, **how: Any) -> Connection:
    """A Google account whose calendars have been read; the primary one blocks."""
    connection = connect_google(sandbox, host, **how)
    owed.calendars(connection, now=clock.now())
    read(connection)
    return connection


def read(connection: Connection) -> Outcome:
    """What the worker does when the connection's entry is due, at the clock's present."""
    return read_calendars(str(connection.pk), now=clock.now())


def primary(host: Host | None = None) -> Calendar:
    return Calendar.objects.get(host=host or ada(), is_primary=True)


def put(
    sandbox: Sandbox, start: datetime, length: timedelta = HALF_AN_HOUR, calendar: str = ADA, **fields: Any
) -> Any:
    """An event that somebody types into Google."""
    times = {
        "start": {"dateTime": start.isoformat()},
        "end": {"dateTime": (start + length).isoformat()},
    }
    return sandbox.google.put_event(calendar, {"summary": "Dentist"} | times | fields, by="Ada")


def busy_calls(sandbox: Sandbox) -> int:
    return sum(call.path.endswith("/freeBusy") for call in sandbox.google.calls)
