"""The people of every test, and makers with sane defaults: Ada hosts, Ben is another host, Ina books."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2

from koalendar import clock
from koalendar.accounts.models import Host
from koalendar.booking.actions import Invitee, Wish, book
from koalendar.booking.models import Booking, EventType, Profile
from koalendar.booking.setting_up import add_event_type, move_in
from koalendar.connections import registry
from koalendar.connections.actions import connect_with_code
from koalendar.connections.models import Calendar, Connection, Credential
from koalendar.connections.pkce import challenge_of, new_verifier

# A Monday, 08:00 UTC, three weeks before the clocks of most zones do anything.
NOW = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)
TUESDAY_NINE = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
PASSWORD = "correct horse battery staple"

INA = Invitee(name="Ina Berg", email="ina@example.com", zone="Europe/Paris")


def make_host(name: str = "Ada Lovelace", *, zone: str = "UTC", **fields: Any) -> Host:
    first = name.split(maxsplit=1)[0].lower()
    email = fields.pop("email", f"{first}@example.com")
    slug = fields.pop("slug", first)
    host = Host.objects.create_user(email, PASSWORD, name=name, zone=zone, **fields)
    move_in(host, slug=slug)
    return host


def make_event_type(host: Host | None = None, **fields: Any) -> EventType:
    host = host or ada()
    defaults: dict[str, Any] = {
        "title": "Intro call",
        "slug": "intro-call",
        "minimum_notice": 0,
        "reminders": [],
    }
    return add_event_type(host, **(defaults | fields))


def ada() -> Host:
    found = Profile.objects.filter(slug="ada").select_related("host").first()
    return found.host if found is not None and found.host is not None else make_host()


def make_wish(start: datetime = TUESDAY_NINE, **fields: Any) -> Wish:
    defaults: dict[str, Any] = {
        "duration": 30,
        "invitee": INA,
        "location": {"kind": "zoom", "connection": None},
    }
    return Wish(start=start, **(defaults | fields))


def make_booking(event_type: EventType | None = None, *, now: datetime = NOW, **wish: Any) -> Booking:
    return book(event_type or make_event_type(), make_wish(**wish), now=now)


def make_connection(host: Host | None = None, *, user: str = "zoom-ada", **fields: Any) -> Connection:
    """A connection whose tokens nobody accepts; what talks to the sandbox connects for real."""
    host = host or ada()
    credential, _ = Credential.objects.get_or_create(
        provider="zoom", client_id="sandbox-zoom-client", remote_user_id=user
    )
    return Connection.objects.create(
        **{"host": host, "credential": credential, "provider": "zoom", "is_default": True, "created_at": NOW}
        | fields
    )


def make_calendar(host: Host | None = None, **fields: Any) -> Calendar:
    """A calendar that blocks and has just been read, of a Google account that nobody calls."""
    host = host or ada()
    credential, _ = Credential.objects.get_or_create(
        provider="google",
        client_id="sandbox-google-client",
        remote_user_id=f"google-{host.pk}",
        defaults={"account_email": host.email, "scopes": _google_scopes()},
    )
    connection, _ = Connection.objects.get_or_create(
        host=host, credential=credential, defaults={"provider": "google", "created_at": NOW}
    )
    read = {
        "read_at": NOW,
        "read_from": NOW - timedelta(days=1),
        "read_until": NOW + timedelta(days=90),
    }
    usual: dict[str, Any] = {"remote_id": host.email, "name": "Private", "color": "#9fe1e7", "blocks": True}
    return Calendar.objects.create(connection=connection, host=host, **(usual | read | fields))


def _google_scopes() -> str:
    return " ".join(scope.name for scope in registry.known("google").wanted_scopes)


def minutes(many: int) -> timedelta:
    return timedelta(minutes=many)


def connect_zoom(
    sandbox: Any, host: Host | None = None, *, user: str = "", scopes: list[str] | None = None
) -> Connection:
    """Connect the host to a user of the sandbox's Zoom as a browser would: consent, code, exchange."""
    return _connect("zoom", f"{sandbox.url}/_control/authorize", host or ada(), user, scopes)


def connect_google(
    sandbox: Any, host: Host | None = None, *, user: str = "", scopes: list[str] | None = None
) -> Connection:
    """As `connect_zoom`, for an account of the sandbox's Google; `scopes` are the boxes that are ticked."""
    return _connect("google", f"{sandbox.url}/_control/google/authorize", host or ada(), user, scopes)


def _connect(provider: str, consent: str, host: Host, user: str, scopes: list[str] | None) -> Connection:
    verifier = new_verifier()
    redirect_uri = f"http://localhost:8000/integrations/{provider}/callback"
    oauth = registry.get(provider).oauth()
    url = oauth.authorize_url(redirect_uri=redirect_uri, state="state", challenge=challenge_of(verifier))
    order: dict[str, object] = {"url": url, "user": user or host.email}
    if scopes is not None:
        order["scopes"] = scopes
    answer = httpx2.post(consent, json=order).json()
    code = parse_qs(urlsplit(answer["location"]).query)["code"][0]
    return connect_with_code(
        host=host, provider=provider, code=code, verifier=verifier, redirect_uri=redirect_uri, now=clock.now()
    )


def make_target(connection: Connection, remote_id: str = "", **fields: Any) -> Calendar:
    """The calendar of the account into which its host's bookings go."""
    usual = {"name": "Ada", "role": "owner", "zone": "UTC", "is_writable": True, "is_target": True}
    return Calendar.objects.create(
        connection=connection,
        host=connection.host,
        remote_id=remote_id or connection.credential.account_email,
        **(usual | fields),
    )
