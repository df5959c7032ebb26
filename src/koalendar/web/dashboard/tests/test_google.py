"""Connecting Google, and what is chosen of its calendars, at HTTP level against the sandbox."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from django.test import Client

from koalendar import clock
from koalendar.accounts.models import Audit
from koalendar.booking.models import EventType
from koalendar.connections import actions, calendars
from koalendar.connections.google.oauth import BUSY, EVENTS, LIST
from koalendar.connections.models import Calendar, Connection, Consent
from koalendar.connections.provider import Reason
from koalendar.sandbox.server import Sandbox
from koalendar.web.dashboard.tests.browsers import sign_in
from koalendar.web.dashboard.tests.test_setting_up import editor
from tests.people import ada, connect_google, make_event_type, make_host

pytestmark = pytest.mark.django_db

INTEGRATIONS = "/dashboard/integrations/"
CONNECT = "/integrations/google/connect"


@pytest.fixture
def sandbox(settings: Any) -> Iterator[Sandbox]:
    with Sandbox() as running:
        settings.GOOGLE_AUTH_URL = f"{running.url}/google/o/oauth2/v2/auth"
        settings.GOOGLE_TOKEN_URL = f"{running.url}/google/token"
        settings.GOOGLE_REVOKE_URL = f"{running.url}/google/revoke"
        settings.GOOGLE_API_URL = f"{running.url}/google/calendar/v3"
        yield running


@pytest.fixture
def browser(client: Client) -> Client:
    return sign_in(client, ada())


def consent(sandbox: Sandbox, url: str, *, user: str = "ada@example.com", scopes: Any = None) -> str:
    """What Google sends the browser back to after Continue, with these boxes ticked."""
    order = {"url": url, "user": user} | ({"scopes": scopes} if scopes is not None else {})
    location = httpx2.post(f"{sandbox.url}/_control/google/authorize", json=order).json()["location"]
    parts = urlsplit(str(location))
    return f"{parts.path}?{parts.query}"


def connected(browser: Client, sandbox: Sandbox, *, scopes: Any = None) -> Connection:
    back = browser.get(consent(sandbox, browser.get(CONNECT)["Location"], scopes=scopes))
    if "/finish/" in back["Location"]:
        browser.post(back["Location"], {"decision": "connect"})
    return Connection.objects.select_related("credential").get()


def page(browser: Client) -> str:
    return browser.get(INTEGRATIONS).content.decode()


def exchanges(sandbox: Sandbox) -> int:
    return sum(call.path.endswith("/token") for call in sandbox.google.calls)


# ── To Google and back ──


def test_connecting_asks_for_offline_access_a_consent_s256_and_the_smallest_scopes(browser: Client) -> None:
    answer = browser.get(CONNECT)

    query = {name: values[0] for name, values in parse_qs(urlsplit(answer["Location"]).query).items()}
    assert (query["access_type"], query["prompt"]) == ("offline", "consent")
    assert (query["code_challenge_method"], query["include_granted_scopes"]) == ("S256", "true")
    assert set(query["scope"].split()) == {"openid", "email", LIST, BUSY, EVENTS}
    assert query["redirect_uri"] == "http://localhost:8000/integrations/google/callback"
    assert len(query["state"]) >= 32
    assert (answer["Referrer-Policy"], answer["Cache-Control"]) == ("no-referrer", "no-store")


def test_a_stranger_signs_in_and_comes_back_by_a_link(client: Client) -> None:
    answer = client.get(f"{CONNECT}?next=/dashboard/start/hours/")
    after = parse_qs(urlsplit(answer["Location"]).query)["next"][0]
    assert answer["Location"].startswith("/accounts/login/")

    shown = sign_in(client, ada()).get(after).content.decode()
    assert f"{CONNECT}?next=%2Fdashboard%2Fstart%2Fhours%2F" in shown


def test_the_account_is_shown_and_its_calendars_are_there_once_it_is_confirmed(
    browser: Client, sandbox: Sandbox
) -> None:
    asked = browser.get(consent(sandbox, browser.get(CONNECT)["Location"]))
    assert "ada@example.com" in browser.get(asked["Location"]).content.decode()
    assert not Connection.objects.exists()

    answer = browser.post(asked["Location"], {"decision": "connect"}, follow=True)
    assert "1 calendar blocks your time, and bookings go into “ada@example.com”." in answer.content.decode()
    assert Audit.objects.filter(act="connected", facts__provider="google").exists()
    target = calendars.target_of(ada())
    assert target is not None
    assert (target.is_primary, target.blocks) == (True, True)


@pytest.mark.parametrize("query", ["?code=stray", "?code=stray&state=invented", "?error=access_denied", ""])
def test_a_code_without_our_state_is_not_exchanged(browser: Client, sandbox: Sandbox, query: str) -> None:
    answer = browser.get(f"/integrations/google/callback{query}")
    assert answer.status_code == 400
    assert "/integrations/google/start" in answer.content.decode()
    assert exchanges(sandbox) == 0


def test_a_state_counts_only_at_the_provider_that_it_was_made_for(browser: Client, sandbox: Sandbox) -> None:
    zoom = browser.get("/integrations/zoom/connect")["Location"]
    state = parse_qs(urlsplit(zoom).query)["state"][0]
    assert browser.get(f"/integrations/google/callback?state={state}&code=stray").status_code == 400
    assert exchanges(sandbox) == 0


def test_a_state_counts_once_and_in_no_other_browser(browser: Client, sandbox: Sandbox) -> None:
    url = browser.get(CONNECT)["Location"]
    back = consent(sandbox, url)
    assert sign_in(Client(), make_host("Ben Adida")).get(back).status_code == 400
    assert browser.get(back).status_code == 302
    assert browser.get(consent(sandbox, url)).status_code == 400


def test_what_waits_at_google_is_not_confirmed_at_zooms_address(browser: Client, sandbox: Sandbox) -> None:
    browser.get(consent(sandbox, browser.get(CONNECT)["Location"]))
    public_id = Consent.objects.get().public_id
    assert browser.post(f"/integrations/zoom/finish/{public_id}", {"decision": "connect"}).status_code == 400
    assert not Connection.objects.exists()


def test_the_same_account_is_connected_again_at_once_and_another_is_added(
    browser: Client, sandbox: Sandbox
) -> None:
    connected(browser, sandbox)
    back = browser.get(consent(sandbox, browser.get(CONNECT)["Location"]))
    assert "/finish/" not in back["Location"]
    assert Connection.objects.count() == 1

    asked = browser.get(consent(sandbox, browser.get(CONNECT)["Location"], user="ben@example.com"))
    browser.post(asked["Location"], {"decision": "connect"})
    assert Connection.objects.filter(host=ada(), state="active").count() == 2
    assert Calendar.objects.filter(is_target=True).count() == 1


@pytest.mark.parametrize(
    ("scope", "disables"),
    [
        (LIST, "We cannot see which calendars you have"),
        (BUSY, "Your busy times do not take slots away"),
        (EVENTS, "Bookings do not appear in your Google Calendar"),
    ],
)
def test_a_box_that_was_not_ticked_is_named_with_what_it_disables(
    browser: Client, sandbox: Sandbox, scope: str, disables: str
) -> None:
    connection = connected(browser, sandbox, scopes=sorted({LIST, BUSY, EVENTS} - {scope}))
    assert (connection.state, connection.problem) == ("attention", "missing_scope")
    assert f"Missing: {disables}" in page(browser)

    again = connected(browser, sandbox)
    assert (again.state, again.problem) == ("active", "")
    target = calendars.target_of(ada())
    assert target is not None
    assert target.blocks


def test_connecting_stands_although_the_list_cannot_be_had(browser: Client, sandbox: Sandbox) -> None:
    back = browser.get(consent(sandbox, browser.get(CONNECT)["Location"]))
    httpx2.post(
        f"{sandbox.url}/_control/google/faults",
        json={"status": 503, "raw": "", "path": "calendarList", "times": 9},
    )
    browser.post(back["Location"], {"decision": "connect"})
    connection = Connection.objects.get()
    assert connection.state == "active"
    assert connection.credential.failure == Reason.SERVER_ERROR
    assert not Calendar.objects.exists()


# ── On the page ──


def test_the_test_asks_google_and_reads_the_list(browser: Client, sandbox: Sandbox) -> None:
    connection = connected(browser, sandbox)
    Calendar.objects.filter(is_primary=False).delete()
    answer = browser.post(f"{INTEGRATIONS}google/{connection.public_id}/test", follow=True)
    assert "We asked Google Calendar for your calendar: it answers." in answer.content.decode()
    assert Calendar.objects.filter(is_primary=False).exists()


def test_disconnecting_revokes_in_google_and_erases_here(browser: Client, sandbox: Sandbox) -> None:
    connection = connected(browser, sandbox)
    browser.post(f"{INTEGRATIONS}google/{connection.public_id}/disconnect")
    connection.credential.refresh_from_db()
    assert (connection.credential.tokens, connection.credential.account_email) == ("", "")
    assert sandbox.google.grants == {}
    assert not Calendar.objects.exists()
    assert browser.get(f"{INTEGRATIONS}zoom/{connection.public_id}/disconnect").status_code == 404


def test_a_revocation_that_google_does_not_confirm_is_said(browser: Client, sandbox: Sandbox) -> None:
    connection = connected(browser, sandbox)
    httpx2.post(
        f"{sandbox.url}/_control/google/faults", json={"status": 503, "raw": "", "path": "revoke", "times": 9}
    )
    answer = browser.post(f"{INTEGRATIONS}google/{connection.public_id}/disconnect", follow=True)
    text = answer.content.decode()
    assert "but Google Calendar did not confirm" in text
    assert f"{sandbox.url}/google/access" in text
    assert not Calendar.objects.exists()


def test_an_access_that_ended_says_what_it_means_on_card_and_banner(
    browser: Client, sandbox: Sandbox
) -> None:
    connection = connected(browser, sandbox)
    actions.mark_broken(connection.credential, Reason.AUTHORIZATION_REFUSED, clock.now())
    assert "Connect another Google account" in page(browser)
    for text in (page(browser), browser.get("/dashboard/").content.decode()):
        assert "Google no longer accepts our access since" in text
        assert "no times are offered" in text
        assert CONNECT in text


@pytest.mark.parametrize(("hours", "is_told"), [(-2, False), (0, True), (1, True), (3, False)])
def test_an_access_that_ended_after_seven_days_is_told_of_testing(
    browser: Client, sandbox: Sandbox, hours: int, is_told: bool
) -> None:
    connection = connected(browser, sandbox)
    ended = clock.now() + timedelta(days=7, hours=hours)
    actions.mark_broken(connection.credential, Reason.AUTHORIZATION_REFUSED, ended)
    assert ("“Testing”" in page(browser)) is is_told


def test_google_is_hidden_while_it_is_off(browser: Client, settings: Any) -> None:
    settings.GOOGLE_CLIENT_ID = settings.GOOGLE_CLIENT_SECRET = ""
    assert "Google" not in page(browser)
    assert "Google" not in browser.get("/dashboard/start/hours/").content.decode()
    assert browser.get(CONNECT)["Location"] == INTEGRATIONS


# ── Calendars ──


def test_the_form_changes_what_it_showed_and_nothing_else(browser: Client, sandbox: Sandbox) -> None:
    connected(browser, sandbox)
    own = Calendar.objects.get(is_primary=True)
    family = Calendar.objects.get(name="Family")
    unseen = Calendar.objects.get(name="Team")
    calendars.choose(ada(), blocks={own.public_id, unseen.public_id}, target=own.public_id)

    chosen = {"shown": [own.public_id, family.public_id], "blocks": [family.public_id], "target": ""}
    answer = browser.post(f"{INTEGRATIONS}calendars", chosen)
    assert answer["Location"] == f"{INTEGRATIONS}#calendars"
    assert {row.name for row in calendars.blocking(ada())} == {"Family", "Team"}
    assert calendars.target_of(ada()) is None


def test_a_calendar_that_is_not_the_hosts_own_is_no_target(browser: Client, sandbox: Sandbox) -> None:
    connected(browser, sandbox)
    target = Calendar.objects.get(name="Family").public_id
    answer = browser.post(f"{INTEGRATIONS}calendars", {"target": target}, follow=True)
    assert "Bookings cannot go into that calendar any more." in answer.content.decode()
    assert calendars.target_of(ada()) == Calendar.objects.get(is_primary=True)


def test_what_vanished_from_the_list_is_named_until_the_host_has_chosen(
    browser: Client, sandbox: Sandbox
) -> None:
    connection = connected(browser, sandbox)
    family = Calendar.objects.get(name="Family")
    calendars.choose(ada(), blocks={family.public_id}, target=None)
    httpx2.post(
        f"{sandbox.url}/_control/google/calendars/share",
        json={"calendar": family.remote_id, "user": "ada@example.com", "role": ""},
    )
    assert calendars.refresh_list(connection, clock.now()) == [family]
    text = page(browser)
    assert "The calendar “Family” is not in your account any more." in text
    assert "It is not in your account any more, so we cannot see when you are busy." in text

    browser.post(f"{INTEGRATIONS}calendars", {"shown": family.public_id, "target": ""})
    assert "Family" not in page(browser)
    assert Connection.objects.get().state == "active"


def test_ignoring_is_for_the_hosts_own_calendars_that_cannot_be_read(
    browser: Client, sandbox: Sandbox
) -> None:
    connected(browser, sandbox)
    own = Calendar.objects.get(is_primary=True)
    ben = sign_in(Client(), make_host("Ben Adida"))
    assert ben.post(f"{INTEGRATIONS}calendars/{own.public_id}/ignore").status_code == 404

    browser.post(f"{INTEGRATIONS}calendars/{own.public_id}/ignore")
    assert calendars.unknown_of(ada(), clock.now()) == []
    browser.post(f"{INTEGRATIONS}calendars/{own.public_id}/wait")
    assert calendars.unknown_of(ada(), clock.now()) == [own]


# ── Where it is chosen besides ──


def save(browser: Client, event_type: EventType, **fields: Any) -> int:
    """Save the editor as it is, but for these fields; the status of the answer."""
    event_type.refresh_from_db()
    posted = editor(slug=event_type.slug, revision=str(event_type.revision), **fields)
    return browser.post(f"/dashboard/event-types/{event_type.public_id}/", posted).status_code


def test_an_event_type_has_a_calendar_of_its_own(browser: Client, sandbox: Sandbox) -> None:
    event_type = make_event_type(ada())
    address = f"/dashboard/event-types/{event_type.public_id}/"
    assert "Bookings go into" not in browser.get(address).content.decode()

    connected(browser, sandbox)
    own = Calendar.objects.get(is_primary=True)
    assert "My usual calendar" in browser.get(address).content.decode()
    assert save(browser, event_type, calendar=own.public_id) == 302
    assert event_type.event_type_hosts.get().calendar == own

    team = Calendar.objects.get(name="Team").public_id
    assert save(browser, event_type, calendar=team) == 422
    assert save(browser, event_type, calendar="") == 302
    assert event_type.event_type_hosts.get().calendar is None


def test_an_event_type_keeps_its_calendar_that_is_not_there_any_more(
    browser: Client, sandbox: Sandbox
) -> None:
    connected(browser, sandbox)
    own = Calendar.objects.get(is_primary=True)
    event_type = make_event_type(ada(), calendar=own.public_id)
    Calendar.objects.filter(pk=own.pk).update(gone_at=clock.now())
    address = f"/dashboard/event-types/{event_type.public_id}/"
    assert "bookings cannot go there now" in browser.get(address).content.decode()
    assert save(browser, event_type, calendar=own.public_id) == 302
    assert event_type.event_type_hosts.get().calendar == own


def test_setting_up_offers_google_and_says_when_it_is_there(browser: Client, sandbox: Sandbox) -> None:
    hours = "/dashboard/start/hours/"
    assert f"{CONNECT}?next=%2Fdashboard%2Fstart%2Fhours%2F" in browser.get(hours).content.decode()
    connect_google(sandbox, ada())
    assert "Google Calendar is connected as ada@example.com" in browser.get(hours).content.decode()


def test_where_bookings_cannot_go_nothing_is_offered_and_why_is_said_once(
    browser: Client, sandbox: Sandbox
) -> None:
    connected(browser, sandbox)
    shown = page(browser)
    assert Calendar.objects.filter(is_writable=False).count() > 1
    assert shown.count("which has to be one that you own") == 1
    assert shown.count("Bookings go here") == 1


def test_an_account_in_which_we_may_not_write_says_so_once(browser: Client, sandbox: Sandbox) -> None:
    connected(browser, sandbox, scopes=["openid", "email", LIST, BUSY])
    shown = page(browser)
    assert shown.count("We may not write events in this account, so bookings cannot go there.") == 1
    assert "Bookings go here" not in shown
    assert "Bookings go into no calendar" in shown


def test_before_connecting_nothing_is_promised_that_was_not_allowed(
    browser: Client, sandbox: Sandbox
) -> None:
    def asked(scopes: Any) -> str:
        back = browser.get(consent(sandbox, browser.get(CONNECT)["Location"], scopes=scopes))
        return browser.get(back["Location"]).content.decode()

    without = asked(["openid", "email", LIST, EVENTS])
    assert "Your busy times do not take slots away" in without
    assert "Its main calendar then blocks times" not in without
    assert "Ask Google Calendar again" in without
    whole = asked(None)
    assert "Its main calendar then blocks times" in whole
    assert "Use another account" in whole


def test_setting_up_does_not_promise_that_anything_blocks_where_nothing_does(
    browser: Client, sandbox: Sandbox
) -> None:
    connected(browser, sandbox, scopes=["openid", "email", LIST, EVENTS])
    shown = browser.get("/dashboard/start/hours/").content.decode()
    assert "none of its calendars blocks your time" in shown
    assert "nobody can book you" not in shown


def test_a_calendar_that_is_read_for_the_first_time_is_no_trouble(browser: Client, sandbox: Sandbox) -> None:
    connected(browser, sandbox)
    assert "It is being read for the first time" in page(browser)
    assert "Ignore this calendar for now" not in page(browser)
    Calendar.objects.filter(blocks=True).update(problem="server_error", problem_since=clock.now())
    shown = page(browser)
    assert "No times are offered at the moment" in shown
    assert "Google Calendar has trouble of its own. We keep asking." in shown
    assert "you need not do anything" not in shown
    assert "Ignore this calendar for now" in shown


def test_setting_up_offers_google_meet_once_bookings_go_into_a_calendar(
    browser: Client, sandbox: Sandbox
) -> None:
    place = "/dashboard/start/place/"
    assert "Google Meet" not in browser.get(place).content.decode()
    connected(browser, sandbox)
    assert "Google Meet: each booking gets a room of its own" in browser.get(place).content.decode()

    assert browser.post(place, {"places": "google_meet"}).status_code == 302
    made = EventType.objects.get()
    assert made.locations == [{"kind": "google_meet"}]
    Calendar.objects.update(is_target=False)
    again = browser.get(place).content.decode()
    assert re.search(r'value="google_meet"[^>]*checked', again)


def test_event_types_at_google_meet_say_when_no_calendar_receives_their_bookings(
    browser: Client, sandbox: Sandbox
) -> None:
    connected(browser, sandbox)
    own, lack = Calendar.objects.get(is_primary=True), "those at Google Meet get no link"
    meet = [{"kind": "google_meet"}]
    event_type = make_event_type(ada(), locations=meet)
    pages = ("/dashboard/event-types/", f"/dashboard/event-types/{event_type.public_id}/")

    def lacking() -> list[bool]:
        return [lack in browser.get(address).content.decode() for address in pages]

    assert lacking() == [False, False]
    Calendar.objects.update(is_target=False)
    assert lacking() == [True, True]
    event_type.event_type_hosts.update(calendar=own)
    assert lacking() == [False, False]
    Connection.objects.update(state=Connection.State.BROKEN)
    lack = "Google Calendar has to be connected again: bookings at Google Meet get no link."
    assert lacking() == [True, True]
