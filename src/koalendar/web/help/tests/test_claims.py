"""What the public pages say is so: permissions, links, buttons, numbers, tables and places of the link."""

import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.apps import apps
from django.test import Client

from koalendar.booking.links import LIFE_AFTER_END, token_for
from koalendar.booking.models import Booking
from koalendar.booking.models.profile import RESERVED_SLUGS
from koalendar.connections import deletions
from koalendar.connections.actions import disconnect
from koalendar.connections.google.oauth import SCOPES as GOOGLE_SCOPES
from koalendar.connections.zoom.oauth import SCOPES
from koalendar.delivery.tests.letterbox import read
from koalendar.delivery.worker import run_due
from koalendar.sandbox.server import Sandbox
from koalendar.web.dashboard import attempts
from koalendar.web.help import facts
from koalendar.web.help.contents import GOOGLE, ZOOM, Heading
from koalendar.web.help.kept import IMPERSONAL, OF_HOSTS, OF_INVITEES
from koalendar.web.help.scopes import WHY, WHY_CALENDARS
from koalendar.web.help.tests.wording import words_of_the_pages
from koalendar.web.help.urls import urlpatterns
from tests.people import NOW, ada, connect_zoom, make_booking, make_event_type

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("present")]

WEB = Path(__file__).resolve().parents[2]
PAGES = ["/help/zoom/", "/help/google/", "/help/support/", "/privacy/", "/terms/"]


def page(path: str, client: Client | None = None) -> str:
    answer = (client or Client()).get(path)
    assert answer.status_code == 200, path
    return answer.content.decode()


def words(html: str) -> str:
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", html))).strip()


def section(anchor: str, path: str = "/help/zoom/") -> str:
    """The words of the help page from the heading of this anchor to the next heading."""
    after = page(path).split(f'id="{anchor}">', 1)[1]
    return words(re.split(r"<h[23]", after)[0])


def signed_in() -> Client:
    client = Client()
    client.force_login(ada())
    return client


# ── Permissions ──


def test_the_help_names_exactly_the_permissions_that_we_ask_zoom_for() -> None:
    named = re.findall(r"<dt><code>([^<]+)</code></dt>", page("/help/zoom/"))
    assert named == [scope.name for scope in SCOPES]
    assert WHY.keys() == set(named)
    for scope in SCOPES:
        assert str(WHY[scope.name]) in words(page("/help/zoom/"))
        assert scope.disables in words(page("/help/zoom/"))


def test_the_help_names_exactly_the_permissions_that_we_ask_google_for() -> None:
    named = re.findall(r"<dt><code>([^<]+)</code></dt>", page("/help/google/"))
    assert named == [scope.name for scope in GOOGLE_SCOPES]
    assert WHY_CALENDARS.keys() == {scope.gives for scope in GOOGLE_SCOPES}
    for scope in GOOGLE_SCOPES:
        assert scope.gives is not None
        assert str(WHY_CALENDARS[scope.gives]) in words(page("/help/google/"))
        assert scope.disables in words(page("/help/google/"))


def test_no_page_names_a_permission_that_we_do_not_ask_for() -> None:
    for path in PAGES:
        named = set(re.findall(r"\b(?:user|meeting):[a-z]+:[a-z_]+\b", page(path)))
        assert named <= {scope.name for scope in SCOPES}, path


# ── Headings and links ──


def flat(headings: tuple[Heading, ...]) -> Iterator[tuple[str, str]]:
    for heading in headings:
        yield heading.anchor, str(heading.text)
        yield from flat(heading.under)


@pytest.mark.parametrize(("path", "contents"), [("/help/zoom/", ZOOM), ("/help/google/", GOOGLE)])
def test_the_contents_list_is_the_headings_in_their_order(path: str, contents: tuple[Heading, ...]) -> None:
    headings = re.findall(r'<h[23] id="([^"]+)">(.*?)</h[23]>', page(path))
    assert [(anchor, words(text)) for anchor, text in headings] == list(flat(contents))


def links_of(html: str) -> set[str]:
    """Where a page of ours leads within the site."""
    found = {unescape(link) for link in re.findall(r'<a\b[^>]*\shref="([^"]+)"', html)}
    return {link for link in found if link.startswith(("/", "#"))}


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("is_signed_in", [False, True])
def test_every_link_and_every_anchor_answers(path: str, is_signed_in: bool) -> None:
    host = signed_in()
    html = page(path, host if is_signed_in else None)
    assert links_of(html)
    for link in links_of(html):
        to, _, anchor = link.partition("#")
        there = page(to, host if to.startswith(("/dashboard/", "/integrations/")) else None) if to else html
        assert not anchor or f'id="{anchor}"' in there, link


