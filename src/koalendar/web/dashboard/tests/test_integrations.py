"""Connecting Zoom, testing and disconnecting it, against the sandbox."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.backends.cache import SessionStore
from django.http import HttpResponse
from django.test import Client

from koalendar import clock
from koalendar.accounts.models import Audit
from koalendar.booking import queries as bookings
from koalendar.booking.actions import cancel
from koalendar.booking.models import Booking, Meeting
from koalendar.connections import actions
from koalendar.connections.models import Connection, Credential
from koalendar.connections.pkce import challenge_of
from koalendar.outbox.models import Entry
from koalendar.sandbox.server import Sandbox
from koalendar.web.dashboard import attempts
from koalendar.web.dashboard.tests.browsers import sign_in
from tests.people import NOW, ada, connect_zoom, make_booking, make_connection, make_host

pytestmark = pytest.mark.django_db


@pytest.fixture
def sandbox(settings: Any) -> Iterator[Sandbox]:
    with Sandbox() as running:
        settings.ZOOM_BASE_URL = f"{running.url}/zoom"
        settings.ZOOM_API_URL = f"{running.url}/zoom/v2"
        yield running


@pytest.fixture
def browser(client: Client) -> Client:
    return sign_in(client, ada())


def consent(sandbox: Sandbox, url: str) -> str:
    """What Zoom's consent page sends the browser back to: the path and query of our callback."""
    order = {"url": url, "user": "ada@example.com"}
    location = httpx2.post(f"{sandbox.url}/_control/authorize", json=order).json()["location"]
    parts = urlsplit(str(location))
    return f"{parts.path}?{parts.query}"


def finish(browser: Client, back: str, decision: str = "connect") -> HttpResponse:
    """Come back from Zoom, and answer the question if one is asked."""
    answer = browser.get(back)
    if "/integrations/zoom/finish/" in answer["Location"]:
        answer = browser.post(answer["Location"], {"decision": decision})
    return answer  # type: ignore[return-value]  # The client's answer is one.


def test_connecting_asks_zoom_with_s256_and_state_and_without_scope(browser: Client) -> None:
    answer = browser.get("/integrations/zoom/connect")

    query = parse_qs(urlsplit(answer["Location"]).query)
    assert query["code_challenge_method"] == ["S256"]
    assert query["redirect_uri"] == ["http://localhost:8000/integrations/zoom/callback"]
    assert len(query["state"][0]) >= 32
    assert "scope" not in query
    assert (answer["Referrer-Policy"], answer["Cache-Control"]) == ("no-referrer", "no-store")


def test_the_way_through_zoom_ends_connected_and_owes_the_missing_links(
    browser: Client, sandbox: Sandbox
) -> None:
    make_booking()
    back = consent(sandbox, browser.get("/integrations/zoom/connect")["Location"])

    asked = browser.get(back)

    assert asked["Referrer-Policy"] == "no-referrer"
    assert "code=" not in asked["Location"]
    question = browser.get(asked["Location"]).content.decode()
    assert "Ada Lovelace" in question
    assert "ada@example.com" in question
    assert not Connection.objects.exists()

    answer = browser.post(asked["Location"], {"decision": "connect"})
    assert (answer.status_code, answer["Location"]) == (302, "/dashboard/integrations/")
    assert Connection.objects.get(host=ada()).state == "active"
    assert Audit.objects.filter(host=ada(), act="connected").exists()
    page = browser.get("/dashboard/integrations/").content.decode()
    assert "Connected" in page
    assert "ada@example.com" in page


def test_a_state_counts_once(browser: Client, sandbox: Sandbox) -> None:
    url = browser.get("/integrations/zoom/connect")["Location"]
    first = consent(sandbox, url)
    second = consent(sandbox, url)
    browser.get(first)

    assert browser.get(second).status_code == 400


