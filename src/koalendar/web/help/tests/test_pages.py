"""The public pages: open to everybody, for search engines too, with the operator's own words where given."""

import re
from html import unescape
from typing import Any

import pytest
from django.test import Client

from koalendar.web.dashboard.tests.browsers import sign_in
from koalendar.web.help.plain import Block, blocks_of
from tests.people import ada, make_connection, make_host

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("present")]

PAGES = ["/help/zoom/", "/help/google/", "/help/support/", "/privacy/", "/terms/"]
VERIFICATION = "/zoomverify/verifyzoom.html"


def html_of(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return answer.content.decode()


def text_of(client: Client, path: str) -> str:
    main = html_of(client, path).split("<main", 1)[1].split("</main>")[0]
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", f"<main{main}")))


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_for_everybody_and_may_be_found_by_searching(client: Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == client.head(path).status_code == 200
    assert "X-Robots-Tag" not in answer.headers
    assert "noindex" not in answer.content.decode()
    assert answer.headers["Cache-Control"] == "private, max-age=300"
    assert client.post(path).status_code == 405


@pytest.mark.parametrize("path", PAGES)
def test_a_page_runs_no_script_and_writes_no_cookie(client: Client, path: str) -> None:
    answer = client.get(path)
    assert "<script" not in answer.content.decode()
    assert answer.cookies == {}


@pytest.mark.parametrize("path", PAGES)
def test_a_page_carries_the_operators_brand_and_host_name(client: Client, settings: Any, path: str) -> None:
    settings.KOALENDAR_BRAND = "Acme Bookings"
    settings.HOSTNAME = "book.acme.example"
    text = html_of(client, path)
    assert "Koalendar" not in text
    assert "Acme Bookings at book.acme.example" in text


@pytest.mark.parametrize("path", ["/help/support/", "/privacy/", "/terms/"])
def test_whom_to_ask_is_said_and_said_plainly_where_nobody_is_named(
    client: Client, settings: Any, path: str
) -> None:
    assert "has not given an address for support" in text_of(client, path)
    settings.KOALENDAR_SUPPORT_EMAIL = "help@acme.example"
    assert 'href="mailto:help@acme.example"' in html_of(client, path)
    assert "has not given" not in text_of(client, path)


def test_support_says_when_an_answer_may_be_expected(client: Client, settings: Any) -> None:
    settings.KOALENDAR_SUPPORT_HOURS = "We answer within two working days."
    assert "We answer within two working days." in text_of(client, "/help/support/")


# ── Without Zoom ──


def test_a_site_without_zoom_says_so_and_promises_nothing_about_it(client: Client, settings: Any) -> None:
    assert "Data that comes from Zoom" in text_of(client, "/privacy/")
    settings.ZOOM_CLIENT_ID = settings.ZOOM_CLIENT_SECRET = ""
    assert "no Zoom app of its own yet" in text_of(client, "/help/zoom/")
    assert "Data that comes from Zoom" not in text_of(client, "/privacy/")
    assert "Meetings take place at Zoom" not in text_of(client, "/terms/")


# ── Signed in ──


def test_the_help_shows_a_host_how_his_own_zoom_is_and_nobody_else(client: Client) -> None:
    connection = make_connection(state="broken", problem="authorization_refused")
    connection.credential.account_email = "ada@zoom.example"
    connection.credential.save()
    assert 'id="own-zoom"' not in html_of(client, "/help/zoom/")

    sign_in(client, ada())
    answer = client.get("/help/zoom/")
    assert "no-store" in answer.headers["Cache-Control"]
    assert "Reconnect needed" in text_of(client, "/help/zoom/")
    assert "ada@zoom.example" in text_of(client, "/help/zoom/")

    ben = Client()
    sign_in(ben, make_host("Ben Adida"))
    assert "Not connected" in text_of(ben, "/help/zoom/")
    assert "ada@zoom.example" not in text_of(ben, "/help/zoom/")


def test_a_closed_site_offers_no_account(client: Client, settings: Any) -> None:
    assert "Make one" in text_of(client, "/help/zoom/")
    settings.KOALENDAR_SIGNUP = "closed"
    assert "Whoever runs this site makes it for you." in text_of(client, "/help/zoom/")
    assert "/accounts/signup/" not in html_of(client, "/help/zoom/")


def test_who_signs_up_is_shown_terms_and_privacy_first(client: Client) -> None:
    form = html_of(client, "/accounts/signup/").split("<main", 1)[1].split("</main>")[0]
    assert 'href="/terms/"' in form
    assert 'href="/privacy/"' in form


@pytest.mark.parametrize("path", ["/", "/ada/", "/accounts/login/", "/dashboard/", "/help/zoom/"])
def test_every_frame_has_the_pages_in_its_foot(client: Client, path: str) -> None:
    client.force_login(ada()) if path == "/dashboard/" else ada()
    foot = html_of(client, path).split('<footer class="foot">', 1)[1]
    for page in ("/privacy/", "/terms/", "/help/support/"):
        assert f'href="{page}"' in foot


# ── The operator's own text ──

OWN = """# What we keep
Nothing but bookings.
Ask <b>help@acme.example</b> or see https://acme.example/more.

- one & two
- [press](javascript:alert(1)) <script>alert(2)</script>
"""


@pytest.mark.parametrize(
    ("path", "name"), [("/privacy/", "KOALENDAR_PRIVACY"), ("/terms/", "KOALENDAR_TERMS")]
)
def test_the_operators_own_text_takes_the_place_of_ours(
    client: Client, settings: Any, path: str, name: str
) -> None:
    ours = text_of(client, path)
    setattr(settings, name, OWN)
    html, text = html_of(client, path), text_of(client, path)
    assert "<h2>What we keep</h2>" in html
    assert "Nothing but bookings.<br>" in html
    assert 'href="https://acme.example/more"' in html
    assert 'href="mailto:help@acme.example"' in html
    assert "<li>one &amp; two</li>" in html
    assert ours[-200:] not in text
    assert html.count("<h1>") == 1


@pytest.mark.parametrize(
    ("path", "name"), [("/privacy/", "KOALENDAR_PRIVACY"), ("/terms/", "KOALENDAR_TERMS")]
)
def test_nothing_in_the_operators_own_text_is_html(
    client: Client, settings: Any, path: str, name: str
) -> None:
    setattr(settings, name, OWN)
    html = html_of(client, path)
    assert "<script" not in html
    assert "<b>help" not in html
    assert 'href="javascript:' not in html
    assert "&lt;script&gt;" in html


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        ("", []),
        ("one\ntwo\n\nthree", [Block("text", ("one", "two")), Block("text", ("three",))]),
        ("# A\n## B\nc", [Block("heading", ("A",)), Block("heading", ("B",)), Block("text", ("c",))]),
        ("a\n- b\n- c\nd", [Block("text", ("a",)), Block("list", ("b", "c")), Block("text", ("d",))]),
        ("#\n-\n- ", [Block("text", ("#", "-", "-"))]),
        ("a\r\n\r\nb", [Block("text", ("a",)), Block("text", ("b",))]),
    ],
)
def test_headings_lists_and_paragraphs_are_told_apart(text: str, blocks: list[Block]) -> None:
    assert blocks_of(text) == blocks


# ── Zoom's verification of the domain ──


def test_zoom_reads_exactly_what_the_setting_holds(client: Client, settings: Any) -> None:
    settings.ZOOM_DOMAIN_VERIFICATION = "0a1B<2>c&3"
    answer = client.get(VERIFICATION)
    assert answer.content == b"0a1B<2>c&3"
    assert answer.headers["Content-Type"].startswith("text/html")
    assert client.head(VERIFICATION).status_code == 200


def test_without_the_setting_there_is_nothing_to_verify(client: Client) -> None:
    assert client.get(VERIFICATION).status_code == 404
