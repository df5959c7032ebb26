"""The way to Zoom and back at HTTP level: what an attacker may send, and what a host who got lost reads."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import httpx2
import pytest
from allauth.account.models import EmailAddress
from django.test import Client

from koalendar.accounts.models import AccountMail, Host
from koalendar.connections.models import Connection, Consent
from koalendar.sandbox.server import Sandbox
from koalendar.web.dashboard import attempts
from koalendar.web.dashboard.tests.browsers import sign_in
from tests.people import NOW, PASSWORD, ada, make_connection, make_host

pytestmark = pytest.mark.django_db

INSTALL = "/integrations/zoom/install"
CALLBACK = "/integrations/zoom/callback"


@pytest.fixture
def sandbox(settings: Any) -> Iterator[Sandbox]:
    with Sandbox() as running:
        settings.ZOOM_BASE_URL = f"{running.url}/zoom"
        settings.ZOOM_API_URL = f"{running.url}/zoom/v2"
        yield running


@pytest.fixture
def browser(client: Client) -> Client:
    return sign_in(client, ada())


def start(browser: Client) -> str:
    """Begin an attempt; gives Zoom's address."""
    return str(browser.get("/integrations/zoom/connect")["Location"])


def consent(sandbox: Sandbox, url: str) -> str:
    """What Zoom sends the browser back to after Allow."""
    order = {"url": url, "user": "ada@example.com"}
    parts = urlsplit(httpx2.post(f"{sandbox.url}/_control/authorize", json=order).json()["location"])
    return f"{parts.path}?{parts.query}"


def question(browser: Client, sandbox: Sandbox) -> str:
    """Go to Zoom and back; gives the address of the page that asks for the last word."""
    return str(browser.get(consent(sandbox, start(browser)))["Location"])


def state_of(url: str) -> str:
    return parse_qs(urlsplit(url).query)["state"][0]


# ── What an attacker, or bad luck, may send ──


def test_a_callback_that_comes_late_binds_nothing(browser: Client, sandbox: Sandbox, settings: Any) -> None:
    back = consent(sandbox, start(browser))
    settings.KOALENDAR_CLOCK_OFFSET = 601

    answer = browser.get(back)

    assert answer.status_code == 400
    assert INSTALL in answer.content.decode()
    assert not Consent.objects.exists()
    assert _exchanges(sandbox) == 0


def test_a_stray_code_is_not_even_sent_to_zoom(browser: Client, sandbox: Sandbox) -> None:
    """An attacker's own code, sent to Ada's browser, would link his account to her bookings."""
    code = parse_qs(urlsplit(consent(sandbox, start(sign_in(Client(), make_host("Ben Adida"))))).query)[
        "code"
    ][0]

    for query in (f"?code={code}", f"?code={code}&state=", f"?code={code}&state={'x' * 5000}"):
        assert browser.get(f"{CALLBACK}{query}").status_code == 400

    assert _exchanges(sandbox) == 0
    assert not Consent.objects.exists()


def test_an_error_beside_a_code_is_an_error(browser: Client, sandbox: Sandbox) -> None:
    answer = browser.get(f"{consent(sandbox, start(browser))}&error=server_error")

    assert answer["Location"] == "/dashboard/integrations/?failed=no_code"
    assert not Consent.objects.exists()
    assert _exchanges(sandbox) == 0


def test_a_code_that_is_not_zooms_is_told_and_binds_nothing(browser: Client, sandbox: Sandbox) -> None:
    state = state_of(start(browser))

    page = browser.get(f"{CALLBACK}?state={state}&code=invented", follow=True).content.decode()

    assert "Zoom did not connect" in page
    assert not Consent.objects.exists()


def test_a_callback_without_a_session_offers_to_start_again(sandbox: Sandbox, browser: Client) -> None:
    back = consent(sandbox, start(browser))

    assert Client().get(back).status_code == 400
    assert browser.get(back).status_code == 302  # And it did not spend Ada's attempt.