@pytest.mark.parametrize("query", ["?code=stray", "?code=stray&state=invented", "?error=access_denied", ""])
def test_a_code_without_our_state_binds_nothing_and_offers_to_start_again(
    browser: Client, query: str
) -> None:
    answer = browser.get(f"/integrations/zoom/callback{query}")

    assert answer.status_code == 400
    assert "/integrations/zoom/install" in answer.content.decode()
    assert "stray" not in answer.content.decode()
    assert not Connection.objects.exists()


def test_adas_state_is_worth_nothing_in_bens_browser(browser: Client, sandbox: Sandbox) -> None:
    back = consent(sandbox, browser.get("/integrations/zoom/connect")["Location"])
    ben = sign_in(Client(), make_host("Ben Adida"))

    assert ben.get(back).status_code == 400
    assert not Connection.objects.exists()


def _session() -> SessionBase:
    return SessionStore()


def test_a_state_is_for_the_host_who_began_and_for_ten_minutes() -> None:
    host, other, session = ada(), make_host("Ben Adida"), _session()
    late = attempts.begin(session, host, "zoom", back_to="/", now=NOW)
    foreign = attempts.begin(session, host, "zoom", back_to="/", now=NOW)
    good = attempts.begin(session, host, "zoom", back_to="/", now=NOW)

    assert attempts.take(session, host, "zoom", late.state, now=NOW + timedelta(minutes=11)) is None
    assert attempts.take(session, other, "zoom", foreign.state, now=NOW) is None
    taken = attempts.take(session, host, "zoom", good.state, now=NOW + timedelta(minutes=9))
    assert taken is not None
    assert challenge_of(taken.verifier) == good.challenge


def test_declining_is_told_in_words(browser: Client) -> None:
    url = browser.get("/integrations/zoom/connect")["Location"]
    state = parse_qs(urlsplit(url).query)["state"][0]

    answer: HttpResponse = browser.get(
        f"/integrations/zoom/callback?state={state}&error=access_denied", follow=True
    )  # type: ignore[assignment]  # The client's answer is one.

    assert "Zoom did not connect: you declined." in answer.content.decode()
    assert "Try again" in answer.content.decode()


def test_the_words_of_a_failure_are_ours_whatever_the_address_says(browser: Client) -> None:
    page = browser.get("/dashboard/integrations/?failed=<b>call+555</b>").content.decode()

    assert "call" not in page
    assert "Zoom did not connect." in page


def test_connecting_returns_to_a_page_of_ours_only(browser: Client, sandbox: Sandbox) -> None:
    for wanted, reached in (
        ("/dashboard/event-types/", "/dashboard/event-types/"),
        ("https://evil.example/", "/dashboard/integrations/"),
        ("//evil.example/", "/dashboard/integrations/"),
    ):
        url = browser.get("/integrations/zoom/connect", {"next": wanted})["Location"]
        assert finish(browser, consent(sandbox, url))["Location"] == reached


def test_testing_asks_zoom_and_says_what_was_done(browser: Client, sandbox: Sandbox) -> None:
    connection = connect_zoom(sandbox)

    answer = browser.post(f"/dashboard/integrations/zoom/{connection.public_id}/test", follow=True)

    assert "We asked Zoom who you are: ada@example.com. All permissions are there." in answer.content.decode()


def test_the_card_says_what_zoom_records_by_itself_once_it_is_tested(
    browser: Client, sandbox: Sandbox
) -> None:
    connection = connect_zoom(sandbox)
    said = "Its meetings are recorded to the cloud by themselves"
    assert said not in browser.get("/dashboard/integrations/").content.decode()
    sandbox.zoom.user("ada@example.com").preferences["auto_recording"] = "cloud"
    browser.post(f"/dashboard/integrations/zoom/{connection.public_id}/test")
    assert said in browser.get("/dashboard/integrations/").content.decode()


