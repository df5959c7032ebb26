"""Connecting an account by steps: what a provider allowed waits for the host, and is owed back without him.

What changes here owes effects to the outside, which is why it does not lie with the connections.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from koalendar.accounts.models import Host
from koalendar.booking import owed
from koalendar.booking.actions import owe_events, owe_meetings
from koalendar.booking.models import CalendarCopy
from koalendar.connections import actions, calendars, channels, consents, queries, registry
from koalendar.connections.actions import Disconnection
from koalendar.connections.models import Calendar, Connection, Consent
from koalendar.connections.provider import ProviderError


def receive(
    *, host: Host, provider: str, code: str, verifier: str, redirect_uri: str, now: datetime
) -> Connection | Consent:
    """Turn the code of a callback into a consent that waits to be confirmed.

    The account that the host uses already needs no question: it is connected again at once, and what waited
    for it is owed. Raises Rejected, Misconfigured, Temporary or Disconnected; nothing is stored then.
    """
    oauth = registry.get(provider).oauth()
    tokens = oauth.exchange(code=code, redirect_uri=redirect_uri, verifier=verifier, now=now)
    account = actions.whose(provider, tokens)
    if queries.connection_with(host, provider, account.remote_user_id) is not None:
        connection = actions.connect(host=host, provider=provider, tokens=tokens, account=account, now=now)
        return _follow_up(connection, now)
    with transaction.atomic():
        consent = consents.hold(host=host, provider=provider, tokens=tokens, account=account, now=now)
        owed.consent(consent)
    return consent


def confirm(consent: Consent, *, now: datetime) -> Connection:
    """The host says yes here too: connect, and owe what waited for it. Raises what `receive` does."""
    return _follow_up(consents.confirm(consent, now=now), now)


def _follow_up(connection: Connection, now: datetime) -> Connection:
    """Owe what waited for the account, and list its calendars at once, since the host chooses of them next.

    If they cannot be had just now, that is no reason to undo the connection: the worker reads them.
    """
    owe_meetings(connection.host, now=now)
    if queries.keeps_calendars(connection.provider):
        try:
            read_list(connection, now=now)
        except ProviderError as error:
            actions.note_failure(connection.credential, error.reason, now)
        connection.refresh_from_db()
        with transaction.atomic():
            _owe_reading([connection], now)
    return connection


def read_list(connection: Connection, *, now: datetime) -> None:
    """Ask for the account's calendars and keep them; where bookings go into another one by that, or not any
    more into one that has gone, owe their events.

    Raises Temporary, Rejected, Disconnected or Misconfigured; nothing is changed then.
    """
    before = calendars.target_of(connection.host)
    gone = calendars.refresh_list(connection, now)
    _find_events_again(connection)
    if gone or calendars.target_of(connection.host) != before:
        owe_events(connection.host, now=now)


def _find_events_again(connection: Connection) -> None:
    """Events that were made before the account was disconnected lie in calendars that have new rows now."""
    lost = CalendarCopy.objects.filter(
        host=connection.host_id, credential=connection.credential_id, calendar=None
    )
    for calendar in connection.calendars.filter(remote_id__in=lost.values("remote_calendar_id")):
        lost.filter(remote_calendar_id=calendar.remote_id).update(calendar=calendar)


def choose_calendars(host: Host, *, blocks: set[str], target: str | None, now: datetime) -> None:
    """Which of the host's calendars block his time, and where bookings go. Raises NotWritable."""
    with transaction.atomic():
        calendars.choose(host, blocks=blocks, target=target)
        owe_events(host, now=now)
        _owe_reading(host.connections.filter(calendars__isnull=False).distinct(), now)


def wait_again(calendar: Calendar, *, now: datetime) -> None:
    """The host waits for this calendar again, which is read as soon as can be."""
    with transaction.atomic():
        calendars.wait_again(calendar)
        _owe_reading([calendar.connection], now)


def _owe_reading(connections: Iterable[Connection], now: datetime) -> None:
    """What blocks from now on is unknown until it has been read."""
    for connection in connections:
        if connection.is_live:
            owed.calendars(connection, now=now)


def give_back(consent: Consent, *, now: datetime) -> bool:
    """The host says no. False if the provider has not taken it back yet; the worker goes on trying."""
    with transaction.atomic():
        consents.decline(consent, now=now)
        owed.consent(consent, due=now + consents.SPARE)
    return consents.give_back(consent, now=now) is None


def disconnect(connection: Connection, *, now: datetime) -> Disconnection:
    """End the host's use of the account, and owe what follows: telling him, and erasing in time."""
    channels.stop_all(connection, now=now)
    done = actions.disconnect(connection, now=now)
    with transaction.atomic():
        owed.care(connection.credential, now=now)
    return done