def test_the_addresses_that_the_help_writes_out_are_ours(settings: Any) -> None:
    written = set(re.findall(re.escape(settings.KOALENDAR_BASE_URL) + r"[\w/#.-]+", page("/help/zoom/")))
    assert len(written) == 3
    for address in written:
        parts = urlsplit(address)
        there = page(parts.path, signed_in())
        assert not parts.fragment or f'id="{parts.fragment}"' in there, address


@pytest.mark.parametrize("name", ["zoom", "google"])
def test_our_other_pages_lead_only_to_anchors_of_the_help_that_are_there(name: str) -> None:
    link = rf"\{{% url 'help-{name}' %\}}#([\w-]+)|\{{\{{ {name}_url \}}\}}#([\w-]+)"
    templates = [path.read_text() for path in WEB.rglob("templates/**/*.html")]
    anchors = {one or other for text in templates for one, other in re.findall(link, text)}
    assert anchors
    for anchor in anchors:
        assert f'id="{anchor}"' in page(f"/help/{name}/"), anchor


def test_the_addresses_are_kept_from_hosts() -> None:
    assert {str(pattern.pattern).split("/")[0] for pattern in urlpatterns} <= RESERVED_SLUGS


# ── Buttons ──


@pytest.mark.parametrize(
    ("path", "some"),
    [
        ("/help/zoom/", {"Connect Zoom", "Disconnect Zoom", "Outside copies"}),
        ("/help/google/", {"Connect Google Calendar", "Ignore this calendar for now", "Put it back"}),
    ],
)
def test_every_button_and_place_that_the_help_names_is_so_called_on_the_hosts_pages(
    path: str, some: set[str]
) -> None:
    named = {words(text) for text in re.findall(r"<b>(.*?)</b>", page(path))}
    ours = {name for name in named if not name.endswith(":")}
    assert some <= ours
    assert ours - words_of_the_pages() == set()


def test_the_title_that_the_help_quotes_is_that_of_the_page(client: Client) -> None:
    [quoted] = re.findall(r"<q>(.*?)</q>", page("/help/zoom/"))
    stray = signed_in().get("/integrations/zoom/callback?code=stray").content.decode()
    assert f"<h1>{quoted}</h1>" in stray


# ── Numbers ──


def in_days(length: timedelta) -> str:
    return f"{length.days} days"


@pytest.mark.parametrize("anchor", ["removing-means", "removing-data"])
def test_how_long_links_stay_is_said_alike(anchor: str) -> None:
    assert in_days(deletions.LINKS_STAY) == "10 days"
    assert "10 days" in section(anchor)
    assert "10 days after your host has removed Zoom" in words(page("/privacy/"))


def test_the_warning_before_the_erasure_is_said() -> None:
    assert f"You get a mail {in_days(deletions.WARNED_BEFORE)} before" in section("removing-data")


def test_numbers_come_from_the_code_that_keeps_to_them(settings: Any) -> None:
    minutes = int(attempts.LIFE.total_seconds() / 60)
    assert f"in the last {minutes} minutes" in section("adding-marketplace")
    assert f"ends {in_days(LIFE_AFTER_END)} after the booking’s end" in words(page("/privacy/"))
    assert f"until {in_days(LIFE_AFTER_END)} after the meeting" in words(page("/help/support/"))
    settings.KOALENDAR_LINK_WAIT = 300
    assert "longer than 5 minutes" in section("link")
    settings.SESSION_COOKIE_AGE = 7 * 86400
    assert "for 7 days" in words(page("/privacy/"))


# ── Where the link appears ──


def places() -> dict[str, str]:
    """The places that the help lists, by their anchors."""
    listed = re.findall(r'<li id="link-([\w-]+)">(.*?)</li>', page("/help/zoom/"))
    return {name: words(text) for name, text in listed}


def text_and_calendar_entry(sandbox: Sandbox, address: str) -> list[str]:
    """Of the one mail to this address; the entry with its folded lines made whole."""
    [mail] = sandbox.mailbox.to(address)
    payloads = [
        part.get_payload(decode=True)
        for part in read(mail.raw.encode()).walk()
        if str(part.get_filename()).endswith(".ics") or part.get_content_type() == "text/calendar"
    ]
    entries = [payload.decode() for payload in payloads if isinstance(payload, bytes)]
    return [mail.text, entries[0].replace("\r\n ", "")]


