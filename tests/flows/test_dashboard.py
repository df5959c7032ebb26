"""The host's side in a real browser: getting in, connecting Zoom, changing hours, by keys alone too."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from playwright.sync_api import Page, expect

from koalendar import clock
from koalendar.accounts.keys import find_key
from koalendar.accounts.models import AccountMail, Host
from koalendar.booking.models import Booking, EventType, Schedule
from koalendar.connections.models import Connection
from koalendar.outbox.models import Entry
from koalendar.sandbox.server import Sandbox
from tests.flows.keys import focused, go, press, settled_on, tab_to
from tests.flows.looks import IN_EVERY_LOOK
from tests.people import PASSWORD, ada, make_booking, make_calendar, make_connection, make_event_type

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

Visit = Callable[..., Page]


def sign_in(page: Page, host: Host, *, site: str) -> Page:
    EmailAddress.objects.get_or_create(user=host, email=host.email, verified=True, primary=True)
    page.goto(f"{site}/accounts/login/")
    prove(page, host)
    page.wait_for_url(re.compile("/dashboard/"))
    return page


def prove(page: Page, host: Host) -> None:
    """Fill in the sign-in page that is open."""
    page.locator("[name=login]").fill(host.email)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("main form button").first.click()


def book(event_type: EventType | None = None, *, hour: int = 9) -> Booking:
    start = clock.now().replace(hour=hour, minute=0, second=0, microsecond=0)
    tuesday: datetime = start + timedelta(days=(1 - start.weekday()) % 7 + 7)
    return make_booking(event_type or make_event_type(), now=clock.now(), start=tuesday)


# ── Getting in ──


def test_signing_up_confirming_and_signing_in_again(visit: Visit, live_server: Any, settings: Any) -> None:
    settings.KOALENDAR_BASE_URL = live_server.url
    page = visit("/accounts/signup/", timezone_id="Asia/Kolkata")
    page.get_by_label("Name").fill("Grace Hopper")
    page.get_by_label("E-mail").fill("grace@example.com")
    page.get_by_label("Password", exact=True).fill("a nanosecond of wire")
    page.locator("main button").first.click()
    expect(page.locator("h1")).to_be_visible()
    page.wait_for_url(re.compile("confirm-email"))

    link = re.search(r"http\S+/accounts/confirm-email/\S+", AccountMail.objects.get().text)
    assert link is not None
    page.goto(link.group())
    page.locator("main button").first.click()
    page.wait_for_url(re.compile("/dashboard/"))

    expect(page.get_by_role("heading", name="Who you are")).to_be_visible()
    assert Host.objects.get(email="grace@example.com").zone == "Asia/Kolkata"


def test_signing_in_works_without_script(visit: Visit, live_server: Any) -> None:
    page = visit(java_script_enabled=False)

    sign_in(page, ada(), site=live_server.url)

    expect(page.get_by_role("heading", name="Bookings", exact=True)).to_be_visible()


def test_two_factor_is_set_up_and_asked_for_at_the_next_sign_in(visit: Visit, live_server: Any) -> None:
    page = sign_in(visit(), ada(), site=live_server.url)
    page.goto(f"{live_server.url}/accounts/2fa/totp/activate/")
    secret = page.locator("main code").first.inner_text()
    page.locator("input[name=code]").fill(_code(secret))
    page.locator("main form button").first.click()
    page.wait_for_url(re.compile("/accounts/2fa/"))
    assert ada().audit.filter(act="two_factor_added").exists()

    other = visit("/accounts/login/")
    prove(other, ada())

    other.wait_for_url(re.compile("/accounts/2fa/authenticate/"))


def _code(secret: str) -> str:
    """What an authenticator app shows now."""
    counter = next(iter(yield_hotp_counters_from_time()))
    return str(format_hotp_value(hotp_value(secret, counter)))


# ── Zoom ──


def test_connecting_declining_and_disconnecting_zoom(
    outgoing: Page, sandbox: Sandbox, live_server: Any
) -> None:
    page = sign_in(outgoing, ada(), site=live_server.url)
    page.goto(f"{live_server.url}/dashboard/integrations/")

    page.get_by_role("link", name="Connect Zoom").click()
    page.get_by_role("button", name="Decline").click()
    expect(page.get_by_text("Zoom did not connect: you declined.")).to_be_visible()

    page.get_by_role("link", name="Try again").click()
    page.get_by_role("button", name="Allow").click()
    page.get_by_role("button", name="Connect", exact=True).click()
    page.wait_for_url(re.compile("/dashboard/integrations/"))
    expect(page.get_by_text("Connected", exact=True)).to_be_visible()
    assert Connection.objects.get(host=ada()).state == "active"

    page.get_by_role("button", name="Test").click()
    expect(page.get_by_text("We asked Zoom who you are")).to_be_visible()

    page.get_by_role("link", name="Disconnect").click()
    page.get_by_role("button", name="Disconnect Zoom").click()
    expect(page.locator(".chip", has_text="Removed")).to_be_visible()
    assert Connection.objects.get(host=ada()).credential.tokens == ""


def test_connecting_by_keys_alone(outgoing: Page, sandbox: Sandbox, live_server: Any) -> None:
    page = sign_in(outgoing, ada(), site=live_server.url)
    page.goto(f"{live_server.url}/dashboard/integrations/")

    press(page, "Connect Zoom")
    page.wait_for_url(re.compile(urlsplit(sandbox.url).netloc))
    press(page, "Decline")
    page.wait_for_url(re.compile("/dashboard/integrations/"))
    press(page, "Try again")
    page.wait_for_url(re.compile(urlsplit(sandbox.url).netloc))
    press(page, "Allow")
    page.wait_for_url(re.compile("/integrations/zoom/finish/"))
    press(page, "Connect")

    expect(page.get_by_text("Connected", exact=True)).to_be_visible()


# ── Requests ──


@pytest.mark.parametrize("width", [390, 1280])
def test_a_request_is_declined_by_keys_alone_and_the_next_one_is_at_hand(
    visit: Visit, live_server: Any, settings: Any, width: int
) -> None:
    settings.KOALENDAR_RATE_MAIL = None
    asked = make_event_type(requires_confirmation=True)
    first, second, third = (book(asked, hour=hour) for hour in (9, 10, 11))
    page = sign_in(visit(width=width), ada(), site=live_server.url)

    if width == 390:
        press(page, "Menu")
        tab_to(page, "Bookings 3 to answer")
        page.keyboard.press("Escape")
        assert focused(page) == "Menu"
    go(page, "Pending 3")
    tab_to(page, f"b-{second.uid}")
    press(page, "More for Ina Berg")
    tab_to(page, "Details")
    page.keyboard.press("Escape")
    assert focused(page) == "More for Ina Berg"
    expect(page.get_by_role("link", name="Details")).to_have_count(0)
    tab_to(page, "Decline Ina Berg", key="Shift+Tab")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    tab_to(page, "id_reason")
    page.keyboard.type("On a train")
    go(page, "Decline request")

    settled_on(page, f"b-{third.uid}")
    expect(page.get_by_text("Declined: Ina Berg gets a mail.")).to_be_visible()
    go(page, "Confirm Ina Berg")
    settled_on(page, f"b-{first.uid}")
    assert [Booking.objects.get(pk=one.pk).status for one in (first, second, third)] == [
        "pending",
        "declined",
        "confirmed",
    ]


# ── Event types and hours ──


def test_hours_are_added_copied_and_removed_and_the_focus_is_never_lost(
    visit: Visit, live_server: Any
) -> None:
    page = sign_in(visit(), ada(), site=live_server.url)
    page.goto(f"{live_server.url}/dashboard/availability/")
    page.get_by_role("link", name="Edit Working hours").click()

    press(page, "mon-add")
    settled_on(page, "mon-start-1")
    expect(page.locator("#say")).to_have_text("Monday: hours added.")
    page.keyboard.type("0615AM")  # The letters count only where the browser asks for them.
    tab_to(page, "mon-end-1")
    page.keyboard.type("0745AM")

    copy = "Copy the hours of Monday to other days"
    press(page, copy)
    tab_to(page, "mon-copy-tue")
    page.keyboard.press("Escape")
    assert focused(page) == copy
    expect(page.locator("#mon-copy-tue")).to_be_hidden()
    page.keyboard.press("Enter")
    tab_to(page, "mon-copy-tue")
    page.keyboard.press("Space")
    press(page, "Apply")
    expect(page.locator("#tue-end-1")).to_have_value("07:45")
    settled_on(page, "mon-open")

    press(page, "Remove hours 2 of Monday")
    settled_on(page, "mon-add")
    press(page, "Save", most=80)
    expect(page.get_by_text("Saved.")).to_be_visible()

    weekly = Schedule.objects.get().weekly
    assert weekly["mon"] == [["09:00", "17:00"]]
    assert weekly["tue"] == [["06:15", "07:45"], ["09:00", "17:00"]]


def test_an_event_type_is_made_without_script_with_a_question(visit: Visit, live_server: Any) -> None:
    page = sign_in(visit(java_script_enabled=False), ada(), site=live_server.url)
    page.goto(f"{live_server.url}/dashboard/event-types/new")
    page.get_by_label("Title").fill("Coffee")
    page.locator("#questions summary").click()
    page.get_by_role("button", name="Add question").click()
    page.locator("[name=questions-0-label]").fill("Milk?")
    page.locator("input[name=places][value=zoom]").check()
    page.locator(".save-bar button").click()

    page.wait_for_url(re.compile("/dashboard/event-types/$"))
    made = EventType.objects.get()
    assert (made.title, made.slug) == ("Coffee", "coffee")
    assert [question["label"] for question in made.questions] == ["Milk?"]


def test_the_first_error_is_met_by_the_focus(visit: Visit, live_server: Any) -> None:
    page = sign_in(visit(), ada(), site=live_server.url)
    page.goto(f"{live_server.url}/dashboard/event-types/new")
    page.locator(".save-bar button").click()

    expect(page.locator("#error-summary")).to_be_focused()
    page.get_by_role("link", name="Title: Enter a title").click()
    expect(page.get_by_label("Title")).to_be_focused()


# ── Keys for programs ──


@IN_EVERY_LOOK
def test_a_key_is_made_copied_and_revoked(
    visit: Visit, live_server: Any, is_accessible: Callable[[Page], None], width: int, scheme: str
) -> None:
    page = visit(width=width, color_scheme=scheme, permissions=["clipboard-read", "clipboard-write"])
    sign_in(page, ada(), site=live_server.url)
    page.goto(f"{live_server.url}/dashboard/settings/")
    page.get_by_role("link", name="API keys").click()
    is_accessible(page)
    page.get_by_role("link", name="New key").click()
    is_accessible(page)
    page.get_by_role("button", name="Make key").click()
    expect(page.get_by_role("alert")).to_contain_text("Enter a name")
    is_accessible(page)

    page.get_by_label("Name").fill("shop")
    page.get_by_label("Bookings:").check()
    page.get_by_label("Expires").select_option("After 30 days")
    page.get_by_role("button", name="Make key").click()
    expect(page.get_by_role("heading", name="Your new key")).to_be_visible()
    is_accessible(page)
    page.get_by_role("button", name="Copy key shop").click()
    expect(page.get_by_role("button", name="Copied key shop")).to_be_visible()
    key = find_key(page.evaluate("navigator.clipboard.readText()"), now=clock.now())
    assert key is not None
    assert (key.host, key.scopes) == (ada(), "bookings")

    page.reload()
    expect(page.get_by_text("made already")).to_be_visible()
    is_accessible(page)
    page.get_by_role("link", name="Revoke shop").click()
    is_accessible(page)
    page.get_by_role("button", name="Revoke key").click()
    expect(page.get_by_role("heading", name="No active keys")).to_be_visible()
    expect(page.get_by_role("heading", name="Ended keys")).to_be_visible()
    is_accessible(page)
    key.refresh_from_db()
    assert key.revoked_at is not None


def test_a_key_is_made_and_revoked_without_script(visit: Visit, live_server: Any) -> None:
    page = sign_in(visit(java_script_enabled=False), ada(), site=live_server.url)
    page.goto(f"{live_server.url}/dashboard/settings/keys/")
    page.get_by_role("link", name="New key").click()
    page.get_by_label("Name").fill("shop")
    page.get_by_role("button", name="Make key").click()
    text = page.locator(".copy-field code").inner_text()
    assert find_key(text, now=clock.now()) is not None
    expect(page.get_by_role("button", name="Copy")).to_have_count(0)

    page.get_by_role("link", name="I have copied it").click()
    page.get_by_role("link", name="Revoke shop").click()
    page.get_by_role("button", name="Revoke key").click()
    assert find_key(text, now=clock.now()) is None


# ── For everybody ──


def host_pages() -> list[str]:
    """The addresses of Ada's pages, with something on each of them."""
    booking, connection = book(), make_connection(user="zoom-ada")
    event_type = booking.appointment.event_type
    moved, deleted = (
        make_booking(event_type, now=clock.now(), start=booking.appointment.end + timedelta(hours=hours))
        for hours in (1, 2)
    )
    moved.appointment.meetings.update(
        state="present", join_url="https://zoom.example/j/1", seen_start=moved.appointment.end
    )
    deleted.appointment.meetings.update(state="gone", problem="deleted_there")
    Entry.objects.filter(kind="meeting").update(due_at=None)
    request = book(make_event_type(slug="advice", requires_confirmation=True), hour=11)
    schedule = ada().schedules.get().public_id
    calendar = make_calendar(is_primary=True, is_target=True, is_writable=True, role="owner", read_at=None)
    make_calendar(remote_id="family", name="Family", role="reader", read_at=None, ignored_at=clock.now())
    make_calendar(remote_id="old", name="An old one, of a name that is rather long", gone_at=clock.now())
    make_calendar(remote_id="quiet", name="Quiet", role="freeBusyReader", blocks=False)
    return [
        "/dashboard/",
        "/dashboard/?q=nobody",
        "/dashboard/?tab=cancelled",
        f"/dashboard/bookings/{booking.uid}/",
        f"/dashboard/bookings/{moved.uid}/",
        f"/dashboard/bookings/{deleted.uid}/",
        f"/dashboard/bookings/{booking.uid}/cancel",
        f"/dashboard/bookings/{booking.uid}/reschedule",
        "/dashboard/event-types/",
        "/dashboard/event-types/new",
        "/dashboard/?tab=pending",
        f"/dashboard/bookings/{request.uid}/",
        f"/dashboard/bookings/{request.uid}/decline",
        f"/dashboard/event-types/{event_type.public_id}/",
        f"/dashboard/event-types/{event_type.public_id}/share",
        f"/dashboard/event-types/{event_type.public_id}/delete",
        "/dashboard/availability/",
        "/dashboard/availability/new",
        f"/dashboard/availability/{schedule}/",
        f"/dashboard/availability/{schedule}/dates",
        f"/dashboard/availability/{schedule}/delete",
        "/dashboard/integrations/",
        "/dashboard/integrations/?failed=declined",
        f"/dashboard/integrations/zoom/{connection.public_id}/disconnect",
        "/integrations/zoom/install",
        "/integrations/zoom/callback?code=stray",
        f"/dashboard/integrations/google/{calendar.connection.public_id}/disconnect",
        "/integrations/google/start?another=1",
        "/integrations/google/callback?code=stray",
        "/dashboard/settings/",
        "/dashboard/support/",
    ]


@pytest.mark.looks
@IN_EVERY_LOOK
def test_every_page_is_accessible(
    visit: Visit,
    live_server: Any,
    is_accessible: Callable[[Page], None],
    settings: Any,
    width: int,
    scheme: str,
) -> None:
    settings.KOALENDAR_RATE_MAIL = None  # More bookings by one invitee than an hour allows.
    paths = host_pages()
    page = sign_in(visit(width=width, color_scheme=scheme), ada(), site=live_server.url)
    for path in paths:
        page.goto(f"{live_server.url}{path}")
        is_accessible(page)