def test_the_last_word_belongs_to_the_session_that_came_back(browser: Client, sandbox: Sandbox) -> None:
    address = question(browser, sandbox)

    for other in (sign_in(Client(), ada()), sign_in(Client(), make_host("Ben Adida"))):
        assert other.get(address).status_code == 404
        assert other.post(address, {"decision": "connect"}).status_code == 404
    assert not Connection.objects.exists()


def test_the_last_word_is_no_get_and_nothing_without_a_decision(browser: Client, sandbox: Sandbox) -> None:
    address = question(browser, sandbox)

    browser.get(f"{address}?decision=connect")
    browser.post(address, {"decision": "perhaps"})
    browser.post(address)

    assert not Connection.objects.exists()
    assert Consent.objects.exists()


def test_connecting_twice_connects_once(browser: Client, sandbox: Sandbox) -> None:
    address = question(browser, sandbox)
    browser.post(address, {"decision": "connect"})

    assert browser.post(address, {"decision": "connect"})["Location"] == "/dashboard/integrations/"
    assert Connection.objects.count() == 1


def test_after_ten_minutes_nothing_is_connected_any_more(
    browser: Client, sandbox: Sandbox, settings: Any
) -> None:
    address = question(browser, sandbox)
    settings.KOALENDAR_CLOCK_OFFSET = 601

    answer = browser.post(address, {"decision": "connect"})

    assert answer.status_code == 400
    assert INSTALL in answer.content.decode()
    assert not Connection.objects.exists()


def test_no_token_lies_in_the_session_or_in_the_page(browser: Client, sandbox: Sandbox) -> None:
    address = question(browser, sandbox)

    shown = browser.get(address).content.decode() + str(dict(browser.session))
    assert sandbox.zoom.tokens
    assert not [token for token in sandbox.zoom.tokens if token in shown]


def _exchanges(sandbox: Sandbox) -> int:
    return sum(call.path == "/oauth/token" for call in sandbox.zoom.calls)


# ── Signing up on the way ──


def sign_up(browser: Client, wanted: str) -> str:
    """Grace makes an account on the way to `wanted`; gives path and query of the link in her mail."""
    form = {"name": "Grace Hopper", "email": "grace@example.com", "password1": PASSWORD, "next": wanted}
    browser.post("/accounts/signup/", form)
    link = re.search(r"http\S+(/accounts/confirm-email/\S+)", AccountMail.objects.get().text)
    assert link is not None
    return link[1]


def confirm(browser: Client, link: str) -> str:
    """Open the link and press the button as the page has it; gives where that leads."""
    page = browser.get(link).content.decode()
    hidden = re.search(r'name="next" value="([^"]*)"', page)
    form = {"next": hidden[1]} if hidden else {}
    return str(browser.post(urlsplit(link).path, form)["Location"])


def test_the_mail_of_signing_up_leads_back_to_the_install(client: Client) -> None:
    link = sign_up(client, INSTALL)

    assert confirm(client, link) == INSTALL
    assert "as <strong>grace@example.com" in client.get(INSTALL).content.decode()


def test_opened_when_the_sign_in_is_long_over_the_mail_leads_to_the_install_all_the_same(
    client: Client,
) -> None:
    link = sign_up(client, INSTALL)
    session = client.session
    del session["account_login"]
    session.save()

    assert confirm(client, link) == INSTALL
    assert f"/accounts/login/?next={quote(INSTALL, safe='')}" in client.get(INSTALL).content.decode()


def test_signing_in_before_confirming_sends_a_link_that_leads_back_too(client: Client) -> None:
    host = make_host("Grace Hopper")
    EmailAddress.objects.create(user=host, email=host.email, verified=False, primary=True)

    client.post("/accounts/login/", {"login": host.email, "password": PASSWORD, "next": INSTALL})

    assert f"?next={quote(INSTALL, safe='')}" in AccountMail.objects.get().text


@pytest.mark.parametrize("wanted", ["https://evil.example/", "//evil.example/x", "javascript:alert(1)"])
def test_the_mail_leads_to_pages_of_ours_only(client: Client, wanted: str) -> None:
    link = sign_up(client, wanted)

    assert "next=" not in link
    assert confirm(client, link) == "/dashboard/start/"