@pytest.mark.django_db(transaction=True)
def test_the_link_appears_at_every_place_that_the_help_lists(sandbox: Sandbox, client: Client) -> None:
    connect_zoom(sandbox)
    booking: Booking = make_booking(now=NOW)
    run_due()
    link = booking.appointment.meetings.get().join_url
    assert link
    host = signed_in()

    shown = {
        "invitee-mail": text_and_calendar_entry(sandbox, booking.invitee_email),
        "host-mail": text_and_calendar_entry(sandbox, ada().email),
        "own-page": [unescape(page(f"/b/{token_for(booking)}/", client))],
        "dashboard": [unescape(page(f"/dashboard/bookings/{booking.uid}/", host))],
    }

    assert shown.keys() == places().keys()
    for name, texts in shown.items():
        for text in texts:
            assert link in text, name


@pytest.mark.django_db(transaction=True)
def test_a_reschedule_keeps_the_link_and_a_cancellation_deletes_the_meeting(sandbox: Sandbox) -> None:
    assert "its link stays" in section("rescheduling")
    assert "The Zoom meeting is deleted" in section("cancelling")
    connect_zoom(sandbox)
    browser = signed_in()
    booking = make_booking(now=NOW)
    run_due()
    [meeting] = sandbox.zoom.present_meetings()
    link, start = meeting.body["join_url"], meeting.start

    browser.post(f"/b/{token_for(booking)}/reschedule/", {"slot": "2026-12-02T09:00+00:00", "tz": "UTC"})
    run_due()
    [meeting] = sandbox.zoom.present_meetings()
    assert (meeting.body["join_url"], meeting.start) == (link, start + timedelta(days=1))

    browser.post(f"/b/{token_for(booking)}/cancel/", {"reason": ""})
    run_due()
    assert sandbox.zoom.present_meetings() == []


@pytest.mark.django_db(transaction=True)
def test_disconnecting_erases_what_the_help_says_and_leaves_event_types_and_meetings(
    sandbox: Sandbox, client: Client
) -> None:
    assert "name, e-mail address and plan of your Zoom account" in section("removing-data")
    assert "stay in Zoom" in section("removing-means")
    connection = connect_zoom(sandbox)
    event_type = make_event_type()
    booking = make_booking(event_type, now=NOW)
    run_due()

    disconnect(connection, now=NOW)
    connection.credential.refresh_from_db()

    credential = connection.credential
    assert (credential.tokens, credential.scopes) == ("", "")
    assert (credential.account_name, credential.account_email, credential.account_plan) == ("", "", "")
    assert len(sandbox.zoom.present_meetings()) == 1
    assert booking.appointment.meetings.get().join_url
    assert client.get(f"/ada/{event_type.slug}/").status_code == 200


# ── What is stored ──


def test_every_table_is_told_of_on_the_privacy_page_or_is_about_nobody() -> None:
    told = [table for row in (*OF_INVITEES, *OF_HOSTS) for table in row.tables]
    models = {model._meta.label for model in apps.get_models()}
    assert sorted([*told, *IMPERSONAL]) == sorted(models)


def test_the_privacy_page_shows_every_row(settings: Any) -> None:
    text = words(page("/privacy/"))
    for row in (*OF_INVITEES, *OF_HOSTS):
        assert str(row.what) in text
        assert str(row.how_long) % facts.numbers() in text


@pytest.mark.django_db(transaction=True)
def test_zoom_is_told_what_the_privacy_page_says_and_no_more(sandbox: Sandbox) -> None:
    assert "Answers and e-mail addresses are not sent to Zoom" in words(page("/privacy/"))
    connect_zoom(sandbox)
    question = {"code": "topic", "label": "Topic", "kind": "short_text", "required": True}
    event_type = make_event_type(description="Bring your drawings.", questions=[question])
    make_booking(event_type, now=NOW, answers={"topic": "The engine"}, guests=["gus@example.com"])
    run_due()

    sent = next(call for call in sandbox.zoom.exchanges if call.method == "POST" and "meetings" in call.path)
    told = str(sent.request_body)
    assert all(said in told for said in ("Intro call", "Ina Berg", "Ada Lovelace", "Bring your drawings."))
    assert not any(kept in told for kept in ("The engine", "ina@example.com", "gus@example.com"))
