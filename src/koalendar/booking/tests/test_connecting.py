"""What was allowed at Zoom and waits to be confirmed here: sealed, for minutes, and given back without."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from koalendar import clock
from koalendar.accounts.models import Host
from koalendar.booking import connecting
from koalendar.connections import actions, consents, registry
from koalendar.connections.models import Connection, Consent, Credential
from koalendar.connections.pkce import challenge_of, new_verifier
from koalendar.connections.provider import Disconnected, ProviderError, Reason
from koalendar.connections.sealing import SealError, unseal
from koalendar.delivery.worker import run_due
from koalendar.sandbox.server import Sandbox
from tests.people import ada, connect_zoom, make_host

pytestmark = pytest.mark.django_db

REDIRECT = "http://localhost:8000/integrations/zoom/callback"


@pytest.fixture
def sandbox(settings: Any) -> Iterator[Sandbox]:
    with Sandbox() as running:
        settings.ZOOM_BASE_URL = f"{running.url}/zoom"
        settings.ZOOM_API_URL = f"{running.url}/zoom/v2"
        yield running


def allow(
    sandbox: Sandbox,
    host: Host | None = None,
    *,
    user: str = "ada@example.com",
    scopes: list[str] | None = None,
) -> Connection | Consent:
    """The host presses Allow at Zoom, and comes back."""
    verifier = new_verifier()
    oauth = registry.get("zoom").oauth()
    url = oauth.authorize_url(redirect_uri=REDIRECT, state="state", challenge=challenge_of(verifier))
    order: dict[str, object] = {"url": url, "user": user} | ({"scopes": scopes} if scopes else {})
    location = httpx2.post(f"{sandbox.url}/_control/authorize", json=order).json()["location"]
    code = parse_qs(urlsplit(location).query)["code"][0]
    return connecting.receive(
        host=host or ada(),
        provider="zoom",
        code=code,
        verifier=verifier,
        redirect_uri=REDIRECT,
        now=clock.now(),
    )


def held(sandbox: Sandbox, host: Host | None = None, *, user: str = "ada@example.com") -> Consent:
    consent = allow(sandbox, host, user=user)
    assert isinstance(consent, Consent)
    return consent


def access_token(consent: Consent) -> str:
    tokens = consents.opened(consent).tokens
    assert tokens is not None
    return tokens.access_token


def lives(sandbox: Sandbox, token: str) -> bool:
    return token in sandbox.zoom.tokens


def later(**length: float) -> datetime:
    return clock.now() + timedelta(**length)


def test_what_is_allowed_connects_nothing_before_it_is_confirmed(sandbox: Sandbox) -> None:
    consent = held(sandbox)

    assert consents.opened(consent).account.email == "ada@example.com"
    assert not Connection.objects.exists()
    assert not Credential.objects.exists()

    connection = connecting.confirm(consent, now=clock.now())
    assert (connection.state, connection.is_default) == ("active", True)
    assert connection.credential.account_email == "ada@example.com"
    assert not Consent.objects.exists()


def test_tokens_and_account_are_sealed_to_their_own_row(sandbox: Sandbox) -> None:
    consent, other = held(sandbox), held(sandbox, make_host("Ben Adida"), user="ben@example.com")

    assert access_token(consent) not in consent.sealed
    assert "ada@example.com" not in consent.sealed
    with pytest.raises(SealError):
        unseal(consent.sealed, purpose="consent", row=other.identity)


def test_another_host_cannot_confirm_it_and_nobody_can_later(sandbox: Sandbox) -> None:
    consent = held(sandbox)

    assert consents.waiting(ada(), consent.public_id, now=later(minutes=9)) == consent
    assert consents.waiting(make_host("Ben Adida"), consent.public_id, now=clock.now()) is None
    assert consents.waiting(ada(), consent.public_id, now=later(minutes=11)) is None


def test_declining_revokes_at_zoom_and_erases(sandbox: Sandbox) -> None:
    consent = held(sandbox)
    token = access_token(consent)

    assert connecting.give_back(consent, now=clock.now())

    assert not lives(sandbox, token)
    assert not Consent.objects.exists()
    assert sandbox.zoom.installed == {}


def test_what_zoom_does_not_take_back_at_once_cannot_be_confirmed_and_is_given_back_by_the_worker(
    sandbox: Sandbox,
) -> None:
    consent = held(sandbox)
    token = access_token(consent)
    sandbox.zoom.fail_next("unavailable", path="/oauth/revoke")

    assert not connecting.give_back(consent, now=clock.now())
    assert consents.waiting(ada(), consent.public_id, now=clock.now()) is None
    assert lives(sandbox, token)

    run_due(now=lambda: later(minutes=2))
    assert not lives(sandbox, token)
    assert not Consent.objects.exists()


def test_what_is_not_confirmed_in_time_is_given_back_by_the_worker(sandbox: Sandbox) -> None:
    token = access_token(held(sandbox))

    run_due(now=lambda: later(minutes=10))
    assert lives(sandbox, token)
    run_due(now=lambda: later(minutes=12))

    assert not lives(sandbox, token)
    assert not Consent.objects.exists()


def test_what_zoom_never_takes_back_is_erased_after_an_hour(sandbox: Sandbox) -> None:
    held(sandbox)
    sandbox.zoom.fail_next("unavailable", path="/oauth/revoke", times=100)

    run_due(now=lambda: later(minutes=12), most=1)
    assert Consent.objects.exists()
    run_due(now=lambda: later(minutes=120))

    assert not Consent.objects.exists()


def test_the_account_in_use_is_renewed_without_a_question(sandbox: Sandbox) -> None:
    connection = connect_zoom(sandbox)
    Connection.objects.update(state=Connection.State.BROKEN)

    assert allow(sandbox) == connection

    connection.refresh_from_db()
    assert connection.state == "active"
    assert not Consent.objects.exists()


def test_an_account_that_ada_uses_goes_on_for_her_whatever_ben_decides(sandbox: Sandbox) -> None:
    """An account has one pair of tokens: Ben's consent kills Ada's old pair, his no must not kill the new."""
    hers = connect_zoom(sandbox)
    ben = make_host("Ben Adida")

    consent = held(sandbox, ben)
    assert _works(hers)
    connecting.give_back(consent, now=clock.now())
    assert _works(hers)

    his = connecting.confirm(held(sandbox, ben), now=clock.now())
    assert his.credential == hers.credential
    assert _works(his)


def test_a_consent_whose_account_was_given_up_meanwhile_is_not_confirmed(sandbox: Sandbox) -> None:
    hers = connect_zoom(sandbox)
    consent = held(sandbox, make_host("Ben Adida"))
    actions.disconnect(hers, now=clock.now())

    with pytest.raises(Disconnected):
        connecting.confirm(consent, now=clock.now())
    assert Connection.objects.filter(state__in=Connection.LIVE).count() == 0


def test_an_older_consent_of_the_same_account_neither_connects_nor_revokes_the_newer(
    sandbox: Sandbox,
) -> None:
    older, newer = held(sandbox), held(sandbox)
    connection = connecting.confirm(newer, now=clock.now())

    with pytest.raises(ProviderError) as refused:
        connecting.confirm(older, now=clock.now())
    assert refused.value.reason == Reason.AUTHORIZATION_REFUSED
    connecting.give_back(older, now=clock.now())

    assert _works(connection)


def test_what_was_not_allowed_is_known_before_confirming(sandbox: Sandbox) -> None:
    consent = allow(sandbox, scopes=["user:read:user", "meeting:write:meeting"])

    assert isinstance(consent, Consent)
    lacking = [scope.name for scope in consents.missing(consent)]
    assert "meeting:delete:meeting" in lacking
    assert "meeting:write:meeting" not in lacking


def _works(connection: Connection) -> bool:
    connection.refresh_from_db()
    return connection.is_live and actions.open_meetings(connection.credential).me().email == "ada@example.com"