def test_signing_in_keeps_the_page_that_asked_for_zoom(client: Client) -> None:
    page = client.get(INSTALL, {"next": "/dashboard/event-types/"}).content.decode()

    login = re.search(r'href="(/accounts/login/[^"]*)"', page)
    assert login is not None
    wanted = parse_qs(urlsplit(login[1]).query)["next"][0]
    assert parse_qs(urlsplit(wanted).query) == {"next": ["/dashboard/event-types/"]}


def test_where_signing_up_is_closed_the_install_says_so(client: Client, settings: Any) -> None:
    settings.KOALENDAR_SIGNUP = "closed"

    page = client.get(INSTALL).content.decode()

    assert "closed it to new accounts" in page
    assert "/accounts/signup/" not in page


# ── Zoom never came back ──


def test_only_the_latest_attempt_counts_and_only_while_nobody_answered_it(client: Client) -> None:
    host, session = ada(), client.session
    first = attempts.begin(session, host, "zoom", back_to="/first", now=NOW)
    assert attempts.unanswered(session, host, "zoom", now=NOW + timedelta(minutes=1)) == attempts.Unanswered(
        is_late=False, back_to="/first"
    )
    late = attempts.unanswered(session, host, "zoom", now=NOW + timedelta(minutes=2))
    assert late is not None
    assert late.is_late
    assert attempts.unanswered(session, host, "zoom", now=NOW + timedelta(days=2)) is None
    assert (
        attempts.unanswered(session, make_host("Ben Adida"), "zoom", now=NOW + timedelta(minutes=3)) is None
    )

    second = attempts.begin(session, host, "zoom", back_to="/second", now=NOW + timedelta(minutes=4))
    attempts.take(session, host, "zoom", second.state, now=NOW + timedelta(minutes=5))
    assert attempts.unanswered(session, host, "zoom", now=NOW + timedelta(minutes=9)) is None
    # The first one's window may still be open: hiding and answering elsewhere do not spend it.
    assert attempts.take(session, host, "zoom", first.state, now=NOW + timedelta(minutes=9)) is not None


def test_who_hides_the_trouble_is_not_told_again(browser: Client, settings: Any) -> None:
    start(browser)
    settings.KOALENDAR_CLOCK_OFFSET = 130
    page = "/dashboard/integrations/"
    assert "Zoom did not send you back" in browser.get(page).content.decode()

    browser.post("/integrations/zoom/hide-trouble")

    assert "Zoom did not send you back" not in browser.get(page).content.decode()


def test_zoom_that_says_nothing_is_explained_at_once(browser: Client) -> None:
    url = start(browser)

    page = browser.get(f"{CALLBACK}?state={state_of(url)}", follow=True).content.decode()

    assert "Zoom did not connect, and did not say why." in page
    assert "Pre-Approve" in page


# ── Several accounts ──


def test_the_default_is_chosen_among_accounts_that_work(browser: Client) -> None:
    first = make_connection(user="zoom-ada")
    second = make_connection(user="zoom-cleo", is_default=False)
    broken = make_connection(user="zoom-old", is_default=False, state=Connection.State.BROKEN)

    browser.post(f"/dashboard/integrations/zoom/{second.public_id}/default")
    browser.post(f"/dashboard/integrations/zoom/{broken.public_id}/default")

    assert list(Connection.objects.filter(is_default=True)) == [second]
    first.refresh_from_db()
    assert first.state == "active"


def test_a_host_of_another_zoom_account_is_the_same_host(browser: Client, sandbox: Sandbox) -> None:
    make_connection(user="zoom-other")
    address = question(browser, sandbox)

    browser.post(address, {"decision": "connect"})

    assert Host.objects.count() == 1
    assert Connection.objects.filter(host=ada()).count() == 2
    assert Connection.objects.get(is_default=True).credential.remote_user_id == "zoom-other"
