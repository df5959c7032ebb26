"""What pages and the worker learn about connections."""

import httpx2
import pytest
from pytest_django import Settings

from koalendar.connections import actions, queries, registry
from koalendar.connections.models import Connection
from koalendar.connections.provider import Reason
from koalendar.connections.tests.makers import (
    ALL_SCOPES,
    NOW,
    TokenEndpoint,
    make_account,
    make_host,
    make_tokens,
)
from koalendar.connections.zoom.app import Zoom

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _zoom(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.MEETINGS, "zoom", Zoom(transport=httpx2.MockTransport(TokenEndpoint())))


def connect(host: object, account: str, scopes: frozenset[str] = ALL_SCOPES) -> Connection:
    return actions.connect(
        host=host,  # type: ignore[arg-type]  # makers return hosts
        provider="zoom",
        tokens=make_tokens(scopes=scopes),
        account=make_account(account),
        now=NOW,
    )


def test_a_location_uses_the_named_connection_or_the_default() -> None:
    ada = make_host()
    first, second = connect(ada, "one"), connect(ada, "two")
    assert queries.connection_for(ada, "zoom") == first
    assert queries.connection_for(ada, "zoom", second.public_id) == second


def test_a_named_connection_that_is_gone_is_not_replaced_by_the_default() -> None:
    ada = make_host()
    connect(ada, "one")
    second = connect(ada, "two")
    actions.disconnect(second, now=NOW)
    assert queries.connection_for(ada, "zoom", second.public_id) is None


def test_another_hosts_connection_is_unknown() -> None:
    ada, ben = make_host(), make_host("Ben")
    connection = connect(ada, "one")
    assert queries.connection_by_id(ben, connection.public_id) is None
    assert queries.connection_for(ben, "zoom", connection.public_id) is None
    assert list(queries.connections_of(ben)) == []


def test_calls_go_over_live_connections_only() -> None:
    ada, ben = make_host(), make_host("Ben")
    of_ada, of_ben = connect(ada, "shared"), connect(ben, "shared")
    actions.disconnect(of_ada, now=NOW)
    assert queries.connection_to(ada, of_ada.credential) is None
    assert queries.connection_to(ben, of_ada.credential) == of_ben
    actions.mark_broken(of_ben.credential, Reason.USER_GONE, NOW)
    assert queries.connection_to(ben, of_ada.credential) is None


def test_connections_are_listed_with_the_default_first_and_revoked_ones_last() -> None:
    ada = make_host()
    first, second, third = (connect(ada, name) for name in ("one", "two", "three"))
    actions.disconnect(first, now=NOW)
    assert list(queries.connections_of(ada)) == [second, third, first]


def test_missing_scopes_are_named_with_what_they_disable() -> None:
    connection = connect(make_host(), "one", ALL_SCOPES - {"meeting:delete:meeting"})
    (missing,) = queries.missing_scopes(connection)
    assert missing.name == "meeting:delete:meeting"
    assert "cancelled booking" in missing.disables


def test_a_revoked_connection_lacks_nothing() -> None:
    connection = connect(make_host(), "one")
    actions.disconnect(connection, now=NOW)
    connection.refresh_from_db()
    assert queries.missing_scopes(connection) == []


def test_zoom_is_off_without_credentials(settings: Settings) -> None:
    assert queries.is_enabled("zoom")
    settings.ZOOM_CLIENT_SECRET = ""
    assert not queries.is_enabled("zoom")
    assert not queries.is_enabled("caldav")