@pytest.mark.parametrize("state", [Connection.State.BROKEN, Connection.State.REVOKED])
def test_a_connection_that_ended_is_not_tested(
    browser: Client, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    connection = make_connection(state=state, is_default=False)
    make_connection(make_host("Ben Adida"))  # The same account of Zoom, and this one works.
    asked: list[object] = []
    monkeypatch.setattr(actions, "open_account", asked.append)

    answer = browser.post(f"/dashboard/integrations/zoom/{connection.public_id}/test", follow=True)

    assert "Zoom is not connected, so we did not ask." in answer.content.decode()
    assert asked == []


@pytest.mark.parametrize("is_cancelled", [False, True])
def test_what_a_crash_left_waiting_for_a_connection_is_owed_when_the_page_is_opened(
    browser: Client, is_cancelled: bool
) -> None:
    booking = make_booking(now=clock.now(), start=_next_tuesday())
    if is_cancelled:
        cancel(booking, by=Booking.By.HOST, now=clock.now())
    entry = Entry.objects.filter(kind="meeting", subject=str(booking.appointment_id))
    entry.update(due_at=None, needs_person=True, problem="not_connected")
    browser.get("/dashboard/integrations/")
    assert entry.get().due_at is None  # Nothing works yet.

    make_connection()
    browser.get("/dashboard/integrations/")

    assert (entry.get().due_at is not None, entry.get().needs_person) == (True, False)


def test_what_zoom_refused_is_not_tried_anew_by_looking_at_the_page(browser: Client) -> None:
    booking = make_booking(now=clock.now(), start=_next_tuesday())
    entry = Entry.objects.filter(kind="meeting", subject=str(booking.appointment_id))
    entry.update(due_at=None, needs_person=True, problem="plan_limit")
    make_connection()

    browser.get("/dashboard/integrations/")

    assert entry.get().due_at is None


def _next_tuesday() -> datetime:
    today = clock.now().replace(hour=9, minute=0, second=0, microsecond=0)
    return today + timedelta(days=(1 - today.weekday()) % 7 + 7)


def test_the_card_keeps_the_last_error_after_it_has_worked_again(browser: Client, sandbox: Sandbox) -> None:
    connection = connect_zoom(sandbox)
    test = f"/dashboard/integrations/zoom/{connection.public_id}/test"
    sandbox.zoom.fail_next("server_error", method="GET", path="^/v2/users/me$")
    page = browser.post(test, follow=True).content.decode()
    assert "Zoom has trouble of its own." in page
    assert re.search(r"Last failed: [^.]+\. Zoom has trouble of its own\.<", page)
    Credential.objects.update(failed_at=clock.now() - timedelta(hours=1))
    page = browser.post(test, follow=True).content.decode()
    assert re.search(r"Last failed: [^.]+\. Zoom has trouble of its own\. It has worked since\.", page)


def test_a_missing_permission_is_named_with_what_it_breaks(browser: Client, sandbox: Sandbox) -> None:
    connect_zoom(sandbox, scopes=["user:read:user", "meeting:write:meeting"])

    page = browser.get("/dashboard/integrations/").content.decode()

    assert "Needs attention" in page
    assert "A cancelled booking leaves its Zoom meeting behind." in page


def test_disconnecting_asks_first_then_erases_and_leaves_event_types_bookable(
    browser: Client, sandbox: Sandbox
) -> None:
    booking = make_booking()
    connection = connect_zoom(sandbox)
    address = f"/dashboard/integrations/zoom/{connection.public_id}/disconnect"

    assert "1 coming booking is at Zoom" in browser.get(address).content.decode()
    browser.post(address)

    connection.refresh_from_db()
    connection.credential.refresh_from_db()
    assert (connection.state, connection.credential.tokens) == ("revoked", "")
    assert booking.appointment.event_type.active
    assert Audit.objects.filter(host=ada(), act="disconnected").exists()
    assert "Removed" in browser.get("/dashboard/integrations/").content.decode()


def test_without_an_app_of_the_operators_zoom_is_hidden(browser: Client, settings: Any) -> None:
    settings.ZOOM_CLIENT_ID = settings.ZOOM_CLIENT_SECRET = ""

    page = browser.get("/dashboard/integrations/").content.decode()

    assert "Connect Zoom" not in page
    assert "ZOOM_CLIENT_ID" in page
    assert browser.get("/integrations/zoom/connect")["Location"] == "/dashboard/integrations/"


# ── What the card says ──


def _book_next_tuesday() -> Booking:
    return make_booking(now=clock.now(), start=_next_tuesday())


def test_the_card_names_what_uses_the_account_and_what_goes_wrong_with_it(browser: Client) -> None:
    connection = make_connection()
    booking = _book_next_tuesday()
    Meeting.objects.filter(appointment=booking.appointment).update(
        credential=connection.credential, problem="no_answer", problem_since=clock.now()
    )

    page = browser.get("/dashboard/integrations/").content.decode()

    assert "1 event type uses it" in page
    assert f"/dashboard/bookings/{booking.uid}/" in page
    assert "Zoom has not answered yet." in page
    assert "1 booking waits." in page


def test_a_booking_is_told_at_the_account_that_its_meeting_lies_in(browser: Client) -> None:
    default = make_connection(user="zoom-ada")
    other = make_connection(user="zoom-cleo", is_default=False)
    booking = _book_next_tuesday()
    now = clock.now()
    assert list(bookings.coming_over(default, now=now)) == [booking]
    assert list(bookings.coming_over(other, now=now)) == []

    Meeting.objects.filter(appointment=booking.appointment).update(credential=other.credential)

    assert list(bookings.coming_over(default, now=now)) == []
    assert list(bookings.coming_over(other, now=now)) == [booking]
    assert not bookings.coming_over(make_connection(make_host("Ben Adida")), now=now).exists()


def test_why_it_is_broken_is_said_where_more_than_reconnecting_is_needed(browser: Client) -> None:
    make_connection(state="broken", problem="admin_disabled", problem_since=NOW)

    page = browser.get("/dashboard/integrations/").content.decode()

    assert "Your Zoom admin has switched this app off." in page


def test_disconnecting_one_account_of_two_says_which_one_takes_over(browser: Client) -> None:
    first = make_connection(user="zoom-ada")
    second = make_connection(user="zoom-cleo", is_default=False)
    Credential.objects.filter(pk=second.credential_id).update(account_email="cleo@example.com")

    page = browser.get(f"/dashboard/integrations/zoom/{first.public_id}/disconnect").content.decode()

    assert "new bookings use cleo@example.com" in page
    assert "New bookings get no Zoom link." not in page


def test_disconnecting_a_shared_account_says_that_zoom_keeps_the_app(browser: Client) -> None:
    mine = make_connection()
    make_connection(make_host("Ben Adida"))

    page = browser.get(f"/dashboard/integrations/zoom/{mine.public_id}/disconnect").content.decode()

    assert "Another host of this site uses it too" in page
    assert "Ben" not in page


@pytest.mark.parametrize(
    ("fields", "told", "button"),
    [
        ({"state": "active"}, "Zoom is connected as ada@example.com.", ""),
        ({"state": "attention"}, "but not everything works", "Reconnect Zoom"),
        ({"state": "broken"}, "Zoom has to be connected again", "Reconnect Zoom"),
        ({"state": "revoked", "is_default": False}, "Zoom is not connected", "Connect Zoom"),
    ],
)
def test_the_editor_says_at_once_how_zoom_is(
    browser: Client, fields: dict[str, Any], told: str, button: str
) -> None:
    connection = make_connection(**fields)
    Credential.objects.filter(pk=connection.credential_id).update(account_email="ada@example.com")

    page = browser.get("/dashboard/event-types/new").content.decode()

    assert told in page
    assert ('name="connect_zoom"' in page) == bool(button)
    assert button in page
