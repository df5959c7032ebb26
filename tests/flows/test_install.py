"""Installing from Zoom's side in a real browser: as stranger, signed out, with another account, refused."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from playwright.sync_api import Page, expect

from koalendar import clock
from koalendar.accounts.models import AccountMail, Host
from koalendar.booking.models import EventType
from koalendar.connections.models import Connection, Consent
from koalendar.sandbox.server import Sandbox
from tests.flows.looks import IN_EVERY_LOOK
from tests.flows.test_dashboard import _code, book, prove, sign_in
from tests.people import PASSWORD, ada, connect_zoom, make_event_type

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

Abroad = Callable[..., Page]


def from_the_marketplace(page: Page, sandbox: Sandbox) -> None:
    page.goto(f"{sandbox.url}/zoom/marketplace")
    page.get_by_role("link", name="Visit Site to Install").click()


def sign_up(page: Page) -> str:
    """Make an account for Grace; returns the link of the mail."""
    page.get_by_role("link", name="Make an account").click()
    page.get_by_label("Name").fill("Grace Hopper")
    page.get_by_label("E-mail").fill("grace@example.com")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Make account").click()
    expect(page.get_by_role("heading", name="Look into your mailbox")).to_be_visible()
    link = re.search(r"http\S+/accounts/confirm-email/\S+", AccountMail.objects.get().text)
    assert link is not None
    return link.group()


def allow(page: Page, user: str = "") -> None:
    """Go on to Zoom, be this user there (a new one if it has no account), and press Allow."""
    page.get_by_role("link", name="Continue to Zoom").click()
    if user:
        page.get_by_label("Another person").check()
        page.get_by_label("E-mail address of the other person").fill(user)
    page.get_by_role("button", name="Allow").click()
    expect(page.get_by_role("heading", name="Connect this Zoom account?")).to_be_visible()


def confirmed_ada() -> Host:
    host = ada()
    EmailAddress.objects.create(user=host, email=host.email, verified=True, primary=True)
    return host


# ── As a stranger ──


def test_a_stranger_signs_up_confirms_by_mail_and_is_back_where_he_was(
    outgoing: Page, sandbox: Sandbox
) -> None:
    from_the_marketplace(outgoing, sandbox)
    outgoing.goto(sign_up(outgoing))
    outgoing.get_by_role("button", name="Confirm address").click()

    expect(outgoing.get_by_text("as grace@example.com")).to_be_visible()
    allow(outgoing)
    expect(outgoing.get_by_text("Ada Lovelace")).to_be_visible()
    assert not Connection.objects.exists()
    outgoing.get_by_role("button", name="Connect", exact=True).click()

    expect(outgoing.get_by_text("Connected", exact=True)).to_be_visible()
    assert Connection.objects.get().host.email == "grace@example.com"


def test_a_stranger_who_opens_the_mail_in_another_browser_signs_in_there_and_goes_on(
    abroad: Abroad, sandbox: Sandbox
) -> None:
    first = abroad()
    from_the_marketplace(first, sandbox)
    link = sign_up(first)

    phone = abroad(viewport={"width": 390, "height": 844})
    phone.goto(link)
    phone.get_by_role("button", name="Confirm address").click()
    phone.get_by_role("link", name="Sign in").click()
    prove(phone, Host.objects.get())

    expect(phone.get_by_text("as grace@example.com")).to_be_visible()
    expect(phone.get_by_role("link", name="Continue to Zoom")).to_be_visible()


# ── As a host ──


def test_a_signed_out_host_signs_in_with_two_factors_and_sees_whose_account_it_is(
    outgoing: Page, sandbox: Sandbox
) -> None:
    host = confirmed_ada()
    secret = generate_totp_secret()
    TOTP.activate(host, secret)
    from_the_marketplace(outgoing, sandbox)
    outgoing.get_by_role("link", name="Sign in").click()
    prove(outgoing, host)
    outgoing.locator("input[name=code]").fill(_code(secret))
    outgoing.locator("main form button").first.click()

    expect(outgoing.get_by_text(f"as {host.email}")).to_be_visible()
    allow(outgoing)
    outgoing.get_by_role("button", name="Connect", exact=True).click()

    expect(outgoing.get_by_text("Connected", exact=True)).to_be_visible()


def test_who_is_not_ada_signs_out_and_is_back_at_the_install(
    outgoing: Page, sandbox: Sandbox, live_server: Any
) -> None:
    sign_in(outgoing, ada(), site=live_server.url)
    from_the_marketplace(outgoing, sandbox)
    outgoing.locator("main").get_by_role("button", name="Sign out").click()

    expect(outgoing.get_by_role("link", name="Make an account")).to_be_visible()
    assert "/integrations/zoom/install" in outgoing.url


def test_a_long_signed_in_host_proves_who_he_is_and_goes_on_by_a_link(
    outgoing: Page, sandbox: Sandbox, live_server: Any, settings: Any
) -> None:
    sign_in(outgoing, ada(), site=live_server.url)
    settings.ACCOUNT_REAUTHENTICATION_TIMEOUT = 0
    from_the_marketplace(outgoing, sandbox)
    outgoing.get_by_role("link", name="Continue to Zoom").click()

    expect(outgoing.get_by_role("heading", name="Is it still you?")).to_be_visible()
    settings.ACCOUNT_REAUTHENTICATION_TIMEOUT = 900
    outgoing.locator("[name=password]").fill(PASSWORD)
    outgoing.locator("main form button").first.click()

    allow(outgoing)


def test_add_in_zoom_comes_without_our_state_and_is_led_to_start_again(
    outgoing: Page, sandbox: Sandbox, live_server: Any
) -> None:
    sign_in(outgoing, ada(), site=live_server.url)
    outgoing.goto(f"{sandbox.url}/zoom/marketplace")
    outgoing.get_by_role("button", name="Add").click()

    expect(outgoing.get_by_role("heading", name="Finish connecting Zoom")).to_be_visible()
    assert not Consent.objects.exists()
    outgoing.get_by_role("link", name="Connect Zoom").click()
    allow(outgoing)


def test_another_zoom_account_is_given_back_added_and_chosen(
    outgoing: Page, sandbox: Sandbox, live_server: Any
) -> None:
    sign_in(outgoing, ada(), site=live_server.url)
    connect_zoom(sandbox)
    from_the_marketplace(outgoing, sandbox)

    allow(outgoing, user="wrong@example.com")
    expect(outgoing.get_by_text("wrong@example.com")).to_be_visible()
    outgoing.get_by_role("button", name="Use another account").click()
    expect(outgoing.get_by_text("To connect another one, sign out of Zoom")).to_be_visible()
    wrong = sandbox.zoom.user("wrong@example.com")
    assert wrong.id not in sandbox.zoom.installed

    allow(outgoing, user="cleo@example.com")
    expect(outgoing.get_by_text("ada@example.com, Licensed plan stays connected")).to_be_visible()
    outgoing.get_by_role("button", name="Connect", exact=True).click()

    expect(outgoing.get_by_text("cleo@example.com")).to_be_visible()
    outgoing.get_by_role("button", name="Use for new bookings").click()
    outgoing.wait_for_load_state()
    default = Connection.objects.get(host=ada(), is_default=True)
    assert default.credential.account_email == "cleo@example.com"


def test_declining_here_gives_back_what_zoom_allowed(
    outgoing: Page, sandbox: Sandbox, live_server: Any
) -> None:
    sign_in(outgoing, ada(), site=live_server.url)
    from_the_marketplace(outgoing, sandbox)
    allow(outgoing)
    outgoing.get_by_role("button", name="Do not connect").click()

    expect(outgoing.get_by_text("Nothing is connected, and Zoom has taken our access back.")).to_be_visible()
    assert sandbox.zoom.installed == {}
    assert not Connection.objects.exists()


# ── Refused ──


@pytest.mark.parametrize("has_script", [True, False])
def test_without_an_admins_approval_the_host_reads_why_and_what_to_send(
    abroad: Abroad, sandbox: Sandbox, live_server: Any, settings: Any, has_script: bool
) -> None:
    page = abroad(java_script_enabled=has_script)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    sign_in(page, ada(), site=live_server.url)
    sandbox.zoom.app.pre_approved = False
    from_the_marketplace(page, sandbox)
    page.get_by_role("link", name="Continue to Zoom").click()
    expect(page.get_by_role("heading", name="You cannot authorize this app")).to_be_visible()

    page.goto(f"{live_server.url}/dashboard/integrations/")
    expect(page.get_by_role("link", name="Zoom showed an error")).to_be_visible()
    expect(page.get_by_role("heading", name="Zoom did not send you back")).not_to_be_visible()

    settings.KOALENDAR_CLOCK_OFFSET = 125
    for path in ("/dashboard/integrations/", "/integrations/zoom/install"):
        page.goto(f"{live_server.url}{path}")
        expect(page.get_by_role("heading", name="Zoom did not send you back")).to_be_visible()
    letter = page.get_by_label("Text for your Zoom admin").input_value()
    assert "Pre-Approve" in letter
    assert "sandbox-zoom-client" in letter
    mail = page.get_by_role("link", name="Write a mail").get_attribute("href") or ""
    assert mail.startswith("mailto:?subject=Please%20approve")
    if has_script:
        page.get_by_role("button", name="Copy the text").click()
        expect(page.locator("#say")).to_have_text("Copied")
        assert page.evaluate("navigator.clipboard.readText()").strip() == letter.strip()
    else:
        expect(page.get_by_role("button", name="Copy the text")).not_to_be_visible()

    sandbox.zoom.app.pre_approved = True
    page.get_by_role("link", name="Try again").click()
    page.get_by_role("button", name="Allow").click()
    page.get_by_role("button", name="Connect", exact=True).click()
    expect(page.get_by_text("Connected", exact=True)).to_be_visible()
    expect(page.get_by_role("heading", name="Zoom did not send you back")).not_to_be_visible()


def test_a_permission_that_was_left_out_is_told_before_and_after(
    outgoing: Page, sandbox: Sandbox, live_server: Any
) -> None:
    sign_in(outgoing, ada(), site=live_server.url)
    from_the_marketplace(outgoing, sandbox)
    outgoing.get_by_role("link", name="Continue to Zoom").click()
    outgoing.get_by_label("Delete your meetings").uncheck()
    outgoing.get_by_role("button", name="Allow").click()

    lack = "A cancelled booking leaves its Zoom meeting behind."
    expect(outgoing.get_by_text(lack)).to_be_visible()
    outgoing.get_by_role("button", name="Connect", exact=True).click()
    expect(outgoing.locator(".chip", has_text="Needs attention")).to_be_visible()
    expect(outgoing.get_by_text(lack).first).to_be_visible()

    outgoing.get_by_role("link", name="Reconnect").click()
    outgoing.get_by_role("button", name="Allow").click()
    expect(outgoing.get_by_text("Connected", exact=True)).to_be_visible()


# ── Afterwards ──


def test_disconnecting_says_what_stays_and_where_to_remove_the_app_if_zoom_is_silent(
    outgoing: Page, sandbox: Sandbox, live_server: Any
) -> None:
    sign_in(outgoing, ada(), site=live_server.url)
    connect_zoom(sandbox)
    booking = book()
    outgoing.goto(f"{live_server.url}/dashboard/integrations/")
    outgoing.get_by_text("1 coming booking", exact=True).click()
    expect(outgoing.get_by_role("link", name="Intro call with Ina Berg")).to_be_visible()

    outgoing.get_by_role("link", name="Disconnect").click()
    expect(outgoing.get_by_text("New bookings get no Zoom link.")).to_be_visible()
    expect(outgoing.get_by_text("Meetings already made stay in Zoom")).to_be_visible()
    sandbox.zoom.fail_next("unavailable", path="/oauth/revoke")
    outgoing.get_by_role("button", name="Disconnect Zoom").click()

    expect(outgoing.locator(".chip", has_text="Removed")).to_be_visible()
    assert Connection.objects.get(host=ada()).credential.tokens == ""
    outgoing.get_by_role("link", name="in Zoom").click()
    expect(outgoing.get_by_role("heading", name="Installed apps", level=1)).to_be_visible()
    assert booking.appointment.event_type.active


@pytest.mark.parametrize("has_script", [True, False])
def test_the_editor_connects_zoom_and_keeps_what_was_typed(
    abroad: Abroad, sandbox: Sandbox, live_server: Any, has_script: bool
) -> None:
    page = sign_in(abroad(java_script_enabled=has_script), ada(), site=live_server.url)
    page.goto(f"{live_server.url}/dashboard/event-types/new")
    page.get_by_label("Title").fill("Coffee")
    page.locator("#questions summary").click()
    page.get_by_role("button", name="Add question").click()
    page.locator("[name=questions-0-label]").fill("Milk?")
    page.get_by_role("button", name="Connect Zoom").click()
    page.get_by_role("link", name="Continue to Zoom").click()
    page.get_by_role("button", name="Decline").click()

    expect(page.get_by_text("Zoom did not connect: you declined.")).to_be_visible()
    page.get_by_role("link", name="Try again").click()
    page.get_by_role("button", name="Allow").click()
    page.get_by_role("button", name="Connect", exact=True).click()

    expect(page.get_by_text("Zoom is connected as ada@example.com.")).to_be_visible()
    expect(page.get_by_text("It is not saved yet.")).to_be_visible()
    expect(page.get_by_label("Title")).to_have_value("Coffee")
    assert not EventType.objects.exists()
    page.locator(".save-bar button").click()
    page.wait_for_url(re.compile("/dashboard/event-types/$"))
    made = EventType.objects.get()
    assert (made.title, [question["label"] for question in made.questions]) == ("Coffee", ["Milk?"])


def test_a_draft_is_shown_only_where_the_way_back_leads(
    abroad: Abroad, sandbox: Sandbox, live_server: Any
) -> None:
    event_type = make_event_type()
    page = sign_in(abroad(), ada(), site=live_server.url)
    editor = f"{live_server.url}/dashboard/event-types/{event_type.public_id}/"
    page.goto(editor)
    page.get_by_label("Title").fill("Something else")
    page.get_by_role("button", name="Connect Zoom").click()
    page.get_by_role("link", name="Not now").click()
    expect(page.get_by_label("Title")).to_have_value("Something else")

    page.goto(editor)
    expect(page.get_by_label("Title")).to_have_value("Intro call")


# ── For everybody ──


@pytest.mark.looks
@IN_EVERY_LOOK
def test_every_step_is_accessible(
    abroad: Abroad,
    sandbox: Sandbox,
    live_server: Any,
    settings: Any,
    is_accessible: Callable[[Page], None],
    width: int,
    scheme: str,
) -> None:
    page = abroad(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page.goto(f"{live_server.url}/integrations/zoom/install")
    is_accessible(page)
    sign_in(page, ada(), site=live_server.url)
    page.goto(f"{live_server.url}/integrations/zoom/install?another=1")
    is_accessible(page)
    allow(page)
    is_accessible(page)
    page.get_by_role("button", name="Connect", exact=True).click()
    page.goto(f"{live_server.url}/integrations/zoom/install?trouble=1")
    is_accessible(page)
    allow(page, user="cleo@example.com")
    is_accessible(page)
    Consent.objects.update(expires_at=clock.now() - timedelta(seconds=1))
    Connection.objects.update(state=Connection.State.BROKEN)
    page.reload()
    is_accessible(page)
    page.goto(f"{live_server.url}/dashboard/integrations/?trouble=1")
    is_accessible(page)
