"""What is known of a host's connections, ready for pages and for the worker."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Case, QuerySet, Value, When
from django.utils.translation import gettext

from koalendar.accounts.models import Host
from koalendar.connections import registry
from koalendar.connections.models import Connection, Credential, Deletion
from koalendar.connections.provider import Ability, Reason, WantedScope


@dataclass(frozen=True, slots=True)
class MissingScope:
    """A right that the host did not grant, and what does not work without it, in the reader's language;
    `gives` is the ability that goes with it, at providers whose abilities we know.
    """

    name: str
    disables: str
    gives: Ability | None


def is_enabled(provider: str) -> bool:
    """Whether the operator has set up this provider; otherwise nothing of it is shown."""
    return registry.is_enabled(provider)


def keeps_calendars(provider: str) -> bool:
    """Whether accounts of this provider have calendars; the others make meetings."""
    return provider in registry.CALENDARS


def name_of(provider: str) -> str:
    """What people call it."""
    return registry.known(provider).name


def wanted_scopes(provider: str) -> tuple[WantedScope, ...]:
    """What we ask for at this provider."""
    return registry.known(provider).wanted_scopes


def marketplace_url(provider: str) -> str:
    """Where an admin approves the operator's app."""
    return registry.MEETINGS[provider].marketplace_url


def installed_url(provider: str) -> str:
    """Where people remove the operator's app at the provider."""
    return registry.known(provider).installed_url


def client_id(provider: str) -> str:
    """The name of the operator's app among all apps of the provider; no secret."""
    return registry.known(provider).client_id


def connections_of(host: Host) -> QuerySet[Connection]:
    """All connections of a host with their credentials, the default first, revoked ones last."""
    is_revoked = Case(When(state=Connection.State.REVOKED, then=Value(1)), default=Value(0))
    return host.connections.select_related("credential").order_by(
        is_revoked, "-is_default", "created_at", "pk"
    )


def with_calendars(connections: QuerySet[Connection]) -> QuerySet[Connection]:
    """Those of these by which calendars can be read now."""
    return connections.filter(provider__in=registry.CALENDARS, state__in=Connection.LIVE).order_by("pk")


def connection_by_id(host: Host, public_id: str) -> Connection | None:
    """The host's own connection of this id; another host's is as unknown as one that never was."""
    return connections_of(host).filter(public_id=public_id).first()


def connection_for(host: Host, provider: str, public_id: str | None = None) -> Connection | None:
    """The connection that a location uses: the one it names, else the host's default at the provider.

    It may be broken; see `Connection.is_live`. A named one is not replaced by the default when it is gone,
    because the meeting would land in an account that the host did not choose.
    """
    return _used(host, provider, public_id).select_related("credential").first()


def credential_id_for(host: Host, provider: str, public_id: str | None = None) -> int | None:
    """The credential of `connection_for`, by its id alone."""
    return _used(host, provider, public_id).values_list("credential_id", flat=True).first()


def _used(host: Host, provider: str, public_id: str | None) -> QuerySet[Connection]:
    own = host.connections.filter(provider=provider).exclude(state=Connection.State.REVOKED)
    return own.filter(is_default=True) if public_id is None else own.filter(public_id=public_id)


def connection_to(host: Host, credential: Credential) -> Connection | None:
    """The host's connection over which calls with this credential may be made now; None means: make none."""
    return (
        host.connections.select_related("credential")
        .filter(credential=credential, state__in=Connection.LIVE)
        .first()
    )


def connection_with(host: Host, provider: str, remote_user_id: str) -> Connection | None:
    """The host's connection to this account of the provider's, broken or not."""
    own = connections_of(host).filter(provider=provider, credential__remote_user_id=remote_user_id)
    return own.exclude(state=Connection.State.REVOKED).first()


def is_shared(connection: Connection) -> bool:
    """Whether another host uses the same account, which is therefore not revoked at the provider."""
    others = connection.credential.connections.exclude(pk=connection.pk)
    return others.filter(state__in=Connection.LIVE).exists()


def missing_scopes(connection: Connection) -> list[MissingScope]:
    """What the host did not grant of what we ask for; nothing for a connection that is not live."""
    if not connection.is_live:
        return []
    return lacking(connection.provider, connection.credential.granted_scopes)


def lacking(provider: str, granted: frozenset[str]) -> list[MissingScope]:
    """What is not among the `granted` scopes of what we ask for at this provider."""
    return [
        MissingScope(scope.name, gettext(scope.disables), scope.gives)
        for scope in registry.known(provider).wanted_scopes
        if not scope.is_in(granted)
    ]


def may(connection: Connection, ability: Ability) -> bool:
    """Whether the account has granted what this ability needs; nothing is once the access has ended."""
    granted = connection.credential.granted_scopes
    needed = [scope for scope in registry.known(connection.provider).wanted_scopes if scope.gives == ability]
    return connection.is_live and all(scope.is_in(granted) for scope in needed)


def looks_like_testing(connection: Connection) -> bool:
    """Whether the access ended as Google ends it while the operator's project is in Testing: 7 days after the
    consent, noticed with the next refresh, which may be over an hour later.
    """
    begun, ended = connection.credential.connected_at, connection.problem_since
    if connection.provider != "google" or connection.problem != Reason.AUTHORIZATION_REFUSED:
        return False
    return (
        begun is not None
        and ended is not None
        and -_TESTING_SLACK <= ended - begun - _TESTING_LIFE <= _TESTING_SLACK
    )


# Google: support.google.com/cloud/answer/15549945, "Testing", as copied elsewhere, read 2026-11-23.
_TESTING_LIFE = timedelta(days=7)
_TESTING_SLACK = timedelta(minutes=80)


def ending_of(connection: Connection) -> Deletion | None:
    """What is still to be erased of this connection's account, and when; None while it is in use."""
    return connection.deletions.filter(finished_at=None).first()
